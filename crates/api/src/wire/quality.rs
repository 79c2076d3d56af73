//! How well answers did, on the wire.

use domain::Timestamp;
use domain::quality::{CheckCounts, Tally};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::fields::{in_range, rfc3339};
use crate::problem::Problem;

/// Days that are counted when the request does not say how many.
const DAYS_DEFAULT: u32 = 30;

/// How far to look back.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct QualityParams {
    /// Days to count, today included.
    #[param(minimum = 1, maximum = 366, default = 30)]
    days: Option<u32>,
}

impl QualityParams {
    pub(crate) fn days(&self) -> Result<u32, Problem> {
        let days = self.days.unwrap_or(DAYS_DEFAULT);
        in_range("days", days, 1, app::quality::DAYS_MAX)
    }
}

/// How well answers with code did.
#[derive(Serialize, ToSchema)]
#[schema(example = json!({
    "rows": [{
        "day": "2026-11-20", "brain": "LIBRARY", "answers": 12, "syntax_passed": 12, "syntax_failed": 0,
        "execution_passed": 9, "execution_failed": 1, "execution_verified": 2, "execution_unavailable": 0, "attempts": 13
    }],
    "totals": {
        "answers": 12, "syntax_passed": 12, "syntax_failed": 0, "execution_passed": 9, "execution_failed": 1,
        "execution_verified": 2, "execution_unavailable": 0, "attempts": 13, "syntax_rate": 1.0, "execution_rate": 0.9
    }
}))]
pub(crate) struct QualityResponse {
    /// Newest day first; days and brains without an answer with code are left out.
    rows: Vec<QualityRow>,
    /// All of it together.
    totals: QualityTotals,
}

/// One brain's answers with code on one day.
#[derive(Serialize, ToSchema)]
pub(crate) struct QualityRow {
    /// The day, UTC.
    #[schema(format = Date)]
    day: String,
    /// Which part answered.
    brain: String,
    /// The counts.
    #[serde(flatten)]
    counts: QualityCounts,
}

/// All answers with code together.
#[derive(Serialize, ToSchema)]
pub(crate) struct QualityTotals {
    /// The counts.
    #[serde(flatten)]
    counts: QualityCounts,
    /// Share of checked code that parses, 0 to 1; null when none was checked.
    #[schema(required, minimum = 0, maximum = 1)]
    syntax_rate: Option<f64>,
    /// Share of code that was run and passed, 0 to 1; null when none was run.
    #[schema(required, minimum = 0, maximum = 1)]
    execution_rate: Option<f64>,
}

/// Counts of checks.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, ToSchema)]
pub(crate) struct QualityCounts {
    /// Answers with code.
    answers: u64,
    /// Of these, whose code parses.
    syntax_passed: u64,
    /// Of these, whose code does not parse.
    syntax_failed: u64,
    /// Whose code was run and did what it should.
    execution_passed: u64,
    /// Whose code was run and did not.
    execution_failed: u64,
    /// Whose tests passed when the source was made, and were not repeated.
    execution_verified: u64,
    /// Whose code could not be run here.
    execution_unavailable: u64,
    /// Drafts that were tried for these answers.
    attempts: u64,
}

impl QualityCounts {
    fn plus(self, other: Self) -> Self {
        Self {
            answers: self.answers.saturating_add(other.answers),
            syntax_passed: self.syntax_passed.saturating_add(other.syntax_passed),
            syntax_failed: self.syntax_failed.saturating_add(other.syntax_failed),
            execution_passed: self.execution_passed.saturating_add(other.execution_passed),
            execution_failed: self.execution_failed.saturating_add(other.execution_failed),
            execution_verified: self
                .execution_verified
                .saturating_add(other.execution_verified),
            execution_unavailable: self
                .execution_unavailable
                .saturating_add(other.execution_unavailable),
            attempts: self.attempts.saturating_add(other.attempts),
        }
    }
}

impl From<&CheckCounts> for QualityCounts {
    fn from(counts: &CheckCounts) -> Self {
        let (syntax, execution): (&Tally, &Tally) = (&counts.syntax, &counts.execution);
        Self {
            answers: counts.answers,
            syntax_passed: syntax.passed,
            syntax_failed: syntax.failed,
            execution_passed: execution.passed,
            execution_failed: execution.failed,
            execution_verified: execution.verified,
            execution_unavailable: execution.unavailable,
            attempts: counts.attempts,
        }
    }
}

impl From<Vec<CheckCounts>> for QualityResponse {
    fn from(counted: Vec<CheckCounts>) -> Self {
        let total = counted
            .iter()
            .map(QualityCounts::from)
            .fold(QualityCounts::default(), QualityCounts::plus);
        let rows = counted.iter().map(|counts| QualityRow {
            day: day(counts.day),
            brain: counts.brain.to_string(),
            counts: counts.into(),
        });
        Self {
            rows: rows.collect(),
            totals: QualityTotals {
                syntax_rate: rate(total.syntax_passed, total.syntax_failed),
                execution_rate: rate(total.execution_passed, total.execution_failed),
                counts: total,
            },
        }
    }
}

/// The day of a moment, UTC: the date of RFC 3339.
fn day(moment: Timestamp) -> String {
    let moment = rfc3339(moment);
    moment
        .split_once('T')
        .map_or_else(String::new, |(day, _)| day.to_owned())
}

/// The share of `good`; `None` when there is neither.
#[expect(
    clippy::cast_precision_loss,
    reason = "a share of more than 2^52 answers need not be exact"
)]
fn rate(good: u64, bad: u64) -> Option<f64> {
    let all = good.saturating_add(bad);
    (all > 0).then(|| good as f64 / all as f64)
}

#[cfg(test)]
mod tests {
    use super::*;
    use domain::ask::Brain;

    fn counted(passed: u64, failed: u64) -> CheckCounts {
        CheckCounts {
            day: Timestamp::from_millis(1_795_132_800_000),
            brain: Brain::Library,
            answers: passed + failed,
            syntax: Tally {
                passed: passed + failed,
                ..Tally::default()
            },
            execution: Tally {
                passed,
                failed,
                ..Tally::default()
            },
            attempts: passed + failed,
        }
    }

    #[test]
    fn rows_add_up_to_totals_with_shares() {
        let response = QualityResponse::from(vec![counted(2, 1), counted(1, 0)]);
        assert_eq!(response.rows.len(), 2);
        assert_eq!(
            response.rows.first().map(|row| row.day.as_str()),
            Some("2026-11-20")
        );
        assert_eq!(response.totals.counts.answers, 4);
        assert_eq!(response.totals.execution_rate, Some(0.75));
    }

    #[test]
    fn nothing_has_no_share() {
        let response = QualityResponse::from(Vec::new());
        assert_eq!(
            (response.totals.syntax_rate, response.totals.execution_rate),
            (None, None)
        );
        assert_eq!(rate(u64::MAX, 1), Some(1.0));
    }
}
