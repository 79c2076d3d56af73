//! SQL put together from text and values.

use domain::analysis::Severity;
use domain::language::Language;

use super::nodes::{At, Nodes};
use super::words;
use super::{Report, Rule};

const STRING_BUILT_SQL: Rule = Rule {
    name: "string-built-sql",
    severity: Severity::Error,
    why: "A value that is put into the text of a query can change what the query does (SQL injection).",
};

/// Looks at every string that grows by a value.
pub(crate) fn find(nodes: &Nodes<'_>, report: &mut Report) {
    for at in nodes.all() {
        let found = match at.kind() {
            "binary_expression" => in_sum(at),
            "template_string" => in_template(at),
            "call_expression" | "method_invocation" => in_format(at),
            _ => None,
        };
        let Some(value) = found else { continue };
        if at.ancestors().take(8).any(|outer| is_message(outer)) {
            continue;
        }
        report.add(
            &nodes.source,
            &STRING_BUILT_SQL,
            at.node(),
            format!(
                "`{}` becomes part of the text of this query.",
                value.short()
            ),
            "Use a parameter (a placeholder and the value beside it) instead of building the text.",
        );
    }
}

/// Whether something is only told to people.
fn is_message(at: At<'_>) -> bool {
    if at.is_any(&["throw_statement", "template_literal_type"]) {
        return true;
    }
    if !words::is_call(at) {
        return false;
    }
    let name = words::method(at)
        .map_or_else(|| words::callee(at), |(_, name)| name)
        .to_lowercase();
    let object = words::method(at).map_or("", |(object, _)| object.text());
    object == "console"
        || [
            "log",
            "print",
            "error",
            "warn",
            "info",
            "debug",
            "fail",
            "exception",
            "equal",
        ]
        .iter()
        .any(|word| name.contains(word) && !name.starts_with("sprint"))
}

/// Whether a text begins a query.
fn is_query(text: &str) -> bool {
    let upper = text
        .trim_start_matches(['"', '\'', '`', ' ', '\n', '\t', 'R', '('])
        .to_uppercase();
    let words: Vec<&str> = upper.split_whitespace().collect();
    let has = |word: &str| {
        words
            .iter()
            .any(|other| other.trim_matches(['"', '\'', '(', ')', '`']) == word)
    };
    match words.first().copied().unwrap_or_default() {
        "SELECT" => has("FROM"),
        "INSERT" | "REPLACE" => {
            has("INTO") && (has("VALUES") || words.iter().any(|word| word.starts_with("VALUES(")))
        }
        "DELETE" => has("FROM") && has("WHERE"),
        "UPDATE" => has("SET"),
        _ => false,
    }
}

/// Whether the text before a value is where a value stands in a query, not the name of a table.
fn expects_value(before: &str) -> bool {
    let end = before.trim_end_matches(['"', '`']).trim_end();
    end.ends_with(['=', '\'', '(', ',', '<', '>', '%'])
        || end.to_uppercase().ends_with(" LIKE")
        || end.to_uppercase().ends_with(" LIMIT")
}

/// Whether a value may be anything: a name or a call, but no constant and no number.
fn is_free(at: At<'_>) -> bool {
    let at = at.bare();
    let text = at.text();
    let last = text.rsplit(['.', ':', '>']).next().unwrap_or(text);
    let lower = text.to_lowercase();
    let looks_safe = [
        "placeholder",
        "quote",
        "escape",
        "table",
        "column",
        "join",
        "count",
        "length",
        "size",
        "to_string",
        "parseint",
        "number(",
    ]
    .iter()
    .any(|word| lower.contains(word));
    !words::is_literal(at)
        && !words::is_macro_name(last)
        && !looks_safe
        && !at.is_any(&[
            "ternary_expression",
            "conditional_expression",
            "template_string",
            "cast_expression",
        ])
}

/// The operands of a sum of strings, from left to right.
fn operands(at: At<'_>) -> Vec<At<'_>> {
    let mut found = Vec::new();
    let mut link = at;
    while let Some((left, "+", right)) = link.sides() {
        found.push(right);
        if found.len() > 200 {
            break;
        }
        link = left;
        if !link.is("binary_expression") {
            break;
        }
    }
    found.push(link);
    found.reverse();
    found
}

fn in_sum<'n>(at: At<'n>) -> Option<At<'n>> {
    if at.operator() != "+"
        || at
            .outer()
            .is_some_and(|outer| outer.is("binary_expression") && outer.operator() == "+")
    {
        return None;
    }
    let parts = operands(at);
    let first = parts
        .first()
        .filter(|first| words::is_string(**first) || first.text().contains('"'))?;
    let constant = |part: &At<'n>| words::is_string(*part) || part.is("template_string");
    let mut head = String::new();
    for part in &parts {
        if constant(part) {
            head.push_str(part.text().trim_matches(['"', '\'']));
        } else if is_query(&head) && expects_value(&head) && is_free(*part) {
            return Some(*part);
        } else {
            head.push('x');
        }
    }
    let _ = first;
    None
}

fn in_template(at: At<'_>) -> Option<At<'_>> {
    // a tag decides itself what becomes of the values
    if at.parent().is_some_and(|outer| outer.is("call_expression")) || !is_query(at.text()) {
        return None;
    }
    let start = at.node().start_byte();
    at.children()
        .filter(|part| part.is("template_substitution"))
        .find_map(|part| {
            let before = at
                .text()
                .get(..part.node().start_byte() - start)
                .unwrap_or_default();
            let value = part.only()?;
            (expects_value(before) && is_free(value)).then_some(value)
        })
}

/// `fmt.Sprintf("SELECT … '%s'", name)`, `String.format(…)`, `sprintf(buffer, …)`.
fn in_format(at: At<'_>) -> Option<At<'_>> {
    let name = words::method(at).map_or_else(|| words::callee(at), |(_, name)| name);
    if !matches!(
        name,
        "Sprintf" | "format" | "formatted" | "sprintf" | "snprintf"
    ) {
        return None;
    }
    let arguments = words::arguments(at);
    let position = arguments
        .iter()
        .position(|argument| words::is_string(*argument) && is_query(argument.text()))?;
    let text = arguments.get(position)?.text();
    let quoted = text.contains("'%s'")
        || text.contains("'%v'")
        || text.contains("= %s")
        || text.contains("=%s")
        || text.contains("= %v");
    let sql = !text.contains("%q") || at.language() != Language::C;
    (quoted && sql)
        .then(|| {
            arguments
                .get(position + 1..)
                .unwrap_or_default()
                .iter()
                .copied()
                .find(|argument| is_free(*argument))
        })
        .flatten()
}
