//! Buffers: copies without a bound, steps over the end of an array, sizes of the wrong thing.

use std::collections::HashMap;

use domain::analysis::Severity;

use crate::findings::names::Local;
use crate::findings::nodes::{At, Nodes};
use crate::findings::words::{self, LOOPS};
use crate::findings::{Report, Rule, loops};

const UNBOUNDED_COPY: Rule = Rule {
    name: "unbounded-copy",
    severity: Severity::Error,
    why: "Nothing limits how much is written: longer input overwrites what lies behind the buffer.",
};

const OFF_BY_ONE: Rule = Rule {
    name: "off-by-one",
    severity: Severity::Error,
    why: "Positions count from 0, so the last one is the length less one; the length itself is past the end.",
};

const OUT_OF_BOUNDS: Rule = Rule {
    name: "index-out-of-bounds",
    severity: Severity::Error,
    why: "Reading or writing past the end of an array is undefined: it may crash, or spoil other values.",
};

const SIZE_OF_POINTER: Rule = Rule {
    name: "size-of-pointer",
    severity: Severity::Error,
    why: "An array parameter is a pointer: sizeof gives the size of the pointer, not of the array.",
};

type Arrays<'n> = HashMap<&'n str, At<'n>>;

pub(super) fn find<'n>(
    nodes: &Nodes<'_>,
    function: At<'n>,
    locals: &[Local<'n>],
    report: &mut Report,
) {
    let arrays: Arrays<'n> = locals
        .iter()
        .filter(|local| !local.is_parameter())
        .filter_map(|local| Some((local.name.text(), local.array_size()?)))
        .collect();
    for at in function.inside() {
        match at.kind() {
            "call_expression" => find_copy(nodes, function, at, &arrays, report),
            "subscript_expression" => find_index(nodes, at, &arrays, report),
            "sizeof_expression" => find_size(nodes, at, locals, report),
            kind if LOOPS.contains(&kind) => find_loop(nodes, at, &arrays, report),
            _ => {}
        }
    }
}

fn find_copy(
    nodes: &Nodes<'_>,
    function: At<'_>,
    call: At<'_>,
    arrays: &Arrays<'_>,
    report: &mut Report,
) {
    let arguments = words::arguments(call);
    let name = words::callee(call).trim_start_matches("std::");
    let Some(first) = arguments.first() else {
        return;
    };
    let fixed = arrays.get(first.text());
    let measured = |source: &At<'_>| {
        let asks = format!("strlen({})", source.text());
        function.text().contains(&asks)
            || function.text().contains("sizeof")
                && function
                    .text()
                    .contains(&format!("strnlen({}", source.text()))
    };
    let free = |source: &At<'_>| {
        matches!(source.kind(), "identifier" | "subscript_expression")
            && !words::is_macro_name(source.text())
            && !measured(source)
    };
    let text = |position: usize| {
        arguments
            .get(position)
            .filter(|argument| words::is_string(**argument))
            .map_or("", |argument| argument.text())
    };
    let found = match name {
        "gets" => arguments.len() == 1,
        "strcpy" | "strcat" => {
            fixed.is_some()
                && arguments.get(1).is_some_and(|source| {
                    let too_long = words::is_string(*source)
                        && fixed
                            .and_then(|size| words::whole(*size))
                            .is_some_and(|size| {
                                i64::try_from(source.text().len() - 2).is_ok_and(|length| {
                                    length >= size && !source.text().contains('\\')
                                })
                            });
                    too_long || (free(source) && !arrays.contains_key(source.text()))
                })
        }
        "sprintf" | "vsprintf" => {
            fixed.is_some() && text(1).contains("%s") && arguments.iter().skip(2).any(free)
        }
        "scanf" => {
            text(0).contains("%s")
                && arguments
                    .iter()
                    .skip(1)
                    .any(|target| arrays.contains_key(target.text()))
        }
        "sscanf" | "fscanf" => {
            text(1).contains("%s")
                && arguments
                    .iter()
                    .skip(2)
                    .any(|target| arrays.contains_key(target.text()))
        }
        _ => false,
    };
    if found {
        report.add(
            &nodes.source,
            &UNBOUNDED_COPY,
            call.node(),
            format!("`{name}` writes into a buffer without knowing its size."),
            bounded(name),
        );
    }
}

/// What to use instead.
fn bounded(name: &str) -> &'static str {
    match name {
        "gets" => "Use `fgets` with the size of the buffer.",
        "scanf" | "sscanf" | "fscanf" => "Give a width, one less than the buffer: `%31s`.",
        "sprintf" | "vsprintf" => "Use `snprintf` with the size of the buffer.",
        _ => "Copy at most the size of the buffer, for example with `snprintf`.",
    }
}

/// Whether a place is only measured or pointed at, not read.
fn is_unread(at: At<'_>) -> bool {
    at.ancestors().take(6).any(|outer| {
        outer.is_any(&["sizeof_expression", "decltype", "alignof_expression"])
            || (outer.is("pointer_expression") && outer.operator() == "&")
    })
}

fn find_index(nodes: &Nodes<'_>, at: At<'_>, arrays: &Arrays<'_>, report: &mut Report) {
    let Some((object, position)) = words::index(at) else {
        return;
    };
    let Some(size) = arrays.get(object.text()) else {
        return;
    };
    let past = words::whole(position)
        .zip(words::whole(*size))
        .is_some_and(|(position, size)| position >= size);
    let named = position.is("identifier") && position.text() == size.text();
    let scoped = position.is("identifier")
        && words::may_change(
            position.text(),
            at.function(&["function_definition"]).unwrap_or(at),
        );
    if (past || (named && !scoped)) && !is_unread(at) {
        report.add(
            &nodes.source,
            &OUT_OF_BOUNDS,
            at.node(),
            format!(
                "`{}` is past the end: `{}` has {} elements.",
                at.short(),
                object.text(),
                size.text()
            ),
            format!("Use a position below {}.", size.text()),
        );
    }
}

fn find_loop(nodes: &Nodes<'_>, at: At<'_>, arrays: &Arrays<'_>, report: &mut Report) {
    let (Some(condition), Some(step), Some(body)) =
        (loops::condition(at), loops::step(at), at.child("body"))
    else {
        return;
    };
    let Some((counter, operator @ ("<=" | "<"), limit)) = condition.sides() else {
        return;
    };
    // a step of two may stop one element earlier
    let ahead_counts = operator == "<" && step.bare().text().contains("++");
    let steps = words::targets(step.bare())
        .iter()
        .any(|target| target.text() == counter.text());
    if !counter.is("identifier")
        || !steps
        || words::may_change(counter.text(), body)
        || body.inside().any(|inner| {
            inner.is_any(&["break_statement", "continue_statement", "return_statement"])
        })
    {
        return;
    }
    let place = body.inside().find(|inner| {
        let Some((object, position)) = words::index(*inner) else {
            return false;
        };
        let guarded = inner
            .ancestors()
            .take_while(|outer| body.holds(*outer))
            .any(|outer| {
                outer.is_any(&[
                    "if_statement",
                    "conditional_expression",
                    "for_statement",
                    "while_statement",
                    "switch_statement",
                ]) || matches!(outer.operator(), "&&" | "||")
            });
        arrays
            .get(object.text())
            .is_some_and(|size| size.text() == limit.text())
            && (if operator == "<=" {
                position.text() == counter.text()
            } else {
                ahead_counts && is_ahead(position, counter)
            })
            && !guarded
            && !is_unread(*inner)
    });
    if let Some(place) = place {
        report_loop(nodes, condition, (counter, operator, limit), place, report);
    }
}

fn report_loop(
    nodes: &Nodes<'_>,
    condition: At<'_>,
    (counter, operator, limit): (At<'_>, &str, At<'_>),
    place: At<'_>,
    report: &mut Report,
) {
    let (counter, limit, read) = (counter.text(), limit.short(), place.short());
    let (at, message, fix) = if operator == "<" {
        (
            place,
            format!("In the last round `{read}` is past the end."),
            format!("End the loop before `{limit} - 1`."),
        )
    } else {
        (
            condition,
            format!("In its last round `{counter}` is `{limit}`, and `{read}` is past the end."),
            format!("Loop while `{counter} < {limit}`."),
        )
    };
    report.add(&nodes.source, &OFF_BY_ONE, at.node(), message, fix);
}

/// `counter + 1`, or more than 1.
fn is_ahead(position: At<'_>, counter: At<'_>) -> bool {
    position.sides().is_some_and(|(left, operator, right)| {
        operator == "+"
            && left.text() == counter.text()
            && words::whole(right).is_some_and(|more| more > 0)
    })
}

fn find_size(nodes: &Nodes<'_>, at: At<'_>, locals: &[Local<'_>], report: &mut Report) {
    let Some(value) = at
        .child("value")
        .map(At::bare)
        .filter(|value| value.is("identifier"))
    else {
        return;
    };
    let Some(local) = locals
        .iter()
        .find(|local| local.name.text() == value.text() && local.is_parameter())
    else {
        return;
    };
    let is_array = local
        .name
        .parent()
        .is_some_and(|outer| outer.is("array_declarator"))
        && !local
            .declarators()
            .any(|outer| outer.is_any(&["reference_declarator", "parenthesized_declarator"]));
    // sizeof(p) / sizeof(p[0]) counts elements, so an array was meant
    let counts = local.is_pointer()
        && at.parent().is_some_and(|outer| {
            outer.operator() == "/"
                && outer.child("left") == Some(at)
                && outer.child("right").is_some_and(|right| {
                    right.is("sizeof_expression") && right.text().contains(value.text())
                })
        });
    if is_array || counts {
        report.add(
            &nodes.source,
            &SIZE_OF_POINTER,
            at.node(),
            format!(
                "`{}` is a parameter, so `{}` is the size of a pointer.",
                value.text(),
                at.short()
            ),
            "Hand over the number of elements as another parameter.",
        );
    }
}
