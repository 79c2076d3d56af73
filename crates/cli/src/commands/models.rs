//! `codegenie models`: looks after the model files of this machine.

use std::io::Write as _;

use crate::args::{ModelsAct, ModelsArgs};
use crate::config::Config;
use crate::terminal;

pub(super) fn run(args: &ModelsArgs, config: &Config) -> anyhow::Result<()> {
    match args.act {
        ModelsAct::Prepare => prepare(config),
    }
}

/// Makes the encoder's file out of the fetched one, so that no later start has to.
fn prepare(config: &Config) -> anyhow::Result<()> {
    let model = inference::find_or_prepare_model(&config.models_dir.value)?;
    writeln!(
        terminal::stdout(),
        "the embedding model is ready: {}",
        model.display()
    )?;
    Ok(())
}
