//! `codegenie replay`: has the language model of an earlier answer write it again, and says whether it is the same.

use std::io::Write as _;

use app::ask::Replay;
use serde_json::json;

use crate::args::ReplayArgs;
use crate::config::Config;
use crate::terminal::{self, BOLD, DIM, printable};
use crate::wire::{self, Proof};

pub(super) async fn run(args: ReplayArgs, config: &Config) -> anyhow::Result<()> {
    let wired = wire::wire(config, Proof::Recent).await?;
    let principal = wired.accounts.act_locally_as(&args.asker).await?;
    let replayed = wired.ask.replay(&principal, args.receipt).await;
    wired.close().await;
    let replay = replayed?;
    if args.json {
        terminal::print_json(&as_json(&replay))
    } else {
        show(&replay)
    }
}

/// The JSON of `POST /api/v1/receipts/{id}/replay`, field for field.
fn as_json(replay: &Replay) -> serde_json::Value {
    let difference = replay.difference.as_ref().map(|difference| {
        json!({
            "same_chars": difference.same_chars,
            "was": difference.was,
            "is": difference.is,
            "reason": difference.reason,
        })
    });
    json!({
        "model": replay.model.as_str(),
        "seed": replay.seed,
        "same": difference.is_none(),
        "text": replay.text,
        "difference": difference,
    })
}

fn show(replay: &Replay) -> anyhow::Result<()> {
    let mut out = terminal::stdout();
    writeln!(out, "{}\n", printable(replay.text.trim_end()))?;
    let (model, seed) = (&replay.model, replay.seed);
    let Some(difference) = &replay.difference else {
        writeln!(
            out,
            "{BOLD}the same{BOLD:#} {DIM}· {model} · seed {seed}{DIM:#}"
        )?;
        return Ok(());
    };
    writeln!(
        out,
        "{BOLD}not the same{BOLD:#} from character {} on {DIM}· {model} · seed {seed}{DIM:#}",
        difference.same_chars + 1
    )?;
    for (name, text) in [("was", &difference.was), ("is", &difference.is)] {
        let text = printable(text).replace('\n', " ");
        writeln!(out, "{DIM}{name:<4}{DIM:#} {text}")?;
    }
    writeln!(out, "{}", difference.reason)?;
    Ok(())
}
