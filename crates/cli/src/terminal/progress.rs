//! Shows how far a long act has come: a bar on a terminal, lines otherwise. On standard error, so that output stays clean.

use std::io::IsTerminal as _;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use app::knowledge::Progress;
use domain::models::catalogue::{self, ProgressSink};
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

/// Shows work that has several stages, each with an amount of its own, until it is done or cancelled.
pub(crate) struct StageLine {
    is_cancelled: Arc<AtomicBool>,
    shown: Mutex<Shown>,
}

/// What is shown at the moment.
#[derive(Default)]
struct Shown {
    stage: String,
    bar: Option<ProgressBar>,
}

impl StageLine {
    /// Shows nothing until the first report; the work is cancelled once the flag is set.
    pub(crate) fn new(is_cancelled: Arc<AtomicBool>) -> Self {
        Self {
            is_cancelled,
            shown: Mutex::default(),
        }
    }
}

impl ProgressSink for StageLine {
    fn report(&self, progress: catalogue::Progress) -> bool {
        let mut shown = self.shown.lock().unwrap_or_else(PoisonError::into_inner);
        if shown.stage != progress.stage {
            shown.clear();
            shown.stage.clone_from(&progress.stage);
            if std::io::stderr().is_terminal() {
                shown.bar = Some(new_stage_bar(&progress));
            } else {
                super::note(&progress.stage);
            }
        }
        if let Some(bar) = &shown.bar {
            bar.set_length(progress.total.unwrap_or(progress.done));
            bar.set_position(progress.done);
        }
        !self.is_cancelled.load(Ordering::Relaxed)
    }
}

impl Shown {
    fn clear(&mut self) {
        if let Some(bar) = self.bar.take() {
            bar.finish_and_clear();
        }
    }
}

impl Drop for Shown {
    fn drop(&mut self) {
        self.clear();
    }
}

fn new_stage_bar(progress: &catalogue::Progress) -> ProgressBar {
    // Files are measured in bytes, and only they are so long.
    let is_bytes = progress.total.is_some_and(|total| total > 1 << 20);
    let template = if is_bytes {
        "{msg}: {bytes}/{total_bytes} {bar:30} {bytes_per_sec} {eta}"
    } else {
        "{msg}: {pos}/{len} {bar:30} {eta}"
    };
    let style =
        ProgressStyle::with_template(template).unwrap_or_else(|_| ProgressStyle::default_bar());
    ProgressBar::new(progress.total.unwrap_or_default())
        .with_style(style)
        .with_message(super::printable(&progress.stage))
}
