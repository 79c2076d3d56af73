//! Loops that do not end, run the wrong way, or do nothing; switches that run on into the next case.

use domain::analysis::Severity;
use domain::language::Language;

use super::flow::{self, Stops};
use super::nodes::{At, Nodes};
use super::words::{self, FUNCTIONS, LOOPS};
use super::{Report, Rule};

const INFINITE: Rule = Rule {
    name: "infinite-loop",
    severity: Severity::Error,
    why: "A loop whose condition cannot change and that nothing leaves never ends.",
};

const DIRECTION: Rule = Rule {
    name: "loop-direction",
    severity: Severity::Error,
    why: "A counter that moves away from its limit never reaches it: the loop runs far too long, or not at all.",
};

const EMPTY_BODY: Rule = Rule {
    name: "empty-body",
    severity: Severity::Error,
    why: "A semicolon right after the condition is the whole body; the block after it always runs once.",
};

const FALLTHROUGH: Rule = Rule {
    name: "switch-fallthrough",
    severity: Severity::Warning,
    why: "A case without break runs on into the next one, which is seldom meant.",
};

/// Looks at every loop, condition and switch.
pub(crate) fn find(nodes: &Nodes<'_>, report: &mut Report) {
    for at in nodes.all() {
        if at.is_any(LOOPS) {
            find_infinite(nodes, at, report);
            find_direction(nodes, at, report);
        }
        if at.is_any(&["if_statement", "while_statement", "for_statement"]) {
            find_empty_body(nodes, at, report);
        }
        if at.is_any(&["switch_statement", "switch_expression"]) {
            find_fallthrough(nodes, at, report);
        }
    }
}

/// The condition of a loop.
pub(crate) fn condition(at: At<'_>) -> Option<At<'_>> {
    if at.language() == Language::Go {
        let first = at.children().find(|inner| inner.field() != "body")?;
        return match first.kind() {
            "for_clause" => first.child("condition"),
            "range_clause" => None,
            _ => Some(first),
        };
    }
    at.child("condition").map(At::bare)
}

/// The step of a counting loop.
pub(crate) fn step(at: At<'_>) -> Option<At<'_>> {
    let clause = at.child_of("for_clause").unwrap_or(at);
    clause.child("update").or_else(|| clause.child("increment"))
}

/// Whether something in a loop may end it.
fn may_be_left(at: At<'_>) -> bool {
    flow::has_break(at)
        || at.inside_function(FUNCTIONS).any(|inner| {
            inner.is_any(&[
                "return_statement",
                "throw_statement",
                "throw_expression",
                "co_return_statement",
                "yield_expression",
                "await_expression",
            ]) || words::is_exit(inner)
                || (inner.is("continue_statement") && inner.children().next().is_some())
                || (inner.is("yield_statement"))
        })
}

fn find_infinite(nodes: &Nodes<'_>, at: At<'_>, report: &mut Report) {
    if !at.is_any(&["while_statement", "for_statement", "do_statement"])
        || at.child_of("range_clause").is_some()
    {
        return;
    }
    if flow::is_endless(at) {
        find_endless(nodes, at, report);
        return;
    }
    let Some(condition) = condition(at) else {
        return;
    };
    if may_be_left(at) || at.inside().any(|inner| inner.kind().starts_with("preproc")) {
        return;
    }
    let plain = condition.with_inside().all(|inner| {
        inner.is_any(&[
            "identifier",
            "binary_expression",
            "unary_expression",
            "parenthesized_expression",
            "true",
            "false",
        ]) && (!inner.is("unary_expression") || matches!(inner.operator(), "!" | "-" | "+"))
            || words::is_literal(inner)
    });
    let names: Vec<&str> = condition
        .with_inside()
        .filter(|inner| inner.is("identifier"))
        .map(At::text)
        .collect();
    let Some(function) = at.function(FUNCTIONS) else {
        return;
    };
    let sure = plain
        && !names.is_empty()
        && names.iter().all(|name| {
            super::names::is_local(name, function)
                && !words::may_change(name, at)
                && !changes_in_closure(name, function)
                && !super::names::is_address_taken(name, function)
        });
    if sure {
        report.add(
            &nodes.source,
            &INFINITE,
            at.node(),
            format!(
                "Nothing in this loop changes `{}`: once begun, it never ends.",
                condition.short()
            ),
            format!(
                "Change `{}` in the loop, or leave the loop.",
                names.first().unwrap_or(&"")
            ),
        );
    }
}

/// A loop without a condition that does nothing but compute.
fn find_endless(nodes: &Nodes<'_>, at: At<'_>, report: &mut Report) {
    let acts = at.inside().any(|inner| {
        words::is_call(inner)
            || inner.is_any(&[
                "await_expression",
                "send_statement",
                "select_statement",
                "yield_expression",
                "assert_statement",
                "synchronized_statement",
            ])
            || inner.is_any(FUNCTIONS)
            || inner.kind().starts_with("preproc")
            || (inner.is("unary_expression") && inner.operator() == "<-")
    });
    let has_body = at
        .child("body")
        .is_some_and(|body| body.children().next().is_some());
    if !acts && has_body && !may_be_left(at) {
        report.add(
            &nodes.source,
            &INFINITE,
            at.node(),
            "This loop never ends: its condition always holds and nothing in it leaves it."
                .to_owned(),
            "Give it a condition that becomes false, or a break.",
        );
    }
}

fn changes_in_closure(name: &str, function: At<'_>) -> bool {
    function
        .inside()
        .any(|inner| inner.is_any(FUNCTIONS) && words::may_change(name, inner))
}

/// Up or down, when a step only adds or takes away.
fn moves_up(step: At<'_>, name: &str) -> Option<bool> {
    let step = step.bare();
    let target = *words::targets(step).first()?;
    if target.text() != name {
        return None;
    }
    if step.has_token("++") || step.is("inc_statement") {
        return Some(true);
    }
    if step.has_token("--") || step.is("dec_statement") {
        return Some(false);
    }
    let operator = step.operator();
    let amount = step.child("right")?;
    let amount = if amount.is("expression_list") {
        amount.only()?
    } else {
        amount
    };
    match operator {
        "+=" if words::whole(amount).is_some_and(|amount| amount > 0) => Some(true),
        "-=" if words::whole(amount).is_some_and(|amount| amount > 0) => Some(false),
        _ => None,
    }
}

fn find_direction(nodes: &Nodes<'_>, at: At<'_>, report: &mut Report) {
    let (Some(condition), Some(step)) = (condition(at), step(at)) else {
        return;
    };
    let Some((left, operator, right)) = condition.sides() else {
        return;
    };
    let (name, wants_up) = match operator {
        "<" | "<="
            if left.is("identifier") && !right.is("identifier")
                || operator.starts_with('<') && moves_up(step, left.text()).is_some() =>
        {
            (left, true)
        }
        ">" | ">=" if moves_up(step, left.text()).is_some() => (left, false),
        "<" | "<=" => (right, false),
        ">" | ">=" => (right, true),
        _ => return,
    };
    if !name.is("identifier") || moves_up(step, name.text()).is_none_or(|up| up == wants_up) {
        return;
    }
    let Some(body) = at.child("body") else { return };
    if words::may_change(name.text(), body) || is_unsigned_trick(at, name) || flow::has_break(at) {
        return;
    }
    let limit = if name == left { right } else { left };
    let word = if wants_up { "down" } else { "up" };
    report.add(
        &nodes.source,
        &DIRECTION,
        step.node(),
        format!(
            "`{}` counts {word}, away from its limit `{}`.",
            name.text(),
            limit.short()
        ),
        "Count the other way, or turn the comparison round.",
    );
}

/// In C an unsigned counter that falls below nothing is above every limit: `i < n; i--` ends there.
fn is_unsigned_trick(at: At<'_>, name: At<'_>) -> bool {
    if !matches!(at.language(), Language::C | Language::Cpp | Language::Go) {
        return false;
    }
    let declared = at
        .child("initializer")
        .and_then(|first| first.child("type"))
        .map_or("", At::text);
    if at.language() == Language::Go {
        return false;
    }
    let _ = name;
    !matches!(declared, "int" | "long" | "short" | "long long")
}

fn find_empty_body(nodes: &Nodes<'_>, at: At<'_>, report: &mut Report) {
    let body = at.child("consequence").or_else(|| at.child("body"));
    let Some(body) = body else { return };
    let is_empty = body.is("empty_statement") || body.text() == ";";
    if !is_empty || body.row() != condition_end(at) {
        return;
    }
    let block_follows = at.next().is_some_and(|next| {
        next.is_any(&["statement_block", "compound_statement", "block"])
            && next.row() <= at.end_row() + 1
    });
    let plain_if = at.is("if_statement") && at.child("alternative").is_none();
    if block_follows || plain_if {
        report.add(
            &nodes.source,
            &EMPTY_BODY,
            body.node(),
            "This semicolon ends the statement: nothing depends on the condition.".to_owned(),
            "Remove the semicolon.",
        );
    }
}

fn condition_end(at: At<'_>) -> usize {
    at.child("condition").map_or_else(|| at.row(), At::end_row)
}

fn find_fallthrough(nodes: &Nodes<'_>, at: At<'_>, report: &mut Report) {
    let cases = flow::cases(at);
    for pair in cases.windows(2) {
        let [case, next] = pair else { continue };
        let list = flow::statements_of_case(*case);
        let after = flow::statements_of_case(*next);
        let Some(last) = list.last() else { continue };
        let stops = list
            .iter()
            .any(|inner| !flow::goes_on(*inner, Stops::AtExits, 0));
        let hidden = case.inside().any(|inner| {
            inner.kind().starts_with("preproc")
                || inner.is_any(&[
                    "attributed_statement",
                    "attribute_declaration",
                    "case_statement",
                ])
        });
        let harmless = after
            .first()
            .is_none_or(|first| first.is_any(&["break_statement", "return_statement"]));
        if case.is("switch_rule")
            || stops
            || hidden
            || harmless
            || counts_down(*case, *next)
            || says_so(*last, *next)
            || ends_unknown(*last)
        {
            continue;
        }
        report.add(
            &nodes.source,
            &FALLTHROUGH,
            next.node(),
            format!(
                "The case before this one, on line {}, has no break and runs on into it.",
                case.row() + 1
            ),
            "End that case with break, or say in a comment that it falls through.",
        );
    }
}

/// Whether a case leads to the one of the next lower number: steps that are meant to add up.
fn counts_down(case: At<'_>, next: At<'_>) -> bool {
    let value = |at: At<'_>| {
        let label = at
            .children()
            .find(|inner| inner.is("switch_label"))
            .and_then(At::only);
        at.child("value").or(label).and_then(words::whole)
    };
    value(case)
        .zip(value(next))
        .is_some_and(|(high, low)| high == low + 1)
}

/// Whether a comment stands between the last statement of a case and the next case, or inside the last statement's end.
fn says_so(last: At<'_>, next: At<'_>) -> bool {
    let mut index = last.node().next_sibling();
    while let Some(node) = index {
        if node.kind().ends_with("comment") {
            return true;
        }
        index = node.next_sibling();
    }
    next.node()
        .prev_sibling()
        .is_some_and(|node| node.kind().ends_with("comment"))
        || last.text().to_lowercase().contains("fall")
        || next.tokens().take(4).any(|token| {
            token.kind().ends_with("comment") && token.text().to_lowercase().contains("fall")
        })
        || (last.is_any(&["compound_statement", "statement_block", "block"])
            && last.tokens().any(|token| {
                token.kind().ends_with("comment") && token.end_row() + 1 >= last.end_row()
            }))
}

/// Whether a case ends in a call that may not come back, for all the code shows.
fn ends_unknown(last: At<'_>) -> bool {
    let Some(inner) = last
        .with_inside()
        .filter(|at| at.is("expression_statement"))
        .last()
        .and_then(|at| at.children().next())
    else {
        return false;
    };
    let name = words::method(inner)
        .map_or_else(|| words::callee(inner), |(_, name)| name)
        .to_lowercase();
    [
        "fail",
        "error",
        "die",
        "fatal",
        "abort",
        "exit",
        "throw",
        "panic",
        "unreachable",
        "assert",
        "raise",
        "usage",
        "invalid",
        "unexpected",
    ]
    .iter()
    .any(|word| name.contains(word))
}
