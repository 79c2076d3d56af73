//! Making a tier ready: by proving it, or by a proof that was kept.

use std::sync::Arc;
use std::time::{Duration, Instant};

use domain::sandbox::{AttackResult, Layer, Tier, TierReport, TierState};

use super::Prepared;
use crate::local::SandboxConfig;
use crate::native::NativeTier;
use crate::proof::{Kept, Proof, Proofs};
use crate::self_test;
use crate::tier::TierRunner;
use crate::wasm::WasmTier;

/// What a tier is made of.
#[derive(Debug)]
pub(super) struct Preparation {
    tier: Tier,
    proof: Proof,
    pub(super) proofs: Proofs,
    config: SandboxConfig,
}

type Made = Result<Arc<dyn TierRunner>, (String, Vec<Layer>)>;

impl Preparation {
    pub(super) fn new(tier: Tier, config: SandboxConfig, proof: Proof) -> Self {
        Self {
            tier,
            proof,
            proofs: Proofs::new(&config.cache_dir, config.launcher.as_ref(), &config.python),
            config,
        }
    }

    /// Makes the tier, and lets it be used only when it was proved.
    pub(super) async fn prepare(self) -> Prepared {
        let started = Instant::now();
        let mut prepared = match self.recall().await {
            Some(prepared) => prepared,
            None => self.prove().await,
        };
        prepared.report.duration = started.elapsed();
        prepared
    }

    /// The tier as it was proved before in circumstances like these; `None` when it was not, or when that does not count.
    async fn recall(&self) -> Option<Prepared> {
        if self.proof == Proof::Anew {
            return None;
        }
        let (proofs, tier) = (self.proofs.clone(), self.tier);
        let found = tokio::task::spawn_blocking(move || proofs.find(tier)).await;
        let kept = found.ok().flatten()?;
        let attacks = kept.results()?;
        let runner = self.make_as_known(kept).await?;
        let report = report(self.tier, runner.as_ref(), attacks);
        (report.state == TierState::Ready).then_some(Prepared {
            report,
            runner: Some(runner),
        })
    }

    async fn make_as_known(&self, kept: Kept) -> Option<Arc<dyn TierRunner>> {
        match self.tier {
            Tier::Wasm => self.make().await.ok(),
            Tier::Native => {
                let tier = NativeTier::of_known(self.config.launcher.clone()?, kept.known)?;
                Some(Arc::new(tier))
            }
        }
    }

    async fn make(&self) -> Made {
        match self.tier {
            Tier::Wasm => {
                let tier =
                    WasmTier::start(self.config.cache_dir.clone(), self.config.parallel_max).await;
                match tier {
                    Ok(tier) => Ok(Arc::new(tier)),
                    Err(why) => Err((why, Vec::new())),
                }
            }
            Tier::Native => {
                let Some(launcher) = self.config.launcher.clone() else {
                    return Err(("it is switched off by the settings".to_owned(), Vec::new()));
                };
                let tier = NativeTier::new(launcher, self.config.python.clone()).await;
                match tier.missing() {
                    Some(why) => Err((why.to_owned(), tier.layers())),
                    None => Ok(Arc::new(tier)),
                }
            }
        }
    }

    /// Makes the tier and tries it with hostile programs.
    async fn prove(&self) -> Prepared {
        let runner = match self.make().await {
            Ok(runner) => runner,
            Err((reason, layers)) => {
                let mut report = TierReport {
                    layers,
                    ..super::preparing(self.tier)
                };
                report.state = TierState::Unavailable(reason);
                return Prepared {
                    report,
                    runner: None,
                };
            }
        };
        let attacks = self_test::prove(self.tier, runner.as_ref(), self.config.parallel_max).await;
        let report = report(self.tier, runner.as_ref(), attacks);
        let is_ready = report.state == TierState::Ready;
        self.write_down(is_ready.then(|| (report.attacks.clone(), runner.known())))
            .await;
        Prepared {
            runner: is_ready.then_some(runner),
            report,
        }
    }

    /// Keeps what was proved, or forgets what was before.
    async fn write_down(&self, proved: Option<(Vec<AttackResult>, serde_json::Value)>) {
        let (proofs, tier) = (self.proofs.clone(), self.tier);
        let written = tokio::task::spawn_blocking(move || match proved {
            Some((attacks, known)) => proofs.keep(tier, &attacks, known),
            None => proofs.remove(tier),
        });
        if let Err(error) = written.await {
            tracing::warn!(tier = tier.name(), %error, "the proof of a tier could not be kept");
        }
    }
}

/// What there is to say about a tier that was made and tried.
fn report(tier: Tier, runner: &dyn TierRunner, attacks: Vec<AttackResult>) -> TierReport {
    let layers = runner.layers();
    let hole = find_hole(&layers, &attacks);
    TierReport {
        tier,
        languages: match hole {
            Some(_) => Vec::new(),
            None => runner.languages(),
        },
        state: hole.map_or(TierState::Ready, TierState::Unavailable),
        layers,
        attacks,
        duration: Duration::ZERO,
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
