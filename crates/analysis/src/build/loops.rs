//! Loops.

use domain::language::Language;
use tree_sitter::Node;

use super::{Builder, field, named, step_at};
use crate::facts::{Expr, ExprKind, Over, Step, StepKind};
use crate::languages::Role;

impl<'a> Builder<'a> {
    pub(super) fn for_each(&mut self, node: Node<'_>) -> StepKind<'a> {
        let is_java = self.language == Language::Java;
        let target = if is_java {
            field(node, &["name"])
        } else {
            field(node, &["left", "pattern", "declarator"])
        };
        let iterable = if is_java {
            field(node, &["value"])
        } else {
            field(node, &["right", "value"])
        };
        let over = if node.kind() == "for_in_statement"
            && field(node, &["operator"]).is_some_and(|op| self.text(op) == "in")
        {
            Over::Keys
        } else if self.text(node).starts_with("async") || self.text(node).starts_with("for await") {
            Over::Async
        } else {
            Over::Items
        };
        let target = target.map(|node| self.text(node).trim_start_matches(['&', '*', ' ']));
        let iterable = match iterable {
            Some(iterable) => self.expr(iterable),
            None => Expr {
                text: "",
                kind: ExprKind::Other(Vec::new()),
            },
        };
        let mut body = field(node, &["body"])
            .map(|body| self.block(body))
            .unwrap_or_default();
        self.loop_else(node, &mut body);
        StepKind::ForEach {
            target,
            iterable,
            body,
            over,
        }
    }

    /// Python's `else` of a loop goes at the end of its body under a name of its own, and is taken out again by the renderers.
    pub(super) fn loop_else(&mut self, node: Node<'_>, body: &mut Vec<Step<'a>>) {
        if self.language == Language::Python
            && let Some(alternative) = field(node, &["alternative"])
        {
            let inner = self.block(alternative);
            body.push(step_at(alternative, StepKind::LoopElse(inner)));
        }
    }

    pub(super) fn for_count(&mut self, node: Node<'_>) -> StepKind<'a> {
        let start = self.head(node, &["initializer", "init"]);
        let condition = field(node, &["condition"])
            .filter(|condition| condition.kind() != "empty_statement")
            .map(|condition| self.condition(condition));
        let update = self.head(node, &["update", "increment"]);
        let body = field(node, &["body"])
            .map(|body| self.block(body))
            .unwrap_or_default();
        StepKind::Count {
            start,
            condition,
            update,
            body,
        }
    }

    /// What stands in these fields of the head of a loop; Java has several of one name. What stands between commas is done one
    /// after the other.
    fn head(&mut self, node: Node<'_>, fields: &[&str]) -> Vec<Step<'a>> {
        let mut rest = Vec::new();
        for name in fields {
            let mut cursor = node.walk();
            rest.extend(node.children_by_field_name(name, &mut cursor));
        }
        rest.reverse();
        let mut steps = Vec::new();
        while let Some(part) = rest.pop() {
            if matches!(part.kind(), "comma_expression" | "sequence_expression") {
                rest.extend(named(part).into_iter().rev());
            } else if part.is_named() {
                self.step_into(part, &mut steps);
            }
        }
        steps
    }

    pub(super) fn go_for(&mut self, node: Node<'_>) -> StepKind<'a> {
        let body = field(node, &["body"])
            .map(|body| self.block(body))
            .unwrap_or_default();
        let head = named(node)
            .into_iter()
            .find(|child| child.kind() != "block");
        match head {
            Some(head) if head.kind() == "range_clause" => {
                let target = field(head, &["left"]).map(|left| self.text(left));
                let iterable = match field(head, &["right"]) {
                    Some(right) => self.expr(right),
                    None => Expr {
                        text: "",
                        kind: ExprKind::Other(Vec::new()),
                    },
                };
                StepKind::ForEach {
                    target,
                    iterable,
                    body,
                    over: Over::GoRange,
                }
            }
            Some(head) if head.kind() == "for_clause" => {
                let StepKind::Count {
                    start,
                    condition,
                    update,
                    ..
                } = self.for_count(head)
                else {
                    return StepKind::Block { label: "", body };
                };
                StepKind::Count {
                    start,
                    condition,
                    update,
                    body,
                }
            }
            Some(head) => StepKind::While {
                condition: Some(self.expr(head)),
                body,
                test_last: false,
            },
            None => StepKind::While {
                condition: None,
                body,
                test_last: false,
            },
        }
    }

    pub(super) fn while_loop(&mut self, node: Node<'_>, steps: &mut Vec<Step<'a>>) {
        let condition = field(node, &["condition"]).map(|condition| self.condition(condition));
        let condition = condition.filter(|condition| {
            !matches!(condition.kind, ExprKind::Bool(true)) && !condition.is("1")
        });
        let mut body = field(node, &["body"])
            .map(|body| self.block(body))
            .unwrap_or_default();
        self.loop_else(node, &mut body);
        let test_last = self.role(node) == Role::DoWhile;
        steps.push(step_at(
            node,
            StepKind::While {
                condition,
                body,
                test_last,
            },
        ));
    }
}
