//! Text that becomes code or markup.

use domain::analysis::Severity;

use crate::findings::nodes::{At, Nodes};
use crate::findings::words;
use crate::findings::{Report, Rule};

const EVAL: Rule = Rule {
    name: "eval",
    severity: Severity::Warning,
    why: "Text that is run as code can do anything; where any of it comes from outside, so can others.",
};

const UNSAFE_HTML: Rule = Rule {
    name: "unsafe-html",
    severity: Severity::Warning,
    why: "Text that is read as markup can carry scripts (cross-site scripting).",
};

pub(super) fn find(nodes: &Nodes<'_>, report: &mut Report) {
    for at in nodes.all() {
        match at.kind() {
            "call_expression" | "new_expression" => {
                find_eval(nodes, at, report);
                find_write(nodes, at, report);
            }
            "assignment_expression" | "augmented_assignment_expression" => {
                find_markup(nodes, at, report);
            }
            _ => {}
        }
    }
}

fn find_eval(nodes: &Nodes<'_>, at: At<'_>, report: &mut Report) {
    let arguments = words::arguments(at);
    let found = match words::callee(at) {
        "eval" | "window.eval" => arguments.first().is_some_and(|first| !first.is("string")),
        "Function" => arguments.last().is_some_and(|last| !last.is("string")),
        "setTimeout" | "setInterval" | "window.setTimeout" => arguments
            .first()
            .is_some_and(|first| first.is("string") || builds_text(*first)),
        _ => false,
    };
    if found {
        report.add(
            &nodes.source,
            &EVAL,
            at.node(),
            format!("`{}` runs text as code.", words::callee(at)),
            "Use a function, or JSON.parse for data.",
        );
    }
}

/// Whether text is put together with something that is no constant.
fn builds_text(at: At<'_>) -> bool {
    let at = at.bare();
    let free = |part: At<'_>| {
        let part = part.bare();
        let lower = part.text().to_lowercase();
        !words::is_literal(part)
            && !words::is_macro_name(part.text())
            && !part.is_any(&["binary_expression", "ternary_expression", "template_string"])
            && ![
                "escape", "sanitize", "purify", "encode", "length", "count", "index", "version",
            ]
            .iter()
            .any(|word| lower.contains(word))
    };
    match at.kind() {
        "template_string" => at
            .children()
            .filter(|part| part.is("template_substitution"))
            .any(|part| part.only().is_some_and(free)),
        "binary_expression" if at.operator() == "+" => {
            let parts: Vec<At<'_>> = at
                .inside()
                .filter(|part| {
                    part.parent().is_some_and(|outer| {
                        outer.is("binary_expression") && outer.operator() == "+"
                    })
                })
                .collect();
            let markup = parts.iter().any(|part| {
                (part.is("string") || part.is("template_string"))
                    && (part.text().contains('<') || part.text().contains('('))
            });
            markup && parts.iter().any(|part| free(*part))
        }
        _ => false,
    }
}

fn find_markup(nodes: &Nodes<'_>, at: At<'_>, report: &mut Report) {
    let (Some(left), Some(right)) = (at.child("left"), at.child("right")) else {
        return;
    };
    if words::member(left).is_some_and(|(_, name)| matches!(name, "innerHTML" | "outerHTML"))
        && builds_text(right)
    {
        report.add(
            &nodes.source,
            &UNSAFE_HTML,
            at.node(),
            format!("`{}` reads built text as markup.", left.short()),
            "Set textContent, build elements, or escape the values.",
        );
    }
}

fn find_write(nodes: &Nodes<'_>, at: At<'_>, report: &mut Report) {
    let arguments = words::arguments(at);
    let text = match words::method(at) {
        Some((object, "write" | "writeln")) if object.text() == "document" => arguments.first(),
        Some((_, "insertAdjacentHTML")) => arguments.get(1),
        _ => None,
    };
    if text.is_some_and(|text| builds_text(*text)) {
        report.add(
            &nodes.source,
            &UNSAFE_HTML,
            at.node(),
            format!("`{}` reads built text as markup.", words::callee(at)),
            "Set textContent, build elements, or escape the values.",
        );
    }
}
