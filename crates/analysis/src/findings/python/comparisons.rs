//! Rules about comparisons and conditions.

use ruff_python_ast::{BoolOp, CmpOp, Expr, ExprBoolOp, ExprCompare, Operator, UnaryOp};

use super::check::Checker;
use super::kinds::Kind;
use super::queries::{any_part, call_of, dotted, float_of, int_of, name_of};
use super::rules;

/// Ways to write NaN.
const NANS: &[&str] = &[
    "math.nan",
    "np.nan",
    "numpy.nan",
    "np.NaN",
    "numpy.NaN",
    "cmath.nan",
];

pub(super) fn check<'a>(checker: &mut Checker<'a, '_>, expression: &'a Expr) {
    match expression {
        Expr::Compare(compare) => {
            let mut left = &*compare.left;
            for (op, right) in compare.ops.iter().zip(&compare.comparators) {
                check_pair(checker, compare, (left, *op, right));
                left = right;
            }
        }
        Expr::BoolOp(operation) => check_conditions(checker, operation),
        _ => {}
    }
}

fn check_pair<'a>(
    checker: &mut Checker<'a, '_>,
    compare: &'a ExprCompare,
    (left, op, right): (&'a Expr, CmpOp, &'a Expr),
) {
    let is_equality = matches!(op, CmpOp::Eq | CmpOp::NotEq);
    let module = checker.module;
    let quoted = || module.quote(compare);
    if is_equality && (left.is_none_literal_expr() || right.is_none_literal_expr()) {
        let word = if op == CmpOp::Eq { "is" } else { "is not" };
        let other = checker.module.quote(if left.is_none_literal_expr() {
            right
        } else {
            left
        });
        let message = format!("`{}` compares with None by value.", quoted());
        checker.add(
            &rules::COMPARE_NONE,
            compare,
            message,
            format!("Write `{other} {word} None`."),
        );
    }
    if is_equality && (is_nan(left) || is_nan(right)) {
        let other = checker
            .module
            .quote(if is_nan(left) { right } else { left });
        let answer = if op == CmpOp::Eq { "false" } else { "true" };
        let message = format!("`{}` is always {answer}: nothing equals NaN.", quoted());
        checker.add(
            &rules::COMPARE_NAN,
            compare,
            message,
            format!("Write `math.isnan({other})`."),
        );
    }
    if is_equality && checker.asserts == 0 && (is_inexact(left) || is_inexact(right)) {
        let message = format!("`{}` compares floats for being exactly equal.", quoted());
        let fix = format!(
            "Write `math.isclose({}, {})`.",
            checker.module.quote(left),
            checker.module.quote(right)
        );
        checker.add(&rules::FLOAT_EQUALITY, compare, message, fix);
    }
    if checker.asserts == 0
        && matches!(op, CmpOp::Is | CmpOp::IsNot)
        && (is_value_literal(left) || is_value_literal(right))
    {
        let word = if op == CmpOp::Is { "==" } else { "!=" };
        let message = format!(
            "`{}` asks whether two objects are the same, not whether they are equal.",
            quoted()
        );
        checker.add(
            &rules::IS_LITERAL,
            compare,
            message,
            format!("Write `{word}`."),
        );
    }
    check_same(checker, compare, (left, op, right));
    check_text_number(checker, compare, (left, op, right));
}

fn is_nan(expression: &Expr) -> bool {
    if let Some(call) = call_of(expression, "float") {
        return call.arguments.args.first().is_some_and(|argument| {
            argument
                .as_string_literal_expr()
                .is_some_and(|text| text.value.to_str().trim().eq_ignore_ascii_case("nan"))
        });
    }
    expression.is_attribute_expr()
        && dotted(expression).is_some_and(|name| NANS.contains(&name.as_str()))
}

/// Whether the value is a decimal fraction that a float cannot hold, or arithmetic with one.
fn is_inexact(expression: &Expr) -> bool {
    match expression {
        Expr::NumberLiteral(_) => {
            // What a float holds exactly of everyday size is a multiple of 1/1024.
            float_of(expression)
                .is_some_and(|value| (value * 1024.0).fract() != 0.0 && value > 1e-6)
        }
        Expr::BinOp(operation) => {
            matches!(
                operation.op,
                Operator::Add | Operator::Sub | Operator::Mult | Operator::Div
            ) && (is_inexact(&operation.left) || is_inexact(&operation.right))
        }
        Expr::UnaryOp(unary) => unary.op == UnaryOp::USub && is_inexact(&unary.operand),
        _ => false,
    }
}

fn is_value_literal(expression: &Expr) -> bool {
    matches!(
        expression,
        Expr::StringLiteral(_)
            | Expr::BytesLiteral(_)
            | Expr::NumberLiteral(_)
            | Expr::FString(_)
            | Expr::List(_)
            | Expr::Dict(_)
            | Expr::Set(_)
            | Expr::Tuple(_)
    ) || int_of(expression).is_some()
}

fn check_same<'a>(
    checker: &mut Checker<'a, '_>,
    compare: &'a ExprCompare,
    (left, op, right): (&'a Expr, CmpOp, &'a Expr),
) {
    // `x != x` and `x == x` are ways to ask for NaN.
    let is_order = matches!(
        op,
        CmpOp::Lt | CmpOp::LtE | CmpOp::Gt | CmpOp::GtE | CmpOp::Is | CmpOp::IsNot
    );
    let is_plain = |part: &Expr| {
        !any_part(part, |part| {
            !matches!(
                part,
                Expr::Name(_) | Expr::Attribute(_) | Expr::Subscript(_) | Expr::NumberLiteral(_)
            )
        }) && !part.is_number_literal_expr()
    };
    let is_tested = checker.asserts > 0 || checker.guards > 0 || checker.is_in_test();
    if is_order
        && !is_tested
        && is_plain(left)
        && checker.module.text(left) == checker.module.text(right)
    {
        let quoted = checker.module.quote(left);
        let message = format!("`{quoted}` is compared with itself.");
        checker.add(
            &rules::SELF_COMPARISON,
            compare,
            message,
            "Compare it with the other value that was meant.",
        );
    }
}

fn check_text_number<'a>(
    checker: &mut Checker<'a, '_>,
    compare: &'a ExprCompare,
    (left, op, right): (&'a Expr, CmpOp, &'a Expr),
) {
    let is_equality = matches!(op, CmpOp::Eq | CmpOp::NotEq);
    let is_order = matches!(op, CmpOp::Lt | CmpOp::LtE | CmpOp::Gt | CmpOp::GtE);
    if !(is_equality || is_order)
        || checker.asserts > 0
        || checker.guards > 0
        || checker.is_in_test()
    {
        return;
    }
    let (Some(one), Some(other)) = (checker.kind(left), checker.kind(right)) else {
        return;
    };
    let is_mixed =
        (one == Kind::Text && other.is_number()) || (one.is_number() && other == Kind::Text);
    if is_mixed {
        let quoted = checker.module.quote(compare);
        let (text, number) = if one == Kind::Text {
            (left, right)
        } else {
            (right, left)
        };
        let (text, number) = (checker.module.quote(text), checker.module.quote(number));
        let message = format!("`{quoted}` compares the text `{text}` with the number `{number}`.");
        let rule = if is_order {
            &rules::TEXT_NUMBER
        } else {
            &rules::TEXT_EQUALS_NUMBER
        };
        checker.add(
            rule,
            compare,
            message,
            format!("Turn the text into a number first: `int({text})`."),
        );
    }
}

fn check_conditions<'a>(checker: &mut Checker<'a, '_>, operation: &'a ExprBoolOp) {
    for (before, after) in operation.values.iter().zip(operation.values.iter().skip(1)) {
        if operation.op == BoolOp::Or
            && let Some(compare) = before.as_compare_expr()
            && let [CmpOp::Eq] = compare.ops.as_ref()
            && is_true_literal(after)
            && compare.comparators.first().is_some_and(is_true_literal)
        {
            let subject = checker.module.quote(&*compare.left);
            let quoted = checker.module.quote(operation);
            let first = checker.module.quote(&compare.comparators[0]);
            let second = checker.module.quote(after);
            let message = format!(
                "`{quoted}` is always true: `{second}` stands for itself and is not compared with `{subject}`."
            );
            let fix = format!("Write `{subject} in ({first}, {second})`.");
            checker.add(&rules::OR_LITERAL, operation, message, fix);
            return;
        }
    }
    check_contradiction(checker, operation);
}

fn is_true_literal(expression: &Expr) -> bool {
    match expression {
        Expr::StringLiteral(text) => !text.value.is_empty(),
        Expr::NumberLiteral(_) => int_of(expression).is_some_and(|value| value != 0),
        _ => false,
    }
}

/// What a comparison of a plain name with an integer or text literal says.
struct Fact<'a> {
    name: &'a str,
    op: CmpOp,
    number: Option<i64>,
    text: &'a str,
}

fn fact<'a>(checker: &Checker<'a, '_>, expression: &'a Expr) -> Option<Fact<'a>> {
    let compare = expression.as_compare_expr()?;
    let ([op], [value]) = (compare.ops.as_ref(), compare.comparators.as_ref()) else {
        return None;
    };
    let name = name_of(&compare.left)?;
    let number = int_of(value);
    if number.is_none() && !value.is_string_literal_expr() {
        return None;
    }
    Some(Fact {
        name,
        op: *op,
        number,
        text: checker.module.text(value),
    })
}

/// `x != 1 or x != 2` and `x == 1 and x == 2`, `x > 5 and x < 3`.
fn check_contradiction<'a>(checker: &mut Checker<'a, '_>, operation: &'a ExprBoolOp) {
    const PAIRS_MAX: usize = 8;
    let facts: Vec<_> = operation
        .values
        .iter()
        .take(PAIRS_MAX)
        .filter_map(|value| fact(checker, value))
        .collect();
    for (index, one) in facts.iter().enumerate() {
        for other in facts
            .iter()
            .skip(index + 1)
            .filter(|other| other.name == one.name)
        {
            let (answer, fix) = match operation.op {
                BoolOp::Or
                    if one.op == CmpOp::NotEq
                        && other.op == CmpOp::NotEq
                        && one.text != other.text =>
                {
                    (
                        "true",
                        format!(
                            "Join them with `and`, or write `{} not in ({}, {})`.",
                            one.name, one.text, other.text
                        ),
                    )
                }
                BoolOp::And
                    if one.op == CmpOp::Eq && other.op == CmpOp::Eq && one.text != other.text =>
                {
                    (
                        "false",
                        format!(
                            "Join them with `or`, or write `{} in ({}, {})`.",
                            one.name, one.text, other.text
                        ),
                    )
                }
                BoolOp::And if excludes(one, other) || excludes(other, one) => (
                    "false",
                    "Join them with `or`, or correct one of the limits.".to_owned(),
                ),
                BoolOp::And | BoolOp::Or => continue,
            };
            let quoted = checker.module.quote(operation);
            checker.add(
                &rules::ALWAYS_TRUE,
                operation,
                format!("`{quoted}` is always {answer}."),
                fix,
            );
            return;
        }
    }
}

/// Whether a lower limit lies above an upper one.
fn excludes(lower: &Fact<'_>, upper: &Fact<'_>) -> bool {
    let (Some(low), Some(high)) = (lower.number, upper.number) else {
        return false;
    };
    let is_pair =
        matches!(lower.op, CmpOp::Gt | CmpOp::GtE) && matches!(upper.op, CmpOp::Lt | CmpOp::LtE);
    is_pair && low > high
}
