//! The handlers, one file per capability. Each reads in order: take the request apart, act, answer.

pub(crate) mod accounts;
pub(crate) mod analysis;
pub(crate) mod ask;
pub(crate) mod conversations;
pub(crate) mod knowledge;
pub(crate) mod models;
pub(crate) mod openai;
pub(crate) mod quality;
pub(crate) mod sandbox;
pub(crate) mod system;
pub(crate) mod tokens;

/// What a handler gives: an answer or a refusal.
pub(crate) type Answered<T> = Result<T, crate::problem::Problem>;
