//! Every refusal: `application/problem+json` (RFC 9457). The only place where a status code is chosen for a failure.

mod openai;

use app::Forbidden;
use app::accounts::AccountError;
use app::ask::{AskError, ReplayError};
use app::conversations::ConversationError;
use app::knowledge::KnowledgeError;
use app::models::ModelError;
use app::quality::QualityError;
use app::sandbox::SandboxError;
use app::tokens::TokenError;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use domain::StoreError;
use domain::models::catalogue::CatalogueError;
use domain::models::writing::WritingError;
use serde::Serialize;
use utoipa::ToSchema;

/// Seconds after which a request may be tried again when the database did not answer.
const RETRY_SECONDS: u32 = 2;

/// The media type of a problem.
pub(crate) const CONTENT_TYPE: &str = "application/problem+json";

/// The kinds of problem; each has one name, one title and one status.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    Malformed,
    Unauthenticated,
    WrongCredentials,
    Forbidden,
    CrossOrigin,
    NotFound,
    MethodNotAllowed,
    Conflict,
    TooLarge,
    UnsupportedMediaType,
    Validation,
    TooManyRequests,
    Internal,
    Unavailable,
    TimedOut,
}

impl Kind {
    /// Name in the `type` address, title, status.
    const fn parts(self) -> (&'static str, &'static str, StatusCode) {
        match self {
            Self::Malformed => (
                "malformed",
                "The request cannot be read",
                StatusCode::BAD_REQUEST,
            ),
            Self::Unauthenticated => (
                "unauthenticated",
                "You are not signed in",
                StatusCode::UNAUTHORIZED,
            ),
            Self::WrongCredentials => (
                "wrong-credentials",
                "Sign-in failed",
                StatusCode::UNAUTHORIZED,
            ),
            Self::Forbidden => ("forbidden", "You may not do this", StatusCode::FORBIDDEN),
            Self::CrossOrigin => (
                "cross-origin",
                "The request came from another site",
                StatusCode::FORBIDDEN,
            ),
            Self::NotFound => ("not-found", "There is no such thing", StatusCode::NOT_FOUND),
            Self::MethodNotAllowed => (
                "method-not-allowed",
                "This address does not take that method",
                StatusCode::METHOD_NOT_ALLOWED,
            ),
            Self::Conflict => (
                "conflict",
                "This contradicts what is stored",
                StatusCode::CONFLICT,
            ),
            Self::TooLarge => (
                "too-large",
                "The request is too large",
                StatusCode::PAYLOAD_TOO_LARGE,
            ),
            Self::UnsupportedMediaType => (
                "unsupported-media-type",
                "The request is not JSON",
                StatusCode::UNSUPPORTED_MEDIA_TYPE,
            ),
            Self::Validation => (
                "validation",
                "A field was refused",
                StatusCode::UNPROCESSABLE_ENTITY,
            ),
            Self::TooManyRequests => (
                "too-many-requests",
                "Too many attempts",
                StatusCode::TOO_MANY_REQUESTS,
            ),
            Self::Internal => (
                "internal",
                "The server failed",
                StatusCode::INTERNAL_SERVER_ERROR,
            ),
            Self::Unavailable => (
                "unavailable",
                "The server cannot do this now",
                StatusCode::SERVICE_UNAVAILABLE,
            ),
            Self::TimedOut => (
                "timed-out",
                "The request took too long",
                StatusCode::SERVICE_UNAVAILABLE,
            ),
        }
    }
}

/// What went wrong, and what to do about it (RFC 9457).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
#[schema(example = json!({
    "type": "/problems/validation",
    "title": "A field was refused",
    "status": 422,
    "detail": "`klingon` is not a known language; use one of python, javascript, typescript, cpp, c, sql, rust, java, go",
    "errors": [{"field": "language", "message": "`klingon` is not a known language; use one of python, javascript, typescript, cpp, c, sql, rust, java, go"}]
}))]
pub(crate) struct Problem {
    /// The kind of problem; stays the same from version to version.
    #[serde(rename = "type")]
    name: String,
    /// The kind of problem in words.
    title: &'static str,
    /// The HTTP status.
    #[schema(minimum = 400, maximum = 599)]
    status: u16,
    /// What was wrong this time, and what to do.
    detail: String,
    /// Which fields were refused, and why.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    errors: Vec<FieldError>,
    #[serde(skip)]
    kind: Kind,
    #[serde(skip)]
    retry_after_s: Option<u32>,
    /// The reason in the OpenAI-compatible API, when the kind does not say it.
    #[serde(skip)]
    code: Option<&'static str>,
}

/// A field that was refused.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub(crate) struct FieldError {
    /// Name of the field or parameter.
    field: String,
    /// Why, and what to write instead.
    message: String,
}

impl Problem {
    pub(crate) fn new(kind: Kind, detail: impl Into<String>) -> Self {
        let (name, title, status) = kind.parts();
        Self {
            name: format!("/problems/{name}"),
            title,
            status: status.as_u16(),
            detail: detail.into(),
            errors: Vec::new(),
            kind,
            retry_after_s: None,
            code: None,
        }
    }

    /// The same with this reason for programs.
    pub(crate) fn with_code(self, code: &'static str) -> Self {
        Self {
            code: Some(code),
            ..self
        }
    }

    /// What was wrong this time.
    pub(crate) fn detail(&self) -> &str {
        &self.detail
    }

    /// The field that was refused, if it was one.
    pub(crate) fn field(&self) -> Option<&str> {
        let field = self.errors.first().map(|error| error.field.as_str());
        field.filter(|field| !field.is_empty())
    }

    /// A field was refused; `message` says why.
    pub(crate) fn invalid(field: impl Into<String>, message: impl Into<String>) -> Self {
        let (field, message) = (field.into(), message.into());
        let detail = if field.is_empty() {
            message.clone()
        } else {
            format!("{field}: {message}")
        };
        Self {
            errors: vec![FieldError { field, message }],
            ..Self::new(Kind::Validation, detail)
        }
    }

    pub(crate) fn not_found(what: &str) -> Self {
        Self::new(
            Kind::NotFound,
            format!("there is no such {what}, or it is not yours"),
        )
    }

    /// No model is called so; the text says which there are.
    fn unknown_model(detail: String) -> Self {
        Self {
            errors: vec![FieldError {
                field: "model".to_owned(),
                message: detail.clone(),
            }],
            ..Self::new(Kind::NotFound, detail).with_code("model_not_found")
        }
    }

    pub(crate) fn unknown_path() -> Self {
        Self::new(
            Kind::NotFound,
            "nothing answers at this address; /openapi.json lists what does",
        )
    }

    pub(crate) fn method_not_allowed() -> Self {
        Self::new(
            Kind::MethodNotAllowed,
            "use one of the methods in the `Allow` header",
        )
    }

    pub(crate) fn too_many_requests(wait_s: u64) -> Self {
        let detail = format!("too many attempts from your address; wait {wait_s} s and try again");
        Self {
            retry_after_s: Some(u32::try_from(wait_s).unwrap_or(u32::MAX)),
            ..Self::new(Kind::TooManyRequests, detail)
        }
    }

    pub(crate) fn internal() -> Self {
        Self::new(
            Kind::Internal,
            "this is a fault of the server, and its log says more; try again, or tell whoever runs it the `x-request-id` \
             of this answer",
        )
    }

    pub(crate) fn timed_out() -> Self {
        let detail = "the request took too long and was stopped; try again, with a smaller request if it happens again";
        Self {
            retry_after_s: Some(RETRY_SECONDS),
            ..Self::new(Kind::TimedOut, detail)
        }
    }

    fn unavailable(detail: impl Into<String>) -> Self {
        Self {
            retry_after_s: Some(RETRY_SECONDS),
            ..Self::new(Kind::Unavailable, detail)
        }
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let status = self.kind.parts().2;
        let body = serde_json::to_vec(&self)
            .expect("BUG: a problem of strings and numbers always serialises");
        let mut response = (status, [(header::CONTENT_TYPE, CONTENT_TYPE)], body).into_response();
        let headers = response.headers_mut();
        if let Some(seconds) = self.retry_after_s {
            headers.insert(header::RETRY_AFTER, HeaderValue::from(seconds));
        }
        if status == StatusCode::UNAUTHORIZED {
            headers.insert(
                header::WWW_AUTHENTICATE,
                HeaderValue::from_static("Bearer realm=\"CodeGenie\""),
            );
        }
        // Kept with the answer for `middleware::shape_refusals`.
        response.extensions_mut().insert(self);
        response
    }
}

impl From<StoreError> for Problem {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::Conflict(conflict) => Self::new(Kind::Conflict, conflict.to_string()),
            StoreError::Unavailable(reason) => {
                tracing::warn!(reason, "the database is unavailable");
                Self::unavailable(
                    "the database does not answer now; nothing was changed, try again in a moment",
                )
            }
            StoreError::Corrupt(reason) => {
                tracing::error!(reason, "a stored row cannot be read");
                Self::internal()
            }
        }
    }
}

impl From<Forbidden> for Problem {
    fn from(error: Forbidden) -> Self {
        Self::new(Kind::Forbidden, error.to_string())
    }
}

impl From<AccountError> for Problem {
    fn from(error: AccountError) -> Self {
        let detail = error.to_string();
        match error {
            AccountError::Invalid { field, reason } => Self::invalid(field, reason.to_string()),
            AccountError::AdminNotForRegistration => Self::invalid("role", detail),
            AccountError::RegistrationClosed | AccountError::SetupLink => {
                Self::new(Kind::Forbidden, detail)
            }
            AccountError::Taken | AccountError::Administrators(_) => {
                Self::new(Kind::Conflict, detail)
            }
            AccountError::WrongCredentials => Self::new(Kind::WrongCredentials, detail),
            AccountError::NotFound => Self::new(Kind::NotFound, detail),
            AccountError::Forbidden(forbidden) => forbidden.into(),
            AccountError::Hashing => Self::unavailable(detail),
            AccountError::Store(error) => error.into(),
        }
    }
}

impl From<TokenError> for Problem {
    fn from(error: TokenError) -> Self {
        match error {
            TokenError::Name(reason) => Self::invalid("name", reason.to_string()),
            TokenError::Days(_) => Self::invalid("expires_in_days", error.to_string()),
            TokenError::TooMany => Self::new(Kind::Conflict, error.to_string()),
            TokenError::NotFound => Self::new(Kind::NotFound, error.to_string()),
            TokenError::Forbidden(forbidden) => forbidden.into(),
            TokenError::Store(error) => error.into(),
        }
    }
}

impl From<ConversationError> for Problem {
    fn from(error: ConversationError) -> Self {
        match error {
            ConversationError::NotFound => Self::new(Kind::NotFound, error.to_string()),
            ConversationError::Title(reason) => Self::invalid("title", reason.to_string()),
            ConversationError::Store(error) => error.into(),
        }
    }
}

impl From<SandboxError> for Problem {
    fn from(error: SandboxError) -> Self {
        match error {
            SandboxError::Invalid { field, reason } => Self::invalid(field, reason),
            SandboxError::Busy => Self {
                retry_after_s: Some(RETRY_SECONDS),
                ..Self::new(Kind::TooManyRequests, error.to_string())
            },
            SandboxError::Forbidden(forbidden) => forbidden.into(),
        }
    }
}

impl From<ModelError> for Problem {
    fn from(error: ModelError) -> Self {
        let detail = error.to_string();
        match error {
            ModelError::Invalid { field, reason } => Self::invalid(field, reason),
            ModelError::UnknownJob => Self::new(Kind::NotFound, detail),
            ModelError::TooManyJobs => Self {
                retry_after_s: Some(RETRY_SECONDS),
                ..Self::new(Kind::TooManyRequests, detail)
            },
            ModelError::JobRuns(_) | ModelError::Pinned(_) | ModelError::NotLoaded(_) => {
                Self::new(Kind::Conflict, detail)
            }
            ModelError::Catalogue(error) => error.into(),
            ModelError::Residence(error) => error.into(),
            ModelError::Forbidden(forbidden) => forbidden.into(),
        }
    }
}

impl From<CatalogueError> for Problem {
    fn from(error: CatalogueError) -> Self {
        let detail = error.to_string();
        match error {
            CatalogueError::Unknown(_) => Self::new(Kind::NotFound, detail),
            CatalogueError::Taken(_) => Self::new(Kind::Conflict, detail),
            CatalogueError::Invalid(reason) => Self::invalid("", reason),
            CatalogueError::Cancelled => Self::new(Kind::Malformed, detail),
            CatalogueError::Hub(_) => Self::unavailable(detail),
            CatalogueError::Io(reason) => {
                // The reason names folders of the server.
                tracing::error!(reason, "the models folder cannot be used");
                Self::unavailable(
                    "the models folder cannot be read or written, or its disk is full; the server's log says more",
                )
            }
        }
    }
}

impl From<QualityError> for Problem {
    fn from(error: QualityError) -> Self {
        match error {
            QualityError::Forbidden(forbidden) => forbidden.into(),
            QualityError::Store(error) => error.into(),
        }
    }
}

impl From<KnowledgeError> for Problem {
    fn from(error: KnowledgeError) -> Self {
        match error {
            KnowledgeError::Invalid { field, reason } => Self::invalid(field, reason.to_string()),
            KnowledgeError::Syntax(_) => Self::invalid("implementation", error.to_string()),
            KnowledgeError::Tests(reason) => Self::invalid("tests", reason),
            KnowledgeError::Sandbox(error) => error.into(),
            KnowledgeError::Forbidden(forbidden) => forbidden.into(),
            KnowledgeError::Store(error) => error.into(),
            KnowledgeError::HumanEval(_) | KnowledgeError::Library(_) => {
                tracing::error!(%error, "importing knowledge failed");
                Self::internal()
            }
        }
    }
}

impl From<ReplayError> for Problem {
    fn from(error: ReplayError) -> Self {
        match error {
            ReplayError::NotFound => Self::new(Kind::NotFound, error.to_string()),
            ReplayError::NotWritten
            | ReplayError::Writing(
                WritingError::UnknownModel(_)
                | WritingError::UnknownAdapter { .. }
                | WritingError::TooLong { .. }
                | WritingError::Refused(_),
            ) => Self::new(Kind::Conflict, error.to_string()),
            ReplayError::Slow(_)
            | ReplayError::Writing(
                WritingError::NoMemory { .. }
                | WritingError::Busy(_)
                | WritingError::Failed { .. }
                | WritingError::Closing,
            ) => Self::unavailable(error.to_string()),
            ReplayError::Store(error) => error.into(),
        }
    }
}

impl From<AskError> for Problem {
    fn from(error: AskError) -> Self {
        match error {
            AskError::UnknownConversation => Self::new(Kind::NotFound, error.to_string()),
            AskError::Cancelled => Self::unavailable("the question was cancelled; ask again"),
            AskError::Store(error) => error.into(),
        }
    }
}
