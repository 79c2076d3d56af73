//! The only SQL of CodeGenie: accounts and their API tokens, conversations, knowledge and counts of checks on SQLite or PostgreSQL.
//!
//! One code path serves both databases; they part only where full text is indexed and searched.
//! Entities stay in here. Nothing here decides what a user may do beyond ownership of a row.
#![warn(missing_docs)]

mod accounts;
mod conversations;
mod dialect;
mod entities;
mod error;
mod knowledge;
mod migrations;
mod open;
mod quality;
mod tokens;
mod words;

pub use open::{OpenError, Store};
