//! Plain calls at a constant rate. A call is sent when it is due, whether or not earlier ones are answered, and its latency
//! counts from then.

use std::sync::mpsc;
use std::time::{Duration, Instant};

use anyhow::Context as _;
use serde_json::json;

use super::Bench;
use super::corpus::Corpus;
use super::http::{Session, json_of};
use super::machine::processor_time;
use super::pause::pause;
use super::report::Row;
use super::sample::{Sample, millis};
use super::server::Server;

const PER_SECOND: u32 = 500;
const SECONDS: u32 = 20;
const BUDGET: Duration = Duration::from_millis(10);
/// How long answers are waited for after the last call was sent.
const LAST_WAIT: Duration = Duration::from_secs(30);
/// Where the messages to route begin among the questions: after those that other benchmarks asked.
const ROUNDS_BEFORE: usize = 10;
/// Different messages among those known.
const KNOWN: usize = 20;

const ROUTES: [&str; 4] = [
    "GET /api/v1/auth/me",
    "GET /api/v1/conversations",
    "GET /health/ready",
    "POST /api/v1/route",
];

/// A call that was answered.
struct Answered {
    route: usize,
    latency: Duration,
    is_ok: bool,
}

pub(crate) fn measure(
    bench: &Bench,
    server: &Server,
    session: &Session,
    corpus: &Corpus,
    messages: Messages,
) -> anyhow::Result<Vec<Row>> {
    let count = usize::try_from(PER_SECOND * SECONDS)?;
    let requests: Vec<reqwest::Request> = (0..count)
        .map(|at| request(session, &messages.text(corpus, at / ROUTES.len()), at))
        .collect::<Result<_, _>>()?;
    if matches!(messages, Messages::Known) {
        bench.runtime.block_on(make_known(session, corpus))?;
    }
    let busy_before = processor_time(server.pid())?;
    let began = Instant::now();
    let (answered, latest) = send_all(bench, session, requests);
    let elapsed = began.elapsed();
    let busy = processor_time(server.pid())?.saturating_sub(busy_before);

    let errors = count - answered.iter().filter(|answered| answered.is_ok).count();
    let all = sample(&answered, |_| true)?;
    let mut rows = vec![
        Row::new(
            format!(
                "plain calls, {PER_SECOND}/s for {SECONDS} s, {}",
                messages.name()
            ),
            format!("{} · {errors} errors of {count}", all.percentiles()),
        )
        .budget("p99 < 10 ms, no errors", all.p99() < BUDGET && errors == 0),
    ];
    for (route, name) in ROUTES.iter().enumerate() {
        let of_route = sample(&answered, |answered| answered.route == route)?;
        rows.push(Row::new(format!("… {name}"), of_route.percentiles()));
    }
    let share = 100.0 * busy.as_secs_f64() / elapsed.as_secs_f64();
    rows.push(Row::new(
        "… the server's use of one core; lateness of the client, in the figures above",
        format!("{share:.0} % · at most {} ms", millis(latest)),
    ));
    Ok(rows)
}

/// Messages to route.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Messages {
    /// A few that were asked before, so that the encoder need not compute.
    Known,
    /// Each for the first time: one call in four makes the encoder compute.
    New,
}

impl Messages {
    fn text(self, corpus: &Corpus, at: usize) -> String {
        match self {
            Self::Known => corpus.question(at % KNOWN),
            Self::New => corpus.question(corpus.questions() * ROUNDS_BEFORE + at),
        }
    }

    fn name(self) -> &'static str {
        match self {
            Self::Known => "messages routed are of 20 known ones",
            Self::New => "every message routed is new (125 embeddings/s)",
        }
    }
}

/// Routes the few messages once, so that their vectors are remembered.
async fn make_known(session: &Session, corpus: &Corpus) -> anyhow::Result<()> {
    for at in 0..KNOWN {
        let message = json!({"message": Messages::Known.text(corpus, at)});
        json_of(session.post("/api/v1/route", &message).send().await?).await?;
    }
    Ok(())
}

fn request(session: &Session, message: &str, at: usize) -> reqwest::Result<reqwest::Request> {
    match at % ROUTES.len() {
        0 => session.get("/api/v1/auth/me"),
        1 => session.get("/api/v1/conversations"),
        2 => session.get("/health/ready"),
        _ => session.post("/api/v1/route", &json!({"message": message})),
    }
    .build()
}

/// Sends each request when it is due; gives what was answered, and by how much the latest one was sent too late.
fn send_all(
    bench: &Bench,
    session: &Session,
    requests: Vec<reqwest::Request>,
) -> (Vec<Answered>, Duration) {
    let (sender, receiver) = mpsc::channel();
    let count = requests.len();
    let step = Duration::from_secs(1) / PER_SECOND;
    let begin = Instant::now() + Duration::from_millis(50);
    let mut latest = Duration::ZERO;
    let mut due = begin;
    for (at, request) in requests.into_iter().enumerate() {
        // A thread's sleep is exact to tens of microseconds, a timer of the runtime to a millisecond.
        pause(due.saturating_duration_since(Instant::now()));
        latest = latest.max(due.elapsed());
        let (client, sender) = (session.client().clone(), sender.clone());
        bench.runtime.spawn(async move {
            let is_ok = call(&client, request).await.unwrap_or(false);
            let answered = Answered {
                route: at % ROUTES.len(),
                latency: due.elapsed(),
                is_ok,
            };
            // Nobody receives any more when this came after the last wait; then it counts as an error.
            let _ = sender.send(answered);
        });
        due += step;
    }
    drop(sender);
    let end = Instant::now() + LAST_WAIT;
    let mut answered = Vec::with_capacity(count);
    while let Ok(one) = receiver.recv_timeout(end.saturating_duration_since(Instant::now())) {
        answered.push(one);
    }
    (answered, latest)
}

/// Whether the call succeeded; its body is read to the end.
async fn call(client: &reqwest::Client, request: reqwest::Request) -> reqwest::Result<bool> {
    let response = client.execute(request).await?;
    let is_ok = response.status().is_success();
    response.bytes().await?;
    Ok(is_ok)
}

fn sample(answered: &[Answered], wanted: impl Fn(&Answered) -> bool) -> anyhow::Result<Sample> {
    let latencies = answered
        .iter()
        .filter(|answered| wanted(answered))
        .map(|answered| answered.latency);
    Sample::new(latencies.collect()).context("no call was answered")
}
