//! Branches, choices and attempts as sentences.

#![expect(
    clippy::wildcard_enum_match_arm,
    reason = "the facts have many variants; this looks for a few of them"
)]

use domain::language::Language;

use super::{FOLD, Told};
use crate::facts::{Case, Expr, Handler, Step, StepKind, SwitchStyle};
use crate::render::wording::{code, join};
use crate::scope::Scope;
use crate::text::Put;

impl<'a> Scope<'a> {
    pub(super) fn branch(
        &self,
        step: &Step<'a>,
        arms: &[(Expr<'a>, Vec<Step<'a>>)],
        otherwise: Option<&[Step<'a>]>,
        told: &mut Vec<Told>,
    ) {
        for (index, (condition, body)) in arms.iter().enumerate() {
            let lead = if index == 0 { "if" } else { "otherwise, if" };
            let mut line = Told::new(step, format!("{lead} {}", self.condition(condition)));
            line.inner = self.narrate(body);
            if let Some(first) = body.first() {
                line.line = if index == 0 {
                    step.line
                } else {
                    first.line.saturating_sub(1).max(step.line)
                };
                line.end_line = body.last().map_or(first.end_line, |last| last.end_line);
            }
            told.push(fold(line));
        }
        if let Some(otherwise) = otherwise {
            let mut line = Told::new(step, "otherwise".to_owned());
            line.inner = self.narrate(otherwise);
            if let (Some(first), Some(last)) = (otherwise.first(), otherwise.last()) {
                line.line = first.line;
                line.end_line = last.end_line;
            }
            told.push(fold(line));
        }
    }

    pub(super) fn switch(
        &self,
        step: &Step<'a>,
        subject: Option<&Expr<'a>>,
        cases: &[Case<'a>],
        style: SwitchStyle,
    ) -> Told {
        let text = match (subject, style) {
            (_, SwitchStyle::Select) => "wait for whichever of these can go first".to_owned(),
            (Some(subject), SwitchStyle::FallsThrough) => format!(
                "go to the case that fits {}; a case without a way out runs on into the next",
                self.noun(subject)
            ),
            (Some(subject), SwitchStyle::Exclusive) => {
                format!("choose by what {} is", self.noun(subject))
            }
            (None, _) => "choose the first case that holds".to_owned(),
        };
        let text = if style == SwitchStyle::FallsThrough
            && cases
                .iter()
                .all(|case| leaves(&case.body) || case.body.is_empty())
        {
            text.split(';').next().unwrap_or_default().to_owned()
        } else {
            text
        };
        let mut line = Told::new(step, text);
        let mut pending: Vec<String> = Vec::new();
        for case in cases {
            if case.body.is_empty() && style == SwitchStyle::FallsThrough && !case.is_default {
                pending.push(code(case.pattern));
                continue;
            }
            pending.push(code(case.pattern));
            let guard = case
                .guard
                .as_ref()
                .map(|guard| format!(" and {}", self.condition(guard)))
                .unwrap_or_default();
            let text = if case.is_default {
                "in any other case".to_owned()
            } else if style == SwitchStyle::Select {
                format!("once {} goes through", join(&pending, "or"))
            } else {
                format!("for {}{guard}", join(&pending, "or"))
            };
            pending.clear();
            let mut inner = Told {
                text,
                line: case.line,
                end_line: case.line,
                inner: self.case_body(&case.body, style),
            };
            if inner.inner.is_empty() {
                inner.text.put(format_args!(
                    ",{FOLD}do nothing{}",
                    if style == SwitchStyle::Select {
                        " more"
                    } else {
                        ""
                    }
                ));
            }
            line.inner.push(fold(inner));
        }
        line
    }

    /// What a case does; the `break` that only ends it is not told, and another one leaves the choice, not a loop.
    pub(super) fn case_body(&self, body: &[Step<'a>], style: SwitchStyle) -> Vec<Told> {
        let body = match body {
            [
                first @ ..,
                Step {
                    kind: StepKind::Break { label: None, .. },
                    ..
                },
            ] if style == SwitchStyle::FallsThrough => first,
            _ => body,
        };
        let mut told = self.narrate(body);
        if !matches!(self.language, Language::Python | Language::Rust) {
            leave_the_choice(&mut told);
        }
        told
    }

    pub(super) fn attempt(
        &self,
        step: &Step<'a>,
        body: &[Step<'a>],
        handlers: &[Handler<'a>],
        rest: [&[Step<'a>]; 2],
        told: &mut Vec<Told>,
    ) {
        let mut line = Told::new(step, "try the steps inside".to_owned());
        line.end_line = body.last().map_or(step.line, |last| last.end_line);
        line.inner = self.narrate(body);
        told.push(line);
        for handler in handlers {
            let text = if handler.types.is_empty() {
                "if anything goes wrong".to_owned()
            } else {
                format!("if {} is raised", code(handler.types))
            };
            let text = if self.language == Language::Python {
                text
            } else {
                text.replace("is raised", "is thrown")
            };
            let end_line = handler
                .body
                .last()
                .map_or(handler.line, |last| last.end_line);
            let mut inner = Told {
                text,
                line: handler.line,
                end_line,
                inner: self.narrate(&handler.body),
            };
            if inner.inner.is_empty() {
                inner.text.put(format_args!(",{FOLD}ignore it"));
            }
            told.push(fold(inner));
        }
        let [otherwise, finally] = rest;
        for (text, steps) in [
            ("if nothing went wrong", otherwise),
            ("in the end, whatever happened", finally),
        ] {
            if let (Some(first), Some(last)) = (steps.first(), steps.last()) {
                told.push(fold(Told {
                    text: text.to_owned(),
                    line: first.line,
                    end_line: last.end_line,
                    inner: self.narrate(steps),
                }));
            }
        }
    }
}

pub(super) fn leave_the_choice(told: &mut [Told]) {
    for one in told {
        let is_loop = [
            "for each",
            "as long as",
            "repeat",
            "do the steps",
            "first ",
            "once for",
        ]
        .iter()
        .any(|lead| one.text.starts_with(lead));
        if !is_loop {
            one.text = one.text.replace("leave the loop", "leave this choice");
            leave_the_choice(&mut one.inner);
        }
    }
}

/// Whether the last of these statements leaves them for good.
pub(super) fn leaves(steps: &[Step<'_>]) -> bool {
    steps.last().is_some_and(|last| match &last.kind {
        StepKind::Return { .. }
        | StepKind::Raise(_)
        | StepKind::Give(_)
        | StepKind::Break { .. }
        | StepKind::Continue { .. } => true,
        StepKind::Block { body, .. } => leaves(body),
        _ => false,
    })
}

/// A head with one simple sentence inside becomes one sentence.
pub(super) fn fold(mut told: Told) -> Told {
    if let [only] = told.inner.as_slice()
        && only.inner.is_empty()
        && told.text.len() + only.text.len() < 160
    {
        told.text = format!("{},{FOLD}{}", told.text, only.text);
        told.inner.clear();
    }
    told
}
