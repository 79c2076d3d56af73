//! The tier for libraries of machine code, on Linux: the machine's own Python in a process behind the kernel's walls.
//!
//! `launch` is the process that puts them up, `plan` decides whether they are enough, `process` and `run` are the host's side.

mod calls;
mod interpreter;
mod judge;
mod kernel;
mod launch;
mod namespaces;
mod plan;
mod process;
mod request;
mod run;
mod walls;

use std::io;
use std::path::PathBuf;
use std::time::Duration;

use async_trait::async_trait;
use domain::language::Language;
use domain::sandbox::{Judgement, Layer, Program, RunOutcome, Tests};
use serde::{Deserialize, Serialize};
use tokio::sync::Semaphore;

use crate::tier::TierRunner;

pub use launch::launch_main;
pub use process::Launcher;

use interpreter::Interpreter;
use process::Process;
use request::{Plan, Request, Survey, View};

/// Most programs at once.
const RUNS_MAX: usize = 4;

/// Where matplotlib finds its settings and its list of fonts in the sandbox.
const FONT_FOLDER: &str = "/program/.matplotlib";

/// How long the launcher may take to say what walls there are.
const SURVEY_TIME_MAX: Duration = Duration::from_secs(20);
const SURVEY_BYTES_MAX: usize = 64 * 1024;

const HARNESS: &str = include_str!("../guests/native/harness.py");

/// Python in a process of its own.
pub(crate) struct NativeTier {
    launcher: Launcher,
    state: Result<Ready, String>,
    layers: Vec<Layer>,
    permits: Semaphore,
}

/// A tier that may be used.
struct Ready {
    known: Known,
    plan: Plan,
}

/// What was found out about this machine.
#[derive(Serialize, Deserialize)]
struct Known {
    interpreter: Interpreter,
    survey: Survey,
}

impl Known {
    /// The walls it has, and the interpreter, which was seen to run behind them.
    fn layers(&self) -> Vec<Layer> {
        let packages: Vec<_> = self
            .interpreter
            .packages
            .iter()
            .map(|(name, version)| format!("{name} {version}"))
            .collect();
        let with = if packages.is_empty() {
            "without numpy, pandas and matplotlib".to_owned()
        } else {
            packages.join(", ")
        };
        let mut layers = plan::layers(&self.survey);
        layers.push(Layer {
            name: "Interpreter",
            holds: true,
            is_required: true,
            detail: format!("Python {}, {with}", self.interpreter.version),
        });
        layers
    }
}

impl NativeTier {
    /// Looks for the walls of this machine and for the first of `pythons` that runs behind them.
    pub(crate) async fn new(launcher: Launcher, pythons: Vec<PathBuf>) -> Self {
        let mut tier = Self {
            launcher,
            state: Err(String::new()),
            layers: Vec::new(),
            permits: Semaphore::new(RUNS_MAX),
        };
        let mut missing = vec!["no Python was named".to_owned()];
        for (index, python) in pythons.iter().enumerate() {
            if index == 0 {
                missing.clear();
            }
            match tier.prepare(python).await {
                Ok(()) => return tier,
                Err(why) => missing.push(why),
            }
        }
        tier.state = Err(format!(
            "no Python can be run here ({}); install one, or name it with the sandbox's setting for Python",
            missing.join("; ")
        ));
        tier
    }

    /// Why the tier cannot be used; `None` when it can.
    pub(crate) fn missing(&self) -> Option<&str> {
        self.state.as_ref().err().map(String::as_str)
    }

    /// The tier as it was found before on this machine, without looking again; `None` when `known` is not from there.
    pub(crate) fn of_known(launcher: Launcher, known: serde_json::Value) -> Option<Self> {
        let known: Known = serde_json::from_value(known).ok()?;
        let plan = plan::decide(&known.survey).ok()?;
        Some(Self {
            launcher,
            layers: known.layers(),
            state: Ok(Ready { known, plan }),
            permits: Semaphore::new(RUNS_MAX),
        })
    }

    async fn prepare(&mut self, python: &std::path::Path) -> Result<(), String> {
        let interpreter = Interpreter::find(python).await?;
        let survey = self.survey(&interpreter.view).await?;
        self.layers = plan::layers(&survey);
        let plan = plan::decide(&survey)?;
        let known = Known {
            interpreter,
            survey,
        };
        let layers = known.layers();
        self.state = Ok(Ready { known, plan });
        let mut tried = self
            .run_program(&Program::new(Language::Python, "print(6 * 7)"))
            .await;
        if tried.stdout != "42\n" {
            let why = tried.reason.take().unwrap_or(tried.stderr);
            return Err(format!("{}: {}", python.display(), why.trim()));
        }
        self.layers = layers;
        Ok(())
    }

    async fn survey(&self, view: &View) -> Result<Survey, String> {
        let failed = |error: io::Error| format!("the launcher could not be started: {error}");
        let request = Request::Survey(view.clone());
        let mut asked = Process::spawn(&self.launcher, &request, SURVEY_BYTES_MAX)
            .await
            .map_err(failed)?;
        asked.finish().await.map_err(failed)?;
        let remains = tokio::time::timeout(SURVEY_TIME_MAX, asked.wait())
            .await
            .map_err(|_| "the launcher did not answer".to_owned())?;
        serde_json::from_slice(&remains.stdout.bytes).map_err(|_| {
            let said = String::from_utf8_lossy(&remains.stderr.bytes);
            format!("the launcher said nothing of its walls: {}", said.trim())
        })
    }

    fn ready(&self) -> io::Result<&Ready> {
        self.state
            .as_ref()
            .map_err(|why| io::Error::other(why.clone()))
    }
}

#[async_trait]
impl TierRunner for NativeTier {
    fn languages(&self) -> Vec<Language> {
        vec![Language::Python]
    }

    fn layers(&self) -> Vec<Layer> {
        self.layers.clone()
    }

    fn known(&self) -> serde_json::Value {
        // What was read from JSON can be written as JSON; without it there is only nothing to go by later.
        self.ready()
            .ok()
            .and_then(|ready| serde_json::to_value(&ready.known).ok())
            .unwrap_or_default()
    }

    async fn run(&self, program: &Program) -> RunOutcome {
        if program.language != Language::Python {
            return RunOutcome::unavailable(format!(
                "this tier does not run {}",
                program.language.name()
            ));
        }
        self.run_program(program).await
    }

    async fn judge(&self, program: &Program, tests: &Tests) -> Judgement {
        if program.language != Language::Python {
            return Judgement::unavailable(format!(
                "this tier does not run {}",
                program.language.name()
            ));
        }
        self.judge_program(program, tests).await
    }
}
