//! A text that a language model wrote again, on the wire.

use app::ask::{Difference, Replay};
use serde::Serialize;
use utoipa::ToSchema;

/// A text that was written again.
#[derive(Serialize, ToSchema)]
#[schema(example = json!({
    "model": "phi-2", "seed": 4711, "same": true, "text": "```python\ndef f(x):\n    return x * 2\n```", "difference": null
}))]
pub(crate) struct ReplayResponse {
    /// The model.
    model: String,
    /// The seed.
    seed: u64,
    /// Whether it is the same as the first one, to the letter.
    same: bool,
    /// What the model wrote now; as far as the first one went, when that was broken off.
    text: String,
    /// Where it parts from the first one; null when it is the same.
    #[schema(required)]
    difference: Option<DifferenceResponse>,
}

/// Where two texts part.
#[derive(Serialize, ToSchema)]
pub(crate) struct DifferenceResponse {
    /// Characters that are the same in both.
    same_chars: usize,
    /// How the first one went on, cut short.
    was: String,
    /// How the new one goes on, cut short.
    is: String,
    /// Why that may be.
    reason: String,
}

impl From<Replay> for ReplayResponse {
    fn from(replay: Replay) -> Self {
        Self {
            model: replay.model.to_string(),
            seed: replay.seed,
            same: replay.difference.is_none(),
            text: replay.text,
            difference: replay.difference.map(DifferenceResponse::from),
        }
    }
}

impl From<Difference> for DifferenceResponse {
    fn from(difference: Difference) -> Self {
        Self {
            same_chars: difference.same_chars,
            was: difference.was,
            is: difference.is,
            reason: difference.reason,
        }
    }
}
