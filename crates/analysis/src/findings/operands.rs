//! Expressions that cannot mean what they say: something compared with itself, divided by zero, assigned where it is asked for.

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

const ASSIGNMENT_IN_CONDITION: Rule = Rule {
    name: "assignment-in-condition",
    severity: Severity::Error,
    why: "One equals sign assigns: the condition is the value assigned, not a comparison.",
};

const COMPARE_NAN: Rule = Rule {
    name: "compare-nan",
    severity: Severity::Error,
    why: "NaN is not equal to anything, itself included, so the comparison always gives the same.",
};

const NULL_DEREFERENCE: Rule = Rule {
    name: "null-dereference",
    severity: Severity::Error,
    why: "Where the value is known to be null, using what it points to fails.",
};

const DUPLICATE_CONDITION: Rule = Rule {
    name: "duplicate-condition",
    severity: Severity::Warning,
    why: "A condition that was false a moment ago is false again: this branch never runs.",
};

const SAME_BRANCHES: Rule = Rule {
    name: "same-branches",
    severity: Severity::Warning,
    why: "Both branches do the same, so the condition decides nothing; one of them was meant to differ.",
};

/// Looks at every expression and condition.
pub(crate) fn find(nodes: &Nodes<'_>, report: &mut Report) {
    for at in nodes.all() {
        match at.kind() {
            "binary_expression" => {
                find_same_operands(nodes, at, report);
                find_division_by_zero(nodes, at, report);
                find_float_equality(nodes, at, report);
                find_compare_nan(nodes, at, report);
                find_null_use(nodes, at, report);
            }
            "assignment_expression" | "assignment_statement" | "augmented_assignment_expression" => {
                find_self_assignment(nodes, at, report);
                find_division_by_zero(nodes, at, report);
            }
            "if_statement" | "while_statement" => {
                find_assignment_in_condition(nodes, at, report);
                find_duplicate_condition(nodes, at, report);
                find_same_branches(nodes, at, report);
                find_null_branch(nodes, at, report);
            }
            _ => {}
        }
    }
}

fn find_self_assignment(nodes: &Nodes<'_>, at: At<'_>, report: &mut Report) {
    let (Some(left), Some(right)) = (at.child("left"), at.child("right")) else { return };
    let operator = at.operator();
    if !matches!(operator, "" | "=") || at.is("augmented_assignment_expression") {
        return;
    }
    // C code silences a warning about a parameter this way
    let silences = matches!(at.language(), Language::C | Language::Cpp)
        && at.parent().is_some_and(|outer| outer.is("parenthesized_expression") || outer.is("comma_expression"));
    // a property may do something when set, `el.style = el.style`, and an element may be a setter's
    let plain = left.with_inside().all(|inner| inner.is_any(&["identifier", "expression_list", "field_expression", "field_access", "field_identifier", "this", "selector_expression", "subscript_expression", "array_access", "index_expression"]) || words::is_literal(inner));
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
    let Some((left, operator, right)) = at.sides() else { return };
    let asks_nan = matches!(operator, "==" | "!=" | "===" | "!==");
    let counts = matches!(operator, "<" | ">" | "<=" | ">=" | "&&" | "||") || (asks_nan && left.is_any(&["subscript_expression", "array_access", "index_expression"]) && left.inside().any(|inner| inner.is("identifier")) && at.function(words::LOOPS).is_some());
    if !counts || left.text() != right.text() || words::is_literal(left) || !words::is_pure(left) || in_macro(at) {
        return;
    }
    // `a < b > c` is read as a template's arguments in C++
    if at.language() == Language::Cpp && matches!(operator, "<" | ">") && left.text().starts_with(|c: char| c.is_ascii_uppercase()) {
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
    at.ancestors().take(6).any(|outer| outer.kind().starts_with("preproc"))
}

fn find_division_by_zero(nodes: &Nodes<'_>, at: At<'_>, report: &mut Report) {
    let operator = at.operator();
    if !matches!(operator, "/" | "%" | "/=" | "%=") {
        return;
    }
    let (Some(left), Some(right)) = (at.child("left"), at.child("right")) else { return };
    let right = if right.is("expression_list") { right.only().unwrap_or(right) } else { right };
    let script = matches!(at.language(), Language::JavaScript | Language::TypeScript);
    // 1 / 0 and 0 / 0 are written on purpose, to make an infinity, a NaN, or a fault
    if words::whole(right) == Some(0) && !words::is_number(left.bare()) && !left.bare().is("unary_expression") && !(script && matches!(operator, "/" | "/=") && !left.is("identifier")) {
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
    let digits = text.split('.').nth(1).unwrap_or_default().trim_end_matches('0');
    // a fraction of k digits is exact when it is a multiple of 1 / 2^k, that is when 5^k divides its digits
    let Ok(value) = digits.parse::<u64>() else { return false };
    let power = 5_u64.checked_pow(u32::try_from(digits.len()).unwrap_or(u32::MAX));
    power.is_none_or(|power| value % power != 0)
}

fn find_float_equality(nodes: &Nodes<'_>, at: At<'_>, report: &mut Report) {
    let Some((left, operator, right)) = at.sides() else { return };
    if !matches!(operator, "==" | "!=" | "===" | "!==") {
        return;
    }
    let computes = |side: At<'_>| side.sides().is_some_and(|(_, operator, _)| matches!(operator, "+" | "-" | "*" | "/"));
    let inexact = |side: At<'_>| side.with_inside().all(|inner| words::is_number(inner) || inner.is_any(&["binary_expression", "identifier", "parenthesized_expression"])) && side.with_inside().any(is_inexact);
    let one_computes = (computes(left) && (inexact(left) || inexact(right))) || (computes(right) && (inexact(left) || inexact(right)));
    if one_computes {
        report.add(
            &nodes.source,
            &FLOAT_EQUALITY,
            at.node(),
            format!("`{}` compares computed fractions for exact equality.", at.short()),
            "Compare the distance of the two with a small tolerance.",
        );
    }
}

fn find_compare_nan(nodes: &Nodes<'_>, at: At<'_>, report: &mut Report) {
    let Some((left, operator, right)) = at.sides() else { return };
    let is_nan = |side: At<'_>| matches!(side.text(), "NaN" | "Number.NaN" | "Double.NaN" | "Float.NaN" | "NAN" | "math.NaN()");
    if matches!(operator, "==" | "!=" | "===" | "!==" | "<" | ">" | "<=" | ">=") && (is_nan(left) || is_nan(right)) {
        let always = if operator.starts_with('!') { "true" } else { "false" };
        let test = match at.language() {
            Language::JavaScript | Language::TypeScript => "Number.isNaN(…)",
            Language::Java => "Double.isNaN(…)",
            Language::Go => "math.IsNaN(…)",
            Language::C | Language::Cpp | Language::Python | Language::Rust | Language::Sql => "isnan(…)",
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

fn find_assignment_in_condition(nodes: &Nodes<'_>, at: At<'_>, report: &mut Report) {
    if !matches!(at.language(), Language::JavaScript | Language::TypeScript | Language::C | Language::Cpp | Language::Java) {
        return;
    }
    let Some(condition) = at.child("condition").and_then(At::only) else { return };
    let mut parts = vec![condition];
    if let Some((left, operator, right)) = condition.sides()
        && matches!(operator, "&&" | "||")
    {
        // `a && (b = c)` says in its parentheses that it means it
        parts = [left, right].into_iter().filter(|side| side.parent() == Some(condition)).collect();
    }
    for part in parts {
        if !part.is("assignment_expression") || !matches!(part.operator(), "" | "=") {
            continue;
        }
        let Some(right) = part.child("right") else { continue };
        let literal = words::is_literal(right);
        let name = right.is("identifier") && at.is("if_statement");
        if literal || name {
            let left = part.child("left").map_or("", At::text);
            report.add(
                &nodes.source,
                &ASSIGNMENT_IN_CONDITION,
                part.node(),
                format!("`{}` assigns to `{left}` instead of comparing with it.", part.short()),
                "Compare with == (or === in JavaScript), or assign on a line of its own.",
            );
        }
    }
}

/// The condition of an if statement.
fn asked<'n>(at: At<'n>) -> Option<At<'n>> {
    at.child("condition").map(At::bare)
}

/// The if statement in the else of another.
fn otherwise<'n>(at: At<'n>) -> Option<At<'n>> {
    let alternative = at.child("alternative")?;
    if alternative.is("else_clause") {
        return alternative.only();
    }
    Some(alternative)
}

fn find_duplicate_condition(nodes: &Nodes<'_>, at: At<'_>, report: &mut Report) {
    let is_link = at.parent().is_some_and(|outer| outer.is("else_clause") || outer.is("if_statement")) && at.field() != "consequence";
    if !at.is("if_statement") || is_link {
        return;
    }
    let mut before: Vec<At<'_>> = Vec::new();
    let mut link = Some(at);
    while let Some(inner) = link.filter(|inner| inner.is("if_statement") && before.len() < 100) {
        let Some(condition) = asked(inner) else { return };
        if inner.child("initializer").is_some() || inner.child("condition").is_some_and(|whole| whole.children().count() > 1) {
            return;
        }
        if let Some(first) = before.iter().find(|first| first.text() == condition.text()) {
            if words::is_pure(condition) {
                report.add(
                    &nodes.source,
                    &DUPLICATE_CONDITION,
                    condition.node(),
                    format!("`{}` was asked before, on line {}.", condition.short(), first.row() + 1),
                    "Ask what was meant here, or remove the branch.",
                );
            }
        } else {
            before.push(condition);
        }
        link = otherwise(inner);
    }
}

fn find_same_branches(nodes: &Nodes<'_>, at: At<'_>, report: &mut Report) {
    let (Some(then), Some(other)) = (at.child("consequence"), otherwise(at)) else { return };
    let is_link = at.parent().is_some_and(|outer| outer.is("else_clause") || (outer.is("if_statement") && at.field() == "alternative"));
    if is_link || other.is("if_statement") || then.text() != other.text() || then.children().next().is_none() || then.has_comment() || then.inside().any(|inner| inner.kind().starts_with("preproc")) {
        return;
    }
    let Some(condition) = asked(at) else { return };
    report.add(
        &nodes.source,
        &SAME_BRANCHES,
        condition.node(),
        format!("Whether `{}` holds makes no difference: both branches are the same.", condition.short()),
        "Make one branch differ as it was meant, or drop the condition.",
    );
}

/// The name a comparison finds to be null where it gives true.
fn null_name<'n>(at: At<'n>, wanted: &[&str]) -> Option<&'n str> {
    let (left, operator, right) = at.sides()?;
    if !wanted.contains(&operator) {
        return None;
    }
    let name = if words::is_null(right) { left } else if words::is_null(left) { right } else { return None };
    name.is("identifier").then(|| name.text())
}

/// The first place where what a name points to is used.
fn first_use<'n>(name: &str, within: At<'n>) -> Option<At<'n>> {
    within.with_inside().find(|at| {
        let object = match at.kind() {
            "member_expression" if at.child("optional_chain").is_none() => at.child("object"),
            "method_invocation" | "field_access" => at.child("object"),
            "field_expression" if at.operator() == "->" => at.child("argument"),
            "pointer_expression" if at.operator() == "*" => at.child("argument"),
            "array_access" => at.child("array"),
            _ => None,
        };
        object.is_some_and(|object| object.is("identifier") && object.text() == name)
    })
}

fn find_null_use(nodes: &Nodes<'_>, at: At<'_>, report: &mut Report) {
    let Some((left, operator, right)) = at.sides() else { return };
    let name = match operator {
        "&&" => null_name(left, &["==", "==="]),
        "||" => null_name(left, &["!=", "!=="]),
        _ => None,
    };
    let Some(name) = name else { return };
    if words::may_change(name, right) || right.sides().is_some_and(|(_, inner, _)| inner != operator && matches!(inner, "&&" | "||")) {
        return;
    }
    if let Some(place) = first_use(name, right) && !in_sizeof(place) && !is_asked_again(place, name, right) {
        report_null(nodes, place, name, report);
    }
}

/// Whether a question inside asks for the name once more before the use.
fn is_asked_again(place: At<'_>, name: &str, within: At<'_>) -> bool {
    place
        .ancestors()
        .take_while(|outer| within.holds(*outer))
        .any(|outer| match outer.kind() {
            "ternary_expression" | "conditional_expression" => outer.child("condition").is_some_and(|asked| asked.text().contains(name)),
            "binary_expression" => matches!(outer.operator(), "&&" | "||") && outer.child("left").is_some_and(|asked| !asked.holds(place) && asked.text().contains(name)),
            "arrow_function" | "lambda_expression" | "function_expression" => true,
            _ => false,
        })
}

fn in_sizeof(at: At<'_>) -> bool {
    at.ancestors().take(4).any(|outer| outer.is_any(&["sizeof_expression", "decltype", "alignof_expression"]))
}

fn find_null_branch(nodes: &Nodes<'_>, at: At<'_>, report: &mut Report) {
    let (Some(condition), Some(then)) = (asked(at), at.child("consequence")) else { return };
    let Some(name) = null_name(condition, &["==", "==="]) else { return };
    // only the first statement is sure to run with the name as it was
    let first = if then.is_any(words::LISTS) { super::flow::statements(then).first().copied() } else { Some(then) };
    let Some(first) = first.filter(|first| first.is_any(&["expression_statement", "return_statement"])) else { return };
    if words::may_change(name, first) || words::is_literal(first) {
        return;
    }
    if let Some(place) = first_use(name, first) && !in_sizeof(place) && !is_asked_again(place, name, first) {
        report_null(nodes, place, name, report);
    }
}

fn report_null(nodes: &Nodes<'_>, place: At<'_>, name: &str, report: &mut Report) {
    report.add(
        &nodes.source,
        &NULL_DEREFERENCE,
        place.node(),
        format!("`{}` is used where `{name}` is known to be null.", place.short()),
        format!("Turn the check of `{name}` round, or use it only where it is set."),
    );
}
