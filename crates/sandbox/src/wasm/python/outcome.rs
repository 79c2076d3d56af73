//! What is said of a run: its status, the line that went wrong, and a sentence for a person.

use std::time::Duration;

use domain::sandbox::{ErrorPlace, Limits, RunOutcome, RunStatus, Tier};

use super::super::room::{ExitReason, Pipes};
use super::Report;

/// Most bytes kept of an error's message.
const MESSAGE_BYTES_MAX: usize = 2 * 1024;

/// How a program's part ended.
#[derive(Debug)]
pub(super) enum Ended {
    /// Its interpreter says so.
    Told(Report),
    /// It was stopped, or took its interpreter down.
    Stopped(ExitReason),
}

impl Ended {
    pub(super) fn of_report(report: &str) -> Self {
        match serde_json::from_str(report) {
            Ok(report) => Self::Told(report),
            Err(_) => Self::Stopped(ExitReason::Trap(
                "it changed the interpreter so that it cannot say how it ended".to_owned(),
            )),
        }
    }

    pub(super) fn done() -> Self {
        Self::Told(Report::Ok { names: Vec::new() })
    }
}

/// What a program printed.
pub(super) struct Streams {
    pub(super) pipes: Pipes,
}

impl Streams {
    pub(super) fn new(pipes: Pipes) -> Self {
        Self { pipes }
    }

    /// The outcome of a run.
    pub(super) fn outcome(&self, ended: Ended, duration: Duration, limits: Limits) -> RunOutcome {
        let (status, error, reason) = explain(ended, limits);
        RunOutcome {
            status,
            tier: Some(Tier::Wasm),
            stdout: self.pipes.stdout.text(),
            stderr: self.pipes.stderr.text(),
            is_cut: self.pipes.stdout.is_cut() || self.pipes.stderr.is_cut(),
            error,
            figures: Vec::new(),
            duration,
            reason,
        }
    }

    /// The outcome of the program's part in a judgement, where ending early is an error even with exit code 0.
    pub(super) fn judged_outcome(
        &self,
        ended: Ended,
        duration: Duration,
        limits: Limits,
    ) -> RunOutcome {
        let code = match &ended {
            Ended::Told(Report::Exit { code, .. }) | Ended::Stopped(ExitReason::Exit(code)) => {
                Some(*code)
            }
            Ended::Stopped(ExitReason::Finished) => Some(0),
            Ended::Told(Report::Ok { .. } | Report::Error { .. })
            | Ended::Stopped(ExitReason::Timeout | ExitReason::Memory | ExitReason::Trap(_)) => {
                None
            }
        };
        let mut outcome = self.outcome(ended, duration, limits);
        if let Some(code) = code {
            outcome.status = RunStatus::Error;
            outcome.reason = Some(format!(
                "the program ended itself with exit code {code} before its tests were done"
            ));
        }
        outcome
    }
}

type Explained = (RunStatus, Option<ErrorPlace>, Option<String>);

fn explain(ended: Ended, limits: Limits) -> Explained {
    match ended {
        Ended::Told(Report::Ok { .. }) | Ended::Stopped(ExitReason::Finished) => {
            (RunStatus::Ok, None, None)
        }
        Ended::Told(Report::Exit { code, line }) => exit(code, line),
        Ended::Told(Report::Error {
            line,
            mut message,
            memory,
            denied,
        }) => {
            message.truncate(message.floor_char_boundary(MESSAGE_BYTES_MAX));
            let denied_reason = denied.then(|| {
                format!("the sandbox has no files, network or processes for a program: {message}")
            });
            let place = line.map(|line| ErrorPlace { line, message });
            if memory {
                (RunStatus::Memory, place, Some(memory_reason(limits)))
            } else if denied {
                (RunStatus::Denied, place, denied_reason)
            } else {
                (RunStatus::Error, place, None)
            }
        }
        Ended::Stopped(ExitReason::Exit(code)) => exit(code, None),
        Ended::Stopped(ExitReason::Timeout) => (
            RunStatus::Timeout,
            None,
            Some(format!(
                "the time of {} s was up; look for a loop that does not end",
                limits.wall.as_secs_f64()
            )),
        ),
        Ended::Stopped(ExitReason::Memory) => {
            (RunStatus::Memory, None, Some(memory_reason(limits)))
        }
        Ended::Stopped(ExitReason::Trap(why)) => (
            RunStatus::Error,
            None,
            Some(format!("the program broke its interpreter: {why}")),
        ),
    }
}

fn exit(code: i32, line: Option<u32>) -> Explained {
    if code == 0 {
        return (RunStatus::Ok, None, None);
    }
    let place = line.map(|line| ErrorPlace {
        line,
        message: format!("SystemExit: {code}"),
    });
    let reason = format!("the program ended itself with exit code {code}");
    (RunStatus::Error, place, Some(reason))
}

fn memory_reason(limits: Limits) -> String {
    format!(
        "the program wanted more than the {} MiB of memory it may have",
        limits.memory_bytes / (1024 * 1024)
    )
}

/// Why a run did not end well, as one line.
pub(super) fn why_of(run: &RunOutcome) -> String {
    match (&run.error, &run.reason) {
        (Some(error), _) => format!("line {}: {}", error.line, error.message),
        (None, Some(reason)) => reason.clone(),
        (None, None) => "the program failed".to_owned(),
    }
}

/// How `got` differs from `wanted`; `None` when it does not, white space at the ends of lines and of the whole aside.
pub(super) fn difference(got: &str, wanted: &str) -> Option<String> {
    let (mut got_lines, mut wanted_lines) = (lines(got), lines(wanted));
    for line in 1.. {
        match (got_lines.next(), wanted_lines.next()) {
            (None, None) => return None,
            (got, wanted) if got == wanted => {}
            (got, wanted) => {
                let shown = |line: Option<&str>| {
                    line.map_or_else(|| "nothing".to_owned(), |line| format!("{line:.200?}"))
                };
                return Some(format!(
                    "line {line}: expected {}, got {}",
                    shown(wanted),
                    shown(got)
                ));
            }
        }
    }
    None
}

fn lines(text: &str) -> impl Iterator<Item = &str> {
    text.trim_end().lines().map(str::trim_end)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn white_space_at_the_ends_does_not_count() {
        assert_eq!(difference("1 \n2\n\n", "1\n2"), None);
        assert_eq!(difference("", "\n"), None);
    }

    #[test]
    fn a_difference_names_the_line_and_both_sides() {
        assert_eq!(
            difference("1\n3\n", "1\n2\n").as_deref(),
            Some(r#"line 2: expected "2", got "3""#)
        );
        assert_eq!(
            difference("1", "1\n2").as_deref(),
            Some(r#"line 2: expected "2", got nothing"#)
        );
    }
}
