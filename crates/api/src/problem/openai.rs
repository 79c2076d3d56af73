//! Refusals of the OpenAI-compatible API, and what language models and encoders refuse.

use app::completions::CompletionError;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use domain::embedding::EmbedError;
use domain::models::writing::WritingError;

use super::{Kind, Problem, RETRY_SECONDS};
use crate::wire::openai::error::OpenAiError;

/// What OpenAI's servers answer, where it differs: <https://platform.openai.com/docs/guides/error-codes>.
impl Problem {
    /// Status, kind and reason in the OpenAI-compatible API.
    pub(crate) fn openai(&self) -> (StatusCode, &'static str, Option<&'static str>) {
        let status = self.kind.parts().2;
        let (status, kind, code) = match self.kind {
            Kind::Validation => (StatusCode::BAD_REQUEST, "invalid_request_error", None),
            Kind::Malformed
            | Kind::MethodNotAllowed
            | Kind::Conflict
            | Kind::TooLarge
            | Kind::UnsupportedMediaType => (status, "invalid_request_error", None),
            Kind::Unauthenticated | Kind::WrongCredentials => {
                (status, "invalid_request_error", Some("invalid_api_key"))
            }
            Kind::Forbidden | Kind::CrossOrigin => (
                status,
                "invalid_request_error",
                Some("insufficient_permissions"),
            ),
            Kind::NotFound => (status, "invalid_request_error", Some("unknown_url")),
            Kind::TooManyRequests => (status, "requests", Some("rate_limit_exceeded")),
            Kind::Internal | Kind::Unavailable | Kind::TimedOut => (status, "server_error", None),
        };
        (status, kind, self.code.or(code))
    }

    /// The same refusal in OpenAI's shape, with the headers of the first one.
    pub(crate) fn to_openai_response(&self, headers: &HeaderMap) -> Response {
        let body = axum::Json(OpenAiError::from(self));
        let mut response = (self.openai().0, body).into_response();
        for name in [header::RETRY_AFTER, header::WWW_AUTHENTICATE, header::ALLOW] {
            if let Some(value) = headers.get(&name) {
                response.headers_mut().insert(name, value.clone());
            }
        }
        response
    }
}

impl From<CompletionError> for Problem {
    fn from(error: CompletionError) -> Self {
        match error {
            CompletionError::Invalid { field, reason } => Self::invalid(field, reason),
            CompletionError::UnknownModel { .. } => Self::unknown_model(error.to_string()),
            CompletionError::Writing(error) => error.into(),
            // What an encoder says names folders of the server.
            CompletionError::Embedding(EmbedError::Missing(_)) => {
                tracing::warn!(%error, "there is no embedding model");
                Self::unknown_model(
                    "the embedding model is missing; on the server, `codegenie doctor` tells how to get it"
                        .to_owned(),
                )
            }
            CompletionError::Embedding(EmbedError::Failed(_)) => {
                tracing::warn!(%error, "an embedding failed");
                Self::unavailable(
                    "the embedding engine failed; on the server, `codegenie doctor` tells why",
                )
            }
            CompletionError::Forbidden(forbidden) => forbidden.into(),
        }
    }
}

impl From<WritingError> for Problem {
    fn from(error: WritingError) -> Self {
        let detail = error.to_string();
        match error {
            WritingError::UnknownModel(_) | WritingError::UnknownAdapter { .. } => {
                Self::unknown_model(detail)
            }
            WritingError::TooLong { .. } => {
                Self::invalid("", detail).with_code("context_length_exceeded")
            }
            WritingError::Refused(_) => Self::invalid("", detail),
            WritingError::Busy(_) => Self {
                retry_after_s: Some(RETRY_SECONDS),
                ..Self::new(Kind::TooManyRequests, detail)
            },
            WritingError::NoMemory { .. } | WritingError::Failed { .. } | WritingError::Closing => {
                tracing::warn!(detail, "a language model did not write");
                Self::unavailable(detail)
            }
        }
    }
}
