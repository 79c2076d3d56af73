//! Estimates time and space of one function, with the reason, and says so when the code does not tell.

use crate::facts::{
    Expr, ExprKind, Function, Step, StepKind, each_expression, each_step, last_segment,
};
use crate::render::narrate::assigns;
use crate::render::wording::{code, join};
use crate::scope::{Nature, Scope};

/// What can be said.
#[derive(Debug)]
pub(crate) struct Complexity {
    /// Such as `O(n)`; `None` when the code does not tell.
    pub(crate) time: Option<String>,
    pub(crate) time_reason: String,
    pub(crate) space: Option<String>,
    pub(crate) space_reason: String,
}

/// How often one loop runs.
enum Rounds {
    Constant,
    /// In proportion to the size of what is named.
    Linear(String),
    Halving,
    Unknown,
}

/// The costliest chain of nested loops: sizes, halvings and where it starts.
#[derive(Default, Clone)]
struct Cost {
    sizes: Vec<String>,
    logs: usize,
    line: u32,
}

struct Estimate<'s, 'a> {
    scope: &'s Scope<'a>,
    function: &'s Function<'a>,
    worst: Cost,
    unknown_loops: Vec<u32>,
    unknown_calls: Vec<String>,
    linear_calls: Vec<String>,
    assumes_hashing: bool,
    grows: Option<String>,
    has_callback: bool,
}

/// Calls that take the same time whatever their input, by plain name.
const CONSTANT: &str = " len append push push_back pop add get set has print println Println printf log abs isalnum isdigit isalpha \
    lower_one ord chr int float range enumerate items keys values iter is_empty empty isEmpty size length put containsKey insert entry \
    or_insert max2 Some Ok Err None new clone_one to_owned_one Wait Done Add close New is_none is_some isinstance make_unique now zip id \
    charAt hasOwnProperty error warn ";

/// Calls that go through their whole input once.
const LINEAR: &str = " sum max min sorted list set dict tuple join split lower upper reversed count index any all sort filter map reduce \
    forEach slice indexOf includes contains trim lines collect strip replace find some every copy reverse strlen fill accumulate Split \
    Join Sort Fields ToLower to_string parse from_iter toLowerCase toUpperCase ";

/// The estimate for `function`; recursion counts as `calls_itself` direct calls.
pub(crate) fn estimate<'a>(
    scope: &Scope<'a>,
    function: &Function<'a>,
    calls_itself: usize,
    is_memoised: bool,
) -> Complexity {
    let mut estimate = Estimate {
        scope,
        function,
        worst: Cost::default(),
        unknown_loops: Vec::new(),
        unknown_calls: Vec::new(),
        linear_calls: Vec::new(),
        assumes_hashing: false,
        grows: None,
        has_callback: false,
    };
    estimate.steps(&function.body, &Cost::default());
    if calls_itself > 0 {
        return estimate.recursion(calls_itself, is_memoised);
    }
    estimate.finish()
}

impl<'a> Estimate<'_, 'a> {
    fn steps(&mut self, steps: &[Step<'a>], outer: &Cost) {
        for step in steps {
            let mut cost = outer.clone();
            if step.is_loop() {
                if cost.sizes.is_empty() && cost.logs == 0 {
                    cost.line = step.line;
                }
                match self.rounds(step) {
                    Rounds::Constant => {}
                    Rounds::Linear(size) => cost.sizes.push(size),
                    Rounds::Halving => cost.logs += 1,
                    Rounds::Unknown => self.unknown_loops.push(step.line),
                }
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
            self.growth(step, &cost);
            for block in step.blocks() {
                self.steps(block, &cost);
            }
        }
    }

    fn consider(&mut self, cost: &Cost) {
        if (cost.sizes.len(), cost.logs) > (self.worst.sizes.len(), self.worst.logs) {
            self.worst = cost.clone();
        }
    }

    fn expression(&mut self, expression: &Expr<'a>, around: &Cost) {
        let mut costs = Vec::new();
        let mut lambdas = 0_i32;
        expression.each(&mut |part| match &part.kind {
            ExprKind::Call { arguments, .. } => {
                let name = part.called().unwrap_or_default();
                let is_listed = |list: &str| list.split_whitespace().any(|known| known == name);
                let is_own = self.scope.defines(name) || name == self.function.name;
                let is_pair = matches!(name, "max" | "min") && arguments.len() > 1;
                if is_own && name != self.function.name {
                    self.unknown_calls.push(name.to_owned());
                } else if is_listed(CONSTANT) || is_pair || name == self.function.name {
                } else if is_listed(LINEAR) && !is_of_one_item(part) {
                    if !around.sizes.is_empty() || around.logs > 0 {
                        self.linear_calls.push(name.to_owned());
                    }
                    if let Some(size) = self.size_of(part) {
                        let mut cost = around.clone();
                        cost.logs += usize::from(matches!(name, "sorted" | "sort" | "Sort"));
                        if cost.sizes.is_empty() || cost.logs > around.logs {
                            cost.sizes.push(size);
                            costs.push(cost);
                        }
                    }
                } else if !name.is_empty() && !is_of_one_item(part) {
                    self.unknown_calls.push(name.to_owned());
                }
            }
            ExprKind::Binary { operator: "in" | "not in", right, .. } => {
                match self.scope.of(right) {
                    Nature::Map | Nature::Set => self.assumes_hashing = true,
                    _ if !around.sizes.is_empty() => self.linear_calls.push(format!("in {}", right.text)),
                    _ => {}
                }
            }
            ExprKind::Index { object, .. } if self.scope.of(object) == Nature::Map => self.assumes_hashing = true,
            ExprKind::Comprehension { clauses, .. } => {
                let mut cost = around.clone();
                for clause in clauses {
                    if let Some(size) = self.size_of(&clause.iterable) {
                        self.grows.get_or_insert(size.clone());
                        cost.sizes.push(size);
                    } else if !matches!(&clause.iterable.kind, ExprKind::Call { arguments, .. } if arguments.iter().all(|a| a.number().is_some())) {
                        self.unknown_calls.push(clause.iterable.text.to_owned());
                    }
                }
                costs.push(cost);
            }
            ExprKind::Lambda { .. } => lambdas += 1,
            ExprKind::Keyword { value, .. } if matches!(value.kind, ExprKind::Lambda { .. }) => lambdas -= 1,
            ExprKind::Slice if !around.sizes.is_empty() => self.linear_calls.push("a slice".to_owned()),
            ExprKind::Macro { name } if !matches!(*name, "println" | "print" | "vec" | "format" | "assert" | "assert_eq" | "panic" | "eprintln") => self.unknown_calls.push((*name).to_owned()),
            _ => {}
        });
        self.has_callback |= lambdas > 0;
        for cost in costs {
            self.consider(&cost);
        }
    }

    /// Whether a statement makes something bigger in every round.
    fn growth(&mut self, step: &Step<'a>, cost: &Cost) {
        let Some(size) = cost.sizes.last() else {
            return;
        };
        let is_text = matches!(&step.kind, StepKind::Assign { target, operator: "+", value, .. } if matches!(self.scope.of(target), Nature::Text | Nature::List) || matches!(value.kind, ExprKind::Text));
        let local = |object: &Expr<'a>| {
            !self
                .function
                .parameters
                .iter()
                .any(|parameter| parameter.name == object.text)
        };
        let mut adds = matches!(&step.kind, StepKind::Assign { target, .. } if matches!(&target.kind, ExprKind::Index { object, .. } if self.scope.of(object) == Nature::Map && local(object)));
        for expression in step.expressions() {
            expression.each(&mut |part| {
                if let ExprKind::Call { callee, .. } = &part.kind {
                    adds |= match &callee.kind {
                        ExprKind::Member { object, name } => {
                            matches!(
                                *name,
                                "append"
                                    | "push"
                                    | "push_back"
                                    | "push_str"
                                    | "add"
                                    | "insert"
                                    | "set"
                                    | "put"
                                    | "entry"
                            ) && local(object)
                        }
                        _ => callee.text == "append",
                    };
                }
            });
        }
        if adds || is_text {
            self.grows.get_or_insert(size.clone());
        }
    }

    fn rounds(&self, step: &Step<'a>) -> Rounds {
        match &step.kind {
            StepKind::ForEach { iterable, .. } if self.scope.of(iterable) == Nature::Channel => {
                Rounds::Linear(format!(
                    "what is received from the channel {}",
                    code(iterable.text)
                ))
            }
            StepKind::ForEach { iterable, .. } => match self.size_of(iterable) {
                Some(size) => Rounds::Linear(size),
                None if is_constant(iterable) => Rounds::Constant,
                None => Rounds::Unknown,
            },
            StepKind::Count {
                start,
                condition: Some(condition),
                update,
                body,
                ..
            } => {
                let ExprKind::Binary { left, right, .. } = &condition.kind else {
                    return Rounds::Unknown;
                };
                if assigns(body, left.text) {
                    return Rounds::Unknown;
                }
                match update.as_slice() {
                    [
                        Step {
                            kind: StepKind::Increment { step: 1, .. },
                            ..
                        },
                    ] => match self.size_of(right) {
                        Some(size) => Rounds::Linear(size),
                        None if right.number().is_some() => Rounds::Constant,
                        None => Rounds::Unknown,
                    },
                    [
                        Step {
                            kind: StepKind::Increment { .. },
                            ..
                        },
                    ] => match start.as_slice() {
                        [
                            Step {
                                kind: StepKind::Assign { value, .. },
                                ..
                            },
                        ] => self.size_of(value).map_or(Rounds::Unknown, Rounds::Linear),
                        _ => Rounds::Unknown,
                    },
                    [
                        Step {
                            kind:
                                StepKind::Assign {
                                    operator: "*" | "/",
                                    ..
                                },
                            ..
                        },
                    ] => Rounds::Halving,
                    _ => Rounds::Unknown,
                }
            }
            StepKind::While {
                condition: Some(condition),
                body,
                ..
            } => self.while_rounds(condition, body),
            _ => Rounds::Unknown,
        }
    }

    fn while_rounds(&self, condition: &Expr<'a>, body: &[Step<'a>]) -> Rounds {
        if is_halving(condition, body) {
            return Rounds::Halving;
        }
        let ExprKind::Binary {
            operator: "<" | "<=" | ">" | ">=",
            left,
            right,
        } = &condition.kind
        else {
            return Rounds::Unknown;
        };
        let moves = |name: &str| {
            let mut found = false;
            let mut others = false;
            each_step(body, &mut |step| match &step.kind {
                StepKind::Assign {
                    target,
                    operator: "+" | "-",
                    value,
                    ..
                } if target.text == name && value.number() == Some(1) => found = true,
                StepKind::Increment { target, .. } if target.text == name => found = true,
                StepKind::Assign { target, .. } if target.text == name => others = true,
                _ => {}
            });
            found && !others
        };
        if matches!(left.kind, ExprKind::Name)
            && matches!(right.kind, ExprKind::Name)
            && moves(left.text)
            && moves(right.text)
            && moves_in_every_branch(body)
        {
            let size = self.size_of(right).or_else(|| self.size_of(left));
            return size.map_or(
                Rounds::Linear(format!(
                    "the distance between {} and {}",
                    code(left.text),
                    code(right.text)
                )),
                Rounds::Linear,
            );
        }
        let always_moves = body.iter().any(|step| match &step.kind {
            StepKind::Assign {
                target,
                operator: "+" | "-",
                value,
                ..
            } => target.text == left.text && value.number() == Some(1),
            StepKind::Increment { target, .. } => target.text == left.text,
            _ => false,
        });
        let mut skips = false;
        each_step(body, &mut |step| {
            skips |= matches!(step.kind, StepKind::Continue);
        });
        if always_moves && moves(left.text) && !skips && !assigns(body, right.text) {
            return self
                .size_of(right)
                .or_else(|| self.size_of(left))
                .map_or(Rounds::Unknown, Rounds::Linear);
        }
        Rounds::Unknown
    }

    /// What decides how big an expression is: a parameter, or what a local was made from.
    fn size_of(&self, value: &Expr<'a>) -> Option<String> {
        let mut found: Vec<&str> = Vec::new();
        value.each(&mut |part| {
            if matches!(part.kind, ExprKind::Name) {
                found.push(part.text);
            }
        });
        for _ in 0..4 {
            let base = found.iter().find(|name| {
                self.function
                    .parameters
                    .iter()
                    .any(|parameter| parameter.name == **name && !parameter.is_receiver)
            });
            if let Some(base) = base {
                return Some(code(base));
            }
            let mut next = Vec::new();
            let mut hidden = None;
            each_step(&self.function.body, &mut |step| {
                if let StepKind::Assign {
                    target,
                    operator: "=",
                    value,
                    ..
                } = &step.kind
                    && found.iter().any(|name| contains_name(target, name))
                {
                    if hides_size(value) {
                        hidden = Some(target.text);
                    }
                    value.each(&mut |part| {
                        if matches!(part.kind, ExprKind::Name) && part.text != "len" {
                            next.push(part.text);
                        }
                    });
                }
            });
            if let Some(name) = hidden {
                return Some(code(name.split(',').next().unwrap_or(name)));
            }
            if next.is_empty() {
                break;
            }
            next.sort_unstable();
            next.dedup();
            found = next;
        }
        match &value.kind {
            ExprKind::Name if self.scope.of(value) != Nature::Unknown => Some(code(value.text)),
            ExprKind::Member { .. } => Some(code(value.text)),
            _ => None,
        }
    }

    fn recursion(self, calls: usize, is_memoised: bool) -> Complexity {
        let name = code(self.function.name);
        let space_reason = "every call that is still waiting needs memory; how many there are depends on how the arguments shrink".to_owned();
        if is_memoised {
            return Complexity {
                time: None,
                time_reason: format!(
                    "results are remembered, so {name} does its work at most once for each different argument (as long as the memory keeps them)"
                ),
                space: None,
                space_reason:
                    "one remembered result for each different argument, and the calls still waiting"
                        .to_owned(),
            };
        }
        let shrinks_by_one = self.shrinks_by_one();
        let parameter = self
            .function
            .parameters
            .iter()
            .find(|parameter| !parameter.is_receiver)
            .map(|parameter| code(parameter.name))
            .unwrap_or_default();
        let has_loop = !self.worst.sizes.is_empty() || !self.unknown_loops.is_empty();
        let (time, time_reason) = match (calls, shrinks_by_one, has_loop) {
            (1, true, false) => (
                Some("O(n)".to_owned()),
                format!(
                    "each call makes one more with a smaller argument, so n is the value of {parameter}"
                ),
            ),
            (2.., true, false) => (
                Some("exponential in n at worst".to_owned()),
                format!(
                    "a call may make {calls} more, and nothing remembers earlier results; n is the value of {parameter}"
                ),
            ),
            _ => (
                None,
                format!(
                    "{name} calls itself; how many calls that makes cannot be told from the code alone"
                ),
            ),
        };
        let space = (shrinks_by_one && !has_loop).then(|| "O(n)".to_owned());
        Complexity {
            time,
            time_reason,
            space,
            space_reason,
        }
    }

    /// Whether every call to itself passes one argument less a constant.
    fn shrinks_by_one(&self) -> bool {
        let mut all = true;
        each_expression(&self.function.body, &mut |part| {
            if part.called() == Some(self.function.name)
                && let ExprKind::Call { arguments, .. } = &part.kind
            {
                all &= arguments.iter().any(|argument| matches!(&argument.kind, ExprKind::Binary { operator: "-", right, .. } if right.number().is_some_and(|by| by > 0)));
            }
        });
        all
    }

    fn finish(mut self) -> Complexity {
        self.unknown_calls.sort_unstable();
        self.unknown_calls.dedup();
        self.linear_calls.sort_unstable();
        self.linear_calls.dedup();
        let mut notes = Vec::new();
        if self.assumes_hashing {
            notes.push("assuming that a look-up by key takes constant time".to_owned());
        }
        if !self.linear_calls.is_empty() {
            let names: Vec<String> = self
                .linear_calls
                .iter()
                .take(4)
                .map(|name| {
                    if name == "a slice" {
                        name.clone()
                    } else {
                        code(name)
                    }
                })
                .collect();
            notes.push(format!("each {} inside the loop counts as one step here and costs more when its input is long", join(&names, "and")));
        }
        let calls: Vec<String> = self
            .unknown_calls
            .iter()
            .take(4)
            .map(|name| code(name))
            .collect();
        if !calls.is_empty() {
            notes.push(format!(
                "the cost of {} cannot be told from the code",
                join(&calls, "and")
            ));
        }
        let (formula, mut reason) = self.formula();
        if self.has_callback {
            notes.push("the small functions that are handed on count as one step here".to_owned());
        }
        let is_least = !calls.is_empty() || !self.linear_calls.is_empty() || self.has_callback;
        let time = if self.unknown_loops.is_empty() {
            Some(if is_least {
                format!("at least {formula}")
            } else {
                formula
            })
        } else {
            let lines: Vec<String> = self.unknown_loops.iter().map(ToString::to_string).collect();
            reason = format!(
                "how often the loop at line {} runs cannot be told from the code",
                join(&lines, "and")
            );
            None
        };
        if !notes.is_empty() {
            reason = format!("{reason}; {}", notes.join("; "));
        }
        let rest = if calls.is_empty() {
            ""
        } else {
            ", not counting what the called functions use"
        };
        let (space, space_reason) = match &self.grows {
            Some(size) => (
                "O(n)".to_owned(),
                format!("it builds a collection that may grow with {size}{rest}"),
            ),
            None if self.has_callback => {
                return Complexity {
                    time,
                    time_reason: reason,
                    space: None,
                    space_reason:
                        "what the functions that are handed on keep cannot be told from the code"
                            .to_owned(),
                };
            }
            None if self.unknown_loops.is_empty() || !self.adds_anywhere() => (
                "O(1)".to_owned(),
                format!("beyond its input it keeps a fixed number of values{rest}"),
            ),
            None => {
                return Complexity {
                    time,
                    time_reason: reason,
                    space: None,
                    space_reason: "how much is collected cannot be told from the code".to_owned(),
                };
            }
        };
        let copies = self.copies();
        let (space, space_reason) = match copies {
            Some(call) if space == "O(1)" => (
                None,
                format!(
                    "{} makes a new collection, as big as what goes into it",
                    code(&call)
                ),
            ),
            _ => (Some(space), space_reason),
        };
        Complexity {
            time,
            time_reason: reason,
            space,
            space_reason,
        }
    }

    fn copies(&self) -> Option<String> {
        let mut found = None;
        each_expression(&self.function.body, &mut |part| {
            let is_method = matches!(&part.kind, ExprKind::Call { callee, .. } if matches!(callee.kind, ExprKind::Member { .. }));
            if let Some(name) = part.called()
                && matches!(
                    name,
                    "sorted"
                        | "list"
                        | "set"
                        | "dict"
                        | "split"
                        | "filter"
                        | "map"
                        | "collect"
                        | "copy"
                        | "Split"
                        | "slice"
                        | "json"
                        | "load"
                )
                && !self.scope.defines(name)
                && !(is_method && matches!(name, "list" | "set" | "dict"))
            {
                found.get_or_insert_with(|| name.to_owned());
            }
            if matches!(part.kind, ExprKind::Slice) {
                found.get_or_insert_with(|| part.text.to_owned());
            }
        });
        found
    }

    fn adds_anywhere(&self) -> bool {
        let mut adds = false;
        each_expression(&self.function.body, &mut |part| {
            adds |= part.called().is_some_and(|name| {
                matches!(
                    name,
                    "append" | "push" | "push_back" | "add" | "insert" | "set" | "put"
                )
            });
        });
        adds
    }

    fn formula(&self) -> (String, String) {
        let worst = &self.worst;
        if worst.sizes.is_empty() && worst.logs == 0 {
            return (
                "O(1)".to_owned(),
                "there is no loop that grows with the input".to_owned(),
            );
        }
        if worst.sizes.is_empty() {
            return (
                "O(log n)".to_owned(),
                format!(
                    "the loop at line {} halves what is left in every round, so n is the size of the range it starts with",
                    worst.line
                ),
            );
        }
        let mut distinct: Vec<&String> = Vec::new();
        for size in &worst.sizes {
            if !distinct.contains(&size) {
                distinct.push(size);
            }
        }
        let letters = ["n", "m", "k", "p", "q", "r"];
        let mut product = String::new();
        let mut legend = Vec::new();
        for (size, letter) in distinct.iter().zip(letters) {
            let power = worst
                .sizes
                .iter()
                .filter(|other| other.as_str() == size.as_str())
                .count();
            let factor = match power {
                1 => letter.to_owned(),
                2 => format!("{letter}²"),
                3 => format!("{letter}³"),
                more => format!("{letter}^{more}"),
            };
            if !product.is_empty() {
                product.push_str(" · ");
            }
            product.push_str(&factor);
            legend.push(format!("{letter} is the size (or value) of {size}"));
        }
        if worst.logs > 0 {
            product.push_str(" log n");
        }
        let nested = match (worst.sizes.len(), worst.line) {
            (_, 0) => "it goes through its input".to_owned(),
            (1, line) => format!("the loop at line {line} runs in proportion to n at most"),
            (depth, line) => format!("{depth} loops lie inside each other from line {line} on"),
        };
        (
            format!("O({product})"),
            format!("{nested}; {}", legend.join(", ")),
        )
    }
}

/// A method of one item, such as `text[i].lower()`: as cheap as the item is small.
fn is_of_one_item(call: &Expr<'_>) -> bool {
    matches!(&call.kind, ExprKind::Call { callee, .. } if matches!(&callee.kind,
        ExprKind::Member { object, name: "lower" | "upper" } if matches!(object.kind, ExprKind::Index { .. })))
}

/// Whether a value comes out of a call that says nothing about its size.
fn hides_size(value: &Expr<'_>) -> bool {
    let mut hides = false;
    value.each(&mut |part| {
        if let Some(name) = part.called() {
            hides |= !format!("{CONSTANT}{LINEAR}")
                .split_whitespace()
                .any(|known| known == name);
        }
    });
    hides
}

fn contains_name(target: &Expr<'_>, name: &str) -> bool {
    match &target.kind {
        ExprKind::Name => target.text == name,
        ExprKind::Collection { items, .. } => items.iter().any(|item| item.text == name),
        _ => false,
    }
}

fn is_constant(iterable: &Expr<'_>) -> bool {
    match &iterable.kind {
        ExprKind::Collection { .. } | ExprKind::Text | ExprKind::Number => true,
        ExprKind::Call {
            callee, arguments, ..
        } => {
            last_segment(callee.text) == "range"
                && arguments.iter().all(|argument| argument.number().is_some())
        }
        _ => false,
    }
}

/// Whether every way through the body moves something or leaves: a chain of branches with an `else` does.
fn moves_in_every_branch(body: &[Step<'_>]) -> bool {
    body.iter().any(|step| match &step.kind {
        StepKind::Increment { .. } => true,
        StepKind::Assign {
            operator: "+" | "-",
            value,
            ..
        } => value.number() == Some(1),
        StepKind::Return { .. } | StepKind::Break => true,
        StepKind::If {
            arms,
            otherwise: Some(otherwise),
        } => {
            arms.iter().all(|(_, arm)| moves_in_every_branch(arm))
                && moves_in_every_branch(otherwise)
        }
        _ => false,
    })
}

/// The halving of binary search: a middle is made from two bounds, and each bound moves to it.
pub(crate) fn is_halving(condition: &Expr<'_>, body: &[Step<'_>]) -> bool {
    let ExprKind::Binary {
        operator: "<" | "<=",
        left,
        right,
    } = &condition.kind
    else {
        return false;
    };
    let mut middle = None;
    for step in body {
        if let StepKind::Assign {
            target,
            operator: "=",
            value,
            ..
        } = &step.kind
            && value.text.contains(left.text)
            && value.text.contains(right.text)
            && ["// 2", "/ 2", ">> 1", "//2", "/2"]
                .iter()
                .any(|half| value.text.contains(half))
        {
            middle = Some(target.text);
        }
    }
    let Some(middle) = middle else { return false };
    let mut moved = [false, false];
    each_step(body, &mut |step| {
        if let StepKind::Assign {
            target,
            operator: "=",
            value,
            ..
        } = &step.kind
            && value.text.contains(middle)
        {
            moved[0] |= target.text == left.text;
            moved[1] |= target.text == right.text;
        }
    });
    moved == [true, true]
}
