//! Docstrings and comments above definitions.

use domain::language::Language;
use tree_sitter::Node;

use super::{Builder, field, named};
use crate::facts::{ExprKind, Step, StepKind};

/// Most characters of a comment that are quoted.
const DOC_CHARS_MAX: usize = 240;

impl<'a> Builder<'a> {
    pub(super) fn docstring(&self, node: Node<'_>) -> Option<String> {
        if self.language != Language::Python {
            return None;
        }
        let first = field(node, &["body"]).and_then(|body| named(body).first().copied())?;
        let string = named(first)
            .first()
            .copied()
            .filter(|inner| inner.kind() == "string")?;
        (first.kind() == "expression_statement").then_some(())?;
        first_paragraph(
            self.text(string)
                .trim_start_matches(['r', 'R', 'u', 'b', 'f'])
                .trim_matches(['"', '\'']),
        )
    }

    pub(super) fn drop_docstring(&self, body: &mut Vec<Step<'a>>) {
        if self.language == Language::Python
            && let Some(Step {
                kind: StepKind::Evaluate(value),
                ..
            }) = body.first()
            && matches!(value.kind, ExprKind::Text)
        {
            body.remove(0);
        }
    }

    /// The comment that ends on the line before `node`.
    pub(super) fn comment_above(&self, node: Node<'_>) -> Option<String> {
        let mut texts = Vec::new();
        let mut below = node;
        let mut above = node.prev_sibling();
        while let Some(comment) = above {
            let kind = comment.kind();
            if kind == "attribute_item" {
                below = comment;
                above = comment.prev_sibling();
                continue;
            }
            let ends = comment.end_position();
            let last_row = if ends.column == 0 {
                ends.row.saturating_sub(1)
            } else {
                ends.row
            };
            if !kind.ends_with("comment")
                || last_row + 1 < below.start_position().row
                || texts.len() > 40
            {
                break;
            }
            // A comment at the end of a line of code belongs to that code.
            let line_start = self
                .code
                .get(..comment.start_byte())
                .unwrap_or_default()
                .rsplit('\n')
                .next()
                .unwrap_or_default();
            if !line_start.trim().is_empty() {
                break;
            }
            texts.push(self.text(comment));
            below = comment;
            above = comment.prev_sibling();
        }
        texts.reverse();
        first_paragraph(&texts.join("\n"))
    }
}

/// The first paragraph of a comment or docstring, without its markers.
pub(super) fn first_paragraph(text: &str) -> Option<String> {
    let mut words = Vec::new();
    for line in text.lines() {
        let plain = line
            .trim()
            .trim_start_matches(['/', '*', '#', '!', '-'])
            .trim_end_matches("*/")
            .trim();
        let is_mark = plain.starts_with('@')
            || plain.starts_with(":param")
            || plain.starts_with(">>>")
            || plain.starts_with("```");
        if is_mark || (plain.is_empty() && !words.is_empty()) {
            break;
        }
        words.extend(plain.split_whitespace());
    }
    let joined = words.join(" ");
    if joined.is_empty() {
        return None;
    }
    if joined.chars().count() <= DOC_CHARS_MAX {
        return Some(joined);
    }
    let cut: String = joined.chars().take(DOC_CHARS_MAX).collect();
    let end = cut
        .rfind(". ")
        .map_or_else(|| cut.rfind(' '), |at| Some(at + 1));
    let short = end.and_then(|end| cut.get(..end)).unwrap_or(&cut);
    Some(format!("{} …", short.trim_end()))
}
