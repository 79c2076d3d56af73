//! Language models for tests and benchmarks, made on demand: random weights in the shapes of published models, and a tiny one
//! that copies from its prompt. Never in the binary.
