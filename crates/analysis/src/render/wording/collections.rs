//! Collections, comprehensions and what loops go through.

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
        let is_plain = items.len() <= 4 && items.iter().all(|item| item.text.len() < 60);
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

    /// `each item of numbers`: what a for-each loop goes through.
    pub(crate) fn each(&self, target: Option<&str>, iterable: &Expr<'a>) -> String {
        let name = code(target.unwrap_or("item"));
        if self.language == Language::Python
            && let ExprKind::Call {
                callee, arguments, ..
            } = &iterable.kind
            && !self.defines(callee.text)
        {
            let names: Vec<String> = target
                .unwrap_or_default()
                .trim_matches(['(', ')'])
                .split(',')
                .map(|name| code(name.trim()))
                .collect();
            match (callee.text, arguments.as_slice(), names.as_slice()) {
                ("range", _, [_]) => {
                    if let Some(range) = self.range(&name, arguments) {
                        return range;
                    }
                }
                ("enumerate", [items], [position, item]) => {
                    return format!(
                        "each {item} of {}, with its position in {position}",
                        self.noun(items)
                    );
                }
                ("zip", _, _) if names.len() == arguments.len() => {
                    let sources: Vec<String> = arguments
                        .iter()
                        .map(|argument| self.noun(argument))
                        .collect();
                    return format!(
                        "each {} taken side by side from {}",
                        join(&names, "and"),
                        join(&sources, "and")
                    );
                }
                _ => {}
            }
            if let ExprKind::Member {
                object,
                name: "items",
            } = &callee.kind
                && let [key, value] = names.as_slice()
            {
                return format!(
                    "each entry of {}, with its key in {key} and its value in {value}",
                    self.noun(object)
                );
            }
        }
        if self.language == Language::Rust
            && let ExprKind::Reference(inner) = &iterable.kind
        {
            return format!(
                "each {name} of {}, which is only borrowed",
                self.noun(inner)
            );
        }
        if self.language == Language::Rust
            && let Some((low, high)) = iterable.text.split_once("..")
            && !low.contains(['(', '"'])
            && !low.is_empty()
            && !high.is_empty()
            && !high.contains('(')
        {
            return match high.strip_prefix('=') {
                Some(last) => format!("each {name} from {} up to {}", code(low), code(last)),
                None => format!(
                    "each {name} from {} up to, but not including, {}",
                    code(low),
                    code(high)
                ),
            };
        }
        format!("each {name} of {}", self.noun(iterable))
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
