//! Walks a module and writes down its bindings and references.

use std::collections::{HashMap, HashSet};

use ruff_python_ast::visitor::{Visitor, walk_expr, walk_pattern, walk_stmt};
use ruff_python_ast::{
    Alias, Comprehension, ExceptHandler, Expr, ExprContext, ExprName, Parameters, Pattern, Stmt,
    StmtClassDef, StmtFunctionDef, StmtIf, StmtTry, TypeParam, TypeParams,
};
use ruff_text_size::{Ranged, TextRange};

use super::{Binding, BindingKind, Reference, Scope, ScopeKind, Scopes, Usage, Variable};

/// Words in a condition that tell versions of Python apart: what follows may be meant for another one.
const VERSION_WORDS: &[&str] = &[
    "PY2",
    "PY3",
    "version_info",
    "hexversion",
    "python_implementation",
];

/// Functions that take types as strings.
const TYPE_TAKERS: &[&str] = &[
    "cast",
    "TypeVar",
    "NewType",
    "ForwardRef",
    "NamedTuple",
    "TypedDict",
];

pub(super) fn collect(body: &[Stmt]) -> Scopes<'_> {
    let mut collector = Collector::new();
    collector.visit_body(body);
    collector.finish()
}

struct Collector<'a> {
    scopes: Scopes<'a>,
    at: usize,
    /// Depth of code that may meet undefined names without harm.
    quiet: usize,
    /// Depth of code whose imports may fail.
    guarded: usize,
    in_annotation: bool,
    has_late_annotations: bool,
    /// Names bound by `nonlocal`, settled at the end.
    nonlocals: Vec<(usize, &'a str, Binding<'a>)>,
}

impl<'a> Collector<'a> {
    fn new() -> Self {
        let mut collector = Self {
            scopes: Scopes {
                list: Vec::new(),
                owners: HashMap::new(),
                references: Vec::new(),
                unresolved: Vec::new(),
                mentioned: HashSet::new(),
                has_star: false,
                is_dynamic: false,
                has_exports: false,
            },
            at: 0,
            quiet: 0,
            guarded: 0,
            in_annotation: false,
            has_late_annotations: false,
            nonlocals: Vec::new(),
        };
        collector.push(ScopeKind::Module);
        collector
    }

    fn push(&mut self, kind: ScopeKind) -> usize {
        let outer = self.at;
        self.at = self.scopes.list.len();
        self.scopes.list.push(Scope {
            kind,
            parent: outer,
            variables: HashMap::new(),
            globals: HashSet::new(),
            nonlocals: HashSet::new(),
            is_open: false,
        });
        outer
    }

    fn open(&mut self, kind: ScopeKind, owner: TextRange) -> usize {
        let outer = self.push(kind);
        self.scopes.owners.insert(owner, self.at);
        outer
    }

    fn kind(&self, scope: usize) -> ScopeKind {
        self.scopes
            .list
            .get(scope)
            .map_or(ScopeKind::Module, |scope| scope.kind)
    }

    fn bind(&mut self, name: &'a str, at: TextRange, kind: BindingKind<'a>) {
        self.bind_in(self.at, name, at, kind);
    }

    fn bind_in(&mut self, target: usize, name: &'a str, at: TextRange, kind: BindingKind<'a>) {
        let binding = Binding {
            at,
            kind,
            from: target,
        };
        let Some(scope) = self.scopes.list.get_mut(target) else {
            return;
        };
        if scope.nonlocals.contains(name) {
            self.nonlocals.push((target, name, binding));
            return;
        }
        let is_shared = target != 0 && scope.globals.contains(name);
        let home = if is_shared { 0 } else { target };
        if let Some(scope) = self.scopes.list.get_mut(home) {
            let variable: &mut Variable<'a> = scope.variables.entry(name).or_default();
            variable.bindings.push(binding);
            variable.is_shared |= is_shared;
        }
    }

    fn refer(&mut self, name: &'a ExprName, usage: Usage<'a>) {
        let in_lazy_annotation = self.in_annotation && self.has_late_annotations;
        self.scopes.references.push(Reference {
            name: name.id.as_str(),
            at: name.range(),
            scope: self.at,
            usage,
            is_quiet: self.quiet > 0 || in_lazy_annotation,
        });
    }

    /// Visits an expression of which it is known what is done with it.
    fn visit_used(&mut self, expression: &'a Expr, usage: Usage<'a>) {
        match expression.as_name_expr() {
            Some(name) if name.ctx == ExprContext::Load => self.refer(name, usage),
            Some(_) | None => self.visit_expr(expression),
        }
    }

    fn bind_target(&mut self, target: &'a Expr, kind: BindingKind<'a>) {
        match target {
            Expr::Name(name) => self.bind(name.id.as_str(), name.range(), kind),
            Expr::Tuple(tuple) => self.bind_targets(&tuple.elts, kind),
            Expr::List(list) => self.bind_targets(&list.elts, kind),
            Expr::Starred(starred) => self.bind_target(&starred.value, BindingKind::Unpacked),
            _ => self.visit_expr(target),
        }
    }

    fn bind_targets(&mut self, targets: &'a [Expr], kind: BindingKind<'a>) {
        let kind = match kind {
            BindingKind::Loop => BindingKind::Loop,
            _ => BindingKind::Unpacked,
        };
        for target in targets {
            self.bind_target(target, kind);
        }
    }

    fn visit_parameters_outside(&mut self, parameters: &'a Parameters) {
        for parameter in parameters {
            if let Some(default) = parameter.default() {
                self.visit_expr(default);
            }
            if let Some(annotation) = parameter.annotation() {
                self.visit_annotation(annotation);
            }
        }
    }

    fn bind_parameters(&mut self, parameters: &'a Parameters) {
        for parameter in parameters {
            let name = parameter.name();
            self.bind(name.as_str(), name.range(), BindingKind::Parameter);
        }
    }

    fn open_type_parameters(&mut self, parameters: Option<&'a TypeParams>) -> usize {
        let Some(parameters) = parameters else {
            return self.at;
        };
        let outer = self.push(ScopeKind::TypeParameters);
        for parameter in &parameters.type_params {
            let name = match parameter {
                TypeParam::TypeVar(one) => &one.name,
                TypeParam::TypeVarTuple(one) => &one.name,
                TypeParam::ParamSpec(one) => &one.name,
            };
            self.bind(name.as_str(), name.range(), BindingKind::Type);
        }
        self.visit_type_params(parameters);
        outer
    }

    fn visit_function(&mut self, function: &'a StmtFunctionDef) {
        for decorator in &function.decorator_list {
            self.visit_decorator(decorator);
        }
        self.bind(
            function.name.as_str(),
            function.name.range(),
            BindingKind::Function(function),
        );
        let outer = self.open_type_parameters(function.type_params.as_deref());
        self.visit_parameters_outside(&function.parameters);
        if let Some(returns) = &function.returns {
            self.visit_annotation(returns);
        }
        self.open(ScopeKind::Function, function.range);
        self.bind_parameters(&function.parameters);
        // What stands in a function runs later, when an outer `try` is over.
        let quiet = std::mem::take(&mut self.quiet);
        self.visit_body(&function.body);
        self.quiet = quiet;
        self.at = outer;
    }

    fn visit_class(&mut self, class: &'a StmtClassDef) {
        for decorator in &class.decorator_list {
            self.visit_decorator(decorator);
        }
        self.bind(
            class.name.as_str(),
            class.name.range(),
            BindingKind::Class(class),
        );
        let outer = self.open_type_parameters(class.type_params.as_deref());
        if let Some(arguments) = &class.arguments {
            self.visit_arguments(arguments);
        }
        self.open(ScopeKind::Class, class.range);
        self.visit_body(&class.body);
        self.at = outer;
    }

    fn visit_try(&mut self, statement: &'a StmtTry) {
        let handles = |name: &str| {
            statement.handlers.iter().any(|handler| {
                let ExceptHandler::ExceptHandler(handler) = handler;
                handler
                    .type_
                    .as_deref()
                    .is_none_or(|kind| names(kind, name) || names(kind, "Exception"))
            })
        };
        let quiet = usize::from(handles("NameError"));
        let guarded = usize::from(handles("ImportError") || handles("ModuleNotFoundError"));
        self.quiet += quiet;
        self.guarded += guarded;
        self.visit_body(&statement.body);
        self.quiet -= quiet;
        for handler in &statement.handlers {
            let ExceptHandler::ExceptHandler(handler) = handler;
            if let Some(kind) = &handler.type_ {
                self.visit_expr(kind);
            }
            if let Some(name) = &handler.name {
                self.bind(name.as_str(), name.range(), BindingKind::Except);
            }
            self.visit_body(&handler.body);
        }
        self.guarded -= guarded;
        self.visit_body(&statement.orelse);
        self.visit_body(&statement.finalbody);
    }

    fn visit_if(&mut self, statement: &'a StmtIf) {
        let is_version_test = VERSION_WORDS
            .iter()
            .any(|word| names(&statement.test, word));
        self.quiet += usize::from(is_version_test);
        self.guarded += usize::from(is_version_test);
        self.visit_expr(&statement.test);
        self.visit_body(&statement.body);
        for clause in &statement.elif_else_clauses {
            self.visit_elif_else_clause(clause);
        }
        self.quiet -= usize::from(is_version_test);
        self.guarded -= usize::from(is_version_test);
    }

    fn visit_import(&mut self, alias: &'a Alias, is_from: bool) {
        if is_from && alias.name.as_str() == "*" {
            self.scopes.has_star = true;
            return;
        }
        let (name, at) = match &alias.asname {
            Some(name) => (name.as_str(), name.range()),
            None => (
                alias.name.as_str().split('.').next().unwrap_or_default(),
                alias.name.range(),
            ),
        };
        // `import x as x` says that the name is for others.
        let is_exported = alias
            .asname
            .as_ref()
            .is_some_and(|asname| asname.as_str() == alias.name.as_str());
        let is_guarded = self.guarded > 0 || is_exported;
        self.bind(name, at, BindingKind::Import { is_guarded });
    }

    fn visit_comprehension_parts(
        &mut self,
        range: TextRange,
        generators: &'a [Comprehension],
        elements: [Option<&'a Expr>; 2],
    ) {
        let Some((first, rest)) = generators.split_first() else {
            return;
        };
        self.visit_used(&first.iter, Usage::Iterated);
        let outer = self.open(ScopeKind::Comprehension, range);
        self.bind_target(&first.target, BindingKind::Loop);
        for condition in &first.ifs {
            self.visit_expr(condition);
        }
        for generator in rest {
            self.visit_used(&generator.iter, Usage::Iterated);
            self.bind_target(&generator.target, BindingKind::Loop);
            for condition in &generator.ifs {
                self.visit_expr(condition);
            }
        }
        for element in elements.into_iter().flatten() {
            self.visit_expr(element);
        }
        self.at = outer;
    }

    fn note_call(&mut self, name: &str) {
        let is_in_function = self.kind(self.at) == ScopeKind::Function;
        match name {
            "exec" | "globals" => self.scopes.is_dynamic = true,
            "locals" | "vars" if !is_in_function => self.scopes.is_dynamic = true,
            "locals" | "vars" | "eval" | "dir" => {}
            _ => return,
        }
        let mut at = self.at;
        while let Some(scope) = self.scopes.list.get_mut(at) {
            scope.is_open = true;
            if at == 0 {
                break;
            }
            at = scope.parent;
        }
    }

    /// Takes every identifier in `text` as read somewhere.
    fn mention(&mut self, text: &'a str) {
        let words = text.split(|letter: char| !letter.is_alphanumeric() && letter != '_');
        self.scopes
            .mentioned
            .extend(words.filter(|word| !word.is_empty()));
    }

    fn mention_strings(&mut self, expression: &'a Expr) {
        let mut strings = Strings { found: Vec::new() };
        strings.visit_expr(expression);
        for text in strings.found {
            self.mention(text);
        }
    }

    fn finish(mut self) -> Scopes<'a> {
        for (from, name, binding) in std::mem::take(&mut self.nonlocals) {
            let mut at = from;
            while at != 0 {
                at = self.scopes.list.get(at).map_or(0, |scope| scope.parent);
                let Some(scope) = self.scopes.list.get_mut(at) else {
                    break;
                };
                if scope.kind == ScopeKind::Function
                    && let Some(variable) = scope.variables.get_mut(name)
                {
                    variable.bindings.push(binding);
                    variable.is_shared = true;
                    break;
                }
            }
        }
        for index in 0..self.scopes.references.len() {
            let Some(reference) = self.scopes.references.get(index).copied() else {
                continue;
            };
            let home = self.scopes.find_scope(reference.scope, reference.name);
            let variable = home
                .and_then(|home| self.scopes.list.get_mut(home))
                .and_then(|scope| scope.variables.get_mut(reference.name));
            match variable {
                Some(variable) => variable.uses.push(index),
                None => self.scopes.unresolved.push(index),
            }
        }
        self.scopes
    }
}

impl<'a> Visitor<'a> for Collector<'a> {
    #[expect(
        clippy::wildcard_enum_match_arm,
        reason = "the other statements bind nothing themselves"
    )]
    fn visit_stmt(&mut self, statement: &'a Stmt) {
        match statement {
            Stmt::FunctionDef(function) => self.visit_function(function),
            Stmt::ClassDef(class) => self.visit_class(class),
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
                self.visit_body(&with.body);
            }
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

    #[expect(
        clippy::wildcard_enum_match_arm,
        reason = "the other expressions bind and read nothing themselves"
    )]
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

/// Collects the string literals of an expression.
struct Strings<'a> {
    found: Vec<&'a str>,
}

impl<'a> Visitor<'a> for Strings<'a> {
    fn visit_expr(&mut self, expression: &'a Expr) {
        match expression.as_string_literal_expr() {
            Some(text) => self.found.push(text.value.to_str()),
            None => walk_expr(self, expression),
        }
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

/// Whether an expression mentions the name or attribute `wanted`.
fn names(expression: &Expr, wanted: &str) -> bool {
    ruff_python_ast::helpers::any_over_expr(expression, |part| {
        part.as_name_expr()
            .is_some_and(|name| name.id.as_str() == wanted)
            || part
                .as_attribute_expr()
                .is_some_and(|attribute| attribute.attr.as_str() == wanted)
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
