//! The technical style: signatures, control flow, structures, idioms, complexity and edge cases.

mod flow;

use flow::control_flow;

use super::edges;
use super::{Shown, TOLD_MAX, View, class_title, lines, write_walk};
use crate::complexity;
use crate::facts::{ClassKind, ExprKind, Function, Parameter, StepKind, each_step};
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
            "\n## {} ({})\n",
            super::capital(&class_title(class)),
            lines(step.line, step.end_line)
        ));
        if let Some(doc) = &class.doc {
            out.put(format_args!("\n> {doc}\n"));
        }
        if !class.bases.is_empty() && class.kind != ClassKind::Implementation {
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
        super::capital(&shown.full_name()),
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
    let mut found = idioms::find(&shown.scope, function, shown.step.line);
    // A guard clause is told among the edge cases.
    found.retain(|idiom| idiom.name != "guard clause");
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
    let estimate = complexity::estimate(&shown.scope, function);
    out.put(format_args!(
        "\n**Time**: {}\n\n**Space**: {}\n",
        estimate.time, estimate.space
    ));
    let edges = edges::find(shown);
    if !edges.is_empty() {
        out.push_str("\n**Edge cases**\n\n");
        for edge in edges {
            match edge.line {
                Some(line) => out.put(format_args!("- line {line}: {}\n", edge.text)),
                None => out.put(format_args!("- {}\n", super::capital(&edge.text))),
            }
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
