//! Addresses that outlive what they point to.

use domain::analysis::Severity;

use crate::findings::names::Local;
use crate::findings::nodes::{At, Nodes};
use crate::findings::words::{self, FUNCTIONS};
use crate::findings::{Report, Rule};

const DANGLING: Rule = Rule {
    name: "dangling-pointer",
    severity: Severity::Error,
    why: "A local variable ends with its function; its address then points to memory that is used for other things.",
};

const INVALIDATED: Rule = Rule {
    name: "invalidated-reference",
    severity: Severity::Error,
    why: "When a vector grows it moves its elements: references and iterators to the old place point nowhere.",
};

pub(super) fn find<'n>(
    nodes: &Nodes<'_>,
    function: At<'n>,
    locals: &[Local<'n>],
    report: &mut Report,
) {
    let Some(body) = function.child("body") else {
        return;
    };
    for at in body
        .inside_function(FUNCTIONS)
        .filter(|at| at.is("return_statement"))
    {
        find_dangling(nodes, function, at, locals, report);
    }
    for looped in body
        .inside_function(FUNCTIONS)
        .filter(|at| at.is("for_range_loop"))
    {
        find_growth_in_loop(nodes, looped, locals, report);
    }
}

/// A local that ends with the function.
fn ends_here<'a, 'n>(at: At<'_>, locals: &'a [Local<'n>]) -> Option<&'a Local<'n>> {
    locals.iter().find(|local| {
        local.name.text() == at.text()
            && !local.is_parameter()
            && !local.is_static()
            && local.declaration.is("declaration")
            && !local
                .declarators()
                .any(|outer| outer.is("reference_declarator"))
    })
}

fn find_dangling(
    nodes: &Nodes<'_>,
    function: At<'_>,
    at: At<'_>,
    locals: &[Local<'_>],
    report: &mut Report,
) {
    let Some(value) = at.only().map(At::bare) else {
        return;
    };
    let returned = function.child("type").map_or("", At::text);
    let by_pointer = function
        .child("declarator")
        .is_some_and(|declarator| declarator.is("pointer_declarator"));
    let by_reference = function
        .child("declarator")
        .is_some_and(|declarator| declarator.is("reference_declarator"));
    let view = returned.ends_with("string_view") || returned.starts_with("std::span");
    let local = match value.kind() {
        "pointer_expression" if value.operator() == "&" && by_pointer => {
            value.child("argument").and_then(|of| ends_here(of, locals))
        }
        "identifier" => ends_here(value, locals).filter(|local| {
            let array = local
                .name
                .parent()
                .is_some_and(|outer| outer.is("array_declarator"))
                && !local.is_pointer();
            (by_pointer && array)
                || (by_reference && !local.is_pointer())
                || (view && (array || matches!(local.type_text(), "std::string" | "string")))
        }),
        "call_expression" => words::method(value)
            .filter(|(_, name)| matches!(*name, "c_str" | "data") && by_pointer)
            .and_then(|(object, _)| ends_here(object, locals))
            .filter(|local| {
                !local.is_pointer()
                    && ["string", "vector", "array"]
                        .iter()
                        .any(|word| local.type_text().contains(word))
            }),
        _ => None,
    };
    if let Some(local) = local {
        report.add(
            &nodes.source,
            &DANGLING,
            value.node(),
            format!(
                "`{}` points to the local `{}`, which ends with this function.",
                value.short(),
                local.name.text()
            ),
            "Return the value itself, or memory that lives on.",
        );
    }
}

fn find_growth_in_loop(
    nodes: &Nodes<'_>,
    looped: At<'_>,
    locals: &[Local<'_>],
    report: &mut Report,
) {
    let (Some(walked), Some(body)) = (looped.child("right"), looped.child("body")) else {
        return;
    };
    let is_vector = locals.iter().any(|local| {
        local.name.text() == walked.text()
            && local.type_text().contains("vector")
            && !local.is_pointer()
    });
    let growth = body.inside_function(FUNCTIONS).find(|inner| {
        words::method(*inner).is_some_and(|(object, name)| {
            object.text() == walked.text()
                && matches!(
                    name,
                    "push_back" | "emplace_back" | "insert" | "erase" | "clear" | "resize"
                )
        })
    });
    let leaves = body
        .inside()
        .any(|inner| inner.is_any(&["break_statement", "return_statement"]));
    if let Some(growth) = growth.filter(|_| is_vector && !leaves) {
        report.add(
            &nodes.source,
            &INVALIDATED,
            growth.node(),
            format!(
                "`{}` changes `{}` while the loop on line {} walks it.",
                growth.short(),
                walked.text(),
                looped.row() + 1
            ),
            "Collect the changes and make them after the loop, or loop over positions.",
        );
    }
}
