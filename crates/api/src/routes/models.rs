//! The language models of this instance: which there are, which are in memory, and the jobs that fetch and shrink them.

use app::models::{JobId, QuantiseWish};
use axum::Json as JsonAnswer;
use axum::body::Body;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode, header};
use domain::models::ModelName;

use super::Answered;
use crate::access::Caller;
use crate::extract::{Id, Json};
use crate::problem::{Kind, Problem};
use crate::state::Shared;
use crate::upload::BodyPieces;
use crate::wire::models::{
    JobList, JobResponse, LedgerResponse, ModelResponse, ModelsResponse, PinRequest,
    PullModelRequest, QuantiseRequest,
};

/// List the language models and the tasks they serve.
#[utoipa::path(
    get, path = "/api/v1/models", tag = "models",
    responses((status = OK, body = ModelsResponse, description = "Models by name, and every task with the model that serves it."))
)]
pub(crate) async fn list_models(
    State(shared): State<Shared>,
    caller: Caller,
) -> Answered<JsonAnswer<ModelsResponse>> {
    Ok(JsonAnswer(shared.api.models.list(&caller.0).await?.into()))
}

/// See which models are in memory, what they take, and who waits.
#[utoipa::path(
    get, path = "/api/v1/models/ledger", tag = "models",
    responses((status = OK, body = LedgerResponse, description = "The memory for models as it is now."))
)]
pub(crate) async fn find_ledger(
    State(shared): State<Shared>,
    caller: Caller,
) -> Answered<JsonAnswer<LedgerResponse>> {
    Ok(JsonAnswer(
        shared.api.models.ledger(&caller.0).await?.into(),
    ))
}

/// Fetch a model from the hub.
///
/// The job goes on when the client leaves. What an attempt fetched is kept, and the next one goes on from there.
#[utoipa::path(
    post, path = "/api/v1/models/pull", tag = "models", request_body = PullModelRequest,
    responses(
        (status = ACCEPTED, body = JobResponse, description = "The job that fetches it."),
        (status = CONFLICT),
        (status = TOO_MANY_REQUESTS),
    )
)]
pub(crate) async fn pull_model(
    State(shared): State<Shared>,
    caller: Caller,
    Json(request): Json<PullModelRequest>,
) -> Answered<(StatusCode, JsonAnswer<JobResponse>)> {
    let job = shared.api.models.pull(&caller.0, request.into_request())?;
    Ok((StatusCode::ACCEPTED, JsonAnswer(job.into())))
}

/// Make a smaller copy of a model.
#[utoipa::path(
    post, path = "/api/v1/models/{name}/quantise", tag = "models", request_body = QuantiseRequest,
    params(("name" = String, Path, description = "The model.")),
    responses(
        (status = ACCEPTED, body = JobResponse, description = "The job that makes it."),
        (status = NOT_FOUND),
        (status = CONFLICT),
        (status = TOO_MANY_REQUESTS),
    )
)]
pub(crate) async fn quantise_model(
    State(shared): State<Shared>,
    caller: Caller,
    Id(model): Id<ModelName>,
    Json(request): Json<QuantiseRequest>,
) -> Answered<(StatusCode, JsonAnswer<JobResponse>)> {
    let wish: QuantiseWish = request.into_wish(model);
    let job = shared.api.models.quantise(&caller.0, wish)?;
    Ok((StatusCode::ACCEPTED, JsonAnswer(job.into())))
}

/// Send the weights of a new model: a GGUF file.
///
/// It is written while it arrives, checked at its end, and refused whole when it cannot be used.
#[utoipa::path(
    put, path = "/api/v1/models/{name}/weights", tag = "models",
    request_body(content = String, content_type = "application/octet-stream", description = "The file."),
    params(("name" = String, Path, description = "Name of the new model.")),
    responses(
        (status = CREATED, body = ModelResponse, description = "The new model."),
        (status = NOT_FOUND),
        (status = CONFLICT),
    )
)]
pub(crate) async fn upload_model(
    State(shared): State<Shared>,
    caller: Caller,
    Id(name): Id<ModelName>,
    headers: HeaderMap,
    body: Body,
) -> Answered<(StatusCode, JsonAnswer<ModelResponse>)> {
    let text = |name| headers.get(name).and_then(|value| value.to_str().ok());
    if text(header::CONTENT_TYPE) != Some("application/octet-stream") {
        return Err(Problem::new(
            Kind::UnsupportedMediaType,
            "send the file as it is, with the header `Content-Type: application/octet-stream`",
        ));
    }
    let size_bytes = text(header::CONTENT_LENGTH).and_then(|length| length.parse().ok());
    let mut pieces = BodyPieces::new(body);
    let models = &shared.api.models;
    let model = models
        .receive(&caller.0, name, size_bytes, &mut pieces)
        .await?;
    Ok((StatusCode::CREATED, JsonAnswer(model.into())))
}

/// List the jobs that fetch and shrink models.
#[utoipa::path(
    get, path = "/api/v1/models/jobs", tag = "models",
    responses((status = OK, body = JobList, description = "Those that run and the last that ended, latest first."))
)]
pub(crate) async fn list_model_jobs(
    State(shared): State<Shared>,
    caller: Caller,
) -> Answered<JsonAnswer<JobList>> {
    Ok(JsonAnswer(shared.api.models.list_jobs(&caller.0)?.into()))
}

/// Get one of the jobs.
#[utoipa::path(
    get, path = "/api/v1/models/jobs/{id}", tag = "models",
    params(("id" = String, Path, description = "The job.")),
    responses(
        (status = OK, body = JobResponse, description = "The job as it is now."),
        (status = NOT_FOUND),
    )
)]
pub(crate) async fn get_model_job(
    State(shared): State<Shared>,
    caller: Caller,
    Id(id): Id<JobId>,
) -> Answered<JsonAnswer<JobResponse>> {
    Ok(JsonAnswer(shared.api.models.get_job(&caller.0, id)?.into()))
}

/// Cancel a job. One that has ended stays as it is.
#[utoipa::path(
    delete, path = "/api/v1/models/jobs/{id}", tag = "models",
    params(("id" = String, Path, description = "The job.")),
    responses(
        (status = OK, body = JobResponse, description = "The job; it ends within moments."),
        (status = NOT_FOUND),
    )
)]
pub(crate) async fn cancel_model_job(
    State(shared): State<Shared>,
    caller: Caller,
    Id(id): Id<JobId>,
) -> Answered<JsonAnswer<JobResponse>> {
    Ok(JsonAnswer(
        shared.api.models.cancel_job(&caller.0, id)?.into(),
    ))
}

/// Load a model ahead of the first question, and wait until it answers.
#[utoipa::path(
    post, path = "/api/v1/models/{name}/load", tag = "models",
    params(("name" = String, Path, description = "The model.")),
    responses(
        (status = NO_CONTENT, description = "It is in memory."),
        (status = NOT_FOUND),
        (status = CONFLICT),
        (status = TOO_MANY_REQUESTS),
    )
)]
pub(crate) async fn load_model(
    State(shared): State<Shared>,
    caller: Caller,
    Id(name): Id<ModelName>,
) -> Answered<StatusCode> {
    shared.api.models.load(&caller.0, &name).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Let a model finish what it began, and unload it.
#[utoipa::path(
    post, path = "/api/v1/models/{name}/unload", tag = "models",
    params(("name" = String, Path, description = "The model.")),
    responses(
        (status = NO_CONTENT, description = "It is not in memory any more."),
        (status = NOT_FOUND),
        (status = CONFLICT),
    )
)]
pub(crate) async fn unload_model(
    State(shared): State<Shared>,
    caller: Caller,
    Id(name): Id<ModelName>,
) -> Answered<StatusCode> {
    shared.api.models.unload(&caller.0, &name).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Keep a model in memory, or no longer.
#[utoipa::path(
    put, path = "/api/v1/models/{name}/pin", tag = "models", request_body = PinRequest,
    params(("name" = String, Path, description = "The model.")),
    responses(
        (status = NO_CONTENT, description = "Noted."),
        (status = NOT_FOUND),
        (status = CONFLICT),
    )
)]
pub(crate) async fn pin_model(
    State(shared): State<Shared>,
    caller: Caller,
    Id(name): Id<ModelName>,
    Json(request): Json<PinRequest>,
) -> Answered<StatusCode> {
    shared
        .api
        .models
        .pin(&caller.0, &name, request.pinned)
        .await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Unload a model and delete its files.
#[utoipa::path(
    delete, path = "/api/v1/models/{name}", tag = "models",
    params(("name" = String, Path, description = "The model.")),
    responses(
        (status = NO_CONTENT, description = "Deleted."),
        (status = NOT_FOUND),
        (status = CONFLICT),
    )
)]
pub(crate) async fn remove_model(
    State(shared): State<Shared>,
    caller: Caller,
    Id(name): Id<ModelName>,
) -> Answered<StatusCode> {
    shared.api.models.remove(&caller.0, &name).await?;
    Ok(StatusCode::NO_CONTENT)
}
