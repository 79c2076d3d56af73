//! The one place that sleeps: a process is waited for from outside here, and a load needs calls at given times.

use std::time::Duration;

/// Sleeps for `duration`, exact to some tens of microseconds.
#[expect(
    clippy::disallowed_methods,
    reason = "another process has no channel to wait on"
)]
pub(super) fn pause(duration: Duration) {
    std::thread::sleep(duration);
}
