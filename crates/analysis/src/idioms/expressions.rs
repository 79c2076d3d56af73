//! Idioms that expressions show.

#![expect(
    clippy::wildcard_enum_match_arm,
    reason = "the facts have many variants; this looks for a few of them"
)]

use domain::language::Language;

use super::Finder;
use crate::facts::{Expr, ExprKind, Shape};
use crate::render::wording::{code, quote};
use crate::scope::Nature;

impl<'a> Finder<'_, 'a> {
    pub(super) fn expression(&mut self, part: &Expr<'a>, line: u32) {
        match &part.kind {
            ExprKind::Comprehension {
                shape: Shape::Generator,
                ..
            } => self.add(
                "generator expression",
                line,
                "values made one by one, as they are needed",
                code(part.text),
            ),
            ExprKind::Comprehension { .. } => self.add(
                "comprehension",
                line,
                "a whole collection built in one expression, with the loop inside it",
                code(part.text),
            ),
            ExprKind::Lambda { .. } => self.add(
                "function as a value",
                line,
                "a small function without a name that is passed on or kept",
                quote(part),
            ),
            ExprKind::Propagate(inner) => self.add(
                "`?` operator",
                line,
                "goes on with the value, or hands the failure to the caller at once",
                code(inner.text),
            ),
            ExprKind::Await(inner) => self.add(
                "`await`",
                line,
                "waits for a result while other work goes on",
                code(inner.text),
            ),
            ExprKind::Binary {
                operator: "in" | "not in",
                right,
                ..
            } if self.scope.of(right) == Nature::Map => {
                self.add(
                    "look-up by key",
                    line,
                    "asking a dictionary directly instead of searching through everything",
                    format!("in {}", code(right.text)),
                );
            }
            ExprKind::Call {
                callee, arguments, ..
            } => self.call(part, callee, arguments, line),
            _ => {}
        }
    }

    /// Java streams, by where they begin or by what collects them.
    fn stream(&mut self, callee: &Expr<'a>, arguments: &[Expr<'a>], line: u32) {
        let collects = |one: &Expr<'a>| one.text.starts_with("Collectors.");
        let is_stream = !callee.text.ends_with("collect") || arguments.iter().any(collects);
        if self.scope.language == Language::Java && is_stream {
            self.add(
                "stream",
                line,
                "items that flow through a chain of steps, each of which picks, changes or collects them",
                quote(callee),
            );
        }
    }

    pub(super) fn call(
        &mut self,
        part: &Expr<'a>,
        callee: &Expr<'a>,
        arguments: &[Expr<'a>],
        line: u32,
    ) {
        match part.called() {
            Some("sorted" | "sort") if !self.scope.defines("sorted") => {
                let shown = match &callee.kind {
                    ExprKind::Member { object, .. } => {
                        part.text.get(object.text.len()..).unwrap_or(part.text)
                    }
                    _ => part.text,
                };
                self.add("sorting", line, "putting items in order", code(shown));
            }
            Some("get" | "has" | "entry" | "getOrDefault") if arguments.len() <= 2 => {
                if let ExprKind::Member { object, .. } = &callee.kind
                    && self.scope.of(object) == Nature::Map
                {
                    self.add(
                        "look-up by key",
                        line,
                        "asking a dictionary directly instead of searching through everything",
                        format!("in {}", code(object.text)),
                    );
                }
            }
            Some("make")
                if arguments
                    .first()
                    .is_some_and(|first| first.text.starts_with("chan")) =>
            {
                self.add(
                    "channel",
                    line,
                    "a pipe through which goroutines pass values",
                    code(part.text),
                );
            }
            Some("make_unique" | "make_shared") => self.add(
                "smart pointer",
                line,
                "an object that frees itself when nothing owns it any more",
                code(part.text),
            ),
            Some("then") if self.scope.is_script() && matches!(callee.kind, ExprKind::Member { .. }) => self.add(
                "promise chain",
                line,
                "steps that run one after the other, each as soon as the result before it is there",
                code(".then(…)"),
            ),
            Some("all" | "allSettled" | "race" | "any") if callee.text.starts_with("Promise.") => {
                self.add(
                    "several promises at once",
                    line,
                    "work that is started together and waited for together",
                    code(callee.text),
                );
            }
            Some("stream" | "parallelStream" | "collect") => {
                self.stream(callee, arguments, line);
            }
            Some("map" | "filter" | "reduce")
                if self.scope.is_script() =>
            {
                self.add(
                    "functional array methods",
                    line,
                    "working on a whole array by handing in a small function",
                    code(part.called().unwrap_or_default()),
                );
            }
            _ => {}
        }
    }
}
