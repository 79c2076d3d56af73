//! The integration tests of `app`, in one binary.
#![expect(
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "a test that cannot go on fails, and what it was about is shown"
)]

mod accounts;
mod ask;
mod execution;
mod instance;
mod judging;
mod library;
mod repair;
mod scripted;
