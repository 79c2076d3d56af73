//! `codegenie teach`: keeps a piece of code as a draft of an account.

use std::io::Write as _;

use app::knowledge::{Lesson, Taught};
use domain::knowledge::ItemStatus;
use serde_json::json;

use super::ask::ChecksJson;
use super::source_file;
use crate::args::TeachArgs;
use crate::config::Config;
use crate::terminal::{self, DIM, printable};
use crate::wire::{self, Proof};

pub(super) async fn run(args: TeachArgs, config: &Config) -> anyhow::Result<()> {
    let language = source_file::language_of(&args.file, args.language)?;
    let lesson = Lesson {
        description: args.description,
        implementation: source_file::read(&args.file)?,
        language,
        tests: args.tests.as_deref().map(source_file::read).transpose()?,
    };
    let wired = wire::wire(config, Proof::Recent).await?;
    let principal = wired.accounts.act_locally_as(&args.author).await?;
    let Taught { item, checks } = wired.knowledge.teach(&principal, lesson).await?;
    let status = match item.status {
        ItemStatus::Draft => "draft",
        ItemStatus::Published => "published",
    };
    if args.json {
        terminal::print_json(&json!({
            "id": item.id.to_string(),
            "title": item.title,
            "status": status,
            "checks": ChecksJson::new(&checks),
        }))?;
    } else {
        let (title, author) = (printable(&item.title), principal.account.username.as_str());
        let mut out = terminal::stdout();
        writeln!(out, "kept as a {status} of {author}: {title} ({})", item.id)?;
        for note in &checks.notes {
            writeln!(out, "{DIM}check{DIM:#}   {}", printable(note))?;
        }
    }
    wired.store.close().await;
    Ok(())
}
