//! Keys, parameters and cases that are there twice, and classes that forget their parent.

use std::collections::HashMap;

use domain::analysis::Severity;

use crate::findings::nodes::{At, Nodes};
use crate::findings::{Report, Rule, flow};

const DUPLICATE_KEY: Rule = Rule {
    name: "duplicate-key",
    severity: Severity::Warning,
    why: "Of two entries with the same key only the last one counts.",
};

const DUPLICATE_CASE: Rule = Rule {
    name: "duplicate-case",
    severity: Severity::Error,
    why: "The first case of a value runs; the second one never does.",
};

const DUPLICATE_PARAMETER: Rule = Rule {
    name: "duplicate-parameter",
    severity: Severity::Error,
    why: "Of two parameters of the same name only the last can be read; strict code does not even load.",
};

const MISSING_SUPER: Rule = Rule {
    name: "missing-super",
    severity: Severity::Error,
    why: "The constructor of a class with a parent must call super before anything else; without it, making an object throws.",
};

pub(super) fn find(nodes: &Nodes<'_>, report: &mut Report) {
    for at in nodes.all() {
        match at.kind() {
            "object" => find_keys(nodes, at, report),
            "class_body" => find_constructor(nodes, at, report),
            "switch_statement" => find_cases(nodes, at, report),
            "formal_parameters" => find_parameters(nodes, at, report),
            _ => {}
        }
    }
}

fn find_keys(nodes: &Nodes<'_>, at: At<'_>, report: &mut Report) {
    let mut seen: HashMap<&str, At<'_>> = HashMap::new();
    for entry in at.children() {
        let key = match entry.kind() {
            "pair" => entry.child("key"),
            "method_definition" if !entry.has_token("get") && !entry.has_token("set") => {
                entry.child("name")
            }
            "shorthand_property_identifier" => Some(entry),
            "spread_element" => {
                seen.clear();
                None
            }
            _ => None,
        };
        let Some(key) = key.filter(|key| {
            key.is_any(&[
                "property_identifier",
                "string",
                "number",
                "shorthand_property_identifier",
            ])
        }) else {
            continue;
        };
        let whole = key.text();
        let text = if key.is("string") {
            whole.get(1..whole.len() - 1).unwrap_or(whole)
        } else {
            whole
        };
        if text == "__proto__" {
            continue;
        }
        if let Some(first) = seen.insert(text, key) {
            report.add(
                &nodes.source,
                &DUPLICATE_KEY,
                key.node(),
                format!(
                    "The key `{text}` is given twice; the value from line {} is lost.",
                    first.row() + 1
                ),
                "Remove one of the two, or rename it.",
            );
        }
    }
}

fn find_cases(nodes: &Nodes<'_>, at: At<'_>, report: &mut Report) {
    let mut seen: HashMap<&str, At<'_>> = HashMap::new();
    for case in flow::cases(at) {
        let Some(value) = case
            .child("value")
            .filter(|value| crate::findings::words::is_pure(*value))
        else {
            continue;
        };
        if let Some(first) = seen.insert(value.text(), value) {
            report.add(
                &nodes.source,
                &DUPLICATE_CASE,
                value.node(),
                format!(
                    "The case `{}` was there before, on line {}.",
                    value.short(),
                    first.row() + 1
                ),
                "Remove one of the two, or give it the value that was meant.",
            );
        }
    }
}

fn find_parameters(nodes: &Nodes<'_>, at: At<'_>, report: &mut Report) {
    let mut seen: Vec<&str> = Vec::new();
    for parameter in at.children() {
        let name = parameter.child("pattern").unwrap_or(parameter);
        if !name.is("identifier") {
            continue;
        }
        if seen.contains(&name.text()) && !name.text().starts_with('_') {
            report.add(
                &nodes.source,
                &DUPLICATE_PARAMETER,
                name.node(),
                format!("The parameter `{}` is there twice.", name.text()),
                "Rename one of the two.",
            );
        }
        seen.push(name.text());
    }
}

fn find_constructor(nodes: &Nodes<'_>, at: At<'_>, report: &mut Report) {
    let Some(heritage) = at
        .parent()
        .and_then(|class| class.child_of("class_heritage"))
    else {
        return;
    };
    let extends = heritage.text().trim_start().starts_with("extends");
    let from_null = heritage.children().any(|parent| parent.is("null"));
    let constructor = at.children().find(|member| {
        member.is("method_definition")
            && member
                .child("name")
                .is_some_and(|name| name.text() == "constructor")
            && !member.has_token("static")
    });
    let Some((constructor, body)) =
        constructor.and_then(|constructor| Some((constructor, constructor.child("body")?)))
    else {
        return;
    };
    let calls = body.inside().any(|inner| {
        inner.is("call_expression")
            && inner
                .child("function")
                .is_some_and(|function| function.is("super"))
    });
    let leaves = body.inside().any(|inner| {
        inner.is("return_statement") && inner.children().next().is_some()
            || inner.is("throw_statement")
    });
    if extends && !from_null && !calls && !leaves {
        report.add(
            &nodes.source,
            &MISSING_SUPER,
            constructor.node(),
            "This constructor does not call super, though the class extends another.".to_owned(),
            "Call `super(…)` first.",
        );
    }
}
