//! Names that are never used, used too early, written to though constant, or declared by nobody.

use domain::analysis::Severity;
use domain::language::Language;

use super::globals;
use super::scopes::{Binding, Kind, Scopes, Use};
use crate::findings::nodes::{At, Nodes};
use crate::findings::words::{self, FUNCTIONS, LOOPS};
use crate::findings::{Report, Rule};

const UNUSED_VARIABLE: Rule = Rule {
    name: "unused-variable",
    severity: Severity::Hint,
    why: "A value nobody reads is left over, or another name was meant where it should be read.",
};

const UNUSED_IMPORT: Rule = Rule {
    name: "unused-import",
    severity: Severity::Hint,
    why: "An import nobody uses costs loading time and hides what the code depends on.",
};

const IMPLICIT_GLOBAL: Rule = Rule {
    name: "implicit-global",
    severity: Severity::Warning,
    why: "Assigning to an undeclared name makes a global variable that all code shares; in strict code it fails.",
};

const UNDEFINED_NAME: Rule = Rule {
    name: "undefined-name",
    severity: Severity::Error,
    why: "Reading a name that is declared nowhere throws a ReferenceError.",
};

const CONST_REASSIGNED: Rule = Rule {
    name: "const-reassigned",
    severity: Severity::Error,
    why: "A constant cannot be given another value: the assignment throws a TypeError.",
};

const USE_BEFORE_DEFINITION: Rule = Rule {
    name: "use-before-definition",
    severity: Severity::Error,
    why: "A name declared with let, const or class cannot be used before that line has run.",
};

const VAR_IN_LOOP: Rule = Rule {
    name: "var-in-loop-closure",
    severity: Severity::Warning,
    why: "A var is one variable for all rounds of the loop: functions that run later all see its last value.",
};

const SHADOWED_BUILTIN: Rule = Rule {
    name: "shadowed-builtin",
    severity: Severity::Hint,
    why: "A name of the language that means something else here misleads the reader and breaks code that needs the original.",
};

pub(super) fn find(nodes: &Nodes<'_>, scopes: &Scopes<'_>, report: &mut Report) {
    for binding in &scopes.bindings {
        find_unused(nodes, scopes, binding, report);
        find_reassigned(nodes, binding, report);
        find_early_use(nodes, binding, report);
        find_captured_var(nodes, binding, report);
        find_shadowed(nodes, binding, report);
    }
    find_undeclared(nodes, scopes, report);
}

fn find_unused(nodes: &Nodes<'_>, scopes: &Scopes<'_>, binding: &Binding<'_>, report: &mut Report) {
    let reads = binding.uses.iter().any(|used| used.reads);
    if reads || binding.name.starts_with('_') {
        return;
    }
    if binding.kind == Kind::Import {
        let by_jsx = matches!(binding.name, "React" | "h") || nodes.source.code.contains("@jsx");
        if by_jsx || is_named_in_comment(binding.name, nodes.source.code) {
            return;
        }
        report.add(
            &nodes.source,
            &UNUSED_IMPORT,
            binding.place.node(),
            format!("`{}` is imported and never used.", binding.name),
            "Remove the import.",
        );
        return;
    }
    let at_top = binding.scope == 0;
    let counts = matches!(binding.kind, Kind::Var | Kind::Let | Kind::Const)
        || (binding.kind == Kind::Function && !at_top);
    let parent = binding.place.parent();
    let is_loop_name = binding
        .place
        .ancestors()
        .take(4)
        .any(|outer| outer.is("for_in_statement"));
    let in_pattern =
        parent.is_some_and(|outer| !outer.is_any(&["variable_declarator", "function_declaration"]));
    let exported = binding
        .place
        .ancestors()
        .take(4)
        .any(|outer| outer.is("export_statement") || outer.is("ambient_declaration"));
    let hidden = at_top || nodes.source.code.contains("eval(") || binding.declarations > 1;
    if !counts
        || is_loop_name
        || in_pattern
        || exported
        || hidden && !(scopes.is_module && at_top && binding.declarations == 1)
    {
        return;
    }
    let word = if binding.uses.is_empty() {
        "never used"
    } else {
        "given a value that is never read"
    };
    report.add(
        &nodes.source,
        &UNUSED_VARIABLE,
        binding.place.node(),
        format!("`{}` is {word}.", binding.name),
        format!("Remove `{}`, or use it where it was meant.", binding.name),
    );
}

/// Whether a comment for type checkers names something: `@param {Shape} a`.
fn is_named_in_comment(name: &str, code: &str) -> bool {
    code.lines().any(|line| {
        let plain = line.trim_start();
        let is_comment = plain.starts_with('*')
            || plain.starts_with("/*")
            || plain.starts_with("//")
            || plain.contains("/** @");
        is_comment && plain.contains(name)
    })
}

fn find_reassigned(nodes: &Nodes<'_>, binding: &Binding<'_>, report: &mut Report) {
    if !matches!(binding.kind, Kind::Const) || binding.declarations > 1 {
        return;
    }
    if let Some(used) = binding.uses.iter().find(|used| used.writes) {
        report.add(
            &nodes.source,
            &CONST_REASSIGNED,
            used.at.node(),
            format!(
                "`{}` is a constant, declared on line {}, and is assigned to here.",
                binding.name,
                binding.place.row() + 1
            ),
            format!(
                "Declare `{}` with let, or assign to another variable.",
                binding.name
            ),
        );
    }
}

fn find_early_use(nodes: &Nodes<'_>, binding: &Binding<'_>, report: &mut Report) {
    if !matches!(binding.kind, Kind::Const | Kind::Let | Kind::Class) || binding.declarations > 1 {
        return;
    }
    let home = binding
        .place
        .function(FUNCTIONS)
        .map(|function| function.index);
    let own = binding.place.parent();
    let early = binding.uses.iter().find(|used| {
        let before = used.at.index < binding.place.index
            || (own.is_some_and(|own| own.is("variable_declarator") && own.holds(used.at))
                && !used.writes);
        before
            && used
                .at
                .is_any(&["identifier", "shorthand_property_identifier"])
            && used.at.function(FUNCTIONS).map(|function| function.index) == home
            && !in_type(used.at)
    });
    if let Some(used) = early {
        report.add(
            &nodes.source,
            &USE_BEFORE_DEFINITION,
            used.at.node(),
            format!(
                "`{}` is used before it is declared on line {}.",
                binding.name,
                binding.place.row() + 1
            ),
            format!("Move the declaration of `{}` up.", binding.name),
        );
    }
}

/// Whether a name is only mentioned: in a type, an export or a decorator.
fn in_type(at: At<'_>) -> bool {
    at.ancestors().take(12).any(|outer| {
        outer.is_any(&[
            "type_query",
            "export_specifier",
            "type_annotation",
            "type_arguments",
            "decorator",
            "class_heritage",
            "ambient_declaration",
            "predefined_type",
            "extends_type_clause",
        ])
    })
}

/// Calls that keep the function they are given and run it later.
const KEEPERS: &[&str] = &[
    "setTimeout",
    "setInterval",
    "setImmediate",
    "requestAnimationFrame",
    "addEventListener",
    "nextTick",
    "queueMicrotask",
    "push",
    "then",
];

fn find_captured_var(nodes: &Nodes<'_>, binding: &Binding<'_>, report: &mut Report) {
    if binding.kind != Kind::Var {
        return;
    }
    let Some(looped) = binding
        .place
        .ancestors()
        .take(4)
        .find(|outer| outer.is_any(&["for_statement", "for_in_statement"]))
    else {
        return;
    };
    if looped
        .child("body")
        .is_some_and(|body| body.holds(binding.place))
    {
        return;
    }
    let home = looped.function(FUNCTIONS).map(|function| function.index);
    let captured = binding.uses.iter().find(|used| {
        let Some(function) = used.at.ancestors().find(|outer| outer.is_any(FUNCTIONS)) else {
            return false;
        };
        looped.holds(function)
            && function.function(FUNCTIONS).map(|outer| outer.index) == home
            && is_kept(function)
            && !looped
                .inside_function(FUNCTIONS)
                .any(|inner| inner.is_any(&["return_statement", "break_statement"]))
    });
    if let Some(used) = captured {
        report.add(
            &nodes.source,
            &VAR_IN_LOOP,
            used.at.node(),
            format!(
                "This function runs after the loop, when `{}` has its last value.",
                binding.name
            ),
            format!("Declare `{}` with let.", binding.name),
        );
    }
}

fn is_kept(function: At<'_>) -> bool {
    let Some(parent) = function.parent() else {
        return false;
    };
    if parent.is("assignment_expression") {
        return parent
            .child("left")
            .is_some_and(|left| left.is("subscript_expression") || left.text().contains(".on"));
    }
    parent.is("arguments")
        && parent.parent().is_some_and(|call| {
            let name = words::method(call).map_or_else(|| words::callee(call), |(_, name)| name);
            KEEPERS.contains(&name)
        })
}

fn find_shadowed(nodes: &Nodes<'_>, binding: &Binding<'_>, report: &mut Report) {
    let counts = matches!(
        binding.kind,
        Kind::Var | Kind::Let | Kind::Const | Kind::Function | Kind::Class | Kind::Parameter
    );
    let by_require = binding.value().is_some_and(|value| {
        value.text().contains("require(") || value.text().contains(binding.name)
    });
    if counts
        && globals::is_basic(binding.name)
        && !by_require
        && !in_type(binding.place)
        && binding
            .place
            .parent()
            .is_some_and(|outer| !outer.is("object_pattern") && !outer.is("pair_pattern"))
    {
        report.add(
            &nodes.source,
            &SHADOWED_BUILTIN,
            binding.place.node(),
            format!("`{}` hides the built-in of this name.", binding.name),
            format!("Call it something else than `{}`.", binding.name),
        );
    }
}

fn find_undeclared(nodes: &Nodes<'_>, scopes: &Scopes<'_>, report: &mut Report) {
    let code = nodes.source.code;
    let open = code.contains("eval(")
        || code.contains("with (")
        || code.contains("/* global")
        || code.contains("/*global")
        || code.contains("importScripts");
    if open {
        return;
    }
    let written: std::collections::HashSet<&str> = scopes
        .unresolved
        .iter()
        .filter(|used| used.writes)
        .map(|used| used.at.text())
        .collect();
    let mut told: std::collections::HashSet<&str> = std::collections::HashSet::new();
    for used in &scopes.unresolved {
        let name = used.at.text();
        if globals::is_known(name)
            || told.contains(name)
            || used.at.is("type_identifier")
            || words::is_macro_name(name)
        {
            continue;
        }
        if used.writes {
            find_leak(nodes, used, report);
            told.insert(name);
        } else if !written.contains(name)
            && is_sure_read(used)
            && nodes.source.language == Language::JavaScript
            && let Some(meant) = similar(scopes, used)
        {
            report.add(
                &nodes.source,
                &UNDEFINED_NAME,
                used.at.node(),
                format!("`{name}` is declared nowhere."),
                format!("Did you mean `{meant}`? Otherwise declare `{name}`."),
            );
            told.insert(name);
        }
    }
}

fn find_leak(nodes: &Nodes<'_>, used: &Use<'_>, report: &mut Report) {
    let in_function = used.at.function(FUNCTIONS).is_some();
    let in_loop_head = used.at.ancestors().take(4).any(|outer| outer.is_any(LOOPS))
        && used
            .at
            .function(LOOPS)
            .and_then(|outer| outer.child("body"))
            .is_some_and(|body| !body.holds(used.at));
    let is_plain = used
        .at
        .parent()
        .is_some_and(|outer| outer.is("assignment_expression") || outer.is("for_in_statement"));
    if (in_function || in_loop_head) && is_plain {
        let name = used.at.text();
        report.add(
            &nodes.source,
            &IMPLICIT_GLOBAL,
            used.at.node(),
            format!("`{name}` is declared nowhere, so this makes it a global variable."),
            format!("Declare it: `let {name}`."),
        );
    }
}

/// Whether reading the name here is certain to happen with the name alone: not `typeof x`, not a call of a function from elsewhere.
fn is_sure_read(used: &Use<'_>) -> bool {
    let Some(parent) = used.at.parent() else {
        return false;
    };
    used.at.is("identifier")
        && used.at.text().starts_with(|c: char| c.is_lowercase())
        && used.at.function(FUNCTIONS).is_some()
        && !(parent.is("unary_expression") && parent.operator() == "typeof")
        && !parent.kind().starts_with("jsx")
        && !in_type(used.at)
}

/// A declared name in reach that differs by one letter.
fn similar<'n>(scopes: &Scopes<'n>, used: &Use<'_>) -> Option<&'n str> {
    let name = used.at.text();
    if name.chars().count() < 4 {
        return None;
    }
    scopes
        .bindings
        .iter()
        .filter(|binding| {
            binding.scope == 0
                || used
                    .at
                    .ancestors()
                    .any(|outer| outer.index == binding.scope)
        })
        .map(|binding| binding.name)
        .find(|other| differs_by_one(name, other))
}

/// Whether one letter was added, left out, changed, or two swapped.
fn differs_by_one(a: &str, b: &str) -> bool {
    let (a, b): (Vec<char>, Vec<char>) = (a.chars().collect(), b.chars().collect());
    let (short, long) = if a.len() <= b.len() {
        (&a, &b)
    } else {
        (&b, &a)
    };
    if long.len() - short.len() > 1 || a == b {
        return false;
    }
    let start = short
        .iter()
        .zip(long.iter())
        .take_while(|(x, y)| x == y)
        .count();
    let end = short
        .iter()
        .rev()
        .zip(long.iter().rev())
        .take_while(|(x, y)| x == y)
        .count()
        .min(short.len() - start);
    if short.len() == long.len() {
        let middle = short.len() - start - end;
        let swapped = middle == 2
            && short.get(start) == long.get(start + 1)
            && short.get(start + 1) == long.get(start);
        // `item1` and `item2` are two names
        let digit = middle == 1
            && [short.get(start), long.get(start)]
                .iter()
                .any(|c| c.is_some_and(char::is_ascii_digit));
        return (middle == 1 && !digit) || swapped;
    }
    start + end >= short.len() && !long.get(start).is_some_and(char::is_ascii_digit)
}
