//! A sandbox that decides as a test says, for rules about what follows from a result.

use std::sync::Mutex;
use std::time::Duration;

use async_trait::async_trait;
use domain::Language;
use domain::sandbox::{
    Judgement, Program, RunOutcome, RunStatus, Sandbox, TestResult, Tests, Tier, TierReport,
    TierState,
};

type Verdict = dyn Fn(&Program, &Tests) -> Judgement + Send + Sync;

/// Runs nothing; gives what its function gives, and remembers what it was asked.
pub(crate) struct Scripted {
    verdict: Box<Verdict>,
    pub(crate) asked: Mutex<Vec<(Program, Tests)>>,
    /// What it says of its tier; nothing when `None`.
    pub(crate) state: Option<TierState>,
    /// How a program without tests ends.
    pub(crate) end: RunStatus,
}

impl Scripted {
    pub(crate) fn new(
        verdict: impl Fn(&Program, &Tests) -> Judgement + Send + Sync + 'static,
    ) -> Self {
        Self {
            verdict: Box::new(verdict),
            asked: Mutex::new(Vec::new()),
            state: None,
            end: RunStatus::Ok,
        }
    }
}

#[async_trait]
impl Sandbox for Scripted {
    async fn run(&self, _: &Program) -> RunOutcome {
        RunOutcome {
            status: self.end,
            ..passed(1).run
        }
    }

    async fn judge(&self, program: &Program, tests: &Tests) -> Judgement {
        self.asked
            .lock()
            .unwrap()
            .push((program.clone(), tests.clone()));
        (self.verdict)(program, tests)
    }

    fn can_run(&self, language: Language) -> bool {
        matches!(
            language,
            Language::Python | Language::JavaScript | Language::Sql
        )
    }

    async fn report(&self, _: bool) -> Vec<TierReport> {
        let report = |state: &TierState| TierReport {
            tier: Tier::Wasm,
            state: state.clone(),
            languages: vec![Language::Python],
            layers: Vec::new(),
            attacks: Vec::new(),
            duration: Duration::ZERO,
        };
        self.state.iter().map(report).collect()
    }
}

/// So many tests that passed.
pub(crate) fn passed(tests: usize) -> Judgement {
    let test = |index: usize| TestResult {
        name: format!("test {index}"),
        failure: None,
    };
    Judgement {
        run: RunOutcome {
            status: RunStatus::Ok,
            tier: Some(Tier::Wasm),
            duration: Duration::from_millis(3),
            reason: None,
            ..RunOutcome::unavailable("")
        },
        tests: (0..tests).map(test).collect(),
        is_complete: true,
    }
}

/// One test that failed.
pub(crate) fn failed(why: &str) -> Judgement {
    let mut judgement = passed(1);
    for test in &mut judgement.tests {
        test.failure = Some(why.to_owned());
    }
    judgement
}

/// A program that was stopped.
pub(crate) fn stopped(status: RunStatus, reason: &str) -> Judgement {
    let mut judgement = passed(0);
    judgement.run.status = status;
    judgement.run.reason = Some(reason.to_owned());
    judgement.is_complete = false;
    judgement
}

/// The statements of tests, whatever their kind.
pub(crate) fn text_of(tests: &Tests) -> &str {
    match tests {
        Tests::Asserts(code) | Tests::Check { code, .. } => code,
        Tests::Doctests | Tests::Io(_) => "",
    }
}
