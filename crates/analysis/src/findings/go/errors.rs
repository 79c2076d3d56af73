//! Errors that nobody looks at.

use domain::analysis::Severity;

use crate::findings::names;
use crate::findings::nodes::{At, Nodes};
use crate::findings::words::{self, FUNCTIONS};
use crate::findings::{Report, Rule, flow};

const IGNORED_ERROR: Rule = Rule {
    name: "ignored-error",
    severity: Severity::Warning,
    why: "When the call fails, the code goes on with a zero value as if it had worked.",
};

const OVERWRITTEN_ERROR: Rule = Rule {
    name: "overwritten-error",
    severity: Severity::Error,
    why: "The first error is lost: the next call puts its own in the same variable before anybody looked.",
};

const SHADOWED_ERROR: Rule = Rule {
    name: "shadowed-error",
    severity: Severity::Error,
    why: "`:=` in an inner block declares another err; the one that is returned stays nil.",
};

/// Calls of the standard library whose second value is an error that happens with ordinary input.
const FALLIBLE: &[&str] = &[
    "strconv.Atoi",
    "strconv.ParseInt",
    "strconv.ParseFloat",
    "strconv.ParseBool",
    "strconv.ParseUint",
    "os.Open",
    "os.Create",
    "os.OpenFile",
    "os.ReadFile",
    "ioutil.ReadFile",
    "ioutil.ReadAll",
    "io.ReadAll",
    "http.Get",
    "http.Post",
    "sql.Open",
    "net.Dial",
    "net.Listen",
    "url.Parse",
    "time.Parse",
    "time.ParseDuration",
    "template.ParseFiles",
    "regexp.Compile",
];

/// Calls whose only value is an error that should be looked at.
const ONLY_ERROR: &[&str] = &[
    "json.Unmarshal",
    "xml.Unmarshal",
    "yaml.Unmarshal",
    "os.WriteFile",
    "ioutil.WriteFile",
    "os.Mkdir",
    "os.MkdirAll",
    "os.Rename",
];

pub(super) fn find(nodes: &Nodes<'_>, function: At<'_>, report: &mut Report) {
    for at in function.inside() {
        match at.kind() {
            "short_var_declaration" | "assignment_statement" => find_blank(nodes, at, report),
            "expression_statement" => find_dropped(nodes, at, report),
            "statement_list" => find_overwritten(nodes, at, report),
            _ => {}
        }
    }
    find_shadowed(nodes, function, report);
}

/// The only call on the right.
fn called(at: At<'_>) -> Option<At<'_>> {
    at.child("right")?
        .only()
        .filter(|call| call.is("call_expression"))
}

fn find_blank(nodes: &Nodes<'_>, at: At<'_>, report: &mut Report) {
    let Some(call) = called(at) else { return };
    let left: Vec<At<'_>> = at
        .child("left")
        .map(|list| list.children().collect())
        .unwrap_or_default();
    let constant = words::arguments(call)
        .iter()
        .all(|argument| words::is_literal(*argument));
    if let [value, blank] = left.as_slice()
        && blank.text() == "_"
        && value.text() != "_"
        && FALLIBLE.contains(&words::callee(call))
        && !constant
    {
        report.add(
            &nodes.source,
            &IGNORED_ERROR,
            blank.node(),
            format!("The error of `{}` is thrown away.", words::callee(call)),
            "Give it a name and return or handle it.",
        );
    }
}

fn find_dropped(nodes: &Nodes<'_>, at: At<'_>, report: &mut Report) {
    let Some(call) = at.only().filter(|call| call.is("call_expression")) else {
        return;
    };
    if ONLY_ERROR.contains(&words::callee(call)) {
        report.add(
            &nodes.source,
            &IGNORED_ERROR,
            call.node(),
            format!("The error of `{}` is not looked at.", words::callee(call)),
            format!(
                "Write `if err := {}(…); err != nil {{ … }}`.",
                words::callee(call)
            ),
        );
    }
}

/// The error a statement sets, by the name `err`.
fn sets_error(at: At<'_>) -> Option<&'_ str> {
    if !at.is_any(&["short_var_declaration", "assignment_statement"]) {
        return None;
    }
    called(at)?;
    let last = at.child("left")?.children().last()?;
    (last.text() == "err").then(|| last.text())
}

fn find_overwritten(nodes: &Nodes<'_>, list: At<'_>, report: &mut Report) {
    let mut pending: Option<At<'_>> = None;
    for statement in flow::statements(list) {
        let sets = sets_error(statement);
        let uses = statement.inside().any(|at| {
            at.is("identifier")
                && at.text() == "err"
                && !statement.child("left").is_some_and(|left| left.holds(at))
        });
        if let (Some(first), Some(name), false) = (pending, sets, uses) {
            report.add(
                &nodes.source,
                &OVERWRITTEN_ERROR,
                first.node(),
                format!(
                    "`{name}` is overwritten on line {} before it is looked at.",
                    statement.row() + 1
                ),
                format!("Check `{name}` right after this call."),
            );
        }
        pending = match sets {
            Some(_) => Some(statement),
            // a closure, a jump or a label may look at it anywhere
            None if uses
                || !statement.is_any(&[
                    "short_var_declaration",
                    "assignment_statement",
                    "var_declaration",
                ]) =>
            {
                None
            }
            None => pending,
        };
    }
}

fn find_shadowed(nodes: &Nodes<'_>, function: At<'_>, report: &mut Report) {
    let Some(body) = function.child("body") else {
        return;
    };
    let list = flow::statements(body);
    let Some(last) = list
        .last()
        .filter(|last| last.is("return_statement") && returned_error(**last))
    else {
        return;
    };
    let Some(declared) = list.iter().find(|at| declares_error(**at)) else {
        return;
    };
    for inner in body
        .inside_function(FUNCTIONS)
        .filter(|at| at.is("short_var_declaration") && sets_error(*at).is_some())
    {
        let Some((_, home)) = names::statement_of(inner) else {
            continue;
        };
        let top = list.iter().find(|at| at.holds(inner));
        let Some(top) =
            top.filter(|top| !top.is_any(&["short_var_declaration"]) && declared.is_before(**top))
        else {
            continue;
        };
        if home == body || inner.field() == "initializer" || home.parent() == Some(body) {
            continue;
        }
        let returns = home.inside().any(|at| {
            at.is_any(&[
                "return_statement",
                "break_statement",
                "continue_statement",
                "goto_statement",
            ]) || words::is_exit(at)
        });
        let reads = home
            .inside()
            .filter(|at| at.is("identifier") && at.text() == "err" && inner.is_before(*at))
            .all(|at| {
                at.outer()
                    .is_some_and(|outer| outer.is("binary_expression") || outer.is("argument_list"))
            });
        let resets = list
            .iter()
            .any(|at| top.is_before(*at) && words::may_change("err", *at))
            || words::may_change_directly("err", *top, inner);
        if !returns && reads && !resets && declared.index < last.index {
            report.add(&nodes.source, &SHADOWED_ERROR, inner.node(), format!("This declares a new `err`; the one returned on line {} does not get the error.", last.row() + 1), "Declare the other names with var and assign with `=`.");
        }
    }
}

fn returned_error(at: At<'_>) -> bool {
    at.inside()
        .any(|inner| inner.is("identifier") && inner.text() == "err")
}

fn declares_error(at: At<'_>) -> bool {
    sets_error(at).is_some() && at.is("short_var_declaration")
        || (at.is("var_declaration") && at.text().contains("err error"))
}
