//! An engine as the writer's task knows it, and with what it is started.

use std::sync::Arc;

use domain::time::Timestamp;
use tokio::sync::{mpsc, oneshot};

use super::LocalWriterConfig;
use super::counters::Meter;
use super::footprint::Footprint;
use super::prepare::Prepared;
use super::process::{self, Herald, Instruction, Launch};
use crate::engine::WriteArgs;
use crate::engine::generator::frame::ReadyReport;

/// With what a model is loaded.
#[derive(Debug, Clone)]
pub(super) struct Wanted {
    pub(super) model: Arc<Prepared>,
    pub(super) footprint: Footprint,
    /// The footprint's, or what an engine reported for it.
    pub(super) bytes: u64,
}

/// A process.
#[derive(Debug)]
pub(super) struct Engine {
    /// Comes with its news.
    pub(super) number: u64,
    /// Dropped to end the process.
    instructions: Option<mpsc::UnboundedSender<Instruction>>,
    pub(super) pid: u32,
    pub(super) model: Arc<Prepared>,
    pub(super) footprint: Footprint,
    /// What it said when it was loaded.
    pub(super) report: Option<ReadyReport>,
    pub(super) meter: Arc<Meter>,
    pub(super) started_at: Timestamp,
    /// Who waits for its end.
    pub(super) unloading: Vec<oneshot::Sender<bool>>,
}

impl Engine {
    /// Starts a process.
    ///
    /// # Errors
    /// Why the program could not be started.
    pub(super) fn start(
        config: &LocalWriterConfig,
        wanted: Wanted,
        herald: Herald,
        started_at: Timestamp,
    ) -> Result<Self, String> {
        let Wanted {
            model, footprint, ..
        } = wanted;
        let adapters = model.adapters.iter().map(|adapter| adapter.path.clone());
        let launch = Launch {
            program: config.program.clone(),
            args: config.args.clone(),
            write_args: WriteArgs {
                model: model.weights.clone(),
                threads: config.threads,
                context_tokens: footprint.context_tokens,
                parallel: footprint.parallel,
                gpu_layers: config.gpu_layers,
                adapters: adapters.collect(),
            },
            start_max: config.limits.start,
            silence_max: config.limits.silence,
        };
        let number = herald.number;
        let (pid, instructions) = process::spawn(&launch, herald).map_err(|error| {
            let program = config.program.display();
            tracing::error!(%program, %error, "an engine could not be started");
            format!("its engine could not be started: {error}")
        })?;
        tracing::info!(
            model = %model.name,
            pid,
            context_tokens = footprint.context_tokens,
            parallel = footprint.parallel,
            bytes = footprint.memory.total(),
            "a language model is loaded"
        );
        Ok(Self {
            number,
            instructions: Some(instructions),
            pid,
            model,
            footprint,
            report: None,
            meter: Arc::new(Meter::new()),
            started_at,
            unloading: Vec::new(),
        })
    }

    /// Tells the process; one that has gone reports that by itself.
    pub(super) fn instruct(&self, instruction: Instruction) {
        if let Some(instructions) = &self.instructions {
            let _ = instructions.send(instruction);
        }
    }

    /// Ends the process, which is reported when it is done.
    pub(super) fn end(&mut self) {
        self.instructions = None;
    }
}
