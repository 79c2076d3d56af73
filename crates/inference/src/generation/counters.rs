//! What the models of this machine have done since the start, for metrics, and how fast one writes now.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use domain::models::ModelName;

use crate::engine::generator::frame::FinishedReport;

/// Seconds over which a speed is the mean.
const METER_SECONDS: usize = 5;

/// Sums since the start.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Counters {
    /// Requests for texts that were taken.
    pub requests: u64,
    /// Requests that were answered to their end.
    pub finished: u64,
    /// Requests that failed after they were taken.
    pub failed: u64,
    /// Requests whose callers left.
    pub left: u64,
    /// Requests that were tried a second time because an engine died.
    pub retried: u64,
    /// Engine processes started.
    pub loads: u64,
    /// Engine processes ended to make room, when idle, or by request.
    pub unloads: u64,
    /// Engine processes that could not start or ended by themselves.
    pub engine_deaths: u64,
    /// Sums of each model that finished a request.
    pub models: BTreeMap<ModelName, ModelCounters>,
}

/// Sums of one model's finished requests.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct ModelCounters {
    /// Requests.
    pub finished: u64,
    /// Tokens of their prompts.
    pub prompt_tokens: u64,
    /// Tokens written.
    pub new_tokens: u64,
    /// Time from the request to its start, microseconds.
    pub waiting_us: u64,
    /// Time for prompts, microseconds.
    pub prompt_us: u64,
    /// Time for texts, microseconds.
    pub writing_us: u64,
}

impl Counters {
    pub(super) fn add_finished(
        &mut self,
        model: &ModelName,
        report: &FinishedReport,
        prompt_tokens: u32,
        waited: Duration,
    ) {
        self.finished += 1;
        let sums = self.models.entry(model.clone()).or_default();
        sums.finished += 1;
        sums.prompt_tokens += u64::from(prompt_tokens);
        sums.new_tokens += u64::from(report.new_tokens);
        sums.waiting_us += u64::try_from(waited.as_micros()).unwrap_or(u64::MAX);
        sums.prompt_us += report.prompt_us;
        sums.writing_us += report.writing_us;
    }
}

/// Takes a lock; every change under it is complete, so a panic elsewhere does not spoil it.
pub(super) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Tokens of the last seconds.
#[derive(Debug)]
pub(super) struct Meter {
    begin: Instant,
    seconds: Mutex<Seconds>,
}

#[derive(Debug, Default)]
struct Seconds {
    /// The second whose tokens were counted last.
    last: u64,
    counts: [u32; METER_SECONDS + 1],
}

impl Meter {
    pub(super) fn new() -> Self {
        Self {
            begin: Instant::now(),
            seconds: Mutex::default(),
        }
    }

    pub(super) fn add(&self, tokens: usize) {
        let tokens = u32::try_from(tokens).unwrap_or(u32::MAX);
        lock(&self.seconds).add(self.begin.elapsed().as_secs(), tokens);
    }

    /// Tokens a second, the running second left out unless it is the first.
    pub(super) fn rate(&self) -> f32 {
        let elapsed = self.begin.elapsed();
        lock(&self.seconds).rate(elapsed)
    }
}

impl Seconds {
    fn place(second: u64) -> usize {
        usize::try_from(second % (METER_SECONDS as u64 + 1)).expect("BUG: less than seven")
    }

    fn advance(&mut self, now: u64) {
        let passed = now.saturating_sub(self.last).min(METER_SECONDS as u64 + 1);
        for second in 0..passed {
            self.counts[Self::place(now - second)] = 0;
        }
        self.last = self.last.max(now);
    }

    fn add(&mut self, now: u64, tokens: u32) {
        self.advance(now);
        let count = &mut self.counts[Self::place(now)];
        *count = count.saturating_add(tokens);
    }

    fn rate(&mut self, elapsed: Duration) -> f32 {
        let now = elapsed.as_secs();
        self.advance(now);
        let sum: u32 = self
            .counts
            .iter()
            .fold(0, |sum, count| sum.saturating_add(*count));
        #[expect(clippy::cast_precision_loss, reason = "a speed for people")]
        let (sum, whole) = (sum as f32, METER_SECONDS as f32);
        let seconds = elapsed.as_secs_f32();
        sum / (whole + seconds.fract()).min(seconds).max(1.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn after(millis: u64) -> Duration {
        Duration::from_millis(millis)
    }

    #[test]
    fn a_speed_is_that_of_the_last_seconds() {
        let mut seconds = Seconds::default();
        assert!(seconds.rate(after(0)).abs() < f32::EPSILON);
        for second in 0..20 {
            seconds.add(second, 10);
            seconds.add(second, 10);
        }
        assert!((seconds.rate(after(20_000)) - 20.0).abs() < 0.01);
        assert!(seconds.rate(after(22_000)) < 20.0);
        assert!(seconds.rate(after(26_000)).abs() < f32::EPSILON);
        assert!(seconds.rate(after(2_600_000)).abs() < f32::EPSILON);
        seconds.add(2601, 7);
        assert!(seconds.rate(after(2_601_500)) > 0.0);
    }
}
