//! `codegenie config`: shows the settings that hold and where each comes from, without secrets.

use std::io::Write as _;

use crate::args::ConfigArgs;
use crate::config::{Config, LogFormat};
use crate::terminal::{self, DIM};

pub(super) fn run(args: &ConfigArgs, config: &Config) -> anyhow::Result<()> {
    let rows = rows(config);
    if args.json {
        let entries = rows.into_iter().map(|(name, value, origin)| {
            (
                name.to_owned(),
                serde_json::json!({"value": value, "from": origin}),
            )
        });
        return terminal::print_json(&entries.collect::<serde_json::Map<_, _>>());
    }
    let mut out = terminal::stdout();
    for (name, value, origin) in rows {
        writeln!(
            out,
            "{name:<15} {} {DIM}({origin}){DIM:#}",
            terminal::printable(&value)
        )?;
    }
    Ok(())
}

/// Name, value and origin of every setting.
fn rows(config: &Config) -> Vec<(&'static str, String, String)> {
    let Config {
        data_dir,
        listen,
        database,
        models_dir,
        log,
        log_format,
        registration_open,
        admin_limit,
        secure_cookies,
        origins,
    } = config;
    let format = match log_format.value {
        LogFormat::Text => "text",
        LogFormat::Json => "json",
    };
    let registration = if registration_open.value {
        "open"
    } else {
        "closed"
    };
    let cookies = if secure_cookies.value { "yes" } else { "no" };
    vec![
        (
            "data_dir",
            data_dir.value.display().to_string(),
            data_dir.origin.to_string(),
        ),
        (
            "listen",
            listen.value.to_string(),
            listen.origin.to_string(),
        ),
        (
            "database",
            database.value.redacted(),
            database.origin.to_string(),
        ),
        (
            "models_dir",
            models_dir.value.display().to_string(),
            models_dir.origin.to_string(),
        ),
        ("log", log.value.clone(), log.origin.to_string()),
        (
            "log_format",
            format.to_owned(),
            log_format.origin.to_string(),
        ),
        (
            "registration",
            registration.to_owned(),
            registration_open.origin.to_string(),
        ),
        (
            "admin_limit",
            admin_limit.value.to_string(),
            admin_limit.origin.to_string(),
        ),
        (
            "secure_cookies",
            cookies.to_owned(),
            secure_cookies.origin.to_string(),
        ),
        (
            "origins",
            origins.value.join(","),
            origins.origin.to_string(),
        ),
    ]
}
