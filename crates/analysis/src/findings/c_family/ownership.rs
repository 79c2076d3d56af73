//! Memory and files: never given back, given back twice, used afterwards, given back the wrong way.

use domain::analysis::Severity;
use domain::language::Language;

use crate::findings::flow::{Stops, goes_on};
use crate::findings::names::{self, Local};
use crate::findings::nodes::{At, Nodes};
use crate::findings::words;
use crate::findings::{Report, Rule};

const MEMORY_LEAK: Rule = Rule {
    name: "memory-leak",
    severity: Severity::Warning,
    why: "Memory that is not given back is lost until the program ends.",
};

const RESOURCE_LEAK: Rule = Rule {
    name: "resource-leak",
    severity: Severity::Warning,
    why: "What is opened and not closed keeps a file of the system until the program ends.",
};

const USE_AFTER_FREE: Rule = Rule {
    name: "use-after-free",
    severity: Severity::Error,
    why: "Memory that was given back may hold anything, or belong to somebody else.",
};

const DOUBLE_FREE: Rule = Rule {
    name: "double-free",
    severity: Severity::Error,
    why: "Giving the same memory back twice spoils the memory manager's books; the program crashes, or can be taken over.",
};

const MISMATCHED_FREE: Rule = Rule {
    name: "mismatched-free",
    severity: Severity::Error,
    why: "Memory must be given back the way it was taken: malloc with free, new with delete, new[] with delete[].",
};

/// Functions of the standard library that look at what they are given and keep nothing.
const BORROWING: &[&str] = &[
    "strlen", "memcpy", "memmove", "memset", "memcmp", "strcpy", "strncpy", "strcat", "strncat",
    "strcmp", "strncmp", "printf", "fprintf", "sprintf", "snprintf", "puts", "fputs", "fgets",
    "fread", "fwrite", "fputc", "fgetc", "getc", "putc", "fscanf", "feof", "ferror", "fseek",
    "ftell", "rewind", "fflush", "getline", "qsort", "atoi", "strtol", "assert", "sizeof", "scanf",
    "sscanf", "bsearch",
];

pub(super) fn find<'n>(
    nodes: &Nodes<'_>,
    function: At<'n>,
    locals: &[Local<'n>],
    report: &mut Report,
) {
    for local in locals
        .iter()
        .filter(|local| !local.is_parameter() && !local.is_static())
    {
        if local.is_pointer() || matches!(local.type_text(), "auto" | "FILE") {
            find_leak(nodes, function, local, report);
        }
    }
    for call in function.inside().filter(|at| given_back(*at).is_some()) {
        find_use_after(nodes, call, report);
    }
}

/// How memory is taken or given back.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Way {
    Malloc,
    New,
    NewArray,
    File,
}

impl Way {
    const fn name(self) -> &'static str {
        match self {
            Self::Malloc => "free",
            Self::New => "delete",
            Self::NewArray => "delete[]",
            Self::File => "fclose",
        }
    }

    /// The rule about what is never given back.
    const fn leak(self) -> &'static Rule {
        match self {
            Self::File => &RESOURCE_LEAK,
            Self::Malloc | Self::New | Self::NewArray => &MEMORY_LEAK,
        }
    }
}

fn taken(value: At<'_>) -> Option<Way> {
    let mut value = value.bare();
    while let Some(inner) = value.child("value").filter(|_| value.is("cast_expression")) {
        value = inner.bare();
    }
    match value.kind() {
        "new_expression" => {
            let placed = value.child("placement").is_some();
            let named = value
                .child("arguments")
                .is_some_and(|list| list.text().contains("this"));
            (!placed && !named).then_some(if value.child("declarator").is_some() {
                Way::NewArray
            } else {
                Way::New
            })
        }
        "call_expression" => match words::callee(value).trim_start_matches("std::") {
            "malloc" | "calloc" | "strdup" | "strndup" => Some(Way::Malloc),
            "fopen" | "tmpfile" => Some(Way::File),
            _ => None,
        },
        _ => None,
    }
}

/// What a call or a delete gives back, and how.
fn given_back(at: At<'_>) -> Option<(At<'_>, Way)> {
    match at.kind() {
        "delete_expression" => Some((
            at.children().last()?.bare(),
            if at.has_token("[") {
                Way::NewArray
            } else {
                Way::New
            },
        )),
        "call_expression" => {
            let way = match words::callee(at).trim_start_matches("std::") {
                "free" => Way::Malloc,
                "fclose" => Way::File,
                _ => return None,
            };
            Some((words::arguments(at).first()?.bare(), way))
        }
        _ => None,
    }
}

fn find_leak<'n>(nodes: &Nodes<'_>, function: At<'n>, local: &Local<'n>, report: &mut Report) {
    let uses = local.uses(function);
    let assigned = uses
        .iter()
        .filter_map(|used| {
            used.parent()
                .filter(|outer| outer.is("assignment_expression") && used.field() == "left")
        })
        .filter_map(|outer| outer.child("right"));
    let values: Vec<At<'n>> = local
        .value
        .into_iter()
        .chain(assigned)
        .filter(|value| !words::is_null(*value))
        .collect();
    let ways: Vec<Option<Way>> = values.iter().map(|value| taken(*value)).collect();
    let Some(Some(way)) = ways.first().copied() else {
        return;
    };
    if ways.iter().any(|other| *other != Some(way)) {
        return;
    }
    if local.type_text() == "auto" && way == Way::Malloc && nodes.source.language == Language::C {
        return;
    }
    let back: Vec<(At<'n>, Way)> = uses
        .iter()
        .filter_map(|used| {
            used.ancestors().take(3).find_map(|outer| {
                given_back(outer)
                    .filter(|(what, _)| what == used)
                    .map(|(_, how)| (outer, how))
            })
        })
        .collect();
    if let Some((place, how)) = back.iter().find(|(_, how)| *how != way) {
        report.add(
            &nodes.source,
            &MISMATCHED_FREE,
            place.node(),
            format!(
                "`{}` needs `{}`, not `{}`.",
                local.name.text(),
                way.name(),
                how.name()
            ),
            format!("Give `{}` back with `{}`.", local.name.text(), way.name()),
        );
        return;
    }
    let hidden = function.inside().any(|at| {
        at.kind().starts_with("preproc")
            || at.is("lambda_expression")
            || at.is("co_yield_statement")
    });
    if !hidden {
        find_forgotten(nodes, local, &values, (&uses, &back), report);
    }
    if back.is_empty() && !hidden && !uses.is_empty() && uses.iter().all(|used| stays(*used)) {
        let what = if way == Way::File {
            "closed"
        } else {
            "given back"
        };
        report.add(&nodes.source, way.leak(), local.name.node(), format!("`{}` is never {what}.", local.name.text()), format!("Call `{}` when it is no longer needed, or let an owner such as a smart pointer do it.", way.name()));
    }
}

/// A `return` between the taking and the first giving back that leaves the memory or the file behind.
fn find_forgotten<'n>(
    nodes: &Nodes<'_>,
    local: &Local<'n>,
    values: &[At<'n>],
    (uses, back): (&[At<'n>], &[(At<'n>, Way)]),
    report: &mut Report,
) {
    let [value] = *values else {
        return;
    };
    let name = local.name.text();
    let Some((_, list)) = names::statement_of(value) else {
        return;
    };
    let Some((first, way)) = back.iter().min_by_key(|(place, _)| place.index) else {
        return;
    };
    let names_it = |at: At<'_>| {
        at.with_inside()
            .any(|inner| inner.is("identifier") && inner.text() == name)
    };
    let asks = |outer: At<'_>| {
        outer.is_any(&["if_statement", "while_statement", "switch_statement"])
            && outer.child("condition").is_some_and(names_it)
    };
    let forgotten = list
        .inside()
        .take_while(|at| at.index < first.index)
        .filter(|at| at.index > value.index && at.is("return_statement") && !names_it(*at))
        .find(|at| {
            !at.ancestors()
                .take_while(|outer| *outer != list)
                .any(|outer| asks(outer) || outer.is("case_statement"))
        });
    let Some(place) = forgotten else {
        return;
    };
    let kept = uses
        .iter()
        .filter(|used| used.index < place.index)
        .all(|used| stays(*used) && !is_noted(*used));
    if kept {
        report.add(
            &nodes.source,
            way.leak(),
            place.node(),
            format!("This return leaves `{name}` behind."),
            format!(
                "Do before it what line {} does for `{name}`.",
                first.row() + 1
            ),
        );
    }
}

/// Whether what is asked of a pointer is kept in another name: `ok = p != NULL`.
fn is_noted(used: At<'_>) -> bool {
    used.parent()
        .is_some_and(|outer| outer.is_any(&["binary_expression", "unary_expression"]))
        && used
            .ancestors()
            .take_while(|outer| !outer.kind().ends_with("statement"))
            .any(|outer| outer.is_any(&["init_declarator", "assignment_expression"]))
}

/// Whether a use leaves the pointer with this function alone.
fn stays(used: At<'_>) -> bool {
    let Some(outer) = used.outer() else {
        return false;
    };
    match outer.kind() {
        "field_expression" => {
            used.field() == "argument"
                && (!outer
                    .parent()
                    .is_some_and(|call| call.is("call_expression"))
                    || outer.language() == Language::Cpp)
        }
        "subscript_expression" => used.field() == "argument",
        "pointer_expression" => outer.operator() == "*",
        "binary_expression" => matches!(outer.operator(), "==" | "!=" | "&&" | "||"),
        "unary_expression" => outer.operator() == "!",
        "if_statement" | "while_statement" | "sizeof_expression" => true,
        "assignment_expression" => used.field() == "left",
        "argument_list" => outer.parent().is_some_and(|call| {
            BORROWING.contains(&words::callee(call).trim_start_matches("std::"))
        }),
        _ => false,
    }
}

/// What happens to memory in the statements right after it was given back.
fn find_use_after(nodes: &Nodes<'_>, call: At<'_>, report: &mut Report) {
    let (Some((what, way)), Some((statement, list))) =
        (given_back(call), names::statement_of(call))
    else {
        return;
    };
    let is_statement = statement.is("expression_statement") && call.parent() == Some(statement);
    if !what.is("identifier") || !is_statement || list.is("case_statement") {
        return;
    }
    let name = what.text();
    for next in list.children().filter(|next| next.index > statement.index) {
        if next.kind().starts_with("preproc")
            || next.is_any(&["labeled_statement", "case_statement"])
        {
            return;
        }
        if let Some(used) = next
            .with_inside()
            .find(|at| at.is("identifier") && at.text() == name)
        {
            judge_use(nodes, used, next, (call, way), report);
            return;
        }
        if !goes_on(next, Stops::AtExits, 0) {
            return;
        }
    }
}

/// Tells of the first use after `call` gave the memory back, where it is one that does harm.
fn judge_use(
    nodes: &Nodes<'_>,
    used: At<'_>,
    statement: At<'_>,
    (call, way): (At<'_>, Way),
    report: &mut Report,
) {
    let name = used.text();
    let Some(outer) = used.outer() else { return };
    let again = given_back(outer)
        .or_else(|| outer.parent().and_then(given_back))
        .filter(|(what, _)| *what == used);
    if let Some((_, how)) = again {
        let rule = if how == way {
            &DOUBLE_FREE
        } else {
            &MISMATCHED_FREE
        };
        if statement.is("expression_statement") {
            report.add(
                &nodes.source,
                rule,
                used.node(),
                format!(
                    "`{name}` was given back before, on line {}.",
                    call.row() + 1
                ),
                "Give it back once, and set it to null afterwards.",
            );
        }
        return;
    }
    let borrows = |call: At<'_>| {
        let name = words::callee(call);
        BORROWING.contains(&name)
            && name != "sizeof"
            && !(name.contains("printf") && call.text().contains("%p"))
    };
    let reads = match outer.kind() {
        "field_expression" | "subscript_expression" => used.field() == "argument",
        "pointer_expression" => outer.operator() == "*",
        "argument_list" => outer.parent().is_some_and(borrows),
        _ => false,
    };
    // an assignment on the same line may come first: `p = q, p->x`
    if reads && !words::may_change(name, statement) && way != Way::File {
        report.add(
            &nodes.source,
            &USE_AFTER_FREE,
            used.node(),
            format!(
                "`{name}` is used after it was given back on line {}.",
                call.row() + 1
            ),
            "Use it before it is given back, or not at all.",
        );
    }
}
