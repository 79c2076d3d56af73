//! Assignments and declarations of variables.

use tree_sitter::Node;

use super::{Builder, DEPTH_MAX, field, named, step_at};
use crate::facts::{Expr, ExprKind, Shape, Step, StepKind};
use crate::languages::Role;
use domain::language::Language;

impl<'a> Builder<'a> {
    pub(super) fn increment(&mut self, node: Node<'_>) -> StepKind<'a> {
        let text = self.text(node);
        let target = match field(node, &["argument"]).or_else(|| named(node).first().copied()) {
            Some(target) => self.expr(target),
            None => Expr {
                text,
                kind: ExprKind::Name,
            },
        };
        StepKind::Increment {
            target,
            step: if text.contains("--") { -1 } else { 1 },
        }
    }

    pub(super) fn declarations(&mut self, node: Node<'_>, steps: &mut Vec<Step<'a>>) {
        let mut declarators = Vec::new();
        for child in named(node) {
            if child.kind().ends_with("_spec_list") {
                declarators.extend(named(child));
            } else {
                declarators.push(child);
            }
        }
        let type_node = field(node, &["type"]);
        let type_text = type_node.map(|node| self.text(node)).unwrap_or_default();
        for declarator in declarators {
            if Some(declarator) != type_node {
                self.declarator(declarator, type_text, steps);
            }
        }
    }

    pub(super) fn declarator(
        &mut self,
        node: Node<'_>,
        type_text: &'a str,
        steps: &mut Vec<Step<'a>>,
    ) {
        let kind = node.kind();
        if matches!(
            kind,
            "variable_declarator" | "init_declarator" | "var_spec" | "const_spec"
        ) {
            let Some(name) = field(node, &["name", "declarator"]) else {
                return;
            };
            if self.language == Language::Go && self.several_names(node, steps) {
                return;
            }
            let own_type = field(node, &["type"]).map_or(type_text, |node| self.text(node));
            let Some(value) = field(node, &["value"]) else {
                let name = self.innermost_name(name);
                let type_text = own_type.trim_start_matches(':').trim().to_owned();
                steps.push(step_at(node, StepKind::Declare { name, type_text }));
                return;
            };
            if self.role(value) == Role::Lambda
                && let Some(mut function) = self.lambda_function(value, name)
            {
                function.doc = function.doc.or_else(|| {
                    node.parent()
                        .and_then(|declaration| self.comment_above(declaration))
                });
                steps.push(step_at(node, StepKind::Function(Box::new(function))));
                return;
            }
            let target = self.declared_name(name);
            let value = self.expr(value);
            steps.push(step_at(
                node,
                StepKind::Assign {
                    target,
                    operator: "=",
                    value,
                    type_text: Some(own_type).filter(|text| !text.is_empty()),
                },
            ));
        } else if matches!(
            kind,
            "identifier" | "array_declarator" | "pointer_declarator"
        ) {
            let name = self.innermost_name(node);
            let type_text = self.declared_type(node, type_text);
            steps.push(step_at(node, StepKind::Declare { name, type_text }));
        } else if kind == "function_declarator" && is_lock(type_text) {
            // What the grammar takes for the declaration of a function, C++ takes for a variable.
            let name = self.innermost_name(node);
            let type_text = type_text.to_owned();
            steps.push(step_at(node, StepKind::Declare { name, type_text }));
        }
    }

    /// Go declares several names at once: `var x, y = 1, 2`. Whether this does.
    fn several_names(&mut self, node: Node<'_>, steps: &mut Vec<Step<'a>>) -> bool {
        let mut cursor = node.walk();
        let names: Vec<Node<'_>> = node
            .children_by_field_name("name", &mut cursor)
            .filter(Node::is_named)
            .collect();
        let [first, .., last] = names.as_slice() else {
            return false;
        };
        let type_text = field(node, &["type"]).map(|node| self.text(node));
        let Some(value) = field(node, &["value"]) else {
            for name in &names {
                let kind = StepKind::Declare {
                    name: self.text(*name),
                    type_text: type_text.unwrap_or_default().to_owned(),
                };
                steps.push(step_at(node, kind));
            }
            return true;
        };
        let text = self.code.get(first.start_byte()..last.end_byte());
        let target = Expr {
            text: text.unwrap_or_default(),
            kind: ExprKind::Collection {
                shape: Shape::Tuple,
                items: names.iter().map(|name| self.expr(*name)).collect(),
            },
        };
        let value = self.expr(value);
        let kind = StepKind::Assign {
            target,
            operator: "=",
            value,
            type_text,
        };
        steps.push(step_at(node, kind));
        true
    }

    pub(super) fn declared_name(&mut self, node: Node<'_>) -> Expr<'a> {
        if node.kind().ends_with("_declarator") {
            Expr {
                text: self.innermost_name(node),
                kind: ExprKind::Name,
            }
        } else {
            self.expr(node)
        }
    }

    pub(super) fn assignment(&mut self, node: Node<'_>, steps: &mut Vec<Step<'a>>) {
        let Some(left) = field(node, &["left", "pattern", "name"]) else {
            return;
        };
        let Some(mut value) = field(node, &["right", "value"]) else {
            let name = self.text(left);
            let type_text = field(node, &["type"])
                .map(|node| self.text(node))
                .unwrap_or_default();
            let kind = StepKind::Declare {
                name,
                type_text: type_text.to_owned(),
            };
            steps.push(step_at(node, kind));
            return;
        };
        if let Some(alternative) = field(node, &["alternative"]) {
            self.let_else(left, value, alternative, steps);
        }
        // `a = b = 0` sets both to the innermost value.
        let mut inner_targets = Vec::new();
        while self.role(value) == Role::Assignment && inner_targets.len() < DEPTH_MAX {
            let (Some(target), Some(inner)) = (field(value, &["left"]), field(value, &["right"]))
            else {
                break;
            };
            inner_targets.push(target);
            value = inner;
        }
        if inner_targets.is_empty()
            && self.role(value) == Role::Lambda
            && self.role(left) == Role::Name
            && let Some(function) = self.lambda_function(value, left)
            && self.language != Language::Rust
        {
            steps.push(step_at(node, StepKind::Function(Box::new(function))));
            return;
        }
        let operator = field(node, &["operator"]).map_or("=", |operator| self.text(operator));
        let operator = match operator.strip_suffix('=') {
            Some(binary) if !binary.is_empty() && binary != ":" => binary,
            _ => "=",
        };
        let type_text = field(node, &["type"]).map(|node| self.text(node));
        for target in inner_targets.into_iter().rev().chain([left]) {
            let target = self.expr(target);
            let value = self.expr(value);
            steps.push(step_at(
                node,
                StepKind::Assign {
                    target,
                    operator,
                    value,
                    type_text,
                },
            ));
        }
    }

    pub(super) fn let_else(
        &mut self,
        pattern: Node<'_>,
        value: Node<'_>,
        alternative: Node<'_>,
        steps: &mut Vec<Step<'a>>,
    ) {
        let matches = self.matches(pattern, value);
        let text = self.text(value);
        let condition = Expr {
            text,
            kind: ExprKind::Not(Box::new(matches)),
        };
        let body = self.block(alternative);
        let kind = StepKind::If {
            arms: vec![(condition, body)],
            otherwise: None,
        };
        steps.push(step_at(alternative, kind));
    }
}

/// Whether a C++ type holds a mutex as long as it lives.
fn is_lock(type_text: &str) -> bool {
    let plain = type_text.split('<').next().unwrap_or(type_text);
    matches!(
        plain
            .trim()
            .trim_start_matches("const ")
            .trim_start_matches("std::"),
        "lock_guard" | "unique_lock" | "scoped_lock" | "shared_lock"
    )
}
