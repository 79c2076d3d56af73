//! Requests under trouble: models that take turns in memory for one, and engines that are killed. What counts is that every
//! request comes to an end, and which.

use std::process::Command;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use anyhow::Context as _;
use domain::models::ModelName;
use domain::models::residence::Residence as _;
use inference::LocalWriter;

use super::asked::{ask, request};
use crate::bench::report::Row;
use crate::bench::sample::{Sample, millis};
use crate::bench::vectors::Random;

/// Clients that ask one request after the other.
const CLIENTS: usize = 8;
/// A request that has not come to an end by now is lost.
const END_MAX: Duration = Duration::from_mins(2);
const NEW: u32 = 16;

/// Swaps of models.
const SWAPS: u64 = 1000;
/// Most requests that they may take; more means that the models do not take turns.
const REQUESTS_MAX: usize = 50_000;

/// Between two looks at how many there were.
const LOOK_PAUSE: Duration = Duration::from_millis(20);

/// Engines killed.
const KILLS: usize = 100;
/// Between two kills, at least.
const KILL_PAUSE: Duration = Duration::from_millis(150);
/// An engine must be there again by then.
const BACK_MAX: Duration = Duration::from_mins(1);

/// How the requests ended.
#[derive(Default)]
struct Ends {
    finished: AtomicUsize,
    /// With an error that says why.
    failed: AtomicUsize,
    /// Not at all.
    lost: AtomicUsize,
}

/// Writers and models that fit into memory one at a time.
#[derive(Clone)]
pub(crate) struct Small {
    pub(crate) writer: Arc<LocalWriter>,
    pub(crate) models: Arc<[ModelName]>,
}

/// Random models by several clients, until the model in memory has changed a thousand times.
pub(crate) async fn measure_swaps(small: &Small) -> anyhow::Result<Vec<Row>> {
    let ends = Arc::new(Ends::default());
    let stop = Arc::new(AtomicBool::new(false));
    let began = Instant::now();
    let clients = start_clients(small, &ends, &stop);
    let swaps = wait_for_swaps(small, &ends).await;
    stop.store(true, Ordering::Relaxed);
    let waits = join(clients).await?;
    let count = |of: &AtomicUsize| of.load(Ordering::Relaxed);
    let (failed, lost) = (count(&ends.failed), count(&ends.lost));
    Ok(vec![
        Row::new(
            format!("{} tiny models in memory for one, {CLIENTS} clients: swaps", small.models.len()),
            format!(
                "{swaps} swaps in {:.0} s, {} requests finished, {failed} failed, {lost} lost; waits p50 {}, max {} ms",
                began.elapsed().as_secs_f64(),
                count(&ends.finished),
                millis(waits.median()),
                millis(waits.max())
            ),
        )
        .budget("≥ 1,000, none lost", swaps >= SWAPS && failed + lost == 0),
    ])
}

/// Engines killed while several clients are being answered.
pub(crate) async fn measure_kills(small: &Small) -> anyhow::Result<Vec<Row>> {
    let one = Small {
        models: small.models[..1].into(),
        ..small.clone()
    };
    let ends = Arc::new(Ends::default());
    let stop = Arc::new(AtomicBool::new(false));
    let began = Instant::now();
    let clients = start_clients(&one, &ends, &stop);
    let killed = kill_again_and_again(&one).await;
    stop.store(true, Ordering::Relaxed);
    let waits = join(clients).await?;
    killed?;
    let count = |of: &AtomicUsize| of.load(Ordering::Relaxed);
    let lost = count(&ends.lost);
    Ok(vec![
        Row::new(
            format!("{KILLS} engines killed (SIGKILL) under {CLIENTS} clients"),
            format!(
                "in {:.0} s, {} requests finished, {} ended with an error, {lost} hung; longest {} ms",
                began.elapsed().as_secs_f64(),
                count(&ends.finished),
                count(&ends.failed),
                millis(waits.max())
            ),
        )
        .budget("none hung", lost == 0),
    ])
}

type Clients = tokio::task::JoinSet<Vec<Duration>>;

fn start_clients(small: &Small, ends: &Arc<Ends>, stop: &Arc<AtomicBool>) -> Clients {
    let mut clients = Clients::new();
    for client in 0..CLIENTS {
        let (small, ends, stop) = (small.clone(), ends.clone(), stop.clone());
        clients.spawn(async move {
            let mut random = Random::new(u64::try_from(client).unwrap_or(0));
            let mut times = Vec::new();
            while !stop.load(Ordering::Relaxed) {
                let model = &small.models[random.below(small.models.len())];
                let text = format!("def number_{}", random.below(1 << 20));
                let began = Instant::now();
                let asked = ask(small.writer.as_ref(), request(model, &text, NEW));
                let end = match tokio::time::timeout(END_MAX, asked).await {
                    Ok(Ok(_)) => &ends.finished,
                    Ok(Err(_)) => &ends.failed,
                    Err(_) => &ends.lost,
                };
                end.fetch_add(1, Ordering::Relaxed);
                times.push(began.elapsed());
            }
            times
        });
    }
    clients
}

async fn join(mut clients: Clients) -> anyhow::Result<Sample> {
    let mut all = Vec::new();
    while let Some(times) = clients.join_next().await {
        all.extend(times?);
    }
    Sample::new(all)
}

/// Waits until the model in memory has changed often enough, or something went wrong.
async fn wait_for_swaps(small: &Small, ends: &Ends) -> u64 {
    let before = small.writer.counters().loads;
    loop {
        let swaps = small.writer.counters().loads - before;
        let asked = ends.finished.load(Ordering::Relaxed) + ends.failed.load(Ordering::Relaxed);
        let is_lost = ends.lost.load(Ordering::Relaxed) > 0;
        if swaps >= SWAPS || asked > REQUESTS_MAX || is_lost {
            return swaps;
        }
        tokio::time::sleep(LOOK_PAUSE).await;
    }
}

async fn kill_again_and_again(small: &Small) -> anyhow::Result<()> {
    let mut last = None;
    for _ in 0..KILLS {
        let began = Instant::now();
        let pid = loop {
            let residents = small.writer.ledger().await.residents;
            let pid = residents.into_iter().find_map(|resident| resident.pid);
            if let Some(pid) = pid.filter(|pid| Some(*pid) != last) {
                break pid;
            }
            anyhow::ensure!(began.elapsed() < BACK_MAX, "no engine was started again");
            tokio::time::sleep(Duration::from_millis(2)).await;
        };
        tokio::time::sleep(KILL_PAUSE).await;
        // It may have ended by itself meanwhile; then the next one is waited for.
        Command::new("kill")
            .args(["-KILL", &pid.to_string()])
            .status()
            .context("cannot run kill")?;
        last = Some(pid);
    }
    Ok(())
}
