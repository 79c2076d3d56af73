//! The peer, driven by `scripts/bench_chroma.py`, which measures in its own process and writes what it found as JSON.

use std::process::Command;
use std::time::Duration;

use anyhow::Context as _;
use serde_json::Value;

use super::sample::Sample;
use super::vectors::Clustered;
use super::{Bench, VECTORS_FEWER};

/// Inserting may take as long as this, else fewer vectors are compared.
const INSERT_SECONDS_MAX: u32 = 180;

/// What the peer did.
pub(crate) struct Peer {
    /// Vectors it held.
    pub(crate) count: usize,
    /// Vectors inserted in one second.
    pub(crate) inserts_per_second: f64,
    pub(crate) queries: Sample,
    pub(crate) filtered: Sample,
    pub(crate) insert_one: Sample,
    pub(crate) delete_one: Sample,
    /// From opening the folder in a new process to the first search answered; importing the library is not in it.
    pub(crate) reopen: Duration,
    /// Share of the truly nearest ten that it found.
    pub(crate) recall: f64,
}

pub(crate) fn measure(bench: &Bench, vectors: &Clustered) -> anyhow::Result<Peer> {
    let python = bench.chroma_python.as_deref();
    let python =
        python.context("there is no Python with chromadb; see what scripts/bench.sh said")?;
    let [held, queries, folder, found] =
        ["held.f32", "queries.f32", "chroma", "chroma.json"].map(|name| bench.work.join(name));
    vectors.write(&held, &queries)?;
    let output = Command::new(python)
        .arg(bench.repository.join("scripts/bench_chroma.py"))
        .args([
            held.as_os_str(),
            queries.as_os_str(),
            folder.as_os_str(),
            found.as_os_str(),
        ])
        .args([VECTORS_FEWER.to_string(), INSERT_SECONDS_MAX.to_string()])
        .output()
        .with_context(|| format!("cannot run {}", python.display()))?;
    let stderr = String::from_utf8_lossy(&output.stderr);
    let last = stderr.lines().last().unwrap_or("it said nothing");
    anyhow::ensure!(
        output.status.success(),
        "bench_chroma.py ended with {}: {last}",
        output.status
    );
    let text = std::fs::read_to_string(&found)?;
    std::fs::remove_dir_all(&folder)?;
    read(&serde_json::from_str(&text)?, vectors)
}

fn read(result: &Value, vectors: &Clustered) -> anyhow::Result<Peer> {
    let sample = |name: &str| -> anyhow::Result<Sample> { Sample::new(durations(result, name)?) };
    let count = result
        .get("count")
        .and_then(Value::as_u64)
        .context("the peer gave no count")?;
    let count = usize::try_from(count)?;
    let found = result
        .get("found")
        .and_then(Value::as_array)
        .context("the peer found nothing")?;
    let found: Vec<Vec<usize>> = found
        .iter()
        .map(|ids| {
            let ids = ids
                .as_array()
                .into_iter()
                .flatten()
                .filter_map(Value::as_u64);
            ids.filter_map(|id| usize::try_from(id).ok()).collect()
        })
        .collect();
    let number = |name: &str| -> anyhow::Result<f64> {
        result
            .get(name)
            .and_then(Value::as_f64)
            .with_context(|| format!("the peer gave no {name}"))
    };
    Ok(Peer {
        count,
        inserts_per_second: number("inserts_per_second")?,
        queries: sample("query_seconds")?,
        filtered: sample("filtered_seconds")?,
        insert_one: sample("insert_one_seconds")?,
        delete_one: sample("delete_one_seconds")?,
        reopen: Duration::try_from_secs_f64(number("reopen_seconds")?)?,
        recall: vectors.recall(count, super::search::WANTED, &found),
    })
}

fn durations(result: &Value, name: &str) -> anyhow::Result<Vec<Duration>> {
    let list = result.get(name).and_then(Value::as_array);
    let list = list.with_context(|| format!("the peer gave no {name}"))?;
    let seconds = list.iter().filter_map(Value::as_f64);
    Ok(seconds
        .map(Duration::try_from_secs_f64)
        .collect::<Result<_, _>>()?)
}
