//! Durations and what is said of them.

use std::time::Duration;

/// Measured durations, sorted.
#[derive(Debug, Clone)]
pub(crate) struct Sample(Vec<Duration>);

impl Sample {
    /// A sample of at least one duration.
    pub(crate) fn new(mut durations: Vec<Duration>) -> anyhow::Result<Self> {
        anyhow::ensure!(!durations.is_empty(), "nothing was measured");
        durations.sort_unstable();
        Ok(Self(durations))
    }

    pub(crate) fn len(&self) -> usize {
        self.0.len()
    }

    /// The smallest duration that at least `per_mille` thousandths of the sample do not exceed (nearest rank).
    pub(crate) fn quantile(&self, per_mille: usize) -> Duration {
        let rank = (self.0.len() * per_mille).div_ceil(1000);
        self.0[rank.clamp(1, self.0.len()) - 1]
    }

    pub(crate) fn median(&self) -> Duration {
        self.quantile(500)
    }

    pub(crate) fn p99(&self) -> Duration {
        self.quantile(990)
    }

    pub(crate) fn max(&self) -> Duration {
        self.quantile(1000)
    }

    /// `p50 1.20 · p95 3.40 · p99 5.60 · max 7.80 ms`.
    pub(crate) fn percentiles(&self) -> String {
        let [p50, p95, p99, max] = [500, 950, 990, 1000].map(|q| millis(self.quantile(q)));
        format!("p50 {p50} · p95 {p95} · p99 {p99} · max {max} ms")
    }

    /// `median 1.20 · max 3.40 ms`.
    pub(crate) fn median_and_max(&self) -> String {
        format!(
            "median {} · max {} ms",
            millis(self.median()),
            millis(self.max())
        )
    }
}

/// Milliseconds with as many decimals as tell something.
pub(crate) fn millis(duration: Duration) -> String {
    let ms = duration.as_secs_f64() * 1000.0;
    if ms < 10.0 {
        format!("{ms:.2}")
    } else if ms < 100.0 {
        format!("{ms:.1}")
    } else {
        format!("{ms:.0}")
    }
}

/// Seconds with two decimals.
pub(crate) fn seconds(duration: Duration) -> String {
    format!("{:.2} s", duration.as_secs_f64())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quantiles_are_values_that_were_measured() {
        let sample = Sample::new((1..=100).rev().map(Duration::from_millis).collect()).unwrap();
        assert_eq!(sample.median(), Duration::from_millis(50));
        assert_eq!(sample.p99(), Duration::from_millis(99));
        assert_eq!(sample.max(), Duration::from_millis(100));
        let one = Sample::new(vec![Duration::from_millis(7)]).unwrap();
        assert_eq!(one.median(), one.max());
    }

    #[test]
    fn an_empty_sample_is_refused() {
        assert!(Sample::new(Vec::new()).is_err());
    }
}
