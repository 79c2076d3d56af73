//! The integration tests of `app`, in one binary.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod accounts;
mod ask;
mod execution;
mod instance;
mod judging;
mod library;
mod models;
mod repair;
mod scripted;
mod scripted_writer;
mod tokens;
