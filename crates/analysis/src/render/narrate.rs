//! Statements as sentences in the imperative, in order, with what lies inside them. The three styles choose how to show them.

#![expect(
    clippy::wildcard_enum_match_arm,
    reason = "the facts have many variants; this looks for a few of them"
)]

pub(crate) mod actions;
mod branches;
pub(crate) mod chains;
mod loops;

use crate::facts::{ExprKind, Step, StepKind, each_step};
use crate::render::wording::{code, join};
use crate::scope::Scope;

/// Stands between the head of a folded sentence and its action; never shown.
pub(crate) const FOLD: char = '\u{1}';

/// A sentence about a statement, without a full stop, and the sentences about what lies inside.
#[derive(Debug, Clone)]
pub(crate) struct Told {
    pub(crate) text: String,
    pub(crate) line: u32,
    pub(crate) end_line: u32,
    pub(crate) inner: Vec<Told>,
}

impl Told {
    fn new(step: &Step<'_>, text: String) -> Self {
        Self {
            text,
            line: step.line,
            end_line: step.end_line,
            inner: Vec::new(),
        }
    }
}

/// What a used `if` or `match` is called.
pub(crate) fn choice_name(step: &Step<'_>) -> String {
    match &step.kind {
        StepKind::If { .. } => "a value chosen by a condition".to_owned(),
        StepKind::Switch {
            subject: Some(subject),
            ..
        } => format!("a value that depends on what {} is", code(subject.text)),
        StepKind::Block { .. } => "the value of a block".to_owned(),
        _ => "the result of the statement inside".to_owned(),
    }
}

impl<'a> Scope<'a> {
    /// Every statement of a list.
    pub(crate) fn narrate(&self, steps: &[Step<'a>]) -> Vec<Told> {
        let mut told: Vec<Told> = Vec::new();
        for step in steps {
            if let (Some(last), Some(more)) = (told.last_mut(), self.simple_setting(step))
                && last.inner.is_empty()
                && last.text.starts_with("set ")
                && last.text.len() < 70
                && !last.text.contains(',')
                && last.end_line + 1 >= step.line
                && steps.len() > 3
            {
                last.text = format!("{}; set {more}", last.text);
                last.end_line = step.end_line;
                continue;
            }
            self.narrate_one(step, &mut told);
        }
        told
    }

    fn simple_setting(&self, step: &Step<'a>) -> Option<String> {
        match &step.kind {
            StepKind::Assign {
                target,
                operator: "=",
                value,
                ..
            } if matches!(
                value.kind,
                ExprKind::Number
                    | ExprKind::Bool(_)
                    | ExprKind::Null
                    | ExprKind::Name
                    | ExprKind::Text
            ) && matches!(target.kind, ExprKind::Name) =>
            {
                Some(format!("{} to {}", code(target.text), self.noun(value)))
            }
            _ => None,
        }
    }

    fn narrate_one(&self, step: &Step<'a>, told: &mut Vec<Told>) {
        match &step.kind {
            StepKind::If { arms, otherwise } => self.branch(step, arms, otherwise.as_deref(), told),
            StepKind::ForEach { .. } | StepKind::Count { .. } | StepKind::While { .. } => {
                self.repeat(step, told);
            }
            StepKind::Switch {
                subject,
                cases,
                style,
            } => told.push(self.switch(step, subject.as_ref(), cases, *style)),
            StepKind::Try {
                body,
                handlers,
                otherwise,
                finally,
            } => self.attempt(step, body, handlers, [otherwise, finally], told),
            StepKind::With { resources, body } => {
                let names: Vec<String> = resources
                    .iter()
                    .map(|resource| match resource.rsplit_once(" as ") {
                        Some((value, name)) => format!("{} as {}", code(value), code(name)),
                        None => code(resource),
                    })
                    .collect();
                let mut line = Told::new(
                    step,
                    format!(
                        "use {} for the steps inside, and clean up afterwards whatever happens",
                        join(&names, "and")
                    ),
                );
                line.inner = self.narrate(body);
                told.push(line);
            }
            StepKind::Block { label, body } => {
                if label.is_empty() {
                    told.extend(self.narrate(body));
                } else {
                    let mut line = Told::new(step, format!("run an `{label}` block"));
                    line.inner = self.narrate(body);
                    told.push(line);
                }
            }
            StepKind::LoopElse(body) => {
                let mut line = Told::new(step, "when the loop ended without `break`".to_owned());
                line.inner = self.narrate(body);
                told.push(line);
            }
            StepKind::Class(class) => told.push(Told::new(
                step,
                format!("define the type {}", code(class.name)),
            )),
            StepKind::Function(function) => {
                told.push(Told::new(
                    step,
                    format!("define the function {}", code(function.name)),
                ));
            }
            StepKind::Unreadable => told.push(Told::new(
                step,
                "this part does not parse, so it is not told".to_owned(),
            )),
            StepKind::Pass => told.push(Told::new(step, "do nothing".to_owned())),
            _ => {
                let mut line = Told::new(step, self.action(step));
                line.inner = self.inner_steps(step);
                told.push(line);
            }
        }
    }

    /// The statements inside of functions and choices that a simple statement carries.
    fn inner_steps(&self, step: &Step<'a>) -> Vec<Told> {
        let mut inner = Vec::new();
        if let StepKind::Spawn(value) | StepKind::Defer(value) = &step.kind
            && let ExprKind::Call { callee, .. } = &value.kind
            && let ExprKind::Lambda { steps, .. } = &callee.kind
        {
            return self.narrate(steps);
        }
        for expression in step.expressions() {
            if let Some(chain) = chains::chain(expression) {
                return self.chain_links(step, &chain);
            }
            expression.each(&mut |part| match &part.kind {
                ExprKind::Lambda { steps, .. } if !steps.is_empty() && inner.is_empty() => {
                    let mut line = Told::new(step, "when that function is called".to_owned());
                    line.inner = self.narrate(steps);
                    inner.push(line);
                }
                ExprKind::Choice(choice) if inner.is_empty() => {
                    self.narrate_one(choice, &mut inner);
                }
                _ => {}
            });
        }
        inner
    }
}

/// Whether statements set a name.
pub(crate) fn assigns(steps: &[Step<'_>], name: &str) -> bool {
    let mut found = false;
    each_step(steps, &mut |step| match &step.kind {
        StepKind::Assign { target, .. } => {
            target.each(&mut |part| found |= part.text == name);
        }
        StepKind::Increment { target, .. } => found |= target.text == name,
        _ => {}
    });
    found
}
