//! Recognises well-known ways of doing things. Each is named only when the code shows all of it.

#![expect(
    clippy::wildcard_enum_match_arm,
    reason = "the facts have many variants; this looks for a few of them"
)]

mod expressions;
pub(crate) mod memory;
mod statements;

use domain::language::Language;

use crate::facts::{ExprKind, Function, Parameter, Step, StepKind, each_expression};
use crate::render::wording::code;
use crate::scope::Scope;

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

/// What remembers results, as shown: a decorator, or a table that is asked, filled and returned from.
pub(crate) fn remembers(function: &Function<'_>) -> Option<String> {
    let decorator = function.decorators.iter().find(|decorator| {
        let name = decorator.split('(').next().unwrap_or(decorator);
        matches!(name.rsplit('.').next(), Some("lru_cache" | "cache"))
    });
    if let Some(decorator) = decorator {
        return Some(code(&format!("@{decorator}")));
    }
    // A table that is asked and filled is no memory of results unless the function asks itself again.
    let calls_itself = count_own_calls(function) > 0;
    let table = calls_itself.then(|| memory::table(function)).flatten();
    table.map(code)
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

fn is_context_manager(decorator: &str) -> bool {
    matches!(
        decorator.rsplit('.').next(),
        Some("contextmanager" | "asynccontextmanager")
    )
}

/// The inner function that a decorator returns, and the parameter that it calls.
fn wrapper<'a>(function: &Function<'a>) -> Option<(&'a str, &'a str)> {
    let StepKind::Return {
        value: Some(returned),
        ..
    } = &function.body.last()?.kind
    else {
        return None;
    };
    let inner = function.body.iter().find_map(|step| match &step.kind {
        StepKind::Function(inner) if inner.name == returned.text => Some(inner),
        _ => None,
    })?;
    let mut called = None;
    each_expression(&inner.body, &mut |part| {
        if let ExprKind::Call { callee, .. } = &part.kind {
            let is_own = |parameter: &&Parameter<'_>| {
                parameter.name == callee.text && !parameter.is_receiver
            };
            called = called.or_else(|| function.parameters.iter().find(is_own));
        }
    });
    Some((inner.name, called?.name))
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
        if let Some(memory) = remembers(function) {
            self.add(
                "memoisation",
                line,
                "results are remembered, so the same question is not worked out twice",
                format!("{memory} keeps them"),
            );
        } else if let Some(decorator) = function.decorators.first()
            && !matches!(*decorator, "property" | "staticmethod" | "classmethod")
            && !is_context_manager(decorator)
        {
            self.add(
                "decorator",
                line,
                "something that wraps a function and changes how it behaves",
                code(&format!("@{decorator}")),
            );
        }
        self.definitions(function, line);
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
            self.ownership(function, line);
        }
    }

    /// Functions that make what others use: decorators, context managers, destructors.
    fn definitions(&mut self, function: &Function<'a>, line: u32) {
        let is_python = self.scope.language == Language::Python;
        let managed = function
            .decorators
            .iter()
            .find(|name| is_context_manager(name))
            .map(|name| code(&format!("@{name}")));
        let managed = managed.or_else(|| {
            (function.is_method && matches!(function.name, "__enter__" | "__aenter__"))
                .then(|| format!("a `with` block calls {} first", code(function.name)))
        });
        if let Some(evidence) = managed.filter(|_| is_python) {
            self.add(
                "context manager of its own",
                line,
                "code that runs before and after every `with` block that uses it, even after an error",
                evidence,
            );
        }
        if let Some((wrapper, wrapped)) = wrapper(function).filter(|_| is_python) {
            self.add(
                "decorator of its own",
                line,
                "a function that takes a function and gives back another one that does something around it",
                format!("{} calls {} and is returned", code(wrapper), code(wrapped)),
            );
        }
        let is_destructor = self.scope.language == Language::Cpp
            && function
                .name
                .rsplit("::")
                .next()
                .unwrap_or_default()
                .starts_with('~');
        if is_destructor && !function.body.is_empty() {
            self.add(
                "RAII",
                line,
                "an object that holds something as long as it lives, and gives it back when it goes out of scope",
                format!("{} gives it back", code(function.name)),
            );
        }
    }

    /// How Rust parameters are passed.
    fn ownership(&mut self, function: &Function<'a>, line: u32) {
        for parameter in &function.parameters {
            let type_text = parameter
                .type_text
                .as_deref()
                .unwrap_or(if parameter.is_receiver {
                    parameter.name
                } else {
                    ""
                });
            if type_text.starts_with("&mut") {
                self.add(
                    "mutable borrow",
                    line,
                    "the function may change the value it was lent, and gives it back afterwards",
                    code(parameter.name),
                );
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
}
