//! Conversations, messages and receipts on the wire.

use app::conversations::TITLE_BYTES_MAX;
use domain::Page;
use domain::ask::{Receipt, WrittenText};
use domain::conversations::{Conversation, Message, MessageBody};
use domain::models::writing::{ChatMessage, Prompt, Speaker};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

use super::ask::AnswerResponse;
use super::fields::{TextField, rfc3339};
use super::names::{Author, AuthorName, Name};

/// A conversation.
#[derive(Serialize, ToSchema)]
#[schema(example = json!({
    "id": "0198a0c4-5f5e-7c3e-9d53-0c6f3b1f2a13", "title": "Rotate a list by k", "created_at": "2026-11-20T10:15:30.000Z",
    "updated_at": "2026-11-20T10:16:02.000Z"
}))]
pub(crate) struct ConversationResponse {
    /// Identity.
    id: Uuid,
    /// Its name.
    title: String,
    /// When it began.
    #[schema(format = DateTime)]
    created_at: String,
    /// When a message was last added or the title changed.
    #[schema(format = DateTime)]
    updated_at: String,
}

impl From<Conversation> for ConversationResponse {
    fn from(conversation: Conversation) -> Self {
        Self {
            id: conversation.id.0,
            title: conversation.title,
            created_at: rfc3339(conversation.created_at),
            updated_at: rfc3339(conversation.updated_at),
        }
    }
}

/// Conversations.
#[derive(Serialize, ToSchema)]
pub(crate) struct ConversationList {
    /// This piece of the list, latest first.
    conversations: Vec<ConversationResponse>,
    /// Conversations in the whole list.
    total: u64,
}

impl From<Page<Conversation>> for ConversationList {
    fn from(page: Page<Conversation>) -> Self {
        let conversations = page
            .rows
            .into_iter()
            .map(ConversationResponse::from)
            .collect();
        Self {
            conversations,
            total: page.total,
        }
    }
}

/// A new name.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"title": "Lists in Python"}))]
pub(crate) struct RenameRequest {
    /// The new title.
    #[schema(value_type = String, min_length = 1, max_length = 200, pattern = r"^[^\u0000]*[^\s\u0000][^\u0000]*$")]
    pub(crate) title: TextField<TITLE_BYTES_MAX>,
}

/// One message.
#[derive(Serialize, ToSchema)]
pub(crate) struct MessageResponse {
    /// Identity.
    id: Uuid,
    /// Who wrote it.
    author: AuthorName,
    /// What the user wrote; null for an answer.
    #[schema(required)]
    text: Option<String>,
    /// What was answered; null for a question.
    #[schema(required)]
    answer: Option<AnswerResponse>,
    /// When it was added.
    #[schema(format = DateTime)]
    created_at: String,
}

impl From<Message> for MessageResponse {
    fn from(message: Message) -> Self {
        let (author, text, answer) = match message.body {
            MessageBody::Question { text } => (Author::User, Some(text), None),
            MessageBody::Answer(answer) => {
                let (conversation, id) = (Some(message.conversation), Some(message.id));
                let answer = AnswerResponse::stored(*answer, conversation, id, message.receipt);
                (Author::Assistant, None, Some(answer))
            }
        };
        Self {
            id: message.id.0,
            author: Name(author),
            text,
            answer,
            created_at: rfc3339(message.created_at),
        }
    }
}

/// Messages.
#[derive(Serialize, ToSchema)]
pub(crate) struct MessageList {
    /// This piece of the conversation, oldest first.
    messages: Vec<MessageResponse>,
    /// Messages in the whole conversation.
    total: u64,
}

impl From<Page<Message>> for MessageList {
    fn from(page: Page<Message>) -> Self {
        Self {
            messages: page.rows.into_iter().map(MessageResponse::from).collect(),
            total: page.total,
        }
    }
}

/// How an answer came about.
#[derive(Serialize, ToSchema)]
#[schema(example = json!({
    "id": "0198a0c4-5f5e-7c3e-9d53-0c6f3b1f2a15", "version": "0.1.0", "encoder": "all-minilm-l6-v2-f32@53aa5117",
    "steps": [{"name": "understand", "duration_us": 84, "facts": [{"name": "words", "value": "9"}]}], "writings": [],
    "created_at": "2026-11-20T10:15:30.000Z"
}))]
pub(crate) struct ReceiptResponse {
    /// Identity.
    id: Uuid,
    /// Version of the program that answered.
    version: String,
    /// The embedding model that searched.
    encoder: String,
    /// The steps, in order.
    steps: Vec<StepResponse>,
    /// What language models wrote for it, in order.
    writings: Vec<WritingResponse>,
    /// When.
    #[schema(format = DateTime)]
    created_at: String,
}

/// One step of making an answer.
#[derive(Serialize, ToSchema)]
pub(crate) struct StepResponse {
    /// Name of the step.
    name: String,
    /// Time it took, microseconds.
    duration_us: u64,
    /// What it found.
    facts: Vec<Fact>,
}

/// A text that a language model wrote.
#[derive(Serialize, ToSchema)]
pub(crate) struct WritingResponse {
    /// The model.
    model: String,
    /// The seed of its sampling.
    seed: u64,
    /// Whether the answer was made of it.
    is_shown: bool,
    /// What it was given to read.
    messages: Vec<PromptMessage>,
    /// What it wrote, before it was cleaned.
    text: String,
}

/// A message that a language model was given.
#[derive(Serialize, ToSchema)]
pub(crate) struct PromptMessage {
    /// Who says it: `system`, `user` or `assistant`.
    speaker: &'static str,
    /// What is said.
    text: String,
}

impl From<WrittenText> for WritingResponse {
    fn from(written: WrittenText) -> Self {
        let messages = match written.request.prompt {
            Prompt::Chat(messages) => messages,
            Prompt::Text(text) => vec![ChatMessage {
                speaker: Speaker::User,
                text,
            }],
        };
        Self {
            model: written.request.model.to_string(),
            seed: written.request.sampling.seed,
            is_shown: written.is_shown,
            messages: messages
                .into_iter()
                .map(|message| PromptMessage {
                    speaker: message.speaker.name(),
                    text: message.text,
                })
                .collect(),
            text: written.text,
        }
    }
}

/// Something a step found.
#[derive(Serialize, ToSchema)]
pub(crate) struct Fact {
    /// What was found.
    name: String,
    /// Its value.
    value: String,
}

impl From<Receipt> for ReceiptResponse {
    fn from(receipt: Receipt) -> Self {
        let steps = receipt.steps.into_iter().map(|step| StepResponse {
            name: step.name,
            duration_us: step.duration_us,
            facts: step
                .facts
                .into_iter()
                .map(|(name, value)| Fact { name, value })
                .collect(),
        });
        Self {
            id: receipt.id.0,
            version: receipt.version,
            encoder: receipt.encoder,
            steps: steps.collect(),
            writings: receipt
                .writings
                .into_iter()
                .map(WritingResponse::from)
                .collect(),
            created_at: rfc3339(receipt.created_at),
        }
    }
}
