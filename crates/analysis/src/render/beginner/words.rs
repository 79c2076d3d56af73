//! The terms that a beginner needs for what was told.

#![expect(
    clippy::wildcard_enum_match_arm,
    reason = "the facts have many variants; this looks for a few of them"
)]

use domain::language::Language;

use super::super::{Shown, capital};
use crate::facts::{StepKind, each_step};
use crate::idioms;
use crate::text::Put;

/// Terms with their meanings, each once, in the order they were met.
#[derive(Default)]
pub(super) struct Words {
    found: Vec<(&'static str, &'static str)>,
}

impl Words {
    fn add(&mut self, word: &'static str, meaning: &'static str) {
        if !self.found.iter().any(|(known, _)| *known == word) {
            self.found.push((word, meaning));
        }
    }

    /// The idioms and constructs of a function.
    pub(super) fn learn(&mut self, shown: &Shown<'_, '_>) {
        for idiom in idioms::find(&shown.scope, shown.function, shown.step.line) {
            self.add(idiom.name, idiom.meaning);
        }
        each_step(&shown.function.body, &mut |step| match &step.kind {
            StepKind::ForEach { .. } | StepKind::Count { .. } => {
                self.add("`for` loop", "repeats its steps once for each thing");
            }
            StepKind::While { .. } => self.add(
                "`while` loop",
                "repeats its steps as long as a condition holds",
            ),
            StepKind::Break { .. } => self.add(
                "`break`",
                "leaves the loop (or the choice) around it at once",
            ),
            StepKind::Continue { .. } => {
                self.add("`continue`", "skips to the next round of the loop");
            }
            StepKind::Raise(_) => self.add(
                "raising an error",
                "stops the work and tells the caller what went wrong",
            ),
            _ => {}
        });
    }

    /// What the explanation itself takes for known.
    pub(super) fn learn_text(&mut self, language: Language, text: &str) {
        if text.contains("counts as true") || text.contains("counts as false") {
            let meaning = if language == Language::Python {
                "`False`, `None`, zero and anything empty count as false, everything else as true"
            } else {
                "`false`, `null`, `undefined`, zero and an empty text count as false, everything else as true"
            };
            self.found.insert(0, ("counts as true or false", meaning));
        }
    }

    /// Writes the first `most` terms.
    pub(super) fn write(&self, most: usize, out: &mut String) {
        if self.found.is_empty() {
            return;
        }
        out.push_str("\n## Words to know\n\n");
        for (word, meaning) in self.found.iter().take(most) {
            out.put(format_args!("- **{}**: {meaning}.\n", capital(word)));
        }
    }
}
