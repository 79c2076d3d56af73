//! What the sandbox asks of a tier.

use async_trait::async_trait;
use domain::language::Language;
use domain::sandbox::{Judgement, Layer, Program, RunOutcome, Tests};

/// A way of running programs. Knows nothing of the other tiers; whether it may be used is decided outside of it.
#[async_trait]
pub(crate) trait TierRunner: Send + Sync {
    /// What it can run.
    fn languages(&self) -> Vec<Language>;

    /// Its walls, probed when it was made.
    fn layers(&self) -> Vec<Layer>;

    /// What it found out about this machine when it was made, for a later process to go by.
    fn known(&self) -> serde_json::Value {
        serde_json::Value::Null
    }

    /// Runs a program of one of its languages.
    async fn run(&self, program: &Program) -> RunOutcome;

    /// Judges a program of one of its languages. The program cannot reach the code that decides.
    async fn judge(&self, program: &Program, tests: &Tests) -> Judgement;
}
