//! Statements: exceptions nobody looks at, lists changed while they are walked, cases that are there twice.

use domain::analysis::Severity;

use crate::findings::nodes::{At, Nodes};
use crate::findings::words::{self, FUNCTIONS, LOOPS};
use crate::findings::{Report, Rule, flow};

const EMPTY_CATCH: Rule = Rule {
    name: "empty-catch",
    severity: Severity::Warning,
    why: "An exception that is caught and dropped hides what went wrong.",
};

const CHANGED_WHILE_WALKED: Rule = Rule {
    name: "changed-while-iterated",
    severity: Severity::Error,
    why: "Adding to or removing from a collection while a loop walks it throws a ConcurrentModificationException.",
};

const SUBTRACTING_COMPARISON: Rule = Rule {
    name: "comparison-by-subtraction",
    severity: Severity::Hint,
    why: "The difference of two large numbers overflows, and the order is wrong.",
};

pub(super) fn find(nodes: &Nodes<'_>, report: &mut Report) {
    for at in nodes.all() {
        match at.kind() {
            "catch_clause" => find_empty_catch(nodes, at, report),
            "enhanced_for_statement" => find_change(nodes, at, report),
            "method_declaration" => find_subtraction(nodes, at, report),
            _ => {}
        }
    }
}

fn find_empty_catch(nodes: &Nodes<'_>, at: At<'_>, report: &mut Report) {
    let (Some(body), Some(parameter)) = (at.child("body"), at.child_of("catch_formal_parameter"))
    else {
        return;
    };
    let name = parameter.child("name").map_or("", At::text).to_lowercase();
    let kind = parameter.child_of("catch_type").map_or("", At::text);
    let meant = [
        "ignore",
        "expected",
        "unused",
        "cannothappen",
        "impossible",
        "_",
    ]
    .iter()
    .any(|word| name.contains(word))
        || matches!(kind, "InterruptedException" | "CloneNotSupportedException");
    // what is tried may say by its own name that failing is fine
    let tries_value = body
        .parent()
        .and_then(At::parent)
        .and_then(At::next)
        .is_some_and(|next| next.is("return_statement"));
    let explained = at
        .node()
        .next_sibling()
        .or_else(|| at.node().parent()?.next_sibling())
        .is_some_and(|next| {
            next.kind().ends_with("comment") && next.start_position().row == at.end_row()
        });
    if body.children().next().is_none() && !explained && !at.has_comment() && !meant && !tries_value
    {
        report.add(
            &nodes.source,
            &EMPTY_CATCH,
            at.node(),
            format!("A `{kind}` is caught and nothing is done about it."),
            "Handle it, log it, or say in a comment why it can be ignored.",
        );
    }
}

fn find_change(nodes: &Nodes<'_>, at: At<'_>, report: &mut Report) {
    let (Some(walked), Some(body)) = (at.child("value"), at.child("body")) else {
        return;
    };
    if !walked.is_any(&["identifier", "field_access"]) {
        return;
    }
    let change = body.inside_function(FUNCTIONS).find(|inner| {
        words::method(*inner).is_some_and(|(object, name)| {
            object.text() == walked.text()
                && matches!(name, "remove" | "add" | "clear" | "addAll" | "removeAll")
        }) && inner
            .parent()
            .is_some_and(|outer| outer.is("expression_statement"))
            && goes_round(*inner, at)
    });
    if let Some(change) = change {
        report.add(
            &nodes.source,
            &CHANGED_WHILE_WALKED,
            change.node(),
            format!(
                "`{}` changes `{}` while the loop on line {} walks it.",
                change.short(),
                walked.text(),
                at.row() + 1
            ),
            "Use `removeIf`, an Iterator, or collect the changes first.",
        );
    }
}

/// Whether the loop may go on after a place.
fn goes_round(place: At<'_>, looped: At<'_>) -> bool {
    let mut inner = place;
    for outer in place.ancestors() {
        if outer == looped {
            break;
        }
        if outer.is_any(LOOPS) && outer != looped {
            return true;
        }
        if outer.is("block") {
            let rest: Vec<At<'_>> = outer
                .children()
                .filter(|at| at.index >= inner.index)
                .collect();
            if rest.iter().any(|at| {
                at.is_any(&["return_statement", "break_statement", "throw_statement"])
                    || !flow::goes_on(*at, flow::Stops::AtExits, 0)
            }) {
                return false;
            }
        }
        inner = outer;
    }
    true
}

fn find_subtraction(nodes: &Nodes<'_>, method: At<'_>, report: &mut Report) {
    let name = method.child("name").map_or("", At::text);
    let Some(body) = method.child("body") else {
        return;
    };
    let returned = body
        .only()
        .filter(|only| only.is("return_statement"))
        .and_then(At::only);
    let Some((left, "-", right)) = returned.and_then(|value| value.bare().sides()) else {
        return;
    };
    let same_field = words::member(left)
        .zip(words::member(right))
        .is_some_and(|((_, a), (_, b))| a == b)
        || (left.is("identifier") && words::member(right).is_some_and(|(_, b)| b == left.text()))
        || words::method(left)
            .zip(words::method(right))
            .is_some_and(|((_, a), (_, b))| {
                a == b && !matches!(a, "length" | "size" | "ordinal" | "charAt")
            });
    let small = ["length", "ordinal", "size", "priority", "order"]
        .iter()
        .any(|word| right.text().to_lowercase().contains(word));
    if matches!(name, "compareTo" | "compare") && same_field && !small {
        report.add(
            &nodes.source,
            &SUBTRACTING_COMPARISON,
            left.node(),
            format!("`{name}` subtracts, which overflows for numbers far apart."),
            "Use `Integer.compare(a, b)`.",
        );
    }
}
