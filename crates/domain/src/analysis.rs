//! Reading code without running it: the port to the syntax-tree analyser.

use crate::ask::Style;
use crate::language::Language;

/// A place where code does not parse.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SyntaxError {
    /// Line, from 1.
    pub line: u32,
    /// Column in characters, from 1.
    pub column: u32,
    /// What is wrong, as a plain sentence.
    pub message: String,
}

impl SyntaxError {
    /// What is wrong, without the full stop, to be set into another sentence.
    pub fn clause(&self) -> &str {
        self.message.trim_end_matches('.')
    }
}

/// An explanation made from the syntax tree alone.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Explanation {
    /// Language the code was read as.
    pub language: Language,
    /// The explanation as Markdown, in the style asked for.
    pub markdown: String,
    /// What does not parse; the explanation covers the rest.
    pub syntax_errors: Vec<SyntaxError>,
}

/// Reads code. Never fails and never panics, whatever the text is.
pub trait CodeAnalyser: Send + Sync {
    /// The language of `code`, when it can be told with some confidence.
    fn detect_language(&self, code: &str) -> Option<Language>;

    /// Where `code` does not parse as `language`; empty when it does.
    fn find_syntax_errors(&self, language: Language, code: &str) -> Vec<SyntaxError>;

    /// Explains what `code` does from its structure.
    fn explain(&self, language: Language, code: &str, style: Style) -> Explanation;

    /// `code` with the function, class or variable `from` called `to` wherever it means that definition (not in strings or
    /// comments); `None` when `from` is not defined in it, `to` is not an identifier of the language, or `to` is in use already.
    fn rename(&self, language: Language, code: &str, from: &str, to: &str) -> Option<String>;
}
