//! What kind of value an expression has, where that is sure.

use ruff_python_ast::{Expr, Number, Operator};

use super::Module;
use super::queries::name_of;
use super::scopes::{BindingKind, Variable};

/// How many assignments are followed from a name to a value.
const STEPS_MAX: usize = 5;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Int,
    Float,
    Text,
    Bool,
    List,
    Dict,
    Set,
    Tuple,
}

impl Kind {
    pub(super) const fn is_number(self) -> bool {
        matches!(self, Self::Int | Self::Float)
    }

    /// Whether values can be changed in place.
    pub(super) const fn is_mutable(self) -> bool {
        matches!(self, Self::List | Self::Dict | Self::Set)
    }

    /// As a word for a message.
    pub(super) const fn word(self) -> &'static str {
        match self {
            Self::Int => "an integer",
            Self::Float => "a float",
            Self::Text => "text",
            Self::Bool => "true or false",
            Self::List => "a list",
            Self::Dict => "a dict",
            Self::Set => "a set",
            Self::Tuple => "a tuple",
        }
    }
}

impl Module<'_> {
    /// The kind of an expression that is read in `scope`; `None` when it is not sure.
    pub(super) fn kind(&self, scope: usize, expression: &Expr) -> Option<Kind> {
        self.kind_within(scope, expression, STEPS_MAX)
    }

    fn kind_within(&self, scope: usize, expression: &Expr, steps: usize) -> Option<Kind> {
        let steps = steps.checked_sub(1)?;
        match expression {
            Expr::StringLiteral(_) | Expr::FString(_) => Some(Kind::Text),
            Expr::NumberLiteral(number) => match number.value {
                Number::Int(_) => Some(Kind::Int),
                Number::Float(_) => Some(Kind::Float),
                Number::Complex { .. } => None,
            },
            Expr::BooleanLiteral(_) => Some(Kind::Bool),
            Expr::List(_) | Expr::ListComp(_) => Some(Kind::List),
            Expr::Dict(_) | Expr::DictComp(_) => Some(Kind::Dict),
            Expr::Set(_) | Expr::SetComp(_) => Some(Kind::Set),
            Expr::Tuple(_) => Some(Kind::Tuple),
            Expr::UnaryOp(unary) => self
                .kind_within(scope, &unary.operand, steps)
                .filter(|kind| kind.is_number()),
            Expr::BinOp(operation) => {
                let left = self.kind_within(scope, &operation.left, steps)?;
                if operation.op == Operator::Mod && left == Kind::Text {
                    return Some(left);
                }
                let right = self.kind_within(scope, &operation.right, steps)?;
                combine(left, operation.op, right)
            }
            Expr::Call(call) => {
                let name = name_of(&call.func)?;
                let kind = match name {
                    "len" | "int" | "ord" | "id" | "hash" => Kind::Int,
                    "float" => Kind::Float,
                    "str" | "input" | "repr" | "chr" | "bin" | "hex" | "oct" => Kind::Text,
                    "list" | "sorted" => Kind::List,
                    "dict" => Kind::Dict,
                    "set" => Kind::Set,
                    "tuple" => Kind::Tuple,
                    _ => return None,
                };
                self.scopes.is_builtin(scope, name).then_some(kind)
            }
            Expr::Name(name) => {
                let (home, variable) = self.scopes.find(scope, name.id.as_str())?;
                self.kind_of_variable(home, variable, steps)
            }
            _ => None,
        }
    }

    fn kind_of_variable(
        &self,
        scope: usize,
        variable: &Variable<'_>,
        steps: usize,
    ) -> Option<Kind> {
        const BINDINGS_MAX: usize = 6;
        if variable.is_shared || variable.bindings.len() > BINDINGS_MAX {
            return None;
        }
        let mut kind = None;
        for binding in &variable.bindings {
            let next = match binding.kind {
                BindingKind::Assigned(value) => self.kind_within(scope, value, steps)?,
                BindingKind::Augmented(change) => {
                    let right = self.kind_within(scope, &change.value, steps);
                    match (kind?, right) {
                        (left @ (Kind::List | Kind::Text | Kind::Set | Kind::Dict), _) => left,
                        (left, right) => combine(left, change.op, right?)?,
                    }
                }
                BindingKind::Declared => continue,
                BindingKind::Unpacked
                | BindingKind::Loop
                | BindingKind::With
                | BindingKind::Except
                | BindingKind::Parameter
                | BindingKind::Import { .. }
                | BindingKind::Function(_)
                | BindingKind::Class(_)
                | BindingKind::Type => return None,
            };
            if kind.is_some_and(|kind| kind != next) {
                return None;
            }
            kind = Some(next);
        }
        kind
    }
}

/// The kind of an operation's result.
fn combine(left: Kind, op: Operator, right: Kind) -> Option<Kind> {
    match (left, op, right) {
        (left, Operator::Div, right) if left.is_number() && right.is_number() => Some(Kind::Float),
        (Kind::Int, Operator::Pow, Kind::Int) => None,
        (Kind::Int, _, Kind::Int) => Some(Kind::Int),
        (left, _, right) if left.is_number() && right.is_number() => Some(Kind::Float),
        (Kind::Text, Operator::Add, Kind::Text) => Some(Kind::Text),
        (Kind::Text | Kind::List, Operator::Mult, Kind::Int) => Some(left),
        (Kind::Int, Operator::Mult, Kind::Text | Kind::List) => Some(right),
        (Kind::List, Operator::Add, Kind::List) => Some(Kind::List),
        _ => None,
    }
}
