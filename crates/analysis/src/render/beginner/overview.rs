//! The first sentences: what the code defines.

#![expect(
    clippy::wildcard_enum_match_arm,
    reason = "the facts have many variants; this looks for a few of them"
)]

use super::super::{Shown, View, capital, class_title, class_word};
use super::gist;
use crate::facts::{Class, ClassKind, ExprKind, Step, StepKind, each_step};
use crate::render::wording::{code, join};
use crate::text::Put;

/// Most names that are listed of one kind.
const NAMES_MAX: usize = 8;

/// Most members that are listed of one class.
const MEMBERS_MAX: usize = 12;

/// What the code defines, in a sentence or two.
pub(super) fn overview(
    view: &View<'_, '_>,
    functions: &[Shown<'_, '_>],
    classes: &[(&Class<'_>, &Step<'_>)],
) -> String {
    let language = view.language.title();
    match (functions, classes) {
        ([], []) => {
            format!("This is {language} code: a list of steps that run from top to bottom.\n")
        }
        ([only], []) => format!(
            "This is {language} code with one function, {}. {}\n",
            only.full_name(),
            gist::gist(only)
        ),
        _ => format!(
            "This is {language} code that defines {}.\n",
            defined(functions, classes)
        ),
    }
}

fn defined(functions: &[Shown<'_, '_>], classes: &[(&Class<'_>, &Step<'_>)]) -> String {
    let mut parts = Vec::new();
    let mut kinds: Vec<ClassKind> = Vec::new();
    for (class, _) in classes {
        if class.kind != ClassKind::Implementation && !kinds.contains(&class.kind) {
            kinds.push(class.kind);
        }
    }
    for kind in kinds {
        let names: Vec<String> = classes
            .iter()
            .filter(|(class, _)| class.kind == kind)
            .map(|(class, _)| code(class.name))
            .collect();
        parts.push(listed(class_word(kind), &names));
    }
    let free: Vec<String> = functions
        .iter()
        .filter(|shown| shown.class.is_none() && !is_inner(shown, functions))
        .map(Shown::full_name)
        .collect();
    if !free.is_empty() {
        parts.push(listed("function", &free));
    }
    if parts.is_empty() {
        "methods for types that are defined elsewhere".to_owned()
    } else {
        join(&parts, "and")
    }
}

/// `the functions a and b`, with the number of those that are left out.
fn listed(kind: &str, names: &[String]) -> String {
    let plural = match kind {
        "class" => "classes",
        "structure" => "structures",
        "enumeration" => "enumerations",
        "interface" => "interfaces",
        "trait" => "traits",
        "type" => "types",
        "namespace" => "namespaces",
        _ => "functions",
    };
    match names {
        [only] => format!("the {kind} {only}"),
        _ if names.len() > NAMES_MAX => format!(
            "the {plural} {} and {} more",
            names.get(..NAMES_MAX).unwrap_or(names).join(", "),
            names.len() - NAMES_MAX
        ),
        _ => format!("the {plural} {}", join(names, "and")),
    }
}

fn is_inner(shown: &Shown<'_, '_>, functions: &[Shown<'_, '_>]) -> bool {
    functions.iter().any(|outer| {
        outer.step.line < shown.step.line && outer.step.end_line >= shown.step.end_line
    })
}

/// A section about a class.
pub(super) fn describe(class: &Class<'_>, out: &mut String) {
    if class.kind == ClassKind::Namespace {
        return;
    }
    out.put(format_args!(
        "\n## {}\n\n",
        capital(&format!("the {}", class_title(class)))
    ));
    let mut sentences: Vec<String> = Vec::new();
    if let Some(doc) = &class.doc {
        sentences.push(format!("In the words of its author: “{doc}”"));
    }
    if !class.bases.is_empty() && !matches!(class.kind, ClassKind::Implementation | ClassKind::Enum)
    {
        let bases: Vec<String> = class
            .bases
            .iter()
            .take(NAMES_MAX)
            .map(|base| code(base))
            .collect();
        sentences.push(format!("It builds on {}.", join(&bases, "and")));
    }
    sentences.extend(fields(class));
    sentences.extend(methods(class));
    if sentences.is_empty() {
        sentences.push(if class.is_partial {
            "What it holds could not be read.".to_owned()
        } else {
            "It has no fields or methods of its own.".to_owned()
        });
    }
    out.push_str(&sentences.join(" "));
    out.push('\n');
}

fn fields(class: &Class<'_>) -> Option<String> {
    let mut names: Vec<String> = class.fields.iter().map(|field| code(field.name)).collect();
    if names.is_empty() {
        names = own_fields(class);
    }
    if names.len() > MEMBERS_MAX {
        let more = names.len() - MEMBERS_MAX;
        names.truncate(MEMBERS_MAX);
        names.push(format!("{more} more"));
    }
    let last = if class.kind == ClassKind::Enum {
        "or"
    } else {
        "and"
    };
    let list = join(&names, last);
    match class.kind {
        _ if names.is_empty() => None,
        ClassKind::Enum => Some(format!("It is one of {list}.")),
        ClassKind::Interface => Some(format!("Whatever is of this kind has {list}.")),
        _ => Some(format!("Each one holds {list}.")),
    }
}

fn methods(class: &Class<'_>) -> Option<String> {
    let mut names: Vec<String> = class
        .body
        .iter()
        .filter_map(|step| match &step.kind {
            StepKind::Function(function)
                if !gist::is_special(function) && !function.name.starts_with("__") =>
            {
                Some(code(function.name))
            }
            _ => None,
        })
        .collect();
    names.truncate(MEMBERS_MAX);
    (!names.is_empty()).then(|| format!("It offers {}.", join(&names, "and")))
}

/// What a constructor sets on the new object, when the class declares no fields.
fn own_fields(class: &Class<'_>) -> Vec<String> {
    let mut fields = Vec::new();
    for step in &class.body {
        let StepKind::Function(function) = &step.kind else {
            continue;
        };
        if !function.is_constructor {
            continue;
        }
        each_step(&function.body, &mut |inner| {
            if let StepKind::Assign { target, .. } = &inner.kind
                && let ExprKind::Member { object, name } = &target.kind
                && matches!(object.text, "self" | "this")
                && !fields.contains(&code(name))
            {
                fields.push(code(name));
            }
        });
    }
    fields
}
