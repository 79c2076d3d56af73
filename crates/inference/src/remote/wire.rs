//! The language of OpenAI-compatible servers: requests as JSON, and what their streams say.

use std::time::Duration;

use domain::models::writing::{
    ChatMessage, FinishReason, Prompt, Sampling, Shape, Speaker, TokenInfo, WritingError,
    WritingRequest,
};
use serde::Deserialize;
use serde_json::{Map, Value, json};

/// Longest message of a server that is passed on.
const MESSAGE_CHARS_MAX: usize = 300;

/// What is sent, and where to.
#[derive(Debug)]
pub(super) struct Question {
    /// Path below the base address.
    pub(super) path: &'static str,
    pub(super) body: Value,
}

/// Writes a request down for a server. `knows_more` says whether it takes what vLLM and llama.cpp's server take beyond `OpenAI`.
///
/// # Errors
/// [`WritingError::Refused`] for what cannot be asked of such a server.
pub(super) fn question(
    request: &WritingRequest,
    model: &str,
    knows_more: bool,
) -> Result<Question, WritingError> {
    if let Some(adapter) = &request.adapter {
        return Err(WritingError::UnknownAdapter {
            model: request.model.clone(),
            adapter: adapter.clone(),
        });
    }
    let mut body = sampling(&request.sampling, knows_more);
    body.insert("model".to_owned(), json!(model));
    body.insert("stream".to_owned(), json!(true));
    body.insert("stream_options".to_owned(), json!({"include_usage": true}));
    if let Some(form) = response_format(&request.shape)? {
        body.insert("response_format".to_owned(), form);
    }
    let path = match &request.prompt {
        Prompt::Text(text) => {
            body.insert("prompt".to_owned(), json!(text));
            if let Some(count) = request.logprobs {
                body.insert("logprobs".to_owned(), json!(count));
            }
            "completions"
        }
        Prompt::Chat(messages) => {
            body.insert("messages".to_owned(), chat(messages));
            if messages
                .last()
                .is_some_and(|last| last.speaker == Speaker::Assistant)
            {
                if !knows_more {
                    return Err(WritingError::Refused(format!(
                        "the server of the model `{}` cannot go on with an answer that is begun; end the chat with a message of \
                         the user",
                        request.model
                    )));
                }
                body.insert("continue_final_message".to_owned(), json!(true));
                body.insert("add_generation_prompt".to_owned(), json!(false));
            }
            if let Some(count) = request.logprobs {
                body.insert("logprobs".to_owned(), json!(true));
                body.insert("top_logprobs".to_owned(), json!(count));
            }
            "chat/completions"
        }
    };
    Ok(Question {
        path,
        body: Value::Object(body),
    })
}

fn chat(messages: &[ChatMessage]) -> Value {
    messages
        .iter()
        .map(|message| json!({"role": message.speaker.name(), "content": message.text}))
        .collect()
}

fn sampling(sampling: &Sampling, knows_more: bool) -> Map<String, Value> {
    let mut body = Map::new();
    let mut put = |name: &str, value: Value| body.insert(name.to_owned(), value);
    put("temperature", json!(sampling.temperature));
    put("top_p", json!(sampling.top_p));
    put("max_tokens", json!(sampling.max_new_tokens));
    // Servers read it as a signed number.
    put("seed", json!(sampling.seed & (u64::MAX >> 1)));
    if sampling.frequency_penalty != 0.0 {
        put("frequency_penalty", json!(sampling.frequency_penalty));
    }
    if sampling.presence_penalty != 0.0 {
        put("presence_penalty", json!(sampling.presence_penalty));
    }
    if !sampling.stop.is_empty() {
        put("stop", json!(sampling.stop));
    }
    if knows_more {
        put("top_k", json!(sampling.top_k));
        put("min_p", json!(sampling.min_p));
        // The one name is vLLM's, the other llama.cpp's.
        put("repetition_penalty", json!(sampling.repeat_penalty));
        put("repeat_penalty", json!(sampling.repeat_penalty));
    }
    body
}

fn response_format(shape: &Shape) -> Result<Option<Value>, WritingError> {
    match shape {
        Shape::Free => Ok(None),
        Shape::Json => Ok(Some(json!({"type": "json_object"}))),
        Shape::JsonSchema(schema) => {
            let schema: Value = serde_json::from_str(schema)
                .map_err(|error| WritingError::Refused(format!("the JSON Schema is not JSON: {error}")))?;
            Ok(Some(json!({"type": "json_schema", "json_schema": {"name": "answer", "schema": schema, "strict": true}})))
        }
        Shape::Grammar(_) => Err(WritingError::Refused(
            "grammars cannot be sent to a remote model; use a JSON Schema or a model of this machine".to_owned(),
        )),
    }
}

/// A piece of a stream.
#[derive(Debug, Default, PartialEq)]
pub(super) struct Piece {
    pub(super) text: String,
    pub(super) tokens: Vec<TokenInfo>,
    pub(super) reason: Option<FinishReason>,
    pub(super) usage: Option<Usage>,
}

/// Tokens that a server counted.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub(super) struct Usage {
    pub(super) prompt_tokens: u32,
    pub(super) completion_tokens: u32,
    prompt_tokens_details: Option<PromptDetails>,
}

impl Usage {
    pub(super) fn reused_tokens(&self) -> u32 {
        self.prompt_tokens_details
            .unwrap_or_default()
            .cached_tokens
            .unwrap_or(0)
    }
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
struct PromptDetails {
    cached_tokens: Option<u32>,
}

#[derive(Deserialize)]
struct Chunk {
    #[serde(default)]
    choices: Vec<Choice>,
    #[serde(default)]
    usage: Option<Usage>,
    #[serde(default)]
    error: Option<Value>,
}

#[derive(Deserialize)]
struct Choice {
    #[serde(default)]
    delta: Option<Delta>,
    #[serde(default)]
    text: Option<String>,
    #[serde(default)]
    finish_reason: Option<String>,
    #[serde(default)]
    logprobs: Option<Logprobs>,
}

#[derive(Deserialize)]
struct Delta {
    #[serde(default)]
    content: Option<String>,
}

/// Of chats and of plain texts at once; they share no names.
#[derive(Deserialize)]
#[expect(clippy::struct_field_names, reason = "the protocol names them so")]
struct Logprobs {
    #[serde(default)]
    content: Option<Vec<ChatToken>>,
    #[serde(default)]
    tokens: Option<Vec<String>>,
    #[serde(default)]
    token_logprobs: Option<Vec<Option<f32>>>,
    #[serde(default)]
    top_logprobs: Option<Vec<Option<Map<String, Value>>>>,
}

#[derive(Deserialize)]
struct ChatToken {
    token: String,
    logprob: f32,
    #[serde(default)]
    bytes: Option<Vec<u8>>,
    #[serde(default)]
    top_logprobs: Vec<ChatToken>,
}

impl ChatToken {
    fn bytes(self) -> (Vec<u8>, f32) {
        (
            self.bytes.unwrap_or_else(|| self.token.into_bytes()),
            self.logprob,
        )
    }
}

/// Reads the data of an event.
///
/// # Errors
/// What the server says is wrong, or that it says nothing that can be understood.
pub(super) fn piece(data: &str) -> Result<Piece, String> {
    let chunk: Chunk = serde_json::from_str(data)
        .map_err(|error| format!("its answer cannot be understood: {error}"))?;
    if let Some(error) = chunk.error.filter(|error| !error.is_null()) {
        return Err(format!("it says: {}", message_of(&error)));
    }
    let mut piece = Piece {
        usage: chunk.usage,
        ..Piece::default()
    };
    for choice in chunk.choices {
        let said = choice.delta.and_then(|delta| delta.content).or(choice.text);
        piece.text.push_str(&said.unwrap_or_default());
        piece
            .tokens
            .extend(choice.logprobs.map(tokens).unwrap_or_default());
        if let Some(reason) = choice.finish_reason {
            piece.reason = Some(match reason.as_str() {
                "stop" | "eos" => FinishReason::Stop,
                "length" => FinishReason::Length,
                other => return Err(format!("it stopped with `{}`", shorten(other))),
            });
        }
    }
    Ok(piece)
}

fn tokens(logprobs: Logprobs) -> Vec<TokenInfo> {
    if let Some(content) = logprobs.content {
        let tokens = content.into_iter().map(|mut token| {
            let top = std::mem::take(&mut token.top_logprobs);
            let (bytes, logprob) = token.bytes();
            TokenInfo {
                bytes,
                logprob,
                top: top.into_iter().map(ChatToken::bytes).collect(),
            }
        });
        return tokens.collect();
    }
    let mut logs = logprobs.token_logprobs.unwrap_or_default().into_iter();
    let mut tops = logprobs.top_logprobs.unwrap_or_default().into_iter();
    let words = logprobs.tokens.unwrap_or_default().into_iter();
    words
        .map(|word| {
            let top = tops.next().flatten().unwrap_or_default();
            let mut top: Vec<(Vec<u8>, f32)> = top
                .into_iter()
                .filter_map(|(word, log)| Some((word.into_bytes(), number(&log)?)))
                .collect();
            top.sort_by(|(_, left), (_, right)| right.total_cmp(left));
            TokenInfo {
                bytes: word.into_bytes(),
                // The first token of a text has none.
                logprob: logs.next().flatten().unwrap_or(0.0),
                top,
            }
        })
        .collect()
}

#[expect(
    clippy::cast_possible_truncation,
    reason = "logarithms of probabilities are small"
)]
fn number(value: &Value) -> Option<f32> {
    value.as_f64().map(|number| number as f32)
}

/// What a server says is wrong, from the body of its answer.
pub(super) fn complaint(body: &[u8]) -> String {
    match serde_json::from_slice::<Value>(body) {
        Ok(Value::Object(body)) => {
            let error = body.get("error").or_else(|| body.get("detail")).cloned();
            message_of(&error.unwrap_or(Value::Object(body)))
        }
        _ => shorten(&String::from_utf8_lossy(body)),
    }
}

fn message_of(error: &Value) -> String {
    let text = error
        .get("message")
        .and_then(Value::as_str)
        .or_else(|| error.as_str())
        .map_or_else(|| error.to_string(), str::to_owned);
    shorten(&text)
}

fn shorten(text: &str) -> String {
    let clean = text
        .chars()
        .map(|letter| if letter.is_control() { ' ' } else { letter });
    clean.take(MESSAGE_CHARS_MAX).collect()
}

/// The names in a list of models.
///
/// # Errors
/// That it is no such list.
pub(super) fn model_names(body: &[u8]) -> Result<Vec<String>, String> {
    #[derive(Deserialize)]
    struct List {
        data: Vec<Entry>,
    }
    #[derive(Deserialize)]
    struct Entry {
        id: String,
    }
    let list: List = serde_json::from_slice(body)
        .map_err(|error| format!("its list of models cannot be understood: {error}"))?;
    Ok(list.data.into_iter().map(|entry| entry.id).collect())
}

/// How long `Retry-After` asks to wait, when it gives seconds.
pub(super) fn retry_after(value: Option<&str>) -> Duration {
    /// Unless it says how long.
    const USUAL: Duration = Duration::from_secs(5);
    value
        .and_then(|value| value.trim().parse().ok())
        .map_or(USUAL, Duration::from_secs)
}
