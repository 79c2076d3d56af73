//! The engine process by itself: `embedding-engine --model FILE --threads N`, spoken to over standard input.

use std::process::ExitCode;

use inference::engine::{self, EngineArgs};

fn main() -> ExitCode {
    match EngineArgs::parse(std::env::args_os().skip(1)).and_then(|args| engine::main(&args)) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            use std::io::Write as _;
            // Standard error may be closed; the exit code says the same.
            let _ = writeln!(std::io::stderr(), "embedding-engine: {error}");
            ExitCode::FAILURE
        }
    }
}
