//! Tables in which a function keeps its results.

#![expect(
    clippy::wildcard_enum_match_arm,
    reason = "the facts have many variants; this looks for a few of them"
)]

use std::collections::{HashMap, HashSet};

use crate::facts::{Expr, ExprKind, Function, Step, StepKind, each_expression, each_step};
use crate::text::words;

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

/// Most parts of a dotted name that are looked at: `self.memo` has two.
const PARTS_MAX: usize = 8;

/// What is done with the tables of a function.
#[derive(Default)]
struct Uses<'a> {
    filled: Vec<&'a str>,
    returned: HashSet<&'a str>,
    asked: HashSet<&'a str>,
    /// Names that hold what was read from a table, with the tables.
    copies: HashMap<&'a str, HashSet<&'a str>>,
    /// What is given back, as written.
    given: HashSet<&'a str>,
    /// Names that conditions of statements are about.
    tested: HashSet<&'a str>,
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
            if let Some(table) = read_table(left) {
                uses.ask(table);
            }
        }
        ExprKind::Conditional { condition, .. } => uses.ask(condition.text),
        _ => {}
    });
    for (name, tables) in std::mem::take(&mut uses.copies) {
        if uses.tested.contains(name) {
            for table in &tables {
                uses.ask(table);
            }
        }
        if uses.given.contains(name) {
            uses.returned.extend(tables);
        }
    }
    let is_used = |table: &&str| uses.returned.contains(table) && uses.asked.contains(table);
    uses.filled.iter().copied().find(is_used)
}

impl<'a> Uses<'a> {
    /// Every name in a text is asked: `self.memo.get` asks `self`, `self.memo` and itself.
    fn ask(&mut self, text: &'a str) {
        for name in dotted_names(text) {
            let ends = name.match_indices('.').take(PARTS_MAX).map(|(at, _)| at);
            self.asked.extend(ends.filter_map(|end| name.get(..end)));
            self.asked.insert(name);
        }
    }

    /// Names that get what a table holds.
    fn copied(&mut self, step: &Step<'a>) {
        match &step.kind {
            StepKind::Assign {
                target,
                operator: "=",
                value,
                ..
            } => self.copy(read_table(value), target.text),
            StepKind::If { arms, .. } => {
                for (condition, _) in arms {
                    if let ExprKind::Binary {
                        operator: "matches",
                        left,
                        right,
                    } = &condition.kind
                    {
                        self.copy(read_table(left), right.text);
                    }
                }
            }
            StepKind::Switch {
                subject: Some(subject),
                cases,
                ..
            } => {
                if let Some(table) = read_table(subject) {
                    self.ask(table);
                    for case in cases {
                        self.copy(Some(table), case.pattern);
                    }
                }
            }
            _ => {}
        }
    }

    fn copy(&mut self, table: Option<&'a str>, names: &'a str) {
        if let Some(table) = table {
            for name in words(names) {
                self.copies.entry(name).or_default().insert(table);
            }
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
                        self.ask(object.text);
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
                    self.ask(condition.text);
                    let owners = dotted_names(condition.text).map(|name| name.split('.').next());
                    self.tested.extend(owners.flatten());
                }
            }
            StepKind::Try { body, handlers, .. } => {
                let is_asked = handlers.iter().any(|handler| {
                    ["KeyError", "IndexError", "LookupError", "out_of_range"]
                        .iter()
                        .any(|error| handler.types.contains(error))
                });
                if is_asked {
                    each_expression(body, &mut |part| {
                        if let Some(table) = read_table(part) {
                            self.ask(table);
                        }
                    });
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
                self.given.insert(plain);
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
    // A receiver may be a table as well.
    let is_parameter = |name: &str| {
        let mut parameters = function.parameters.iter();
        parameters.any(|parameter| parameter.name == name)
    };
    each_step(&function.body, &mut |step| may |= writes(step));
    each_expression(&function.body, &mut |part| {
        may |= match &part.kind {
            ExprKind::Assignment(step) => writes(step),
            ExprKind::Index { object, .. } => is_parameter(object.text),
            ExprKind::Call { arguments, .. } => {
                called_on(part, KEEPING).is_some()
                    || called_on(part, READING).is_some_and(is_parameter)
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

/// The names in a text, as `self.memo` each.
fn dotted_names(text: &str) -> impl Iterator<Item = &str> {
    text.split(|c: char| !c.is_alphanumeric() && !matches!(c, '_' | '.'))
        .filter(|name| !name.is_empty())
}
