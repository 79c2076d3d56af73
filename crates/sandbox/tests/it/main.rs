//! The sandbox as its callers see it: real tiers, real programs.
//!
//! The images of `make guests` must be there. `CODEGENIE_SANDBOX_CACHE` names a folder where compiled images stay between runs.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

#[cfg(target_os = "linux")]
mod attacks;
mod javascript;
#[cfg(target_os = "linux")]
mod native;
#[cfg(target_os = "linux")]
mod proof;
mod python;
mod sql;
mod verdict;

use std::path::PathBuf;
use std::time::Duration;

use domain::language::Language;
use domain::sandbox::{Program, Sandbox as _, TierState};
use sandbox::{LocalSandbox, SandboxConfig};

fn cache_dir() -> PathBuf {
    std::env::var_os("CODEGENIE_SANDBOX_CACHE").map_or_else(
        || std::env::temp_dir().join("codegenie-sandbox-tests"),
        PathBuf::from,
    )
}

/// A sandbox with the WebAssembly tier alone, proved and ready.
async fn sandbox() -> LocalSandbox {
    sandbox_in(cache_dir()).await
}

async fn sandbox_in(cache_dir: PathBuf) -> LocalSandbox {
    let sandbox = LocalSandbox::start(SandboxConfig {
        cache_dir,
        launcher: None,
        python: Vec::new(),
        parallel_max: 2,
    });
    let reports = sandbox.report(true).await;
    assert_eq!(reports[0].state, TierState::Ready, "{reports:?}");
    sandbox
}

fn python(code: &str) -> Program {
    let mut program = Program::new(Language::Python, code);
    program.limits.wall = Duration::from_secs(10);
    program
}
