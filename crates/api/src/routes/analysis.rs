//! Reading code without running it.

use axum::Json as JsonAnswer;
use axum::extract::State;

use super::Answered;
use crate::extract::Json;
use crate::problem::Problem;
use crate::state::Shared;
use crate::wire::analysis::{AnalysisRequest, AnalysisResponse};

/// Analyse code: its language, what does not parse, its numbers, what looks wrong, and what it does.
#[utoipa::path(
    post, path = "/api/v1/analysis", tag = "analysis", request_body = AnalysisRequest,
    responses((status = OK, body = AnalysisResponse, description = "What the code says about itself."))
)]
pub(crate) async fn analyse(
    State(shared): State<Shared>,
    Json(request): Json<AnalysisRequest>,
) -> Answered<JsonAnswer<AnalysisResponse>> {
    let analyser = shared.api.analyser.clone();
    // Parsing may take some milliseconds, which the threads that wait for I/O do not have.
    let reading = tokio::task::spawn_blocking(move || {
        let style = request.style();
        let code = request.code.0.as_str();
        let language = request
            .language
            .map(|language| language.0)
            .or_else(|| analyser.detect_language(code))?;
        Some(analyser.analyse(language, code, style))
    });
    match reading.await {
        Ok(Some(analysis)) => Ok(JsonAnswer(analysis.into())),
        Ok(None) => Err(Problem::invalid(
            "language",
            "the language cannot be told from this code; name it in `language`",
        )),
        Err(failure) => {
            tracing::error!(%failure, "analysing code panicked");
            Err(Problem::internal())
        }
    }
}
