//! Classes and their members.

#![expect(
    clippy::wildcard_enum_match_arm,
    reason = "the facts have many variants; this looks for a few of them"
)]

use domain::language::Language;
use tree_sitter::Node;

use super::functions::{function_declarator, is_broken, tidy_type};
use super::{Builder, field, named};
use crate::facts::{Class, ClassKind, ExprKind, Field, Step, StepKind};
use crate::languages::Role;

impl<'a> Builder<'a> {
    pub(super) fn class(&mut self, node: Node<'_>, kind: ClassKind) -> Option<Class<'a>> {
        let mut kind = kind;
        let mut bases = Vec::new();
        let mut holder = field(node, &["body"]);
        let name = match kind {
            ClassKind::Implementation => {
                bases.extend(field(node, &["trait"]).map(|node| self.text(node)));
                field(node, &["type"])?
            }
            ClassKind::TypeAlias => {
                let name = field(node, &["name", "declarator"])?;
                let value = field(node, &["type", "value"]);
                if let Some(value) = value {
                    kind = match value.kind() {
                        "struct_type" | "struct_specifier" => ClassKind::Struct,
                        "interface_type" => ClassKind::Interface,
                        "enum_specifier" => ClassKind::Enum,
                        _ => kind,
                    };
                    holder = field(value, &["body"])
                        .or(Some(value))
                        .filter(|_| kind != ClassKind::TypeAlias || value.kind() == "object_type");
                }
                name
            }
            _ => field(node, &["name"])?,
        };
        bases.extend(self.bases(node));
        let is_definition =
            holder.is_some() || !matches!(self.language, Language::C | Language::Cpp);
        if !is_definition {
            return None;
        }
        let mut class = Class {
            name: self.text(name),
            kind,
            bases,
            doc: None,
            fields: Vec::new(),
            body: Vec::new(),
            is_partial: false,
        };
        if let Some(holder) = holder {
            self.members(holder, &mut class);
        }
        class.fields.extend(self.record_fields(node));
        if self.language == Language::Python {
            python_fields(&mut class);
        }
        class.is_partial = is_broken(node);
        class.doc = self.docstring(node).or_else(|| self.comment_above(node));
        self.drop_docstring(&mut class.body);
        if kind != ClassKind::Namespace {
            mark_methods(&mut class.body);
        }
        Some(class)
    }

    /// What a class builds on.
    fn bases(&self, node: Node<'_>) -> Vec<&'a str> {
        let mut bases = Vec::new();
        for child in named(node) {
            let is_base = matches!(
                child.kind(),
                "class_heritage"
                    | "superclass"
                    | "super_interfaces"
                    | "extends_interfaces"
                    | "base_class_clause"
                    | "extends_type_clause"
            ) || field(node, &["superclasses"]) == Some(child);
            if is_base {
                bases.extend(self.base_names(child));
            }
        }
        bases
    }

    /// The parameters of a Java record are its fields.
    fn record_fields(&self, node: Node<'_>) -> Vec<Field<'a>> {
        let parameters =
            field(node, &["parameters"]).filter(|_| node.kind() == "record_declaration");
        let parameters = parameters.map(|parameters| self.parameters(parameters));
        parameters
            .unwrap_or_default()
            .into_iter()
            .map(|parameter| Field {
                name: parameter.name,
                type_text: parameter.type_text,
            })
            .collect()
    }

    pub(super) fn base_names(&self, node: Node<'_>) -> Vec<&'a str> {
        let mut names = Vec::new();
        for child in named(node) {
            if matches!(
                child.kind(),
                "type_list" | "extends_clause" | "implements_clause"
            ) {
                names.extend(named(child).into_iter().map(|inner| self.text(inner)));
            } else if !matches!(child.kind(), "keyword_argument" | "access_specifier") {
                names.push(self.text(child));
            }
        }
        names
    }

    pub(super) fn members(&mut self, holder: Node<'_>, class: &mut Class<'a>) {
        for child in named(holder) {
            match child.kind() {
                "field_declaration"
                | "public_field_definition"
                | "field_definition"
                | "property_signature"
                | "enum_variant"
                | "enumerator"
                | "enum_constant"
                | "enum_assignment"
                | "property_identifier" => {
                    self.add_fields(child, class);
                }
                "field_declaration_list"
                | "ordered_field_declaration_list"
                | "enum_body_declarations" => {
                    self.members(child, class);
                }
                _ if matches!(
                    self.role(child),
                    Role::Function
                        | Role::Class(_)
                        | Role::Decorated
                        | Role::Wrapper
                        | Role::Assignment
                        | Role::ExpressionStatement
                ) =>
                {
                    self.step_into(child, &mut class.body);
                }
                _ if class.kind == ClassKind::Namespace => self.step_into(child, &mut class.body),
                _ => {}
            }
        }
    }

    pub(super) fn add_fields(&mut self, node: Node<'_>, class: &mut Class<'a>) {
        let type_text = field(node, &["type"]).map(|node| tidy_type(self.text(node)));
        let mut cursor = node.walk();
        let names: Vec<Node<'_>> = if field(node, &["declarator"]).is_some() {
            node.children_by_field_name("declarator", &mut cursor)
                .collect()
        } else if field(node, &["name"]).is_some() {
            node.children_by_field_name("name", &mut cursor).collect()
        } else {
            vec![field(node, &["property"]).unwrap_or(node)]
        };
        for name in names {
            let is_prototype = function_declarator(node).is_some()
                && matches!(self.language, Language::C | Language::Cpp);
            if !is_prototype {
                let name = field(name, &["name"]).unwrap_or(name);
                class.fields.push(Field {
                    name: self.innermost_name(name),
                    type_text: type_text
                        .as_deref()
                        .map(|type_text| self.declared_type(name, type_text)),
                });
            }
        }
    }
}

pub(super) fn mark_methods(body: &mut [Step<'_>]) {
    for step in body {
        if let StepKind::Function(function) = &mut step.kind {
            function.is_method = true;
            if let Some(first) = function.parameters.first_mut()
                && matches!(first.name, "self" | "cls")
                && !function.decorators.contains(&"staticmethod")
            {
                first.is_receiver = true;
            }
        }
    }
}

/// Names that the body of a Python class sets are its fields, or the members of an enumeration.
fn python_fields(class: &mut Class<'_>) {
    if class
        .bases
        .iter()
        .any(|base| base.ends_with("Enum") || base.ends_with("Flag"))
    {
        class.kind = ClassKind::Enum;
    }
    for step in &class.body {
        let (name, type_text) = match &step.kind {
            StepKind::Declare { name, type_text } => (*name, type_text.clone()),
            StepKind::Assign {
                target, type_text, ..
            } if matches!(target.kind, ExprKind::Name) => {
                (target.text, type_text.unwrap_or_default().to_owned())
            }
            _ => continue,
        };
        if !name.starts_with("__") {
            class.fields.push(Field {
                name,
                type_text: Some(type_text).filter(|text| !text.is_empty()),
            });
        }
    }
}
