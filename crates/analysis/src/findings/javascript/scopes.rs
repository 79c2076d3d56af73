//! Which declaration a name of JavaScript means: scopes, hoisting, and every use of every name.

use std::collections::HashMap;

use crate::findings::nodes::{At, Nodes};
use crate::findings::words;

/// How a name was declared.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Var,
    Let,
    Const,
    Function,
    Class,
    Parameter,
    Import,
    Caught,
    /// A name of TypeScript's types, or one declared elsewhere.
    Type,
}

/// A declared name.
pub(super) struct Binding<'n> {
    pub(super) name: &'n str,
    pub(super) kind: Kind,
    /// The name where it is declared.
    pub(super) place: At<'n>,
    pub(super) scope: u32,
    pub(super) uses: Vec<Use<'n>>,
    /// How often it is declared.
    pub(super) declarations: u32,
}

/// A place where a name is used.
#[derive(Clone, Copy)]
pub(super) struct Use<'n> {
    pub(super) at: At<'n>,
    pub(super) writes: bool,
    /// Whether the value is looked at: `x++` as a statement only writes.
    pub(super) reads: bool,
}

/// The names of a piece of code.
pub(super) struct Scopes<'n> {
    pub(super) bindings: Vec<Binding<'n>>,
    by_place: HashMap<(u32, &'n str), usize>,
    /// Names that nothing here declares.
    pub(super) unresolved: Vec<Use<'n>>,
    used_at: HashMap<u32, usize>,
    pub(super) is_module: bool,
}

const FUNCTION_SCOPES: &[&str] = &[
    "program",
    "function_declaration",
    "function_expression",
    "arrow_function",
    "method_definition",
    "generator_function",
    "generator_function_declaration",
    "class_static_block",
];

const BLOCK_SCOPES: &[&str] = &[
    "statement_block",
    "for_statement",
    "for_in_statement",
    "catch_clause",
    "switch_body",
    "class",
    "internal_module",
    "module",
];

/// The nearest scope around a node; function scopes only, where asked.
fn scope_of(at: At<'_>, functions_only: bool) -> u32 {
    at.ancestors()
        .find(|outer| {
            outer.is_any(FUNCTION_SCOPES)
                || (!functions_only && outer.is_any(BLOCK_SCOPES))
                || outer.is_any(&["internal_module", "module"])
        })
        .map_or(0, |outer| outer.index)
}

impl<'n> Scopes<'n> {
    pub(super) fn new(nodes: &'n Nodes<'_>) -> Self {
        let mut scopes = Self {
            bindings: Vec::new(),
            by_place: HashMap::new(),
            unresolved: Vec::new(),
            used_at: HashMap::new(),
            is_module: nodes
                .root()
                .children()
                .any(|at| at.is_any(&["import_statement", "export_statement"])),
        };
        let names: Vec<At<'n>> = nodes
            .all()
            .filter(|at| {
                at.is_any(&[
                    "identifier",
                    "shorthand_property_identifier",
                    "shorthand_property_identifier_pattern",
                    "type_identifier",
                    "undefined",
                ])
            })
            .collect();
        let mut uses = Vec::new();
        for at in names {
            match declaration(at) {
                Some((kind, scope)) => scopes.declare(at, kind, scope),
                None => uses.push(at),
            }
        }
        for at in uses {
            scopes.resolve(at);
        }
        scopes
    }

    fn declare(&mut self, place: At<'n>, kind: Kind, scope: u32) {
        let name = place.text();
        if let Some(position) = self.by_place.get(&(scope, name)) {
            if let Some(binding) = self.bindings.get_mut(*position) {
                binding.declarations += 1;
            }
            return;
        }
        self.by_place.insert((scope, name), self.bindings.len());
        self.bindings.push(Binding {
            name,
            kind,
            place,
            scope,
            uses: Vec::new(),
            declarations: 1,
        });
    }

    fn resolve(&mut self, at: At<'n>) {
        if !is_use(at) {
            return;
        }
        let used = Use {
            at,
            writes: is_written(at),
            reads: is_read(at),
        };
        let mut outer = Some(at);
        while let Some(inner) = outer {
            if (inner.is_any(FUNCTION_SCOPES) || inner.is_any(BLOCK_SCOPES))
                && let Some(position) = self.by_place.get(&(inner.index, at.text()))
                && let Some(binding) = self.bindings.get_mut(*position)
            {
                self.used_at.insert(at.index, *position);
                binding.uses.push(used);
                return;
            }
            outer = inner.parent();
        }
        self.unresolved.push(used);
    }

    /// What a name at a place means.
    pub(super) fn binding_of(&self, at: At<'_>) -> Option<&Binding<'n>> {
        self.used_at
            .get(&at.index)
            .and_then(|position| self.bindings.get(*position))
    }
}

impl<'n> Binding<'n> {
    /// The value it begins with.
    pub(super) fn value(&self) -> Option<At<'n>> {
        let parent = self.place.parent()?;
        (parent.is("variable_declarator") && self.place.field() == "name")
            .then(|| parent.child("value"))
            .flatten()
    }

    /// Whether nothing but its declaration gives it a value.
    pub(super) fn is_set_once(&self) -> bool {
        self.declarations == 1 && self.uses.iter().all(|used| !used.writes)
    }
}

/// How and in which scope an identifier is declared where it stands, if it is.
fn declaration(at: At<'_>) -> Option<(Kind, u32)> {
    let mut inner = at;
    loop {
        let parent = inner.parent()?;
        match parent.kind() {
            "array_pattern" | "rest_pattern" | "object_pattern" => inner = parent,
            "pair_pattern" if inner.field() == "value" => inner = parent,
            "assignment_pattern" | "object_assignment_pattern" if inner.field() == "left" => {
                inner = parent;
            }
            _ => return declared_by(inner, parent),
        }
        if inner.is("pair_pattern") && inner.parent().is_none() {
            return None;
        }
    }
}

fn declared_by(at: At<'_>, parent: At<'_>) -> Option<(Kind, u32)> {
    match (parent.kind(), at.field()) {
        ("variable_declarator", "name") => {
            let list = parent.parent()?;
            if list.is("variable_declaration") {
                return Some((Kind::Var, scope_of(parent, true)));
            }
            let kind = if list.has_token("const") {
                Kind::Const
            } else {
                Kind::Let
            };
            Some((kind, scope_of(parent, false)))
        }
        (
            "function_declaration" | "generator_function_declaration" | "function_signature",
            "name",
        ) => Some((Kind::Function, scope_of(parent, false))),
        ("function_expression" | "generator_function", "name") => {
            Some((Kind::Parameter, parent.index))
        }
        ("class_declaration" | "abstract_class_declaration", "name") => {
            Some((Kind::Class, scope_of(parent, false)))
        }
        ("class", "name") => Some((Kind::Type, parent.index)),
        (
            "enum_declaration"
            | "interface_declaration"
            | "type_alias_declaration"
            | "type_parameter"
            | "internal_module"
            | "module",
            "name",
        ) => Some((Kind::Type, scope_of(parent, false))),
        ("formal_parameters", _) => Some((Kind::Parameter, parent.parent()?.index)),
        ("required_parameter" | "optional_parameter", "pattern") => {
            let owner = parent.parent()?.parent()?;
            // a parameter of a type, not of a function
            Some((
                Kind::Parameter,
                if owner.is_any(FUNCTION_SCOPES) {
                    owner.index
                } else {
                    scope_of(parent, false)
                },
            ))
        }
        ("arrow_function", "parameter") => Some((Kind::Parameter, parent.index)),
        ("catch_clause", "parameter") => Some((Kind::Caught, parent.index)),
        ("for_in_statement", "left") if parent.child("kind").is_some() => {
            let kind = parent.child("kind").map_or("", At::kind);
            Some(match kind {
                "var" => (Kind::Var, scope_of(parent, true)),
                "const" => (Kind::Const, parent.index),
                _ => (Kind::Let, parent.index),
            })
        }
        ("import_clause" | "namespace_import" | "import_require_clause", _) => {
            Some((Kind::Import, 0))
        }
        ("import_specifier", field) => {
            (field == "alias" || parent.child("alias").is_none()).then_some((Kind::Import, 0))
        }
        _ => None,
    }
}

/// Whether an identifier stands for a value, not for a key or a label.
fn is_use(at: At<'_>) -> bool {
    let Some(parent) = at.parent() else {
        return false;
    };
    !(parent.is("import_specifier")
        || parent.is("namespace_export")
        || (parent.is("export_specifier")
            && (at.field() == "alias"
                || parent
                    .parent()
                    .and_then(At::parent)
                    .is_some_and(|statement| statement.child("source").is_some())))
        || parent.is("jsx_attribute")
        || parent.is("meta_property")
        || (parent.is_any(&["enum_assignment", "enum_body", "index_signature"])
            && at.field() == "name"))
}

fn is_written(at: At<'_>) -> bool {
    let Some(parent) = at.parent() else {
        return false;
    };
    let mut inner = at;
    let mut outer = parent;
    while outer.is_any(&[
        "array_pattern",
        "object_pattern",
        "rest_pattern",
        "pair_pattern",
        "assignment_pattern",
        "object_assignment_pattern",
    ]) && inner.field() != "right"
    {
        inner = outer;
        match outer.parent() {
            Some(next) => outer = next,
            None => return false,
        }
    }
    words::targets(outer).contains(&inner)
        || (outer.is("for_in_statement") && inner.field() == "left")
}

fn is_read(at: At<'_>) -> bool {
    let Some(parent) = at.parent() else {
        return true;
    };
    if !is_written(at) {
        return true;
    }
    let is_statement = parent.parent().is_some_and(|outer| {
        outer.is("expression_statement")
            || (outer.is("for_statement") && parent.field() == "increment")
    });
    !is_statement
}
