//! The step-by-step style: numbered steps with their lines, in the order they happen.

use super::{FUNCTIONS_MAX, Shown, TOLD_MAX, View, class_word, imperative, lines, write_walk};
use crate::facts::{StepKind, each_step};
use crate::render::narrate::Told;
use crate::render::wording::{code, join};
use crate::text::Put;

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
            "\n**The {} {}** ({})",
            class_word(class.kind),
            code(class.name),
            lines(step.line, step.end_line)
        ));
        out.push_str(&if fields.is_empty() {
            " is defined.\n".to_owned()
        } else {
            format!(" holds {}.\n", join(&fields, "and"))
        });
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
        shown.full_name(),
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
    write_walk(&told, 0, true, show, &mut TOLD_MAX.clone(), out);
    out.put(format_args!("\n{}\n", ending(shown)));
}

/// What comes out at the end.
fn ending(shown: &Shown<'_, '_>) -> String {
    let mut values = Vec::new();
    each_step(&shown.function.body, &mut |step| {
        if let StepKind::Return {
            value: Some(value), ..
        } = &step.kind
        {
            let text = format!("{} (line {})", shown.scope.noun(value), step.line);
            values.push(text);
        }
    });
    let name = code(shown.function.name);
    if shown.function.is_generator {
        return format!("**Result:** {name} hands out its values one at a time.");
    }
    match values.as_slice() {
        [] if shown.function.is_constructor => "**Result:** the new object is ready.".to_owned(),
        [] => format!("**Result:** {name} returns no value."),
        [only] => format!("**Result:** {name} returns {only}."),
        many => format!(
            "**Result:** {name} returns {}, whichever is reached first.",
            join(many.get(..many.len().min(6)).unwrap_or(many), "or")
        ),
    }
}
