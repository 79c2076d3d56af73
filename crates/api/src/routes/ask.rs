//! Asking: generating, explaining, routing. The answer comes as JSON or, when asked for, as server-sent events.

use app::ask::Asker;
use axum::Json as JsonAnswer;
use axum::extract::State;
use axum::http::{HeaderMap, header};
use axum::response::{IntoResponse, Response};
use domain::ask::Question;
use domain::id::ReceiptId;

use super::Answered;
use crate::access::Caller;
use crate::extract::{Id, Json};
use crate::state::Shared;
use crate::stream::stream_answer;
use crate::wire::ask::{
    AnswerResponse, AskRequest, ExplainRequest, GenerateRequest, RouteRequest, RouteResponse,
};
use crate::wire::replay::ReplayResponse;

/// Ask anything.
///
/// With `stream: true` or `Accept: text/event-stream` the answer comes as events in this order: `route`, `sources`,
/// `token` (many times), `check`, then `done` with the whole answer as JSON or `error` with a problem. While a language model
/// takes part, `progress` comes in between, a few times a second at most, as a `ProgressEvent`: whether the model waits for its turn,
/// is loaded, reads, writes, is checked or mends its code. Code is sent after its checks; an explanation while it is written.
#[utoipa::path(
    post, path = "/api/v1/ask", tag = "ask", request_body = AskRequest,
    responses(
        (status = OK, description = "The answer.", content(
            (AnswerResponse = "application/json"), (String = "text/event-stream")
        )),
        (status = NOT_FOUND),
    )
)]
pub(crate) async fn ask(
    State(shared): State<Shared>,
    caller: Caller,
    headers: HeaderMap,
    Json(request): Json<AskRequest>,
) -> Answered<Response> {
    let streams = request.stream.unwrap_or_else(|| accepts_events(&headers));
    answer(shared, caller, request.try_into()?, streams).await
}

/// Generate code.
///
/// Streams like `/api/v1/ask`, with the same events.
#[utoipa::path(
    post, path = "/generate", tag = "ask", request_body = GenerateRequest,
    responses(
        (status = OK, description = "The answer.", content(
            (AnswerResponse = "application/json"), (String = "text/event-stream")
        )),
        (status = NOT_FOUND),
    )
)]
pub(crate) async fn generate(
    State(shared): State<Shared>,
    caller: Caller,
    headers: HeaderMap,
    Json(request): Json<GenerateRequest>,
) -> Answered<Response> {
    let streams = request.stream.unwrap_or_else(|| accepts_events(&headers));
    answer(shared, caller, request.try_into()?, streams).await
}

/// Explain code or an idea.
///
/// Streams like `/api/v1/ask`, with the same events.
#[utoipa::path(
    post, path = "/explain", tag = "ask", request_body = ExplainRequest,
    responses(
        (status = OK, description = "The answer.", content(
            (AnswerResponse = "application/json"), (String = "text/event-stream")
        )),
        (status = NOT_FOUND),
    )
)]
pub(crate) async fn explain(
    State(shared): State<Shared>,
    caller: Caller,
    headers: HeaderMap,
    Json(request): Json<ExplainRequest>,
) -> Answered<Response> {
    let streams = request.stream.unwrap_or_else(|| accepts_events(&headers));
    answer(shared, caller, request.try_into()?, streams).await
}

/// Have the language model of one of your answers write it again.
///
/// The same model gets the same words with the same seed. The answer says whether the text is the same, and where it parts
/// from the first one. Nothing is stored.
#[utoipa::path(
    post, path = "/api/v1/receipts/{id}/replay", tag = "ask",
    params(("id" = uuid::Uuid, Path, description = "The receipt of the answer.")),
    responses(
        (status = OK, body = ReplayResponse, description = "The text, and whether it is the same."),
        (status = NOT_FOUND),
        (status = CONFLICT),
    )
)]
pub(crate) async fn replay(
    State(shared): State<Shared>,
    caller: Caller,
    Id(id): Id<ReceiptId>,
) -> Answered<JsonAnswer<ReplayResponse>> {
    let replay = shared.api.ask.replay(&caller.0, id).await?;
    Ok(JsonAnswer(replay.into()))
}

/// Route a message without answering it.
#[utoipa::path(
    post, path = "/api/v1/route", tag = "ask", request_body = RouteRequest,
    responses((status = OK, body = RouteResponse, description = "Where the message goes, and why."))
)]
pub(crate) async fn route_message(
    State(shared): State<Shared>,
    Json(request): Json<RouteRequest>,
) -> Answered<JsonAnswer<RouteResponse>> {
    let (message, history) = request.into_parts()?;
    Ok(JsonAnswer(
        shared.api.ask.route(&message, &history).await.into(),
    ))
}

async fn answer(
    shared: Shared,
    caller: Caller,
    question: Question,
    streams: bool,
) -> Answered<Response> {
    if streams {
        return stream_answer(shared, caller.0, question).await;
    }
    // When the client goes away the server drops this future, and the work with it.
    let answered = shared
        .api
        .ask
        .ask(Asker::Account(&caller.0), question, None)
        .await?;
    Ok(JsonAnswer(AnswerResponse::from(answered)).into_response())
}

fn accepts_events(headers: &HeaderMap) -> bool {
    let accepted = headers
        .get_all(header::ACCEPT)
        .iter()
        .filter_map(|value| value.to_str().ok());
    accepted
        .flat_map(|value| value.split(','))
        .any(|media_type| {
            let essence = media_type.split(';').next().unwrap_or_default();
            essence.trim().eq_ignore_ascii_case("text/event-stream")
        })
}
