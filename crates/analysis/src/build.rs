//! Builds facts from a syntax tree: statements here, definitions and expressions in their own files. Never deeper than
//! [`DEPTH_MAX`]; what lies deeper is kept as text.

#![expect(
    clippy::wildcard_enum_match_arm,
    reason = "a few roles are special, whatever the others are"
)]

mod assignments;
mod branches;
mod classes;
mod comments;
mod expressions;
mod functions;
mod jumps;
mod loops;

use std::rc::Rc;

use domain::language::Language;
use tree_sitter::{Node, Tree};

use crate::facts::{Expr, ExprKind, Label, Program, Step, StepKind};
use crate::languages::{Role, role};
use crate::parse;

/// Deepest nesting of statements and expressions that is looked into.
const DEPTH_MAX: usize = 48;

/// Reads all of `code`, whose tree is `tree`. SQL has facts of its own: none are built here.
pub(crate) fn build<'a>(language: Language, code: &'a str, tree: &Tree) -> Program<'a> {
    if language == Language::Sql {
        return Program::default();
    }
    let mut builder = Builder {
        code,
        language,
        depth: 0,
        results: Rc::default(),
        loops: 0,
        labels: Vec::new(),
    };
    Program {
        body: builder.block(tree.root_node()),
    }
}

struct Builder<'a> {
    code: &'a str,
    language: Language,
    depth: usize,
    /// The named results of the Go function around.
    results: Rc<[&'a str]>,
    /// How many loops are around.
    loops: usize,
    /// The labels around, innermost last, each with how many loops are around it.
    labels: Vec<Label<'a>>,
}

fn named(node: Node<'_>) -> Vec<Node<'_>> {
    let mut cursor = node.walk();
    node.named_children(&mut cursor)
        .filter(|child| !child.is_extra() || child.is_error())
        .collect()
}

fn field<'t>(node: Node<'t>, names: &[&str]) -> Option<Node<'t>> {
    names.iter().find_map(|name| node.child_by_field_name(name))
}

impl<'a> Builder<'a> {
    fn text(&self, node: Node<'_>) -> &'a str {
        parse::text(self.code, node)
    }

    fn role(&self, node: Node<'_>) -> Role {
        role(self.language, node.kind())
    }

    /// The statements of a block, or the one statement it is.
    fn block(&mut self, node: Node<'_>) -> Vec<Step<'a>> {
        let mut steps = Vec::new();
        if node.kind() == "else_clause" || node.kind() == "finally_clause" {
            let inner = field(node, &["body"]).or_else(|| named(node).into_iter().last());
            return inner.map(|inner| self.block(inner)).unwrap_or_default();
        }
        if self.role(node) != Role::Block {
            self.step_into(node, &mut steps);
            return steps;
        }
        let children = named(node);
        let last = children.len().wrapping_sub(1);
        for (index, child) in children.into_iter().enumerate() {
            self.step_or_tail(child, index == last, &mut steps);
        }
        steps
    }

    fn step_or_tail(&mut self, node: Node<'_>, is_last: bool, steps: &mut Vec<Step<'a>>) {
        let is_statement = matches!(
            self.role(node),
            Role::If
                | Role::Switch(_)
                | Role::While
                | Role::Loop
                | Role::ForEach
                | Role::Return
                | Role::Break
                | Role::Continue
                | Role::ExpressionStatement
                | Role::Function
                | Role::Class(_)
                | Role::Import
                | Role::Assignment
                | Role::Block
                | Role::Unsafe
                | Role::Skip
        );
        if self.language == Language::Rust
            && is_last
            && !is_statement
            && node.kind() != "macro_definition"
        {
            let value = self.expr(node);
            steps.push(step_at(node, StepKind::Tail(value)));
        } else {
            self.step_into(node, steps);
        }
    }

    /// Adds what `node` does to `steps`.
    fn step_into(&mut self, node: Node<'_>, steps: &mut Vec<Step<'a>>) {
        if self.depth >= DEPTH_MAX {
            steps.push(step_at(node, StepKind::Other(self.text(node))));
            return;
        }
        self.depth += 1;
        let label = self.label(node);
        self.labels.extend(label);
        let loops = usize::from(jumps::is_loop(self.role(node)));
        self.loops += loops;
        self.dispatch(node, steps);
        self.loops -= loops;
        if label.is_some() {
            self.labels.pop();
        }
        self.depth -= 1;
    }

    fn dispatch(&mut self, node: Node<'_>, steps: &mut Vec<Step<'a>>) {
        let text = self.text(node);
        if self.is_unreadable(node) {
            return unreadable(node, steps);
        }
        let kind = match self.role(node) {
            Role::Skip => return,
            Role::Import => return self.imports(node, steps),
            Role::Function => match self.function(node) {
                Some(function) => StepKind::Function(Box::new(function)),
                None => return,
            },
            Role::Class(kind) => match self.class(node, kind) {
                Some(class) => StepKind::Class(Box::new(class)),
                None => return,
            },
            Role::Decorated => return self.decorated(node, steps),
            Role::Wrapper => return self.wrapped(node, steps),
            Role::Block => {
                let body = self.block(node);
                StepKind::Block { label: "", body }
            }
            Role::Unsafe => self.marked_block(node),
            Role::ExpressionStatement if text == "..." => StepKind::Pass,
            Role::ExpressionStatement => {
                for child in named(node) {
                    self.step_into(child, steps);
                }
                return;
            }
            Role::Declaration => return self.declarations(node, steps),
            Role::Assignment => return self.assignment(node, steps),
            Role::Increment => self.increment(node),
            Role::If => return self.branch(node, steps),
            Role::ForEach => self.for_each(node),
            Role::ForCount => self.for_count(node),
            Role::GoFor => self.go_for(node),
            Role::While | Role::DoWhile | Role::Loop => return self.while_loop(node, steps),
            Role::Switch(falls_through) => return self.switch(node, falls_through, steps),
            Role::Return => self.return_value(node),
            Role::Raise => StepKind::Raise(named(node).first().map(|value| self.expr(*value))),
            Role::Try => self.try_block(node),
            Role::With => self.with_block(node),
            Role::Give => StepKind::Give(self.first_expr(node)),
            Role::Break => self.leaving(node),
            Role::Continue => StepKind::Continue {
                label: self.jump_label(node),
            },
            Role::Pass => StepKind::Pass,
            Role::Assert => match named(node).first() {
                Some(condition) => StepKind::Assert(self.expr(*condition)),
                None => return,
            },
            Role::Delete => StepKind::Delete(text.trim_start_matches("del").trim()),
            Role::Defer => StepKind::Defer(self.first_expr(node)),
            Role::Spawn => StepKind::Spawn(self.first_expr(node)),
            Role::Send => match (field(node, &["channel"]), field(node, &["value"])) {
                (Some(channel), Some(value)) => StepKind::Send {
                    channel: self.expr(channel),
                    value: self.expr(value),
                },
                _ => return,
            },
            Role::Other if node.is_error() => return self.salvage(node, steps),
            Role::Other if !self.is_expression(node) => StepKind::Other(text),
            _ => StepKind::Evaluate(self.expr(node)),
        };
        steps.push(step_at(node, kind));
    }

    /// An `unsafe` or `async` block of Rust.
    fn marked_block(&mut self, node: Node<'_>) -> StepKind<'a> {
        let label = if node.kind().starts_with("async") {
            "async"
        } else {
            "unsafe"
        };
        let body = named(node)
            .into_iter()
            .last()
            .map(|inner| self.block(inner));
        StepKind::Block {
            label,
            body: body.unwrap_or_default(),
        }
    }

    /// Whether a simple statement has something in it that does not parse; what it seems to say would be wrong.
    fn is_unreadable(&self, node: Node<'_>) -> bool {
        let is_simple = matches!(
            self.role(node),
            Role::ExpressionStatement
                | Role::Assignment
                | Role::Declaration
                | Role::Return
                | Role::Raise
                | Role::Other
        );
        if !is_simple || node.is_error() || !node.has_error() {
            return false;
        }
        let mut is_broken = false;
        parse::walk(node, |inner| {
            is_broken |= inner.is_error();
            // What is broken inside a block is told there.
            !is_broken && inner.has_error() && self.role(inner) != Role::Block
        });
        is_broken
    }

    /// The whole statements inside of something that does not parse.
    fn salvage(&mut self, node: Node<'_>, steps: &mut Vec<Step<'a>>) {
        for child in named(node) {
            let is_statement = matches!(
                self.role(child),
                Role::Import
                    | Role::Function
                    | Role::Class(_)
                    | Role::Decorated
                    | Role::Wrapper
                    | Role::Block
                    | Role::ExpressionStatement
                    | Role::Declaration
                    | Role::Assignment
                    | Role::If
                    | Role::ForEach
                    | Role::ForCount
                    | Role::GoFor
                    | Role::While
                    | Role::Switch(_)
                    | Role::Return
                    | Role::Raise
                    | Role::Try
                    | Role::With
            );
            if is_statement || child.is_error() {
                self.step_into(child, steps);
            } else if self.role(child) != Role::Skip {
                unreadable(child, steps);
            }
        }
    }

    /// One import for each of what is loaded.
    fn imports(&self, node: Node<'_>, steps: &mut Vec<Step<'a>>) {
        let list = named(node)
            .into_iter()
            .find(|child| child.kind() == "import_spec_list");
        match list {
            Some(list) => steps.extend(
                named(list)
                    .into_iter()
                    .map(|spec| step_at(spec, StepKind::Import(self.text(spec)))),
            ),
            None => steps.push(step_at(
                node,
                StepKind::Import(self.text(node).trim_end_matches(';')),
            )),
        }
    }

    /// Whether a node of no known role stands where an expression may; the rest (preprocessor lines, `global`) is kept as text.
    fn is_expression(&self, node: Node<'_>) -> bool {
        node.parent()
            .is_some_and(|parent| self.role(parent) == Role::ExpressionStatement)
            || node.kind().ends_with("_expression")
    }

    fn first_expr(&mut self, node: Node<'_>) -> Expr<'a> {
        match named(node).first() {
            Some(inner) => self.expr(*inner),
            None => Expr {
                text: self.text(node),
                kind: ExprKind::Other(Vec::new()),
            },
        }
    }

    fn return_value(&mut self, node: Node<'_>) -> StepKind<'a> {
        let value = named(node).first().map(|value| self.expr(*value));
        StepKind::Return {
            results: if value.is_none() {
                Rc::clone(&self.results)
            } else {
                Rc::default()
            },
            value,
            is_implicit: false,
        }
    }

    fn wrapped(&mut self, node: Node<'_>, steps: &mut Vec<Step<'a>>) {
        for child in named(node) {
            let is_told = !matches!(
                self.role(child),
                Role::Other | Role::Name | Role::Number | Role::Text | Role::Skip
            );
            if is_told || child.is_error() {
                let before = steps.len();
                self.step_into(child, steps);
                self.attach_comment(node, steps.get_mut(before));
            }
        }
    }

    fn decorated(&mut self, node: Node<'_>, steps: &mut Vec<Step<'a>>) {
        let Some(definition) = field(node, &["definition"]) else {
            return;
        };
        let before = steps.len();
        self.step_into(definition, steps);
        let decorators: Vec<&'a str> = named(node)
            .into_iter()
            .filter(|child| child.kind() == "decorator")
            .map(|child| self.text(child).trim_start_matches('@').trim())
            .collect();
        if let Some(Step {
            kind: StepKind::Function(function),
            ..
        }) = steps.get_mut(before)
        {
            function.decorators = decorators;
        }
        self.attach_comment(node, steps.get_mut(before));
    }

    /// A definition inside a wrapper takes the comment above the wrapper when it has none.
    fn attach_comment(&self, wrapper: Node<'_>, step: Option<&mut Step<'a>>) {
        match step.map(|step| &mut step.kind) {
            Some(StepKind::Function(function)) if function.doc.is_none() => {
                function.doc = self.comment_above(wrapper);
            }
            Some(StepKind::Class(class)) if class.doc.is_none() => {
                class.doc = self.comment_above(wrapper);
            }
            _ => {}
        }
    }
}

/// What does not parse is told once, however many pieces it is in.
fn unreadable(node: Node<'_>, steps: &mut Vec<Step<'_>>) {
    match steps.last_mut() {
        Some(last) if matches!(last.kind, StepKind::Unreadable) => {
            last.end_line = last.end_line.max(parse::end_line(node));
        }
        _ => steps.push(step_at(node, StepKind::Unreadable)),
    }
}

fn step_at<'a>(node: Node<'_>, kind: StepKind<'a>) -> Step<'a> {
    Step {
        line: parse::line(node),
        end_line: parse::end_line(node),
        kind,
    }
}
