//! Rules about functions, methods and their calls.

use ruff_python_ast::{Expr, Stmt, StmtClassDef, StmtFunctionDef};

use super::check::Checker;
use super::flow;
use super::kinds::Kind;
use super::queries::{any_of, any_statement, dotted, is_name, method_of};
use super::rules;

/// Methods that change a list, dict or set.
pub(super) const CHANGING: &[&str] = &[
    "add",
    "append",
    "appendleft",
    "clear",
    "discard",
    "extend",
    "insert",
    "pop",
    "popitem",
    "remove",
    "reverse",
    "setdefault",
    "sort",
    "update",
];

/// Rules about a function that need its own scope.
pub(super) fn check_body<'a>(checker: &mut Checker<'a, '_>, function: &'a StmtFunctionDef) {
    check_defaults(checker, function);
    flow::check_returns(checker, function);
    flow::check_recursion(checker, function);
    let name = function.name.as_str();
    if name == "__init__" && is_method(checker, function) {
        check_init(checker, function);
    }
}

/// Whether the function stands right in the body of the class at hand.
fn is_method(checker: &Checker<'_, '_>, function: &StmtFunctionDef) -> bool {
    checker
        .classes
        .last()
        .is_some_and(|class| methods(class).any(|method| method.range == function.range))
}

pub(super) fn methods(class: &StmtClassDef) -> impl Iterator<Item = &StmtFunctionDef> {
    class.body.iter().filter_map(Stmt::as_function_def_stmt)
}

fn check_defaults<'a>(checker: &mut Checker<'a, '_>, function: &'a StmtFunctionDef) {
    for parameter in function.parameters.iter_non_variadic_params() {
        let Some(default) = parameter.default() else {
            continue;
        };
        let Some(kind) = mutable_kind(checker, default) else {
            continue;
        };
        let name = parameter.name().as_str();
        // A cache is shared on purpose.
        let is_meant = name.contains("cache") || name.contains("memo") || name.starts_with('_');
        let body = &function.body;
        // What is handed on with elements is likely read alone.
        let is_shared = is_changed(body, name) || (is_empty(default) && gets_out(body, name));
        let rule = if !is_meant && is_shared && !is_replaced(body, name) {
            &rules::MUTABLE_DEFAULT
        } else {
            &rules::MUTABLE_DEFAULT_UNCHANGED
        };
        let quoted = checker.module.quote(default);
        let message = format!(
            "The default `{quoted}` of `{name}` is {} that all calls of `{}` share.",
            kind.word(),
            function.name
        );
        let fix = format!(
            "Write `{name}=None`, and `if {name} is None: {name} = {quoted}` as the first line."
        );
        checker.add(rule, default, message, fix);
    }
}

fn mutable_kind(checker: &Checker<'_, '_>, default: &Expr) -> Option<Kind> {
    if default.is_name_expr() {
        return None;
    }
    checker.kind(default).filter(|kind| kind.is_mutable())
}

/// Whether the object that `name` holds is returned or kept.
fn gets_out(body: &[Stmt], name: &str) -> bool {
    any_statement(body, |statement| match statement {
        Stmt::Return(back) => back
            .value
            .as_deref()
            .is_some_and(|value| is_name(value, name)),
        Stmt::Assign(assign) => {
            is_name(&assign.value, name)
                && assign.targets.iter().any(|target| !target.is_name_expr())
        }
        _ => false,
    })
}

/// Whether the object that `name` holds is changed.
fn is_changed(body: &[Stmt], name: &str) -> bool {
    any_of(
        body,
        |statement| match statement {
            Stmt::Assign(assign) => assign.targets.iter().any(|target| is_element(target, name)),
            Stmt::AugAssign(assign) => {
                is_name(&assign.target, name) || is_element(&assign.target, name)
            }
            Stmt::Delete(delete) => delete.targets.iter().any(|target| is_element(target, name)),
            _ => false,
        },
        |part| {
            part.as_call_expr()
                .and_then(method_of)
                .is_some_and(|(receiver, method)| {
                    is_name(receiver, name) && CHANGING.contains(&method)
                })
        },
    )
}

/// Whether a display or call makes something without elements.
fn is_empty(default: &Expr) -> bool {
    match default {
        Expr::List(list) => list.elts.is_empty(),
        Expr::Dict(dict) => dict.items.is_empty(),
        Expr::Call(call) => call.arguments.is_empty(),
        _ => false,
    }
}

/// Whether the parameter is given another value before all else, as in `items = list(items)`.
fn is_replaced(body: &[Stmt], name: &str) -> bool {
    body.iter().any(|statement| match statement {
        Stmt::Assign(assign) => assign.targets.iter().any(|target| is_name(target, name)),
        _ => false,
    })
}

fn is_element(target: &Expr, name: &str) -> bool {
    target
        .as_subscript_expr()
        .is_some_and(|subscript| is_name(&subscript.value, name))
}

fn check_init<'a>(checker: &mut Checker<'a, '_>, function: &'a StmtFunctionDef) {
    let mut found: Vec<&'a Stmt> = Vec::new();
    any_statement(&function.body, |statement| {
        if let Stmt::Return(back) = statement
            && let Some(value) = back.value.as_deref()
            && (super::queries::is_literal(value) || value.is_name_expr())
            && !value.is_none_literal_expr()
        {
            found.push(statement);
        }
        false
    });
    for statement in found {
        let quoted = checker.module.quote(statement);
        let message = format!("`__init__` must not return a value, but has `{quoted}`.");
        checker.add(
            &rules::INIT_RETURNS,
            statement,
            message,
            "Remove the value, or keep it in an attribute of `self`.",
        );
    }
}

pub(super) fn check_statement<'a>(checker: &mut Checker<'a, '_>, statement: &'a Stmt) {
    match statement {
        Stmt::ClassDef(class) => {
            check_missing_self(checker, class);
            check_shared_attributes(checker, class);
        }
        Stmt::Expr(line) => super::calls::check_awaited(checker, &line.value),
        _ => {}
    }
}

fn check_missing_self<'a>(checker: &mut Checker<'a, '_>, class: &'a StmtClassDef) {
    let is_interface = class.bases().iter().any(|base| {
        let name = dotted(base).unwrap_or_default();
        name.contains("Interface") || name.contains("Protocol") || name.contains("Enum")
    });
    if is_interface || !class.decorator_list.is_empty() || !class.keywords().is_empty() {
        return;
    }
    // A class without any object method is a group of functions.
    let has_object_methods = methods(class).any(|method| {
        let mut parameters = method.parameters.iter();
        parameters.any(|parameter| parameter.name().as_str() == "self")
    });
    if !has_object_methods {
        return;
    }
    let class_scope = checker.module.scopes.opened_by(class.range);
    for method in methods(class) {
        let has_none = method.parameters.is_empty() && method.decorator_list.is_empty();
        let name = method.name.as_str();
        if !has_none
            || name == "__new__"
            || name == "__init_subclass__"
            || name == "__class_getitem__"
        {
            continue;
        }
        let is_used_in_class = class_scope
            .and_then(|scope| checker.module.scopes.list.get(scope))
            .and_then(|scope| scope.variables.get(name))
            .is_some_and(|variable| !variable.uses.is_empty());
        // Called on the class itself, it works without an object.
        let is_called_on_class = class_calls(checker, class, name);
        // One that holds nothing, or only refuses, is never called.
        let is_empty = method.body.iter().all(|statement| {
            statement.is_pass_stmt() || statement.is_raise_stmt() || statement.is_expr_stmt()
        });
        if is_used_in_class || is_called_on_class || is_empty {
            continue;
        }
        let message = format!(
            "The method `{name}` of `{}` has no parameter for its object.",
            class.name
        );
        let fix = format!("Write `def {name}(self):`, or put `@staticmethod` above it.");
        checker.add(&rules::MISSING_SELF, &method.name, message, fix);
    }
}

fn class_calls(checker: &mut Checker<'_, '_>, class: &StmtClassDef, method: &str) -> bool {
    let scopes = &checker.module.scopes;
    scopes.references.iter().any(|reference| {
        reference.name == class.name.as_str()
            && reference.usage == super::scopes::Usage::Attribute(method)
    })
}

/// Lists and dicts of a class body that methods change through `self`.
fn check_shared_attributes<'a>(checker: &mut Checker<'a, '_>, class: &'a StmtClassDef) {
    const MEANT: &[&str] = &[
        "cache",
        "registry",
        "instances",
        "shared",
        "pool",
        "memo",
        "all_",
        "known",
    ];
    for statement in &class.body {
        let Stmt::Assign(assign) = statement else {
            continue;
        };
        let ([Expr::Name(target)], Some(kind)) = (
            assign.targets.as_slice(),
            mutable_kind(checker, &assign.value),
        ) else {
            continue;
        };
        let name = target.id.as_str();
        let lower = name.to_ascii_lowercase();
        let is_meant =
            MEANT.iter().any(|word| lower.contains(word)) || name.to_ascii_uppercase() == name;
        if is_meant || !checker.may_search() || is_reached_through_class(checker, class, name) {
            continue;
        }
        let is_set = methods(class).any(|method| sets_attribute(&method.body, name));
        let changes = methods(class).any(|method| changes_attribute(&method.body, name));
        if changes && !is_set {
            let message = format!(
                "`{name}` is {} in the body of `{}` and is changed through `self`, so all its objects share it.",
                kind.word(),
                class.name
            );
            let quoted = checker.module.quote(&*assign.value);
            let fix = format!("Set `self.{name} = {quoted}` in `__init__` instead.");
            checker.add(&rules::SHARED_CLASS_ATTRIBUTE, statement, message, fix);
        }
    }
}

fn is_reached_through_class(checker: &Checker<'_, '_>, class: &StmtClassDef, name: &str) -> bool {
    checker.module.scopes.references.iter().any(|reference| {
        (reference.name == class.name.as_str() || reference.name == "cls")
            && reference.usage == super::scopes::Usage::Attribute(name)
    })
}

fn is_own_attribute(expression: &Expr, name: &str) -> bool {
    expression.as_attribute_expr().is_some_and(|attribute| {
        attribute.attr.as_str() == name && is_name(&attribute.value, "self")
    })
}

fn sets_attribute(body: &[Stmt], name: &str) -> bool {
    any_statement(body, |statement| match statement {
        Stmt::Assign(assign) => assign.targets.iter().any(|target| {
            is_own_attribute(target, name)
                || target
                    .as_tuple_expr()
                    .is_some_and(|tuple| tuple.elts.iter().any(|part| is_own_attribute(part, name)))
        }),
        Stmt::AnnAssign(assign) => is_own_attribute(&assign.target, name),
        Stmt::Delete(delete) => delete
            .targets
            .iter()
            .any(|target| is_own_attribute(target, name)),
        _ => false,
    })
}

fn changes_attribute(body: &[Stmt], name: &str) -> bool {
    any_of(
        body,
        |statement| match statement {
            Stmt::Assign(assign) => assign.targets.iter().any(|target| {
                target
                    .as_subscript_expr()
                    .is_some_and(|subscript| is_own_attribute(&subscript.value, name))
            }),
            _ => false,
        },
        |part| {
            part.as_call_expr()
                .and_then(method_of)
                .is_some_and(|(receiver, method)| {
                    is_own_attribute(receiver, name) && CHANGING.contains(&method)
                })
        },
    )
}
