//! One question after the other: whole answers as they stream, and the routing step alone.

use std::time::{Duration, Instant};

use anyhow::Context as _;
use reqwest::header::ACCEPT;
use serde_json::json;

use super::Bench;
use super::corpus::Corpus;
use super::http::{Session, json_of};
use super::report::Row;
use super::sample::{Sample, millis};

const WARM_UP: usize = 10;
const ANSWERS: usize = 100;
const ROUTES: usize = 200;
const ROUTE_BUDGET: Duration = Duration::from_millis(10);

/// Answers of the library and of the analysis; there is no language model. Questions are numbered so that none is asked
/// twice here, in routing, and under load.
pub(crate) fn measure(
    bench: &Bench,
    session: &Session,
    corpus: &Corpus,
    encoder_works: bool,
) -> anyhow::Result<Vec<Row>> {
    let (mut first, mut whole) = (Vec::new(), Vec::new());
    for at in 0..WARM_UP + ANSWERS {
        let (to_first, to_done) = bench.runtime.block_on(ask(session, &corpus.question(at)))?;
        if at >= WARM_UP {
            first.push(to_first);
            whole.push(to_done);
        }
    }
    let with = with_or_without(encoder_works);
    Ok(vec![
        Row::new(
            format!("answer, ask to done, {with} (100)"),
            Sample::new(whole)?.percentiles(),
        ),
        Row::new(
            "answer, ask to first token",
            Sample::new(first)?.percentiles(),
        ),
    ])
}

/// The route of a message, without an answer.
pub(crate) fn measure_routing(
    bench: &Bench,
    session: &Session,
    corpus: &Corpus,
    encoder_works: bool,
) -> anyhow::Result<Vec<Row>> {
    let mut times = Vec::new();
    for at in 0..ROUTES {
        let message = corpus.question(corpus.questions() + at);
        let began = Instant::now();
        bench.runtime.block_on(async {
            let request = session.post("/api/v1/route", &json!({"message": message}));
            json_of(request.send().await?).await
        })?;
        times.push(began.elapsed());
    }
    let times = Sample::new(times)?;
    let p95 = times.quantile(950);
    let what = format!(
        "routing a message over HTTP, {} (200)",
        with_or_without(encoder_works)
    );
    Ok(vec![
        Row::new(what, times.percentiles()).budget("p95 < 10 ms", p95 < ROUTE_BUDGET),
    ])
}

fn with_or_without(encoder_works: bool) -> &'static str {
    if encoder_works {
        "embedding engine warm"
    } else {
        "WITHOUT the embedding model"
    }
}

/// Asks and reads the stream to its end; gives the times to the first token and to the end.
async fn ask(session: &Session, question: &str) -> anyhow::Result<(Duration, Duration)> {
    let body = json!({"message": question});
    let began = Instant::now();
    let request = session
        .post("/api/v1/ask", &body)
        .header(ACCEPT, "text/event-stream");
    let mut response = request.send().await?.error_for_status()?;
    let mut text = String::new();
    let mut first = None;
    while let Some(chunk) = response.chunk().await? {
        text.push_str(&String::from_utf8_lossy(&chunk));
        if first.is_none() && has_event(&text, "token") {
            first = Some(began.elapsed());
        }
    }
    let done = began.elapsed();
    anyhow::ensure!(
        has_event(&text, "done"),
        "the answer to `{question}` has no end: {}",
        text.chars()
            .rev()
            .take(200)
            .collect::<Vec<_>>()
            .into_iter()
            .rev()
            .collect::<String>()
    );
    let first = first
        .with_context(|| format!("the answer to `{question}` has no token: {}", millis(done)))?;
    Ok((first, done))
}

/// Whether an event stream (WHATWG HTML, server-sent events) has an event of this name.
fn has_event(stream: &str, name: &str) -> bool {
    stream.lines().any(|line| {
        line.strip_prefix("event:")
            .is_some_and(|rest| rest.trim() == name)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_event_counts_by_its_name_alone() {
        let stream = "event: token\ndata: event: done\n\n";
        assert!(has_event(stream, "token"));
        assert!(!has_event(stream, "done"));
    }
}
