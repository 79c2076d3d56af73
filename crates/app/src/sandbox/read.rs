//! Tests given as text: what kind they are, told by how they are written.

use domain::Language;
use domain::sandbox::{TESTS_MAX, Tests};

use super::outline::list_functions;
use super::{SandboxError, invalid};
use crate::literal::Literal;

/// The mark of an example of an interactive session.
const PROMPT: &str = ">>>";

/// Reads tests for `code`: a text that defines `check(candidate)` is called with `entry_point` (else the name it calls `check` with
/// itself, else the last function at the top of `code`); a text with `>>>` holds examples, as in docstrings; any other text is
/// statements that fail when something is wrong.
pub fn read_tests(
    language: Language,
    code: &str,
    text: &str,
    entry_point: Option<&str>,
) -> Result<Tests, SandboxError> {
    if text.trim().is_empty() {
        return Err(invalid(
            "tests",
            "are empty; write statements such as `assert f(2) == 4`",
        ));
    }
    let functions = list_functions(language, text);
    if language != Language::Sql && functions.iter().any(|name| name == "check") {
        return read_check(language, code, text, entry_point);
    }
    let is_session = text
        .lines()
        .any(|line| line.trim_start().starts_with(PROMPT));
    if is_session && matches!(language, Language::Python | Language::JavaScript) {
        return read_session(language, text);
    }
    Ok(Tests::Asserts(text.to_owned()))
}

/// Leaves out calls of `check` at the top, because the sandbox makes the call.
fn read_check(
    language: Language,
    code: &str,
    text: &str,
    entry_point: Option<&str>,
) -> Result<Tests, SandboxError> {
    let mut called = None;
    let mut kept = String::with_capacity(text.len());
    for line in text.lines() {
        let argument = line
            .strip_prefix("check(")
            .and_then(|rest| rest.trim_end().trim_end_matches(';').strip_suffix(')'));
        match argument {
            Some(name) if is_name(name.trim()) => called = Some(name.trim().to_owned()),
            _ => {
                kept.push_str(line);
                kept.push('\n');
            }
        }
    }
    let entry_point = entry_point
        .map(str::to_owned)
        .or(called)
        .or_else(|| list_functions(language, code).pop())
        .ok_or_else(|| {
            invalid(
                "entry_point",
                "is not given and the code defines no function; name the function that `check` is to be called with",
            )
        })?;
    if !is_name(&entry_point) {
        return Err(invalid(
            "entry_point",
            "is not a name; write the name of a function, such as `rotate`",
        ));
    }
    Ok(Tests::Check {
        code: kept,
        entry_point,
    })
}

fn is_name(text: &str) -> bool {
    let mut letters = text.chars();
    letters
        .next()
        .is_some_and(|c| c.is_alphabetic() || c == '_' || c == '$')
        && letters.all(|c| c.is_alphanumeric() || c == '_' || c == '$')
}

/// An example of a session: what was typed, and the lines that were shown.
struct Step {
    typed: String,
    shown: Vec<String>,
    is_over: bool,
}

fn read_session(language: Language, text: &str) -> Result<Tests, SandboxError> {
    let steps = split_session(text);
    if steps.len() > TESTS_MAX {
        let reason = format!("hold {} examples; send at most {TESTS_MAX}", steps.len());
        return Err(invalid("tests", reason));
    }
    let statement = if language == Language::Python {
        python_statement
    } else {
        script_statement
    };
    let statements: Vec<String> = steps.iter().map(statement).collect();
    Ok(Tests::Asserts(format!("{}\n", statements.join("\n"))))
}

/// Steps of a session; lines before the first are left out, `...` continues what was typed, and what follows a blank line is prose.
fn split_session(text: &str) -> Vec<Step> {
    let mut steps: Vec<Step> = Vec::new();
    for line in text.lines().map(str::trim) {
        if let Some(typed) = line.strip_prefix(PROMPT) {
            steps.push(Step {
                typed: typed.strip_prefix(' ').unwrap_or(typed).to_owned(),
                shown: Vec::new(),
                is_over: false,
            });
            continue;
        }
        let Some(step) = steps.last_mut().filter(|step| !step.is_over) else {
            continue;
        };
        match line.strip_prefix("...") {
            _ if line.is_empty() => step.is_over = true,
            Some(typed) if step.shown.is_empty() => {
                step.typed.push('\n');
                step.typed
                    .push_str(typed.strip_prefix(' ').unwrap_or(typed));
            }
            _ => step.shown.push(line.to_owned()),
        }
    }
    steps.retain(|step| !step.typed.trim().is_empty());
    steps
}

fn python_statement(step: &Step) -> String {
    let typed = step.typed.trim_end();
    let Some(last) = step.shown.last() else {
        return typed.to_owned();
    };
    let is_error = step
        .shown
        .first()
        .is_some_and(|line| line.starts_with("Traceback (most recent call last)"));
    if is_error {
        let name = last.split(':').next().unwrap_or_default();
        let name = name.rsplit('.').next().unwrap_or_default();
        if is_name(name) {
            let typed = typed.replace('\n', "\n    ");
            return format!(
                "try:\n    {typed}\nexcept {name}:\n    pass\nelse:\n    raise AssertionError(\"{name} was expected\")"
            );
        }
    }
    let shown = quote(&step.shown);
    if let Some(printed) = typed
        .strip_prefix("print(")
        .and_then(|rest| rest.strip_suffix(')'))
    {
        return format!("assert \" \".join(map(str, ({printed},))) == {shown}");
    }
    match step.shown.as_slice() {
        [value] if Literal::read(value).is_some() => {
            format!("assert {} == {value}", parenthesise(typed))
        }
        _ => format!("assert repr({typed}) == {shown}"),
    }
}

fn script_statement(step: &Step) -> String {
    let typed = step.typed.trim_end().trim_end_matches(';');
    match step.shown.as_slice() {
        [] => format!("{typed};"),
        [value] if value == "undefined" => format!("assert.strictEqual({typed}, undefined);"),
        [value] => match Literal::read(value).and_then(|value| value.write(Language::JavaScript)) {
            Some(value) => format!("assert.deepStrictEqual({typed}, {value});"),
            None => format!(
                "assert.strictEqual(String({typed}), {});",
                quote(&step.shown)
            ),
        },
        shown => format!("assert.strictEqual(String({typed}), {});", quote(shown)),
    }
}

/// The lines that were shown, as a string of either language.
fn quote(lines: &[String]) -> String {
    Literal::Text(lines.join("\n"))
        .write(Language::Python)
        .unwrap_or_default()
}

/// In parentheses, unless it is plainly one call.
fn parenthesise(source: &str) -> String {
    let is_call = source
        .find('(')
        .is_some_and(|at| source.get(..at).is_some_and(is_path))
        && closes_at_end(source);
    if is_call {
        source.to_owned()
    } else {
        format!("({source})")
    }
}

fn is_path(text: &str) -> bool {
    !text.is_empty() && text.split('.').all(is_name)
}

/// Whether the first parenthesis is closed by the last character. Strings are not looked into; at worst there is a pair too many.
fn closes_at_end(source: &str) -> bool {
    let mut depth = 0_i32;
    for (at, c) in source.char_indices() {
        match c {
            '(' => depth += 1,
            ')' => depth -= 1,
            _ => continue,
        }
        if depth == 0 {
            return at + 1 == source.len();
        }
    }
    false
}

#[cfg(test)]
mod tests {
    use super::*;

    fn python(code: &str, text: &str, entry_point: Option<&str>) -> Result<Tests, SandboxError> {
        read_tests(Language::Python, code, text, entry_point)
    }

    #[test]
    fn a_check_function_is_called_once_and_with_the_right_name() {
        let text = "def check(candidate):\n    assert candidate(1) == 1\n\ncheck(one)\n";
        let check = |name: &str| Tests::Check {
            code: "def check(candidate):\n    assert candidate(1) == 1\n\n".to_owned(),
            entry_point: name.to_owned(),
        };
        let code = "def zero(): pass\ndef two(x): return x\n";
        assert_eq!(python(code, text, Some("given")), Ok(check("given")));
        assert_eq!(python(code, text, None), Ok(check("one")));
        let uncalled = text.replace("check(one)\n", "");
        assert_eq!(python(code, &uncalled, None), Ok(check("two")));
        let refused = python("x = 1", &uncalled, None);
        assert!(
            matches!(
                refused,
                Err(SandboxError::Invalid {
                    field: "entry_point",
                    ..
                })
            ),
            "{refused:?}"
        );
        assert!(python(code, text, Some("os.system('x')")).is_err());
    }

    #[test]
    fn examples_of_a_session_become_statements() {
        let text = "Some words.\n>>> x = f(3)\n>>> x\n9\n>>> g(\"a\")\n'b'\n>>> h(1,\n...   2) or 3\n<object>\n\nprose\n\
                    >>> print(1, x)\n1 9\n>>> f(None)\nTraceback (most recent call last):\n  ...\nTypeError: no\n>>> p('''a''')\n\"a\\tb\"\n";
        let Ok(Tests::Asserts(code)) = python("", text, None) else {
            panic!("examples are statements");
        };
        assert_eq!(
            code,
            "x = f(3)\nassert (x) == 9\nassert g(\"a\") == 'b'\nassert repr(h(1,\n  2) or 3) == \"<object>\"\n\
             assert \" \".join(map(str, (1, x,))) == \"1 9\"\n\
             try:\n    f(None)\nexcept TypeError:\n    pass\nelse:\n    raise AssertionError(\"TypeError was expected\")\n\
             assert p('''a''') == \"a\\tb\"\n"
        );
        let script = read_tests(
            Language::JavaScript,
            "",
            ">>> f(3);\n[1, true]\n>>> g()\nundefined\n",
            None,
        );
        assert_eq!(
            script,
            Ok(Tests::Asserts(
                "assert.deepStrictEqual(f(3), [1, true]);\nassert.strictEqual(g(), undefined);\n"
                    .to_owned()
            ))
        );
    }

    #[test]
    fn other_texts_are_statements_and_none_is_refused() {
        let text = "assert f(2) == 4\n";
        for language in Language::ALL {
            assert_eq!(
                read_tests(language, "", text, None),
                Ok(Tests::Asserts(text.to_owned()))
            );
        }
        assert!(python("", " \n", None).is_err());
        assert!(python("", &">>> f()\n".repeat(TESTS_MAX + 1), None).is_err());
    }
}
