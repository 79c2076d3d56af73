//! Inference: model files, and engine processes that run llama.cpp outside the server's own process.
//! A C++ assertion ends an engine, not the product; unloading a model gives all its memory back.

pub mod catalogue;
mod embedder;
pub mod engine;
pub mod gguf;
pub mod minilm;
#[cfg_attr(
    not(test),
    expect(dead_code, reason = "the pool of engines renders with it next")
)]
mod template;

pub use catalogue::{CatalogueConfig, FolderCatalogue};
pub use embedder::{EmbedderConfig, EmbedderLimits, EngineStatus, SupervisedEmbedder};
pub use minilm::find_or_prepare_model;
