//! The integration tests of `app`, in one binary.

mod library;
