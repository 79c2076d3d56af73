//! Inference: model files, and engine processes that run llama.cpp outside the server's own process.
//! A C++ assertion ends an engine, not the product; unloading a model gives all its memory back.

mod address;
pub mod catalogue;
pub mod convert;
mod embedder;
pub mod engine;
mod generation;
pub mod gguf;
mod grammar;
pub mod minilm;
mod remote;
mod supervision;
mod template;

pub use catalogue::{
    CatalogueConfig, EngineCommand, FolderCatalogue, HubConfig, HubProxy, HubToken,
};
pub use embedder::{EmbedderConfig, EmbedderLimits, EngineStatus, SupervisedEmbedder};
pub use generation::{
    BUDGET_PERCENT, Counters, LocalWriter, LocalWriterConfig, MemoryEstimate, ModelCounters,
    WriterLimits, default_budget_bytes, estimate_memory, free_memory_bytes,
};
pub use minilm::find_or_prepare_model;
pub use remote::{
    ApiKey, BackendHealth, CombinedWriter, RemoteBackend, RemoteConfigError, RemoteTimeouts,
    RemoteWriter,
};
