//! Code analysis on the wire.

use domain::analysis::{
    Analysis, Finding, FunctionMetrics, Metrics, Severity as DomainSeverity, SyntaxError,
};
use domain::ask::{QUESTION_BYTES_MAX, Style};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::fields::TextField;
use super::names::{LanguageName, Name, SeverityName, StyleName};

/// Code to be read.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"code": "def f(x, seen=[]):\n    seen.append(x)\n    return seen", "language": "python"}))]
pub(crate) struct AnalysisRequest {
    /// The code.
    #[schema(value_type = String, min_length = 1, max_length = 65536, pattern = r"^[^\u0000]*[^\s\u0000][^\u0000]*$")]
    pub(crate) code: TextField<QUESTION_BYTES_MAX>,
    /// Its language; guessed when left out.
    pub(crate) language: Option<LanguageName>,
    /// How to explain it; `technical` when left out.
    style: Option<StyleName>,
}

impl AnalysisRequest {
    /// How to explain the code.
    pub(crate) fn style(&self) -> Style {
        self.style.map_or(Style::Technical, |style| style.0)
    }
}

/// What the code says about itself.
#[derive(Serialize, ToSchema)]
#[schema(example = json!({
    "language": "python", "syntax_errors": [],
    "metrics": {
        "lines": 3, "code_lines": 3, "comment_lines": 0, "blank_lines": 0, "cyclomatic": 2, "cognitive": 0, "nesting": 0,
        "maintainability": 78.4,
        "functions": [{
            "name": "f", "line": 1, "lines": 3, "parameters": 2, "cyclomatic": 1, "cognitive": 0, "nesting": 0, "time": "O(1)",
            "space": "O(1)", "reason": "No loop and no recursion."
        }]
    },
    "findings": [{
        "rule": "mutable-default", "severity": "warning", "line": 1, "column": 10,
        "message": "The default of `seen` is one list that all calls share.", "why": "A default is made once.",
        "fix": "Use None and make the list in the body."
    }],
    "explanation": "A function `f` …"
}))]
pub(crate) struct AnalysisResponse {
    /// The language the code was read as.
    language: LanguageName,
    /// Where it does not parse.
    syntax_errors: Vec<SyntaxErrorResponse>,
    /// Numbers about it; of what parses, when not all does.
    metrics: MetricsResponse,
    /// What looks wrong, in order of lines; empty where the code does not parse.
    findings: Vec<FindingResponse>,
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

/// Numbers about a piece of code.
#[derive(Serialize, ToSchema)]
#[schema(as = Metrics)]
pub(crate) struct MetricsResponse {
    /// All lines.
    lines: u32,
    /// Lines that hold code.
    code_lines: u32,
    /// Lines that hold nothing but a comment; docstrings count.
    comment_lines: u32,
    /// Lines that hold nothing.
    blank_lines: u32,
    /// Independent ways through all of it (cyclomatic complexity).
    cyclomatic: u32,
    /// How hard its control flow is to follow (cognitive complexity).
    cognitive: u32,
    /// Deepest nesting of control flow.
    nesting: u32,
    /// Maintainability index, 0 (hard) to 100 (easy); null for code of no lines.
    #[schema(required, minimum = 0, maximum = 100)]
    maintainability: Option<f32>,
    /// Its functions, in order of lines.
    functions: Vec<FunctionResponse>,
}

/// Numbers about one function.
#[derive(Serialize, ToSchema)]
#[schema(as = FunctionMetrics)]
pub(crate) struct FunctionResponse {
    /// Its name, with its class where it has one.
    name: String,
    /// Line it begins on, from 1.
    #[schema(minimum = 1)]
    line: u32,
    /// Lines from its first to its last.
    lines: u32,
    /// Parameters it takes.
    parameters: u32,
    /// Independent ways through it: 1, and one more for every decision.
    cyclomatic: u32,
    /// How hard its control flow is to follow.
    cognitive: u32,
    /// Deepest nesting of control flow inside it.
    nesting: u32,
    /// Estimated time in the size of its input, such as `O(n log n)`; null when it cannot be told.
    #[schema(required)]
    time: Option<String>,
    /// Estimated additional space, likewise.
    #[schema(required)]
    space: Option<String>,
    /// Why these estimates.
    #[schema(required)]
    reason: Option<String>,
}

/// Something in the code that looks wrong.
#[derive(Serialize, ToSchema)]
#[schema(as = Finding)]
pub(crate) struct FindingResponse {
    /// The rule's lasting name.
    rule: &'static str,
    /// How much it matters.
    severity: SeverityName,
    /// Line, from 1.
    #[schema(minimum = 1)]
    line: u32,
    /// Column in characters, from 1.
    #[schema(minimum = 1)]
    column: u32,
    /// What is wrong here.
    message: String,
    /// Why it is wrong, the same for every finding of the rule.
    why: &'static str,
    /// What to do about it.
    fix: String,
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

impl From<FunctionMetrics> for FunctionResponse {
    fn from(function: FunctionMetrics) -> Self {
        Self {
            name: function.name,
            line: function.line,
            lines: function.lines,
            parameters: function.parameters,
            cyclomatic: function.cyclomatic,
            cognitive: function.cognitive,
            nesting: function.nesting,
            time: function.time,
            space: function.space,
            reason: function.reason,
        }
    }
}

impl From<Metrics> for MetricsResponse {
    fn from(metrics: Metrics) -> Self {
        Self {
            lines: metrics.lines,
            code_lines: metrics.code_lines,
            comment_lines: metrics.comment_lines,
            blank_lines: metrics.blank_lines,
            cyclomatic: metrics.cyclomatic,
            cognitive: metrics.cognitive,
            nesting: metrics.nesting,
            maintainability: metrics.maintainability,
            functions: metrics
                .functions
                .into_iter()
                .map(FunctionResponse::from)
                .collect(),
        }
    }
}

impl From<Finding> for FindingResponse {
    fn from(finding: Finding) -> Self {
        Self {
            rule: finding.rule,
            severity: Name::<DomainSeverity>(finding.severity),
            line: finding.line,
            column: finding.column,
            message: finding.message,
            why: finding.why,
            fix: finding.fix,
        }
    }
}

impl From<Analysis> for AnalysisResponse {
    fn from(analysis: Analysis) -> Self {
        let errors = analysis.syntax_errors.into_iter();
        let findings = analysis.findings.into_iter();
        Self {
            language: Name(analysis.language),
            syntax_errors: errors.map(SyntaxErrorResponse::from).collect(),
            metrics: analysis.metrics.into(),
            findings: findings.map(FindingResponse::from).collect(),
            explanation: analysis.explanation,
        }
    }
}
