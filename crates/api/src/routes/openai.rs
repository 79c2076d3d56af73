//! The OpenAI-compatible API: chats, continued texts, embeddings and the list of models. Its refusals have OpenAI's shape.

use axum::Json as JsonAnswer;
use axum::extract::State;
use axum::response::{IntoResponse, Response};

use super::Answered;
use crate::access::Caller;
use crate::extract::{LongJson, Rest};
use crate::state::Shared;
use crate::wire::openai::Heading;
use crate::wire::openai::chat::{ChatCompletion, ChatCompletionChunk, ChatCompletionRequest};
use crate::wire::openai::completions::{CompletionRequest, TextCompletion};
use crate::wire::openai::embeddings::{EmbeddingRequest, EmbeddingResponse};
use crate::wire::openai::logprobs::TextLogprobs;
use crate::wire::openai::models::{OpenAiModel, OpenAiModelList};
use crate::writing_stream::{Form, read_whole, stream_writing};

/// Continue a chat.
///
/// With `stream: true` the answer comes as server-sent events: each a `ChatCompletionChunk` as JSON, the last `[DONE]`. What goes
/// wrong after the first piece comes as an event with an `error`. Tools, sound and images are refused; unknown fields are ignored.
#[utoipa::path(
    post, path = "/v1/chat/completions", tag = "openai", request_body = ChatCompletionRequest,
    responses(
        (status = OK, description = "The answer.", content(
            (ChatCompletion = "application/json"), (ChatCompletionChunk = "text/event-stream")
        )),
        (status = NOT_FOUND),
        (status = TOO_MANY_REQUESTS),
    )
)]
pub(crate) async fn complete_chat(
    State(shared): State<Shared>,
    caller: Caller,
    LongJson(request): LongJson<ChatCompletionRequest>,
) -> Answered<Response> {
    let (wanted, form) = request.into_parts()?;
    let heading = heading(&shared, "chatcmpl-", &wanted.model);
    let tells_tokens = wanted.logprobs.is_some();
    let writing = shared.api.completions.write(&caller.0, wanted).await?;
    if form.streams {
        return stream_writing(writing, Form::Chat(form, tells_tokens), heading).await;
    }
    // When the client goes away the server drops this future, and the text with it.
    let whole = read_whole(writing).await?;
    let tokens = tells_tokens.then_some(whole.tokens);
    let answer = ChatCompletion::new(heading, whole.text, tokens, &whole.finished);
    Ok(JsonAnswer(answer).into_response())
}

/// Continue a text.
///
/// Streams like `/v1/chat/completions`, in pieces of the same form as the whole answer.
#[utoipa::path(
    post, path = "/v1/completions", tag = "openai", request_body = CompletionRequest,
    responses(
        (status = OK, description = "The continuation.", content(
            (TextCompletion = "application/json"), (TextCompletion = "text/event-stream")
        )),
        (status = NOT_FOUND),
        (status = TOO_MANY_REQUESTS),
    )
)]
pub(crate) async fn complete_text(
    State(shared): State<Shared>,
    caller: Caller,
    LongJson(request): LongJson<CompletionRequest>,
) -> Answered<Response> {
    let (wanted, form) = request.into_parts()?;
    let heading = heading(&shared, "cmpl-", &wanted.model);
    let tells_tokens = wanted.logprobs.is_some();
    let writing = shared.api.completions.write(&caller.0, wanted).await?;
    if form.streams {
        return stream_writing(writing, Form::Text(form, tells_tokens), heading).await;
    }
    let whole = read_whole(writing).await?;
    let tokens = tells_tokens.then_some(whole.tokens);
    let logprobs = tokens.map(|tokens| TextLogprobs::new(tokens, &mut 0));
    let answer = TextCompletion::whole(&heading, whole.text, logprobs, &whole.finished);
    Ok(JsonAnswer(answer).into_response())
}

/// Turn texts into vectors.
#[utoipa::path(
    post, path = "/v1/embeddings", tag = "openai", request_body = EmbeddingRequest,
    responses(
        (status = OK, body = EmbeddingResponse, description = "A vector of unit length for each text."),
        (status = NOT_FOUND),
    )
)]
pub(crate) async fn embed(
    State(shared): State<Shared>,
    caller: Caller,
    LongJson(request): LongJson<EmbeddingRequest>,
) -> Answered<JsonAnswer<EmbeddingResponse>> {
    let (model, texts, form) = request.into_parts();
    let service = &shared.api.completions;
    let vectors = service.embed(&caller.0, &model, &texts).await?;
    Ok(JsonAnswer(EmbeddingResponse::new(&form, vectors)?))
}

/// List the models that can be asked.
#[utoipa::path(
    get, path = "/v1/models", tag = "openai",
    responses((status = OK, body = OpenAiModelList, description = "Language models by name, with their adapters, then the one for embeddings."))
)]
pub(crate) async fn list_openai_models(
    State(shared): State<Shared>,
) -> JsonAnswer<OpenAiModelList> {
    JsonAnswer(shared.api.completions.list_models().await.into())
}

/// Whether a model can be asked.
#[utoipa::path(
    get, path = "/v1/models/{*id}", tag = "openai",
    params(("id" = String, Path, description = "Its name; slashes may be written as they are.", example = "phi-2")),
    responses((status = OK, body = OpenAiModel, description = "The model."), (status = NOT_FOUND))
)]
pub(crate) async fn find_openai_model(
    State(shared): State<Shared>,
    Rest(name): Rest,
) -> Answered<JsonAnswer<OpenAiModel>> {
    let name = shared.api.completions.find_model(&name).await?;
    Ok(JsonAnswer(name.into()))
}

fn heading(shared: &Shared, prefix: &str, model: &str) -> Heading {
    let mut bytes = [0_u8; 12];
    shared.api.entropy.fill(&mut bytes);
    let random = bytes.iter().map(|byte| format!("{byte:02x}"));
    Heading {
        id: format!("{prefix}{}", random.collect::<String>()),
        created: shared.api.clock.now().seconds(),
        model: model.to_owned(),
    }
}
