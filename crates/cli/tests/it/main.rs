//! Drives the real program as a user would: one process per command, real files, real HTTP.

#![expect(clippy::unwrap_used, reason = "a step that fails ends its test")]

mod program;

mod adapters;
mod analyse;
mod ask;
mod crash;
mod doctor;
mod help;
mod index;
mod judge;
mod models;
mod remote;
mod residents;
mod run;
mod serve;
mod settings;
mod users;
mod writing;
