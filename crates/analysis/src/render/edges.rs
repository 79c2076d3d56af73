//! What the code shows about awkward input.

#![expect(
    clippy::wildcard_enum_match_arm,
    reason = "the facts have many variants; this looks for a few of them"
)]

use domain::language::Language;

use super::Shown;
use crate::facts::{Expr, ExprKind, Step, StepKind, each_expression, each_step};
use crate::idioms;
use crate::render::wording::code;
use crate::scope::Nature;

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
    edges.truncate(EDGES_MAX);
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

/// Everything that is asked anywhere in the function.
fn conditions(shown: &Shown<'_, '_>) -> String {
    let mut asked = String::new();
    let mut ask = |condition: &Expr<'_>| {
        asked.push_str(condition.text);
        asked.push('\n');
    };
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
            .any(|name| words(&asked).any(|word| word == name))
    };
    let mut add = |line: u32, text: String| {
        let edge = Edge {
            line: Some(line),
            text,
            is_handled: false,
        };
        if !edges.contains(&edge) {
            edges.push(edge);
        }
    };
    let division = |divisor: &Expr<'_>| {
        format!(
            "nothing checks that {} is not zero before dividing by it",
            code(divisor.text)
        )
    };
    each_step(&shown.function.body, &mut |step| {
        if let StepKind::Assign {
            operator: "/" | "//" | "%",
            value,
            ..
        } = &step.kind
            && is_divisor(value)
            && !is_asked(value.text)
            && !was_raised(&shown.function.body, value.text, step.line)
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
                    && !was_raised(&shown.function.body, right.text, step.line) =>
                {
                    add(step.line, division(right));
                }
                ExprKind::Index { object, index }
                    if matches!(index.text, "0" | "-1")
                        && shown.scope.of(object) != Nature::Map
                        && is_parameter(shown, object)
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

fn words(text: &str) -> impl Iterator<Item = &str> {
    text.split(|c: char| !c.is_alphanumeric() && c != '_')
        .filter(|word| !word.is_empty())
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

fn is_parameter(shown: &Shown<'_, '_>, object: &Expr<'_>) -> bool {
    shown
        .function
        .parameters
        .iter()
        .any(|parameter| parameter.name == object.text && !parameter.is_receiver)
}

/// Whether a parameter gets another value, so that it is no longer the caller's.
fn is_replaced(shown: &Shown<'_, '_>, name: &str) -> bool {
    let mut is_replaced = false;
    each_step(&shown.function.body, &mut |step| {
        if let StepKind::Assign {
            target,
            operator: "=",
            ..
        } = &step.kind
        {
            is_replaced |= match &target.kind {
                ExprKind::Collection { items, .. } => items.iter().any(|item| item.is(name)),
                _ => target.is(name),
            };
        }
    });
    is_replaced
}

/// Whether a statement before `line` in the same block made `name` bigger by a number, so that it is hardly zero.
fn was_raised(steps: &[Step<'_>], name: &str, line: u32) -> bool {
    let raised = steps.iter().find(|step| match &step.kind {
        StepKind::Increment { target, step: 1 } => target.is(name),
        StepKind::Assign {
            target,
            operator: "+",
            value,
            ..
        } => target.is(name) && value.number().is_some_and(|by| by > 0),
        _ => false,
    });
    let end = steps.last().map_or(0, |last| last.end_line);
    raised.is_some_and(|raised| raised.line < line && line <= end)
        || steps
            .iter()
            .flat_map(Step::blocks)
            .any(|block| was_raised(block, name, line))
}

fn changed_in_place(shown: &Shown<'_, '_>) -> Option<Edge> {
    let mut found: Option<(u32, String)> = None;
    each_step(&shown.function.body, &mut |step: &Step<'_>| {
        if let StepKind::Assign { target, .. } = &step.kind {
            target.each(&mut |part| {
                if let ExprKind::Index { object, .. } = &part.kind
                    && is_parameter(shown, object)
                    && !is_replaced(shown, object.text)
                {
                    found.get_or_insert_with(|| (step.line, code(object.text)));
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
