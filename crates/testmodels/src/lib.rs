//! Language models for tests and benchmarks, made on demand: random weights in the shapes of published models, and a tiny one
//! that copies from its prompt. Never in the binary.

mod adapter;
mod copy;
mod family;
mod numbers;
mod published;
mod random;
mod templates;
mod vocabulary;

pub use adapter::write_adapter;
pub use copy::{CopyAdapter, write_copy_adapter, write_copy_model};
pub use family::Family;
pub use published::{write_published, write_published_adapter};
pub use random::{Size, Weights, write_random};
