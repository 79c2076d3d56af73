//! The generating engine: one language model, many requests at a time.

pub(crate) mod frame;
