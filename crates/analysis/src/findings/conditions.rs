//! Conditions: an assignment where a comparison was meant, the same question twice, and null used where it was just found.

use domain::analysis::Severity;
use domain::language::Language;

use super::nodes::{At, Nodes};
use super::words;
use super::{Report, Rule};

const ASSIGNMENT_IN_CONDITION: Rule = Rule {
    name: "assignment-in-condition",
    severity: Severity::Error,
    why: "One equals sign assigns: the condition is the value assigned, not a comparison.",
};

const NULL_DEREFERENCE: Rule = Rule {
    name: "null-dereference",
    severity: Severity::Error,
    why: "Where the value is known to be null, using what it points to fails.",
};

const DUPLICATE_CONDITION: Rule = Rule {
    name: "duplicate-condition",
    severity: Severity::Warning,
    why: "A condition that was false a moment ago is false again: this branch never runs.",
};

const SAME_BRANCHES: Rule = Rule {
    name: "same-branches",
    severity: Severity::Warning,
    why: "Both branches do the same, so the condition decides nothing; one of them was meant to differ.",
};

/// Looks at every condition.
pub(crate) fn find(nodes: &Nodes<'_>, report: &mut Report) {
    for at in nodes.all() {
        match at.kind() {
            "binary_expression" => find_null_use(nodes, at, report),
            "if_statement" | "while_statement" => {
                find_assignment_in_condition(nodes, at, report);
                find_duplicate_condition(nodes, at, report);
                find_same_branches(nodes, at, report);
                find_null_branch(nodes, at, report);
            }
            _ => {}
        }
    }
}

fn find_assignment_in_condition(nodes: &Nodes<'_>, at: At<'_>, report: &mut Report) {
    if !matches!(
        at.language(),
        Language::JavaScript | Language::TypeScript | Language::C | Language::Cpp | Language::Java
    ) {
        return;
    }
    let Some(condition) = at.child("condition").and_then(At::only) else {
        return;
    };
    let mut parts = vec![condition];
    if let Some((left, operator, right)) = condition.sides()
        && matches!(operator, "&&" | "||")
    {
        // `a && (b = c)` says in its parentheses that it means it
        parts = [left, right]
            .into_iter()
            .filter(|side| side.parent() == Some(condition))
            .collect();
    }
    for part in parts {
        if !part.is("assignment_expression") || !matches!(part.operator(), "" | "=") {
            continue;
        }
        let Some(right) = part.child("right") else {
            continue;
        };
        let literal = words::is_literal(right);
        let name = right.is("identifier") && at.is("if_statement");
        if literal || name {
            let left = part.child("left").map_or("", At::text);
            report.add(
                &nodes.source,
                &ASSIGNMENT_IN_CONDITION,
                part.node(),
                format!(
                    "`{}` assigns to `{left}` instead of comparing with it.",
                    part.short()
                ),
                "Compare with == (or === in JavaScript), or assign on a line of its own.",
            );
        }
    }
}

/// The condition of an if statement.
fn asked(at: At<'_>) -> Option<At<'_>> {
    at.child("condition").map(At::bare)
}

/// The if statement in the else of another.
fn otherwise(at: At<'_>) -> Option<At<'_>> {
    let alternative = at.child("alternative")?;
    if alternative.is("else_clause") {
        return alternative.only();
    }
    Some(alternative)
}

fn find_duplicate_condition(nodes: &Nodes<'_>, at: At<'_>, report: &mut Report) {
    let is_link = at
        .parent()
        .is_some_and(|outer| outer.is("else_clause") || outer.is("if_statement"))
        && at.field() != "consequence";
    if !at.is("if_statement") || is_link {
        return;
    }
    let mut before: Vec<At<'_>> = Vec::new();
    let mut link = Some(at);
    while let Some(inner) = link.filter(|inner| inner.is("if_statement") && before.len() < 100) {
        let Some(condition) = asked(inner) else {
            return;
        };
        if inner.child("initializer").is_some()
            || inner
                .child("condition")
                .is_some_and(|whole| whole.children().count() > 1)
        {
            return;
        }
        if let Some(first) = before.iter().find(|first| first.text() == condition.text()) {
            if words::is_pure(condition) {
                report.add(
                    &nodes.source,
                    &DUPLICATE_CONDITION,
                    condition.node(),
                    format!(
                        "`{}` was asked before, on line {}.",
                        condition.short(),
                        first.row() + 1
                    ),
                    "Ask what was meant here, or remove the branch.",
                );
            }
        } else {
            before.push(condition);
        }
        link = otherwise(inner);
    }
}

fn find_same_branches(nodes: &Nodes<'_>, at: At<'_>, report: &mut Report) {
    let (Some(then), Some(other)) = (at.child("consequence"), otherwise(at)) else {
        return;
    };
    let is_link = at.parent().is_some_and(|outer| {
        outer.is("else_clause") || (outer.is("if_statement") && at.field() == "alternative")
    });
    if is_link
        || other.is("if_statement")
        || then.text() != other.text()
        || then.children().next().is_none()
        || then.has_comment()
        || then
            .inside()
            .any(|inner| inner.kind().starts_with("preproc"))
    {
        return;
    }
    let Some(condition) = asked(at) else { return };
    report.add(
        &nodes.source,
        &SAME_BRANCHES,
        condition.node(),
        format!(
            "Whether `{}` holds makes no difference: both branches are the same.",
            condition.short()
        ),
        "Make one branch differ as it was meant, or drop the condition.",
    );
}

/// The name a comparison finds to be null where it gives true.
fn null_name<'n>(at: At<'n>, wanted: &[&str]) -> Option<&'n str> {
    let (left, operator, right) = at.sides()?;
    if !wanted.contains(&operator) {
        return None;
    }
    let name = if words::is_null(right) {
        left
    } else if words::is_null(left) {
        right
    } else {
        return None;
    };
    name.is("identifier").then(|| name.text())
}

/// The first place where what a name points to is used.
fn first_use<'n>(name: &str, within: At<'n>) -> Option<At<'n>> {
    within.with_inside().find(|at| {
        let object = match at.kind() {
            "member_expression" if at.child("optional_chain").is_none() => at.child("object"),
            "method_invocation" | "field_access" => at.child("object"),
            "field_expression" if at.operator() == "->" => at.child("argument"),
            "pointer_expression" if at.operator() == "*" => at.child("argument"),
            "array_access" => at.child("array"),
            _ => None,
        };
        object.is_some_and(|object| object.is("identifier") && object.text() == name)
    })
}

fn find_null_use(nodes: &Nodes<'_>, at: At<'_>, report: &mut Report) {
    let Some((left, operator, right)) = at.sides() else {
        return;
    };
    let name = match operator {
        "&&" => null_name(left, &["==", "==="]),
        "||" => null_name(left, &["!=", "!=="]),
        _ => None,
    };
    let Some(name) = name else { return };
    if words::may_change(name, right)
        || right
            .sides()
            .is_some_and(|(_, inner, _)| inner != operator && matches!(inner, "&&" | "||"))
    {
        return;
    }
    if let Some(place) = first_use(name, right)
        && !in_sizeof(place)
        && !is_asked_again(place, name, right)
    {
        report_null(nodes, place, name, report);
    }
}

/// Whether a question inside asks for the name once more before the use.
fn is_asked_again(place: At<'_>, name: &str, within: At<'_>) -> bool {
    place
        .ancestors()
        .take_while(|outer| within.holds(*outer))
        .any(|outer| match outer.kind() {
            "ternary_expression" | "conditional_expression" => outer
                .child("condition")
                .is_some_and(|asked| asked.text().contains(name)),
            "binary_expression" => {
                matches!(outer.operator(), "&&" | "||")
                    && outer
                        .child("left")
                        .is_some_and(|asked| !asked.holds(place) && asked.text().contains(name))
            }
            "arrow_function" | "lambda_expression" | "function_expression" => true,
            _ => false,
        })
}

fn in_sizeof(at: At<'_>) -> bool {
    at.ancestors()
        .take(4)
        .any(|outer| outer.is_any(&["sizeof_expression", "decltype", "alignof_expression"]))
}

fn find_null_branch(nodes: &Nodes<'_>, at: At<'_>, report: &mut Report) {
    let (Some(condition), Some(then)) = (asked(at), at.child("consequence")) else {
        return;
    };
    let Some(name) = null_name(condition, &["==", "==="]) else {
        return;
    };
    // only the first statement is sure to run with the name as it was
    let first = if then.is_any(words::LISTS) {
        super::flow::statements(then).first().copied()
    } else {
        Some(then)
    };
    let Some(first) =
        first.filter(|first| first.is_any(&["expression_statement", "return_statement"]))
    else {
        return;
    };
    if words::may_change(name, first) || words::is_literal(first) {
        return;
    }
    if let Some(place) = first_use(name, first)
        && !in_sizeof(place)
        && !is_asked_again(place, name, first)
    {
        report_null(nodes, place, name, report);
    }
}

fn report_null(nodes: &Nodes<'_>, place: At<'_>, name: &str, report: &mut Report) {
    report.add(
        &nodes.source,
        &NULL_DEREFERENCE,
        place.node(),
        format!(
            "`{}` is used where `{name}` is known to be null.",
            place.short()
        ),
        format!("Turn the check of `{name}` round, or use it only where it is set."),
    );
}
