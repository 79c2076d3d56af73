//! The local names of a function in C, C++, Java and Go, as far as they can be told without types. JavaScript has its own scopes.

use super::nodes::At;
use super::words::{self, FUNCTIONS};

/// A local variable that is declared once in its function.
#[derive(Clone, Copy)]
pub(crate) struct Local<'n> {
    /// The name where it is declared.
    pub(crate) name: At<'n>,
    /// The whole declaration.
    pub(crate) declaration: At<'n>,
    /// What it begins with.
    pub(crate) value: Option<At<'n>>,
}

/// Whether an identifier stands where it is declared: a variable or a parameter.
fn is_declaring(at: At<'_>) -> bool {
    let Some(parent) = at.parent() else {
        return false;
    };
    match parent.kind() {
        "variable_declarator"
        | "formal_parameter"
        | "resource"
        | "enhanced_for_statement"
        | "catch_formal_parameter"
        | "parameter_declaration"
        | "variadic_parameter_declaration"
        | "var_spec"
        | "const_spec" => {
            matches!(at.field(), "name" | "declarator")
        }
        "init_declarator"
        | "array_declarator"
        | "pointer_declarator"
        | "declaration"
        | "for_range_loop"
        | "optional_parameter_declaration" => at.field() == "declarator",
        "expression_list" => {
            parent.field() == "left"
                && parent.parent().is_some_and(|outer| {
                    outer.is("short_var_declaration")
                        || (outer.is("range_clause") && outer.has_token(":="))
                })
        }
        "required_parameter" | "optional_parameter" => at.field() == "pattern",
        "formal_parameters"
        | "inferred_parameters"
        | "lambda_expression"
        | "structured_binding_declarator"
        | "reference_declarator"
        | "type_pattern"
        | "instanceof_expression"
        | "record_pattern_component" => true,
        "arrow_function" => at.field() == "parameter",
        "for_in_statement" => at.field() == "left" && parent.child("kind").is_some(),
        _ => false,
    }
}

/// Whether `name` is declared in the function, once.
pub(crate) fn is_local(name: &str, function: At<'_>) -> bool {
    function
        .inside()
        .filter(|at| at.is("identifier") && at.text() == name && is_declaring(*at))
        .take(2)
        .count()
        == 1
}

/// Whether something else may write to a local: its address is taken, or it is bound to a reference.
pub(crate) fn is_address_taken(name: &str, function: At<'_>) -> bool {
    function.inside().any(|at| {
        (at.is_any(&["pointer_expression", "unary_expression"])
            && at.operator() == "&"
            && at
                .child("argument")
                .or_else(|| at.child("operand"))
                .is_some_and(|of| of.bare().text() == name))
            || (at.is("init_declarator")
                && at
                    .child("declarator")
                    .is_some_and(|declarator| declarator.is("reference_declarator"))
                && at
                    .child("value")
                    .is_some_and(|value| value.bare().text() == name))
            || (at.is("lambda_capture_specifier") && at.text().contains('&'))
            || (at.is("type_qualifier") && at.text() == "volatile")
    })
}

/// Every local of a function that is declared in it exactly once, parameters included.
pub(crate) fn locals<'n>(function: At<'n>) -> Vec<Local<'n>> {
    let mut found: Vec<(Local<'n>, usize)> = Vec::new();
    let mut positions = std::collections::HashMap::new();
    for at in function.inside() {
        if !at.is("identifier") || !is_declaring(at) {
            continue;
        }
        if let Some(position) = positions.get(at.text()) {
            if let Some(entry) = found.get_mut(*position) {
                let entry: &mut (Local<'n>, usize) = entry;
                entry.1 += 1;
            }
            continue;
        }
        positions.insert(at.text(), found.len());
        if let Some(local) = local_of(at) {
            found.push((local, 1));
        } else {
            positions.remove(at.text());
        }
    }
    found
        .into_iter()
        .filter(|(_, count)| *count == 1)
        .map(|(local, _)| local)
        .collect()
}

fn local_of(name: At<'_>) -> Option<Local<'_>> {
    let declaration = name.ancestors().find(|at| {
        at.is_any(&[
            "declaration",
            "local_variable_declaration",
            "parameter_declaration",
            "formal_parameter",
            "var_spec",
            "const_spec",
            "short_var_declaration",
            "enhanced_for_statement",
            "for_range_loop",
            "range_clause",
            "resource",
            "catch_formal_parameter",
            "formal_parameters",
            "inferred_parameters",
            "lambda_expression",
            "type_pattern",
            "instanceof_expression",
            "optional_parameter_declaration",
            "variadic_parameter_declaration",
            "record_pattern_component",
        ])
    })?;
    let value = name
        .ancestors()
        .take_while(|at| at.index >= declaration.index)
        .find(|at| {
            at.is_any(&[
                "init_declarator",
                "variable_declarator",
                "var_spec",
                "short_var_declaration",
            ])
        })
        .and_then(|at| at.child("value").or_else(|| at.child("right")));
    Some(Local {
        name,
        declaration,
        value,
    })
}

impl<'n> Local<'n> {
    /// The text of its type, without pointers and arrays.
    pub(crate) fn type_text(&self) -> &'n str {
        self.declaration.child("type").map_or("", At::text)
    }

    /// The declarator of C around the name: `*p`, `a[3]`.
    pub(crate) fn declarators(&self) -> impl Iterator<Item = At<'n>> {
        let declaration = self.declaration;
        self.name
            .ancestors()
            .take_while(move |at| at.index > declaration.index)
    }

    pub(crate) fn is_pointer(&self) -> bool {
        self.declarators()
            .any(|at| at.is_any(&["pointer_declarator", "abstract_pointer_declarator"]))
    }

    /// The size of an array, where one is given.
    pub(crate) fn array_size(&self) -> Option<At<'n>> {
        let parent = self.name.parent()?;
        (parent.is("array_declarator"))
            .then(|| parent.child("size"))
            .flatten()
    }

    pub(crate) fn is_parameter(&self) -> bool {
        self.declaration.is_any(&[
            "parameter_declaration",
            "formal_parameter",
            "optional_parameter_declaration",
            "formal_parameters",
            "inferred_parameters",
            "lambda_expression",
            "variadic_parameter_declaration",
        ])
    }

    pub(crate) fn is_static(&self) -> bool {
        self.declaration.children().any(|at| {
            at.is("storage_class_specifier")
                && matches!(
                    at.text(),
                    "static" | "extern" | "thread_local" | "_Thread_local"
                )
        })
    }

    /// Every place it is named, after its declaration, in order.
    pub(crate) fn uses(&self, function: At<'n>) -> Vec<At<'n>> {
        let (name, text) = (self.name, self.name.text());
        function
            .inside()
            .filter(|at| {
                at.is("identifier") && *at != name && at.text() == text && !is_member_name(*at)
            })
            .collect()
    }
}

/// Whether an identifier only names a member or a method: `x.name`, `name()` of Java.
fn is_member_name(at: At<'_>) -> bool {
    at.parent().is_some_and(|parent| match parent.kind() {
        "method_invocation" => at.field() == "name",
        "field_access" => at.field() == "field",
        _ => false,
    })
}

/// The functions of a piece of code that are not inside of another.
pub(crate) fn outer_functions<'n>(nodes: &'n super::nodes::Nodes<'_>) -> Vec<At<'n>> {
    const BODIES: &[&str] = &[
        "function_definition",
        "method_declaration",
        "constructor_declaration",
        "function_declaration",
        "static_initializer",
        "compact_constructor_declaration",
    ];
    let mut found: Vec<At<'n>> = Vec::new();
    for at in nodes.all() {
        if at.is_any(BODIES)
            && at.child("body").is_some()
            && found.last().is_none_or(|last| !last.holds(at))
        {
            found.push(at);
        }
    }
    found
}

/// The statement of a list that holds `at`, with its list.
pub(crate) fn statement_of(at: At<'_>) -> Option<(At<'_>, At<'_>)> {
    let mut inner = at;
    loop {
        let outer = inner.parent()?;
        if outer.is_any(words::LISTS) {
            return Some((inner, outer));
        }
        if outer.is_any(FUNCTIONS) {
            return None;
        }
        inner = outer;
    }
}
