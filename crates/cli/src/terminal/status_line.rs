//! One line on standard error that says what a language model is doing, while a person watches; gone before anything else is written.

use std::fmt::Write as _;
use std::io::Write as _;

use domain::ask::{AskProgress, AskStage};

use super::{DIM, printable, stderr};

/// Goes to the line's beginning and clears it.
const CLEAR: &str = "\r\x1b[2K";

/// The line, when it is shown.
pub(super) struct StatusLine {
    is_wanted: bool,
    is_shown: bool,
}

impl StatusLine {
    /// Shows nothing yet; nothing at all when standard error is no terminal.
    pub(super) fn new() -> Self {
        Self {
            is_wanted: super::is_stderr_terminal(),
            is_shown: false,
        }
    }

    pub(super) fn show(&mut self, progress: &AskProgress) {
        if !self.is_wanted {
            return;
        }
        let words = printable(&words(progress));
        let mut err = stderr();
        // Nobody is left to tell when this fails.
        let _ = write!(err, "{CLEAR}{DIM}{words}{DIM:#}");
        let _ = err.flush();
        self.is_shown = true;
    }

    pub(super) fn clear(&mut self) {
        if std::mem::take(&mut self.is_shown) {
            let mut err = stderr();
            let _ = write!(err, "{CLEAR}");
            let _ = err.flush();
        }
    }
}

impl Drop for StatusLine {
    fn drop(&mut self) {
        self.clear();
    }
}

/// Such as `phi-2 waits for its turn, 2 before it, about 12 s`.
fn words(progress: &AskProgress) -> String {
    let model = &progress.model;
    let tokens = progress.tokens;
    let mut words = match progress.stage {
        AskStage::Waiting => format!("{model} waits for its turn"),
        AskStage::Loading => format!("{model} is being loaded"),
        AskStage::Reading => match tokens {
            Some(tokens) => format!("{model} reads {tokens} tokens"),
            None => format!("{model} reads"),
        },
        AskStage::Writing => match tokens {
            Some(tokens) => format!("{model} writes, {tokens} tokens so far"),
            None => format!("{model} writes"),
        },
        AskStage::Checking => format!("what {model} wrote is checked"),
        AskStage::Repairing => format!("{model} mends what was wrong"),
    };
    // Writing to a string cannot fail.
    if let Some(position) = progress.position.filter(|position| *position > 0) {
        let _ = write!(words, ", {position} before it");
    }
    if let Some(estimate_ms) = progress.estimate_ms {
        let _ = write!(words, ", about {} s", estimate_ms.div_ceil(1000));
    }
    words
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_stage_is_said_in_words() {
        let waiting = AskProgress {
            stage: AskStage::Waiting,
            model: "phi-2".parse().unwrap(),
            position: Some(2),
            estimate_ms: Some(11_500),
            tokens: None,
        };
        assert_eq!(
            words(&waiting),
            "phi-2 waits for its turn, 2 before it, about 12 s"
        );
        let writing = AskProgress {
            stage: AskStage::Writing,
            position: None,
            estimate_ms: None,
            tokens: Some(7),
            ..waiting
        };
        assert_eq!(words(&writing), "phi-2 writes, 7 tokens so far");
    }
}
