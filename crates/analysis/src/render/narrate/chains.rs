//! Long chains of method calls, told link by link.

#![expect(
    clippy::wildcard_enum_match_arm,
    reason = "the facts have many variants; this looks for a few of them"
)]

use domain::language::Language;

use super::{FOLD, Told};
use crate::facts::{Expr, ExprKind, Step};
use crate::render::wording::{code, quote, quote_text};
use crate::scope::Scope;

/// Longest chain that is quoted whole.
const QUOTED_CHARS_MAX: usize = 70;

/// A chain: where it starts, and its links.
pub(crate) struct Chain<'e, 'a> {
    pub(crate) root: &'e Expr<'a>,
    links: Vec<Link<'e, 'a>>,
}

struct Link<'e, 'a> {
    name: &'a str,
    arguments: &'e [Expr<'a>],
    /// From the dot on.
    text: &'a str,
    /// Rust hands a failure to the caller here.
    propagates: bool,
}

/// The chain that `value` is, when it has at least two links and is too long to quote.
pub(crate) fn chain<'e, 'a>(value: &'e Expr<'a>) -> Option<Chain<'e, 'a>> {
    let mut links = Vec::new();
    let mut current = value;
    let mut has_steps = false;
    let mut elided = 0;
    let mut propagates = false;
    loop {
        match &current.kind {
            ExprKind::Await(inner) => current = inner,
            ExprKind::Propagate(inner) => {
                propagates = true;
                current = inner;
            }
            ExprKind::Call {
                callee, arguments, ..
            } => {
                let ExprKind::Member { object, name } = &callee.kind else {
                    break;
                };
                for argument in arguments {
                    if let ExprKind::Lambda { body, steps } = &argument.kind
                        && !steps.is_empty()
                    {
                        has_steps |= matches!(*name, "then" | "catch" | "finally");
                        elided += body
                            .text
                            .split_whitespace()
                            .map(|word| word.len() + 1)
                            .sum::<usize>();
                    }
                }
                links.push(Link {
                    name,
                    arguments,
                    text: current.text.get(object.text.len()..).unwrap_or_default(),
                    propagates: std::mem::take(&mut propagates),
                });
                current = object;
            }
            _ => break,
        }
    }
    links.reverse();
    let length: usize = value
        .text
        .split_whitespace()
        .map(|word| word.len() + 1)
        .sum();
    let is_long = length > QUOTED_CHARS_MAX + elided;
    (links.len() >= 2 && (is_long || has_steps)).then_some(Chain {
        root: current,
        links,
    })
}

impl<'a> Scope<'a> {
    /// One line for each link.
    pub(super) fn chain_links(&self, step: &Step<'a>, chain: &Chain<'_, 'a>) -> Vec<Told> {
        let mut told = Vec::new();
        for link in &chain.links {
            if link.arguments.is_empty() && matches!(link.name, "iter" | "into_iter" | "stream") {
                continue;
            }
            let mut line = Told::new(step, self.link(link));
            if link.propagates {
                line.text.push_str(", passing a failure up to the caller");
            }
            for argument in link.arguments {
                if let ExprKind::Lambda { steps, .. } = &argument.kind
                    && line.inner.is_empty()
                {
                    line.inner = self.narrate(steps);
                }
            }
            told.push(line);
        }
        told
    }

    fn link(&self, link: &Link<'_, 'a>) -> String {
        let [argument] = link.arguments else {
            return plain_link(link);
        };
        let (what, has_steps) = match &argument.kind {
            ExprKind::Lambda { steps, .. } if !steps.is_empty() => ("a function".to_owned(), true),
            ExprKind::Lambda { body, .. } => (code(body.text), false),
            _ => (code(argument.text), false),
        };
        let is_lambda = matches!(argument.kind, ExprKind::Lambda { .. });
        match link.name {
            "then" if has_steps => format!("once that is ready,{FOLD}call a function with it"),
            "then" if is_lambda => format!("once that is ready,{FOLD}work out {what}"),
            "catch" if has_steps => {
                format!("if anything goes wrong,{FOLD}call a function with the error")
            }
            "catch" if is_lambda => format!("if anything goes wrong,{FOLD}work out {what}"),
            "finally" if is_lambda && !has_steps => {
                format!("in the end, whatever happened,{FOLD}run {what}")
            }
            "finally" if is_lambda => {
                format!("in the end, whatever happened,{FOLD}call a function")
            }
            "filter" if is_lambda && !has_steps => {
                format!("keep only the values for which {what} holds")
            }
            "map" if is_lambda && !has_steps => format!("turn each value into {what}"),
            "map_err" if is_lambda && !has_steps => format!("turn an error into {what}"),
            "ok_or" if self.language == Language::Rust => {
                format!("use {what} as the error if there is no value")
            }
            "max_by_key" if is_lambda && !has_steps => {
                format!("take the value with the largest {what}")
            }
            "min_by_key" if is_lambda && !has_steps => {
                format!("take the value with the smallest {what}")
            }
            _ => plain_link(link),
        }
    }
}

/// Where a chain starts.
pub(super) fn chain_start(chain: &Chain<'_, '_>) -> String {
    format!("starting from {}", quote(chain.root))
}

fn plain_link(link: &Link<'_, '_>) -> String {
    if link.arguments.is_empty() && link.name == "collect" {
        return "collect the values".to_owned();
    }
    if link.arguments.is_empty() && link.name == "trim" {
        return "take away the spaces around it".to_owned();
    }
    format!("apply {}", quote_text(link.text, link.arguments))
}

/// A chain as a noun phrase; its links are told below.
pub(crate) fn chain_noun(chain: &Chain<'_, '_>) -> String {
    format!("the result of a chain of calls, {}", chain_start(chain))
}
