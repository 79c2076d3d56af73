//! Sentences from clauses, and words from names.

use super::narrate::{self, Told};
use crate::facts::{Class, ClassKind};
use crate::render::wording::code;

/// How a clause starts that is not an action.
const LEADS: [&str; 12] = [
    "if ",
    "otherwise",
    "for ",
    "when ",
    "as long as ",
    "in any other case",
    "in the end",
    "once ",
    "repeat ",
    "first ",
    "nothing ",
    "this part ",
];

const VERBS: &[&str] = &[
    "set",
    "add",
    "return",
    "stop",
    "raise",
    "throw",
    "leave",
    "skip",
    "call",
    "print",
    "swap",
    "subtract",
    "multiply",
    "divide",
    "update",
    "store",
    "take",
    "hand",
    "wait",
    "check",
    "delete",
    "arrange",
    "use",
    "keep",
    "turn",
    "collect",
    "let",
    "work",
    "start",
    "send",
    "run",
    "load",
    "declare",
    "evaluate",
    "do",
    "open",
    "try",
    "go",
    "choose",
    "define",
    "pause",
    "ignore",
    "give",
    "initialise",
];

/// A sentence from an imperative: a capital first letter and a full stop, or a colon when something follows.
pub(crate) fn imperative(told: &Told) -> String {
    let end = if told.inner.is_empty() { '.' } else { ':' };
    format!("{}{end}", capital(&told.text.replace(narrate::FOLD, " ")))
}

/// The same in the third person: `set x to 0` becomes `It sets x to 0`.
pub(crate) fn third_person(text: &str) -> String {
    let mut out = String::new();
    for (index, part) in text.split("; set ").enumerate() {
        if index > 0 {
            out.push_str(" and sets ");
            out.push_str(part);
            continue;
        }
        out.push_str(&third_person_clause(part));
    }
    out
}

pub(super) fn third_person_clause(text: &str) -> String {
    if let Some((head, action)) = text.split_once(narrate::FOLD) {
        return format!("{head} {}", third_person_clause(action));
    }
    if LEADS.iter().any(|lead| text.starts_with(lead)) {
        text.replacen("repeat", "it repeats", 1)
    } else {
        format!("it {}", conjugate(text))
    }
}

pub(super) fn is_verb(text: &str) -> bool {
    VERBS.contains(&text.split(' ').next().unwrap_or_default())
}

pub(super) fn conjugate(text: &str) -> String {
    let (verb, rest) = text
        .split_once(' ')
        .map_or((text, String::new()), |(verb, rest)| {
            (verb, format!(" {rest}"))
        });
    let verb = match verb {
        "do" => "does".to_owned(),
        "go" => "goes".to_owned(),
        "try" => "tries".to_owned(),
        "apply" => "applies".to_owned(),
        "multiply" => "multiplies".to_owned(),
        _ if is_verb(verb) => format!("{verb}s"),
        _ => verb.to_owned(),
    };
    let rest = rest
        .replace(" here and return nothing", " here and returns nothing")
        .replace("loop and return ", "loop and returns ")
        .replace(" and pause until", " and pauses until")
        .replace(", and clean up", ", and cleans up")
        .replace(", and fail if", ", and fails if");
    format!("{verb}{rest}")
}

pub(crate) fn capital(text: &str) -> String {
    let mut letters = text.chars();
    match letters.next() {
        Some(first) => first.to_uppercase().chain(letters).collect(),
        None => String::new(),
    }
}

/// `line 3` or `lines 3–7`.
pub(crate) fn lines(first: u32, last: u32) -> String {
    if last > first {
        format!("lines {first}–{last}")
    } else {
        format!("line {first}")
    }
}

/// What a type is called.
pub(crate) const fn class_word(kind: ClassKind) -> &'static str {
    match kind {
        ClassKind::Class => "class",
        ClassKind::Struct => "structure",
        ClassKind::Enum => "enumeration",
        ClassKind::Interface => "interface",
        ClassKind::Trait => "trait",
        ClassKind::Implementation => "implementation",
        ClassKind::TypeAlias => "type",
        ClassKind::Namespace => "namespace",
    }
}

/// What a type is called with its name: "the class `Stack`" without the article.
pub(crate) fn class_title(class: &Class<'_>) -> String {
    match class.bases.first() {
        Some(base) if class.kind == ClassKind::Implementation => {
            format!("implementation of {} for {}", code(base), code(class.name))
        }
        _ => format!("{} {}", class_word(class.kind), code(class.name)),
    }
}
