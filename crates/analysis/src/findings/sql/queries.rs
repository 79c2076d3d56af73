//! What a query selects, sorts and cuts.

use domain::analysis::Severity;

use super::{Query, integer, is_aggregate, of_query, plain, sides};
use crate::findings::{Report, Rule, Source};

const SELECT_STAR: Rule = Rule {
    name: "select-star",
    severity: Severity::Hint,
    why: "What `*` stands for changes with the table, and what was built on it breaks or silently takes the wrong column.",
};

const ORDINAL: Rule = Rule {
    name: "order-by-ordinal",
    severity: Severity::Hint,
    why: "A position means another column as soon as the list of columns changes.",
};

const LIMIT_WITHOUT_ORDER: Rule = Rule {
    name: "limit-without-order",
    severity: Severity::Hint,
    why: "Without ORDER BY the database may give any rows, and others the next time.",
};

const DUPLICATE_ALIAS: Rule = Rule {
    name: "duplicate-alias",
    severity: Severity::Warning,
    why: "Two columns of one name cannot be told apart by whoever reads the result.",
};

const UNION_COUNT: Rule = Rule {
    name: "union-count-mismatch",
    severity: Severity::Error,
    why: "Queries can only be put together when all give the same number of columns.",
};

pub(super) fn find(source: &Source<'_>, query: &Query<'_>, report: &mut Report) {
    star(source, query, report);
    order(source, query, report);
    limit(source, query, report);
    aliases(source, query, report);
    union(source, query, report);
}

fn star(source: &Source<'_>, query: &Query<'_>, report: &mut Report) {
    let star = query
        .terms()
        .into_iter()
        .find_map(|term| term.child("value").filter(|value| value.is("all_fields")));
    let (Some(star), Some(parent)) = (star, query.select.parent()) else {
        return;
    };
    // A query over a query names its columns there.
    let is_of_query = query.from.is_some_and(|from| {
        from.children()
            .any(|relation| relation.is("relation") && relation.child_of("subquery").is_some())
    });
    let what = match parent.kind() {
        _ if is_of_query => return,
        "insert" => "The table is filled from `*`.",
        "create_query" => match parent.parent() {
            Some(view) if view.is_any(&["create_view", "create_materialized_view"]) => {
                "The view is made of `*`."
            }
            _ => return,
        },
        _ => return,
    };
    report.add(
        source,
        &SELECT_STAR,
        star.node(),
        what.to_owned(),
        "Name the columns.",
    );
}

fn order(source: &Source<'_>, query: &Query<'_>, report: &mut Report) {
    let Some(order) = query.clause("order_by") else {
        return;
    };
    for target in order.children().filter(|child| child.is("order_target")) {
        if let Some(position) = target.nth(0).filter(|first| integer(*first).is_some()) {
            report.add(
                source,
                &ORDINAL,
                position.node(),
                format!(
                    "The result is sorted by its column number {}.",
                    position.text()
                ),
                "Sort by the name of the column.",
            );
        }
    }
}

fn limit(source: &Source<'_>, query: &Query<'_>, report: &mut Report) {
    let Some(limit) = query.clause("limit") else {
        return;
    };
    let count = limit.children().find_map(integer);
    let is_one_row = query.clause("group_by").is_none()
        && query
            .terms()
            .into_iter()
            .any(|term| of_query(term).any(is_aggregate));
    // One row at most is asked for where any will do, and in `EXISTS`; a join or a key may leave one row only.
    if count.is_none_or(|count| count <= 1) || is_one_row || query.clause("order_by").is_some() {
        return;
    }
    // The order of a set operation is that of its last part.
    let is_part = query
        .select
        .parent()
        .is_some_and(|parent| parent.is("set_operation"));
    let has_key = query.predicate().is_some_and(|predicate| {
        super::conjuncts(predicate).into_iter().any(|part| {
            sides(part).is_some_and(|(left, operator, _)| {
                operator == "=" && super::column(left).is_some_and(|(_, name)| name == "id")
            })
        })
    });
    if !is_part && !has_key {
        report.add(
            source,
            &LIMIT_WITHOUT_ORDER,
            limit.node(),
            format!("`{}` cuts a result that is in no order.", limit.short()),
            "Add ORDER BY.",
        );
    }
}

fn aliases(source: &Source<'_>, query: &Query<'_>, report: &mut Report) {
    let mut seen: Vec<String> = Vec::new();
    for term in query.terms() {
        let Some(alias) = term.child("alias") else {
            continue;
        };
        let name = plain(alias.text());
        if seen.contains(&name) {
            report.add(
                source,
                &DUPLICATE_ALIAS,
                alias.node(),
                format!("`{name}` is the name of two columns of this query."),
                "Give each column a name of its own.",
            );
        }
        seen.push(name);
    }
}

fn union(source: &Source<'_>, query: &Query<'_>, report: &mut Report) {
    let Some(parent) = query
        .select
        .parent()
        .filter(|parent| parent.is("set_operation"))
    else {
        return;
    };
    let first = parent.child_of("select").map(Query::of);
    let Some(first) = first.filter(|first| first.select != query.select) else {
        return;
    };
    let has_star = |query: &Query<'_>| {
        query
            .terms()
            .into_iter()
            .any(|term| term.text().ends_with('*'))
    };
    let (one, other) = (first.terms().len(), query.terms().len());
    if one != other && one > 0 && other > 0 && !has_star(&first) && !has_star(query) {
        report.add(
            source,
            &UNION_COUNT,
            query.select.node(),
            format!("The first query gives {one} columns, this one {other}."),
            "Select the same number of columns in each.",
        );
    }
}
