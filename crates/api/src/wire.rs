//! The JSON of the API, one file per capability. Domain types never serialise; they are converted here.

pub(crate) mod accounts;
pub(crate) mod analysis;
pub(crate) mod ask;
pub(crate) mod checks;
pub(crate) mod conversations;
pub(crate) mod events;
pub(crate) mod fields;
pub(crate) mod knowledge;
pub(crate) mod models;
pub(crate) mod names;
pub(crate) mod openai;
pub(crate) mod page;
pub(crate) mod quality;
pub(crate) mod replay;
pub(crate) mod sandbox;
mod sandbox_tests;
pub(crate) mod system;
pub(crate) mod tokens;
