//! What CodeGenie knows: verified tasks and concept notes, from the library, from imports and from people.

use async_trait::async_trait;

use crate::ask::Topic;
use crate::id::{AccountId, ItemId};
use crate::language::Language;
use crate::store::StoreError;
use crate::time::Timestamp;

/// Whether an item is code for a task or the explanation of an idea.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ItemKind {
    /// A programming task with its code.
    Task,
    /// A concept note.
    Concept,
}

/// Where an item comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Origin {
    /// The library embedded in the binary.
    Library,
    /// An imported HumanEval file.
    HumanEval,
    /// Taught by a person.
    Taught,
}

/// Who may find an item.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ItemStatus {
    /// Only its author.
    Draft,
    /// Everybody.
    Published,
}

/// The content of an item.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ItemBody {
    /// A programming task.
    Task(TaskBody),
    /// A concept note.
    Concept(ConceptBody),
}

/// A programming task: the code that does it and how that was checked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TaskBody {
    /// Language of `code`.
    pub language: Language,
    /// The code, complete and runnable.
    pub code: String,
    /// Tests to run after the code, where there are any.
    pub tests: Option<String>,
    /// The function, class or table the task is about.
    pub entry_point: Option<String>,
    /// Whether its tests passed when the item was made (library items are verified at build time).
    pub verified: bool,
}

/// A concept told in three ways, each as Markdown.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ConceptBody {
    /// Field it belongs to.
    pub topic: Topic,
    /// For somebody new to it.
    pub beginner: String,
    /// Exact and complete.
    pub technical: String,
    /// In numbered steps.
    pub step_by_step: String,
    /// Keys of related concepts.
    pub see_also: Vec<String>,
}

/// One thing CodeGenie knows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Item {
    /// Identity in this database.
    pub id: ItemId,
    /// Name that stays the same in every database, such as `library/python/rotate-list` or `humaneval/HumanEval/0`; unique.
    pub key: String,
    /// Where it comes from.
    pub origin: Origin,
    /// Short name.
    pub title: String,
    /// What it does, in a sentence or two.
    pub description: String,
    /// How people ask for it; each is embedded beside the description.
    pub phrasings: Vec<String>,
    /// The content.
    pub body: ItemBody,
    /// Its author, when a person taught it.
    pub owner: Option<AccountId>,
    /// Who may find it.
    pub status: ItemStatus,
    /// SHA-256 of the content, lower-case hex; an import skips an item whose fingerprint is unchanged.
    pub fingerprint: String,
    /// When it was last written.
    pub updated_at: Timestamp,
}

impl Item {
    /// Whether it is a task or a concept.
    pub const fn kind(&self) -> ItemKind {
        match self.body {
            ItemBody::Task(_) => ItemKind::Task,
            ItemBody::Concept(_) => ItemKind::Concept,
        }
    }

    /// The language of its code; `None` for a concept.
    pub const fn language(&self) -> Option<Language> {
        match &self.body {
            ItemBody::Task(task) => Some(task.language),
            ItemBody::Concept(_) => None,
        }
    }

    /// The texts that are embedded, one vector each: the title, the description, then the phrasings; blank ones are left out. Never
    /// empty, so that every item has a vector once it was embedded: an item without a word is embedded by its key.
    pub fn embedded_texts(&self) -> Vec<String> {
        let mut texts: Vec<String> = [self.title.clone(), self.description.clone()]
            .into_iter()
            .chain(self.phrasings.iter().cloned())
            .filter(|text| !text.trim().is_empty())
            .collect();
        if texts.is_empty() {
            texts.push(self.key.clone());
        }
        texts
    }
}

/// Who is looking: decides which drafts are visible.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reader {
    /// Published items only.
    Public,
    /// Published items and this account's drafts.
    Account(AccountId),
}

impl Reader {
    /// Whether this reader may see an item of this owner and status.
    pub fn may_see(self, owner: Option<AccountId>, status: ItemStatus) -> bool {
        match (status, self) {
            (ItemStatus::Published, _) => true,
            (ItemStatus::Draft, Self::Account(account)) => owner == Some(account),
            (ItemStatus::Draft, Self::Public) => false,
        }
    }
}

/// Narrows a search; `None` means any.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct ItemFilter {
    /// Only tasks, or only concepts.
    pub kind: Option<ItemKind>,
    /// Only this language (concepts have none and never match).
    pub language: Option<Language>,
}

/// What a vector belongs to, as far as a search must know.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct VectorFacets {
    /// The item.
    pub item: ItemId,
    /// Task or concept.
    pub kind: ItemKind,
    /// Language of a task.
    pub language: Option<Language>,
    /// Author of a taught item.
    pub owner: Option<AccountId>,
    /// Who may find it.
    pub status: ItemStatus,
}

/// One embedded text of an item.
#[derive(Debug, Clone, PartialEq)]
pub struct VectorEntry {
    /// What it belongs to.
    pub facets: VectorFacets,
    /// Unit-length vector, one number per dimension of the encoder.
    pub vector: Vec<f32>,
}

/// Counts every change of knowledge; grows by at least one with each.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
pub struct Revision(pub i64);

/// What changed since a revision.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct VectorChanges {
    /// The revision reached by applying these changes.
    pub revision: Revision,
    /// Items whose vectors must be dropped; also those in `added`, which replace what was there.
    pub removed: Vec<ItemId>,
    /// All vectors of every item written since.
    pub added: Vec<VectorEntry>,
}

/// An item with the vectors of its [`Item::embedded_texts`], in that order; no vectors when no encoder was at hand.
#[derive(Debug, Clone, PartialEq)]
pub struct EmbeddedItem {
    /// The item.
    pub item: Item,
    /// Its vectors.
    pub vectors: Vec<Vec<f32>>,
}

/// What an import did.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct ImportReport {
    /// Items that were new.
    pub added: u32,
    /// Items whose content was different and was replaced.
    pub changed: u32,
    /// Items that were there already, unchanged.
    pub unchanged: u32,
    /// Items removed because their source no longer has them.
    pub removed: u32,
}

/// How much is known.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct KnowledgeCounts {
    /// Tasks of every origin.
    pub tasks: u64,
    /// Concepts of every origin.
    pub concepts: u64,
    /// Items that have no vectors of the encoder asked about.
    pub unembedded: u64,
}

/// The store of knowledge items and their vectors. Rows are the truth; every index is made from them.
#[async_trait]
pub trait KnowledgeStore: Send + Sync {
    /// Keys and fingerprints of every item of an origin.
    async fn list_fingerprints(&self, origin: Origin) -> Result<Vec<(String, String)>, StoreError>;

    /// Writes items (an item whose key exists is replaced and keeps its identity) with their vectors of `encoder`, and removes
    /// the items named by `removed_keys`; all of it or nothing.
    async fn write_items(
        &self,
        encoder: &str,
        items: Vec<EmbeddedItem>,
        removed_keys: Vec<String>,
    ) -> Result<(), StoreError>;

    /// Items by identity that `reader` may see, in the order asked for; missing ones are left out.
    async fn list_items(&self, reader: Reader, ids: &[ItemId]) -> Result<Vec<Item>, StoreError>;

    /// Full-text search over title, description, phrasings and code: identity and a score where higher is better, best first.
    /// Any text is a valid query; none of it is query syntax.
    async fn search_text(
        &self,
        reader: Reader,
        query: &str,
        filter: ItemFilter,
        limit: u32,
    ) -> Result<Vec<(ItemId, f32)>, StoreError>;

    /// The present revision.
    async fn find_revision(&self) -> Result<Revision, StoreError>;

    /// What changed after `since`, as vectors of `encoder`; `Revision(0)` gives everything.
    async fn list_vector_changes(
        &self,
        encoder: &str,
        since: Revision,
    ) -> Result<VectorChanges, StoreError>;

    /// Up to `limit` items that have no vectors of `encoder`.
    async fn list_unembedded(&self, encoder: &str, limit: u32) -> Result<Vec<Item>, StoreError>;

    /// Adds the missing vectors of items that exist already. An item that has gone meanwhile, or whose stored fingerprint is
    /// not the given one because it was rewritten meanwhile, is passed over: its old vectors do not describe its new content.
    async fn add_vectors(
        &self,
        encoder: &str,
        embedded: Vec<EmbeddedItem>,
    ) -> Result<(), StoreError>;

    /// How much is known.
    async fn count_items(&self, encoder: &str) -> Result<KnowledgeCounts, StoreError>;
}

#[cfg(test)]
mod tests {
    use super::*;
    use uuid::Uuid;

    #[test]
    fn blank_texts_are_not_embedded_but_something_always_is() {
        let mut item = Item {
            id: ItemId(Uuid::from_u128(1)),
            key: "humaneval/X/1".into(),
            origin: Origin::HumanEval,
            title: "Rotate".into(),
            description: " ".into(),
            phrasings: vec!["turn a list".into()],
            body: ItemBody::Task(TaskBody {
                language: Language::Python,
                code: "pass".into(),
                tests: None,
                entry_point: None,
                verified: false,
            }),
            owner: None,
            status: ItemStatus::Published,
            fingerprint: String::new(),
            updated_at: Timestamp::from_millis(0),
        };
        assert_eq!(item.embedded_texts(), ["Rotate", "turn a list"]);
        item.title.clear();
        item.phrasings.clear();
        assert_eq!(item.embedded_texts(), ["humaneval/X/1"]);
    }

    #[test]
    fn a_draft_is_seen_by_its_author_alone() {
        let author = AccountId(Uuid::from_u128(1));
        let other = AccountId(Uuid::from_u128(2));
        assert!(Reader::Account(author).may_see(Some(author), ItemStatus::Draft));
        assert!(!Reader::Account(other).may_see(Some(author), ItemStatus::Draft));
        assert!(!Reader::Public.may_see(Some(author), ItemStatus::Draft));
        assert!(!Reader::Account(other).may_see(None, ItemStatus::Draft));
        assert!(Reader::Public.may_see(Some(author), ItemStatus::Published));
    }
}
