//! One or two sentences about what a function does: its author's words, or what its statements show, and never more.

#![expect(
    clippy::wildcard_enum_match_arm,
    reason = "the facts have many variants; this looks for a few of them"
)]

use super::super::Shown;
use crate::facts::{Function, StepKind, each_step};
use crate::idioms;
use crate::render::wording::{code, join};
use crate::text::Put;

/// What Python calls by itself, and when.
const SPECIAL: [(&str, &str); 16] = [
    ("__init__", "It runs when a new object is made."),
    (
        "__post_init__",
        "It runs right after a new object was made.",
    ),
    ("__enter__", "It runs at the start of a `with` block."),
    (
        "__exit__",
        "It runs at the end of a `with` block, also after an error.",
    ),
    (
        "__aenter__",
        "It runs at the start of an `async with` block.",
    ),
    (
        "__aexit__",
        "It runs at the end of an `async with` block, also after an error.",
    ),
    (
        "__contains__",
        "It answers `in`: whether something is inside.",
    ),
    ("__len__", "It answers `len(…)`."),
    ("__iter__", "It lets a `for` loop go through the object."),
    ("__next__", "It gives the next value to a `for` loop."),
    ("__str__", "It turns the object into text for people."),
    ("__repr__", "It turns the object into text for programmers."),
    ("__eq__", "It answers `==`."),
    ("__call__", "It lets the object be called like a function."),
    ("__getitem__", "It answers `object[…]`."),
    ("__setitem__", "It carries out `object[…] = …`."),
];

/// Whether a function is called by the language itself.
pub(super) fn is_special(function: &Function<'_>) -> bool {
    function.is_constructor
        || function.name == "main"
        || SPECIAL.iter().any(|(name, _)| *name == function.name)
}

/// What a function does, as sentences; empty when there is nothing to say.
pub(super) fn gist(shown: &Shown<'_, '_>) -> String {
    let function = shown.function;
    if let Some(doc) = &function.doc {
        return format!("In the words of its author: “{doc}”");
    }
    if let Some((_, meaning)) = SPECIAL.iter().find(|(name, _)| *name == function.name) {
        return (*meaning).to_owned();
    }
    if function.is_constructor {
        return "It runs when a new object is made.".to_owned();
    }
    if !function.has_body {
        return String::new();
    }
    let mut parts: Vec<String> = Vec::new();
    if function.name == "main" && function.parameters.len() <= 2 {
        parts.push("is where the program starts".to_owned());
    }
    parts.extend(way(shown));
    parts.extend(failure(shown));
    parts.extend(result(shown));
    if parts.is_empty() {
        return String::new();
    }
    let mut text = String::new();
    text.put(format_args!("It {}.", join(&parts, "and")));
    text
}

/// How it works: a loop or a call to itself.
fn way(shown: &Shown<'_, '_>) -> Option<String> {
    let function = shown.function;
    if idioms::count_own_calls(function) > 0 {
        return Some("calls itself".to_owned());
    }
    let mut found = None;
    each_step(&function.body, &mut |step| {
        let text = match &step.kind {
            StepKind::ForEach { iterable, .. } if iterable.text.len() < 40 => {
                format!("goes through {}", code(iterable.text))
            }
            StepKind::ForEach { .. } | StepKind::Count { .. } | StepKind::While { .. } => {
                "repeats some steps".to_owned()
            }
            _ => return,
        };
        found.get_or_insert(text);
    });
    found
}

/// How it may fail.
fn failure(shown: &Shown<'_, '_>) -> Option<String> {
    let mut found = None;
    each_step(&shown.function.body, &mut |step| {
        if let StepKind::Raise(Some(error)) = &step.kind {
            let name = error.called().map_or("an error".to_owned(), code);
            found.get_or_insert(format!("may fail with {name}"));
        }
    });
    found
}

/// What comes out.
fn result(shown: &Shown<'_, '_>) -> Option<String> {
    let function = shown.function;
    if function.is_partial {
        return None;
    }
    if shown.scope.is_context_manager {
        return Some(format!(
            "can be used with {}",
            crate::render::with_word(function)
        ));
    }
    if function.is_generator {
        return Some("hands out values one at a time".to_owned());
    }
    let mut values: Vec<String> = Vec::new();
    let mut changed: Vec<String> = Vec::new();
    each_step(&function.body, &mut |step| match &step.kind {
        StepKind::Return { .. } | StepKind::Break { .. } => {
            let Some(text) = crate::render::returned(shown, &step.kind) else {
                return;
            };
            if !values.contains(&text) {
                values.push(text);
            }
        }
        StepKind::Assign { target, .. } | StepKind::Increment { target, .. }
            if ["self.", "this."]
                .iter()
                .any(|own| target.text.starts_with(own)) =>
        {
            let name = code(target.text);
            if !changed.contains(&name) {
                changed.push(name);
            }
        }
        _ => {}
    });
    match (values.as_slice(), changed.as_slice()) {
        ([only], _) if only.len() < 110 => Some(format!("returns {only}")),
        ([_], _) => Some("returns a result".to_owned()),
        ([first, second], _) if first.len() + second.len() < 70 => {
            Some(format!("returns {first} or {second}"))
        }
        ([_, _, ..], _) => Some(format!("returns one of {} results", values.len())),
        ([], []) => None,
        ([], names) => Some(format!(
            "changes {}",
            join(names.get(..names.len().min(3)).unwrap_or(names), "and")
        )),
    }
}
