//! What a function keeps.

#![expect(
    clippy::wildcard_enum_match_arm,
    reason = "the facts have many variants; this looks for a few of them"
)]

use super::{Cost, Estimate};
use crate::facts::{Expr, ExprKind, Step, StepKind, each_expression};
use crate::render::wording::{code, join};
use crate::scope::Nature;

impl<'a> Estimate<'_, 'a> {
    /// Whether a statement makes something bigger in every round.
    pub(super) fn growth(&mut self, step: &Step<'a>, cost: &Cost) {
        let Some(size) = cost.sizes.last() else {
            return;
        };
        let is_text = matches!(&step.kind, StepKind::Assign { target, operator: "+", value, .. } if matches!(self.scope.of(target), Nature::Text | Nature::List) || matches!(value.kind, ExprKind::Text));
        let local = |object: &Expr<'a>| !self.is_parameter(object.text);
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
            self.grows.get_or_insert_with(|| size.clone());
            self.grown.push(cost.clone());
        }
    }

    /// The sentences about space.
    pub(super) fn space(&self) -> String {
        let rest = if self.unknown_calls.is_empty() {
            ""
        } else {
            " What the called functions use is not counted."
        };
        if let Some(size) = &self.grows {
            return format!(
                "O({}): it builds a collection that may grow with {}.{rest}",
                self.letter(size),
                self.phrase(size)
            );
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
        if !self.unknown_loops.is_empty() && self.adds_anywhere() {
            return "not known: how much is collected cannot be told from the code.".to_owned();
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

    /// A call that makes a whole new collection.
    fn copies(&self) -> Option<String> {
        let mut found = None;
        each_expression(&self.function.body, &mut |part| {
            let is_method = matches!(&part.kind, ExprKind::Call { callee, .. } if matches!(callee.kind, ExprKind::Member { .. }));
            if let Some(name) = part.called()
                && matches!(
                    name,
                    "sorted"
                        | "list"
                        | "set"
                        | "dict"
                        | "split"
                        | "splitlines"
                        | "filter"
                        | "map"
                        | "collect"
                        | "copy"
                        | "Split"
                        | "slice"
                        | "copyOf"
                )
                && !self.scope.defines(name)
                && !(is_method && matches!(name, "list" | "set" | "dict"))
                && matches!(&part.kind, ExprKind::Call { callee, arguments, .. } if !arguments.is_empty() || matches!(callee.kind, ExprKind::Member { .. }))
            {
                found.get_or_insert_with(|| name.to_owned());
            }
            if matches!(part.kind, ExprKind::Slice { .. }) {
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
