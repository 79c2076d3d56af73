//! Classes of C++: destructors, copies, exceptions.

use domain::analysis::Severity;

use crate::findings::nodes::{At, Nodes};
use crate::findings::words::FUNCTIONS;
use crate::findings::{Report, Rule};

const NOT_VIRTUAL: Rule = Rule {
    name: "missing-virtual-destructor",
    severity: Severity::Error,
    why: "Deleting a derived object through a pointer to its base is undefined when the base's destructor is not virtual.",
};

const RULE_OF_THREE: Rule = Rule {
    name: "missing-copy",
    severity: Severity::Warning,
    why: "A class that gives memory back in its destructor, when copied as it is, gives the same memory back twice.",
};

const CAUGHT_BY_VALUE: Rule = Rule {
    name: "catch-by-value",
    severity: Severity::Warning,
    why: "Catching by value copies the exception and cuts off what the thrown class adds.",
};

const THROWING_DESTRUCTOR: Rule = Rule {
    name: "throwing-destructor",
    severity: Severity::Error,
    why: "An exception that leaves a destructor ends the program.",
};

pub(super) fn find(nodes: &Nodes<'_>, report: &mut Report) {
    for at in nodes.all() {
        match at.kind() {
            "class_specifier" | "struct_specifier" => {
                find_virtual(nodes, at, report);
                find_copy(nodes, at, report);
            }
            "catch_clause" => find_catch(nodes, at, report),
            "function_definition" => find_throw(nodes, at, report),
            _ => {}
        }
    }
}

/// The text without spaces, to compare declarations.
fn packed(at: At<'_>) -> String {
    at.text().split_whitespace().collect()
}

fn find_virtual(nodes: &Nodes<'_>, class: At<'_>, report: &mut Report) {
    let (Some(name), Some(body)) = (class.child("name"), class.child("body")) else {
        return;
    };
    if class.child_of("base_class_clause").is_some()
        || class.child_of("virtual_specifier").is_some()
    {
        return;
    }
    let members: Vec<At<'_>> = body.children().collect();
    let is_virtual = |member: &At<'_>| {
        member.has_token("virtual") || member.children().any(|inner| inner.is("virtual"))
    };
    let destructor = members.iter().find(|member| {
        member.inside().any(|inner| inner.is("destructor_name")) && !member.is("friend_declaration")
    });
    if !members.iter().any(is_virtual) || destructor.is_some_and(is_virtual) {
        return;
    }
    // a protected destructor keeps others from deleting through the base
    let own = name.text();
    let derived = nodes
        .all()
        .any(|at| at.is("base_class_clause") && at.children().any(|base| base.text() == own));
    let owned =
        nodes.source.code.contains(&format!("unique_ptr<{own}>")) || deletes_pointer_to(nodes, own);
    if derived && owned {
        report.add(
            &nodes.source,
            &NOT_VIRTUAL,
            name.node(),
            format!(
                "`{own}` has virtual functions and derived classes, but no virtual destructor."
            ),
            format!("Add `virtual ~{own}() = default;`."),
        );
    }
}

fn deletes_pointer_to(nodes: &Nodes<'_>, class: &str) -> bool {
    nodes
        .all()
        .filter(|at| at.is("delete_expression"))
        .any(|delete| {
            let Some(what) = delete
                .children()
                .last()
                .filter(|what| what.is("identifier"))
            else {
                return false;
            };
            delete.function(FUNCTIONS).is_some_and(|function| {
                function.inside().any(|at| {
                    at.is_any(&["declaration", "parameter_declaration"])
                        && at.child("type").is_some_and(|kind| kind.text() == class)
                        && at.inside().any(|inner| {
                            inner.is("pointer_declarator")
                                && inner
                                    .child("declarator")
                                    .is_some_and(|name| name.text() == what.text())
                        })
                })
            })
        })
}

fn find_copy(nodes: &Nodes<'_>, class: At<'_>, report: &mut Report) {
    let (Some(name), Some(body)) = (class.child("name"), class.child("body")) else {
        return;
    };
    if class.child_of("base_class_clause").is_some() {
        return;
    }
    let own = name.text();
    let destructor = body.children().find(|member| {
        member.is("function_definition") && member.inside().any(|inner| inner.is("destructor_name"))
    });
    let Some(deleted) = destructor
        .and_then(|member| member.child("body"))
        .and_then(|inner| inner.inside().find(|at| at.is("delete_expression")))
    else {
        return;
    };
    let Some(what) = deleted.children().last().map(At::text) else {
        return;
    };
    let is_member = body.children().any(|member| {
        member.is("field_declaration")
            && member.inside().any(|inner| {
                inner.is("pointer_declarator")
                    && inner
                        .child("declarator")
                        .is_some_and(|name| name.text() == what)
            })
    });
    let text = packed(body);
    let copies = text.contains(&format!("{own}(const{own}"))
        || text.contains(&format!("{own}({own}const"))
        || text.contains(&format!("{own}({own}&"))
        || text.contains("operator=(")
        || text.contains("NONCOPYABLE")
        || text.contains("DISALLOW_COPY")
        || text.contains("NO_COPY");
    if is_member && !copies {
        report.add(&nodes.source, &RULE_OF_THREE, name.node(), format!("`{own}` deletes `{what}` in its destructor but can be copied as it is."), format!("Write or delete `{own}(const {own}&)` and `operator=`, or hold `{what}` in a smart pointer."));
    }
}

fn find_catch(nodes: &Nodes<'_>, at: At<'_>, report: &mut Report) {
    let Some(parameter) = at.child("parameters").and_then(At::only) else {
        return;
    };
    let Some(kind) = parameter.child("type") else {
        return;
    };
    let by_value = parameter
        .child("declarator")
        .is_none_or(|name| name.is("identifier"));
    let is_class = [
        "exception",
        "runtime_error",
        "logic_error",
        "invalid_argument",
        "out_of_range",
    ]
    .iter()
    .any(|word| kind.text().ends_with(word));
    if by_value && is_class && !parameter.has_token("&") {
        report.add(
            &nodes.source,
            &CAUGHT_BY_VALUE,
            parameter.node(),
            format!("`{}` is caught by value.", kind.text()),
            format!("Write `const {}&`.", kind.text()),
        );
    }
}

fn find_throw(nodes: &Nodes<'_>, at: At<'_>, report: &mut Report) {
    let is_destructor = at
        .child("declarator")
        .is_some_and(|declarator| declarator.inside().any(|inner| inner.is("destructor_name")));
    let allowed = packed(at).contains("noexcept(false)");
    let Some(body) = at.child("body").filter(|_| is_destructor && !allowed) else {
        return;
    };
    let throws = body.inside_function(FUNCTIONS).find(|inner| {
        inner.is("throw_statement")
            && !inner
                .ancestors()
                .take_while(|outer| *outer != body)
                .any(|outer| outer.is("try_statement"))
    });
    if let Some(throws) = throws {
        report.add(
            &nodes.source,
            &THROWING_DESTRUCTOR,
            throws.node(),
            "This destructor throws.".to_owned(),
            "Handle the failure inside the destructor, or offer a close function that may throw.",
        );
    }
}
