//! Running programs on the wire: the request, what came of it, and what the sandbox says about itself.

use std::time::Duration;

use app::sandbox::{RunCounts, SandboxReport};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use domain::Language;
use domain::sandbox::{
    AttackResult, ErrorPlace as DomainErrorPlace, Judgement, Layer, Limits, PROGRAM_BYTES_MAX,
    Program, RunOutcome, RunStatus, TestResult, TierReport, TierState,
};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::fields::{PlainField, TextField, in_range, milliseconds};
use super::names::{LanguageName, Name, RunStatusName, StateOfTier, TierName, TierStateName};
use super::sandbox_tests::{GivenTests, tests_schema};
use crate::problem::Problem;

/// Shortest and longest time a program may be given, milliseconds.
const TIMEOUT_MS: (u32, u32) = (100, 10_000);

/// A program to be run.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({
    "language": "python", "code": "def double(n):\n    return 2 * n\n\nprint(double(int(input())))", "stdin": "21\n",
    "tests": "assert double(2) == 4\nassert double(0) == 0"
}))]
pub(crate) struct RunRequest {
    /// Its language.
    language: LanguageName,
    /// Its code.
    #[schema(value_type = String, min_length = 1, max_length = 65536, pattern = r"^[^\u0000]*[^\s\u0000][^\u0000]*$")]
    code: TextField<PROGRAM_BYTES_MAX>,
    /// What it reads from standard input.
    #[schema(value_type = Option<String>, max_length = 65536, pattern = r"^[^\u0000]*$")]
    stdin: Option<PlainField<PROGRAM_BYTES_MAX>>,
    /// What it is measured by.
    #[schema(schema_with = tests_schema)]
    tests: Option<GivenTests>,
    /// Time it may take, milliseconds; 5000 when left out.
    #[schema(minimum = 100, maximum = 10000)]
    timeout_ms: Option<u32>,
}

impl RunRequest {
    /// The program, and what it is measured by.
    pub(crate) fn into_parts(self) -> Result<(Program, Option<GivenTests>), Problem> {
        let mut limits = Limits::default();
        if let Some(timeout_ms) = self.timeout_ms {
            let (least, most) = TIMEOUT_MS;
            let timeout_ms = in_range("timeout_ms", timeout_ms, least, most)?;
            limits.wall = Duration::from_millis(timeout_ms.into());
        }
        let program = Program {
            language: self.language.0,
            code: self.code.0.into_string(),
            stdin: self.stdin.unwrap_or_default().0,
            limits,
        };
        Ok((program, self.tests))
    }
}

/// What came of a run.
#[derive(Serialize, ToSchema)]
#[schema(example = json!({
    "status": "error", "tier": "wasm", "stdout": "", "stderr": "Traceback …\nZeroDivisionError: division by zero",
    "truncated": false, "duration_ms": 4.2, "error": {"line": 2, "message": "ZeroDivisionError: division by zero"},
    "figures": [], "reason": null, "tests": null
}))]
pub(crate) struct RunResponse {
    /// How it ended.
    status: RunStatusName,
    /// The tier that ran it; null when none did.
    #[schema(required)]
    tier: Option<TierName>,
    /// What it printed.
    stdout: String,
    /// What it printed as errors, the traceback included.
    stderr: String,
    /// Whether either was cut, because it was too long.
    truncated: bool,
    /// Time it took, milliseconds.
    duration_ms: f64,
    /// Where it went wrong, when that is a line of the program.
    #[schema(required)]
    error: Option<ErrorPlace>,
    /// What it drew, in order: PNG in base64.
    figures: Vec<String>,
    /// Why it was stopped or not run, and what to do.
    #[schema(required)]
    reason: Option<String>,
    /// What came of the tests; null when none were given.
    #[schema(required)]
    tests: Option<TestReport>,
}

/// Where in a program an error came up.
#[derive(Serialize, ToSchema)]
pub(crate) struct ErrorPlace {
    /// Line of the program, from 1.
    #[schema(minimum = 1)]
    line: u32,
    /// The error as one line.
    message: String,
}

/// What came of the tests.
#[derive(Serialize, ToSchema)]
#[schema(example = json!({
    "passed": false, "total": 2, "failed": 1, "complete": true,
    "results": [{"name": "assert double(2) == 4", "failure": null}, {"name": "assert double(0) == 1", "failure": "0 is not 1"}]
}))]
pub(crate) struct TestReport {
    /// Whether all were reached and passed. Never depends on what the program printed.
    passed: bool,
    /// Tests that were reached.
    total: usize,
    /// Of these, tests that failed.
    failed: usize,
    /// Whether every test was reached.
    complete: bool,
    /// The tests that were reached, in order.
    results: Vec<TestResponse>,
}

/// One test.
#[derive(Serialize, ToSchema)]
pub(crate) struct TestResponse {
    /// The test as a reader finds it.
    name: String,
    /// What was wrong; null when it passed.
    #[schema(required)]
    failure: Option<String>,
}

impl From<RunOutcome> for RunResponse {
    fn from(outcome: RunOutcome) -> Self {
        let figures = outcome.figures.iter();
        Self {
            status: Name(outcome.status),
            tier: outcome.tier.map(Name),
            stdout: outcome.stdout,
            stderr: outcome.stderr,
            truncated: outcome.is_cut,
            duration_ms: milliseconds(outcome.duration),
            error: outcome.error.map(ErrorPlace::from),
            figures: figures.map(|figure| BASE64.encode(&figure.png)).collect(),
            reason: outcome.reason,
            tests: None,
        }
    }
}

impl From<Judgement> for RunResponse {
    fn from(judgement: Judgement) -> Self {
        let passed = judgement.passed();
        let failure = judgement.failure();
        let tests = judgement.tests;
        let failed = tests.iter().filter(|test| test.failure.is_some()).count();
        let mut response = Self::from(judgement.run);
        if response.status.0 == RunStatus::Ok && !passed {
            response.status = Name(RunStatus::Error);
            // A test that failed says why itself.
            if failed == 0 && response.error.is_none() {
                response.reason = response.reason.or(failure);
            }
        }
        response.tests = Some(TestReport {
            passed,
            total: tests.len(),
            failed,
            complete: judgement.is_complete,
            results: tests.into_iter().map(TestResponse::from).collect(),
        });
        response
    }
}

impl From<DomainErrorPlace> for ErrorPlace {
    fn from(place: DomainErrorPlace) -> Self {
        Self {
            line: place.line,
            message: place.message,
        }
    }
}

impl From<TestResult> for TestResponse {
    fn from(test: TestResult) -> Self {
        Self {
            name: test.name,
            failure: test.failure,
        }
    }
}

/// What the sandbox says about itself.
#[derive(Serialize, ToSchema)]
#[schema(example = json!({
    "tiers": [{
        "tier": "wasm", "state": "ready", "reason": null, "languages": ["python", "javascript", "sql"],
        "layers": [{"name": "WebAssembly", "holds": true, "required": true, "detail": "no files, network or processes exist in it"}],
        "attacks": [{"name": "read /etc/passwd", "stopped": true, "detail": "PermissionError"}], "duration_ms": 412.7
    }],
    "runs": {"ok": 12, "failed": 3, "stopped": 1, "unavailable": 0}
}))]
pub(crate) struct SandboxResponse {
    /// Its tiers, in the order they are preferred.
    tiers: Vec<TierResponse>,
    /// The runs since the server started.
    runs: RunCountsResponse,
}

/// What a tier says about itself.
#[derive(Serialize, ToSchema)]
pub(crate) struct TierResponse {
    /// Which.
    tier: TierName,
    /// Whether it is used.
    state: TierStateName,
    /// Why it is not used, and what to do.
    #[schema(required)]
    reason: Option<String>,
    /// What it can run.
    languages: Vec<LanguageName>,
    /// Its walls.
    layers: Vec<LayerResponse>,
    /// The hostile programs it was tried with.
    attacks: Vec<AttackResponse>,
    /// How long preparation and self-test took, milliseconds.
    duration_ms: f64,
}

/// One wall of a tier.
#[derive(Serialize, ToSchema)]
pub(crate) struct LayerResponse {
    /// What it is.
    name: &'static str,
    /// Whether it holds on this machine.
    holds: bool,
    /// Whether the tier is not used without it.
    required: bool,
    /// What it keeps out, or why it is missing.
    detail: String,
}

/// One hostile program.
#[derive(Serialize, ToSchema)]
pub(crate) struct AttackResponse {
    /// What it tried.
    name: &'static str,
    /// Whether it was kept in.
    stopped: bool,
    /// How it ended.
    detail: String,
}

/// Runs since the server started, by how they ended.
#[derive(Serialize, ToSchema)]
pub(crate) struct RunCountsResponse {
    /// By themselves, without an error; tests may have failed.
    ok: u64,
    /// With an error of the program.
    failed: u64,
    /// Stopped: out of time or memory, or for what is not allowed.
    stopped: u64,
    /// Not run.
    unavailable: u64,
}

impl From<SandboxReport> for SandboxResponse {
    fn from(report: SandboxReport) -> Self {
        let RunCounts {
            ok,
            failed,
            stopped,
            unavailable,
        } = report.runs;
        Self {
            tiers: report.tiers.into_iter().map(TierResponse::from).collect(),
            runs: RunCountsResponse {
                ok,
                failed,
                stopped,
                unavailable,
            },
        }
    }
}

impl From<TierReport> for TierResponse {
    fn from(report: TierReport) -> Self {
        let (state, reason) = match report.state {
            TierState::Preparing => (StateOfTier::Preparing, None),
            TierState::Ready => (StateOfTier::Ready, None),
            TierState::Unavailable(reason) => (StateOfTier::Unavailable, Some(reason)),
        };
        let languages = report.languages.into_iter();
        Self {
            tier: Name(report.tier),
            state: Name(state),
            reason,
            languages: languages.map(Name::<Language>).collect(),
            layers: report.layers.into_iter().map(LayerResponse::from).collect(),
            attacks: report
                .attacks
                .into_iter()
                .map(AttackResponse::from)
                .collect(),
            duration_ms: milliseconds(report.duration),
        }
    }
}

impl From<Layer> for LayerResponse {
    fn from(layer: Layer) -> Self {
        Self {
            name: layer.name,
            holds: layer.holds,
            required: layer.is_required,
            detail: layer.detail,
        }
    }
}

impl From<AttackResult> for AttackResponse {
    fn from(attack: AttackResult) -> Self {
        Self {
            name: attack.name,
            stopped: attack.is_stopped,
            detail: attack.detail,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn judged(failures: &[Option<&str>], is_complete: bool) -> RunResponse {
        let results = failures.iter().map(|failure| TestResult {
            name: "t".to_owned(),
            failure: failure.map(str::to_owned),
        });
        Judgement {
            run: RunOutcome {
                status: RunStatus::Ok,
                reason: None,
                ..RunOutcome::unavailable("")
            },
            tests: results.collect(),
            is_complete,
        }
        .into()
    }

    #[test]
    fn a_failed_test_is_an_error_and_a_missing_one_says_so() {
        let passed = judged(&[None], true);
        assert_eq!((passed.status.0, passed.reason), (RunStatus::Ok, None));
        let failed = judged(&[None, Some("1 is not 2")], true);
        assert_eq!((failed.status.0, failed.reason), (RunStatus::Error, None));
        assert_eq!(
            failed.tests.map(|tests| (tests.total, tests.failed)),
            Some((2, 1))
        );
        let cut_short = judged(&[None], false);
        assert_eq!(cut_short.status.0, RunStatus::Error);
        assert!(cut_short.reason.is_some());
    }

    #[test]
    fn figures_are_base64_and_times_have_microseconds() {
        let outcome = RunOutcome {
            figures: vec![domain::sandbox::Figure {
                png: vec![0x89, b'P', b'N', b'G'],
            }],
            duration: Duration::from_nanos(4_212_345),
            ..RunOutcome::unavailable("")
        };
        let response = RunResponse::from(outcome);
        assert_eq!(response.figures, ["iVBORw=="]);
        assert!((response.duration_ms - 4.212).abs() < 1e-9);
    }
}
