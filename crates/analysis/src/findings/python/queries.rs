//! Questions about pieces of a syntax tree. They look into nested blocks, but not into nested functions and classes.

use ruff_python_ast::visitor::{Visitor, walk_expr, walk_stmt};
use ruff_python_ast::{Expr, ExprCall, Number, Stmt, UnaryOp};

struct Search<'a, 'f> {
    is_found: bool,
    statement: &'f mut dyn FnMut(&'a Stmt) -> bool,
    expression: &'f mut dyn FnMut(&'a Expr) -> bool,
}

impl<'a> Visitor<'a> for Search<'a, '_> {
    fn visit_stmt(&mut self, statement: &'a Stmt) {
        if self.is_found {
            return;
        }
        if (self.statement)(statement) {
            self.is_found = true;
        } else if !matches!(statement, Stmt::FunctionDef(_) | Stmt::ClassDef(_)) {
            walk_stmt(self, statement);
        }
    }

    fn visit_expr(&mut self, expression: &'a Expr) {
        if self.is_found {
            return;
        }
        if (self.expression)(expression) {
            self.is_found = true;
        } else {
            walk_expr(self, expression);
        }
    }
}

/// Whether a statement or an expression in `body` is as wanted.
pub(super) fn any_of<'a>(
    body: &'a [Stmt],
    mut statement: impl FnMut(&'a Stmt) -> bool,
    mut expression: impl FnMut(&'a Expr) -> bool,
) -> bool {
    let mut search = Search {
        is_found: false,
        statement: &mut statement,
        expression: &mut expression,
    };
    search.visit_body(body);
    search.is_found
}

/// Whether an expression in `body` is as wanted.
pub(super) fn any_expression<'a>(body: &'a [Stmt], wanted: impl FnMut(&'a Expr) -> bool) -> bool {
    any_of(body, |_| false, wanted)
}

/// Whether a statement in `body` is as wanted.
pub(super) fn any_statement<'a>(body: &'a [Stmt], wanted: impl FnMut(&'a Stmt) -> bool) -> bool {
    any_of(body, wanted, |_| false)
}

/// Whether `expression` or a part of it is as wanted.
pub(super) fn any_part<'a>(expression: &'a Expr, mut wanted: impl FnMut(&'a Expr) -> bool) -> bool {
    let mut search = Search {
        is_found: false,
        statement: &mut |_| false,
        expression: &mut wanted,
    };
    search.visit_expr(expression);
    search.is_found
}

/// Whether a condition in `body`, or one side of an `and` or `or`, is as wanted.
pub(super) fn any_condition<'a>(body: &'a [Stmt], wanted: impl Fn(&'a Expr) -> bool) -> bool {
    any_of(
        body,
        |statement| match statement {
            Stmt::If(branch) => {
                wanted(&branch.test)
                    || branch
                        .elif_else_clauses
                        .iter()
                        .any(|clause| clause.test.as_ref().is_some_and(&wanted))
            }
            Stmt::While(repeat) => wanted(&repeat.test),
            Stmt::Assert(assertion) => wanted(&assertion.test),
            Stmt::Match(choice) => wanted(&choice.subject),
            _ => false,
        },
        |part| match part {
            Expr::If(choice) => wanted(&choice.test),
            Expr::BoolOp(operation) => operation.values.iter().any(&wanted),
            _ => false,
        },
    )
}

/// The names in `body` that are given a value as wanted.
pub(super) fn names_given<'a>(
    body: &'a [Stmt],
    mut wanted: impl FnMut(&'a Expr) -> bool,
) -> Vec<&'a str> {
    let mut names = Vec::new();
    any_statement(body, |statement| {
        if let Stmt::Assign(assign) = statement
            && wanted(&assign.value)
        {
            names.extend(assign.targets.iter().filter_map(name_of));
        }
        false
    });
    names
}

/// The name that an expression is.
pub(super) fn name_of(expression: &Expr) -> Option<&str> {
    expression.as_name_expr().map(|name| name.id.as_str())
}

pub(super) fn is_name(expression: &Expr, wanted: &str) -> bool {
    name_of(expression) == Some(wanted)
}

/// Whether `expression` mentions the name.
pub(super) fn mentions(expression: &Expr, name: &str) -> bool {
    any_part(expression, |part| is_name(part, name))
}

/// A name with attributes, such as `os.path.join`.
pub(super) fn dotted(expression: &Expr) -> Option<String> {
    const PARTS_MAX: usize = 8;
    let mut parts = Vec::new();
    let mut at = expression;
    while let Some(attribute) = at.as_attribute_expr() {
        parts.push(attribute.attr.as_str());
        at = &attribute.value;
        if parts.len() > PARTS_MAX {
            return None;
        }
    }
    parts.push(name_of(at)?);
    parts.reverse();
    Some(parts.join("."))
}

/// The call that an expression is, when the called is the plain name `wanted`.
pub(super) fn call_of<'a>(expression: &'a Expr, wanted: &str) -> Option<&'a ExprCall> {
    let call = expression.as_call_expr()?;
    is_name(&call.func, wanted).then_some(call)
}

/// The only argument of a call, when it has just one and no keyword.
pub(super) fn only_argument(call: &ExprCall) -> Option<&Expr> {
    match call.arguments.args.as_ref() {
        [argument] if call.arguments.keywords.is_empty() && !argument.is_starred_expr() => {
            Some(argument)
        }
        _ => None,
    }
}

/// What `len(…)` is taken of.
pub(super) fn len_of(expression: &Expr) -> Option<&Expr> {
    only_argument(call_of(expression, "len")?)
}

/// The receiver and the name of a method call.
pub(super) fn method_of(call: &ExprCall) -> Option<(&Expr, &str)> {
    let attribute = call.func.as_attribute_expr()?;
    Some((&attribute.value, attribute.attr.as_str()))
}

/// The value of an integer literal, with its sign.
pub(super) fn int_of(expression: &Expr) -> Option<i64> {
    if let Some(unary) = expression.as_unary_op_expr()
        && unary.op == UnaryOp::USub
    {
        return int_of(&unary.operand)?.checked_neg();
    }
    match &expression.as_number_literal_expr()?.value {
        Number::Int(int) => int.as_i64(),
        Number::Float(_) | Number::Complex { .. } => None,
    }
}

/// The value of a float literal.
pub(super) fn float_of(expression: &Expr) -> Option<f64> {
    match &expression.as_number_literal_expr()?.value {
        Number::Float(value) => Some(*value),
        Number::Int(_) | Number::Complex { .. } => None,
    }
}

/// Whether an expression is a literal, or a list, tuple, set or dict display.
pub(super) fn is_literal(expression: &Expr) -> bool {
    expression.is_literal_expr()
        || matches!(
            expression,
            Expr::List(_) | Expr::Tuple(_) | Expr::Dict(_) | Expr::Set(_)
        )
}

/// Whether control never passes the end of a condition that is written down as true.
pub(super) fn is_always_true(test: &Expr) -> bool {
    match test.as_boolean_literal_expr() {
        Some(literal) => literal.value,
        None => int_of(test).is_some_and(|value| value != 0),
    }
}

/// Whether leaving `body` by `return`, `raise`, `break` of the loop around it, or `yield` is possible.
pub(super) fn has_way_out(body: &[Stmt]) -> bool {
    any_of(
        body,
        |statement| {
            matches!(
                statement,
                Stmt::Return(_) | Stmt::Raise(_) | Stmt::Assert(_)
            )
        },
        |expression| {
            matches!(
                expression,
                Expr::Yield(_) | Expr::YieldFrom(_) | Expr::Await(_)
            )
        },
    ) || has_own_break(body)
}

/// Whether `body` has a `break` that belongs to the loop around it.
pub(super) fn has_own_break(body: &[Stmt]) -> bool {
    body.iter().any(|statement| match statement {
        Stmt::Break(_) => true,
        Stmt::If(branch) => {
            has_own_break(&branch.body)
                || branch
                    .elif_else_clauses
                    .iter()
                    .any(|clause| has_own_break(&clause.body))
        }
        Stmt::For(each) => has_own_break(&each.orelse),
        Stmt::While(repeat) => has_own_break(&repeat.orelse),
        Stmt::With(with) => has_own_break(&with.body),
        Stmt::Match(choice) => choice.cases.iter().any(|case| has_own_break(&case.body)),
        Stmt::Try(attempt) => {
            has_own_break(&attempt.body)
                || has_own_break(&attempt.orelse)
                || has_own_break(&attempt.finalbody)
                || attempt.handlers.iter().any(|handler| {
                    let ruff_python_ast::ExceptHandler::ExceptHandler(handler) = handler;
                    has_own_break(&handler.body)
                })
        }
        Stmt::FunctionDef(_)
        | Stmt::ClassDef(_)
        | Stmt::Return(_)
        | Stmt::Delete(_)
        | Stmt::TypeAlias(_)
        | Stmt::Assign(_)
        | Stmt::AugAssign(_)
        | Stmt::AnnAssign(_)
        | Stmt::Raise(_)
        | Stmt::Assert(_)
        | Stmt::Import(_)
        | Stmt::ImportFrom(_)
        | Stmt::Global(_)
        | Stmt::Nonlocal(_)
        | Stmt::Expr(_)
        | Stmt::Pass(_)
        | Stmt::Continue(_)
        | Stmt::IpyEscapeCommand(_) => false,
    })
}
