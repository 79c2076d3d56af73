//! Time and randomness of this machine: the only place that asks the operating system for either.

use std::time::{SystemTime, UNIX_EPOCH};

use domain::id::Entropy;
use domain::{Clock, Timestamp};
use rand::TryRng as _;
use rand::rngs::SysRng;

/// The wall clock.
#[derive(Debug, Clone, Copy)]
pub(crate) struct SystemClock;

impl Clock for SystemClock {
    #[expect(
        clippy::disallowed_methods,
        reason = "this is the domain::Clock that everything else takes"
    )]
    fn now(&self) -> Timestamp {
        // A clock before 1970 is a machine without a battery; its first moment is as good as any.
        let since = SystemTime::now()
            .duration_since(UNIX_EPOCH)
            .unwrap_or_default();
        Timestamp::from_millis(i64::try_from(since.as_millis()).unwrap_or(i64::MAX))
    }
}

/// The operating system's random number generator.
#[derive(Debug, Clone, Copy)]
pub(crate) struct SystemEntropy;

impl Entropy for SystemEntropy {
    fn fill(&self, bytes: &mut [u8]) {
        // Without random bytes no identity and no key is safe, so going on would be worse than ending.
        SysRng
            .try_fill_bytes(bytes)
            .expect("BUG: the operating system always gives random bytes once it has started");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_clock_is_after_the_day_it_was_written_and_random_bytes_differ() {
        assert!(SystemClock.now() > Timestamp::from_millis(1_750_000_000_000));
        let (mut first, mut second) = ([0_u8; 16], [0_u8; 16]);
        SystemEntropy.fill(&mut first);
        SystemEntropy.fill(&mut second);
        assert_ne!(first, second);
    }
}
