//! A token bucket for each client address, so that nobody guesses passwords at speed.

use std::collections::HashMap;
use std::net::{IpAddr, Ipv6Addr};
use std::sync::{Mutex, PoisonError};

use domain::Timestamp;

/// Addresses remembered at most; when there are more, those that would be allowed again are forgotten first.
const ADDRESSES_MAX: usize = 10_000;

/// Allows each address a burst, then a steady rate.
pub(crate) struct RateLimiter {
    burst: f64,
    per_second: f64,
    buckets: Mutex<HashMap<IpAddr, Bucket>>,
}

#[derive(Clone, Copy)]
struct Bucket {
    left: f64,
    at: Timestamp,
}

impl RateLimiter {
    pub(crate) fn new(burst: u32, per_second: u32) -> Self {
        let (burst, per_second) = (f64::from(burst.max(1)), f64::from(per_second.max(1)));
        Self {
            burst,
            per_second,
            buckets: Mutex::new(HashMap::new()),
        }
    }

    /// Takes one attempt of `address`; fails with the whole seconds to wait, at least one.
    pub(crate) fn take(&self, address: IpAddr, now: Timestamp) -> Result<(), u64> {
        let mut buckets = self.buckets.lock().unwrap_or_else(PoisonError::into_inner);
        let key = network_of(address);
        if buckets.len() >= ADDRESSES_MAX && !buckets.contains_key(&key) {
            self.forget_some(&mut buckets, now);
        }
        let bucket = buckets.entry(key).or_insert(Bucket {
            left: self.burst,
            at: now,
        });
        let left = self.refilled(*bucket, now);
        *bucket = Bucket {
            left: if left >= 1.0 { left - 1.0 } else { left },
            at: now,
        };
        if left >= 1.0 {
            return Ok(());
        }
        let wait_s = ((1.0 - left) / self.per_second).ceil().max(1.0);
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "between 1 and 1 / per_second, rounded up"
        )]
        Err(wait_s as u64)
    }

    fn refilled(&self, bucket: Bucket, now: Timestamp) -> f64 {
        let elapsed_ms = now
            .millis()
            .saturating_sub(bucket.at.millis())
            .clamp(0, 3_600_000);
        let elapsed_ms = f64::from(i32::try_from(elapsed_ms).unwrap_or(3_600_000));
        (bucket.left + elapsed_ms / 1000.0 * self.per_second).min(self.burst)
    }

    /// Full buckets say nothing; if every one is in use, all start afresh rather than take more memory.
    fn forget_some(&self, buckets: &mut HashMap<IpAddr, Bucket>, now: Timestamp) {
        buckets.retain(|_, bucket| self.refilled(*bucket, now) < self.burst);
        if buckets.len() >= ADDRESSES_MAX {
            buckets.clear();
        }
    }
}

/// One subscriber has a whole /64 of IPv6, so that is what is counted.
fn network_of(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V4(address) => IpAddr::V4(address),
        IpAddr::V6(address) => IpAddr::V6(Ipv6Addr::from_bits(
            address.to_bits() & !u128::from(u64::MAX),
        )),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ip(text: &str) -> IpAddr {
        text.parse().unwrap()
    }

    #[test]
    fn a_burst_then_a_steady_rate_for_each_address() {
        let limiter = RateLimiter::new(3, 2);
        let now = Timestamp::from_millis(1_000);
        assert!((0..3).all(|_| limiter.take(ip("10.0.0.1"), now).is_ok()));
        assert_eq!(limiter.take(ip("10.0.0.1"), now), Err(1));
        assert_eq!(limiter.take(ip("10.0.0.2"), now), Ok(()));
        assert_eq!(limiter.take(ip("10.0.0.1"), now.plus_seconds(1)), Ok(()));
        assert_eq!(limiter.take(ip("10.0.0.1"), now.plus_seconds(1)), Ok(()));
        assert_eq!(limiter.take(ip("10.0.0.1"), now.plus_seconds(1)), Err(1));
    }

    #[test]
    fn a_refused_attempt_costs_nothing_and_a_clock_set_back_gives_nothing() {
        let limiter = RateLimiter::new(1, 1);
        let now = Timestamp::from_millis(60_000);
        assert_eq!(limiter.take(ip("::1"), now), Ok(()));
        assert!((0..50).all(|_| limiter.take(ip("::1"), now).is_err()));
        assert!(limiter.take(ip("::1"), Timestamp::from_millis(0)).is_err());
        assert_eq!(
            limiter.take(ip("::1"), Timestamp::from_millis(1_000)),
            Ok(())
        );
    }

    #[test]
    fn neighbours_of_one_ipv6_network_share_a_bucket_and_memory_is_bounded() {
        let limiter = RateLimiter::new(1, 1);
        let now = Timestamp::from_millis(0);
        assert_eq!(limiter.take(ip("2001:db8::1"), now), Ok(()));
        assert!(limiter.take(ip("2001:db8::2"), now).is_err());
        for n in 0..25_000_u32 {
            let _ = limiter.take(IpAddr::V4(n.into()), now);
        }
        assert!(limiter.buckets.lock().unwrap().len() <= ADDRESSES_MAX);
    }
}
