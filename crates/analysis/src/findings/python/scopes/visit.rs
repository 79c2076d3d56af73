//! Which statements and expressions bind and read names, and in which order they are visited.

use ruff_python_ast::visitor::{Visitor, walk_expr, walk_pattern, walk_stmt};
use ruff_python_ast::{Expr, ExprContext, Pattern, Stmt};
use ruff_text_size::Ranged;

use super::collect::{Collector, is_version_test, names};
use super::{BindingKind, ScopeKind, Usage};

/// Functions that take types as strings.
const TYPE_TAKERS: &[&str] = &[
    "cast",
    "TypeVar",
    "NewType",
    "ForwardRef",
    "NamedTuple",
    "TypedDict",
];

impl<'a> Collector<'a> {
    fn visit_assignment(&mut self, statement: &'a Stmt) {
        match statement {
            Stmt::Assign(assign) => {
                self.visit_expr(&assign.value);
                for target in &assign.targets {
                    if is_exports(target) {
                        self.scopes.has_exports = true;
                        self.mention_strings(&assign.value);
                    }
                    if is_builtins_attribute(target) {
                        self.scopes.is_dynamic = true;
                    }
                    self.bind_target(target, BindingKind::Assigned(&assign.value));
                }
            }
            Stmt::AugAssign(assign) => {
                if is_exports(&assign.target) {
                    self.mention_strings(&assign.value);
                }
                self.visit_expr(&assign.value);
                match assign.target.as_name_expr() {
                    Some(name) => self.bind(
                        name.id.as_str(),
                        name.range(),
                        BindingKind::Augmented(assign),
                    ),
                    None => self.visit_expr(&assign.target),
                }
            }
            Stmt::AnnAssign(assign) => {
                let is_local = self.kind(self.at) == ScopeKind::Function;
                self.quiet += usize::from(is_local);
                self.visit_annotation(&assign.annotation);
                if last_name(&assign.annotation) == "TypeAlias"
                    && let Some(value) = &assign.value
                {
                    self.mention_strings(value);
                }
                self.quiet -= usize::from(is_local);
                let kind = match &assign.value {
                    Some(value) => {
                        self.visit_expr(value);
                        BindingKind::Assigned(value)
                    }
                    None => BindingKind::Declared,
                };
                self.bind_target(&assign.target, kind);
            }
            _ => {}
        }
    }

    fn visit_declaration(&mut self, statement: &'a Stmt) {
        match statement {
            Stmt::Import(import) => {
                for alias in &import.names {
                    self.visit_import(alias, false);
                }
            }
            Stmt::ImportFrom(import) => {
                if import.module.as_deref() == Some("__future__") {
                    self.has_late_annotations |= import
                        .names
                        .iter()
                        .any(|alias| alias.name.as_str() == "annotations");
                    return;
                }
                for alias in &import.names {
                    self.visit_import(alias, true);
                }
            }
            Stmt::Global(global) => {
                let at = self.at;
                for name in &global.names {
                    if let Some(scope) = self.scopes.list.get_mut(at) {
                        scope.globals.insert(name.as_str());
                    }
                }
            }
            Stmt::Nonlocal(nonlocal) => {
                let at = self.at;
                for name in &nonlocal.names {
                    if let Some(scope) = self.scopes.list.get_mut(at) {
                        scope.nonlocals.insert(name.as_str());
                    }
                }
            }
            _ => {}
        }
    }

    fn visit_scope(&mut self, expression: &'a Expr) {
        match expression {
            Expr::Lambda(lambda) => {
                if let Some(parameters) = &lambda.parameters {
                    self.visit_parameters_outside(parameters);
                }
                let outer = self.open(ScopeKind::Lambda, lambda.range);
                if let Some(parameters) = &lambda.parameters {
                    self.bind_parameters(parameters);
                }
                self.visit_expr(&lambda.body);
                self.at = outer;
            }
            Expr::ListComp(comp) => {
                self.visit_comprehension_parts(
                    comp.range,
                    &comp.generators,
                    [Some(&comp.elt), None],
                );
            }
            Expr::SetComp(comp) => {
                self.visit_comprehension_parts(
                    comp.range,
                    &comp.generators,
                    [Some(&comp.elt), None],
                );
            }
            Expr::Generator(comp) => {
                self.visit_comprehension_parts(
                    comp.range,
                    &comp.generators,
                    [Some(&comp.elt), None],
                );
            }
            Expr::DictComp(comp) => {
                self.visit_comprehension_parts(
                    comp.range,
                    &comp.generators,
                    [comp.key.as_deref(), Some(&comp.value)],
                );
            }
            _ => {}
        }
    }
}

impl<'a> Visitor<'a> for Collector<'a> {
    fn visit_stmt(&mut self, statement: &'a Stmt) {
        match statement {
            Stmt::FunctionDef(function) => self.visit_function(function),
            Stmt::ClassDef(class) => self.visit_class(class),
            Stmt::Assign(_) | Stmt::AugAssign(_) | Stmt::AnnAssign(_) => {
                self.visit_assignment(statement);
            }
            Stmt::For(each) => {
                self.visit_used(&each.iter, Usage::Iterated);
                self.bind_target(&each.target, BindingKind::Loop);
                self.visit_body(&each.body);
                self.visit_body(&each.orelse);
            }
            Stmt::With(with) => {
                for item in &with.items {
                    self.visit_expr(&item.context_expr);
                    if let Some(target) = &item.optional_vars {
                        self.bind_target(target, BindingKind::With);
                    }
                }
                // Tests import under `with` to see what it does.
                self.guarded += 1;
                self.visit_body(&with.body);
                self.guarded -= 1;
            }
            Stmt::Import(_) | Stmt::ImportFrom(_) | Stmt::Global(_) | Stmt::Nonlocal(_) => {
                self.visit_declaration(statement);
            }
            Stmt::Try(attempt) => self.visit_try(attempt),
            Stmt::If(branch) => self.visit_if(branch),
            Stmt::Delete(delete) => {
                for target in &delete.targets {
                    match target.as_name_expr() {
                        Some(name) => self.refer(name, Usage::Deleted),
                        None => self.visit_expr(target),
                    }
                }
            }
            Stmt::TypeAlias(alias) => {
                let outer = self.open_type_parameters(alias.type_params.as_deref());
                self.visit_annotation(&alias.value);
                self.at = outer;
                self.bind_target(&alias.name, BindingKind::Type);
            }
            _ => walk_stmt(self, statement),
        }
    }

    fn visit_expr(&mut self, expression: &'a Expr) {
        match expression {
            Expr::Name(name) => match name.ctx {
                ExprContext::Load => self.refer(name, Usage::Other),
                ExprContext::Del => self.refer(name, Usage::Deleted),
                ExprContext::Store | ExprContext::Invalid => {
                    self.bind(name.id.as_str(), name.range(), BindingKind::Unpacked);
                }
            },
            Expr::Attribute(attribute) => {
                self.visit_used(&attribute.value, Usage::Attribute(attribute.attr.as_str()));
            }
            Expr::Call(call) => {
                if let Some(name) = call.func.as_name_expr() {
                    self.note_call(name.id.as_str());
                }
                if TYPE_TAKERS.contains(&last_name(&call.func)) {
                    for argument in &call.arguments.args {
                        self.mention_strings(argument);
                    }
                    for keyword in &call.arguments.keywords {
                        self.mention_strings(&keyword.value);
                    }
                }
                self.visit_used(&call.func, Usage::Called);
                self.visit_arguments(&call.arguments);
            }
            Expr::Named(named) => {
                self.visit_expr(&named.value);
                let mut home = self.at;
                while self.kind(home) == ScopeKind::Comprehension {
                    home = self.scopes.list.get(home).map_or(0, |scope| scope.parent);
                }
                if let Some(name) = named.target.as_name_expr() {
                    let kind = BindingKind::Assigned(&named.value);
                    self.bind_in(home, name.id.as_str(), name.range(), kind);
                }
            }
            Expr::Lambda(_)
            | Expr::ListComp(_)
            | Expr::SetComp(_)
            | Expr::DictComp(_)
            | Expr::Generator(_) => self.visit_scope(expression),
            Expr::If(choice) if is_version_test(&choice.test) => {
                self.quiet += 1;
                walk_expr(self, expression);
                self.quiet -= 1;
            }
            Expr::Subscript(subscript) => {
                self.mention_strings(&subscript.slice);
                walk_expr(self, expression);
            }
            _ => walk_expr(self, expression),
        }
    }

    fn visit_annotation(&mut self, annotation: &'a Expr) {
        self.mention_strings(annotation);
        let outer = std::mem::replace(&mut self.in_annotation, true);
        self.visit_expr(annotation);
        self.in_annotation = outer;
    }

    fn visit_pattern(&mut self, pattern: &'a Pattern) {
        let name = match pattern {
            Pattern::MatchAs(capture) => capture.name.as_ref(),
            Pattern::MatchStar(capture) => capture.name.as_ref(),
            Pattern::MatchMapping(mapping) => mapping.rest.as_ref(),
            Pattern::MatchValue(_)
            | Pattern::MatchSingleton(_)
            | Pattern::MatchSequence(_)
            | Pattern::MatchClass(_)
            | Pattern::MatchOr(_) => None,
        };
        if let Some(name) = name {
            self.bind(name.as_str(), name.range(), BindingKind::Unpacked);
        }
        walk_pattern(self, pattern);
    }
}

fn is_exports(target: &Expr) -> bool {
    target
        .as_name_expr()
        .is_some_and(|name| name.id.as_str() == "__all__")
}

/// Whether the target is an attribute of the module of built-in names.
fn is_builtins_attribute(target: &Expr) -> bool {
    target.as_attribute_expr().is_some_and(|attribute| {
        ["builtins", "__builtin__", "__builtins__"]
            .iter()
            .any(|module| names(&attribute.value, module))
    })
}

/// The last part of a dotted name, or nothing.
fn last_name(expression: &Expr) -> &str {
    if let Some(name) = expression.as_name_expr() {
        return name.id.as_str();
    }
    expression
        .as_attribute_expr()
        .map_or("", |attribute| attribute.attr.as_str())
}
