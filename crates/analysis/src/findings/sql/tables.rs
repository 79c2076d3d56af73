//! How the tables of a query are brought together.

use domain::analysis::Severity;

use super::{At, Query, column, conjuncts, plain, sides};
use crate::findings::{Report, Rule, Source};

const CROSS_JOIN: Rule = Rule {
    name: "implicit-cross-join",
    severity: Severity::Warning,
    why: "Tables that no condition connects are combined row by row: a thousand rows with a thousand make a million.",
};

const FILTERED_LEFT_JOIN: Rule = Rule {
    name: "filtered-left-join",
    severity: Severity::Warning,
    why: "LEFT JOIN keeps rows without a partner, with NULL in the partner's columns; a comparison with NULL is not true, so WHERE \
          takes them out again.",
};

const DUPLICATE_TABLE: Rule = Rule {
    name: "duplicate-table-alias",
    severity: Severity::Error,
    why: "Two tables of one name cannot be told apart, and the database refuses the query.",
};

const UNCONNECTED_JOIN: Rule = Rule {
    name: "unconnected-join",
    severity: Severity::Error,
    why: "A condition that does not speak of the joined table lets all of its rows through, or none.",
};

const UNUSED_CTE: Rule = Rule {
    name: "unused-cte",
    severity: Severity::Warning,
    why: "A query in WITH that nothing reads is a leftover, or another one is read by mistake.",
};

/// A table of a query.
struct Table<'n> {
    at: At<'n>,
    /// What its columns may be qualified with.
    name: String,
    /// A table, not a query or a function.
    is_plain: bool,
    join: Option<At<'n>>,
}

pub(super) fn find(source: &Source<'_>, query: &Query<'_>, report: &mut Report) {
    let Some(from) = query.from else { return };
    let mut tables = Vec::new();
    collect(from, None, &mut tables);
    duplicates(source, &tables, report);
    cross_join(source, query, &tables, report);
    for table in &tables {
        unconnected(source, table, report);
        filtered(source, query, table, report);
    }
}

fn collect<'n>(from: At<'n>, join: Option<At<'n>>, tables: &mut Vec<Table<'n>>) {
    let mut open = vec![(from, join)];
    while let Some((at, join)) = open.pop() {
        for child in at.children() {
            match child.kind() {
                "relation" => {
                    let table = child.child_of("object_reference");
                    let named = child
                        .child("alias")
                        .or_else(|| table.map(|table| table.child("name").unwrap_or(table)));
                    if let Some(named) = named {
                        tables.push(Table {
                            at: child,
                            name: plain(named.text()),
                            is_plain: table.is_some(),
                            join,
                        });
                    }
                }
                "join" | "cross_join" | "lateral_join" | "lateral_cross_join" => {
                    open.push((child, Some(child)));
                }
                _ => {}
            }
        }
    }
}

fn duplicates(source: &Source<'_>, tables: &[Table<'_>], report: &mut Report) {
    for (index, table) in tables.iter().enumerate() {
        // The same name in two schemas is two names.
        let is_again = tables.iter().take(index).any(|before| {
            before.name == table.name
                && (before.at.child("alias").is_some() || !before.at.text().contains('.'))
                && (table.at.child("alias").is_some() || !table.at.text().contains('.'))
        });
        if is_again {
            report.add(
                source,
                &DUPLICATE_TABLE,
                table.at.node(),
                format!("`{}` is the name of two tables of this query.", table.name),
                "Give each of them a name of its own with AS.",
            );
        }
    }
}

/// `FROM a, b` where nothing connects the two.
fn cross_join(source: &Source<'_>, query: &Query<'_>, tables: &[Table<'_>], report: &mut Report) {
    let listed: Vec<&Table<'_>> = tables.iter().filter(|table| table.join.is_none()).collect();
    let [first, rest @ ..] = listed.as_slice() else {
        return;
    };
    if rest.is_empty() || listed.len() != tables.len() || listed.iter().any(|table| !table.is_plain)
    {
        return;
    }
    let mut links: Vec<(String, String)> = Vec::new();
    for part in query.predicate().map(conjuncts).unwrap_or_default() {
        let mut names: Vec<String> = Vec::new();
        for inner in part.with_inside() {
            match column(inner) {
                Some((Some(table), _)) => names.push(table),
                // A column without its table may belong to any.
                Some((None, _)) => return,
                None => {}
            }
        }
        links.extend(names.windows(2).filter_map(|pair| match pair {
            [one, other] => Some((one.clone(), other.clone())),
            _ => None,
        }));
    }
    let mut reached = vec![first.name.clone()];
    let mut at = 0;
    while let Some(name) = reached.get(at).cloned() {
        for (one, other) in &links {
            for (here, there) in [(one, other), (other, one)] {
                if *here == name && !reached.contains(there) {
                    reached.push(there.clone());
                }
            }
        }
        at += 1;
    }
    if let Some(alone) = rest.iter().find(|table| !reached.contains(&table.name)) {
        report.add(
            source,
            &CROSS_JOIN,
            alone.at.node(),
            format!("Nothing connects `{}` with `{}`.", alone.name, first.name),
            "Join them with ON, or write CROSS JOIN when all combinations are meant.",
        );
    }
}

/// A join whose condition is only about other tables.
fn unconnected(source: &Source<'_>, table: &Table<'_>, report: &mut Report) {
    let Some(predicate) = table.join.and_then(|join| join.child("predicate")) else {
        return;
    };
    let mut speaks_of_others = false;
    for inner in predicate.with_inside() {
        match column(inner) {
            Some((Some(name), _)) if name != table.name => speaks_of_others = true,
            Some(_) => return,
            None if inner.is_any(&["subquery", "invocation"]) => return,
            None => {}
        }
    }
    if speaks_of_others {
        report.add(
            source,
            &UNCONNECTED_JOIN,
            predicate.node(),
            format!(
                "`{}` says nothing about `{}`, which is joined here.",
                predicate.short(),
                table.name
            ),
            format!(
                "Compare a column of `{}` with one of the other tables.",
                table.name
            ),
        );
    }
}

/// A left join that a condition on the joined table turns into an inner one.
fn filtered(source: &Source<'_>, query: &Query<'_>, table: &Table<'_>, report: &mut Report) {
    let is_left = table
        .join
        .is_some_and(|join| join.has_token("keyword_left"));
    if !is_left {
        return;
    }
    for part in query.predicate().map(conjuncts).unwrap_or_default() {
        let compared = match sides(part) {
            Some((left, "=" | "<>" | "!=" | "<" | ">" | "<=" | ">=", right)) => vec![left, right],
            Some((left, "keyword_like" | "keyword_in", _)) => vec![left],
            _ if part.is("between_expression") => part.child("left").into_iter().collect(),
            _ => continue,
        };
        let is_of_table = compared
            .into_iter()
            .any(|side| column(side).is_some_and(|(name, _)| name.as_deref() == Some(&table.name)));
        if is_of_table {
            report.add(
                source,
                &FILTERED_LEFT_JOIN,
                part.node(),
                format!(
                    "`{}` takes out the rows that have no `{}`.",
                    part.short(),
                    table.name
                ),
                "Move the condition into ON, or write JOIN when such rows are not wanted.",
            );
            return;
        }
    }
}

/// Queries in `WITH` that are never read.
pub(super) fn unused(source: &Source<'_>, statement: At<'_>, report: &mut Report) {
    for cte in statement.children().filter(|child| child.is("cte")) {
        let Some(name) = cte.child_of("identifier") else {
            continue;
        };
        let plain_name = plain(name.text());
        let changes = cte
            .inside()
            .any(|inner| inner.is_any(&["insert", "update", "delete"]));
        let is_read = statement.inside().any(|inner| {
            inner.is("object_reference") && !cte.holds(inner) && plain(inner.text()) == plain_name
        });
        if !changes && !is_read {
            report.add(
                source,
                &UNUSED_CTE,
                name.node(),
                format!("Nothing reads `{}`.", name.text()),
                "Remove it, or read from it.",
            );
        }
    }
}
