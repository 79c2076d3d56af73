//! Hybrid search on the real store.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod hybrid;
mod quality;
