//! Which ways control takes: code that is never reached, functions that run off their end, recursion without an end.

use std::collections::HashSet;

use ruff_python_ast::{ExceptHandler, Expr, Pattern, Stmt, StmtFunctionDef, StmtIf, StmtTry};

use super::check::Checker;
use super::queries::{
    any_expression, any_of, any_part, any_statement, dotted, has_own_break, is_always_true, is_name,
};
use super::rules;
use super::scopes::BindingKind;

/// Words in the names of functions that are likely never to return.
const LEAVING_WORDS: &[&str] = &[
    "fail",
    "error",
    "abort",
    "exit",
    "raise",
    "die",
    "throw",
    "unreachable",
    "never",
    "skip",
    "usage",
    "fatal",
    "panic",
    "reject",
    "bad",
    "missing",
    "not_found",
    "quit",
];

/// Functions that surely never return.
const LEAVING: &[&str] = &["sys.exit", "os._exit", "os.abort", "exit", "quit"];

/// Most functions that one function's calls are followed to.
const CALLED_MAX: usize = 30;

/// Which way to err.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Lean {
    /// A statement ends normally unless it surely does not.
    Ends,
    /// A statement leaves unless it surely ends normally.
    Leaves,
}

/// Unreachable statements of a function or module.
pub(super) fn check_body<'a>(checker: &mut Checker<'a, '_>, body: &'a [Stmt]) {
    check_block(checker, body);
    let mut blocks: Vec<&'a [Stmt]> = Vec::new();
    any_statement(body, |statement| {
        blocks.extend(blocks_of(statement));
        false
    });
    for block in blocks {
        check_block(checker, block);
    }
}

/// The blocks directly inside of a statement.
pub(super) fn blocks_of(statement: &Stmt) -> Vec<&[Stmt]> {
    match statement {
        Stmt::If(branch) => {
            let mut blocks: Vec<&[Stmt]> = vec![&branch.body];
            blocks.extend(branch.elif_else_clauses.iter().map(|clause| &*clause.body));
            blocks
        }
        Stmt::For(each) => vec![&each.body, &each.orelse],
        Stmt::While(repeat) => vec![&repeat.body, &repeat.orelse],
        Stmt::With(with) => vec![&with.body],
        Stmt::Match(choice) => choice.cases.iter().map(|case| &*case.body).collect(),
        Stmt::Try(attempt) => {
            let mut blocks: Vec<&[Stmt]> = vec![&attempt.body];
            blocks.extend(attempt.handlers.iter().map(|handler| {
                let ExceptHandler::ExceptHandler(handler) = handler;
                &*handler.body
            }));
            blocks.push(&attempt.orelse);
            blocks.push(&attempt.finalbody);
            blocks
        }
        _ => Vec::new(),
    }
}

fn check_block(checker: &mut Checker<'_, '_>, block: &[Stmt]) {
    let Some(end) = block
        .iter()
        .position(|statement| !ends(statement, Lean::Ends))
    else {
        return;
    };
    let rest = block.get(end + 1..).unwrap_or_default();
    let (Some(leaving), Some(next)) = (block.get(end), rest.first()) else {
        return;
    };
    // A `yield` that is never reached makes a generator; `pass` and bare texts are harmless.
    let is_meant = any_expression(rest, |part| {
        matches!(part, Expr::Yield(_) | Expr::YieldFrom(_))
    });
    let is_harmless = rest.iter().all(|statement| {
        statement.is_pass_stmt()
            || statement.is_break_stmt()
            || statement
                .as_expr_stmt()
                .is_some_and(|line| line.value.is_literal_expr())
    });
    let is_definition = next.is_function_def_stmt() || next.is_class_def_stmt();
    if is_meant || is_harmless || is_definition || leaving.is_assert_stmt() {
        return;
    }
    let (what, fix) = match leaving {
        Stmt::While(_) => (
            "the loop before it never ends".to_owned(),
            "Add a `break` to the loop, or move this before it.",
        ),
        Stmt::Return(_) | Stmt::Raise(_) | Stmt::Break(_) | Stmt::Continue(_) => {
            let word = checker.module.text(leaving);
            let word = word.split_whitespace().next().unwrap_or_default();
            (
                format!("the `{word}` before it always leaves"),
                "Remove it, or move it before the line that leaves.",
            )
        }
        _ => (
            "every way through the statement before it leaves".to_owned(),
            "Remove it, or let one of the ways before it go on.",
        ),
    };
    let quoted = checker.module.quote(next);
    let message = format!("`{quoted}` is never reached: {what}.");
    checker.add(&rules::UNREACHABLE_CODE, next, message, fix);
}

/// Whether control may pass the end of `block`.
fn all_end(block: &[Stmt], lean: Lean) -> bool {
    block.iter().all(|statement| ends(statement, lean))
}

fn ends(statement: &Stmt, lean: Lean) -> bool {
    match statement {
        Stmt::Return(_) | Stmt::Raise(_) | Stmt::Break(_) | Stmt::Continue(_) => false,
        Stmt::Assert(assertion) => !is_false(&assertion.test),
        Stmt::Expr(line) => !leaves(&line.value, lean),
        Stmt::If(branch) => {
            all_end(&branch.body, lean)
                || !has_else(branch)
                || branch
                    .elif_else_clauses
                    .iter()
                    .any(|clause| all_end(&clause.body, lean))
        }
        Stmt::While(repeat) => {
            let is_endless = is_always_true(&repeat.test);
            has_own_break(&repeat.body) || (!is_endless && all_end(&repeat.orelse, lean))
        }
        Stmt::For(each) => has_own_break(&each.body) || all_end(&each.orelse, lean),
        Stmt::With(with) => lean == Lean::Ends || all_end(&with.body, lean),
        Stmt::Match(choice) => {
            let is_exhaustive = choice.cases.iter().any(|case| {
                case.guard.is_none()
                    && matches!(&case.pattern, Pattern::MatchAs(all) if all.pattern.is_none())
            });
            (!is_exhaustive && lean == Lean::Ends)
                || choice.cases.iter().any(|case| all_end(&case.body, lean))
        }
        Stmt::Try(attempt) => try_ends(attempt, lean),
        _ => true,
    }
}

fn try_ends(attempt: &StmtTry, lean: Lean) -> bool {
    let main = all_end(&attempt.body, lean) && all_end(&attempt.orelse, lean);
    let any_handler = attempt.handlers.iter().any(|handler| {
        let ExceptHandler::ExceptHandler(handler) = handler;
        all_end(&handler.body, lean)
    });
    (main || any_handler) && all_end(&attempt.finalbody, lean)
}

fn has_else(branch: &StmtIf) -> bool {
    is_always_true(&branch.test)
        || branch
            .elif_else_clauses
            .last()
            .is_some_and(|clause| clause.test.is_none())
}

fn is_false(test: &Expr) -> bool {
    test.as_boolean_literal_expr()
        .is_some_and(|literal| !literal.value)
        || super::queries::int_of(test) == Some(0)
}

/// Whether a call never returns.
fn leaves(expression: &Expr, lean: Lean) -> bool {
    let expression = match expression.as_await_expr() {
        Some(awaited) => &awaited.value,
        None => expression,
    };
    let Some(call) = expression.as_call_expr() else {
        return false;
    };
    let name = dotted(&call.func);
    if name.as_deref().is_some_and(|name| LEAVING.contains(&name)) {
        return true;
    }
    let last = match call.func.as_attribute_expr() {
        Some(attribute) => attribute.attr.as_str(),
        None => super::queries::name_of(&call.func).unwrap_or_default(),
    };
    let last = last.to_ascii_lowercase();
    lean == Lean::Leaves && LEAVING_WORDS.iter().any(|word| last.contains(word))
}

/// Functions of which some ways return a value and others run off the end.
pub(super) fn check_returns<'a>(checker: &mut Checker<'a, '_>, function: &'a StmtFunctionDef) {
    let body = &function.body;
    if !all_end(body, Lean::Leaves) || calls_what_never_returns(checker, body) {
        return;
    }
    let mut values = Vec::new();
    let mut is_plain = false;
    let is_generator = any_of(
        body,
        |statement| {
            if let Stmt::Return(back) = statement {
                match back.value.as_deref() {
                    None | Some(Expr::NoneLiteral(_)) => is_plain = true,
                    Some(value) => values.push(value),
                }
            }
            false
        },
        |part| matches!(part, Expr::Yield(_) | Expr::YieldFrom(_)),
    );
    if is_generator || is_plain || values.is_empty() || expects_none(function) {
        return;
    }
    // One that returns False here and there, and never True, is missing its last line.
    let ends_in_loop = matches!(body.last(), Some(Stmt::For(_) | Stmt::While(_)));
    let is_test = ends_in_loop && values.iter().all(|value| is_false(value));
    let rule = if is_test || drops_value(body.last(), function.name.as_str()) {
        &rules::MISSING_RETURN
    } else {
        &rules::MISSING_RETURN_MAYBE
    };
    let name = function.name.as_str();
    let message = format!(
        "`{name}` returns a value on some ways, but can also reach its end, where it returns None."
    );
    let fix = if is_test {
        "Write `return True` at the end."
    } else {
        "Return a value at the end as well, or write `return None` there if that is meant."
    };
    checker.add(rule, &function.name, message, fix);
}

/// Whether the last statement has an `else`, and one of its parts works out a value but does not return it.
fn drops_value(last: Option<&Stmt>, name: &str) -> bool {
    let Some(last @ Stmt::If(branch)) = last else {
        return false;
    };
    let blocks = blocks_of(last);
    let drops = |value: &Expr| {
        matches!(value, Expr::BinOp(_) | Expr::Compare(_) | Expr::Name(_))
            || value
                .as_call_expr()
                .is_some_and(|call| is_name(&call.func, name))
    };
    let ends_with = |block: &[Stmt]| {
        block
            .last()
            .and_then(Stmt::as_expr_stmt)
            .is_some_and(|line| drops(&line.value))
    };
    has_else(branch)
        && blocks.iter().any(|block| ends_with(block))
        && blocks
            .iter()
            .any(|block| block.last().is_some_and(Stmt::is_return_stmt))
}

/// Whether the annotation says that None may come back.
fn expects_none(function: &StmtFunctionDef) -> bool {
    function.returns.as_deref().is_some_and(|returns| {
        any_part(returns, |part| {
            matches!(part, Expr::NoneLiteral(_) | Expr::StringLiteral(_))
                || is_name(part, "Optional")
                || is_name(part, "Any")
        })
    })
}

/// Whether the last statement, or one at an end inside of it, calls a function of this module that never returns.
fn calls_what_never_returns(checker: &Checker<'_, '_>, body: &[Stmt]) -> bool {
    let scopes = &checker.module.scopes;
    let mut seen: HashSet<&str> = HashSet::new();
    any_statement(body, |statement| {
        let Some(call) = statement
            .as_expr_stmt()
            .and_then(|line| line.value.as_call_expr())
        else {
            return false;
        };
        // Each called function is looked at once, and no more than a few are.
        if seen.len() >= CALLED_MAX || !seen.insert(checker.module.text(&*call.func)) {
            return false;
        }
        if let Some(name) = super::queries::name_of(&call.func) {
            let variable = scopes.find_variable(checker.scope, name);
            return variable.and_then(|variable| variable.only()).is_some_and(
                |binding| matches!(binding.kind, BindingKind::Function(called) if !all_end(&called.body, Lean::Ends)),
            );
        }
        let Some((receiver, method)) = super::queries::method_of(call) else {
            return false;
        };
        is_name(receiver, "self")
            && checker.classes.last().is_some_and(|class| {
                class.body.iter().any(|member| {
                    member.as_function_def_stmt().is_some_and(|member| {
                        member.name.as_str() == method
                            && !all_end(&member.body, Lean::Ends)
                            && !any_statement(&member.body, Stmt::is_return_stmt)
                    })
                })
            })
    })
}

/// Functions that call themselves on every way.
pub(super) fn check_recursion<'a>(checker: &mut Checker<'a, '_>, function: &'a StmtFunctionDef) {
    let name = function.name.as_str();
    let scope = checker.scope;
    let is_method = checker
        .module
        .scopes
        .list
        .get(scope)
        .and_then(|inner| checker.module.scopes.list.get(inner.parent))
        .is_some_and(|outer| outer.kind == super::scopes::ScopeKind::Class);
    if is_method || checker.is_in_test() || function.is_async || !function.decorator_list.is_empty()
    {
        return;
    }
    let is_itself = checker
        .module
        .scopes
        .find_variable(scope, name)
        .and_then(|variable| variable.only())
        .is_some_and(|binding| matches!(binding.kind, BindingKind::Function(found) if found.range == function.range));
    let is_generator = any_expression(&function.body, |part| {
        matches!(part, Expr::Yield(_) | Expr::YieldFrom(_))
    });
    if is_itself && !is_generator && always_calls(&function.body, name) {
        let message = format!("`{name}` calls itself on every way through it, so it never ends.");
        let fix = format!("Add a case in which `{name}` returns without calling itself.");
        checker.add(&rules::ENDLESS_RECURSION, &function.name, message, fix);
    }
}

/// Whether every way through `block` calls `name`.
fn always_calls(block: &[Stmt], name: &str) -> bool {
    for statement in block {
        let is_sure = match statement {
            Stmt::Expr(line) => surely_calls(&line.value, name),
            Stmt::Return(back) => {
                return back
                    .value
                    .as_deref()
                    .is_some_and(|value| surely_calls(value, name));
            }
            Stmt::Assign(assign) => surely_calls(&assign.value, name),
            Stmt::AugAssign(assign) => surely_calls(&assign.value, name),
            Stmt::If(branch) => {
                surely_calls(&branch.test, name)
                    || (has_else(branch)
                        && blocks_of(statement)
                            .iter()
                            .all(|block| always_calls(block, name)))
            }
            Stmt::With(with) => always_calls(&with.body, name),
            _ => false,
        };
        if is_sure {
            return true;
        }
        let may_leave = any_of(
            std::slice::from_ref(statement),
            |part| matches!(part, Stmt::Return(_) | Stmt::Raise(_) | Stmt::Assert(_)),
            |part| leaves(part, Lean::Leaves),
        );
        if may_leave && !statement.is_function_def_stmt() {
            return false;
        }
    }
    false
}

/// Whether evaluating `expression` always calls `name`.
fn surely_calls(expression: &Expr, name: &str) -> bool {
    match expression {
        Expr::Call(call) => {
            is_name(&call.func, name)
                || surely_calls(&call.func, name)
                || call
                    .arguments
                    .args
                    .iter()
                    .any(|part| surely_calls(part, name))
                || call
                    .arguments
                    .keywords
                    .iter()
                    .any(|keyword| surely_calls(&keyword.value, name))
        }
        Expr::BinOp(operation) => {
            surely_calls(&operation.left, name) || surely_calls(&operation.right, name)
        }
        Expr::UnaryOp(unary) => surely_calls(&unary.operand, name),
        Expr::BoolOp(operation) => operation
            .values
            .first()
            .is_some_and(|value| surely_calls(value, name)),
        Expr::Compare(compare) => surely_calls(&compare.left, name),
        Expr::If(choice) => {
            surely_calls(&choice.test, name)
                || (surely_calls(&choice.body, name) && surely_calls(&choice.orelse, name))
        }
        Expr::Tuple(tuple) => tuple.elts.iter().any(|part| surely_calls(part, name)),
        Expr::List(list) => list.elts.iter().any(|part| surely_calls(part, name)),
        Expr::Attribute(attribute) => surely_calls(&attribute.value, name),
        Expr::Subscript(subscript) => {
            surely_calls(&subscript.value, name) || surely_calls(&subscript.slice, name)
        }
        _ => false,
    }
}
