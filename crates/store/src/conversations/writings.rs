//! What language models wrote, as JSON beside a receipt.

use serde::{Deserialize, Serialize};

use domain::StoreError;
use domain::ask::{Receipt, WrittenText};
use domain::models::writing::{
    ChatMessage, FinishReason, Finished, Prompt, Sampling, Shape, Speaker, WritingRequest,
};

use crate::error::corrupt;

#[derive(Serialize, Deserialize)]
struct TextRow {
    model: String,
    adapter: Option<String>,
    prompt: PromptRow,
    sampling: SamplingRow,
    shape: ShapeRow,
    owner: String,
    is_lookup: bool,
    text: String,
    finished: Option<FinishedRow>,
    is_shown: bool,
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum PromptRow {
    /// Speaker and text of each message.
    Chat(Vec<(String, String)>),
    Text(String),
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum ShapeRow {
    Free,
    Json,
    JsonSchema(String),
    Grammar(String),
}

#[derive(Serialize, Deserialize)]
struct SamplingRow {
    temperature: f32,
    top_k: u32,
    top_p: f32,
    min_p: f32,
    repeat_penalty: f32,
    frequency_penalty: f32,
    presence_penalty: f32,
    seed: u64,
    stop: Vec<String>,
    max_new_tokens: u32,
}

#[derive(Serialize, Deserialize)]
struct FinishedRow {
    reason: String,
    prompt_tokens: u32,
    reused_tokens: u32,
    new_tokens: u32,
    drafted_tokens: u32,
    accepted_tokens: u32,
    mean_probability: Option<f32>,
    weights: Option<String>,
    template: Option<String>,
    waiting_us: u64,
    prompt_us: u64,
    writing_us: u64,
}

/// The texts of a receipt; `None` when no language model wrote anything.
pub(super) fn write_writings(receipt: &Receipt) -> Result<Option<String>, StoreError> {
    if receipt.writings.is_empty() {
        return Ok(None);
    }
    let rows: Vec<TextRow> = receipt.writings.iter().map(write_text).collect();
    serde_json::to_string(&rows)
        .map(Some)
        .map_err(|error| corrupt("receipt", receipt.id, error))
}

/// The same, read back.
pub(super) fn read_writings(json: Option<&str>) -> Result<Vec<WrittenText>, String> {
    let Some(json) = json else {
        return Ok(Vec::new());
    };
    let rows: Vec<TextRow> = serde_json::from_str(json).map_err(|error| error.to_string())?;
    rows.into_iter().map(read_text).collect()
}

fn write_text(text: &WrittenText) -> TextRow {
    let request = &text.request;
    TextRow {
        model: request.model.to_string(),
        adapter: request.adapter.as_ref().map(ToString::to_string),
        prompt: match &request.prompt {
            Prompt::Chat(messages) => {
                let rows = messages
                    .iter()
                    .map(|message| (message.speaker.name().to_owned(), message.text.clone()));
                PromptRow::Chat(rows.collect())
            }
            Prompt::Text(text) => PromptRow::Text(text.clone()),
        },
        sampling: write_sampling(&request.sampling),
        shape: match &request.shape {
            Shape::Free => ShapeRow::Free,
            Shape::Json => ShapeRow::Json,
            Shape::JsonSchema(schema) => ShapeRow::JsonSchema(schema.clone()),
            Shape::Grammar(grammar) => ShapeRow::Grammar(grammar.clone()),
        },
        owner: request.owner.clone(),
        is_lookup: request.is_lookup,
        text: text.text.clone(),
        finished: text.finished.as_ref().map(write_finished),
        is_shown: text.is_shown,
    }
}

fn write_sampling(sampling: &Sampling) -> SamplingRow {
    SamplingRow {
        temperature: sampling.temperature,
        top_k: sampling.top_k,
        top_p: sampling.top_p,
        min_p: sampling.min_p,
        repeat_penalty: sampling.repeat_penalty,
        frequency_penalty: sampling.frequency_penalty,
        presence_penalty: sampling.presence_penalty,
        seed: sampling.seed,
        stop: sampling.stop.clone(),
        max_new_tokens: sampling.max_new_tokens,
    }
}

fn write_finished(finished: &Finished) -> FinishedRow {
    FinishedRow {
        reason: finished.reason.name().to_owned(),
        prompt_tokens: finished.prompt_tokens,
        reused_tokens: finished.reused_tokens,
        new_tokens: finished.new_tokens,
        drafted_tokens: finished.drafted_tokens,
        accepted_tokens: finished.accepted_tokens,
        mean_probability: finished.mean_probability.filter(|it| it.is_finite()),
        weights: finished.weights.map(|digest| digest.to_string()),
        template: finished.template.map(|digest| digest.to_string()),
        waiting_us: finished.waiting_us,
        prompt_us: finished.prompt_us,
        writing_us: finished.writing_us,
    }
}

fn read_text(row: TextRow) -> Result<WrittenText, String> {
    let request = WritingRequest {
        model: row.model.parse().map_err(text)?,
        adapter: row
            .adapter
            .map(|name| name.parse().map_err(text))
            .transpose()?,
        prompt: match row.prompt {
            PromptRow::Chat(rows) => Prompt::Chat(
                rows.into_iter()
                    .map(read_message)
                    .collect::<Result<_, _>>()?,
            ),
            PromptRow::Text(text) => Prompt::Text(text),
        },
        sampling: read_sampling(row.sampling),
        shape: match row.shape {
            ShapeRow::Free => Shape::Free,
            ShapeRow::Json => Shape::Json,
            ShapeRow::JsonSchema(schema) => Shape::JsonSchema(schema),
            ShapeRow::Grammar(grammar) => Shape::Grammar(grammar),
        },
        owner: row.owner,
        is_lookup: row.is_lookup,
        logprobs: None,
    };
    Ok(WrittenText {
        request,
        text: row.text,
        finished: row.finished.map(read_finished).transpose()?,
        is_shown: row.is_shown,
    })
}

fn read_message((speaker, text): (String, String)) -> Result<ChatMessage, String> {
    let speaker = [Speaker::System, Speaker::User, Speaker::Assistant]
        .into_iter()
        .find(|known| known.name() == speaker)
        .ok_or_else(|| format!("`{speaker}` is nobody who speaks in a chat"))?;
    Ok(ChatMessage { speaker, text })
}

fn read_sampling(row: SamplingRow) -> Sampling {
    Sampling {
        temperature: row.temperature,
        top_k: row.top_k,
        top_p: row.top_p,
        min_p: row.min_p,
        repeat_penalty: row.repeat_penalty,
        frequency_penalty: row.frequency_penalty,
        presence_penalty: row.presence_penalty,
        seed: row.seed,
        stop: row.stop,
        max_new_tokens: row.max_new_tokens,
    }
}

fn read_finished(row: FinishedRow) -> Result<Finished, String> {
    let digest = |name: Option<String>| name.map(|name| name.parse().map_err(text)).transpose();
    Ok(Finished {
        reason: [FinishReason::Stop, FinishReason::Length]
            .into_iter()
            .find(|known| known.name() == row.reason)
            .ok_or_else(|| format!("`{}` is not how a text ends", row.reason))?,
        prompt_tokens: row.prompt_tokens,
        reused_tokens: row.reused_tokens,
        new_tokens: row.new_tokens,
        drafted_tokens: row.drafted_tokens,
        accepted_tokens: row.accepted_tokens,
        mean_probability: row.mean_probability,
        weights: digest(row.weights)?,
        template: digest(row.template)?,
        waiting_us: row.waiting_us,
        prompt_us: row.prompt_us,
        writing_us: row.writing_us,
    })
}

fn text(error: impl std::fmt::Display) -> String {
    error.to_string()
}
