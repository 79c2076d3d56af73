//! The integration tests of `app`, in one binary.

mod accounts;
mod ask;
mod instance;
mod library;
