//! What a language model is asked, and what it says while it writes.

use async_trait::async_trait;

use super::{AdapterName, Digest, ModelName};

/// Most bytes of a prompt, all messages together.
pub const PROMPT_BYTES_MAX: usize = 1024 * 1024;
/// Most stop sequences of a request.
pub const STOPS_MAX: usize = 16;
/// Most tokens a request may ask for.
pub const NEW_TOKENS_MAX: u32 = 8192;

/// Who says a message of a chat.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Speaker {
    /// Instructions of the product. Some models know no such role; theirs go before the first message of the user.
    System,
    /// The user.
    User,
    /// The model.
    Assistant,
}

impl Speaker {
    /// The name in chat templates and in the API.
    pub const fn name(self) -> &'static str {
        match self {
            Self::System => "system",
            Self::User => "user",
            Self::Assistant => "assistant",
        }
    }
}

/// A message of a chat.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ChatMessage {
    /// Who says it.
    pub speaker: Speaker,
    /// What is said. Never markup: text that looks like a model's role tags is plain text.
    pub text: String,
}

/// What is to be continued.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Prompt {
    /// A chat, written out in the model's own template. The last message is the user's, or the beginning of the model's answer.
    Chat(Vec<ChatMessage>),
    /// Plain text, continued as it is.
    Text(String),
}

/// How tokens are chosen.
#[derive(Debug, Clone, PartialEq)]
pub struct Sampling {
    /// 0 to 2; 0 takes the most probable token.
    pub temperature: f32,
    /// Only so many of the most probable tokens; 0 for all.
    pub top_k: u32,
    /// Only the most probable tokens that together have this probability; 1 for all (Holtzman et al. 2020).
    pub top_p: f32,
    /// Only tokens at least this probable, relative to the most probable; 0 for all.
    pub min_p: f32,
    /// Divides positive and multiplies negative logits of the last tokens; 1 for none (Keskar et al. 2019).
    pub repeat_penalty: f32,
    /// Taken from the logit of a token for each time it was written, -2 to 2.
    pub frequency_penalty: f32,
    /// Taken from the logit of a token that was written, -2 to 2.
    pub presence_penalty: f32,
    /// The same seed gives the same text from the same model and build, when nothing else is computed beside it.
    pub seed: u64,
    /// Texts that end the answer and are not part of it; at most [`STOPS_MAX`].
    pub stop: Vec<String>,
    /// 1 to [`NEW_TOKENS_MAX`].
    pub max_new_tokens: u32,
}

impl Default for Sampling {
    /// The most probable tokens, 256 of them.
    fn default() -> Self {
        Self {
            temperature: 0.0,
            top_k: 40,
            top_p: 0.95,
            min_p: 0.0,
            repeat_penalty: 1.0,
            frequency_penalty: 0.0,
            presence_penalty: 0.0,
            seed: 0,
            stop: Vec::new(),
            max_new_tokens: 256,
        }
    }
}

/// What form the text must have.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Shape {
    /// Any.
    Free,
    /// A JSON object.
    Json,
    /// JSON that a JSON Schema (given as text) describes.
    JsonSchema(String),
    /// Text that a GBNF grammar derives.
    Grammar(String),
}

/// A request to a language model.
#[derive(Debug, Clone, PartialEq)]
pub struct WritingRequest {
    /// The model.
    pub model: ModelName,
    /// The adapter, unless the model is to write as it is.
    pub adapter: Option<AdapterName>,
    /// What is to be continued.
    pub prompt: Prompt,
    /// How tokens are chosen.
    pub sampling: Sampling,
    /// What form the text must have.
    pub shape: Shape,
    /// Whom the request is for, such as the identity of an account. What was computed for one owner is never used for another,
    /// but for the system message.
    pub owner: String,
    /// Whether the answer may repeat the prompt, so that guessing from it pays (prompt lookup).
    pub is_lookup: bool,
    /// How many alternatives to report for each token, 0 to 20; `None` for no log-probabilities.
    pub logprobs: Option<u32>,
}

/// A token with its log-probability before sampling.
#[derive(Debug, Clone, PartialEq)]
pub struct TokenInfo {
    /// Its bytes; a character may be spread over several tokens.
    pub bytes: Vec<u8>,
    /// Natural logarithm of its probability.
    pub logprob: f32,
    /// The most probable tokens at its place, most probable first, with the logarithms of theirs.
    pub top: Vec<(Vec<u8>, f32)>,
}

/// Why a model stopped.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum FinishReason {
    /// It ended its answer, or wrote a stop sequence.
    Stop,
    /// It wrote as much as it was allowed.
    Length,
}

impl FinishReason {
    /// The name in the API.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Stop => "stop",
            Self::Length => "length",
        }
    }
}

/// What a finished text says about itself.
#[derive(Debug, Clone, PartialEq)]
pub struct Finished {
    /// Why it ended.
    pub reason: FinishReason,
    /// Tokens of the prompt.
    pub prompt_tokens: u32,
    /// Of these, tokens that were computed for an earlier request.
    pub reused_tokens: u32,
    /// Tokens written.
    pub new_tokens: u32,
    /// Tokens guessed from the prompt.
    pub drafted_tokens: u32,
    /// Of these, tokens that were right.
    pub accepted_tokens: u32,
    /// Mean probability of the tokens written, 0 to 1; `None` when the backend does not tell.
    pub mean_probability: Option<f32>,
    /// SHA-256 of the weights, where they are on this machine.
    pub weights: Option<Digest>,
    /// SHA-256 of the chat template, where one was used here.
    pub template: Option<Digest>,
    /// Time from the request until its prompt was begun, loading included, microseconds.
    pub waiting_us: u64,
    /// Time for the prompt, microseconds.
    pub prompt_us: u64,
    /// Time for the text, microseconds.
    pub writing_us: u64,
}

/// What is told while a model writes: any number of `Waiting`, then `Started`, `Text`…, `Finished`.
#[derive(Debug, Clone, PartialEq)]
pub enum WritingEvent {
    /// It is not this request's turn yet. Told again whenever that changes.
    Waiting {
        /// Requests that come before it.
        position: u32,
        /// Whether its model is being loaded now.
        is_loading: bool,
        /// Time until it begins, milliseconds, where it can be told.
        estimate_ms: Option<u64>,
    },
    /// The prompt is being read.
    Started {
        /// Tokens of the prompt.
        prompt_tokens: u32,
        /// Of these, tokens that need not be computed again.
        reused_tokens: u32,
    },
    /// The next piece of text, whole characters.
    Text {
        /// The text; may be empty when only `tokens` are told.
        text: String,
        /// Its tokens, when log-probabilities were asked for.
        tokens: Vec<TokenInfo>,
    },
    /// Nothing comes after it.
    Finished(Box<Finished>),
}

/// Why a text was not written, or not to its end.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum WritingError {
    /// There is no such model.
    #[error("there is no model `{0}`; `codegenie models list` shows those there are")]
    UnknownModel(ModelName),
    /// The model has no such adapter.
    #[error("the model `{model}` has no adapter `{adapter}`")]
    UnknownAdapter {
        /// The model.
        model: ModelName,
        /// The adapter.
        adapter: AdapterName,
    },
    /// The prompt and what may be written do not fit in the model's context.
    #[error(
        "the prompt has {prompt_tokens} tokens, and the model `{model}` reads {context_tokens} at most, the answer included; shorten it"
    )]
    TooLong {
        /// The model.
        model: ModelName,
        /// Tokens of the prompt.
        prompt_tokens: u32,
        /// Tokens that fit.
        context_tokens: u32,
    },
    /// The model does not fit into the memory it may take.
    #[error(
        "the model `{model}` needs {needed_bytes} bytes of memory, and {budget_bytes} may be used; choose a smaller model or raise `model_memory`"
    )]
    NoMemory {
        /// The model.
        model: ModelName,
        /// Bytes needed.
        needed_bytes: u64,
        /// Bytes that may be used.
        budget_bytes: u64,
    },
    /// The request asks for something that cannot be done; the text says what and why.
    #[error("{0}")]
    Refused(String),
    /// Too many requests wait already.
    #[error("{0} requests wait for a language model already; try again later")]
    Busy(u32),
    /// The engine process or the remote backend died or fell silent; a later request may work.
    #[error("the model `{model}` failed: {reason}")]
    Failed {
        /// The model.
        model: ModelName,
        /// What happened.
        reason: String,
    },
    /// The product is shutting down.
    #[error("the server is shutting down")]
    Closing,
}

impl WritingError {
    /// Whether another model or another server may do what failed.
    pub const fn may_succeed_elsewhere(&self) -> bool {
        match self {
            Self::UnknownModel(_) | Self::NoMemory { .. } | Self::Busy(_) | Self::Failed { .. } => {
                true
            }
            Self::UnknownAdapter { .. }
            | Self::TooLong { .. }
            | Self::Refused(_)
            | Self::Closing => false,
        }
    }
}

/// A text being written. Dropping it cancels the request: computing stops within one step.
#[async_trait]
pub trait Writing: Send {
    /// The next event; `None` after [`WritingEvent::Finished`] or an error.
    async fn next(&mut self) -> Option<Result<WritingEvent, WritingError>>;
}

/// Writes with language models, on this machine or elsewhere.
#[async_trait]
pub trait Writer: Send + Sync {
    /// Begins a text. Waiting for memory and for other requests is told by events, not by this call.
    ///
    /// # Errors
    /// What can be told at once: an unknown model or adapter, a request that cannot be done, too many requests.
    async fn write(&self, request: WritingRequest) -> Result<Box<dyn Writing>, WritingError>;

    /// The names of models that can be asked now, in the order of their names.
    async fn list_names(&self) -> Vec<ModelName>;

    /// The adapters that requests may name, by model. None, where a writer does not say otherwise.
    async fn list_adapters(&self) -> Vec<(ModelName, AdapterName)> {
        Vec::new()
    }

    /// How many tokens a text has for a model; `None` when its model cannot tell without being loaded.
    async fn count_tokens(&self, model: &ModelName, text: &str) -> Option<u32>;
}
