//! Loops that never end and code that is never reached.

use domain::analysis::Severity;

use super::{At, FUNCTIONS, LOOPS, Report, Source, count_word, macro_name, method};
use crate::findings::Rule;

const ENDLESS_LOOP: Rule = Rule {
    name: "endless-loop",
    severity: Severity::Error,
    why: "Nothing in the loop can end it, so the program stays there for good.",
};

const UNREACHABLE: Rule = Rule {
    name: "unreachable-code",
    severity: Severity::Warning,
    why: "Control never gets there, so either the code is left over or the jump before it is wrong.",
};

const SAME_BRANCHES: Rule = Rule {
    name: "same-branches",
    severity: Severity::Warning,
    why: "Both branches do the same, so the condition decides nothing; one of them was probably meant to differ.",
};

const REPEATED_CONDITION: Rule = Rule {
    name: "repeated-condition",
    severity: Severity::Warning,
    why: "The same condition was asked before in this chain, so this branch is never taken.",
};

pub(super) fn find(source: &Source<'_>, at: At<'_>, report: &mut Report) {
    match at.kind() {
        "loop_expression" => endless(source, at, report),
        "while_expression" => stuck(source, at, report),
        "block" => unreachable(source, at, report),
        "if_expression" => branches(source, at, report),
        _ => {}
    }
}

/// Whether something inside may leave the loop.
fn may_leave(body: At<'_>) -> bool {
    body.inside_function(FUNCTIONS).any(|inner| {
        inner.is_any(&[
            "return_expression",
            "try_expression",
            "await_expression",
            "yield_expression",
        ]) || inner.is("break_expression") && leaves(inner, body)
            || inner.is("macro_invocation") && !is_harmless_macro(inner)
    })
}

/// Whether a `break` is of the loop that has this body.
fn leaves(jump: At<'_>, body: At<'_>) -> bool {
    jump.child_of("label").is_some()
        || !jump
            .ancestors()
            .take_while(|around| *around != body)
            .any(|around| around.is_any(LOOPS))
}

fn is_harmless_macro(at: At<'_>) -> bool {
    macro_name(at).is_some_and(|name| {
        matches!(
            name,
            "println" | "print" | "eprintln" | "eprint" | "vec" | "format"
        )
    })
}

/// `loop` that does nothing which could end the program or wait for something.
fn endless(source: &Source<'_>, at: At<'_>, report: &mut Report) {
    let Some(body) = at.child("body") else { return };
    let calls = body
        .inside()
        .any(|inner| inner.is_any(&["call_expression", "unsafe_block"]));
    // An empty loop halts on purpose.
    if body.nth(0).is_none() || calls || may_leave(body) {
        return;
    }
    report.add(
        source,
        &ENDLESS_LOOP,
        at.node(),
        "This `loop` has no `break` and no `return`.".to_owned(),
        "Leave it with `break` when the work is done.",
    );
}

/// `while` whose condition is made of names that the body leaves alone.
fn stuck(source: &Source<'_>, at: At<'_>, report: &mut Report) {
    let (Some(condition), Some(body)) = (at.child("condition"), at.child("body")) else {
        return;
    };
    let mut names: Vec<&str> = Vec::new();
    for part in condition.with_inside() {
        match part.kind() {
            "identifier" => names.push(part.text()),
            "binary_expression"
            | "integer_literal"
            | "float_literal"
            | "parenthesized_expression"
            | "boolean_literal"
            | "field_expression"
            | "field_identifier"
            | "arguments"
            | "unary_expression" => {}
            "call_expression" if matches!(method(part), Some((_, "len" | "is_empty"))) => {}
            _ => return,
        }
    }
    let is_true = condition.text() == "true";
    if names.is_empty() && !is_true || body.nth(0).is_none() || may_leave(body) {
        return;
    }
    let changes = body.inside().any(|inner| match inner.kind() {
        "assignment_expression" | "compound_assignment_expr" => inner
            .child("left")
            .is_some_and(|left| names.iter().any(|name| count_word(left.text(), name) > 0)),
        "reference_expression" => {
            inner.text().starts_with("&mut")
                && names.iter().any(|name| count_word(inner.text(), name) > 0)
        }
        "call_expression" => {
            is_true
                || method(inner).is_some_and(|(object, name)| {
                    !matches!(
                        name,
                        "len" | "is_empty" | "iter" | "get" | "abs" | "clone" | "to_string"
                    ) && names.iter().any(|of| count_word(object.text(), of) > 0)
                })
        }
        "macro_invocation" | "unsafe_block" | "closure_expression" => {
            !is_harmless_macro(inner) && names.iter().any(|name| count_word(inner.text(), name) > 0)
        }
        _ => false,
    });
    // A static, an atomic or a reference may be changed elsewhere.
    let is_shared = names
        .iter()
        .any(|name| name.chars().all(|c| !c.is_lowercase()))
        || condition.text().contains("self");
    if !changes && !is_shared {
        report.add(
            source,
            &ENDLESS_LOOP,
            condition.node(),
            format!("Nothing in this loop changes `{}`.", condition.short()),
            "Change what the condition asks for in the body, or leave with `break`.",
        );
    }
}

fn unreachable(source: &Source<'_>, block: At<'_>, report: &mut Report) {
    let mut has_left = None;
    for statement in block.children() {
        if let Some(jump) = has_left {
            let is_item = statement.kind().ends_with("_item")
                || statement.is_any(&[
                    "use_declaration",
                    "macro_definition",
                    "empty_statement",
                    "label",
                ]);
            if !is_item {
                report.add(
                    source,
                    &UNREACHABLE,
                    statement.node(),
                    format!(
                        "`{}` comes after `{jump}`, so it never runs.",
                        first_line(statement)
                    ),
                    "Remove it, or move it before.",
                );
                return;
            }
            continue;
        }
        let expression = if statement.is("expression_statement") {
            statement.nth(0)
        } else {
            Some(statement)
        };
        has_left = expression.and_then(|expression| match expression.kind() {
            "return_expression" => Some("return"),
            "break_expression" => Some("break"),
            "continue_expression" => Some("continue"),
            "macro_invocation" if macro_name(expression) == Some("panic") => Some("panic!"),
            _ => None,
        });
    }
}

fn first_line(at: At<'_>) -> String {
    let short = at.short();
    match short.split_once('{') {
        Some((head, _)) => format!("{}…", head.trim_end()),
        None => short,
    }
}

fn branches(source: &Source<'_>, at: At<'_>, report: &mut Report) {
    let (Some(condition), Some(then)) = (at.child("condition"), at.child("consequence")) else {
        return;
    };
    let Some(otherwise) = at.child("alternative").and_then(|clause| clause.nth(0)) else {
        return;
    };
    if otherwise.is("block") && then.nth(0).is_some() && then.text() == otherwise.text() {
        let is_chain = at.parent().is_some_and(|parent| parent.is("else_clause"));
        if !is_chain {
            report.add(
                source,
                &SAME_BRANCHES,
                otherwise.node(),
                format!("Both branches of `if {}` are the same.", condition.short()),
                "Change one of them, or drop the condition.",
            );
        }
    }
    let is_plain = condition.with_inside().all(|part| {
        !part.is_any(&[
            "call_expression",
            "macro_invocation",
            "let_condition",
            "assignment_expression",
            "await_expression",
        ]) || matches!(method(part), Some((_, "len" | "is_empty")))
    });
    let mut next = otherwise;
    while is_plain && next.is("if_expression") {
        let asked = next.child("condition");
        if let Some(asked) = asked.filter(|asked| asked.text() == condition.text()) {
            report.add(
                source,
                &REPEATED_CONDITION,
                asked.node(),
                format!("`{}` was asked before.", asked.short()),
                "Ask for what was meant, or remove the branch.",
            );
            return;
        }
        match next.child("alternative").and_then(|clause| clause.nth(0)) {
            Some(after) => next = after,
            None => return,
        }
    }
}
