//! What every supervisor of an engine process needs: the pause between attempts to start one, and the environment it runs in.

use std::num::NonZeroUsize;
use std::time::Duration;

/// Pause after the second failure in a row; it doubles with each further one. After the first there is none.
const PAUSE_FIRST: Duration = Duration::from_millis(100);
/// Longest pause between starts.
const PAUSE_MAX: Duration = Duration::from_secs(10);
/// libgomp's busy-waiting, in loop turns: free on an idle machine, and half the time of its default on a busy one.
const GOMP_SPINCOUNT: &str = "10000";

/// Pause after `failures` in a row.
pub(crate) fn pause_after(failures: u32) -> Duration {
    match failures.checked_sub(2) {
        None => Duration::ZERO,
        Some(exponent) => PAUSE_FIRST
            .saturating_mul(2_u32.saturating_pow(exponent))
            .min(PAUSE_MAX),
    }
}

/// The whole environment of an engine that computes with `threads` threads: none of the server's own, which may hold secrets.
pub(crate) fn engine_environment(threads: NonZeroUsize) -> [(&'static str, String); 3] {
    [
        ("GOMP_SPINCOUNT", GOMP_SPINCOUNT.to_owned()),
        ("OMP_NUM_THREADS", threads.to_string()),
        // Else a failed assertion looks for a debugger.
        ("GGML_NO_BACKTRACE", "1".to_owned()),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_grow_to_a_bound() {
        let pauses: Vec<u128> = [0, 1, 2, 3, 4, 8, 9, 40, u32::MAX]
            .map(|count| pause_after(count).as_millis())
            .to_vec();
        assert_eq!(pauses, [0, 0, 100, 200, 400, 6400, 10_000, 10_000, 10_000]);
    }
}
