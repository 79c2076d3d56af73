//! Scopes of a Python module: which names each binds, how, and which names are read where. Knows nothing of rules.
//!
//! The reading is blind to the order of statements: a name that is bound anywhere in a scope counts as bound in all of it.

use std::collections::{HashMap, HashSet};

use ruff_python_ast::{Expr, Stmt, StmtAugAssign, StmtClassDef, StmtFunctionDef};
use ruff_text_size::TextRange;

mod collect;
mod visit;

/// What opens a scope.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum ScopeKind {
    Module,
    Class,
    Function,
    Lambda,
    Comprehension,
    /// Holds the type parameters of a function or class.
    TypeParameters,
}

/// How a name came to be.
#[derive(Debug, Clone, Copy)]
pub(super) enum BindingKind<'a> {
    /// `name = value`.
    Assigned(&'a Expr),
    /// `name: type` without a value.
    Declared,
    /// `name += value`.
    Augmented(&'a StmtAugAssign),
    /// One of several targets, or a capture of a pattern.
    Unpacked,
    /// The target of `for`.
    Loop,
    /// `with … as name`.
    With,
    /// `except … as name`.
    Except,
    Parameter,
    Import {
        is_guarded: bool,
    },
    Function(&'a StmtFunctionDef),
    Class(&'a StmtClassDef),
    /// A type parameter or type alias.
    Type,
}

#[derive(Debug, Clone, Copy)]
pub(super) struct Binding<'a> {
    pub(super) at: TextRange,
    pub(super) kind: BindingKind<'a>,
}

/// What is done with a name where it is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Usage<'a> {
    /// `name.attribute`.
    Attribute(&'a str),
    /// `name(…)`.
    Called,
    /// `for … in name`.
    Iterated,
    /// `del name`.
    Deleted,
    Other,
}

#[derive(Debug, Clone, Copy)]
pub(super) struct Reference<'a> {
    pub(super) name: &'a str,
    pub(super) at: TextRange,
    pub(super) scope: usize,
    pub(super) usage: Usage<'a>,
    /// Whether nothing goes wrong here when the name is not defined.
    pub(super) is_quiet: bool,
}

/// A name of a scope.
#[derive(Debug, Default)]
pub(super) struct Variable<'a> {
    pub(super) bindings: Vec<Binding<'a>>,
    /// Indices into [`Scopes::references`].
    pub(super) uses: Vec<usize>,
    /// Bound by `global` or `nonlocal` of another scope.
    pub(super) is_shared: bool,
}

impl<'a> Variable<'a> {
    /// The one binding, where there is just one.
    pub(super) fn only(&self) -> Option<&Binding<'a>> {
        match self.bindings.as_slice() {
            [binding] => Some(binding),
            _ => None,
        }
    }

    /// The one assigned value, where the name is assigned just once and in no other way.
    pub(super) fn only_value(&self) -> Option<&'a Expr> {
        match self.only()?.kind {
            BindingKind::Assigned(value) if !self.is_shared => Some(value),
            _ => None,
        }
    }
}

#[derive(Debug)]
pub(super) struct Scope<'a> {
    pub(super) kind: ScopeKind,
    pub(super) parent: usize,
    pub(super) variables: HashMap<&'a str, Variable<'a>>,
    globals: HashSet<&'a str>,
    nonlocals: HashSet<&'a str>,
    /// Whether its names may be read or made in ways that cannot be seen.
    pub(super) is_open: bool,
}

/// All scopes of a module; the first is the module's.
#[derive(Debug)]
pub(super) struct Scopes<'a> {
    pub(super) list: Vec<Scope<'a>>,
    owners: HashMap<TextRange, usize>,
    pub(super) references: Vec<Reference<'a>>,
    /// Indices of references that nothing binds.
    pub(super) unresolved: Vec<usize>,
    /// Names in strings that are read as code: annotations and `__all__`.
    pub(super) mentioned: HashSet<&'a str>,
    /// `from … import *` is used.
    pub(super) has_star: bool,
    /// Names are made in ways that cannot be seen.
    pub(super) is_dynamic: bool,
    /// `__all__` is bound.
    pub(super) has_exports: bool,
}

impl<'a> Scopes<'a> {
    /// Reads the scopes of a module.
    pub(super) fn read(body: &'a [Stmt]) -> Self {
        collect::collect(body)
    }

    /// The scope that the node at `range` opens.
    pub(super) fn opened_by(&self, range: TextRange) -> Option<usize> {
        self.owners.get(&range).copied()
    }

    /// The scope and variable that `name` means when it is read in `scope`.
    pub(super) fn find(&self, scope: usize, name: &str) -> Option<(usize, &Variable<'a>)> {
        let found = self.find_scope(scope, name)?;
        Some((found, self.list.get(found)?.variables.get(name)?))
    }

    /// The variable that `name` means when it is read in `scope`.
    pub(super) fn find_variable(&self, scope: usize, name: &str) -> Option<&Variable<'a>> {
        self.find(scope, name).map(|(_, variable)| variable)
    }

    /// Whether `name`, read in `scope`, is the built-in one.
    pub(super) fn is_builtin(&self, scope: usize, name: &str) -> bool {
        self.find_scope(scope, name).is_none() && !self.has_star
    }

    fn find_scope(&self, from: usize, name: &str) -> Option<usize> {
        let mut at = from;
        let mut is_own = true;
        loop {
            let scope = self.list.get(at)?;
            if scope.globals.contains(name) {
                let module = self.list.first()?;
                return module.variables.contains_key(name).then_some(0);
            }
            let is_visible = scope.kind != ScopeKind::Class || is_own;
            if is_visible && !scope.nonlocals.contains(name) && scope.variables.contains_key(name) {
                return Some(at);
            }
            if at == 0 {
                return None;
            }
            is_own = is_own && scope.kind == ScopeKind::TypeParameters;
            at = scope.parent;
        }
    }

    /// The references of a variable.
    pub(super) fn uses<'s>(
        &'s self,
        variable: &'s Variable<'a>,
    ) -> impl Iterator<Item = &'s Reference<'a>> {
        variable
            .uses
            .iter()
            .filter_map(|index| self.references.get(*index))
    }
}
