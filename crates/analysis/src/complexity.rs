//! Estimates time and space of one function, with the reason, and says so when the code does not tell.

mod calls;
mod certain;
mod formula;
mod loops;
mod recursion;
mod sizes;
mod space;

use std::rc::Rc;

use domain::language::Language;

use crate::facts::{Expr, ExprKind, Function, Program, Step, StepKind, functions};
use crate::idioms;
use crate::scope::{Nature, Scope};
pub(crate) use loops::is_halving;

/// What can be said, each as whole sentences.
#[derive(Debug)]
pub(crate) struct Complexity {
    pub(crate) time: String,
    pub(crate) space: String,
    /// As data, when nothing puts it in doubt: `O(n)`.
    time_order: Option<String>,
    space_order: Option<String>,
}

/// What can be said of one function of a program, as data.
#[derive(Debug)]
pub(crate) struct Estimated {
    /// Without its class.
    pub(crate) name: String,
    /// Lines, from 1.
    pub(crate) line: u32,
    pub(crate) end_line: u32,
    pub(crate) time: Option<String>,
    pub(crate) space: Option<String>,
    /// One sentence, when there is an estimate.
    pub(crate) reason: Option<String>,
}

/// Most functions that are estimated.
const FUNCTIONS_MAX: usize = 500;

/// The estimates for the functions of `program`, which was built from `code`.
pub(crate) fn estimate_all(
    language: Language,
    code: &str,
    program: &Program<'_>,
) -> Vec<Estimated> {
    let defined = Scope::defined(program);
    let starts: Vec<usize> = std::iter::once(0)
        .chain(code.match_indices('\n').map(|(at, _)| at + 1))
        .collect();
    let start = |line: u32| {
        let row = usize::try_from(line).unwrap_or(usize::MAX);
        starts.get(row).copied().unwrap_or(code.len())
    };
    functions(&program.body)
        .into_iter()
        .filter(|(_, function, _)| function.has_body)
        .take(FUNCTIONS_MAX)
        .map(|(class, function, step)| {
            let scope = Scope::new(
                language,
                program,
                Some(function),
                class,
                Rc::clone(&defined),
            );
            let text = code.get(start(step.line.saturating_sub(1))..start(step.end_line));
            let told = estimate_in(&scope, function, text.unwrap_or(code));
            let sentences: Vec<&str> = [
                told.time_order.as_ref().map(|_| told.time.as_str()),
                told.space_order.as_ref().map(|_| told.space.as_str()),
            ]
            .into_iter()
            .flatten()
            .collect();
            Estimated {
                name: function.name.to_owned(),
                line: step.line,
                end_line: step.end_line,
                reason: certain::reason(&sentences),
                time: told.time_order,
                space: told.space_order,
            }
        })
        .collect()
}

/// What a count is the count of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Measure {
    Items,
    Value,
    /// One or the other: the size was followed through a variable.
    Either,
    Received,
    /// The name is a phrase of its own.
    Phrase,
}

/// Something that decides how much work there is. The name is as shown.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Size {
    name: String,
    measure: Measure,
}

/// A chain of nested loops: what decides their rounds, how many of them halve, and where it starts.
#[derive(Debug, Default, Clone)]
struct Cost {
    sizes: Vec<Size>,
    logs: usize,
    /// 0 when it is no loop that is written out.
    line: u32,
}

impl Cost {
    fn is_constant(&self) -> bool {
        self.sizes.is_empty() && self.logs == 0
    }

    /// Whether it grows at least as fast as `other`.
    fn covers(&self, other: &Self) -> bool {
        let count =
            |cost: &Self, name: &str| cost.sizes.iter().filter(|size| size.name == name).count();
        self.logs >= other.logs
            && other
                .sizes
                .iter()
                .all(|size| count(self, &size.name) >= count(other, &size.name))
    }
}

struct Estimate<'s, 'a> {
    scope: &'s Scope<'a>,
    function: &'s Function<'a>,
    /// The costliest chains; none of them covers another. Their sum is the cost.
    terms: Vec<Cost>,
    unknown_loops: Vec<u32>,
    unknown_calls: Vec<String>,
    linear_calls: Vec<String>,
    assumes_hashing: bool,
    /// What grows, each with how often it is added to, likewise.
    grown: Vec<Cost>,
    has_callback: bool,
}

/// The estimate for `function`, for people.
pub(crate) fn estimate<'a>(scope: &Scope<'a>, function: &Function<'a>) -> Complexity {
    estimate_in(scope, function, "")
}

/// The estimate for `function`, which is written as `text`.
fn estimate_in<'a>(scope: &Scope<'a>, function: &Function<'a>, text: &str) -> Complexity {
    if function.is_partial {
        let unknown = "not known, because part of the function does not parse.";
        return Complexity {
            time: unknown.to_owned(),
            space: unknown.to_owned(),
            time_order: None,
            space_order: None,
        };
    }
    let mut estimate = Estimate {
        scope,
        function,
        terms: Vec::new(),
        unknown_loops: Vec::new(),
        unknown_calls: Vec::new(),
        linear_calls: Vec::new(),
        assumes_hashing: false,
        grown: Vec::new(),
        has_callback: false,
    };
    estimate.steps(&function.body, &Cost::default());
    for names in [&mut estimate.unknown_calls, &mut estimate.linear_calls] {
        names.sort_unstable();
        names.dedup();
    }
    let calls_itself = idioms::count_own_calls(function);
    if calls_itself > 0 {
        return estimate.recursion(calls_itself);
    }
    Complexity {
        time: estimate.time(),
        space: estimate.space(),
        time_order: estimate.certain_time(),
        space_order: estimate.certain_space(text),
    }
}

impl<'a> Estimate<'_, 'a> {
    fn steps(&mut self, steps: &[Step<'a>], outer: &Cost) {
        for step in steps {
            let mut cost = outer.clone();
            if step.is_loop() {
                if cost.is_constant() {
                    cost.line = step.line;
                }
                self.add_rounds(step, &mut cost);
            }
            self.consider(&cost);
            for expression in step.expressions() {
                // What a for-each loop goes through is made once, before it.
                let around = if matches!(step.kind, StepKind::ForEach { .. }) {
                    outer
                } else {
                    &cost
                };
                if !matches!(step.kind, StepKind::Raise(_)) {
                    self.expression(expression, around);
                }
            }
            if let StepKind::Initialise { target, values } = &step.kind {
                self.initialise(target, values);
            }
            self.growth(step, &cost);
            for block in step.blocks() {
                self.steps(block, &cost);
            }
        }
    }

    fn consider(&mut self, cost: &Cost) {
        if !cost.is_constant() {
            keep_largest(&mut self.terms, cost);
        }
    }

    /// What making a member costs depends on its type: a number costs nothing, a vector may cost as much as it holds.
    fn initialise(&mut self, target: &str, values: &[Expr<'a>]) {
        let is_scalar = matches!(self.scope.nature_of(target), Nature::Number | Nature::Bool);
        // What comes out of a call is moved; a call that is not known is told of by itself.
        let is_told = |value: &Expr<'_>| {
            is_literal(value)
                || value
                    .called()
                    .is_some_and(|name| name == "move" || !calls::is_known(name))
        };
        if !is_scalar && !values.iter().all(is_told) {
            self.unknown_calls.push(target.to_owned());
        }
    }
}

/// Adds a cost to those of which none covers another.
fn keep_largest(costs: &mut Vec<Cost>, cost: &Cost) {
    if !costs.iter().any(|known| known.covers(cost)) {
        costs.retain(|known| !cost.covers(known));
        costs.push(cost.clone());
    }
}

/// Whether a value is written out, so that it has a fixed size.
fn is_literal(value: &Expr<'_>) -> bool {
    matches!(
        value.kind,
        ExprKind::Text | ExprKind::Number | ExprKind::Bool(_) | ExprKind::Null
    )
}
