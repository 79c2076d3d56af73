//! API tokens: made, listed and revoked by whoever signed in. What they are worth is decided in `access`.

use axum::Json as JsonAnswer;
use axum::extract::State;
use axum::http::StatusCode;
use domain::id::TokenId;

use super::Answered;
use crate::access::Caller;
use crate::extract::{Id, Json};
use crate::state::Shared;
use crate::wire::tokens::{ApiTokenListResponse, CreateApiTokenRequest, CreatedApiTokenResponse};

/// List your API tokens.
#[utoipa::path(
    get, path = "/api/v1/tokens", tag = "tokens",
    responses((status = OK, body = ApiTokenListResponse, description = "Your tokens, without their secrets."))
)]
pub(crate) async fn list_tokens(
    State(shared): State<Shared>,
    caller: Caller,
) -> Answered<JsonAnswer<ApiTokenListResponse>> {
    let tokens = shared.api.tokens.list(&caller.0).await?;
    Ok(JsonAnswer(tokens.into()))
}

/// Make an API token.
///
/// It acts with the role of your account, but manages neither accounts, tokens nor models. An account has 20 at most.
#[utoipa::path(
    post, path = "/api/v1/tokens", tag = "tokens", request_body = CreateApiTokenRequest,
    responses(
        (status = CREATED, body = CreatedApiTokenResponse, description = "The token with its secret, which is told this once."),
        (status = CONFLICT),
    )
)]
pub(crate) async fn create_token(
    State(shared): State<Shared>,
    caller: Caller,
    Json(request): Json<CreateApiTokenRequest>,
) -> Answered<(StatusCode, JsonAnswer<CreatedApiTokenResponse>)> {
    let (token, secret) = shared
        .api
        .tokens
        .create(&caller.0, &request.name.0, request.expires_in_days)
        .await?;
    let answer = CreatedApiTokenResponse::new(&token, &secret);
    Ok((StatusCode::CREATED, JsonAnswer(answer)))
}

/// Revoke an API token; it stops working at once.
#[utoipa::path(
    delete, path = "/api/v1/tokens/{id}", tag = "tokens",
    params(("id" = uuid::Uuid, Path, description = "The token.")),
    responses((status = NO_CONTENT, description = "Revoked."), (status = NOT_FOUND))
)]
pub(crate) async fn revoke_token(
    State(shared): State<Shared>,
    caller: Caller,
    Id(id): Id<TokenId>,
) -> Answered<StatusCode> {
    shared.api.tokens.revoke(&caller.0, id).await?;
    Ok(StatusCode::NO_CONTENT)
}
