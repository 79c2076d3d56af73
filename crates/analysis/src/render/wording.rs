//! Expressions and conditions as English. What has no sure wording stays code in backticks.

#![expect(
    clippy::wildcard_enum_match_arm,
    reason = "the facts have many variants; this looks for a few of them"
)]

mod calls;
mod collections;
mod conditions;

use domain::language::Language;

use super::narrate::chains::{chain, chain_noun};
use crate::facts::{Expr, ExprKind};
use crate::scope::Scope;

/// Most characters of code quoted inside a sentence.
const QUOTED_CHARS_MAX: usize = 90;

/// Longest expression that is put into words; a longer one is clearer as code.
const WORDED_CHARS_MAX: usize = 120;

/// Code in backticks, on one line, cut when it is long.
pub(crate) fn code(text: &str) -> String {
    let mut flat = String::new();
    for word in text.split_whitespace() {
        // A chain of calls that goes over several lines.
        let is_link = word.starts_with('.') && word.chars().nth(1).is_some_and(char::is_alphabetic);
        if !flat.is_empty() && !is_link {
            flat.push(' ');
        }
        flat.push_str(word);
        if flat.len() > QUOTED_CHARS_MAX * 4 {
            break;
        }
    }
    if flat.chars().count() > QUOTED_CHARS_MAX {
        flat = flat.chars().take(QUOTED_CHARS_MAX - 2).collect::<String>() + " …";
    }
    if flat.contains('`') {
        format!("`` {flat} ``")
    } else if flat.is_empty() {
        "nothing".to_owned()
    } else {
        format!("`{flat}`")
    }
}

/// `a`, `a and b`, `a, b and c`.
pub(crate) fn join(items: &[String], last: &str) -> String {
    match items {
        [] => String::new(),
        [only] => only.clone(),
        [first @ .., end] => format!("{} {last} {end}", first.join(", ")),
    }
}

/// An expression as code; functions inside of it lose their bodies, which are told below.
pub(crate) fn quote(value: &Expr<'_>) -> String {
    quote_text(value.text, std::slice::from_ref(value))
}

/// The same for text that holds `parts`.
pub(crate) fn quote_text(text: &str, parts: &[Expr<'_>]) -> String {
    let mut shown = text.to_owned();
    for part in parts {
        part.each(&mut |inner| {
            if let ExprKind::Lambda { body, steps } = &inner.kind
                && !steps.is_empty()
            {
                shown = shown.replacen(body.text, "{ … }", 1);
            }
        });
    }
    code(&shown)
}

impl<'a> Scope<'a> {
    /// An expression as a noun phrase.
    pub(crate) fn noun(&self, value: &Expr<'a>) -> String {
        if value.text.len() > WORDED_CHARS_MAX
            && !matches!(
                value.kind,
                ExprKind::Comprehension { .. } | ExprKind::Choice(_) | ExprKind::Lambda { .. }
            )
        {
            return match (&value.kind, chain(value)) {
                (_, Some(chain)) => chain_noun(&chain),
                (ExprKind::Propagate(inner), None) => {
                    format!(
                        "{} (a failure is passed up to the caller)",
                        self.noun(inner)
                    )
                }
                (ExprKind::Await(inner), None) => {
                    format!("{} (once it is ready)", self.noun(inner))
                }
                _ => quote(value),
            };
        }
        match chain(value) {
            Some(chain) => chain_noun(&chain),
            None => self.worded(value).unwrap_or_else(|| quote(value)),
        }
    }

    /// The noun phrase, when it says more than the code does.
    fn worded(&self, value: &Expr<'a>) -> Option<String> {
        match &value.kind {
            ExprKind::Number => Some(value.text.to_owned()).filter(|text| {
                text.len() < 12 && text.chars().all(|c| c.is_ascii_digit() || c == '.')
            }),
            ExprKind::Unary {
                operator: "-",
                operand,
            } if matches!(operand.kind, ExprKind::Number) => Some(format!("−{}", operand.text)),
            ExprKind::Text if matches!(value.text, "\"\"" | "''") => {
                Some("an empty text".to_owned())
            }
            ExprKind::Call {
                callee,
                arguments,
                is_new,
            } => self.call(value, callee, arguments, *is_new),
            ExprKind::Member {
                object,
                name: "length",
            } if matches!(
                self.language,
                Language::JavaScript | Language::TypeScript | Language::Java
            ) =>
            {
                Some(format!("the length of {}", self.noun(object)))
            }
            ExprKind::Binary {
                operator,
                left,
                right,
            } => self.arithmetic(operator, left, right),
            ExprKind::Collection { shape, items } => self.collection(*shape, items),
            ExprKind::Conditional {
                condition,
                then,
                otherwise,
            } => Some(format!(
                "{} if {}, otherwise {}",
                self.noun(then),
                self.condition(condition),
                self.noun(otherwise)
            )),
            ExprKind::Comprehension {
                shape,
                element,
                clauses,
            } => self.comprehension(*shape, element, clauses),
            ExprKind::Await(inner) => Some(format!("{} (once it is ready)", self.noun(inner))),
            ExprKind::Propagate(inner) => Some(format!(
                "{} (a failure is passed up to the caller)",
                self.noun(inner)
            )),
            ExprKind::Lambda { steps, .. } if !steps.is_empty() => Some("a function".to_owned()),
            ExprKind::Lambda { .. } => Some(format!("the small function {}", code(value.text))),
            ExprKind::Choice(step) => Some(super::narrate::choice_name(step)),
            ExprKind::Keyword { name, value } => Some(format!("`{name}` as {}", self.noun(value))),
            ExprKind::Slice {
                object: Some(object),
            } if self.language == Language::Python => self.slice(value, object),
            ExprKind::Macro { name } if *name == "vec" && matches!(value.text, "vec![]") => {
                Some("an empty vector".to_owned())
            }
            _ => None,
        }
    }

    fn arithmetic(&self, operator: &str, left: &Expr<'a>, right: &Expr<'a>) -> Option<String> {
        let is_python = self.language == Language::Python;
        let is_flat = |side: &Expr<'_>| {
            !matches!(
                side.kind,
                ExprKind::Binary {
                    operator: "/" | "//" | "%",
                    ..
                } | ExprKind::Conditional { .. }
            )
        };
        if !is_flat(left) || !is_flat(right) {
            return None;
        }
        let (first, second) = (self.noun(left), self.noun(right));
        match operator {
            "/" => Some(format!("{first} divided by {second}")),
            "//" if is_python => Some(format!("{first} divided by {second}, rounded down")),
            "%" if !matches!(left.kind, ExprKind::Text) => {
                Some(format!("the remainder of {first} divided by {second}"))
            }
            "**" if is_python => Some(format!("{first} to the power of {second}")),
            "-" | "+"
                if self
                    .worded(left)
                    .is_some_and(|text| text.starts_with("the length"))
                    && !matches!(right.kind, ExprKind::Binary { .. }) =>
            {
                Some(format!(
                    "{first} {} {second}",
                    if operator == "-" { "minus" } else { "plus" }
                ))
            }
            "==" | "!=" | "<" | ">" | "<=" | ">=" | "===" | "!==" | "in" | "not in" | "is"
            | "is not" => Some(format!(
                "whether {}",
                self.comparison(operator, left, right)
            )),
            _ => None,
        }
    }
}
