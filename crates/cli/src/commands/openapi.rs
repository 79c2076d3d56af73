//! `codegenie openapi`: prints the description of the API. Needs no data folder.

use std::io::Write as _;

use crate::terminal;

pub(super) fn run() -> anyhow::Result<()> {
    writeln!(terminal::stdout(), "{}", api::render_openapi().trim_end())?;
    Ok(())
}
