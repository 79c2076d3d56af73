//! Syntax errors of Python from a parser that follows the language closely, and two rules no parser checks: an argument
//! given twice and `return` outside of a function.

#![expect(
    clippy::wildcard_enum_match_arm,
    reason = "the parser has many kinds of errors; a few have words of their own"
)]

use domain::analysis::SyntaxError;
use ruff_python_ast::visitor::{Visitor, walk_expr, walk_stmt};
use ruff_python_ast::{Expr, Parameters, Stmt};
use ruff_python_parser::{Mode, ParseOptions, parse_unchecked};
use ruff_text_size::{Ranged, TextRange};

use crate::SYNTAX_ERRORS_MAX;
use crate::errors::at;

/// Deepest brackets or indentation: what `CPython` itself accepts is 200 and 100.
const NESTING_MAX: usize = 100;

/// Most operators, calls and prefixes in one statement: each may be a level of the tree.
const CHAIN_MAX: usize = 600;

/// Stack for the recursive parser; only what is used is taken.
const STACK_BYTES: usize = 64 * 1024 * 1024;

/// The first syntax errors of `code`, in order; `None` when the code is nested too deeply for a recursive parser.
pub(crate) fn find(code: &str) -> Option<Vec<SyntaxError>> {
    if !is_shallow(code) {
        return None;
    }
    // Its own thread: the caller's stack may be small.
    std::thread::scope(|scope| {
        std::thread::Builder::new()
            .name("python-parser".to_owned())
            .stack_size(STACK_BYTES)
            .spawn_scoped(scope, || find_here(code))
            .ok()
            .and_then(|thread| thread.join().ok())
    })
}

fn find_here(code: &str) -> Vec<SyntaxError> {
    let parsed = parse_unchecked(code, ParseOptions::from(Mode::Module));
    let mut found: Vec<(usize, String)> = parsed
        .errors()
        .iter()
        .map(|error| {
            (
                error.location.start().to_usize(),
                sentence(&error.error.to_string()),
            )
        })
        .collect();
    if found.is_empty()
        && let ruff_python_ast::Mod::Module(module) = parsed.syntax()
    {
        let mut rules = Rules {
            function_depth: 0,
            found: Vec::new(),
        };
        rules.visit_body(&module.body);
        found = rules.found;
    }
    found.sort();
    found
        .into_iter()
        .take(SYNTAX_ERRORS_MAX)
        .map(|(offset, message)| at(code, offset, message))
        .collect()
}

/// A parser's message as a sentence.
fn sentence(message: &str) -> String {
    let mut letters = message.trim().chars();
    let first: String = letters
        .next()
        .map(|first| first.to_uppercase().collect())
        .unwrap_or_default();
    let text = format!("{first}{}", letters.as_str());
    if text.ends_with(['.', '!', '?']) {
        text
    } else {
        format!("{text}.")
    }
}

/// Whether a recursive parser can read `code` in bounded stack. Errs on the side of no: brackets inside of texts count too.
fn is_shallow(code: &str) -> bool {
    let mut depth = 0_usize;
    let mut chain = 0_usize;
    let mut indents: Vec<usize> = Vec::new();
    for line in code.split(['\n', '\r']) {
        let indent = line.len() - line.trim_start().len();
        if depth == 0 {
            chain = 0;
            if !line.trim().is_empty() {
                indents.retain(|outer| *outer < indent);
                indents.push(indent);
            }
        }
        let compound = line
            .split([' ', '\t', '(', ':'])
            .filter(|word| is_prefix_word(word))
            .count();
        chain += compound;
        for mark in line.bytes() {
            match mark {
                b'(' | b'[' | b'{' => {
                    depth += 1;
                    chain += 1;
                }
                b')' | b']' | b'}' => depth = depth.saturating_sub(1),
                b'+' | b'-' | b'*' | b'/' | b'%' | b'~' | b'.' | b'@' | b'|' | b'&' | b'^'
                | b'<' | b'>' | b':' | b'=' => chain += 1,
                // A comma at the outermost bracket starts the next element: long lists are not deep.
                b',' if depth <= 2 => chain = chain.saturating_sub(8),
                _ => {}
            }
            if depth > NESTING_MAX || chain > CHAIN_MAX || indents.len() > NESTING_MAX {
                return false;
            }
        }
        if line.ends_with('\\') || depth > 0 {
            continue;
        }
        chain = 0;
    }
    true
}

fn is_prefix_word(word: &str) -> bool {
    matches!(
        word,
        "not" | "lambda" | "await" | "if" | "else" | "and" | "or" | "yield" | "in" | "is" | "for"
    )
}

struct Rules {
    function_depth: usize,
    found: Vec<(usize, String)>,
}

impl Rules {
    fn add(&mut self, range: TextRange, message: String) {
        self.found.push((range.start().to_usize(), message));
    }

    fn check_parameters(&mut self, parameters: &Parameters) {
        let mut names: Vec<&str> = Vec::new();
        for parameter in parameters {
            let name = parameter.name().as_str();
            if names.contains(&name) {
                self.add(
                    parameter.range(),
                    format!("The argument `{name}` is given twice."),
                );
            }
            names.push(name);
        }
    }
}

impl<'a> Visitor<'a> for Rules {
    fn visit_stmt(&mut self, statement: &'a Stmt) {
        match statement {
            Stmt::FunctionDef(function) => {
                self.check_parameters(&function.parameters);
                self.function_depth += 1;
                walk_stmt(self, statement);
                self.function_depth -= 1;
            }
            Stmt::ClassDef(_) => {
                let outer = std::mem::take(&mut self.function_depth);
                walk_stmt(self, statement);
                self.function_depth = outer;
            }
            Stmt::Return(_) if self.function_depth == 0 => {
                self.add(
                    statement.range(),
                    "`return` stands outside of a function.".to_owned(),
                );
            }
            _ => walk_stmt(self, statement),
        }
    }

    fn visit_expr(&mut self, expression: &'a Expr) {
        if let Expr::Lambda(lambda) = expression
            && let Some(parameters) = &lambda.parameters
        {
            self.check_parameters(parameters);
        }
        walk_expr(self, expression);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lines(code: &str) -> Vec<(u32, u32, String)> {
        find(code)
            .unwrap()
            .into_iter()
            .map(|error| (error.line, error.column, error.message))
            .collect()
    }

    #[test]
    fn a_missing_colon_is_found_where_it_is_missing() {
        let found = lines("x = 1\ndef greet(name)\n    print(name)\n");
        assert_eq!((found[0].0, found[0].1), (2, 16));
        assert!(
            found[0].2.contains('`') && found[0].2.ends_with('.'),
            "{found:?}"
        );
    }

    #[test]
    fn rules_beyond_the_grammar() {
        assert_eq!(
            lines("def f(a, b, a):\n    return a\n")[0].2,
            "The argument `a` is given twice."
        );
        assert_eq!(
            lines("x = 1\nreturn x\n"),
            [(2, 1, "`return` stands outside of a function.".to_owned())]
        );
        assert_eq!(lines("class A:\n    return 1\n").len(), 1);
        assert!(lines("def f(a):\n    def g(a):\n        return a\n    return g\n").is_empty());
    }

    #[test]
    fn usual_mistakes_are_found() {
        for code in [
            "print 'hi'\n",
            "if x:\nprint(x)\n",
            "f(a=1, 2)\n",
            "x = (1, 2\n",
            "class A\n    pass\n",
            "for i in range(3) print(i)\n",
            "x = 'abc\n",
            "def f(:\n    pass\n",
            "a = [1, 2}\n",
        ] {
            assert!(!lines(code).is_empty(), "{code}");
        }
    }

    #[test]
    fn code_made_to_overflow_a_stack_is_refused() {
        for code in [
            "(".repeat(10_000),
            "not ".repeat(10_000),
            "-".repeat(10_000),
            "lambda x:".repeat(10_000),
            "a.b".repeat(10_000),
            "x if y else ".repeat(10_000),
            "a and ".repeat(10_000),
            (0..200)
                .map(|n| {
                    " ".repeat(n)
                        + "if x:
"
                })
                .collect::<String>(),
        ] {
            assert_eq!(find(&code), None);
        }
        let list = format!("x = [{}]\n", "-1, ".repeat(5_000));
        assert_eq!(find(&list), Some(Vec::new()));
    }
}
