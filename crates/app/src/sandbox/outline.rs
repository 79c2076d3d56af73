//! The functions a program defines at its top, found by their first words. Good enough to choose one; nothing is run.

use domain::Language;

/// Names of the functions defined at the top of `code`, in order; empty for languages without them.
pub(crate) fn list_functions(language: Language, code: &str) -> Vec<String> {
    code.lines()
        .filter_map(|line| match language {
            Language::Python => python_function(line),
            Language::JavaScript | Language::TypeScript => script_function(line),
            Language::Cpp
            | Language::C
            | Language::Sql
            | Language::Rust
            | Language::Java
            | Language::Go => None,
        })
        .collect()
}

fn python_function(line: &str) -> Option<String> {
    let rest = line.strip_prefix("async ").unwrap_or(line);
    let (name, rest) = split_name(rest.strip_prefix("def ")?.trim_start());
    // `[` begins type parameters (PEP 695).
    (!name.is_empty() && rest.trim_start().starts_with(['(', '['])).then(|| name.to_owned())
}

fn script_function(line: &str) -> Option<String> {
    let line = line.strip_prefix("export ").unwrap_or(line);
    let line = line.strip_prefix("default ").unwrap_or(line);
    let plain = line.strip_prefix("async ").unwrap_or(line);
    if let Some(rest) = plain.strip_prefix("function") {
        let (name, after) = split_name(rest.trim_start_matches(['*', ' ']));
        let is_named = rest.starts_with(['*', ' ']) && !name.is_empty();
        return (is_named && after.trim_start().starts_with(['(', '<'])).then(|| name.to_owned());
    }
    let rest = ["const ", "let ", "var "]
        .iter()
        .find_map(|word| line.strip_prefix(word))?;
    let (name, rest) = split_name(rest.trim_start());
    let (_, value) = rest.split_once('=')?;
    let value = value.trim_start();
    let is_function = value.starts_with("function")
        || value.starts_with("async")
        || (value.starts_with('(') && line.contains("=>"))
        || split_name(value).1.trim_start().starts_with("=>");
    (!name.is_empty() && is_function).then(|| name.to_owned())
}

/// A text parted behind the identifier it begins with.
fn split_name(text: &str) -> (&str, &str) {
    let end = text
        .find(|c: char| !(c.is_alphanumeric() || c == '_' || c == '$'))
        .unwrap_or(text.len());
    text.split_at(end)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn functions_at_the_top_are_found_and_others_are_not() {
        let python = "import os\ndef first(x):\n    def inner(): pass\nclass A:\n    def method(self): pass\n\
                      async def second(): pass\ndef third[T](x: T): pass\ndefault = 1\n";
        assert_eq!(
            list_functions(Language::Python, python),
            ["first", "second", "third"]
        );
        let script = "function one() {}\nconst two = (a) => a;\nlet three = x => x;\nexport default async function four() {}\n\
                      const five = function () {};\nconst six = 6;\n  function inner() {}\nfunctional(1);\n";
        assert_eq!(
            list_functions(Language::JavaScript, script),
            ["one", "two", "three", "four", "five"]
        );
        assert!(list_functions(Language::Sql, "def f(): pass").is_empty());
    }
}
