//! The `codegenie` program: reads the command line, runs one command, and tells how it ended.
//!
//! Exit codes: 0 done, 1 failed, 2 wrong usage (chosen by clap).

mod args;
mod commands;
mod config;
mod folder;
mod library;
mod logs;
mod ports;
mod running_server;
mod terminal;
mod wire;

use std::fmt::Write as _;
use std::io::Write as _;
use std::process::ExitCode;

use clap::Parser as _;

fn main() -> ExitCode {
    // The launcher of a native program comes before everything: it must be alone in its process and have no file open.
    if std::env::args_os()
        .nth(1)
        .is_some_and(|word| word == wire::LAUNCH_WORD)
    {
        return sandbox::launch_main();
    }
    let line = args::CommandLine::parse();
    match commands::run(line) {
        Ok(code) => code,
        // Whoever reads has had enough, as `head` does: nothing failed.
        Err(error) if is_closed_pipe(&error) => ExitCode::SUCCESS,
        Err(error) => {
            let text = terminal::printable(&sentence(&error));
            let wrong = terminal::WRONG;
            let _ = writeln!(terminal::stderr(), "{wrong}error{wrong:#}: {text}");
            ExitCode::FAILURE
        }
    }
}

fn is_closed_pipe(error: &anyhow::Error) -> bool {
    error.chain().any(|cause| {
        let io = cause.downcast_ref::<std::io::Error>();
        io.is_some_and(|io| io.kind() == std::io::ErrorKind::BrokenPipe)
    })
}

/// The error and its causes as one sentence; a cause that is told already is not told twice.
fn sentence(error: &anyhow::Error) -> String {
    let mut text = String::new();
    for cause in error.chain() {
        let cause = cause.to_string();
        if text.is_empty() {
            text = cause;
        } else if !text.contains(&cause) {
            let _ = write!(text, ": {cause}");
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use anyhow::Context as _;

    #[test]
    fn causes_are_told_once() {
        let error =
            Err::<(), _>(std::io::Error::other("disk full")).context("cannot write x: disk full");
        assert_eq!(sentence(&error.unwrap_err()), "cannot write x: disk full");
        let error = Err::<(), _>(std::io::Error::other("disk full")).context("cannot write x");
        assert_eq!(sentence(&error.unwrap_err()), "cannot write x: disk full");
    }

    #[test]
    fn a_closed_pipe_is_no_failure() {
        let closed = anyhow::Error::from(std::io::Error::from(std::io::ErrorKind::BrokenPipe));
        assert!(is_closed_pipe(&closed.context("cannot write")));
        assert!(!is_closed_pipe(&anyhow::anyhow!("broken pipe")));
    }
}
