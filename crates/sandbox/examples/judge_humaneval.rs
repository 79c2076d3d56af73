//! Judges `HumanEval` (its own solutions) and, where given, `HumanEvalPack`'s buggy ones, and prints figures.
//!
//! `CODEGENIE_HUMANEVAL` names `HumanEval.jsonl.gz`, `CODEGENIE_HUMANEVALPACK` a `humanevalpack-python.jsonl`, and
//! `CODEGENIE_SANDBOX_CACHE` the folder of compiled images. Neither set of problems is part of this project.
#![expect(
    clippy::print_stdout,
    clippy::unwrap_used,
    reason = "a program for developers that prints its findings"
)]

use std::io::Read as _;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};

use domain::language::Language;
use domain::sandbox::{Judgement, Program, Sandbox, Tests};
use sandbox::{LocalSandbox, SandboxConfig};
use serde_json::Value;

fn read_lines(variable: &str) -> Vec<Value> {
    let Some(path) = std::env::var_os(variable).map(PathBuf::from) else {
        println!("{variable} is not set");
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

async fn judge_all(
    sandbox: &Arc<LocalSandbox>,
    problems: &[Value],
    solution: &str,
) -> Vec<(String, Judgement)> {
    let started = Instant::now();
    let mut tasks = Vec::new();
    for problem in problems {
        let mut program = Program::new(
            Language::Python,
            format!("{}{}", text(problem, "prompt"), text(problem, solution)),
        );
        program.limits.wall = Duration::from_secs(20);
        let entry_point = text(problem, "entry_point").to_owned();
        let code = text(problem, "test")
            .replace(&format!("\ncheck({entry_point})"), "\n")
            .clone();
        let tests = Tests::Check { code, entry_point };
        let sandbox = Arc::clone(sandbox);
        let name = text(problem, "task_id").to_owned();
        tasks.push(tokio::spawn(async move {
            (name, sandbox.judge(&program, &tests).await)
        }));
        if tasks.len() % 32 == 0 {
            // The queue is bounded, so wait for those before.
            let last = tasks.last_mut().unwrap();
            while !last.is_finished() {
                tokio::task::yield_now().await;
                tokio::time::sleep(Duration::from_millis(1)).await;
            }
        }
    }
    let mut judged = Vec::new();
    for task in tasks {
        judged.push(task.await.unwrap());
    }
    println!(
        "{solution}: {} judged in {:.1} s",
        judged.len(),
        started.elapsed().as_secs_f64()
    );
    judged
}

#[tokio::main]
async fn main() {
    let cache = std::env::var_os("CODEGENIE_SANDBOX_CACHE").map_or_else(
        || std::env::temp_dir().join("codegenie-sandbox-tests"),
        PathBuf::from,
    );
    let sandbox = Arc::new(LocalSandbox::start(SandboxConfig {
        cache_dir: cache,
        launcher: None,
        python: Vec::new(),
        parallel_max: std::thread::available_parallelism().map_or(1, usize::from),
    }));
    for report in sandbox.report(true).await {
        println!(
            "{}: {:?} after {:?}",
            report.tier.name(),
            report.state,
            report.duration
        );
    }
    measure_runs(&sandbox).await;
    let problems = read_lines("CODEGENIE_HUMANEVAL");
    let judged = judge_all(&sandbox, &problems, "canonical_solution").await;
    let passed = judged.iter().filter(|(_, judged)| judged.passed()).count();
    println!("{passed} of {} solutions pass", judged.len());
    for (name, judged) in &judged {
        if let Some(failure) = judged.failure() {
            println!("  {name}: {failure} {:?}", judged.run.reason);
        }
    }
    let problems = read_lines("CODEGENIE_HUMANEVALPACK");
    let judged = judge_all(&sandbox, &problems, "buggy_solution").await;
    let failed = judged.iter().filter(|(_, judged)| !judged.passed()).count();
    println!("{failed} of {} buggy solutions fail", judged.len());
    for (name, judged) in &judged {
        if judged.passed() {
            println!("  {name} passes");
        } else if std::env::var_os("SHOW").is_some() {
            println!("  {name}: {}", judged.failure().unwrap_or_default());
        }
    }
}

async fn measure_runs(sandbox: &LocalSandbox) {
    let program = Program::new(
        Language::Python,
        "def f(n):\n    return sum(i * i for i in range(n))\nprint(f(1000))\n",
    );
    let mut times = Vec::new();
    for _ in 0..200 {
        let started = Instant::now();
        let outcome = sandbox.run(&program).await;
        assert_eq!(outcome.stdout, "332833500\n", "{outcome:?}");
        times.push(started.elapsed());
    }
    times.sort();
    println!(
        "run: p50 {:?}, p95 {:?}",
        times[times.len() / 2],
        times[times.len() * 95 / 100]
    );
}
