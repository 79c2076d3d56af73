//! Refusals in the shape that clients of OpenAI's API read.

use serde::Serialize;
use utoipa::ToSchema;

use crate::problem::Problem;

/// A refusal.
#[derive(Serialize, ToSchema)]
#[schema(example = json!({"error": {
    "message": "there is no model `gpt-4o` for this; use one of phi-2", "type": "invalid_request_error", "param": "model",
    "code": "model_not_found"
}}))]
pub(crate) struct OpenAiError {
    /// What went wrong.
    error: OpenAiErrorBody,
}

/// What went wrong, and what to do.
#[derive(Serialize, ToSchema)]
pub(crate) struct OpenAiErrorBody {
    /// In words.
    message: String,
    /// The kind of error.
    #[serde(rename = "type")]
    kind: &'static str,
    /// The field that was refused.
    #[schema(required)]
    param: Option<String>,
    /// The reason, for programs.
    #[schema(required)]
    code: Option<&'static str>,
}

impl From<&Problem> for OpenAiError {
    fn from(problem: &Problem) -> Self {
        let (_, kind, code) = problem.openai();
        Self {
            error: OpenAiErrorBody {
                message: problem.detail().to_owned(),
                kind,
                param: problem.field().map(str::to_owned),
                code,
            },
        }
    }
}
