//! The tier for ordinary programs: interpreters compiled to WebAssembly. `engine` is what they share, `python`, `javascript`
//! and `sql` are the guests.

mod engine;
mod image;
mod javascript;
mod pipes;
mod python;
mod room;
mod sql;

use std::path::PathBuf;
use std::sync::Arc;

use async_trait::async_trait;
use domain::language::Language;
use domain::sandbox::{Judgement, Layer, Program, RunOutcome, Tests};

use self::engine::WasmEngine;
use self::python::PythonGuest;
use crate::tier::TierRunner;

/// The tier, with every guest whose image was built in.
pub(crate) struct WasmTier {
    python: Result<PythonGuest, String>,
}

impl WasmTier {
    /// Starts the engine and makes the guests ready; compiles their images when this machine has not done so yet.
    ///
    /// # Errors
    /// A sentence that says why no guest can be run here.
    pub(crate) async fn start(cache_dir: PathBuf, parallel_max: usize) -> Result<Self, String> {
        let engine = WasmEngine::start(cache_dir, parallel_max)?;
        let python = PythonGuest::new(&engine)
            .await
            .map_err(|error| error.to_string());
        let tier = Self { python };
        if tier.languages().is_empty() {
            return Err(tier.missing().join("; "));
        }
        for why in tier.missing() {
            tracing::warn!(%why, "the sandbox lacks a language");
        }
        Ok(tier)
    }

    fn missing(&self) -> Vec<String> {
        [self.python.as_ref().err()]
            .into_iter()
            .flatten()
            .cloned()
            .collect()
    }
}

#[async_trait]
impl TierRunner for WasmTier {
    fn languages(&self) -> Vec<Language> {
        let found = [(Language::Python, self.python.is_ok())];
        found
            .into_iter()
            .filter_map(|(language, is_there)| is_there.then_some(language))
            .collect()
    }

    fn layers(&self) -> Vec<Layer> {
        let layer = |name, detail: &str| Layer {
            name,
            holds: true,
            is_required: true,
            detail: detail.to_owned(),
        };
        vec![
            layer(
                "WebAssembly",
                "a program has its own memory and can only call what it is given",
            ),
            layer(
                "WASI without grants",
                "no files, network, processes, or environment are given to it",
            ),
            layer(
                "Interruption",
                "every loop and call looks every few milliseconds whether the time is up",
            ),
            layer(
                "Memory limit",
                "memory beyond the limit is refused when it is asked for",
            ),
            layer(
                "Judging apart",
                "tests run in an instance that the program cannot reach",
            ),
        ]
    }

    async fn run(&self, program: &Program) -> RunOutcome {
        match (program.language, &self.python) {
            (Language::Python, Ok(python)) => python.run(program).await,
            (Language::Python, Err(why)) => RunOutcome::unavailable(why),
            (language, _) => RunOutcome::unavailable(no_guest(language)),
        }
    }

    async fn judge(&self, program: &Program, tests: &Tests) -> Judgement {
        match (program.language, &self.python) {
            (Language::Python, Ok(python)) => python.judge(program, tests).await,
            (Language::Python, Err(why)) => Judgement::unavailable(why),
            (language, _) => Judgement::unavailable(no_guest(language)),
        }
    }
}

/// Why a language cannot be run.
fn no_guest(language: Language) -> String {
    format!(
        "programs in {} cannot be run here: there is no WebAssembly image for it",
        language.title()
    )
}

impl std::fmt::Debug for WasmTier {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter
            .debug_struct("WasmTier")
            .field("languages", &self.languages())
            .finish()
    }
}

/// Shared by the guests for what needs an engine of its own.
#[cfg(test)]
pub(crate) async fn engine_for_tests() -> Arc<WasmEngine> {
    let cache = std::env::var_os("CODEGENIE_SANDBOX_CACHE").map_or_else(
        || std::env::temp_dir().join("codegenie-sandbox-tests"),
        PathBuf::from,
    );
    WasmEngine::start(cache, 2).expect("the engine starts")
}
