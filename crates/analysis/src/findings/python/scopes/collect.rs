//! Walks a module and writes down its bindings and references.

use std::collections::{HashMap, HashSet};

use ruff_python_ast::visitor::{Visitor, walk_expr};
use ruff_python_ast::{
    Alias, Comprehension, ExceptHandler, Expr, ExprContext, ExprName, Parameters, Stmt,
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

pub(super) fn collect(body: &[Stmt]) -> Scopes<'_> {
    let mut collector = Collector::new();
    collector.visit_body(body);
    collector.finish()
}

pub(super) struct Collector<'a> {
    pub(super) scopes: Scopes<'a>,
    pub(super) at: usize,
    /// Depth of code that may meet undefined names without harm.
    pub(super) quiet: usize,
    /// Depth of code that is meant for some versions of Python alone.
    pub(super) versions: usize,
    /// Depth of code whose imports may fail.
    pub(super) guarded: usize,
    pub(super) in_annotation: bool,
    pub(super) has_late_annotations: bool,
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
            versions: 0,
            guarded: 0,
            in_annotation: false,
            has_late_annotations: false,
            nonlocals: Vec::new(),
        };
        collector.push(ScopeKind::Module);
        collector
    }

    pub(super) fn push(&mut self, kind: ScopeKind) -> usize {
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

    pub(super) fn open(&mut self, kind: ScopeKind, owner: TextRange) -> usize {
        let outer = self.push(kind);
        self.scopes.owners.insert(owner, self.at);
        outer
    }

    pub(super) fn kind(&self, scope: usize) -> ScopeKind {
        self.scopes
            .list
            .get(scope)
            .map_or(ScopeKind::Module, |scope| scope.kind)
    }

    pub(super) fn bind(&mut self, name: &'a str, at: TextRange, kind: BindingKind<'a>) {
        self.bind_in(self.at, name, at, kind);
    }

    pub(super) fn bind_in(
        &mut self,
        target: usize,
        name: &'a str,
        at: TextRange,
        kind: BindingKind<'a>,
    ) {
        let binding = Binding { at, kind };
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

    pub(super) fn refer(&mut self, name: &'a ExprName, usage: Usage<'a>) {
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
    pub(super) fn visit_used(&mut self, expression: &'a Expr, usage: Usage<'a>) {
        match expression.as_name_expr() {
            Some(name) if name.ctx == ExprContext::Load => self.refer(name, usage),
            Some(_) | None => self.visit_expr(expression),
        }
    }

    pub(super) fn bind_target(&mut self, target: &'a Expr, kind: BindingKind<'a>) {
        match target {
            Expr::Name(name) => self.bind(name.id.as_str(), name.range(), kind),
            Expr::Tuple(tuple) => self.bind_targets(&tuple.elts, kind),
            Expr::List(list) => self.bind_targets(&list.elts, kind),
            Expr::Starred(starred) => self.bind_target(&starred.value, BindingKind::Unpacked),
            _ => self.visit_expr(target),
        }
    }

    pub(super) fn bind_targets(&mut self, targets: &'a [Expr], kind: BindingKind<'a>) {
        let kind = match kind {
            BindingKind::Loop => BindingKind::Loop,
            _ => BindingKind::Unpacked,
        };
        for target in targets {
            self.bind_target(target, kind);
        }
    }

    pub(super) fn visit_parameters_outside(&mut self, parameters: &'a Parameters) {
        for parameter in parameters {
            if let Some(default) = parameter.default() {
                self.visit_expr(default);
            }
            if let Some(annotation) = parameter.annotation() {
                self.visit_annotation(annotation);
            }
        }
    }

    pub(super) fn bind_parameters(&mut self, parameters: &'a Parameters) {
        for parameter in parameters {
            let name = parameter.name();
            self.bind(name.as_str(), name.range(), BindingKind::Parameter);
        }
    }

    pub(super) fn open_type_parameters(&mut self, parameters: Option<&'a TypeParams>) -> usize {
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

    pub(super) fn visit_function(&mut self, function: &'a StmtFunctionDef) {
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
        let quiet = std::mem::replace(&mut self.quiet, self.versions);
        self.visit_body(&function.body);
        self.quiet = quiet;
        self.at = outer;
    }

    pub(super) fn visit_class(&mut self, class: &'a StmtClassDef) {
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

    pub(super) fn visit_try(&mut self, statement: &'a StmtTry) {
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

    pub(super) fn visit_if(&mut self, statement: &'a StmtIf) {
        let is_version_test = is_version_test(&statement.test);
        self.quiet += usize::from(is_version_test);
        self.versions += usize::from(is_version_test);
        self.guarded += usize::from(is_version_test);
        self.visit_expr(&statement.test);
        self.visit_body(&statement.body);
        for clause in &statement.elif_else_clauses {
            self.visit_elif_else_clause(clause);
        }
        self.quiet -= usize::from(is_version_test);
        self.versions -= usize::from(is_version_test);
        self.guarded -= usize::from(is_version_test);
    }

    pub(super) fn visit_import(&mut self, alias: &'a Alias, is_from: bool) {
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
        // `import a.b` may be there to make `b` known to users of `a` under another name.
        let is_submodule = alias.asname.is_none() && alias.name.as_str().contains('.');
        let is_guarded = self.guarded > 0 || is_exported || is_submodule;
        self.bind(name, at, BindingKind::Import { is_guarded });
    }

    pub(super) fn visit_comprehension_parts(
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

    fn note_outer_use(&mut self, class: usize, name: &str, index: usize) {
        let parent = self.scopes.list.get(class).map_or(0, |scope| scope.parent);
        let outer = self.scopes.find_scope(parent, name);
        let variable = outer
            .and_then(|outer| self.scopes.list.get_mut(outer))
            .and_then(|scope| scope.variables.get_mut(name));
        if let Some(variable) = variable {
            variable.uses.push(index);
        }
    }

    pub(super) fn note_call(&mut self, name: &str) {
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
    pub(super) fn mention(&mut self, text: &'a str) {
        let words = text.split(|letter: char| !letter.is_alphanumeric() && letter != '_');
        self.scopes
            .mentioned
            .extend(words.filter(|word| !word.is_empty()));
    }

    pub(super) fn mention_strings(&mut self, expression: &'a Expr) {
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
            // In a class body, `name = name` reads the name outside.
            if let Some(class) = home.filter(|home| self.kind(*home) == ScopeKind::Class) {
                self.note_outer_use(class, reference.name, index);
            }
        }
        self.scopes
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

/// Whether a condition tells versions of Python apart.
pub(super) fn is_version_test(test: &Expr) -> bool {
    VERSION_WORDS.iter().any(|word| names(test, word))
}

/// Whether an expression mentions the name or attribute `wanted`.
pub(super) fn names(expression: &Expr, wanted: &str) -> bool {
    ruff_python_ast::helpers::any_over_expr(expression, |part| {
        part.as_name_expr()
            .is_some_and(|name| name.id.as_str() == wanted)
            || part
                .as_attribute_expr()
                .is_some_and(|attribute| attribute.attr.as_str() == wanted)
    })
}
