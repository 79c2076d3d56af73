//! One set of cases per port, run on SQLite in memory, on an SQLite file and on PostgreSQL; and what only files
//! or schemas can show.
#![expect(
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "a step that fails is a test that fails, and its output is shown; the cases are functions of their own"
)]
#![expect(
    clippy::float_cmp,
    clippy::assigning_clones,
    reason = "numbers must come back exactly; the samples are read more often than run"
)]

mod accounts;
mod backends;
mod conversations;
mod files;
mod knowledge;
// Taken as a file: as a dependency `testkit` would build the whole program before the store is tested.
#[path = "../../../testkit/src/postgres.rs"]
#[expect(unreachable_pub, reason = "public in its own crate")]
mod postgres;
mod quality;
mod samples;
mod schema;
mod tokens;
