//! Sets up log lines on standard error.

use anyhow::Context as _;
use tracing_subscriber::EnvFilter;

use crate::config::{Config, LogFormat};

/// Starts logging for the rest of the process.
pub(crate) fn start(config: &Config) -> anyhow::Result<()> {
    let directives = &config.log.value;
    let filter = EnvFilter::try_new(directives).with_context(|| {
        format!(
            "cannot use the log level `{directives}` of {}",
            config.log.origin
        )
    })?;
    let builder = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(std::io::stderr)
        .with_ansi(false);
    let started = match config.log_format.value {
        LogFormat::Text => builder.try_init(),
        LogFormat::Json => builder.json().try_init(),
    };
    started.map_err(|error| anyhow::anyhow!("cannot start logging: {error}"))
}
