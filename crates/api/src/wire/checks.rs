//! What was checked of an answer or a lesson, on the wire.

use std::time::Duration;

use domain::ask::Checks as DomainChecks;
use serde::Serialize;
use utoipa::ToSchema;

use super::fields::milliseconds;
use super::names::{CheckName, Name};

/// What was checked.
#[derive(Serialize, ToSchema)]
#[schema(example = json!({
    "syntax": "passed", "execution": "passed", "notes": ["The code parses as Python."], "tests_passed": 4, "tests_total": 4,
    "attempts": 1, "duration_ms": 5.1
}))]
pub(crate) struct Checks {
    /// Whether the code parses.
    syntax: CheckName,
    /// Whether the code did what it should when it was run.
    execution: CheckName,
    /// What happened, as sentences.
    notes: Vec<String>,
    /// Tests that passed when the code was run for this answer.
    tests_passed: u32,
    /// Tests that were reached when the code was run for this answer.
    tests_total: u32,
    /// Drafts that were tried, this one included; 0 when the answer has no code of this program's.
    attempts: u32,
    /// Time the runs took together, milliseconds; 0 when nothing was run.
    duration_ms: f64,
}

impl From<DomainChecks> for Checks {
    fn from(checks: DomainChecks) -> Self {
        Self {
            syntax: Name(checks.syntax),
            execution: Name(checks.execution),
            notes: checks.notes,
            tests_passed: checks.tests_passed,
            tests_total: checks.tests_total,
            attempts: checks.attempts,
            duration_ms: milliseconds(Duration::from_micros(checks.duration_us)),
        }
    }
}
