//! Functions that promise a value and may end without one.

use domain::analysis::Severity;
use domain::language::Language;

use super::flow::{DEPTH_MAX, Stops, goes_on, has_open_break, statements};
use super::nodes::{At, Nodes};
use super::words::{self, FUNCTIONS, LISTS};
use super::{Report, Rule};

const MISSING_RETURN: Rule = Rule {
    name: "missing-return-path",
    severity: Severity::Error,
    why: "A function that promises a value and ends without one gives its caller nothing, or anything.",
};

/// Looks at every function.
pub(crate) fn find(nodes: &Nodes<'_>, report: &mut Report) {
    for at in nodes.all().filter(|at| at.is_any(FUNCTIONS)) {
        find_missing_return(nodes, at, report);
    }
}

fn find_missing_return(nodes: &Nodes<'_>, function: At<'_>, report: &mut Report) {
    let Some(body) = function.child("body") else {
        return;
    };
    if !body.is_any(LISTS) || !promises_value(function, body) || !goes_on(body, Stops::AtExits, 0) {
        return;
    }
    let name = function
        .child("name")
        .or_else(|| c_name(function))
        .map_or_else(
            || "this function".to_owned(),
            |name| format!("`{}`", name.short()),
        );
    let place = function
        .child("name")
        .or_else(|| c_name(function))
        .unwrap_or(function);
    report.add(
        &nodes.source,
        &MISSING_RETURN,
        place.node(),
        format!("{name} can reach its end without returning a value."),
        "Return a value on every path, or throw where there is none.",
    );
}

/// The name of a C function.
fn c_name(function: At<'_>) -> Option<At<'_>> {
    if !function.is("function_definition") {
        return None;
    }
    function
        .child("declarator")?
        .with_inside()
        .find(|at| at.is("function_declarator"))?
        .child("declarator")
}

/// Whether a function must end with a value.
fn promises_value(function: At<'_>, body: At<'_>) -> bool {
    match function.language() {
        Language::Java => {
            function.is("method_declaration")
                && function
                    .child("type")
                    .is_some_and(|returned| !returned.is("void_type"))
        }
        Language::Go => {
            function.is_any(&["function_declaration", "method_declaration", "func_literal"])
                && function.child("result").is_some()
        }
        Language::C | Language::Cpp => c_promises_value(function, body),
        Language::JavaScript | Language::TypeScript => js_promises_value(function, body),
        Language::Python | Language::Rust | Language::Sql => false,
    }
}

fn c_promises_value(function: At<'_>, body: At<'_>) -> bool {
    if !function.is("function_definition") {
        return false;
    }
    let (Some(returned), Some(name)) = (function.child("type"), c_name(function)) else {
        return false;
    };
    let is_pointer = function
        .child("declarator")
        .is_some_and(|declarator| !declarator.is("function_declarator"));
    let plain = returned.is_any(&["primitive_type", "sized_type_specifier"])
        && returned.text() != "void"
        || is_pointer
        || matches!(
            returned.text(),
            "size_t"
                | "std::string"
                | "string"
                | "FILE"
                | "bool"
                | "int64_t"
                | "uint32_t"
                | "int32_t"
                | "uint64_t"
        );
    let returns_value = body
        .inside_function(FUNCTIONS)
        .any(|at| at.is("return_statement") && at.children().next().is_some());
    let is_template = returned.is("placeholder_type_specifier");
    let hidden = body.inside_function(FUNCTIONS).any(|at| {
        at.kind().starts_with("preproc")
            || at.is_any(&[
                "gnu_asm_expression",
                "co_return_statement",
                "co_yield_statement",
            ])
            || (at.is("expression_statement")
                && at
                    .children()
                    .next()
                    .is_none_or(|inner| inner.is("identifier")))
    });
    // a switch over all values of an enumeration ends nowhere else
    let ends_in_switch = statements(body)
        .last()
        .is_some_and(|last| last.is("switch_statement") && !has_open_break(*last));
    let text = function.text();
    let head = text
        .get(
            ..body
                .node()
                .start_byte()
                .saturating_sub(function.node().start_byte()),
        )
        .unwrap_or_default();
    plain
        && !is_template
        && !hidden
        && !ends_in_switch
        && name.text() != "main"
        && !head.contains("oreturn")
        && !head.contains("operator")
        && !head.contains("naked")
        && (returns_value || statements(body).len() > 1)
        && statements(body)
            .last()
            .is_none_or(|last| !ends_in_call(*last))
}

/// Whether the last thing is a call that, for all the code shows, may not come back.
fn ends_in_call(last: At<'_>) -> bool {
    let name = match last.only() {
        Some(inner) if last.is("expression_statement") => words::callee(inner),
        _ => return false,
    };
    let lower = name.to_lowercase();
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
        "jump",
        "raise",
    ]
    .iter()
    .any(|word| lower.contains(word))
}

/// In JavaScript nothing is promised; code whose every branch returns a value means to return one.
fn js_promises_value(function: At<'_>, body: At<'_>) -> bool {
    if function.is_any(&[
        "generator_function",
        "generator_function_declaration",
        "class_static_block",
        "class_body",
    ]) || function.has_token("*")
        || function.child("return_type").is_some_and(|returned| {
            [
                "void",
                "undefined",
                "never",
                "any",
                "unknown",
                "asserts",
                "Promise<void>",
            ]
            .iter()
            .any(|word| returned.text().contains(word))
        })
    {
        return false;
    }
    let list = statements(body);
    let Some(last) = list.last().filter(|last| last.is("if_statement")) else {
        return false;
    };
    let links = returning_links(*last);
    let all: Vec<At<'_>> = body
        .inside_function(FUNCTIONS)
        .filter(|at| at.is("return_statement"))
        .filter_map(|at| at.children().next().or(Some(at)))
        .collect();
    let throws = !last
        .inside_function(FUNCTIONS)
        .any(|at| at.is("return_statement"));
    if links == 0
        || throws
        || all
            .iter()
            .any(|value| value.is("return_statement") || words::is_null(*value))
    {
        return false;
    }
    let booleans = all.len() > 1
        && all.iter().all(|value| value.is_any(&["true", "false"]))
        && all.iter().any(|value| value.text() != all[0].text());
    booleans || (links > 1 && list.len() <= 3) || js_is_element_callback(function)
}

/// How many links an if chain without a last else has, when every one of them leaves the function and compares; 0 otherwise.
fn returning_links(at: At<'_>) -> u32 {
    let mut link = at;
    for count in 1..DEPTH_MAX {
        let compares = link
            .child("condition")
            .map(At::bare)
            .and_then(At::sides)
            .is_some_and(|(_, operator, _)| {
                matches!(operator, "<" | ">" | "<=" | ">=") || count == 1
            });
        let leaves = link
            .child("consequence")
            .is_some_and(|then| !goes_on(then, Stops::AtExits, 0));
        if !compares || !leaves {
            return 0;
        }
        match link.child("alternative").and_then(At::only) {
            None => {
                return if link.child("alternative").is_none() {
                    count
                } else {
                    0
                };
            }
            Some(inner) if inner.is("if_statement") => link = inner,
            Some(_) => return 0,
        }
    }
    0
}

/// Whether a function is given to `reduce` or `sort`, which need what it returns.
fn js_is_element_callback(function: At<'_>) -> bool {
    let Some(call) = function.parent().and_then(At::parent) else {
        return false;
    };
    words::method(call).is_some_and(|(_, name)| matches!(name, "reduce" | "sort" | "reduceRight"))
}
