//! Conditions of SQL in words.

use tree_sitter::Node;

use super::columns::aggregate;
use super::query::{DEPTH_MAX, named};
use crate::parse;
use crate::render::wording::code;

/// A condition in words.
pub(super) fn condition(source: &str, node: Node<'_>) -> String {
    condition_at(source, node, 0)
}

pub(super) fn condition_at(source: &str, node: Node<'_>, depth: usize) -> String {
    let text = parse::text(source, node);
    if depth > DEPTH_MAX {
        return format!("{} holds", code(text));
    }
    if node.kind() == "parenthesized_expression"
        && let [inner] = named(node).as_slice()
    {
        return format!("({})", condition_at(source, *inner, depth + 1));
    }
    let (Some(left), Some(right)) = (
        node.child_by_field_name("left"),
        node.child_by_field_name("right"),
    ) else {
        return format!("{} holds", code(text));
    };
    if node.kind() != "binary_expression" {
        return format!("{} holds", code(text));
    }
    let between = source
        .get(left.end_byte()..right.start_byte())
        .unwrap_or_default();
    let operator = between
        .split_whitespace()
        .collect::<Vec<_>>()
        .join(" ")
        .to_uppercase();
    if matches!(operator.as_str(), "AND" | "OR") {
        let word = operator.to_lowercase();
        return format!(
            "{} {word} {}",
            condition_at(source, left, depth + 1),
            condition_at(source, right, depth + 1)
        );
    }
    let second = if right.kind() == "subquery" {
        format!(
            "among the results of the inner query {}",
            code(parse::text(source, right))
        )
    } else {
        code(parse::text(source, right))
    };
    let first = if left.kind() == "invocation" {
        aggregate(source, left)
    } else {
        code(parse::text(source, left))
    };
    let Some(relation) = relation(&operator, right.kind() == "subquery") else {
        return format!("{} holds", code(text));
    };
    if right.kind() == "subquery" && !matches!(operator.as_str(), "IN" | "NOT IN") {
        return format!(
            "{first} {relation} the result of the inner query {}",
            code(parse::text(source, right))
        );
    }
    format!("{first} {relation} {second}")
}

/// An operator in words.
fn relation(operator: &str, is_subquery: bool) -> Option<&'static str> {
    Some(match operator {
        "=" => "equals",
        "<>" | "!=" => "differs from",
        "<" => "is less than",
        ">" => "is greater than",
        "<=" => "is at most",
        ">=" => "is at least",
        "IS" => "is",
        "IS NOT" => "is not",
        "LIKE" => "matches the pattern",
        "NOT LIKE" => "does not match the pattern",
        "IN" if is_subquery => "is",
        "NOT IN" if is_subquery => "is not",
        "IN" => "is one of",
        "NOT IN" => "is none of",
        _ => return None,
    })
}
