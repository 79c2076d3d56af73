//! One file per command. Here each is given what it needs and nothing else is decided.

mod analyse;
mod ask;
mod chat;
mod config;
mod doctor;
mod engine;
mod explain;
mod index;
mod judge;
mod models;
mod openapi;
mod replay;
mod run;
mod sandbox;
mod serve;
mod source_file;
mod teach;
mod users;

use std::process::ExitCode;

use anyhow::Context as _;

use crate::args::{Command, CommandLine};
use crate::config::Config;
use crate::logs;

/// Runs the command of `line`.
pub(crate) fn run(line: CommandLine) -> anyhow::Result<ExitCode> {
    if let Command::Engine(args) = line.command {
        // The server that starts an engine has read the settings already.
        return engine::run(args).map(|()| ExitCode::SUCCESS);
    }
    let config = Config::load(&line)?;
    logs::start(&config)?;
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .context("cannot start the threads of this program")?;
    let outcome = runtime.block_on(run_with(line.command, &config));
    // A thread that waits for the keyboard must not keep the program from ending.
    runtime.shutdown_background();
    outcome
}

async fn run_with(command: Command, config: &Config) -> anyhow::Result<ExitCode> {
    match command {
        Command::Serve(_) => serve::run(config).await?,
        Command::Ask(args) => ask::run(args, config).await?,
        Command::Chat(args) => chat::run(args, config).await?,
        Command::Explain(args) => explain::run(args, config).await?,
        Command::Replay(args) => replay::run(args, config).await?,
        Command::Analyse(args) => return analyse::run(&args),
        Command::Run(args) => return run::run(args, config).await,
        Command::Judge(args) => return judge::run(args, config).await,
        Command::Sandbox(args) => sandbox::run(&args, config).await?,
        Command::Teach(args) => teach::run(args, config).await?,
        Command::Index(args) => index::run(args, config).await?,
        Command::Users(args) => users::run(args, config).await?,
        Command::Models(args) => models::run(args, config).await?,
        Command::Config(args) => config::run(&args, config)?,
        Command::Doctor(args) => return doctor::run(&args, config).await,
        Command::Openapi => openapi::run()?,
        Command::Engine(args) => engine::run(args)?,
    }
    Ok(ExitCode::SUCCESS)
}
