//! Arrays: sorting numbers as text, looping over keys, searching and copying in a loop, callbacks that return nothing.

use domain::analysis::Severity;

use super::scopes::{Binding, Kind, Scopes};
use crate::findings::nodes::{At, Nodes};
use crate::findings::words::{self, FUNCTIONS, LOOPS};
use crate::findings::{Report, Rule};

const TEXT_SORT: Rule = Rule {
    name: "text-sort",
    severity: Severity::Error,
    why: "sort() without a comparison compares as text: 10 comes before 9.",
};

const FOR_IN_ARRAY: Rule = Rule {
    name: "for-in-array",
    severity: Severity::Warning,
    why: "for…in goes over keys, which are strings, and over added properties; not over the elements.",
};

const DELETE_ELEMENT: Rule = Rule {
    name: "delete-element",
    severity: Severity::Warning,
    why: "delete leaves a hole: the array keeps its length, and the element is undefined.",
};

const MAP_PARSE_INT: Rule = Rule {
    name: "map-parse-int",
    severity: Severity::Error,
    why: "map gives the position as second argument, which parseInt takes as the base: the results are NaN or wrong.",
};

const CALLBACK_WITHOUT_RETURN: Rule = Rule {
    name: "callback-without-return",
    severity: Severity::Error,
    why: "map, filter, reduce and the like use what the callback returns; one that returns nothing gives undefined.",
};

const QUADRATIC: Rule = Rule {
    name: "quadratic-search",
    severity: Severity::Hint,
    why: "Going through a growing list in every round takes time that grows with the square of its length.",
};

pub(super) fn find(nodes: &Nodes<'_>, scopes: &Scopes<'_>, report: &mut Report) {
    for at in nodes.all() {
        match at.kind() {
            "call_expression" => find_in_call(nodes, scopes, at, report),
            "for_in_statement" => find_for_in(nodes, scopes, at, report),
            "unary_expression" => find_delete(nodes, scopes, at, report),
            _ => {}
        }
    }
}

fn find_in_call(nodes: &Nodes<'_>, scopes: &Scopes<'_>, call: At<'_>, report: &mut Report) {
    let Some((object, name)) = words::method(call) else {
        return;
    };
    let arguments = words::arguments(call);
    match name {
        "sort" if arguments.is_empty() && is_number_list(scopes, object) => report.add(
            &nodes.source,
            &TEXT_SORT,
            call.node(),
            format!("`{}` sorts numbers as text.", call.short()),
            "Give it a comparison: `sort((a, b) => a - b)`.",
        ),
        "map"
            if arguments.len() == 1
                && arguments
                    .first()
                    .is_some_and(|first| first.text() == "parseInt") =>
        {
            report.add(
                &nodes.source,
                &MAP_PARSE_INT,
                call.node(),
                "parseInt takes the position as the base here.".to_owned(),
                "Write `map(Number)` or `map((text) => parseInt(text, 10))`.",
            );
        }
        "includes" | "indexOf" if arguments.len() == 1 => {
            find_search(nodes, scopes, call, object, report);
        }
        _ => {}
    }
    if matches!(
        name,
        "map"
            | "filter"
            | "reduce"
            | "some"
            | "every"
            | "find"
            | "findIndex"
            | "flatMap"
            | "sort"
            | "reduceRight"
    ) {
        find_empty_callback(nodes, call, object, name, report);
        if name == "reduce" {
            find_copying_reduce(nodes, call, report);
        }
    }
}

/// The list a name always holds from its declaration.
fn list_of<'a, 'n>(scopes: &'a Scopes<'n>, at: At<'_>) -> Option<(&'a Binding<'n>, At<'n>)> {
    let binding = scopes
        .binding_of(at)
        .filter(|binding| binding.is_set_once())?;
    let value = binding.value().filter(|value| value.is("array"))?;
    matches!(binding.kind, Kind::Var | Kind::Let | Kind::Const).then_some((binding, value))
}

/// Whether all elements are numbers that sort differently as text.
fn is_number_list(scopes: &Scopes<'_>, object: At<'_>) -> bool {
    let list = if object.is("array") {
        object
    } else {
        match list_of(scopes, object) {
            Some((_, list)) => list,
            None => return false,
        }
    };
    let mut numbers: Vec<f64> = Vec::new();
    for element in list.children() {
        match element.text().parse() {
            Ok(number) if element.is_any(&["number", "unary_expression"]) => numbers.push(number),
            _ => return false,
        }
    }
    let mut as_text: Vec<String> = numbers.iter().map(ToString::to_string).collect();
    as_text.sort();
    numbers.sort_by(f64::total_cmp);
    numbers.iter().map(ToString::to_string).ne(as_text)
}

fn find_for_in(nodes: &Nodes<'_>, scopes: &Scopes<'_>, at: At<'_>, report: &mut Report) {
    let Some(right) = at.child("right").filter(|_| {
        at.child("operator")
            .is_some_and(|operator| operator.is("in"))
    }) else {
        return;
    };
    let splits = |value: At<'_>| {
        words::method(value).is_some_and(|(object, name)| {
            name == "split"
                || (object.text() == "Object" && matches!(name, "keys" | "values" | "entries"))
        })
    };
    let value = scopes
        .binding_of(right)
        .filter(|binding| binding.is_set_once())
        .and_then(Binding::value);
    let is_list = right.is("array")
        || splits(right)
        || list_of(scopes, right).is_some()
        || value.is_some_and(splits);
    // properties may have been put on it on purpose
    let has_properties = at
        .child("body")
        .is_some_and(|body| body.text().contains("hasOwnProperty"));
    if is_list && !has_properties {
        report.add(
            &nodes.source,
            &FOR_IN_ARRAY,
            at.node(),
            format!(
                "`for…in` over the array `{}` gives its keys as text.",
                right.short()
            ),
            "Use `for…of`.",
        );
    }
}

fn find_delete(nodes: &Nodes<'_>, scopes: &Scopes<'_>, at: At<'_>, report: &mut Report) {
    let Some((object, position)) = at
        .child("argument")
        .and_then(words::index)
        .filter(|_| at.operator() == "delete")
    else {
        return;
    };
    if list_of(scopes, object).is_some() && !position.is("string") {
        report.add(
            &nodes.source,
            &DELETE_ELEMENT,
            at.node(),
            format!("`{}` leaves a hole in the array.", at.short()),
            format!("Use `{}.splice({}, 1)`.", object.short(), position.short()),
        );
    }
}

fn find_empty_callback(
    nodes: &Nodes<'_>,
    call: At<'_>,
    object: At<'_>,
    name: &str,
    report: &mut Report,
) {
    let arguments = words::arguments(call);
    let Some(callback) = arguments.first().filter(|first| {
        first.is_any(&["arrow_function", "function_expression"]) && !first.has_token("async")
    }) else {
        return;
    };
    let Some(body) = callback
        .child("body")
        .filter(|body| body.is("statement_block"))
    else {
        return;
    };
    let returns = body.inside_function(FUNCTIONS).any(|at| {
        (at.is("return_statement") && at.children().next().is_some()) || at.is("throw_statement")
    });
    // the result of a map nobody looks at is a loop in disguise; so is a collection of another kind
    let is_used = call.parent().is_some_and(|outer| {
        !outer.is("expression_statement")
            && !outer.is("await_expression")
            && !outer.is("arrow_function")
            && !outer.is("unary_expression")
    });
    let is_element = !matches!(name, "some" | "every" | "find" | "findIndex") || is_used;
    if !returns
        && is_used
        && is_element
        && body.children().next().is_some()
        && callback
            .child("parameters")
            .is_none_or(|list| list.children().next().is_some())
        && !words::is_macro_name(object.text())
    {
        report.add(
            &nodes.source,
            &CALLBACK_WITHOUT_RETURN,
            callback.node(),
            format!("This callback of `{name}` returns nothing."),
            "Return the value in every round.",
        );
    }
}

fn find_copying_reduce(nodes: &Nodes<'_>, call: At<'_>, report: &mut Report) {
    let Some(callback) = words::arguments(call)
        .first()
        .copied()
        .filter(|first| first.is("arrow_function"))
    else {
        return;
    };
    let Some(first) = callback.child("parameters").and_then(|list| list.nth(0)) else {
        return;
    };
    let body = callback.child("body").map(At::bare);
    let copies = body
        .filter(|body| body.is_any(&["object", "array"]))
        .and_then(|body| {
            body.children().next().filter(|entry| {
                entry.is("spread_element")
                    && entry
                        .only()
                        .is_some_and(|spread| spread.text() == first.text())
            })
        });
    if let Some(copy) = copies {
        report.add(
            &nodes.source,
            &QUADRATIC,
            copy.node(),
            format!("`{}` is copied whole in every round.", first.text()),
            "Add to the accumulator and return it.",
        );
    }
}

/// A search through a list that the same loop makes longer.
fn find_search(
    nodes: &Nodes<'_>,
    scopes: &Scopes<'_>,
    call: At<'_>,
    object: At<'_>,
    report: &mut Report,
) {
    let Some((binding, _)) = list_of(scopes, object) else {
        return;
    };
    let Some(looped) = call
        .ancestors()
        .take_while(|outer| !outer.is_any(FUNCTIONS))
        .find(|outer| outer.is_any(LOOPS))
    else {
        return;
    };
    if looped.holds(binding.place) {
        return;
    }
    let grows = binding.uses.iter().any(|used| {
        looped.child("body").is_some_and(|body| body.holds(used.at))
            && used
                .at
                .parent()
                .and_then(At::parent)
                .and_then(words::method)
                .is_some_and(|(_, name)| name == "push")
    });
    if grows {
        report.add(
            &nodes.source,
            &QUADRATIC,
            call.node(),
            format!(
                "`{}` goes through all of `{}` in every round.",
                call.short(),
                binding.name
            ),
            "Keep a Set beside the array and ask it with `has`.",
        );
    }
}
