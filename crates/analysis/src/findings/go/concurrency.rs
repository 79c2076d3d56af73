//! Goroutines, locks and wait groups.

use domain::analysis::Severity;

use crate::findings::names::statement_of;
use crate::findings::nodes::{At, Nodes};
use crate::findings::words::{self, FUNCTIONS};
use crate::findings::{Report, Rule};

const LOOP_VARIABLE: Rule = Rule {
    name: "loop-variable-captured",
    severity: Severity::Hint,
    why: "Before Go 1.22 all rounds share one loop variable: goroutines that start later all see its last value.",
};

const ADD_IN_GOROUTINE: Rule = Rule {
    name: "wait-group-add-in-goroutine",
    severity: Severity::Error,
    why: "Wait may run before the goroutine has begun and counted itself, and then does not wait for it.",
};

const COPIED_LOCK: Rule = Rule {
    name: "copied-lock",
    severity: Severity::Error,
    why: "A copy of a lock locks nothing but itself.",
};

const LOCK_WITHOUT_UNLOCK: Rule = Rule {
    name: "lock-without-unlock",
    severity: Severity::Warning,
    why: "A lock that is not given back stops everybody who needs it next.",
};

pub(super) fn find(nodes: &Nodes<'_>, report: &mut Report) {
    for at in nodes.all() {
        match at.kind() {
            "go_statement" => {
                find_captured(nodes, at, report);
                find_add(nodes, at, report);
            }
            "parameter_declaration" => find_copied(nodes, at, report),
            "function_declaration" | "method_declaration" => find_locked(nodes, at, report),
            _ => {}
        }
    }
}

/// The function a go statement starts.
fn started(at: At<'_>) -> Option<At<'_>> {
    at.only()?
        .child("function")
        .filter(|function| function.is("func_literal"))
}

fn find_captured(nodes: &Nodes<'_>, at: At<'_>, report: &mut Report) {
    let (Some(function), Some(looped)) = (
        started(at),
        at.ancestors()
            .take_while(|outer| !outer.is_any(FUNCTIONS))
            .find(|outer| outer.is("for_statement")),
    ) else {
        return;
    };
    let Some(clause) = looped
        .children()
        .find(|inner| inner.is_any(&["range_clause", "for_clause"]))
    else {
        return;
    };
    let first = if clause.is("for_clause") {
        clause.child("initializer")
    } else {
        Some(clause)
    };
    let Some(left) = first
        .filter(|first| first.has_token(":="))
        .and_then(|first| first.child("left"))
    else {
        return;
    };
    for name in left.children().filter(|name| name.text() != "_") {
        let used = function.child("body").and_then(|body| {
            body.inside()
                .find(|inner| inner.is("identifier") && inner.text() == name.text())
        });
        let hidden = function
            .child("parameters")
            .is_some_and(|list| list.inside().any(|inner| inner.text() == name.text()))
            || looped.child("body").is_some_and(|body| {
                body.inside().any(|inner| {
                    inner.is("short_var_declaration")
                        && inner.child("left").is_some_and(|left| {
                            left.children().any(|other| other.text() == name.text())
                        })
                })
            });
        if let Some(used) = used.filter(|_| !hidden) {
            report.add(&nodes.source, &LOOP_VARIABLE, used.node(), format!("This goroutine uses the loop variable `{}`; before Go 1.22 it may see a later round's value.", name.text()), format!("Hand it over as an argument, or write `{0} := {0}` before.", name.text()));
            return;
        }
    }
}

fn find_add(nodes: &Nodes<'_>, at: At<'_>, report: &mut Report) {
    let Some(body) = started(at).and_then(|function| function.child("body")) else {
        return;
    };
    let add = body.inside_function(FUNCTIONS).find(|inner| {
        words::method(*inner).is_some_and(|(object, name)| {
            name == "Add" && matches!(object.text(), "wg" | "waitGroup" | "wait")
        }) && inner
            .parent()
            .is_some_and(|outer| outer.is("expression_statement"))
    });
    let done = add
        .and_then(words::method)
        .is_some_and(|(object, _)| body.text().contains(&format!("{}.Done()", object.text())));
    if let Some(add) = add.filter(|_| done) {
        report.add(
            &nodes.source,
            &ADD_IN_GOROUTINE,
            add.node(),
            format!("`{}` runs inside the goroutine it counts.", add.short()),
            "Call Add before the go statement.",
        );
    }
}

fn find_copied(nodes: &Nodes<'_>, at: At<'_>, report: &mut Report) {
    let Some(kind) = at.child("type").filter(|kind| {
        matches!(
            kind.text(),
            "sync.Mutex" | "sync.RWMutex" | "sync.WaitGroup" | "sync.Once" | "sync.Cond"
        )
    }) else {
        return;
    };
    let in_result = at.parent().is_some_and(|list| list.field() == "result");
    if !in_result {
        report.add(
            &nodes.source,
            &COPIED_LOCK,
            at.node(),
            format!("`{}` hands over a copy.", at.short()),
            format!("Take a pointer: `*{}`.", kind.text()),
        );
    }
}

fn find_locked(nodes: &Nodes<'_>, function: At<'_>, report: &mut Report) {
    let name = function.child("name").map_or("", At::text).to_lowercase();
    if name.contains("lock") || name.contains("acquire") {
        return;
    }
    let Some(body) = function.child("body") else {
        return;
    };
    for call in body.inside() {
        let Some((object, "Lock")) = words::method(call) else {
            continue;
        };
        let is_mutex = ["mu", "mutex", "mtx", "lock", "m"].iter().any(|word| {
            object
                .text()
                .to_lowercase()
                .rsplit('.')
                .next()
                .is_some_and(|last| {
                    last == *word
                        || last.ends_with("mu")
                        || last.ends_with("mutex")
                        || last.ends_with("mtx")
                })
        });
        let is_statement = call
            .parent()
            .is_some_and(|outer| outer.is("expression_statement"))
            && words::arguments(call).is_empty();
        let unlocks = body.text().contains("nlock");
        if is_mutex && is_statement && unlocks {
            find_forgotten(nodes, body, call, object, report);
        }
        if is_mutex && is_statement && !unlocks {
            report.add(
                &nodes.source,
                &LOCK_WITHOUT_UNLOCK,
                call.node(),
                format!(
                    "`{}` is locked and not unlocked in this function.",
                    object.text()
                ),
                format!("Write `defer {}.Unlock()` on the next line.", object.text()),
            );
            return;
        }
    }
}

/// A `return` between a lock and the first unlock that leaves it locked.
fn find_forgotten(
    nodes: &Nodes<'_>,
    body: At<'_>,
    lock: At<'_>,
    object: At<'_>,
    report: &mut Report,
) {
    let Some((_, list)) = statement_of(lock) else {
        return;
    };
    let is_unlock = |at: &At<'_>| {
        words::method(*at).is_some_and(|(of, name)| name == "Unlock" && of.text() == object.text())
    };
    // somebody else may unlock
    let hidden = body.inside().any(|at| {
        at.is_any(&["defer_statement", "func_literal", "goto_statement"])
            && at.text().contains("nlock")
    });
    let Some(unlock) = list
        .inside()
        .find(|at| at.index > lock.index && is_unlock(at))
        .filter(|_| !hidden)
    else {
        return;
    };
    let root = object.text().split('.').next().unwrap_or_default();
    let may_unlock = |at: At<'_>| {
        words::is_call(at)
            && (words::callee(at).to_lowercase().contains("nlock")
                || words::callee(at).to_lowercase().contains("release"))
    };
    let between = || {
        list.inside_function(FUNCTIONS)
            .filter(|at| at.index > lock.index && at.index < unlock.index)
    };
    let Some(place) = between().find(|at| at.is("return_statement")) else {
        return;
    };
    // What is given the whole owner of the lock may unlock it: `return &Tx{s}`.
    let hands_over = |at: At<'_>| {
        at.is("identifier")
            && at.text() == root
            && !at
                .parent()
                .is_some_and(|outer| outer.is("selector_expression"))
    };
    let is_safe = between()
        .take_while(|at| at.index < place.index)
        .any(|at| may_unlock(at) || hands_over(at))
        || place.inside().any(hands_over)
        || place.inside().any(|at| {
            words::is_call(at)
                && (words::callee(at).split('.').next() == Some(root) || may_unlock(at))
        });
    if !is_safe {
        report.add(
            &nodes.source,
            &LOCK_WITHOUT_UNLOCK,
            place.node(),
            format!("This return leaves `{}` locked.", object.text()),
            format!(
                "Write `defer {}.Unlock()` right after the lock.",
                object.text()
            ),
        );
    }
}
