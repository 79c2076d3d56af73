//! What a query selects: columns, aggregates and window functions in words.

use tree_sitter::Node;

use super::query::{Part, named, order_text, part};
use crate::parse;
use crate::render::wording::{code, join};

pub(super) fn selected(source: &str, select: Node<'_>, depth: usize) -> Part {
    let text = parse::text(source, select);
    let is_distinct = named(select)
        .iter()
        .any(|child| child.kind() == "keyword_distinct");
    let terms = named(select)
        .into_iter()
        .find(|child| child.kind() == "select_expression")
        .map(named)
        .unwrap_or_default();
    let columns: Vec<String> = terms
        .iter()
        .take(16)
        .map(|term| column(source, *term))
        .collect();
    let more = if terms.len() > 16 { " and more" } else { "" };
    let without = if is_distinct {
        ", without repeated rows"
    } else {
        ""
    };
    let shown = text.get(6..).unwrap_or_default().trim();
    part(
        select,
        "SELECT",
        format!("returns {}{more}{without}", join(&columns, "and")),
        shown,
        depth,
    )
}

pub(super) fn column(source: &str, term: Node<'_>) -> String {
    let value = term
        .child_by_field_name("value")
        .or_else(|| named(term).first().copied());
    let Some(value) = value else {
        return code(parse::text(source, term));
    };
    let text = parse::text(source, value);
    let said = match value.kind() {
        "all_fields" => "all columns".to_owned(),
        "invocation" => aggregate(source, value),
        "window_function" => window(source, value),
        "subquery" => "the result of an inner query".to_owned(),
        "case" => format!("a value chosen by cases, {}", code(text)),
        _ => code(text),
    };
    match term.child_by_field_name("alias") {
        Some(alias) => format!("{said} as {}", code(parse::text(source, alias))),
        None => said,
    }
}

pub(super) fn aggregate(source: &str, node: Node<'_>) -> String {
    let text = parse::text(source, node);
    let name = text
        .split('(')
        .next()
        .unwrap_or_default()
        .trim()
        .to_uppercase();
    let inside = text
        .split_once('(')
        .map(|(_, rest)| rest.trim_end_matches(')').trim())
        .unwrap_or_default();
    let has_filter = text.to_uppercase().contains("FILTER");
    match name.as_str() {
        _ if has_filter => code(text),
        "COUNT" if inside == "*" => "the number of rows".to_owned(),
        "COUNT" if inside.to_uppercase().starts_with("DISTINCT ") => format!(
            "the number of different values of {}",
            code(inside.get(9..).unwrap_or_default())
        ),
        "COUNT" => format!("the number of rows where {} has a value", code(inside)),
        "SUM" => format!("the sum of {}", code(inside)),
        "AVG" => format!("the average of {}", code(inside)),
        "MIN" => format!("the smallest {}", code(inside)),
        "MAX" => format!("the largest {}", code(inside)),
        _ => code(text),
    }
}

pub(super) fn window(source: &str, node: Node<'_>) -> String {
    let call_node = named(node).first().copied();
    let call = call_node.map_or("", |call| parse::text(source, call));
    let argument = call.split_once('(').map_or("", |(_, rest)| {
        rest.trim_end_matches(')').split(',').next().unwrap_or(rest)
    });
    let mut partition = String::new();
    let mut order = String::new();
    let mut has_frame = false;
    parse::walk(node, |inner| {
        match inner.kind() {
            "window_frame" | "frame_definition" => has_frame = true,
            "partition_by" => {
                let names: Vec<String> = named(inner)
                    .into_iter()
                    .filter(|child| !child.kind().starts_with("keyword"))
                    .map(|child| code(parse::text(source, child)))
                    .collect();
                partition = format!(" within each {}", join(&names, "and"));
            }
            "order_by" => {
                order = format!(", by {}", order_text(source, inner));
            }
            _ => return true,
        }
        false
    });
    let name = call.split('(').next().unwrap_or_default().to_uppercase();
    let said = match name.as_str() {
        "RANK" => "the rank (equal rows share one, and the next is skipped)".to_owned(),
        "DENSE_RANK" => "the rank (equal rows share one, none is skipped)".to_owned(),
        "ROW_NUMBER" => "a running number".to_owned(),
        "LAG" => format!("{} of an earlier row", code(argument)),
        "LEAD" => format!("{} of a later row", code(argument)),
        _ => {
            let over = if has_frame {
                " over the rows of its window"
            } else if order.is_empty() {
                " over all rows"
            } else {
                " over the rows so far"
            };
            match call_node.map(|call| aggregate(source, call)) {
                Some(said) if said != code(call) => format!("{said}{over}"),
                _ => code(call),
            }
        }
    };
    format!("{said}{partition}{order}")
}
