//! Ways through facts: what lies directly inside a statement or an expression, and everything in it.

#![expect(
    clippy::wildcard_enum_match_arm,
    reason = "the facts have many variants; this looks for a few of them"
)]

use super::{Class, Expr, ExprKind, Function, Step, StepKind};

impl<'a> Step<'a> {
    /// The lists of statements directly inside, in order. Definitions keep theirs.
    pub(crate) fn blocks(&self) -> Vec<&[Step<'a>]> {
        match &self.kind {
            StepKind::If { arms, otherwise } => arms
                .iter()
                .map(|(_, body)| body.as_slice())
                .chain(otherwise.as_deref())
                .collect(),
            StepKind::ForEach { body, .. }
            | StepKind::While { body, .. }
            | StepKind::With { body, .. }
            | StepKind::LoopElse(body)
            | StepKind::Block { body, .. } => vec![body],
            StepKind::Count {
                start,
                update,
                body,
                ..
            } => vec![start, body, update],
            StepKind::Switch { cases, .. } => {
                cases.iter().map(|case| case.body.as_slice()).collect()
            }
            StepKind::Try {
                body,
                handlers,
                otherwise,
                finally,
            } => std::iter::once(body.as_slice())
                .chain(handlers.iter().map(|handler| handler.body.as_slice()))
                .chain([otherwise.as_slice(), finally.as_slice()])
                .collect(),
            StepKind::Import(_)
            | StepKind::Function(_)
            | StepKind::Class(_)
            | StepKind::Declare { .. }
            | StepKind::Assign { .. }
            | StepKind::Increment { .. }
            | StepKind::Initialise { .. }
            | StepKind::Evaluate(_)
            | StepKind::Return { .. }
            | StepKind::Raise(_)
            | StepKind::Give(_)
            | StepKind::Break { .. }
            | StepKind::Continue { .. }
            | StepKind::Pass
            | StepKind::Assert(_)
            | StepKind::Delete(_)
            | StepKind::Defer(_)
            | StepKind::Spawn(_)
            | StepKind::Send { .. }
            | StepKind::Tail(_)
            | StepKind::Other(_)
            | StepKind::Unreadable => Vec::new(),
        }
    }

    /// The expressions directly in this statement, not those of inner statements.
    pub(crate) fn expressions(&self) -> Vec<&Expr<'a>> {
        match &self.kind {
            StepKind::Assign { target, value, .. } => vec![target, value],
            StepKind::Increment { target, .. } => vec![target],
            StepKind::Initialise { values, .. } => values.iter().collect(),
            StepKind::Evaluate(value)
            | StepKind::Tail(value)
            | StepKind::Assert(value)
            | StepKind::Give(value)
            | StepKind::Defer(value)
            | StepKind::Spawn(value) => vec![value],
            StepKind::If { arms, .. } => arms.iter().map(|(condition, _)| condition).collect(),
            StepKind::ForEach { iterable, .. } => vec![iterable],
            StepKind::Count { condition, .. } | StepKind::While { condition, .. } => {
                condition.iter().collect()
            }
            StepKind::Switch { subject, cases, .. } => subject
                .iter()
                .chain(cases.iter().filter_map(|case| case.guard.as_ref()))
                .collect(),
            StepKind::Return { value, .. }
            | StepKind::Raise(value)
            | StepKind::Break { value, .. } => value.iter().collect(),
            StepKind::Send { channel, value } => vec![channel, value],
            StepKind::Import(_)
            | StepKind::Function(_)
            | StepKind::Class(_)
            | StepKind::Declare { .. }
            | StepKind::Try { .. }
            | StepKind::With { .. }
            | StepKind::Continue { .. }
            | StepKind::Pass
            | StepKind::Delete(_)
            | StepKind::LoopElse(_)
            | StepKind::Block { .. }
            | StepKind::Other(_)
            | StepKind::Unreadable => Vec::new(),
        }
    }

    /// Whether this statement repeats another.
    pub(crate) const fn is_loop(&self) -> bool {
        matches!(
            self.kind,
            StepKind::ForEach { .. } | StepKind::Count { .. } | StepKind::While { .. }
        )
    }
}

impl<'a> Expr<'a> {
    /// The expressions directly inside.
    pub(crate) fn parts(&self) -> Vec<&Expr<'a>> {
        match &self.kind {
            ExprKind::Call {
                callee, arguments, ..
            } => std::iter::once(&**callee).chain(arguments).collect(),
            ExprKind::Keyword { value, .. } => vec![value],
            ExprKind::Slice { object } => object.iter().map(|object| &**object).collect(),
            ExprKind::Member { object, .. } => vec![object],
            ExprKind::Index { object, index } => vec![object, index],
            ExprKind::Binary { left, right, .. } => vec![left, right],
            ExprKind::Chain(items)
            | ExprKind::Collection { items, .. }
            | ExprKind::Other(items) => items.iter().collect(),
            ExprKind::Not(inner)
            | ExprKind::Unary { operand: inner, .. }
            | ExprKind::Await(inner)
            | ExprKind::Propagate(inner)
            | ExprKind::Reference(inner)
            | ExprKind::Yield(Some(inner)) => vec![inner],
            ExprKind::Lambda { body, .. } => vec![body],
            ExprKind::Comprehension {
                element, clauses, ..
            } => {
                element
                    .iter()
                    .chain(clauses.iter().flat_map(|clause| {
                        std::iter::once(&clause.iterable).chain(&clause.conditions)
                    }))
                    .collect()
            }
            ExprKind::Conditional {
                condition,
                then,
                otherwise,
            } => vec![condition, then, otherwise],
            ExprKind::Name
            | ExprKind::Number
            | ExprKind::Text
            | ExprKind::Bool(_)
            | ExprKind::Null
            | ExprKind::Yield(None)
            | ExprKind::Choice(_)
            | ExprKind::Assignment(_)
            | ExprKind::Macro { .. } => Vec::new(),
        }
    }

    /// Calls `visit` for this expression and everything inside it, statements of lambdas excluded.
    pub(crate) fn each<'s>(&'s self, visit: &mut dyn FnMut(&'s Expr<'a>)) {
        visit(self);
        for part in self.parts() {
            part.each(visit);
        }
        if let ExprKind::Choice(step) | ExprKind::Assignment(step) = &self.kind {
            each_expression(std::slice::from_ref(step), visit);
        }
    }

    /// The plain name of what is called, when this is a call: `f` of `f(x)`, `m` of `a.m(x)`.
    pub(crate) fn called(&self) -> Option<&'a str> {
        let ExprKind::Call { callee, .. } = &self.kind else {
            return None;
        };
        Some(match &callee.kind {
            ExprKind::Member { name, .. } => name,
            _ if callee.text.contains([' ', '\n', '{', '(', '[']) => return None,
            _ => last_segment(callee.text),
        })
    }

    /// Whether it is exactly this text.
    pub(crate) fn is(&self, text: &str) -> bool {
        self.text == text
    }

    /// The number it is written as.
    pub(crate) fn number(&self) -> Option<i64> {
        match &self.kind {
            ExprKind::Number => self.text.parse().ok(),
            ExprKind::Unary {
                operator: "-",
                operand,
            } => operand.number().map(i64::wrapping_neg),
            _ => None,
        }
    }
}

/// `max` of `std::max<int>`.
pub(crate) fn last_segment(path: &str) -> &str {
    let plain = path.split('<').next().unwrap_or(path);
    let plain = plain.strip_suffix("::").unwrap_or(plain);
    plain.rsplit([':', '.']).next().unwrap_or(plain)
}

/// Calls `visit` for every statement, outer first, not entering definitions.
pub(crate) fn each_step<'s, 'a>(steps: &'s [Step<'a>], visit: &mut dyn FnMut(&'s Step<'a>)) {
    for step in steps {
        visit(step);
        for block in step.blocks() {
            each_step(block, visit);
        }
    }
}

/// Calls `visit` for every expression in these statements and the statements inside them, not entering definitions.
pub(crate) fn each_expression<'s, 'a>(steps: &'s [Step<'a>], visit: &mut dyn FnMut(&'s Expr<'a>)) {
    for step in steps {
        for expression in step.expressions() {
            expression.each(visit);
        }
        for block in step.blocks() {
            each_expression(block, visit);
        }
    }
}

/// Every function of these statements, in order, with the class it belongs to; inner functions included.
pub(crate) fn functions<'s, 'a>(
    steps: &'s [Step<'a>],
) -> Vec<(Option<&'s Class<'a>>, &'s Function<'a>, &'s Step<'a>)> {
    let mut found = Vec::new();
    collect_functions(steps, None, &mut found);
    found
}

fn collect_functions<'s, 'a>(
    steps: &'s [Step<'a>],
    class: Option<&'s Class<'a>>,
    found: &mut Vec<(Option<&'s Class<'a>>, &'s Function<'a>, &'s Step<'a>)>,
) {
    for step in steps {
        match &step.kind {
            StepKind::Function(function) => {
                found.push((class, function, step));
                collect_functions(&function.body, None, found);
            }
            StepKind::Class(inner) => collect_functions(&inner.body, Some(inner), found),
            _ => {
                for block in step.blocks() {
                    collect_functions(block, class, found);
                }
            }
        }
    }
}
