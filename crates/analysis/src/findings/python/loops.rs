//! Rules about loops: ones that never end, ones that change what they run over, and slow ones.

use ruff_python_ast::{
    CmpOp, Expr, ExprCompare, Operator, Stmt, StmtAugAssign, StmtFor, StmtWhile,
};
use ruff_text_size::Ranged;

use super::check::Checker;
use super::indexes::check_iterated;
use super::kinds::Kind;
use super::queries::{
    any_expression, any_of, any_part, dotted, has_way_out, is_always_true, is_name, len_of,
    mentions, method_of, name_of,
};
use super::rules;
use super::scopes::{BindingKind, ScopeKind};

/// Functions that only look or print: a loop cannot be left through them. `input` raises at the end of what is typed.
const HARMLESS: &[&str] = &[
    "abs",
    "bool",
    "dict",
    "enumerate",
    "float",
    "format",
    "int",
    "len",
    "list",
    "max",
    "min",
    "ord",
    "print",
    "range",
    "repr",
    "round",
    "set",
    "sorted",
    "str",
    "sum",
    "tuple",
    "zip",
];

/// Methods that change what is looped over.
const RESIZING: &[&str] = &[
    "add", "clear", "discard", "insert", "pop", "popitem", "popleft", "remove",
];

pub(super) fn check<'a>(checker: &mut Checker<'a, '_>, statement: &'a Stmt) {
    match statement {
        Stmt::While(repeat) => check_endless(checker, repeat),
        Stmt::For(each) => check_modified(checker, each),
        Stmt::AugAssign(assign) => check_string(checker, assign),
        _ => {}
    }
}

pub(super) fn check_expression<'a>(checker: &mut Checker<'a, '_>, expression: &'a Expr) {
    match expression {
        Expr::Compare(compare) => check_membership(checker, compare),
        Expr::Call(call) => {
            let Some((receiver, method)) = method_of(call) else {
                return;
            };
            let is_front = matches!(method, "pop" | "insert")
                && call.arguments.args.first().and_then(super::queries::int_of) == Some(0)
                && call.arguments.args.len() == if method == "pop" { 1 } else { 2 };
            if is_front && !checker.loops.is_empty() && checker.kind(receiver) == Some(Kind::List) {
                let name = checker.module.quote(receiver);
                let arguments = if method == "pop" { "0" } else { "0, …" };
                let message = format!(
                    "`{name}.{method}({arguments})` in a loop moves all of `{name}` each time."
                );
                let fix = format!(
                    "Make `{name}` a `collections.deque`, with `popleft` and `appendleft`."
                );
                checker.add(&rules::SLOW_LIST_FRONT, call, message, fix);
            }
        }
        Expr::ListComp(comp) => {
            for part in &comp.generators {
                check_iterated(checker, &part.iter);
            }
        }
        _ => {}
    }
}

fn check_endless<'a>(checker: &mut Checker<'a, '_>, repeat: &'a StmtWhile) {
    if has_way_out(&repeat.body) || checker.guards > 0 {
        return;
    }
    if is_always_true(&repeat.test) {
        if only_harmless_calls(&repeat.body) {
            let quoted = checker.module.quote(&*repeat.test);
            let message = format!(
                "The loop `while {quoted}` has no `break`, `return` or `raise`, so it never ends."
            );
            checker.add(
                &rules::INFINITE_LOOP,
                repeat,
                message,
                "Add a `break` for when the work is done, or a condition that changes.",
            );
        }
        return;
    }
    let Some(names) = plain_names(&repeat.test) else {
        return;
    };
    if names.is_empty()
        || !names
            .iter()
            .all(|name| is_constant_in(checker, name, repeat))
    {
        return;
    }
    let is_comparison = repeat.test.is_compare_expr();
    if !is_comparison && !only_harmless_calls(&repeat.body) {
        return;
    }
    let quoted = checker.module.quote(&*repeat.test);
    let list = names
        .iter()
        .map(|name| format!("`{name}`"))
        .collect::<Vec<_>>()
        .join(" and ");
    let verb = if names.len() == 1 {
        "changes"
    } else {
        "change"
    };
    let message =
        format!("The loop `while {quoted}` never ends once it begins: {list} never {verb} in it.");
    let fix = format!(
        "Change `{}` in the loop, or add a `break`.",
        names.first().copied().unwrap_or_default()
    );
    checker.add(&rules::INFINITE_LOOP, repeat, message, fix);
}

/// The names in a condition of plain names, literals and `len`; `None` when there is more in it.
fn plain_names(test: &Expr) -> Option<Vec<&str>> {
    let mut names: Vec<&str> = Vec::new();
    let mut lens = 0_usize;
    let has_more = any_part(test, |part| match part {
        Expr::Name(name) => {
            let name = name.id.as_str();
            if name == "len" {
                lens += 1;
            } else if !names.contains(&name) {
                names.push(name);
            }
            false
        }
        Expr::Call(_) => len_of(part).is_none(),
        Expr::Compare(compare) => compare
            .ops
            .iter()
            .any(|op| matches!(op, CmpOp::Is | CmpOp::IsNot | CmpOp::In | CmpOp::NotIn)),
        Expr::BoolOp(_)
        | Expr::UnaryOp(_)
        | Expr::BinOp(_)
        | Expr::NumberLiteral(_)
        | Expr::StringLiteral(_)
        | Expr::NoneLiteral(_)
        | Expr::BooleanLiteral(_) => false,
        _ => true,
    });
    (!has_more).then_some(names)
}

/// Whether nothing in the loop can give the local variable another value.
fn is_constant_in(checker: &mut Checker<'_, '_>, name: &str, repeat: &StmtWhile) -> bool {
    let Some((home, variable)) = checker.module.scopes.find(checker.scope, name) else {
        return false;
    };
    let is_local =
        home == checker.scope && !variable.is_shared && (home != 0 || checker.functions.is_empty());
    let range = repeat.range();
    let is_bound_inside = variable
        .bindings
        .iter()
        .any(|binding| range.contains_range(binding.at));
    let is_seen_elsewhere = checker.module.scopes.uses(variable).any(|reference| {
        reference.scope != checker.scope
            && checker
                .module
                .scopes
                .list
                .get(reference.scope)
                .is_some_and(|scope| scope.kind != ScopeKind::Comprehension)
    });
    let is_import = variable.bindings.iter().any(|binding| {
        matches!(
            binding.kind,
            BindingKind::Import { .. } | BindingKind::Function(_) | BindingKind::Class(_)
        )
    });
    if !is_local || is_bound_inside || is_seen_elsewhere || is_import {
        return false;
    }
    // An object may be changed by its methods, by its elements, or by whom it is handed to.
    !any_of(
        &repeat.body,
        |statement| match statement {
            Stmt::Delete(_) | Stmt::Global(_) => true,
            Stmt::Assign(assign) => {
                assign
                    .targets
                    .iter()
                    .any(|target| !target.is_name_expr() && mentions(target, name))
                    || is_name(&assign.value, name)
            }
            Stmt::AugAssign(assign) => {
                !assign.target.is_name_expr() && mentions(&assign.target, name)
            }
            _ => false,
        },
        |part| match part {
            Expr::Attribute(attribute) => is_name(&attribute.value, name),
            Expr::Call(call) => {
                let is_harmless =
                    name_of(&call.func).is_some_and(|called| HARMLESS.contains(&called));
                !is_harmless
                    && (call
                        .arguments
                        .args
                        .iter()
                        .any(|argument| mentions(argument, name))
                        || call
                            .arguments
                            .keywords
                            .iter()
                            .any(|keyword| mentions(&keyword.value, name)))
            }
            _ => false,
        },
    )
}

fn only_harmless_calls(body: &[Stmt]) -> bool {
    !any_of(
        body,
        |statement| {
            matches!(
                statement,
                Stmt::Try(_) | Stmt::With(_) | Stmt::Import(_) | Stmt::ImportFrom(_)
            )
        },
        |part| match part {
            Expr::Call(call) => match method_of(call) {
                Some((_, method)) => !matches!(
                    method,
                    "append" | "add" | "format" | "strip" | "lower" | "upper" | "sleep"
                ),
                None => !name_of(&call.func).is_some_and(|name| HARMLESS.contains(&name)),
            },
            _ => false,
        },
    )
}

/// A collection that its own loop changes.
fn check_modified<'a>(checker: &mut Checker<'a, '_>, each: &'a StmtFor) {
    let Some((collection, counts)) = looped_over(&each.iter) else {
        return;
    };
    if checker.guards > 0
        || any_of(
            &each.body,
            |statement| rebinds(checker, statement, collection),
            |_| false,
        )
    {
        return;
    }
    let index = name_of(&each.target).filter(|_| counts);
    if counts && index.is_none() {
        return;
    }
    let target = checker.module.text(collection);
    if let Some((place, verb)) = find_change(checker, &each.body, target, index) {
        let quoted = checker.module.quote(place);
        let message = format!("`{quoted}` {verb} `{target}` while the loop runs over it.");
        let fix = if counts {
            format!(
                "Build a new list of what is to stay, such as `{target} = [x for x in {target} if …]`."
            )
        } else {
            format!("Loop over a copy, `list({target})`, or build a new collection.")
        };
        checker.add(&rules::MODIFIED_WHILE_ITERATED, place, message, fix);
    }
}

fn rebinds(checker: &Checker<'_, '_>, statement: &Stmt, collection: &Expr) -> bool {
    let text = checker.module.text(collection);
    match statement {
        Stmt::Assign(assign) => assign
            .targets
            .iter()
            .any(|target| checker.module.text(target) == text),
        _ => false,
    }
}

/// What a loop runs over, and whether it does so by counting.
fn looped_over(iter: &Expr) -> Option<(&Expr, bool)> {
    if let Some(call) = iter.as_call_expr() {
        if let Some((receiver, "keys" | "values" | "items")) = method_of(call) {
            return is_place(receiver).then_some((receiver, false));
        }
        let argument = super::queries::only_argument(call)?;
        return match name_of(&call.func)? {
            "enumerate" if is_place(argument) => Some((argument, false)),
            "range" => {
                let collection = len_of(argument)?;
                is_place(collection).then_some((collection, true))
            }
            _ => None,
        };
    }
    is_place(iter).then_some((iter, false))
}

fn is_place(expression: &Expr) -> bool {
    // What a class does with itself, it knows.
    dotted(expression).is_some_and(|name| name != "self")
}

/// A change of `target` in a block after which the loop goes on.
fn find_change<'a>(
    checker: &Checker<'a, '_>,
    block: &'a [Stmt],
    target: &str,
    index: Option<&str>,
) -> Option<(&'a Stmt, &'static str)> {
    let leaves = block
        .iter()
        .any(|statement| matches!(statement, Stmt::Break(_) | Stmt::Return(_) | Stmt::Raise(_)));
    if leaves {
        return None;
    }
    for statement in block {
        let found = match statement {
            Stmt::Expr(line) => changes(checker, &line.value, target, index),
            Stmt::Delete(delete) => delete
                .targets
                .iter()
                .filter_map(Expr::as_subscript_expr)
                .any(|subscript| {
                    checker.module.text(&*subscript.value) == target
                        && index.is_none_or(|index| mentions(&subscript.slice, index))
                })
                .then_some("removes from"),
            _ => None,
        };
        if let Some(verb) = found {
            return Some((statement, verb));
        }
        // In a loop of its own, or under `try`, the change may be followed by leaving.
        if matches!(statement, Stmt::If(_) | Stmt::With(_)) {
            for inner in super::flow::blocks_of(statement) {
                if let Some(found) = find_change(checker, inner, target, index) {
                    return Some(found);
                }
            }
        }
    }
    None
}

fn changes(
    checker: &Checker<'_, '_>,
    value: &Expr,
    target: &str,
    index: Option<&str>,
) -> Option<&'static str> {
    let call = value.as_call_expr()?;
    let (receiver, method) = method_of(call)?;
    if checker.module.text(receiver) != target || !RESIZING.contains(&method) {
        return None;
    }
    let adds = matches!(method, "add" | "insert");
    // Without the index, taking as many as there are is how a collection is emptied.
    let takes_at = |index: &str| {
        call.arguments
            .args
            .iter()
            .any(|argument| mentions(argument, index))
    };
    if index.is_some_and(|index| adds || !takes_at(index)) {
        return None;
    }
    Some(if adds { "adds to" } else { "removes from" })
}

/// `x in items` in a loop that makes `items` longer.
fn check_membership<'a>(checker: &mut Checker<'a, '_>, compare: &'a ExprCompare) {
    let ([CmpOp::In | CmpOp::NotIn], [list]) = (compare.ops.as_ref(), compare.comparators.as_ref())
    else {
        return;
    };
    let (Some(name), Some(around)) = (name_of(list), checker.loops.first().copied()) else {
        return;
    };
    if checker.kind(list) != Some(Kind::List) || !checker.may_search() {
        return;
    }
    let grows = any_expression(std::slice::from_ref(around), |part| {
        part.as_call_expr()
            .and_then(method_of)
            .is_some_and(|(receiver, method)| {
                is_name(receiver, name) && matches!(method, "append" | "extend" | "insert")
            })
    });
    if grows {
        let quoted = checker.module.quote(compare);
        let message =
            format!("`{quoted}` looks through the list `{name}`, which grows in the same loop.");
        let fix = format!(
            "Keep a set beside `{name}` and look into that, if the elements can be hashed."
        );
        checker.add(&rules::QUADRATIC_MEMBERSHIP, compare, message, fix);
    }
}

/// `text += part` in a loop.
fn check_string<'a>(checker: &mut Checker<'a, '_>, assign: &'a StmtAugAssign) {
    let Some(name) =
        name_of(&assign.target).filter(|_| assign.op == Operator::Add && !checker.loops.is_empty())
    else {
        return;
    };
    let Some((home, variable)) = checker.module.scopes.find(checker.scope, name) else {
        return;
    };
    let is_text = checker.kind(&assign.target) == Some(Kind::Text);
    let outside = checker.loops.last().is_some_and(|around| {
        !variable.bindings.iter().any(|binding| {
            matches!(binding.kind, BindingKind::Assigned(_))
                && around.range().contains_range(binding.at)
        })
    });
    if is_text && outside && home == checker.scope {
        let message = format!("`{name}` grows by `+=` in a loop.");
        let fix = format!(
            "Collect the parts in a list, and write `{name} = ''.join(parts)` after the loop."
        );
        checker.add(&rules::STRING_IN_LOOP, assign, message, fix);
    }
}
