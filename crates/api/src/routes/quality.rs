//! How well answers did: counts alone, without a word of what was asked.

use axum::Json as JsonAnswer;
use axum::extract::State;

use super::Answered;
use crate::access::Caller;
use crate::extract::Query;
use crate::state::Shared;
use crate::wire::quality::{QualityParams, QualityResponse};

/// How much of the code in answers parses and passes, by day and by the part that answered.
#[utoipa::path(
    get, path = "/api/v1/admin/quality", tag = "administration", params(QualityParams),
    responses((status = OK, body = QualityResponse, description = "Counts of the checks of answers with code."))
)]
pub(crate) async fn find_quality(
    State(shared): State<Shared>,
    caller: Caller,
    Query(params): Query<QualityParams>,
) -> Answered<JsonAnswer<QualityResponse>> {
    let counted = shared.api.quality.report(&caller.0, params.days()?).await?;
    Ok(JsonAnswer(counted.into()))
}
