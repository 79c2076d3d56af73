//! Idioms that statements show.

#![expect(
    clippy::wildcard_enum_match_arm,
    reason = "the facts have many variants; this looks for a few of them"
)]

use domain::language::Language;

use super::Finder;
use crate::complexity::is_halving;
use crate::facts::{Expr, ExprKind, Step, StepKind, SwitchStyle, each_expression, each_step};
use crate::render::narrate::assigns;
use crate::render::wording::{code, quote};

impl<'a> Finder<'_, 'a> {
    pub(super) fn statement(&mut self, step: &Step<'a>, loops: &[&Step<'a>]) {
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
            StepKind::With { resources, .. } => self.resources(step.line, resources),
            StepKind::Declare { name, type_text } => self.typed(step.line, name, type_text),
            StepKind::Assign {
                target,
                type_text: Some(type_text),
                ..
            } => self.typed(step.line, target.text, type_text),
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
                quote(value),
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
        self.nesting(step, loops);
    }

    fn resources(&mut self, line: u32, resources: &[&'a str]) {
        let shown: Vec<String> = resources.iter().map(|resource| code(resource)).collect();
        if self.scope.language == Language::Java {
            self.add(
                "try-with-resources",
                line,
                "what is opened for a block and closed for sure when it ends, even after an error",
                shown.join(", "),
            );
        } else {
            self.add(
                "context manager",
                line,
                "something that is opened for a while and closed for sure",
                shown.join(", "),
            );
        }
    }

    /// Variables whose type says what they are for.
    fn typed(&mut self, line: u32, name: &'a str, type_text: &str) {
        let holds = |types: &[&str]| {
            let plain = type_text.split('<').next().unwrap_or(type_text).trim();
            let plain = plain.strip_prefix("const ").unwrap_or(plain);
            types.contains(&plain.strip_prefix("std::").unwrap_or(plain))
        };
        let shown = || format!("{} of type {}", code(name), code(type_text));
        match self.scope.language {
            Language::Cpp if holds(&["unique_ptr", "shared_ptr", "weak_ptr"]) => self.add(
                "smart pointer",
                line,
                "an object that frees itself when nothing owns it any more",
                shown(),
            ),
            Language::Cpp
                if holds(&["lock_guard", "unique_lock", "scoped_lock", "shared_lock"]) =>
            {
                self.add(
                    "RAII",
                    line,
                    "an object that holds something as long as it lives, and gives it back when it goes out of scope",
                    shown(),
                );
            }
            Language::Go if type_text == "sync.WaitGroup" => self.add(
                "wait group",
                line,
                "a counter of goroutines that still run, so that one can wait for all of them",
                code(name),
            ),
            _ => {}
        }
    }

    /// Loops inside of loops, and windows that a loop moves.
    pub(super) fn nesting(&mut self, step: &Step<'a>, loops: &[&Step<'a>]) {
        if step.is_loop()
            && let Some(outer) = loops.last()
        {
            let same = loop_source(outer).is_some_and(|source| loop_source(step) == Some(source));
            let evidence = if same {
                "both go through the same thing".to_owned()
            } else {
                format!("the loop at line {} lies inside", step.line)
            };
            self.add("nested loops", outer.line, "a loop inside a loop", evidence);
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

    pub(super) fn two_pointers(&mut self, line: u32, condition: &Expr<'a>, body: &[Step<'a>]) {
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
    pub(super) fn window(&mut self, line: u32, target: &str, body: &[Step<'a>]) {
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
                && assigns(body, right.text)
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

    /// A variable that starts with a value, is added to in a loop, and is used afterwards.
    pub(super) fn accumulators(&mut self, body: &[Step<'a>]) {
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
                    before.line < step.line && assigns(std::slice::from_ref(before), name)
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

pub(super) fn loop_source<'s>(step: &'s Step<'_>) -> Option<&'s str> {
    match &step.kind {
        StepKind::ForEach { iterable, .. } => Some(iterable.text),
        _ => None,
    }
}
