//! Simple statements as imperatives.

#![expect(
    clippy::wildcard_enum_match_arm,
    reason = "the facts have many variants; this looks for a few of them"
)]

use domain::language::Language;

use super::chains::{chain, chain_start};
use crate::facts::{Expr, ExprKind, Label, Step, StepKind};
use crate::render::wording::{code, join, quote};
use crate::scope::{Nature, Scope};

/// Most named results of a function that are told by name.
const RESULTS_MAX: usize = 8;

impl<'a> Scope<'a> {
    /// A simple statement as an imperative.
    pub(crate) fn action(&self, step: &Step<'a>) -> String {
        match &step.kind {
            StepKind::Import(text) => format!("load {}", code(text)),
            StepKind::Assign {
                target,
                operator,
                value,
                ..
            } => self.assignment(target, operator, value),
            StepKind::Increment { target, step: 1 } => format!("add 1 to {}", code(target.text)),
            StepKind::Increment { target, .. } => format!("subtract 1 from {}", code(target.text)),
            StepKind::Evaluate(value) | StepKind::Tail(value) => self.effect(value),
            StepKind::Return {
                value: Some(value), ..
            } => format!("return {}", self.noun(value)),
            StepKind::Return { results, .. } if !results.is_empty() => {
                format!("return {}", named_results(results))
            }
            StepKind::Return { value: None, .. } => "stop here and return nothing".to_owned(),
            StepKind::Raise(Some(error)) => format!("{} {}", self.raise_word(), code(error.text)),
            StepKind::Raise(None) => format!("{} the same error again", self.raise_word()),
            StepKind::Give(value) => {
                format!("give {} as the value of the `switch`", self.noun(value))
            }
            StepKind::Break {
                label,
                value,
                is_result,
            } => self.leaving(*label, value.as_ref(), *is_result),
            StepKind::Continue { label: None } => "skip to the next round of the loop".to_owned(),
            StepKind::Continue { label: Some(label) } => format!(
                "skip to the next round of the loop labelled {}",
                code(label.name)
            ),
            StepKind::Assert(condition) => {
                format!("check that {}, and fail if not", self.condition(condition))
            }
            StepKind::Delete(text) => format!("delete {}", code(text)),
            StepKind::Defer(value) if is_lambda_call(value) => {
                "arrange for these steps to run when the function ends".to_owned()
            }
            StepKind::Spawn(value) if is_lambda_call(value) => {
                "start a goroutine, which runs on its own".to_owned()
            }
            StepKind::Defer(value) => format!(
                "arrange for {} to run when the function ends",
                code(value.text)
            ),
            StepKind::Spawn(value) => format!(
                "start {} as a goroutine, which runs on its own",
                code(value.text)
            ),
            StepKind::Send { channel, value } => format!(
                "send {} into the channel {}",
                self.noun(value),
                code(channel.text)
            ),
            StepKind::Other(text) => format!("run {}", code(text)),
            kind => self.declaring(kind),
        }
    }

    /// What makes a name known.
    fn declaring(&self, kind: &StepKind<'a>) -> String {
        match kind {
            // Only a constant of Go may have neither.
            StepKind::Declare { name, type_text }
                if type_text.is_empty() && self.language == Language::Go =>
            {
                format!("declare {} by the rule of the constant above", code(name))
            }
            StepKind::Declare { name, type_text } if type_text.is_empty() => {
                format!("declare {}, without a value yet", code(name))
            }
            StepKind::Declare { name, type_text } if self.language == Language::Go => format!(
                "declare {} with the zero value of {}",
                code(name),
                code(type_text)
            ),
            StepKind::Declare { name, type_text } => {
                format!("declare {} (of type {})", code(name), code(type_text))
            }
            StepKind::Initialise { target, values } => {
                let values: Vec<String> = values.iter().map(|value| self.noun(value)).collect();
                if values.is_empty() {
                    format!("initialise {}", code(target))
                } else {
                    format!("initialise {} with {}", code(target), join(&values, "and"))
                }
            }
            _ => "do the steps inside".to_owned(),
        }
    }

    fn leaving(
        &self,
        label: Option<Label<'a>>,
        value: Option<&Expr<'a>>,
        is_result: bool,
    ) -> String {
        let left = match label {
            // Not "leave the loop", which inside of a choice means the choice.
            Some(label) if label.is_loop => {
                format!("leave the whole loop labelled {}", code(label.name))
            }
            Some(label) => format!("leave what is labelled {}", code(label.name)),
            None => "leave the loop".to_owned(),
        };
        match value {
            Some(value) if is_result => format!("{left} and return {}", self.noun(value)),
            Some(value) => format!("{left} with {} as its value", self.noun(value)),
            None => left,
        }
    }

    pub(super) const fn raise_word(&self) -> &'static str {
        match self.language {
            Language::Python => "raise",
            _ => "throw",
        }
    }

    pub(super) fn assignment(&self, target: &Expr<'a>, operator: &str, value: &Expr<'a>) -> String {
        let name = code(target.text);
        match operator {
            "=" => {}
            "+" => return format!("add {} to {name}", self.noun(value)),
            "-" => return format!("subtract {} from {name}", self.noun(value)),
            "*" => return format!("multiply {name} by {}", self.noun(value)),
            "/" => return format!("divide {name} by {}", self.noun(value)),
            "//" => return format!("divide {name} by {}, rounding down", self.noun(value)),
            _ => {
                return format!(
                    "update {name} with {}",
                    code(&format!("{} {operator}= {}", target.text, value.text))
                );
            }
        }
        if let (
            ExprKind::Collection { items: targets, .. },
            ExprKind::Collection { items: values, .. },
        ) = (&target.kind, &value.kind)
            && targets.len() == values.len()
        {
            if let ([a, b], [c, d]) = (targets.as_slice(), values.as_slice())
                && a.text == d.text
                && b.text == c.text
            {
                return format!("swap {} and {}", code(a.text), code(b.text));
            }
            let pairs: Vec<String> = targets
                .iter()
                .zip(values)
                .map(|(target, value)| format!("{} to {}", code(target.text), self.noun(value)))
                .collect();
            return format!("set {}", join(&pairs, "and"));
        }
        if self.language == Language::Go
            && value.called() == Some("append")
            && let ExprKind::Call { arguments, .. } = &value.kind
            && let [list, item] = arguments.as_slice()
            && list.text == target.text
        {
            return format!("add {} to the end of {name}", self.noun(item));
        }
        match (&target.kind, &value.kind) {
            (ExprKind::Index { object, index }, _) if self.of(object) == Nature::Map => {
                format!(
                    "store {} in {} under {}",
                    self.noun(value),
                    code(object.text),
                    code(index.text)
                )
            }
            (ExprKind::Collection { items, .. }, _) => {
                let names: Vec<String> = items.iter().map(|item| code(item.text)).collect();
                format!("take {} from {}", join(&names, "and"), self.noun(value))
            }
            _ => format!("set {name} to {}", self.noun(value)),
        }
    }

    /// An expression that stands as a statement.
    pub(super) fn effect(&self, value: &Expr<'a>) -> String {
        match &value.kind {
            ExprKind::Yield(_) if self.is_context_manager => {
                "let the steps of the `with` block run".to_owned()
            }
            ExprKind::Yield(Some(inner))
                if value.text.starts_with("yield from") || value.text.starts_with("yield*") =>
            {
                format!(
                    "hand out every value of {}, one at a time",
                    self.noun(inner)
                )
            }
            ExprKind::Yield(Some(inner)) => format!(
                "hand out {} and pause until the next value is asked for",
                self.noun(inner)
            ),
            ExprKind::Yield(None) => "pause until the next value is asked for".to_owned(),
            ExprKind::Await(inner) => format!("wait for {}", code(inner.text)),
            ExprKind::Macro {
                name: "println" | "print" | "eprintln",
            } => format!("print with {}", code(value.text)),
            ExprKind::Call {
                callee, arguments, ..
            } => self.call_effect(value, callee, arguments),
            ExprKind::Propagate(inner) => {
                format!("{}, passing a failure up to the caller", self.effect(inner))
            }
            _ => format!("evaluate {}", code(value.text)),
        }
    }

    fn call_effect(&self, value: &Expr<'a>, callee: &Expr<'a>, arguments: &[Expr<'a>]) -> String {
        let names: Vec<String> = arguments
            .iter()
            .map(|argument| self.noun(argument))
            .collect();
        let is_print = matches!(
            callee.text,
            "print" | "console.log" | "System.out.println" | "fmt.Println"
        ) && !self.defines(callee.text);
        if callee.text == "print"
            && let [
                first,
                ExprKind::Keyword {
                    name: "file",
                    value,
                },
            ] = arguments
                .iter()
                .map(|argument| &argument.kind)
                .collect::<Vec<_>>()
                .as_slice()
            && !matches!(first, ExprKind::Keyword { .. })
        {
            return format!(
                "print {} to {}",
                names.first().map_or("", String::as_str),
                code(value.text)
            );
        }
        if is_print
            && names.len() <= 4
            && !arguments
                .iter()
                .any(|argument| matches!(argument.kind, ExprKind::Keyword { .. }))
        {
            return if names.is_empty() {
                "print an empty line".to_owned()
            } else {
                format!("print {}", join(&names, "and"))
            };
        }
        match (&callee.kind, names.as_slice()) {
            (
                ExprKind::Member {
                    object,
                    name: "append" | "push" | "push_back",
                },
                [item],
            ) => {
                format!("add {item} to the end of {}", code(object.text))
            }
            _ => match chain(value) {
                Some(chain) => {
                    format!("run a chain of calls, {}", chain_start(&chain))
                }
                None => format!("call {}", quote(value)),
            },
        }
    }
}

/// What a bare `return` of Go gives back.
pub(crate) fn named_results(results: &[&str]) -> String {
    let (shown, rest) = results.split_at(results.len().min(RESULTS_MAX));
    let mut names: Vec<String> = shown.iter().map(|name| code(name)).collect();
    if !rest.is_empty() {
        names.push(format!("{} more", rest.len()));
    }
    join(&names, "and")
}

/// Whether this calls a function that is written right there.
fn is_lambda_call(value: &Expr<'_>) -> bool {
    matches!(&value.kind, ExprKind::Call { callee, .. }
        if matches!(&callee.kind, ExprKind::Lambda { steps, .. } if !steps.is_empty()))
}
