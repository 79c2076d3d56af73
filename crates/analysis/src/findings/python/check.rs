//! Walks a module once and asks every rule about every statement and expression, telling it where it stands.

use std::cell::Cell;

use ruff_python_ast::visitor::{Visitor, walk_expr, walk_stmt};
use ruff_python_ast::{ExceptHandler, Expr, Stmt, StmtClassDef, StmtFunctionDef};
use ruff_text_size::{Ranged, TextRange};

use super::scopes::ScopeKind;
use super::{Findings, Module};
use super::{
    arithmetic, calls, captures, comparisons, flow, functions, indexes, loops, resources, security,
    statements,
};
use crate::findings::Rule;

/// Most times that whole functions are searched for what a rule wants to know.
const SEARCHES_MAX: usize = 400;

pub(super) fn check(module: &Module<'_>, findings: &mut Findings) {
    let mut checker = Checker {
        module,
        findings,
        scope: 0,
        functions: Vec::new(),
        classes: Vec::new(),
        loops: Vec::new(),
        guards: 0,
        asserts: 0,
        searches: Cell::new(0),
    };
    flow::check_body(&mut checker, module.body);
    checker.visit_body(module.body);
}

/// The walk: what is known of the place it has come to.
pub(super) struct Checker<'a, 'm> {
    pub(super) module: &'m Module<'a>,
    findings: &'m mut Findings,
    pub(super) scope: usize,
    pub(super) functions: Vec<&'a StmtFunctionDef>,
    pub(super) classes: Vec<&'a StmtClassDef>,
    /// The loops around, of the function at hand.
    pub(super) loops: Vec<&'a Stmt>,
    /// Depth of `try` and `with`, which may catch what goes wrong.
    pub(super) guards: usize,
    /// Depth of `assert` and calls of assertion methods: tests do odd things on purpose.
    pub(super) asserts: usize,
    searches: Cell<usize>,
}

impl<'a> Checker<'a, '_> {
    pub(super) fn add(
        &mut self,
        rule: &'static Rule,
        at: &impl Ranged,
        message: String,
        fix: impl Into<String>,
    ) {
        self.findings.add(rule, at, message, fix);
    }

    /// The statements of the function at hand, or of the module.
    pub(super) fn body(&self) -> &'a [Stmt] {
        match self.functions.last() {
            Some(function) => &function.body,
            None => self.module.body,
        }
    }

    /// Whether one more search of a whole function is allowed.
    pub(super) fn may_search(&self) -> bool {
        self.searches.set(self.searches.get() + 1);
        self.searches.get() <= SEARCHES_MAX
    }

    /// Whether `name` means the built-in one here.
    pub(super) fn is_builtin(&self, name: &str) -> bool {
        self.module.scopes.is_builtin(self.scope, name)
    }

    /// Whether the place is in a test, where mistakes may be made on purpose.
    pub(super) fn is_in_test(&self) -> bool {
        let is_test = |name: &str| name.starts_with("test") || name.starts_with("Test");
        self.functions
            .iter()
            .any(|function| is_test(function.name.as_str()))
            || self.classes.iter().any(|class| {
                is_test(class.name.as_str())
                    || class.name.as_str().ends_with("Test")
                    || class.name.as_str().ends_with("Tests")
            })
    }

    pub(super) fn is_in_lambda(&self) -> bool {
        let scope = self.module.scopes.list.get(self.scope);
        scope.is_some_and(|scope| scope.kind == ScopeKind::Lambda)
    }

    pub(super) fn kind(&self, expression: &Expr) -> Option<super::kinds::Kind> {
        self.module.kind(self.scope, expression)
    }

    fn within(&mut self, owner: TextRange, visit: impl FnOnce(&mut Self)) {
        let outer = self.scope;
        self.scope = self.module.scopes.opened_by(owner).unwrap_or(outer);
        visit(self);
        self.scope = outer;
    }

    fn visit_function(&mut self, function: &'a StmtFunctionDef) {
        for decorator in &function.decorator_list {
            self.visit_decorator(decorator);
        }
        self.visit_parameters(&function.parameters);
        let loops = std::mem::take(&mut self.loops);
        let guards = std::mem::take(&mut self.guards);
        self.functions.push(function);
        self.within(function.range, |checker| {
            functions::check_body(checker, function);
            flow::check_body(checker, &function.body);
            checker.visit_body(&function.body);
        });
        self.functions.pop();
        self.loops = loops;
        self.guards = guards;
    }

    fn visit_class(&mut self, class: &'a StmtClassDef) {
        for decorator in &class.decorator_list {
            self.visit_decorator(decorator);
        }
        if let Some(arguments) = &class.arguments {
            self.visit_arguments(arguments);
        }
        self.classes.push(class);
        let functions = std::mem::take(&mut self.functions);
        let loops = std::mem::take(&mut self.loops);
        self.within(class.range, |checker| checker.visit_body(&class.body));
        self.functions = functions;
        self.loops = loops;
        self.classes.pop();
    }

    fn ask_of_statement(&mut self, statement: &'a Stmt) {
        statements::check(self, statement);
        loops::check(self, statement);
        captures::check_statement(self, statement);
        indexes::check_statement(self, statement);
        functions::check_statement(self, statement);
        resources::check_statement(self, statement);
    }

    fn ask_of_expression(&mut self, expression: &'a Expr) {
        comparisons::check(self, expression);
        arithmetic::check(self, expression);
        indexes::check(self, expression);
        calls::check(self, expression);
        loops::check_expression(self, expression);
        captures::check(self, expression);
        resources::check(self, expression);
        security::check(self, expression);
    }
}

impl<'a> Visitor<'a> for Checker<'a, '_> {
    fn visit_stmt(&mut self, statement: &'a Stmt) {
        self.ask_of_statement(statement);
        match statement {
            Stmt::FunctionDef(function) => self.visit_function(function),
            Stmt::ClassDef(class) => self.visit_class(class),
            Stmt::For(each) => {
                self.visit_expr(&each.iter);
                self.visit_expr(&each.target);
                self.loops.push(statement);
                self.visit_body(&each.body);
                self.loops.pop();
                self.visit_body(&each.orelse);
            }
            Stmt::While(repeat) => {
                self.loops.push(statement);
                self.visit_expr(&repeat.test);
                self.visit_body(&repeat.body);
                self.loops.pop();
                self.visit_body(&repeat.orelse);
            }
            Stmt::Try(attempt) => {
                let guards = usize::from(!attempt.handlers.is_empty());
                self.guards += guards;
                self.visit_body(&attempt.body);
                self.guards -= guards;
                for handler in &attempt.handlers {
                    let ExceptHandler::ExceptHandler(handler) = handler;
                    if let Some(kind) = &handler.type_ {
                        self.visit_expr(kind);
                    }
                    self.visit_body(&handler.body);
                }
                self.visit_body(&attempt.orelse);
                self.visit_body(&attempt.finalbody);
            }
            Stmt::With(with) => {
                for item in &with.items {
                    self.visit_with_item(item);
                }
                self.guards += 1;
                self.visit_body(&with.body);
                self.guards -= 1;
            }
            Stmt::Assert(_) => {
                self.asserts += 1;
                walk_stmt(self, statement);
                self.asserts -= 1;
            }
            // A calculation in a line of its own can only be there to raise.
            Stmt::Expr(line) if line.value.is_bin_op_expr() || line.value.is_compare_expr() => {
                self.asserts += 1;
                self.visit_expr(&line.value);
                self.asserts -= 1;
            }
            _ => walk_stmt(self, statement),
        }
    }

    fn visit_annotation(&mut self, _annotation: &'a Expr) {}

    fn visit_expr(&mut self, expression: &'a Expr) {
        self.ask_of_expression(expression);
        match expression {
            Expr::Lambda(lambda) => {
                if let Some(parameters) = &lambda.parameters {
                    self.visit_parameters(parameters);
                }
                self.within(lambda.range, |checker| checker.visit_expr(&lambda.body));
            }
            Expr::ListComp(_) | Expr::SetComp(_) | Expr::DictComp(_) | Expr::Generator(_) => {
                self.within(expression.range(), |checker| walk_expr(checker, expression));
            }
            Expr::Call(call) => {
                let is_assertion = call.func.as_attribute_expr().is_some_and(|method| {
                    let name = method.attr.as_str();
                    name.starts_with("assert") || name.starts_with("fail")
                });
                self.asserts += usize::from(is_assertion);
                walk_expr(self, expression);
                self.asserts -= usize::from(is_assertion);
            }
            _ => walk_expr(self, expression),
        }
    }
}
