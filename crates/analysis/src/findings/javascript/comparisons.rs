//! Comparisons that convert or cannot hold: `==`, `typeof` with a word that is no type.

use domain::analysis::Severity;

use super::scopes::{Kind, Scopes};
use crate::findings::nodes::{At, Nodes};
use crate::findings::words;
use crate::findings::{Report, Rule};

const LOOSE_EQUALITY: Rule = Rule {
    name: "loose-equality",
    severity: Severity::Hint,
    why: "`==` converts before it compares: `0 == ''` and `'1' == 1` are true.",
};

const INVALID_TYPEOF: Rule = Rule {
    name: "invalid-typeof",
    severity: Severity::Error,
    why: "typeof gives one of eight words; compared with another one it is never equal.",
};

pub(super) fn find(nodes: &Nodes<'_>, scopes: &Scopes<'_>, report: &mut Report) {
    // Where types are written down, the compiler sees that both sides have the same.
    let is_typed = nodes.all().any(|at| at.is("type_annotation"));
    for at in nodes.all().filter(|at| at.is("binary_expression")) {
        let Some((left, operator, right)) = at.sides() else {
            continue;
        };
        if matches!(operator, "==" | "!=") && is_risky(scopes, left, right, is_typed) {
            report.add(
                &nodes.source,
                &LOOSE_EQUALITY,
                at.node(),
                format!(
                    "`{}` converts its sides before it compares them.",
                    at.short()
                ),
                format!("Write `{operator}=`."),
            );
        }
        if matches!(operator, "==" | "!=" | "===" | "!==") {
            find_typeof(nodes, left, right, report);
        }
    }
}

/// What a value surely is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Nature {
    Number,
    Text,
    Unknown,
}

/// Whether the two sides may be of different types in a way that converts.
fn is_risky(scopes: &Scopes<'_>, left: At<'_>, right: At<'_>, is_typed: bool) -> bool {
    if [left, right].iter().any(|side| words::is_null(*side)) {
        return false;
    }
    let (a, b) = (nature(scopes, left, 0), nature(scopes, right, 0));
    if a != Nature::Unknown && b != Nature::Unknown {
        return a != b;
    }
    !is_typed && (is_value(left) || is_value(right))
}

/// Whether it is written out: only then it shows what is converted to what.
fn is_value(at: At<'_>) -> bool {
    words::is_literal(at)
        || at.text() == "[]"
        || (at.operator() == "-" && at.child("argument").is_some_and(words::is_number))
}

fn nature(scopes: &Scopes<'_>, at: At<'_>, depth: u32) -> Nature {
    if depth > 6 {
        return Nature::Unknown;
    }
    match at.kind() {
        "number" | "update_expression" => Nature::Number,
        "string" | "template_string" => Nature::Text,
        "binary_expression" => match at.sides() {
            Some((_, "-" | "*" | "/" | "%" | "**" | "&" | "|" | "^" | "<<" | ">>" | ">>>", _)) => {
                Nature::Number
            }
            Some((left, "+", right)) => {
                let (a, b) = (
                    nature(scopes, left, depth + 1),
                    nature(scopes, right, depth + 1),
                );
                if a == Nature::Text || b == Nature::Text {
                    Nature::Text
                } else if a == b {
                    a
                } else {
                    Nature::Unknown
                }
            }
            _ => Nature::Unknown,
        },
        "unary_expression" => match at.operator() {
            "-" | "+" | "~" => Nature::Number,
            "typeof" => Nature::Text,
            _ => Nature::Unknown,
        },
        "member_expression"
            if words::member(at).is_some_and(|(_, name)| matches!(name, "length" | "size")) =>
        {
            Nature::Number
        }
        "call_expression" => of_call(at),
        "identifier" => of_name(scopes, at, depth),
        _ => Nature::Unknown,
    }
}

fn of_call(at: At<'_>) -> Nature {
    let name = words::method(at).map_or_else(|| words::callee(at), |(_, name)| name);
    match name {
        "indexOf" | "lastIndexOf" | "parseInt" | "parseFloat" | "Number" | "floor" | "ceil"
        | "round" | "abs" | "max" | "min" | "sqrt" | "pow" | "charCodeAt" | "trunc" | "sign"
        | "getTime" | "log" | "log2" | "log10" => Nature::Number,
        "toString" | "String" | "charAt" | "toUpperCase" | "toLowerCase" | "trim" | "join"
        | "substring" | "substr" | "toFixed" | "replace" => Nature::Text,
        _ => Nature::Unknown,
    }
}

fn of_name(scopes: &Scopes<'_>, at: At<'_>, depth: u32) -> Nature {
    let Some(binding) = scopes.binding_of(at) else {
        return Nature::Unknown;
    };
    if !matches!(binding.kind, Kind::Var | Kind::Let | Kind::Const) || binding.declarations > 1 {
        return Nature::Unknown;
    }
    let Some(first) = binding
        .value()
        .map(|value| nature(scopes, value, depth + 1))
    else {
        return Nature::Unknown;
    };
    let steady = binding.uses.iter().filter(|used| used.writes).all(|used| {
        used.at.parent().is_some_and(|outer| match outer.kind() {
            "update_expression" => true,
            "augmented_assignment_expression" if outer.operator() != "+=" => true,
            "assignment_expression" | "augmented_assignment_expression" => {
                outer.child("right").is_some_and(|right| {
                    right.index != at.index && nature(scopes, right, depth + 2) == first
                })
            }
            _ => false,
        })
    });
    if steady { first } else { Nature::Unknown }
}

fn find_typeof(nodes: &Nodes<'_>, left: At<'_>, right: At<'_>, report: &mut Report) {
    let (of, word) = if left.is("unary_expression") {
        (left, right)
    } else {
        (right, left)
    };
    if of.operator() != "typeof" || !word.is("string") {
        return;
    }
    let text = word.text().trim_matches(['"', '\'']);
    let valid = matches!(
        text,
        "undefined"
            | "object"
            | "boolean"
            | "number"
            | "string"
            | "function"
            | "symbol"
            | "bigint"
            | "unknown"
            | "date"
    );
    if !valid {
        report.add(
            &nodes.source,
            &INVALID_TYPEOF,
            word.node(),
            format!("`{}` is never '{text}'.", of.short()),
            "Compare with 'undefined', 'object', 'boolean', 'number', 'string', 'function', 'symbol' or 'bigint'.",
        );
    }
}
