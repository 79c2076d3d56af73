//! Variables that are read before anything was put into them.

use domain::analysis::Severity;

use crate::findings::names::Local;
use crate::findings::nodes::{At, Nodes};
use crate::findings::words::{self, FUNCTIONS, LOOPS};
use crate::findings::{Report, Rule};

const UNINITIALISED: Rule = Rule {
    name: "uninitialised-variable",
    severity: Severity::Error,
    why: "A local variable without a value holds whatever was in that memory before.",
};

pub(super) fn find<'n>(
    nodes: &Nodes<'_>,
    function: At<'n>,
    locals: &[Local<'n>],
    report: &mut Report,
) {
    let jumps = function
        .inside()
        .any(|at| at.is_any(&["goto_statement", "labeled_statement", "gnu_asm_expression"]));
    if jumps {
        return;
    }
    for local in locals {
        let plain = local.declaration.child("type").is_some_and(|kind| {
            kind.is_any(&["primitive_type", "sized_type_specifier"])
                || matches!(kind.text(), "size_t")
        });
        let bare = local.declaration.is("declaration")
            && local.value.is_none()
            && local.declarators().next().is_none();
        if plain && bare && !local.is_static() {
            find_read(nodes, function, local, report);
        }
    }
}

fn find_read<'n>(nodes: &Nodes<'_>, function: At<'n>, local: &Local<'n>, report: &mut Report) {
    let in_list = local
        .declaration
        .parent()
        .filter(|list| list.is("compound_statement"));
    let (Some(list), Some(first)) = (in_list, local.uses(function).first().copied()) else {
        return;
    };
    if !list.holds(first)
        || list
            .inside()
            .any(|at| at.index < first.index && at.kind().starts_with("preproc"))
    {
        return;
    }
    if is_read(first) && is_sure(first, list) && !is_written_in_statement(first, local.name.text())
    {
        report.add(
            &nodes.source,
            &UNINITIALISED,
            first.node(),
            format!(
                "`{}` is read here, and nothing was put into it since line {}.",
                local.name.text(),
                local.name.row() + 1
            ),
            format!("Give `{}` a value where it is declared.", local.name.text()),
        );
    }
}

/// Whether a use takes the value, for certain.
fn is_read(used: At<'_>) -> bool {
    let Some(outer) = used.outer() else {
        return false;
    };
    match outer.kind() {
        "binary_expression" => !matches!(outer.operator(), ">>" | "<<"),
        "assignment_expression" => used.field() == "right" || !matches!(outer.operator(), "="),
        "update_expression" | "return_statement" | "subscript_argument_list" => true,
        "init_declarator" => {
            used.field() == "value"
                && outer
                    .child("declarator")
                    .is_some_and(|declarator| !declarator.is("reference_declarator"))
        }
        "subscript_expression" => used.field() == "index",
        _ => false,
    }
}

/// Whether the use runs whenever the declaration has run.
fn is_sure(used: At<'_>, list: At<'_>) -> bool {
    let mut inner = used;
    for outer in used.ancestors().take_while(|outer| *outer != list) {
        let sure = match outer.kind() {
            "if_statement" | "conditional_expression" | "switch_statement" => {
                inner.field() == "condition"
            }
            "binary_expression" => {
                !matches!(outer.operator(), "&&" | "||") || inner.field() == "left"
            }
            // the body and the step may run after an earlier part of the loop has set it
            kind if LOOPS.contains(&kind) => inner.field() != "update",
            kind if FUNCTIONS.contains(&kind) => false,
            "case_statement" | "try_statement" | "catch_clause" | "sizeof_expression"
            | "decltype" | "comma_expression" | "argument_list" | "alignof_expression"
            | "else_clause" => false,
            _ => true,
        };
        if !sure {
            return false;
        }
        inner = outer;
    }
    true
}

/// `x = f(&y) + y`: the order is not that of the text.
fn is_written_in_statement(used: At<'_>, name: &str) -> bool {
    let statement = used.ancestors().find(|outer| {
        outer.is_any(&[
            "expression_statement",
            "declaration",
            "return_statement",
            "for_statement",
            "while_statement",
            "if_statement",
        ])
    });
    statement.is_some_and(|statement| {
        statement.with_inside().any(|at| {
            at.is("assignment_expression")
                && at.operator() == "="
                && at.child("left").is_some_and(|left| left.text() == name)
                && !at.child("right").is_some_and(|right| right.holds(used))
                || (at.is("pointer_expression") && at.operator() == "&" && at.text().contains(name))
                || words::is_macro_call(at)
        })
    })
}
