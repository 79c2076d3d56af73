//! Indexing the HumanEval file by the command that a user runs.

use std::path::Path;
use std::time::Duration;

use super::Bench;
use super::report::Row;
use super::sample::{Sample, seconds};
use super::server::run_command;

const RUNS: usize = 3;
const BUDGET: Duration = Duration::from_secs(15);
const WHAT: &str = "index HumanEval, new folder (3 runs)";

/// Leaves `keep` behind, indexed.
pub(crate) fn measure(bench: &Bench, keep: &Path) -> anyhow::Result<Vec<Row>> {
    let Some(file) = &bench.humaneval else {
        return Ok(vec![Row::skipped(
            WHAT,
            "there is no HumanEval file; name it in CODEGENIE_HUMANEVAL",
        )]);
    };
    let file = file.canonicalize()?;
    let file = file
        .to_str()
        .ok_or_else(|| anyhow::anyhow!("the path of the HumanEval file is not UTF-8"))?;
    let (mut first, mut again) = (Vec::new(), Vec::new());
    for run in 0..RUNS {
        let folder = if run + 1 == RUNS {
            keep.to_owned()
        } else {
            bench.work.join(format!("index-{run}"))
        };
        let args = ["index", "humaneval", file];
        first.push(run_command(bench, &folder, &args)?);
        again.push(run_command(bench, &folder, &args)?);
        if folder != keep {
            std::fs::remove_dir_all(folder)?;
        }
    }
    let (first, again) = (Sample::new(first)?, Sample::new(again)?);
    let text = |sample: &Sample| {
        format!(
            "median {} · max {}",
            seconds(sample.median()),
            seconds(sample.max())
        )
    };
    Ok(vec![
        Row::new(WHAT, text(&first)).budget("< 15 s", first.max() < BUDGET),
        Row::new("index HumanEval again, nothing changes", text(&again)),
    ])
}
