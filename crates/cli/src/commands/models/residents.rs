//! `codegenie models ps`, `load`, `unload`, `pin` and `unpin`: the models that a running server holds in memory.

use std::io::Write as _;

use anyhow::Context as _;
use chrono::{DateTime, TimeDelta};
use domain::models::ModelName;
use domain::time::Timestamp;
use reqwest::Method;
use serde::Deserialize;
use serde_json::json;

use super::shown_size;
use crate::args::{PsArgs, ResidentArgs};
use crate::config::Config;
use crate::running_server::{self, Answer, Proof, Request};
use crate::terminal::table::{Align, Table};
use crate::terminal::{self, printable};

/// What the server says of its memory for models.
#[derive(Deserialize)]
struct Ledger {
    budget_bytes: u64,
    used_bytes: u64,
    residents: Vec<Resident>,
    waiting: Vec<Waiting>,
}

#[derive(Deserialize)]
struct Resident {
    model: String,
    state: String,
    memory: Memory,
    pinned: bool,
    running: u32,
    unload_at: Option<String>,
}

#[derive(Deserialize)]
struct Memory {
    weights: u64,
    context: u64,
    adapters: u64,
    compute: u64,
}

#[derive(Deserialize)]
struct Waiting {
    model: String,
    count: u32,
}

/// Shows what is in memory.
pub(super) async fn ps(args: &PsArgs, config: &Config) -> anyhow::Result<()> {
    let request = Request {
        method: Method::GET,
        path: &["api", "v1", "models", "ledger"],
        body: None,
        proof: Proof::Any,
        is_long: false,
    };
    let Answer { body, now } = running_server::ask(&args.server, config, request).await?;
    if args.json {
        return terminal::print_json(&body);
    }
    let ledger: Ledger = serde_json::from_value(body)
        .context("the server's answer cannot be read; is it of another version?")?;
    let mut out = terminal::stdout();
    let table = table(&ledger, now);
    if table.is_empty() {
        writeln!(
            out,
            "no language model is in memory; one is loaded when it is asked, or with `codegenie models load NAME`"
        )?;
    } else {
        table.show(&mut out)?;
    }
    let (used, budget) = (ledger.used_bytes, ledger.budget_bytes);
    writeln!(out, "{} of {} used", shown_size(used), shown_size(budget))?;
    Ok(())
}

/// A row for each model in memory, and for each that is only waited for.
fn table(ledger: &Ledger, now: Timestamp) -> Table {
    let mut table = Table::new(&[
        ("model", Align::Left),
        ("state", Align::Left),
        ("pinned", Align::Left),
        ("weights", Align::Right),
        ("context", Align::Right),
        ("adapters", Align::Right),
        ("computing", Align::Right),
        ("running", Align::Right),
        ("waiting", Align::Right),
        ("unloads in", Align::Left),
    ]);
    for resident in &ledger.residents {
        let mut waiting = ledger.waiting.iter();
        let waiting = waiting.find(|waiting| waiting.model == resident.model);
        let memory = &resident.memory;
        table.add(vec![
            printable(&resident.model),
            printable(&resident.state),
            (if resident.pinned { "yes" } else { "no" }).to_owned(),
            shown_size(memory.weights),
            shown_size(memory.context),
            shown_size(memory.adapters),
            shown_size(memory.compute),
            resident.running.to_string(),
            waiting.map_or(0, |waiting| waiting.count).to_string(),
            shown_rest(resident, now),
        ]);
    }
    let is_resident = |name: &str| ledger.residents.iter().any(|known| known.model == name);
    let absent = ledger.waiting.iter();
    for waiting in absent.filter(|waiting| !is_resident(&waiting.model)) {
        let mut row = vec![printable(&waiting.model), "waited for".to_owned()];
        row.extend(std::iter::repeat_n("-".to_owned(), 6));
        row.extend([waiting.count.to_string(), "-".to_owned()]);
        table.add(row);
    }
    table
}

/// How long it stays when nobody asks it.
fn shown_rest(resident: &Resident, now: Timestamp) -> String {
    if resident.pinned {
        return "never".to_owned();
    }
    let moment = resident.unload_at.as_deref();
    let moment = moment.and_then(|text| DateTime::parse_from_rfc3339(text).ok());
    moment.map_or_else(
        || "-".to_owned(),
        |moment| {
            shown_time(TimeDelta::milliseconds(
                moment.timestamp_millis() - now.millis(),
            ))
        },
    )
}

/// A time in one or two units: `45 s`, `9 min`, `2 h 5 min`, `12 d`.
fn shown_time(time: TimeDelta) -> String {
    let seconds = time.num_seconds().max(0);
    let (minutes, hours) = (seconds / 60, seconds / 3600);
    if minutes < 1 {
        format!("{seconds} s")
    } else if hours < 1 {
        format!("{minutes} min")
    } else if hours < 48 {
        format!("{hours} h {} min", minutes % 60)
    } else {
        format!("{} d", hours / 24)
    }
}

pub(super) async fn load(args: &ResidentArgs, config: &Config) -> anyhow::Result<()> {
    let path = ["api", "v1", "models", args.model.as_str(), "load"];
    let request = change(Method::POST, &path);
    running_server::ask(&args.server, config, request).await?;
    tell(&args.model, "is in memory")
}

pub(super) async fn unload(args: &ResidentArgs, config: &Config) -> anyhow::Result<()> {
    let path = ["api", "v1", "models", args.model.as_str(), "unload"];
    let request = change(Method::POST, &path);
    running_server::ask(&args.server, config, request).await?;
    tell(&args.model, "is not in memory any more")
}

pub(super) async fn pin(
    args: &ResidentArgs,
    is_pinned: bool,
    config: &Config,
) -> anyhow::Result<()> {
    let path = ["api", "v1", "models", args.model.as_str(), "pin"];
    let request = Request {
        body: Some(json!({"pinned": is_pinned})),
        ..change(Method::PUT, &path)
    };
    running_server::ask(&args.server, config, request).await?;
    let done = if is_pinned {
        "stays in memory until it is unpinned or unloaded"
    } else {
        "leaves memory when it is idle or room is needed"
    };
    tell(&args.model, done)
}

/// A request that changes what is in memory; loading and finishing what was begun take their time.
fn change<'a>(method: Method, path: &'a [&'a str]) -> Request<'a> {
    Request {
        method,
        path,
        body: None,
        proof: Proof::Session,
        is_long: true,
    }
}

fn tell(model: &ModelName, done: &str) -> anyhow::Result<()> {
    writeln!(terminal::stdout(), "the model `{model}` {done}")?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_short() {
        let shown = [-5, 45, 599, 7_530, 3_600 * 24 * 365]
            .map(|seconds| shown_time(TimeDelta::seconds(seconds)));
        assert_eq!(shown, ["0 s", "45 s", "9 min", "2 h 5 min", "365 d"]);
    }

    #[test]
    fn who_is_only_waited_for_has_a_row_too() {
        let ledger = json!({
            "budget_bytes": 8_000_000_000_u64, "used_bytes": 2_100_000_000_u64,
            "residents": [{
                "model": "phi-2", "state": "ready",
                "memory": {"weights": 1_789_239_136_u64, "context": 300_000_000, "adapters": 0, "compute": 10_760_864},
                "pinned": true, "running": 1, "unload_at": null
            }],
            "waiting": [{"model": "gemma-2b-it", "count": 2}]
        });
        let ledger: Ledger = serde_json::from_value(ledger).unwrap();
        let mut out = Vec::new();
        table(&ledger, Timestamp::from_millis(0))
            .show(&mut out)
            .unwrap();
        let out = String::from_utf8(out).unwrap();
        let cells = |start: &str| {
            let line = out.lines().find(|line| line.starts_with(start)).unwrap();
            line.split_whitespace().collect::<Vec<_>>().join(" ")
        };
        assert_eq!(
            cells("phi-2"),
            "phi-2 ready yes 1.7 GB 300 MB 0 kB 10 MB 1 0 never"
        );
        assert_eq!(
            cells("gemma-2b-it"),
            "gemma-2b-it waited for - - - - - - 2 -"
        );
    }
}
