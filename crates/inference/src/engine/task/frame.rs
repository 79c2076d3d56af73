//! The language between the server and a process with a task: JSON in the frames of [`crate::engine::frame`]. The server sends a
//! text where the task needs one, and nothing else.

use std::io::{self, Read, Write};

use serde::{Deserialize, Serialize};

use crate::engine::frame::{malformed, read_frame, write_frame};

/// What the process says.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum TaskReport {
    /// How far it is.
    Progress { done: u64, total: u64 },
    /// It is done. Nothing comes after it.
    Done,
    /// The perplexity of the text, and how many tokens it was measured on. Nothing comes after it.
    Perplexity { value: f64, tokens: u64 },
    /// It cannot be done. Nothing comes after it.
    Failed { reason: String },
}

/// Sends a report.
pub(crate) fn write_report(out: &mut impl Write, report: &TaskReport) -> io::Result<()> {
    write_frame(out, &serde_json::to_vec(report)?)
}

/// Receives a report; `None` when the process has gone.
pub(crate) fn read_report(source: &mut impl Read) -> io::Result<Option<TaskReport>> {
    let Some(body) = read_frame(source)? else {
        return Ok(None);
    };
    serde_json::from_slice(&body)
        .map(Some)
        .map_err(|error| malformed(&format!("something that is no report: {error}")))
}

/// Sends the text of a task.
pub(crate) fn write_text(out: &mut impl Write, text: &str) -> io::Result<()> {
    write_frame(out, text.as_bytes())
}

/// Receives the text of a task.
pub(crate) fn read_text(source: &mut impl Read) -> io::Result<String> {
    let body = read_frame(source)?.ok_or_else(|| malformed("no text"))?;
    String::from_utf8(body).map_err(|_| malformed("text that is not UTF-8"))
}
