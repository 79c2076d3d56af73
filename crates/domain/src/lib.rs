//! The nouns, rules and ports of CodeGenie.
//!
//! Nothing here performs I/O, reads the clock, or knows SQL, HTTP or a wire format. A port is a
//! trait that an outer crate implements; one port method is one transaction.
#![warn(missing_docs)]

pub mod accounts;
pub mod analysis;
pub mod ask;
pub mod conversations;
pub mod embedding;
pub mod id;
pub mod knowledge;
pub mod language;
pub mod models;
pub mod page;
pub mod quality;
pub mod retrieval;
pub mod routing;
pub mod sandbox;
pub mod store;
pub mod text;
pub mod time;
pub mod tokens;

pub use id::Entropy;
pub use language::Language;
pub use page::{Page, PageRequest};
pub use store::{Conflict, StoreError};
pub use text::{InvalidText, Text};
pub use time::{Clock, Timestamp};
