//! Fixtures that tests of several crates share. Only ever a dev-dependency; whatever goes wrong in here panics.
#![warn(missing_docs)]

pub mod postgres;
#[cfg(feature = "server")]
pub mod server;
