//! Running code that nobody trusts: the port to the sandbox, what may be run in it, and what it reports about itself.
//!
//! A result never depends on what a program prints: tests run where the program cannot reach them.

use std::time::Duration;

use async_trait::async_trait;

use crate::language::Language;

/// Most bytes a program, its input, or its tests may have, each.
pub const PROGRAM_BYTES_MAX: usize = 64 * 1024;

/// Most tests that are judged for one program.
pub const TESTS_MAX: usize = 200;

/// A way of keeping a program in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Tier {
    /// A WebAssembly instance: no files, network, processes or threads exist in it.
    Wasm,
    /// A process of its own behind the kernel's walls, for libraries of machine code such as numpy.
    Native,
}

impl Tier {
    /// Every tier, in the order they are preferred.
    pub const ALL: [Self; 2] = [Self::Wasm, Self::Native];

    /// The name in the API.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Wasm => "wasm",
            Self::Native => "native",
        }
    }
}

/// How much a program may use. The sandbox lowers what is above its own bounds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Time by the clock on the wall.
    pub wall: Duration,
    /// Memory, bytes.
    pub memory_bytes: u64,
    /// Bytes kept of standard output and of standard error, each.
    pub output_bytes: usize,
}

impl Default for Limits {
    /// Five seconds, 256 MiB, 64 KiB of output.
    fn default() -> Self {
        Self {
            wall: Duration::from_secs(5),
            memory_bytes: 256 * 1024 * 1024,
            output_bytes: 64 * 1024,
        }
    }
}

/// A program to be run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Program {
    /// Its language.
    pub language: Language,
    /// Its code.
    pub code: String,
    /// What it reads from standard input.
    pub stdin: String,
    /// How much it may use.
    pub limits: Limits,
}

impl Program {
    /// `code` without input, within the usual limits.
    pub fn new(language: Language, code: impl Into<String>) -> Self {
        Self {
            language,
            code: code.into(),
            stdin: String::new(),
            limits: Limits::default(),
        }
    }
}

/// What a program is measured by.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Tests {
    /// Statements that fail when something is wrong: `assert f(2) == 4`, `assert.strictEqual(f(2), 4)`; for SQL the tables to set up,
    /// a line `-- expected rows, tab-separated:`, and the rows.
    Asserts(String),
    /// A function `check(candidate)` as in `HumanEval`, called with the program's `entry_point`.
    Check {
        /// Code that defines `check`.
        code: String,
        /// The function under test.
        entry_point: String,
    },
    /// The examples in the program's own docstrings.
    Doctests,
    /// What it prints for what it reads.
    Io(Vec<IoCase>),
}

/// One pair of input and output; trailing white space of lines and of the whole does not count.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IoCase {
    /// Standard input.
    pub stdin: String,
    /// Standard output expected.
    pub stdout: String,
}

/// How a run ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum RunStatus {
    /// By itself, without an error.
    Ok,
    /// With an error of the program: an exception, an exit code, a syntax error.
    Error,
    /// Its time was up.
    Timeout,
    /// It wanted more memory than it may have.
    Memory,
    /// It tried what is not allowed and was stopped.
    Denied,
    /// It was not run: no tier can run it here. `reason` says why.
    Unavailable,
}

impl RunStatus {
    /// The name in the API.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Ok => "ok",
            Self::Error => "error",
            Self::Timeout => "timeout",
            Self::Memory => "memory",
            Self::Denied => "denied",
            Self::Unavailable => "unavailable",
        }
    }
}

/// Where in the program an error came up.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ErrorPlace {
    /// Line of the program, from 1.
    pub line: u32,
    /// The error as one line, such as `ZeroDivisionError: division by zero`.
    pub message: String,
}

/// A picture a program drew.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Figure {
    /// The picture as PNG; checked to begin like one.
    pub png: Vec<u8>,
}

/// What came of a run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RunOutcome {
    /// How it ended.
    pub status: RunStatus,
    /// The tier that ran it; `None` when none did.
    pub tier: Option<Tier>,
    /// What it printed, bytes that are not UTF-8 replaced, cut to the limit.
    pub stdout: String,
    /// What it printed as errors, the traceback included, likewise.
    pub stderr: String,
    /// Whether either was cut.
    pub is_cut: bool,
    /// Where it went wrong, when that is a line of the program.
    pub error: Option<ErrorPlace>,
    /// What it drew, in order.
    pub figures: Vec<Figure>,
    /// Time from start to end.
    pub duration: Duration,
    /// For every status but `Ok` and `Error`, a sentence that says why and what to do.
    pub reason: Option<String>,
}

impl RunOutcome {
    /// The outcome of a program that was not run, because of `reason`.
    pub fn unavailable(reason: impl Into<String>) -> Self {
        Self {
            status: RunStatus::Unavailable,
            tier: None,
            stdout: String::new(),
            stderr: String::new(),
            is_cut: false,
            error: None,
            figures: Vec::new(),
            duration: Duration::ZERO,
            reason: Some(reason.into()),
        }
    }
}

/// What came of one test.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TestResult {
    /// The test as a reader finds it: a statement, an example, or `input 3`.
    pub name: String,
    /// `None` when it passed; else what was wrong.
    pub failure: Option<String>,
}

/// What came of judging a program by tests.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Judgement {
    /// How the program's part ended. `Ok` even when tests failed; see [`Judgement::passed`].
    pub run: RunOutcome,
    /// The tests that were reached, in order. Never made from what the program printed.
    pub tests: Vec<TestResult>,
    /// Whether every test was reached: the last statement ran.
    pub is_complete: bool,
}

impl Judgement {
    /// A judgement that did not take place, because of `reason`.
    pub fn unavailable(reason: impl Into<String>) -> Self {
        Self {
            run: RunOutcome::unavailable(reason),
            tests: Vec::new(),
            is_complete: false,
        }
    }

    /// Whether there was at least one test, all were reached, and all passed.
    pub fn passed(&self) -> bool {
        self.run.status == RunStatus::Ok
            && self.is_complete
            && !self.tests.is_empty()
            && self.tests.iter().all(|test| test.failure.is_none())
    }

    /// The first thing that went wrong, for a person or a model to mend; `None` when it passed.
    pub fn failure(&self) -> Option<String> {
        if self.passed() {
            return None;
        }
        let failed = self
            .tests
            .iter()
            .find_map(|test| test.failure.as_ref().map(|why| (&test.name, why)));
        let run = &self.run;
        Some(match (failed, &run.error, &run.reason) {
            (_, Some(error), _) => format!("line {}: {}", error.line, error.message),
            (Some((name, why)), None, _) => format!("{name}: {why}"),
            (None, None, Some(reason)) => reason.clone(),
            (None, None, None) if self.tests.is_empty() => "there was no test to run".to_owned(),
            (None, None, None) => "the program ended before its tests did".to_owned(),
        })
    }
}

/// Whether a tier may be used.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TierState {
    /// It is being made ready or tested; runs wait for it.
    Preparing,
    /// Every wall it needs was seen to hold.
    Ready,
    /// It is not used; the sentence says why and what to do.
    Unavailable(String),
}

/// One wall of a tier.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Layer {
    /// What it is, such as `Landlock`.
    pub name: &'static str,
    /// Whether it holds on this machine.
    pub holds: bool,
    /// Whether the tier is not used without it.
    pub is_required: bool,
    /// What it keeps out, or why it is missing.
    pub detail: String,
}

/// What came of one attack of the self-test.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AttackResult {
    /// What the hostile program tried, such as `read /etc/passwd`.
    pub name: &'static str,
    /// Whether it was kept in.
    pub is_stopped: bool,
    /// How it ended.
    pub detail: String,
}

/// What a tier says about itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TierReport {
    /// Which.
    pub tier: Tier,
    /// Whether it may be used.
    pub state: TierState,
    /// What it can run.
    pub languages: Vec<Language>,
    /// Its walls.
    pub layers: Vec<Layer>,
    /// The hostile programs it was tried with.
    pub attacks: Vec<AttackResult>,
    /// How long preparation and self-test took.
    pub duration: Duration,
}

/// Runs code that nobody trusts. Never runs anything outside a tier that passed its self-test.
#[async_trait]
pub trait Sandbox: Send + Sync {
    /// Runs `program`; a run that cannot take place is an outcome too.
    async fn run(&self, program: &Program) -> RunOutcome;

    /// Judges `program` by `tests`.
    async fn judge(&self, program: &Program, tests: &Tests) -> Judgement;

    /// Whether programs of `language` can be run here, now or once preparation has ended.
    fn can_run(&self, language: Language) -> bool;

    /// What each tier says about itself. Waits until preparation and self-test have ended when `settled`.
    async fn report(&self, settled: bool) -> Vec<TierReport>;
}

#[cfg(test)]
mod tests {
    use super::*;

    fn judgement(failures: &[Option<&str>], is_complete: bool) -> Judgement {
        Judgement {
            run: RunOutcome {
                status: RunStatus::Ok,
                reason: None,
                ..RunOutcome::unavailable("")
            },
            tests: failures
                .iter()
                .map(|failure| TestResult {
                    name: "t".to_owned(),
                    failure: failure.map(str::to_owned),
                })
                .collect(),
            is_complete,
        }
    }

    #[test]
    fn only_a_complete_run_of_passing_tests_passes() {
        assert!(judgement(&[None, None], true).passed());
        assert_eq!(judgement(&[None], true).failure(), None);
        for (failures, is_complete) in [
            (&[][..], true),
            (&[None], false),
            (&[None, Some("1 is not 2")], true),
        ] {
            let judged = judgement(failures, is_complete);
            assert!(!judged.passed());
            assert!(judged.failure().is_some());
        }
        assert!(!Judgement::unavailable("no tier").passed());
    }

    #[test]
    fn a_failure_names_the_first_thing_that_went_wrong() {
        let judged = judgement(&[None, Some("1 is not 2"), Some("later")], true);
        assert_eq!(judged.failure().as_deref(), Some("t: 1 is not 2"));
        assert_eq!(
            Judgement::unavailable("no tier").failure().as_deref(),
            Some("no tier")
        );
    }
}
