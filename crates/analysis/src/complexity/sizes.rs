//! What decides how big an expression is.

#![expect(
    clippy::wildcard_enum_match_arm,
    reason = "the facts have many variants; this looks for a few of them"
)]

use super::calls::{CONSTANT, LINEAR};
use super::loops::measure_of_iterable;
use super::{Estimate, Measure, Size};
use crate::facts::{Expr, ExprKind, StepKind, each_step};
use crate::render::wording::code;
use crate::scope::Nature;
use crate::text::is_listed;

/// Most variables that are followed to where a size comes from.
const HOPS_MAX: usize = 4;

impl<'a> Estimate<'_, 'a> {
    /// The size of what a loop goes through: what it was made from, or itself.
    pub(super) fn size_of_iterable(&self, iterable: &Expr<'a>) -> Size {
        let measure = measure_of_iterable(iterable);
        self.size_of(iterable, measure).unwrap_or_else(|| Size {
            name: code(iterable.text),
            measure: Measure::Items,
        })
    }

    /// What decides how big a value is: a parameter, a field, or what a local was made from.
    pub(super) fn size_of(&self, value: &Expr<'a>, measure: Measure) -> Option<Size> {
        let mut found: Vec<&str> = names(value);
        for hop in 0..HOPS_MAX {
            let measure = if hop == 0 { measure } else { Measure::Either };
            if let Some(base) = found.iter().find(|name| self.function.has_parameter(name)) {
                if let Some(part) = indexed(value, base).filter(|_| hop == 0) {
                    return Some(Size {
                        name: code(part),
                        measure,
                    });
                }
                let is_collection = matches!(
                    self.scope.nature_of(base),
                    Nature::List | Nature::Map | Nature::Set | Nature::Text
                );
                return Some(Size {
                    name: code(base),
                    measure: match (measure, self.scope.nature_of(base)) {
                        (Measure::Either, Nature::Number) => Measure::Value,
                        (Measure::Either | Measure::Value, _) if is_collection => Measure::Items,
                        _ => measure,
                    },
                });
            }
            match self.made_from(&found) {
                Origin::Hidden(name) => {
                    return Some(Size {
                        name: code(
                            name.split(',')
                                .next()
                                .unwrap_or(name)
                                .trim_matches(['(', ')', '[', ']']),
                        ),
                        measure: Measure::Either,
                    });
                }
                Origin::Names(next) if next.is_empty() => break,
                Origin::Names(next) => found = next,
            }
        }
        let name = self.field(value)?;
        Some(Size {
            name: code(name),
            measure,
        })
    }

    /// What the assignments to any of `targets` read.
    fn made_from(&self, targets: &[&str]) -> Origin<'a> {
        let mut next = Vec::new();
        let mut hidden = None;
        each_step(&self.function.body, &mut |step| {
            if let StepKind::Assign {
                target,
                operator: "=",
                value,
                ..
            } = &step.kind
                && targets.iter().any(|name| contains_name(target, name))
            {
                if hides_size(value) {
                    hidden = Some(target.text);
                }
                next.extend(names(value).into_iter().filter(|name| *name != "len"));
            }
        });
        next.sort_unstable();
        next.dedup();
        hidden.map_or(Origin::Names(next), Origin::Hidden)
    }

    /// A field or a known collection in a value: `self.items` of `self.items.values()`.
    fn field(&self, value: &Expr<'a>) -> Option<&'a str> {
        let mut found = None;
        value.each(&mut |part| match &part.kind {
            ExprKind::Member { object, .. } if matches!(object.text, "self" | "this") => {
                found.get_or_insert(part.text);
            }
            ExprKind::Name
                if matches!(
                    self.scope.of(part),
                    Nature::List | Nature::Map | Nature::Set | Nature::Text
                ) =>
            {
                found.get_or_insert(part.text);
            }
            _ => {}
        });
        // `self.sorted()` is a call, not a field.
        let is_call = |name: &str| matches!(&value.kind, ExprKind::Call { callee, .. } if callee.text == name);
        found.filter(|name| !is_call(name)).or(match &value.kind {
            ExprKind::Member { .. } => Some(value.text),
            _ => None,
        })
    }
}

/// Where a size comes from.
enum Origin<'a> {
    /// From a call that says nothing about its size.
    Hidden(&'a str),
    Names(Vec<&'a str>),
}

/// The names in an expression.
fn names<'a>(value: &Expr<'a>) -> Vec<&'a str> {
    let mut found = Vec::new();
    collect_names(value, &mut found);
    found
}

/// The one part of a collection that a value reads: `grid[0]` of `len(grid[0])`.
fn indexed<'a>(value: &Expr<'a>, base: &str) -> Option<&'a str> {
    let mentions = names(value).iter().filter(|name| **name == base).count();
    let mut found = None;
    value.each(&mut |part| {
        let mut root = part;
        while let ExprKind::Index { object, .. } = &root.kind {
            root = object;
        }
        if !std::ptr::eq(root, part) && root.text == base {
            found.get_or_insert(part.text);
        }
    });
    found.filter(|_| mentions == 1)
}

/// What a function that is handed on reads has nothing to do with the size.
fn collect_names<'a>(value: &Expr<'a>, found: &mut Vec<&'a str>) {
    match &value.kind {
        ExprKind::Name => found.push(value.text),
        ExprKind::Lambda { .. } => {}
        _ => {
            for part in value.parts() {
                collect_names(part, found);
            }
        }
    }
}

/// Whether a value comes out of a call that says nothing about its size.
fn hides_size(value: &Expr<'_>) -> bool {
    let mut hides = false;
    value.each(&mut |part| {
        if let Some(name) = part.called() {
            hides |= !is_listed(CONSTANT, name) && !is_listed(LINEAR, name);
        }
    });
    hides
}

fn contains_name(target: &Expr<'_>, name: &str) -> bool {
    match &target.kind {
        ExprKind::Name => target.text == name,
        ExprKind::Collection { items, .. } => items.iter().any(|item| item.text == name),
        _ => false,
    }
}
