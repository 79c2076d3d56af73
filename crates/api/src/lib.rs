//! The HTTP layer: routes, wire types, the OpenAPI document, event streams and the embedded web app.
//!
//! Decides nothing about accounts, answers or knowledge; that is `app`. Never sees SQL. Wire types
//! live in [`wire`] alone, status codes are chosen in [`problem`] alone, and who may call what is in
//! [`access`] alone.
#![warn(missing_docs)]

mod access;
mod extract;
mod middleware;
mod openapi;
mod problem;
mod rate_limit;
mod router;
mod routes;
mod state;
mod stream;
mod token;
mod traffic;
mod upload;
mod web;
mod wire;
mod writing_stream;

pub use openapi::{document as openapi, render as render_openapi};
pub use router::router;
pub use state::{ApiSettings, ApiState};
pub use token::{SESSION_COOKIE, TokenKey, WeakKey};
