//! Groups: columns that belong to none, and conditions in the wrong place.

use domain::analysis::Severity;

use super::{At, Query, column, is_aggregate, of_query, plain};
use crate::findings::{Report, Rule, Source};

const UNGROUPED: Rule = Rule {
    name: "ungrouped-column",
    severity: Severity::Error,
    why: "A group has many rows, so a column that it was not made by has no single value in it; most databases refuse this, the \
          others take any row's.",
};

const HAVING: Rule = Rule {
    name: "having-without-aggregate",
    severity: Severity::Hint,
    why: "HAVING is checked after all groups are made; WHERE keeps unwanted rows out before.",
};

pub(super) fn find(source: &Source<'_>, query: &Query<'_>, report: &mut Report) {
    let group = query.clause("group_by");
    ungrouped(source, query, group, report);
    if let Some(group) = group {
        having(source, query, group, report);
    }
}

/// The expressions a query groups by, and the condition after `HAVING`.
fn parts(group: At<'_>) -> (Vec<At<'_>>, Option<At<'_>>) {
    let mut keys = Vec::new();
    let mut having = None;
    let mut is_after = false;
    for child in group.children() {
        if child.is("keyword_having") {
            is_after = true;
        } else if is_after {
            having = Some(child);
        } else if !child.kind().starts_with("keyword_") {
            keys.push(child.bare());
        }
    }
    (keys, having)
}

fn ungrouped(source: &Source<'_>, query: &Query<'_>, group: Option<At<'_>>, report: &mut Report) {
    let terms = query.terms();
    let has_aggregate = terms.iter().any(|term| of_query(*term).any(is_aggregate));
    let keys = match group {
        Some(group) => parts(group).0,
        None if has_aggregate => Vec::new(),
        None => return,
    };
    // Positions, ROLLUP and the like, and keys of a table that all its columns hang on, are beyond what can be told here.
    let are_plain = keys.iter().all(|key| column(*key).is_some());
    let names: Vec<String> = keys
        .iter()
        .filter_map(|key| column(*key))
        .map(|(_, name)| name)
        .collect();
    let has_key = names
        .iter()
        .any(|name| name == "id" || name.ends_with("_id") || name.ends_with("_key"));
    if !are_plain || has_key {
        return;
    }
    for term in terms {
        let Some(value) = term.child("value") else {
            continue;
        };
        let Some((_, name)) = column(value) else {
            continue;
        };
        let alias = term.child("alias").map(|alias| plain(alias.text()));
        let is_known = names.contains(&name) || alias.is_some_and(|alias| names.contains(&alias));
        // Some databases write values as quoted names, and functions without brackets as names.
        let is_name = !value.text().starts_with('"') && !name.starts_with("current_");
        if !is_known && is_name {
            report.add(
                source,
                &UNGROUPED,
                value.node(),
                if names.is_empty() {
                    format!("`{name}` is selected beside an aggregate, but the query does not group by it.")
                } else {
                    format!("`{name}` is selected, but the groups are made by {}.", list(&names))
                },
                format!("Add `{}` to GROUP BY, or aggregate it, for example with MIN.", value.short()),
            );
        }
    }
}

fn list(names: &[String]) -> String {
    let shown: Vec<String> = names
        .iter()
        .take(3)
        .map(|name| format!("`{name}`"))
        .collect();
    let more = if names.len() > 3 { " and others" } else { "" };
    format!("{}{more}", shown.join(", "))
}

fn having(source: &Source<'_>, query: &Query<'_>, group: At<'_>, report: &mut Report) {
    let (keys, Some(condition)) = parts(group) else {
        return;
    };
    let keys: Vec<String> = keys
        .into_iter()
        .filter_map(column)
        .map(|(_, name)| name)
        .collect();
    let aliases: Vec<String> = query
        .terms()
        .into_iter()
        .filter_map(|term| term.child("alias"))
        .map(|alias| plain(alias.text()))
        .collect();
    let mut columns = 0_usize;
    for inner in condition.with_inside() {
        if inner.is_any(&["invocation", "subquery", "window_function"]) {
            return;
        }
        if let Some((_, name)) = column(inner) {
            if !keys.contains(&name) || aliases.contains(&name) {
                return;
            }
            columns += 1;
        }
    }
    if columns > 0 {
        report.add(
            source,
            &HAVING,
            condition.node(),
            format!(
                "`{}` asks only for columns that the groups are made by.",
                condition.short()
            ),
            "Move it into WHERE.",
        );
    }
}
