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

use async_trait::async_trait;
use domain::language::Language;
use domain::sandbox::{Judgement, Layer, Program, RunOutcome, Tests};

use self::engine::WasmEngine;
use self::javascript::JavaScriptGuest;
use self::python::PythonGuest;
use self::sql::SqlGuest;
use crate::tier::TierRunner;

pub(crate) use self::image::digests;

/// The tier, with every guest whose image was built in.
pub(crate) struct WasmTier {
    python: Result<PythonGuest, String>,
    javascript: Result<JavaScriptGuest, String>,
    sql: Result<SqlGuest, String>,
}

/// The guest that a language needs.
enum Guest<'a> {
    Python(&'a PythonGuest),
    JavaScript(&'a JavaScriptGuest),
    Sql(&'a SqlGuest),
}

impl WasmTier {
    /// Starts the engine and makes the guests ready; compiles their images when this machine has not done so yet.
    ///
    /// # Errors
    /// A sentence that says why no guest can be run here.
    pub(crate) async fn start(cache_dir: PathBuf, parallel_max: usize) -> Result<Self, String> {
        let engine = WasmEngine::start(cache_dir, parallel_max)?;
        let tier = Self {
            python: PythonGuest::new(&engine)
                .await
                .map_err(|error| error.to_string()),
            javascript: JavaScriptGuest::new(&engine)
                .await
                .map_err(|error| error.to_string()),
            sql: SqlGuest::new(&engine)
                .await
                .map_err(|error| error.to_string()),
        };
        if tier.languages().is_empty() {
            return Err(tier.missing().join("; "));
        }
        for why in tier.missing() {
            tracing::warn!(%why, "the sandbox lacks a language");
        }
        Ok(tier)
    }

    fn missing(&self) -> Vec<String> {
        let errors = [
            self.python.as_ref().err(),
            self.javascript.as_ref().err(),
            self.sql.as_ref().err(),
        ];
        errors.into_iter().flatten().cloned().collect()
    }

    /// The guest for `language`, or why there is none.
    fn guest(&self, language: Language) -> Result<Guest<'_>, String> {
        let why = |why: &String| why.clone();
        if language == Language::Python {
            self.python.as_ref().map(Guest::Python).map_err(why)
        } else if language == Language::JavaScript {
            self.javascript.as_ref().map(Guest::JavaScript).map_err(why)
        } else if language == Language::Sql {
            self.sql.as_ref().map(Guest::Sql).map_err(why)
        } else {
            Err(format!(
                "programs in {} cannot be run here: there is no WebAssembly image for it",
                language.title()
            ))
        }
    }
}

#[async_trait]
impl TierRunner for WasmTier {
    fn languages(&self) -> Vec<Language> {
        [Language::Python, Language::JavaScript, Language::Sql]
            .into_iter()
            .filter(|&language| self.guest(language).is_ok())
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
                "Python's tests run in an instance of their own, JavaScript's in a frozen realm of the same instance, and rows of SQL \
                 are compared by the host",
            ),
        ]
    }

    async fn run(&self, program: &Program) -> RunOutcome {
        match self.guest(program.language) {
            Ok(Guest::Python(python)) => python.run(program).await,
            Ok(Guest::JavaScript(javascript)) => javascript.run(program).await,
            Ok(Guest::Sql(sql)) => sql.run(program).await,
            Err(why) => RunOutcome::unavailable(why),
        }
    }

    async fn judge(&self, program: &Program, tests: &Tests) -> Judgement {
        match self.guest(program.language) {
            Ok(Guest::Python(python)) => python.judge(program, tests).await,
            Ok(Guest::JavaScript(javascript)) => javascript.judge(program, tests).await,
            Ok(Guest::Sql(sql)) => sql.judge(program, tests).await,
            Err(why) => Judgement::unavailable(why),
        }
    }
}

impl std::fmt::Debug for WasmTier {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter
            .debug_struct("WasmTier")
            .field("languages", &self.languages())
            .finish()
    }
}
