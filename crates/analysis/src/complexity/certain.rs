//! Whether an estimate may stand alone, without the sentences that qualify it. Doubt is enough for a no: what is told as data
//! must not be contradicted by the code.

#![expect(
    clippy::wildcard_enum_match_arm,
    reason = "the facts have many variants; this looks for a few of them"
)]

use domain::language::Language;

use super::calls::{CONSTANT, LINEAR};
use super::{Cost, Estimate, is_literal};
use crate::facts::{Expr, ExprKind, Step, StepKind, each_expression, each_step};
use crate::scope::Nature;
use crate::text::{has_word, is_listed};

/// What makes a collection of some size, as it is written.
const MAKES_COLLECTIONS: &[&str] = &[
    "make(",
    "alloc(",
    "vec![",
    "with_capacity",
    "Array(",
    "vector<",
    "string(",
    "repeat",
    "concat",
    "clone",
    "copy",
    "to_vec",
    "to_string",
    "to_owned",
    "toCharArray",
    "split",
    "collect",
    "Split",
    "Fields",
    "toString",
    "valueOf",
    "] *",
    "replace",
    "sorted",
    "join",
    "String(",
    "StringB",
    "lower",
    "upper",
    "toLower",
    "toUpper",
    "reverse",
    "append",
    "substr",
    "slice",
    "[:",
    ":]",
    "format",
    "Sprint",
    "Object.",
    "...",
    "bytes",
    "list(",
    "dict(",
    "set(",
    "tuple(",
];

/// What makes a bound of a loop something else than the size it is made from.
const CHANGES_SIZES: &[&str] = &["**", "<<", "pow", "sqrt", "*", "^", "factorial", "!"];

impl<'a> Estimate<'_, 'a> {
    /// The order of the time, when nothing puts it in doubt.
    pub(super) fn certain_time(&self) -> Option<String> {
        let is_open = !self.unknown_loops.is_empty()
            || !self.unknown_calls.is_empty()
            || !self.linear_calls.is_empty()
            || self.is_doubtful();
        if is_open {
            return None;
        }
        if self.terms.is_empty() {
            return Some("O(1)".to_owned());
        }
        Some(self.order(&self.terms))
    }

    /// The order of the additional space, likewise; `text` is the function as written.
    pub(super) fn certain_space(&self, text: &str) -> Option<String> {
        if !self.unknown_loops.is_empty() || !self.unknown_calls.is_empty() || self.is_doubtful() {
            return None;
        }
        match self.grown.as_slice() {
            [] => {
                // Types of parameters make nothing.
                let body = match self.scope.language {
                    Language::Python => text,
                    _ => text.split_once('{').map_or(text, |(_, body)| body),
                };
                let makes = MAKES_COLLECTIONS.iter().any(|word| body.contains(word))
                    || makes_array(body)
                    || self.keeps_texts();
                (!makes).then(|| "O(1)".to_owned())
            }
            grown => {
                let is_known = grown
                    .iter()
                    .all(|cost| self.terms.iter().any(|term| term.covers(cost)));
                is_known.then(|| self.order(grown))
            }
        }
    }

    /// Whether a text is added to in a loop: it grows, though nothing says by how much.
    fn keeps_texts(&self) -> bool {
        let mut keeps = false;
        each_step(&self.function.body, &mut |step| {
            keeps |= matches!(&step.kind, StepKind::Assign { target, operator: "+", .. }
                if matches!(self.scope.of(target), Nature::Text | Nature::List | Nature::Unknown)
                    && self.scope.language == Language::JavaScript);
        });
        keeps
    }

    /// `O(n · m + k)`: each power is an upper bound of one part.
    pub(super) fn order(&self, costs: &[Cost]) -> String {
        let mut parts: Vec<String> = Vec::new();
        for cost in costs {
            let part = match cost.sizes.as_slice() {
                [] if cost.logs <= 1 => "log n".to_owned(),
                [] => format!("(log n)^{}", cost.logs),
                _ => self.product(cost),
            };
            // Equal letters for sizes that are not told apart add nothing.
            if !parts.contains(&part) {
                parts.push(part);
            }
        }
        format!("O({})", parts.join(" + "))
    }

    fn is_doubtful(&self) -> bool {
        let mut doubt = self.terms.iter().any(|term| term.logs > 1);
        each_step(&self.function.body, &mut |step| {
            doubt |= match &step.kind {
                StepKind::Function(_)
                | StepKind::Class(_)
                | StepKind::Other(_)
                | StepKind::Unreadable
                | StepKind::Spawn(_)
                | StepKind::Defer(_) => true,
                _ => step.is_loop() && changes_size(step),
            };
        });
        each_expression(&self.function.body, &mut |part| {
            doubt |= self.is_doubtful_part(part);
        });
        doubt || self.derives_sizes()
    }

    fn is_doubtful_part(&self, part: &Expr<'a>) -> bool {
        match &part.kind {
            ExprKind::Slice { .. } | ExprKind::Await(_) => true,
            ExprKind::Binary {
                operator: "in" | "not in",
                right,
                ..
            } => {
                !is_literal(right)
                    && !matches!(self.scope.of(right), Nature::Map | Nature::Set)
                    && !matches!(&right.kind, ExprKind::Collection { .. })
            }
            ExprKind::Binary {
                operator: "+" | "*" | "==" | "!=",
                left,
                right,
            } => [left, right].into_iter().any(|side| {
                matches!(
                    side.kind,
                    ExprKind::Collection { .. } | ExprKind::Slice { .. }
                ) || matches!(
                    self.scope.of(side),
                    Nature::List | Nature::Map | Nature::Set
                )
            }),
            ExprKind::Lambda { body, steps } => !steps.is_empty() || calls_more(body),
            ExprKind::Macro { name } => !matches!(*name, "println" | "print" | "assert" | "panic"),
            ExprKind::Call { arguments, .. } => match part.called() {
                // At the front of a list these move everything.
                Some("pop") => arguments.first().is_some_and(|first| first.is("0")),
                Some("insert" | "erase") => {
                    arguments.len() > 1 || self.scope.language == Language::Cpp
                }
                Some("Errorf" | "Sprintf" | "format" | "Println" | "println") => {
                    arguments.iter().any(|argument| {
                        matches!(
                            self.scope.of(argument),
                            Nature::List | Nature::Map | Nature::Set
                        )
                    })
                }
                // The callee is not a name.
                None => true,
                Some(_) => false,
            },
            _ => false,
        }
    }

    /// Whether a local that bounds a loop was reckoned from a size, so that it is of another order.
    fn derives_sizes(&self) -> bool {
        let mut derived: Vec<&str> = Vec::new();
        each_step(&self.function.body, &mut |step| {
            if let StepKind::Assign {
                target,
                value,
                operator,
                ..
            } = &step.kind
                && matches!(target.kind, ExprKind::Name)
                && (*operator == "*" || (*operator == "=" && has_product(value)))
            {
                derived.push(target.text);
            }
        });
        let mut bounds = false;
        each_step(&self.function.body, &mut |step| {
            bounds |= bounds_of(step)
                .into_iter()
                .any(|bound| derived.iter().any(|name| has_word(bound, name)));
        });
        bounds
    }
}

/// What is written where a loop says how often it goes round.
fn bounds_of<'a>(step: &Step<'a>) -> Vec<&'a str> {
    match &step.kind {
        StepKind::ForEach { iterable, .. } => vec![iterable.text],
        StepKind::Count {
            condition: Some(condition),
            ..
        }
        | StepKind::While {
            condition: Some(condition),
            ..
        } => vec![condition.text],
        _ => Vec::new(),
    }
}

fn changes_size(step: &Step<'_>) -> bool {
    bounds_of(step).into_iter().any(|bound| {
        CHANGES_SIZES
            .iter()
            .any(|sign| bound.replace("!=", "").contains(sign))
    })
}

fn has_product(value: &Expr<'_>) -> bool {
    let mut has = false;
    value.each(&mut |part| {
        has |= matches!(&part.kind, ExprKind::Binary { operator: "*" | "**" | "<<", left, right }
            if left.number().is_none() && right.number().is_none() || !matches!(part.kind, ExprKind::Binary { operator: "*", .. }));
    });
    has
}

/// Whether a closure does more than a fixed amount of work.
fn calls_more(body: &Expr<'_>) -> bool {
    let mut more = false;
    body.each(&mut |part| {
        more |= match &part.kind {
            ExprKind::Call { .. } => part
                .called()
                .is_none_or(|name| !is_listed(CONSTANT, name) || is_listed(LINEAR, name)),
            ExprKind::Comprehension { .. }
            | ExprKind::Lambda { .. }
            | ExprKind::Choice(_)
            | ExprKind::Macro { .. }
            | ExprKind::Slice { .. } => true,
            ExprKind::Binary { operator, .. } => operator.ends_with("in"),
            _ => false,
        };
    });
    more
}

/// Whether `new int[n]` or the like is written somewhere.
fn makes_array(text: &str) -> bool {
    text.split("new ").skip(1).any(|after| {
        after
            .trim_start_matches(|c: char| c.is_alphanumeric() || matches!(c, '_' | '.' | '<' | '>'))
            .starts_with('[')
    })
}

/// The sentences of an explanation as one, without its order.
pub(super) fn reason(told: &[&str]) -> Option<String> {
    let mut clauses: Vec<String> = Vec::new();
    for text in told {
        let after = match text.strip_prefix("O(") {
            Some(rest) => rest.split_once(')').map_or(rest, |(_, after)| after),
            None => text,
        };
        let after = after.trim_start_matches([',', ':', ' ']);
        let after = after.strip_prefix("at most, ").unwrap_or(after);
        let after = after.strip_prefix("where ").unwrap_or(after);
        for sentence in after.trim_end_matches('.').split(". ") {
            clauses.push(with_first(sentence, char::to_lowercase));
        }
    }
    clauses.retain(|clause| !clause.is_empty());
    clauses.dedup();
    let joined = clauses.join("; ");
    if joined.is_empty() {
        return None;
    }
    // A letter such as n stays what it is called.
    let is_letter = joined.chars().nth(1) == Some(' ') && !joined.starts_with("a ");
    let start = if is_letter {
        format!("Here {joined}")
    } else {
        with_first(&joined, char::to_uppercase)
    };
    Some(format!("{start}."))
}

fn with_first<I: Iterator<Item = char>>(text: &str, change: fn(char) -> I) -> String {
    let mut letters = text.chars();
    letters
        .next()
        .into_iter()
        .flat_map(change)
        .chain(letters)
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reason_is_one_sentence() {
        assert_eq!(
            reason(&[
                "O(n), where n is the number of items in `a`. The loop at line 2 decides it."
            ])
            .unwrap(),
            "Here n is the number of items in `a`; the loop at line 2 decides it."
        );
        assert_eq!(
            reason(&["O(1): nothing here is repeated."]).unwrap(),
            "Nothing here is repeated."
        );
        assert_eq!(reason(&[]), None);
    }
}
