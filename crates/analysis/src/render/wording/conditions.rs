//! Conditions as clauses.

#![expect(
    clippy::wildcard_enum_match_arm,
    reason = "the facts have many variants; this looks for a few of them"
)]

use domain::language::Language;

use super::{WORDED_CHARS_MAX, code};
use crate::facts::{Expr, ExprKind};
use crate::scope::{Nature, Scope};

impl<'a> Scope<'a> {
    /// A condition as a clause: `low` is greater than `high`.
    pub(crate) fn condition(&self, value: &Expr<'a>) -> String {
        if value.text.len() > 2 * WORDED_CHARS_MAX {
            return format!("{} holds", code(value.text));
        }
        match &value.kind {
            ExprKind::Binary {
                operator: operator @ ("and" | "&&" | "or" | "||"),
                left,
                right,
            } => {
                let word = if matches!(*operator, "and" | "&&") {
                    "and"
                } else {
                    "or"
                };
                format!(
                    "{} {word} {}",
                    self.grouped(left, operator),
                    self.grouped(right, operator)
                )
            }
            ExprKind::Binary {
                operator,
                left,
                right,
            } => self.comparison(operator, left, right),
            ExprKind::Not(inner) => self.negated(inner),
            ExprKind::Call {
                callee, arguments, ..
            } if callee.text == "isinstance" && arguments.len() == 2 => {
                let names: Vec<String> = arguments
                    .iter()
                    .map(|argument| code(argument.text))
                    .collect();
                format!(
                    "{} is an instance of {}",
                    names.first().map_or("", String::as_str),
                    names.last().map_or("", String::as_str)
                )
            }
            ExprKind::Bool(true) => "always".to_owned(),
            ExprKind::Call {
                callee, arguments, ..
            } => match self.test(callee, arguments, true) {
                Some(text) => text,
                None => format!("{} holds", code(value.text)),
            },
            ExprKind::Name | ExprKind::Member { .. } | ExprKind::Index { .. } => {
                self.truth(value, true)
            }
            ExprKind::Await(inner) => format!("{}, once it is ready", self.condition(inner)),
            _ => format!("{} holds", code(value.text)),
        }
    }

    pub(super) fn grouped(&self, side: &Expr<'a>, around: &str) -> String {
        let is_mixed = matches!(&side.kind, ExprKind::Binary { operator: inner @ ("and" | "&&" | "or" | "||"), .. } if *inner != around);
        if is_mixed {
            format!("({})", self.condition(side))
        } else {
            self.condition(side)
        }
    }

    pub(super) fn negated(&self, inner: &Expr<'a>) -> String {
        match &inner.kind {
            ExprKind::Binary {
                operator: "matches",
                left,
                right,
            } => format!("{} does not match {}", self.noun(left), code(right.text)),
            ExprKind::Call {
                callee, arguments, ..
            } => match self.test(callee, arguments, false) {
                Some(text) => text,
                None => format!("{} does not hold", code(inner.text)),
            },
            ExprKind::Name | ExprKind::Member { .. } | ExprKind::Index { .. } => {
                self.truth(inner, false)
            }
            _ => format!("it is not so that {}", self.condition(inner)),
        }
    }

    /// What a value means as a condition.
    pub(super) fn truth(&self, value: &Expr<'a>, is_true: bool) -> String {
        let name = code(value.text);
        match (self.language, self.of(value)) {
            (Language::Rust | Language::Go | Language::Java, _) | (_, Nature::Bool) => {
                format!("{name} is {}", if is_true { "true" } else { "false" })
            }
            (Language::Python, Nature::List | Nature::Map | Nature::Set | Nature::Text) => {
                format!("{name} is {}", if is_true { "not empty" } else { "empty" })
            }
            (Language::Python | Language::JavaScript | Language::TypeScript, _) => {
                format!(
                    "{name} counts as {}",
                    if is_true { "true" } else { "false" }
                )
            }
            (_, _) if is_true => format!("{name} is set (not zero, null or false)"),
            (_, _) => format!("{name} is not set (zero, null or false)"),
        }
    }

    /// A call that answers yes or no, in words.
    pub(super) fn test(
        &self,
        callee: &Expr<'a>,
        arguments: &[Expr<'a>],
        is_true: bool,
    ) -> Option<String> {
        let ExprKind::Member { object, name } = &callee.kind else {
            return None;
        };
        let is = if is_true { "is" } else { "is not" };
        let does = |yes: &str, no: &str| {
            if is_true {
                yes.to_owned()
            } else {
                no.to_owned()
            }
        };
        let owner = self.noun(object);
        match (*name, arguments) {
            ("is_empty" | "empty" | "isEmpty", []) => Some(format!("{owner} {is} empty")),
            ("isalnum", []) => Some(format!("{owner} {is} a letter or digit")),
            ("isalpha", []) => Some(format!("{owner} {is} a letter")),
            ("isdigit", []) => Some(format!("{owner} {is} a digit")),
            ("is_none", []) => Some(format!("{owner} {is} `None`")),
            ("is_some", []) => Some(format!(
                "{owner} {}",
                does("holds a value", "holds no value")
            )),
            ("startswith" | "startsWith" | "starts_with", [prefix]) => Some(format!(
                "{owner} {} {}",
                does("starts with", "does not start with"),
                self.noun(prefix)
            )),
            ("endswith" | "endsWith" | "ends_with", [suffix]) => Some(format!(
                "{owner} {} {}",
                does("ends with", "does not end with"),
                self.noun(suffix)
            )),
            ("contains" | "includes", [item]) => Some(format!(
                "{owner} {} {}",
                does("contains", "does not contain"),
                self.noun(item)
            )),
            ("has" | "containsKey" | "contains_key", [key]) => Some(format!(
                "{owner} {} {}",
                does("has an entry for", "has no entry for"),
                self.noun(key)
            )),
            ("equals", [other]) => Some(format!(
                "{owner} {} {}",
                does("equals", "does not equal"),
                self.noun(other)
            )),
            _ => None,
        }
    }

    pub(super) fn comparison(&self, operator: &str, left: &Expr<'a>, right: &Expr<'a>) -> String {
        let is_plural = matches!(&left.kind, ExprKind::Collection { .. });
        let first = if is_plural {
            code(left.text)
        } else {
            self.noun(left)
        };
        let second = match &right.kind {
            ExprKind::Collection { items, .. } if !items.is_empty() => code(right.text),
            _ => self.noun(right),
        };
        if left.is("__name__")
            && right.text.trim_matches(['"', '\'']) == "__main__"
            && operator == "=="
        {
            return "the file is run itself, not imported".to_owned();
        }
        if let Some(text) = self.divisible(operator, left, right) {
            return text;
        }
        let flat: String = operator.split_whitespace().collect::<Vec<_>>().join(" ");
        let is_nothing = matches!(right.kind, ExprKind::Null);
        let is_script = self.is_script();
        let relation = match (flat.as_str(), self.language) {
            ("==", _) if is_nothing && is_script => {
                return format!("{first} is `null` or `undefined`");
            }
            ("!=", _) if is_nothing && is_script => {
                return format!("{first} is neither `null` nor `undefined`");
            }
            ("==" | "===", _) if is_nothing => "is",
            ("!=" | "!==", _) if is_nothing => "is not",
            ("==", Language::Java) => "is the same as",
            ("!=", Language::Java) => "is not the same as",
            ("==", Language::JavaScript | Language::TypeScript) => "loosely equals",
            ("!=", Language::JavaScript | Language::TypeScript) => "does not loosely equal",
            ("==" | "===", _) => "equals",
            ("!=" | "!==" | "<>", _) => "differs from",
            ("<", _) => "is less than",
            (">", _) => "is greater than",
            ("<=", _) => "is at most",
            (">=", _) => "is at least",
            ("in", _) if matches!(right.kind, ExprKind::Collection { .. }) => "is one of",
            ("not in", _) if matches!(right.kind, ExprKind::Collection { .. }) => "is none of",
            ("in", _) => "is in",
            ("not in", _) => "is not in",
            ("is", _) => "is",
            ("is not", _) => "is not",
            ("matches", _) => "matches",
            ("instanceof", _) => "is an instance of",
            _ => {
                return format!(
                    "{} holds",
                    code(&format!("{} {operator} {}", left.text, right.text))
                );
            }
        };
        format!("{first} {relation} {second}")
    }

    /// `x % 2 == 0` asks whether x is divisible by 2.
    fn divisible(&self, operator: &str, left: &Expr<'a>, right: &Expr<'a>) -> Option<String> {
        let remainder_is_zero = matches!(&left.kind, ExprKind::Binary { operator: "%", .. })
            && right.number() == Some(0);
        if remainder_is_zero
            && let ExprKind::Binary {
                left: value,
                right: divisor,
                ..
            } = &left.kind
            && matches!(operator, "==" | "===" | "!=" | "!==")
        {
            let is = if operator.starts_with('=') {
                "is"
            } else {
                "is not"
            };
            return Some(format!(
                "{} {is} divisible by {}",
                self.noun(value),
                self.noun(divisor)
            ));
        }
        None
    }
}
