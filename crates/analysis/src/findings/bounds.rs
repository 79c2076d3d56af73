//! Steps over the end of a sequence: loops up to and including its length, and an index of its length.

use domain::analysis::Severity;
use domain::language::Language;

use super::loops;
use super::nodes::{At, Nodes};
use super::words::{self, LOOPS};
use super::{Report, Rule};

const OFF_BY_ONE: Rule = Rule {
    name: "off-by-one",
    severity: Severity::Error,
    why: "Positions count from 0, so the last one is the length less one; the length itself is past the end.",
};

/// Looks at every loop and every index.
pub(crate) fn find(nodes: &Nodes<'_>, report: &mut Report) {
    for at in nodes.all() {
        if at.is_any(LOOPS) {
            find_in_loop(nodes, at, report);
        }
        find_length_as_index(nodes, at, report);
    }
}

/// What an expression is the length of: `a.length`, `a.size()`, `len(a)`, `strlen(a)`.
pub(crate) fn length_of(at: At<'_>) -> Option<At<'_>> {
    let at = at.bare();
    if let Some((object, name)) = words::member(at) {
        let script = matches!(
            at.language(),
            Language::JavaScript | Language::TypeScript | Language::Java
        );
        return (script && name == "length").then_some(object);
    }
    if let Some((object, name)) = words::method(at) {
        return (words::arguments(at).is_empty()
            && matches!(name, "size" | "length")
            && at.language() != Language::Go)
            .then_some(object);
    }
    if at.is("call_expression") && matches!(words::callee(at), "len" | "strlen") {
        return words::arguments(at).first().copied();
    }
    None
}

/// What is read at a position: `a[i]`, `a.get(i)`, `a.charAt(i)`, with the position.
fn element(at: At<'_>) -> Option<(At<'_>, At<'_>)> {
    if let Some(found) = words::index(at) {
        return Some(found);
    }
    let (object, name) = words::method(at)?;
    let takes_position = match at.language() {
        Language::Java => matches!(name, "get" | "charAt" | "set"),
        Language::Cpp => name == "at",
        Language::C
        | Language::Go
        | Language::JavaScript
        | Language::TypeScript
        | Language::Python
        | Language::Rust
        | Language::Sql => false,
    };
    let arguments = words::arguments(at);
    let first = arguments.first()?;
    (takes_position && (arguments.len() == 1 || name == "set")).then(|| (object, first.bare()))
}

fn find_in_loop(nodes: &Nodes<'_>, at: At<'_>, report: &mut Report) {
    let (Some(condition), Some(body)) = (loops::condition(at), at.child("body")) else {
        return;
    };
    let Some((left, operator, right)) = condition.sides() else {
        return;
    };
    let (counter, limit) = match operator {
        "<=" => (left, right),
        ">=" => (right, left),
        _ => return,
    };
    let Some(sequence) = length_of(limit).filter(|_| counter.is("identifier")) else {
        return;
    };
    let steps_once = loops::step(at).is_some_and(|step| {
        words::targets(step)
            .iter()
            .any(|target| target.text() == counter.text())
    });
    if !steps_once || words::may_change(counter.text(), body) || changes(sequence, body) {
        return;
    }
    let place = body.inside().find(|inner| {
        element(*inner).is_some_and(|(object, position)| {
            object.text() == sequence.text()
                && position.is("identifier")
                && position.text() == counter.text()
        }) && !is_guarded(*inner, counter.text(), at)
            && !is_written(*inner)
            && !is_asked_later(*inner, body)
            && !is_last_of_c_string(*inner, limit)
    });
    if let Some(place) = place {
        report.add(
            &nodes.source,
            &OFF_BY_ONE,
            condition.node(),
            format!(
                "In its last round `{}` is `{}`, and `{}` is past the end.",
                counter.text(),
                limit.short(),
                place.short()
            ),
            format!("Loop while `{} < {}`.", counter.text(), limit.short()),
        );
    }
}

/// The byte after the last of a C string is there: it is the zero; so is that of a C++ string.
fn is_last_of_c_string(at: At<'_>, limit: At<'_>) -> bool {
    matches!(at.language(), Language::C | Language::Cpp)
        && (words::callee(limit) == "strlen" || limit.text().contains("length()"))
}

/// Whether a sequence grows or shrinks in the body.
fn changes(sequence: At<'_>, body: At<'_>) -> bool {
    let text = sequence.text();
    body.inside().any(|inner| {
        words::method(inner).is_some_and(|(object, name)| {
            object.text() == text
                && !matches!(
                    name,
                    "get"
                        | "charAt"
                        | "at"
                        | "set"
                        | "size"
                        | "length"
                        | "slice"
                        | "substring"
                        | "substr"
                        | "indexOf"
                        | "equals"
                )
        })
    }) || words::may_change(text, body)
}

/// Whether a question around a place, or before it, asks for the counter.
fn is_guarded(place: At<'_>, counter: &str, around: At<'_>) -> bool {
    let asks = |at: At<'_>| {
        at.with_inside()
            .any(|inner| inner.is("identifier") && inner.text() == counter && !in_element(inner))
    };
    let outside = place
        .ancestors()
        .take_while(|outer| *outer != around)
        .any(|outer| match outer.kind() {
            "if_statement" | "ternary_expression" | "conditional_expression" => {
                outer.child("condition").is_some_and(asks)
            }
            "binary_expression" => {
                matches!(outer.operator(), "&&" | "||" | "??")
                    && outer
                        .child("left")
                        .is_some_and(|left| !left.holds(place) && asks(left))
            }
            kind => {
                LOOPS.contains(&kind) || words::SWITCHES.contains(&kind) || kind == "try_statement"
            }
        });
    let before = around.child("body").is_some_and(|body| {
        body.inside()
            .take_while(|inner| inner.index < place.index)
            .any(|inner| {
                inner.is("if_statement")
                    && inner.child("condition").is_some_and(asks)
                    && inner.inside().any(|jump| {
                        jump.is_any(&["break_statement", "continue_statement", "return_statement"])
                    })
            })
    });
    outside || before
}

fn in_element(at: At<'_>) -> bool {
    at.outer()
        .is_some_and(|outer| element(outer).is_some() || outer.is("subscript_argument_list"))
}

/// Whether JavaScript holds the element, which may be undefined, in a name that a condition asks about.
fn is_asked_later(at: At<'_>, body: At<'_>) -> bool {
    let Some(name) = at.outer().and_then(|outer| match outer.kind() {
        "variable_declarator" => outer.child("name"),
        "assignment_expression" => outer.child("left"),
        _ => None,
    }) else {
        return false;
    };
    let is_script = matches!(at.language(), Language::JavaScript | Language::TypeScript);
    let mentions = |part: At<'_>| {
        part.with_inside()
            .any(|inner| inner.is("identifier") && inner.text() == name.text())
    };
    is_script
        && body.inside().any(|inner| {
            inner.child("condition").is_some_and(mentions)
                || (matches!(inner.operator(), "&&" | "||" | "??")
                    && inner.child("left").is_some_and(mentions))
        })
}

fn is_written(at: At<'_>) -> bool {
    at.parent().is_some_and(|outer| {
        matches!(
            outer.language(),
            Language::JavaScript | Language::TypeScript
        ) && (outer.is("assignment_expression") && at.field() == "left"
            || outer.is_any(&[
                "binary_expression",
                "ternary_expression",
                "unary_expression",
            ]) && matches!(
                outer.operator(),
                "||" | "??" | "!" | "typeof" | "===" | "==" | "!==" | "!="
            ))
    })
}

fn find_length_as_index(nodes: &Nodes<'_>, at: At<'_>, report: &mut Report) {
    let Some((object, position)) = element(at) else {
        return;
    };
    let Some(sequence) = length_of(position) else {
        return;
    };
    let text = object.text();
    let may_be_a_string = matches!(at.language(), Language::C | Language::Cpp)
        && (position.text().contains("strlen") || position.text().contains("length"));
    // the sequence may be a map whose key is its own size, or a bigger buffer
    let is_sure = sequence.text() == text
        && words::is_pure(object)
        && !may_be_a_string
        && !(at.language() == Language::Cpp && text.to_lowercase().contains("map"));
    let written = at.outer().is_some_and(|outer| {
        words::targets(outer).iter().any(|target| target.holds(at))
            || outer.is_any(&["pointer_expression", "pair"])
    }) || at.ancestors().take(3).any(|outer| {
        outer.is_any(&[
            "assignment_expression",
            "assignment_statement",
            "augmented_assignment_expression",
        ]) && outer.child("left").is_some_and(|left| left.holds(at))
    });
    let script = matches!(at.language(), Language::JavaScript | Language::TypeScript);
    let address =
        at.language() == Language::Cpp && at.outer().is_some_and(|outer| outer.operator() == "&");
    if is_sure
        && !(script && written)
        && !address
        && words::method(at).is_none_or(|(_, name)| name != "set")
    {
        report.add(
            &nodes.source,
            &OFF_BY_ONE,
            at.node(),
            format!("`{}` is past the end of `{text}`.", at.short()),
            format!("The last element is at `{} - 1`.", position.short()),
        );
    }
}
