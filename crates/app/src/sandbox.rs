//! Running code that nobody trusts, for people: what may be sent, whose turn it is, and how the runs ended.
//!
//! The walls themselves are behind [`domain::sandbox::Sandbox`]; nothing here runs anything.

mod absent;
pub(crate) mod outline;
mod read;
mod turns;

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use domain::Language;
use domain::accounts::{Permission, Principal};
use domain::sandbox::{
    Judgement, PROGRAM_BYTES_MAX, Program, RunOutcome, RunStatus, Sandbox, TESTS_MAX, Tests,
    TierReport, TierState,
};

use crate::ask::Asker;
use crate::{Forbidden, require};
use turns::Turns;

pub use absent::NoSandbox;
pub use read::read_tests;
pub use turns::{RUNS_AT_ONCE, RUNS_WAITING_MAX};

/// Why nothing was run.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SandboxError {
    /// A part of what was sent was refused.
    #[error("{field} {reason}")]
    Invalid {
        /// Name of the part in the API: `code`, `stdin`, `tests` or `entry_point`.
        field: &'static str,
        /// Why, and what to do.
        reason: String,
    },
    /// As many runs of this account wait already as may.
    #[error("{RUNS_WAITING_MAX} of your runs wait already; let them end, then send this one again")]
    Busy,
    /// The caller may not.
    #[error(transparent)]
    Forbidden(#[from] Forbidden),
}

/// Who runs something.
#[derive(Debug, Clone, Copy)]
pub enum Runner<'a> {
    /// An account: its runs take turns.
    Account(&'a Principal),
    /// Whoever sits at the machine.
    Local,
}

impl<'a> From<Asker<'a>> for Runner<'a> {
    fn from(asker: Asker<'a>) -> Self {
        match asker {
            Asker::Account(principal) => Self::Account(principal),
            Asker::Local { .. } => Self::Local,
        }
    }
}

/// How the runs since the start ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct RunCounts {
    /// By themselves, without an error; tests may have failed.
    pub ok: u64,
    /// With an error of the program.
    pub failed: u64,
    /// Stopped: time, memory, or something that is not allowed.
    pub stopped: u64,
    /// Not run, because no tier can.
    pub unavailable: u64,
}

/// What the sandbox says about itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SandboxReport {
    /// Each tier: its walls and what its self-test showed.
    pub tiers: Vec<TierReport>,
    /// How the runs since the start ended.
    pub runs: RunCounts,
}

#[derive(Default)]
struct Counters {
    ok: AtomicU64,
    failed: AtomicU64,
    stopped: AtomicU64,
    unavailable: AtomicU64,
}

/// Runs and judges programs for people, each in turn.
pub struct SandboxService {
    sandbox: Arc<dyn Sandbox>,
    turns: Turns,
    counters: Counters,
}

impl SandboxService {
    /// A service over this sandbox.
    pub fn new(sandbox: Arc<dyn Sandbox>) -> Self {
        Self {
            sandbox,
            turns: Turns::default(),
            counters: Counters::default(),
        }
    }

    /// Whether programs of `language` can be run here.
    pub fn can_run(&self, language: Language) -> bool {
        self.sandbox.can_run(language)
    }

    /// Whether nothing can be run yet, because every tier that may come is still being made ready.
    pub async fn is_preparing(&self) -> bool {
        let tiers = self.sandbox.report(false).await;
        let is = |state: &TierState| tiers.iter().any(|tier| tier.state == *state);
        is(&TierState::Preparing) && !is(&TierState::Ready)
    }

    /// Runs `program` when it is this runner's turn.
    pub async fn run(
        &self,
        runner: Runner<'_>,
        program: Program,
    ) -> Result<RunOutcome, SandboxError> {
        check_program(&program)?;
        let _turn = self.wait(runner).await?;
        let outcome = self.sandbox.run(&program).await;
        self.count(outcome.status);
        Ok(outcome)
    }

    /// Judges `program` by `tests` when it is this runner's turn.
    pub async fn judge(
        &self,
        runner: Runner<'_>,
        program: Program,
        tests: Tests,
    ) -> Result<Judgement, SandboxError> {
        check_program(&program)?;
        check_tests(&tests)?;
        let _turn = self.wait(runner).await?;
        let judgement = self.sandbox.judge(&program, &tests).await;
        self.count(judgement.run.status);
        Ok(judgement)
    }

    /// What the sandbox says about itself; waits for preparation and self-test when `settled`.
    pub async fn report(&self, settled: bool) -> SandboxReport {
        let read = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
        let tiers = self.sandbox.report(settled).await;
        let counters = &self.counters;
        SandboxReport {
            tiers,
            runs: RunCounts {
                ok: read(&counters.ok),
                failed: read(&counters.failed),
                stopped: read(&counters.stopped),
                unavailable: read(&counters.unavailable),
            },
        }
    }

    async fn wait(&self, runner: Runner<'_>) -> Result<Option<turns::Turn>, SandboxError> {
        match runner {
            Runner::Local => Ok(None),
            Runner::Account(principal) => {
                require(principal, Permission::Ask)?;
                let turn = self.turns.wait(principal.account.id).await;
                turn.map(Some).ok_or(SandboxError::Busy)
            }
        }
    }

    fn count(&self, status: RunStatus) {
        let counter = match status {
            RunStatus::Ok => &self.counters.ok,
            RunStatus::Error => &self.counters.failed,
            RunStatus::Timeout | RunStatus::Memory | RunStatus::Denied => &self.counters.stopped,
            RunStatus::Unavailable => &self.counters.unavailable,
        };
        counter.fetch_add(1, Ordering::Relaxed);
    }
}

fn invalid(field: &'static str, reason: impl Into<String>) -> SandboxError {
    SandboxError::Invalid {
        field,
        reason: reason.into(),
    }
}

fn check_size(field: &'static str, text: &str) -> Result<(), SandboxError> {
    if text.len() <= PROGRAM_BYTES_MAX {
        return Ok(());
    }
    let reason = format!(
        "is {} bytes long; shorten it to at most {PROGRAM_BYTES_MAX} bytes",
        text.len()
    );
    Err(invalid(field, reason))
}

fn check_program(program: &Program) -> Result<(), SandboxError> {
    if program.code.trim().is_empty() {
        return Err(invalid("code", "is empty; write something"));
    }
    if program.code.contains('\0') {
        return Err(invalid("code", "contains a NUL character; remove it"));
    }
    check_size("code", &program.code)?;
    check_size("stdin", &program.stdin)
}

fn check_tests(tests: &Tests) -> Result<(), SandboxError> {
    let texts: Vec<&str> = match tests {
        Tests::Asserts(code) => vec![code],
        Tests::Check { code, entry_point } => vec![code, entry_point],
        Tests::Doctests => Vec::new(),
        Tests::Io(cases) if cases.len() > TESTS_MAX => {
            let reason = format!(
                "are {} pairs of input and output; send at most {TESTS_MAX}",
                cases.len()
            );
            return Err(invalid("tests", reason));
        }
        Tests::Io(cases) => cases
            .iter()
            .flat_map(|case| [case.stdin.as_str(), case.stdout.as_str()])
            .collect(),
    };
    for text in &texts {
        if text.contains('\0') {
            return Err(invalid("tests", "contain a NUL character; remove it"));
        }
        check_size("tests", text)?;
    }
    let size: usize = texts.iter().map(|text| text.len()).sum();
    if size > PROGRAM_BYTES_MAX {
        let reason =
            format!("are {size} bytes long; shorten them to at most {PROGRAM_BYTES_MAX} bytes");
        return Err(invalid("tests", reason));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use domain::sandbox::IoCase;

    fn program(code: &str) -> Program {
        Program::new(Language::Python, code)
    }

    fn service() -> SandboxService {
        SandboxService::new(Arc::new(NoSandbox::new("left out in these tests")))
    }

    #[tokio::test]
    async fn what_is_too_large_or_empty_is_refused_by_the_name_of_its_part() {
        let service = service();
        let large = "x".repeat(PROGRAM_BYTES_MAX + 1);
        let field = |refused: Result<RunOutcome, SandboxError>| match refused {
            Err(SandboxError::Invalid { field, .. }) => field,
            other => panic!("{other:?}"),
        };
        for code in ["", " \n", "x = '\0'", &large] {
            assert_eq!(
                field(service.run(Runner::Local, program(code)).await),
                "code"
            );
        }
        let talkative = Program {
            stdin: large.clone(),
            ..program("1")
        };
        assert_eq!(field(service.run(Runner::Local, talkative).await), "stdin");
        let pair = IoCase {
            stdin: String::new(),
            stdout: String::new(),
        };
        for tests in [
            Tests::Asserts(large.clone()),
            Tests::Io(vec![pair; TESTS_MAX + 1]),
            Tests::Asserts("\0".into()),
        ] {
            let refused = service.judge(Runner::Local, program("1"), tests).await;
            assert!(
                matches!(&refused, Err(SandboxError::Invalid { field: "tests", .. })),
                "{refused:?}"
            );
        }
        assert_eq!(
            service.report(true).await.runs,
            RunCounts::default(),
            "nothing was run"
        );
    }

    #[tokio::test]
    async fn runs_that_cannot_take_place_are_outcomes_and_are_counted() {
        let service = service();
        for times in 1..=2 {
            let outcome = service.run(Runner::Local, program("1")).await.unwrap();
            assert_eq!(outcome.status, RunStatus::Unavailable);
            assert_eq!(outcome.reason.as_deref(), Some("left out in these tests"));
            assert_eq!(service.report(true).await.runs.unavailable, times);
        }
        assert!(!service.can_run(Language::Python));
    }
}
