//! Language models: the folder that holds them, and the writer that runs their engines. Nothing is loaded before it is asked.

use std::ffi::OsString;
use std::num::{NonZeroU32, NonZeroUsize};
use std::path::PathBuf;
use std::sync::Arc;

use anyhow::Context as _;
use domain::Clock;
use domain::models::writing::Writer;
use inference::engine::GpuLayers;
use inference::{
    CatalogueConfig, CombinedWriter, EngineCommand, FolderCatalogue, LocalWriter,
    LocalWriterConfig, RemoteWriter, WriterLimits, default_budget_bytes,
};

use crate::config::{Amount, Config, ModelsConfig};
use crate::ports::SystemClock;

/// The folder of the models of this machine.
pub(crate) fn find_catalogue(config: &Config) -> anyhow::Result<Arc<FolderCatalogue>> {
    let parts = CatalogueConfig {
        models_dir: config.models_dir.value.clone(),
        hub: config.hub.to_hub_config(),
        engine: EngineCommand {
            program: find_program()?,
            args: vec![OsString::from("engine")],
            threads: std::thread::available_parallelism().unwrap_or(NonZeroUsize::MIN),
        },
    };
    Ok(Arc::new(FolderCatalogue::new(parts, Arc::new(SystemClock))))
}

fn find_program() -> anyhow::Result<PathBuf> {
    std::env::current_exe().context("this program cannot find its own file")
}

/// Bytes that all models together may take.
pub(crate) fn find_budget(settings: &ModelsConfig) -> u64 {
    match settings.memory.value {
        Amount::Auto => default_budget_bytes(),
        Amount::Set(bytes) => bytes,
    }
}

pub(crate) fn at_least_one(number: u32) -> NonZeroU32 {
    NonZeroU32::new(number).unwrap_or(NonZeroU32::MIN)
}

/// The writer over the models of `catalogue`.
pub(super) fn find_writer(
    config: &Config,
    catalogue: Arc<FolderCatalogue>,
    clock: Arc<dyn Clock>,
) -> anyhow::Result<Arc<LocalWriter>> {
    let settings = &config.models;
    let program = find_program()?;
    let cores = std::thread::available_parallelism().unwrap_or(NonZeroUsize::MIN);
    let threads = match settings.threads.value {
        Amount::Auto => None,
        Amount::Set(threads) => usize::try_from(threads).ok().and_then(NonZeroUsize::new),
    };
    let writer = LocalWriterConfig {
        program,
        args: vec![OsString::from("engine")],
        budget_bytes: find_budget(settings),
        context_tokens: at_least_one(settings.context.value),
        parallel_max: at_least_one(settings.parallel.value),
        threads: threads.unwrap_or(cores),
        gpu_layers: match settings.gpu_layers.value {
            Amount::Auto => GpuLayers::Auto,
            Amount::Set(layers) => GpuLayers::Most(layers),
        },
        limits: WriterLimits {
            keep_alive: settings.keep_alive.value,
            ..WriterLimits::default()
        },
    };
    Ok(Arc::new(LocalWriter::new(writer, catalogue, clock)))
}

/// The same, with the models of other servers where there are any in the settings. None of them takes the place of a model of this
/// machine by itself: what people write leaves the machine only for a server that is named.
pub(super) fn with_remotes(
    config: &Config,
    local: Arc<LocalWriter>,
) -> anyhow::Result<Arc<dyn Writer>> {
    if config.remotes.is_empty() {
        return Ok(local);
    }
    let servers = config.remotes.iter().map(|remote| remote.value.clone());
    let remote = RemoteWriter::new(servers.collect())?;
    Ok(Arc::new(CombinedWriter::new(local, Arc::new(remote))))
}
