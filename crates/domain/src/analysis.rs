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

/// Numbers about one function.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FunctionMetrics {
    /// Its name, with its class where it has one: `Stack.push`; `<anonymous>` for one without a name.
    pub name: String,
    /// Line it begins on, from 1.
    pub line: u32,
    /// Lines from its first to its last.
    pub lines: u32,
    /// Parameters it takes, `self` and the like not counted.
    pub parameters: u32,
    /// Independent ways through it (`McCabe`, 1976): 1 and one more for every decision.
    pub cyclomatic: u32,
    /// How hard its control flow is to follow (Cognitive Complexity, `SonarSource`, 2018).
    pub cognitive: u32,
    /// Deepest nesting of control flow inside it; 0 when there is none.
    pub nesting: u32,
    /// Estimated time in the size of its input, such as `O(n log n)`; `None` when it cannot be told.
    pub time: Option<String>,
    /// Estimated additional space, likewise.
    pub space: Option<String>,
    /// Why these estimates, as a sentence.
    pub reason: Option<String>,
}

/// Numbers about a piece of code.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Metrics {
    /// All lines.
    pub lines: u32,
    /// Lines that hold code.
    pub code_lines: u32,
    /// Lines that hold nothing but a comment; docstrings count.
    pub comment_lines: u32,
    /// Lines that hold nothing.
    pub blank_lines: u32,
    /// Independent ways through all of it.
    pub cyclomatic: u32,
    /// Sum over its functions and what is outside of them.
    pub cognitive: u32,
    /// Deepest nesting anywhere.
    pub nesting: u32,
    /// Maintainability index on the scale 0 (hard) to 100 (easy), from Halstead volume, cyclomatic complexity and lines of code
    /// (Oman and Hagemeister, 1992, as rescaled by Visual Studio); `None` for code of no lines.
    pub maintainability: Option<f32>,
    /// Its functions, in order of lines.
    pub functions: Vec<FunctionMetrics>,
}

/// How much a finding matters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Severity {
    /// Works, but could be better.
    Hint,
    /// Likely to go wrong for some input.
    Warning,
    /// Wrong, or a hole.
    Error,
}

impl Severity {
    /// The name in the API.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Hint => "hint",
            Self::Warning => "warning",
            Self::Error => "error",
        }
    }
}

/// Something in the code that looks wrong.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// The rule's lasting name, lower case with hyphens, such as `mutable-default`.
    pub rule: &'static str,
    /// How much it matters.
    pub severity: Severity,
    /// Line, from 1.
    pub line: u32,
    /// Column in characters, from 1.
    pub column: u32,
    /// What is wrong here, as a sentence that names the code's own names.
    pub message: String,
    /// Why it is wrong, the same for every finding of the rule.
    pub why: &'static str,
    /// What to do about it, as a sentence.
    pub fix: String,
}

/// Everything that can be told of code without running it.
#[derive(Debug, Clone, PartialEq)]
pub struct Analysis {
    /// Language the code was read as.
    pub language: Language,
    /// What does not parse.
    pub syntax_errors: Vec<SyntaxError>,
    /// Numbers about it; of what parses, when not all does.
    pub metrics: Metrics,
    /// What looks wrong, in order of lines; empty where code does not parse.
    pub findings: Vec<Finding>,
    /// What it does, as Markdown.
    pub explanation: String,
}

/// Reads code. Never fails and never panics, whatever the text is.
pub trait CodeAnalyser: Send + Sync {
    /// The language of `code`, when it can be told with some confidence.
    fn detect_language(&self, code: &str) -> Option<Language>;

    /// Where `code` does not parse as `language`; empty when it does.
    fn find_syntax_errors(&self, language: Language, code: &str) -> Vec<SyntaxError>;

    /// Explains what `code` does from its structure.
    fn explain(&self, language: Language, code: &str, style: Style) -> Explanation;

    /// Everything that can be told of `code`, explained in `style`.
    fn analyse(&self, language: Language, code: &str, style: Style) -> Analysis;

    /// `code` with the function, class or variable `from` called `to` wherever it means that definition (not in strings or
    /// comments); `None` when `from` is not defined in it, `to` is not an identifier of the language, or `to` is in use already.
    fn rename(&self, language: Language, code: &str, from: &str, to: &str) -> Option<String>;
}
