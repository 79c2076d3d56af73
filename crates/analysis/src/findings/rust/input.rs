//! What comes from outside: queries made of text, and failures that are not expected.

use domain::analysis::Severity;

use super::{At, Report, Source, called, count_word, is_test, macro_name, method};
use crate::findings::Rule;

const SQL_INJECTION: Rule = Rule {
    name: "sql-injection",
    severity: Severity::Error,
    why: "A value that is written into the text of a query can change what the query does.",
};

const UNWRAPPED_INPUT: Rule = Rule {
    name: "unwrapped-input",
    severity: Severity::Hint,
    why: "What comes from outside may be anything, and `unwrap` ends the program when it does not fit.",
};

const MEM_FORGET: Rule = Rule {
    name: "mem-forget",
    severity: Severity::Warning,
    why: "What is forgotten is never dropped: memory, files and locks stay taken.",
};

/// Functions that send a text to a database.
const SENDS: &[&str] = &[
    "query",
    "execute",
    "query_as",
    "query_scalar",
    "prepare",
    "query_row",
    "query_map",
    "batch_execute",
    "execute_batch",
    "raw_sql",
    "query_one",
    "query_opt",
    "sql_query",
    "fetch_all",
    "fetch_one",
];

pub(super) fn find(source: &Source<'_>, at: At<'_>, report: &mut Report) {
    match at.kind() {
        "macro_invocation" => query(source, at, report),
        "call_expression" => {
            unwrapped(source, at, report);
            if matches!(called(at), Some("mem::forget" | "std::mem::forget")) {
                report.add(
                    source,
                    &MEM_FORGET,
                    at.node(),
                    format!(
                        "`{}` is never dropped.",
                        at.child("arguments").map_or_else(String::new, At::short)
                    ),
                    "Let it go out of scope, or use ManuallyDrop where another owner takes over.",
                );
            }
        }
        _ => {}
    }
}

/// `format!("SELECT … '{name}'")` that goes to a database.
fn query(source: &Source<'_>, at: At<'_>, report: &mut Report) {
    if macro_name(at) != Some("format") {
        return;
    }
    let Some(text) = at
        .inside()
        .find(|inner| inner.is_any(&["string_literal", "raw_string_literal"]))
    else {
        return;
    };
    let written = text.text().trim_start_matches(['r', '#', '"']).trim_start();
    let verb = written.split_whitespace().next().unwrap_or_default();
    let is_query = ["SELECT", "INSERT", "UPDATE", "DELETE", "REPLACE"]
        .iter()
        .any(|known| verb.eq_ignore_ascii_case(known));
    let upper = written.to_uppercase();
    let is_statement = [" FROM ", " INTO ", " SET "]
        .iter()
        .any(|word| upper.contains(word));
    let Some(value_at) = upper.find('{') else {
        return;
    };
    if !is_query || !is_statement {
        return;
    }
    let before = upper
        .get(..value_at)
        .unwrap_or_default()
        .trim_end_matches('\'');
    // Names of tables and lists of placeholders cannot be bound.
    let is_value = before.ends_with("= ")
        || before.ends_with('=')
        || before.ends_with("LIKE ")
        || before.ends_with("VALUES (")
        || before.ends_with('%')
        || upper.contains("'{");
    if is_value && is_sent(at) {
        report.add(
            source,
            &SQL_INJECTION,
            at.node(),
            "This query has values written into its text.".to_owned(),
            "Put placeholders such as `?` or `$1` there, and bind the values.",
        );
    }
}

/// Whether a text goes to a database, directly or by the name it is kept in.
fn is_sent(at: At<'_>) -> bool {
    let sends = |call: At<'_>| {
        method(call)
            .map(|(_, name)| name)
            .or_else(|| called(call).and_then(|path| path.rsplit("::").next()))
            .is_some_and(|name| SENDS.contains(&name))
    };
    let mut name = None;
    for around in at.ancestors() {
        match around.kind() {
            "call_expression" if sends(around) => return true,
            "call_expression" | "arguments" | "reference_expression" | "field_expression" => {}
            "let_declaration" => {
                name = around.child("pattern").map(At::text);
                break;
            }
            _ => break,
        }
    }
    let (Some(name), Some(function)) = (name, at.function(&["function_item"])) else {
        return false;
    };
    function.inside().any(|call| {
        call.is("call_expression")
            && sends(call)
            && call
                .child("arguments")
                .is_some_and(|given| count_word(given.text(), name) > 0)
    })
}

/// `text.parse().unwrap()`, `env::var(…).unwrap()` outside of tests and `main`.
fn unwrapped(source: &Source<'_>, at: At<'_>, report: &mut Report) {
    let Some((object, "unwrap")) = method(at) else {
        return;
    };
    let what = match called(object) {
        Some(
            "env::var"
            | "std::env::var"
            | "fs::read_to_string"
            | "std::fs::read_to_string"
            | "File::open"
            | "fs::read",
        ) => object.short(),
        _ => return,
    };
    let is_main = at
        .function(&["function_item"])
        .and_then(|function| function.child("name"))
        .is_some_and(|name| name.text() == "main");
    if is_main || is_test(at) {
        return;
    }
    report.add(
        source,
        &UNWRAPPED_INPUT,
        at.node(),
        format!("`{what}` may fail, and then the program ends here."),
        "Return the error with `?`, or decide what to do without it.",
    );
}
