//! An item as its source describes it, before it has an identity and vectors.

use domain::id::{AccountId, Entropy, ItemId};
use domain::knowledge::{Item, ItemBody, ItemStatus, Origin};
use domain::{Clock, Timestamp};
use sha2::{Digest, Sha256};

use crate::accounts::hex;

/// An item as read from a file or typed by a person.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Draft {
    /// Lasting name.
    pub key: String,
    /// Short name.
    pub title: String,
    /// What it does.
    pub description: String,
    /// How people ask for it.
    pub phrasings: Vec<String>,
    /// The content.
    pub body: ItemBody,
    /// SHA-256 of the content, lower-case hex.
    pub fingerprint: String,
}

/// Where a draft comes from and who may find it.
#[derive(Debug, Clone, Copy)]
pub(super) struct Provenance {
    pub(super) origin: Origin,
    pub(super) owner: Option<AccountId>,
    pub(super) status: ItemStatus,
}

impl Draft {
    pub(super) fn into_item(
        self,
        from: Provenance,
        clock: &dyn Clock,
        entropy: &dyn Entropy,
    ) -> Item {
        let now: Timestamp = clock.now();
        Item {
            id: ItemId::new(now, entropy),
            key: self.key,
            origin: from.origin,
            title: self.title,
            description: self.description,
            phrasings: self.phrasings,
            body: self.body,
            owner: from.owner,
            status: from.status,
            fingerprint: self.fingerprint,
            updated_at: now,
        }
    }
}

/// SHA-256 over parts that cannot run into each other, lower-case hex.
pub(super) fn fingerprint(parts: &[&str]) -> String {
    let mut hasher = Sha256::new();
    for part in parts {
        hasher.update((part.len() as u64).to_le_bytes());
        hasher.update(part.as_bytes());
    }
    hex(&hasher.finalize())
}
