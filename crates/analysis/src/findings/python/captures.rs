//! Functions made in a loop that read its variable after the loop has moved it on.

use ruff_python_ast::{Expr, Stmt, StmtFor};
use ruff_text_size::Ranged;

use super::check::Checker;
use super::queries::{any_expression, any_part, any_statement, mentions, method_of, name_of};
use super::rules;

pub(super) fn check_statement<'a>(checker: &mut Checker<'a, '_>, statement: &'a Stmt) {
    if let Stmt::For(each) = statement {
        check_capture(checker, each);
    }
}

pub(super) fn check<'a>(checker: &mut Checker<'a, '_>, expression: &'a Expr) {
    if let Expr::ListComp(comp) = expression {
        check_comprehension_capture(checker, &comp.elt, comp.range());
    }
}

/// Functions made in a loop that read its variable and are kept for later.
fn check_capture<'a>(checker: &mut Checker<'a, '_>, each: &'a StmtFor) {
    let mut names: Vec<&str> = Vec::new();
    any_part(&each.target, |part| {
        names.extend(name_of(part));
        false
    });
    let mut kept: Vec<&'a Expr> = Vec::new();
    any_statement(&each.body, |statement| {
        if let Stmt::Assign(assign) = statement
            && assign.value.is_lambda_expr()
            && assign
                .targets
                .iter()
                .any(|target| target.is_subscript_expr() || target.is_attribute_expr())
        {
            kept.push(&assign.value);
        }
        false
    });
    any_expression(&each.body, |part| {
        let call = part.as_call_expr();
        if let Some(call) = call
            && let Some((receiver, "append" | "add" | "insert" | "connect" | "bind" | "after")) =
                method_of(call)
            && !is_made_in(checker, receiver, each)
        {
            kept.extend(
                call.arguments
                    .args
                    .iter()
                    .filter(|argument| argument.is_lambda_expr()),
            );
        }
        if let Some(call) = call {
            kept.extend(
                call.arguments
                    .keywords
                    .iter()
                    .filter(|keyword| keyword.arg.as_deref() == Some("command"))
                    .map(|keyword| &keyword.value)
                    .filter(|value| value.is_lambda_expr()),
            );
        }
        false
    });
    if super::queries::has_own_break(&each.body) {
        return;
    }
    for lambda in kept {
        tell_capture(checker, lambda, &names);
    }
}

/// Whether the name is given its value in the loop itself, so that what it keeps may be used up there.
fn is_made_in(checker: &Checker<'_, '_>, receiver: &Expr, each: &StmtFor) -> bool {
    let variable =
        name_of(receiver).and_then(|name| checker.module.scopes.find_variable(checker.scope, name));
    variable.is_some_and(|variable| {
        let mut bindings = variable.bindings.iter();
        bindings.any(|binding| each.range().contains_range(binding.at))
    })
}

/// `[lambda: i for i in …]`.
fn check_comprehension_capture<'a>(
    checker: &mut Checker<'a, '_>,
    element: &'a Expr,
    range: ruff_text_size::TextRange,
) {
    let Some(scope) = checker
        .module
        .scopes
        .opened_by(range)
        .and_then(|index| checker.module.scopes.list.get(index))
    else {
        return;
    };
    if element.is_lambda_expr() {
        let names: Vec<&str> = scope.variables.keys().copied().collect();
        tell_capture(checker, element, &names);
    }
}

fn tell_capture<'a>(checker: &mut Checker<'a, '_>, lambda: &'a Expr, names: &[&str]) {
    let Some(function) = lambda.as_lambda_expr() else {
        return;
    };
    let is_own = |name: &str| {
        function
            .parameters
            .as_deref()
            .is_some_and(|parameters| parameters.includes(name))
    };
    let Some(name) = names
        .iter()
        .find(|name| !is_own(name) && mentions(&function.body, name))
    else {
        return;
    };
    let quoted = checker.module.quote(lambda);
    let message = format!(
        "`{quoted}` reads `{name}` when it is called, and by then the loop has moved `{name}` on."
    );
    let fix = format!("Bind the value now: `lambda {name}={name}: …`.");
    checker.add(&rules::LOOP_CAPTURE, lambda, message, fix);
}
