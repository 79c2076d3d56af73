//! Chats as OpenAI's API asks for them and tells them.

use app::completions::{Wanted, WantedSampling};
use domain::models::writing::{ChatMessage, Finished, Prompt, Shape, Speaker, TokenInfo};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use utoipa::ToSchema;

use super::logprobs::ChatLogprobs;
use super::{
    Heading, OneOrMany, StreamOptions, StreamUsage, Usage, fingerprint, includes_usage,
    refuse_many, refuse_unsupported,
};
use crate::problem::Problem;

/// A chat to be continued.
#[derive(Deserialize, ToSchema)]
#[schema(example = json!({
    "model": "phi-2", "messages": [{"role": "user", "content": "Write a haiku about sorting."}], "temperature": 0.7, "max_tokens": 64
}))]
pub(crate) struct ChatCompletionRequest {
    /// The language model, with `:ADAPTER` behind it for one of its adapters; `/v1/models` lists those there are.
    model: String,
    /// What was said so far; the last message is the user's, or the beginning of the answer.
    messages: Vec<ChatCompletionMessage>,
    /// Whether the answer comes in pieces, as server-sent events.
    stream: Option<bool>,
    /// What a stream tells besides the text.
    stream_options: Option<StreamOptions>,
    /// 0 takes the most probable token; 1 when left out.
    #[schema(minimum = 0, maximum = 2)]
    temperature: Option<f32>,
    /// Only the most probable tokens that together have this probability.
    #[schema(minimum = 0, maximum = 1)]
    top_p: Option<f32>,
    /// Only so many of the most probable tokens; 0 for all. Not in OpenAI's API.
    top_k: Option<u32>,
    /// Only tokens at least this probable, relative to the most probable. Not in OpenAI's API.
    #[schema(minimum = 0, maximum = 1)]
    min_p: Option<f32>,
    /// Makes tokens that were written less probable; 1 for no change. Not in OpenAI's API.
    #[schema(minimum = 0.1, maximum = 2)]
    repeat_penalty: Option<f32>,
    /// Taken from a token for each time it was written.
    #[schema(minimum = -2, maximum = 2)]
    frequency_penalty: Option<f32>,
    /// Taken from a token that was written.
    #[schema(minimum = -2, maximum = 2)]
    presence_penalty: Option<f32>,
    /// The same seed gives the same text from the same weights; random when left out.
    seed: Option<i64>,
    /// Texts that end the answer and are not part of it; 16 at most.
    stop: Option<OneOrMany>,
    /// Tokens to write at most, 1 to 8192; an older name of `max_completion_tokens`.
    #[schema(minimum = 1, maximum = 8192)]
    max_tokens: Option<u32>,
    /// Tokens to write at most; 1024, or as many as fit, when left out.
    #[schema(minimum = 1, maximum = 8192)]
    max_completion_tokens: Option<u32>,
    /// Whether to tell the log-probability of each token.
    logprobs: Option<bool>,
    /// Alternatives to tell for each token.
    #[schema(minimum = 0, maximum = 20)]
    top_logprobs: Option<u32>,
    /// What form the answer must have.
    response_format: Option<ResponseFormat>,
    /// Says that much of the prompt is expected to come back, so that guessing from it pays; its content is not needed.
    #[schema(value_type = Option<Object>)]
    prediction: Option<Value>,
    /// Refused unless it is 1.
    n: Option<u32>,
    #[serde(flatten)]
    #[schema(ignore)]
    unsupported: Unsupported,
}

/// Fields that would change what the answer means, and cannot be heeded.
#[derive(Default, Deserialize)]
#[serde(default)]
struct Unsupported {
    tools: Value,
    functions: Value,
    tool_choice: Value,
    function_call: Value,
    logit_bias: Value,
    audio: Value,
    modalities: Value,
    web_search_options: Value,
}

/// A message of a chat.
#[derive(Deserialize, ToSchema)]
pub(crate) struct ChatCompletionMessage {
    /// `system` (or `developer`), `user` or `assistant`.
    role: String,
    /// Text, or a list of parts of the type `text`.
    #[serde(default)]
    content: Option<MessageContent>,
    #[serde(default)]
    #[schema(ignore)]
    tool_calls: Value,
    #[serde(default)]
    #[schema(ignore)]
    function_call: Value,
}

/// What a message says.
#[derive(Deserialize, ToSchema)]
#[serde(
    untagged,
    expecting = "invalid type, expected text or a list of parts such as {\"type\": \"text\", \"text\": …}"
)]
pub(crate) enum MessageContent {
    /// Text.
    Text(String),
    /// Parts of text.
    Parts(Vec<MessagePart>),
}

/// A part of a message.
#[derive(Deserialize, ToSchema)]
pub(crate) struct MessagePart {
    /// Always `text`; images, sound and files are refused.
    #[serde(rename = "type")]
    kind: String,
    /// The text.
    text: Option<String>,
}

/// What form an answer must have.
#[derive(Deserialize, ToSchema)]
pub(crate) struct ResponseFormat {
    /// `text`, `json_object` or `json_schema`.
    #[serde(rename = "type")]
    kind: String,
    /// The schema, for `json_schema`.
    json_schema: Option<NamedSchema>,
}

/// A JSON Schema with its name.
#[derive(Deserialize, ToSchema)]
pub(crate) struct NamedSchema {
    /// The schema; any object when left out.
    #[schema(value_type = Option<Object>)]
    schema: Option<Value>,
}

/// How a chat's answer is told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct ChatForm {
    pub(crate) streams: bool,
    pub(crate) includes_usage: bool,
}

impl ChatCompletionRequest {
    /// What is wanted, and how it is told.
    pub(crate) fn into_parts(self) -> Result<(Wanted, ChatForm), Problem> {
        self.unsupported.refuse()?;
        refuse_many("n", self.n)?;
        let form = ChatForm {
            streams: self.stream == Some(true),
            includes_usage: includes_usage(self.stream_options.as_ref()),
        };
        let logprobs = match (self.logprobs, self.top_logprobs) {
            (Some(true), count) => Some(count.unwrap_or(0)),
            (Some(false) | None, None | Some(0)) => None,
            (Some(false) | None, Some(_)) => {
                let message = "only together with `logprobs`: true";
                return Err(Problem::invalid("top_logprobs", message));
            }
        };
        let messages = self.messages.into_iter().enumerate();
        let messages = messages.map(|(place, message)| message.read(place));
        let wanted = Wanted {
            model: self.model,
            prompt: Prompt::Chat(messages.collect::<Result<_, _>>()?),
            sampling: WantedSampling {
                temperature: self.temperature,
                top_k: self.top_k,
                top_p: self.top_p,
                min_p: self.min_p,
                repeat_penalty: self.repeat_penalty,
                frequency_penalty: self.frequency_penalty,
                presence_penalty: self.presence_penalty,
                seed: self.seed.map(i64::cast_unsigned),
                stop: self.stop.map(Vec::from).unwrap_or_default(),
                max_new_tokens: self.max_completion_tokens.or(self.max_tokens),
            },
            shape: self
                .response_format
                .map_or(Ok(Shape::Free), ResponseFormat::read)?,
            is_lookup: self.prediction.is_some(),
            logprobs,
        };
        Ok((wanted, form))
    }
}

impl Unsupported {
    fn refuse(&self) -> Result<(), Problem> {
        let tools = [("tools", &self.tools), ("functions", &self.functions)];
        let hint = ": the models here call no tools; describe what may be done in the messages";
        refuse_unsupported(&tools, hint)?;
        // Without tools these two choose nothing.
        let chooses_none = |choice: &Value| *choice == json!("none") || *choice == json!("auto");
        for (field, choice) in [
            ("tool_choice", &self.tool_choice),
            ("function_call", &self.function_call),
        ] {
            if !chooses_none(choice) {
                refuse_unsupported(&[(field, choice)], hint)?;
            }
        }
        if self.modalities != json!(["text"]) {
            refuse_unsupported(&[("modalities", &self.modalities)], ": answers are text")?;
        }
        let others = [
            ("logit_bias", &self.logit_bias),
            ("audio", &self.audio),
            ("web_search_options", &self.web_search_options),
        ];
        refuse_unsupported(&others, "")
    }
}

impl ChatCompletionMessage {
    fn read(self, place: usize) -> Result<ChatMessage, Problem> {
        let field = |name: &str| format!("messages[{place}].{name}");
        let speaker = match self.role.as_str() {
            "system" | "developer" => Speaker::System,
            "user" => Speaker::User,
            "assistant" => Speaker::Assistant,
            "tool" | "function" => {
                let message = "results of tools are not read; tell them in a message of the user";
                return Err(Problem::invalid(field("role"), message).with_code("unsupported_value"));
            }
            role => {
                let role: String = role.chars().take(40).collect();
                let message =
                    format!("`{role}` is no role; use system, developer, user or assistant");
                return Err(Problem::invalid(field("role"), message));
            }
        };
        for (name, calls) in [
            ("tool_calls", &self.tool_calls),
            ("function_call", &self.function_call),
        ] {
            refuse_unsupported(&[(&field(name), calls)], ": calls of tools are not read")?;
        }
        let text = match self.content {
            Some(MessageContent::Text(text)) => text,
            Some(MessageContent::Parts(parts)) => read_parts(parts, &field("content"))?,
            None => {
                let message = "is missing; send text";
                return Err(Problem::invalid(field("content"), message));
            }
        };
        Ok(ChatMessage { speaker, text })
    }
}

fn read_parts(parts: Vec<MessagePart>, field: &str) -> Result<String, Problem> {
    let mut whole = String::new();
    for (place, part) in parts.into_iter().enumerate() {
        let Some(text) = part.text.filter(|_| part.kind == "text") else {
            let kind: String = part.kind.chars().take(40).collect();
            let message = format!(
                "a part of the type `{kind}` is not read; send parts of the type `text` with a `text`"
            );
            let field = format!("{field}[{place}]");
            return Err(Problem::invalid(field, message).with_code("unsupported_value"));
        };
        whole.push_str(&text);
    }
    Ok(whole)
}

impl ResponseFormat {
    fn read(self) -> Result<Shape, Problem> {
        match (self.kind.as_str(), self.json_schema) {
            ("text", _) => Ok(Shape::Free),
            ("json_object", _) => Ok(Shape::Json),
            ("json_schema", Some(NamedSchema { schema })) => {
                Ok(schema.map_or(Shape::Json, |schema| Shape::JsonSchema(schema.to_string())))
            }
            ("json_schema", None) => Err(Problem::invalid(
                "response_format.json_schema",
                "is missing; send {\"name\": …, \"schema\": …}",
            )),
            (kind, _) => {
                let kind: String = kind.chars().take(40).collect();
                let message = format!("`{kind}` is no form; use text, json_object or json_schema");
                Err(Problem::invalid("response_format.type", message))
            }
        }
    }
}

/// The answer to a chat.
#[derive(Serialize, ToSchema)]
pub(crate) struct ChatCompletion {
    /// Identity of the answer.
    id: String,
    /// Always `chat.completion`.
    object: &'static str,
    /// When it was asked for, seconds since 1970.
    created: i64,
    /// The model.
    model: String,
    /// Exactly one.
    choices: Vec<ChatChoice>,
    /// Tokens read and written.
    usage: Usage,
    /// Changes with the weights; null where the model is not on this machine.
    #[schema(required)]
    system_fingerprint: Option<String>,
}

/// An answer.
#[derive(Serialize, ToSchema)]
pub(crate) struct ChatChoice {
    /// Always 0.
    index: u32,
    /// What the model says.
    message: AssistantMessage,
    /// Log-probabilities, when they were asked for.
    #[schema(required)]
    logprobs: Option<ChatLogprobs>,
    /// `stop` or `length`.
    finish_reason: &'static str,
}

/// What the model says.
#[derive(Serialize, ToSchema)]
pub(crate) struct AssistantMessage {
    /// Always `assistant`.
    role: &'static str,
    /// The text.
    content: String,
    /// Always null.
    #[schema(required)]
    refusal: Option<String>,
}

impl ChatCompletion {
    pub(crate) fn new(
        heading: Heading,
        text: String,
        tokens: Option<Vec<TokenInfo>>,
        finished: &Finished,
    ) -> Self {
        Self {
            id: heading.id,
            object: "chat.completion",
            created: heading.created,
            model: heading.model,
            choices: vec![ChatChoice {
                index: 0,
                message: AssistantMessage {
                    role: "assistant",
                    content: text,
                    refusal: None,
                },
                logprobs: tokens.map(ChatLogprobs::new),
                finish_reason: finished.reason.name(),
            }],
            usage: Usage::from(finished),
            system_fingerprint: fingerprint(finished),
        }
    }
}

/// A piece of the answer to a chat.
#[derive(Serialize, ToSchema)]
pub(crate) struct ChatCompletionChunk {
    /// Identity of the answer, the same in every piece.
    id: String,
    /// Always `chat.completion.chunk`.
    object: &'static str,
    /// When it was asked for, seconds since 1970.
    created: i64,
    /// The model.
    model: String,
    /// One; none in the piece that tells the usage.
    choices: Vec<ChunkChoice>,
    /// With `include_usage`: null but in the last piece.
    #[serde(skip_serializing_if = "Option::is_none")]
    usage: Option<StreamUsage>,
    /// Told with the end; null before.
    #[schema(required)]
    system_fingerprint: Option<String>,
}

/// What a piece adds.
#[derive(Serialize, ToSchema)]
pub(crate) struct ChunkChoice {
    /// Always 0.
    index: u32,
    /// The addition.
    delta: Delta,
    /// Log-probabilities, when they were asked for.
    #[schema(required)]
    logprobs: Option<ChatLogprobs>,
    /// `stop` or `length` in the last piece with a choice; null before.
    #[schema(required)]
    finish_reason: Option<&'static str>,
}

/// An addition to a message.
#[derive(Default, Serialize, ToSchema)]
pub(crate) struct Delta {
    /// `assistant`, in the first piece.
    #[serde(skip_serializing_if = "Option::is_none")]
    role: Option<&'static str>,
    /// The next text.
    #[serde(skip_serializing_if = "Option::is_none")]
    content: Option<String>,
}

impl ChatCompletionChunk {
    fn new(heading: &Heading, form: ChatForm, choice: Option<ChunkChoice>) -> Self {
        Self {
            id: heading.id.clone(),
            object: "chat.completion.chunk",
            created: heading.created,
            model: heading.model.clone(),
            choices: choice.into_iter().collect(),
            usage: form.includes_usage.then_some(StreamUsage::Later),
            system_fingerprint: None,
        }
    }

    /// The first piece: who speaks.
    pub(crate) fn first(heading: &Heading, form: ChatForm) -> Self {
        let delta = Delta {
            role: Some("assistant"),
            content: Some(String::new()),
        };
        Self::new(heading, form, Some(ChunkChoice::of(delta)))
    }

    /// The next text.
    pub(crate) fn next(
        heading: &Heading,
        form: ChatForm,
        text: String,
        tokens: Option<Vec<TokenInfo>>,
    ) -> Self {
        let delta = Delta {
            role: None,
            content: Some(text),
        };
        let choice = ChunkChoice {
            logprobs: tokens.map(ChatLogprobs::new),
            ..ChunkChoice::of(delta)
        };
        Self::new(heading, form, Some(choice))
    }

    /// The last piece with a choice: why it ended.
    pub(crate) fn last(heading: &Heading, form: ChatForm, finished: &Finished) -> Self {
        let choice = ChunkChoice {
            finish_reason: Some(finished.reason.name()),
            ..ChunkChoice::of(Delta::default())
        };
        Self {
            system_fingerprint: fingerprint(finished),
            ..Self::new(heading, form, Some(choice))
        }
    }

    /// The piece that tells the usage.
    pub(crate) fn usage(heading: &Heading, form: ChatForm, finished: &Finished) -> Self {
        Self {
            usage: Some(StreamUsage::Told(Usage::from(finished))),
            system_fingerprint: fingerprint(finished),
            ..Self::new(heading, form, None)
        }
    }
}

impl ChunkChoice {
    fn of(delta: Delta) -> Self {
        Self {
            index: 0,
            delta,
            logprobs: None,
            finish_reason: None,
        }
    }
}
