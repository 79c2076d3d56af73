//! Runs code that nobody trusts, behind walls that were seen to hold. Implements [`domain::sandbox::Sandbox`].
//!
//! `wasm` is the tier for ordinary programs, `native` the one for libraries of machine code; `attacks` are the hostile
//! programs each tier must keep in before it is used.

mod attacks;
mod native;
mod self_test;
mod tier;
mod wasm;
