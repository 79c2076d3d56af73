//! One's own conversations, their messages, and the receipts of answers.

use axum::Json as JsonAnswer;
use axum::extract::State;
use axum::http::StatusCode;
use domain::id::{ConversationId, ReceiptId};

use super::Answered;
use crate::access::Caller;
use crate::extract::{Id, Json, Query};
use crate::state::Shared;
use crate::wire::conversations::{
    ConversationList, ConversationResponse, MessageList, ReceiptResponse, RenameRequest,
};
use crate::wire::page::{ListParams, PageParams};

/// List your conversations.
#[utoipa::path(
    get, path = "/api/v1/conversations", tag = "conversations", params(ListParams),
    responses((status = OK, body = ConversationList, description = "Those that contain every word of the search, latest first."))
)]
pub(crate) async fn list_conversations(
    State(shared): State<Shared>,
    caller: Caller,
    Query(params): Query<ListParams>,
) -> Answered<JsonAnswer<ConversationList>> {
    let page = shared
        .api
        .conversations
        .list(&caller.0, params.search(), params.page()?)
        .await?;
    Ok(JsonAnswer(page.into()))
}

/// Get one of your conversations.
#[utoipa::path(
    get, path = "/api/v1/conversations/{id}", tag = "conversations",
    params(("id" = uuid::Uuid, Path, description = "The conversation.")),
    responses(
        (status = OK, body = ConversationResponse, description = "The conversation."),
        (status = NOT_FOUND),
    )
)]
pub(crate) async fn get_conversation(
    State(shared): State<Shared>,
    caller: Caller,
    Id(id): Id<ConversationId>,
) -> Answered<JsonAnswer<ConversationResponse>> {
    let conversation = shared.api.conversations.get(&caller.0, id).await?;
    Ok(JsonAnswer(conversation.into()))
}

/// Rename one of your conversations.
#[utoipa::path(
    patch, path = "/api/v1/conversations/{id}", tag = "conversations", request_body = RenameRequest,
    params(("id" = uuid::Uuid, Path, description = "The conversation.")),
    responses(
        (status = OK, body = ConversationResponse, description = "The conversation as it is now."),
        (status = NOT_FOUND),
    )
)]
pub(crate) async fn rename_conversation(
    State(shared): State<Shared>,
    caller: Caller,
    Id(id): Id<ConversationId>,
    Json(request): Json<RenameRequest>,
) -> Answered<JsonAnswer<ConversationResponse>> {
    let title = request.title.0;
    let conversation = shared
        .api
        .conversations
        .rename(&caller.0, id, title.as_str())
        .await?;
    Ok(JsonAnswer(conversation.into()))
}

/// Delete one of your conversations with everything in it.
#[utoipa::path(
    delete, path = "/api/v1/conversations/{id}", tag = "conversations",
    params(("id" = uuid::Uuid, Path, description = "The conversation.")),
    responses(
        (status = NO_CONTENT, description = "Deleted."),
        (status = NOT_FOUND),
    )
)]
pub(crate) async fn remove_conversation(
    State(shared): State<Shared>,
    caller: Caller,
    Id(id): Id<ConversationId>,
) -> Answered<StatusCode> {
    shared.api.conversations.remove(&caller.0, id).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// List the messages of one of your conversations.
#[utoipa::path(
    get, path = "/api/v1/conversations/{id}/messages", tag = "conversations",
    params(("id" = uuid::Uuid, Path, description = "The conversation."), PageParams),
    responses(
        (status = OK, body = MessageList, description = "Its messages, oldest first."),
        (status = NOT_FOUND),
    )
)]
pub(crate) async fn list_messages(
    State(shared): State<Shared>,
    caller: Caller,
    Id(id): Id<ConversationId>,
    Query(params): Query<PageParams>,
) -> Answered<JsonAnswer<MessageList>> {
    let page = shared
        .api
        .conversations
        .list_messages(&caller.0, id, params.page()?)
        .await?;
    Ok(JsonAnswer(page.into()))
}

/// Get the receipt of one of your answers: how it came about, step by step.
#[utoipa::path(
    get, path = "/api/v1/receipts/{id}", tag = "conversations",
    params(("id" = uuid::Uuid, Path, description = "The receipt.")),
    responses(
        (status = OK, body = ReceiptResponse, description = "The receipt."),
        (status = NOT_FOUND),
    )
)]
pub(crate) async fn get_receipt(
    State(shared): State<Shared>,
    caller: Caller,
    Id(id): Id<ReceiptId>,
) -> Answered<JsonAnswer<ReceiptResponse>> {
    let receipt = shared.api.conversations.get_receipt(&caller.0, id).await?;
    Ok(JsonAnswer(receipt.into()))
}
