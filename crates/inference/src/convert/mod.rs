//! Turns what is published on the hub into GGUF: folders of safetensors with their configuration and tokenizer, and LoRA adapters as
//! PEFT writes them. Five architectures are known. Files that run code when they are read (`.bin`, `.pt`) are never opened.

mod adapter;
mod change;
mod config;
mod parts;
mod pieces;
mod slots;
mod tokenizer;
mod weights;

pub use adapter::convert_adapter;

use std::fs::File;
use std::io::{self, Read as _};
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};

use crate::gguf::{self, GgufError, TensorKind, TensorPlan, Value};
use change::stored_kind;
use config::Config;
use weights::Weights;

/// Most bytes of a file of JSON; the largest tokenizers in use have under 20 MiB.
const JSON_BYTES_MAX: u64 = 64 << 20;

/// The published files could not be converted.
#[derive(Debug, thiserror::Error)]
pub enum ConvertError {
    /// A file cannot be read.
    #[error("{path}: {source}", path = path.display())]
    Io {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// A file is not what can be converted; the text says why and, where there is something, what to do.
    #[error("{path} cannot be converted: {reason}", path = path.display())]
    Invalid {
        /// The file or folder.
        path: PathBuf,
        /// What is wrong.
        reason: String,
    },
    /// The GGUF file cannot be written.
    #[error(transparent)]
    Write(#[from] GgufError),
    /// Whoever watched it wished it to end.
    #[error("the conversion was cancelled")]
    Cancelled,
}

/// Converts `folder` (`config.json`, `tokenizer.json` or `tokenizer.model`, `tokenizer_config.json`, and `model.safetensors` or its parts with
/// `model.safetensors.index.json`) to the GGUF file `out`. Matrices stay as they are stored, F32, F16 or BF16; vectors become F32.
/// Memory holds the vocabulary and one head of one matrix. `out` appears whole or not at all. Before each tensor `watch` is told how
/// many bytes of tensors were written, and of how many, and may end the work.
///
/// # Errors
/// [`ConvertError`] names the file that is missing, is not understood, or does not fit; [`ConvertError::Cancelled`] when `watch` broke.
pub fn convert_folder(
    folder: &Path,
    out: &Path,
    watch: &mut dyn FnMut(u64, u64) -> ControlFlow<()>,
) -> Result<(), ConvertError> {
    let config_path = folder.join("config.json");
    if !config_path.exists() && folder.join(adapter::CONFIG).exists() {
        return Err(invalid(folder)(
            "it is an adapter; add it to its model with `codegenie models adapter`".to_owned(),
        ));
    }
    let config = Config::parse(&read_json(&config_path)?).map_err(invalid(&config_path))?;
    let weights = Weights::open(folder)?;
    let mut metadata = config.metadata();
    let tokenizer_path = folder.join("tokenizer.json");
    let settings_path = folder.join("tokenizer_config.json");
    let template_path = folder.join("chat_template.jinja");
    let files = tokenizer::Files {
        tokenizer: read_if_there(&tokenizer_path)?,
        pieces: read_if_there(&folder.join("tokenizer.model"))?,
        settings: read_if_there(&settings_path)?,
        template: read_if_there(&template_path)?,
    };
    let vocabulary = tokenizer::convert(&files, &config)
        .map_err(|reason| invalid(folder)(format!("its tokenizer: {reason}")))?;
    metadata.extend(vocabulary);
    let parts = parts::list_parts(&config);
    let mut plans = Vec::new();
    let mut sources = Vec::new();
    for part in parts {
        let Some(stored) = weights.find(&part.published) else {
            if part.is_optional {
                continue;
            }
            return Err(invalid(folder)(format!(
                "there is no tensor {:?}",
                part.published
            )));
        };
        if stored.shape != part.shape {
            return Err(invalid(folder)(format!(
                "tensor {:?} has the shape {:?}, config.json asks for {:?}",
                part.published, stored.shape, part.shape
            )));
        }
        plans.push(TensorPlan {
            kind: stored_kind(stored.kind, &part.shape),
            shape: part.shape.iter().rev().copied().collect(),
            name: part.gguf,
        });
        sources.push((stored, part.change));
    }
    metadata.push(("general.file_type".to_owned(), file_type(&plans)));
    let sizes = plans
        .iter()
        .map(|plan| plan.kind.find_size_bytes(&plan.shape).unwrap_or(0));
    let sizes: Vec<u64> = sizes.collect();
    let (mut done, total) = (0, sizes.iter().sum());
    let mut is_cancelled = false;
    let written = gguf::write_streamed(out, &metadata, &plans, &mut |index, out| {
        is_cancelled = watch(done, total).is_break();
        if is_cancelled {
            return Err(io::ErrorKind::Interrupted.into());
        }
        done += sizes[index];
        let (stored, change) = &sources[index];
        change::copy(stored, *change, plans[index].kind, out)
    });
    if is_cancelled {
        return Err(ConvertError::Cancelled);
    }
    Ok(written?)
}

/// `general.file_type` of the format, by how most numbers are stored.
fn file_type(plans: &[TensorPlan]) -> Value {
    let has = |kind: TensorKind| {
        plans
            .iter()
            .any(|plan| plan.shape.len() > 1 && plan.kind == kind)
    };
    Value::U32(if has(TensorKind::F16) {
        1
    } else if has(TensorKind::BF16) {
        32
    } else {
        0
    })
}

fn invalid(path: &Path) -> impl Fn(String) -> ConvertError {
    let path = path.to_owned();
    move |reason| ConvertError::Invalid {
        path: path.clone(),
        reason,
    }
}

/// A whole file of JSON or text, unless it is too long.
fn read_json(path: &Path) -> Result<Vec<u8>, ConvertError> {
    let io = |source| ConvertError::Io {
        path: path.to_owned(),
        source,
    };
    let mut bytes = Vec::new();
    let file = File::open(path).map_err(io)?;
    file.take(JSON_BYTES_MAX + 1)
        .read_to_end(&mut bytes)
        .map_err(io)?;
    if bytes.len() as u64 > JSON_BYTES_MAX {
        return Err(invalid(path)(format!(
            "it is longer than {JSON_BYTES_MAX} bytes"
        )));
    }
    Ok(bytes)
}

fn read_if_there(path: &Path) -> Result<Option<Vec<u8>>, ConvertError> {
    match read_json(path) {
        Ok(bytes) => Ok(Some(bytes)),
        Err(ConvertError::Io { source, .. }) if source.kind() == io::ErrorKind::NotFound => {
            Ok(None)
        }
        Err(error) => Err(error),
    }
}
