//! `codegenie sandbox`: looks after what keeps programs in.

use std::io::Write as _;

use anyhow::bail;
use domain::Language;
use domain::sandbox::{TierReport, TierState};

use crate::args::{SandboxAct, SandboxArgs};
use crate::config::{Config, SandboxMode};
use crate::{terminal, wire};

pub(super) async fn run(args: &SandboxArgs, config: &Config) -> anyhow::Result<()> {
    match args.act {
        SandboxAct::Prepare => prepare(config).await,
    }
}

/// Compiles the images into the cache and tests the walls, so that no later start has to compile.
async fn prepare(config: &Config) -> anyhow::Result<()> {
    if config.sandbox.value == SandboxMode::Off {
        writeln!(
            terminal::stdout(),
            "the sandbox is turned off ({})",
            config.sandbox.origin
        )?;
        return Ok(());
    }
    let tiers = wire::find_sandbox(config, wire::Proof::Anew)?
        .report(true)
        .await;
    let ready = tiers.iter().filter_map(say_what_runs).collect::<Vec<_>>();
    if ready.is_empty() {
        let reasons = tiers.iter().filter_map(|report| match &report.state {
            TierState::Unavailable(reason) => Some(reason.as_str()),
            TierState::Ready | TierState::Preparing => None,
        });
        bail!(
            "no tier of the sandbox can be used: {}",
            reasons.collect::<Vec<_>>().join("; ")
        );
    }
    writeln!(
        terminal::stdout(),
        "the sandbox is ready: {}",
        ready.join("; ")
    )?;
    Ok(())
}

/// Such as `WASM runs Python, JavaScript`; `None` for a tier that is not used.
fn say_what_runs(report: &TierReport) -> Option<String> {
    let is_ready = report.state == TierState::Ready;
    is_ready.then(|| {
        format!(
            "{} runs {}",
            terminal::tier_title(report.tier),
            titles(&report.languages)
        )
    })
}

/// The names of languages, as people write them.
pub(super) fn titles(languages: &[Language]) -> String {
    let titles: Vec<&str> = languages.iter().map(|language| language.title()).collect();
    titles.join(", ")
}
