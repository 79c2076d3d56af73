//! The sandbox of this machine: which tier a program goes to, and when a tier may be used. Knows nothing of how tiers work.

mod imports;
mod preparation;

use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use domain::language::Language;
use domain::sandbox::{
    Judgement, Program, RunOutcome, RunStatus, Sandbox, Tests, Tier, TierReport, TierState,
};
use tokio::sync::watch;

use self::preparation::Preparation;
use crate::native::Launcher;
use crate::proof::{Proof, Proofs};
use crate::tier::TierRunner;

/// Longest time a run waits for a tier that is being prepared: compiling its images takes up to half a minute, once.
const PREPARATION_MAX: Duration = Duration::from_mins(1);

/// What the sandbox needs to know.
#[derive(Debug, Clone)]
pub struct SandboxConfig {
    /// A folder for compiled images and for what was proved, made with mode 0700 when it is not there.
    pub cache_dir: PathBuf,
    /// How native processes are started; `None` leaves the native tier out.
    pub launcher: Option<Launcher>,
    /// Pythons for the native tier, best first.
    pub python: Vec<PathBuf>,
    /// Most programs at once in the WebAssembly tier; the number of processors is a good value.
    pub parallel_max: usize,
}

/// Implements [`Sandbox`] with the tiers of this machine.
#[derive(Debug)]
pub struct LocalSandbox {
    wasm: Slot,
    native: Slot,
}

/// A tier and how far it is.
#[derive(Debug)]
struct Slot {
    tier: Tier,
    state: watch::Receiver<Prepared>,
    proofs: Proofs,
    /// What is left to do; taken by who does it.
    asleep: Mutex<Option<(Preparation, watch::Sender<Prepared>)>>,
}

/// What came of preparing a tier.
#[derive(Clone)]
struct Prepared {
    report: TierReport,
    /// There only when it may be used.
    runner: Option<Arc<dyn TierRunner>>,
}

impl std::fmt::Debug for Prepared {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.report.fmt(formatter)
    }
}

impl LocalSandbox {
    /// A sandbox whose tiers are prepared and tried with hostile programs in the background. Must be called in a tokio runtime.
    pub fn start(config: SandboxConfig) -> Self {
        Self::start_with(config, Proof::Anew)
    }

    /// Likewise, but `proof` says whether a tier that was proved before is proved again.
    pub fn start_with(config: SandboxConfig, proof: Proof) -> Self {
        let slot = |tier, config| Slot::new(tier, Preparation::new(tier, config, proof));
        let wasm = slot(Tier::Wasm, config.clone());
        let native = slot(Tier::Native, config);
        wasm.wake();
        if proof == Proof::Anew {
            native.wake();
        }
        Self { wasm, native }
    }

    /// The tiers for `program` and `tests`, the one that suits them first.
    fn order(&self, program: &Program, tests: Option<&Tests>) -> [&Slot; 2] {
        let tests = match tests {
            Some(Tests::Asserts(code) | Tests::Check { code, .. }) => code.as_str(),
            Some(Tests::Doctests | Tests::Io(_)) | None => "",
        };
        let is_native = [program.code.as_str(), tests]
            .into_iter()
            .any(imports::needs_native);
        if program.language == Language::Python && is_native {
            [&self.native, &self.wasm]
        } else {
            [&self.wasm, &self.native]
        }
    }

    /// The first tier for `program` that may be used, or why none may.
    async fn find_runner(
        &self,
        program: &Program,
        tests: Option<&Tests>,
    ) -> Result<(&Slot, Arc<dyn TierRunner>), String> {
        let mut reasons = Vec::new();
        for slot in self.order(program, tests) {
            match slot.runner(program.language).await {
                Ok(runner) => return Ok((slot, runner)),
                Err(reason) => reasons.push(format!("{}: {reason}", slot.tier.name())),
            }
        }
        Err(format!("the program was not run. {}", reasons.join("; ")))
    }
}

impl Slot {
    fn new(tier: Tier, preparation: Preparation) -> Self {
        let (sender, state) = watch::channel(Prepared {
            report: preparing(tier),
            runner: None,
        });
        Self {
            tier,
            state,
            proofs: preparation.proofs.clone(),
            asleep: Mutex::new(Some((preparation, sender))),
        }
    }

    /// Begins to prepare the tier, unless that has begun already.
    fn wake(&self) {
        let mut asleep = self.asleep.lock().unwrap_or_else(PoisonError::into_inner);
        let Some((preparation, sender)) = asleep.take() else {
            return;
        };
        let tier = self.tier;
        tokio::spawn(async move {
            let prepared = preparation.prepare().await;
            match &prepared.report.state {
                TierState::Unavailable(reason) => {
                    tracing::warn!(tier = tier.name(), %reason, "a tier of the sandbox is not used");
                }
                TierState::Ready | TierState::Preparing => {
                    tracing::info!(tier = tier.name(), duration = ?prepared.report.duration, "a tier of the sandbox is ready");
                }
            }
            // Nobody listens any more when the sandbox was dropped meanwhile.
            let _ = sender.send(prepared);
        });
    }

    /// Waits until preparation has ended.
    async fn settled(&self) -> Result<Prepared, String> {
        self.wake();
        let mut state = self.state.clone();
        let settled = state
            .wait_for(|prepared| prepared.report.state != TierState::Preparing)
            .await
            .map(|prepared| prepared.clone());
        settled.map_err(|_| "its preparation was interrupted; start again".to_owned())
    }

    /// Forgets the proof of a tier that did not run a program: its walls may not be what they were.
    fn doubt(&self, status: RunStatus) {
        if status == RunStatus::Unavailable {
            self.proofs.remove(self.tier);
        }
    }

    async fn runner(&self, language: Language) -> Result<Arc<dyn TierRunner>, String> {
        let prepared = tokio::time::timeout(PREPARATION_MAX, self.settled())
            .await
            .map_err(|_| "it is still being prepared; try again in a minute".to_owned())??;
        if let TierState::Unavailable(reason) = prepared.report.state {
            return Err(reason);
        }
        prepared
            .runner
            .filter(|runner| runner.languages().contains(&language))
            .ok_or_else(|| format!("it cannot run {}", language.title()))
    }
}

/// What is said of a tier that is not ready yet.
fn preparing(tier: Tier) -> TierReport {
    TierReport {
        tier,
        state: TierState::Preparing,
        languages: Vec::new(),
        layers: Vec::new(),
        attacks: Vec::new(),
        duration: Duration::ZERO,
    }
}

#[async_trait]
impl Sandbox for LocalSandbox {
    async fn run(&self, program: &Program) -> RunOutcome {
        match self.find_runner(program, None).await {
            Ok((slot, runner)) => {
                let outcome = runner.run(program).await;
                slot.doubt(outcome.status);
                outcome
            }
            Err(reason) => RunOutcome::unavailable(reason),
        }
    }

    async fn judge(&self, program: &Program, tests: &Tests) -> Judgement {
        match self.find_runner(program, Some(tests)).await {
            Ok((slot, runner)) => {
                let judged = runner.judge(program, tests).await;
                slot.doubt(judged.run.status);
                judged
            }
            Err(reason) => Judgement::unavailable(reason),
        }
    }

    fn can_run(&self, language: Language) -> bool {
        [&self.wasm, &self.native].iter().any(|slot| {
            let prepared = slot.state.borrow();
            match prepared.report.state {
                TierState::Preparing => could_run(slot.tier, language),
                TierState::Ready => prepared.report.languages.contains(&language),
                TierState::Unavailable(_) => false,
            }
        })
    }

    async fn report(&self, settled: bool) -> Vec<TierReport> {
        let mut reports = Vec::new();
        for slot in [&self.wasm, &self.native] {
            let now = slot.state.borrow().report.clone();
            reports.push(if settled {
                slot.settled().await.map_or(now, |prepared| prepared.report)
            } else {
                now
            });
        }
        reports
    }
}

/// What a tier will be able to run when nothing is missing.
fn could_run(tier: Tier, language: Language) -> bool {
    match tier {
        Tier::Wasm => [Language::Python, Language::JavaScript, Language::Sql].contains(&language),
        Tier::Native => language == Language::Python,
    }
}
