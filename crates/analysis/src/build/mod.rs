//! Builds facts from a syntax tree: statements here, definitions and expressions in their own files. Never deeper than
//! [`DEPTH_MAX`]; what lies deeper is kept as text.

mod branches;
mod definitions;
mod expressions;

use domain::language::Language;
use tree_sitter::Node;

use crate::facts::{Expr, ExprKind, Over, Program, Step, StepKind};
use crate::languages::{Role, role};
use crate::parse;

/// Deepest nesting of statements and expressions that is looked into.
const DEPTH_MAX: usize = 48;

/// Reads all of `code`; an empty program when it cannot be parsed at all.
pub(crate) fn build(language: Language, code: &str) -> Program<'_> {
    let Some(tree) = parse::parse(language, code) else {
        return Program::default();
    };
    let mut builder = Builder {
        code,
        language,
        depth: 0,
    };
    Program {
        body: builder.block(tree.root_node()),
    }
}

struct Builder<'a> {
    code: &'a str,
    language: Language,
    depth: usize,
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
        self.dispatch(node, steps);
        self.depth -= 1;
    }

    fn dispatch(&mut self, node: Node<'_>, steps: &mut Vec<Step<'a>>) {
        let text = self.text(node);
        let kind = match self.role(node) {
            Role::Skip => return,
            Role::Import => StepKind::Import(text),
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
            Role::Unsafe => {
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
            Role::Break => StepKind::Break,
            Role::Continue => StepKind::Continue,
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
            Role::Other if node.is_error() => return self.wrapped(node, steps),
            Role::Other if !self.is_expression(node) => StepKind::Other(text),
            _ => StepKind::Evaluate(self.expr(node)),
        };
        steps.push(step_at(node, kind));
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

    fn for_each(&mut self, node: Node<'_>) -> StepKind<'a> {
        let is_java = self.language == Language::Java;
        let target = if is_java {
            field(node, &["name"])
        } else {
            field(node, &["left", "pattern", "declarator"])
        };
        let iterable = if is_java {
            field(node, &["value"])
        } else {
            field(node, &["right", "value"])
        };
        let over = if node.kind() == "for_in_statement"
            && field(node, &["operator"]).is_some_and(|op| self.text(op) == "in")
        {
            Over::Keys
        } else if self.text(node).starts_with("async") || self.text(node).starts_with("for await") {
            Over::Async
        } else {
            Over::Items
        };
        let target = target.map(|node| self.text(node).trim_start_matches(['&', '*', ' ']));
        let iterable = match iterable {
            Some(iterable) => self.expr(iterable),
            None => Expr {
                text: "",
                kind: ExprKind::Other(Vec::new()),
            },
        };
        let mut body = field(node, &["body"])
            .map(|body| self.block(body))
            .unwrap_or_default();
        self.loop_else(node, &mut body);
        StepKind::ForEach {
            target,
            iterable,
            body,
            over,
        }
    }

    /// Python's `else` of a loop goes at the end of its body under a name of its own, and is taken out again by the renderers.
    fn loop_else(&mut self, node: Node<'_>, body: &mut Vec<Step<'a>>) {
        if self.language == Language::Python
            && let Some(alternative) = field(node, &["alternative"])
        {
            let inner = self.block(alternative);
            body.push(step_at(alternative, StepKind::LoopElse(inner)));
        }
    }

    fn for_count(&mut self, node: Node<'_>) -> StepKind<'a> {
        let mut start = Vec::new();
        if let Some(first) = field(node, &["initializer", "init"]) {
            self.step_into(first, &mut start);
        }
        let condition = field(node, &["condition"])
            .filter(|condition| condition.kind() != "empty_statement")
            .map(|condition| self.condition(condition));
        let mut update = Vec::new();
        if let Some(next) = field(node, &["increment", "update"]) {
            self.step_into(next, &mut update);
        }
        let body = field(node, &["body"])
            .map(|body| self.block(body))
            .unwrap_or_default();
        StepKind::Count {
            start,
            condition,
            update,
            body,
        }
    }

    fn go_for(&mut self, node: Node<'_>) -> StepKind<'a> {
        let body = field(node, &["body"])
            .map(|body| self.block(body))
            .unwrap_or_default();
        let head = named(node)
            .into_iter()
            .find(|child| child.kind() != "block");
        match head {
            Some(head) if head.kind() == "range_clause" => {
                let target = field(head, &["left"]).map(|left| self.text(left));
                let iterable = match field(head, &["right"]) {
                    Some(right) => self.expr(right),
                    None => Expr {
                        text: "",
                        kind: ExprKind::Other(Vec::new()),
                    },
                };
                StepKind::ForEach {
                    target,
                    iterable,
                    body,
                    over: Over::GoRange,
                }
            }
            Some(head) if head.kind() == "for_clause" => {
                let StepKind::Count {
                    start,
                    condition,
                    update,
                    ..
                } = self.for_count(head)
                else {
                    return StepKind::Block { label: "", body };
                };
                StepKind::Count {
                    start,
                    condition,
                    update,
                    body,
                }
            }
            Some(head) => StepKind::While {
                condition: Some(self.expr(head)),
                body,
                test_last: false,
            },
            None => StepKind::While {
                condition: None,
                body,
                test_last: false,
            },
        }
    }

    fn while_loop(&mut self, node: Node<'_>, steps: &mut Vec<Step<'a>>) {
        let condition = field(node, &["condition"]).map(|condition| self.condition(condition));
        let condition = condition.filter(|condition| {
            !matches!(condition.kind, ExprKind::Bool(true)) && !condition.is("1")
        });
        let mut body = field(node, &["body"])
            .map(|body| self.block(body))
            .unwrap_or_default();
        self.loop_else(node, &mut body);
        let test_last = self.role(node) == Role::DoWhile;
        steps.push(step_at(
            node,
            StepKind::While {
                condition,
                body,
                test_last,
            },
        ));
    }

    fn increment(&mut self, node: Node<'_>) -> StepKind<'a> {
        let text = self.text(node);
        let target = match field(node, &["argument"]).or_else(|| named(node).first().copied()) {
            Some(target) => self.expr(target),
            None => Expr {
                text,
                kind: ExprKind::Name,
            },
        };
        StepKind::Increment {
            target,
            step: if text.contains("--") { -1 } else { 1 },
        }
    }

    fn declarations(&mut self, node: Node<'_>, steps: &mut Vec<Step<'a>>) {
        let mut declarators = Vec::new();
        for child in named(node) {
            if child.kind().ends_with("_spec_list") {
                declarators.extend(named(child));
            } else {
                declarators.push(child);
            }
        }
        let type_node = field(node, &["type"]);
        let type_text = type_node.map(|node| self.text(node)).unwrap_or_default();
        for declarator in declarators {
            if Some(declarator) != type_node {
                self.declarator(declarator, type_text, steps);
            }
        }
    }

    fn declarator(&mut self, node: Node<'_>, type_text: &str, steps: &mut Vec<Step<'a>>) {
        let kind = node.kind();
        if matches!(
            kind,
            "variable_declarator" | "init_declarator" | "var_spec" | "const_spec"
        ) {
            let Some(name) = field(node, &["name", "declarator"]) else {
                return;
            };
            let own_type = field(node, &["type"]).map_or(type_text, |node| self.text(node));
            let Some(value) = field(node, &["value"]) else {
                let name = self.innermost_name(name);
                let type_text = own_type.trim_start_matches(':').trim().to_owned();
                steps.push(step_at(node, StepKind::Declare { name, type_text }));
                return;
            };
            if self.role(value) == Role::Lambda
                && let Some(mut function) = self.lambda_function(value, name)
            {
                function.doc = function.doc.or_else(|| {
                    node.parent()
                        .and_then(|declaration| self.comment_above(declaration))
                });
                steps.push(step_at(node, StepKind::Function(Box::new(function))));
                return;
            }
            let target = self.declared_name(name);
            let value = self.expr(value);
            steps.push(step_at(
                node,
                StepKind::Assign {
                    target,
                    operator: "=",
                    value,
                },
            ));
        } else if matches!(
            kind,
            "identifier" | "array_declarator" | "pointer_declarator"
        ) {
            let name = self.innermost_name(node);
            let type_text = type_text.to_owned();
            steps.push(step_at(node, StepKind::Declare { name, type_text }));
        }
    }

    fn declared_name(&mut self, node: Node<'_>) -> Expr<'a> {
        if node.kind().ends_with("_declarator") {
            Expr {
                text: self.innermost_name(node),
                kind: ExprKind::Name,
            }
        } else {
            self.expr(node)
        }
    }

    fn assignment(&mut self, node: Node<'_>, steps: &mut Vec<Step<'a>>) {
        let Some(left) = field(node, &["left", "pattern", "name"]) else {
            return;
        };
        let Some(mut value) = field(node, &["right", "value"]) else {
            let name = self.text(left);
            let type_text = field(node, &["type"])
                .map(|node| self.text(node))
                .unwrap_or_default();
            let kind = StepKind::Declare {
                name,
                type_text: type_text.to_owned(),
            };
            steps.push(step_at(node, kind));
            return;
        };
        if let Some(alternative) = field(node, &["alternative"]) {
            self.let_else(left, value, alternative, steps);
        }
        // `a = b = 0` sets both to the innermost value.
        let mut inner_targets = Vec::new();
        while self.role(value) == Role::Assignment && inner_targets.len() < DEPTH_MAX {
            let (Some(target), Some(inner)) = (field(value, &["left"]), field(value, &["right"]))
            else {
                break;
            };
            inner_targets.push(target);
            value = inner;
        }
        if inner_targets.is_empty()
            && self.role(value) == Role::Lambda
            && self.role(left) == Role::Name
            && let Some(function) = self.lambda_function(value, left)
            && self.language != Language::Rust
        {
            steps.push(step_at(node, StepKind::Function(Box::new(function))));
            return;
        }
        let operator = field(node, &["operator"]).map_or("=", |operator| self.text(operator));
        let operator = match operator.strip_suffix('=') {
            Some(binary) if !binary.is_empty() && binary != ":" => binary,
            _ => "=",
        };
        for target in inner_targets.into_iter().rev().chain([left]) {
            let target = self.expr(target);
            let value = self.expr(value);
            steps.push(step_at(
                node,
                StepKind::Assign {
                    target,
                    operator,
                    value,
                },
            ));
        }
    }

    fn let_else(
        &mut self,
        pattern: Node<'_>,
        value: Node<'_>,
        alternative: Node<'_>,
        steps: &mut Vec<Step<'a>>,
    ) {
        let matches = self.matches(pattern, value);
        let text = self.text(value);
        let condition = Expr {
            text,
            kind: ExprKind::Not(Box::new(matches)),
        };
        let body = self.block(alternative);
        let kind = StepKind::If {
            arms: vec![(condition, body)],
            otherwise: None,
        };
        steps.push(step_at(alternative, kind));
    }
}

fn step_at<'a>(node: Node<'_>, kind: StepKind<'a>) -> Step<'a> {
    Step {
        line: parse::line(node),
        end_line: parse::end_line(node),
        kind,
    }
}
