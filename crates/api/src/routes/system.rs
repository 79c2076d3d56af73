//! The state of this instance, for users, for probes and for monitoring.

use axum::Json as JsonAnswer;
use axum::extract::State;
use axum::http::header;
use axum::response::IntoResponse;
use domain::Language;

use super::Answered;
use crate::state::Shared;
use crate::traffic::render_runs;
use crate::wire::system::{Health, StatusResponse};

/// What this instance can do at the moment.
#[utoipa::path(
    get, path = "/api/v1/system/status", tag = "system",
    responses((status = OK, body = StatusResponse, description = "The state."))
)]
pub(crate) async fn find_status(
    State(shared): State<Shared>,
) -> Answered<JsonAnswer<StatusResponse>> {
    let status = shared.api.system.status().await?;
    let sandbox = &shared.api.sandbox;
    let runnable = Language::ALL
        .into_iter()
        .filter(|language| sandbox.can_run(*language));
    Ok(JsonAnswer(StatusResponse::new(status, runnable)))
}

/// Whether the process runs.
#[utoipa::path(
    get, path = "/health/live", tag = "system",
    responses((status = OK, body = Health, description = "It does."))
)]
pub(crate) async fn check_live() -> JsonAnswer<Health> {
    JsonAnswer(Health::OK)
}

/// Whether requests can be served: the database answers.
#[utoipa::path(
    get, path = "/health/ready", tag = "system",
    responses((status = OK, body = Health, description = "They can."))
)]
pub(crate) async fn check_ready(State(shared): State<Shared>) -> Answered<JsonAnswer<Health>> {
    shared.api.system.check_ready().await?;
    Ok(JsonAnswer(Health::OK))
}

/// Counters in the text format of Prometheus.
#[utoipa::path(
    get, path = "/metrics", tag = "system",
    responses((status = OK, body = String, content_type = "text/plain", description = "The counters."))
)]
pub(crate) async fn show_metrics(State(shared): State<Shared>) -> impl IntoResponse {
    let runs = shared.api.sandbox.report(false).await.runs;
    (
        [(
            header::CONTENT_TYPE,
            "text/plain; version=0.0.4; charset=utf-8",
        )],
        shared.traffic.render() + &render_runs(&runs),
    )
}

/// This description of the API (OpenAPI 3.1).
#[utoipa::path(
    get, path = "/openapi.json", tag = "system",
    responses((status = OK, body = Object, content_type = "application/json", description = "The description."))
)]
pub(crate) async fn show_openapi() -> impl IntoResponse {
    (
        [(header::CONTENT_TYPE, "application/json")],
        crate::openapi::render(),
    )
}
