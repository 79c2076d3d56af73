//! Values that are lost: changes to copies, maps that do not exist, results nobody keeps.

use domain::analysis::Severity;

use crate::findings::names::Local;
use crate::findings::nodes::{At, Nodes};
use crate::findings::words;
use crate::findings::{Report, Rule};

const NIL_MAP: Rule = Rule {
    name: "nil-map-write",
    severity: Severity::Error,
    why: "A map that is declared and not made is nil; writing to it panics.",
};

const CHANGED_COPY: Rule = Rule {
    name: "range-copy-changed",
    severity: Severity::Warning,
    why: "range gives a copy of each element; changing the copy leaves the slice as it was.",
};

const LOST_APPEND: Rule = Rule {
    name: "lost-append",
    severity: Severity::Error,
    why: "append gives a new slice; without keeping it the element is lost.",
};

pub(super) fn find<'n>(
    nodes: &Nodes<'_>,
    function: At<'n>,
    locals: &[Local<'n>],
    report: &mut Report,
) {
    for local in locals {
        find_nil_map(nodes, function, local, report);
    }
    for at in function.inside() {
        match at.kind() {
            "range_clause" => find_changed_copy(nodes, function, at, locals, report),
            "expression_statement" | "assignment_statement" => find_lost_append(nodes, at, report),
            _ => {}
        }
    }
}

fn find_nil_map<'n>(nodes: &Nodes<'_>, function: At<'n>, local: &Local<'n>, report: &mut Report) {
    if !local.declaration.is("var_spec")
        || local.value.is_some()
        || !local
            .declaration
            .child("type")
            .is_some_and(|kind| kind.is("map_type"))
    {
        return;
    }
    let uses = local.uses(function);
    // anything but reading or writing an element may make it
    let made = uses.iter().any(|used| {
        used.parent().is_none_or(|outer| {
            !(outer.is("index_expression")
                || (outer.is("argument_list")
                    && outer
                        .parent()
                        .is_some_and(|call| words::callee(call) == "len"))
                || outer.is("range_clause")
                || outer.is("return_statement")
                || outer
                    .parent()
                    .is_some_and(|further| further.is("return_statement")))
        })
    });
    let write = uses.iter().find_map(|used| {
        let element = used
            .parent()
            .filter(|outer| outer.is("index_expression") && used.field() == "operand")?;
        element
            .ancestors()
            .take(2)
            .any(|outer| words::targets(outer).contains(&element))
            .then_some(element)
    });
    if let Some(write) = write.filter(|_| !made) {
        report.add(
            &nodes.source,
            &NIL_MAP,
            write.node(),
            format!(
                "`{}` is nil here: it was declared without `make`.",
                local.name.text()
            ),
            format!(
                "Write `{} := make({})`.",
                local.name.text(),
                local.type_text()
            ),
        );
    }
}

fn find_changed_copy<'n>(
    nodes: &Nodes<'_>,
    function: At<'n>,
    clause: At<'n>,
    locals: &[Local<'n>],
    report: &mut Report,
) {
    let (Some(left), Some(walked), Some(body)) = (
        clause.child("left"),
        clause.child("right"),
        clause.parent().and_then(|looped| looped.child("body")),
    ) else {
        return;
    };
    let Some(element) = left
        .nth(1)
        .filter(|element| element.text() != "_" && clause.has_token(":="))
    else {
        return;
    };
    // only a slice of values whose type can be seen: pointers, maps and slices are shared
    let Some(kind) = locals
        .iter()
        .find(|local| local.name.text() == walked.text())
        .map(|local| element_type(function, local))
    else {
        return;
    };
    let scalar = matches!(
        kind,
        "int" | "string" | "float64" | "bool" | "int64" | "byte" | "rune" | "float32" | "int32"
    );
    let is_struct = !kind.is_empty() && nodes.source.code.contains(&format!("type {kind} struct"));
    let uses: Vec<At<'_>> = body
        .inside()
        .filter(|at| at.is("identifier") && at.text() == element.text())
        .collect();
    let Some(last) = uses.last().copied() else {
        return;
    };
    let target = if is_struct {
        last.parent()
            .filter(|outer| words::member(*outer).is_some_and(|(object, _)| object == last))
    } else {
        Some(last)
    };
    let Some(target) = target.filter(|_| scalar || is_struct) else {
        return;
    };
    let changes = target
        .ancestors()
        .take(2)
        .find(|outer| words::targets(*outer).contains(&target));
    let nested = body
        .inside()
        .any(|at| at.is_any(&["for_statement", "func_literal", "goto_statement"]));
    let shared = uses.iter().any(|used| {
        used.outer()
            .is_some_and(|outer| outer.is("unary_expression") && outer.operator() == "&")
    });
    if let Some(change) = changes.filter(|_| !nested && !shared) {
        report.add(
            &nodes.source,
            &CHANGED_COPY,
            change.node(),
            format!(
                "`{}` changes a copy, not the element of `{}`.",
                change.short(),
                walked.text()
            ),
            format!("Assign to `{}[i]`.", walked.text()),
        );
    }
}

/// The type of the elements of a slice, where it is declared.
fn element_type<'n>(_function: At<'n>, local: &Local<'n>) -> &'n str {
    let declared = local.declaration.child("type");
    let from_value = local
        .value
        .and_then(|list| {
            if list.is("expression_list") {
                list.only()
            } else {
                Some(list)
            }
        })
        .filter(|value| value.is("composite_literal"))
        .and_then(|value| value.child("type"));
    declared
        .or(from_value)
        .filter(|kind| kind.is_any(&["slice_type", "array_type"]))
        .and_then(|kind| kind.child("element"))
        .map_or("", At::text)
}

fn find_lost_append(nodes: &Nodes<'_>, at: At<'_>, report: &mut Report) {
    let call = if at.is("assignment_statement") {
        if at.child("left").is_none_or(|left| left.text() != "_") {
            None
        } else {
            at.child("right").and_then(At::only)
        }
    } else {
        at.only()
    };
    if let Some(call) =
        call.filter(|call| call.is("call_expression") && words::callee(*call) == "append")
    {
        report.add(
            &nodes.source,
            &LOST_APPEND,
            call.node(),
            "The slice that append gives is not kept.".to_owned(),
            format!(
                "Write `{0} = append({0}, …)`.",
                words::arguments(call)
                    .first()
                    .map_or("xs", |first| first.text())
            ),
        );
    }
}
