//! Functions and their parameters.

#![expect(
    clippy::wildcard_enum_match_arm,
    reason = "the facts have many variants; this looks for a few of them"
)]

use std::rc::Rc;

use domain::language::Language;
use tree_sitter::Node;

use super::{Builder, field, named, step_at};
use crate::facts::{ExprKind, Function, Parameter, Step, StepKind, each_expression};
use crate::languages::Role;

impl<'a> Builder<'a> {
    pub(super) fn function(&mut self, node: Node<'_>) -> Option<Function<'a>> {
        let mut function = Function {
            is_method: false,
            ..Function::default()
        };
        let c_like = matches!(self.language, Language::C | Language::Cpp);
        let head = if c_like {
            function_declarator(node)?
        } else {
            node
        };
        let name = field(head, &["name", "declarator"])?;
        function.name = self.text(name);
        if self.language == Language::Cpp
            && let Some((owner, method)) = function.name.rsplit_once("::")
        {
            function.owner = Some(owner.to_owned());
            function.name = method;
        }
        if let Some(receiver) = field(node, &["receiver"]) {
            let mut receivers = self.parameters(receiver);
            for parameter in &mut receivers {
                parameter.is_receiver = true;
                function.owner = parameter
                    .type_text
                    .as_deref()
                    .map(|text| text.trim_start_matches('*').to_owned());
            }
            function.parameters = receivers;
        }
        if let Some(parameters) = field(head, &["parameters"]) {
            let parameters = self.parameters(parameters);
            function.parameters.extend(parameters);
        }
        function.return_type = self.return_type(node, head);
        let before_name = self
            .code
            .get(node.start_byte()..name.start_byte())
            .unwrap_or_default();
        function.is_async = before_name.split_whitespace().any(|word| word == "async");
        let is_destructor = function.name.starts_with('~');
        let type_is_absent = c_like && field(node, &["type"]).is_none() && !is_destructor;
        function.is_constructor = matches!(function.name, "__init__" | "constructor")
            || node.kind().contains("constructor")
            || (type_is_absent && !function.name.contains("operator"));
        function.has_body = field(node, &["body"]).is_some();
        function.body = field(node, &["body"])
            .map(|body| self.body_steps(node, body))
            .unwrap_or_default();
        self.initialisers(node, &mut function.body);
        function.doc = self.docstring(node).or_else(|| self.comment_above(node));
        self.drop_docstring(&mut function.body);
        function.is_partial = is_broken(node);
        finish(&mut function);
        Some(function)
    }

    /// A named function made from `const name = (…) => …`.
    pub(super) fn lambda_function(
        &mut self,
        node: Node<'_>,
        name: Node<'_>,
    ) -> Option<Function<'a>> {
        let body = field(node, &["body"])?;
        let parameters = match field(node, &["parameters", "parameter"]) {
            Some(one) if self.role(one) == Role::Name => vec![Parameter {
                name: self.text(one),
                ..Parameter::default()
            }],
            Some(several) => self.parameters(several),
            None => {
                match field(node, &["declarator"]).and_then(|head| field(head, &["parameters"])) {
                    Some(several) => self.parameters(several),
                    None => Vec::new(),
                }
            }
        };
        let body_steps = if self.role(body) == Role::Block {
            self.body_steps(node, body)
        } else {
            let value = self.expr(body);
            vec![step_at(
                body,
                StepKind::Return {
                    value: Some(value),
                    is_implicit: true,
                    results: Rc::default(),
                },
            )]
        };
        let mut function = Function {
            name: self.innermost_name(name),
            parameters,
            return_type: field(node, &["return_type"]).map(|node| tidy_type(self.text(node))),
            is_async: self.text(node).starts_with("async"),
            body: body_steps,
            has_body: true,
            ..Function::default()
        };
        finish(&mut function);
        Some(function)
    }

    /// The names of the results of a Go function.
    fn named_results(&self, node: Node<'_>) -> Rc<[&'a str]> {
        let list = field(node, &["result"])
            .filter(|list| self.language == Language::Go && list.kind() == "parameter_list");
        let mut names = Vec::new();
        let mut has_names = false;
        for result in list.map(named).unwrap_or_default() {
            let mut cursor = result.walk();
            let before = names.len();
            for name in result.children_by_field_name("name", &mut cursor) {
                names.push(self.text(name));
            }
            has_names |= names.len() > before;
            // Either all results have names or none has; of a long list the grammar takes the first names for types.
            if names.len() == before {
                names.push(self.text(result));
            }
        }
        if has_names {
            names.into()
        } else {
            Rc::default()
        }
    }

    /// The statements of a function, with a name or without.
    pub(super) fn body_steps(&mut self, node: Node<'_>, body: Node<'_>) -> Vec<Step<'a>> {
        let results = self.named_results(node);
        let outer = std::mem::replace(&mut self.results, results);
        let steps = self.block(body);
        self.results = outer;
        steps
    }

    /// C++ sets members before the body of a constructor: `Point(int x) : x_(x) {}`.
    fn initialisers(&mut self, node: Node<'_>, body: &mut Vec<Step<'a>>) {
        let Some(list) = named(node)
            .into_iter()
            .find(|child| child.kind() == "field_initializer_list")
        else {
            return;
        };
        let mut first = Vec::new();
        for child in named(list) {
            let parts = named(child);
            let Some(name) = parts.first() else {
                continue;
            };
            let values = parts.get(1).copied().map(named).unwrap_or_default();
            let kind = StepKind::Initialise {
                target: self.text(*name),
                values: values.into_iter().map(|value| self.expr(value)).collect(),
            };
            first.push(step_at(child, kind));
        }
        body.splice(0..0, first);
    }

    fn return_type(&self, node: Node<'_>, head: Node<'_>) -> Option<String> {
        let found = match self.language {
            Language::Java | Language::C | Language::Cpp => field(node, &["type"]),
            Language::Go => field(node, &["result"]),
            _ => field(node, &["return_type"]),
        }?;
        let mut text = tidy_type(self.text(found));
        if matches!(self.language, Language::C | Language::Cpp) {
            let between = self
                .code
                .get(found.end_byte()..head.start_byte())
                .unwrap_or_default()
                .trim();
            let stars: String = between.chars().filter(|c| matches!(c, '*' | '&')).collect();
            let is_constant = named(node).iter().any(|child| {
                child.kind() == "type_qualifier"
                    && self.text(*child) == "const"
                    && child.end_byte() <= found.start_byte()
            });
            if is_constant {
                text = format!("const {text}");
            }
            text.push_str(&stars);
            if let Some(trailing) = named(head)
                .into_iter()
                .find(|child| child.kind() == "trailing_return_type")
            {
                text = tidy_type(self.text(trailing).trim_start_matches("->"));
            }
        }
        Some(text)
    }

    pub(super) fn parameters(&self, node: Node<'_>) -> Vec<Parameter<'a>> {
        let mut parameters = Vec::new();
        for child in named(node) {
            let kind = child.kind();
            if child.is_error() || kind.ends_with("_separator") || kind == "attribute_item" {
                continue;
            }
            let mut cursor = child.walk();
            let names: Vec<Node<'_>> = child.children_by_field_name("name", &mut cursor).collect();
            if self.language == Language::Go && names.len() > 1 {
                let type_text = field(child, &["type"]).map(|node| tidy_type(self.text(node)));
                parameters.extend(names.into_iter().map(|name| Parameter {
                    name: self.text(name),
                    type_text: type_text.clone(),
                    ..Parameter::default()
                }));
            } else if let Some(parameter) = self.parameter(child) {
                parameters.push(parameter);
            }
        }
        parameters
    }

    fn parameter(&self, node: Node<'_>) -> Option<Parameter<'a>> {
        let kind = node.kind();
        let text = self.text(node);
        let is_rest = kind.contains("splat")
            || kind.contains("rest")
            || kind.contains("spread")
            || kind.contains("variadic")
            || text.starts_with("...");
        if kind == "self_parameter" || kind == "receiver_parameter" {
            return Some(Parameter {
                name: text,
                is_receiver: true,
                ..Parameter::default()
            });
        }
        if matches!(self.language, Language::C | Language::Cpp) {
            if text == "void" {
                return None;
            }
            let declarator = field(node, &["declarator"]);
            // The declarator of a parameter without a name is a mark alone, such as `&`.
            let name = declarator
                .map(|declarator| self.innermost_name(declarator))
                .filter(|name| name.starts_with(|c: char| c.is_alphabetic() || c == '_'))
                .unwrap_or_default();
            let default = field(node, &["default_value"]);
            let end = default.map_or(node.end_byte(), |default| default.start_byte());
            let whole = self.code.get(node.start_byte()..end).unwrap_or_default();
            let mut type_text = whole.trim().trim_end_matches('=').trim().to_owned();
            if let Some(at) = type_text.rfind(name).filter(|_| !name.is_empty()) {
                type_text.replace_range(at..at + name.len(), "");
            }
            let type_text = Some(tidy_type(&type_text));
            return Some(Parameter {
                name,
                type_text,
                default: default.map(|node| self.text(node)),
                is_rest,
                is_receiver: false,
            });
        }
        let first = named(node).first().copied();
        let name = field(node, &["pattern", "name", "left"])
            .or(if named(node).is_empty() { None } else { first })
            .map_or(text, |name| self.text(name));
        let is_bare_go_type = self.language == Language::Go && field(node, &["name"]).is_none();
        let type_text = field(node, &["type"]).map(|node| tidy_type(self.text(node)));
        let default = if kind.starts_with("typed_default") || kind != "typed_parameter" {
            field(node, &["value", "right", "default_value"]).map(|node| self.text(node))
        } else {
            None
        };
        Some(Parameter {
            name: if is_bare_go_type {
                ""
            } else {
                name.trim_start_matches(['*', '.'])
            },
            type_text,
            default,
            is_rest: is_rest || name.starts_with('*') || name.starts_with("..."),
            is_receiver: false,
        })
    }

    /// The type of what a declarator of C names, with the pointers and arrays that stand around the name.
    pub(super) fn declared_type(&self, declarator: Node<'_>, type_text: &str) -> String {
        let text = self.text(declarator);
        let name = self.innermost_name(declarator);
        let is_c_like = matches!(self.language, Language::C | Language::Cpp);
        match text.split_once(name) {
            Some((before, after)) if is_c_like && !name.is_empty() && text != name => {
                let space = if before.is_empty() { "" } else { " " };
                tidy_type(&format!("{type_text}{space}{before}{after}"))
            }
            _ => type_text.to_owned(),
        }
    }

    /// The name inside a declarator: `text` of `*text[3]`.
    pub(super) fn innermost_name(&self, node: Node<'_>) -> &'a str {
        let mut current = node;
        for _ in 0..32 {
            if !current.kind().ends_with("_declarator") {
                break;
            }
            match field(current, &["declarator"]).or_else(|| named(current).into_iter().last()) {
                Some(inner) => current = inner,
                None => break,
            }
        }
        self.text(current)
    }
}

/// The function declarator of a C definition, under pointers and references.
pub(super) fn function_declarator(node: Node<'_>) -> Option<Node<'_>> {
    let mut current = field(node, &["declarator"])?;
    for _ in 0..32 {
        if current.kind() == "function_declarator" {
            return Some(current);
        }
        current = field(current, &["declarator"]).or_else(|| named(current).into_iter().last())?;
    }
    None
}

pub(super) fn tidy_type(text: &str) -> String {
    let text = text
        .trim()
        .trim_start_matches(':')
        .trim_start_matches("->")
        .trim();
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// Whether something inside could not be read at all; a missing mark alone does not count.
pub(super) fn is_broken(node: Node<'_>) -> bool {
    let mut broken = false;
    if node.has_error() {
        crate::parse::walk(node, |inner| {
            broken |= inner.is_error();
            !broken && inner.has_error()
        });
    }
    broken
}

fn finish(function: &mut Function<'_>) {
    if function.owner.is_some() {
        function.is_method = true;
    }
    if function.return_type.is_some() {
        return_tails(&mut function.body);
    }
    let mut has_yield = false;
    each_expression(&function.body, &mut |expression| {
        has_yield |= matches!(expression.kind, ExprKind::Yield(_));
    });
    function.is_generator = has_yield;
}

/// Makes the last expression of a Rust body what it is: a return.
fn return_tails(steps: &mut [Step<'_>]) {
    let Some(last) = steps.last_mut() else { return };
    match &mut last.kind {
        StepKind::Tail(_) => {
            let kind = std::mem::replace(&mut last.kind, StepKind::Pass);
            if let StepKind::Tail(value) = kind {
                last.kind = StepKind::Return {
                    value: Some(value),
                    is_implicit: true,
                    results: Rc::default(),
                };
            }
        }
        StepKind::If {
            arms,
            otherwise: Some(otherwise),
        } => {
            for (_, body) in arms {
                return_tails(body);
            }
            return_tails(otherwise);
        }
        StepKind::Switch { cases, .. } => {
            for case in cases {
                return_tails(&mut case.body);
            }
        }
        StepKind::Block { body, .. } => return_tails(body),
        // The value of a last `loop` is what its `break` gives.
        StepKind::While {
            condition: None,
            body,
            ..
        } => return_breaks(body),
        _ => {}
    }
}

/// Marks the values of the jumps out of this loop; a label may be that of another, so nothing is told of those.
fn return_breaks(steps: &mut [Step<'_>]) {
    for step in steps {
        match &mut step.kind {
            StepKind::Break {
                label: None,
                value: Some(_),
                is_result,
            } => *is_result = true,
            StepKind::If { arms, otherwise } => {
                for (_, body) in arms {
                    return_breaks(body);
                }
                if let Some(otherwise) = otherwise {
                    return_breaks(otherwise);
                }
            }
            StepKind::Switch { cases, .. } => {
                for case in cases {
                    return_breaks(&mut case.body);
                }
            }
            StepKind::Block { body, .. } => return_breaks(body),
            _ => {}
        }
    }
}
