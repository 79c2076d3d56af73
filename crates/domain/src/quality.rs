//! How well answers did: counts of their checks by day and brain, and the port that counts them. Nothing anybody wrote is in them.

use async_trait::async_trait;

use crate::ask::{Brain, CheckResult};
use crate::store::StoreError;
use crate::time::Timestamp;

/// How often each result came of one kind of check.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Tally {
    /// [`CheckResult::Passed`].
    pub passed: u64,
    /// [`CheckResult::Failed`].
    pub failed: u64,
    /// [`CheckResult::Verified`].
    pub verified: u64,
    /// [`CheckResult::NotApplicable`].
    pub not_applicable: u64,
    /// [`CheckResult::Unavailable`].
    pub unavailable: u64,
}

impl Tally {
    /// Counts `times` more of `result`; stays at the highest number rather than wrap.
    pub const fn add(&mut self, result: CheckResult, times: u64) {
        let count = match result {
            CheckResult::Passed => &mut self.passed,
            CheckResult::Failed => &mut self.failed,
            CheckResult::Verified => &mut self.verified,
            CheckResult::NotApplicable => &mut self.not_applicable,
            CheckResult::Unavailable => &mut self.unavailable,
        };
        *count = count.saturating_add(times);
    }
}

/// The checks of one brain's answers with code on one day.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CheckCounts {
    /// The day's beginning, UTC.
    pub day: Timestamp,
    /// Which part answered.
    pub brain: Brain,
    /// Stored answers with code.
    pub answers: u64,
    /// Whether the code parsed.
    pub syntax: Tally,
    /// Whether the code did what it should.
    pub execution: Tally,
    /// Drafts that were tried for these answers.
    pub attempts: u64,
}

/// Counts checks of stored answers. What was deleted or replaced no longer counts.
#[async_trait]
pub trait QualityStore: Send + Sync {
    /// The checks of answers with code from `from` up to but without `to`; newest day first, then by the brain's name.
    async fn count_checks(
        &self,
        from: Timestamp,
        to: Timestamp,
    ) -> Result<Vec<CheckCounts>, StoreError>;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_result_is_counted_by_itself() {
        let mut tally = Tally::default();
        tally.add(CheckResult::Passed, 2);
        tally.add(CheckResult::Passed, 1);
        tally.add(CheckResult::Unavailable, u64::MAX);
        tally.add(CheckResult::Unavailable, 1);
        assert_eq!((tally.passed, tally.failed), (3, 0));
        assert_eq!(tally.unavailable, u64::MAX);
    }
}
