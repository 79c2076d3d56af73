//! `codegenie config`: shows the settings that hold and where each comes from, without secrets.

use std::io::Write as _;
use std::path::PathBuf;

use crate::args::ConfigArgs;
use crate::config::{Config, Database, LogFormat, Setting, account_rows, hub_rows, model_rows};
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
    let width = rows
        .iter()
        .map(|(name, _, _)| name.len())
        .max()
        .unwrap_or(0);
    for (name, value, origin) in rows {
        writeln!(
            out,
            "{name:<width$} {} {DIM}({origin}){DIM:#}",
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
        hub,
        sandbox,
        sandbox_cache,
        sandbox_python,
        models,
        remotes,
        account,
    } = config;
    let path =
        |name, setting: &Setting<PathBuf>| row(name, setting, |path| path.display().to_string());
    let mut rows = vec![
        path("data_dir", data_dir),
        row("listen", listen, ToString::to_string),
        row("database", database, Database::redacted),
        path("models_dir", models_dir),
        row("log", log, Clone::clone),
        row("log_format", log_format, |format| match format {
            LogFormat::Text => "text".to_owned(),
            LogFormat::Json => "json".to_owned(),
        }),
        row("registration", registration_open, |open| {
            (if *open { "open" } else { "closed" }).to_owned()
        }),
        row("admin_limit", admin_limit, ToString::to_string),
        row("secure_cookies", secure_cookies, |secure| {
            (if *secure { "yes" } else { "no" }).to_owned()
        }),
        row("origins", origins, |origins| origins.join(",")),
        row("sandbox", sandbox, |mode| mode.name().to_owned()),
        path("sandbox_cache", sandbox_cache),
        row("sandbox_python", sandbox_python, |paths| shown_paths(paths)),
    ];
    let models = model_rows(models).into_iter();
    rows.extend(models.map(|(name, value, origin)| (name, value, origin.to_string())));
    rows.extend(hub_rows(hub));
    rows.extend(remotes.iter().map(|remote| {
        let server = &remote.value;
        let value = format!("{} at {}", server.name, server.base_url);
        ("remote", value, remote.origin.to_string())
    }));
    rows.extend(account_rows(account));
    rows
}

fn row<T>(
    name: &'static str,
    setting: &Setting<T>,
    show: impl FnOnce(&T) -> String,
) -> (&'static str, String, String) {
    (name, show(&setting.value), setting.origin.to_string())
}

/// The paths in the order they are tried.
fn shown_paths(paths: &[PathBuf]) -> String {
    let shown: Vec<String> = paths
        .iter()
        .map(|path| path.display().to_string())
        .collect();
    shown.join(", else ")
}
