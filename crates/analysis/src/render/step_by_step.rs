//! The step-by-step style: numbered steps with their lines, in the order they happen.

use super::{FUNCTIONS_MAX, Shown, TOLD_MAX, View, class_title, imperative, lines, write_walk};
use crate::facts::{StepKind, each_step};
use crate::render::narrate::Told;
use crate::render::wording::{code, join};
use crate::text::Put;

/// Most results that are told one by one.
const RESULTS_MAX: usize = 6;

pub(super) fn render(view: &View<'_, '_>) -> String {
    let mut out = format!("# Step by step: this {} code\n", view.language.title());
    let imports: Vec<String> = view
        .imports()
        .iter()
        .take(12)
        .map(|text| code(text))
        .collect();
    if !imports.is_empty() {
        out.put(format_args!(
            "\n**Before anything else** it loads {}.\n",
            join(&imports, "and")
        ));
    }
    for (class, step) in view.classes() {
        let fields: Vec<String> = class
            .fields
            .iter()
            .take(20)
            .map(|field| code(field.name))
            .collect();
        out.put(format_args!(
            "\n**The {}** ({})",
            class_title(class),
            lines(step.line, step.end_line)
        ));
        if fields.is_empty() {
            out.push_str(" is defined.\n");
        } else {
            out.put(format_args!(" holds {}.\n", join(&fields, "and")));
        }
    }
    let show = |told: &Told| format!("({}) {}", lines(told.line, told.end_line), imperative(told));
    let functions = view.functions();
    for shown in &functions {
        function(shown, &show, &mut out);
    }
    if functions.len() == FUNCTIONS_MAX {
        out.push_str("\nThe code has more functions than are told here.\n");
    }
    let main = view.main_steps();
    if !main.is_empty() {
        out.push_str(if functions.is_empty() {
            "\n## What happens\n\n"
        } else {
            "\n## Outside of the functions\n\n"
        });
        write_walk(&main, 0, true, &show, &mut TOLD_MAX.clone(), &mut out);
    }
    out
}

fn function(shown: &Shown<'_, '_>, show: &dyn Fn(&Told) -> String, out: &mut String) {
    let function = shown.function;
    out.put(format_args!(
        "\n## {} ({})\n\n",
        super::capital(&shown.full_name()),
        lines(shown.step.line, shown.step.end_line)
    ));
    if !function.has_body {
        out.push_str("Declared here; its steps are written elsewhere.\n");
        return;
    }
    let inputs: Vec<String> = function
        .parameters
        .iter()
        .filter(|parameter| !parameter.is_receiver && !parameter.name.is_empty())
        .map(|parameter| match parameter.default {
            Some(default) => format!("{} ({} unless given)", code(parameter.name), code(default)),
            None => code(parameter.name),
        })
        .collect();
    if !inputs.is_empty() {
        out.put(format_args!("Start with {}.\n\n", join(&inputs, "and")));
    }
    let told = shown.scope.narrate(&function.body);
    if told.is_empty() {
        out.push_str("It has no steps.\n");
        return;
    }
    write_walk(&told, 0, true, show, &mut TOLD_MAX.clone(), out);
    let is_one_return =
        matches!(function.body.as_slice(), [step] if matches!(step.kind, StepKind::Return { .. }));
    if !is_one_return {
        out.put(format_args!("\n{}\n", ending(shown)));
    }
}

/// What comes out at the end.
fn ending(shown: &Shown<'_, '_>) -> String {
    let name = code(shown.function.name);
    if shown.function.is_partial {
        return format!("**Result:** not told, because part of {name} does not parse.");
    }
    if shown.scope.is_context_manager {
        return format!(
            "**Result:** {name} can be used with {}.",
            super::with_word(shown.function)
        );
    }
    if shown.function.is_generator {
        return format!("**Result:** {name} hands out its values one at a time.");
    }
    let mut values: Vec<(String, Vec<String>)> = Vec::new();
    each_step(&shown.function.body, &mut |step| {
        if let Some(text) = super::returned(shown, &step.kind) {
            let line = step.line.to_string();
            match values.iter_mut().find(|(known, _)| *known == text) {
                Some((_, lines)) => lines.push(line),
                None => values.push((text, vec![line])),
            }
        }
    });
    let told: Vec<String> = values
        .iter()
        .take(RESULTS_MAX)
        .map(|(text, lines)| format!("{text} (line {})", join(lines, "or")))
        .collect();
    match told.as_slice() {
        [] if shown.function.is_constructor => "**Result:** the new object is ready.".to_owned(),
        [] => format!("**Result:** {name} returns no value."),
        [only] => format!("**Result:** {name} returns {only}."),
        many if values.len() > RESULTS_MAX => format!(
            "**Result:** {name} returns {} or one of {} more, whichever is reached first.",
            many.join(", "),
            values.len() - RESULTS_MAX
        ),
        many => format!(
            "**Result:** {name} returns {}, whichever is reached first.",
            join(many, "or")
        ),
    }
}
