//! Conversations: listing, searching, renaming, deleting. Each act sees the caller's own rows alone.

use std::sync::Arc;

use domain::accounts::Principal;
use domain::ask::Receipt;
use domain::conversations::{Conversation, ConversationStore, Message};
use domain::id::{ConversationId, ReceiptId};
use domain::{Clock, InvalidText, Page, PageRequest, StoreError, Text};

/// Most bytes of a conversation's title.
pub const TITLE_BYTES_MAX: usize = 200;

/// Why a conversation was not read or changed.
#[derive(Debug, thiserror::Error)]
pub enum ConversationError {
    /// It does not exist, or belongs to somebody else: which of them is not told.
    #[error("you have no such conversation")]
    NotFound,
    /// The new title was refused.
    #[error("title {0}")]
    Title(InvalidText),
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Reads and changes conversations.
pub struct ConversationService {
    store: Arc<dyn ConversationStore>,
    clock: Arc<dyn Clock>,
}

impl ConversationService {
    /// A service over `store`.
    pub fn new(store: Arc<dyn ConversationStore>, clock: Arc<dyn Clock>) -> Self {
        Self { store, clock }
    }

    /// The caller's conversations that contain every word of `search`, latest first.
    pub async fn list(
        &self,
        principal: &Principal,
        search: &str,
        page: PageRequest,
    ) -> Result<Page<Conversation>, ConversationError> {
        Ok(self
            .store
            .list_conversations(principal.account.id, search, page)
            .await?)
    }

    /// One conversation.
    pub async fn get(
        &self,
        principal: &Principal,
        id: ConversationId,
    ) -> Result<Conversation, ConversationError> {
        let found = self
            .store
            .find_conversation(principal.account.id, id)
            .await?;
        found.ok_or(ConversationError::NotFound)
    }

    /// Its messages, oldest first.
    pub async fn list_messages(
        &self,
        principal: &Principal,
        id: ConversationId,
        page: PageRequest,
    ) -> Result<Page<Message>, ConversationError> {
        let found = self
            .store
            .list_messages(principal.account.id, id, page)
            .await?;
        found.ok_or(ConversationError::NotFound)
    }

    /// Gives it a new title of at most [`TITLE_BYTES_MAX`] bytes.
    pub async fn rename(
        &self,
        principal: &Principal,
        id: ConversationId,
        title: &str,
    ) -> Result<Conversation, ConversationError> {
        let title = Text::<TITLE_BYTES_MAX>::new(title.trim()).map_err(ConversationError::Title)?;
        let owner = principal.account.id;
        let renamed = self
            .store
            .rename_conversation(owner, id, title.as_str(), self.clock.now())
            .await?;
        renamed.ok_or(ConversationError::NotFound)
    }

    /// Deletes it with everything in it.
    pub async fn remove(
        &self,
        principal: &Principal,
        id: ConversationId,
    ) -> Result<(), ConversationError> {
        let removed = self
            .store
            .remove_conversation(principal.account.id, id)
            .await?;
        if removed {
            Ok(())
        } else {
            Err(ConversationError::NotFound)
        }
    }

    /// The receipt of an answer.
    pub async fn get_receipt(
        &self,
        principal: &Principal,
        id: ReceiptId,
    ) -> Result<Receipt, ConversationError> {
        let found = self.store.find_receipt(principal.account.id, id).await?;
        found.ok_or(ConversationError::NotFound)
    }
}
