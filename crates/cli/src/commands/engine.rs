//! `codegenie engine`: becomes an engine process. The server starts it with a socket as its standard input.

use crate::args::EngineArgs;

pub(super) fn run(args: EngineArgs) -> anyhow::Result<()> {
    let args = inference::engine::EngineArgs::parse(args.rest)?;
    inference::engine::main(&args)?;
    Ok(())
}
