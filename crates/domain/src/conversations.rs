//! Conversations: what a user asked and what was answered. Each belongs to one account and to nobody else.

use async_trait::async_trait;

use crate::ask::{Answer, Receipt};
use crate::id::{AccountId, ConversationId, MessageId, ReceiptId};
use crate::page::{Page, PageRequest};
use crate::store::StoreError;
use crate::time::Timestamp;

/// A conversation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Conversation {
    /// Identity.
    pub id: ConversationId,
    /// Whose it is.
    pub owner: AccountId,
    /// Name shown in the list; made from the first question.
    pub title: String,
    /// When it began.
    pub created_at: Timestamp,
    /// When a message was last added or the title changed.
    pub updated_at: Timestamp,
}

/// What a message holds.
#[derive(Debug, Clone, PartialEq)]
pub enum MessageBody {
    /// What the user wrote.
    Question {
        /// The text, pasted code included.
        text: String,
    },
    /// What CodeGenie answered.
    Answer(Box<Answer>),
}

/// One message of a conversation.
#[derive(Debug, Clone, PartialEq)]
pub struct Message {
    /// Identity.
    pub id: MessageId,
    /// The conversation.
    pub conversation: ConversationId,
    /// The content.
    pub body: MessageBody,
    /// Receipt of an answer.
    pub receipt: Option<ReceiptId>,
    /// When it was added.
    pub created_at: Timestamp,
}

/// A question with its answer, to be added as one act.
#[derive(Debug, Clone, PartialEq)]
pub struct Turn {
    /// The conversation; created with this identity when `title` is given.
    pub conversation: ConversationId,
    /// Title of a new conversation; `None` adds to an existing one.
    pub title: Option<String>,
    /// Identity of the question's message.
    pub question_id: MessageId,
    /// What the user wrote.
    pub question: String,
    /// Identity of the answer's message.
    pub answer_id: MessageId,
    /// The answer.
    pub answer: Answer,
    /// Its receipt.
    pub receipt: Receipt,
    /// An earlier answer that this turn replaces, with its question and receipt.
    pub replaces: Option<MessageId>,
    /// When.
    pub at: Timestamp,
}

/// The store of conversations. Every method takes the owner, and what belongs to another account does not exist for it.
#[async_trait]
pub trait ConversationStore: Send + Sync {
    /// Adds a turn; `false`, and nothing written, when the conversation or the replaced answer does not exist for `owner`.
    async fn append_turn(&self, owner: AccountId, turn: Turn) -> Result<bool, StoreError>;

    /// Conversations whose title or messages contain every word of `search` (all when empty), latest first.
    async fn list_conversations(
        &self,
        owner: AccountId,
        search: &str,
        page: PageRequest,
    ) -> Result<Page<Conversation>, StoreError>;

    /// One conversation.
    async fn find_conversation(
        &self,
        owner: AccountId,
        id: ConversationId,
    ) -> Result<Option<Conversation>, StoreError>;

    /// Renames a conversation; `None` when it does not exist for `owner`.
    async fn rename_conversation(
        &self,
        owner: AccountId,
        id: ConversationId,
        title: &str,
        at: Timestamp,
    ) -> Result<Option<Conversation>, StoreError>;

    /// Deletes a conversation with its messages and receipts; `false` when it does not exist for `owner`.
    async fn remove_conversation(
        &self,
        owner: AccountId,
        id: ConversationId,
    ) -> Result<bool, StoreError>;

    /// Messages of a conversation, oldest first; `None` when it does not exist for `owner`.
    async fn list_messages(
        &self,
        owner: AccountId,
        id: ConversationId,
        page: PageRequest,
    ) -> Result<Option<Page<Message>>, StoreError>;

    /// The last `count` messages of a conversation, oldest first; empty when it does not exist for `owner`.
    async fn list_recent_messages(
        &self,
        owner: AccountId,
        id: ConversationId,
        count: u32,
    ) -> Result<Vec<Message>, StoreError>;

    /// A receipt.
    async fn find_receipt(
        &self,
        owner: AccountId,
        id: ReceiptId,
    ) -> Result<Option<Receipt>, StoreError>;
}
