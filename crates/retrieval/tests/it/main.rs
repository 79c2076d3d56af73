//! Hybrid search on the real store.

mod hybrid;
mod quality;
