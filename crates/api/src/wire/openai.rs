//! The JSON of the OpenAI-compatible API, which others defined: unknown fields are ignored as their servers do, and fields that
//! would change the meaning of a request but cannot be heeded are refused.

pub(crate) mod chat;
pub(crate) mod completions;
pub(crate) mod embeddings;
pub(crate) mod error;
pub(crate) mod logprobs;
pub(crate) mod models;

use domain::models::writing::Finished;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::ToSchema;

use crate::problem::Problem;

/// One text or several.
#[derive(Deserialize, ToSchema)]
#[serde(
    untagged,
    expecting = "invalid type, expected text or a list of texts (numbers of tokens are not read)"
)]
pub(crate) enum OneOrMany {
    /// One.
    One(String),
    /// Several.
    Many(Vec<String>),
}

impl From<OneOrMany> for Vec<String> {
    fn from(texts: OneOrMany) -> Self {
        match texts {
            OneOrMany::One(text) => vec![text],
            OneOrMany::Many(texts) => texts,
        }
    }
}

/// What a stream tells besides the text.
#[derive(Deserialize, ToSchema)]
pub(crate) struct StreamOptions {
    /// Whether a last piece without choices tells the usage.
    #[serde(default)]
    include_usage: Option<bool>,
}

/// Whether the usage is wanted in a stream.
pub(crate) fn includes_usage(options: Option<&StreamOptions>) -> bool {
    options.is_some_and(|options| options.include_usage == Some(true))
}

/// Tokens read and written.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub(crate) struct Usage {
    /// Tokens of the prompt.
    prompt_tokens: u32,
    /// Tokens written.
    completion_tokens: u32,
    /// Both together.
    total_tokens: u32,
    /// More about the prompt.
    prompt_tokens_details: PromptTokensDetails,
    /// More about what was written.
    completion_tokens_details: CompletionTokensDetails,
}

/// The usage in a text or in a piece of one.
#[derive(Debug, Clone, Serialize, ToSchema)]
#[serde(untagged)]
pub(crate) enum StreamUsage {
    /// Null: a later piece tells it.
    Later,
    /// Told here.
    Told(Usage),
}

/// More about the tokens of a prompt.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub(crate) struct PromptTokensDetails {
    /// Tokens that were computed for an earlier request of yours.
    cached_tokens: u32,
}

/// More about the tokens written.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub(crate) struct CompletionTokensDetails {
    /// Tokens that were guessed from the prompt, rightly.
    accepted_prediction_tokens: u32,
    /// Tokens that were guessed wrongly; they are not part of the answer.
    rejected_prediction_tokens: u32,
}

impl From<&Finished> for Usage {
    fn from(finished: &Finished) -> Self {
        Self {
            prompt_tokens: finished.prompt_tokens,
            completion_tokens: finished.new_tokens,
            total_tokens: finished.prompt_tokens.saturating_add(finished.new_tokens),
            prompt_tokens_details: PromptTokensDetails {
                cached_tokens: finished.reused_tokens,
            },
            completion_tokens_details: CompletionTokensDetails {
                accepted_prediction_tokens: finished.accepted_tokens,
                rejected_prediction_tokens: finished
                    .drafted_tokens
                    .saturating_sub(finished.accepted_tokens),
            },
        }
    }
}

/// What answers to one request have in common.
#[derive(Debug, Clone)]
pub(crate) struct Heading {
    /// Identity of the answer.
    pub(crate) id: String,
    /// When it was asked for, seconds since 1970.
    pub(crate) created: i64,
    /// Name of the model, as it was asked for.
    pub(crate) model: String,
}

/// Names the weights, so that clients see when the same seed may give another text.
pub(crate) fn fingerprint(finished: &Finished) -> Option<String> {
    finished
        .weights
        .map(|digest| format!("fp_{}", digest.short()))
}

/// Refuses fields that ask for something that is not done here; nothing, `false`, and what is empty ask for nothing.
pub(crate) fn refuse_unsupported(fields: &[(&str, &Value)], hint: &str) -> Result<(), Problem> {
    let asked = fields.iter().find(|(_, value)| !is_empty(value));
    asked.map_or(Ok(()), |(field, _)| {
        let message = format!("is not supported here; leave it out{hint}");
        Err(Problem::invalid(*field, message).with_code("unsupported_parameter"))
    })
}

fn is_empty(value: &Value) -> bool {
    match value {
        Value::Null | Value::Bool(false) => true,
        Value::Bool(true) | Value::Number(_) => false,
        Value::String(text) => text.is_empty(),
        Value::Array(items) => items.is_empty(),
        Value::Object(fields) => fields.is_empty(),
    }
}

/// Passes when a request asks for one answer.
pub(crate) fn refuse_many(field: &str, count: Option<u32>) -> Result<(), Problem> {
    match count {
        None | Some(1) => Ok(()),
        Some(count) => {
            let message =
                format!("{count} answers to one request are not given; use 1 and ask again");
            Err(Problem::invalid(field, message).with_code("unsupported_value"))
        }
    }
}
