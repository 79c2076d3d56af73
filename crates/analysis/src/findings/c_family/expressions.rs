//! Calls and comparisons of C and C++ that do not do what they look like.

use domain::analysis::Severity;
use domain::language::Language;

use crate::findings::names::Local;
use crate::findings::nodes::{At, Nodes};
use crate::findings::words;
use crate::findings::{Report, Rule, loops};

const FORMAT_FROM_VARIABLE: Rule = Rule {
    name: "format-from-variable",
    severity: Severity::Error,
    why: "A % in text that is used as a format reads or writes memory the text's author chooses.",
};

const STRING_IDENTITY: Rule = Rule {
    name: "string-identity",
    severity: Severity::Error,
    why: "== on C strings compares addresses, not letters.",
};

const SWAPPED_MEMSET: Rule = Rule {
    name: "swapped-memset",
    severity: Severity::Error,
    why: "memset takes the value before the length; with a length of 0 it does nothing.",
};

const UNSIGNED_LOOP: Rule = Rule {
    name: "unsigned-never-negative",
    severity: Severity::Error,
    why: "An unsigned number is never below 0: instead of -1 it becomes the largest number, and the loop goes on.",
};

const COMMAND_INJECTION: Rule = Rule {
    name: "command-injection",
    severity: Severity::Error,
    why: "A value that is put into a command line can add commands of its own.",
};

const INTEGER_DIVISION: Rule = Rule {
    name: "integer-division",
    severity: Severity::Warning,
    why: "Dividing whole numbers drops the fraction before the result becomes a floating-point number.",
};

pub(super) fn find<'n>(
    nodes: &Nodes<'_>,
    function: At<'n>,
    locals: &[Local<'n>],
    report: &mut Report,
) {
    for at in function.inside() {
        match at.kind() {
            "call_expression" => {
                find_format(nodes, at, locals, report);
                find_memset(nodes, at, report);
                find_command(nodes, at, report);
            }
            "binary_expression" => find_comparison(nodes, at, locals, report),
            "for_statement" => find_unsigned(nodes, at, locals, report),
            "init_declarator" => find_division(nodes, at, locals, report),
            _ => {}
        }
    }
}

fn local_of<'a, 'n>(at: At<'_>, locals: &'a [Local<'n>]) -> Option<&'a Local<'n>> {
    at.is("identifier")
        .then(|| locals.iter().find(|local| local.name.text() == at.text()))
        .flatten()
}

fn find_format(nodes: &Nodes<'_>, call: At<'_>, locals: &[Local<'_>], report: &mut Report) {
    let arguments = words::arguments(call);
    let position = match words::callee(call).trim_start_matches("std::") {
        "printf" => 0,
        "fprintf" | "sprintf" | "syslog" => 1,
        "snprintf" => 2,
        _ => return,
    };
    let Some(format) = arguments
        .get(position)
        .filter(|_| arguments.len() == position + 1)
    else {
        return;
    };
    let local = local_of(*format, locals);
    let lower = format.text().to_lowercase();
    let constant = local.is_some_and(|local| local.value.is_some_and(words::is_string));
    let is_text = local.is_some_and(|local| {
        local.type_text() == "char"
            && (local.is_pointer()
                || local
                    .name
                    .parent()
                    .is_some_and(|outer| outer.is("array_declarator")))
    });
    let argument = format.is("subscript_expression") && format.text().starts_with("argv");
    let own = words::method(*format).is_some_and(|(_, name)| name == "c_str");
    if (is_text && !constant || argument || own)
        && !lower.contains("fmt")
        && !lower.contains("format")
    {
        report.add(
            &nodes.source,
            &FORMAT_FROM_VARIABLE,
            format.node(),
            format!("`{}` is used as the format.", format.short()),
            "Print it with the format \"%s\".",
        );
    }
}

fn find_memset(nodes: &Nodes<'_>, call: At<'_>, report: &mut Report) {
    let arguments = words::arguments(call);
    if let (true, [_, value, length]) = (
        matches!(words::callee(call), "memset" | "std::memset"),
        arguments.as_slice(),
    ) && words::whole(*length) == Some(0)
        && words::whole(*value) != Some(0)
    {
        report.add(
            &nodes.source,
            &SWAPPED_MEMSET,
            call.node(),
            "The length of this memset is 0.".to_owned(),
            format!("Swap the last two: `memset(…, 0, {})`.", value.short()),
        );
    }
}

fn find_command(nodes: &Nodes<'_>, call: At<'_>, report: &mut Report) {
    if !matches!(words::callee(call), "system" | "std::system" | "popen") {
        return;
    }
    let Some(command) = words::arguments(call).first().copied() else {
        return;
    };
    let built = command.inside().any(|part| {
        part.is("binary_expression") && part.operator() == "+" && part.text().contains('"')
    });
    let given = command.is("subscript_expression") && command.text().starts_with("argv");
    if built || given {
        report.add(
            &nodes.source,
            &COMMAND_INJECTION,
            command.node(),
            format!("`{}` becomes a command line.", command.short()),
            "Start the program directly with a list of arguments (exec, posix_spawn).",
        );
    }
}

fn find_comparison(nodes: &Nodes<'_>, at: At<'_>, locals: &[Local<'_>], report: &mut Report) {
    let Some((left, operator, right)) = at.sides() else {
        return;
    };
    let (literal, other) = if words::is_string(left) {
        (left, right)
    } else {
        (right, left)
    };
    let in_macro = at.ancestors().take(4).any(|outer| {
        words::is_macro_call(outer) || matches!(words::callee(outer), "assert" | "static_assert")
    });
    if !matches!(operator, "==" | "!=")
        || !words::is_string(literal)
        || words::is_string(other)
        || words::is_null(other)
        || in_macro
    {
        return;
    }
    let local = local_of(other, locals);
    let array = local.is_some_and(|local| {
        local
            .name
            .parent()
            .is_some_and(|outer| outer.is("array_declarator"))
            && local.array_size().is_some()
    });
    let is_text =
        local.is_some_and(|local| local.type_text() == "char" && (local.is_pointer() || array));
    let c_call = nodes.source.language == Language::C
        && (other.is_any(&["subscript_expression", "field_expression"]))
        && local_of(other, locals).is_none();
    let argument = other.is("subscript_expression") && other.text().starts_with("argv[");
    if is_text || argument || c_call && other.is("field_expression") {
        let negation = if operator == "==" { "==" } else { "!=" };
        report.add(
            &nodes.source,
            &STRING_IDENTITY,
            at.node(),
            format!("`{}` compares addresses.", at.short()),
            format!(
                "Write `strcmp({}, {}) {negation} 0`.",
                other.short(),
                literal.short()
            ),
        );
    }
}

fn find_unsigned(nodes: &Nodes<'_>, at: At<'_>, locals: &[Local<'_>], report: &mut Report) {
    let (Some(condition), Some(step)) = (loops::condition(at), loops::step(at)) else {
        return;
    };
    let Some((counter, ">=", limit)) = condition.sides() else {
        return;
    };
    let goes_down = step.has_token("--") || step.operator() == "-=";
    let own = at.child("initializer").filter(|first| {
        first.is("declaration")
            && first.inside().any(|inner| {
                inner.is("identifier")
                    && inner.text() == counter.text()
                    && inner.field() == "declarator"
            })
    });
    let kind = own
        .and_then(|first| first.child("type"))
        .map(At::text)
        .or_else(|| {
            local_of(counter, locals)
                .filter(|local| !local.is_pointer())
                .map(Local::type_text)
        })
        .unwrap_or_default();
    let unsigned = kind.contains("unsigned")
        || matches!(
            kind,
            "size_t"
                | "std::size_t"
                | "uint32_t"
                | "uint64_t"
                | "uint8_t"
                | "uint16_t"
                | "std::uint32_t"
                | "std::uint64_t"
        );
    let leaves = at.child("body").is_some_and(|body| {
        body.inside().any(|inner| {
            inner.is_any(&["break_statement", "goto_statement"])
                && inner.ancestors().any(|outer| {
                    outer.is("if_statement")
                        && outer
                            .child("condition")
                            .is_some_and(|asked| asked.text().contains(counter.text()))
                })
        })
    });
    if words::whole(limit) == Some(0)
        && goes_down
        && unsigned
        && counter.is("identifier")
        && !leaves
    {
        report.add(
            &nodes.source,
            &UNSIGNED_LOOP,
            condition.node(),
            format!(
                "`{}` is unsigned, so `{}` always holds.",
                counter.text(),
                condition.short()
            ),
            format!(
                "Count with a signed type, or loop `while ({}-- > 0)`.",
                counter.text()
            ),
        );
    }
}

fn find_division(nodes: &Nodes<'_>, at: At<'_>, locals: &[Local<'_>], report: &mut Report) {
    let floating = at
        .parent()
        .and_then(|declaration| declaration.child("type"))
        .is_some_and(|kind| matches!(kind.text(), "double" | "float"));
    let Some(value) = at.child("value").filter(|_| {
        floating
            && at
                .child("declarator")
                .is_some_and(|name| name.is("identifier"))
    }) else {
        return;
    };
    let Some((left, "/", right)) = value.sides() else {
        return;
    };
    let whole = |side: At<'_>| {
        words::whole(side).is_some()
            || local_of(side, locals).is_some_and(|local| {
                matches!(
                    local.type_text(),
                    "int" | "long" | "unsigned" | "size_t" | "unsigned int" | "short"
                ) && local.declarators().all(|outer| outer.is("init_declarator"))
            })
    };
    if whole(left) && whole(right) {
        report.add(
            &nodes.source,
            &INTEGER_DIVISION,
            value.node(),
            format!(
                "`{}` divides whole numbers and drops the fraction.",
                value.short()
            ),
            format!("Write `(double){} / {}`.", left.short(), right.short()),
        );
    }
}
