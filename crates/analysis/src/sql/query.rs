//! Queries: their clauses in the order they take effect.

use tree_sitter::Node;

use super::columns::selected;
use super::conditions::condition;
use super::sets;
use crate::parse;
use crate::render::wording::{code, join};

/// Deepest nesting of queries and conditions that is put into words.
pub(super) const DEPTH_MAX: usize = 12;

/// One clause.
pub(super) struct Part {
    pub(super) line: u32,
    pub(super) clause: &'static str,
    /// What it does, in the third person, without a full stop.
    pub(super) text: String,
    pub(super) source: String,
    /// 0 for the statement, 1 for a query inside of it.
    pub(super) depth: usize,
}

impl Part {
    pub(super) fn new(line: u32, clause: &'static str, text: String, source: &str) -> Self {
        Self {
            line,
            clause,
            text,
            source: source.to_owned(),
            depth: 0,
        }
    }

    /// Terms that this clause needs.
    pub(super) fn words(&self) -> Vec<(&'static str, &'static str)> {
        let mut words = match self.clause {
            "WITH" => vec![(
                "Common table expression (`WITH`)",
                "a query that is given a name, so that the main query can read from it as from a table",
            )],
            "WITH RECURSIVE" => vec![(
                "Recursive query (`WITH RECURSIVE`)",
                "a query that reads its own result: it starts with some rows and repeats a step with the rows found last",
            )],
            "JOIN" => vec![(
                "Join",
                "puts rows of two tables side by side when they belong together",
            )],
            "GROUP BY" => vec![(
                "Grouping",
                "rows with the same value become one group, and each group gives one row of the result",
            )],
            "HAVING" => vec![(
                "`HAVING`",
                "a condition on whole groups, after they were made",
            )],
            "WHERE" => vec![("`WHERE`", "decides which rows take part")],
            "COLUMN" => vec![(
                "Column",
                "one named piece of information that every row has",
            )],
            _ => Vec::new(),
        };
        let upper = self.source.to_uppercase();
        if self.clause == "SELECT" && upper.contains(" OVER") {
            words.push((
                "Window function",
                "works out a value from rows that belong together, but keeps every row",
            ));
        }
        words
    }

    /// What an expert wants to know about this clause.
    pub(super) fn note(&self) -> Option<String> {
        let upper = self.source.to_uppercase();
        let flat: String = upper.split_whitespace().collect::<Vec<_>>().join(" ");
        if self.clause == "WHERE" && flat.contains("NOT IN (SELECT") {
            Some(format!(
                "line {}: `NOT IN` with a subquery keeps no row at all when the subquery returns a `NULL`",
                self.line
            ))
        } else if self.clause == "WHERE" && self.source.is_empty() {
            Some(format!(
                "line {}: no `WHERE`, so every row is affected",
                self.line
            ))
        } else if self.clause == "STEP" && self.source == "UNION ALL" {
            Some(format!(
                "line {}: rows that lead back to each other in a circle make it run for ever, unless a condition counts the rounds",
                self.line
            ))
        } else if self.clause == "LIMIT" {
            Some(format!(
                "line {}: without a unique sort order, which rows are kept among equals is not fixed",
                self.line
            ))
        } else if self.clause == "JOIN" && flat.starts_with("LEFT") {
            Some(format!(
                "line {}: a left join fills the columns of the right side with `NULL` where nothing matches",
                self.line
            ))
        } else if self.clause == "SELECT" && flat.contains(" OVER") {
            Some(format!(
                "line {}: uses a window function, which is worked out after grouping and before sorting",
                self.line
            ))
        } else {
            None
        }
    }
}

pub(super) fn named(node: Node<'_>) -> Vec<Node<'_>> {
    let mut cursor = node.walk();
    node.named_children(&mut cursor)
        .filter(|child| !child.is_extra())
        .collect()
}

/// The clauses of a query, in the order they take effect.
pub(super) fn parts(source: &str, node: Node<'_>) -> Vec<Part> {
    let mut parts = Vec::new();
    add(source, node, 0, &mut parts);
    parts
}

/// Adds what a statement or an inner query does to `parts`.
pub(super) fn add(source: &str, node: Node<'_>, depth: usize, parts: &mut Vec<Part>) {
    if depth > DEPTH_MAX {
        return;
    }
    let children = named(node);
    let find = |kind: &str| children.iter().copied().find(|child| child.kind() == kind);
    let is_recursive = find("keyword_recursive").is_some();
    for cte in children.iter().filter(|child| child.kind() == "cte") {
        sets::named_query(source, *cte, is_recursive, depth, parts);
    }
    if let Some(operation) = find("set_operation") {
        sets::combined(source, operation, depth, parts);
        return;
    }
    add_query(source, &children, depth, parts);
    sorted_and_cut(source, &children, depth, parts);
}

/// What one `SELECT` reads, keeps, groups and returns.
pub(super) fn add_query(source: &str, clauses: &[Node<'_>], depth: usize, parts: &mut Vec<Part>) {
    let find = |kind: &str| clauses.iter().copied().find(|child| child.kind() == kind);
    if let Some(from) = find("from") {
        read_from(source, from, depth, parts);
    }
    if let Some(select) = find("select") {
        parts.push(selected(source, select, depth));
    }
}

/// `ORDER BY`, `LIMIT` and `OFFSET`, which some statements have inside of `FROM`.
pub(super) fn sorted_and_cut(
    source: &str,
    children: &[Node<'_>],
    depth: usize,
    parts: &mut Vec<Part>,
) {
    let find = |kind: &str| children.iter().copied().find(|child| child.kind() == kind);
    let tail_holder = find("from").map(named).unwrap_or_default();
    let tail = |kind: &str| {
        find(kind).or_else(|| {
            tail_holder
                .iter()
                .copied()
                .find(|child| child.kind() == kind)
        })
    };
    if let Some(order) = tail("order_by") {
        parts.push(part(
            order,
            "ORDER BY",
            format!("sorts the result by {}", order_text(source, order)),
            parse::text(source, order),
            depth,
        ));
    }
    if let Some(limit) = tail("limit") {
        parts.extend(limited(source, limit, depth));
    }
    if let Some(offset) = tail("offset") {
        parts.push(part(
            offset,
            "OFFSET",
            format!("skips rows as {} says", code(parse::text(source, offset))),
            parse::text(source, offset),
            depth,
        ));
    }
}

/// How many rows a `LIMIT` keeps, and how many its `OFFSET` skips first; nothing when it limits nothing.
fn limited(source: &str, limit: Node<'_>, depth: usize) -> Option<Part> {
    let text = parse::text(source, limit);
    let value = |node: Node<'_>| {
        let value = named(node)
            .into_iter()
            .find(|child| !child.kind().starts_with("keyword") && child.kind() != "offset")
            .map(|child| parse::text(source, child));
        value.filter(|text| {
            !["NULL", "ALL"]
                .iter()
                .any(|no| text.eq_ignore_ascii_case(no))
        })
    };
    let skipped = named(limit)
        .into_iter()
        .find(|child| child.kind() == "offset")
        .and_then(value);
    // The grammar stops before the comma of `LIMIT 20, 10`, so the number that was read is not that of what is kept.
    let is_cut = source
        .get(limit.end_byte()..)
        .is_some_and(|rest| rest.trim_start().starts_with(','));
    let is_number = |text: &str| !is_cut && text.bytes().all(|byte| byte.is_ascii_digit());
    let rows = |count: &str| match count {
        "1" if !is_cut => "1 row".to_owned(),
        _ if is_number(count) => format!("{count} rows"),
        _ => "a given number of rows".to_owned(),
    };
    let skips = skipped
        .filter(|skipped| *skipped != "0")
        .map(|skipped| format!("skips {}", rows(skipped)));
    let keeps = value(limit).map(|kept| match kept {
        "1" if skips.is_none() && !is_cut => "keeps at most the first row".to_owned(),
        _ if skips.is_none() && is_number(kept) => format!("keeps at most the first {kept} rows"),
        _ => format!("keeps at most {}", rows(kept)),
    });
    let clause = if keeps.is_some() { "LIMIT" } else { "OFFSET" };
    let told: Vec<String> = skips.into_iter().chain(keeps).collect();
    (!told.is_empty()).then(|| part(limit, clause, told.join(", then "), text, depth))
}

pub(super) fn part(
    node: Node<'_>,
    clause: &'static str,
    text: String,
    source: &str,
    depth: usize,
) -> Part {
    Part {
        depth,
        ..Part::new(parse::line(node), clause, text, source)
    }
}

fn read_from(source: &str, from: Node<'_>, depth: usize, parts: &mut Vec<Part>) {
    let children = named(from);
    let relations: Vec<String> = children
        .iter()
        .filter(|child| matches!(child.kind(), "relation" | "object_reference"))
        .map(|relation| table(source, *relation))
        .collect();
    if !relations.is_empty() {
        let together = if relations.len() > 1 {
            ", in every combination of their rows"
        } else {
            ""
        };
        let line = children
            .iter()
            .find(|child| child.kind() == "relation")
            .copied()
            .unwrap_or(from);
        let shown: Vec<&str> = children
            .iter()
            .filter(|child| child.kind() == "relation")
            .map(|relation| parse::text(source, *relation))
            .collect();
        parts.push(part(
            line,
            "FROM",
            format!("reads {}{together}", join(&relations, "and")),
            &shown.join(", "),
            depth,
        ));
    }
    for child in &children {
        match child.kind() {
            "join" | "cross_join" | "lateral_join" | "lateral_cross_join" => {
                parts.push(joined(source, *child, depth));
            }
            "where" => {
                let Some(predicate) = child
                    .child_by_field_name("predicate")
                    .or_else(|| named(*child).into_iter().last())
                else {
                    continue;
                };
                parts.push(part(
                    *child,
                    "WHERE",
                    format!("keeps only the rows where {}", condition(source, predicate)),
                    parse::text(source, predicate),
                    depth,
                ));
            }
            "group_by" => grouped(source, *child, depth, parts),
            _ => {}
        }
    }
}

fn table(source: &str, relation: Node<'_>) -> String {
    let alias = relation
        .child_by_field_name("alias")
        .map(|alias| parse::text(source, alias));
    let first = named(relation).first().copied();
    let name = match first {
        Some(first) if first.kind() == "subquery" => "the result of an inner query".to_owned(),
        Some(first) => format!("the table {}", code(parse::text(source, first))),
        None => "a table".to_owned(),
    };
    match alias {
        Some(alias) => format!("{name} (called {})", code(alias)),
        None => name,
    }
}

fn joined(source: &str, node: Node<'_>, depth: usize) -> Part {
    let text = parse::text(source, node);
    let upper = text.to_uppercase();
    let relation = named(node)
        .into_iter()
        .find(|child| child.kind() == "relation")
        .map_or_else(|| "a table".to_owned(), |relation| table(source, relation));
    let on = node
        .child_by_field_name("predicate")
        .map(|predicate| condition(source, predicate));
    let how = on.map_or_else(
        || "in every combination".to_owned(),
        |on| format!("where {on}"),
    );
    let sentence = if upper.starts_with("LEFT") {
        format!(
            "adds matching rows of {relation}, {how}; rows without a match stay, with nothing (`NULL`) on that side"
        )
    } else if upper.starts_with("RIGHT") {
        format!(
            "joins {relation}, {how}; all its rows stay, with nothing (`NULL`) on the other side where nothing matches"
        )
    } else if upper.starts_with("FULL") {
        format!("joins {relation}, {how}; rows of both sides stay even without a match")
    } else if upper.starts_with("CROSS") {
        format!("joins {relation}, in every combination of rows")
    } else {
        format!("joins {relation}, {how}; rows without a match are left out")
    };
    part(node, "JOIN", sentence, text, depth)
}

fn grouped(source: &str, node: Node<'_>, depth: usize, parts: &mut Vec<Part>) {
    let children = named(node);
    let having = children
        .iter()
        .position(|child| child.kind() == "keyword_having");
    let names: Vec<String> = children
        .iter()
        .take(having.unwrap_or(children.len()))
        .filter(|child| !child.kind().starts_with("keyword"))
        .map(|child| code(parse::text(source, *child)))
        .collect();
    let shown = names.join(", ").replace('`', "");
    parts.push(part(
        node,
        "GROUP BY",
        format!(
            "makes one group for each different value of {}",
            join(&names, "and")
        ),
        &shown,
        depth,
    ));
    if let Some(predicate) = having.and_then(|at| children.get(at + 1)) {
        parts.push(part(
            *predicate,
            "HAVING",
            format!(
                "keeps only the groups where {}",
                condition(source, *predicate)
            ),
            parse::text(source, *predicate),
            depth,
        ));
    }
}

pub(super) fn order_text(source: &str, node: Node<'_>) -> String {
    let targets: Vec<String> = named(node)
        .into_iter()
        .filter(|child| child.kind() == "order_target")
        .map(|target| {
            let text = parse::text(source, target);
            let is_falling = text
                .to_uppercase()
                .split_whitespace()
                .any(|word| word == "DESC");
            let first = named(target)
                .first()
                .map_or(text, |first| parse::text(source, *first));
            format!(
                "{}, {}",
                code(first),
                if is_falling {
                    "highest first"
                } else {
                    "lowest first"
                }
            )
        })
        .collect();
    targets.join("; then by ")
}
