//! The sandbox of this machine: which tier a program goes to, and when a tier may be used. Knows nothing of how tiers work.

mod imports;

use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};

use async_trait::async_trait;
use domain::language::Language;
use domain::sandbox::{
    AttackResult, Judgement, Layer, Program, RunOutcome, Sandbox, Tests, Tier, TierReport,
    TierState,
};
use tokio::sync::watch;

use crate::native::{Launcher, NativeTier};
use crate::self_test;
use crate::tier::TierRunner;
use crate::wasm::WasmTier;

/// Longest time a run waits for a tier that is being prepared: compiling its images takes up to half a minute, once.
const PREPARATION_MAX: Duration = Duration::from_mins(1);

/// What the sandbox needs to know.
#[derive(Debug, Clone)]
pub struct SandboxConfig {
    /// A folder for compiled images, made with mode 0700 when it is not there.
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
}

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
        let SandboxConfig {
            cache_dir,
            launcher,
            python,
            parallel_max,
        } = config;
        let wasm = Slot::prepare(Tier::Wasm, async move {
            let tier = WasmTier::start(cache_dir, parallel_max).await;
            tier.map(|tier| Arc::new(tier) as Arc<dyn TierRunner>)
                .map_err(|why| (why, Vec::new()))
        });
        let native = Slot::prepare(Tier::Native, async move {
            let Some(launcher) = launcher else {
                return Err(("it is switched off by the settings".to_owned(), Vec::new()));
            };
            let tier = NativeTier::new(launcher, python).await;
            match tier.missing() {
                Some(why) => Err((why.to_owned(), tier.layers())),
                None => Ok(Arc::new(tier) as Arc<dyn TierRunner>),
            }
        });
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
    ) -> Result<Arc<dyn TierRunner>, String> {
        let mut reasons = Vec::new();
        for slot in self.order(program, tests) {
            match slot.runner(program.language).await {
                Ok(runner) => return Ok(runner),
                Err(reason) => reasons.push(format!("{}: {reason}", slot.tier.name())),
            }
        }
        Err(format!("the program was not run. {}", reasons.join("; ")))
    }
}

impl Slot {
    fn prepare<F>(tier: Tier, make: F) -> Self
    where
        F: Future<Output = Result<Arc<dyn TierRunner>, (String, Vec<Layer>)>> + Send + 'static,
    {
        let (sender, state) = watch::channel(Prepared {
            report: TierReport {
                tier,
                state: TierState::Preparing,
                languages: Vec::new(),
                layers: Vec::new(),
                attacks: Vec::new(),
                duration: Duration::ZERO,
            },
            runner: None,
        });
        tokio::spawn(async move {
            let started = Instant::now();
            let made = make.await;
            let prepared = prove(tier, made, started).await;
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
        Self { tier, state }
    }

    /// Waits until preparation has ended.
    async fn settled(&self) -> Result<Prepared, String> {
        let mut state = self.state.clone();
        let settled = state
            .wait_for(|prepared| prepared.report.state != TierState::Preparing)
            .await
            .map(|prepared| prepared.clone());
        settled.map_err(|_| "its preparation was interrupted; start again".to_owned())
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

/// Tries a tier that was made with hostile programs, and lets it be used only when all of them were stopped.
async fn prove(
    tier: Tier,
    made: Result<Arc<dyn TierRunner>, (String, Vec<Layer>)>,
    started: Instant,
) -> Prepared {
    let mut report = TierReport {
        tier,
        state: TierState::Ready,
        languages: Vec::new(),
        layers: Vec::new(),
        attacks: Vec::new(),
        duration: Duration::ZERO,
    };
    let runner = match made {
        Ok(runner) => {
            report.languages = runner.languages();
            report.layers = runner.layers();
            report.attacks = self_test::prove(tier, runner.as_ref()).await;
            if let Some(reason) = find_hole(&report.layers, &report.attacks) {
                report.state = TierState::Unavailable(reason);
                report.languages = Vec::new();
            }
            Some(runner)
        }
        Err((reason, layers)) => {
            report.state = TierState::Unavailable(reason);
            report.layers = layers;
            None
        }
    };
    report.duration = started.elapsed();
    Prepared {
        runner: runner.filter(|_| report.state == TierState::Ready),
        report,
    }
}

/// Why a tier must not be used: a wall that is missing, an attack that was not stopped, or no attack at all.
fn find_hole(layers: &[Layer], attacks: &[AttackResult]) -> Option<String> {
    if let Some(layer) = layers
        .iter()
        .find(|layer| layer.is_required && !layer.holds)
    {
        return Some(format!("{} is missing: {}", layer.name, layer.detail));
    }
    if attacks.is_empty() {
        return Some("it was not tried with hostile programs".to_owned());
    }
    attacks
        .iter()
        .find(|attack| !attack.is_stopped)
        .map(|attack| {
            format!(
                "a hostile program was not stopped ({}): {}",
                attack.name, attack.detail
            )
        })
}

#[async_trait]
impl Sandbox for LocalSandbox {
    async fn run(&self, program: &Program) -> RunOutcome {
        match self.find_runner(program, None).await {
            Ok(runner) => runner.run(program).await,
            Err(reason) => RunOutcome::unavailable(reason),
        }
    }

    async fn judge(&self, program: &Program, tests: &Tests) -> Judgement {
        match self.find_runner(program, Some(tests)).await {
            Ok(runner) => runner.judge(program, tests).await,
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

#[cfg(test)]
mod tests {
    use super::*;

    fn layer(holds: bool) -> Layer {
        Layer {
            name: "wall",
            holds,
            is_required: true,
            detail: "not on this kernel".to_owned(),
        }
    }

    fn attack(is_stopped: bool) -> AttackResult {
        AttackResult {
            name: "read a file",
            is_stopped,
            detail: "it read it".to_owned(),
        }
    }

    #[test]
    fn a_tier_is_used_only_when_every_wall_holds_and_every_attack_was_stopped() {
        assert_eq!(find_hole(&[layer(true)], &[attack(true)]), None);
        for (layers, attacks) in [
            (vec![layer(false)], vec![attack(true)]),
            (vec![layer(true)], vec![attack(true), attack(false)]),
            (vec![layer(true)], vec![]),
        ] {
            assert!(find_hole(&layers, &attacks).is_some());
        }
    }
}
