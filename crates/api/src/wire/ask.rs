//! Questions and answers on the wire.

use domain::ask::{
    Answer, Answered, Mode, QUESTION_BYTES_MAX, Question, Source as DomainSource, Style,
};
use domain::id::{ConversationId, MessageId, ReceiptId};
use domain::models::ModelName;
use domain::routing::RouteDecision;
use domain::{Language, Text};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa::openapi::schema::{ArrayBuilder, ObjectBuilder, Schema, SchemaType, Type};
use uuid::Uuid;

use super::checks::Checks;
use super::fields::{Parsed, TextField, in_range};
use super::names::{
    IntentName, LanguageName, ModeName, Name, OutcomeName, RouteRungName, StyleName, TopicName,
};
use crate::problem::Problem;

/// The largest whole number that every reader of JSON holds exactly (RFC 8259, section 6).
const SEED_MAX: u64 = (1 << 53) - 1;

/// Most earlier messages that may be given to be routed with.
const HISTORY_MAX: usize = 50;

type Prose = TextField<QUESTION_BYTES_MAX>;

/// A question.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"message": "write a Python function that rotates a list by k", "mode": "auto"}))]
pub(crate) struct AskRequest {
    /// What is wanted; code may be pasted into it.
    #[schema(value_type = String, min_length = 1, max_length = 65536, pattern = r"^[^\u0000]*[^\s\u0000][^\u0000]*$")]
    message: Prose,
    /// Code that the question is about.
    #[schema(value_type = Option<String>, min_length = 1, max_length = 65536, pattern = r"^[^\u0000]*[^\s\u0000][^\u0000]*$")]
    code: Option<Prose>,
    /// `auto` when left out.
    mode: Option<ModeName>,
    /// The language wanted, or the language of the code.
    language: Option<LanguageName>,
    /// `beginner` when left out.
    style: Option<StyleName>,
    /// The language model wanted.
    #[schema(value_type = Option<String>, min_length = 1, max_length = 96, pattern = r"^[A-Za-z0-9_:\-]([A-Za-z0-9_:\-]|[.\/][A-Za-z0-9_:\-])*$")]
    model: Option<Parsed<ModelName>>,
    /// Tokens to generate at most; only a language model heeds it.
    #[schema(minimum = 1, maximum = 8192)]
    max_new_tokens: Option<u32>,
    /// Sampling temperature; only a language model heeds it.
    #[schema(minimum = 0, maximum = 2)]
    temperature: Option<f32>,
    /// Seed of the sampling; the same seed gives the same text from the same model. A random one when left out.
    #[schema(minimum = 0, maximum = 9_007_199_254_740_991_i64)]
    seed: Option<u64>,
    /// The conversation to continue; a new one begins when left out.
    #[schema(value_type = Option<Uuid>)]
    conversation_id: Option<Parsed<ConversationId>>,
    /// The earlier answer that this one takes the place of.
    #[schema(value_type = Option<Uuid>)]
    replaces_message_id: Option<Parsed<MessageId>>,
    /// Whether to answer as server-sent events; the `Accept` header decides when left out.
    pub(crate) stream: Option<bool>,
}

impl TryFrom<AskRequest> for Question {
    type Error = Problem;

    fn try_from(request: AskRequest) -> Result<Self, Problem> {
        let options = Options {
            language: request.language,
            style: request.style,
            model: request.model,
            max_new_tokens: request.max_new_tokens,
            temperature: request.temperature,
            seed: request.seed,
            conversation: request.conversation_id,
            replaces: request.replaces_message_id,
        };
        let mode = request.mode.map_or(Mode::Auto, |mode| mode.0);
        options.into_question(request.message.0, request.code.map(|code| code.0), mode)
    }
}

/// Code to be written.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"prompt": "a function that checks whether a word is a palindrome", "language": "python"}))]
pub(crate) struct GenerateRequest {
    /// What the code should do.
    #[schema(value_type = String, min_length = 1, max_length = 65536, pattern = r"^[^\u0000]*[^\s\u0000][^\u0000]*$")]
    prompt: Prose,
    /// The language wanted.
    language: Option<LanguageName>,
    /// `beginner` when left out.
    style: Option<StyleName>,
    /// The language model wanted.
    #[schema(value_type = Option<String>, min_length = 1, max_length = 96, pattern = r"^[A-Za-z0-9_:\-]([A-Za-z0-9_:\-]|[.\/][A-Za-z0-9_:\-])*$")]
    model: Option<Parsed<ModelName>>,
    /// Tokens to generate at most; only a language model heeds it.
    #[schema(minimum = 1, maximum = 8192)]
    max_new_tokens: Option<u32>,
    /// Sampling temperature; only a language model heeds it.
    #[schema(minimum = 0, maximum = 2)]
    temperature: Option<f32>,
    /// Seed of the sampling; the same seed gives the same text from the same model. A random one when left out.
    #[schema(minimum = 0, maximum = 9_007_199_254_740_991_i64)]
    seed: Option<u64>,
    /// The conversation to continue; a new one begins when left out.
    #[schema(value_type = Option<Uuid>)]
    conversation_id: Option<Parsed<ConversationId>>,
    /// The earlier answer that this one takes the place of.
    #[schema(value_type = Option<Uuid>)]
    replaces_message_id: Option<Parsed<MessageId>>,
    /// Whether to answer as server-sent events; the `Accept` header decides when left out.
    pub(crate) stream: Option<bool>,
}

impl TryFrom<GenerateRequest> for Question {
    type Error = Problem;

    fn try_from(request: GenerateRequest) -> Result<Self, Problem> {
        let options = Options {
            language: request.language,
            style: request.style,
            model: request.model,
            max_new_tokens: request.max_new_tokens,
            temperature: request.temperature,
            seed: request.seed,
            conversation: request.conversation_id,
            replaces: request.replaces_message_id,
        };
        options.into_question(request.prompt.0, None, Mode::Generate)
    }
}

/// Code or an idea to be explained: `code`, `question`, or both.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"code": "def f(x):\n    return x * 2", "language": "python", "style": "beginner"}))]
pub(crate) struct ExplainRequest {
    /// The code to be explained.
    #[schema(value_type = Option<String>, min_length = 1, max_length = 65536, pattern = r"^[^\u0000]*[^\s\u0000][^\u0000]*$")]
    code: Option<Prose>,
    /// What is to be explained, in words.
    #[schema(value_type = Option<String>, min_length = 1, max_length = 65536, pattern = r"^[^\u0000]*[^\s\u0000][^\u0000]*$")]
    question: Option<Prose>,
    /// The language of the code.
    language: Option<LanguageName>,
    /// `beginner` when left out.
    style: Option<StyleName>,
    /// The language model wanted.
    #[schema(value_type = Option<String>, min_length = 1, max_length = 96, pattern = r"^[A-Za-z0-9_:\-]([A-Za-z0-9_:\-]|[.\/][A-Za-z0-9_:\-])*$")]
    model: Option<Parsed<ModelName>>,
    /// Tokens to generate at most; only a language model heeds it.
    #[schema(minimum = 1, maximum = 8192)]
    max_new_tokens: Option<u32>,
    /// Sampling temperature; only a language model heeds it.
    #[schema(minimum = 0, maximum = 2)]
    temperature: Option<f32>,
    /// Seed of the sampling; the same seed gives the same text from the same model. A random one when left out.
    #[schema(minimum = 0, maximum = 9_007_199_254_740_991_i64)]
    seed: Option<u64>,
    /// The conversation to continue; a new one begins when left out.
    #[schema(value_type = Option<Uuid>)]
    conversation_id: Option<Parsed<ConversationId>>,
    /// The earlier answer that this one takes the place of.
    #[schema(value_type = Option<Uuid>)]
    replaces_message_id: Option<Parsed<MessageId>>,
    /// Whether to answer as server-sent events; the `Accept` header decides when left out.
    pub(crate) stream: Option<bool>,
}

impl TryFrom<ExplainRequest> for Question {
    type Error = Problem;

    fn try_from(request: ExplainRequest) -> Result<Self, Problem> {
        let options = Options {
            language: request.language,
            style: request.style,
            model: request.model,
            max_new_tokens: request.max_new_tokens,
            temperature: request.temperature,
            seed: request.seed,
            conversation: request.conversation_id,
            replaces: request.replaces_message_id,
        };
        let code = request.code.map(|code| code.0);
        // Code without words is its own question.
        let text = request
            .question
            .map(|question| question.0)
            .or_else(|| code.clone());
        let text =
            text.ok_or_else(|| Problem::invalid("code", "give `code`, `question`, or both"))?;
        options.into_question(text, code, Mode::Explain)
    }
}

/// What all three kinds of question may say besides.
struct Options {
    language: Option<LanguageName>,
    style: Option<StyleName>,
    model: Option<Parsed<ModelName>>,
    max_new_tokens: Option<u32>,
    temperature: Option<f32>,
    seed: Option<u64>,
    conversation: Option<Parsed<ConversationId>>,
    replaces: Option<Parsed<MessageId>>,
}

impl Options {
    fn into_question(
        self,
        text: Text<QUESTION_BYTES_MAX>,
        code: Option<Text<QUESTION_BYTES_MAX>>,
        mode: Mode,
    ) -> Result<Question, Problem> {
        let tokens = self
            .max_new_tokens
            .map(|tokens| in_range("max_new_tokens", tokens, 1, 8192));
        let temperature = self
            .temperature
            .map(|temperature| in_range("temperature", temperature, 0.0, 2.0));
        let seed = self
            .seed
            .map(|seed| in_range("seed", seed, 0, SEED_MAX))
            .transpose()?;
        Ok(Question {
            text,
            code,
            mode,
            language: self.language.map(|language| language.0),
            style: self.style.map_or(Style::Beginner, |style| style.0),
            model: self.model.map(|model| model.0),
            max_new_tokens: tokens.transpose()?,
            temperature: temperature.transpose()?,
            seed,
            conversation: self.conversation.map(|id| id.0),
            replaces: self.replaces.map(|id| id.0),
        })
    }
}

/// A message to be routed but not answered.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"message": "what is overfitting?", "history": ["train a random forest on iris"]}))]
pub(crate) struct RouteRequest {
    /// The message.
    #[schema(value_type = String, min_length = 1, max_length = 65536, pattern = r"^[^\u0000]*[^\s\u0000][^\u0000]*$")]
    message: Prose,
    /// The user's earlier messages, oldest first.
    #[schema(schema_with = history_schema)]
    history: Option<Vec<Prose>>,
}

fn history_schema() -> Schema {
    let message = ObjectBuilder::new()
        .schema_type(Type::String)
        .min_length(Some(1))
        .max_length(Some(QUESTION_BYTES_MAX))
        .pattern(Some(r"^[^\u0000]*[^\s\u0000][^\u0000]*$"));
    ArrayBuilder::new()
        .schema_type(SchemaType::from_iter([Type::Array, Type::Null]))
        .items(message)
        .max_items(Some(HISTORY_MAX))
        .description(Some("The user's earlier messages, oldest first."))
        .into()
}

impl RouteRequest {
    /// The message and the earlier ones.
    pub(crate) fn into_parts(self) -> Result<(String, Vec<String>), Problem> {
        let history = self.history.unwrap_or_default();
        in_range("history", history.len(), 0, HISTORY_MAX)?;
        let history = history
            .into_iter()
            .map(|message| message.0.into_string())
            .collect();
        Ok((self.message.0.into_string(), history))
    }
}

/// Where a message goes, and why.
#[derive(Serialize, ToSchema)]
#[schema(example = json!({
    "intent": "explain", "topic": "data-science", "scores": {"generate": 0.03, "explain": 0.95, "none": 0.02},
    "mode": "explain", "rung": "semantic"
}))]
pub(crate) struct RouteResponse {
    /// What the message asks for.
    intent: IntentName,
    /// The field it is about.
    topic: TopicName,
    /// Calibrated probabilities; they add up to 1.
    scores: RouteScores,
    /// The mode that would be used: the intent, or `auto` when it is neither.
    mode: ModeName,
    /// By which means it was decided.
    rung: RouteRungName,
}

/// How likely each intent is.
#[derive(Serialize, ToSchema)]
pub(crate) struct RouteScores {
    /// Code to be written.
    generate: f32,
    /// Something to be explained.
    explain: f32,
    /// Neither.
    none: f32,
}

impl From<RouteDecision> for RouteResponse {
    fn from(decision: RouteDecision) -> Self {
        use domain::routing::Intent;
        let [generate, explain, none] = decision.scores;
        let mode = match decision.intent {
            Intent::Generate => Mode::Generate,
            Intent::Explain => Mode::Explain,
            Intent::None => Mode::Auto,
        };
        Self {
            intent: Name(decision.intent),
            topic: Name(decision.topic),
            scores: RouteScores {
                generate,
                explain,
                none,
            },
            mode: Name(mode),
            rung: Name(decision.rung),
        }
    }
}

/// Something known that an answer was made from.
#[derive(Serialize, ToSchema)]
#[schema(example = json!({
    "id": "0198a0c4-5f5e-7c3e-9d53-0c6f3b1f2a12", "key": "library/python/rotate-list", "title": "Rotate a list", "score": 0.93,
    "language": "python"
}))]
pub(crate) struct Source {
    /// The item.
    id: Uuid,
    /// Its name, the same in every database.
    key: String,
    /// Its title.
    title: String,
    /// Calibrated probability, 0 to 1, that it answers the question.
    #[schema(minimum = 0, maximum = 1)]
    score: f32,
    /// The language of its code; null for a concept.
    #[schema(required)]
    language: Option<LanguageName>,
}

impl From<DomainSource> for Source {
    fn from(source: DomainSource) -> Self {
        Self {
            id: source.item.0,
            key: source.key,
            title: source.title,
            score: source.score,
            language: source.language.map(Name),
        }
    }
}

/// An answer, with everything it says about itself.
#[derive(Serialize, ToSchema)]
#[schema(example = json!({
    "answer": "```python\ndef rotate(items, k):\n    …\n```", "code": "def rotate(items, k):\n    …", "language": "python",
    "outcome": "answered", "brain": "LIBRARY", "reason": "Verified code of the library matches the request.", "model": null,
    "ai_confidence": 0.0,
    "sources": [{
        "id": "0198a0c4-5f5e-7c3e-9d53-0c6f3b1f2a12", "key": "library/python/rotate-list", "title": "Rotate a list",
        "score": 0.93, "language": "python"
    }],
    "checks": {
        "syntax": "passed", "execution": "passed", "notes": ["The code parses as Python."], "tests_passed": 4,
        "tests_total": 4, "attempts": 1, "duration_ms": 5.1
    },
    "conversation_id": "0198a0c4-5f5e-7c3e-9d53-0c6f3b1f2a13", "message_id": "0198a0c4-5f5e-7c3e-9d53-0c6f3b1f2a14",
    "receipt_id": "0198a0c4-5f5e-7c3e-9d53-0c6f3b1f2a15"
}))]
pub(crate) struct AnswerResponse {
    /// The answer as Markdown.
    answer: String,
    /// The code of it, alone.
    #[schema(required)]
    code: Option<String>,
    /// The language of `code`, or of the code that was explained.
    #[schema(required)]
    language: Option<LanguageName>,
    /// Whether the question was answered.
    outcome: OutcomeName,
    /// Which part answered: CODE, THEORY, BASE, GUARDED, MODEL:<name>, LIBRARY, ANALYSIS or NONE.
    brain: String,
    /// Why that part answered.
    reason: String,
    /// The language model that took part.
    #[schema(required)]
    model: Option<String>,
    /// The language model's confidence, 0 to 1; 0 when none took part.
    #[schema(minimum = 0, maximum = 1)]
    ai_confidence: f32,
    /// What the answer was made from, best first.
    sources: Vec<Source>,
    /// What was checked.
    checks: Checks,
    /// The conversation it was stored in.
    #[schema(required)]
    conversation_id: Option<Uuid>,
    /// The message that holds it.
    #[schema(required)]
    message_id: Option<Uuid>,
    /// How it came about: see `/api/v1/receipts/{id}`.
    #[schema(required)]
    receipt_id: Option<Uuid>,
}

impl AnswerResponse {
    /// An answer that was stored.
    pub(crate) fn stored(
        answer: Answer,
        conversation: Option<ConversationId>,
        message: Option<MessageId>,
        receipt: Option<ReceiptId>,
    ) -> Self {
        use domain::ask::Brain;
        let model = if let Brain::Model(name) = &answer.brain {
            Some(name.to_string())
        } else {
            None
        };
        Self {
            answer: answer.markdown,
            code: answer.code,
            language: answer.language.map(Name::<Language>),
            outcome: Name(answer.outcome),
            brain: answer.brain.to_string(),
            reason: answer.reason,
            model,
            ai_confidence: answer.ai_confidence,
            sources: answer.sources.into_iter().map(Source::from).collect(),
            checks: answer.checks.into(),
            conversation_id: conversation.map(|id| id.0),
            message_id: message.map(|id| id.0),
            receipt_id: receipt.map(|id| id.0),
        }
    }
}

impl From<Answered> for AnswerResponse {
    fn from(answered: Answered) -> Self {
        let (conversation, message) = answered
            .stored
            .map(|turn| (turn.conversation, turn.message))
            .unzip();
        Self::stored(
            answered.answer,
            conversation,
            message,
            Some(answered.receipt.id),
        )
    }
}
