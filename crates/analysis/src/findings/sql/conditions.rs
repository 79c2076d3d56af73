//! Conditions that cannot be what was meant.

use domain::analysis::Severity;

use super::{At, column, conjuncts, integer, is_aggregate, is_null, of_query, quoted, sides};
use crate::findings::{Report, Rule, Source};

const NULL_COMPARISON: Rule = Rule {
    name: "null-comparison",
    severity: Severity::Error,
    why: "A comparison with NULL is neither true nor false, so no row ever passes it.",
};

const NOT_IN_NULL: Rule = Rule {
    name: "not-in-null",
    severity: Severity::Warning,
    why: "When one of the values is NULL, NOT IN is never true, and the query gives no rows at all.",
};

const CONTRADICTION: Rule = Rule {
    name: "contradictory-condition",
    severity: Severity::Error,
    why: "Both conditions must hold for the same row, and no value fulfils both.",
};

const SWAPPED_BETWEEN: Rule = Rule {
    name: "swapped-between",
    severity: Severity::Error,
    why: "BETWEEN takes the lower bound first; the other way round nothing lies in between.",
};

const DIVISION_BY_ZERO: Rule = Rule {
    name: "division-by-zero",
    severity: Severity::Error,
    why: "A division by zero fails, or gives NULL, whatever is divided.",
};

const AGGREGATE_IN_WHERE: Rule = Rule {
    name: "aggregate-in-where",
    severity: Severity::Error,
    why: "WHERE chooses rows before they are put into groups, so there is nothing to aggregate yet.",
};

const LEADING_WILDCARD: Rule = Rule {
    name: "leading-wildcard",
    severity: Severity::Hint,
    why: "A pattern that may begin with anything cannot use an index: every row is read.",
};

const SELF_COMPARISON: Rule = Rule {
    name: "self-comparison",
    severity: Severity::Warning,
    why: "A value compared with itself says nothing, except whether it is NULL.",
};

const VALUE_AS_CONDITION: Rule = Rule {
    name: "value-as-condition",
    severity: Severity::Error,
    why: "OR and AND join whole conditions; a value alone is one that is always true, always false or refused.",
};

/// Looks at one node; `never_null` are the columns that are declared so in the same text.
pub(super) fn find(source: &Source<'_>, at: At<'_>, never_null: &[String], report: &mut Report) {
    match at.kind() {
        "binary_expression" => {
            comparison(source, at, never_null, report);
            connective(source, at, report);
        }
        "between_expression" => between(source, at, report),
        "where" => {
            if let Some(predicate) = at.child("predicate") {
                aggregates(source, predicate, report);
                contradictions(source, predicate, report);
            }
        }
        "join" => {
            if let Some(predicate) = at.child("predicate") {
                contradictions(source, predicate, report);
            }
        }
        _ => {}
    }
}

fn comparison(source: &Source<'_>, at: At<'_>, never_null: &[String], report: &mut Report) {
    let Some((left, operator, right)) = sides(at) else {
        return;
    };
    match operator {
        "=" | "<>" | "!=" | "<" | ">" | "<=" | ">=" if is_null(left) || is_null(right) => {
            let value = if is_null(left) { right } else { left };
            let is_equal = operator == "=";
            report.add(
                source,
                &NULL_COMPARISON,
                at.node(),
                format!("`{}` compares with NULL, which is never true.", at.short()),
                if is_equal {
                    format!("Write `{} IS NULL`.", value.short())
                } else {
                    format!("Write `{} IS NOT NULL`.", value.short())
                },
            );
        }
        "=" | "<>" | "!=" | "<" | ">" | "<=" | ">="
            if column(left).is_some() && column(left) == column(right) =>
        {
            report.add(
                source,
                &SELF_COMPARISON,
                at.node(),
                format!("`{}` compares a column with itself.", at.short()),
                "Compare it with the column that was meant.",
            );
        }
        "/" | "%" if integer(right) == Some(0) => report.add(
            source,
            &DIVISION_BY_ZERO,
            at.node(),
            format!("`{}` divides by zero.", at.short()),
            "Divide by something else, or by `NULLIF(value, 0)` where it may be zero.",
        ),
        "keyword_like"
            if quoted(right).is_some_and(|text| text.len() > 1 && text.starts_with('%')) =>
        {
            report.add(
                source,
                &LEADING_WILDCARD,
                at.node(),
                format!(
                    "`{}` searches for a text that may begin with anything.",
                    at.short()
                ),
                "Let the pattern begin with letters, or use a full-text index.",
            );
        }
        "not_in" => not_in(source, at, never_null, report),
        _ => {}
    }
}

fn not_in(source: &Source<'_>, at: At<'_>, never_null: &[String], report: &mut Report) {
    let Some((left, _, right)) = sides(at) else {
        return;
    };
    if right.is("list") && right.children().any(is_null) {
        report.add(
            source,
            &NOT_IN_NULL,
            at.node(),
            format!(
                "`{}` has NULL among the values, so it is never true.",
                at.short()
            ),
            "Take NULL out of the list, and ask for it with IS NOT NULL.",
        );
    }
    if !right.is("subquery") {
        return;
    }
    let Some(select) = right.child_of("select") else {
        return;
    };
    let query = super::Query::of(select);
    let [term] = query.terms()[..] else { return };
    let Some((_, name)) = term.child("value").and_then(column) else {
        return;
    };
    let is_sure = name == "id"
        || query.predicate().is_some_and(|predicate| {
            conjuncts(predicate).into_iter().any(|part| {
                part.inside()
                    .any(|inner| column(inner).is_some_and(|(_, other)| other == name))
            })
        })
        || query
            .from
            .is_some_and(|from| from.child_of("group_by").is_some())
        || never_null.contains(&name);
    if !is_sure {
        report.add(
            source,
            &NOT_IN_NULL,
            at.node(),
            format!(
                "`{} NOT IN (SELECT {name} …)` gives no rows as soon as one `{name}` is NULL.",
                left.short()
            ),
            format!("Add `WHERE {name} IS NOT NULL` to the inner query, or use NOT EXISTS."),
        );
    }
}

/// The name of a column, where it is declared as one that cannot be NULL.
pub(super) fn never_null(at: At<'_>) -> Option<String> {
    if !at.is("column_definition") {
        return None;
    }
    let text = at.text().to_uppercase();
    (text.contains("NOT NULL") || text.contains("PRIMARY KEY"))
        .then(|| at.child("name").map(|name| super::plain(name.text())))
        .flatten()
}

/// `a = 'x' OR 'y'`.
fn connective(source: &Source<'_>, at: At<'_>, report: &mut Report) {
    let Some((left, "keyword_or" | "keyword_and", right)) = sides(at) else {
        return;
    };
    let is_value = |side: At<'_>| quoted(side).is_some();
    if let Some(value) = [left, right].into_iter().find(|side| is_value(*side)) {
        let before = match sides(left) {
            Some((column, "=", _)) => column.short(),
            _ => "column".to_owned(),
        };
        report.add(
            source,
            &VALUE_AS_CONDITION,
            value.node(),
            format!(
                "`{}` stands alone where a condition is expected.",
                value.short()
            ),
            format!("Repeat the comparison, or write `{before} IN (…)`."),
        );
    }
}

fn between(source: &Source<'_>, at: At<'_>, report: &mut Report) {
    let (Some(low), Some(high)) = (at.child("low"), at.child("high")) else {
        return;
    };
    let is_swapped = match (integer(low), integer(high)) {
        (Some(low), Some(high)) => low > high,
        _ => match (quoted(low), quoted(high)) {
            (Some(low), Some(high)) => is_date(low) && is_date(high) && low > high,
            _ => false,
        },
    };
    if is_swapped {
        report.add(
            source,
            &SWAPPED_BETWEEN,
            at.node(),
            format!("`{}` has the higher bound first.", at.short()),
            format!("Write `BETWEEN {} AND {}`.", high.short(), low.short()),
        );
    }
}

/// `2024-01-31`, with a time or without.
fn is_date(text: &str) -> bool {
    let bytes = text.as_bytes();
    bytes.len() >= 10
        && bytes
            .iter()
            .take(10)
            .enumerate()
            .all(|(index, byte)| match index {
                4 | 7 => *byte == b'-',
                _ => byte.is_ascii_digit(),
            })
}

fn aggregates(source: &Source<'_>, predicate: At<'_>, report: &mut Report) {
    if let Some(call) = of_query(predicate).find(|inner| is_aggregate(*inner)) {
        report.add(
            source,
            &AGGREGATE_IN_WHERE,
            call.node(),
            format!("`{}` stands in WHERE.", call.short()),
            "Move the condition into HAVING, after GROUP BY.",
        );
    }
}

/// The whole numbers that are still possible, and the only text that is.
struct Possible<'n> {
    column: (Option<String>, String),
    least: i64,
    most: i64,
    text: Option<&'n str>,
}

fn contradictions(source: &Source<'_>, predicate: At<'_>, report: &mut Report) {
    let mut known: Vec<Possible<'_>> = Vec::new();
    for part in conjuncts(predicate) {
        let Some((left, operator, right)) = sides(part) else {
            continue;
        };
        let Some(column) = column(left) else { continue };
        let before = known.iter().position(|possible| possible.column == column);
        let at = before.unwrap_or_else(|| {
            known.push(Possible {
                column,
                least: i64::MIN,
                most: i64::MAX,
                text: None,
            });
            known.len() - 1
        });
        let Some(possible) = known.get_mut(at) else {
            continue;
        };
        let mut is_impossible = false;
        if let Some(number) = integer(right) {
            // Between two whole numbers there may be others: only the bounds themselves are compared.
            match operator {
                "=" => {
                    possible.least = possible.least.max(number);
                    possible.most = possible.most.min(number);
                }
                ">" | ">=" => possible.least = possible.least.max(number),
                "<" | "<=" => possible.most = possible.most.min(number),
                _ => {}
            }
            is_impossible = possible.least > possible.most;
        } else if let (Some(text), "=") = (quoted(right), operator) {
            is_impossible = possible.text.is_some_and(|before| before != text);
            possible.text = Some(text);
        }
        if is_impossible {
            report.add(
                source,
                &CONTRADICTION,
                part.node(),
                format!(
                    "`{}` contradicts an earlier condition on `{}`.",
                    part.short(),
                    left.short()
                ),
                "Use OR or IN when either may hold, or take one of them out.",
            );
            return;
        }
    }
}
