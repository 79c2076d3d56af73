//! Loops as sentences.

#![expect(
    clippy::wildcard_enum_match_arm,
    reason = "the facts have many variants; this looks for a few of them"
)]

use super::{Told, assigns};
use crate::facts::{Expr, ExprKind, Over, Step, StepKind, leaves_loop};
use crate::render::wording::{code, join};
use crate::scope::{Nature, Scope};
use crate::text::Put;

impl<'a> Scope<'a> {
    pub(super) fn repeat(&self, step: &Step<'a>, told: &mut Vec<Told>) {
        let (text, body) = match &step.kind {
            StepKind::ForEach {
                target,
                iterable,
                body,
                over,
            } => (self.going_through(*target, iterable, *over), body),
            StepKind::Count {
                start,
                condition,
                update,
                body,
            } => (self.counting(start, condition.as_ref(), update, body), body),
            StepKind::While {
                condition: Some(condition),
                body,
                test_last: true,
            } => (
                format!(
                    "do the steps inside once, and again as long as {}",
                    self.condition(condition)
                ),
                body,
            ),
            StepKind::While {
                condition: Some(condition),
                body,
                ..
            } => (
                format!("as long as {}, repeat", self.condition(condition)),
                body,
            ),
            StepKind::While {
                condition: None,
                body,
                ..
            } => (self.endless(body).to_owned(), body),
            _ => return,
        };
        let mut line = Told::new(step, text);
        let (inside, after): (Vec<&Step<'a>>, Vec<&Step<'a>>) = body
            .iter()
            .partition(|inner| !matches!(inner.kind, StepKind::LoopElse(_)));
        for inner in inside {
            self.narrate_one(inner, &mut line.inner);
        }
        told.push(line);
        for inner in after {
            self.narrate_one(inner, told);
        }
    }

    /// The head of a loop without a condition.
    fn endless(&self, body: &[Step<'a>]) -> &'static str {
        if leaves_loop(body, self.language) {
            "repeat until something inside leaves the loop"
        } else {
            "repeat again and again, with nothing written inside that leaves the loop"
        }
    }

    /// The head of a for-each loop.
    pub(crate) fn going_through(
        &self,
        target: Option<&'a str>,
        iterable: &Expr<'a>,
        over: Over,
    ) -> String {
        match over {
            Over::Keys => format!(
                "for each property name of {}, in {}",
                self.noun(iterable),
                code(target.unwrap_or("_"))
            ),
            Over::Async => format!(
                "for {}, waiting for each to arrive",
                self.each(target, iterable)
            ),
            Over::GoRange => self.go_range(target, iterable),
            Over::Items => format!("for {}", self.each(target, iterable)),
        }
    }

    pub(super) fn go_range(&self, target: Option<&'a str>, iterable: &Expr<'a>) -> String {
        let source = self.noun(iterable);
        if self.of(iterable) == Nature::Channel {
            return match target {
                Some(name) => format!(
                    "for each {} received from the channel {source}, until it is closed",
                    code(name)
                ),
                None => {
                    format!("for each value received from the channel {source}, until it is closed")
                }
            };
        }
        match target
            .map(|target| target.split(',').map(str::trim).collect::<Vec<_>>())
            .as_deref()
        {
            Some(["_", value]) => format!("for each {} of {source}", code(value)),
            Some([key, value]) if self.of(iterable) == Nature::Map => format!(
                "for each entry of {source}, with its key in {} and its value in {}",
                code(key),
                code(value)
            ),
            Some([key, value]) => format!(
                "for each {} of {source}, with its position or key in {}",
                code(value),
                code(key)
            ),
            Some([key]) if self.of(iterable) == Nature::List => {
                format!("for each position {} in {source}", code(key))
            }
            Some([key]) if matches!(iterable.kind, ExprKind::Number) => {
                format!("for each {} from 0 up to {source} − 1", code(key))
            }
            Some([key]) => format!(
                "for each {} that {} gives",
                code(key),
                code(&format!("range {}", iterable.text))
            ),
            _ => format!("once for everything in {source}"),
        }
    }

    pub(super) fn counting(
        &self,
        start: &[Step<'a>],
        condition: Option<&Expr<'a>>,
        update: &[Step<'a>],
        body: &[Step<'a>],
    ) -> String {
        if let Some(text) = self.plain_counting(start, condition, update, body) {
            return text;
        }
        let mut text = String::new();
        let first: Vec<String> = start.iter().map(|step| self.action(step)).collect();
        if !first.is_empty() {
            text.put(format_args!("first {}, then ", join(&first, "and")));
        }
        match condition {
            Some(condition) => {
                text.put(format_args!(
                    "as long as {}, repeat",
                    self.condition(condition)
                ));
            }
            None => text.push_str(self.endless(body)),
        }
        let next: Vec<String> = update.iter().map(|step| self.action(step)).collect();
        if !next.is_empty() {
            text.put(format_args!(" (after each round: {})", join(&next, "and")));
        }
        text
    }

    /// `for each i from 0 up to n − 1`, when the loop is that plain and its body leaves the counter alone.
    pub(super) fn plain_counting(
        &self,
        start: &[Step<'a>],
        condition: Option<&Expr<'a>>,
        update: &[Step<'a>],
        body: &[Step<'a>],
    ) -> Option<String> {
        let [
            Step {
                kind:
                    StepKind::Assign {
                        target,
                        value: first,
                        ..
                    },
                ..
            },
        ] = start
        else {
            return None;
        };
        let [
            Step {
                kind:
                    StepKind::Increment {
                        target: counter,
                        step,
                    },
                ..
            },
        ] = update
        else {
            return None;
        };
        let ExprKind::Binary {
            operator,
            left,
            right,
        } = &condition?.kind
        else {
            return None;
        };
        if target.text != counter.text || left.text != counter.text || assigns(body, counter.text) {
            return None;
        }
        let is_length = matches!(
            right.kind,
            ExprKind::Name | ExprKind::Number | ExprKind::Member { .. }
        ) || self.noun(right).starts_with("the length");
        if !is_length || (matches!(right.kind, ExprKind::Name) && assigns(body, right.text)) {
            return None;
        }
        let name = code(counter.text);
        let from = self.noun(first);
        let end = self.noun(right);
        let one_off = |sign: &str, by: i64| match right.number() {
            Some(number) => (number + by).to_string().replace('-', "−"),
            None => format!("{end} {sign} 1"),
        };
        match (*operator, step) {
            ("<", 1) => Some(format!(
                "for each {name} from {from} up to {}",
                one_off("−", -1)
            )),
            ("<=", 1) => Some(format!("for each {name} from {from} up to {end}")),
            (">", -1) => Some(format!(
                "for each {name} from {from} down to {}",
                one_off("+", 1)
            )),
            (">=", -1) => Some(format!("for each {name} from {from} down to {end}")),
            _ => None,
        }
    }
}
