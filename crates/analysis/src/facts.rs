//! What code says, in words no language owns: definitions, statements in order and expressions. Built by `build`, read by
//! everything else. Text is borrowed from the source.

mod exits;
mod walk;

use std::rc::Rc;

pub(crate) use exits::leaves_loop;
pub(crate) use walk::{each_expression, each_step, functions, last_segment};

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
    /// Part of the body does not parse.
    pub(crate) is_partial: bool,
}

impl Function<'_> {
    /// Whether a caller hands in a value of this name.
    pub(crate) fn has_parameter(&self, name: &str) -> bool {
        self.parameters
            .iter()
            .any(|parameter| parameter.name == name && !parameter.is_receiver)
    }
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
    /// Part of it does not parse.
    pub(crate) is_partial: bool,
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
        /// The type that is written with it.
        type_text: Option<&'a str>,
    },
    /// A member or base class that C++ makes before the body of a constructor.
    Initialise {
        target: &'a str,
        values: Vec<Expr<'a>>,
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
        /// The named results that a bare `return` of Go gives back.
        results: Rc<[&'a str]>,
    },
    /// The value of a Java `switch`.
    Give(Expr<'a>),
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
    Break {
        label: Option<Label<'a>>,
        /// What a Rust loop gives.
        value: Option<Expr<'a>>,
        /// The value of the loop is what the function returns.
        is_result: bool,
    },
    Continue {
        label: Option<Label<'a>>,
    },
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
    /// Does not parse.
    Unreadable,
}

/// The label of a jump.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Label<'a> {
    pub(crate) name: &'a str,
    /// It stands at a loop, and not at a block or a choice.
    pub(crate) is_loop: bool,
    /// How many loops are around the jump, from the innermost to the outermost that is labelled or lies in what is labelled.
    pub(crate) loops: usize,
}

/// What a for-each loop yields.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Over {
    Items,
    /// JavaScript `for … in`.
    Keys,
    /// Go `range`.
    GoRange,
    /// Asynchronous iteration.
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
    Slice {
        object: Option<Box<Expr<'a>>>,
    },
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
