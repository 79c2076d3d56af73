//! `codegenie index`: adds the tasks of files to what is known. A file is taken whole or not at all.

use std::io::Write as _;
use std::path::{Path, PathBuf};

use anyhow::Context as _;
use app::knowledge::{Imported, KnowledgeService};
use domain::knowledge::ImportReport;
use serde_json::{Value, json};

use super::source_file;
use crate::args::{HumanEvalArgs, IndexArgs, IndexSource};
use crate::config::Config;
use crate::library::note_words_alone;
use crate::terminal::progress::ProgressLine;
use crate::terminal::{self, note};
use crate::wire::{self, Proof};

pub(super) async fn run(args: IndexArgs, config: &Config) -> anyhow::Result<()> {
    let IndexSource::HumanEval(args) = args.source;
    let wired = wire::wire(config, Proof::Recent).await?;
    let done = index_all(&args, &wired.knowledge).await;
    wired.store.close().await;
    done
}

/// Indexes the files in order and stops at the first that is refused.
async fn index_all(args: &HumanEvalArgs, knowledge: &KnowledgeService) -> anyhow::Result<()> {
    let mut reports = Vec::new();
    let mut failed = None;
    for (at, file) in args.files.iter().enumerate() {
        match index_file(file, knowledge).await {
            Ok(imported) => {
                if !args.json {
                    tell(file, &imported, args.files.len() > 1)?;
                }
                reports.push(to_json(file, &imported.report));
            }
            Err(error) => {
                if args.files.len() > 1 {
                    tell_where_it_stopped(&args.files, at);
                }
                failed = Some(error);
                break;
            }
        }
    }
    if args.json {
        terminal::print_json(&reports)?;
    }
    failed.map_or(Ok(()), Err)
}

async fn index_file(file: &Path, knowledge: &KnowledgeService) -> anyhow::Result<Imported> {
    let shown = file.display();
    let bytes = source_file::read_large(file)
        .with_context(|| format!("cannot read {shown}; nothing of it was indexed"))?;
    let mut line = ProgressLine::new(format!("indexing {shown}"));
    let imported = knowledge
        .import_humaneval(bytes, &mut |progress| line.report(progress))
        .await;
    drop(line);
    imported.with_context(|| shown.to_string())
}

fn tell(file: &Path, imported: &Imported, is_one_of_many: bool) -> anyhow::Result<()> {
    let prefix = if is_one_of_many {
        format!("{}: ", file.display())
    } else {
        String::new()
    };
    writeln!(terminal::stdout(), "{prefix}{}", summary(&imported.report))?;
    if let Some(reason) = &imported.unembedded {
        note_words_alone(reason);
    }
    Ok(())
}

fn summary(report: &ImportReport) -> String {
    let ImportReport {
        added,
        changed,
        unchanged,
        removed: _,
    } = *report;
    match (added, changed) {
        (0, 0) => format!("nothing changed: {} indexed already", tasks_are(unchanged)),
        (added, 0) if unchanged == 0 => format!("indexed {}", tasks(added)),
        (added, changed) => format!(
            "indexed {}: {added} new, {changed} changed, {unchanged} as before",
            tasks(added + changed)
        ),
    }
}

fn tasks(count: u32) -> String {
    if count == 1 {
        "1 task".to_owned()
    } else {
        format!("{count} tasks")
    }
}

fn tasks_are(count: u32) -> String {
    if count == 1 {
        "1 task is".to_owned()
    } else {
        format!("{count} tasks are")
    }
}

fn tell_where_it_stopped(files: &[PathBuf], at: usize) {
    let left = files.len() - at - 1;
    note(&format!(
        "stopped at file {} of {}: {at} indexed, {left} not looked at",
        at + 1,
        files.len()
    ));
}

fn to_json(file: &Path, report: &ImportReport) -> Value {
    json!({
        "file": file.display().to_string(),
        "added": report.added,
        "changed": report.changed,
        "unchanged": report.unchanged,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(added: u32, changed: u32, unchanged: u32) -> String {
        summary(&ImportReport {
            added,
            changed,
            unchanged,
            removed: 0,
        })
    }

    #[test]
    fn the_summary_says_what_happened() {
        assert_eq!(told(164, 0, 0), "indexed 164 tasks");
        assert_eq!(
            told(0, 0, 164),
            "nothing changed: 164 tasks are indexed already"
        );
        assert_eq!(told(0, 0, 1), "nothing changed: 1 task is indexed already");
        assert_eq!(
            told(1, 2, 3),
            "indexed 3 tasks: 1 new, 2 changed, 3 as before"
        );
    }
}
