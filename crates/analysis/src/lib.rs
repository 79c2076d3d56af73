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

use domain::analysis::{Analysis, CodeAnalyser, Explanation, SyntaxError};
use domain::ask::Style;
use domain::language::Language;

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

impl CodeAnalyser for SyntaxAnalyser {
    fn detect_language(&self, code: &str) -> Option<Language> {
        detect::detect(parse::cut(code, detect::BYTES_MAX))
    }

    fn find_syntax_errors(&self, language: Language, code: &str) -> Vec<SyntaxError> {
        errors::find(language, parse::cut(code, CODE_BYTES_MAX))
    }

    fn explain(&self, language: Language, code: &str, style: Style) -> Explanation {
        let read = parse::cut(code, CODE_BYTES_MAX);
        let syntax_errors = errors::find(language, read);
        let mut markdown = render::explain(language, read, style, &syntax_errors);
        if read.len() < code.len() {
            markdown.push_str(
                "\n\nThe code is long: only its first 128 KiB were read for this explanation.",
            );
        }
        Explanation {
            language,
            markdown,
            syntax_errors,
        }
    }

    fn analyse(&self, language: Language, code: &str, style: Style) -> Analysis {
        let explanation = self.explain(language, code, style);
        let read = parse::cut(code, CODE_BYTES_MAX);
        let tree = parse::parse(language, read);
        let findings = match &tree {
            Some(tree) if explanation.syntax_errors.is_empty() => {
                findings::find(language, read, tree)
            }
            Some(_) | None => Vec::new(),
        };
        Analysis {
            language,
            syntax_errors: explanation.syntax_errors,
            metrics: tree.map_or_else(domain::analysis::Metrics::default, |tree| {
                metrics::measure(language, read, &tree)
            }),
            findings,
            explanation: explanation.markdown,
        }
    }

    fn rename(&self, language: Language, code: &str, from: &str, to: &str) -> Option<String> {
        rename::rename(language, code, from, to)
    }
}
