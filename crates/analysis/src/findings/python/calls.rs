//! Rules about calls of functions of the same module: arguments that do not fit, coroutines that nothing awaits.

use ruff_python_ast::{Expr, ExprCall, Parameters, StmtFunctionDef};

use super::check::Checker;
use super::functions::methods;
use super::queries::{any_expression, dotted, is_name, method_of, name_of};
use super::rules;
use super::scopes::BindingKind;

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

/// A coroutine that is made and dropped.
pub(super) fn check_awaited<'a>(checker: &mut Checker<'a, '_>, value: &'a Expr) {
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
