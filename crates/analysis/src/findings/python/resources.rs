//! Rules about what is opened and not closed, and about doubled keys of a dict.

use ruff_python_ast::{Expr, ExprCall, ExprDict, Number, Stmt, StmtAssign};

use super::check::Checker;
use super::queries::{any_of, dotted, is_name, name_of};
use super::rules;
use super::scopes::{ScopeKind, Usage};

/// Calls that open something to be closed.
const OPENERS: &[&str] = &[
    "open",
    "io.open",
    "os.fdopen",
    "codecs.open",
    "gzip.open",
    "bz2.open",
    "lzma.open",
    "tarfile.open",
    "zipfile.ZipFile",
    "socket.socket",
    "socket.create_connection",
    "sqlite3.connect",
    "psycopg2.connect",
    "urllib.request.urlopen",
    "shelve.open",
];

pub(super) fn check_statement<'a>(checker: &mut Checker<'a, '_>, statement: &'a Stmt) {
    if let Stmt::Assign(assign) = statement {
        check_leak(checker, assign);
    }
}

pub(super) fn check<'a>(checker: &mut Checker<'a, '_>, expression: &'a Expr) {
    match expression {
        Expr::Attribute(attribute) => {
            let is_used_up = matches!(
                attribute.attr.as_str(),
                "read" | "readlines" | "readline" | "write" | "splitlines"
            );
            if let Some((call, opener)) = opened(checker, &attribute.value)
                .filter(|(_, opener)| is_used_up && opener.ends_with("open"))
            {
                let quoted = checker.module.quote(call);
                let message = format!("What `{quoted}` opens is never closed.");
                checker.add(
                    &rules::RESOURCE_UNNAMED,
                    call,
                    message,
                    format!("Write `with {opener}(…) as file:` and use `file` in its block."),
                );
            }
        }
        Expr::Dict(dict) => check_keys(checker, dict),
        _ => {}
    }
}

fn opened<'a>(checker: &Checker<'a, '_>, expression: &'a Expr) -> Option<(&'a ExprCall, String)> {
    let call = expression.as_call_expr()?;
    let name = dotted(&call.func)?;
    let is_opener =
        OPENERS.contains(&name.as_str()) && (name != "open" || checker.is_builtin("open"));
    is_opener.then_some((call, name))
}

/// `file = open(…)` without `close`.
fn check_leak<'a>(checker: &mut Checker<'a, '_>, assign: &'a StmtAssign) {
    let ([target], Some((call, opener))) =
        (assign.targets.as_slice(), opened(checker, &assign.value))
    else {
        return;
    };
    let Some(name) = name_of(target) else {
        return;
    };
    let scopes = &checker.module.scopes;
    let kind = scopes.list.get(checker.scope).map(|scope| scope.kind);
    let Some((home, variable)) = scopes.find(checker.scope, name) else {
        return;
    };
    let is_plain = kind == Some(ScopeKind::Function)
        && home == checker.scope
        && !variable.is_shared
        && variable.only().is_some();
    if !is_plain || !checker.may_search() {
        return;
    }
    // Handed on, returned, kept or closed: then it is not lost here.
    let is_settled = checker.module.scopes.uses(variable).any(|reference| {
        let is_inner = reference.scope != checker.scope;
        is_inner
            || match reference.usage {
                Usage::Attribute(attribute) => matches!(
                    attribute,
                    "close" | "__exit__" | "detach" | "shutdown" | "__enter__"
                ),
                Usage::Iterated => false,
                Usage::Called | Usage::Deleted | Usage::Other => true,
            }
    });
    let is_closed = is_settled || is_in_with(checker.body(), name);
    if !is_closed {
        let quoted = checker.module.quote(call);
        let message = format!("`{name}` is opened by `{quoted}` and never closed.");
        let fix = format!("Write `with {opener}(…) as {name}:` and use `{name}` in its block.");
        checker.add(&rules::RESOURCE_LEAK, assign, message, fix);
    }
}

fn is_in_with(body: &[Stmt], name: &str) -> bool {
    any_of(
        body,
        |statement| match statement {
            Stmt::With(with) => with
                .items
                .iter()
                .any(|item| is_name(&item.context_expr, name)),
            _ => false,
        },
        |_| false,
    )
}

/// Keys that stand twice in a dict.
fn check_keys<'a>(checker: &mut Checker<'a, '_>, dict: &'a ExprDict) {
    let mut seen = std::collections::HashSet::new();
    for key in dict.iter_keys().flatten() {
        let Some(value) = key_of(key) else {
            continue;
        };
        if !seen.insert(value) {
            let quoted = checker.module.quote(key);
            let message = format!("The key `{quoted}` stands twice in this dict.");
            checker.add(
                &rules::DUPLICATE_KEY,
                key,
                message,
                "Remove one of the two, or correct its key.",
            );
        }
    }
}

/// A literal key, as text that is equal for equal keys.
fn key_of(key: &Expr) -> Option<String> {
    match key {
        Expr::StringLiteral(text) => Some(format!("s{}", text.value.to_str())),
        Expr::NumberLiteral(number) => match &number.value {
            Number::Int(int) => int.as_i64().map(|int| format!("i{int}")),
            Number::Float(_) | Number::Complex { .. } => None,
        },
        Expr::BytesLiteral(bytes) => {
            Some(format!("b{:?}", bytes.value.bytes().collect::<Vec<_>>()))
        }
        _ => None,
    }
}
