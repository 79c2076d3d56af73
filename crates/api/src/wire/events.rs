//! What is told on the wire while an answer is being made.

use domain::ask::AskProgress;
use serde::Serialize;
use utoipa::ToSchema;

use super::ask::Source;
use super::names::{Name, StageName};

/// The `sources` event.
#[derive(Serialize)]
pub(crate) struct SourcesEvent {
    pub(crate) sources: Vec<Source>,
}

/// The `progress` event: how far a language model has come. It is sent a few times a second at most.
#[derive(Serialize, ToSchema)]
#[schema(example = json!({"stage": "writing", "model": "phi-2", "position": null, "estimate_ms": null, "tokens": 112}))]
pub(crate) struct ProgressEvent {
    /// What the answer is waiting for.
    stage: StageName,
    /// The model.
    model: String,
    /// Requests that come before this one, while it waits.
    #[schema(required)]
    position: Option<u32>,
    /// Time until the model begins, milliseconds, where it can be told.
    #[schema(required)]
    estimate_ms: Option<u64>,
    /// Tokens of the prompt while it is read; about how many were written while the model writes.
    #[schema(required)]
    tokens: Option<u32>,
}

impl From<AskProgress> for ProgressEvent {
    fn from(progress: AskProgress) -> Self {
        Self {
            stage: Name(progress.stage),
            model: progress.model.to_string(),
            position: progress.position,
            estimate_ms: progress.estimate_ms,
            tokens: progress.tokens,
        }
    }
}

/// The `token` event.
#[derive(Serialize)]
pub(crate) struct TokenEvent {
    pub(crate) text: String,
}
