//! Values of a method: compared by identity, joined in loops, never read.

use std::collections::HashMap;

use domain::analysis::Severity;

use crate::findings::names::Local;
use crate::findings::nodes::{At, Nodes};
use crate::findings::words::{self, LOOPS};
use crate::findings::{Report, Rule};

const STRING_IDENTITY: Rule = Rule {
    name: "string-identity",
    severity: Severity::Error,
    why: "== asks whether two strings are the same object, not whether they read the same.",
};

const BOXED_IDENTITY: Rule = Rule {
    name: "boxed-identity",
    severity: Severity::Error,
    why: "== on boxed numbers compares objects; beyond small values equal numbers are different objects.",
};

const JOINED_IN_LOOP: Rule = Rule {
    name: "string-concat-in-loop",
    severity: Severity::Hint,
    why: "Every += copies the whole string, so the time grows with the square of its length.",
};

const UNUSED_VARIABLE: Rule = Rule {
    name: "unused-variable",
    severity: Severity::Hint,
    why: "A value nobody reads is left over, or another name was meant where it should be read.",
};

const INTEGER_DIVISION: Rule = Rule {
    name: "integer-division",
    severity: Severity::Warning,
    why: "Dividing whole numbers drops the fraction before the result becomes a floating-point number.",
};

pub(super) fn find<'n>(
    nodes: &Nodes<'_>,
    function: At<'n>,
    locals: &[Local<'n>],
    report: &mut Report,
) {
    let by_name: HashMap<&str, &Local<'n>> = locals
        .iter()
        .map(|local| (local.name.text(), local))
        .collect();
    let mut seen: HashMap<&str, u32> = HashMap::new();
    for at in function.inside() {
        match at.kind() {
            "binary_expression" => find_identity(nodes, at, &by_name, report),
            "assignment_expression" => find_joining(nodes, at, &by_name, report),
            "variable_declarator" => find_division(nodes, at, &by_name, report),
            "identifier" => *seen.entry(at.text()).or_default() += 1,
            _ => {}
        }
    }
    for local in locals {
        let annotated = local
            .declaration
            .inside()
            .any(|at| at.kind().ends_with("annotation"));
        let made = local
            .value
            .is_none_or(|value| !value.is("object_creation_expression"));
        if local.declaration.is("local_variable_declaration")
            && !annotated
            && made
            && seen.get(local.name.text()) == Some(&1)
        {
            report.add(
                &nodes.source,
                &UNUSED_VARIABLE,
                local.name.node(),
                format!("`{}` is never used.", local.name.text()),
                format!(
                    "Remove `{}`, or use it where it was meant.",
                    local.name.text()
                ),
            );
        }
    }
}

/// The type of a name, where it is declared once in the method.
fn type_of<'n>(at: At<'_>, by_name: &HashMap<&str, &Local<'n>>) -> &'n str {
    if at.is("identifier") {
        by_name.get(at.text()).map_or("", |local| local.type_text())
    } else {
        ""
    }
}

fn find_identity(
    nodes: &Nodes<'_>,
    at: At<'_>,
    by_name: &HashMap<&str, &Local<'_>>,
    report: &mut Report,
) {
    let Some((left, operator, right)) = at.sides() else {
        return;
    };
    if !matches!(operator, "==" | "!=") || words::is_null(left) || words::is_null(right) {
        return;
    }
    let types = (type_of(left, by_name), type_of(right, by_name));
    let literal = left.is("string_literal") || right.is("string_literal");
    // a first look at identity saves the comparison after it
    let then_equals = at.ancestors().take(4).any(|outer| {
        outer.text().contains("equals(")
            && outer.is_any(&[
                "binary_expression",
                "if_statement",
                "return_statement",
                "ternary_expression",
            ])
    });
    let quick_path = !literal
        && at.outer().is_some_and(|outer| {
            outer.is("if_statement")
                && outer.child("consequence").is_some_and(|then| {
                    then.inside().any(|inner| inner.is("return_statement"))
                        || then.is("return_statement")
                })
        });
    if then_equals || quick_path {
        return;
    }
    let boxed = |text: &str| {
        matches!(
            text,
            "Integer" | "Long" | "Double" | "Float" | "Short" | "Byte" | "Character"
        )
    };
    let (rule, negation) = (
        if literal || types == ("String", "String") {
            &STRING_IDENTITY
        } else if boxed(types.0) && boxed(types.1) {
            &BOXED_IDENTITY
        } else {
            return;
        },
        if operator == "!=" { "!" } else { "" },
    );
    report.add(
        &nodes.source,
        rule,
        at.node(),
        format!("`{}` asks whether both are the same object.", at.short()),
        format!(
            "Write `{negation}{}.equals({})`.",
            left.short(),
            right.short()
        ),
    );
}

fn find_joining(
    nodes: &Nodes<'_>,
    at: At<'_>,
    by_name: &HashMap<&str, &Local<'_>>,
    report: &mut Report,
) {
    let (Some(left), Some(right)) = (at.child("left"), at.child("right")) else {
        return;
    };
    let Some(local) = by_name
        .get(left.text())
        .filter(|local| local.type_text() == "String")
    else {
        return;
    };
    let joins = at.operator() == "+="
        || right.sides().is_some_and(|(first, operator, _)| {
            operator == "+"
                && (first.text() == left.text()
                    || first.text().starts_with(&format!("{} +", left.text())))
        });
    let Some(looped) = at
        .ancestors()
        .take_while(|outer| !outer.is_any(&["lambda_expression", "method_declaration"]))
        .find(|outer| outer.is_any(LOOPS))
    else {
        return;
    };
    let is_outside = !looped.holds(local.name);
    let ends = at.parent().and_then(At::parent).is_some_and(|list| {
        list.children().any(|next| {
            next.index > at.index && next.is_any(&["break_statement", "return_statement"])
        })
    });
    if joins && is_outside && !ends {
        report.add(
            &nodes.source,
            &JOINED_IN_LOOP,
            at.node(),
            format!("`{}` is copied whole in every round.", left.text()),
            "Append to a StringBuilder.",
        );
    }
}

fn find_division(
    nodes: &Nodes<'_>,
    at: At<'_>,
    by_name: &HashMap<&str, &Local<'_>>,
    report: &mut Report,
) {
    let (Some(value), Some(declaration)) = (at.child("value"), at.parent()) else {
        return;
    };
    if !declaration
        .child("type")
        .is_some_and(|kind| matches!(kind.text(), "double" | "float"))
    {
        return;
    }
    let Some((left, "/", right)) = value.sides() else {
        return;
    };
    let whole = |side: At<'_>| {
        words::whole(side).is_some()
            || matches!(type_of(side, by_name), "int" | "long" | "short")
            || crate::findings::bounds::length_of(side).is_some()
    };
    if whole(left) && whole(right) && value.parent() == Some(at) {
        report.add(
            &nodes.source,
            &INTEGER_DIVISION,
            value.node(),
            format!(
                "`{}` divides whole numbers and drops the fraction.",
                value.short()
            ),
            format!("Write `(double) {}`.", value.short()),
        );
    }
}
