//! What code says, in words no language owns: definitions, statements in order and expressions. Built by `build`, read by
//! everything else. Text is borrowed from the source.

/// A whole file.
#[derive(Debug, Default)]
pub(crate) struct Program<'a> {
    pub(crate) body: Vec<Step<'a>>,
}

/// A function, method or constructor.
#[expect(clippy::struct_excessive_bools, reason = "each is a fact of its own")]
#[derive(Debug, Default)]
pub(crate) struct Function<'a> {
    pub(crate) name: &'a str,
    pub(crate) parameters: Vec<Parameter<'a>>,
    pub(crate) return_type: Option<String>,
    /// First paragraph of the docstring or of the comment above.
    pub(crate) doc: Option<String>,
    pub(crate) decorators: Vec<&'a str>,
    pub(crate) is_async: bool,
    pub(crate) is_generator: bool,
    pub(crate) is_constructor: bool,
    pub(crate) is_method: bool,
    /// The type a method was written for outside of a class body: Rust `impl`, Go receiver, C++ `A::b`.
    pub(crate) owner: Option<String>,
    pub(crate) body: Vec<Step<'a>>,
    pub(crate) has_body: bool,
}

/// A parameter.
#[derive(Debug, Default, Clone)]
pub(crate) struct Parameter<'a> {
    pub(crate) name: &'a str,
    pub(crate) type_text: Option<String>,
    pub(crate) default: Option<&'a str>,
    /// Takes any number of arguments.
    pub(crate) is_rest: bool,
    /// `self`, `&self`, a Go receiver.
    pub(crate) is_receiver: bool,
}

/// What a class-like definition is called in its language.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum ClassKind {
    Class,
    Struct,
    Enum,
    Interface,
    Trait,
    Implementation,
    TypeAlias,
    Namespace,
}

/// A class, struct, enum, interface, trait or `impl` block.
#[derive(Debug)]
pub(crate) struct Class<'a> {
    pub(crate) name: &'a str,
    pub(crate) kind: ClassKind,
    /// Base classes, implemented interfaces or the trait of an `impl`.
    pub(crate) bases: Vec<&'a str>,
    pub(crate) doc: Option<String>,
    pub(crate) fields: Vec<Field<'a>>,
    pub(crate) body: Vec<Step<'a>>,
}

/// A field, an enum variant or an interface property.
#[derive(Debug)]
pub(crate) struct Field<'a> {
    pub(crate) name: &'a str,
    pub(crate) type_text: Option<String>,
}

/// A statement.
#[derive(Debug)]
pub(crate) struct Step<'a> {
    pub(crate) line: u32,
    pub(crate) end_line: u32,
    pub(crate) kind: StepKind<'a>,
}

/// What a statement does.
#[derive(Debug)]
pub(crate) enum StepKind<'a> {
    Import(&'a str),
    Function(Box<Function<'a>>),
    Class(Box<Class<'a>>),
    /// A variable without a value.
    Declare {
        name: &'a str,
        type_text: String,
    },
    /// `operator` is `=` or the binary operator of a compound assignment (`+` for `+=`).
    Assign {
        target: Expr<'a>,
        operator: &'a str,
        value: Expr<'a>,
    },
    /// `++` and `--`; `step` is 1 or -1.
    Increment {
        target: Expr<'a>,
        step: i8,
    },
    Evaluate(Expr<'a>),
    If {
        arms: Vec<(Expr<'a>, Vec<Step<'a>>)>,
        otherwise: Option<Vec<Step<'a>>>,
    },
    ForEach {
        target: Option<&'a str>,
        iterable: Expr<'a>,
        body: Vec<Step<'a>>,
        over: Over,
    },
    /// A C-style loop.
    Count {
        start: Vec<Step<'a>>,
        condition: Option<Expr<'a>>,
        update: Vec<Step<'a>>,
        body: Vec<Step<'a>>,
    },
    /// `None` runs until something leaves it.
    While {
        condition: Option<Expr<'a>>,
        body: Vec<Step<'a>>,
        test_last: bool,
    },
    /// What a loop with `else` does when no `break` ended it.
    LoopElse(Vec<Step<'a>>),
    Switch {
        subject: Option<Expr<'a>>,
        cases: Vec<Case<'a>>,
        style: SwitchStyle,
    },
    /// `is_implicit` when it is the last expression of a block.
    Return {
        value: Option<Expr<'a>>,
        is_implicit: bool,
    },
    Raise(Option<Expr<'a>>),
    Try {
        body: Vec<Step<'a>>,
        handlers: Vec<Handler<'a>>,
        otherwise: Vec<Step<'a>>,
        finally: Vec<Step<'a>>,
    },
    With {
        resources: Vec<&'a str>,
        body: Vec<Step<'a>>,
    },
    Break,
    Continue,
    Pass,
    Assert(Expr<'a>),
    Delete(&'a str),
    Defer(Expr<'a>),
    Spawn(Expr<'a>),
    Send {
        channel: Expr<'a>,
        value: Expr<'a>,
    },
    Block {
        label: &'static str,
        body: Vec<Step<'a>>,
    },
    /// The last expression of a Rust block, before it is known whether it is returned.
    Tail(Expr<'a>),
    Other(&'a str),
}

/// What a for-each loop yields.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Over {
    Items,
    /// JavaScript `for … in`.
    Keys,
    /// Go `range`.
    GoRange,
    /// Java streams excluded; asynchronous iteration.
    Async,
}

/// How the cases of a switch follow each other.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum SwitchStyle {
    /// One case at most (Python, Rust, Go, Java arrows).
    Exclusive,
    /// A case runs into the next unless something leaves it (C, C++, JavaScript, Java colons).
    FallsThrough,
    /// Go `select`.
    Select,
}

/// One case of a switch.
#[derive(Debug)]
pub(crate) struct Case<'a> {
    /// As written; empty for the default.
    pub(crate) pattern: &'a str,
    pub(crate) guard: Option<Expr<'a>>,
    pub(crate) is_default: bool,
    pub(crate) line: u32,
    pub(crate) body: Vec<Step<'a>>,
}

/// One handler of a `try`.
#[derive(Debug)]
pub(crate) struct Handler<'a> {
    /// As written; empty when it takes everything.
    pub(crate) types: &'a str,
    pub(crate) line: u32,
    pub(crate) body: Vec<Step<'a>>,
}

/// An expression.
#[derive(Debug)]
pub(crate) struct Expr<'a> {
    /// As written, without enclosing parentheses.
    pub(crate) text: &'a str,
    pub(crate) kind: ExprKind<'a>,
}

/// A collection literal.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Shape {
    List,
    Tuple,
    Set,
    Map,
    Generator,
}

/// What an expression is.
#[derive(Debug)]
pub(crate) enum ExprKind<'a> {
    Name,
    Number,
    Text,
    Bool(bool),
    Null,
    Call {
        callee: Box<Expr<'a>>,
        arguments: Vec<Expr<'a>>,
        is_new: bool,
    },
    Keyword {
        name: &'a str,
        value: Box<Expr<'a>>,
    },
    Member {
        object: Box<Expr<'a>>,
        name: &'a str,
    },
    Index {
        object: Box<Expr<'a>>,
        index: Box<Expr<'a>>,
    },
    Slice,
    Binary {
        operator: &'a str,
        left: Box<Expr<'a>>,
        right: Box<Expr<'a>>,
    },
    /// More than one comparison: `0 < x < 10`.
    Chain(Vec<Expr<'a>>),
    Not(Box<Expr<'a>>),
    Unary {
        operator: &'a str,
        operand: Box<Expr<'a>>,
    },
    Lambda {
        body: Box<Expr<'a>>,
        steps: Vec<Step<'a>>,
    },
    Comprehension {
        shape: Shape,
        element: Vec<Expr<'a>>,
        clauses: Vec<Clause<'a>>,
    },
    Collection {
        shape: Shape,
        items: Vec<Expr<'a>>,
    },
    Conditional {
        condition: Box<Expr<'a>>,
        then: Box<Expr<'a>>,
        otherwise: Box<Expr<'a>>,
    },
    Await(Box<Expr<'a>>),
    Yield(Option<Box<Expr<'a>>>),
    /// Rust `?`.
    Propagate(Box<Expr<'a>>),
    Reference(Box<Expr<'a>>),
    /// A Rust `if` or `match` (or a Java `switch`) whose value is used.
    Choice(Box<Step<'a>>),
    Assignment(Box<Step<'a>>),
    Macro {
        name: &'a str,
    },
    /// Anything else; the parts that were understood, for looking inside.
    Other(Vec<Expr<'a>>),
}

/// One `for` of a comprehension.
#[derive(Debug)]
pub(crate) struct Clause<'a> {
    pub(crate) target: &'a str,
    pub(crate) iterable: Expr<'a>,
    pub(crate) conditions: Vec<Expr<'a>>,
}

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
            | StepKind::Evaluate(_)
            | StepKind::Return { .. }
            | StepKind::Raise(_)
            | StepKind::Break
            | StepKind::Continue
            | StepKind::Pass
            | StepKind::Assert(_)
            | StepKind::Delete(_)
            | StepKind::Defer(_)
            | StepKind::Spawn(_)
            | StepKind::Send { .. }
            | StepKind::Tail(_)
            | StepKind::Other(_) => Vec::new(),
        }
    }

    /// The expressions directly in this statement, not those of inner statements.
    pub(crate) fn expressions(&self) -> Vec<&Expr<'a>> {
        match &self.kind {
            StepKind::Assign { target, value, .. } => vec![target, value],
            StepKind::Increment { target, .. } => vec![target],
            StepKind::Evaluate(value)
            | StepKind::Tail(value)
            | StepKind::Assert(value)
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
            StepKind::Return { value, .. } | StepKind::Raise(value) => value.iter().collect(),
            StepKind::Send { channel, value } => vec![channel, value],
            StepKind::Import(_)
            | StepKind::Function(_)
            | StepKind::Class(_)
            | StepKind::Declare { .. }
            | StepKind::Try { .. }
            | StepKind::With { .. }
            | StepKind::Break
            | StepKind::Continue
            | StepKind::Pass
            | StepKind::Delete(_)
            | StepKind::LoopElse(_)
            | StepKind::Block { .. }
            | StepKind::Other(_) => Vec::new(),
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
            | ExprKind::Slice
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
