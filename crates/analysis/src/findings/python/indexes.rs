//! Rules about indexes and ranges.

use ruff_python_ast::visitor::{Visitor, walk_expr};
use ruff_python_ast::{
    CmpOp, Expr, ExprCall, ExprContext, ExprSubscript, Operator, Stmt, StmtFor, StmtWhile,
};

use super::check::Checker;
use super::kinds::Kind;
use super::queries::{
    any_condition, any_expression, any_of, any_part, any_statement, call_of, int_of, is_name,
    len_of, mentions, method_of, name_of, names_given,
};
use super::rules;
use super::scopes::BindingKind;

pub(super) fn check<'a>(checker: &mut Checker<'a, '_>, expression: &'a Expr) {
    match expression {
        Expr::Subscript(subscript) => {
            check_past_the_end(checker, subscript);
            check_float(checker, subscript);
        }
        Expr::Call(call) if is_name(&call.func, "range") && checker.is_builtin("range") => {
            check_range(checker, call);
        }
        _ => {}
    }
}

pub(super) fn check_statement<'a>(checker: &mut Checker<'a, '_>, statement: &'a Stmt) {
    match statement {
        Stmt::For(each) => check_for(checker, each),
        Stmt::While(repeat) => check_while(checker, repeat),
        _ => {}
    }
}

/// `values[len(values)]`.
fn check_past_the_end<'a>(checker: &mut Checker<'a, '_>, subscript: &'a ExprSubscript) {
    let is_read = subscript.ctx == ExprContext::Load;
    let Some(measured) = len_of(&subscript.slice).filter(|_| is_read && checker.guards == 0) else {
        return;
    };
    let is_same = checker.module.text(measured) == checker.module.text(&*subscript.value);
    let is_simple = measured.is_name_expr() || measured.is_attribute_expr();
    if is_same && is_simple && checker.kind(measured) != Some(Kind::Dict) {
        let name = checker.module.quote(measured);
        let quoted = checker.module.quote(subscript);
        let message = format!("`{quoted}` is one past the last element of `{name}`.");
        checker.add(
            &rules::PAST_THE_END,
            subscript,
            message,
            format!("Write `{name}[-1]` for the last element."),
        );
    }
}

/// `values[len(values) / 2]`, and an index that `/` was used to work out.
fn check_float<'a>(checker: &mut Checker<'a, '_>, subscript: &'a ExprSubscript) {
    let index = &*subscript.slice;
    let is_sequence = checker
        .kind(&subscript.value)
        .is_some_and(|kind| matches!(kind, Kind::List | Kind::Text | Kind::Tuple));
    let receiver = name_of(&subscript.value);
    let is_measured = || {
        let body = checker.body();
        receiver.is_some_and(|name| {
            any_expression(body, |part| {
                len_of(part).is_some_and(|measured| is_name(measured, name))
            })
        })
    };
    if !divides(checker, index)
        || !(is_sequence || is_measured())
        || checker.kind(&subscript.value) == Some(Kind::Dict)
    {
        return;
    }
    let quoted = checker.module.quote(subscript);
    let shown = checker.module.quote(index);
    let message = format!("`{quoted}` takes the float `{shown}` as an index.");
    checker.add(
        &rules::FLOAT_INDEX,
        subscript,
        message,
        "Divide with `//`, which gives an integer.",
    );
}

/// Whether the value is surely a float because `/` was used.
fn divides(checker: &Checker<'_, '_>, expression: &Expr) -> bool {
    if let Some(name) = name_of(expression) {
        let Some(variable) = checker.module.scopes.find_variable(checker.scope, name) else {
            return false;
        };
        return !variable.is_shared
            && variable.bindings.iter().all(|binding| match binding.kind {
                BindingKind::Assigned(value) => divides_directly(value),
                _ => false,
            });
    }
    divides_directly(expression)
}

fn divides_directly(expression: &Expr) -> bool {
    let Some(operation) = expression.as_bin_op_expr() else {
        return false;
    };
    match operation.op {
        Operator::Div => int_of(&operation.right).is_some() || len_of(&operation.left).is_some(),
        Operator::Add | Operator::Sub => {
            divides_directly(&operation.left) || divides_directly(&operation.right)
        }
        _ => false,
    }
}

fn check_range<'a>(checker: &mut Checker<'a, '_>, call: &'a ExprCall) {
    let arguments = &call.arguments.args;
    if !call.arguments.keywords.is_empty()
        || checker.guards > 0
        || checker.asserts > 0
        || checker.is_in_test()
    {
        return;
    }
    if check_range_kinds(checker, call) {
        return;
    }
    let (start, stop, step) = match arguments.as_ref() {
        [start, stop] => (start, stop, 1),
        [start, stop, step] => match int_of(step) {
            Some(step) => (start, stop, step),
            None => return,
        },
        _ => return,
    };
    let quoted = checker.module.quote(call);
    if step == 0 {
        checker.add(
            &rules::ZERO_STEP,
            call,
            format!("`{quoted}` has a step of 0."),
            "Give a step of at least 1, or of at most -1 to count down.",
        );
        return;
    }
    let is_upwards = step > 0;
    let is_empty = match (int_of(start), int_of(stop)) {
        (Some(start), Some(stop)) => {
            if is_upwards {
                start > stop
            } else {
                start < stop
            }
        }
        (None, Some(stop)) => is_upwards && stop <= 0 && counts_from_length(start),
        (Some(start), None) => !is_upwards && start <= 0 && len_of(stop).is_some(),
        (None, None) => false,
    };
    if is_empty {
        let message = format!(
            "`{quoted}` is empty: with a step of {step} it cannot get from `{}` to `{}`.",
            checker.module.quote(start),
            checker.module.quote(stop)
        );
        let fix = if is_upwards {
            "Give the step -1 to count down, or swap the limits.".to_owned()
        } else {
            "Swap the limits, or remove the step.".to_owned()
        };
        checker.add(&rules::EMPTY_RANGE, call, message, fix);
    }
}

/// Arguments of `range` that are floats or text; whether there is one.
fn check_range_kinds<'a>(checker: &mut Checker<'a, '_>, call: &'a ExprCall) -> bool {
    let Some(argument) =
        call.arguments.args.iter().find(|argument| {
            divides(checker, argument) || checker.kind(argument) == Some(Kind::Text)
        })
    else {
        return false;
    };
    let shown = checker.module.quote(argument);
    let quoted = checker.module.quote(call);
    let (what, fix) = if checker.kind(argument) == Some(Kind::Text) {
        (
            "the text",
            format!("Turn it into a number first: `int({shown})`."),
        )
    } else {
        (
            "the float",
            "Divide with `//`, which gives an integer.".to_owned(),
        )
    };
    let message = format!("`{quoted}` takes {what} `{shown}`, but `range` takes integers only.");
    checker.add(&rules::FLOAT_INDEX, argument, message, fix);
    true
}

/// `len(values)`, or that less a number.
fn counts_from_length(start: &Expr) -> bool {
    if len_of(start).is_some() {
        return true;
    }
    start.as_bin_op_expr().is_some_and(|operation| {
        operation.op == Operator::Sub
            && len_of(&operation.left).is_some()
            && int_of(&operation.right).is_some()
    })
}

/// What a loop says of its index: it runs to the length of `collection` and `beyond` more.
fn reach(iter: &Expr) -> Option<(&Expr, i64)> {
    let call = call_of(iter, "range")?;
    let stop = match call.arguments.args.as_ref() {
        [stop] => stop,
        [start, stop] if int_of(start).is_some_and(|start| start >= 0) => stop,
        _ => return None,
    };
    if let Some(collection) = len_of(stop) {
        return Some((collection, 0));
    }
    let operation = stop.as_bin_op_expr()?;
    let by = int_of(&operation.right)?;
    let beyond = match operation.op {
        Operator::Add => by,
        Operator::Sub => by.checked_neg()?,
        _ => return None,
    };
    Some((len_of(&operation.left)?, beyond))
}

fn check_for<'a>(checker: &mut Checker<'a, '_>, each: &'a StmtFor) {
    check_iterated(checker, &each.iter);
    let Some((collection, beyond)) = reach(&each.iter) else {
        return;
    };
    let (Some(index), Some(name)) = (name_of(&each.target), name_of(collection)) else {
        return;
    };
    if !(-8..=8).contains(&beyond)
        || checker.guards > 0
        || checker.kind(collection) == Some(Kind::Dict)
    {
        return;
    }
    let Some((place, ahead)) = overrun(&each.body, name, index, beyond) else {
        return;
    };
    if is_tested(&each.body, (name, index), place) {
        return;
    }
    let quoted = checker.module.quote(place);
    let range = checker.module.quote(&*each.iter);
    let message = format!(
        "`{quoted}` goes past the end of `{name}`: with `{range}`, `{index}` can be too large by {ahead}."
    );
    let fix = if beyond > 0 {
        format!("Write `range(len({name}))`, which ends at the last index.")
    } else {
        format!(
            "Let the loop end earlier, with `range(len({name}) - {})`.",
            ahead - beyond
        )
    };
    checker.add(&rules::OFF_BY_ONE, place, message, fix);
}

/// A read of `name[index + n]` that reaches past the end, and by how much.
fn overrun<'a>(body: &'a [Stmt], name: &str, index: &str, beyond: i64) -> Option<(&'a Expr, i64)> {
    let mut found = None;
    any_expression(body, |part| {
        let Some(subscript) = part.as_subscript_expr() else {
            return false;
        };
        if !is_name(&subscript.value, name) || subscript.ctx != ExprContext::Load {
            return false;
        }
        let offset = offset_from(&subscript.slice, index);
        if let Some(ahead) = offset
            .and_then(|offset| offset.checked_add(beyond))
            .filter(|ahead| *ahead > 0)
        {
            found = Some((part, ahead));
        }
        found.is_some()
    });
    found
}

/// `n` of `index + n`.
fn offset_from(expression: &Expr, index: &str) -> Option<i64> {
    if is_name(expression, index) {
        return Some(0);
    }
    let operation = expression.as_bin_op_expr()?;
    let by = int_of(&operation.right)?;
    match operation.op {
        _ if !is_name(&operation.left, index) => None,
        Operator::Add => Some(by),
        Operator::Sub => by.checked_neg(),
        _ => None,
    }
}

/// Whether anything in the loop may keep the index in bounds or the collection large enough for the read at `place`.
fn is_tested(body: &[Stmt], (name, index): (&str, &str), place: &Expr) -> bool {
    let mut asked = vec![index];
    // `is_last = i == len(values) - 1`
    asked.extend(names_given(body, |value| {
        mentions_outside_subscripts(value, &[index])
    }));
    let late = late_jumps(body, place);
    let is_late = |statement: &Stmt| late.iter().any(|jump| std::ptr::eq(*jump, statement));
    let is_set = |target: &Expr| is_name(target, name) || is_name(target, index);
    any_condition(body, |test| keeps_in(test, &asked))
        || any_of(
            body,
            |statement| match statement {
                Stmt::Break(_) | Stmt::Try(_) => true,
                Stmt::Return(_) | Stmt::Raise(_) => !is_late(statement),
                Stmt::AugAssign(assign) => is_set(&assign.target),
                Stmt::Assign(assign) => assign.targets.iter().any(is_set),
                _ => false,
            },
            |part| {
                part.as_call_expr()
                    .and_then(method_of)
                    .is_some_and(|(receiver, method)| {
                        is_name(receiver, name) && super::functions::CHANGING.contains(&method)
                    })
            },
        )
}

/// Jumps out of the loop that come only after the read at `place`, because their own condition is what reads.
fn late_jumps<'a>(body: &'a [Stmt], place: &Expr) -> Vec<&'a Stmt> {
    // Behind `and` and `or` the read may not happen.
    let reads =
        |test: &Expr| !test.is_bool_op_expr() && any_part(test, |part| std::ptr::eq(part, place));
    let mut late = Vec::new();
    any_statement(body, |statement| {
        if let Stmt::If(branch) = statement {
            if reads(&branch.test) {
                late.extend(&branch.body);
            }
            for clause in &branch.elif_else_clauses {
                if clause.test.as_ref().is_some_and(reads) {
                    late.extend(&clause.body);
                }
            }
        }
        false
    });
    late
}

/// Whether a condition asks for one of the names itself, not for an element at it.
fn keeps_in(test: &Expr, names: &[&str]) -> bool {
    mentions_outside_subscripts(test, names)
        || test
            .as_unary_op_expr()
            .is_some_and(|unary| names.iter().any(|name| mentions(&unary.operand, name)))
}

/// Whether a name is used in another way than in `values[name + 1]`.
fn mentions_outside_subscripts(expression: &Expr, names: &[&str]) -> bool {
    struct Outside<'n> {
        names: &'n [&'n str],
        is_found: bool,
    }
    impl<'a> Visitor<'a> for Outside<'_> {
        fn visit_expr(&mut self, expression: &'a Expr) {
            match expression {
                Expr::Name(name) => self.is_found |= self.names.contains(&name.id.as_str()),
                Expr::Subscript(subscript) if !subscript.slice.is_slice_expr() => {
                    self.visit_expr(&subscript.value);
                }
                _ => walk_expr(self, expression),
            }
        }
    }
    let mut outside = Outside {
        names,
        is_found: false,
    };
    outside.visit_expr(expression);
    outside.is_found
}

/// `while i <= len(values)` with `values[i]` inside.
fn check_while<'a>(checker: &mut Checker<'a, '_>, repeat: &'a StmtWhile) {
    let Some(compare) = repeat.test.as_compare_expr() else {
        return;
    };
    let ([CmpOp::LtE], [limit]) = (compare.ops.as_ref(), compare.comparators.as_ref()) else {
        return;
    };
    let (Some(index), Some(name)) = (name_of(&compare.left), len_of(limit).and_then(name_of))
    else {
        return;
    };
    if checker.guards > 0 {
        return;
    }
    // What stands before the index moves on reads at the index of the condition.
    let moves = |statement: &&'a Stmt| match statement {
        Stmt::AugAssign(assign) => is_name(&assign.target, index),
        Stmt::Assign(assign) => assign.targets.iter().any(|target| is_name(target, index)),
        _ => false,
    };
    let before = repeat
        .body
        .iter()
        .position(|statement| moves(&statement))
        .unwrap_or(repeat.body.len());
    let before = repeat.body.get(..before).unwrap_or_default();
    let Some((place, _)) = overrun(before, name, index, 1)
        .filter(|(place, _)| !is_tested(before, (name, index), place))
    else {
        return;
    };
    let quoted = checker.module.quote(place);
    let message =
        format!("`{quoted}` goes past the end of `{name}` when `{index}` equals `len({name})`.");
    checker.add(
        &rules::OFF_BY_ONE,
        &*repeat.test,
        message,
        format!("Write `{index} < len({name})`."),
    );
}

/// `for i in len(values)` and `for i in 10`.
pub(super) fn check_iterated<'a>(checker: &mut Checker<'a, '_>, iter: &'a Expr) {
    let is_number = checker.kind(iter).is_some_and(Kind::is_number);
    if !is_number || checker.guards > 0 {
        return;
    }
    let quoted = checker.module.quote(iter);
    let message = format!("`{quoted}` is a number and cannot be looped over.");
    checker.add(
        &rules::ITERATE_NUMBER,
        iter,
        message,
        format!("Write `range({quoted})` to count."),
    );
}
