//! Work on this repository that is no part of the product. `xtask bench` measures a release build against its budgets.

mod bench;

use std::process::ExitCode;

use clap::Parser;

#[derive(Debug, Parser)]
enum CommandLine {
    /// Measure a release build against the budgets and write docs/reference/performance.md.
    Bench(bench::BenchArgs),
}

fn main() -> anyhow::Result<ExitCode> {
    let CommandLine::Bench(args) = CommandLine::parse();
    bench::run(&args)
}
