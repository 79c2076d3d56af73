//! Labels, and what jumps to them.

use domain::language::Language;
use tree_sitter::Node;

use super::{Builder, field, named};
use crate::facts::{Label, StepKind};
use crate::languages::Role;

impl<'a> Builder<'a> {
    /// The label that stands at a statement.
    pub(super) fn label(&self, node: Node<'_>) -> Option<Label<'a>> {
        if self.language == Language::Rust {
            let first = node
                .named_child(0)
                .filter(|first| first.kind() == "label")?;
            let role = self.role(node);
            return (!matches!(role, Role::Break | Role::Continue)).then(|| Label {
                name: self.text(first),
                is_loop: is_loop(role),
                loops: self.loops,
            });
        }
        if node.kind() != "labeled_statement" {
            return None;
        }
        let parts = named(node);
        let name = field(node, &["label"]).or_else(|| parts.first().copied())?;
        Some(Label {
            name: self.text(name),
            is_loop: parts.last().is_some_and(|last| is_loop(self.role(*last))),
            loops: self.loops,
        })
    }

    /// The label that a jump names.
    pub(super) fn jump_label(&self, node: Node<'_>) -> Option<Label<'a>> {
        let first = named(node).into_iter().next().filter(|first| {
            matches!(
                first.kind(),
                "label" | "label_name" | "statement_identifier" | "identifier"
            )
        })?;
        if self.language == Language::Rust && first.kind() != "label" {
            return None;
        }
        let name = self.text(first);
        let label = self.labels.iter().rev().find(|label| label.name == name)?;
        Some(Label {
            loops: self.loops.saturating_sub(label.loops),
            ..*label
        })
    }

    /// A `break`, with the value that Rust lets it give.
    pub(super) fn leaving(&mut self, node: Node<'_>) -> StepKind<'a> {
        let value = named(node)
            .into_iter()
            .find(|child| self.language == Language::Rust && child.kind() != "label");
        StepKind::Break {
            label: self.jump_label(node),
            value: value.map(|value| self.expr(value)),
            is_result: false,
        }
    }
}

pub(super) const fn is_loop(role: Role) -> bool {
    matches!(
        role,
        Role::ForEach | Role::ForCount | Role::GoFor | Role::While | Role::DoWhile | Role::Loop
    )
}
