//! The beginner style: what it is for, what goes in and out, what happens, and the words needed to read it. Kept short.

mod gist;
mod overview;
mod words;

use super::{Shown, View, capital, edges, third_person, write_walk};
use crate::facts::{StepKind, each_step};
use crate::render::narrate::Told;
use crate::render::wording::{code, join};
use crate::text::Put;
use words::Words;

/// Most lines of one walk: a beginner reads an outline, not every statement.
const WALK_LINES_MAX: usize = 30;

/// Lines that are told of a walk however long they are.
const FIRST_LINES: usize = 6;

/// Most words of one walk before its inner steps are left out.
const WALK_WORDS_MAX: usize = 170;

/// Most words about functions before the rest is told in one line each.
const WORDS_MAX: usize = 200;

/// Most terms that are explained.
const TERMS_MAX: usize = 5;

/// Most warnings.
const WARNINGS_MAX: usize = 4;

/// Most functions that get one line when the rest is told briefly.
const BRIEF_MAX: usize = 16;

pub(super) fn render(view: &View<'_, '_>) -> String {
    let functions = view.functions();
    let classes = view.classes();
    let mut out = "# What this code does\n\n".to_owned();
    out.push_str(&overview::overview(view, &functions, &classes));
    let is_only = functions.len() == 1 && classes.is_empty();
    let mut brief: Vec<&Shown<'_, '_>> = Vec::new();
    let mut told = String::new();
    let mut terms = Words::default();
    for (class, _) in &classes {
        overview::describe(class, &mut told);
    }
    let longest = functions
        .iter()
        .max_by_key(|shown| shown.step.end_line - shown.step.line)
        .map(|shown| shown.step.line);
    let mut used = 0;
    if let Some(shown) = functions
        .iter()
        .find(|shown| Some(shown.step.line) == longest)
    {
        let mut section = String::new();
        function(shown, is_only, &mut section);
        used = count_words(&section);
    }
    for shown in &functions {
        let mut section = String::new();
        function(shown, is_only, &mut section);
        // The longest function is what the code is about: there is always room for it.
        let is_longest = Some(shown.step.line) == longest;
        let words = if is_longest { 0 } else { count_words(&section) };
        if used + words > WORDS_MAX && !is_longest {
            brief.push(shown);
        } else {
            used += words;
            told.push_str(&section);
            terms.learn(shown);
        }
    }
    let main = view.main_steps();
    if !main.is_empty() {
        told.push_str(if functions.is_empty() {
            "\n## What happens\n\n"
        } else {
            "\n## When the file is run\n\n"
        });
        walk(&main, &mut told);
    }
    out.push_str(&told);
    briefly(&brief, &mut out);
    terms.learn_text(view.language, &out);
    terms.write(TERMS_MAX, &mut out);
    warnings(&functions, &mut out);
    out
}

/// The functions there was no room for.
fn briefly(brief: &[&Shown<'_, '_>], out: &mut String) {
    if brief.is_empty() {
        return;
    }
    out.push_str("\n## The rest, more briefly\n\n");
    for shown in brief.iter().take(BRIEF_MAX) {
        let gist = gist::gist(shown);
        let gist = if gist.is_empty() {
            String::new()
        } else {
            format!(": {gist}")
        };
        out.put(format_args!("- {}{gist}\n", capital(&shown.full_name())));
    }
    if brief.len() > BRIEF_MAX {
        out.put(format_args!("- … and {} more\n", brief.len() - BRIEF_MAX));
    }
}

fn warnings(functions: &[Shown<'_, '_>], out: &mut String) {
    let mut found: Vec<String> = Vec::new();
    for shown in functions {
        for edge in edges::find(shown)
            .into_iter()
            .filter(|edge| !edge.is_handled)
        {
            let place = edge.line.map(|line| format!(", line {line}"));
            found.push(format!(
                "{}{}: {}.",
                capital(&shown.full_name()),
                place.unwrap_or_default(),
                edge.text
            ));
        }
    }
    if !found.is_empty() {
        out.push_str("\n## Watch out\n\n");
        for warning in found.iter().take(WARNINGS_MAX) {
            out.put(format_args!("- {warning}\n"));
        }
    }
}

fn function(shown: &Shown<'_, '_>, is_only: bool, out: &mut String) {
    let function = shown.function;
    let heading = if is_only {
        "How it works".to_owned()
    } else {
        capital(&shown.full_name())
    };
    out.put(format_args!("\n## {heading}\n\n"));
    let is_one_return = matches!(function.body.as_slice(), [step] if matches!(step.kind, StepKind::Return { .. }))
        && !function.is_partial;
    let told = shown.scope.narrate(&function.body);
    let is_flat = told.iter().all(|one| one.inner.is_empty());
    // The gist of a single function is told in the first sentence; that of a short one is the steps themselves.
    let gist = gist::gist(shown);
    let is_worth_it = function.doc.is_some()
        || gist::is_special(function)
        || (!is_one_return && told.len() > 2 && !gist.starts_with("It returns"));
    if !is_only && is_worth_it && !gist.is_empty() {
        out.put(format_args!("{gist}\n\n"));
    }
    let inputs = inputs(shown);
    if !inputs.is_empty() {
        out.put(format_args!("**You give it** {inputs}.\n\n"));
    }
    if !function.is_constructor {
        out.put(format_args!("**You get back** {}\n\n", output(shown)));
    }
    if told.is_empty() {
        out.push_str(if function.has_body {
            "It does nothing.\n"
        } else {
            "What it does is written elsewhere.\n"
        });
    } else if !(is_one_return && is_flat) {
        out.push_str("**What happens:**\n\n");
        walk(&told, out);
    }
}

/// A walk, cut to what a beginner can take in.
fn walk(told: &[Told], out: &mut String) {
    let mut text = written(told, WALK_LINES_MAX);
    for depth in (0..4).rev() {
        if count_words(&text) <= WALK_WORDS_MAX {
            break;
        }
        text = written(&prune(told, depth), WALK_LINES_MAX);
    }
    for lines in (FIRST_LINES..WALK_LINES_MAX).rev() {
        if count_words(&text) <= WALK_WORDS_MAX {
            break;
        }
        text = written(&prune(told, 0), lines);
    }
    let is_cut = text.contains(LEFT_OUT);
    out.push_str(&text);
    if is_cut {
        out.push_str("\nThe steps left out here are told in the step-by-step style.\n");
    }
}

/// Stands for inner steps that are not told.
const LEFT_OUT: &str = "(its steps are left out)";

fn prune(told: &[Told], depth: usize) -> Vec<Told> {
    told.iter()
        .map(|one| {
            let mut one = one.clone();
            if depth == 0 && !one.inner.is_empty() {
                one.inner.clear();
                one.text.push(' ');
                one.text.push_str(LEFT_OUT);
            } else {
                one.inner = prune(&one.inner, depth.saturating_sub(1));
            }
            one
        })
        .collect()
}

fn written(told: &[Told], lines_max: usize) -> String {
    let mut out = String::new();
    let mut left = lines_max;
    let show = |told: &Told| {
        let end = if told.inner.is_empty() { '.' } else { ':' };
        format!("{}{end}", capital(&third_person(&told.text)))
    };
    write_walk(told, 0, false, &show, &mut left, &mut out);
    out
}

fn count_words(text: &str) -> usize {
    text.split_whitespace().count()
}

fn inputs(shown: &Shown<'_, '_>) -> String {
    let names: Vec<String> = shown
        .function
        .parameters
        .iter()
        .filter(|parameter| !parameter.is_receiver && !parameter.name.is_empty())
        .map(|parameter| {
            let mut text = code(parameter.name);
            if parameter.is_rest {
                text.push_str(" (as many as you like)");
            } else if let Some(default) = parameter.default {
                text.put(format_args!(" ({} if you leave it out)", code(default)));
            } else if let Some(type_text) = &parameter.type_text {
                text.put(format_args!(" (of type {})", code(type_text)));
            }
            text
        })
        .collect();
    join(&names, "and")
}

fn output(shown: &Shown<'_, '_>) -> String {
    let function = shown.function;
    if function.is_partial {
        return "something that cannot be told, because part of it does not parse.".to_owned();
    }
    if shown.scope.is_context_manager {
        return format!("something to use with {}.", super::with_word(function));
    }
    if function.is_generator {
        return "values, one at a time, as you ask for them.".to_owned();
    }
    let mut values: Vec<String> = Vec::new();
    each_step(&function.body, &mut |step| {
        if let Some(text) = super::returned(shown, &step.kind)
            && !values.contains(&text)
        {
            values.push(text);
        }
    });
    let type_text = function
        .return_type
        .as_deref()
        .map(|text| format!(", of type {}", code(text)))
        .unwrap_or_default();
    match values.as_slice() {
        [] if !function.has_body => "what its declaration says.".to_owned(),
        [] if function
            .body
            .iter()
            .all(|step| matches!(step.kind, StepKind::Pass)) =>
        {
            "no value.".to_owned()
        }
        [] => "no value; it is there for what it does.".to_owned(),
        // The type of a name says more than the name.
        [only]
            if only
                .trim_matches('`')
                .chars()
                .all(|c| c.is_alphanumeric() || c == '_') =>
        {
            format!("{only}{type_text}.")
        }
        [only] => format!("{only}."),
        [first, second] => format!("{first} or {second}, depending on what happens."),
        [_, _, _] => format!("{}, depending on what happens.", join(&values, "or")),
        [first, second, ..] => format!(
            "one of {} results, such as {first} or {second}.",
            values.len()
        ),
    }
}
