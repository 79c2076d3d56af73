//! Positions outside of what they are taken from.

use domain::analysis::Severity;

use super::{At, LOOPS, Report, Source, count_word, length_of, method};
use crate::findings::Rule;

const INDEX_PAST_END: Rule = Rule {
    name: "index-past-end",
    severity: Severity::Error,
    why: "Positions count from 0, so the last one is the length minus 1, and indexing at the length panics.",
};

const EMPTY_RANGE: Rule = Rule {
    name: "empty-range",
    severity: Severity::Error,
    why: "A range goes upwards only; one that starts at or above its end holds nothing, so the loop never runs.",
};

const LENGTH_UNDERFLOW: Rule = Rule {
    name: "length-underflow",
    severity: Severity::Hint,
    why: "A length is unsigned: of something empty, the length minus 1 panics, or wraps round to a huge number in a release build.",
};

pub(super) fn find(source: &Source<'_>, at: At<'_>, report: &mut Report) {
    match at.kind() {
        "index_expression" => at_length(source, at, report),
        "for_expression" => {
            range(source, at, report);
            inclusive(source, at, report);
        }
        "while_expression" => while_inclusive(source, at, report),
        _ => {}
    }
}

/// `v[v.len()]`.
fn at_length(source: &Source<'_>, at: At<'_>, report: &mut Report) {
    let (Some(object), Some(index)) = (at.nth(0), at.nth(1)) else {
        return;
    };
    if length_of(index).is_some_and(|of| of.text() == object.text()) {
        past_end(source, at, report);
    }
}

fn past_end(source: &Source<'_>, at: At<'_>, report: &mut Report) {
    report.add(
        source,
        &INDEX_PAST_END,
        at.node(),
        format!("`{}` reads behind the last item.", at.short()),
        "Stop one position earlier.",
    );
}

/// The start, the operator and the end of a range.
fn ends(at: At<'_>) -> Option<(At<'_>, &'static str, At<'_>)> {
    let range = at.bare();
    if !range.is("range_expression") {
        return None;
    }
    let operator = range
        .tokens()
        .map(At::kind)
        .find(|kind| matches!(*kind, ".." | "..="))?;
    Some((range.nth(0)?, operator, range.nth(1)?))
}

fn range(source: &Source<'_>, at: At<'_>, report: &mut Report) {
    let Some((start, operator, end)) = at.child("value").and_then(ends) else {
        return;
    };
    let number = |at: At<'_>| -> Option<i64> {
        at.is("integer_literal")
            .then(|| at.text().replace('_', "").parse().ok())
            .flatten()
    };
    let is_empty = match (number(start), number(end)) {
        (Some(start), Some(end)) => start > end || (start == end && operator == ".."),
        // Down to nothing from a length: `v.len()..0`.
        (None, Some(0)) => length_of(start).is_some() && operator == "..",
        _ => false,
    };
    if is_empty {
        report.add(
            source,
            &EMPTY_RANGE,
            end.node(),
            format!(
                "`{}{operator}{}` holds nothing.",
                start.short(),
                end.short()
            ),
            format!(
                "Write `({}..{}).rev()` to count down.",
                end.short(),
                start.short()
            ),
        );
        return;
    }
    underflow(source, at, end, report);
}

/// `0..v.len() - 1` where nothing asks whether there is an item.
fn underflow(source: &Source<'_>, at: At<'_>, end: At<'_>, report: &mut Report) {
    let Some((left, "-", right)) = end.sides() else {
        return;
    };
    let Some(of) = length_of(left).filter(|_| right.is("integer_literal")) else {
        return;
    };
    let Some(function) = at.function(&["function_item"]) else {
        return;
    };
    let asks = function.inside().any(|inner| {
        let is_question = inner.sides().is_some_and(|(_, operator, _)| {
            matches!(operator, "==" | "!=" | "<" | ">" | "<=" | ">=")
        }) && inner.text().contains("len()");
        is_question
            || matches!(
                method(inner),
                Some((_, "is_empty" | "push" | "first" | "last" | "windows"))
            )
            || inner.is_any(&["macro_invocation"]) && inner.text().contains(of.text())
    });
    // An array has a length that never is 0, and a text may come from one.
    let is_list = function.child("parameters").is_some_and(|list| {
        list.children().any(|parameter| {
            parameter
                .child("pattern")
                .is_some_and(|name| name.text() == of.text())
                && parameter.child("type").is_some_and(|of_type| {
                    of_type.text().contains("Vec<") || of_type.text().starts_with("&[")
                })
        })
    });
    if is_list && !asks {
        report.add(
            source,
            &LENGTH_UNDERFLOW,
            end.node(),
            format!("`{}` fails when `{}` is empty.", end.short(), of.text()),
            format!(
                "Use `{}.saturating_sub({})`, or return early when it is empty.",
                left.short(),
                right.text()
            ),
        );
    }
}

/// `for i in 0..=v.len()` with `v[i]` in it, and `for i in 0..v.len()` with `v[i + 1]`.
fn inclusive(source: &Source<'_>, at: At<'_>, report: &mut Report) {
    let (Some(pattern), Some(value), Some(body)) =
        (at.child("pattern"), at.child("value"), at.child("body"))
    else {
        return;
    };
    let Some((_, operator, end)) = ends(value) else {
        return;
    };
    let Some(of) = length_of(end).filter(|_| pattern.is("identifier")) else {
        return;
    };
    if operator == "..=" {
        unguarded(source, body, of, pattern.text(), report);
    } else {
        ahead(source, body, of, pattern.text(), report);
    }
}

/// Whether something is read of `of` at an index as wanted.
fn is_read(at: At<'_>, of: At<'_>, is_wanted: impl Fn(At<'_>) -> bool) -> bool {
    at.is("index_expression")
        && at.nth(0).is_some_and(|object| object.text() == of.text())
        && at.nth(1).is_some_and(is_wanted)
}

/// What a branch or a declaration looks at.
fn asked(at: At<'_>) -> Option<At<'_>> {
    at.child("condition")
        .or_else(|| at.child("value"))
        .filter(|_| at.is_any(&["if_expression", "match_expression", "let_declaration"]))
}

/// `v[i + 1]` in `for i in 0..v.len()`, before anything could keep it in.
fn ahead(source: &Source<'_>, body: At<'_>, of: At<'_>, counter: &str, report: &mut Report) {
    let is_ahead = |index: At<'_>| {
        index.sides().is_some_and(|(left, operator, right)| {
            left.text() == counter
                && operator == "+"
                && right.is("integer_literal")
                && right.text() != "0"
        })
    };
    let reads_ahead = |at: At<'_>| is_read(at, of, is_ahead);
    let stops = |at: At<'_>| {
        at.is_any(&[
            "break_expression",
            "continue_expression",
            "return_expression",
        ]) || asked(at).is_some_and(|asked| asks_for(asked, counter))
            // What `?` is asked of is read before it.
            || at.is("try_expression") && !at.inside().any(reads_ahead)
    };
    let grows = body.inside().any(|inner| {
        method(inner).is_some_and(|(object, name)| {
            object.text() == of.text()
                && matches!(name, "push" | "extend" | "insert" | "append" | "resize")
        })
    });
    let Some(place) = body
        .inside()
        .take_while(|at| !stops(*at))
        .find(|at| reads_ahead(*at))
        .filter(|_| !grows)
    else {
        return;
    };
    let is_chosen = place
        .ancestors()
        .take_while(|outer| *outer != body)
        .any(|outer| {
            outer.is_any(&["match_arm", "else_clause", "let_chain"])
                || outer.is("if_expression")
                    && outer
                        .child("condition")
                        .is_none_or(|asked| !asked.holds(place))
        });
    if !is_chosen && !is_in_question(place, body, counter) {
        past_end(source, place, report);
    }
}

/// Whether a condition is about the counter itself, not about an item at it.
fn asks_for(asked: At<'_>, counter: &str) -> bool {
    asked.with_inside().any(|inner| {
        inner.is("identifier")
            && inner.text() == counter
            && inner
                .ancestors()
                .take_while(|outer| asked.holds(*outer))
                .all(|outer| !outer.is("index_expression"))
    })
}

/// `while i <= v.len()` with `v[i]` in it.
fn while_inclusive(source: &Source<'_>, at: At<'_>, report: &mut Report) {
    let (Some(condition), Some(body)) = (at.child("condition"), at.child("body")) else {
        return;
    };
    let Some((counter, "<=", end)) = condition.bare().sides() else {
        return;
    };
    if let Some(of) = length_of(end).filter(|_| counter.is("identifier")) {
        unguarded(source, body, of, counter.text(), report);
    }
}

/// `v[i]` that nothing around or before it guards.
fn unguarded(source: &Source<'_>, body: At<'_>, of: At<'_>, counter: &str, report: &mut Report) {
    // A question about the counter, or a change of it, may keep it inside.
    let stops = |at: At<'_>| {
        asked(at).is_some_and(|asked| {
            count_word(asked.text(), counter) > 0 && !asked.is("index_expression")
        }) || at.is_any(&["compound_assignment_expr", "assignment_expression"])
            && at.child("left").is_some_and(|left| left.text() == counter)
    };
    let is_counter = |index: At<'_>| index.text() == counter;
    let place = body
        .inside()
        .take_while(|at| !stops(*at))
        .find(|at| is_read(*at, of, is_counter) && !is_in_question(*at, body, counter));
    if let Some(place) = place {
        past_end(source, place, report);
    }
}

/// Whether something between the place and the body asks about the counter: `i < n && v[i] > 0`.
fn is_in_question(at: At<'_>, body: At<'_>, counter: &str) -> bool {
    at.ancestors()
        .take_while(|around| *around != body)
        .any(|around| {
            around.is_any(LOOPS)
                || matches!(around.sides(), Some((left, "&&" | "||", _)) if count_word(left.text(), counter) > 0 && !left.holds(at))
                || around.is("closure_expression")
        })
}
