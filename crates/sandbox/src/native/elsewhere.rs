//! The tier for libraries of machine code on systems other than Linux: it says that it is not there.

use std::ffi::OsString;
use std::path::PathBuf;
use std::process::ExitCode;

use async_trait::async_trait;
use domain::language::Language;
use domain::sandbox::{Judgement, Layer, Program, RunOutcome, Tests};

use crate::tier::TierRunner;

const MISSING: &str = "running machine code safely needs Linux";

/// The program that would put up the walls.
#[derive(Debug, Clone)]
pub struct Launcher {
    /// Its path.
    pub program: PathBuf,
    /// Its arguments.
    pub args: Vec<OsString>,
}

/// Fails: there is nothing to launch.
pub fn launch_main() -> ExitCode {
    ExitCode::FAILURE
}

/// A tier that runs nothing.
pub(crate) struct NativeTier;

impl NativeTier {
    /// Runs nothing.
    pub(crate) async fn new(_launcher: Launcher, _pythons: Vec<PathBuf>) -> Self {
        Self
    }

    /// Nothing is known of it.
    pub(crate) fn of_known(_launcher: Launcher, _known: serde_json::Value) -> Option<Self> {
        None
    }

    /// Why the tier cannot be used.
    pub(crate) fn missing(&self) -> Option<&str> {
        Some(MISSING)
    }
}

#[async_trait]
impl TierRunner for NativeTier {
    fn languages(&self) -> Vec<Language> {
        vec![Language::Python]
    }

    fn layers(&self) -> Vec<Layer> {
        Vec::new()
    }

    async fn run(&self, _program: &Program) -> RunOutcome {
        RunOutcome::unavailable(MISSING)
    }

    async fn judge(&self, _program: &Program, _tests: &Tests) -> Judgement {
        Judgement::unavailable(MISSING)
    }
}
