//! What the code shows about awkward input.

#![expect(
    clippy::wildcard_enum_match_arm,
    reason = "the facts have many variants; this looks for a few of them"
)]

use std::collections::{HashMap, HashSet};

use domain::language::Language;

use super::Shown;
use crate::facts::{Expr, ExprKind, Step, StepKind, each_expression, each_step};
use crate::idioms;
use crate::render::wording::code;
use crate::scope::Nature;
use crate::text::words;

/// Most edge cases that are told of one function.
const EDGES_MAX: usize = 6;

/// Something to watch out for.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Edge {
    pub(super) line: Option<u32>,
    pub(super) text: String,
    /// It is dealt with, so that nobody needs a warning.
    pub(super) is_handled: bool,
}

/// The edge cases of a function.
pub(super) fn find(shown: &Shown<'_, '_>) -> Vec<Edge> {
    if shown.function.is_partial {
        return Vec::new();
    }
    let mut edges = Vec::new();
    inputs(shown, &mut edges);
    if let Some(guard) = idioms::find(&shown.scope, shown.function, shown.step.line)
        .into_iter()
        .find(|idiom| idiom.name == "guard clause")
    {
        edges.push(Edge {
            line: Some(guard.line),
            text: guard.evidence,
            is_handled: true,
        });
    }
    edges.extend(changed_in_place(shown));
    edges.extend(shared_default(shown));
    edges.extend(unwrapped(shown));
    edges
}

/// The words of everything that is asked anywhere in the function.
fn conditions<'a>(shown: &Shown<'_, 'a>) -> HashSet<&'a str> {
    let mut asked = HashSet::new();
    let mut ask = |condition: &Expr<'a>| asked.extend(words(condition.text));
    each_step(&shown.function.body, &mut |step| match &step.kind {
        StepKind::If { arms, .. } => arms.iter().for_each(|(condition, _)| ask(condition)),
        StepKind::While { condition, .. } => condition.iter().for_each(&mut ask),
        StepKind::Assert(condition) => ask(condition),
        _ => {}
    });
    each_expression(&shown.function.body, &mut |part| match &part.kind {
        ExprKind::Conditional { condition, .. } => ask(condition),
        ExprKind::Comprehension { clauses, .. } => {
            clauses
                .iter()
                .flat_map(|clause| &clause.conditions)
                .for_each(&mut ask);
        }
        _ => {}
    });
    asked
}

fn inputs(shown: &Shown<'_, '_>, edges: &mut Vec<Edge>) {
    let asked = conditions(shown);
    let is_asked = |text: &str| {
        words(text)
            .filter(|word| !matches!(*word, "len" | "size" | "length" | "self" | "this"))
            .any(|name| asked.contains(name))
    };
    let mut raises = Raises::default();
    raises.collect(&shown.function.body);
    let mut add = |line: u32, text: String| {
        let edge = Edge {
            line: Some(line),
            text,
            is_handled: false,
        };
        if edges.len() < EDGES_MAX && !edges.contains(&edge) {
            edges.push(edge);
        }
    };
    each_step(&shown.function.body, &mut |step| {
        if let StepKind::Assign {
            operator: "/" | "//" | "%",
            value,
            ..
        } = &step.kind
            && is_divisor(value)
            && !is_asked(value.text)
            && !raises.were_before(value.text, step.line)
        {
            add(step.line, division(value));
        }
        for expression in step.expressions() {
            expression.each(&mut |part| match &part.kind {
                ExprKind::Binary {
                    operator: "/" | "//" | "%",
                    left,
                    right,
                } if is_divisor(right)
                    && !matches!(left.kind, ExprKind::Text)
                    && !is_asked(right.text)
                    && !raises.were_before(right.text, step.line) =>
                {
                    add(step.line, division(right));
                }
                ExprKind::Index { object, index }
                    if matches!(index.text, "0" | "-1")
                        && shown.scope.of(object) != Nature::Map
                        && shown.function.has_parameter(object.text)
                        && !is_asked(object.text) =>
                {
                    add(
                        step.line,
                        format!(
                            "nothing checks that {} is not empty before taking {}",
                            code(object.text),
                            code(part.text)
                        ),
                    );
                }
                _ => {}
            });
        }
    });
}

fn division(divisor: &Expr<'_>) -> String {
    format!(
        "nothing checks that {} is not zero before dividing by it",
        code(divisor.text)
    )
}

/// Whether a divisor is simple enough to tell that nothing checks it: a name, a field, a length.
fn is_divisor(value: &Expr<'_>) -> bool {
    match &value.kind {
        ExprKind::Name | ExprKind::Member { .. } => true,
        ExprKind::Call { .. } => {
            matches!(
                value.called(),
                Some("len" | "size" | "length" | "count" | "sum")
            ) && value.text.len() < 60
        }
        _ => false,
    }
}

/// The names that get another value, so that they are no longer the caller's.
fn replaced<'a>(steps: &[Step<'a>]) -> HashSet<&'a str> {
    let mut replaced = HashSet::new();
    each_step(steps, &mut |step| {
        if let StepKind::Assign {
            target,
            operator: "=",
            ..
        } = &step.kind
        {
            match &target.kind {
                ExprKind::Collection { items, .. } => {
                    replaced.extend(items.iter().map(|item| item.text));
                }
                _ => {
                    replaced.insert(target.text);
                }
            }
        }
    });
    replaced
}

/// Where names are made bigger by a number, so that they are hardly zero. For each block that does it: the first line of that,
/// and the last line of the block.
#[derive(Default)]
struct Raises<'a>(HashMap<&'a str, Vec<(u32, u32)>>);

impl<'a> Raises<'a> {
    fn collect(&mut self, steps: &[Step<'a>]) {
        let end = steps.last().map_or(0, |last| last.end_line);
        let mut here = HashSet::new();
        for step in steps {
            let raised = match &step.kind {
                StepKind::Increment { target, step: 1 } => Some(target.text),
                StepKind::Assign {
                    target,
                    operator: "+",
                    value,
                    ..
                } if value.number().is_some_and(|by| by > 0) => Some(target.text),
                _ => None,
            };
            if let Some(name) = raised.filter(|name| here.insert(*name)) {
                self.0.entry(name).or_default().push((step.line, end));
            }
            for block in step.blocks() {
                self.collect(block);
            }
        }
    }

    /// Whether a statement before `line` in a block around it made `name` bigger.
    fn were_before(&self, name: &str, line: u32) -> bool {
        self.0
            .get(name)
            .is_some_and(|places| places.iter().any(|(at, end)| *at < line && line <= *end))
    }
}

fn changed_in_place(shown: &Shown<'_, '_>) -> Option<Edge> {
    let replaced = replaced(&shown.function.body);
    let mut found: Option<(u32, String)> = None;
    each_step(&shown.function.body, &mut |step: &Step<'_>| {
        if let StepKind::Assign { target, .. } = &step.kind
            && found.is_none()
        {
            target.each(&mut |part| {
                if let ExprKind::Index { object, .. } = &part.kind
                    && found.is_none()
                    && !replaced.contains(object.text)
                    && shown.function.has_parameter(object.text)
                {
                    found = Some((step.line, code(object.text)));
                }
            });
        }
    });
    found.map(|(line, name)| Edge {
        line: Some(line),
        text: format!("{name} is changed in place, so the caller may see the change"),
        is_handled: false,
    })
}

fn shared_default(shown: &Shown<'_, '_>) -> Option<Edge> {
    if shown.scope.language != Language::Python {
        return None;
    }
    let parameter = shown.function.parameters.iter().find(|parameter| {
        matches!(
            parameter.default,
            Some("[]" | "{}" | "list()" | "dict()" | "set()")
        )
    })?;
    Some(Edge {
        line: None,
        text: format!(
            "the default of {} is made only once and shared by all calls",
            code(parameter.name)
        ),
        is_handled: false,
    })
}

fn unwrapped(shown: &Shown<'_, '_>) -> Option<Edge> {
    if shown.scope.language != Language::Rust {
        return None;
    }
    let mut found = None;
    each_expression(&shown.function.body, &mut |part| {
        if let Some("unwrap" | "expect") = part.called() {
            found.get_or_insert_with(|| code(part.text));
        }
    });
    found.map(|call| Edge {
        line: None,
        text: format!("{call} stops the program when there is no value"),
        is_handled: false,
    })
}
