//! Statements that change data.

use domain::analysis::Severity;

use super::At;
use crate::findings::{Report, Rule, Source};

const DELETE_WITHOUT_WHERE: Rule = Rule {
    name: "delete-without-where",
    severity: Severity::Warning,
    why: "Without WHERE every row of the table is deleted.",
};

const UPDATE_WITHOUT_WHERE: Rule = Rule {
    name: "update-without-where",
    severity: Severity::Warning,
    why: "Without WHERE every row of the table is changed.",
};

const INSERT_COUNT: Rule = Rule {
    name: "insert-count-mismatch",
    severity: Severity::Error,
    why: "Every row must give exactly one value for each of the columns that are named.",
};

pub(super) fn find(source: &Source<'_>, at: At<'_>, report: &mut Report) {
    match at.kind() {
        "delete" => delete(source, at, report),
        "update" => update(source, at, report),
        "insert" => insert(source, at, report),
        _ => {}
    }
}

fn delete(source: &Source<'_>, at: At<'_>, report: &mut Report) {
    let Some(from) = at.next().filter(|next| next.is("from")) else {
        return;
    };
    let is_all = from.child_of("where").is_none()
        && from.child_of("limit").is_none()
        && !from.has_token("keyword_using")
        && from.child_of("join").is_none();
    if let Some(table) = from.child_of("object_reference").filter(|_| is_all) {
        report.add(
            source,
            &DELETE_WITHOUT_WHERE,
            at.node(),
            format!("This deletes every row of `{}`.", table.short()),
            "Say which rows with WHERE, or use TRUNCATE when all are meant.",
        );
    }
}

fn update(source: &Source<'_>, at: At<'_>, report: &mut Report) {
    let is_all = !at
        .inside_function(&["subquery"])
        .any(|inner| inner.is_any(&["where", "join", "limit", "from"]));
    let table = at
        .child_of("relation")
        .or_else(|| at.child_of("object_reference"));
    if let Some(table) = table.filter(|_| is_all) {
        report.add(
            source,
            &UPDATE_WITHOUT_WHERE,
            at.node(),
            format!("This changes every row of `{}`.", table.short()),
            "Say which rows with WHERE.",
        );
    }
}

fn insert(source: &Source<'_>, at: At<'_>, report: &mut Report) {
    let lists: Vec<At<'_>> = at.children().filter(|child| child.is("list")).collect();
    let Some((columns, rows)) = lists.split_first() else {
        return;
    };
    if !columns.children().all(|column| column.is("column")) {
        return;
    }
    let count = columns.children().count();
    for row in rows {
        let given = row.children().count();
        if given != count {
            report.add(
                source,
                &INSERT_COUNT,
                row.node(),
                format!("{count} columns are named, but {given} values are given."),
                "Give a value for each column, in the same order.",
            );
            return;
        }
    }
}
