//! Comparisons, arithmetic and results that cannot be what was meant.

use domain::analysis::Severity;

use super::{At, FUNCTIONS, LOOPS, Report, Source, is_place, method};
use crate::findings::Rule;

const NAN_COMPARISON: Rule = Rule {
    name: "nan-comparison",
    severity: Severity::Error,
    why: "NaN is equal to nothing, not even to itself, so the comparison always gives the same.",
};

const FLOAT_EQUALITY: Rule = Rule {
    name: "float-equality",
    severity: Severity::Warning,
    why: "Such a fraction has no exact form in binary, so a result that should be equal often is not.",
};

const SELF_COMPARISON: Rule = Rule {
    name: "self-comparison",
    severity: Severity::Error,
    why: "Both sides are the same, so the result is always the same; one of them was probably meant to be another.",
};

const DIVISION_BY_ZERO: Rule = Rule {
    name: "division-by-zero",
    severity: Severity::Error,
    why: "A division of a whole number by zero panics.",
};

const UNUSED_RESULT: Rule = Rule {
    name: "unused-result",
    severity: Severity::Error,
    why: "The method leaves its object as it is and gives a new value, which is thrown away here.",
};

const QUADRATIC_CONTAINS: Rule = Rule {
    name: "contains-in-loop",
    severity: Severity::Hint,
    why: "Each search goes through the whole list, so the time grows with the product of both sizes.",
};

/// Methods that only give a value.
const PURE: &[&str] = &[
    "trim",
    "to_uppercase",
    "to_lowercase",
    "to_ascii_uppercase",
    "to_ascii_lowercase",
    "to_string",
    "abs",
    "pow",
    "sqrt",
    "len",
    "is_empty",
    "saturating_add",
    "saturating_sub",
    "wrapping_add",
    "wrapping_sub",
    "checked_add",
    "checked_sub",
];

/// Adapters that do nothing until something asks for an item.
const LAZY: &[&str] = &[
    "map",
    "filter",
    "enumerate",
    "skip",
    "take",
    "zip",
    "chain",
    "rev",
    "flat_map",
    "filter_map",
    "inspect",
];

pub(super) fn find(source: &Source<'_>, at: At<'_>, report: &mut Report) {
    match at.kind() {
        "binary_expression" => binary(source, at, report),
        "expression_statement" => unused(source, at, report),
        "call_expression" => contains(source, at, report),
        _ => {}
    }
}

fn binary(source: &Source<'_>, at: At<'_>, report: &mut Report) {
    let Some((left, operator, right)) = at.sides() else {
        return;
    };
    let is_nan = |side: At<'_>| side.is("scoped_identifier") && side.text().ends_with("::NAN");
    match operator {
        "==" | "!=" | "<" | ">" | "<=" | ">=" if is_nan(left) || is_nan(right) => report.add(
            source,
            &NAN_COMPARISON,
            at.node(),
            format!("`{}` compares with NaN.", at.short()),
            "Use `is_nan()`.",
        ),
        "==" | "!=" if is_inexact(left) || is_inexact(right) => report.add(
            source,
            &FLOAT_EQUALITY,
            at.node(),
            format!("`{}` asks for an exact fraction.", at.short()),
            "Ask whether the difference is small: `(a - b).abs() < 1e-9`.",
        ),
        // `x != x` is how some ask for NaN.
        "==" | "<" | ">" | "<=" | ">=" | "&&" | "||" | "-"
            if is_place(left) && left.text() == right.text() =>
        {
            report.add(
                source,
                &SELF_COMPARISON,
                at.node(),
                format!("`{}` has the same on both sides.", at.short()),
                "Put the other value there.",
            );
        }
        "/" | "%" if right.is("integer_literal") && right.text() == "0" => report.add(
            source,
            &DIVISION_BY_ZERO,
            at.node(),
            format!("`{}` divides by zero.", at.short()),
            "Divide by something else.",
        ),
        _ => {}
    }
}

/// Whether it is a fraction such as 0.1; 0.5 and 0.25 are exact.
fn is_inexact(at: At<'_>) -> bool {
    let written = at.text().trim_end_matches("f64").trim_end_matches("f32");
    at.is("float_literal")
        && written
            .trim_end_matches('_')
            .parse::<f64>()
            .is_ok_and(|number| (number * 1024.0).fract() != 0.0)
}

fn unused(source: &Source<'_>, at: At<'_>, report: &mut Report) {
    // The last expression of a block without a semicolon is its value.
    let Some(call) = at.nth(0).filter(|_| at.text().ends_with(';')) else {
        return;
    };
    let Some((object, name)) = method(call) else {
        return;
    };
    let chain_is_iterator = || {
        let mut before = object;
        for _ in 0..8 {
            match method(before) {
                Some((_, "iter" | "into_iter" | "iter_mut" | "chars" | "bytes" | "lines")) => {
                    return true;
                }
                Some((inner, _)) => before = inner,
                None => return false,
            }
        }
        false
    };
    let is_lazy = LAZY.contains(&name) && chain_is_iterator();
    let arguments = call
        .child("arguments")
        .map_or(0, |arguments| arguments.children().count());
    let is_pure = PURE.contains(&name) && arguments <= 1 && !object.is("self");
    if is_lazy || is_pure {
        report.add(
            source,
            &UNUSED_RESULT,
            call.node(),
            if is_lazy {
                format!("`{name}` does nothing until its items are asked for.")
            } else {
                format!("The result of `{}` is thrown away.", call.short())
            },
            if is_lazy {
                "Use a `for` loop, or collect the result."
            } else {
                "Assign the result."
            },
        );
    }
}

/// `list.contains(…)` in a loop, where `list` is a list that was made outside of it.
fn contains(source: &Source<'_>, at: At<'_>, report: &mut Report) {
    let Some((object, "contains")) = method(at) else {
        return;
    };
    if !object.is("identifier") {
        return;
    }
    let Some(around) = at
        .ancestors()
        .take_while(|around| !around.is_any(FUNCTIONS))
        .find(|around| around.is_any(LOOPS))
    else {
        return;
    };
    let Some(function) = at.function(&["function_item"]) else {
        return;
    };
    // A loop with a fixed number of rounds stays cheap.
    let is_fixed = around.child("value").is_some_and(|value| {
        value.is("range_expression") && value.children().all(|end| end.is("integer_literal"))
    });
    let is_list = function.inside().any(|inner| {
        inner.is_any(&["let_declaration", "parameter"])
            && inner
                .child("pattern")
                .is_some_and(|name| name.text() == object.text())
            && !around.holds(inner)
            && is_list_of_any_size(inner)
    });
    if is_list && !is_fixed {
        report.add(
            source,
            &QUADRATIC_CONTAINS,
            at.node(),
            format!(
                "`{}` is searched from its start in every round.",
                object.text()
            ),
            "Keep the values in a HashSet when there may be many.",
        );
    }
}

/// Whether a parameter is a list, or a variable begins as an empty one: a list that is written out is small.
fn is_list_of_any_size(at: At<'_>) -> bool {
    if at.is("let_declaration") {
        return at.child("value").is_some_and(|value| {
            value.text() == "vec![]"
                || value.text().starts_with("Vec::") && value.is("call_expression")
        });
    }
    at.child("type").is_some_and(|of_type| {
        let written = of_type
            .text()
            .trim_start_matches('&')
            .trim_start_matches("mut ");
        written.starts_with("Vec<") || written.starts_with('[') && !written.contains(';')
    })
}
