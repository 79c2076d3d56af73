//! The asker's own examples in a message, such as `f(3) == 9`: found among the words, and written as tests of the answer's code.
//!
//! Only values that are understood whole count, so that nothing of a message is run as it stands.

mod find;

use domain::Language;

use crate::literal::Literal;
use crate::sandbox::outline::list_functions;

pub(super) use find::take_examples;

/// Examples kept of one message.
const EXAMPLES_MAX: usize = 20;

/// How far two numbers with a fraction may be apart.
const TOLERANCE: &str = "1e-9";

/// An argument, by its name or by its place.
pub(super) type Argument = (Option<String>, Literal);

/// A call and what should come of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Example {
    /// The function called; `None` for a pair of input and output.
    pub(super) function: Option<String>,
    /// Its arguments, by position or by name.
    pub(super) arguments: Vec<Argument>,
    /// What it should give.
    pub(super) expected: Literal,
}

/// Examples as statements that fail, and how many could not be written for this code.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct Written {
    /// One statement a line.
    pub(super) code: String,
    /// Statements.
    pub(super) count: usize,
    /// Examples left out, because the code has no function they can be meant for.
    pub(super) left_out: usize,
}

impl Example {
    /// The example as people write it, such as `f(3) == 9`; without a name of its own it is one of `function`.
    pub(super) fn as_told(&self, function: &str, language: Language) -> Option<String> {
        let write = |value: &Literal| {
            let own = value.write(language);
            own.or_else(|| value.write(Language::Python))
        };
        let arguments: Vec<String> = self
            .arguments
            .iter()
            .map(|(name, value)| {
                let value = write(value)?;
                Some(match name {
                    Some(name) => format!("{name}={value}"),
                    None => value,
                })
            })
            .collect::<Option<_>>()?;
        let function = self.function.as_deref().unwrap_or(function);
        let expected = write(&self.expected)?;
        Some(format!(
            "{function}({}) == {expected}",
            arguments.join(", ")
        ))
    }
}

/// Writes the examples as tests of `code`. One that calls a function the code does not define is meant for `entry_point`, or for
/// the only function there is.
pub(super) fn write_tests(
    examples: &[Example],
    language: Language,
    code: &str,
    entry_point: Option<&str>,
) -> Written {
    let functions = list_functions(language, code);
    let is_defined = |name: &str| functions.iter().any(|function| function == name);
    let only = match functions.as_slice() {
        [only] => Some(only.as_str()),
        _ => None,
    };
    let main = entry_point.filter(|name| is_defined(name)).or(only);
    let mut written = Written::default();
    for example in examples {
        let named = example.function.as_deref().filter(|name| is_defined(name));
        let statement = named
            .or(main)
            .and_then(|function| write_statement(example, function, language));
        match statement {
            Some(statement) => {
                written.code.push_str(&statement);
                written.code.push('\n');
                written.count += 1;
            }
            None => written.left_out += 1,
        }
    }
    written
}

fn write_statement(example: &Example, function: &str, language: Language) -> Option<String> {
    let is_python = language == Language::Python;
    let arguments: Vec<String> = example
        .arguments
        .iter()
        .map(|(name, value)| {
            let value = value.write(language)?;
            Some(match name {
                Some(name) if is_python => format!("{name}={value}"),
                _ => value,
            })
        })
        .collect::<Option<_>>()?;
    let call = format!("{function}({})", arguments.join(", "));
    let expected = example.expected.write(language)?;
    Some(
        match (is_python, &example.expected, example.expected.is_fraction()) {
            (true, _, true) => format!("assert abs({call} - {expected}) <= {TOLERANCE}"),
            (true, Literal::Null, _) => format!("assert {call} is None"),
            (true, _, false) => format!("assert {call} == {expected}"),
            (false, _, true) => {
                format!("assert(Math.abs({call} - {expected}) <= {TOLERANCE});")
            }
            // In an example `null` and `undefined` are the same nothing.
            (false, Literal::Null, _) => format!("assert({call} == null);"),
            (false, _, false) => format!("assert.deepStrictEqual({call}, {expected});"),
        },
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn example(function: Option<&str>, argument: &str, expected: &str) -> Example {
        Example {
            function: function.map(str::to_owned),
            arguments: vec![(None, Literal::read(argument).unwrap())],
            expected: Literal::read(expected).unwrap(),
        }
    }

    #[test]
    fn an_example_with_another_name_is_meant_for_the_only_function() {
        let examples = [
            example(Some("square"), "3", "9"),
            example(None, "[1]", "None"),
            example(Some("sq"), "0.5", "0.25"),
        ];
        let code = "def sq(x):\n    return x * x\n";
        assert_eq!(
            write_tests(&examples, Language::Python, code, None),
            Written {
                code: "assert sq(3) == 9\nassert sq([1]) is None\nassert abs(sq(0.5) - 0.25) <= 1e-9\n"
                    .into(),
                count: 3,
                left_out: 0
            }
        );
        let script = "const sq = (x) => x * x;\n";
        assert_eq!(
            write_tests(&examples, Language::JavaScript, script, None).code,
            "assert.deepStrictEqual(sq(3), 9);\nassert(sq([1]) == null);\nassert(Math.abs(sq(0.5) - 0.25) <= 1e-9);\n"
        );
    }

    #[test]
    fn which_function_is_meant_is_not_guessed_among_several() {
        let examples = [example(Some("c"), "1", "1"), example(Some("b"), "1", "1")];
        let code = "def a(x): return x\ndef b(x): return x\n";
        let write = |entry: Option<&str>| write_tests(&examples, Language::Python, code, entry);
        let written = write(None);
        assert_eq!(
            (written.code.as_str(), written.left_out),
            ("assert b(1) == 1\n", 1)
        );
        assert_eq!(
            write(Some("a")).code,
            "assert a(1) == 1\nassert b(1) == 1\n"
        );
        assert_eq!(write(Some("gone")).left_out, 1);
        let none = write_tests(&examples, Language::Rust, "fn a() {}", Some("a"));
        assert_eq!((none.count, none.left_out), (0, 2));
    }
}
