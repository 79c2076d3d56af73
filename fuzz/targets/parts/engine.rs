//! The parts of the engine's language that other files need.

#[path = "../../../crates/inference/src/engine/frame.rs"]
pub(crate) mod frame;
#[path = "generator.rs"]
pub(crate) mod generator;
