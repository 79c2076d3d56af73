//! The engine process by itself: `engine ROLE --model FILE …`, spoken to over standard input.

use std::process::ExitCode;

use inference::engine::{self, EngineArgs};

fn main() -> ExitCode {
    match EngineArgs::parse(std::env::args_os().skip(1)).and_then(|args| engine::main(&args)) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            use std::io::Write as _;
            // Standard error may be closed; the exit code says the same.
            let _ = writeln!(std::io::stderr(), "engine: {error}");
            ExitCode::FAILURE
        }
    }
}
