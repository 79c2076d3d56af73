//! Classes and their members.

use domain::language::Language;
use tree_sitter::Node;

use super::functions::{function_declarator, tidy_type};
use super::{Builder, field, named};
use crate::facts::{Class, ClassKind, Field, Step, StepKind};
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
        };
        if let Some(holder) = holder {
            self.members(holder, &mut class);
        }
        if let Some(parameters) =
            field(node, &["parameters"]).filter(|_| node.kind() == "record_declaration")
        {
            class.fields.extend(
                self.parameters(parameters)
                    .into_iter()
                    .map(|parameter| Field {
                        name: parameter.name,
                        type_text: parameter.type_text,
                    }),
            );
        }
        class.doc = self.docstring(node).or_else(|| self.comment_above(node));
        self.drop_docstring(&mut class.body);
        if kind != ClassKind::Namespace {
            mark_methods(&mut class.body);
        }
        Some(class)
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
                    type_text: type_text.clone(),
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
