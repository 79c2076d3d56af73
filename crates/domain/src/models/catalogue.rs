//! Models on this machine: what is known of each, and the port to the folder that holds them.

use std::path::PathBuf;

use async_trait::async_trait;

use super::{AdapterName, Digest, ModelName};
use crate::time::Timestamp;

/// A model whose weights are on this machine.
#[derive(Debug, Clone, PartialEq)]
pub struct Model {
    /// Its name; only names of the closed grammar of [`ModelName`] without `/` and `:` are given to models of this machine.
    pub name: ModelName,
    /// SHA-256 of the weights.
    pub weights: Digest,
    /// Size of the weights' file, bytes.
    pub size_bytes: u64,
    /// Architecture, such as `llama`, `gemma`, `phi2`, `phi3`.
    pub architecture: String,
    /// How most numbers are stored, such as `Q4_K_M`.
    pub quantisation: String,
    /// Number of weights.
    pub parameters: u64,
    /// Tokens the model was trained to read at most.
    pub context_tokens: u32,
    /// Whether the file has a chat template of its own.
    pub has_template: bool,
    /// Licence, as the publisher names it.
    pub licence: Option<String>,
    /// Where it came from, such as `hub:TheBloke/phi-2-GGUF/phi-2.Q4_K_M.gguf` or `import`.
    pub source: String,
    /// When it was added.
    pub added_at: Timestamp,
    /// Its LoRA adapters.
    pub adapters: Vec<AdapterName>,
}

/// What is to be fetched from the hub.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PullRequest {
    /// Repository, such as `TheBloke/phi-2-GGUF`.
    pub repository: String,
    /// File in it; when left out, the one whose quantisation is `Q4_K_M`, or the only one.
    pub file: Option<String>,
    /// Name to give it; when left out, one made of the file's name.
    pub name: Option<ModelName>,
}

/// How far long work has come.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Progress {
    /// What is being done, such as `downloading` or `quantising`.
    pub stage: String,
    /// Units done: bytes of a download, tensors of a quantisation.
    pub done: u64,
    /// Units in all, where known.
    pub total: Option<u64>,
}

/// Is told how far long work has come; answering `false` cancels it.
pub trait ProgressSink: Send + Sync {
    /// Takes note.
    fn report(&self, progress: Progress) -> bool;
}

/// Weights that arrive piece by piece.
#[async_trait]
pub trait Arriving: Send {
    /// The next piece; `None` after the last. An error says why the rest does not come.
    async fn next(&mut self) -> Option<Result<Vec<u8>, String>>;
}

/// What quantising did.
#[derive(Debug, Clone, PartialEq)]
pub struct QuantiseReport {
    /// The new model.
    pub model: Model,
    /// Size before, bytes.
    pub size_before_bytes: u64,
    /// Perplexity of a given text before and after, lower is better.
    pub perplexity: Option<(f64, f64)>,
}

/// What cannot be done with models on this machine.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CatalogueError {
    /// There is no such model.
    #[error("there is no model `{0}`; `codegenie models list` shows those there are")]
    Unknown(ModelName),
    /// The name is taken.
    #[error("there is a model `{0}` already; choose another name or remove it first")]
    Taken(ModelName),
    /// The request or the file cannot be used; the text says why and what to do.
    #[error("{0}")]
    Invalid(String),
    /// The hub cannot be reached, refuses, or has no such file; the text says which and what to do.
    #[error("{0}")]
    Hub(String),
    /// Reading or writing failed; the text names the file.
    #[error("{0}")]
    Io(String),
    /// It was cancelled. What was fetched so far is kept and used by the next attempt.
    #[error("it was cancelled; the next attempt goes on from here")]
    Cancelled,
}

/// The folder of models.
#[async_trait]
pub trait ModelCatalogue: Send + Sync {
    /// Every model, by name.
    async fn list_models(&self) -> Result<Vec<Model>, CatalogueError>;

    /// The file of a model's weights and the files of its adapters.
    async fn find_files(&self, name: &ModelName) -> Result<ModelFiles, CatalogueError>;

    /// Fetches from the hub; goes on where an earlier attempt ended.
    async fn pull(
        &self,
        request: &PullRequest,
        progress: &dyn ProgressSink,
    ) -> Result<Model, CatalogueError>;

    /// Copies a GGUF file, or converts a folder of safetensors. `path` comes from the command line of this machine only.
    async fn import(
        &self,
        path: PathBuf,
        name: ModelName,
        progress: &dyn ProgressSink,
    ) -> Result<Model, CatalogueError>;

    /// Takes a GGUF file while it arrives; `size_bytes` is how long its sender says it is.
    async fn receive(
        &self,
        pieces: &mut dyn Arriving,
        size_bytes: Option<u64>,
        name: ModelName,
    ) -> Result<Model, CatalogueError>;

    /// Adds a LoRA adapter (GGUF, or a PEFT folder) to a model. `path` comes from the command line of this machine only.
    async fn import_adapter(
        &self,
        path: PathBuf,
        model: &ModelName,
        name: AdapterName,
    ) -> Result<Model, CatalogueError>;

    /// Makes a smaller copy. `kind` is a name such as `Q4_K_M`; `sample` is a text to measure perplexity with.
    async fn quantise(
        &self,
        name: &ModelName,
        kind: &str,
        as_name: ModelName,
        sample: Option<String>,
        progress: &dyn ProgressSink,
    ) -> Result<QuantiseReport, CatalogueError>;

    /// Deletes a model with its adapters.
    async fn remove(&self, name: &ModelName) -> Result<(), CatalogueError>;
}

/// Where the files of a model are.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ModelFiles {
    /// SHA-256 of the weights.
    pub weights_digest: Digest,
    /// The GGUF file of the weights.
    pub weights: PathBuf,
    /// Its adapters.
    pub adapters: Vec<AdapterFile>,
}

/// The file of an adapter.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AdapterFile {
    /// What it is asked for by.
    pub name: AdapterName,
    /// The GGUF file.
    pub path: PathBuf,
    /// SHA-256 of the file: an adapter can be replaced by another of its name.
    pub digest: Digest,
}
