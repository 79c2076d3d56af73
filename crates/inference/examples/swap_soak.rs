//! Switches models at random under load, kills engines with it, and counts what became of every request:
//!
//! `cargo run -p inference --example swap_soak -- [--swaps 1000] [--kill-every 20] [--clients 8] [--parallel 4] [--seed 1]`
//!
//! Four tiny models share the memory of one. Clients ask for texts of random models and lengths, one in ten leaves early, models
//! are unloaded at random, and of every so many loaded engines one is killed at a random moment (0 for none). The summary is a
//! line of JSON; `lost` and `hung` must be 0. Needs the `engine` program of this crate beside it (`cargo build -p inference`).
#![expect(clippy::print_stdout, reason = "the summary is what it is run for")]
#![expect(clippy::unwrap_used, reason = "a soak that cannot be set up ends")]

use std::collections::BTreeMap;
use std::num::{NonZeroU32, NonZeroUsize};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use domain::models::ModelName;
use domain::models::catalogue::{ModelCatalogue as _, Progress, ProgressSink};
use domain::models::residence::Residence as _;
use domain::models::writing::{
    Prompt, Sampling, Shape, Writer as _, WritingError, WritingEvent, WritingRequest,
};
use domain::{Clock, Timestamp};
use inference::engine::GpuLayers;
use inference::{
    CatalogueConfig, EngineCommand, FolderCatalogue, HubConfig, LocalWriter, LocalWriterConfig,
    WriterLimits,
};
use testmodels::{Family, Size, write_random};

/// A request that takes longer counts as hung.
const PATIENCE: Duration = Duration::from_mins(3);
const MODELS: [Family; 4] = [
    Family::Gemma,
    Family::DeepseekCoder,
    Family::Phi3,
    Family::Mistral,
];

struct Noon;

impl Clock for Noon {
    fn now(&self) -> Timestamp {
        Timestamp::from_millis(1_700_000_000_000)
    }
}

struct Silent;

impl ProgressSink for Silent {
    fn report(&self, _: Progress) -> bool {
        true
    }
}

/// What is asked for on the command line.
#[derive(Clone, Copy)]
struct Wishes {
    swaps: u64,
    kill_every: u64,
    clients: u64,
    parallel: u32,
    seed: u64,
}

impl Wishes {
    fn read() -> Self {
        let mut wishes = Self {
            swaps: 1000,
            kill_every: 20,
            clients: 8,
            parallel: 4,
            seed: 1,
        };
        let mut args = std::env::args().skip(1);
        while let Some(flag) = args.next() {
            let value: u64 = args.next().unwrap().parse().unwrap();
            match flag.as_str() {
                "--swaps" => wishes.swaps = value,
                "--kill-every" => wishes.kill_every = value,
                "--clients" => wishes.clients = value,
                "--parallel" => wishes.parallel = u32::try_from(value).unwrap(),
                "--seed" => wishes.seed = value,
                other => panic!("{other} is unknown"),
            }
        }
        wishes
    }
}

/// `SplitMix64` (Steele et al. 2014).
struct Random(u64);

impl Random {
    fn below(&mut self, bound: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (z ^ (z >> 31)) % bound
    }
}

/// What became of the requests.
#[derive(Default)]
struct Tally {
    asked: u64,
    outcomes: BTreeMap<&'static str, u64>,
    waits_ms: Vec<u128>,
    reasons: BTreeMap<String, u64>,
}

struct Soak {
    writer: LocalWriter,
    names: Vec<ModelName>,
    tally: Mutex<Tally>,
    is_over: AtomicBool,
    kills: AtomicU64,
    removals: AtomicU64,
}

#[tokio::main]
async fn main() {
    let wishes = Wishes::read();
    let folder = tempfile::tempdir().unwrap();
    let config = CatalogueConfig {
        models_dir: folder.path().to_owned(),
        hub: HubConfig::default(),
        engine: EngineCommand {
            program: engine_program(),
            args: Vec::new(),
            threads: NonZeroUsize::MIN,
        },
    };
    let catalogue = Arc::new(FolderCatalogue::new(config, Arc::new(Noon)));
    let names = import_models(&catalogue, folder.path()).await;
    let budget_bytes = largest_bytes(&catalogue, &names, wishes).await;
    let writer = LocalWriter::new(config_with(budget_bytes, wishes), catalogue, Arc::new(Noon));
    let soak = Arc::new(Soak {
        writer,
        names,
        tally: Mutex::default(),
        is_over: AtomicBool::new(false),
        kills: AtomicU64::new(0),
        removals: AtomicU64::new(0),
    });
    let begin = Instant::now();
    let mut tasks: Vec<_> = (0..wishes.clients)
        .map(|client| tokio::spawn(ask_on(Arc::clone(&soak), wishes.seed * 1000 + client)))
        .collect();
    tasks.push(tokio::spawn(disturb(Arc::clone(&soak), wishes)));
    for task in tasks {
        task.await.unwrap();
    }
    let pids = soak.writer.ledger().await.residents;
    soak.writer.close().await;
    let left = pids.iter().filter_map(|resident| resident.pid);
    let left = left.filter(|pid| Path::new("/proc").join(pid.to_string()).exists());
    print_summary(&soak, wishes, begin.elapsed(), left.count());
}

async fn import_models(catalogue: &FolderCatalogue, folder: &Path) -> Vec<ModelName> {
    let mut names = Vec::new();
    for (seed, family) in MODELS.into_iter().enumerate() {
        let path = folder.join(format!("{}.gguf", family.name()));
        write_random(family, Size::Tiny, seed as u64, &path).unwrap();
        let name: ModelName = family.name().parse().unwrap();
        let imported = catalogue.import(path, name.clone(), &Silent).await;
        imported.unwrap();
        names.push(name);
    }
    names
}

fn engine_program() -> PathBuf {
    // Examples lie in a folder beside the programs.
    let example = std::env::current_exe().unwrap();
    example.parent().unwrap().parent().unwrap().join("engine")
}

fn config_with(budget_bytes: u64, wishes: Wishes) -> LocalWriterConfig {
    LocalWriterConfig {
        program: engine_program(),
        args: Vec::new(),
        budget_bytes,
        context_tokens: NonZeroU32::new(512).unwrap(),
        parallel_max: NonZeroU32::new(wishes.parallel).unwrap(),
        threads: NonZeroUsize::MIN,
        gpu_layers: GpuLayers::Most(0),
        limits: WriterLimits::default(),
    }
}

/// The memory of the largest model, so that any fits and no two do.
async fn largest_bytes(
    catalogue: &Arc<FolderCatalogue>,
    names: &[ModelName],
    wishes: Wishes,
) -> u64 {
    let writer = LocalWriter::new(
        config_with(1 << 40, wishes),
        catalogue.clone(),
        Arc::new(Noon),
    );
    let mut largest = 0;
    for name in names {
        writer.load(name).await.unwrap();
        largest = largest.max(writer.ledger().await.used_bytes);
        writer.unload(name).await.unwrap();
    }
    writer.close().await;
    largest
}

/// One client: asks again and again.
async fn ask_on(soak: Arc<Soak>, seed: u64) {
    let mut random = Random(seed);
    while !soak.is_over.load(Ordering::Relaxed) {
        let model = random.below(soak.names.len() as u64);
        let request = WritingRequest {
            model: soak.names[usize::try_from(model).unwrap()].clone(),
            adapter: None,
            prompt: Prompt::Text(format!("Request {}", random.below(1000))),
            sampling: Sampling {
                max_new_tokens: u32::try_from(1 + random.below(60)).unwrap(),
                ..Sampling::default()
            },
            shape: Shape::Free,
            owner: format!("client {seed}"),
            is_lookup: false,
            logprobs: None,
        };
        let leaves_after = (random.below(10) == 0).then(|| random.below(6));
        soak.tally.lock().unwrap().asked += 1;
        let asked = ask_once(&soak, request, leaves_after);
        let outcome = tokio::time::timeout(PATIENCE, asked).await;
        let mut tally = soak.tally.lock().unwrap();
        let kind = match outcome {
            Err(_) => "hung",
            Ok(Ok(kind)) => kind,
            Ok(Err(error)) => {
                if let WritingError::Failed { reason, .. } = &error {
                    *tally.reasons.entry(reason.clone()).or_default() += 1;
                }
                kind_of(&error)
            }
        };
        *tally.outcomes.entry(kind).or_default() += 1;
    }
}

async fn ask_once(
    soak: &Soak,
    request: WritingRequest,
    leaves_after: Option<u64>,
) -> Result<&'static str, WritingError> {
    let begin = Instant::now();
    let mut writing = soak.writer.write(request).await?;
    let mut events = 0;
    while let Some(event) = writing.next().await {
        match event? {
            WritingEvent::Started { .. } => {
                let waited = begin.elapsed().as_millis();
                soak.tally.lock().unwrap().waits_ms.push(waited);
            }
            WritingEvent::Finished(_) => return Ok("finished"),
            WritingEvent::Waiting { .. } | WritingEvent::Text { .. } => {}
        }
        events += 1;
        if leaves_after.is_some_and(|after| events > after) {
            return Ok("left");
        }
    }
    Ok("lost")
}

fn kind_of(error: &WritingError) -> &'static str {
    match error {
        WritingError::Failed { .. } => "failed",
        WritingError::UnknownModel(_)
        | WritingError::UnknownAdapter { .. }
        | WritingError::TooLong { .. }
        | WritingError::NoMemory { .. }
        | WritingError::Refused(_)
        | WritingError::Busy(_)
        | WritingError::Closing => "refused",
    }
}

/// Kills and unloads until there were enough switches.
async fn disturb(soak: Arc<Soak>, wishes: Wishes) {
    let mut random = Random(!wishes.seed);
    let mut kill_at = wishes.kill_every;
    loop {
        let loads = soak.writer.counters().loads;
        if loads >= wishes.swaps {
            break;
        }
        tokio::time::sleep(Duration::from_millis(random.below(100))).await;
        if random.below(10) == 0 {
            let model = random.below(soak.names.len() as u64);
            let model = &soak.names[usize::try_from(model).unwrap()];
            if soak.writer.unload(model).await.unwrap() {
                soak.removals.fetch_add(1, Ordering::Relaxed);
            }
        }
        if wishes.kill_every > 0 && loads >= kill_at {
            for resident in soak.writer.ledger().await.residents {
                let pid = resident.pid.unwrap().to_string();
                let killed = Command::new("kill").args(["-KILL", &pid]).status();
                // It may have ended in the meantime.
                soak.kills
                    .fetch_add(u64::from(killed.unwrap().success()), Ordering::Relaxed);
            }
            kill_at = loads + wishes.kill_every;
        }
    }
    soak.is_over.store(true, Ordering::Relaxed);
}

fn print_summary(soak: &Soak, wishes: Wishes, took: Duration, processes_left: usize) {
    let mut tally = soak.tally.lock().unwrap();
    tally.waits_ms.sort_unstable();
    let part = |percent: usize| {
        let index = tally.waits_ms.len() * percent / 100;
        tally.waits_ms.get(index).copied().unwrap_or(0)
    };
    let answered: u64 = tally.outcomes.values().sum();
    let lost = tally.outcomes.get("lost").copied().unwrap_or(0);
    let summary = serde_json::json!({
        "seed": wishes.seed,
        "seconds": took.as_secs(),
        "requests": tally.asked,
        "lost": tally.asked - answered + lost,
        "hung": tally.outcomes.get("hung").copied().unwrap_or(0),
        "outcomes": tally.outcomes,
        "failures": tally.reasons,
        "swaps": soak.writer.counters().loads,
        "kills": soak.kills.load(Ordering::Relaxed),
        "unloads_by_request": soak.removals.load(Ordering::Relaxed),
        "retried": soak.writer.counters().retried,
        "engine_deaths": soak.writer.counters().engine_deaths,
        "wait_ms_p50": u64::try_from(part(50)).unwrap(),
        "wait_ms_p95": u64::try_from(part(95)).unwrap(),
        "wait_ms_max": u64::try_from(tally.waits_ms.last().copied().unwrap_or(0)).unwrap(),
        "processes_left": processes_left,
    });
    println!("{summary}");
}
