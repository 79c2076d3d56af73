//! Functions that call themselves.

#![expect(
    clippy::wildcard_enum_match_arm,
    reason = "the facts have many variants; this looks for a few of them"
)]

use super::{Complexity, Estimate};
use crate::facts::{Expr, ExprKind, each_expression};
use crate::idioms;
use crate::render::wording::code;

/// How the arguments of the calls to itself change.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Shrink {
    /// One argument becomes less by a constant.
    ByConstant,
    ByHalf,
    /// A part of the argument, such as `node.left`.
    ToPart,
    Unknown,
}

impl<'a> Estimate<'_, 'a> {
    /// The estimate for a function with `calls` calls to itself.
    pub(super) fn recursion(&self, calls: usize) -> Complexity {
        let shrink = self.shrink();
        let has_loop = !self.terms.is_empty() || !self.unknown_loops.is_empty();
        if let Some(memory) = idioms::remembers(self.function) {
            return self.remembered(&memory, shrink, has_loop);
        }
        let name = code(self.function.name);
        let waiting = "every call that still waits for another needs memory";
        let unknown = || Complexity {
            time: format!(
                "not known: {name} calls itself, and how many calls that makes cannot be told from the code."
            ),
            space: format!("not known: {waiting}, and how many wait at once depends on the input."),
            time_order: None,
            space_order: None,
        };
        let Some(parameter) = self.shrinking(shrink) else {
            return unknown();
        };
        let rest = if self.unknown_calls.is_empty() {
            ""
        } else {
            " What other functions cost is not counted."
        };
        // As data only where nothing else is called and each call to itself takes another argument.
        let is_certain = self.unknown_calls.is_empty() && self.has_distinct_calls();
        let order = |order: &str| is_certain.then(|| order.to_owned());
        // Several calls are few when results are remembered, and more when they differ in what shrinks.
        if calls > 1 && (idioms::memory::may_remember(self.function) || !self.is_steady(shrink)) {
            return unknown();
        }
        match (calls, shrink, has_loop) {
            (1, Shrink::ByConstant, false) => Complexity {
                time_order: order("O(n)"),
                space_order: order("O(n)"),
                time: format!(
                    "O(n), where n is the value of {parameter}: each call makes one more with a smaller one.{rest}"
                ),
                space: format!("O(n): {waiting}."),
            },
            (1, Shrink::ByHalf, false) => Complexity {
                time_order: order("O(log n)"),
                space_order: order("O(log n)"),
                time: format!(
                    "O(log n), where n is the value of {parameter}: each call makes one more with half of it.{rest}"
                ),
                space: format!("O(log n): {waiting}."),
            },
            (2.., Shrink::ByConstant, false) => Complexity {
                time_order: order(&format!("O({calls}^n)")),
                space_order: order("O(n)"),
                time: format!(
                    "exponential in the value of {parameter} at worst: a call may make {calls} more, and nothing remembers earlier results.{rest}"
                ),
                space: format!("O(n), where n is the value of {parameter}: {waiting}."),
            },
            (_, Shrink::ToPart, false) => Complexity {
                time_order: order("O(n)"),
                space_order: order("O(h)"),
                time: format!(
                    "O(n) at most, where n is the number of parts that can be reached from {parameter}, provided that none is reached twice.{rest}"
                ),
                space: format!("O(h), where h is the depth of what is reached: {waiting}."),
            },
            _ => unknown(),
        }
    }

    fn remembered(&self, memory: &str, shrink: Shrink, has_loop: bool) -> Complexity {
        let name = code(self.function.name);
        let others = self
            .function
            .parameters
            .iter()
            .filter(|parameter| !parameter.is_receiver && code(parameter.name) != memory)
            .count();
        let parameter = self.shrinking(shrink).filter(|_| others == 1 && !has_loop);
        match (shrink, parameter) {
            (Shrink::ByConstant, Some(parameter)) => Complexity {
                time_order: None,
                space_order: None,
                time: format!("O(n), where n is the value of {parameter}: {memory} keeps results, so each smaller value is worked out only once."),
                space: "O(n): one result is kept for each value, and the calls that still wait need memory.".to_owned(),
            },
            _ => Complexity {
                time_order: None,
                space_order: None,
                time: format!("{memory} keeps results, so {name} does its work at most once for each different argument."),
                space: "one result is kept for each different argument, and the calls that still wait need memory.".to_owned(),
            },
        }
    }

    /// The parameter that shrinks.
    fn shrinking(&self, shrink: Shrink) -> Option<String> {
        let mut found = None;
        self.own_arguments(&mut |position, argument| {
            if of_argument(argument) == shrink {
                found.get_or_insert(position);
            }
        });
        let parameters: Vec<&str> = self
            .function
            .parameters
            .iter()
            .filter(|parameter| !parameter.is_receiver)
            .map(|parameter| parameter.name)
            .collect();
        parameters.get(found?).map(|name| code(name))
    }

    /// Whether each call to itself makes the same parameter smaller.
    fn is_steady(&self, shrink: Shrink) -> bool {
        if shrink != Shrink::ByConstant {
            return true;
        }
        let mut positions: Vec<usize> = Vec::new();
        self.own_arguments(&mut |position, argument| {
            if of_argument(argument) == shrink {
                positions.push(position);
            }
        });
        positions.dedup();
        positions.len() <= 1
    }

    /// How every call to itself shrinks; unknown when they differ.
    fn shrink(&self) -> Shrink {
        let mut all: Option<Shrink> = None;
        each_expression(&self.function.body, &mut |part| {
            if part.called() == Some(self.function.name)
                && let ExprKind::Call { arguments, .. } = &part.kind
            {
                let one = arguments
                    .iter()
                    .map(of_argument)
                    .find(|shrink| *shrink != Shrink::Unknown)
                    .unwrap_or(Shrink::Unknown);
                all = Some(match all {
                    Some(before) if before != one => Shrink::Unknown,
                    _ => one,
                });
            }
        });
        all.unwrap_or(Shrink::Unknown)
    }

    fn has_distinct_calls(&self) -> bool {
        let mut calls: Vec<&str> = Vec::new();
        let mut is_distinct = true;
        each_expression(&self.function.body, &mut |part| {
            if part.called() == Some(self.function.name) {
                is_distinct &= !calls.contains(&part.text);
                calls.push(part.text);
            }
            is_distinct &= !matches!(part.kind, ExprKind::Slice { .. });
        });
        is_distinct
    }

    fn own_arguments(&self, visit: &mut dyn FnMut(usize, &Expr<'a>)) {
        each_expression(&self.function.body, &mut |part| {
            if part.called() == Some(self.function.name)
                && let ExprKind::Call { arguments, .. } = &part.kind
            {
                for (position, argument) in arguments.iter().enumerate() {
                    visit(position, argument);
                }
            }
        });
    }
}

fn of_argument(argument: &Expr<'_>) -> Shrink {
    match &argument.kind {
        ExprKind::Binary {
            operator: "-",
            left,
            right,
        } if matches!(left.kind, ExprKind::Name) && right.number().is_some_and(|by| by > 0) => {
            Shrink::ByConstant
        }
        ExprKind::Binary {
            operator: "//" | "/" | ">>",
            left,
            right,
        } if matches!(left.kind, ExprKind::Name)
            && right
                .number()
                .is_some_and(|by| by > 1 || (argument.text.contains(">>") && by == 1)) =>
        {
            Shrink::ByHalf
        }
        ExprKind::Member { object, name }
            if matches!(object.kind, ExprKind::Name) && !matches!(*name, "length" | "size") =>
        {
            Shrink::ToPart
        }
        ExprKind::Reference(inner) => of_argument(inner),
        _ => Shrink::Unknown,
    }
}
