//! The models in llama.cpp itself: they load, tokenise, and write.

#![expect(
    clippy::unwrap_used,
    reason = "a test that cannot set up its case fails"
)]

mod copy;
mod random;
mod session;
