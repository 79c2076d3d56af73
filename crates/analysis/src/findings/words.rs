//! How the grammars call the same thing: functions, loops, calls, literals. No rule here.

use domain::language::Language;

use super::nodes::At;

/// Everything with a body that runs on its own.
pub(crate) const FUNCTIONS: &[&str] = &[
    // JavaScript and TypeScript
    "function_declaration",
    "function_expression",
    "arrow_function",
    "method_definition",
    "generator_function",
    "generator_function_declaration",
    "class_static_block",
    // C and C++
    "function_definition",
    "lambda_expression",
    // Java
    "method_declaration",
    "constructor_declaration",
    "compact_constructor_declaration",
    "static_initializer",
    // Go
    "func_literal",
    // what is inside a type belongs to it
    "class_body",
    "field_declaration_list",
];

pub(crate) const LOOPS: &[&str] = &[
    "for_statement",
    "for_in_statement",
    "enhanced_for_statement",
    "for_range_loop",
    "while_statement",
    "do_statement",
];

pub(crate) const SWITCHES: &[&str] = &[
    "switch_statement",
    "switch_expression",
    "expression_switch_statement",
    "type_switch_statement",
    "select_statement",
];

/// What a statement list is called.
pub(crate) const LISTS: &[&str] = &[
    "statement_block",
    "compound_statement",
    "block",
    "constructor_body",
    "statement_list",
    "program",
    "switch_case",
    "switch_default",
    "case_statement",
    "switch_block_statement_group",
];

const CALLS: &[&str] = &[
    "call_expression",
    "method_invocation",
    "new_expression",
    "object_creation_expression",
    "explicit_constructor_invocation",
];

pub(crate) fn is_call(at: At<'_>) -> bool {
    at.is_any(CALLS)
}

/// The text of what is called: `a.push`, `strlen`, `os.Open`.
pub(crate) fn callee(call: At<'_>) -> &'_ str {
    match call.kind() {
        "call_expression" => call.child("function").map_or("", At::text),
        "method_invocation" => call.child("name").map_or("", At::text),
        "new_expression" => call
            .child("constructor")
            .or_else(|| call.child("type"))
            .map_or("", At::text),
        "object_creation_expression" => call.child("type").map_or("", At::text),
        _ => "",
    }
}

/// What a method is called on and its name: `a.push(1)` gives `a` and `push`.
pub(crate) fn method(call: At<'_>) -> Option<(At<'_>, &'_ str)> {
    if call.is("method_invocation") {
        return Some((call.child("object")?, call.child("name")?.text()));
    }
    if !call.is("call_expression") {
        return None;
    }
    member(call.child("function")?)
}

/// What a field is of and its name.
pub(crate) fn member(at: At<'_>) -> Option<(At<'_>, &'_ str)> {
    let (object, name) = match at.kind() {
        "member_expression" => ("object", "property"),
        "field_access" => ("object", "field"),
        "selector_expression" => ("operand", "field"),
        "field_expression" => ("argument", "field"),
        _ => return None,
    };
    Some((at.child(object)?, at.child(name)?.text()))
}

/// What is indexed and by what: `a[i]` gives `a` and `i`.
pub(crate) fn index(at: At<'_>) -> Option<(At<'_>, At<'_>)> {
    match at.kind() {
        "subscript_expression" => {
            let object = at.child("object").or_else(|| at.child("argument"))?;
            let index = at
                .child("index")
                .or_else(|| at.child("indices").and_then(At::only))?;
            Some((object, index.bare()))
        }
        "array_access" => Some((at.child("array")?, at.child("index")?.bare())),
        "index_expression" => Some((at.child("operand")?, at.child("index")?.bare())),
        _ => None,
    }
}

/// The arguments of a call.
pub(crate) fn arguments(call: At<'_>) -> Vec<At<'_>> {
    call.child("arguments")
        .map(|list| list.children().collect())
        .unwrap_or_default()
}

/// Whether it is a whole number, and which.
pub(crate) fn whole(at: At<'_>) -> Option<i64> {
    let at = at.bare();
    if !at.is_any(&[
        "number",
        "number_literal",
        "int_literal",
        "decimal_integer_literal",
        "hex_integer_literal",
    ]) {
        return None;
    }
    let text = at.text().replace(['_', '\''], "");
    let plain = text.trim_end_matches(['u', 'U', 'l', 'L', 'n']);
    match plain
        .strip_prefix("0x")
        .or_else(|| plain.strip_prefix("0X"))
    {
        Some(hex) => i64::from_str_radix(hex, 16).ok(),
        None => plain.parse().ok(),
    }
}

pub(crate) fn is_number(at: At<'_>) -> bool {
    at.is_any(&[
        "number",
        "number_literal",
        "int_literal",
        "float_literal",
        "decimal_integer_literal",
        "hex_integer_literal",
        "decimal_floating_point_literal",
    ])
}

pub(crate) fn is_string(at: At<'_>) -> bool {
    at.is_any(&[
        "string",
        "string_literal",
        "interpreted_string_literal",
        "raw_string_literal",
        "concatenated_string",
    ])
}

pub(crate) fn is_literal(at: At<'_>) -> bool {
    is_number(at)
        || is_string(at)
        || at.is_any(&[
            "true",
            "false",
            "null",
            "null_literal",
            "nil",
            "char_literal",
            "character_literal",
            "rune_literal",
        ])
}

/// Whether it names nothing: `null`, `nil`, `NULL`, `nullptr`.
pub(crate) fn is_null(at: At<'_>) -> bool {
    at.is_any(&["null", "null_literal", "nil"])
        || matches!(at.text(), "NULL" | "nullptr" | "undefined")
}

/// Whether looking at it twice gives the same and changes nothing: no call, no assignment.
pub(crate) fn is_pure(at: At<'_>) -> bool {
    at.with_inside().all(|inner| {
        !(is_call(inner)
            || inner.is_any(&[
                "assignment_expression",
                "augmented_assignment_expression",
                "update_expression",
                "await_expression",
                "yield_expression",
                "lambda_expression",
                "arrow_function",
                "function_expression",
                "func_literal",
                "template_string",
                "object",
                "array",
                "regex",
            ])
            || (inner.is("unary_expression") && inner.operator() == "<-"))
    })
}

/// What an assignment or an update writes to, in any language: the targets.
pub(crate) fn targets(at: At<'_>) -> Vec<At<'_>> {
    match at.kind() {
        "assignment_expression" | "augmented_assignment_expression" => {
            at.child("left").map(At::bare).into_iter().collect()
        }
        "update_expression" => at.children().next().map(At::bare).into_iter().collect(),
        "inc_statement" | "dec_statement" => at.children().next().into_iter().collect(),
        "assignment_statement" | "short_var_declaration" | "range_clause" | "receive_statement" => {
            at.child("left")
                .map(|list| list.children().collect())
                .unwrap_or_default()
        }
        _ => Vec::new(),
    }
}

/// Whether a name is written to anywhere in `within`, or may be through its address or a reference.
pub(crate) fn may_change(name: &str, within: At<'_>) -> bool {
    within.with_inside().any(|at| {
        if targets(at).iter().any(|target| {
            target.text() == name
                || (target.is_any(&[
                    "array_pattern",
                    "object_pattern",
                    "parenthesized_expression",
                ]) && target.text().contains(name))
        }) {
            return true;
        }
        let takes_address = (at.is("pointer_expression") || at.is("unary_expression"))
            && at.operator() == "&"
            && at.text().trim_start_matches('&').trim() == name;
        takes_address || is_given_away(name, at)
    })
}

/// Whether this node hands `name` to something that may write to it: `in >> name`, a macro, a parameter taken by reference.
fn is_given_away(name: &str, at: At<'_>) -> bool {
    match at.kind() {
        "for_in_statement" => at.child("left").is_some_and(|left| left.text() == name),
        "gnu_asm_expression" => at.text().contains(name),
        // a stream that is read from or written to changes its state
        "binary_expression" => {
            matches!(at.operator(), ">>" | "<<")
                && at.language() == Language::Cpp
                && at.children().any(|side| side.text() == name)
        }
        "field_expression" => {
            at.language() == Language::Cpp
                && at.parent().is_some_and(|outer| outer.is("call_expression"))
                && at
                    .child("argument")
                    .is_some_and(|object| object.text() == name)
        }
        "argument_list" => {
            let by_reference =
                at.language() == Language::Cpp || at.parent().is_some_and(is_macro_call);
            by_reference && at.children().any(|argument| argument.text() == name)
        }
        _ => false,
    }
}

/// Whether a name is written the way macros are.
pub(crate) fn is_macro_name(name: &str) -> bool {
    name.chars().any(|c| c.is_ascii_uppercase()) && !name.chars().any(|c| c.is_ascii_lowercase())
}

/// Whether something may be a macro of C, which may do anything.
pub(crate) fn is_macro_call(at: At<'_>) -> bool {
    matches!(at.language(), Language::C | Language::Cpp)
        && at.is("call_expression")
        && is_macro_name(callee(at))
}

/// Whether a call never comes back.
pub(crate) fn is_exit(call: At<'_>) -> bool {
    is_call(call)
        && matches!(
            method(call)
                .map_or_else(
                    || callee(call).to_owned(),
                    |(object, name)| format!("{}.{name}", object.text())
                )
                .as_str(),
            "process.exit"
                | "exit"
                | "_exit"
                | "_Exit"
                | "quick_exit"
                | "abort"
                | "std::abort"
                | "std::exit"
                | "std::terminate"
                | "__builtin_unreachable"
                | "__builtin_trap"
                | "longjmp"
                | "panic"
                | "os.Exit"
                | "log.Fatal"
                | "log.Fatalf"
                | "log.Fatalln"
                | "log.Panic"
                | "log.Panicf"
                | "runtime.Goexit"
                | "System.exit"
                | "unreachable"
                | "Deno.exit"
        )
}

/// Whether a name is written to in `within`, outside of one node and not by declaring it anew.
pub(crate) fn may_change_directly(name: &str, within: At<'_>, but: At<'_>) -> bool {
    within
        .inside()
        .filter(|at| !but.holds(*at) && !at.is("short_var_declaration"))
        .any(|at| targets(at).iter().any(|target| target.text() == name))
}
