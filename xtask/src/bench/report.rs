//! A table: printed, and written as Markdown. Notes below the marker in the file are kept.

use std::fmt::Write as _;
use std::path::Path;
use std::time::Duration;

use anyhow::Context as _;

use super::machine::Machine;

/// Everything from this line on is written by hand and kept.
const NOTES: &str = "<!-- Notes from here on are written by hand; `make bench` keeps them. -->";

/// What a report is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum Part {
    /// Everything but language models.
    Product,
    /// Language models.
    Models,
}

impl Part {
    pub(crate) const ALL: [Self; 2] = [Self::Models, Self::Product];

    fn title(self) -> &'static str {
        match self {
            Self::Product => "Performance",
            Self::Models => "Performance of language models",
        }
    }

    /// Name of its file.
    fn file(self) -> &'static str {
        match self {
            Self::Product => "performance.md",
            Self::Models => "performance-models.md",
        }
    }

    /// How its figures are measured.
    fn method(self) -> &'static str {
        match self {
            Self::Product => include_str!("method/product.md"),
            Self::Models => include_str!("method/models.md"),
        }
    }
}

/// What is said of a budget.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Verdict {
    Met,
    NotMet,
    /// There is no budget; the figure is for information.
    Informative,
    /// Left out, for this reason.
    Skipped(String),
    /// It should have run and did not, for this reason.
    Failed(String),
}

/// One line of the table.
#[derive(Debug, Clone)]
pub(crate) struct Row {
    what: String,
    budget: String,
    measured: String,
    peer: String,
    verdict: Verdict,
}

impl Row {
    /// A figure without a budget.
    pub(crate) fn new(what: impl Into<String>, measured: impl Into<String>) -> Self {
        Self {
            what: what.into(),
            budget: "—".to_owned(),
            measured: measured.into(),
            peer: "—".to_owned(),
            verdict: Verdict::Informative,
        }
    }

    /// States the budget and whether it was met.
    #[must_use]
    pub(crate) fn budget(mut self, budget: impl Into<String>, is_met: bool) -> Self {
        self.budget = budget.into();
        self.verdict = if is_met {
            Verdict::Met
        } else {
            Verdict::NotMet
        };
        self
    }

    /// States what the peer did in the same run.
    #[must_use]
    pub(crate) fn peer(mut self, peer: Option<String>) -> Self {
        if let Some(peer) = peer {
            self.peer = peer;
        }
        self
    }

    pub(crate) fn skipped(what: &str, reason: &str) -> Self {
        Self {
            verdict: Verdict::Skipped(reason.to_owned()),
            ..Self::new(what, "not measured")
        }
    }

    fn failed(what: &str, error: &anyhow::Error) -> Self {
        Self {
            verdict: Verdict::Failed(format!("{error:#}")),
            ..Self::new(what, "not measured")
        }
    }

    fn cells(&self) -> [String; 5] {
        let verdict = match &self.verdict {
            Verdict::Met => "met".to_owned(),
            Verdict::NotMet => "NOT met".to_owned(),
            Verdict::Informative => "—".to_owned(),
            Verdict::Skipped(reason) => format!("skipped: {reason}"),
            Verdict::Failed(reason) => format!("FAILED: {reason}"),
        };
        let cells = [
            &self.what,
            &self.budget,
            &self.measured,
            &self.peer,
            &verdict,
        ];
        cells.map(|cell| {
            cell.replace('|', "/")
                .split_whitespace()
                .collect::<Vec<_>>()
                .join(" ")
        })
    }
}

/// All lines of a part with what they were measured on.
pub(crate) struct Report {
    part: Part,
    machine: Machine,
    rows: Vec<Row>,
    took: Duration,
}

impl Report {
    pub(crate) fn begin(part: Part, repository: &Path) -> anyhow::Result<Self> {
        let machine = Machine::read(repository)?;
        Ok(Self {
            part,
            machine,
            rows: Vec::new(),
            took: Duration::ZERO,
        })
    }

    /// Adds what a benchmark gave; a benchmark that failed gets a line that says so.
    pub(crate) fn add(&mut self, what: &str, rows: anyhow::Result<Vec<Row>>) {
        match rows {
            Ok(rows) => rows.into_iter().for_each(|row| self.push(row)),
            Err(error) => self.push(Row::failed(what, &error)),
        }
    }

    pub(crate) fn push(&mut self, row: Row) {
        super::say(&format!("  {}", row.cells().join(" | ")));
        self.rows.push(row);
    }

    pub(crate) fn finish(&mut self, took: Duration) {
        self.took = took;
    }

    pub(crate) fn has_failures(&self) -> bool {
        self.rows
            .iter()
            .any(|row| matches!(row.verdict, Verdict::Failed(_)))
    }

    /// The table for a terminal.
    pub(crate) fn table(&self) -> String {
        let rows = self.lines();
        let mut widths = [0; 5];
        for row in &rows {
            for (width, cell) in widths.iter_mut().zip(row) {
                *width = cell.chars().count().max(*width);
            }
        }
        let mut text = format!("\n{}\n\n", self.origin());
        for row in &rows {
            for (at, (cell, width)) in row.iter().zip(widths).enumerate() {
                text.push_str(cell);
                if at < 4 {
                    text.extend(std::iter::repeat_n(' ', width - cell.chars().count() + 2));
                }
            }
            text.push('\n');
        }
        text.push('\n');
        text
    }

    /// Writes the table as Markdown into `folder`; the notes in the file stay.
    pub(crate) fn write(&self, folder: &Path) -> anyhow::Result<()> {
        let path = &folder.join(self.part.file());
        let before = match std::fs::read_to_string(path) {
            Ok(before) => before,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => String::new(),
            Err(error) => {
                return Err(error).with_context(|| format!("cannot read {}", path.display()));
            }
        };
        let text = format!("{}{}", self.markdown(), notes_of(&before));
        std::fs::create_dir_all(folder)?;
        std::fs::write(path, text).with_context(|| format!("cannot write {}", path.display()))
    }

    fn markdown(&self) -> String {
        let mut text = format!(
            "# {}\n\nWritten by `make bench`; do not edit above the notes. A figure that was not measured is not \
             in the table.\n\n{}\n\n",
            self.part.title(),
            self.origin()
        );
        for (at, row) in self.lines().iter().enumerate() {
            let _ = writeln!(text, "| {} |", row.join(" | "));
            if at == 0 {
                text.push_str("|---|---|---|---|---|\n");
            }
        }
        text.push('\n');
        text.push_str(self.part.method());
        text.push('\n');
        text
    }

    fn lines(&self) -> Vec<[String; 5]> {
        let head = ["what", "budget", "measured", "peer", "verdict"].map(str::to_owned);
        std::iter::once(head)
            .chain(self.rows.iter().map(Row::cells))
            .collect()
    }

    fn origin(&self) -> String {
        let m = &self.machine;
        format!(
            "{} · commit {} · {}, {} cores, {}, {} · load average {} at the start · took {:.0} s",
            m.date,
            m.commit,
            m.processor,
            m.cores,
            m.memory,
            m.kernel,
            m.load,
            self.took.as_secs_f64()
        )
    }
}

/// The notes of an earlier report, or the place for them.
fn notes_of(before: &str) -> String {
    match before.split_once(NOTES) {
        Some((_, notes)) => format!("{NOTES}{notes}"),
        None => format!("{NOTES}\n\n## Notes\n"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn notes_are_kept_however_often_the_report_is_written() {
        let fresh = notes_of("");
        assert!(fresh.starts_with(NOTES));
        let noted = format!("old table\n{fresh}\nmine\n");
        let kept = notes_of(&noted);
        assert!(kept.ends_with("\nmine\n") && !kept.contains("old table"));
        assert_eq!(notes_of(&format!("new table\n{kept}")), kept);
    }

    #[test]
    fn a_cell_cannot_break_the_table() {
        let row = Row::skipped("a | b", "two\nlines");
        assert_eq!(row.cells()[0], "a / b");
        assert_eq!(row.cells()[4], "skipped: two lines");
    }

    #[test]
    fn a_missed_budget_is_no_failure_and_says_so() {
        let row = Row::new("x", "9 ms").budget("< 1 ms", false);
        assert_eq!(
            row.cells(),
            ["x", "< 1 ms", "9 ms", "—", "NOT met"].map(str::to_owned)
        );
    }
}
