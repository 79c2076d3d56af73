//! Whether a value cannot carry text from outside.

use std::cell::Cell;

use ruff_python_ast::{Expr, ExprCall, Operator, Stmt};

use super::super::check::Checker;
use super::super::functions::CHANGING;
use super::super::kinds::Kind;
use super::super::queries::{any_of, any_part, call_of, is_name, method_of, name_of};
use super::super::scopes::{BindingKind, Usage};
use super::resolved;

/// Most values that are followed from one: names that are given names can lead to any number of them.
const VALUES_MAX: usize = 100;

/// Whether `value` is a literal, a constant, a number, a list of placeholders, or a choice among those.
pub(super) fn is_fixed(checker: &Checker<'_, '_>, value: &Expr) -> bool {
    let question = Question {
        checker,
        left: Cell::new(VALUES_MAX),
    };
    question.is_fixed(value)
}

/// One question, with the number of values that it may still follow.
struct Question<'c, 'a, 'm> {
    checker: &'c Checker<'a, 'm>,
    left: Cell<usize>,
}

impl Question<'_, '_, '_> {
    fn is_fixed(&self, value: &Expr) -> bool {
        if value.is_literal_expr() {
            return true;
        }
        let Some(left) = self.left.get().checked_sub(1) else {
            return false;
        };
        self.left.set(left);
        if self.checker.kind(value).is_some_and(Kind::is_number) {
            return true;
        }
        match value {
            Expr::Name(name) => {
                is_safe_name(name.id.as_str()) || self.is_fixed_name(name.id.as_str())
            }
            Expr::Attribute(attribute) => is_safe_name(attribute.attr.as_str()),
            Expr::If(choice) => self.is_fixed(&choice.body) && self.is_fixed(&choice.orelse),
            // `"?, " * n`
            Expr::BinOp(operation) if operation.op == Operator::Mult => {
                operation.left.is_string_literal_expr() || operation.right.is_string_literal_expr()
            }
            // one entry of a fixed table
            Expr::Subscript(entry) => {
                is_constant(&entry.value) || self.is_fixed_table(&entry.value)
            }
            Expr::Call(call) => {
                call_of(value, "int").is_some()
                    || call_of(value, "len").is_some()
                    || self.is_fixed_join(call)
            }
            _ => self.is_fixed_display(value),
        }
    }

    /// Whether all that a name is ever given is fixed.
    fn is_fixed_name(&self, name: &str) -> bool {
        let scopes = &self.checker.module.scopes;
        let Some(variable) = scopes.find_variable(self.checker.scope, name) else {
            return false;
        };
        !variable.is_shared
            && variable.bindings.iter().all(|binding| match binding.kind {
                BindingKind::Assigned(value) => !may_grow(value) && self.is_fixed(value),
                _ => false,
            })
    }

    /// Placeholders or the parts of a constant, joined: `",".join("?" * n)`, `", ".join(COLUMNS)`.
    fn is_fixed_join(&self, call: &ExprCall) -> bool {
        let Some(argument) = method_of(call)
            .filter(|(_, method)| *method == "join")
            .and_then(|_| call.arguments.args.first())
        else {
            return false;
        };
        is_constant(argument)
            || self.is_fixed_table(argument)
            || any_part(resolved(self.checker, argument), |part| {
                part.as_string_literal_expr()
                    .is_some_and(|text| matches!(text.value.to_str(), "?" | "%s" | "?," | "%s,"))
            })
    }

    /// Whether everything in a list, tuple or dict is fixed, and stays so where it has a name.
    fn is_fixed_table(&self, table: &Expr) -> bool {
        self.is_fixed_display(resolved(self.checker, table))
            && name_of(table).is_none_or(|name| !self.is_changed(name))
    }

    /// Whether it holds fixed values only. An empty one is the start of a longer one.
    fn is_fixed_display(&self, display: &Expr) -> bool {
        let elements = match display {
            Expr::List(list) => &list.elts,
            Expr::Tuple(tuple) => &tuple.elts,
            Expr::Set(set) => &set.elts,
            Expr::Dict(dict) => {
                return !dict.is_empty() && dict.iter_values().all(|value| self.is_fixed(value));
            }
            display => return display.is_string_literal_expr(),
        };
        !elements.is_empty() && elements.iter().all(|element| self.is_fixed(element))
    }

    /// Whether something that is not fixed is put into what a name holds.
    fn is_changed(&self, name: &str) -> bool {
        let scopes = &self.checker.module.scopes;
        let is_changed_elsewhere = scopes
            .find_variable(self.checker.scope, name)
            .is_some_and(|variable| {
                scopes.uses(variable).any(|used| {
                    used.scope != self.checker.scope
                        && matches!(used.usage, Usage::Attribute(method) if CHANGING.contains(&method))
                })
            });
        let is_entry = |target: &Expr| {
            target
                .as_subscript_expr()
                .is_some_and(|entry| is_name(&entry.value, name))
        };
        is_changed_elsewhere
            || self.checker.may_search()
                && any_of(
                    self.checker.body(),
                    |statement| match statement {
                        Stmt::Assign(assign) => assign.targets.iter().any(is_entry),
                        Stmt::AugAssign(assign) => is_entry(&assign.target),
                        _ => false,
                    },
                    |part| {
                        part.as_call_expr().is_some_and(|call| {
                            method_of(call).is_some_and(|(receiver, method)| {
                                is_name(receiver, name) && CHANGING.contains(&method)
                            }) && !call.arguments.args.iter().all(|put| self.is_fixed(put))
                        })
                    },
                )
    }
}

/// Whether a name says that what it holds is a constant or placeholders.
fn is_safe_name(name: &str) -> bool {
    let lower = name.to_ascii_lowercase();
    is_constant_name(name) || lower.contains("placeholder") || lower.contains("qmark")
}

fn is_constant_name(name: &str) -> bool {
    name.chars().any(char::is_alphabetic) && name.to_ascii_uppercase() == name
}

fn is_constant(expression: &Expr) -> bool {
    let name = name_of(expression).or_else(|| {
        let attribute = expression.as_attribute_expr()?;
        Some(attribute.attr.as_str())
    });
    name.is_some_and(is_constant_name)
}

/// Whether more may be put into it later.
fn may_grow(value: &Expr) -> bool {
    matches!(value, Expr::List(_) | Expr::Dict(_) | Expr::Set(_))
}
