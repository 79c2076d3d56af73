//! Programs in the sandbox and code in the analysis, as a client of the server meets them; and the judge as a command.

use std::path::Path;
use std::time::{Duration, Instant};

use anyhow::Context as _;
use serde_json::{Value, json};

use super::Bench;
use super::http::{Session, json_of};
use super::report::Row;
use super::sample::{Sample, millis};
use super::server;

const RUNS: usize = 300;
const NATIVE_RUNS: usize = 40;
const ANALYSES: usize = 20;
/// Lines of each analysed text, at least.
const LINES: usize = 1000;
/// Preparation compiles the images and attacks both tiers.
const PREPARATION_MAX: Duration = Duration::from_mins(4);
const JUDGED_MAX: Duration = Duration::from_secs(20);

const PYTHON: &str = "def sums(numbers):\n    total, seen = 0, []\n    for number in numbers:\n        total += number\n        seen.append(total)\n    return seen\n\nprint(sums(range(20)))\n";
const JAVASCRIPT: &str =
    "const sums = [...Array(20).keys()].map((n) => n * n);\nconsole.log(sums);\n";
const SQL: &str = "CREATE TABLE t (n INTEGER);\nINSERT INTO t VALUES (1), (2), (3);\nSELECT sum(n) AS total FROM t;\n";
const NUMPY: &str = "import numpy as np\nprint(np.arange(20).cumsum())\n";

/// Runs, one after the other, by the time over HTTP; then analyses.
pub(crate) fn measure(bench: &Bench, session: &Session) -> anyhow::Result<Vec<Row>> {
    let (prepared, native) = bench.runtime.block_on(wait_until_proved(session))?;
    let mut rows = vec![Row::new(
        "sandbox: from the start of the server until both tiers have kept in every attack",
        format!("{:.1} s", prepared.as_secs_f64()),
    )];
    let python = time_runs(bench, session, ("python", PYTHON), RUNS)?;
    let is_met = python.median() < Duration::from_millis(6)
        && python.quantile(950) < Duration::from_millis(12);
    rows.push(
        Row::new(
            format!("run Python in WebAssembly, over HTTP ({RUNS})"),
            python.percentiles(),
        )
        .budget("p50 < 6, p95 < 12 ms", is_met),
    );
    for (what, language, code) in [
        ("JavaScript", "javascript", JAVASCRIPT),
        ("SQL", "sql", SQL),
    ] {
        let times = time_runs(bench, session, (language, code), RUNS)?;
        rows.push(Row::new(
            format!("run {what} in WebAssembly, over HTTP ({RUNS})"),
            times.percentiles(),
        ));
    }
    let what = format!("run Python with numpy in a process, over HTTP ({NATIVE_RUNS})");
    if native {
        let times = time_runs(bench, session, ("python", NUMPY), NATIVE_RUNS)?;
        let is_met = times.median() < Duration::from_millis(120);
        rows.push(Row::new(what, times.percentiles()).budget("p50 < 120 ms", is_met));
    } else {
        rows.push(Row::skipped(&what, "the native tier is not ready here"));
    }
    rows.extend(measure_analysis(bench, session)?);
    Ok(rows)
}

/// The canonical solutions of `HumanEval`, by the command.
pub(crate) fn measure_judge(bench: &Bench, folder: &Path) -> anyhow::Result<Vec<Row>> {
    let what = "judge the 164 solutions of HumanEval, the whole command";
    let Some(file) = &bench.humaneval else {
        return Ok(vec![Row::skipped(what, "no HumanEval file was named")]);
    };
    let file = file
        .to_str()
        .context("the path of HumanEval is not UTF-8")?;
    // Fails unless every solution passes.
    let took = server::run_command(bench, folder, &["judge", file])?;
    Ok(vec![
        Row::new(what, format!("{:.1} s, all pass", took.as_secs_f64()))
            .budget("< 20 s", took < JUDGED_MAX),
    ])
}

/// Waits for the self-test of both tiers; gives the time and whether the native tier is used.
async fn wait_until_proved(session: &Session) -> anyhow::Result<(Duration, bool)> {
    let began = Instant::now();
    loop {
        let report = json_of(session.get("/api/v1/admin/sandbox").send().await?).await?;
        let tiers = report["tiers"].as_array().context("no tiers are told")?;
        let state = |name: &str| {
            let tier = tiers.iter().find(|tier| tier["tier"] == name);
            tier.and_then(|tier| tier["state"].as_str().map(str::to_owned))
        };
        if tiers.iter().all(|tier| tier["state"] != "preparing") {
            let wasm = state("wasm").context("there is no WebAssembly tier")?;
            anyhow::ensure!(wasm == "ready", "the WebAssembly tier is {wasm}: {report}");
            let slowest = tiers
                .iter()
                .filter_map(|tier| tier["duration_ms"].as_f64())
                .fold(0.0, f64::max);
            let native = state("native").as_deref() == Some("ready");
            return Ok((Duration::from_secs_f64(slowest / 1000.0), native));
        }
        anyhow::ensure!(
            began.elapsed() < PREPARATION_MAX,
            "the sandbox was not ready in time: {report}"
        );
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
}

fn time_runs(
    bench: &Bench,
    session: &Session,
    (language, code): (&str, &str),
    runs: usize,
) -> anyhow::Result<Sample> {
    let body = json!({"language": language, "code": code});
    let warm_up = runs / 10;
    let mut times = Vec::new();
    for at in 0..warm_up + runs {
        let began = Instant::now();
        let answer = bench
            .runtime
            .block_on(call(session, "/api/v1/sandbox/run", &body))?;
        let took = began.elapsed();
        anyhow::ensure!(answer["status"] == "ok", "a {language} run gave {answer}");
        if at >= warm_up {
            times.push(took);
        }
    }
    Sample::new(times)
}

fn measure_analysis(bench: &Bench, session: &Session) -> anyhow::Result<Vec<Row>> {
    let samples = bench.repository.join("crates/analysis/tests/it/samples");
    let mut told = Vec::new();
    let mut slowest = Duration::ZERO;
    for (language, extension) in [
        ("python", "py"),
        ("javascript", "js"),
        ("typescript", "ts"),
        ("cpp", "cpp"),
        ("c", "c"),
        ("sql", "sql"),
        ("rust", "rs"),
        ("java", "java"),
        ("go", "go"),
    ] {
        let code = compose(&samples, extension)?;
        let lines = code.lines().count();
        let body = json!({"language": language, "code": code});
        let mut times = Vec::new();
        for _ in 0..ANALYSES {
            let began = Instant::now();
            bench
                .runtime
                .block_on(call(session, "/api/v1/analysis", &body))?;
            times.push(began.elapsed());
        }
        let median = Sample::new(times)?.median();
        let each = median.mul_f64(1000.0 / f64::from(u32::try_from(lines)?));
        slowest = slowest.max(each);
        told.push(format!("{language} {}", millis(each)));
    }
    Ok(vec![
        Row::new(
            "analysis of 1,000 lines over HTTP, by language, median of 20",
            format!("{} ms", told.join(" · ")),
        )
        .budget("< 25 ms", slowest < Duration::from_millis(25)),
    ])
}

/// The samples of a language one after the other, again and again, as far as one request holds them.
fn compose(folder: &Path, extension: &str) -> anyhow::Result<String> {
    const BYTES_MAX: usize = 60 * 1024;
    let mut paths: Vec<_> = std::fs::read_dir(folder)?
        .map(|entry| entry.map(|entry| entry.path()))
        .collect::<Result<_, _>>()?;
    paths.retain(|path| {
        path.extension().is_some_and(|found| found == extension)
            && path.file_stem().is_some_and(|stem| stem != "broken")
    });
    paths.sort();
    let texts: Vec<String> = paths
        .iter()
        .map(std::fs::read_to_string)
        .collect::<Result<_, _>>()?;
    anyhow::ensure!(!texts.is_empty(), "there is no sample for `.{extension}`");
    let mut code = String::new();
    for text in texts.iter().cycle() {
        if code.lines().count() >= LINES || code.len() + text.len() > BYTES_MAX {
            return Ok(code);
        }
        code.push_str(text);
        code.push('\n');
    }
    Ok(code)
}

async fn call(session: &Session, path: &str, body: &Value) -> anyhow::Result<Value> {
    json_of(session.post(path, body).send().await?).await
}
