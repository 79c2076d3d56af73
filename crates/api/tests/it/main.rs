//! The HTTP API as clients see it: a real server on a real socket, one file per part of the address space.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod access;
mod admin_users;
mod analysis;
mod ask;
mod auth;
mod bad_input;
mod conversations;
mod headers;
mod knowledge;
mod models;
mod openai;
mod openapi;
mod origin;
mod parrot;
mod quality;
mod sandbox;
mod system;
mod tokens;
mod web;
