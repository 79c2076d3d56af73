//! Files and answers that are opened and never closed, and closing that waits for the end of the function.

use domain::analysis::Severity;

use crate::findings::names::Local;
use crate::findings::nodes::{At, Nodes};
use crate::findings::words::{self, FUNCTIONS};
use crate::findings::{Report, Rule, flow};

const RESOURCE_LEAK: Rule = Rule {
    name: "resource-leak",
    severity: Severity::Warning,
    why: "What is opened and not closed keeps a file or a connection of the system until the program ends.",
};

const DEFER_IN_LOOP: Rule = Rule {
    name: "defer-in-loop",
    severity: Severity::Warning,
    why: "defer runs at the end of the function, not of the round: everything stays open or locked until then.",
};

pub(super) fn find<'n>(
    nodes: &Nodes<'_>,
    function: At<'n>,
    locals: &[Local<'n>],
    report: &mut Report,
) {
    for local in locals {
        find_leak(nodes, function, local, report);
    }
    for at in function.inside().filter(|at| at.is("defer_statement")) {
        find_defer(nodes, at, report);
    }
}

fn find_leak<'n>(nodes: &Nodes<'_>, function: At<'n>, local: &Local<'n>, report: &mut Report) {
    let Some(call) = local.value.and_then(|list| {
        if list.is("expression_list") {
            list.only()
        } else {
            Some(list)
        }
    }) else {
        return;
    };
    let is_first = local.name.parent().and_then(|list| list.nth(0)) == Some(local.name);
    let part = match words::callee(call) {
        "os.Open" | "os.Create" | "os.OpenFile" | "net.Dial" | "net.Listen" => "",
        "http.Get" | "http.Post" | "http.PostForm" | "http.Head" => "Body",
        _ => return,
    };
    if !is_first {
        return;
    }
    let uses = local.uses(function);
    let closes = uses.iter().any(|used| {
        used.parent().is_some_and(|outer| {
            words::member(outer).is_some_and(|(_, name)| {
                name == "Close"
                    || (name == "Body"
                        && outer.parent().is_some_and(|further| {
                            words::member(further).is_some_and(|(_, name)| name == "Close")
                                || further.is_any(&[
                                    "argument_list",
                                    "return_statement",
                                    "expression_list",
                                ]) && further.text().contains("lose")
                        }))
            })
        })
    });
    // handed on to whoever closes it; readers do not
    let escapes = uses.iter().any(|used| {
        used.parent().is_some_and(|outer| match outer.kind() {
            "selector_expression" | "binary_expression" => false,
            "argument_list" => outer.parent().is_none_or(|call| {
                !matches!(
                    words::callee(call),
                    "bufio.NewScanner"
                        | "bufio.NewReader"
                        | "io.ReadAll"
                        | "ioutil.ReadAll"
                        | "json.NewDecoder"
                        | "csv.NewReader"
                        | "fmt.Fprintf"
                        | "fmt.Fprintln"
                        | "bufio.NewWriter"
                )
            }),
            _ => true,
        })
    });
    if !closes && !escapes {
        let what = if part.is_empty() {
            local.name.text().to_owned()
        } else {
            format!("{}.{part}", local.name.text())
        };
        report.add(
            &nodes.source,
            &RESOURCE_LEAK,
            local.name.node(),
            format!("`{what}` is never closed."),
            format!("Write `defer {what}.Close()` after the error check."),
        );
    }
}

fn find_defer(nodes: &Nodes<'_>, at: At<'_>, report: &mut Report) {
    let looped = at
        .ancestors()
        .take_while(|outer| !outer.is_any(FUNCTIONS))
        .find(|outer| outer.is("for_statement"));
    let Some(body) = looped.and_then(|looped| looped.child("body")) else {
        return;
    };
    let ends = flow::statements(body).iter().any(|inner| {
        inner.is_any(&["return_statement", "break_statement"])
            || !flow::goes_on(*inner, flow::Stops::AtExits, 0)
    }) && !flow::statements(body)
        .iter()
        .any(|inner| inner.is("continue_statement"));
    let leaves = at
        .ancestors()
        .take_while(|outer| Some(*outer) != looped)
        .filter(|outer| outer.is("statement_list"))
        .any(|list| {
            list.children().any(|next| {
                next.index > at.index && next.is_any(&["return_statement", "break_statement"])
            })
        });
    let waits = at.inside().any(|inner| {
        inner.is("selector_expression")
            && words::member(inner).is_some_and(|(_, name)| {
                matches!(name, "Close" | "Unlock" | "RUnlock" | "Stop" | "Done")
            })
    });
    if waits && !ends && !leaves {
        report.add(&nodes.source, &DEFER_IN_LOOP, at.node(), format!("`{}` runs when the function ends, once for every round.", at.short()), "Move the body of the loop into a function of its own, or call it at the end of the round.");
    }
}
