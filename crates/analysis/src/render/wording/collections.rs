//! Collections, comprehensions and what loops go through.

#![expect(
    clippy::wildcard_enum_match_arm,
    reason = "the facts have many variants; this looks for a few of them"
)]

use domain::language::Language;

use super::{code, join};
use crate::facts::{Clause, Expr, ExprKind, Shape};
use crate::scope::Scope;
use crate::text::Put;

impl<'a> Scope<'a> {
    pub(super) fn collection(&self, shape: Shape, items: &[Expr<'a>]) -> Option<String> {
        if items.is_empty() {
            let name = match (shape, self.language) {
                (Shape::List, Language::Python) => "an empty list",
                (Shape::List, Language::Go) => "an empty slice",
                (Shape::List, _) => "an empty array",
                (Shape::Map, Language::Python) => "an empty dictionary",
                (Shape::Map, Language::Go) => "an empty map",
                (Shape::Map, _) => "an empty object",
                (Shape::Set, _) => "an empty set",
                (Shape::Tuple, _) => "an empty tuple",
                (Shape::Generator, _) => return None,
            };
            return Some(name.to_owned());
        }
        let is_plain = items.len() <= 4
            && items.iter().all(|item| {
                item.text.len() < 60
                    && matches!(
                        item.kind,
                        ExprKind::Name
                            | ExprKind::Number
                            | ExprKind::Text
                            | ExprKind::Member { .. }
                            | ExprKind::Index { .. }
                    )
            });
        (shape == Shape::Tuple && is_plain).then(|| {
            let names: Vec<String> = items.iter().map(|item| self.noun(item)).collect();
            join(&names, "and")
        })
    }

    pub(super) fn comprehension(
        &self,
        shape: Shape,
        element: &[Expr<'a>],
        clauses: &[Clause<'a>],
    ) -> Option<String> {
        let kind = match shape {
            Shape::List => "a list",
            Shape::Set => "a set",
            Shape::Map => "a dictionary",
            Shape::Tuple | Shape::Generator => "a stream",
        };
        let made = match element {
            [key, value] => format!("that maps {} to {}", code(key.text), self.noun(value)),
            [only] => format!("of {}", self.noun(only)),
            _ => return None,
        };
        let mut text = format!("{kind} {made}");
        for clause in clauses {
            text.put(format_args!(
                " for {}",
                self.each(Some(clause.target), &clause.iterable)
            ));
            let conditions: Vec<String> = clause
                .conditions
                .iter()
                .map(|condition| self.condition(condition))
                .collect();
            if !conditions.is_empty() {
                text.put(format_args!(
                    ", keeping only those where {}",
                    conditions.join(" and ")
                ));
            }
        }
        Some(text)
    }

    /// A Python slice: `the first n items of x`.
    pub(super) fn slice(&self, value: &Expr<'a>, object: &Expr<'a>) -> Option<String> {
        let bounds = value
            .text
            .get(object.text.len()..)?
            .trim()
            .strip_prefix('[')?
            .strip_suffix(']')?;
        if bounds == "::-1" {
            return Some(format!("{} in reverse", self.noun(object)));
        }
        let (low, high) = bounds.split_once(':')?;
        let (low, high) = (low.trim(), high.trim());
        let is_plain = |bound: &str| bound.chars().all(|c| c.is_alphanumeric() || c == '_');
        match (low, high) {
            ("", "") => Some(format!("a copy of {}", self.noun(object))),
            ("" | "0", end) if is_plain(end) => Some(format!(
                "the first {} items of {}",
                plain(end),
                self.noun(object)
            )),
            (start, "") if is_plain(start) => Some(format!(
                "{} without its first {} items",
                self.noun(object),
                plain(start)
            )),
            (start, "") if start.strip_prefix('-').is_some_and(is_plain) => Some(format!(
                "the last {} items of {}",
                plain(start.trim_start_matches('-')),
                self.noun(object)
            )),
            _ => None,
        }
    }

    /// `each item of numbers`: what a for-each loop goes through.
    pub(crate) fn each(&self, target: Option<&str>, iterable: &Expr<'a>) -> String {
        let name = code(target.unwrap_or("item"));
        let special = match self.language {
            Language::Python => self.python_each(&name, target.unwrap_or_default(), iterable),
            Language::Rust => self.rust_each(&name, target.unwrap_or_default(), iterable),
            _ => None,
        };
        special.unwrap_or_else(|| format!("each {name} of {}", self.noun(iterable)))
    }

    /// `range`, `enumerate`, `zip` and `items` of Python.
    fn python_each(&self, name: &str, target: &str, iterable: &Expr<'a>) -> Option<String> {
        let ExprKind::Call {
            callee, arguments, ..
        } = &iterable.kind
        else {
            return None;
        };
        if self.defines(callee.text) {
            return None;
        }
        let names: Vec<String> = target
            .trim_matches(['(', ')'])
            .split(',')
            .map(|name| code(name.trim()))
            .collect();
        match (callee.text, arguments.as_slice(), names.as_slice()) {
            ("range", _, [_]) => {
                if let Some(range) = self.range(name, arguments) {
                    return Some(range);
                }
            }
            (
                "enumerate",
                [
                    items,
                    Expr {
                        kind:
                            ExprKind::Keyword {
                                name: "start",
                                value,
                            },
                        ..
                    },
                ],
                [position, item],
            ) => {
                return Some(format!(
                    "each {item} of {}, counted in {position} from {}",
                    self.noun(items),
                    self.noun(value)
                ));
            }
            ("enumerate", [items], [position, item]) => {
                return Some(format!(
                    "each {item} of {}, with its position in {position}",
                    self.noun(items)
                ));
            }
            ("zip", _, _) if names.len() == arguments.len() => {
                return Some(self.side_by_side(&names, arguments));
            }
            _ => {}
        }
        if let ExprKind::Member {
            object,
            name: "items",
        } = &callee.kind
            && let [key, value] = names.as_slice()
        {
            return Some(format!(
                "each entry of {}, with its key in {key} and its value in {value}",
                self.noun(object)
            ));
        }
        None
    }

    fn side_by_side(&self, names: &[String], sources: &[Expr<'a>]) -> String {
        let sources: Vec<String> = sources.iter().map(|source| self.noun(source)).collect();
        format!(
            "each {} taken side by side from {}",
            join(names, "and"),
            join(&sources, "and")
        )
    }

    /// `enumerate`, borrowing and ranges of Rust.
    fn rust_each(&self, name: &str, target: &str, iterable: &Expr<'a>) -> Option<String> {
        if iterable.called() == Some("enumerate")
            && let ExprKind::Call { callee, .. } = &iterable.kind
            && let ExprKind::Member { object, .. } = &callee.kind
            && let Some((position, item)) = target.trim_matches(['(', ')']).split_once(',')
        {
            return Some(format!(
                "each {} of {}, with its position in {}",
                code(item.trim()),
                self.noun(object),
                code(position.trim())
            ));
        }
        if let ExprKind::Reference(inner) = &iterable.kind {
            return Some(format!(
                "each {name} of {}, which is only borrowed",
                self.noun(inner)
            ));
        }
        if let Some((low, high)) = iterable.text.split_once("..")
            && !low.contains(['(', '"'])
            && !low.is_empty()
            && !high.is_empty()
            && !high.contains('(')
        {
            return Some(match high.strip_prefix('=') {
                Some(last) => format!("each {name} from {} up to {}", code(low), code(last)),
                None => format!(
                    "each {name} from {} up to, but not including, {}",
                    code(low),
                    code(high)
                ),
            });
        }
        None
    }

    /// `each i from 0 up to n − 1`.
    pub(super) fn range(&self, name: &str, arguments: &[Expr<'a>]) -> Option<String> {
        let (start, stop, step) = match arguments {
            [stop] => ("0".to_owned(), stop, 1),
            [start, stop] => (self.noun(start), stop, 1),
            [start, stop, step] => (self.noun(start), stop, step.number()?),
            _ => return None,
        };
        let last = |down: i64| match stop.number() {
            Some(number) => (number + down).to_string().replace('-', "−"),
            None if matches!(stop.kind, ExprKind::Binary { .. }) => format!(
                "{} {} 1",
                code(&format!("({})", stop.text)),
                if down < 0 { "−" } else { "+" }
            ),
            None => format!("{} {} 1", self.noun(stop), if down < 0 { "−" } else { "+" }),
        };
        Some(match step {
            1 if matches!(stop.kind, ExprKind::Binary { .. }) => format!(
                "each {name} from {start} up to, but not including, {}",
                code(stop.text)
            ),
            1 => format!("each {name} from {start} up to {}", last(-1)),
            -1 => format!("each {name} from {start} down to {}", last(1)),
            0 => return None,
            up if up > 0 => format!(
                "each {name} from {start} up to, but not including, {}, in steps of {up}",
                self.noun(stop)
            ),
            down => format!(
                "each {name} from {start} down to, but not including, {}, in steps of {}",
                self.noun(stop),
                -down
            ),
        })
    }
}

/// A number as it is, a name as code.
fn plain(bound: &str) -> String {
    if bound.chars().all(|c| c.is_ascii_digit()) {
        bound.to_owned()
    } else {
        code(bound)
    }
}
