//! Rules for SQL, for what is true in every dialect. Conditions, queries and changes have files of their own.

mod changes;
mod conditions;
mod grouping;
mod queries;
mod tables;

use super::nodes::{At, Nodes};
use super::{Report, Source};

/// Functions that make one value of many rows.
const AGGREGATES: &[&str] = &[
    "count",
    "sum",
    "avg",
    "min",
    "max",
    "string_agg",
    "array_agg",
    "group_concat",
    "bool_and",
    "bool_or",
    "every",
    "stddev",
    "variance",
    "median",
    "json_agg",
    "total",
];

pub(super) fn find(source: &Source<'_>, report: &mut Report) {
    let before = report.findings.len();
    let nodes = Nodes::new(source);
    let never_null: Vec<String> = nodes.all().filter_map(conditions::never_null).collect();
    for at in nodes.all() {
        conditions::find(source, at, &never_null, report);
        changes::find(source, at, report);
        if at.is("select") {
            let query = Query::of(at);
            queries::find(source, &query, report);
            grouping::find(source, &query, report);
            tables::find(source, &query, report);
        }
        if at.is("statement") {
            tables::unused(source, at, report);
        }
    }
    if nodes.is_spent() {
        report.findings.truncate(before);
    }
}

/// One `SELECT` with what belongs to it.
struct Query<'n> {
    select: At<'n>,
    from: Option<At<'n>>,
}

impl<'n> Query<'n> {
    fn of(select: At<'n>) -> Self {
        Self {
            select,
            from: select.next().filter(|next| next.is("from")),
        }
    }

    fn terms(&self) -> Vec<At<'n>> {
        self.select
            .child_of("select_expression")
            .map(|list| list.children().filter(|term| term.is("term")).collect())
            .unwrap_or_default()
    }

    /// A clause of it: `where`, `group_by`, `order_by`, `limit`.
    fn clause(&self, kind: &str) -> Option<At<'n>> {
        self.from?.child_of(kind)
    }

    fn predicate(&self) -> Option<At<'n>> {
        self.clause("where")?.child("predicate")
    }
}

/// A name as the database takes it: without quotes, in lower case.
fn plain(name: &str) -> String {
    name.trim_matches(['"', '`', '[', ']']).to_lowercase()
}

/// What a column is qualified with, and its name.
fn column(at: At<'_>) -> Option<(Option<String>, String)> {
    if !at.is("field") {
        return None;
    }
    let name = plain(at.child("name")?.text());
    let table = at.child_of("object_reference");
    let table = table.map(|table| plain(table.child("name").unwrap_or(table).text()));
    Some((table, name))
}

/// The whole number that a literal is.
fn integer(at: At<'_>) -> Option<i64> {
    at.is("literal").then(|| at.text().parse().ok())?
}

fn is_null(at: At<'_>) -> bool {
    at.is("literal") && at.text().eq_ignore_ascii_case("null")
}

/// The text of a literal text, without its quotes.
fn quoted(at: At<'_>) -> Option<&str> {
    if !at.is("literal") {
        return None;
    }
    at.text().strip_prefix('\'')?.strip_suffix('\'')
}

/// Both sides of a comparison with its operator, in lower case where it is a word.
fn sides(at: At<'_>) -> Option<(At<'_>, &'static str, At<'_>)> {
    at.is("binary_expression").then_some(())?;
    Some((
        at.child("left")?.bare(),
        at.child("operator")?.kind(),
        at.child("right")?.bare(),
    ))
}

/// The parts of a condition that must all hold.
fn conjuncts(at: At<'_>) -> Vec<At<'_>> {
    let mut parts = Vec::new();
    let mut left = vec![at.bare()];
    while let Some(at) = left.pop() {
        match sides(at) {
            Some((a, "keyword_and", b)) => left.extend([b, a]),
            _ => parts.push(at),
        }
    }
    parts
}

/// Whether it is a call of an aggregate that is no window function.
fn is_aggregate(at: At<'_>) -> bool {
    let name = at
        .child_of("object_reference")
        .map(|name| name.text().to_lowercase());
    at.is("invocation")
        && name.is_some_and(|name| AGGREGATES.contains(&name.as_str()))
        && at
            .tokens()
            .filter(|part| part.field() == "parameter")
            .count()
            <= 1
        && at
            .parent()
            .is_none_or(|parent| !parent.is("window_function"))
}

/// Everything inside that belongs to the same query.
fn of_query(at: At<'_>) -> impl Iterator<Item = At<'_>> {
    std::iter::once(at).chain(at.inside_function(&["subquery"]))
}
