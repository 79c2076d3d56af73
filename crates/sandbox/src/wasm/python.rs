//! Programs in Python. A run has one interpreter. A judgement has two that share nothing: one loads the program, the other runs
//! the tests and asks the first one by way of this host, so the program cannot reach what decides.

mod outcome;
mod seat;

use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

use domain::sandbox::{
    IoCase, Judgement, Program, RunOutcome, RunStatus, TESTS_MAX, TestResult, Tests,
};
use serde::Deserialize;
use serde_json::json;
use wasmtime::component::{InstancePre, Linker, TypedFunc};

use self::outcome::{Ended, Streams};
use self::seat::{Findings, Link, Seat};
use super::engine::WasmEngine;
use super::image::ImageError;
use super::room::{Bounds, Budget, ExitReason, Pipes, Room};

/// The image's name.
pub(crate) const IMAGE: &str = "python";

/// The Python interpreter, ready to be started any number of times.
#[derive(Clone)]
pub(crate) struct PythonGuest {
    engine: Arc<WasmEngine>,
    interpreter: InstancePre<Room<Seat>>,
}

impl fmt::Debug for PythonGuest {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("PythonGuest")
            .finish_non_exhaustive()
    }
}

/// What an interpreter says about how a program ended.
#[derive(Debug, Deserialize)]
#[serde(tag = "kind", rename_all = "lowercase")]
pub(super) enum Report {
    /// It came to its end; `names` are what it defined.
    Ok {
        #[serde(default)]
        names: Vec<String>,
    },
    /// It ended itself.
    Exit { code: i32, line: Option<u32> },
    /// An exception was not caught.
    Error {
        line: Option<u32>,
        message: String,
        memory: bool,
        denied: bool,
    },
}

/// One judgement.
struct Task {
    /// The program's streams.
    pipes: Pipes,
    /// The program.
    code: String,
    /// What the tests' interpreter is told.
    job: serde_json::Value,
    /// Where it puts what it finds.
    findings: Arc<Mutex<Findings>>,
    bounds: Bounds,
}

impl PythonGuest {
    /// Compiles or loads the image.
    pub(crate) async fn new(engine: &Arc<WasmEngine>) -> Result<Self, ImageError> {
        let broken = |error: wasmtime::Error| ImageError::Broken {
            image: IMAGE,
            why: format!("{error:#}"),
        };
        let component = engine.component(IMAGE).await?;
        let mut linker = Linker::new(engine.wasmtime());
        wasmtime_wasi::p2::add_to_linker_async(&mut linker).map_err(broken)?;
        seat::link(&mut linker).map_err(broken)?;
        Ok(Self {
            engine: Arc::clone(engine),
            interpreter: linker.instantiate_pre(&component).map_err(broken)?,
        })
    }

    /// Runs `program` as `__main__`.
    pub(crate) async fn run(&self, program: &Program) -> RunOutcome {
        let bounds = Bounds::from(program.limits);
        let streams = Streams::new(Pipes::new(program.stdin.as_bytes(), &bounds));
        let (guest, pipes, code) = (self.clone(), streams.pipes.clone(), program.code.clone());
        let job = move |budget: Arc<Budget>| async move {
            let ended = guest.run_in(&pipes, code, &budget).await;
            (ended, budget.elapsed())
        };
        match self.engine.in_turn(&bounds, job).await {
            Ok(Some((ended, duration))) => streams.outcome(ended, duration, program.limits),
            Ok(None) => streams.outcome(
                Ended::Stopped(ExitReason::Timeout),
                bounds.wall,
                program.limits,
            ),
            Err(busy) => RunOutcome::unavailable(busy.to_string()),
        }
    }

    /// Judges `program` by `tests`.
    pub(crate) async fn judge(&self, program: &Program, tests: &Tests) -> Judgement {
        match tests {
            Tests::Asserts(code) => {
                let job = json!({ "kind": "asserts", "tests": code });
                self.judge_apart(program, job).await
            }
            Tests::Check { code, entry_point } => {
                let job = json!({ "kind": "check", "tests": code, "entry_point": entry_point });
                self.judge_apart(program, job).await
            }
            Tests::Doctests => {
                let job = json!({ "kind": "doctests", "program": program.code });
                self.judge_apart(program, job).await
            }
            Tests::Io(cases) => self.judge_output(program, cases).await,
        }
    }

    async fn run_in(&self, pipes: &Pipes, code: String, budget: &Arc<Budget>) -> Ended {
        let seat = Seat::Alone { exit_code: None };
        let mut store = Room::for_component(&self.engine, pipes, &[], budget, seat);
        let called = async {
            let instance = self.interpreter.instantiate_async(&mut store).await?;
            let run = instance.get_typed_func::<(String,), (String,)>(&mut store, "run")?;
            run.call_async(&mut store, (code,)).await
        }
        .await;
        match called {
            Ok((report,)) => Ended::of_report(&report),
            Err(error) => match (ExitReason::of(&error, budget), &store.data().own) {
                (
                    ExitReason::Exit(_),
                    Seat::Alone {
                        exit_code: Some(code),
                    },
                ) => Ended::Stopped(ExitReason::Exit(*code)),
                (reason, _) => Ended::Stopped(reason),
            },
        }
    }

    async fn judge_apart(&self, program: &Program, job: serde_json::Value) -> Judgement {
        let bounds = Bounds::from(program.limits);
        let streams = Streams::new(Pipes::new(program.stdin.as_bytes(), &bounds));
        let findings = Arc::new(Mutex::new(Findings::default()));
        let guest = self.clone();
        let task = Task {
            pipes: streams.pipes.clone(),
            code: program.code.clone(),
            job,
            findings: Arc::clone(&findings),
            bounds,
        };
        let job = move |budget: Arc<Budget>| async move {
            let ended = guest.judge_in(task, &budget).await;
            (ended, budget.elapsed())
        };
        let ((ended, is_complete), duration) = match self.engine.in_turn(&bounds, job).await {
            Ok(Some(done)) => done,
            Ok(None) => ((Ended::Stopped(ExitReason::Timeout), false), bounds.wall),
            Err(busy) => return Judgement::unavailable(busy.to_string()),
        };
        let findings =
            std::mem::take(&mut *findings.lock().unwrap_or_else(PoisonError::into_inner));
        Judgement {
            run: streams.judged_outcome(ended, duration, program.limits),
            tests: findings.tests,
            is_complete,
        }
    }

    /// How the program's part ended, and whether every test was reached.
    async fn judge_in(&self, mut task: Task, budget: &Arc<Budget>) -> (Ended, bool) {
        let (seat, ends) = Seat::for_program();
        let mut store = Room::for_component(&self.engine, &task.pipes, &[], budget, seat);
        let code = std::mem::take(&mut task.code);
        let loaded = async {
            let instance = self.interpreter.instantiate_async(&mut store).await?;
            let load = instance.get_typed_func::<(String,), (String,)>(&mut store, "load")?;
            let (report,) = load.call_async(&mut store, (code,)).await?;
            let serve = instance.get_typed_func(&mut store, "serve")?;
            wasmtime::Result::Ok((report, serve))
        };
        let (report, serve) = match loaded.await {
            Ok(loaded) => loaded,
            Err(error) => return (Ended::Stopped(ExitReason::of(&error, budget)), false),
        };
        let ended = Ended::of_report(&report);
        let Ended::Told(Report::Ok { names }) = &ended else {
            return (ended, false);
        };
        // A name that is no name would be the program's doing.
        task.job["names"] = json!(names);
        let link = Link::new(store, serve, ends, task.pipes.stdout.clone());
        self.run_tests(link, task, budget).await
    }

    async fn run_tests(&self, link: Link, task: Task, budget: &Arc<Budget>) -> (Ended, bool) {
        let seat = Seat::Tests {
            link,
            findings: task.findings,
        };
        let job = task.job.to_string();
        let pipes = Pipes::new(Vec::new(), &task.bounds);
        let mut store = Room::for_component(&self.engine, &pipes, &[], budget, seat);
        let judged = async {
            let instance = self.interpreter.instantiate_async(&mut store).await?;
            let judge: TypedFunc<(String,), (String,)> =
                instance.get_typed_func(&mut store, "judge")?;
            judge.call_async(&mut store, (job,)).await
        }
        .await;
        let gone = match &store.data().own {
            Seat::Tests { link, .. } => link.gone().cloned(),
            Seat::Alone { .. } | Seat::Program { .. } => None,
        };
        match (gone, judged) {
            (Some(reason), _) => (Ended::Stopped(reason), false),
            (None, Ok((told,))) => (Ended::done(), seat::is_complete(&told)),
            (None, Err(error)) => {
                let reason = match ExitReason::of(&error, budget) {
                    ExitReason::Finished | ExitReason::Exit(_) => {
                        ExitReason::Trap("the tests ended their own interpreter".to_owned())
                    }
                    reason @ (ExitReason::Timeout | ExitReason::Memory | ExitReason::Trap(_)) => {
                        reason
                    }
                };
                (Ended::Stopped(reason), false)
            }
        }
    }

    /// Runs the program once for each case and compares what it prints.
    async fn judge_output(&self, program: &Program, cases: &[IoCase]) -> Judgement {
        let mut tests = Vec::new();
        let mut last = RunOutcome::unavailable("there was no input to run the program with");
        let mut left = program.limits.wall;
        for (at, case) in cases.iter().take(TESTS_MAX).enumerate() {
            let mut run = program.clone();
            run.stdin.clone_from(&case.stdin);
            run.limits.wall = left;
            last = self.run(&run).await;
            left = left.saturating_sub(last.duration);
            if last.status != RunStatus::Ok {
                let why = outcome::why_of(&last);
                tests.push(TestResult {
                    name: format!("input {}", at + 1),
                    failure: Some(why),
                });
                break;
            }
            tests.push(TestResult {
                name: format!("input {}", at + 1),
                failure: outcome::difference(&last.stdout, &case.stdout),
            });
        }
        Judgement {
            is_complete: tests.len() == cases.len() && last.status == RunStatus::Ok,
            run: last,
            tests,
        }
    }
}
