//! Promises that nobody waits for.

use domain::analysis::Severity;

use super::scopes::{Binding, Kind, Scopes};
use crate::findings::nodes::{At, Nodes};
use crate::findings::words::{self, FUNCTIONS};
use crate::findings::{Report, Rule};

const MISSING_AWAIT: Rule = Rule {
    name: "missing-await",
    severity: Severity::Error,
    why: "An async function gives a promise, not the value: it is always true, and its failure is lost.",
};

const ASYNC_FOR_EACH: Rule = Rule {
    name: "async-for-each",
    severity: Severity::Warning,
    why: "forEach does not wait for the promises its callback gives: the code after it runs first, and failures are lost.",
};

const ASYNC_EXECUTOR: Rule = Rule {
    name: "async-promise-executor",
    severity: Severity::Warning,
    why: "What an async executor throws does not reject the promise: it stays pending for ever.",
};

pub(super) fn find(nodes: &Nodes<'_>, scopes: &Scopes<'_>, report: &mut Report) {
    for at in nodes.all() {
        match at.kind() {
            "call_expression" => {
                find_call(nodes, scopes, at, report);
                find_for_each(nodes, at, report);
            }
            "new_expression" => find_executor(nodes, at, report),
            _ => {}
        }
    }
    for binding in &scopes.bindings {
        find_held_promise(nodes, scopes, binding, report);
    }
}

fn is_async(function: At<'_>) -> bool {
    function.is_any(&[
        "function_declaration",
        "arrow_function",
        "function_expression",
    ]) && function.has_token("async")
        && !function.has_token("*")
}

/// Whether a call is of an async function of this code, or of the `fetch` of the platform.
fn calls_async(scopes: &Scopes<'_>, call: At<'_>) -> bool {
    calls_own_async(scopes, call) || calls_fetch(scopes, call)
}

fn calls_fetch(scopes: &Scopes<'_>, call: At<'_>) -> bool {
    call.child("function").is_some_and(|name| {
        name.is("identifier") && name.text() == "fetch" && scopes.binding_of(name).is_none()
    })
}

fn calls_own_async(scopes: &Scopes<'_>, call: At<'_>) -> bool {
    let Some(name) = call.child("function").filter(|name| name.is("identifier")) else {
        return false;
    };
    scopes.binding_of(name).is_some_and(|binding| {
        binding.is_set_once()
            && match binding.kind {
                Kind::Function => binding.place.parent().is_some_and(is_async),
                Kind::Const | Kind::Let | Kind::Var => binding.value().is_some_and(is_async),
                Kind::Class | Kind::Parameter | Kind::Import | Kind::Caught | Kind::Type => false,
            }
    })
}

fn find_call(nodes: &Nodes<'_>, scopes: &Scopes<'_>, call: At<'_>, report: &mut Report) {
    if !calls_async(scopes, call) {
        return;
    }
    let Some(outer) = call.outer() else { return };
    let name = words::callee(call);
    let wrong = match outer.kind() {
        "if_statement" | "while_statement" | "do_statement" => "its promise is always true",
        "unary_expression" if outer.operator() == "!" => "its promise is always true",
        "binary_expression"
            if !matches!(outer.operator(), "||" | "&&" | "??" | "instanceof" | "in")
                && !outer.text().contains("undefined")
                && !outer.text().contains("null") =>
        {
            "a promise is compared or computed with"
        }
        "ternary_expression"
            if outer
                .child("condition")
                .is_some_and(|asked| asked.holds(call)) =>
        {
            "its promise is always true"
        }
        "template_substitution" => "the text becomes `[object Promise]`",
        "for_in_statement" if !outer.has_token("await") => "a promise cannot be looped over",
        "member_expression"
            if words::member(outer).is_some_and(|(_, name)| {
                !matches!(name, "then" | "catch" | "finally" | "constructor")
            }) =>
        {
            "a promise has no such member"
        }
        // What `fetch` answers may be of no interest.
        "expression_statement"
            if call.parent() == Some(outer)
                && is_dropped_in_async(call)
                && calls_own_async(scopes, call) =>
        {
            "the code goes on before it is done, and its failure is lost"
        }
        _ => return,
    };
    report.add(
        &nodes.source,
        &MISSING_AWAIT,
        call.node(),
        format!("`{name}` is async and is not awaited: {wrong}."),
        format!("Write `await {name}(…)`."),
    );
}

/// Whether a bare call stands in an async function, where awaiting it would have been possible.
fn is_dropped_in_async(call: At<'_>) -> bool {
    call.function(FUNCTIONS).is_some_and(|function| {
        is_async(function)
            && function
                .inside_function(FUNCTIONS)
                .any(|at| at.is("await_expression"))
    })
}

/// A promise in a variable that is only ever used as if it were the value.
fn find_held_promise(
    nodes: &Nodes<'_>,
    scopes: &Scopes<'_>,
    binding: &Binding<'_>,
    report: &mut Report,
) {
    let Some(call) = binding.value().filter(|value| value.is("call_expression")) else {
        return;
    };
    if !binding.is_set_once() || binding.uses.is_empty() || !calls_async(scopes, call) {
        return;
    }
    let as_value = binding.uses.iter().all(|used| {
        used.at.parent().is_some_and(|outer| match outer.kind() {
            "member_expression" => words::member(outer)
                .is_some_and(|(_, name)| !matches!(name, "then" | "catch" | "finally")),
            "subscript_expression" => used.at.field() == "object",
            "template_substitution" => true,
            "binary_expression" => matches!(
                outer.operator(),
                "<" | ">" | "<=" | ">=" | "-" | "*" | "/" | "%"
            ),
            _ => false,
        })
    });
    if as_value {
        report.add(
            &nodes.source,
            &MISSING_AWAIT,
            call.node(),
            format!(
                "`{}` holds a promise and is used as if it were the value.",
                binding.name
            ),
            format!("Write `await {}(…)`.", words::callee(call)),
        );
    }
}

fn find_for_each(nodes: &Nodes<'_>, call: At<'_>, report: &mut Report) {
    if words::method(call).is_none_or(|(_, name)| name != "forEach") {
        return;
    }
    let waits = words::arguments(call).first().copied().filter(|first| {
        is_async(*first)
            && first
                .inside_function(FUNCTIONS)
                .any(|at| at.is("await_expression"))
    });
    if let Some(callback) = waits {
        report.add(
            &nodes.source,
            &ASYNC_FOR_EACH,
            callback.node(),
            "forEach does not wait for this async callback.".to_owned(),
            "Use `for (const x of …)` with await, or `await Promise.all(….map(…))`.",
        );
    }
}

fn find_executor(nodes: &Nodes<'_>, at: At<'_>, report: &mut Report) {
    if words::callee(at) == "Promise"
        && let Some(executor) = words::arguments(at)
            .first()
            .copied()
            .filter(|first| is_async(*first))
    {
        report.add(
            &nodes.source,
            &ASYNC_EXECUTOR,
            executor.node(),
            "The executor of this promise is async.".to_owned(),
            "Await outside of the promise, or make the executor an ordinary function.",
        );
    }
}
