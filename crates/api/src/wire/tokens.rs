//! API tokens on the wire.

use domain::tokens::{ApiToken, TokenSecret};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

use super::fields::{PlainField, rfc3339};

/// Most bytes of a name that are read; the rule behind is stricter.
const NAME_BYTES_MAX: usize = 1024;

/// A new API token.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"name": "laptop", "expires_in_days": 90}))]
pub(crate) struct CreateApiTokenRequest {
    /// What you call it, 1 to 64 characters.
    #[schema(value_type = String, min_length = 1, max_length = 64, pattern = r"^[^\u0000]*[^\s\u0000][^\u0000]*$")]
    pub(crate) name: PlainField<NAME_BYTES_MAX>,
    /// Days until it ends by itself; it does not when left out.
    #[schema(minimum = 1, maximum = 3650)]
    pub(crate) expires_in_days: Option<u32>,
}

/// A new API token with its secret, which is told this once.
#[derive(Serialize, ToSchema)]
#[schema(example = json!({
    "id": "0198a0c4-5f5e-7c3e-9d53-0c6f3b1f2a11", "name": "laptop", "token": "cg_3q2-7wRk…", "created_at": "2026-11-20T10:15:30.000Z",
    "expires_at": "2027-02-18T10:15:30.000Z"
}))]
pub(crate) struct CreatedApiTokenResponse {
    /// Identity, to revoke it by.
    id: Uuid,
    /// What you call it.
    name: String,
    /// The secret; keep it, it cannot be told again. Send it as `Authorization: Bearer …`.
    token: String,
    /// When it was made.
    #[schema(format = DateTime)]
    created_at: String,
    /// When it ends by itself; null when it does not.
    #[schema(format = DateTime)]
    expires_at: Option<String>,
}

impl CreatedApiTokenResponse {
    pub(crate) fn new(token: &ApiToken, secret: &TokenSecret) -> Self {
        Self {
            id: token.id.0,
            name: token.name.as_str().to_owned(),
            token: secret.reveal().to_owned(),
            created_at: rfc3339(token.created_at),
            expires_at: token.expires_at.map(rfc3339),
        }
    }
}

/// What is known of an API token; never its secret.
#[derive(Serialize, ToSchema)]
#[schema(example = json!({
    "id": "0198a0c4-5f5e-7c3e-9d53-0c6f3b1f2a11", "name": "laptop", "created_at": "2026-11-20T10:15:30.000Z",
    "expires_at": "2027-02-18T10:15:30.000Z", "last_used_at": null
}))]
pub(crate) struct ApiTokenResponse {
    /// Identity, to revoke it by.
    id: Uuid,
    /// What you call it.
    name: String,
    /// When it was made.
    #[schema(format = DateTime)]
    created_at: String,
    /// When it ends by itself; null when it does not.
    #[schema(format = DateTime)]
    expires_at: Option<String>,
    /// When it was last used, to about a minute; null when it never was.
    #[schema(format = DateTime)]
    last_used_at: Option<String>,
}

impl From<ApiToken> for ApiTokenResponse {
    fn from(token: ApiToken) -> Self {
        Self {
            id: token.id.0,
            name: token.name.as_str().to_owned(),
            created_at: rfc3339(token.created_at),
            expires_at: token.expires_at.map(rfc3339),
            last_used_at: token.last_used_at.map(rfc3339),
        }
    }
}

/// Your API tokens.
#[derive(Serialize, ToSchema)]
pub(crate) struct ApiTokenListResponse {
    /// All of them, oldest first.
    tokens: Vec<ApiTokenResponse>,
}

impl From<Vec<ApiToken>> for ApiTokenListResponse {
    fn from(tokens: Vec<ApiToken>) -> Self {
        Self {
            tokens: tokens.into_iter().map(ApiTokenResponse::from).collect(),
        }
    }
}
