//! Models as OpenAI's API lists them.

use serde::Serialize;
use utoipa::ToSchema;

/// A model that can be asked.
#[derive(Serialize, ToSchema)]
#[schema(example = json!({"id": "phi-2", "object": "model", "created": 0, "owned_by": "codegenie"}))]
pub(crate) struct OpenAiModel {
    /// Its name.
    id: String,
    /// Always `model`.
    object: &'static str,
    /// Always 0: when a model was made is not known.
    created: i64,
    /// Always `codegenie`.
    owned_by: &'static str,
}

impl From<String> for OpenAiModel {
    fn from(id: String) -> Self {
        Self {
            id,
            object: "model",
            created: 0,
            owned_by: "codegenie",
        }
    }
}

/// The models that can be asked.
#[derive(Serialize, ToSchema)]
pub(crate) struct OpenAiModelList {
    /// Always `list`.
    object: &'static str,
    /// Language models by name, each followed by itself with its adapters as `NAME:ADAPTER`, then the one for embeddings.
    data: Vec<OpenAiModel>,
}

impl From<Vec<String>> for OpenAiModelList {
    fn from(names: Vec<String>) -> Self {
        Self {
            object: "list",
            data: names.into_iter().map(OpenAiModel::from).collect(),
        }
    }
}
