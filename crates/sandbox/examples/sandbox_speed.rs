//! Measures the sandbox and prints a table in Markdown: `speed [RUNS]`. To be built with `--release`; the launcher is the example
//! beside this one.
//!
//! `CODEGENIE_SANDBOX_CACHE` names the folder of compiled images, `CODEGENIE_SANDBOX_PYTHON` the Python of the native tier.
//! `CODEGENIE_HUMANEVAL` may name `HumanEval.jsonl.gz`, or `CODEGENIE_HUMANEVALPACK` a `humanevalpack-python.jsonl`, which has the
//! same problems and a buggy solution of each; neither is part of this project. `SHOW=1` lists what is not judged as it should be.
#![expect(
    clippy::print_stdout,
    clippy::unwrap_used,
    reason = "a program for developers that prints its findings"
)]

use std::io::Read as _;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use domain::language::Language;
use domain::sandbox::{Judgement, Program, Sandbox, Tests, Tier, TierReport, TierState};
use sandbox::{Launcher, LocalSandbox, Proof, SandboxConfig};
use serde_json::Value;

/// Runs when the command line names no number.
const RUNS: usize = 200;
/// Native runs are slower by far, so there are fewer.
const NATIVE_SHARE: usize = 4;
/// Most judgements that wait or run at once.
const AT_ONCE: usize = 32;

fn row(what: &str, figures: &str) {
    println!("| {what} | {figures} |");
}

fn milliseconds(duration: Duration) -> String {
    format!("{:.1} ms", duration.as_secs_f64() * 1000.0)
}

fn config(cache_dir: &Path) -> SandboxConfig {
    let own = std::env::current_exe().unwrap();
    SandboxConfig {
        cache_dir: cache_dir.to_owned(),
        launcher: Some(Launcher {
            program: own.with_file_name("launcher"),
            args: Vec::new(),
        }),
        python: std::env::var_os("CODEGENIE_SANDBOX_PYTHON")
            .into_iter()
            .chain(["/usr/bin/python3".into()])
            .map(PathBuf::from)
            .collect(),
        parallel_max: std::thread::available_parallelism().map_or(1, usize::from),
    }
}

fn describe(report: &TierReport) -> String {
    let state = match &report.state {
        TierState::Ready => "ready",
        TierState::Preparing => "being prepared",
        TierState::Unavailable(why) => why.as_str(),
    };
    let stopped = report.attacks.iter().filter(|one| one.is_stopped).count();
    format!(
        "{}; {state}, {stopped} of {} attacks stopped",
        milliseconds(report.duration),
        report.attacks.len()
    )
}

/// Compiles every image in an empty folder, by starting a sandbox there.
async fn measure_compiling() {
    let folder = tempfile::tempdir().unwrap();
    let started = Instant::now();
    let mut only_wasm = config(folder.path());
    only_wasm.launcher = None;
    let sandbox = LocalSandbox::start(only_wasm);
    let reports = sandbox.report(true).await;
    row(
        "compiling all images and proving the WASM tier, once per machine",
        &format!(
            "{}; {:?}",
            milliseconds(started.elapsed()),
            reports[0].state
        ),
    );
    let mut bytes = 0;
    for entry in std::fs::read_dir(folder.path()).unwrap().flatten() {
        if entry.path().extension().is_some_and(|end| end == "cwasm") {
            bytes += entry.metadata().unwrap().len();
        }
    }
    row(
        "machine code of all images",
        &format!("{} MiB", bytes >> 20),
    );
}

/// A command that runs one program and ends: with a proof that was kept, until the first result.
async fn measure_one_shot(cache_dir: &Path) {
    let program = Program::new(Language::Python, "print(6 * 7)");
    let mut times = Vec::new();
    for _ in 0..10 {
        let started = Instant::now();
        let sandbox = LocalSandbox::start_with(config(cache_dir), Proof::Recent);
        assert_eq!(sandbox.run(&program).await.stdout, "42\n");
        times.push(started.elapsed());
    }
    row(
        "start with a kept proof and run a Python program",
        &spread(times),
    );
    let program = Program::new(Language::Python, "import tempfile\nprint(6 * 7)");
    let mut times = Vec::new();
    for _ in 0..10 {
        let started = Instant::now();
        let sandbox = LocalSandbox::start_with(config(cache_dir), Proof::Recent);
        let outcome = sandbox.run(&program).await;
        if outcome.tier == Some(Tier::Native) {
            times.push(started.elapsed());
        }
    }
    row("the same in the native tier", &spread(times));
}

fn spread(mut times: Vec<Duration>) -> String {
    times.sort();
    let at = |part: usize| times.get(times.len() * part / 100).copied();
    match (at(50), at(95)) {
        (Some(median), Some(tail)) => format!(
            "p50 {}, p95 {} ({} runs)",
            milliseconds(median),
            milliseconds(tail),
            times.len()
        ),
        _ => "not measured".to_owned(),
    }
}

async fn measure_runs(
    sandbox: &LocalSandbox,
    what: &str,
    program: &Program,
    wanted: &str,
    runs: usize,
) {
    let mut times = Vec::new();
    for _ in 0..runs {
        let started = Instant::now();
        let outcome = sandbox.run(program).await;
        assert_eq!(outcome.stdout, wanted, "{outcome:?}");
        times.push(started.elapsed());
    }
    row(what, &spread(times));
}

async fn measure_all_runs(sandbox: &LocalSandbox, runs: usize) {
    let sum = "def f(n):\n    return sum(i * i for i in range(n))\nprint(f(1000))\n";
    let wasm = [
        ("a Python program", Language::Python, sum, "332833500\n"),
        (
            "a JavaScript program",
            Language::JavaScript,
            "let sum = 0; for (let i = 0; i < 1000; i++) sum += i * i; console.log(sum);",
            "332833500\n",
        ),
        (
            "an SQL script",
            Language::Sql,
            "SELECT 6 * 7 AS answer;",
            "",
        ),
    ];
    for (what, language, code, wanted) in wasm {
        let program = Program::new(language, code);
        let first = sandbox.run(&program).await.stdout;
        let wanted = if wanted.is_empty() {
            first.as_str()
        } else {
            wanted
        };
        measure_runs(sandbox, what, &program, wanted, runs).await;
    }
    let native = [
        (
            "a native Python program",
            "import tempfile\n",
            runs / NATIVE_SHARE,
        ),
        ("one with numpy", "import numpy\n", runs / NATIVE_SHARE / 2),
    ];
    for (what, import, runs) in native {
        let program = Program::new(Language::Python, format!("{import}{sum}"));
        let first = sandbox.run(&program).await;
        if first.tier == Some(Tier::Native) {
            measure_runs(sandbox, what, &program, &first.stdout, runs).await;
        }
    }
}

fn read_lines(variable: &str) -> Vec<Value> {
    let named = std::env::var_os(variable).filter(|path| !path.is_empty());
    let Some(path) = named.map(PathBuf::from) else {
        return Vec::new();
    };
    let bytes = std::fs::read(&path).unwrap();
    let mut text = String::new();
    if path.extension().is_some_and(|extension| extension == "gz") {
        flate2::read::GzDecoder::new(bytes.as_slice())
            .read_to_string(&mut text)
            .unwrap();
    } else {
        text = String::from_utf8(bytes).unwrap();
    }
    text.lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect()
}

fn text<'a>(problem: &'a Value, field: &str) -> &'a str {
    problem[field].as_str().unwrap()
}

async fn judge(
    sandbox: std::sync::Arc<LocalSandbox>,
    problem: Value,
    solution: &'static str,
) -> (String, Judgement) {
    let code = format!("{}{}", text(&problem, "prompt"), text(&problem, solution));
    let mut program = Program::new(Language::Python, code);
    program.limits.wall = Duration::from_secs(20);
    let entry_point = text(&problem, "entry_point").to_owned();
    let code = text(&problem, "test").replace(&format!("\ncheck({entry_point})"), "\n");
    let tests = Tests::Check { code, entry_point };
    let judged = sandbox.judge(&program, &tests).await;
    (text(&problem, "task_id").to_owned(), judged)
}

async fn measure_judging(
    sandbox: &std::sync::Arc<LocalSandbox>,
    problems: &[Value],
    solution: &'static str,
    is_right: bool,
) {
    let started = Instant::now();
    let mut tasks = tokio::task::JoinSet::new();
    let mut all = Vec::new();
    for problem in problems {
        if tasks.len() >= AT_ONCE {
            all.extend(tasks.join_next().await.map(Result::unwrap));
        }
        tasks.spawn(judge(
            std::sync::Arc::clone(sandbox),
            problem.clone(),
            solution,
        ));
    }
    all.extend(tasks.join_all().await);
    let as_wanted = all
        .iter()
        .filter(|(_, judged)| judged.passed() == is_right)
        .count();
    row(
        &format!("{} times `{solution}` judged", all.len()),
        &format!(
            "{:.1} s; {as_wanted} {}",
            started.elapsed().as_secs_f64(),
            if is_right { "pass" } else { "fail" }
        ),
    );
    for (name, judged) in &all {
        if judged.passed() != is_right && std::env::var_os("SHOW").is_some() {
            println!("{name}: {:?}", judged.failure());
        }
    }
}

#[tokio::main]
async fn main() {
    let runs = std::env::args()
        .nth(1)
        .and_then(|word| word.parse().ok())
        .unwrap_or(RUNS);
    let cache_dir = std::env::var_os("CODEGENIE_SANDBOX_CACHE").map_or_else(
        || std::env::temp_dir().join("codegenie-sandbox-tests"),
        PathBuf::from,
    );
    row("what", "measured");
    row("---", "---");
    let load = std::fs::read_to_string("/proc/loadavg").unwrap_or_default();
    row("load of the machine over 1, 5, 15 minutes", load.trim());
    measure_compiling().await;
    // The tiers one after the other, so that neither waits for the other's work.
    let mut only_wasm = config(&cache_dir);
    only_wasm.launcher = None;
    let reports = LocalSandbox::start(only_wasm).report(true).await;
    row("WASM tier: loading and proving", &describe(&reports[0]));
    let sandbox = std::sync::Arc::new(LocalSandbox::start_with(config(&cache_dir), Proof::Recent));
    drop(sandbox.run(&Program::new(Language::Python, "")).await);
    let native = LocalSandbox::start(config(&cache_dir)).report(true).await;
    row(
        "native tier: looking, proving, beside the other tier",
        &describe(&native[1]),
    );
    measure_one_shot(&cache_dir).await;
    let reports = sandbox.report(true).await;
    for report in reports {
        row(
            &format!("{}: taken from a kept proof", report.tier.name()),
            &describe(&report),
        );
    }
    measure_all_runs(&sandbox, runs).await;
    let buggy = read_lines("CODEGENIE_HUMANEVALPACK");
    let own = read_lines("CODEGENIE_HUMANEVAL");
    let problems = if own.is_empty() { &buggy } else { &own };
    if !problems.is_empty() {
        measure_judging(&sandbox, problems, "canonical_solution", true).await;
    }
    if !buggy.is_empty() {
        measure_judging(&sandbox, &buggy, "buggy_solution", false).await;
    }
}
