//! The technical style: signatures, control flow, structures, idioms, complexity and edge cases.

use super::{Shown, TOLD_MAX, View, class_word, lines, write_walk};
use crate::complexity;
use crate::facts::{ExprKind, Function, Parameter, StepKind, each_expression, each_step};
use crate::idioms;
use crate::render::narrate::Told;
use crate::render::wording::{code, join};
use crate::scope::Nature;
use crate::text::Put;

pub(super) fn render(view: &View<'_, '_>) -> String {
    let functions = view.functions();
    let mut out = format!(
        "# Technical description\n\n{}, {} line{}",
        view.language.title(),
        view.lines,
        if view.lines == 1 { "" } else { "s" }
    );
    out.put(format_args!(
        ", {} function{}.",
        functions.len(),
        if functions.len() == 1 { "" } else { "s" }
    ));
    let imports: Vec<String> = view
        .imports()
        .iter()
        .take(12)
        .map(|text| code(text))
        .collect();
    if !imports.is_empty() {
        out.put(format_args!(" Dependencies: {}.", imports.join(", ")));
    }
    out.push('\n');
    for (class, step) in view.classes() {
        out.put(format_args!(
            "\n## {} {} ({})\n",
            super::capital(class_word(class.kind)),
            code(class.name),
            lines(step.line, step.end_line)
        ));
        if let Some(doc) = &class.doc {
            out.put(format_args!("\n> {doc}\n"));
        }
        if !class.bases.is_empty() {
            let bases: Vec<String> = class.bases.iter().map(|base| code(base)).collect();
            out.put(format_args!("\nBased on {}.\n", join(&bases, "and")));
        }
        if !class.fields.is_empty() {
            out.push_str("\n| Member | Type |\n|---|---|\n");
            for field in class.fields.iter().take(40) {
                let type_text = field.type_text.as_deref().map_or("—".to_owned(), cell);
                out.put(format_args!("| {} | {type_text} |\n", cell(field.name)));
            }
        }
    }
    for shown in &functions {
        function(shown, &mut out);
    }
    let main = view.main_steps();
    if !main.is_empty() {
        out.push_str("\n## Top-level statements\n\n");
        write_walk(&main, 0, false, &flow_line, &mut TOLD_MAX.clone(), &mut out);
    }
    out
}

fn flow_line(told: &Told) -> String {
    format!(
        "L{}: {}",
        told.line,
        told.text.replace(super::narrate::FOLD, " ")
    )
}

/// Code in a table cell.
fn cell(text: &str) -> String {
    code(text).replace('|', "\\|")
}

fn function(shown: &Shown<'_, '_>, out: &mut String) {
    let function = shown.function;
    out.put(format_args!(
        "\n## {} ({})\n",
        shown.full_name(),
        lines(shown.step.line, shown.step.end_line)
    ));
    if let Some(doc) = &function.doc {
        out.put(format_args!("\n> {doc}\n"));
    }
    signature(function, out);
    if !function.has_body {
        out.push_str("\nDeclared without a body.\n");
        return;
    }
    let told = shown.scope.narrate(&function.body);
    let branches = control_flow(shown);
    if !branches.is_empty() {
        out.push_str("\n**Control flow**\n\n");
        for branch in branches.iter().take(40) {
            out.put(format_args!("- {branch}\n"));
        }
    } else if !told.is_empty() {
        out.push_str("\n**Control flow**: straight through, without branches or loops.\n");
    }
    let found = idioms::find(&shown.scope, function, shown.step.line);
    if !found.is_empty() {
        out.push_str("\n**Idioms**\n\n");
        for idiom in &found {
            out.put(format_args!(
                "- {} (line {}): {}\n",
                super::capital(idiom.name),
                idiom.line,
                idiom.evidence
            ));
        }
    }
    structures(shown, out);
    let estimate = complexity::estimate(
        &shown.scope,
        function,
        idioms::count_own_calls(function),
        idioms::is_memoised(function),
    );
    let show = |formula: &Option<String>, reason: &str| match formula {
        Some(formula) => format!("{formula} — {reason}."),
        None => format!("{}.", super::capital(reason)),
    };
    out.put(format_args!(
        "\n**Time**: {}\n**Space**: {}\n",
        show(&estimate.time, &estimate.time_reason) + "  ",
        show(&estimate.space, &estimate.space_reason)
    ));
    let edges = edge_cases(shown);
    if !edges.is_empty() {
        out.push_str("\n**Edge cases**\n\n");
        for edge in edges {
            out.put(format_args!("- {edge}\n"));
        }
    }
}

fn signature(function: &Function<'_>, out: &mut String) {
    let shown: Vec<&Parameter<'_>> = function
        .parameters
        .iter()
        .filter(|parameter| !parameter.is_receiver)
        .collect();
    if !shown.is_empty() {
        out.push_str("\n| Parameter | Type | Default |\n|---|---|---|\n");
        for parameter in shown {
            let name = if parameter.name.is_empty() {
                "(unnamed)".to_owned()
            } else {
                cell(parameter.name)
            };
            let rest = if parameter.is_rest {
                " (any number)"
            } else {
                ""
            };
            let type_text = parameter
                .type_text
                .as_deref()
                .map_or("not stated".to_owned(), cell);
            let default = parameter.default.map_or("—".to_owned(), cell);
            out.put(format_args!("| {name}{rest} | {type_text} | {default} |\n"));
        }
    }
    let returns = function
        .return_type
        .as_deref()
        .map_or("not stated".to_owned(), code);
    let marks: Vec<&str> = [
        (function.is_async, "asynchronous"),
        (function.is_generator, "generator"),
        (function.is_constructor, "constructor"),
    ]
    .into_iter()
    .filter(|(is, _)| *is)
    .map(|(_, name)| name)
    .collect();
    let marks = if marks.is_empty() {
        String::new()
    } else {
        format!(" ({})", marks.join(", "))
    };
    if function.is_constructor {
        out.put(format_args!(
            "\nConstructor{}.\n",
            if function.is_async {
                " (asynchronous)"
            } else {
                ""
            }
        ));
    } else {
        out.put(format_args!("\nReturn type: {returns}{marks}.\n"));
    }
}

/// Conditions, loops and exits, with the code that decides them.
fn control_flow(shown: &Shown<'_, '_>) -> Vec<String> {
    let mut rows = Vec::new();
    each_step(&shown.function.body, &mut |step| {
        let line = step.line;
        match &step.kind {
            StepKind::If { arms, otherwise } => {
                let conditions: Vec<String> = arms
                    .iter()
                    .map(|(condition, _)| code(condition.text))
                    .collect();
                let rest = if otherwise.is_some() { ", else" } else { "" };
                rows.push(format!(
                    "line {line}: branch on {}{rest}",
                    conditions.join(", then ")
                ));
            }
            StepKind::ForEach {
                target, iterable, ..
            } => rows.push(format!(
                "line {line}: loop, {} over {}",
                code(target.unwrap_or("_")),
                code(iterable.text)
            )),
            StepKind::Count { condition, .. } => rows.push(format!(
                "line {line}: counting loop while {}",
                condition
                    .as_ref()
                    .map_or("forever".to_owned(), |condition| code(condition.text))
            )),
            StepKind::While {
                condition: Some(condition),
                test_last,
                ..
            } => {
                let last = if *test_last {
                    ", tested after each round"
                } else {
                    ""
                };
                rows.push(format!(
                    "line {line}: loop while {}{last}",
                    code(condition.text)
                ));
            }
            StepKind::While { .. } => {
                rows.push(format!("line {line}: endless loop, left from inside"));
            }
            StepKind::Switch { subject, cases, .. } => rows.push(format!(
                "line {line}: {} cases{}",
                cases.len(),
                subject
                    .as_ref()
                    .map(|subject| format!(" on {}", code(subject.text)))
                    .unwrap_or_default()
            )),
            StepKind::Return { value, is_implicit } => {
                let text = value
                    .as_ref()
                    .map_or("nothing".to_owned(), |value| code(value.text));
                rows.push(format!(
                    "line {line}: returns {text}{}",
                    if *is_implicit {
                        " (last expression)"
                    } else {
                        ""
                    }
                ));
            }
            StepKind::Raise(error) => rows.push(format!(
                "line {line}: fails with {}",
                error
                    .as_ref()
                    .map_or("the same error".to_owned(), |error| code(error.text))
            )),
            StepKind::Try {
                handlers, finally, ..
            } => {
                let types: Vec<String> = handlers
                    .iter()
                    .map(|handler| {
                        if handler.types.is_empty() {
                            "everything".to_owned()
                        } else {
                            code(handler.types)
                        }
                    })
                    .collect();
                let catches = if types.is_empty() {
                    String::new()
                } else {
                    format!(", catches {}", types.join(", "))
                };
                rows.push(format!(
                    "line {line}: try{catches}{}",
                    if finally.is_empty() { "" } else { ", finally" }
                ));
            }
            StepKind::Break => rows.push(format!("line {line}: `break`")),
            StepKind::Continue => rows.push(format!("line {line}: next round")),
            _ => {}
        }
    });
    rows
}

fn structures(shown: &Shown<'_, '_>, out: &mut String) {
    let mut rows: Vec<String> = Vec::new();
    each_step(&shown.function.body, &mut |step| {
        if let StepKind::Assign {
            target,
            operator: "=",
            ..
        } = &step.kind
            && matches!(target.kind, ExprKind::Name)
        {
            let kind = match shown.scope.of(target) {
                Nature::List => "list or array",
                Nature::Map => "map from keys to values",
                Nature::Set => "set",
                Nature::Channel => "channel",
                Nature::Text | Nature::Number | Nature::Bool | Nature::Unknown => return,
            };
            let row = format!("{} ({kind})", code(target.text));
            if !rows.contains(&row) {
                rows.push(row);
            }
        }
    });
    if !rows.is_empty() {
        out.put(format_args!(
            "\n**Data structures**: {}.\n",
            join(&rows, "and")
        ));
    }
}

/// What the code shows about awkward input.
pub(super) fn edge_cases(shown: &Shown<'_, '_>) -> Vec<String> {
    let mut edges: Vec<String> = Vec::new();
    let mut conditions = String::new();
    each_step(&shown.function.body, &mut |step| {
        if let StepKind::If { arms, .. } = &step.kind {
            for (condition, _) in arms {
                conditions.push_str(condition.text);
                conditions.push('\n');
            }
        }
    });
    let mut add = |edge: String| {
        if !edges.contains(&edge) && edges.len() < 6 {
            edges.push(edge);
        }
    };
    each_step(&shown.function.body, &mut |step| {
        if let StepKind::Assign {
            target,
            operator: "/" | "//" | "%",
            value,
            ..
        } = &step.kind
            && value.number().is_none()
        {
            add(format!(
                "line {}: {} is divided by {}; no check that it is not zero stands in front of it that could be recognised",
                step.line,
                code(target.text),
                code(value.text)
            ));
        }
        for expression in step.expressions() {
            expression.each(&mut |part| match &part.kind {
                ExprKind::Binary { operator: "/" | "//" | "%", left, right } if right.number().is_none() && !matches!(right.kind, ExprKind::Text) && !matches!(left.kind, ExprKind::Text) && right.text.len() < 60 => {
                    let names: Vec<&str> = right.text.split(|c: char| !c.is_alphanumeric() && c != '_').filter(|word| !word.is_empty() && *word != "len").collect();
                    if !right.text.chars().any(|c| c.is_ascii_digit()) && !names.iter().any(|name| conditions.contains(name)) {
                        add(format!("line {}: divides by {} without checking that it is not zero", step.line, code(right.text)));
                    }
                }
                ExprKind::Index { object, index } if matches!(index.text, "0" | "-1") && shown.scope.of(object) != Nature::Map => {
                    let is_parameter = shown.function.parameters.iter().any(|parameter| parameter.name == object.text);
                    if is_parameter && !conditions.contains(object.text) {
                        add(format!("line {}: takes {}, which needs {} not to be empty; nothing checks that", step.line, code(part.text), code(object.text)));
                    }
                }
                _ => {}
            });
        }
    });
    let guard = idioms::find(&shown.scope, shown.function, shown.step.line)
        .into_iter()
        .find(|idiom| idiom.name == "guard clause");
    if let Some(guard) = guard {
        edges.push(format!("line {}: {}", guard.line, guard.evidence));
    }
    let mut has_mutation = None;
    each_step(&shown.function.body, &mut |step| {
        let target = match &step.kind {
            StepKind::Assign { target, .. } => Some(target),
            _ => None,
        };
        let mut check = |object: &crate::facts::Expr<'_>| {
            if shown
                .function
                .parameters
                .iter()
                .any(|parameter| parameter.name == object.text && !parameter.is_receiver)
            {
                has_mutation.get_or_insert_with(|| (step.line, object.text.to_owned()));
            }
        };
        if let Some(target) = target {
            target.each(&mut |part| {
                if let ExprKind::Index { object, .. } = &part.kind {
                    check(object);
                }
            });
        }
    });
    if let Some((line, name)) = has_mutation {
        edges.push(format!(
            "line {line}: changes {} in place, so the caller may see the change",
            code(&name)
        ));
    }
    if let Some(parameter) = shown.function.parameters.iter().find(|parameter| {
        matches!(
            parameter.default,
            Some("[]" | "{}" | "list()" | "dict()" | "set()")
        )
    }) && shown.scope.language == domain::language::Language::Python
    {
        edges.push(format!(
            "{} has a default that is made only once and shared by all calls",
            code(parameter.name)
        ));
    }
    let mut bare = None;
    each_expression(&shown.function.body, &mut |part| {
        if let Some("unwrap" | "expect") = part.called()
            && shown.scope.language == domain::language::Language::Rust
        {
            bare.get_or_insert_with(|| code(part.text));
        }
    });
    if let Some(call) = bare {
        edges.push(format!("{call} stops the program when there is no value"));
    }
    edges
}
