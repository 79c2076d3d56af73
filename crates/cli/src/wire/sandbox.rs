//! The sandbox of this machine by the settings. It starts when it is first asked for, because most commands never run a program.

use std::ffi::OsString;
use std::num::NonZeroUsize;
use std::sync::{Arc, OnceLock};

use anyhow::Context as _;
use app::sandbox::NoSandbox;
use async_trait::async_trait;
use domain::language::Language;
use domain::sandbox::{Judgement, Program, RunOutcome, Sandbox, Tests, TierReport};
use sandbox::{Launcher, LocalSandbox, Proof, SandboxConfig};

use crate::config::{Config, SandboxMode};
use crate::folder;

/// The hidden word of the command line that makes this program the launcher of a native program.
pub(crate) const LAUNCH_WORD: &str = "sandbox-launch";

/// What runs programs that nobody trusts, by the settings; asleep until it is first used, and then `proof` says whether it is
/// attacked anew. To be used in the runtime.
pub(crate) fn find_sandbox(config: &Config, proof: Proof) -> anyhow::Result<Arc<dyn Sandbox>> {
    let launcher = match config.sandbox.value {
        SandboxMode::Off => {
            return Ok(Arc::new(NoSandbox::new(format!(
                "execution is turned off ({}); set `sandbox` to auto to run programs",
                config.sandbox.origin
            ))));
        }
        SandboxMode::Wasm => None,
        SandboxMode::Auto => Some(Launcher {
            program: std::env::current_exe().context("this program cannot find its own file")?,
            args: vec![OsString::from(LAUNCH_WORD)],
        }),
    };
    let cache_dir = config.sandbox_cache.value.clone();
    if cache_dir.starts_with(&config.data_dir.value) {
        folder::make(&config.data_dir.value)?;
    }
    Ok(Arc::new(SandboxOnDemand {
        config: SandboxConfig {
            cache_dir,
            launcher,
            python: config.sandbox_python.value.clone(),
            parallel_max: std::thread::available_parallelism().map_or(1, NonZeroUsize::get),
        },
        proof,
        awake: OnceLock::new(),
    }))
}

/// A [`LocalSandbox`] that starts when it is first asked for anything.
struct SandboxOnDemand {
    config: SandboxConfig,
    proof: Proof,
    awake: OnceLock<LocalSandbox>,
}

impl SandboxOnDemand {
    fn awake(&self) -> &LocalSandbox {
        self.awake
            .get_or_init(|| LocalSandbox::start_with(self.config.clone(), self.proof))
    }
}

#[async_trait]
impl Sandbox for SandboxOnDemand {
    async fn run(&self, program: &Program) -> RunOutcome {
        self.awake().run(program).await
    }

    async fn judge(&self, program: &Program, tests: &Tests) -> Judgement {
        self.awake().judge(program, tests).await
    }

    fn can_run(&self, language: Language) -> bool {
        self.awake().can_run(language)
    }

    async fn report(&self, settled: bool) -> Vec<TierReport> {
        self.awake().report(settled).await
    }
}
