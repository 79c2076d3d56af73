//! Rules for Python, read from a typed tree. The rules themselves are in the files below; this one parses, bounds the
//! depth of what is read, and turns what was found into findings.

#![expect(
    clippy::wildcard_enum_match_arm,
    reason = "a rule is about a few of the many kinds of statements and expressions"
)]

mod arithmetic;
mod builtins;
mod calls;
mod captures;
mod check;
mod comparisons;
mod flow;
mod functions;
mod indexes;
mod kinds;
mod loops;
mod names;
mod queries;
mod resources;
mod rules;
mod scopes;
mod security;
mod statements;

use domain::analysis::Severity;
use ruff_python_ast::Stmt;
use ruff_python_parser::parse_module;
use ruff_text_size::{Ranged, TextSize};
use tree_sitter::Node;

use super::{Report, Rule, Source};
use scopes::Scopes;

/// Deepest tree that is read: the rules and the typed parser are recursive.
const DEPTH_MAX: usize = 300;

/// Stack for them; only what is used is taken.
const STACK_BYTES: usize = 64 * 1024 * 1024;

/// Words in a comment on a line by which its author waives what checkers say of it.
const WAIVERS: &[&str] = &["noqa", "nosec", "pylint: disable", "type: ignore"];

/// Comments by which an author waives a whole file.
const FILE_WAIVERS: &[&str] = &["# flake8: noqa", "# ruff: noqa", "# pylint: skip-file"];

/// Something found, before its place is known as a node.
#[derive(Debug)]
struct Found {
    rule: &'static Rule,
    at: TextSize,
    message: String,
    fix: String,
}

/// What was found so far.
#[derive(Debug, Default)]
struct Findings {
    list: Vec<Found>,
}

impl Findings {
    fn add(
        &mut self,
        rule: &'static Rule,
        at: &impl Ranged,
        message: String,
        fix: impl Into<String>,
    ) {
        self.list.push(Found {
            rule,
            at: at.start(),
            message,
            fix: fix.into(),
        });
    }
}

/// A module that parses, with its names.
#[derive(Debug)]
struct Module<'a> {
    code: &'a str,
    body: &'a [Stmt],
    scopes: Scopes<'a>,
}

impl<'a> Module<'a> {
    /// The text of a node on one line and short enough for a message.
    fn quote(&self, node: &impl Ranged) -> String {
        const CHARS_MAX: usize = 60;
        let text = self.text(node).split_whitespace().collect::<Vec<_>>();
        let text = text.join(" ");
        if text.chars().count() <= CHARS_MAX {
            return text;
        }
        let cut: String = text.chars().take(CHARS_MAX - 1).collect();
        format!("{cut}…")
    }

    /// The text of a node.
    fn text(&self, node: &impl Ranged) -> &'a str {
        self.code
            .get(node.range().to_std_range())
            .unwrap_or_default()
    }
}

pub(super) fn find(source: &Source<'_>, report: &mut Report) {
    let root = source.tree.root_node();
    if root.has_error() || !is_shallow(root) {
        return;
    }
    let is_file_waived = FILE_WAIVERS
        .iter()
        .any(|waiver| source.code.contains(waiver));
    for found in find_aside(source.code) {
        let at = found.at.to_usize();
        if is_waived(source.code, at) {
            continue;
        }
        let node = root.descendant_for_byte_range(at, at + 1).unwrap_or(root);
        if found.rule.severity == Severity::Hint
            && (is_file_waived || is_import_waived(source.code, node))
        {
            continue;
        }
        report.add(source, found.rule, node, found.message, found.fix);
    }
}

/// Finds on a thread of its own: the caller's stack may be small.
fn find_aside(code: &str) -> Vec<Found> {
    std::thread::scope(|scope| {
        std::thread::Builder::new()
            .name("python-rules".to_owned())
            .stack_size(STACK_BYTES)
            .spawn_scoped(scope, || find_here(code))
            .ok()
            .and_then(|thread| thread.join().ok())
            .unwrap_or_default()
    })
}

fn find_here(code: &str) -> Vec<Found> {
    let Ok(parsed) = parse_module(code) else {
        return Vec::new();
    };
    let body = parsed.suite();
    let module = Module {
        code,
        body,
        scopes: Scopes::read(body),
    };
    let mut findings = Findings::default();
    names::check(&module, &mut findings);
    check::check(&module, &mut findings);
    findings.list
}

/// Whether the tree is no deeper than [`DEPTH_MAX`].
fn is_shallow(root: Node<'_>) -> bool {
    let mut cursor = root.walk();
    let mut depth = 0_usize;
    loop {
        if cursor.goto_first_child() {
            depth += 1;
            if depth > DEPTH_MAX {
                return false;
            }
            continue;
        }
        while !cursor.goto_next_sibling() {
            if !cursor.goto_parent() {
                return true;
            }
            depth = depth.saturating_sub(1);
        }
    }
}

/// Whether a name is imported by a statement of several lines whose first or last line tells checkers to pass over it.
fn is_import_waived(code: &str, name: Node<'_>) -> bool {
    let statement = std::iter::successors(Some(name), Node::parent).find(|node| {
        matches!(
            node.kind(),
            "import_statement" | "import_from_statement" | "future_import_statement"
        )
    });
    statement.is_some_and(|statement| {
        is_waived(code, statement.start_byte())
            || is_waived(code, statement.end_byte().saturating_sub(1))
    })
}

/// Whether a comment on the line at `at` tells checkers to pass over it.
fn is_waived(code: &str, at: usize) -> bool {
    let rest = code.get(at..).unwrap_or_default();
    let line = rest.split('\n').next().unwrap_or_default();
    line.rsplit_once('#').is_some_and(|(_, comment)| {
        let comment = comment.to_ascii_lowercase();
        WAIVERS.iter().any(|waiver| comment.contains(waiver))
    })
}
