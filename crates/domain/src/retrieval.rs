//! Finding what is known, and knowing when nothing is.

use async_trait::async_trait;

use crate::knowledge::{Item, ItemFilter, Reader};
use crate::store::StoreError;

/// Whether what was found answers the question. Three outcomes, by calibrated score.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Verdict {
    /// The best item answers it.
    Known,
    /// The best item may be meant; the user is asked.
    Confirm,
    /// Nothing known answers it.
    Unknown,
}

/// Which means of search were at hand.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum SearchRung {
    /// Vectors and words.
    Hybrid,
    /// Words alone, because the embedding model is missing or failed.
    Lexical,
}

/// What to look for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Query {
    /// The words of the question, code taken out.
    pub text: String,
    /// Narrows the search.
    pub filter: ItemFilter,
    /// Hits wanted at most, 1 to 50.
    pub limit: u32,
}

/// One item found.
#[derive(Debug, Clone, PartialEq)]
pub struct Hit {
    /// The item.
    pub item: Item,
    /// Calibrated probability, 0 to 1, that this item answers the question.
    pub score: f32,
    /// Cosine similarity to the nearest embedded text of the item, −1 to 1; `None` when it was found by words alone.
    pub cosine: Option<f32>,
}

/// The result of a search.
#[derive(Debug, Clone, PartialEq)]
pub struct Retrieval {
    /// What was found, best first.
    pub hits: Vec<Hit>,
    /// Whether the best hit answers the question.
    pub verdict: Verdict,
    /// By which means.
    pub rung: SearchRung,
}

/// Searches what is known.
#[async_trait]
pub trait Retriever: Send + Sync {
    /// Finds what answers `query` among the items `reader` may see. The lack of an encoder is no error: the rung says so.
    async fn retrieve(&self, reader: Reader, query: &Query) -> Result<Retrieval, StoreError>;

    /// Brings the index up to date with the store; cheap when nothing changed. Returns the number of vectors held.
    async fn refresh(&self) -> Result<usize, StoreError>;
}
