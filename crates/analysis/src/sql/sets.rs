//! Queries that are put together: `UNION` and the like, and `WITH RECURSIVE`, which repeats one of its parts.

use tree_sitter::Node;

use super::query::{Part, add, add_query, named, part, sorted_and_cut};
use crate::parse;
use crate::render::wording::code;

/// The queries of a set operation, each as its clauses, and what stands between them, such as `UNION ALL`.
fn queries<'t>(source: &str, operation: Node<'t>) -> (Vec<Vec<Node<'t>>>, Vec<String>) {
    let mut queries = vec![Vec::new()];
    let mut words: Vec<String> = Vec::new();
    let mut in_word = false;
    for child in named(operation) {
        if child.kind().starts_with("keyword") {
            let word = parse::text(source, child).to_uppercase();
            if let Some(before) = words.last_mut().filter(|_| in_word) {
                before.push(' ');
                before.push_str(&word);
            } else {
                words.push(word);
                queries.push(Vec::new());
            }
            in_word = true;
        } else {
            in_word = false;
            if let Some(query) = queries.last_mut() {
                query.push(child);
            }
        }
    }
    (queries, words)
}

/// What a word between two queries does to their rows.
fn meaning(word: &str) -> &'static str {
    match word {
        "UNION" => "equal rows are kept once",
        "UNION ALL" => "all rows are kept",
        "INTERSECT" | "INTERSECT ALL" => "only rows that both return are kept",
        "EXCEPT" | "EXCEPT ALL" | "MINUS" => {
            "rows of the first that the second returns too are left out"
        }
        _ => "in this order",
    }
}

/// Tells every query of a set operation; the order of the last is that of the whole.
pub(super) fn combined(source: &str, operation: Node<'_>, depth: usize, parts: &mut Vec<Part>) {
    let (queries, mut words) = queries(source, operation);
    words.dedup();
    let shown: Vec<String> = words
        .iter()
        .map(|word| format!("{} ({})", code(word), meaning(word)))
        .collect();
    let text = format!(
        "combines the results of {} queries with {}",
        queries.len(),
        shown.join(", then ")
    );
    parts.push(part(
        operation,
        "SET OPERATION",
        text,
        &words.join(", "),
        depth,
    ));
    for (index, query) in queries.iter().enumerate() {
        let Some(first) = query.first() else { continue };
        let text = format!("runs query {}", index + 1);
        parts.push(part(*first, "QUERY", text, "", depth + 1));
        add_query(source, query, depth + 2, parts);
    }
    if let Some(last) = queries.last() {
        sorted_and_cut(source, last, depth, parts);
    }
}

/// A query that is given a name by `WITH`; one that reads itself is told as a start and a step.
pub(super) fn named_query(
    source: &str,
    cte: Node<'_>,
    is_recursive: bool,
    depth: usize,
    parts: &mut Vec<Part>,
) {
    let children = named(cte);
    let name = children
        .first()
        .map(|name| parse::text(source, *name))
        .unwrap_or_default();
    let inner = children
        .iter()
        .copied()
        .find(|child| child.kind() == "statement");
    let operation = inner
        .map(named)
        .unwrap_or_default()
        .into_iter()
        .find(|child| child.kind() == "set_operation" && is_recursive);
    if operation.is_some_and(|operation| recursive(source, cte, operation, name, depth, parts)) {
        return;
    }
    let text = format!("first makes an intermediate result called {}", code(name));
    parts.push(part(cte, "WITH", text, name, depth));
    if let Some(inner) = inner {
        add(source, inner, depth + 1, parts);
    }
}

/// Tells a query that reads itself; whether it is one: a start that does not, and one step that does.
fn recursive(
    source: &str,
    cte: Node<'_>,
    operation: Node<'_>,
    name: &str,
    depth: usize,
    parts: &mut Vec<Part>,
) -> bool {
    let (queries, words) = queries(source, operation);
    let ([start, step], [word]) = (queries.as_slice(), words.as_slice()) else {
        return false;
    };
    let (Some(first), Some(second)) = (start.first(), step.first()) else {
        return false;
    };
    let reads = |query: &[Node<'_>]| query.iter().any(|node| reads(source, *node, name));
    if reads(start) || !reads(step) {
        return false;
    }
    let shown = code(name);
    let text = format!("first makes an intermediate result called {shown} in rounds (recursively)");
    parts.push(part(cte, "WITH RECURSIVE", text, name, depth));
    let text = "starts with the rows of this query, which is run once".to_owned();
    parts.push(part(*first, "START", text, "", depth + 1));
    add_query(source, start, depth + 2, parts);
    let text = format!(
        "repeats this query, in which {shown} stands for the rows that the round before found, and adds what it returns"
    );
    parts.push(part(*second, "STEP", text, word, depth + 1));
    add_query(source, step, depth + 2, parts);
    let end = if word == "UNION" {
        "ends when a round finds no row that is not there yet"
    } else {
        "ends when a round finds no more rows"
    };
    parts.push(part(*second, "END", end.to_owned(), "", depth + 1));
    sorted_and_cut(source, step, depth + 1, parts);
    true
}

/// Whether a query reads from the table `name`.
fn reads(source: &str, query: Node<'_>, name: &str) -> bool {
    let mut found = false;
    parse::walk(query, |inner| {
        found |= inner.kind() == "object_reference"
            && parse::text(source, inner).eq_ignore_ascii_case(name)
            && inner
                .parent()
                .is_some_and(|parent| parent.kind() == "relation");
        !found
    });
    found
}
