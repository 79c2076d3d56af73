//! Writes the model that copies to a file: `copy-model FILE`, for scripts that need a language model.

use std::path::PathBuf;
use std::process::ExitCode;

fn main() -> ExitCode {
    let Some(path) = std::env::args_os().nth(1).map(PathBuf::from) else {
        return failed("usage: copy-model FILE");
    };
    match testmodels::write_copy_model(&path) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => failed(&format!("cannot write {}: {error}", path.display())),
    }
}

#[expect(clippy::print_stderr, reason = "a program for scripts tells them so")]
fn failed(reason: &str) -> ExitCode {
    eprintln!("copy-model: {reason}");
    ExitCode::FAILURE
}
