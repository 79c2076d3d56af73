//! Conditions, loops and exits, with the code that decides them.

#![expect(
    clippy::wildcard_enum_match_arm,
    reason = "the facts have many variants; this looks for a few of them"
)]

use domain::language::Language;

use crate::facts::{Expr, Handler, Label, StepKind, each_step, leaves_loop};
use crate::render::Shown;
use crate::render::narrate::actions::named_results;
use crate::render::wording::code;
use crate::text::Put;

/// One row for each condition, loop and exit.
pub(super) fn control_flow(shown: &Shown<'_, '_>) -> Vec<String> {
    let mut rows = Vec::new();
    each_step(&shown.function.body, &mut |step| {
        if let Some(text) = row(&step.kind, shown.scope.language) {
            rows.push(format!("line {}: {text}", step.line));
        }
    });
    rows
}

fn row(kind: &StepKind<'_>, language: Language) -> Option<String> {
    Some(match kind {
        StepKind::If { arms, otherwise } => {
            let conditions: Vec<String> = arms
                .iter()
                .map(|(condition, _)| code(condition.text))
                .collect();
            let rest = if otherwise.is_some() { ", else" } else { "" };
            format!("branch on {}{rest}", conditions.join(", then "))
        }
        StepKind::ForEach {
            target, iterable, ..
        } => {
            format!(
                "loop, {} over {}",
                code(target.unwrap_or("_")),
                code(iterable.text)
            )
        }
        StepKind::Count {
            condition: Some(condition),
            ..
        } => format!("counting loop while {}", code(condition.text)),
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
            format!("loop while {}{last}", code(condition.text))
        }
        StepKind::Count { body, .. } | StepKind::While { body, .. } => {
            if leaves_loop(body, language) {
                "endless loop, left from inside".to_owned()
            } else {
                "endless loop, with nothing written inside that leaves it".to_owned()
            }
        }
        StepKind::Switch { subject, cases, .. } => {
            let on = subject
                .as_ref()
                .map(|subject| format!(" on {}", code(subject.text)));
            format!("{} cases{}", cases.len(), on.unwrap_or_default())
        }
        StepKind::Try {
            handlers, finally, ..
        } => attempt(handlers, !finally.is_empty()),
        StepKind::Unreadable => "does not parse".to_owned(),
        _ => return exit(kind, language),
    })
}

/// What leaves the function, a loop or a round.
fn exit(kind: &StepKind<'_>, language: Language) -> Option<String> {
    Some(match kind {
        StepKind::Return {
            value,
            is_implicit,
            results,
        } => {
            let text = match value {
                Some(value) => code(value.text),
                None if results.is_empty() => "nothing".to_owned(),
                None => named_results(results),
            };
            let is_tail = *is_implicit && language == Language::Rust;
            format!(
                "returns {text}{}",
                if is_tail { " (last expression)" } else { "" }
            )
        }
        StepKind::Raise(error) => {
            let text = error
                .as_ref()
                .map_or("the same error".to_owned(), |error| code(error.text));
            format!("fails with {text}")
        }
        StepKind::Give(value) => format!("gives the `switch` the value {}", code(value.text)),
        StepKind::Break {
            label,
            value,
            is_result,
        } => leaving(*label, value.as_ref(), *is_result),
        StepKind::Continue { label: None } => "next round".to_owned(),
        StepKind::Continue { label: Some(label) } => {
            format!("next round of the loop {}", code(label.name))
        }
        _ => return None,
    })
}

fn leaving(label: Option<Label<'_>>, value: Option<&Expr<'_>>, is_result: bool) -> String {
    let mut text = match label {
        Some(label) => format!("`break` out of {}", code(label.name)),
        None => "`break`".to_owned(),
    };
    if let Some(value) = value {
        let word = if is_result { "returning" } else { "giving" };
        text.put(format_args!(", {word} {}", code(value.text)));
    }
    text
}

fn attempt(handlers: &[Handler<'_>], has_finally: bool) -> String {
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
    format!("try{catches}{}", if has_finally { ", finally" } else { "" })
}
