//! Work on this repository that is no part of the product. `xtask bench` measures a release build against its budgets;
//! `xtask model` writes models for tests and benchmarks.

mod bench;
mod model;

use std::process::ExitCode;

use clap::Parser;

#[derive(Debug, Parser)]
enum CommandLine {
    /// Measure a release build against the budgets and write docs/reference/performance.md.
    Bench(bench::BenchArgs),
    /// Write a language model for tests or benchmarks to a file.
    #[command(subcommand)]
    Model(model::ModelCommand),
}

fn main() -> anyhow::Result<ExitCode> {
    match CommandLine::parse() {
        CommandLine::Bench(args) => bench::run(&args),
        CommandLine::Model(command) => model::run(&command),
    }
}
