//! Calls as noun phrases.

#![expect(
    clippy::wildcard_enum_match_arm,
    reason = "the facts have many variants; this looks for a few of them"
)]

use domain::language::Language;

use super::{code, join};
use crate::facts::{Expr, ExprKind, last_segment};
use crate::scope::{Nature, Scope};
use crate::text::Put;

impl<'a> Scope<'a> {
    /// `any` and `all` over a generator: whether a condition holds for one or for each.
    fn whether(&self, name: &str, argument: &Expr<'a>) -> Option<String> {
        let ExprKind::Comprehension {
            element, clauses, ..
        } = &argument.kind
        else {
            return None;
        };
        let ([condition], [clause]) = (element.as_slice(), clauses.as_slice()) else {
            return None;
        };
        if !clause.conditions.is_empty() {
            return None;
        }
        let each = self.each(Some(clause.target), &clause.iterable);
        let each = if name == "any" {
            each.replacen("each", "some", 1)
        } else {
            each
        };
        Some(format!("whether {} for {each}", self.condition(condition)))
    }

    pub(super) fn call(
        &self,
        whole: &Expr<'a>,
        callee: &Expr<'a>,
        arguments: &[Expr<'a>],
        is_new: bool,
    ) -> Option<String> {
        if is_new {
            let name = last_segment(callee.text);
            return Some(if arguments.is_empty() {
                format!("a new `{name}`")
            } else {
                format!("a new object, {}", code(whole.text))
            });
        }
        if let ExprKind::Member { object, name } = &callee.kind {
            return self.method(object, name, arguments);
        }
        let name = last_segment(callee.text);
        if self.defines(name) {
            return Some(format!("the result of {}", code(whole.text)));
        }
        let empty = |what: &str| arguments.is_empty().then(|| format!("an empty {what}"));
        match (self.language, callee.text) {
            (Language::Rust, "Vec::new") => return empty("vector"),
            (Language::Rust, "HashMap::new" | "BTreeMap::new") => return empty("map"),
            (Language::Rust, "HashSet::new" | "BTreeSet::new") => return empty("set"),
            (Language::Rust, "String::new") => return empty("text"),
            (Language::Cpp, "std::max" | "std::min" | "max" | "min") => {
                return self.extreme(name, arguments);
            }
            (Language::Go, "make") => {
                let type_text = arguments.first()?.text;
                return match (type_text.strip_prefix("chan "), arguments.get(1)) {
                    (Some(item), None) => Some(format!("a new channel for {}", code(item))),
                    (Some(item), Some(room)) => Some(format!(
                        "a new channel for {} with room for {}",
                        code(item),
                        self.noun(room)
                    )),
                    (None, None) if type_text.starts_with("map[") => {
                        Some("an empty map".to_owned())
                    }
                    (None, _) => None,
                };
            }
            (Language::Go, "len") => {
                return Some(format!("the length of {}", self.noun(arguments.first()?)));
            }
            _ => {}
        }
        self.built_in(callee, arguments)
    }

    /// A built-in function of Python.
    fn built_in(&self, callee: &Expr<'a>, arguments: &[Expr<'a>]) -> Option<String> {
        if self.language != Language::Python {
            return None;
        }
        let first = arguments.first().map(|first| {
            self.noun(first)
                .trim_start_matches("a stream of ")
                .to_owned()
        });
        match (callee.text, arguments.len()) {
            ("isinstance", 2) => Some(format!(
                "whether {} is an instance of {}",
                first?,
                code(arguments.get(1)?.text)
            )),
            ("any" | "all", 1) => self.whether(callee.text, arguments.first()?),
            ("len", 1) => Some(format!("the length of {}", first?)),
            ("sum", 1) => Some(format!("the sum of {}", first?)),
            ("max" | "min", _) => self.extreme(callee.text, arguments),
            ("abs", 1) => Some(format!("the absolute value of {}", first?)),
            ("sorted", 1) => Some(format!("a sorted copy of {}", first?)),
            ("sorted", _) => self.sorted(arguments),
            ("set", 0) => Some("an empty set".to_owned()),
            ("list", 0) => Some("an empty list".to_owned()),
            ("dict", 0) => Some("an empty dictionary".to_owned()),
            ("set", 1) => Some(format!("the distinct items of {}", first?)),
            ("list", 1) => Some(format!("a list of {}", first?)),
            ("int", 1) => Some(format!("{} as a whole number", first?)),
            ("str", 1) => Some(format!("{} as text", first?)),
            ("float", 1) => Some(format!("{} as a decimal number", first?)),
            ("reversed", 1) => Some(format!("{} in reverse", first?)),
            _ => None,
        }
    }

    pub(super) fn sorted(&self, arguments: &[Expr<'a>]) -> Option<String> {
        let mut text = format!("a sorted copy of {}", self.noun(arguments.first()?));
        for argument in arguments.get(1..)? {
            match &argument.kind {
                ExprKind::Keyword {
                    name: "reverse",
                    value,
                } if matches!(value.kind, ExprKind::Bool(true)) => {
                    text.push_str(", largest first");
                }
                ExprKind::Keyword { name: "key", value } => match &value.kind {
                    ExprKind::Lambda { body, .. } => {
                        text.put(format_args!(", ordered by {} of each", code(body.text)));
                    }
                    _ => text.put(format_args!(", ordered by {}", code(value.text))),
                },
                _ => return None,
            }
        }
        Some(text)
    }

    pub(super) fn extreme(&self, name: &str, arguments: &[Expr<'a>]) -> Option<String> {
        if arguments.iter().any(|argument| {
            matches!(
                argument.kind,
                ExprKind::Keyword { .. } | ExprKind::Lambda { .. }
            )
        }) {
            return None;
        }
        match arguments {
            [only] => Some(format!(
                "the {} item of {}",
                if name == "max" { "largest" } else { "smallest" },
                self.noun(only)
            )),
            [_, _] => {
                let names: Vec<String> = arguments
                    .iter()
                    .map(|argument| self.noun(argument))
                    .collect();
                Some(format!(
                    "the {} of {}",
                    if name == "max" { "larger" } else { "smaller" },
                    join(&names, "and")
                ))
            }
            _ => None,
        }
    }

    pub(super) fn method(
        &self,
        object: &Expr<'a>,
        name: &str,
        arguments: &[Expr<'a>],
    ) -> Option<String> {
        let owner = || self.noun(object);
        match (self.language, name, arguments) {
            (
                Language::JavaScript | Language::TypeScript | Language::Java,
                "max" | "min",
                [_, _],
            ) if object.is("Math") => self.extreme(name, arguments),
            (Language::Python, "get", [key, default]) => Some(format!(
                "the value of {} under {} ({} when there is none)",
                owner(),
                self.noun(key),
                self.noun(default)
            )),
            (Language::Python, "lower", []) => Some(format!("{} in lower case", owner())),
            (Language::Python, "upper", []) => Some(format!("{} in upper case", owner())),
            (Language::Python, "split", []) => Some(format!("the words of {}", owner())),
            (Language::Python, "strip", []) => {
                Some(format!("{} without the spaces around it", owner()))
            }
            (Language::Python, "items", []) => Some(format!("the entries of {}", owner())),
            (Language::Python, "pop", []) if self.of(object) == Nature::List => {
                Some(format!("the last item of {}, which is taken out", owner()))
            }
            (Language::Cpp | Language::Java, "size", [])
            | (Language::Rust, "len", [])
            | (Language::Java, "length", []) => Some(format!("the length of {}", owner())),
            (Language::Rust, "lines", []) => Some(format!("the lines of {}", owner())),
            _ => None,
        }
    }
}
