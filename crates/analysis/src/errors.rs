//! Finds where code does not parse and says so in plain sentences. Python has a parser of its own, in `python_errors`.

mod constructs;
mod dialects;

use std::ops::Range;

use domain::analysis::SyntaxError;
use domain::language::Language;
use tree_sitter::{Node, Tree};

use crate::{SYNTAX_ERRORS_MAX, parse, python_errors};

/// Most nodes that are visited: beyond it the errors found so far are enough.
const NODES_MAX: usize = 400_000;

/// The first syntax errors of `code`, in order.
pub(crate) fn find(language: Language, code: &str) -> Vec<SyntaxError> {
    find_in_python(language, code).unwrap_or_else(|| {
        let tree = parse::parse(language, code);
        let readable = tree
            .as_ref()
            .and_then(|tree| read_again(language, code, tree));
        find_in_any(code, tree.as_ref(), readable.as_ref())
    })
}

/// Likewise, of code that is parsed already, and read again where the grammar does not know all of it.
pub(crate) fn find_parsed(
    language: Language,
    code: &str,
    tree: Option<&Tree>,
    readable: Option<&Readable>,
) -> Vec<SyntaxError> {
    find_in_python(language, code).unwrap_or_else(|| find_in_any(code, tree, readable))
}

/// Code that was rewritten so that the grammar can read what it does not know, with every place as it was.
pub(crate) struct Readable {
    pub(crate) code: String,
    pub(crate) tree: Tree,
    mistakes: Vec<(usize, String)>,
    /// Whether too much was left out for a verdict on the rest.
    pub(crate) is_partial: bool,
    /// Bytes that mean something else now, in order: no verdict is given on them.
    pub(crate) changed: Vec<Range<usize>>,
}

/// `None` when the grammar reads all of `code`, or nothing that it does not know stands in it.
pub(crate) fn read_again(language: Language, code: &str, tree: &Tree) -> Option<Readable> {
    if !tree.root_node().has_error() || language == Language::Python {
        return None;
    }
    if language != Language::Sql {
        let code = constructs::read(language, code)?;
        return Some(Readable {
            tree: parse::parse(language, &code)?,
            code,
            mistakes: Vec::new(),
            is_partial: true,
            changed: Vec::new(),
        });
    }
    let read = dialects::read(code)?;
    Some(Readable {
        tree: parse::parse(language, &read.code)?,
        code: read.code,
        mistakes: read.mistakes,
        is_partial: read.hides_table,
        changed: read.changed,
    })
}

fn find_in_any(code: &str, tree: Option<&Tree>, readable: Option<&Readable>) -> Vec<SyntaxError> {
    let Some(readable) = readable else {
        return find_in_tree((code, code), tree);
    };
    let mut errors = find_in_tree((code, &readable.code), Some(&readable.tree));
    let mistakes = readable.mistakes.iter().take(SYNTAX_ERRORS_MAX);
    errors.extend(mistakes.map(|(offset, message)| at(code, *offset, message.clone())));
    errors.sort_by_key(|error| (error.line, error.column));
    errors.dedup_by_key(|error| error.line);
    errors.truncate(SYNTAX_ERRORS_MAX);
    errors
}

fn find_in_python(language: Language, code: &str) -> Option<Vec<SyntaxError>> {
    if language == Language::Python {
        python_errors::find(code)
    } else {
        None
    }
}

/// The errors of a tree; places are told in `code`, of which `read` was parsed.
fn find_in_tree((code, read): (&str, &str), tree: Option<&Tree>) -> Vec<SyntaxError> {
    let Some(tree) = tree else {
        return vec![SyntaxError {
            line: 1,
            column: 1,
            message: "This code is too tangled to be parsed.".to_owned(),
        }];
    };
    let mut errors: Vec<SyntaxError> = Vec::new();
    let mut visited = 0_usize;
    parse::walk(tree.root_node(), |node| {
        visited += 1;
        if errors.len() >= SYNTAX_ERRORS_MAX
            || visited > NODES_MAX
            || !(node.has_error() || node.is_missing())
        {
            return false;
        }
        if node.is_missing() {
            push(
                &mut errors,
                at(code, node.start_byte(), missing_message(node)),
            );
            return false;
        }
        if node.is_error() {
            let (offset, message) = error_message(read, node);
            push(&mut errors, at(code, offset, message));
            return false;
        }
        true
    });
    errors
}

/// One error a line is enough: the others on it follow from it.
fn push(errors: &mut Vec<SyntaxError>, error: SyntaxError) {
    if errors.last().is_none_or(|last| last.line != error.line) {
        errors.push(error);
    }
}

/// An error at a byte offset.
pub(crate) fn at(code: &str, offset: usize, message: String) -> SyntaxError {
    let before = parse::cut(code, offset);
    let line = before.matches('\n').count() + 1;
    let column = before
        .rsplit('\n')
        .next()
        .unwrap_or_default()
        .chars()
        .count()
        + 1;
    SyntaxError {
        line: u32::try_from(line).unwrap_or(u32::MAX),
        column: u32::try_from(column).unwrap_or(u32::MAX),
        message,
    }
}

fn missing_message(node: Node<'_>) -> String {
    let kind = node.kind();
    if !node.is_named() {
        return format!("A `{kind}` is missing here.");
    }
    if kind.contains("identifier") {
        "A name is missing here.".to_owned()
    } else {
        format!("A {} is missing here.", kind.replace('_', " "))
    }
}

fn error_message(code: &str, node: Node<'_>) -> (usize, String) {
    let text = parse::text(code, node);
    let lead = text.len() - text.trim_start().len();
    let start = node.start_byte() + lead;
    if let Some((offset, bracket)) = unclosed_bracket(code, node) {
        return (offset, unclosed(bracket.encode_utf8(&mut [0; 4])));
    }
    let word: String = first_token(text.trim_start());
    let message = match word.as_str() {
        "" => "Something is missing here.".to_owned(),
        ")" | "]" | "}" => closes_nothing(&word),
        "\"" | "'" | "`" => UNCLOSED_TEXT.to_owned(),
        _ => unexpected(&word),
    };
    (start, message)
}

/// What is said of a text without its second quotation mark.
const UNCLOSED_TEXT: &str = "This text is never closed with a quotation mark.";

/// What is said of a word or mark that may not stand where it does.
fn unexpected(word: &str) -> String {
    format!("`{word}` is not expected here.")
}

/// What is said of the second of two brackets when there is no first.
fn closes_nothing(bracket: &str) -> String {
    format!("This `{bracket}` closes nothing.")
}

/// What is said of a bracket without a partner.
fn unclosed(bracket: &str) -> String {
    format!("This `{bracket}` is never closed.")
}

/// The first word or mark of some text, cut to 30 characters.
fn first_token(text: &str) -> String {
    let is_word = |c: char| c.is_alphanumeric() || c == '_';
    let mut letters = text.chars();
    match letters.next() {
        Some(first) if is_word(first) => {
            text.chars().take_while(|c| is_word(*c)).take(30).collect()
        }
        Some('`') => "'".to_owned(),
        Some(first) => first.to_string(),
        None => String::new(),
    }
}

/// The last bracket among the direct children of an error that nothing in the error closes.
fn unclosed_bracket(code: &str, node: Node<'_>) -> Option<(usize, char)> {
    let mut open: Vec<(usize, char)> = Vec::new();
    let mut cursor = node.walk();
    for child in node.children(&mut cursor).take(5_000) {
        match parse::text(code, child) {
            bracket @ ("(" | "[" | "{") => open.push((child.start_byte(), bracket.chars().next()?)),
            ")" | "]" | "}" => {
                open.pop()?;
            }
            _ => {}
        }
    }
    open.last().copied()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn messages(language: Language, code: &str) -> Vec<String> {
        find(language, code)
            .into_iter()
            .map(|error| format!("{}:{} {}", error.line, error.column, error.message))
            .collect()
    }

    #[test]
    fn whole_code_has_no_errors() {
        for (language, code) in [
            (Language::Python, "x = 1\n"),
            (Language::JavaScript, "let x = 1;"),
            (Language::C, "int x = 1;"),
            (Language::Go, "package a\n\nvar x = 1\n"),
            (Language::Rust, "fn main() {}"),
            (Language::Java, "class A {}"),
            (Language::Sql, "SELECT 1;"),
            (Language::Cpp, "class A {};"),
            (Language::TypeScript, "let x: number = 1;"),
            (Language::Python, ""),
        ] {
            assert_eq!(messages(language, code), Vec::<String>::new(), "{language}");
        }
    }

    #[test]
    fn a_missing_mark_is_named_with_its_place() {
        assert_eq!(
            messages(Language::C, "int f(void) {\n    return 1\n}\n"),
            ["2:13 A `;` is missing here."]
        );
        assert_eq!(
            messages(Language::JavaScript, "f(1, 2;\n"),
            ["1:7 A `)` is missing here."]
        );
        assert_eq!(
            messages(Language::Java, "class A {\n  int x = 1;\n"),
            ["2:13 A `}` is missing here."]
        );
    }

    #[test]
    fn a_bracket_too_many_is_named() {
        let found = messages(Language::Rust, "fn main() {}\n}\n");
        assert_eq!(found, ["2:1 This `}` closes nothing."]);
    }

    #[test]
    fn columns_count_characters() {
        let found = messages(Language::Python, "é = 'ñ' )\n");
        assert!(
            found.first().is_some_and(|first| first.starts_with("1:9 ")),
            "{found:?}"
        );
    }

    #[test]
    fn no_more_than_the_limit_are_told() {
        let code = "x = )\n".repeat(200);
        assert_eq!(find(Language::Python, &code).len(), SYNTAX_ERRORS_MAX);
        let code = "int x = );\n".repeat(200);
        assert!(find(Language::C, &code).len() <= SYNTAX_ERRORS_MAX);
    }
}
