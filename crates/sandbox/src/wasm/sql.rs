//! Scripts in SQL, run by SQLite in memory. Each run and each judgement has a database of its own.

use std::fmt;
use std::sync::Arc;

use domain::sandbox::{
    ErrorPlace, IoCase, Judgement, Program, RunOutcome, RunStatus, TestResult, Tests,
};

use super::engine::{Busy, WasmEngine};
use super::image::ImageError;
use super::javascript::reactor::{Ended, Reactor, difference, push_texts};

/// The image's name.
pub(crate) const IMAGE: &str = "sql";

/// Divides tables to set up from the rows that are expected.
const EXPECTED: &str = "-- expected rows, tab-separated:\n";

/// SQLite, ready to be started any number of times.
#[derive(Clone)]
pub(crate) struct SqlGuest {
    reactor: Reactor,
}

impl fmt::Debug for SqlGuest {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("SqlGuest").finish_non_exhaustive()
    }
}

impl SqlGuest {
    /// Compiles or loads the image.
    pub(crate) async fn new(engine: &Arc<WasmEngine>) -> Result<Self, ImageError> {
        let reactor = Reactor::new(engine, IMAGE).await?;
        Ok(Self { reactor })
    }

    /// Runs the statements of `program` in an empty database and prints each result set as a table. Does not read input.
    pub(crate) async fn run(&self, program: &Program) -> RunOutcome {
        match self.start(program, "").await {
            Ok(ended) => ended.outcome(),
            Err(busy) => RunOutcome::unavailable(busy.to_string()),
        }
    }

    /// Judges `program` by the rows of its last result set, or by the tables it prints.
    pub(crate) async fn judge(&self, program: &Program, tests: &Tests) -> Judgement {
        match tests {
            Tests::Asserts(text) => self.judge_rows(program, text).await,
            Tests::Io(cases) => self.judge_output(program, cases).await,
            Tests::Check { .. } => Judgement::unavailable(
                "SQL has no functions that a test could call; give the tables and the rows expected of the query instead",
            ),
            Tests::Doctests => Judgement::unavailable(
                "SQL has no docstrings; give the tables and the rows expected of the query instead",
            ),
        }
    }

    async fn start(&self, program: &Program, set_up: &str) -> Result<Ended, Busy> {
        let request = |bounds: &super::room::Bounds| {
            let memory = u32::try_from(bounds.memory_bytes).unwrap_or(u32::MAX);
            let mut request = memory.to_le_bytes().to_vec();
            push_texts(&mut request, &[set_up, &program.code]);
            request
        };
        self.reactor.run(program.limits, request).await
    }

    async fn judge_rows(&self, program: &Program, text: &str) -> Judgement {
        let Some((set_up, expected)) = split_tests(text) else {
            return Judgement::unavailable(
                "the tests have no line `-- expected rows, tab-separated:` with the rows after it",
            );
        };
        let ended = match self.start(program, set_up).await {
            Ok(ended) => ended,
            Err(busy) => return Judgement::unavailable(busy.to_string()),
        };
        let mut run = ended.outcome();
        if let Some(wrong) = ended.find('S') {
            run.status = RunStatus::Error;
            run.reason = Some(format!(
                "line {} of the tests' set-up: {}",
                wrong.line, wrong.text
            ));
            return Judgement {
                run,
                tests: Vec::new(),
                is_complete: false,
            };
        }
        let is_complete = run.status == RunStatus::Ok && ended.find('C').is_some();
        let tests = if is_complete {
            vec![TestResult {
                name: "the rows of the last result".to_owned(),
                failure: find_wrong_row(&ended, expected),
            }]
        } else {
            Vec::new()
        };
        Judgement {
            run,
            tests,
            is_complete,
        }
    }

    async fn judge_output(&self, program: &Program, cases: &[IoCase]) -> Judgement {
        let Some(case) = cases.first() else {
            return Judgement::unavailable("there was no output to compare with");
        };
        let run = self.run(program).await;
        let failure = if run.status == RunStatus::Ok {
            difference(&run.stdout, &case.stdout)
        } else {
            let error = run.error.as_ref().map(|ErrorPlace { message, .. }| message);
            let why = error.or(run.reason.as_ref()).cloned();
            Some(why.unwrap_or_else(|| "it ended with an error".to_owned()))
        };
        // A script reads nothing, so that it cannot give different outputs.
        let is_complete = cases.iter().all(|other| other.stdout == case.stdout);
        Judgement {
            run,
            tests: vec![TestResult {
                name: "input 1".to_owned(),
                failure,
            }],
            is_complete,
        }
    }
}

fn split_tests(text: &str) -> Option<(&str, &str)> {
    let at = text
        .match_indices(EXPECTED)
        .map(|(at, _)| at)
        .find(|&at| at == 0 || text.get(..at).is_some_and(|before| before.ends_with('\n')))?;
    Some((text.get(..at)?, text.get(at + EXPECTED.len()..)?))
}

/// What is wrong with the rows of the last result set.
fn find_wrong_row(ended: &Ended, expected: &str) -> Option<String> {
    let Some(last) = ended.records.iter().rposition(|record| record.kind == 'N') else {
        return Some("the script has no result: it needs a SELECT".to_owned());
    };
    let records = ended.records.get(last + 1..).unwrap_or_default();
    if records.iter().any(|record| record.kind == 'T') {
        return Some("the result has too many rows to compare".to_owned());
    }
    let rows: Vec<_> = records
        .iter()
        .filter(|record| record.kind == 'R')
        .map(|record| record.text.as_str())
        .collect();
    let expected = expected.trim_end_matches('\n');
    let wanted: Vec<_> = if expected.is_empty() {
        Vec::new()
    } else {
        expected.split('\n').collect()
    };
    // A row may hold line breaks, so all is compared as one text, and told by rows.
    if is_same_text(&rows.join("\n"), &wanted.join("\n")) {
        return None;
    }
    let at = (0..rows.len().max(wanted.len()))
        .find(|&at| match (rows.get(at), wanted.get(at)) {
            (Some(row), Some(wanted)) => !is_same_text(row, wanted),
            _ => true,
        })
        .unwrap_or_default();
    let show = |row: Option<&&str>| {
        row.map_or_else(
            || "no row".to_owned(),
            |row| format!("`{}`", row.chars().take(200).collect::<String>()),
        )
    };
    Some(format!(
        "row {} of {}: expected {}, got {}",
        at + 1,
        rows.len(),
        show(wanted.get(at)),
        show(rows.get(at))
    ))
}

/// Cell by cell; white space at the end of a line does not count, and neither do the last digits of a fraction.
fn is_same_text(found: &str, wanted: &str) -> bool {
    let lines = |text: &str| -> Vec<String> {
        text.split('\n')
            .map(|line| line.trim_end().to_owned())
            .collect()
    };
    let (found, wanted) = (lines(found), lines(wanted));
    found.len() == wanted.len()
        && found.iter().zip(&wanted).all(|(found, wanted)| {
            let (found, wanted): (Vec<_>, Vec<_>) =
                (found.split('\t').collect(), wanted.split('\t').collect());
            found.len() == wanted.len()
                && found
                    .iter()
                    .zip(&wanted)
                    .all(|(found, wanted)| is_same_cell(found, wanted))
        })
}

fn is_same_cell(found: &str, wanted: &str) -> bool {
    /// SQLite prints fifteen digits of a fraction, other programs up to seventeen.
    const RELATIVE: f64 = 1e-14;
    if found == wanted {
        return true;
    }
    let is_fraction = |text: &str| text.contains(['.', 'e']);
    match (found.parse::<f64>(), wanted.parse::<f64>()) {
        (Ok(one), Ok(two)) if is_fraction(found) && is_fraction(wanted) => {
            (one - two).abs() <= RELATIVE * one.abs().max(two.abs())
        }
        _ => false,
    }
}

#[cfg(test)]
mod tests;
