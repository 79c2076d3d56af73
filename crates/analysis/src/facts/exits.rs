//! What leaves a loop.

#![expect(
    clippy::wildcard_enum_match_arm,
    reason = "the facts have many variants; this looks for a few of them"
)]

use domain::language::Language;

use super::{Expr, ExprKind, Step, StepKind};
use crate::text::{is_listed, words};

/// Calls that do not come back.
const LAST_CALLS: &str =
    " exit _exit quit abort panic Fatal Fatalf Fatalln Exit Goexit bail terminate throw ";

/// Macros of Rust that end the function.
const LAST_MACROS: &str =
    " panic todo unreachable unimplemented bail anyhow::bail ensure assert assert_eq ";

/// Words that leave a loop, in text that was not looked into.
const LEAVING_WORDS: &str = " break return goto throw raise panic ";

/// Whether something written in the body of a loop leaves it before its time.
pub(crate) fn leaves_loop(body: &[Step<'_>], language: Language) -> bool {
    let place = Place {
        language,
        loops: 0,
        is_in_choice: false,
        is_in_value: false,
    };
    place.is_left(body)
}

/// Where in the body of the loop that is asked about a statement stands.
#[derive(Clone, Copy)]
struct Place {
    language: Language,
    /// How many other loops are around it.
    loops: usize,
    /// A plain `break` leaves a choice.
    is_in_choice: bool,
    /// A `yield` of Java gives a value inside of the loop.
    is_in_value: bool,
}

impl Place {
    fn is_left(self, steps: &[Step<'_>]) -> bool {
        steps.iter().any(|step| self.leaves(step))
    }

    fn leaves(self, step: &Step<'_>) -> bool {
        let leaves = match &step.kind {
            StepKind::Return { .. }
            | StepKind::Raise(_)
            | StepKind::Assert(_)
            | StepKind::Unreadable => true,
            StepKind::Give(_) => !self.is_in_value,
            StepKind::Break {
                label: Some(label), ..
            } => label.loops > self.loops,
            StepKind::Continue { label: Some(label) } => label.loops > self.loops + 1,
            StepKind::Break { label: None, .. } => self.loops == 0 && !self.is_in_choice,
            StepKind::Other(text) => self.may_leave(text),
            _ => false,
        };
        let inside = self.inside(step);
        leaves
            || step
                .expressions()
                .into_iter()
                .any(|expression| inside.leaves_from(expression))
            || step.blocks().into_iter().any(|block| inside.is_left(block))
    }

    const fn inside(self, step: &Step<'_>) -> Self {
        match step.kind {
            // It runs after the loop that it belongs to, so that a `break` leaves the loop around.
            StepKind::LoopElse(_) => Self {
                loops: self.loops.saturating_sub(1),
                ..self
            },
            StepKind::Switch { .. } => Self {
                is_in_choice: !matches!(self.language, Language::Rust | Language::Python),
                ..self
            },
            _ if step.is_loop() => Self {
                loops: self.loops + 1,
                is_in_choice: false,
                ..self
            },
            _ => self,
        }
    }

    fn leaves_from(self, expression: &Expr<'_>) -> bool {
        let mut leaves = false;
        expression.each(&mut |part| {
            leaves |= match &part.kind {
                ExprKind::Propagate(_) => true,
                ExprKind::Choice(step) => {
                    let is_in_value =
                        self.is_in_value || matches!(step.kind, StepKind::Switch { .. });
                    let place = Self {
                        is_in_value,
                        ..self
                    };
                    place.leaves(step)
                }
                ExprKind::Macro { name } => {
                    is_listed(LAST_MACROS, name) || self.may_leave(part.text)
                }
                // Too deep to be looked into; in braces it is the body of a lambda, which leaves nothing but itself.
                ExprKind::Other(parts) if parts.is_empty() => {
                    !part.text.starts_with('{') && self.may_leave(part.text)
                }
                _ => part
                    .called()
                    .is_some_and(|name| is_listed(LAST_CALLS, name)),
            };
        });
        leaves
    }

    /// Whether code that was not looked into may leave a loop, what is written in quotes not counted.
    fn may_leave(self, code: &str) -> bool {
        let code = code.replace("\\\"", "");
        code.split('"').step_by(2).any(|code| {
            (self.language == Language::Rust && code.contains('?'))
                || words(code).any(|word| is_listed(LEAVING_WORDS, word))
        })
    }
}
