//! What can be done about a request before it is its turn: find its model's files, read their headers, check what is asked, and
//! write the prompt out.

use std::collections::BTreeMap;
use std::fmt;
use std::path::PathBuf;
use std::sync::{Arc, Mutex};

use domain::models::catalogue::{AdapterFile, CatalogueError, ModelCatalogue, ModelFiles};
use domain::models::writing::{
    NEW_TOKENS_MAX, PROMPT_BYTES_MAX, Prompt, STOPS_MAX, Sampling, Shape as TextShape,
    WritingError, WritingRequest,
};
use domain::models::{AdapterName, Digest, ModelName};
use domain::time::Timestamp;

use super::counters::lock;
use crate::engine::generator::Shape;
use crate::engine::generator::frame::{SamplingOrder, Segment, WriteOrder};
use crate::template::ChatTemplate;
use crate::{gguf, grammar};

/// Most alternatives told for a token.
const LOGPROBS_MAX: u32 = 20;

/// A model whose headers were read.
#[derive(Debug)]
pub(super) struct Prepared {
    pub(super) name: ModelName,
    pub(super) digest: Digest,
    pub(super) weights: PathBuf,
    pub(super) adapters: Vec<AdapterFile>,
    pub(super) weights_bytes: u64,
    pub(super) adapters_bytes: u64,
    pub(super) shape: Shape,
    /// Its template, or why there is none.
    template: Result<ChatTemplate, String>,
}

impl Prepared {
    /// Whether these are the files it was made from.
    pub(super) fn is_of(&self, files: &ModelFiles) -> bool {
        self.digest == files.weights_digest
            && self.weights == files.weights
            && self.adapters == files.adapters
    }

    /// Whether both were made from the same files.
    pub(super) fn is_same(&self, other: &Self) -> bool {
        self.digest == other.digest
            && self.weights == other.weights
            && self.adapters == other.adapters
    }

    /// The adapter's place among those that an engine is started with.
    pub(super) fn find_adapter(&self, name: &AdapterName) -> Option<usize> {
        self.adapters
            .iter()
            .position(|adapter| adapter.name == *name)
    }

    pub(super) fn read(name: ModelName, files: ModelFiles) -> Result<Self, WritingError> {
        let header = gguf::read_header(&files.weights)
            .map_err(|error| unreadable(&name, &error, error.reason()))?;
        let mut adapters_bytes = 0;
        for AdapterFile {
            name: adapter,
            path,
            ..
        } in &files.adapters
        {
            let metadata = std::fs::metadata(path).map_err(|error| {
                let detail = format!("{}: {error}", path.display());
                let reason = format!("its adapter `{adapter}` cannot be read: {error}");
                unreadable(&name, &detail, reason)
            })?;
            adapters_bytes += metadata.len();
        }
        Ok(Self {
            digest: files.weights_digest,
            weights_bytes: header.tensors.iter().map(|tensor| tensor.size_bytes).sum(),
            adapters_bytes,
            shape: Shape::read(&header),
            template: ChatTemplate::of_model(&name, &header).map_err(|error| error.to_string()),
            weights: files.weights,
            adapters: files.adapters,
            name,
        })
    }
}

/// A failure in words for whoever asks; the log has `detail`, which names the file.
fn unreadable(model: &ModelName, detail: &dyn fmt::Display, reason: String) -> WritingError {
    tracing::warn!(%model, %detail, "the files of a language model cannot be used");
    WritingError::Failed {
        model: model.clone(),
        reason,
    }
}

/// Models whose headers were read, as many as there are on this machine.
#[derive(Debug, Default)]
pub(super) struct Shelf(Mutex<BTreeMap<ModelName, Arc<Prepared>>>);

impl Shelf {
    /// The model, read anew when its files are others than before.
    ///
    /// # Errors
    /// [`WritingError::UnknownModel`], or [`WritingError::Failed`] when its files cannot be read.
    pub(super) async fn get(
        &self,
        catalogue: &dyn ModelCatalogue,
        name: &ModelName,
    ) -> Result<Arc<Prepared>, WritingError> {
        let files = match catalogue.find_files(name).await {
            Ok(files) => files,
            Err(CatalogueError::Unknown(name)) => {
                lock(&self.0).remove(&name);
                return Err(WritingError::UnknownModel(name));
            }
            Err(error) => {
                let reason =
                    "its files cannot be used; on the server, `codegenie models list` tells why";
                return Err(unreadable(name, &error, reason.to_owned()));
            }
        };
        if let Some(known) = lock(&self.0).get(name)
            && known.is_of(&files)
        {
            return Ok(Arc::clone(known));
        }
        let theirs = name.clone();
        let prepared = compute(move || Prepared::read(theirs, files)).await??;
        let prepared = Arc::new(prepared);
        lock(&self.0).insert(name.clone(), Arc::clone(&prepared));
        Ok(prepared)
    }
}

/// What an engine is asked for a request, but for its number and its adapter's, and the template's digest.
///
/// # Errors
/// [`WritingError::Refused`] with what cannot be done, [`WritingError::UnknownAdapter`].
pub(super) async fn prepare_order(
    model: &Arc<Prepared>,
    request: WritingRequest,
    now: Timestamp,
) -> Result<(WriteOrder, Option<Digest>), WritingError> {
    if let Some(adapter) = &request.adapter
        && model.find_adapter(adapter).is_none()
    {
        return Err(WritingError::UnknownAdapter {
            model: model.name.clone(),
            adapter: adapter.clone(),
        });
    }
    check(&request).map_err(WritingError::Refused)?;
    let model = Arc::clone(model);
    compute(move || write_out(&model, request, now)).await?
}

fn write_out(
    model: &Prepared,
    request: WritingRequest,
    now: Timestamp,
) -> Result<(WriteOrder, Option<Digest>), WritingError> {
    let mut stop = request.sampling.stop.clone();
    let (prompt, shared_segments, template) = match request.prompt {
        Prompt::Text(text) => (
            vec![Segment {
                text,
                is_markup: false,
            }],
            0,
            None,
        ),
        Prompt::Chat(messages) => {
            let template = model.template.as_ref();
            let template = template.map_err(|reason| WritingError::Refused(reason.clone()))?;
            let rendered = template
                .render(&messages, Some(now))
                .map_err(|error| WritingError::Refused(error.to_string()))?;
            // A text with a shape ends where its shape does, and may hold these words.
            if request.shape == TextShape::Free {
                stop.extend(rendered.stop);
            }
            (
                rendered.segments,
                rendered.shared_segments,
                Some(rendered.digest),
            )
        }
    };
    let order = WriteOrder {
        id: 0,
        prompt,
        shared_segments,
        owner: request.owner,
        adapter: None,
        sampling: sampling_order(&request.sampling, stop),
        grammar: find_grammar(request.shape)?,
        is_lookup: request.is_lookup,
        logprobs: request.logprobs,
    };
    Ok((order, template))
}

fn sampling_order(sampling: &Sampling, stop: Vec<String>) -> SamplingOrder {
    SamplingOrder {
        temperature: sampling.temperature,
        top_k: sampling.top_k,
        top_p: sampling.top_p,
        min_p: sampling.min_p,
        repeat_penalty: sampling.repeat_penalty,
        frequency_penalty: sampling.frequency_penalty,
        presence_penalty: sampling.presence_penalty,
        seed: sampling.seed,
        stop,
        max_new_tokens: sampling.max_new_tokens,
    }
}

fn find_grammar(shape: TextShape) -> Result<Option<String>, WritingError> {
    match shape {
        TextShape::Free => Ok(None),
        TextShape::Grammar(grammar) => Ok(Some(grammar)),
        TextShape::Json => Ok(Some(grammar::json_object())),
        TextShape::JsonSchema(schema) => grammar::json_schema(&schema)
            .map(Some)
            .map_err(|error| WritingError::Refused(error.to_string())),
    }
}

/// Refuses numbers out of range and prompts that are too long, in words.
fn check(request: &WritingRequest) -> Result<(), String> {
    let bytes: usize = match &request.prompt {
        Prompt::Text(text) => text.len(),
        Prompt::Chat(messages) => messages.iter().map(|message| message.text.len()).sum(),
    };
    if bytes > PROMPT_BYTES_MAX {
        return Err(format!(
            "the prompt has {bytes} bytes, and at most {PROMPT_BYTES_MAX} are read; shorten it"
        ));
    }
    let sampling = &request.sampling;
    if sampling.stop.len() > STOPS_MAX {
        return Err(format!(
            "there are {} stop sequences, and at most {STOPS_MAX} are allowed",
            sampling.stop.len()
        ));
    }
    if sampling.stop.iter().any(String::is_empty) {
        return Err("a stop sequence is empty; leave it out".to_owned());
    }
    if !(1..=NEW_TOKENS_MAX).contains(&sampling.max_new_tokens) {
        return Err(format!(
            "max_new_tokens is {}; give 1 to {NEW_TOKENS_MAX}",
            sampling.max_new_tokens
        ));
    }
    if request.logprobs.is_some_and(|count| count > LOGPROBS_MAX) {
        return Err(format!(
            "at most {LOGPROBS_MAX} alternatives are told for a token"
        ));
    }
    let ranges = [
        ("temperature", sampling.temperature, 0.0, 2.0),
        ("top_p", sampling.top_p, 0.0, 1.0),
        ("min_p", sampling.min_p, 0.0, 1.0),
        ("repeat_penalty", sampling.repeat_penalty, 0.01, 10.0),
        ("frequency_penalty", sampling.frequency_penalty, -2.0, 2.0),
        ("presence_penalty", sampling.presence_penalty, -2.0, 2.0),
    ];
    for (name, value, low, high) in ranges {
        // Also refuses what is no number.
        if !(low..=high).contains(&value) {
            return Err(format!("{name} is {value}; give {low} to {high}"));
        }
    }
    Ok(())
}

async fn compute<T: Send + 'static>(
    work: impl FnOnce() -> T + Send + 'static,
) -> Result<T, WritingError> {
    let done = tokio::task::spawn_blocking(work).await;
    // A runtime that shuts down does not begin new work.
    done.map_err(|_| WritingError::Closing)
}
