//! Texts and vectors for programs that speak to a model as it is: what may be asked, which model does it, and what comes back.
//! Looks nothing up, checks no code and keeps nothing; answering questions is [`crate::ask`].

mod fitting;

use std::sync::Arc;

use domain::accounts::{Permission, Principal};
use domain::embedding::{EmbedError, Embedder};
use domain::id::Entropy;
use domain::models::writing::{
    ChatMessage, NEW_TOKENS_MAX, PROMPT_BYTES_MAX, Prompt, STOPS_MAX, Sampling, Shape, Speaker,
    Writer, Writing, WritingError, WritingRequest,
};
use domain::models::{AdapterName, ModelName};

use crate::{Forbidden, require};
use fitting::Fitting;

/// Tokens written at most when a request does not say; fewer when the context has room for fewer.
pub const NEW_TOKENS_USUAL: u32 = 1024;
/// Most alternatives told for each token.
pub const ALTERNATIVES_MAX: u32 = 20;
/// Most messages of a chat.
pub const MESSAGES_MAX: usize = 2048;
/// Longest stop sequence, bytes.
pub const STOP_BYTES_MAX: usize = 256;
/// Longest JSON Schema, bytes.
pub const SCHEMA_BYTES_MAX: usize = 64 * 1024;
/// Longest name that a refusal repeats: that of a model, a colon, and that of an adapter.
const NAME_CHARS_MAX: usize = 96 + 1 + 64;
/// Most texts that are turned into vectors at a time.
pub const TEXTS_MAX: usize = 256;

/// Why nothing was written.
#[derive(Debug, thiserror::Error)]
pub enum CompletionError {
    /// A field was refused.
    #[error("{field}: {reason}")]
    Invalid {
        /// Name of the field in the API.
        field: &'static str,
        /// Why, and what to do.
        reason: String,
    },
    /// No model has this name.
    #[error("there is no model `{name}` for this; {hint}")]
    UnknownModel {
        /// The name, cut to what a name may have.
        name: String,
        /// What there is.
        hint: String,
    },
    /// The language model refused or failed.
    #[error(transparent)]
    Writing(#[from] WritingError),
    /// The encoder failed.
    #[error(transparent)]
    Embedding(#[from] EmbedError),
    /// The caller may not.
    #[error(transparent)]
    Forbidden(#[from] Forbidden),
}

/// A text that a program wants, as it came.
#[derive(Debug, Clone)]
pub struct Wanted {
    /// Name of the model, with `:ADAPTER` behind it where one of its adapters is wanted.
    pub model: String,
    /// What is to be continued.
    pub prompt: Prompt,
    /// How tokens are chosen, where the program says.
    pub sampling: WantedSampling,
    /// What form the text must have.
    pub shape: Shape,
    /// Whether the program expects much of the prompt to come back.
    pub is_lookup: bool,
    /// How many alternatives to tell for each token.
    pub logprobs: Option<u32>,
}

/// See [`Sampling`]; what is left out has the value that changes nothing, and the seed is random.
#[derive(Debug, Clone, Default)]
#[expect(missing_docs, reason = "the fields are those of `Sampling`")]
pub struct WantedSampling {
    pub temperature: Option<f32>,
    pub top_k: Option<u32>,
    pub top_p: Option<f32>,
    pub min_p: Option<f32>,
    pub repeat_penalty: Option<f32>,
    pub frequency_penalty: Option<f32>,
    pub presence_penalty: Option<f32>,
    pub seed: Option<u64>,
    pub stop: Vec<String>,
    pub max_new_tokens: Option<u32>,
}

/// The vectors of some texts.
#[derive(Debug, Clone, PartialEq)]
pub struct Vectors {
    /// Name of the encoder, without its digest.
    pub model: String,
    /// One for each text, of unit length.
    pub vectors: Vec<Vec<f32>>,
    /// Tokens that were read of all texts together.
    pub tokens: u32,
}

/// Texts and vectors for programs.
pub struct CompletionService {
    writer: Arc<dyn Writer>,
    embedder: Arc<dyn Embedder>,
    entropy: Arc<dyn Entropy>,
}

impl CompletionService {
    /// A service over these parts.
    pub fn new(
        writer: Arc<dyn Writer>,
        embedder: Arc<dyn Embedder>,
        entropy: Arc<dyn Entropy>,
    ) -> Self {
        Self {
            writer,
            embedder,
            entropy,
        }
    }

    /// The names of language models that can be asked now, each followed by itself with its adapters as `NAME:ADAPTER`; after
    /// them the encoder's, when it makes vectors.
    pub async fn list_models(&self) -> Vec<String> {
        let adapters = self.writer.list_adapters().await;
        let mut names = Vec::new();
        for name in self.writer.list_names().await {
            let own = adapters.iter().filter(|(model, _)| *model == name);
            let own = own.map(|(model, adapter)| format!("{model}:{adapter}"));
            names.extend(std::iter::once(name.to_string()).chain(own));
        }
        // Whether there is an encoder shows only when it is used.
        if self.embedder.embed(&["models".to_owned()]).await.is_ok() {
            names.push(self.encoder_name().to_owned());
        }
        names
    }

    /// The name of a model, if there is one called so.
    pub async fn find_model(&self, name: &str) -> Result<String, CompletionError> {
        let names = self.list_models().await;
        names
            .into_iter()
            .find(|known| known == name)
            .ok_or_else(|| unknown(name, "GET /v1/models lists those there are"))
    }

    /// Begins a text for `principal`. Dropping what is returned cancels it.
    pub async fn write(
        &self,
        principal: &Principal,
        wanted: Wanted,
    ) -> Result<Box<dyn Writing>, CompletionError> {
        require(principal, Permission::Ask)?;
        let (model, adapter) = self.find_writer(&wanted.model).await?;
        check_prompt(&wanted.prompt)?;
        check_shape(&wanted.shape)?;
        let is_bounded = wanted.sampling.max_new_tokens.is_some();
        let request = WritingRequest {
            model,
            adapter,
            prompt: wanted.prompt,
            sampling: self.check_sampling(wanted.sampling)?,
            shape: wanted.shape,
            owner: principal.account.id.to_string(),
            is_lookup: wanted.is_lookup,
            logprobs: wanted
                .logprobs
                .map(|count| in_range("top_logprobs", count, 0, ALTERNATIVES_MAX))
                .transpose()?,
        };
        if is_bounded {
            return Ok(self.writer.write(request).await?);
        }
        Ok(Box::new(
            Fitting::begin(self.writer.clone(), request).await?,
        ))
    }

    /// Turns texts into vectors for `principal`.
    pub async fn embed(
        &self,
        principal: &Principal,
        model: &str,
        texts: &[String],
    ) -> Result<Vectors, CompletionError> {
        require(principal, Permission::Ask)?;
        let name = self.encoder_name();
        if model != name && model != self.embedder.encoder() {
            let hint = format!("the model for embeddings is `{name}`");
            return Err(unknown(model, &hint));
        }
        if texts.is_empty() || texts.len() > TEXTS_MAX {
            let reason = format!("give 1 to {TEXTS_MAX} texts, not {}", texts.len());
            return Err(invalid("input", reason));
        }
        if let Some(place) = texts.iter().position(String::is_empty) {
            let reason = format!("text {place} is empty; every text needs at least a character");
            return Err(invalid("input", reason));
        }
        let encoded = self.embedder.encode(texts).await?;
        Ok(Vectors {
            model: name.to_owned(),
            tokens: encoded
                .iter()
                .fold(0, |sum: u32, text| sum.saturating_add(text.tokens)),
            vectors: encoded.into_iter().map(|text| text.vector).collect(),
        })
    }

    /// The encoder's name without its digest.
    fn encoder_name(&self) -> &str {
        let encoder = self.embedder.encoder();
        encoder.split_once('@').map_or(encoder, |(name, _)| name)
    }

    /// The model of this name, or of the name before the last colon with the adapter behind it. A model whose own name has a
    /// colon goes first.
    async fn find_writer(
        &self,
        name: &str,
    ) -> Result<(ModelName, Option<AdapterName>), CompletionError> {
        let names = self.writer.list_names().await;
        let find = |name: &str| names.iter().find(|known| known.as_str() == name).cloned();
        if let Some(model) = find(name) {
            return Ok((model, None));
        }
        if let Some((model, adapter)) = name.rsplit_once(':')
            && let Some(model) = find(model)
        {
            let adapter = self.find_adapter(&model, adapter).await;
            return adapter.map(|adapter| (model, Some(adapter)));
        }
        let hint = if names.is_empty() {
            "no language model is installed".to_owned()
        } else {
            format!("use one of {}", few(names.iter().map(ModelName::as_str)))
        };
        Err(unknown(name, &hint))
    }

    async fn find_adapter(
        &self,
        model: &ModelName,
        name: &str,
    ) -> Result<AdapterName, CompletionError> {
        let mut adapters = self.writer.list_adapters().await;
        adapters.retain(|(of, _)| of == model);
        let names = adapters.iter().map(|(_, adapter)| adapter);
        if let Some(adapter) = names.clone().find(|adapter| adapter.as_str() == name) {
            return Ok(adapter.clone());
        }
        let hint = if adapters.is_empty() {
            format!("the model `{model}` has no adapters")
        } else {
            let names = few(names.map(AdapterName::as_str));
            format!("the adapters of the model `{model}` are {names}")
        };
        Err(unknown(&format!("{model}:{name}"), &hint))
    }

    fn check_sampling(&self, wanted: WantedSampling) -> Result<Sampling, CompletionError> {
        let number = |field, value: Option<f32>, usual, min, max| {
            in_range(field, value.unwrap_or(usual), min, max)
        };
        check_stops(&wanted.stop)?;
        Ok(Sampling {
            temperature: number("temperature", wanted.temperature, 1.0, 0.0, 2.0)?,
            top_k: wanted.top_k.unwrap_or(0),
            top_p: number("top_p", wanted.top_p, 1.0, 0.0, 1.0)?,
            min_p: number("min_p", wanted.min_p, 0.0, 0.0, 1.0)?,
            repeat_penalty: number("repeat_penalty", wanted.repeat_penalty, 1.0, 0.1, 2.0)?,
            frequency_penalty: number(
                "frequency_penalty",
                wanted.frequency_penalty,
                0.0,
                -2.0,
                2.0,
            )?,
            presence_penalty: number("presence_penalty", wanted.presence_penalty, 0.0, -2.0, 2.0)?,
            seed: wanted.seed.unwrap_or_else(|| self.random_seed()),
            stop: wanted.stop,
            max_new_tokens: in_range(
                "max_tokens",
                wanted.max_new_tokens.unwrap_or(NEW_TOKENS_USUAL),
                1,
                NEW_TOKENS_MAX,
            )?,
        })
    }

    fn random_seed(&self) -> u64 {
        let mut bytes = [0; 8];
        self.entropy.fill(&mut bytes);
        u64::from_le_bytes(bytes)
    }
}

fn invalid(field: &'static str, reason: impl Into<String>) -> CompletionError {
    CompletionError::Invalid {
        field,
        reason: reason.into(),
    }
}

/// The first few names, for a hint.
fn few<'a>(names: impl Iterator<Item = &'a str>) -> String {
    names.take(8).collect::<Vec<_>>().join(", ")
}

fn unknown(name: &str, hint: &str) -> CompletionError {
    CompletionError::UnknownModel {
        name: name.chars().take(NAME_CHARS_MAX).collect(),
        hint: hint.to_owned(),
    }
}

fn in_range<T: PartialOrd + std::fmt::Display + Copy>(
    field: &'static str,
    value: T,
    min: T,
    max: T,
) -> Result<T, CompletionError> {
    if (min..=max).contains(&value) {
        Ok(value)
    } else {
        Err(invalid(
            field,
            format!("{value} is out of range; use {min} to {max}"),
        ))
    }
}

fn check_prompt(prompt: &Prompt) -> Result<(), CompletionError> {
    match prompt {
        Prompt::Text(text) => {
            if text.is_empty() {
                return Err(invalid(
                    "prompt",
                    "is empty; write something to be continued",
                ));
            }
            check_text("prompt", text.len(), text.contains('\0'))
        }
        Prompt::Chat(messages) => check_messages(messages),
    }
}

fn check_messages(messages: &[ChatMessage]) -> Result<(), CompletionError> {
    if messages.is_empty() || messages.len() > MESSAGES_MAX {
        let reason = format!("give 1 to {MESSAGES_MAX} messages, not {}", messages.len());
        return Err(invalid("messages", reason));
    }
    if messages
        .last()
        .is_some_and(|last| last.speaker == Speaker::System)
    {
        let reason =
            "the last message must be the user's, or the beginning of the assistant's answer";
        return Err(invalid("messages", reason));
    }
    let size_bytes = messages.iter().map(|message| message.text.len()).sum();
    let has_nul = messages.iter().any(|message| message.text.contains('\0'));
    check_text("messages", size_bytes, has_nul)
}

fn check_text(
    field: &'static str,
    size_bytes: usize,
    has_nul: bool,
) -> Result<(), CompletionError> {
    if size_bytes > PROMPT_BYTES_MAX {
        let reason =
            format!("{size_bytes} bytes are too many; shorten it to {PROMPT_BYTES_MAX} at most");
        return Err(invalid(field, reason));
    }
    if has_nul {
        return Err(invalid(field, "contains a NUL character; remove it"));
    }
    Ok(())
}

fn check_stops(stops: &[String]) -> Result<(), CompletionError> {
    if stops.len() > STOPS_MAX {
        let reason = format!("{} are too many; use {STOPS_MAX} at most", stops.len());
        return Err(invalid("stop", reason));
    }
    let is_wrong = |stop: &String| stop.is_empty() || stop.len() > STOP_BYTES_MAX;
    if stops.iter().any(is_wrong) {
        let reason = format!("every stop sequence has 1 to {STOP_BYTES_MAX} bytes");
        return Err(invalid("stop", reason));
    }
    Ok(())
}

fn check_shape(shape: &Shape) -> Result<(), CompletionError> {
    match shape {
        Shape::JsonSchema(text) | Shape::Grammar(text) if text.len() > SCHEMA_BYTES_MAX => {
            let reason = format!(
                "{} bytes are too many for a schema; use {SCHEMA_BYTES_MAX} at most",
                text.len()
            );
            Err(invalid("response_format", reason))
        }
        Shape::Free | Shape::Json | Shape::JsonSchema(_) | Shape::Grammar(_) => Ok(()),
    }
}
