//! Rules about functions, methods and their calls.

use ruff_python_ast::{Expr, ExprCall, Parameters, Stmt, StmtClassDef, StmtFunctionDef};

use super::check::Checker;
use super::flow;
use super::kinds::Kind;
use super::queries::{any_expression, any_of, any_statement, dotted, is_name, method_of, name_of};
use super::rules;
use super::scopes::BindingKind;

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

/// Calls that block, with what to await instead.
const BLOCKING: &[(&str, &str)] = &[
    ("time.sleep", "`await asyncio.sleep(…)`"),
    ("requests.get", "an asynchronous HTTP client"),
    ("requests.post", "an asynchronous HTTP client"),
    ("requests.put", "an asynchronous HTTP client"),
    ("requests.delete", "an asynchronous HTTP client"),
    (
        "subprocess.run",
        "`await asyncio.create_subprocess_exec(…)`",
    ),
    (
        "subprocess.check_output",
        "`await asyncio.create_subprocess_exec(…)`",
    ),
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

fn methods(class: &StmtClassDef) -> impl Iterator<Item = &StmtFunctionDef> {
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
        let rule = if gets_out_or_changes(&function.body, name) {
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

/// Whether the object that `name` holds is changed, returned or kept.
fn gets_out_or_changes(body: &[Stmt], name: &str) -> bool {
    any_of(
        body,
        |statement| match statement {
            Stmt::Return(back) => back
                .value
                .as_deref()
                .is_some_and(|value| is_name(value, name)),
            Stmt::Assign(assign) => {
                let is_kept = is_name(&assign.value, name)
                    && assign.targets.iter().any(|target| !target.is_name_expr());
                is_kept || assign.targets.iter().any(|target| is_element(target, name))
            }
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
    ) && !is_replaced(body, name)
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
        Stmt::Expr(line) => check_awaited(checker, &line.value),
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
        if is_used_in_class || is_called_on_class {
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

/// A coroutine that is made and dropped.
fn check_awaited<'a>(checker: &mut Checker<'a, '_>, value: &'a Expr) {
    let Some(call) = value.as_call_expr() else {
        return;
    };
    let name = dotted(&call.func);
    let is_sleep = name.as_deref() == Some("asyncio.sleep");
    if is_sleep || find_called(checker, call).is_some_and(is_coroutine) {
        let quoted = checker.module.quote(&*call.func);
        let message =
            format!("`{quoted}(…)` makes a coroutine that is never awaited, so it does not run.");
        let fix = format!("Write `await {quoted}(…)`, or hand it to `asyncio.create_task`.");
        checker.add(&rules::NEVER_AWAITED, call, message, fix);
    }
}

fn is_coroutine(function: &StmtFunctionDef) -> bool {
    function.is_async
        && function.decorator_list.is_empty()
        && !any_expression(&function.body, |part| {
            matches!(part, Expr::Yield(_) | Expr::YieldFrom(_))
        })
}

/// The function of this module that a call surely calls.
fn find_called<'a>(checker: &Checker<'a, '_>, call: &ExprCall) -> Option<&'a StmtFunctionDef> {
    if let Some(name) = name_of(&call.func) {
        let scopes = &checker.module.scopes;
        let variable = scopes.find_variable(checker.scope, name)?;
        return match variable.only()?.kind {
            BindingKind::Function(function) if !variable.is_shared => Some(function),
            _ => None,
        };
    }
    let (receiver, method) = method_of(call)?;
    if !is_name(receiver, "self") {
        return None;
    }
    let class = checker.classes.last()?;
    let mut named = methods(class).filter(|member| member.name.as_str() == method);
    let only = named.next()?;
    named.next().is_none().then_some(only)
}

pub(super) fn check<'a>(checker: &mut Checker<'a, '_>, expression: &'a Expr) {
    let Some(call) = expression.as_call_expr() else {
        return;
    };
    check_arguments(checker, call);
    let is_async = checker
        .functions
        .last()
        .is_some_and(|function| function.is_async);
    if is_async && let Some(name) = dotted(&call.func) {
        let blocking = BLOCKING.iter().find(|(blocking, _)| *blocking == name);
        if let Some((_, instead)) = blocking {
            let message = format!(
                "`{name}` blocks inside of the async function `{}`.",
                checker
                    .functions
                    .last()
                    .map_or("", |function| function.name.as_str())
            );
            checker.add(
                &rules::BLOCKING_IN_ASYNC,
                call,
                message,
                format!("Use {instead} instead."),
            );
        }
    }
}

/// What a call of `f` may look like.
struct Signature<'a> {
    name: &'a str,
    parameters: &'a Parameters,
    /// Leading parameters that the call does not write.
    given: usize,
}

fn find_signature<'a>(checker: &Checker<'a, '_>, call: &ExprCall) -> Option<Signature<'a>> {
    let name = name_of(&call.func)?;
    let variable = checker.module.scopes.find_variable(checker.scope, name)?;
    if variable.is_shared {
        return None;
    }
    match variable.only()?.kind {
        BindingKind::Function(function) if function.decorator_list.is_empty() => Some(Signature {
            name: function.name.as_str(),
            parameters: &function.parameters,
            given: 0,
        }),
        BindingKind::Class(class) => {
            let is_plain = class.decorator_list.is_empty()
                && class.keywords().is_empty()
                && class.bases().iter().all(|base| is_name(base, "object"));
            let is_special = methods(class).any(|method| method.name.as_str() == "__new__");
            let mut inits = methods(class).filter(|method| method.name.as_str() == "__init__");
            let init = inits.next()?;
            let is_sure =
                is_plain && !is_special && inits.next().is_none() && init.decorator_list.is_empty();
            is_sure.then(|| Signature {
                name: class.name.as_str(),
                parameters: &init.parameters,
                given: 1,
            })
        }
        _ => None,
    }
}

/// Arguments that do not fit the function of this module that is called.
fn check_arguments<'a>(checker: &mut Checker<'a, '_>, call: &'a ExprCall) {
    let arguments = &call.arguments;
    let is_open = arguments.args.iter().any(Expr::is_starred_expr)
        || arguments
            .keywords
            .iter()
            .any(|keyword| keyword.arg.is_none());
    // Calls under `try`, `with` or an assertion may be meant to fail.
    if is_open || checker.guards > 0 || checker.asserts > 0 {
        return;
    }
    let Some(signature) = find_signature(checker, call) else {
        return;
    };
    if let Some((problem, fix)) = misfit(&signature, call) {
        let message = format!("`{}` {problem}.", signature.name);
        checker.add(&rules::WRONG_ARGUMENTS, call, message, fix);
    }
}

fn misfit(signature: &Signature<'_>, call: &ExprCall) -> Option<(String, String)> {
    let parameters = signature.parameters;
    let by_position: Vec<_> = parameters
        .posonlyargs
        .iter()
        .chain(&parameters.args)
        .collect();
    let by_position = by_position.get(signature.given..)?;
    let given = call.arguments.args.len();
    if given > by_position.len() && parameters.vararg.is_none() {
        return Some((
            format!(
                "takes {} by position, but {given} are given",
                arguments(by_position.len())
            ),
            "Remove the arguments that are too many, or add parameters for them.".to_owned(),
        ));
    }
    let keywords: Vec<&str> = call
        .arguments
        .keywords
        .iter()
        .filter_map(|keyword| keyword.arg.as_deref())
        .collect();
    let is_positional_only = |name: &str| {
        parameters
            .posonlyargs
            .iter()
            .any(|parameter| parameter.name().as_str() == name)
    };
    for keyword in &keywords {
        let is_known = parameters
            .iter_non_variadic_params()
            .any(|parameter| parameter.name().as_str() == *keyword);
        if !is_known && parameters.kwarg.is_none() {
            return Some((
                format!("has no parameter `{keyword}`"),
                "Correct the name of the argument, or add a parameter for it.".to_owned(),
            ));
        }
    }
    let missing = by_position
        .iter()
        .skip(given)
        .copied()
        .chain(&parameters.kwonlyargs)
        .filter(|parameter| parameter.default.is_none())
        .map(|parameter| parameter.name().as_str())
        .find(|name| !keywords.contains(name) || is_positional_only(name))?;
    Some((
        format!("is called without a value for `{missing}`"),
        format!("Give a value for `{missing}`, or a default to the parameter."),
    ))
}

fn arguments(count: usize) -> String {
    match count {
        0 => "no argument".to_owned(),
        1 => "1 argument".to_owned(),
        _ => format!("{count} arguments"),
    }
}
