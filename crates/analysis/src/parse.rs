//! Parsing with tree-sitter inside fixed bounds. Nothing here knows what the nodes mean.

use std::ops::ControlFlow;

use domain::language::Language;
use tree_sitter::{Node, ParseOptions, ParseState, Parser, Tree};

/// Most times the parser may report progress (about every hundred operations) on `bytes` of text before it is stopped. Code, with
/// mistakes or without, needs a report for every 20 bytes when it is short and for every 50 when it is long. Mistakes can also lead
/// the parser in circles, and there a report can take a third of a millisecond.
const fn progress_reports_max(bytes: usize) -> usize {
    200 + bytes / 16
}

/// Which grammar to read a language with: TypeScript has a second one for files with JSX.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Dialect {
    Plain,
    Jsx,
}

fn grammar(language: Language, dialect: Dialect) -> tree_sitter::Language {
    match language {
        Language::Python => tree_sitter_python::LANGUAGE.into(),
        Language::JavaScript => tree_sitter_javascript::LANGUAGE.into(),
        Language::TypeScript if dialect == Dialect::Jsx => {
            tree_sitter_typescript::LANGUAGE_TSX.into()
        }
        Language::TypeScript => tree_sitter_typescript::LANGUAGE_TYPESCRIPT.into(),
        Language::Cpp => tree_sitter_cpp::LANGUAGE.into(),
        Language::C => tree_sitter_c::LANGUAGE.into(),
        Language::Sql => tree_sitter_sequel::LANGUAGE.into(),
        Language::Rust => tree_sitter_rust::LANGUAGE.into(),
        Language::Java => tree_sitter_java::LANGUAGE.into(),
        Language::Go => tree_sitter_go::LANGUAGE.into(),
    }
}

/// The tree of `code`; `None` when the parser gave up within its bound.
pub(crate) fn parse(language: Language, code: &str) -> Option<Tree> {
    let plain = parse_as(language, Dialect::Plain, code)?;
    if language == Language::TypeScript && plain.root_node().has_error() && code.contains('<') {
        let jsx = parse_as(language, Dialect::Jsx, code)?;
        if !jsx.root_node().has_error() {
            return Some(jsx);
        }
    }
    Some(plain)
}

fn parse_as(language: Language, dialect: Dialect, code: &str) -> Option<Tree> {
    let mut parser = Parser::new();
    parser.set_language(&grammar(language, dialect)).ok()?;
    let mut left = progress_reports_max(code.len());
    let mut progress = |_: &ParseState| match left.checked_sub(1) {
        Some(fewer) => {
            left = fewer;
            ControlFlow::Continue(())
        }
        None => ControlFlow::Break(()),
    };
    let bytes = code.as_bytes();
    parser.parse_with_options(
        &mut |offset, _| bytes.get(offset..).unwrap_or_default(),
        None,
        Some(ParseOptions::new().progress_callback(&mut progress)),
    )
}

/// `text` cut to at most `bytes_max` bytes, at a character.
pub(crate) fn cut(text: &str, bytes_max: usize) -> &str {
    if text.len() <= bytes_max {
        return text;
    }
    let end = (0..=bytes_max)
        .rev()
        .find(|&end| text.is_char_boundary(end))
        .unwrap_or(0);
    text.get(..end).unwrap_or_default()
}

/// The source text of a node.
pub(crate) fn text<'a>(code: &'a str, node: Node<'_>) -> &'a str {
    code.get(node.byte_range()).unwrap_or_default()
}

/// Line of a node, from 1.
pub(crate) fn line(node: Node<'_>) -> u32 {
    u32::try_from(node.start_position().row).unwrap_or(u32::MAX - 1) + 1
}

/// Last line of a node, from 1.
pub(crate) fn end_line(node: Node<'_>) -> u32 {
    let end = node.end_position();
    let row = if end.column == 0 && end.row > node.start_position().row {
        end.row - 1
    } else {
        end.row
    };
    u32::try_from(row).unwrap_or(u32::MAX - 1) + 1
}

/// Calls `visit` for every node in source order, without recursion. Children of a node are skipped when `visit` says no.
pub(crate) fn walk<'t>(root: Node<'t>, mut visit: impl FnMut(Node<'t>) -> bool) {
    let mut cursor = root.walk();
    loop {
        if visit(cursor.node()) && cursor.goto_first_child() {
            continue;
        }
        while !cursor.goto_next_sibling() {
            if !cursor.goto_parent() {
                return;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cut_never_splits_a_character() {
        assert_eq!(cut("añb", 2), "a");
        assert_eq!(cut("añb", 3), "añ");
        assert_eq!(cut("añb", 9), "añb");
    }

    /// Found by fuzzing: the grammar's error recovery never ends on it.
    const ENDLESS: &str = concat!(
        "const API = '/api/orders';\n\nfunction loadOrders(userId) {\n",
        "  return fetch(`${AP\0\0\0\0\0\0\0\t${userId}`)\n    .then((response) => {\n",
        "      if (!response.ok) throw new Error(`HTTP ${response.stat\u{7f}s}`);\n",
        "      return response.json();\n    })\n",
        "    .then((orders) => orders.filter((order) => order.status !== 'cancelled'.push(await response.json());\n",
        "   ;\n}\n\nconst summar{\n      console.error(error);\n    }\n  }\n",
        "  return ummmmmsers.filter((user) => user.active).map((user) => user.name);\n}\n\n",
        "cla + line.pri'e * line.qty, 0) }))\n    .filter(\u{610}rder) => order.total > 0)\n",
        "(   .sort((a, b) ;\n\ndocument.querySelector('#reload').addEventListener('click', async () =",
    );

    #[test]
    fn a_text_that_leads_the_parser_in_circles_is_given_up() {
        assert!(parse(Language::JavaScript, ENDLESS).is_none());
        let long = format!("{}\n{ENDLESS}", "call(1);\n".repeat(10_000));
        assert!(parse(Language::JavaScript, &long).is_none());
    }

    #[test]
    fn long_and_broken_code_is_still_parsed() {
        let own = include_str!("parse.rs");
        for code in [own.repeat(12), own.get(..own.len() / 2).unwrap().repeat(24)] {
            assert!(parse(Language::Rust, &code).is_some());
            // Another language is one mistake after the other.
            assert!(parse(Language::JavaScript, &code).is_some());
        }
    }

    #[test]
    fn every_grammar_loads() {
        for language in Language::ALL {
            assert!(parse(language, "x").is_some(), "{language}");
        }
        assert!(
            !parse(Language::TypeScript, "const a = <b>hi</b>;")
                .unwrap()
                .root_node()
                .has_error()
        );
    }
}
