//! Recognises well-known ways of doing things. Each is named only when the code shows all of it.

use domain::language::Language;

use crate::complexity::is_halving;
use crate::facts::{
    Expr, ExprKind, Function, Shape, Step, StepKind, SwitchStyle, each_expression, each_step,
};
use crate::render::wording::code;
use crate::scope::{Nature, Scope};

/// Something recognised.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Idiom {
    pub(crate) name: &'static str,
    pub(crate) line: u32,
    /// What it is, for somebody who never met it.
    pub(crate) meaning: &'static str,
    /// What shows it in this code.
    pub(crate) evidence: String,
}

/// How often a function calls itself.
pub(crate) fn count_own_calls(function: &Function<'_>) -> usize {
    let mut count = 0;
    each_expression(&function.body, &mut |part| {
        if let ExprKind::Call { callee, .. } = &part.kind {
            let is_own = match &callee.kind {
                ExprKind::Member { object, name } => {
                    function.is_method
                        && *name == function.name
                        && matches!(object.text, "self" | "this" | "cls")
                }
                _ => {
                    callee.text == function.name
                        || (function.is_method
                            && callee.text.rsplit("::").next() == Some(function.name))
                }
            };
            count += usize::from(is_own && !function.name.is_empty());
        }
    });
    count
}

/// Whether results are remembered by a decorator.
pub(crate) fn is_memoised(function: &Function<'_>) -> bool {
    function.decorators.iter().any(|decorator| {
        let name = decorator.split('(').next().unwrap_or(decorator);
        matches!(name.rsplit('.').next(), Some("lru_cache" | "cache"))
    })
}

/// The idioms of a function, in the order of its lines, each name once.
pub(crate) fn find<'a>(scope: &Scope<'a>, function: &Function<'a>, line: u32) -> Vec<Idiom> {
    let mut finder = Finder {
        scope,
        found: Vec::new(),
    };
    finder.signature(function, line);
    finder.guards(function);
    finder.steps(&function.body, &[]);
    finder.accumulators(&function.body);
    let mut found = finder.found;
    found.sort_by_key(|idiom| idiom.line);
    let mut names = Vec::new();
    found.retain(|idiom| {
        let is_new = !names.contains(&idiom.name);
        names.push(idiom.name);
        is_new
    });
    found
}

struct Finder<'s, 'a> {
    scope: &'s Scope<'a>,
    found: Vec<Idiom>,
}

impl<'a> Finder<'_, 'a> {
    fn add(&mut self, name: &'static str, line: u32, meaning: &'static str, evidence: String) {
        self.found.push(Idiom {
            name,
            line,
            meaning,
            evidence,
        });
    }

    fn signature(&mut self, function: &Function<'a>, line: u32) {
        if count_own_calls(function) > 0 {
            self.add(
                "recursion",
                line,
                "a function that calls itself on a smaller piece of the problem",
                format!("{} calls itself", code(function.name)),
            );
        }
        if is_memoised(function) {
            self.add(
                "memoisation",
                line,
                "results are remembered, so the same question is not worked out twice",
                format!(
                    "the decorator {}",
                    code(function.decorators.join(", ").as_str())
                ),
            );
        } else if let Some(decorator) = function.decorators.first() {
            self.add(
                "decorator",
                line,
                "something that wraps a function and changes how it behaves",
                code(&format!("@{decorator}")),
            );
        }
        if function.is_generator {
            self.add(
                "generator",
                line,
                "a function that hands out values one at a time instead of all at once",
                "it uses `yield`".to_owned(),
            );
        }
        if function.is_async {
            self.add(
                "asynchronous function",
                line,
                "a function that can pause while it waits, so that other work goes on",
                "it is marked `async`".to_owned(),
            );
        }
        if self.scope.language == Language::Rust {
            for parameter in &function.parameters {
                let type_text =
                    parameter
                        .type_text
                        .as_deref()
                        .unwrap_or(if parameter.is_receiver {
                            parameter.name
                        } else {
                            ""
                        });
                if type_text.starts_with("&mut") {
                    self.add("mutable borrow", line, "the function may change the value it was lent, and gives it back afterwards", code(parameter.name));
                } else if type_text.starts_with('&') {
                    self.add(
                        "borrowing",
                        line,
                        "the function only reads what it was lent; the caller keeps it",
                        code(parameter.name),
                    );
                } else if ["Vec<", "String", "Box<"]
                    .iter()
                    .any(|owned| type_text.starts_with(owned))
                {
                    self.add(
                        "taking ownership",
                        line,
                        "the value moves into the function; the caller cannot use it any more",
                        code(parameter.name),
                    );
                }
            }
        }
    }

    fn guards(&mut self, function: &Function<'a>) {
        let leading = function.body.iter().find(|step| {
            !matches!(
                step.kind,
                StepKind::Assign { .. } | StepKind::Declare { .. }
            )
        });
        if let Some(Step {
            kind:
                StepKind::If {
                    arms,
                    otherwise: None,
                },
            line,
            ..
        }) = leading
            && function.body.len() > 1
            && let [(condition, body)] = arms.as_slice()
            && matches!(
                body.as_slice(),
                [
                    ..,
                    Step {
                        kind: StepKind::Return { .. } | StepKind::Raise(_),
                        ..
                    }
                ]
            )
        {
            let evidence = format!(
                "the function ends early when {}",
                self.scope.condition(condition)
            );
            self.add(
                "guard clause",
                *line,
                "a special case that is dealt with first, so that the rest need not think of it",
                evidence,
            );
        }
    }

    fn steps(&mut self, steps: &[Step<'a>], loops: &[&Step<'a>]) {
        for step in steps {
            self.statement(step, loops);
            for expression in step.expressions() {
                expression.each(&mut |part| self.expression(part, step.line));
            }
            let mut inner = loops.to_vec();
            if step.is_loop() {
                inner.push(step);
            }
            for block in step.blocks() {
                self.steps(block, &inner);
            }
        }
    }

    fn statement(&mut self, step: &Step<'a>, loops: &[&Step<'a>]) {
        match &step.kind {
            StepKind::While {
                condition: Some(condition),
                body,
                ..
            } => {
                if is_halving(condition, body) {
                    self.add("binary search", step.line, "the part that may hold the answer is halved again and again, as when looking up a word in a dictionary", format!("the middle is looked at and one of the bounds moves past it while {}", self.scope.condition(condition)));
                } else {
                    self.two_pointers(step.line, condition, body);
                }
            }
            StepKind::Assign { .. } if self.scope.action(step).starts_with("swap ") => {
                self.add(
                    "swap",
                    step.line,
                    "two values change places",
                    self.scope.action(step),
                );
            }
            StepKind::With { .. } => self.add(
                "context manager",
                step.line,
                "something that is opened for a while and closed for sure",
                "the `with` or `try (…)` block".to_owned(),
            ),
            StepKind::Defer(value) => self.add(
                "deferred call",
                step.line,
                "a call that waits until the function ends",
                code(value.text),
            ),
            StepKind::Spawn(value) => self.add(
                "goroutine",
                step.line,
                "a function that runs at the same time as the rest",
                code(value.text),
            ),
            StepKind::Send { channel, .. } => self.add(
                "channel",
                step.line,
                "a pipe through which goroutines pass values",
                format!("a value is sent into {}", code(channel.text)),
            ),
            StepKind::Switch {
                style: SwitchStyle::Exclusive,
                ..
            } if self.scope.language == Language::Rust => {
                self.add(
                    "pattern matching",
                    step.line,
                    "choosing by the shape of a value and taking it apart at once",
                    "the `match` expression".to_owned(),
                );
            }
            StepKind::Try { .. } => self.add(
                "error handling",
                step.line,
                "trying something that may fail, and saying what to do then",
                "the `try` block".to_owned(),
            ),
            _ => {}
        }
        if step.is_loop()
            && let Some(outer) = loops.last()
        {
            let same = loop_source(outer).is_some_and(|source| loop_source(step) == Some(source));
            let evidence = if same {
                "both go through the same thing"
            } else {
                "the inner one runs in full for every round of the outer one"
            };
            self.add(
                "nested loops",
                outer.line,
                "a loop inside a loop",
                evidence.to_owned(),
            );
        }
        if let StepKind::ForEach {
            target: Some(target),
            body,
            ..
        } = &step.kind
        {
            self.window(step.line, target, body);
        }
    }

    fn two_pointers(&mut self, line: u32, condition: &Expr<'a>, body: &[Step<'a>]) {
        let ExprKind::Binary {
            operator: "<" | "<=" | "!=",
            left,
            right,
        } = &condition.kind
        else {
            return;
        };
        let mut up = false;
        let mut down = false;
        each_step(body, &mut |step| match &step.kind {
            StepKind::Assign {
                target, operator, ..
            } => {
                up |= target.text == left.text && *operator == "+";
                down |= target.text == right.text && *operator == "-";
            }
            StepKind::Increment { target, step } => {
                up |= target.text == left.text && *step == 1;
                down |= target.text == right.text && *step == -1;
            }
            _ => {}
        });
        if up && down {
            self.add(
                "two pointers",
                line,
                "two positions that move towards each other from both ends",
                format!(
                    "{} moves up and {} moves down",
                    code(left.text),
                    code(right.text)
                ),
            );
        }
    }

    /// A window: one end is the loop's position, the other is a variable that the loop moves and that is subtracted from it.
    fn window(&mut self, line: u32, target: &str, body: &[Step<'a>]) {
        let names: Vec<&str> = target.split(',').map(str::trim).collect();
        let mut start = None;
        each_expression(body, &mut |part| {
            if let ExprKind::Binary {
                operator: "-",
                left,
                right,
            } = &part.kind
                && names.contains(&left.text)
                && matches!(right.kind, ExprKind::Name)
                && !names.contains(&right.text)
                && crate::render::narrate::assigns(body, right.text)
            {
                start = Some((left.text, right.text));
            }
        });
        if let Some((end, start)) = start {
            self.add(
                "sliding window",
                line,
                "a stretch of the input whose two ends move forward",
                format!("the stretch from {} to {}", code(start), code(end)),
            );
        }
    }

    fn expression(&mut self, part: &Expr<'a>, line: u32) {
        match &part.kind {
            ExprKind::Comprehension {
                shape: Shape::Generator,
                ..
            } => self.add(
                "generator expression",
                line,
                "values made one by one, as they are needed",
                code(part.text),
            ),
            ExprKind::Comprehension { .. } => self.add(
                "comprehension",
                line,
                "a whole collection built in one expression, with the loop inside it",
                code(part.text),
            ),
            ExprKind::Lambda { .. } => self.add(
                "function as a value",
                line,
                "a small function without a name that is passed on or kept",
                code(part.text),
            ),
            ExprKind::Propagate(inner) => self.add(
                "`?` operator",
                line,
                "goes on with the value, or hands the failure to the caller at once",
                code(inner.text),
            ),
            ExprKind::Await(inner) => self.add(
                "`await`",
                line,
                "waits for a result while other work goes on",
                code(inner.text),
            ),
            ExprKind::Binary {
                operator: "in" | "not in",
                right,
                ..
            } if self.scope.of(right) == Nature::Map => {
                self.add(
                    "look-up by key",
                    line,
                    "asking a dictionary directly instead of searching through everything",
                    format!("in {}", code(right.text)),
                );
            }
            ExprKind::Call {
                callee, arguments, ..
            } => {
                match part.called() {
                    Some("sorted" | "sort") if !self.scope.defines("sorted") => {
                        self.add("sorting", line, "putting items in order", code(part.text));
                    }
                    Some("get" | "has" | "entry" | "getOrDefault") if arguments.len() <= 2 => {
                        if let ExprKind::Member { object, .. } = &callee.kind
                            && self.scope.of(object) == Nature::Map
                        {
                            self.add("look-up by key", line, "asking a dictionary directly instead of searching through everything", format!("in {}", code(object.text)));
                        }
                    }
                    Some("make")
                        if arguments
                            .first()
                            .is_some_and(|first| first.text.starts_with("chan")) =>
                    {
                        self.add(
                            "channel",
                            line,
                            "a pipe through which goroutines pass values",
                            code(part.text),
                        );
                    }
                    Some("make_unique" | "make_shared") => self.add(
                        "smart pointer",
                        line,
                        "an object that frees itself when nothing owns it any more",
                        code(part.text),
                    ),
                    Some("map" | "filter" | "reduce")
                        if matches!(
                            self.scope.language,
                            Language::JavaScript | Language::TypeScript
                        ) =>
                    {
                        self.add(
                            "functional array methods",
                            line,
                            "working on a whole array by handing in a small function",
                            code(part.called().unwrap_or_default()),
                        );
                    }
                    _ => {}
                }
            }
            _ => {}
        }
    }

    /// A variable that starts with a value, is added to in a loop, and is used afterwards.
    fn accumulators(&mut self, body: &[Step<'a>]) {
        for step in body {
            if !step.is_loop() {
                continue;
            }
            let mut found = None;
            for block in step.blocks() {
                each_step(block, &mut |inner| {
                    if let StepKind::Assign {
                        target,
                        operator: operator @ ("+" | "*"),
                        value,
                        ..
                    } = &inner.kind
                        && matches!(target.kind, ExprKind::Name)
                        && value.number().is_none()
                        && found.is_none()
                    {
                        found = Some((inner.line, target.text, *operator));
                    }
                });
            }
            if let Some((line, name, _)) = found
                && body.iter().any(|before| {
                    before.line < step.line
                        && crate::render::narrate::assigns(std::slice::from_ref(before), name)
                })
            {
                self.add(
                    "accumulator",
                    line,
                    "a running result that every round adds to",
                    format!("{} collects the result", code(name)),
                );
            }
        }
    }
}

fn loop_source<'s>(step: &'s Step<'_>) -> Option<&'s str> {
    match &step.kind {
        StepKind::ForEach { iterable, .. } => Some(iterable.text),
        _ => None,
    }
}
