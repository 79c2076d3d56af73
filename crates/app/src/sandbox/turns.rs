//! Fair use: an account runs a few programs at once, the rest of its runs wait in the order they came, and no more wait than may.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use domain::id::AccountId;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// Programs of one account that run at once.
pub const RUNS_AT_ONCE: usize = 2;

/// Programs of one account that wait at most.
pub const RUNS_WAITING_MAX: usize = 16;

/// Accounts remembered before those without a run are forgotten.
const ACCOUNTS_KEPT: usize = 1024;

/// Whose turn it is.
#[derive(Default)]
pub(super) struct Turns {
    lines: Mutex<HashMap<AccountId, Arc<Line>>>,
}

/// The line of one account.
struct Line {
    /// Places to run and to wait.
    places: Arc<Semaphore>,
    /// Places to run, given in the order they were asked for.
    seats: Arc<Semaphore>,
}

/// The right to run one program; ends when it is dropped.
pub(super) struct Turn {
    _line: Arc<Line>,
    _seat: OwnedSemaphorePermit,
    _place: OwnedSemaphorePermit,
}

impl Turns {
    /// Waits for a turn; `None` when the line is full.
    pub(super) async fn wait(&self, account: AccountId) -> Option<Turn> {
        let line = self.line(account);
        let place = line.places.clone().try_acquire_owned().ok()?;
        // The semaphore is never closed, so this ends with a seat.
        let seat = line.seats.clone().acquire_owned().await.ok()?;
        Some(Turn {
            _line: line,
            _seat: seat,
            _place: place,
        })
    }

    fn line(&self, account: AccountId) -> Arc<Line> {
        let mut lines = self.lines.lock().unwrap_or_else(PoisonError::into_inner);
        if lines.len() >= ACCOUNTS_KEPT {
            lines.retain(|_, line| Arc::strong_count(line) > 1);
        }
        let line = lines.entry(account).or_insert_with(|| {
            Arc::new(Line {
                places: Arc::new(Semaphore::new(RUNS_AT_ONCE + RUNS_WAITING_MAX)),
                seats: Arc::new(Semaphore::new(RUNS_AT_ONCE)),
            })
        });
        line.clone()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use futures::FutureExt;
    use uuid::Uuid;

    fn account(number: u128) -> AccountId {
        AccountId(Uuid::from_u128(number))
    }

    #[tokio::test]
    async fn the_third_run_waits_for_one_to_end_and_other_accounts_do_not() {
        let turns = Turns::default();
        let first = turns.wait(account(1)).await.unwrap();
        let _second = turns.wait(account(1)).await.unwrap();
        let mut third = Box::pin(turns.wait(account(1)));
        assert!(third.as_mut().now_or_never().is_none());
        assert!(turns.wait(account(2)).now_or_never().flatten().is_some());
        drop(first);
        assert!(third.now_or_never().flatten().is_some());
    }

    #[tokio::test]
    async fn a_full_line_is_refused_and_opens_again() {
        let turns = Turns::default();
        let mut running = Vec::new();
        for _ in 0..RUNS_AT_ONCE {
            running.push(turns.wait(account(1)).await.unwrap());
        }
        let mut waiting = Vec::new();
        for _ in 0..RUNS_WAITING_MAX {
            let mut wait = Box::pin(turns.wait(account(1)));
            assert!(wait.as_mut().now_or_never().is_none());
            waiting.push(wait);
        }
        let refused = turns.wait(account(1)).now_or_never();
        assert!(matches!(refused, Some(None)), "refused at once");
        // One that gives up leaves its place to another.
        waiting.pop();
        assert!(turns.wait(account(1)).now_or_never().is_none());
    }

    #[tokio::test]
    async fn accounts_without_a_run_are_forgotten() {
        let turns = Turns::default();
        let _kept = turns.wait(account(0)).await.unwrap();
        for number in 1..=2 * ACCOUNTS_KEPT as u128 {
            turns.wait(account(number)).await.unwrap();
        }
        let lines = turns.lines.lock().unwrap();
        assert!(lines.len() <= ACCOUNTS_KEPT && lines.contains_key(&account(0)));
    }
}
