//! Reads code without running it: detects the language, finds what does not parse, explains what the code does from its
//! syntax tree, and renames definitions. Implements [`domain::analysis::CodeAnalyser`]. No I/O, no model.

mod build;
mod complexity;
mod detect;
mod errors;
mod facts;
mod findings;
mod idioms;
mod languages;
mod metrics;
mod parse;
mod python_errors;
mod rename;
mod render;
mod scope;
mod sql;
mod text;

use domain::analysis::{Analysis, CodeAnalyser, Explanation, Finding, Metrics, SyntaxError};
use domain::ask::Style;
use domain::language::Language;
use tree_sitter::Tree;

/// Most bytes of code that are read; what follows is left out, and the explanation says so.
pub const CODE_BYTES_MAX: usize = 128 * 1024;

/// Most syntax errors that are told.
pub const SYNTAX_ERRORS_MAX: usize = 20;

/// The analyser: stateless, so one value serves any number of threads.
#[derive(Debug, Clone, Copy, Default)]
pub struct SyntaxAnalyser;

impl SyntaxAnalyser {
    /// A new analyser.
    pub const fn new() -> Self {
        Self
    }
}

/// Code that was read once, for everything that is told of it.
struct Parsed<'a> {
    language: Language,
    code: &'a str,
    /// `None` when the parser gave up.
    tree: Option<Tree>,
    program: facts::Program<'a>,
    errors: Vec<SyntaxError>,
}

impl<'a> Parsed<'a> {
    /// Reads the first [`CODE_BYTES_MAX`] of `code`, and again what the grammar does not know of it.
    fn new(language: Language, code: &'a str) -> (Self, Option<errors::Readable>) {
        let code = parse::cut(code, CODE_BYTES_MAX);
        let tree = parse::parse(language, code);
        let readable = tree
            .as_ref()
            .and_then(|tree| errors::read_again(language, code, tree));
        let parsed = Self {
            language,
            code,
            program: tree
                .as_ref()
                .map(|tree| build::build(language, code, tree))
                .unwrap_or_default(),
            errors: errors::find_parsed(language, code, tree.as_ref(), readable.as_ref()),
            tree,
        };
        (parsed, readable)
    }

    /// What looks wrong, where all of the code could be read.
    fn find(&self, tree: &Tree, readable: Option<&errors::Readable>) -> Vec<Finding> {
        let (code, tree, unsure): (&str, &Tree, &[_]) = match readable {
            _ if !self.errors.is_empty() => return Vec::new(),
            Some(readable) if readable.is_partial => return Vec::new(),
            Some(readable) => (&readable.code, &readable.tree, &readable.changed),
            None => (self.code, tree, &[]),
        };
        // Python has a parser of its own, which found no errors.
        if self.language != Language::Python && tree.root_node().has_error() {
            return Vec::new();
        }
        findings::find(self.language, code, tree, unsure)
    }

    /// The explanation; `whole` is the code before it was cut.
    fn explain(&self, whole: &str, style: Style) -> String {
        let mut markdown = render::explain(self, style);
        if self.code.len() < whole.len() {
            markdown.push_str(
                "\n\nThe code is long: only its first 128 KiB were read for this explanation.",
            );
        }
        markdown
    }
}

impl CodeAnalyser for SyntaxAnalyser {
    fn detect_language(&self, code: &str) -> Option<Language> {
        detect::detect(parse::cut(code, detect::BYTES_MAX))
    }

    fn find_syntax_errors(&self, language: Language, code: &str) -> Vec<SyntaxError> {
        errors::find(language, parse::cut(code, CODE_BYTES_MAX))
    }

    fn explain(&self, language: Language, code: &str, style: Style) -> Explanation {
        let (parsed, _) = Parsed::new(language, code);
        Explanation {
            language,
            markdown: parsed.explain(code, style),
            syntax_errors: parsed.errors,
        }
    }

    fn analyse(&self, language: Language, code: &str, style: Style) -> Analysis {
        let (parsed, readable) = Parsed::new(language, code);
        let (metrics, findings) = match &parsed.tree {
            Some(tree) => {
                let estimates = complexity::estimate_all(language, parsed.code, &parsed.program);
                let findings = parsed.find(tree, readable.as_ref());
                let metrics = metrics::measure(language, parsed.code, tree, estimates);
                (metrics, findings)
            }
            None => (Metrics::default(), Vec::new()),
        };
        Analysis {
            language,
            metrics,
            findings,
            explanation: parsed.explain(code, style),
            syntax_errors: parsed.errors,
        }
    }

    fn rename(&self, language: Language, code: &str, from: &str, to: &str) -> Option<String> {
        rename::rename(language, code, from, to)
    }
}
