//! From starting the process to being ready, and the memory it then has.

use std::path::Path;
use std::time::{Duration, Instant};

use super::Bench;
use super::http::{Session, json_of};
use super::machine::{self, Memory};
use super::report::Row;
use super::sample::Sample;
use super::server::{Server, create_admin};

const RUNS: usize = 10;
const READY_BUDGET: Duration = Duration::from_secs(1);
const MEMORY_BUDGET_KIB: u64 = 100 * 1000 * 1000 / 1024;
/// Calls before memory is looked at again.
const CALLS: usize = 200;

/// A new folder each time and no model at all.
pub(crate) fn measure_new(bench: &Bench) -> anyhow::Result<Vec<Row>> {
    let mut times = Vec::new();
    let mut memory = Vec::new();
    for run in 0..RUNS {
        let folder = bench.work.join(format!("new-{run}"));
        let (server, took) = Server::start(bench, &folder, &bench.no_models)?;
        times.push(took);
        memory.push(Memory::of(server.pid())?);
        if run + 1 < RUNS {
            server.stop()?;
            std::fs::remove_dir_all(&folder)?;
            continue;
        }
        create_admin(bench, &folder)?;
        bench.runtime.block_on(call(&server))?;
        memory.push(Memory::of(server.pid())?);
        server.stop()?;
    }
    let times = Sample::new(times)?;
    let after = memory.pop().map_or(0, |memory| memory.peak_kib);
    let resident = memory
        .iter()
        .map(|memory| memory.resident_kib)
        .max()
        .unwrap_or(0);
    Ok(vec![
        Row::new(
            "start to ready, new folder, no model (10 runs)",
            times.median_and_max(),
        )
        .budget("< 1 s", times.max() < READY_BUDGET),
        Row::new(
            "memory: when ready, no model (highest of 10 runs)",
            megabytes(resident),
        )
        .budget("< 100 MB", resident < MEMORY_BUDGET_KIB),
        Row::new(
            "memory: highest ever, after the library was read, a sign-in, 200 mixed calls",
            megabytes(after),
        )
        .budget("< 100 MB", after < MEMORY_BUDGET_KIB),
    ])
}

/// Over everything that is in `folder`, with the embedding model.
pub(crate) fn measure_large(bench: &Bench, folder: &Path) -> anyhow::Result<Vec<Row>> {
    let mut times = Vec::new();
    let mut searches = Vec::new();
    let mut rows = Vec::new();
    let mut session: Option<Session> = None;
    for run in 0..RUNS {
        let began = Instant::now();
        let (server, took) = Server::start(bench, folder, &bench.models)?;
        times.push(took);
        let here = match &session {
            Some(session) => session.at(server.address()),
            None => bench.runtime.block_on(Session::sign_in(server.address()))?,
        };
        let path = "/api/v1/knowledge/search?q=reverse%20a%20linked%20list&limit=5";
        bench
            .runtime
            .block_on(async { json_of(here.get(path).send().await?).await })?;
        // The first run also signs in, which later ones do not.
        if session.is_some() {
            searches.push(began.elapsed());
        }
        session = Some(here);
        if run + 1 == RUNS {
            rows = memory_rows(&server)?;
        }
        server.stop()?;
    }
    let (times, searches) = (Sample::new(times)?, Sample::new(searches)?);
    let mut all = vec![
        Row::new(
            "start to ready, library + HumanEval + 100k items (10 runs)",
            times.median_and_max(),
        )
        .budget("< 1 s", times.max() < READY_BUDGET),
        Row::new(
            "start to the first search answered, same folder",
            searches.median_and_max(),
        ),
    ];
    all.extend(rows);
    Ok(all)
}

/// Memory of a server and of its engines.
pub(crate) fn memory_rows(server: &Server) -> anyhow::Result<Vec<Row>> {
    let own = Memory::of(server.pid())?;
    let mut engines = 0;
    for child in machine::children(server.pid())? {
        engines += Memory::of(child)?.resident_kib;
    }
    let text = format!(
        "{}, highest {} · engines apart {}",
        megabytes(own.resident_kib),
        megabytes(own.peak_kib),
        megabytes(engines)
    );
    Ok(vec![Row::new("memory of that server", text)])
}

/// Signs in and makes calls of several kinds.
async fn call(server: &Server) -> anyhow::Result<()> {
    let session = Session::sign_in(server.address()).await?;
    session.wait_for_vectors().await?;
    let message = serde_json::json!({"message": "reverse a string in Python"});
    for at in 0..CALLS {
        let request = match at % 4 {
            0 => session.get("/api/v1/auth/me"),
            1 => session.get("/api/v1/conversations"),
            2 => session.get("/api/v1/knowledge/search?q=reverse%20a%20string"),
            _ => session.post("/api/v1/ask", &message),
        };
        json_of(request.send().await?).await?;
    }
    Ok(())
}

fn megabytes(kib: u64) -> String {
    format!("{} MB", kib * 1024 / 1_000_000)
}
