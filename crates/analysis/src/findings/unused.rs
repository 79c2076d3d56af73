//! Locals of C, C++ and Go that nothing names again.

use domain::analysis::Severity;
use domain::language::Language;

use super::names::Local;
use super::nodes::{At, Nodes};
use super::{Report, Rule};

const UNUSED_VARIABLE: Rule = Rule {
    name: "unused-variable",
    severity: Severity::Hint,
    why: "A value nobody reads is left over, or another name was meant where it should be read.",
};

const UNUSED_IN_GO: Rule = Rule {
    name: "unused-variable",
    severity: Severity::Error,
    why: "Go does not compile a function with a variable nobody reads.",
};

/// Looks at the locals of one function.
pub(crate) fn find<'n>(
    nodes: &Nodes<'_>,
    function: At<'n>,
    locals: &[Local<'n>],
    report: &mut Report,
) {
    let go = nodes.source.language == Language::Go;
    // what is left out by a condition of the preprocessor, or written in a macro, may use it
    let hidden = |at: At<'_>| at.kind().starts_with("preproc") || at.kind().starts_with("gnu_asm");
    if function.inside().any(hidden) {
        return;
    }
    let rule = if go { &UNUSED_IN_GO } else { &UNUSED_VARIABLE };
    for local in locals.iter().filter(|local| counts(local, go)) {
        let name = local.name.text();
        // between angle brackets the grammar takes a value for a type
        let as_type = function
            .inside()
            .any(|at| at.is_any(&["type_identifier", "true", "false", "nil"]) && at.text() == name);
        if !as_type && local.uses(function).is_empty() {
            report.add(
                &nodes.source,
                rule,
                local.name.node(),
                format!("`{name}` is never used."),
                format!("Remove `{name}`, or use it where it was meant."),
            );
        }
    }
}

/// Whether a local does nothing by being there: objects of C++ may, and so may what a macro declares.
fn counts(local: &Local<'_>, go: bool) -> bool {
    if local.name.text().starts_with('_') {
        return false;
    }
    if go {
        let names = local.name.parent();
        let in_switch = names
            .and_then(At::parent)
            .is_some_and(|outer| outer.is_any(&["type_switch_statement", "range_clause"]));
        return local
            .declaration
            .is_any(&["short_var_declaration", "var_spec"])
            && !in_switch;
    }
    let plain = local
        .declaration
        .child("type")
        .is_some_and(|kind| kind.is_any(&["primitive_type", "sized_type_specifier"]));
    let alone = !local
        .declaration
        .inside()
        .any(|at| at.kind().contains("attribute"));
    let in_condition = local
        .declaration
        .parent()
        .is_some_and(|outer| outer.is_any(&["condition_clause", "init_statement"]));
    local.declaration.is("declaration")
        && !in_condition
        && plain
        && alone
        && !local.is_static()
        && local
            .name
            .function(&["for_range_loop"])
            .is_none_or(|looped| {
                !looped
                    .child("declarator")
                    .is_some_and(|name| name.holds(local.name))
            })
}
