//! `codegenie judge`: runs solutions of HumanEval and HumanEvalPack against the tests of their problems.

use std::collections::HashSet;
use std::fmt::Write as _;
use std::io::{self, Write};
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Context as _, bail};
use app::judge::{
    JudgeProgress, JudgeReport, JudgeSettings, Problem, ProblemResult, Solutions, judge,
    read_completions, read_problems,
};
use app::knowledge::Progress;
use domain::sandbox::{Sandbox, Tier};
use serde_json::{Value, json};

use super::source_file;
use crate::args::JudgeArgs;
use crate::config::Config;
use crate::terminal::progress::ProgressLine;
use crate::terminal::{self, BOLD, WRONG, printable};
use crate::wire;

/// Lines that tell how far judging is, where there is no bar.
const PROGRESS_LINES: usize = 10;

pub(super) async fn run(args: JudgeArgs, config: &Config) -> anyhow::Result<ExitCode> {
    let solutions = read_solutions(&args.solutions)?;
    let mut settings = JudgeSettings::default();
    if let Some(jobs) = args.jobs {
        settings.parallel = usize::from(jobs);
    }
    let mut files = args
        .files
        .iter()
        .map(|file| Ok((file, read_file(file)?)))
        .collect::<anyhow::Result<Vec<_>>>()?;
    check_known(&files, &solutions)?;
    if let Some(limit) = args.limit {
        for (_, problems) in &mut files {
            problems.truncate(usize::try_from(limit).unwrap_or(usize::MAX));
        }
    }
    let sandbox = wire::find_sandbox(config, wire::Proof::Recent)?;
    let is_reversed = solutions == Solutions::Buggy;
    let mut rows = Vec::new();
    let mut all_good = true;
    for (file, problems) in &files {
        let report = judge_file(sandbox.as_ref(), file, problems, &solutions, settings).await?;
        all_good &= as_expected(&report, is_reversed);
        if args.json {
            rows.push(to_json(file, &report));
        } else {
            let prefix = if files.len() > 1 {
                format!("{}: ", source_file::shown(file))
            } else {
                String::new()
            };
            show(&prefix, &report, is_reversed, &mut terminal::stdout())?;
        }
    }
    if args.json {
        terminal::print_json(&rows)?;
    }
    Ok(ExitCode::from(u8::from(!all_good)))
}

fn read_solutions(named: &Path) -> anyhow::Result<Solutions> {
    match named.to_str() {
        Some("canonical") => Ok(Solutions::Canonical),
        Some("buggy") => Ok(Solutions::Buggy),
        Some(_) | None => {
            let completions =
                read_completions(&read_bytes(named)?).with_context(|| source_file::shown(named))?;
            Ok(Solutions::Completions(completions))
        }
    }
}

fn read_file(file: &Path) -> anyhow::Result<Vec<Problem>> {
    let problems = read_problems(&read_bytes(file)?).with_context(|| source_file::shown(file))?;
    if problems.is_empty() {
        bail!("{} holds no problem", source_file::shown(file));
    }
    Ok(problems)
}

fn read_bytes(file: &Path) -> anyhow::Result<Vec<u8>> {
    source_file::read_large(file)
        .with_context(|| format!("cannot read {}", source_file::shown(file)))
}

/// Refuses a solution of a problem that no file has.
fn check_known(files: &[(&PathBuf, Vec<Problem>)], solutions: &Solutions) -> anyhow::Result<()> {
    let Solutions::Completions(completions) = solutions else {
        return Ok(());
    };
    let problems = files.iter().flat_map(|(_, problems)| problems);
    let known: HashSet<&str> = problems.map(|problem| problem.task_id.as_str()).collect();
    let unknown = completions
        .iter()
        .find(|completion| !known.contains(completion.task_id.as_str()));
    match unknown {
        None => Ok(()),
        Some(completion) => bail!(
            "a solution is for `{}`, which is not among the problems; give the file it was made for",
            completion.task_id
        ),
    }
}

async fn judge_file(
    sandbox: &dyn Sandbox,
    file: &Path,
    problems: &[Problem],
    solutions: &Solutions,
    settings: JudgeSettings,
) -> anyhow::Result<JudgeReport> {
    let shown = source_file::shown(file);
    let mut line = ProgressLine::new(format!("judging {shown}"));
    let chosen = chosen_solutions(problems, solutions);
    let mut tell = |progress: JudgeProgress<'_>| {
        let (done, total) = (progress.done, progress.total);
        let step = (total / PROGRESS_LINES).max(1);
        if terminal::is_stderr_terminal() || done.is_multiple_of(step) || done == total {
            line.report(Progress { done, total });
        }
        ControlFlow::Continue(())
    };
    let judged = judge(sandbox, problems, &chosen, settings, &mut tell);
    judged.await.with_context(|| shown.clone())
}

/// Of a model's solutions those for `problems`; the others are for problems that were left out or are in another file.
fn chosen_solutions(problems: &[Problem], solutions: &Solutions) -> Solutions {
    match solutions {
        Solutions::Canonical => Solutions::Canonical,
        Solutions::Buggy => Solutions::Buggy,
        Solutions::Completions(completions) => {
            let wanted: HashSet<&str> = problems
                .iter()
                .map(|problem| problem.task_id.as_str())
                .collect();
            let chosen = completions
                .iter()
                .filter(|completion| wanted.contains(completion.task_id.as_str()));
            Solutions::Completions(chosen.cloned().collect())
        }
    }
}

/// Whether all passed or, when wrong solutions were judged, all failed.
fn as_expected(report: &JudgeReport, is_reversed: bool) -> bool {
    let unexpected = if is_reversed {
        report.passed
    } else {
        report.failed
    };
    report.is_complete && report.not_run == 0 && unexpected == 0
}

/// The solutions that did not end as they should, and the total.
fn show(
    prefix: &str,
    report: &JudgeReport,
    is_reversed: bool,
    out: &mut dyn Write,
) -> io::Result<()> {
    let unexpected = report
        .results
        .iter()
        .filter(|result| result.passed == is_reversed || result.tier.is_none());
    for result in unexpected {
        let word = match (result.tier, result.passed) {
            (None, _) => "not run",
            (Some(_), true) => "passed",
            (Some(_), false) => "failed",
        };
        let failure = match &result.failure {
            Some(failure) => printable(failure).replace('\n', " "),
            None => "a wrong solution should fail".to_owned(),
        };
        writeln!(out, "{WRONG}{word}{WRONG:#}  {}: {failure}", name(result))?;
    }
    writeln!(
        out,
        "{BOLD}{prefix}{}{BOLD:#}",
        summary(report, is_reversed)
    )
}

/// Such as `164/164 passed in 9.8 s`.
fn summary(report: &JudgeReport, is_reversed: bool) -> String {
    let total = report.results.len();
    let (count, word) = if is_reversed {
        (report.failed, "failed, as wrong solutions should,")
    } else {
        (report.passed, "passed")
    };
    let mut text = format!(
        "{count}/{total} {word} in {:.1} s",
        report.duration.as_secs_f64()
    );
    if report.not_run > 0 {
        // Writing to a string cannot fail.
        let _ = write!(text, "; {} not run", report.not_run);
    }
    text
}

/// The problem, with the number of the solution after the first.
fn name(result: &ProblemResult) -> String {
    let id = printable(&result.task_id);
    match result.sample {
        0 => id,
        sample => format!("{id} (solution {})", sample + 1),
    }
}

fn to_json(file: &Path, report: &JudgeReport) -> Value {
    let results = report.results.iter().map(|result| {
        json!({
            "task_id": result.task_id,
            "sample": result.sample,
            "language": result.language.name(),
            "passed": result.passed,
            "failure": result.failure,
            "status": result.status.name(),
            "tier": result.tier.map(Tier::name),
            "duration_ms": terminal::milliseconds(result.duration),
        })
    });
    json!({
        "file": file.display().to_string(),
        "passed": report.passed,
        "failed": report.failed,
        "not_run": report.not_run,
        "complete": report.is_complete,
        "duration_ms": terminal::milliseconds(report.duration),
        "results": results.collect::<Vec<_>>(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use domain::Language;
    use domain::sandbox::RunStatus;
    use std::time::Duration;

    fn report(passed: &[bool]) -> JudgeReport {
        let results = passed.iter().enumerate().map(|(at, passed)| ProblemResult {
            task_id: format!("Test/{at}"),
            sample: 0,
            language: Language::Python,
            passed: *passed,
            failure: (!passed).then(|| "1 is not 2".to_owned()),
            status: RunStatus::Ok,
            tier: Some(Tier::Wasm),
            duration: Duration::from_millis(4),
        });
        let count = passed.iter().filter(|passed| **passed).count();
        JudgeReport {
            results: results.collect(),
            passed: count,
            failed: passed.len() - count,
            not_run: 0,
            duration: Duration::from_millis(9_800),
            is_complete: true,
        }
    }

    fn shown(report: &JudgeReport, is_reversed: bool) -> String {
        let mut out = anstream::StripStream::new(Vec::new());
        show("", report, is_reversed, &mut out).unwrap();
        String::from_utf8(out.into_inner()).unwrap()
    }

    #[test]
    fn the_total_follows_what_is_expected() {
        assert_eq!(
            shown(&report(&[true, true]), false),
            "2/2 passed in 9.8 s\n"
        );
        assert_eq!(
            shown(&report(&[true, false]), false),
            "failed  Test/1: 1 is not 2\n1/2 passed in 9.8 s\n"
        );
        assert_eq!(
            shown(&report(&[false, true]), true),
            "passed  Test/1: a wrong solution should fail\n1/2 failed, as wrong solutions should, in 9.8 s\n"
        );
        assert!(as_expected(&report(&[true]), false) && !as_expected(&report(&[true]), true));
        assert!(as_expected(&report(&[false]), true) && !as_expected(&report(&[false]), false));
        let not_run = JudgeReport {
            not_run: 1,
            ..report(&[])
        };
        assert!(!as_expected(&not_run, true) && !as_expected(&not_run, false));
    }
}
