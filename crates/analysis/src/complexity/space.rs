//! What a function keeps.

#![expect(
    clippy::wildcard_enum_match_arm,
    reason = "the facts have many variants; this looks for a few of them"
)]

use domain::language::Language;

use super::calls::has_fixed_bounds;
use super::{Cost, Estimate, Size, keep_largest};
use crate::facts::{Expr, ExprKind, Step, StepKind, each_expression};
use crate::render::wording::{code, join};
use crate::scope::Nature;

impl<'a> Estimate<'_, 'a> {
    /// Whether a statement makes something bigger in every round.
    pub(super) fn growth(&mut self, step: &Step<'a>, cost: &Cost) {
        if cost.sizes.is_empty() {
            return;
        }
        let is_text = matches!(&step.kind, StepKind::Assign { target, operator: "+", value, .. } if matches!(self.scope.of(target), Nature::Text | Nature::List) || matches!(value.kind, ExprKind::Text));
        let local = |object: &Expr<'a>| !self.function.has_parameter(object.text);
        let mut adds = matches!(&step.kind, StepKind::Assign { target, .. } if matches!(&target.kind, ExprKind::Index { object, .. } if self.scope.of(object) == Nature::Map && local(object)));
        for expression in step.expressions() {
            expression.each(&mut |part| {
                if let ExprKind::Call { callee, .. } = &part.kind {
                    adds |= match &callee.kind {
                        ExprKind::Member { object, name } => {
                            matches!(
                                *name,
                                "append"
                                    | "push"
                                    | "push_back"
                                    | "push_str"
                                    | "add"
                                    | "insert"
                                    | "set"
                                    | "put"
                                    | "entry"
                            ) && local(object)
                        }
                        _ => callee.text == "append",
                    };
                }
            });
        }
        if adds || is_text {
            keep_largest(&mut self.grown, cost);
        }
    }

    /// The sentences about space.
    pub(super) fn space(&self) -> String {
        let rest = if self.unknown_calls.is_empty() {
            ""
        } else {
            " What the called functions use is not counted."
        };
        if !self.unknown_loops.is_empty() && (!self.grown.is_empty() || self.adds_anywhere()) {
            return "not known: how much is collected cannot be told from the code.".to_owned();
        }
        if !self.grown.is_empty() {
            return format!("{}{rest}", self.collected());
        }
        if self.has_callback {
            return "not known: what the functions that are handed on keep cannot be told from the code.".to_owned();
        }
        if let Some(call) = self.copies() {
            return format!(
                "{} makes a new collection, as big as what goes into it.{rest}",
                code(&call)
            );
        }
        if let Some(call) = self.may_copy() {
            return format!(
                "not known: whether {} makes a new collection cannot be told from the code.",
                code(call)
            );
        }
        if self.unknown_calls.is_empty() {
            return "O(1): besides its input it keeps a fixed number of values.".to_owned();
        }
        let calls: Vec<String> = self
            .unknown_calls
            .iter()
            .take(4)
            .map(|name| code(name))
            .collect();
        format!(
            "a fixed number of values, besides what {} use{}, which cannot be told from the code.",
            join(&calls, "and"),
            if calls.len() == 1 { "s" } else { "" }
        )
    }

    /// What is added to in every round.
    fn collected(&self) -> String {
        let mut sizes: Vec<&Size> = Vec::new();
        for size in self.grown.iter().flat_map(|cost| &cost.sizes) {
            if !sizes.iter().any(|known| known.name == size.name) {
                sizes.push(size);
            }
        }
        let phrases: Vec<String> = sizes.iter().map(|size| self.phrase(size)).collect();
        format!(
            "{}: it builds a collection that may grow with {}.",
            self.order(&self.grown),
            join(&phrases, "and")
        )
    }

    /// Whether a call of this name makes a new collection in this language.
    fn is_copy(&self, name: &str, callee: &Expr<'a>) -> bool {
        let is_script = self.scope.is_script();
        match name {
            "sorted" | "collect" | "splitlines" | "Split" | "copyOf" => true,
            "list" | "set" | "dict" => !matches!(callee.kind, ExprKind::Member { .. }),
            "slice" => is_script,
            // Elsewhere these are lazy, or belong to something that holds one value at most.
            "filter" | "map" => {
                is_script
                    && matches!(&callee.kind, ExprKind::Member { object, .. } if self.scope.of(object) == Nature::List)
            }
            "split" => self.scope.language != Language::Rust,
            "copy" => self.scope.language == Language::Python,
            _ => false,
        }
    }

    /// A call of a function that is handed on, which may make a collection or not.
    fn may_copy(&self) -> Option<&'a str> {
        let mut found = None;
        each_expression(&self.function.body, &mut |part| {
            if let Some(name @ ("map" | "filter")) = part.called() {
                found.get_or_insert(name);
            }
        });
        found.filter(|_| self.scope.is_script())
    }

    /// A call that makes a whole new collection.
    fn copies(&self) -> Option<String> {
        let mut found = None;
        each_expression(&self.function.body, &mut |part| {
            if let ExprKind::Call {
                callee, arguments, ..
            } = &part.kind
                && let Some(name) = part.called()
                && self.is_copy(name, callee)
                && !self.scope.defines(name)
                && (!arguments.is_empty() || matches!(callee.kind, ExprKind::Member { .. }))
            {
                found.get_or_insert_with(|| name.to_owned());
            }
            if let ExprKind::Slice { object } = &part.kind
                && self.scope.language == Language::Python
                && !object
                    .as_ref()
                    .is_some_and(|object| has_fixed_bounds(part, object))
            {
                found.get_or_insert_with(|| part.text.to_owned());
            }
        });
        found
    }

    fn adds_anywhere(&self) -> bool {
        let mut adds = false;
        each_expression(&self.function.body, &mut |part| {
            adds |= part.called().is_some_and(|name| {
                matches!(
                    name,
                    "append" | "push" | "push_back" | "add" | "insert" | "set" | "put"
                )
            });
        });
        adds
    }
}
