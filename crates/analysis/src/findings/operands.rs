//! Expressions that cannot mean what they say: something compared with itself, assigned to itself, divided by zero.

use domain::analysis::Severity;
use domain::language::Language;

use super::nodes::{At, Nodes};
use super::words;
use super::{Report, Rule};

const SELF_ASSIGNMENT: Rule = Rule {
    name: "self-assignment",
    severity: Severity::Warning,
    why: "Assigning a variable to itself does nothing; another name was meant.",
};

const SAME_OPERANDS: Rule = Rule {
    name: "same-operands",
    severity: Severity::Warning,
    why: "Both sides are the same, so the result is always the same; another name was meant on one side.",
};

const DIVISION_BY_ZERO: Rule = Rule {
    name: "division-by-zero",
    severity: Severity::Error,
    why: "Dividing by zero fails, or gives a value that is no number.",
};

const FLOAT_EQUALITY: Rule = Rule {
    name: "float-equality",
    severity: Severity::Warning,
    why: "Most decimal fractions have no exact binary form, so computed values differ from them in the last digits.",
};

const COMPARE_NAN: Rule = Rule {
    name: "compare-nan",
    severity: Severity::Error,
    why: "NaN is not equal to anything, itself included, so the comparison always gives the same.",
};

/// Looks at every expression.
pub(crate) fn find(nodes: &Nodes<'_>, report: &mut Report) {
    for at in nodes.all() {
        match at.kind() {
            "binary_expression" => {
                find_same_operands(nodes, at, report);
                find_division_by_zero(nodes, at, report);
                find_float_equality(nodes, at, report);
                find_compare_nan(nodes, at, report);
            }
            "assignment_expression"
            | "assignment_statement"
            | "augmented_assignment_expression" => {
                find_self_assignment(nodes, at, report);
                find_division_by_zero(nodes, at, report);
            }
            _ => {}
        }
    }
}

fn find_self_assignment(nodes: &Nodes<'_>, at: At<'_>, report: &mut Report) {
    let (Some(left), Some(right)) = (at.child("left"), at.child("right")) else {
        return;
    };
    let operator = at.operator();
    if !matches!(operator, "" | "=") || at.is("augmented_assignment_expression") {
        return;
    }
    // C code silences a warning about a parameter this way
    let silences = matches!(at.language(), Language::C | Language::Cpp)
        && at.parent().is_some_and(|outer| {
            outer.is("parenthesized_expression") || outer.is("comma_expression")
        });
    // a property may do something when set, `el.style = el.style`, and an element may be a setter's
    let plain = left.with_inside().all(|inner| {
        inner.is_any(&[
            "identifier",
            "expression_list",
            "field_expression",
            "field_access",
            "field_identifier",
            "this",
            "selector_expression",
            "subscript_expression",
            "array_access",
            "index_expression",
        ]) || words::is_literal(inner)
    });
    if plain && left.text() == right.text() && !silences {
        report.add(
            &nodes.source,
            &SELF_ASSIGNMENT,
            at.node(),
            format!("`{}` is assigned to itself.", left.short()),
            "Assign the value that was meant, or remove the line.",
        );
    }
}

fn find_same_operands(nodes: &Nodes<'_>, at: At<'_>, report: &mut Report) {
    let Some((left, operator, right)) = at.sides() else {
        return;
    };
    let asks_nan = matches!(operator, "==" | "!=" | "===" | "!==");
    let counts = matches!(operator, "<" | ">" | "<=" | ">=" | "&&" | "||")
        || (asks_nan
            && left.is_any(&["subscript_expression", "array_access", "index_expression"])
            && left.inside().any(|inner| inner.is("identifier"))
            && at.function(words::LOOPS).is_some());
    if !counts
        || left.text() != right.text()
        || words::is_literal(left)
        || !words::is_pure(left)
        || in_macro(at)
    {
        return;
    }
    // `a < b > c` is read as a template's arguments in C++
    if at.language() == Language::Cpp
        && matches!(operator, "<" | ">")
        && left.text().starts_with(|c: char| c.is_ascii_uppercase())
    {
        return;
    }
    report.add(
        &nodes.source,
        &SAME_OPERANDS,
        at.node(),
        format!("Both sides of `{operator}` are `{}`.", left.short()),
        "Compare with the value that was meant.",
    );
}

fn in_macro(at: At<'_>) -> bool {
    at.ancestors()
        .take(6)
        .any(|outer| outer.kind().starts_with("preproc"))
}

fn find_division_by_zero(nodes: &Nodes<'_>, at: At<'_>, report: &mut Report) {
    let operator = at.operator();
    if !matches!(operator, "/" | "%" | "/=" | "%=") {
        return;
    }
    let (Some(left), Some(right)) = (at.child("left"), at.child("right")) else {
        return;
    };
    let right = if right.is("expression_list") {
        right.only().unwrap_or(right)
    } else {
        right
    };
    let script = matches!(at.language(), Language::JavaScript | Language::TypeScript);
    let infinite = script && matches!(operator, "/" | "/=") && !left.is("identifier");
    // 1 / 0 and 0 / 0 are written on purpose, to make an infinity, a NaN, or a fault
    if words::whole(right) == Some(0)
        && !words::is_number(left.bare())
        && !left.bare().is("unary_expression")
        && !infinite
    {
        report.add(
            &nodes.source,
            &DIVISION_BY_ZERO,
            at.node(),
            format!("`{}` divides by zero.", at.short()),
            "Divide by the number that was meant.",
        );
    }
}

/// Whether a decimal fraction has no exact binary form: `0.1`, but not `0.5`.
fn is_inexact(at: At<'_>) -> bool {
    if !words::is_number(at) {
        return false;
    }
    let text = at.text().trim_end_matches(['f', 'F', 'd', 'D', 'l', 'L']);
    if !text.contains('.') || text.starts_with("0x") || text.contains(['e', 'E']) {
        return false;
    }
    let digits = text
        .split('.')
        .nth(1)
        .unwrap_or_default()
        .trim_end_matches('0');
    // a fraction of k digits is exact when it is a multiple of 1 / 2^k, that is when 5^k divides its digits
    let Ok(value) = digits.parse::<u64>() else {
        return false;
    };
    let power = 5_u64.checked_pow(u32::try_from(digits.len()).unwrap_or(u32::MAX));
    power.is_none_or(|power| value % power != 0)
}

fn find_float_equality(nodes: &Nodes<'_>, at: At<'_>, report: &mut Report) {
    let Some((left, operator, right)) = at.sides() else {
        return;
    };
    if !matches!(operator, "==" | "!=" | "===" | "!==") {
        return;
    }
    let computes = |side: At<'_>| {
        side.sides()
            .is_some_and(|(_, operator, _)| matches!(operator, "+" | "-" | "*" | "/"))
    };
    let inexact = |side: At<'_>| {
        side.with_inside().all(|inner| {
            words::is_number(inner)
                || inner.is_any(&[
                    "binary_expression",
                    "identifier",
                    "parenthesized_expression",
                ])
        }) && side.with_inside().any(is_inexact)
    };
    let one_computes = (computes(left) && (inexact(left) || inexact(right)))
        || (computes(right) && (inexact(left) || inexact(right)));
    if one_computes {
        report.add(
            &nodes.source,
            &FLOAT_EQUALITY,
            at.node(),
            format!(
                "`{}` compares computed fractions for exact equality.",
                at.short()
            ),
            "Compare the distance of the two with a small tolerance.",
        );
    }
}

fn find_compare_nan(nodes: &Nodes<'_>, at: At<'_>, report: &mut Report) {
    let Some((left, operator, right)) = at.sides() else {
        return;
    };
    let is_nan = |side: At<'_>| {
        matches!(
            side.text(),
            "NaN" | "Number.NaN" | "Double.NaN" | "Float.NaN" | "math.NaN()"
        ) || (side.text() == "NAN" && matches!(at.language(), Language::C | Language::Cpp))
    };
    if matches!(
        operator,
        "==" | "!=" | "===" | "!==" | "<" | ">" | "<=" | ">="
    ) && (is_nan(left) || is_nan(right))
    {
        let always = if operator.starts_with('!') {
            "true"
        } else {
            "false"
        };
        let test = match at.language() {
            Language::JavaScript | Language::TypeScript => "Number.isNaN(…)",
            Language::Java => "Double.isNaN(…)",
            Language::Go => "math.IsNaN(…)",
            Language::C | Language::Cpp | Language::Python | Language::Rust | Language::Sql => {
                "isnan(…)"
            }
        };
        report.add(
            &nodes.source,
            &COMPARE_NAN,
            at.node(),
            format!("`{}` is always {always}.", at.short()),
            format!("Ask with {test}."),
        );
    }
}
