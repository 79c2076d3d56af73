//! Code analysis on the wire.

use domain::analysis::{Explanation, SyntaxError};
use domain::ask::QUESTION_BYTES_MAX;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::fields::TextField;
use super::names::{LanguageName, Name};

/// Code to be read.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"code": "def f(x:\n    return x", "language": "python"}))]
pub(crate) struct AnalysisRequest {
    /// The code.
    #[schema(value_type = String, min_length = 1, max_length = 65536, pattern = r"^[^\u0000]*[^\s\u0000][^\u0000]*$")]
    pub(crate) code: TextField<QUESTION_BYTES_MAX>,
    /// Its language; guessed when left out.
    pub(crate) language: Option<LanguageName>,
}

/// What the code says about itself.
#[derive(Serialize, ToSchema)]
#[schema(example = json!({
    "language": "python", "syntax_errors": [{"line": 1, "column": 8, "message": "the bracket is never closed"}],
    "explanation": "A function `f` …"
}))]
pub(crate) struct AnalysisResponse {
    /// The language the code was read as.
    language: LanguageName,
    /// Where it does not parse.
    syntax_errors: Vec<SyntaxErrorResponse>,
    /// What it does, as Markdown, from its syntax tree alone.
    explanation: String,
}

/// A place where code does not parse.
#[derive(Serialize, ToSchema)]
pub(crate) struct SyntaxErrorResponse {
    /// Line, from 1.
    #[schema(minimum = 1)]
    line: u32,
    /// Column in characters, from 1.
    #[schema(minimum = 1)]
    column: u32,
    /// What is wrong.
    message: String,
}

impl From<SyntaxError> for SyntaxErrorResponse {
    fn from(error: SyntaxError) -> Self {
        Self {
            line: error.line,
            column: error.column,
            message: error.message,
        }
    }
}

impl From<Explanation> for AnalysisResponse {
    fn from(explanation: Explanation) -> Self {
        Self {
            language: Name(explanation.language),
            syntax_errors: explanation
                .syntax_errors
                .into_iter()
                .map(SyntaxErrorResponse::from)
                .collect(),
            explanation: explanation.markdown,
        }
    }
}
