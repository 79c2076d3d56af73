//! How often loops go round.

#![expect(
    clippy::wildcard_enum_match_arm,
    reason = "the facts have many variants; this looks for a few of them"
)]

use super::{Cost, Estimate, Measure, Size, is_literal};
use crate::facts::{Expr, ExprKind, Step, StepKind, each_step, last_segment};
use crate::render::narrate::assigns;
use crate::render::wording::code;
use crate::scope::Nature;

/// How often one loop goes round.
enum Rounds {
    Constant,
    Linear(Size),
    Halving,
    Unknown,
}

impl<'a> Estimate<'_, 'a> {
    /// Adds the rounds of a loop to the cost of what lies inside of it.
    pub(super) fn add_rounds(&mut self, step: &Step<'a>, cost: &mut Cost) {
        match self.rounds(step) {
            Rounds::Constant => {}
            Rounds::Linear(size) => cost.sizes.push(size),
            Rounds::Halving => cost.logs += 1,
            Rounds::Unknown => self.unknown_loops.push(step.line),
        }
    }

    fn rounds(&self, step: &Step<'a>) -> Rounds {
        match &step.kind {
            StepKind::ForEach { iterable, .. } if self.scope.of(iterable) == Nature::Channel => {
                Rounds::Linear(Size {
                    name: code(iterable.text),
                    measure: Measure::Received,
                })
            }
            StepKind::ForEach { iterable, .. } if is_fixed(iterable) => Rounds::Constant,
            StepKind::ForEach { iterable, .. } => Rounds::Linear(self.size_of_iterable(iterable)),
            StepKind::Count {
                start,
                condition: Some(condition),
                update,
                body,
            } => self.counted(start, condition, update, body),
            StepKind::While {
                condition: Some(condition),
                body,
                ..
            } => self.while_rounds(condition, body),
            _ => Rounds::Unknown,
        }
    }

    fn counted(
        &self,
        start: &[Step<'a>],
        condition: &Expr<'a>,
        update: &[Step<'a>],
        body: &[Step<'a>],
    ) -> Rounds {
        let ExprKind::Binary { left, right, .. } = &condition.kind else {
            return Rounds::Unknown;
        };
        let [Step { kind: next, .. }] = update else {
            return Rounds::Unknown;
        };
        if assigns(body, left.text) {
            return Rounds::Unknown;
        }
        match (next, start) {
            (StepKind::Increment { step: 1, .. }, _) if right.number().is_some() => {
                Rounds::Constant
            }
            (StepKind::Increment { step: 1, .. }, _) => self
                .size_of(right, measure_of(right))
                .map_or(Rounds::Unknown, Rounds::Linear),
            (
                StepKind::Increment { .. },
                [
                    Step {
                        kind: StepKind::Assign { value, .. },
                        ..
                    },
                ],
            ) => self
                .size_of(value, measure_of(value))
                .map_or(Rounds::Unknown, Rounds::Linear),
            (
                StepKind::Assign {
                    operator: "*" | "/",
                    ..
                },
                _,
            ) => Rounds::Halving,
            _ => Rounds::Unknown,
        }
    }

    fn while_rounds(&self, condition: &Expr<'a>, body: &[Step<'a>]) -> Rounds {
        if is_halving(condition, body) {
            return Rounds::Halving;
        }
        let ExprKind::Binary {
            operator: "<" | "<=" | ">" | ">=",
            left,
            right,
        } = &condition.kind
        else {
            return Rounds::Unknown;
        };
        let moves = |name: &str| {
            let mut found = false;
            let mut others = false;
            each_step(body, &mut |step| match &step.kind {
                StepKind::Assign {
                    target,
                    operator: "+" | "-",
                    value,
                    ..
                } if target.text == name && value.number() == Some(1) => found = true,
                StepKind::Increment { target, .. } if target.text == name => found = true,
                StepKind::Assign { target, .. } if target.text == name => others = true,
                _ => {}
            });
            found && !others
        };
        if matches!(left.kind, ExprKind::Name)
            && matches!(right.kind, ExprKind::Name)
            && moves(left.text)
            && moves(right.text)
            && moves_in_every_branch(body)
        {
            let size = self
                .size_of(right, Measure::Value)
                .or_else(|| self.size_of(left, Measure::Value));
            return Rounds::Linear(size.unwrap_or_else(|| Size {
                name: format!(
                    "the distance between {} and {}",
                    code(left.text),
                    code(right.text)
                ),
                measure: Measure::Phrase,
            }));
        }
        let always_moves = body.iter().any(|step| match &step.kind {
            StepKind::Assign {
                target,
                operator: "+" | "-",
                value,
                ..
            } => target.text == left.text && value.number() == Some(1),
            StepKind::Increment { target, .. } => target.text == left.text,
            _ => false,
        });
        let mut skips = false;
        each_step(body, &mut |step| {
            skips |= matches!(step.kind, StepKind::Continue { .. });
        });
        if always_moves && moves(left.text) && !skips && !assigns(body, right.text) {
            return self
                .size_of(right, measure_of(right))
                .or_else(|| self.size_of(left, Measure::Value))
                .map_or(Rounds::Unknown, Rounds::Linear);
        }
        Rounds::Unknown
    }
}

/// What a bound such as `n` or `len(items)` measures.
fn measure_of(bound: &Expr<'_>) -> Measure {
    let is_size = ["len", "size", "length", "count"]
        .iter()
        .any(|word| bound.text.to_ascii_lowercase().contains(word));
    if is_size {
        Measure::Items
    } else {
        Measure::Value
    }
}

/// What going through an iterable counts.
pub(super) fn measure_of_iterable(iterable: &Expr<'_>) -> Measure {
    let is_range = matches!(&iterable.kind, ExprKind::Call { callee, .. } if callee.text == "range")
        || iterable.text.contains("..");
    if is_range {
        measure_of(iterable)
    } else {
        Measure::Items
    }
}

/// Whether what a loop goes through is written out.
pub(super) fn is_fixed(iterable: &Expr<'_>) -> bool {
    match &iterable.kind {
        ExprKind::Collection { items, .. } => !items
            .iter()
            .any(|item| matches!(item.kind, ExprKind::Unary { operator: "*", .. })),
        ExprKind::Call {
            callee, arguments, ..
        } => {
            last_segment(callee.text) == "range"
                && arguments.iter().all(|argument| argument.number().is_some())
        }
        _ => is_literal(iterable),
    }
}

/// Whether every way through the body moves something or leaves: a chain of branches with an `else` does.
fn moves_in_every_branch(body: &[Step<'_>]) -> bool {
    body.iter().any(|step| match &step.kind {
        StepKind::Increment { .. } | StepKind::Return { .. } | StepKind::Break { .. } => true,
        StepKind::Assign {
            operator: "+" | "-",
            value,
            ..
        } => value.number() == Some(1),
        StepKind::If {
            arms,
            otherwise: Some(otherwise),
        } => {
            arms.iter().all(|(_, arm)| moves_in_every_branch(arm))
                && moves_in_every_branch(otherwise)
        }
        _ => false,
    })
}

/// The halving of binary search: a middle is made from two bounds, and each bound moves to it.
pub(crate) fn is_halving(condition: &Expr<'_>, body: &[Step<'_>]) -> bool {
    let ExprKind::Binary {
        operator: "<" | "<=",
        left,
        right,
    } = &condition.kind
    else {
        return false;
    };
    let mut middle = None;
    for step in body {
        if let StepKind::Assign {
            target,
            operator: "=",
            value,
            ..
        } = &step.kind
            && value.text.contains(left.text)
            && value.text.contains(right.text)
            && ["// 2", "/ 2", ">> 1", "//2", "/2"]
                .iter()
                .any(|half| value.text.contains(half))
        {
            middle = Some(target.text);
        }
    }
    let Some(middle) = middle else { return false };
    let mut moved = [false, false];
    each_step(body, &mut |step| {
        if let StepKind::Assign {
            target,
            operator: "=",
            value,
            ..
        } = &step.kind
            && value.text.contains(middle)
        {
            moved[0] |= target.text == left.text;
            moved[1] |= target.text == right.text;
        }
    });
    moved == [true, true]
}
