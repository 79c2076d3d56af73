//! Locks, waiting and shared state.

use domain::analysis::Severity;

use super::{At, Report, Source, called, method};
use crate::findings::Rule;

const DROPPED_LOCK: Rule = Rule {
    name: "dropped-lock",
    severity: Severity::Error,
    why: "`let _` keeps nothing: the lock is given back at once, and what follows runs without it.",
};

const LOCK_ACROSS_AWAIT: Rule = Rule {
    name: "lock-across-await",
    severity: Severity::Warning,
    why: "While the task waits it keeps the lock, so other tasks on the same thread block for good, and the future cannot be sent \
          to another thread.",
};

const BLOCKING_SLEEP: Rule = Rule {
    name: "blocking-sleep",
    severity: Severity::Warning,
    why: "It stops the whole thread, with every other task that runs on it.",
};

const STATIC_MUT: Rule = Rule {
    name: "static-mut",
    severity: Severity::Warning,
    why: "Two threads, or two references, may reach it at one time, which is undefined behaviour.",
};

pub(super) fn find(source: &Source<'_>, at: At<'_>, report: &mut Report) {
    match at.kind() {
        "let_declaration" => lock(source, at, report),
        "call_expression" => sleep(source, at, report),
        "static_item" if at.child_of("mutable_specifier").is_some() => {
            let name = at.child("name").map_or("", At::text);
            report.add(
                source,
                &STATIC_MUT,
                at.node(),
                format!("`{name}` can be changed from everywhere."),
                "Use an atomic, a Mutex or a OnceLock.",
            );
        }
        _ => {}
    }
}

/// The lock that is taken: `m` of `m.lock().unwrap()`.
fn locked(value: At<'_>) -> Option<At<'_>> {
    let mut at = value;
    for _ in 0..3 {
        match method(at)? {
            (object, "lock") => return Some(object),
            (object, "unwrap" | "expect") => at = object,
            _ => return None,
        }
    }
    None
}

fn lock(source: &Source<'_>, at: At<'_>, report: &mut Report) {
    let (Some(pattern), Some(value)) = (at.child("pattern"), at.child("value")) else {
        return;
    };
    let Some(object) = locked(value) else { return };
    if pattern.text() == "_" {
        report.add(
            source,
            &DROPPED_LOCK,
            at.node(),
            format!("The lock of `{}` is given back at once.", object.short()),
            "Give it a name, such as `let _guard`.",
        );
        return;
    }
    // Only the lock of the standard library has to be unwrapped.
    let is_standard =
        value.text() != object.text() && method(value).is_some_and(|(_, name)| name != "lock");
    let Some(block) = at.parent().filter(|block| is_standard && block.is("block")) else {
        return;
    };
    let name = pattern
        .with_inside()
        .find(|inner| inner.is("identifier"))
        .map_or("", At::text);
    for after in block.children().filter(|child| at.is_before(*child)) {
        let gives_back = after
            .with_inside()
            .any(|inner| called(inner).is_some_and(|path| path.ends_with("drop")));
        if gives_back {
            return;
        }
        if let Some(wait) = after
            .inside_function(super::FUNCTIONS)
            .find(|inner| inner.is("await_expression"))
        {
            report.add(
                source,
                &LOCK_ACROSS_AWAIT,
                wait.node(),
                format!(
                    "`{}` waits while `{name}` keeps the lock of `{}`.",
                    wait.short(),
                    object.short()
                ),
                "Give the lock back before, or use the lock of the asynchronous library.",
            );
            return;
        }
    }
}

fn sleep(source: &Source<'_>, at: At<'_>, report: &mut Report) {
    if !matches!(called(at), Some("thread::sleep" | "std::thread::sleep")) {
        return;
    }
    let is_async = match at.function(super::FUNCTIONS) {
        Some(around) if around.is("async_block") => true,
        Some(around) if around.is("function_item") => around
            .child_of("function_modifiers")
            .is_some_and(|modifiers| modifiers.text().contains("async")),
        _ => false,
    };
    if is_async {
        report.add(
            source,
            &BLOCKING_SLEEP,
            at.node(),
            "An asynchronous function sleeps with `thread::sleep`.".to_owned(),
            "Await the sleep of the asynchronous library instead.",
        );
    }
}
