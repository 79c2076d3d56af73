//! The sandbox of a place that has none.

use async_trait::async_trait;
use domain::Language;
use domain::sandbox::{
    Judgement, Program, RunOutcome, Sandbox, Tests, Tier, TierReport, TierState,
};

/// Runs nothing, and says why.
#[derive(Debug, Clone)]
pub struct NoSandbox {
    reason: String,
}

impl NoSandbox {
    /// For this reason, as a clause without a full stop that says what to do.
    pub fn new(reason: impl Into<String>) -> Self {
        Self {
            reason: reason.into(),
        }
    }
}

#[async_trait]
impl Sandbox for NoSandbox {
    async fn run(&self, _: &Program) -> RunOutcome {
        RunOutcome::unavailable(&self.reason)
    }

    async fn judge(&self, _: &Program, _: &Tests) -> Judgement {
        Judgement::unavailable(&self.reason)
    }

    fn can_run(&self, _: Language) -> bool {
        false
    }

    async fn report(&self, _: bool) -> Vec<TierReport> {
        let absent = |tier| TierReport {
            tier,
            state: TierState::Unavailable(self.reason.clone()),
            languages: Vec::new(),
            layers: Vec::new(),
            attacks: Vec::new(),
            duration: std::time::Duration::ZERO,
        };
        Tier::ALL.map(absent).into()
    }
}
