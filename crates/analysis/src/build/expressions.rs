//! Expressions.

#![expect(
    clippy::wildcard_enum_match_arm,
    reason = "the facts have many variants; this looks for a few of them"
)]

use domain::language::Language;
use tree_sitter::Node;

use super::{Builder, DEPTH_MAX, field, named};
use crate::facts::{Clause, Expr, ExprKind, Shape};
use crate::languages::Role;

impl<'a> Builder<'a> {
    pub(super) fn expr(&mut self, node: Node<'_>) -> Expr<'a> {
        if self.depth >= DEPTH_MAX {
            return Expr {
                text: self.text(node),
                kind: ExprKind::Other(Vec::new()),
            };
        }
        self.depth += 1;
        let expression = self.expr_of(node);
        self.depth -= 1;
        expression
    }

    fn boxed(&mut self, node: Node<'_>) -> Box<Expr<'a>> {
        Box::new(self.expr(node))
    }

    fn expr_of(&mut self, node: Node<'_>) -> Expr<'a> {
        let text = self.text(node);
        let role = self.role(node);
        let children = named(node);
        let kind = match role {
            Role::Parentheses | Role::ExpressionStatement => match children.first() {
                Some(inner) if children.len() == 1 || node.kind() != "parenthesized_expression" => {
                    return self.expr(*inner);
                }
                _ => self.other(node),
            },
            Role::Name if text == "undefined" => ExprKind::Null,
            Role::Name | Role::Path => ExprKind::Name,
            Role::Number => ExprKind::Number,
            Role::Text => ExprKind::Text,
            Role::True => ExprKind::Bool(text == "true" || text == "True"),
            Role::False => ExprKind::Bool(false),
            Role::Null => ExprKind::Null,
            Role::Call | Role::New => self.call(node, role == Role::New),
            Role::Keyword => self.keyword(node),
            Role::Member => self.member(node),
            Role::Index => self.index(node, &children),
            Role::Slice => ExprKind::Slice { object: None },
            Role::Binary => self.binary(node, &children),
            Role::Compare => self.compare(node, &children),
            Role::Unary => self.unary(node, &children),
            Role::Reference => self.reference(node, &children),
            Role::Lambda => self.lambda(node),
            Role::Comprehension(shape) => self.comprehension(node, shape, &children),
            Role::Collection(shape) => {
                if let (Shape::Tuple, [only]) = (shape, children.as_slice())
                    && node.kind() == "expression_list"
                    && !text.ends_with(',')
                {
                    return self.expr(*only);
                }
                ExprKind::Collection {
                    shape,
                    items: children.iter().map(|child| self.expr(*child)).collect(),
                }
            }
            Role::Conditional => self.conditional(node, &children),
            Role::Await => self.wrap(&children, ExprKind::Await),
            Role::Propagate => self.wrap(&children, ExprKind::Propagate),
            Role::Yield => ExprKind::Yield(children.first().map(|value| self.boxed(*value))),
            Role::Macro => {
                let name = field(node, &["macro"])
                    .map(|name| self.text(name))
                    .unwrap_or_default();
                ExprKind::Macro { name }
            }
            Role::If
            | Role::Switch(_)
            | Role::Loop
            | Role::While
            | Role::ForEach
            | Role::Unsafe
            | Role::Return
            | Role::Give
            | Role::Raise
            | Role::Break
            | Role::Continue
            | Role::Block => self.choice(node),
            Role::Assignment | Role::Increment => match self.single_step(node) {
                Some(step) => ExprKind::Assignment(step),
                None => self.other(node),
            },
            _ => self.other(node),
        };
        Expr { text, kind }
    }

    fn keyword(&mut self, node: Node<'_>) -> ExprKind<'a> {
        match (field(node, &["name"]), field(node, &["value"])) {
            (Some(name), Some(value)) => ExprKind::Keyword {
                name: self.text(name),
                value: self.boxed(value),
            },
            _ => self.other(node),
        }
    }

    fn member(&mut self, node: Node<'_>) -> ExprKind<'a> {
        let object = field(node, &["object", "argument", "operand", "value"]);
        let name = field(node, &["attribute", "property", "field"]);
        match (object, name) {
            (Some(object), Some(name)) => ExprKind::Member {
                object: self.boxed(object),
                name: self.text(name),
            },
            _ => self.other(node),
        }
    }

    fn single_step(&mut self, node: Node<'_>) -> Option<Box<crate::facts::Step<'a>>> {
        let mut steps = Vec::new();
        self.step_into(node, &mut steps);
        steps.pop().map(Box::new)
    }

    fn choice(&mut self, node: Node<'_>) -> ExprKind<'a> {
        match self.single_step(node) {
            Some(step) => ExprKind::Choice(step),
            None => ExprKind::Other(Vec::new()),
        }
    }

    fn other(&mut self, node: Node<'_>) -> ExprKind<'a> {
        match node.kind() {
            "composite_literal" => {
                let type_text = field(node, &["type"])
                    .map(|node| self.text(node))
                    .unwrap_or_default();
                let shape = if type_text.starts_with("map") {
                    Shape::Map
                } else {
                    Shape::List
                };
                let items = field(node, &["body"]).map(named).unwrap_or_default();
                let items = items.into_iter().map(|child| self.expr(child)).collect();
                return if type_text.starts_with("map") || type_text.starts_with('[') {
                    ExprKind::Collection { shape, items }
                } else {
                    ExprKind::Other(items)
                };
            }
            "let_condition" | "condition_clause" => {
                let condition = self.condition(node);
                return condition.kind;
            }
            _ => {}
        }
        let children = named(node);
        ExprKind::Other(children.into_iter().map(|child| self.expr(child)).collect())
    }

    fn wrap(
        &mut self,
        children: &[Node<'_>],
        make: fn(Box<Expr<'a>>) -> ExprKind<'a>,
    ) -> ExprKind<'a> {
        match children.first() {
            Some(inner) => make(self.boxed(*inner)),
            None => ExprKind::Other(Vec::new()),
        }
    }

    fn call(&mut self, node: Node<'_>, is_new: bool) -> ExprKind<'a> {
        let arguments_node = field(node, &["arguments"]);
        let callee = if self.language == Language::Java && !is_new {
            let Some(name) = field(node, &["name"]) else {
                return self.other(node);
            };
            let text = self
                .code
                .get(node.start_byte()..name.end_byte())
                .unwrap_or_default();
            match field(node, &["object"]) {
                Some(object) => Expr {
                    text,
                    kind: ExprKind::Member {
                        object: self.boxed(object),
                        name: self.text(name),
                    },
                },
                None => Expr {
                    text,
                    kind: ExprKind::Name,
                },
            }
        } else {
            let Some(function) = field(node, &["function", "constructor", "type"]) else {
                return self.other(node);
            };
            if function.kind() == "generic_function" {
                match field(function, &["function"]) {
                    Some(inner) => self.expr(inner),
                    None => self.expr(function),
                }
            } else if is_new {
                Expr {
                    text: self.text(function),
                    kind: ExprKind::Name,
                }
            } else {
                self.expr(function)
            }
        };
        let arguments = match arguments_node {
            // `sum(x for x in y)`: the generator is the argument list.
            Some(list) if matches!(self.role(list), Role::Comprehension(_)) => {
                vec![self.expr(list)]
            }
            Some(list) => named(list)
                .into_iter()
                .map(|argument| self.expr(argument))
                .collect(),
            None => Vec::new(),
        };
        ExprKind::Call {
            callee: Box::new(callee),
            arguments,
            is_new,
        }
    }

    fn index(&mut self, node: Node<'_>, children: &[Node<'_>]) -> ExprKind<'a> {
        let object = field(node, &["value", "object", "argument", "array", "operand"])
            .or_else(|| children.first().copied());
        let index =
            field(node, &["subscript", "index", "indices"]).or_else(|| children.get(1).copied());
        match (object, index) {
            (Some(object), Some(index))
                if index.kind() != "slice" && index.kind() != "range_expression" =>
            {
                let index = if index.kind() == "subscript_argument_list" {
                    named(index).first().copied().unwrap_or(index)
                } else {
                    index
                };
                ExprKind::Index {
                    object: self.boxed(object),
                    index: self.boxed(index),
                }
            }
            (Some(object), _) => ExprKind::Slice {
                object: Some(self.boxed(object)),
            },
            _ => ExprKind::Slice { object: None },
        }
    }

    fn binary(&mut self, node: Node<'_>, children: &[Node<'_>]) -> ExprKind<'a> {
        let left = field(node, &["left"]).or_else(|| children.first().copied());
        let right = field(node, &["right"]).or_else(|| children.get(1).copied());
        let operator = field(node, &["operator"])
            .map(|operator| self.text(operator))
            .unwrap_or_default();
        match (left, right) {
            (Some(left), Some(right)) => ExprKind::Binary {
                operator,
                left: self.boxed(left),
                right: self.boxed(right),
            },
            _ => self.other(node),
        }
    }

    fn compare(&mut self, node: Node<'_>, children: &[Node<'_>]) -> ExprKind<'a> {
        let mut cursor = node.walk();
        let operators: Vec<Node<'_>> = node
            .children_by_field_name("operators", &mut cursor)
            .collect();
        match (children, operators.as_slice()) {
            ([left, right], [operator]) => ExprKind::Binary {
                operator: self.text(*operator),
                left: self.boxed(*left),
                right: self.boxed(*right),
            },
            // `is not` is reported as two tokens by some versions of the grammar.
            ([left, right], [first, last]) => {
                let operator = self
                    .code
                    .get(first.start_byte()..last.end_byte())
                    .unwrap_or_default();
                ExprKind::Binary {
                    operator,
                    left: self.boxed(*left),
                    right: self.boxed(*right),
                }
            }
            _ => ExprKind::Chain(children.iter().map(|child| self.expr(*child)).collect()),
        }
    }

    fn unary(&mut self, node: Node<'_>, children: &[Node<'_>]) -> ExprKind<'a> {
        let operand = field(node, &["argument", "operand"]).or_else(|| children.last().copied());
        let Some(operand) = operand else {
            return self.other(node);
        };
        let operator = field(node, &["operator"])
            .or_else(|| node.child(0))
            .map(|operator| self.text(operator))
            .unwrap_or_default();
        match operator {
            "!" | "not" => ExprKind::Not(self.boxed(operand)),
            "&" => ExprKind::Reference(self.boxed(operand)),
            _ => ExprKind::Unary {
                operator,
                operand: self.boxed(operand),
            },
        }
    }

    fn reference(&mut self, node: Node<'_>, children: &[Node<'_>]) -> ExprKind<'a> {
        let Some(operand) = children.last().copied() else {
            return self.other(node);
        };
        if self.text(node).starts_with('*') {
            ExprKind::Unary {
                operator: "*",
                operand: self.boxed(operand),
            }
        } else {
            ExprKind::Reference(self.boxed(operand))
        }
    }

    fn lambda(&mut self, node: Node<'_>) -> ExprKind<'a> {
        let Some(body) = field(node, &["body"]) else {
            return self.other(node);
        };
        if self.role(body) == Role::Block {
            let steps = self.body_steps(node, body);
            let body = Box::new(Expr {
                text: self.text(body),
                kind: ExprKind::Other(Vec::new()),
            });
            ExprKind::Lambda { body, steps }
        } else {
            ExprKind::Lambda {
                body: self.boxed(body),
                steps: Vec::new(),
            }
        }
    }

    fn comprehension(
        &mut self,
        node: Node<'_>,
        shape: Shape,
        children: &[Node<'_>],
    ) -> ExprKind<'a> {
        let mut clauses: Vec<Clause<'a>> = Vec::new();
        for child in children {
            match child.kind() {
                "for_in_clause" => {
                    if let (Some(left), Some(right)) =
                        (field(*child, &["left"]), field(*child, &["right"]))
                    {
                        let target = self.text(left);
                        clauses.push(Clause {
                            target,
                            iterable: self.expr(right),
                            conditions: Vec::new(),
                        });
                    }
                }
                "if_clause" => {
                    if let (Some(clause), Some(condition)) =
                        (clauses.last_mut(), named(*child).first())
                    {
                        let condition = self.expr(*condition);
                        clause.conditions.push(condition);
                    }
                }
                _ => {}
            }
        }
        let element = match field(node, &["body"]) {
            Some(pair) if pair.kind() == "pair" => named(pair)
                .into_iter()
                .map(|part| self.expr(part))
                .collect(),
            Some(body) => vec![self.expr(body)],
            None => Vec::new(),
        };
        ExprKind::Comprehension {
            shape,
            element,
            clauses,
        }
    }

    fn conditional(&mut self, node: Node<'_>, children: &[Node<'_>]) -> ExprKind<'a> {
        let parts = if self.language == Language::Python {
            match children {
                [then, condition, otherwise] => Some((*condition, *then, *otherwise)),
                _ => None,
            }
        } else {
            let condition = field(node, &["condition"]);
            let then = field(node, &["consequence"]);
            let otherwise = field(node, &["alternative"]);
            condition
                .zip(then)
                .zip(otherwise)
                .map(|((condition, then), otherwise)| (condition, then, otherwise))
        };
        match parts {
            Some((condition, then, otherwise)) => ExprKind::Conditional {
                condition: self.boxed(condition),
                then: self.boxed(then),
                otherwise: self.boxed(otherwise),
            },
            None => self.other(node),
        }
    }
}
