//! Rules about text from outside that is run: SQL, shells, `eval`, and data formats that hold code.

mod fixed;

use fixed::is_fixed;
use ruff_python_ast::{Expr, ExprCall, ExprFString, Operator};

use super::check::Checker;
use super::queries::{any_part, dotted, is_name, method_of, name_of};
use super::rules;

/// Methods that take a statement of SQL first.
const EXECUTORS: &[&str] = &[
    "execute",
    "executemany",
    "executescript",
    "read_sql",
    "read_sql_query",
    "raw",
];

/// Words that statements of SQL begin with.
const STATEMENTS: &[&str] = &[
    "select ",
    "insert ",
    "update ",
    "delete ",
    "create ",
    "drop ",
    "alter ",
    "replace ",
    "with ",
    "truncate ",
];

/// Words after which a name and not a value stands.
const BEFORE_NAMES: &[&str] = &[
    "from", "into", "update", "table", "join", "by", "exists", "select", "column", "index", "on",
    "truncate",
];

/// Functions that take a command for the shell.
const SHELLS: &[&str] = &[
    "os.system",
    "os.popen",
    "subprocess.getoutput",
    "subprocess.getstatusoutput",
];

/// Functions of `requests` that wait for an answer.
const REQUESTS: &[&str] = &[
    "requests.get",
    "requests.post",
    "requests.put",
    "requests.patch",
    "requests.delete",
    "requests.head",
    "requests.request",
];

pub(super) fn check<'a>(checker: &mut Checker<'a, '_>, expression: &'a Expr) {
    let Some(call) = expression.as_call_expr() else {
        return;
    };
    check_eval(checker, call);
    let name = dotted(&call.func);
    if let Some(name) = name.as_deref() {
        check_shell(checker, call, name);
        check_load(checker, call, name);
        check_timeout(checker, call, name);
    }
    let is_executor = method_of(call).is_some_and(|(_, method)| EXECUTORS.contains(&method));
    if is_executor && let Some(statement) = call.arguments.args.first() {
        check_sql(checker, call, statement);
    }
}

/// A text with values put in: its fixed parts, and the values between them.
#[derive(Default)]
struct Built<'a> {
    fixed: Vec<String>,
    values: Vec<&'a Expr>,
}

/// How a text is put together from parts, when it is.
fn built(expression: &Expr) -> Option<Built<'_>> {
    let mut built = Built {
        fixed: vec![String::new()],
        values: Vec::new(),
    };
    collect(expression, &mut built, 0);
    (!built.values.is_empty() && built.fixed.iter().any(|part| !part.is_empty())).then_some(built)
}

fn collect<'a>(expression: &'a Expr, built: &mut Built<'a>, depth: usize) {
    const DEPTH_MAX: usize = 60;
    match expression {
        Expr::StringLiteral(text) => push_text(built, text.value.to_str()),
        Expr::FString(text) => collect_pieces(text, built),
        Expr::BinOp(operation) if operation.op == Operator::Add && depth < DEPTH_MAX => {
            collect(&operation.left, built, depth + 1);
            collect(&operation.right, built, depth + 1);
        }
        Expr::BinOp(operation)
            if operation.op == Operator::Mod && operation.left.is_string_literal_expr() =>
        {
            let text = operation
                .left
                .as_string_literal_expr()
                .map_or("", |text| text.value.to_str());
            let values: Vec<&'a Expr> = match &*operation.right {
                Expr::Tuple(tuple) => tuple.elts.iter().collect(),
                Expr::Dict(dict) => dict.iter_values().collect(),
                value => vec![value],
            };
            fill(
                built,
                text.split('%')
                    .map(|part| part.trim_start_matches(['s', 'd', 'r', 'i'])),
                &values,
            );
        }
        Expr::Call(call) => {
            let template = method_of(call)
                .filter(|(_, method)| *method == "format")
                .and_then(|(receiver, _)| receiver.as_string_literal_expr());
            match template {
                Some(text) => {
                    let mut values: Vec<&'a Expr> = call.arguments.args.iter().collect();
                    values.extend(call.arguments.keywords.iter().map(|keyword| &keyword.value));
                    let parts = text
                        .value
                        .to_str()
                        .split('{')
                        .map(|part| part.split_once('}').map_or(part, |(_, rest)| rest));
                    fill(built, parts, &values);
                }
                None => push_value(built, expression),
            }
        }
        _ => push_value(built, expression),
    }
}

fn push_text(built: &mut Built<'_>, text: &str) {
    if let Some(last) = built.fixed.last_mut() {
        last.push_str(text);
    }
}

fn collect_pieces<'a>(text: &'a ExprFString, built: &mut Built<'a>) {
    for part in &text.value {
        match part {
            ruff_python_ast::FStringPart::Literal(literal) => {
                push_text(built, &literal.value);
            }
            ruff_python_ast::FStringPart::FString(inner) => {
                for element in &inner.elements {
                    match element {
                        ruff_python_ast::InterpolatedStringElement::Literal(literal) => {
                            push_text(built, &literal.value);
                        }
                        ruff_python_ast::InterpolatedStringElement::Interpolation(value) => {
                            push_value(built, &value.expression);
                        }
                    }
                }
            }
        }
    }
}

fn push_value<'a>(built: &mut Built<'a>, value: &'a Expr) {
    built.values.push(value);
    built.fixed.push(String::new());
}

fn fill<'a, 't>(built: &mut Built<'a>, parts: impl Iterator<Item = &'t str>, values: &[&'a Expr]) {
    let mut values = values.iter();
    for (index, part) in parts.enumerate() {
        if index > 0
            && let Some(value) = values.next()
        {
            push_value(built, value);
        }
        push_text(built, part);
    }
}

/// The text itself, or the one that the name was given.
fn resolved<'a>(checker: &Checker<'a, '_>, expression: &'a Expr) -> &'a Expr {
    name_of(expression)
        .and_then(|name| checker.module.scopes.find_variable(checker.scope, name))
        .and_then(super::scopes::Variable::only_value)
        .unwrap_or(expression)
}

fn check_sql<'a>(checker: &mut Checker<'a, '_>, call: &'a ExprCall, statement: &'a Expr) {
    let Some(built) = built(resolved(checker, statement)) else {
        return;
    };
    let start = built
        .fixed
        .iter()
        .find(|part| !part.is_empty())
        .map(|part| part.trim_start().to_ascii_lowercase());
    let is_sql = start.is_some_and(|start| STATEMENTS.iter().any(|word| start.starts_with(word)));
    if !is_sql {
        return;
    }
    let mut worst = None;
    for (value, before) in built.values.iter().zip(&built.fixed) {
        if is_fixed(checker, value) {
            continue;
        }
        let is_value = stands_for_value(before);
        if is_value || worst.is_none() {
            worst = Some((*value, is_value));
        }
        if is_value {
            break;
        }
    }
    let Some((value, is_value)) = worst else {
        return;
    };
    let quoted = checker.module.quote(value);
    let (rule, fix) = if is_value {
        (
            &rules::SQL_FROM_STRING,
            "Write a placeholder (`?` or `%s`) in the statement and hand the value over as the second argument.",
        )
    } else {
        (
            &rules::SQL_NAME_FROM_STRING,
            "Take names of tables and columns from a fixed list; write placeholders for values.",
        )
    };
    let method = checker.module.quote(&*call.func);
    let message = format!("`{quoted}` is put into the text of a statement that `{method}` runs.");
    checker.add(rule, call, message, fix);
}

/// Whether what follows `before` in a statement is a value and not the name of a table or column.
fn stands_for_value(before: &str) -> bool {
    let trimmed = before.trim_end();
    if trimmed.ends_with(['=', '\'', '<', '>', '%']) {
        return true;
    }
    let lower = trimmed.to_ascii_lowercase();
    let last = lower
        .rsplit([' ', '\n', '\t', '('])
        .next()
        .unwrap_or_default();
    if BEFORE_NAMES.contains(&last) {
        return false;
    }
    matches!(last, "like" | "limit" | "and" | "between") || lower.contains("values")
}

fn check_eval<'a>(checker: &mut Checker<'a, '_>, call: &'a ExprCall) {
    let Some(name @ ("eval" | "exec")) = name_of(&call.func) else {
        return;
    };
    let Some(code) = call.arguments.args.first() else {
        return;
    };
    let is_fixed = resolved(checker, code).is_literal_expr();
    if is_fixed || !checker.is_builtin(name) {
        return;
    }
    let quoted = checker.module.quote(code);
    let message = format!("`{name}` runs whatever code is in `{quoted}`.");
    let fix = if name == "eval" {
        "Use `ast.literal_eval` for literals, or write out what is allowed."
    } else {
        "Call functions chosen from a fixed table instead."
    };
    checker.add(&rules::EVAL_EXEC, call, message, fix);
}

fn check_shell<'a>(checker: &mut Checker<'a, '_>, call: &'a ExprCall, name: &str) {
    let has_shell = call.arguments.find_keyword("shell").is_some_and(|keyword| {
        keyword
            .value
            .as_boolean_literal_expr()
            .is_some_and(|literal| literal.value)
    });
    let is_shell = SHELLS.contains(&name) || (name.starts_with("subprocess.") && has_shell);
    let Some(command) = call.arguments.args.first().filter(|_| is_shell) else {
        return;
    };
    let Some(built) = built(resolved(checker, command)) else {
        return;
    };
    let is_quoted = |value: &Expr| {
        value.as_call_expr().is_some_and(|call| {
            dotted(&call.func)
                .is_some_and(|name| name.ends_with("quote") || name.ends_with("list2cmdline"))
        }) || dotted(value).as_deref() == Some("sys.executable")
    };
    let Some(value) = built
        .values
        .iter()
        .find(|value| !is_fixed(checker, value) && !is_quoted(value))
    else {
        return;
    };
    let quoted = checker.module.quote(*value);
    let message = format!("`{quoted}` is put into a command that `{name}` gives to the shell.");
    checker.add(
        &rules::SHELL_COMMAND,
        call,
        message,
        "Write `subprocess.run([program, argument])` without a shell.",
    );
}

fn check_load<'a>(checker: &mut Checker<'a, '_>, call: &'a ExprCall, name: &str) {
    let is_yaml = name == "yaml.load" || name == "yaml.load_all";
    if is_yaml {
        let loader = call
            .arguments
            .find_argument_value("Loader", 1)
            .and_then(dotted);
        let is_safe = loader.as_deref().is_some_and(|loader| {
            loader.contains("Safe") || loader.contains("Base") || !loader.starts_with("yaml.")
        });
        if !is_safe {
            let message =
                format!("`{name}` without a safe loader makes any object that the text asks for.");
            checker.add(
                &rules::UNSAFE_LOAD,
                call,
                message,
                "Write `yaml.safe_load`.",
            );
        }
        return;
    }
    let is_pickle = matches!(
        name,
        "pickle.loads" | "cPickle.loads" | "marshal.loads" | "dill.loads"
    );
    let is_from_outside = call.arguments.args.first().is_some_and(|argument| {
        any_part(resolved(checker, argument), |part| {
            let is_constant = |name: &str| name.to_ascii_uppercase() == name;
            is_name(part, "request")
                || part
                    .as_call_expr()
                    .filter(|call| {
                        !call
                            .arguments
                            .args
                            .iter()
                            .filter_map(name_of)
                            .any(is_constant)
                    })
                    .and_then(method_of)
                    .is_some_and(|(_, method)| {
                        matches!(method, "recv" | "recvfrom" | "b64decode" | "urlopen")
                    })
        })
    });
    if is_pickle && is_from_outside {
        let quoted = checker.module.quote(call);
        let message = format!("`{quoted}` runs code that is in data from outside.");
        checker.add(
            &rules::UNSAFE_LOAD,
            call,
            message,
            "Send and read JSON instead.",
        );
    }
}

fn check_timeout<'a>(checker: &mut Checker<'a, '_>, call: &'a ExprCall, name: &str) {
    let is_open = call
        .arguments
        .keywords
        .iter()
        .any(|keyword| keyword.arg.is_none());
    let has_timeout = call.arguments.find_keyword("timeout").is_some();
    if REQUESTS.contains(&name) && !is_open && !has_timeout {
        let message = format!("`{name}` is called without a timeout.");
        checker.add(
            &rules::NO_TIMEOUT,
            call,
            message,
            "Give one, such as `timeout=10` (seconds).",
        );
    }
}
