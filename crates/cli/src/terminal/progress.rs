//! Shows how far a long act has come: a bar on a terminal, lines otherwise. On standard error, so that output stays clean.

use std::io::IsTerminal as _;

use app::knowledge::Progress;
use indicatif::{ProgressBar, ProgressStyle};

/// Shows progress under a label, such as `indexing the library: 120/122`.
pub(crate) struct ProgressLine {
    label: String,
    bar: Option<ProgressBar>,
}

impl ProgressLine {
    /// Shows nothing until the first report.
    pub(crate) fn new(label: impl Into<String>) -> Self {
        Self {
            label: label.into(),
            bar: None,
        }
    }

    /// Shows how far it is.
    pub(crate) fn report(&mut self, progress: Progress) {
        if !std::io::stderr().is_terminal() {
            super::note(&format!(
                "{}: {}/{}",
                self.label, progress.done, progress.total
            ));
            return;
        }
        let total = u64::try_from(progress.total).unwrap_or(u64::MAX);
        let bar = self.bar.get_or_insert_with(|| new_bar(&self.label, total));
        bar.set_length(total);
        bar.set_position(u64::try_from(progress.done).unwrap_or(u64::MAX));
    }
}

impl Drop for ProgressLine {
    fn drop(&mut self) {
        if let Some(bar) = &self.bar {
            bar.finish_and_clear();
        }
    }
}

fn new_bar(label: &str, total: u64) -> ProgressBar {
    let style = ProgressStyle::with_template("{msg}: {pos}/{len} {bar:30} {eta}")
        .unwrap_or_else(|_| ProgressStyle::default_bar());
    ProgressBar::new(total)
        .with_style(style)
        .with_message(label.to_owned())
}
