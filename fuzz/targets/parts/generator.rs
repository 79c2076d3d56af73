//! The language of generating engines.

#[path = "../../../crates/inference/src/engine/generator/frame.rs"]
pub(crate) mod frame;
