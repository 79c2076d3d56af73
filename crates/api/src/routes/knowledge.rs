//! Searching what is known, and teaching.

use axum::Json as JsonAnswer;
use axum::extract::State;
use axum::http::StatusCode;
use domain::knowledge::Reader;

use super::Answered;
use crate::access::Caller;
use crate::extract::{Json, Query};
use crate::state::Shared;
use crate::wire::knowledge::{SearchParams, SearchResponse, TeachRequest, TeachResponse};

/// Search what is known: published items and your own drafts.
#[utoipa::path(
    get, path = "/api/v1/knowledge/search", tag = "knowledge", params(SearchParams),
    responses((status = OK, body = SearchResponse, description = "What was found, best first."))
)]
pub(crate) async fn search_knowledge(
    State(shared): State<Shared>,
    caller: Caller,
    Query(params): Query<SearchParams>,
) -> Answered<JsonAnswer<SearchResponse>> {
    let reader = Reader::Account(caller.0.account.id);
    let found = shared
        .api
        .knowledge
        .search(reader, &params.try_into()?)
        .await?;
    Ok(JsonAnswer(found.into()))
}

/// Teach a task; it is kept as a draft that you alone find. Its tests are run first, and one that fails refuses it.
#[utoipa::path(
    post, path = "/api/v1/knowledge/tasks", tag = "knowledge", request_body = TeachRequest,
    responses(
        (status = CREATED, body = TeachResponse, description = "The task, and what was checked."),
        (status = TOO_MANY_REQUESTS),
    )
)]
pub(crate) async fn teach_task(
    State(shared): State<Shared>,
    caller: Caller,
    Json(request): Json<TeachRequest>,
) -> Answered<(StatusCode, JsonAnswer<TeachResponse>)> {
    let taught = shared
        .api
        .knowledge
        .teach(&caller.0, request.into())
        .await?;
    Ok((StatusCode::CREATED, JsonAnswer(taught.into())))
}
