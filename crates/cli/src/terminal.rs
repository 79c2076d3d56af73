//! Writing for people: colour on a terminal, plain text in a pipe.

pub(crate) mod answer;
mod inline;
pub(crate) mod markdown;
pub(crate) mod password;
pub(crate) mod progress;
mod status_line;
pub(crate) mod table;

use std::io::{IsTerminal as _, Write};
use std::time::Duration;

use anstyle::{AnsiColor, Style};
use domain::sandbox::Tier;

/// What is less important than the rest.
pub(crate) const DIM: Style = Style::new().dimmed();
/// Names and headings.
pub(crate) const BOLD: Style = Style::new().bold();
/// Which part answered.
pub(crate) const CHIP: Style = Style::new()
    .bold()
    .fg_color(Some(anstyle::Color::Ansi(AnsiColor::Green)));
/// Code.
pub(crate) const CODE: Style = Style::new().fg_color(Some(anstyle::Color::Ansi(AnsiColor::Cyan)));
/// What went wrong.
pub(crate) const WRONG: Style = Style::new()
    .bold()
    .fg_color(Some(anstyle::Color::Ansi(AnsiColor::Red)));

/// Standard output; drops colour when it is no terminal or `NO_COLOR` is set.
pub(crate) fn stdout() -> anstream::Stdout {
    anstream::stdout()
}

/// Standard error, in the same way.
pub(crate) fn stderr() -> anstream::Stderr {
    anstream::stderr()
}

/// Whether a person reads standard output.
pub(crate) fn is_stdout_terminal() -> bool {
    std::io::stdout().is_terminal()
}

/// Columns of text that are easy to read.
const COLUMNS_MAX: usize = 100;

/// Columns to break text at: those of the terminal, but not so many that lines are hard to read.
pub(crate) fn columns() -> Option<usize> {
    let (columns, _) = crossterm::terminal::size().ok()?;
    (columns > 0).then(|| usize::from(columns).min(COLUMNS_MAX))
}

/// Whether a person types on standard input.
pub(crate) fn is_stdin_terminal() -> bool {
    std::io::stdin().is_terminal()
}

/// Whether a person reads standard error.
pub(crate) fn is_stderr_terminal() -> bool {
    std::io::stderr().is_terminal()
}

/// A time in three digits or so: `7 µs`, `12.3 ms`, `1.2 s`.
pub(crate) fn short_duration(duration: Duration) -> String {
    let us = duration.as_micros();
    if us < 1_000 {
        format!("{us} µs")
    } else if us < 1_000_000 {
        format!("{}.{} ms", us / 1_000, us % 1_000 / 100)
    } else {
        format!("{:.1} s", duration.as_secs_f64())
    }
}

/// A duration in milliseconds, to the microsecond, as JSON has it.
pub(crate) fn milliseconds(duration: Duration) -> f64 {
    (duration.as_secs_f64() * 1e6).round() / 1e3
}

/// A tier of the sandbox, as people read it.
pub(crate) fn tier_title(tier: Tier) -> &'static str {
    match tier {
        Tier::Wasm => "WASM",
        Tier::Native => "native",
    }
}

/// Writes a line to standard error that says what is going on. Nobody is left to tell when that fails.
pub(crate) fn note(text: &str) {
    let _ = writeln!(stderr(), "{}", printable(text));
}

/// The text without what a terminal would obey: control characters other than line ends and tabs, and the marks that reverse
/// the direction of writing and so can make code look like other code (CVE-2021-42574).
pub(crate) fn printable(text: &str) -> String {
    text.chars().filter(|c| is_printable(*c)).collect()
}

pub(crate) fn is_printable(c: char) -> bool {
    let turns_direction = matches!(c, '\u{202A}'..='\u{202E}' | '\u{2066}'..='\u{2069}');
    matches!(c, '\n' | '\t') || !(c.is_control() || turns_direction)
}

/// Prints a value as indented JSON.
pub(crate) fn print_json(value: &impl serde::Serialize) -> anyhow::Result<()> {
    let mut out = stdout();
    serde_json::to_writer_pretty(&mut out, value)?;
    writeln!(out)?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_are_short() {
        let shown = |us| short_duration(Duration::from_micros(us));
        assert_eq!(shown(7), "7 µs");
        assert_eq!(shown(12_345), "12.3 ms");
        assert_eq!(shown(1_234_567), "1.2 s");
    }

    #[test]
    fn a_terminal_gets_nothing_to_obey() {
        assert_eq!(
            printable("a\u{1b}[2Jb\r\u{202E}c\u{9b}d\te\n"),
            "a[2Jbcd\te\n"
        );
    }
}
