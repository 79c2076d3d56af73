//! The language between the server and a generating engine: JSON in the frames of [`crate::engine::frame`], both ways at any time.

use std::io::{self, Read, Write};

use serde::{Deserialize, Serialize};

use crate::engine::frame::{malformed, read_frame, write_frame};

/// What the server says.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Order {
    /// Begin a text.
    Write(Box<WriteOrder>),
    /// Stop a text and say nothing more about it; harmless when it has ended.
    Cancel { id: u64 },
    /// How many tokens a text has.
    Count { id: u64, text: String },
}

/// A text to be written.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct WriteOrder {
    /// Comes back in everything said about it.
    pub(crate) id: u64,
    /// The prompt, in order.
    pub(crate) prompt: Vec<Segment>,
    /// So many segments at the front are the same for every owner: the system message.
    pub(crate) shared_segments: usize,
    /// Whom it is for.
    pub(crate) owner: String,
    /// Number of the adapter in the engine's arguments.
    pub(crate) adapter: Option<usize>,
    pub(crate) sampling: SamplingOrder,
    /// A GBNF grammar with the root `root`.
    pub(crate) grammar: Option<String>,
    /// Whether to guess tokens from the prompt.
    pub(crate) is_lookup: bool,
    /// Alternatives to tell for each token; `None` for no log-probabilities.
    pub(crate) logprobs: Option<u32>,
}

/// A piece of a prompt.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Segment {
    pub(crate) text: String,
    /// Whether names of special tokens in it mean those tokens. Only in the template's own words; what people write is text.
    pub(crate) is_markup: bool,
}

/// See [`domain::models::writing::Sampling`].
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct SamplingOrder {
    pub(crate) temperature: f32,
    pub(crate) top_k: u32,
    pub(crate) top_p: f32,
    pub(crate) min_p: f32,
    pub(crate) repeat_penalty: f32,
    pub(crate) frequency_penalty: f32,
    pub(crate) presence_penalty: f32,
    pub(crate) seed: u64,
    pub(crate) stop: Vec<String>,
    pub(crate) max_new_tokens: u32,
}

/// What the engine says.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Report {
    /// Once, first: the model is loaded.
    Ready(ReadyReport),
    /// A request is being worked on: its prompt is tokenised, and what need not be computed again is found.
    Started {
        id: u64,
        prompt_tokens: u32,
        reused_tokens: u32,
    },
    /// A part of a long prompt was computed. Told so that silence means that something is wrong.
    Reading { id: u64, done_tokens: u32 },
    /// The next piece of a text, whole characters.
    Text {
        id: u64,
        text: String,
        tokens: Vec<TokenReport>,
    },
    /// A text is complete.
    Finished(FinishedReport),
    /// A request failed; the engine goes on.
    Refused { id: u64, refusal: Refusal },
    /// The answer to [`Order::Count`].
    Counted { id: u64, tokens: u32 },
    /// The engine cannot work and ends.
    Broken { reason: String },
}

/// What a loaded model can do and takes.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct ReadyReport {
    /// Tokens that one request may have, prompt and text together.
    pub(crate) context_tokens: u32,
    /// Requests worked on at a time.
    pub(crate) parallel_max: u32,
    pub(crate) gpu_layers: u32,
    pub(crate) weights_bytes: u64,
    pub(crate) context_bytes: u64,
    pub(crate) adapters_bytes: u64,
    pub(crate) compute_bytes: u64,
}

/// See [`domain::models::writing::TokenInfo`].
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct TokenReport {
    pub(crate) bytes: Vec<u8>,
    pub(crate) logprob: f32,
    pub(crate) top: Vec<(Vec<u8>, f32)>,
}

/// See [`domain::models::writing::Finished`].
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct FinishedReport {
    pub(crate) id: u64,
    /// Whether it was cut at the most tokens allowed.
    pub(crate) is_cut: bool,
    pub(crate) new_tokens: u32,
    pub(crate) drafted_tokens: u32,
    pub(crate) accepted_tokens: u32,
    pub(crate) mean_probability: f32,
    pub(crate) prompt_us: u64,
    pub(crate) writing_us: u64,
}

/// Why a request was refused.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Refusal {
    /// It does not fit in the context.
    TooLong {
        prompt_tokens: u32,
        context_tokens: u32,
    },
    /// Something about it cannot be done; the text says what.
    Invalid(String),
    /// Computing it failed.
    Failed(String),
}

/// Sends an order.
pub(crate) fn write_order(out: &mut impl Write, order: &Order) -> io::Result<()> {
    send(out, order)
}

/// Receives an order; `None` when the server has gone.
pub(crate) fn read_order(source: &mut impl Read) -> io::Result<Option<Order>> {
    receive(source)
}

/// Sends a report.
pub(crate) fn write_report(out: &mut impl Write, report: &Report) -> io::Result<()> {
    send(out, report)
}

/// Receives a report; `None` when the engine has gone.
pub(crate) fn read_report(source: &mut impl Read) -> io::Result<Option<Report>> {
    receive(source)
}

fn send(out: &mut impl Write, value: &impl Serialize) -> io::Result<()> {
    let body = serde_json::to_vec(value)?;
    write_frame(out, &body)
}

fn receive<T: for<'a> Deserialize<'a>>(source: &mut impl Read) -> io::Result<Option<T>> {
    let Some(body) = read_frame(source)? else {
        return Ok(None);
    };
    serde_json::from_slice(&body)
        .map(Some)
        .map_err(|error| malformed(&format!("something that is no message: {error}")))
}
