//! Whether a back end is worth asking: after several failures in a row it is left alone for a while, and asked for its models
//! before it is trusted again.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// Failures in a row after which a back end is left alone.
const FAILURES_MAX: u32 = 3;
/// The first time that it is left alone; doubled with every further failure.
const PAUSE_FIRST: Duration = Duration::from_secs(2);
/// The longest time that it is left alone.
const PAUSE_MAX: Duration = Duration::from_mins(1);

/// What is known of a back end.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BackendHealth {
    /// Failures since it last answered.
    pub failures: u32,
    /// Whether it is left alone at the moment.
    pub is_paused: bool,
    /// What it last failed with.
    pub last_error: Option<String>,
}

/// What to do with a back end now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Advice {
    /// Ask it.
    Ask,
    /// Look whether it answers at all, then ask it.
    CheckFirst,
    /// Leave it alone for so long.
    Wait(Duration),
}

/// Counts failures.
#[derive(Debug, Default)]
pub(super) struct Health(Mutex<State>);

#[derive(Debug, Default)]
struct State {
    failures: u32,
    paused_until: Option<Instant>,
    last_error: Option<String>,
}

impl Health {
    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn advice(&self, now: Instant) -> Advice {
        let state = self.state();
        match state.paused_until {
            None => Advice::Ask,
            Some(until) => match until.checked_duration_since(now) {
                Some(left) if !left.is_zero() => Advice::Wait(left),
                _ => Advice::CheckFirst,
            },
        }
    }

    pub(super) fn report(&self, now: Instant) -> BackendHealth {
        let is_paused = matches!(self.advice(now), Advice::Wait(_));
        let state = self.state();
        BackendHealth {
            failures: state.failures,
            is_paused,
            last_error: state.last_error.clone(),
        }
    }

    pub(super) fn succeeded(&self) {
        *self.state() = State::default();
    }

    pub(super) fn failed(&self, reason: &str, now: Instant) {
        let mut state = self.state();
        state.failures = state.failures.saturating_add(1);
        state.last_error = Some(reason.to_owned());
        if let Some(more) = state.failures.checked_sub(FAILURES_MAX) {
            let pause = PAUSE_FIRST.saturating_mul(1 << more.min(10)).min(PAUSE_MAX);
            state.paused_until = Some(now + pause);
        }
    }

    /// It asked to be left alone.
    pub(super) fn asked_for_pause(&self, pause: Duration, reason: &str, now: Instant) {
        let mut state = self.state();
        state.last_error = Some(reason.to_owned());
        state.paused_until = Some(now + pause.min(PAUSE_MAX));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_back_end_that_fails_is_left_alone_longer_and_longer() {
        let health = Health::default();
        let mut now = Instant::now();
        for _ in 0..2 {
            health.failed("no", now);
            assert_eq!(health.advice(now), Advice::Ask);
        }
        for seconds in [2, 4, 8, 16, 32, 60, 60] {
            health.failed("no", now);
            assert_eq!(
                health.advice(now),
                Advice::Wait(Duration::from_secs(seconds))
            );
            assert!(health.report(now).is_paused);
            now += Duration::from_secs(seconds);
            assert_eq!(health.advice(now), Advice::CheckFirst);
        }
        health.succeeded();
        assert_eq!(health.advice(now), Advice::Ask);
        assert_eq!(health.report(now).failures, 0);
    }

    #[test]
    fn a_back_end_is_left_alone_as_long_as_it_asks_but_not_for_ever() {
        let health = Health::default();
        let now = Instant::now();
        health.asked_for_pause(Duration::from_secs(7), "busy", now);
        assert_eq!(health.advice(now), Advice::Wait(Duration::from_secs(7)));
        health.asked_for_pause(Duration::from_secs(7000), "busy", now);
        assert_eq!(health.advice(now), Advice::Wait(PAUSE_MAX));
        assert_eq!(health.report(now).last_error.as_deref(), Some("busy"));
    }
}
