//! Where control goes, and code it never reaches. Loops, switches and returned values have their own files.

use domain::analysis::Severity;
use domain::language::Language;

use super::nodes::{At, Nodes};
use super::words::{self, FUNCTIONS, LISTS, LOOPS, SWITCHES};
use super::{Report, Rule};

const UNREACHABLE: Rule = Rule {
    name: "unreachable-code",
    severity: Severity::Warning,
    why: "Code after a jump never runs: either it is left over, or the jump is in the wrong place.",
};

const RETURN_IN_FINALLY: Rule = Rule {
    name: "return-in-finally",
    severity: Severity::Warning,
    why: "A jump out of a finally block throws away the exception or the value that was on its way.",
};

/// Deepest nesting that is followed; deeper code counts as going on.
pub(crate) const DEPTH_MAX: u32 = 60;

/// Looks at every statement list and function.
pub(crate) fn find(nodes: &Nodes<'_>, report: &mut Report) {
    for at in nodes.all() {
        if at.is_any(LISTS) {
            find_unreachable(nodes, at, report);
        }
        if at.is("finally_clause") {
            find_jump_in_finally(nodes, at, report);
        }
    }
}

/// The statements of a list, without its labels and values.
pub(crate) fn statements(list: At<'_>) -> Vec<At<'_>> {
    if list.is_any(&[
        "block",
        "switch_case",
        "expression_case",
        "default_case",
        "communication_case",
        "type_case",
    ]) && let Some(inner) = list.child_of("statement_list")
    {
        return inner.children().collect();
    }
    list.children()
        .filter(|at| {
            !matches!(at.field(), "value" | "type" | "communication") && !at.is("switch_label")
        })
        .collect()
}

/// How certain it must be that something does not go on.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Stops {
    /// Only at a jump of the language.
    AtJumps,
    /// Also at calls that never come back.
    AtExits,
}

/// Whether control may go on after a statement; true when it cannot be told.
pub(crate) fn goes_on(at: At<'_>, stops: Stops, depth: u32) -> bool {
    if depth > DEPTH_MAX {
        return true;
    }
    let next = |inner: At<'_>| goes_on(inner, stops, depth + 1);
    match at.kind() {
        "return_statement"
        | "throw_statement"
        | "break_statement"
        | "continue_statement"
        | "goto_statement"
        | "yield_statement"
        | "co_return_statement"
        | "fallthrough_statement" => false,
        "expression_statement" => {
            stops == Stops::AtJumps
                || at.children().next().is_none_or(|inner| {
                    !words::is_exit(inner)
                        && !inner.is("throw_expression")
                        && !words::is_macro_call(inner)
                })
        }
        "if_statement" => {
            let (Some(then), Some(otherwise)) = (at.child("consequence"), at.child("alternative"))
            else {
                return true;
            };
            if at.has_token("constexpr") {
                return true;
            }
            next(then) || next(otherwise)
        }
        "else_clause" => at.only().is_none_or(next),
        "labeled_statement" => {
            let body = at.children().last();
            let label = at.nth(0).map(At::text);
            at.inside().any(|inner| {
                inner.is("break_statement")
                    && inner.nth(0).is_some_and(|to| Some(to.text()) == label)
            }) || body.is_none_or(next)
        }
        "while_statement" | "for_statement" | "do_statement" => {
            let leaves = match stops {
                Stops::AtJumps => has_break(at),
                Stops::AtExits => has_open_break(at),
            };
            !is_endless(at) || leaves
        }
        "try_statement" | "try_with_resources_statement" => tries_go_on(at, stops, depth),
        "synchronized_statement" | "with_statement" => at.child("body").is_none_or(next),
        kind if SWITCHES.contains(&kind) => switch_goes_on(at, stops, depth),
        kind if LISTS.contains(&kind) => {
            let list = statements(at);
            !list.iter().any(|inner| !next(*inner))
                || list.iter().any(|inner| inner.kind().starts_with("preproc"))
        }
        _ => true,
    }
}

fn tries_go_on(at: At<'_>, stops: Stops, depth: u32) -> bool {
    let next = |inner: At<'_>| goes_on(inner, stops, depth + 1);
    let finally = at.child_of("finally_clause");
    if let Some(block) = finally.and_then(At::only)
        && !next(block)
    {
        return false;
    }
    let body = at.child("body").is_none_or(next);
    let mut handlers = at.children().filter(|inner| inner.is("catch_clause"));
    body || handlers.any(|handler| handler.child("body").is_none_or(next))
}

fn switch_goes_on(at: At<'_>, stops: Stops, depth: u32) -> bool {
    let cases = cases(at);
    let has_default = cases.iter().any(|case| is_default(*case)) || at.is("select_statement");
    if at.is("select_statement") && cases.is_empty() {
        return false;
    }
    if !has_default || has_break(at) || cases.is_empty() {
        return true;
    }
    let falls_through =
        !matches!(at.language(), Language::Go) && !cases.iter().any(|case| case.is("switch_rule"));
    let mut tail = if falls_through { cases.len() - 1 } else { 0 };
    // a last group of labels only runs what is before it
    while tail > 0 && statements_of_case(cases[tail]).is_empty() && falls_through {
        tail -= 1;
    }
    if falls_through && tail != cases.len() - 1 {
        return true;
    }
    cases.iter().skip(tail).any(|case| {
        let list = statements_of_case(*case);
        !list.iter().any(|inner| !goes_on(*inner, stops, depth + 1))
    })
}

/// The cases of a switch.
pub(crate) fn cases(switch: At<'_>) -> Vec<At<'_>> {
    let body = switch.child("body").unwrap_or(switch);
    body.children()
        .filter(|at| {
            at.is_any(&[
                "switch_case",
                "switch_default",
                "case_statement",
                "switch_block_statement_group",
                "switch_rule",
                "expression_case",
                "type_case",
                "default_case",
                "communication_case",
            ])
        })
        .collect()
}

/// Whether a case is the one for everything else.
pub(crate) fn is_default(case: At<'_>) -> bool {
    case.is_any(&["switch_default", "default_case"])
        || case.has_token("default")
        || case
            .children()
            .any(|label| label.is("switch_label") && label.has_token("default"))
}

/// What a case does.
pub(crate) fn statements_of_case(case: At<'_>) -> Vec<At<'_>> {
    statements(case)
}

/// Whether a loop has no condition, or one that always holds.
pub(crate) fn is_endless(at: At<'_>) -> bool {
    if at.is("for_statement") && at.language() == Language::Go {
        return match at.children().find(|inner| inner.field() != "body") {
            None => true,
            Some(clause) => clause.is("for_clause") && clause.child("condition").is_none(),
        };
    }
    match at.child("condition") {
        Some(condition) => {
            let text = condition.bare().text();
            text == "true" || text == "1" || (condition.is("empty_statement") || text == ";")
        }
        None => at.is("for_statement") && at.child("body").is_some(),
    }
}

/// Whether something inside may leave the loop or switch itself; a macro may hide a jump.
pub(crate) fn has_break(around: At<'_>) -> bool {
    has_open_break(around) || around.inside_function(FUNCTIONS).any(words::is_macro_call)
}

/// Whether a jump that can be seen leaves the loop or switch itself.
pub(crate) fn has_open_break(around: At<'_>) -> bool {
    around.inside_function(FUNCTIONS).any(|at| match at.kind() {
        "goto_statement" => {
            let to = at.nth(0).map(At::text);
            !around
                .inside()
                .any(|label| label.is("labeled_statement") && label.nth(0).map(At::text) == to)
        }
        "break_statement" => {
            at.children()
                .next()
                .is_some_and(|label| !leads_inside(label.text(), at, around))
                || at.children().next().is_none()
                    && at
                        .ancestors()
                        .find(|outer| outer.is_any(LOOPS) || outer.is_any(SWITCHES))
                        .is_none_or(|outer| outer == around)
        }
        "yield_statement" => around.is("switch_expression"),
        _ => false,
    })
}

/// Whether a label belongs to a statement inside of `around`.
fn leads_inside(label: &str, jump: At<'_>, around: At<'_>) -> bool {
    jump.ancestors()
        .take_while(|outer| *outer != around)
        .any(|outer| {
            outer.is("labeled_statement") && outer.nth(0).is_some_and(|name| name.text() == label)
        })
}

fn find_unreachable(nodes: &Nodes<'_>, list: At<'_>, report: &mut Report) {
    if list.is("block") && list.child_of("statement_list").is_some() {
        return;
    }
    let all = statements(list);
    if all.iter().any(|at| at.kind().starts_with("preproc")) {
        return;
    }
    for (position, pair) in all.windows(2).enumerate() {
        let [jump, after] = pair else { continue };
        if goes_on(*jump, Stops::AtJumps, 0) {
            continue;
        }
        let rest = all.get(position + 1..).unwrap_or_default();
        if rest.iter().any(|at| may_be_entered(*at)) {
            return;
        }
        let only_closes = jump.is_any(LOOPS) && after.is("return_statement")
            || after.is("break_statement")
            || rest
                .iter()
                .all(|at| is_hoisted(*at) || at.only().is_some_and(words::is_macro_call));
        if !only_closes && let Some(first) = rest.iter().find(|at| !is_hoisted(**at)) {
            report.add(
                &nodes.source,
                &UNREACHABLE,
                first.node(),
                format!(
                    "This never runs: line {} always leaves before it.",
                    jump.row() + 1
                ),
                "Remove it, or move it before the jump, or make the jump depend on a condition.",
            );
        }
        return;
    }
}

/// Whether a jump from elsewhere may lead into a statement.
fn may_be_entered(at: At<'_>) -> bool {
    at.with_inside()
        .any(|inner| inner.is_any(&["labeled_statement", "case_statement"]))
}

/// Whether a statement counts without being run.
fn is_hoisted(at: At<'_>) -> bool {
    at.is_any(&[
        "function_declaration",
        "generator_function_declaration",
        "class_declaration",
        "empty_statement",
        "interface_declaration",
        "type_alias_declaration",
        "export_statement",
        "import_statement",
        "type_definition",
        "type_declaration",
        "break_statement",
        "ERROR",
    ]) || (at.is("expression_statement") && at.children().next().is_none())
        || (at.is_any(&["variable_declaration", "declaration"])
            && !at.inside().any(|inner| inner.child("value").is_some()))
}

fn find_jump_in_finally(nodes: &Nodes<'_>, at: At<'_>, report: &mut Report) {
    if let Some(jump) = at
        .inside_function(FUNCTIONS)
        .find(|inner| inner.is("return_statement") && inner.children().next().is_some())
    {
        report.add(
            &nodes.source,
            &RETURN_IN_FINALLY,
            jump.node(),
            "This return in a finally block hides any exception thrown before.".to_owned(),
            "Return after the try statement instead.",
        );
    }
}
