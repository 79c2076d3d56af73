//! Shows an answer on standard output while it is made: its text, which part answered and why, its sources and checks.

use std::fmt::Write as _;
use std::io::{self, Write};
use std::time::Duration;

use app::ask::{AskError, AskService, Asker};
use domain::ask::{Answer, Answered, AskEvent, Checks, Question, Receipt};
use tokio::sync::mpsc;

use super::markdown::Markdown;
use super::status_line::StatusLine;
use super::{BOLD, CHIP, DIM, printable, short_duration};

/// Events that may wait to be shown.
const EVENTS_WAITING_MAX: usize = 64;

/// Columns before the text of a check.
const NOTE_INDENT: usize = 8;

/// Asks, and shows the answer's text as it comes and the rest when it is whole.
pub(crate) async fn ask_and_show(
    service: &AskService,
    asker: Asker<'_>,
    question: Question,
) -> anyhow::Result<Answered> {
    let (sender, receiver) = mpsc::channel(EVENTS_WAITING_MAX);
    let asking = async {
        let answered = service.ask(asker, question, Some(&sender)).await;
        drop(sender);
        answered
    };
    let (answered, shown) = tokio::join!(asking, show_text(receiver));
    // When writing failed, asking was cancelled because of it, so that is the reason to tell.
    shown?;
    let answered = answered.map_err(|error: AskError| anyhow::Error::new(error))?;
    show_facts(&answered.answer, &mut super::stdout())?;
    Ok(answered)
}

/// Shows the tokens: as Markdown made readable on a terminal, as it is in a pipe.
async fn show_text(mut events: mpsc::Receiver<AskEvent>) -> io::Result<()> {
    let mut out = super::stdout();
    let mut markdown = super::is_stdout_terminal().then(|| Markdown::new(super::columns()));
    let mut ends_line = true;
    let mut status = StatusLine::new();
    while let Some(event) = events.recv().await {
        let text = match event {
            AskEvent::Token(text) => text,
            AskEvent::Progress(progress) => {
                // A status line in the middle of the text would be in its way.
                if ends_line {
                    status.show(&progress);
                }
                continue;
            }
            AskEvent::Route(_) | AskEvent::Sources(_) | AskEvent::Check(_) | AskEvent::Done(_) => {
                status.clear();
                continue;
            }
        };
        status.clear();
        match &mut markdown {
            Some(markdown) => markdown.push(&text, &mut out)?,
            None => out.write_all(text.as_bytes())?,
        }
        ends_line = text.ends_with('\n');
    }
    match markdown {
        Some(markdown) => markdown.finish(&mut out),
        None if ends_line => Ok(()),
        None => writeln!(out),
    }
}

/// The chip line, the sources and the checks.
fn show_facts(answer: &Answer, out: &mut dyn Write) -> io::Result<()> {
    let brain = answer.brain.to_string();
    writeln!(
        out,
        "\n{CHIP}{}{CHIP:#} · {}",
        printable(&brain),
        printable(&answer.reason)
    )?;
    show_sources(answer, out)?;
    let checks = &answer.checks;
    for note in &checks.notes {
        writeln!(
            out,
            "{DIM}check{DIM:#}   {}",
            broken_between_words(&printable(note), NOTE_INDENT, super::columns())
        )?;
    }
    if checks.tests_total > 0 {
        writeln!(out, "{DIM}tests{DIM:#}   {}", test_words(checks))?;
    }
    Ok(())
}

/// Such as `4 of 4 passed in 5.1 ms, at attempt 2`.
fn test_words(checks: &Checks) -> String {
    let duration = short_duration(Duration::from_micros(checks.duration_us));
    let mut words = format!(
        "{} of {} passed in {duration}",
        checks.tests_passed, checks.tests_total
    );
    if checks.attempts > 1 {
        // Writing to a string cannot fail.
        let _ = write!(words, ", at attempt {}", checks.attempts);
    }
    words
}

/// `text` with line ends between words, so that a terminal does not break it within one; later lines are indented as the first is.
fn broken_between_words(text: &str, indent: usize, columns: Option<usize>) -> String {
    let Some(columns) = columns.filter(|columns| *columns > 2 * indent) else {
        return text.to_owned();
    };
    let mut lines = String::with_capacity(text.len());
    let mut column = indent;
    for word in text.split_whitespace() {
        let width = word.chars().count();
        if column > indent && column + 1 + width > columns {
            lines.push('\n');
            lines.extend(std::iter::repeat_n(' ', indent));
            column = indent;
        } else if column > indent {
            lines.push(' ');
            column += 1;
        }
        lines.push_str(word);
        column += width;
    }
    lines
}

/// The sources with their scores, best first.
pub(crate) fn show_sources(answer: &Answer, out: &mut dyn Write) -> io::Result<()> {
    // What would be shown as 0.00 was looked at and is no source worth naming.
    let shown = answer
        .sources
        .iter()
        .enumerate()
        .filter(|(at, source)| *at == 0 || source.score >= 0.005);
    for (_, source) in shown {
        let (title, key) = (printable(&source.title), printable(&source.key));
        writeln!(
            out,
            "{DIM}source{DIM:#}  {:.2}  {title} {DIM}({key}){DIM:#}",
            source.score
        )?;
    }
    Ok(())
}

/// How an answer came about, a line for each step.
pub(crate) fn show_receipt(receipt: &Receipt, out: &mut dyn Write) -> io::Result<()> {
    let encoder = printable(&receipt.encoder);
    writeln!(
        out,
        "\n{BOLD}receipt{BOLD:#} {} · codegenie {} · encoder {encoder}",
        receipt.id, receipt.version
    )?;
    for step in &receipt.steps {
        let facts = step
            .facts
            .iter()
            .fold(String::new(), |mut text, (name, value)| {
                let _ = write!(text, "  {name}={value}");
                text
            });
        let facts = printable(&facts).replace('\n', " ");
        writeln!(
            out,
            "  {:<11}{:>9}{facts}",
            step.name,
            short_duration(Duration::from_micros(step.duration_us))
        )?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tests_are_told_with_their_time_and_the_attempts_it_took() {
        let checks = |attempts| Checks {
            tests_passed: 3,
            tests_total: 4,
            attempts,
            duration_us: 5_100,
            ..Checks::default()
        };
        assert_eq!(test_words(&checks(1)), "3 of 4 passed in 5.1 ms");
        assert_eq!(
            test_words(&checks(2)),
            "3 of 4 passed in 5.1 ms, at attempt 2"
        );
    }
}
