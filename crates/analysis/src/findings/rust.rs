//! Rules for Rust: what the compiler lets through, or would say and has not been asked. What needs types is left to it.

mod bounds;
mod concurrency;
mod flow;
mod input;
mod names;
mod values;

use super::nodes::{At, Nodes};
use super::{Report, Source};

/// What has a body that runs on its own.
const FUNCTIONS: &[&str] = &["function_item", "closure_expression", "async_block"];

/// What repeats its body.
const LOOPS: &[&str] = &["for_expression", "while_expression", "loop_expression"];

pub(super) fn find(source: &Source<'_>, report: &mut Report) {
    let before = report.findings.len();
    let nodes = Nodes::new(source);
    for at in nodes.all() {
        bounds::find(source, at, report);
        concurrency::find(source, at, report);
        flow::find(source, at, report);
        input::find(source, at, report);
        names::find(source, at, report);
        values::find(source, at, report);
    }
    if nodes.is_spent() {
        report.findings.truncate(before);
    }
}

/// What a method is called on, and its name: `a.push(1)` gives `a` and `push`.
fn method(at: At<'_>) -> Option<(At<'_>, &str)> {
    if !at.is("call_expression") {
        return None;
    }
    let mut function = at.child("function")?;
    if function.is("generic_function") {
        function = function.child("function")?;
    }
    function.is("field_expression").then_some(())?;
    Some((function.child("value")?, function.child("field")?.text()))
}

/// The path of a function that is called: `thread::sleep`.
fn called(at: At<'_>) -> Option<&str> {
    let function = at
        .is("call_expression")
        .then(|| at.child("function"))
        .flatten()?;
    function
        .is_any(&["identifier", "scoped_identifier"])
        .then(|| function.text())
}

/// What `v.len()` is the length of.
fn length_of(at: At<'_>) -> Option<At<'_>> {
    match method(at.bare()) {
        Some((object, "len")) if is_place(object) => Some(object),
        _ => None,
    }
}

/// Whether it is a name or fields of one, so that looking twice gives the same.
fn is_place(at: At<'_>) -> bool {
    at.with_inside()
        .all(|inner| inner.is_any(&["identifier", "self", "field_expression", "field_identifier"]))
}

/// The name of a macro.
fn macro_name(at: At<'_>) -> Option<&str> {
    at.is("macro_invocation")
        .then(|| at.child("macro"))
        .flatten()
        .map(At::text)
}

/// Whether it only runs as a test.
fn is_test(at: At<'_>) -> bool {
    at.ancestors().any(|around| {
        let is_test_module = around.is("mod_item")
            && around
                .child("name")
                .is_some_and(|name| name.text().contains("test"));
        let is_marked = around.is("function_item")
            && around.parent().is_some_and(|list| {
                list.children()
                    .take_while(|item| item.index < around.index)
                    .last()
                    .is_some_and(|before| {
                        before.is("attribute_item") && before.text().contains("test")
                    })
            });
        is_test_module || is_marked
    })
}

/// How often a name stands in a text as a word, in inserts of format strings too.
fn count_word(text: &str, name: &str) -> usize {
    text.split(|c: char| !c.is_alphanumeric() && c != '_')
        .filter(|word| *word == name)
        .count()
}
