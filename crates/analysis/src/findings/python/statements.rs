//! Rules about single statements: exceptions, assertions, assignments and lines without effect.

use ruff_python_ast::{ExceptHandler, Expr, ExprContext, Stmt, StmtAssign, StmtExpr, StmtTry};

use super::check::Checker;
use super::functions::CHANGING;
use super::kinds::Kind;
use super::queries::{any_statement, call_of, dotted, is_name, method_of, name_of};
use super::rules;
use super::scopes::ScopeKind;

/// Methods that do something and are hardly ever named without being called.
const ACTIONS: &[&str] = &[
    "append",
    "clear",
    "close",
    "commit",
    "disconnect",
    "extend",
    "flush",
    "join",
    "lower",
    "reverse",
    "rollback",
    "shutdown",
    "sort",
    "start",
    "strip",
    "upper",
    "mainloop",
];

/// Kinds of exceptions that nearly everything is.
const BROAD: &[&str] = &["Exception", "BaseException"];

pub(super) fn check<'a>(checker: &mut Checker<'a, '_>, statement: &'a Stmt) {
    match statement {
        Stmt::Try(attempt) => check_try(checker, attempt),
        Stmt::Raise(raise) => {
            let raised = raise.exc.as_deref().map(|exc| match exc.as_call_expr() {
                Some(call) => &*call.func,
                None => exc,
            });
            if raised.is_some_and(|raised| is_name(raised, "NotImplemented")) {
                checker.add(
                    &rules::RAISE_NOT_IMPLEMENTED,
                    statement,
                    "`NotImplemented` is raised, but it is not an exception.".to_owned(),
                    "Write `raise NotImplementedError`.",
                );
            }
        }
        Stmt::Assert(assertion) => {
            if let Some(tuple) = assertion.test.as_tuple_expr()
                && !tuple.elts.is_empty()
            {
                let quoted = checker.module.quote(tuple);
                checker.add(
                    &rules::ASSERT_TUPLE,
                    tuple,
                    format!("The assertion is about the tuple `{quoted}`, which is always true."),
                    "Remove the parentheses: `assert condition, message`.",
                );
            }
        }
        Stmt::Assign(assign) => {
            check_self_assignment(checker, assign);
            for target in &assign.targets {
                check_result(checker, Some(target), &assign.value);
            }
        }
        Stmt::Return(back) => {
            if let Some(value) = back.value.as_deref() {
                check_result(checker, None, value);
            }
        }
        Stmt::Expr(line) => check_effect(checker, line),
        _ => {}
    }
}

fn check_try<'a>(checker: &mut Checker<'a, '_>, attempt: &'a StmtTry) {
    for handler in &attempt.handlers {
        let ExceptHandler::ExceptHandler(handler) = handler;
        let kind = handler.type_.as_deref();
        let raises = any_statement(&handler.body, Stmt::is_raise_stmt);
        if kind.is_none() && !raises {
            checker.add(
                &rules::BARE_EXCEPT,
                handler,
                "This `except` names no exception, so it catches every one.".to_owned(),
                "Name the exceptions that are expected, such as `except ValueError:`; at the most `except Exception:`.",
            );
        }
        let is_broad =
            kind.is_none_or(|kind| name_of(kind).is_some_and(|name| BROAD.contains(&name)));
        let is_empty = handler.body.iter().all(|statement| {
            statement.is_pass_stmt()
                || statement
                    .as_expr_stmt()
                    .is_some_and(|line| line.value.is_ellipsis_literal_expr())
        });
        if is_broad && is_empty {
            checker.add(
                &rules::SWALLOWED_EXCEPTION,
                handler,
                "Any error in the `try` is dropped here without a trace.".to_owned(),
                "Catch the exceptions that are expected, and log or handle them.",
            );
        }
        if let Some(Expr::BoolOp(operation)) = kind {
            let quoted = checker.module.quote(operation);
            let tuple: Vec<&str> = operation
                .values
                .iter()
                .map(|value| checker.module.text(value))
                .collect();
            let fix = format!("Write `except ({}):`.", tuple.join(", "));
            let message = format!("`except {quoted}` does not catch them all.");
            checker.add(&rules::EXCEPT_OR, operation, message, fix);
        }
    }
    check_finally(checker, &attempt.finalbody, false);
}

/// `return`, or `break` and `continue` of a loop outside, in a `finally` block.
fn check_finally<'a>(checker: &mut Checker<'a, '_>, block: &'a [Stmt], in_loop: bool) {
    for statement in block {
        let leaves = statement.is_return_stmt()
            || (!in_loop && (statement.is_break_stmt() || statement.is_continue_stmt()));
        if leaves {
            let word = checker.module.quote(statement);
            let message =
                format!("`{word}` in a `finally` block drops an error that is under way.");
            checker.add(
                &rules::RETURN_IN_FINALLY,
                statement,
                message,
                "Move it behind the `try` statement.",
            );
        }
        let is_loop = statement.is_for_stmt() || statement.is_while_stmt();
        for inner in super::flow::blocks_of(statement) {
            check_finally(checker, inner, in_loop || is_loop);
        }
    }
}

fn check_self_assignment<'a>(checker: &mut Checker<'a, '_>, assign: &'a StmtAssign) {
    let [target] = assign.targets.as_slice() else {
        return;
    };
    let kind = checker
        .module
        .scopes
        .list
        .get(checker.scope)
        .map(|scope| scope.kind);
    let is_same = match (target, &*assign.value) {
        (Expr::Name(target), Expr::Name(value)) => {
            target.id == value.id && kind == Some(ScopeKind::Function)
        }
        (Expr::Attribute(target), Expr::Attribute(value)) => {
            target.attr.as_str() == value.attr.as_str()
                && !target.attr.as_str().starts_with("__")
                && is_name(&target.value, "self")
                && is_name(&value.value, "self")
        }
        _ => false,
    };
    if is_same {
        let quoted = checker.module.quote(target);
        let message = format!("`{quoted}` is assigned to itself.");
        checker.add(
            &rules::SELF_ASSIGNMENT,
            assign,
            message,
            "Assign the value that was meant, or remove the line.",
        );
    }
}

/// The result of something that returns None, kept or returned.
fn check_result<'a>(checker: &mut Checker<'a, '_>, target: Option<&'a Expr>, value: &'a Expr) {
    let Some(call) = value.as_call_expr() else {
        return;
    };
    if is_name(&call.func, "print") && checker.is_builtin("print") {
        let (rule, verb) = match target {
            Some(_) => (&rules::RESULT_IS_NONE, "kept"),
            None => (&rules::PRINT_RETURNED, "returned"),
        };
        let message = format!("The result of `print` is {verb}, but it is always None.");
        let fix = if target.is_some() {
            "Keep the text itself, and print it in a line of its own."
        } else {
            "Return the value itself, or print it in a line of its own."
        };
        checker.add(rule, call, message, fix);
        return;
    }
    if dotted(&call.func).as_deref() == Some("random.shuffle") {
        let message =
            "The result of `random.shuffle` is used, but it shuffles in place and returns None."
                .to_owned();
        checker.add(
            &rules::RESULT_IS_NONE,
            call,
            message,
            "Shuffle in a line of its own, and use the list after it.",
        );
        return;
    }
    let Some((receiver, method)) = method_of(call) else {
        return;
    };
    // A name that the assignment itself binds has the kind of its other values.
    let is_list = kind_before(checker, receiver, value) == Some(Kind::List);
    let returns_none = CHANGING.contains(&method)
        && !matches!(
            method,
            "pop" | "popitem" | "setdefault" | "add" | "update" | "discard"
        );
    let is_own = target
        .is_some_and(|target| name_of(target).is_some() && name_of(target) == name_of(receiver));
    let is_sort = method == "sort" && is_own && call.arguments.args.is_empty();
    if (is_list && returns_none) || is_sort {
        let quoted = checker.module.quote(receiver);
        let message = format!(
            "`{quoted}.{method}(…)` changes `{quoted}` in place and returns None, and that None is used here."
        );
        let fix = if method == "sort" {
            format!(
                "Write `{quoted}.sort()` in a line of its own, or `sorted({quoted})` for a new list."
            )
        } else {
            format!(
                "Call `{quoted}.{method}(…)` in a line of its own, and use `{quoted}` after it."
            )
        };
        checker.add(&rules::RESULT_IS_NONE, call, message, fix);
    }
}

/// The kind of `receiver` by every binding but the one to `value`.
fn kind_before(checker: &Checker<'_, '_>, receiver: &Expr, value: &Expr) -> Option<Kind> {
    let Some(name) = name_of(receiver) else {
        return checker.kind(receiver);
    };
    let (home, variable) = checker.module.scopes.find(checker.scope, name)?;
    let mut kind = None;
    for binding in &variable.bindings {
        let super::scopes::BindingKind::Assigned(bound) = binding.kind else {
            return None;
        };
        if std::ptr::eq(bound, value) {
            continue;
        }
        let next = checker.module.kind(home, bound)?;
        if kind.is_some_and(|kind| kind != next) {
            return None;
        }
        kind = Some(next);
    }
    kind
}

fn check_effect<'a>(checker: &mut Checker<'a, '_>, line: &'a StmtExpr) {
    check_braces(checker, &line.value);
    // Reading may be meant to raise, and the last line of a notebook shows its value.
    if checker.guards > 0 {
        return;
    }
    match &*line.value {
        Expr::Compare(compare) if !checker.functions.is_empty() => {
            let is_simple = compare.left.is_name_expr()
                || compare.left.is_attribute_expr()
                || compare.left.is_subscript_expr();
            let is_equality = compare
                .ops
                .iter()
                .all(|op| matches!(op, ruff_python_ast::CmpOp::Eq));
            let is_literal = compare.comparators.iter().all(super::queries::is_literal);
            if is_simple && is_equality && is_literal && !checker.is_in_test() {
                let quoted = checker.module.quote(compare);
                let message = format!("`{quoted}` compares and throws the answer away.");
                checker.add(
                    &rules::NO_EFFECT,
                    line,
                    message,
                    "Write one `=` to assign, or use the answer in an `if` or `assert`.",
                );
            }
        }
        Expr::Attribute(attribute) => {
            let name = attribute.attr.as_str();
            let is_read = attribute.ctx == ExprContext::Load && name_of(&attribute.value).is_some();
            if is_read && ACTIONS.contains(&name) {
                let quoted = checker.module.quote(attribute);
                let message = format!("`{quoted}` names the method but does not call it.");
                checker.add(
                    &rules::NO_EFFECT,
                    line,
                    message,
                    format!("Write `{quoted}()`."),
                );
            }
        }
        _ => {}
    }
}

/// `print("{name}")`: an f was forgotten.
fn check_braces<'a>(checker: &mut Checker<'a, '_>, value: &'a Expr) {
    let Some(call) = call_of(value, "print") else {
        return;
    };
    for argument in &call.arguments.args {
        let Some(text) = argument.as_string_literal_expr() else {
            continue;
        };
        let is_raw = checker
            .module
            .text(argument)
            .starts_with(['r', 'R', 'b', 'B']);
        let name = braced_name(text.value.to_str());
        let is_known =
            name.is_some_and(|name| checker.module.scopes.find(checker.scope, name).is_some());
        if let Some(name) = name.filter(|_| is_known && !is_raw) {
            let message = format!(
                "The text holds `{{{name}}}`, which is printed as it stands and not as the value of `{name}`."
            );
            checker.add(
                &rules::MISSING_F,
                argument,
                message,
                "Put an f before the opening quote.",
            );
        }
    }
}

/// The first name in braces in a text, as in `Hello {name}`.
fn braced_name(text: &str) -> Option<&str> {
    if text.contains("{{") || text.contains('%') {
        return None;
    }
    text.split('{').skip(1).find_map(|rest| {
        let (name, _) = rest.split_once('}')?;
        let is_name = name
            .chars()
            .all(|letter| letter.is_alphanumeric() || letter == '_')
            && name
                .chars()
                .next()
                .is_some_and(|first| first.is_alphabetic() || first == '_');
        is_name.then_some(name)
    })
}
