//! Tables in which a function keeps its results.

#![expect(
    clippy::wildcard_enum_match_arm,
    reason = "the facts have many variants; this looks for a few of them"
)]

use crate::facts::{Expr, ExprKind, Function, Step, StepKind, each_expression, each_step};

/// Methods that put something into a table.
const FILLING: &[&str] = &["set", "put", "insert", "emplace"];

/// Methods that read a table under a key.
const READING: &[&str] = &["get", "at"];

/// Methods after which a table may remember something, whatever else they do.
const KEEPING: &[&str] = &[
    "set",
    "put",
    "insert",
    "emplace",
    "entry",
    "setdefault",
    "computeIfAbsent",
    "putIfAbsent",
    "try_emplace",
    "Store",
    "LoadOrStore",
];

/// What is done with the tables of a function.
#[derive(Default)]
struct Uses<'a> {
    filled: Vec<&'a str>,
    returned: Vec<&'a str>,
    asked: Vec<&'a str>,
    /// Names that hold what was read from a table, with the table.
    copies: Vec<(&'a str, &'a str)>,
}

/// The table that is asked, filled and returned from.
pub(super) fn table<'a>(function: &Function<'a>) -> Option<&'a str> {
    let mut uses = Uses::default();
    each_step(&function.body, &mut |step| uses.copied(step));
    each_step(&function.body, &mut |step| uses.statement(step));
    each_expression(&function.body, &mut |part| match &part.kind {
        ExprKind::Assignment(step) => uses.statement(step),
        ExprKind::Choice(step) => {
            uses.copied(step);
            uses.statement(step);
        }
        ExprKind::Binary {
            operator: "??" | "||",
            left,
            ..
        } => {
            uses.asked.extend(read_table(left));
        }
        ExprKind::Conditional { condition, .. } => uses.asked.push(condition.text),
        _ => {}
    });
    let Uses {
        filled,
        returned,
        asked,
        ..
    } = uses;
    filled
        .into_iter()
        .find(|table| returned.contains(table) && asked.iter().any(|asked| mentions(asked, table)))
}

impl<'a> Uses<'a> {
    /// Names that get what a table holds.
    fn copied(&mut self, step: &Step<'a>) {
        match &step.kind {
            StepKind::Assign {
                target,
                operator: "=",
                value,
                ..
            } => {
                if let Some(table) = read_table(value) {
                    self.copies
                        .extend(words(target.text).map(|name| (name, table)));
                }
            }
            StepKind::If { arms, .. } => {
                for (condition, _) in arms {
                    if let ExprKind::Binary {
                        operator: "matches",
                        left,
                        right,
                    } = &condition.kind
                        && let Some(table) = read_table(left)
                    {
                        self.copies
                            .extend(words(right.text).map(|name| (name, table)));
                    }
                }
            }
            StepKind::Switch {
                subject: Some(subject),
                cases,
                ..
            } => {
                if let Some(table) = read_table(subject) {
                    self.asked.push(table);
                    self.copies.extend(
                        cases
                            .iter()
                            .flat_map(|case| words(case.pattern))
                            .map(|name| (name, table)),
                    );
                }
            }
            _ => {}
        }
    }

    fn statement(&mut self, step: &Step<'a>) {
        match &step.kind {
            StepKind::Assign {
                target, operator, ..
            } => {
                if let ExprKind::Index { object, .. } = &target.kind {
                    self.filled.push(object.text);
                    if *operator == "??" {
                        self.asked.push(object.text);
                    }
                }
            }
            StepKind::Evaluate(value) => self.filled.extend(called_on(value, FILLING)),
            StepKind::Return {
                value: Some(value), ..
            }
            | StepKind::Tail(value) => self.gives(value),
            StepKind::If { arms, .. } => {
                for (condition, _) in arms {
                    self.asked.push(condition.text);
                    let held = self
                        .copies
                        .iter()
                        .filter(|(name, _)| mentions(condition.text, name));
                    self.asked.extend(held.map(|(_, table)| *table));
                }
            }
            StepKind::Try { body, handlers, .. } => {
                let is_asked = handlers.iter().any(|handler| {
                    ["KeyError", "IndexError", "LookupError", "out_of_range"]
                        .iter()
                        .any(|error| handler.types.contains(error))
                });
                if is_asked {
                    each_expression(body, &mut |part| self.asked.extend(read_table(part)));
                }
            }
            _ => {}
        }
    }

    /// What is given back.
    fn gives(&mut self, value: &Expr<'a>) {
        match &value.kind {
            ExprKind::Assignment(step) => {
                if let StepKind::Assign { target, .. } = &step.kind {
                    self.returned.extend(read_table(target));
                }
            }
            ExprKind::Binary {
                operator: "??" | "||",
                left,
                ..
            } => self.returned.extend(read_table(left)),
            _ => {
                self.returned.extend(read_table(value));
                let plain = value
                    .text
                    .trim_start_matches(['*', '&'])
                    .trim_end_matches(".clone()");
                let held = self.copies.iter().filter(|(name, _)| *name == plain);
                self.returned.extend(held.map(|(_, table)| *table));
            }
        }
    }
}

/// Whether something in a function may remember earlier results, so that nothing can be said of how many calls are made.
pub(crate) fn may_remember(function: &Function<'_>) -> bool {
    let is_wrapped = function
        .decorators
        .iter()
        .any(|name| !matches!(*name, "staticmethod" | "classmethod" | "property"));
    let mut may = is_wrapped;
    let is_parameter = |object: &Expr<'_>| {
        function
            .parameters
            .iter()
            .any(|parameter| parameter.name == object.text && !parameter.is_receiver)
    };
    each_step(&function.body, &mut |step| may |= writes(step));
    each_expression(&function.body, &mut |part| {
        may |= match &part.kind {
            ExprKind::Assignment(step) => writes(step),
            ExprKind::Index { object, .. } => is_parameter(object),
            ExprKind::Call { arguments, .. } => {
                called_on(part, KEEPING).is_some()
                    || called_on(part, READING).is_some_and(|table| {
                        function
                            .parameters
                            .iter()
                            .any(|parameter| parameter.name == table)
                    })
                    || (part.called() == Some(function.name) && calls(arguments, function.name))
            }
            ExprKind::Macro { name } => !matches!(
                *name,
                "println" | "print" | "eprintln" | "assert" | "assert_eq" | "panic" | "format"
            ),
            _ => false,
        };
    });
    may
}

fn writes(step: &Step<'_>) -> bool {
    matches!(&step.kind, StepKind::Assign { target, operator, .. }
        if matches!(target.kind, ExprKind::Index { .. }) || *operator == "??")
}

/// Whether something in these calls a function of this name.
fn calls(arguments: &[Expr<'_>], name: &str) -> bool {
    let mut found = false;
    for argument in arguments {
        argument.each(&mut |part| found |= part.called() == Some(name));
    }
    found
}

/// `memo` of `memo[n]`, `memo.get(n)` and `memo.get(n).copied()`.
fn read_table<'a>(value: &Expr<'a>) -> Option<&'a str> {
    match &value.kind {
        ExprKind::Index { object, .. } => Some(object.text),
        ExprKind::Call { callee, .. } => match &callee.kind {
            ExprKind::Member {
                object,
                name: "copied" | "cloned" | "unwrap",
            } => read_table(object),
            _ => called_on(value, READING),
        },
        ExprKind::Unary { operand, .. } => read_table(operand),
        _ => None,
    }
}

/// `memo` of `memo.set(n, value)`.
fn called_on<'a>(value: &Expr<'a>, names: &[&str]) -> Option<&'a str> {
    match &value.kind {
        ExprKind::Call { callee, .. } => match &callee.kind {
            ExprKind::Member { object, name } if names.contains(name) => Some(object.text),
            _ => None,
        },
        _ => None,
    }
}

fn words(text: &str) -> impl Iterator<Item = &str> {
    text.split(|c: char| !c.is_alphanumeric() && c != '_')
        .filter(|word| !word.is_empty())
}

/// Whether a name such as `memo` or `self.memo` stands in a text as a whole.
fn mentions(text: &str, name: &str) -> bool {
    text.split(|c: char| !c.is_alphanumeric() && !matches!(c, '_' | '.'))
        .any(|word| {
            word == name
                || word
                    .strip_prefix(name)
                    .is_some_and(|rest| rest.starts_with('.'))
        })
}
