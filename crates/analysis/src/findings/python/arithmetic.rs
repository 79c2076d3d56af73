//! Rules about arithmetic: dividing by zero, adding text and numbers.

use ruff_python_ast::{Expr, ExprBinOp, Operator, Stmt};

use super::check::Checker;
use super::kinds::Kind;
use super::queries::{
    any_condition, any_part, call_of, float_of, int_of, is_name, len_of, mentions, name_of,
    names_given, only_argument,
};
use super::rules;
use super::scopes::BindingKind;

pub(super) fn check<'a>(checker: &mut Checker<'a, '_>, expression: &'a Expr) {
    let Some(operation) = expression.as_bin_op_expr() else {
        return;
    };
    if matches!(
        operation.op,
        Operator::Div | Operator::FloorDiv | Operator::Mod
    ) {
        check_zero(checker, operation);
        check_empty(checker, operation);
    }
    if matches!(operation.op, Operator::Add | Operator::Sub) {
        check_text(checker, operation);
    }
}

fn check_zero<'a>(checker: &mut Checker<'a, '_>, operation: &'a ExprBinOp) {
    let is_written = int_of(&operation.right) == Some(0) || float_of(&operation.right) == Some(0.0);
    let is_zero = is_written || is_always_zero(checker, &operation.right);
    // `%` also puts values into text.
    let is_number = operation.op != Operator::Mod
        || match checker.kind(&operation.left) {
            Some(kind) => kind.is_number(),
            None => is_written && operation.left.is_name_expr(),
        };
    // Under `try` and `with`, in a lambda or in a line of its own it is there to raise.
    let is_meant =
        checker.guards > 0 || checker.asserts > 0 || checker.is_in_lambda() || checker.is_in_test();
    if is_zero && is_number && !is_meant {
        let quoted = checker.module.quote(operation);
        let message = format!("`{quoted}` always divides by zero.");
        checker.add(
            &rules::DIVISION_BY_ZERO,
            operation,
            message,
            "Correct the divisor.",
        );
    }
}

/// Whether it is a local name that is given nothing but 0, and that no condition asks about.
fn is_always_zero(checker: &Checker<'_, '_>, divisor: &Expr) -> bool {
    let Some(name) = name_of(divisor) else {
        return false;
    };
    let Some((found, variable)) = checker.module.scopes.find(checker.scope, name) else {
        return false;
    };
    let scope = checker.module.scopes.list.get(found);
    found == checker.scope
        && scope.is_some_and(|scope| !scope.is_open)
        && variable
            .only_value()
            .is_some_and(|value| int_of(value) == Some(0) || float_of(value) == Some(0.0))
        && checker.may_search()
        && !is_guarded(checker.body(), &[name])
}

/// `sum(values) / len(values)` of a parameter that nothing checks for being empty.
fn check_empty<'a>(checker: &mut Checker<'a, '_>, operation: &'a ExprBinOp) {
    if operation.op == Operator::Mod || checker.guards > 0 {
        return;
    }
    let Some((divisor, collection)) = length(checker, &operation.right) else {
        return;
    };
    // What divides the sum of a collection by its length is a mean.
    let is_mean = call_of(&operation.left, "sum")
        .or_else(|| call_of(&operation.left, "fsum"))
        .and_then(only_argument)
        .is_some_and(|argument| mentions(argument, collection));
    let total = name_of(&operation.left).is_some_and(|name| {
        checker
            .module
            .scopes
            .find_variable(checker.scope, name)
            .is_some_and(|variable| {
                variable.bindings.iter().any(|binding| match binding.kind {
                    BindingKind::Assigned(value) => {
                        int_of(value) == Some(0)
                            || float_of(value) == Some(0.0)
                            || call_of(value, "sum").is_some()
                    }
                    _ => false,
                })
            })
    });
    let Some(function) = checker.functions.last().copied() else {
        return;
    };
    let is_parameter = function
        .parameters
        .iter_non_variadic_params()
        .any(|parameter| parameter.name().as_str() == collection && parameter.default.is_none());
    let is_only = checker
        .module
        .scopes
        .find_variable(checker.scope, collection)
        .is_some_and(|variable| variable.bindings.len() == 1);
    if !(is_mean || total) || !is_parameter || !is_only || !checker.may_search() {
        return;
    }
    let mut names: Vec<&str> = [Some(collection), divisor].into_iter().flatten().collect();
    names.extend(names_of_lengths(&function.body, collection));
    if is_guarded(&function.body, &names) || is_inside_loop_over(checker, collection) {
        return;
    }
    let quoted = checker.module.quote(operation);
    let message = format!("`{quoted}` divides by zero when `{collection}` is empty.");
    let fix = format!(
        "Say first what an empty `{collection}` means, such as `if not {collection}: return 0`."
    );
    checker.add(&rules::DIVISION_RISK, operation, message, fix);
}

/// The name of a length, if it has one, and of what it is the length of.
fn length<'a>(checker: &Checker<'a, '_>, divisor: &'a Expr) -> Option<(Option<&'a str>, &'a str)> {
    if let Some(collection) = len_of(divisor) {
        return Some((None, name_of(collection)?));
    }
    let name = name_of(divisor)?;
    let variable = checker.module.scopes.find_variable(checker.scope, name)?;
    let collection = len_of(variable.only_value()?)?;
    Some((Some(name), name_of(collection)?))
}

/// Names that are worked out from the length of the collection.
fn names_of_lengths<'a>(body: &'a [Stmt], collection: &str) -> Vec<&'a str> {
    names_given(body, |value| {
        any_part(value, |part| {
            len_of(part).is_some_and(|measured| is_name(measured, collection))
        })
    })
}

/// Whether a condition anywhere in the function is about one of the names.
fn is_guarded(body: &[Stmt], names: &[&str]) -> bool {
    any_condition(body, |test| names.iter().any(|name| mentions(test, name)))
}

/// Whether the place is in a loop over the collection, where it is not empty.
fn is_inside_loop_over(checker: &Checker<'_, '_>, collection: &str) -> bool {
    let in_loop = checker.loops.iter().any(|around| {
        around
            .as_for_stmt()
            .is_some_and(|each| mentions(&each.iter, collection))
    });
    let in_scope = checker
        .module
        .scopes
        .list
        .get(checker.scope)
        .is_some_and(|scope| scope.kind != super::scopes::ScopeKind::Function);
    in_loop || in_scope
}

/// `"total: " + 3`.
fn check_text<'a>(checker: &mut Checker<'a, '_>, operation: &'a ExprBinOp) {
    let (Some(left), Some(right)) = (
        checker.kind(&operation.left),
        checker.kind(&operation.right),
    ) else {
        return;
    };
    let is_mixed =
        (left == Kind::Text && right.is_number()) || (left.is_number() && right == Kind::Text);
    if !is_mixed || checker.guards > 0 || checker.asserts > 0 || checker.is_in_test() {
        return;
    }
    let (text, number) = if left == Kind::Text {
        (&operation.left, &operation.right)
    } else {
        (&operation.right, &operation.left)
    };
    let (text, number) = (
        checker.module.quote(&**text),
        checker.module.quote(&**number),
    );
    let quoted = checker.module.quote(operation);
    let message = format!("`{quoted}` joins the text `{text}` and the number `{number}`.");
    let fix = format!("Write `str({number})` to join text, or `int({text})` to calculate.");
    checker.add(&rules::TEXT_NUMBER, operation, message, fix);
}
