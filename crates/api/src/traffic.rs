//! Counters of requests, their durations and runs of the sandbox, in the text format of Prometheus (version 0.0.4).

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use app::sandbox::RunCounts;
use axum::http::Method;

/// Upper ends of the duration buckets, seconds.
const BUCKETS_S: [f64; 8] = [0.005, 0.025, 0.1, 0.25, 1.0, 2.5, 10.0, 60.0];

/// What was counted since the process began. Routes and methods come from closed lists, so it stays small.
#[derive(Default)]
pub(crate) struct Traffic {
    series: Mutex<BTreeMap<Key, Series>>,
}

#[derive(PartialEq, Eq, PartialOrd, Ord)]
struct Key {
    route: String,
    method: &'static str,
    status: u16,
}

#[derive(Default)]
struct Series {
    /// Requests per bucket; the last one is for what took longer.
    buckets: [u64; BUCKETS_S.len() + 1],
    total_s: f64,
}

impl Traffic {
    pub(crate) fn count(&self, method: &Method, route: &str, status: u16, duration: Duration) {
        let key = Key {
            route: route.to_owned(),
            method: known_method(method),
            status,
        };
        let seconds = duration.as_secs_f64();
        let bucket = BUCKETS_S
            .iter()
            .position(|end| seconds <= *end)
            .unwrap_or(BUCKETS_S.len());
        let mut series = self.series.lock().unwrap_or_else(PoisonError::into_inner);
        let series = series.entry(key).or_default();
        if let Some(count) = series.buckets.get_mut(bucket) {
            *count += 1;
        }
        series.total_s += seconds;
    }

    pub(crate) fn render(&self) -> String {
        const NAME: &str = "codegenie_http_request_duration_seconds";
        let mut text =
            format!("# HELP {NAME} Time until the answer began.\n# TYPE {NAME} histogram\n");
        let series = self.series.lock().unwrap_or_else(PoisonError::into_inner);
        for (
            Key {
                route,
                method,
                status,
            },
            Series { buckets, total_s },
        ) in series.iter()
        {
            let labels = format!("method=\"{method}\",route=\"{route}\",status=\"{status}\"");
            let mut count = 0;
            for (end, bucket) in BUCKETS_S.iter().zip(buckets) {
                count += bucket;
                let _ = writeln!(text, "{NAME}_bucket{{{labels},le=\"{end}\"}} {count}");
            }
            count += buckets.last().copied().unwrap_or_default();
            let _ = writeln!(text, "{NAME}_bucket{{{labels},le=\"+Inf\"}} {count}");
            let _ = writeln!(text, "{NAME}_sum{{{labels}}} {total_s}");
            let _ = writeln!(text, "{NAME}_count{{{labels}}} {count}");
        }
        text
    }
}

/// The runs of the sandbox by how they ended.
pub(crate) fn render_runs(runs: &RunCounts) -> String {
    const NAME: &str = "codegenie_sandbox_runs_total";
    let RunCounts {
        ok,
        failed,
        stopped,
        unavailable,
    } = runs;
    let mut text =
        format!("# HELP {NAME} Runs of the sandbox by how they ended.\n# TYPE {NAME} counter\n");
    for (outcome, count) in [
        ("ok", ok),
        ("failed", failed),
        ("stopped", stopped),
        ("unavailable", unavailable),
    ] {
        let _ = writeln!(text, "{NAME}{{outcome=\"{outcome}\"}} {count}");
    }
    text
}

/// Anybody can invent methods; they share a name.
fn known_method(method: &Method) -> &'static str {
    match method.as_str() {
        "GET" => "GET",
        "HEAD" => "HEAD",
        "POST" => "POST",
        "PATCH" => "PATCH",
        "DELETE" => "DELETE",
        _ => "other",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn requests_are_counted_by_route_and_fall_into_buckets() {
        let traffic = Traffic::default();
        traffic.count(&Method::GET, "/health/live", 200, Duration::from_millis(3));
        traffic.count(&Method::GET, "/health/live", 200, Duration::from_secs(100));
        traffic.count(
            &Method::from_bytes(b"BREW").unwrap(),
            "web",
            404,
            Duration::ZERO,
        );
        let text = traffic.render();
        let labels = "method=\"GET\",route=\"/health/live\",status=\"200\"";
        assert!(
            text.contains(&format!("_bucket{{{labels},le=\"0.005\"}} 1\n")),
            "{text}"
        );
        assert!(
            text.contains(&format!("_bucket{{{labels},le=\"60\"}} 1\n")),
            "{text}"
        );
        assert!(
            text.contains(&format!("_bucket{{{labels},le=\"+Inf\"}} 2\n")),
            "{text}"
        );
        assert!(
            text.contains("_count{method=\"other\",route=\"web\",status=\"404\"} 1\n"),
            "{text}"
        );
    }
}
