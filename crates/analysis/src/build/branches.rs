//! Statements with branches: `if`, `switch`, `try`, `with`.

#![expect(
    clippy::wildcard_enum_match_arm,
    reason = "the facts have many variants; this looks for a few of them"
)]

use domain::language::Language;
use tree_sitter::Node;

use super::{Builder, field, named, step_at};
use crate::facts::{Case, Expr, ExprKind, Handler, Step, StepKind, SwitchStyle};
use crate::languages::Role;
use crate::parse;

impl<'a> Builder<'a> {
    /// A condition, out of its parentheses.
    pub(super) fn condition(&mut self, node: Node<'_>) -> Expr<'a> {
        match node.kind() {
            "condition_clause" => match field(node, &["value"]) {
                Some(value) => self.expr(value),
                None => self.first_expr(node),
            },
            "let_condition" => match (field(node, &["pattern"]), field(node, &["value"])) {
                (Some(pattern), Some(value)) => self.matches(pattern, value),
                _ => self.expr(node),
            },
            _ => self.expr(node),
        }
    }

    /// Rust's `let PATTERN = VALUE` as a condition.
    pub(super) fn matches(&mut self, pattern: Node<'_>, value: Node<'_>) -> Expr<'a> {
        let start = pattern.start_byte().min(value.start_byte());
        let end = pattern.end_byte().max(value.end_byte());
        let right = Expr {
            text: self.text(pattern),
            kind: ExprKind::Name,
        };
        Expr {
            text: self.code.get(start..end).unwrap_or_default(),
            kind: ExprKind::Binary {
                operator: "matches",
                left: Box::new(self.expr(value)),
                right: Box::new(right),
            },
        }
    }

    pub(super) fn branch(&mut self, node: Node<'_>, steps: &mut Vec<Step<'a>>) {
        if let Some(first) = field(node, &["initializer"]) {
            self.step_into(first, steps);
        }
        let mut arms = Vec::new();
        let mut otherwise = None;
        let mut current = node;
        loop {
            if let Some(condition) = field(current, &["condition"]) {
                let condition = self.condition(condition);
                let body = field(current, &["consequence"]).map(|body| self.block(body));
                arms.push((condition, body.unwrap_or_default()));
            }
            let mut next = None;
            let mut cursor = current.walk();
            let alternatives: Vec<Node<'_>> = current
                .children_by_field_name("alternative", &mut cursor)
                .collect();
            for alternative in alternatives {
                if alternative.kind() == "elif_clause" {
                    if let Some(condition) = field(alternative, &["condition"]) {
                        let condition = self.condition(condition);
                        let body =
                            field(alternative, &["consequence"]).map(|body| self.block(body));
                        arms.push((condition, body.unwrap_or_default()));
                    }
                    continue;
                }
                let inner =
                    if alternative.kind() == "else_clause" && self.language != Language::Python {
                        named(alternative).into_iter().last().unwrap_or(alternative)
                    } else {
                        alternative
                    };
                // An `if` with a first statement of its own cannot be flattened: the statement would move.
                if self.role(inner) == Role::If && field(inner, &["initializer"]).is_none() {
                    next = Some(inner);
                } else {
                    otherwise = Some(self.block(inner));
                }
            }
            match next {
                Some(inner) => current = inner,
                None => break,
            }
        }
        if !arms.is_empty() {
            steps.push(step_at(node, StepKind::If { arms, otherwise }));
        }
    }

    pub(super) fn switch(
        &mut self,
        node: Node<'_>,
        falls_through: bool,
        steps: &mut Vec<Step<'a>>,
    ) {
        if let Some(first) = field(node, &["initializer"]) {
            self.step_into(first, steps);
        }
        let subject =
            field(node, &["subject", "value", "condition"]).map(|node| self.condition(node));
        let holder = field(node, &["body"]).unwrap_or(node);
        let mut style = match (node.kind(), falls_through) {
            ("select_statement", _) => SwitchStyle::Select,
            (_, true) => SwitchStyle::FallsThrough,
            (_, false) => SwitchStyle::Exclusive,
        };
        let mut cases = Vec::new();
        for child in named(holder) {
            if child.kind() == "switch_rule" {
                style = SwitchStyle::Exclusive;
            }
            if let Some(case) = self.case(child) {
                cases.push(case);
            }
        }
        steps.push(step_at(
            node,
            StepKind::Switch {
                subject,
                cases,
                style,
            },
        ));
    }

    fn case(&mut self, node: Node<'_>) -> Option<Case<'a>> {
        let kind = node.kind();
        if !(kind.contains("case") || kind.starts_with("switch_") || kind == "match_arm") {
            return None;
        }
        let label = if kind == "match_arm" {
            field(node, &["pattern"])
        } else {
            let first = || {
                named(node)
                    .into_iter()
                    .find(|child| child.kind() == "switch_label" || child.kind() == "case_pattern")
            };
            first().or_else(|| field(node, &["pattern", "value", "communication", "type"]))
        };
        let guard_node = field(node, &["guard"])
            .and_then(|guard| named(guard).first().copied())
            .or_else(|| label.and_then(|label| field(label, &["condition"])));
        let mut pattern = label.map(|label| self.text(label)).unwrap_or_default();
        if let (Some(label), Some(guard)) = (label, guard_node)
            && guard.start_byte() > label.start_byte()
            && guard.end_byte() <= label.end_byte()
        {
            let end = guard.start_byte() - label.start_byte();
            pattern = pattern
                .get(..end)
                .unwrap_or(pattern)
                .trim()
                .trim_end_matches("if")
                .trim();
        }
        pattern = pattern.strip_prefix("case ").unwrap_or(pattern).trim();
        let guard = guard_node.map(|guard| self.condition(guard));
        let is_default = guard.is_none()
            && (label.is_none() || matches!(pattern, "_" | "default") || kind.contains("default"));
        let skipped = |child: &Node<'_>| {
            Some(*child) != label
                && child.kind() != "if_clause"
                && child.kind() != "switch_label"
                && child.kind() != "case_pattern"
        };
        let mut body = Vec::new();
        for child in named(node).into_iter().filter(skipped) {
            match self.role(child) {
                Role::Block => body.extend(self.block(child)),
                _ if kind == "match_arm" => self.step_or_tail(child, true, &mut body),
                _ => self.step_into(child, &mut body),
            }
        }
        Some(Case {
            pattern,
            guard,
            is_default,
            line: parse::line(node),
            body,
        })
    }

    pub(super) fn try_block(&mut self, node: Node<'_>) -> StepKind<'a> {
        let body = field(node, &["body"])
            .map(|body| self.block(body))
            .unwrap_or_default();
        let mut handlers = Vec::new();
        let mut otherwise = Vec::new();
        let mut finally = Vec::new();
        let mut resources = Vec::new();
        for child in named(node) {
            match child.kind() {
                "except_clause" | "except_group_clause" | "catch_clause" => {
                    handlers.push(self.handler(child));
                }
                "else_clause" => otherwise = self.block(child),
                "finally_clause" => finally = self.block(child),
                "resource_specification" => {
                    resources = named(child)
                        .into_iter()
                        .map(|resource| self.text(resource))
                        .collect();
                }
                _ => {}
            }
        }
        let line = parse::line(node);
        let body = if resources.is_empty() {
            body
        } else {
            vec![Step {
                line,
                end_line: line,
                kind: StepKind::With { resources, body },
            }]
        };
        if handlers.is_empty() && otherwise.is_empty() && finally.is_empty() {
            return StepKind::Block { label: "", body };
        }
        StepKind::Try {
            body,
            handlers,
            otherwise,
            finally,
        }
    }

    fn handler(&mut self, node: Node<'_>) -> Handler<'a> {
        let block = field(node, &["body"]).or_else(|| {
            named(node)
                .into_iter()
                .find(|child| self.role(*child) == Role::Block)
        });
        let head_end = block.map_or(node.end_byte(), |block| block.start_byte());
        let head = self
            .code
            .get(node.start_byte()..head_end)
            .unwrap_or_default();
        let head = head
            .trim_start_matches("except")
            .trim_start_matches('*')
            .trim_start_matches("catch")
            .trim()
            .trim_end_matches(':')
            .trim();
        let head = head
            .strip_prefix('(')
            .and_then(|head| head.strip_suffix(')'))
            .unwrap_or(head);
        let types = match self.language {
            Language::Python => head.split(" as ").next().unwrap_or(head).trim(),
            Language::JavaScript | Language::TypeScript => "",
            _ if head == "..." => "",
            _ => match head.rsplit_once(' ') {
                Some((types, _)) => types.trim().trim_start_matches("final "),
                None => head,
            },
        };
        let body = block.map(|block| self.block(block)).unwrap_or_default();
        Handler {
            types,
            line: parse::line(node),
            body,
        }
    }

    pub(super) fn with_block(&mut self, node: Node<'_>) -> StepKind<'a> {
        let mut resources = Vec::new();
        for child in named(node) {
            if child.kind() == "with_clause" {
                resources.extend(named(child).into_iter().map(|item| self.text(item)));
            }
        }
        let body = field(node, &["body"])
            .map(|body| self.block(body))
            .unwrap_or_default();
        StepKind::With { resources, body }
    }
}
