//! Search by meaning and by words together. The store's full-text search and the vector index propose items; the evidence for
//! each is weighed and the best are returned with a calibrated score. Without an encoder words alone decide.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError, RwLock};

use async_trait::async_trait;
use domain::StoreError;
use domain::embedding::{EmbedError, Embedder};
use domain::id::ItemId;
use domain::knowledge::{Item, KnowledgeStore, Reader};
use domain::retrieval::{Hit, Query, Retrieval, Retriever, SearchRung, Verdict};

use crate::calibration::{calibration_of, judge};
use crate::evidence::{Evidence, Found, ItemWords, Question, same_name};
use crate::index::{Cosines, IndexError, NearestQuery, VectorIndex};
use crate::terms::search_words;

/// Hits a caller may ask for at most.
const LIMIT_MAX: u32 = 50;

/// Items that each way of searching proposes at least; the margin needs others to compare with.
const PROPOSED_MIN: u32 = 20;

/// Bytes of a question that are looked at; the encoder's window is far shorter.
const QUESTION_BYTES_MAX: usize = 4 * 1024;

/// From this many vectors a scan takes long enough to be moved off the threads that serve requests.
const OFFLOAD_FROM: usize = 5_000;

/// Items whose words are kept after they were read; they are all dropped when there would be more.
const READ_ITEMS_MAX: usize = 2_000;

/// Searches what is known.
pub struct HybridRetriever {
    store: Arc<dyn KnowledgeStore>,
    embedder: Arc<dyn Embedder>,
    /// The index and the encoder whose vectors it holds; replaced as a whole when the encoder changes.
    current: RwLock<Current>,
    /// Held while the index is brought up to date, so that a burst of questions reads the changes once.
    refreshing: tokio::sync::Mutex<()>,
    /// The words of items met before, with the fingerprint of what was read.
    read: Mutex<HashMap<ItemId, (String, Arc<ItemWords>)>>,
}

#[derive(Clone, Default)]
struct Current {
    encoder: String,
    index: Arc<VectorIndex>,
}

/// An item proposed by either search, with what speaks for it.
#[derive(Debug, Clone)]
pub struct Candidate {
    /// The item.
    pub item: Item,
    /// What speaks for it.
    pub evidence: Evidence,
}

/// What a question is compared with: its vector, and the index as it stands.
struct Meaning {
    vector: Vec<f32>,
    index: Arc<VectorIndex>,
}

impl HybridRetriever {
    /// A retriever with an empty index; the first search or [`Retriever::refresh`] fills it.
    pub fn new(store: Arc<dyn KnowledgeStore>, embedder: Arc<dyn Embedder>) -> Self {
        Self {
            store,
            embedder,
            current: RwLock::new(Current::default()),
            refreshing: tokio::sync::Mutex::new(()),
            read: Mutex::default(),
        }
    }

    /// The items that either search proposes, in no particular order, with the evidence for each. This is what
    /// [`Retriever::retrieve`] scores, and what calibration is fitted to.
    pub async fn list_candidates(
        &self,
        reader: Reader,
        query: &Query,
    ) -> Result<(SearchRung, Vec<Candidate>), StoreError> {
        let text = cut(&query.text, QUESTION_BYTES_MAX);
        let proposed = query.limit.clamp(PROPOSED_MIN, LIMIT_MAX);
        let meaning = self.read_meaning(text).await?;
        let words = search_words(text);
        let by_words = if words.is_empty() {
            Vec::new()
        } else {
            let filter = query.filter;
            let found = self.store.search_text(reader, &words, filter, proposed);
            found.await?.into_iter().map(|(item, _)| item).collect()
        };
        let rung = match meaning {
            Some(_) => SearchRung::Hybrid,
            None => SearchRung::Lexical,
        };
        let cosines = match meaning {
            Some(meaning) => meaning.propose(reader, query, proposed, &by_words).await,
            None => Vec::new(),
        };
        let candidates = self.weigh(reader, text, &by_words, &cosines).await?;
        Ok((rung, candidates))
    }

    /// The question's vector and an index that is up to date; `None` when there is no encoder.
    async fn read_meaning(&self, text: &str) -> Result<Option<Meaning>, StoreError> {
        if text.trim().is_empty() {
            return Ok(None);
        }
        let vector = match self.embedder.embed(&[text.to_owned()]).await {
            Ok(vectors) => vectors.into_iter().next(),
            Err(EmbedError::Missing(reason) | EmbedError::Failed(reason)) => {
                tracing::debug!(reason, "searching by words alone");
                None
            }
        };
        let Some(vector) = vector else {
            return Ok(None);
        };
        let index = self.get_fresh_index().await?;
        Ok(Some(Meaning { vector, index }))
    }

    /// The index, after whatever changed in the store has been applied.
    async fn get_fresh_index(&self) -> Result<Arc<VectorIndex>, StoreError> {
        let revision = self.store.find_revision().await?;
        let is_fresh = |current: &Current| {
            current.encoder == self.embedder.encoder() && current.index.revision() >= revision
        };
        let current = self.current();
        if is_fresh(&current) {
            return Ok(current.index);
        }
        let _turn = self.refreshing.lock().await;
        let current = self.current();
        if is_fresh(&current) {
            return Ok(current.index);
        }
        self.load_changes(current).await
    }

    async fn load_changes(&self, current: Current) -> Result<Arc<VectorIndex>, StoreError> {
        let encoder = self.embedder.encoder().to_owned();
        let current = if current.encoder == encoder {
            current
        } else {
            Current {
                encoder,
                index: Arc::new(VectorIndex::new()),
            }
        };
        let since = current.index.revision();
        let changes = self.store.list_vector_changes(&current.encoder, since);
        let changes = changes.await?;
        let index = Arc::clone(&current.index);
        let refused = offload(changes.added.len(), move || index.apply(changes)).await;
        if refused > 0 {
            tracing::warn!(
                refused,
                encoder = current.encoder,
                "stored vectors cannot be used"
            );
        }
        let index = Arc::clone(&current.index);
        *self.current.write().unwrap_or_else(PoisonError::into_inner) = current;
        Ok(index)
    }

    fn current(&self) -> Current {
        let current = self.current.read();
        current.unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Reads the proposed items and weighs the evidence for each.
    async fn weigh(
        &self,
        reader: Reader,
        text: &str,
        by_words: &[ItemId],
        cosines: &[(ItemId, Option<Cosines>)],
    ) -> Result<Vec<Candidate>, StoreError> {
        let mut ids: Vec<ItemId> = cosines.iter().map(|(item, _)| *item).collect();
        ids.extend(by_words);
        ids.sort_unstable();
        ids.dedup();
        let items = self.store.list_items(reader, &ids).await?;
        let found: Vec<Found<'_>> = items
            .iter()
            .map(|item| Found {
                item,
                words: self.read_words(item),
                cosines: cosines
                    .iter()
                    .find(|(id, _)| *id == item.id)
                    .and_then(|(_, cosines)| *cosines)
                    .map(|cosines| (cosines.nearest, cosines.mean)),
                rank: by_words.iter().position(|id| *id == item.id),
            })
            .collect();
        let evidence = Question::new(text).weigh(&found);
        Ok(items
            .into_iter()
            .zip(evidence)
            .map(|(item, evidence)| Candidate { item, evidence })
            .collect())
    }

    /// The words of an item, read now unless its content is the same as when they were read before.
    fn read_words(&self, item: &Item) -> Arc<ItemWords> {
        let held = || self.read.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((fingerprint, words)) = held().get(&item.id)
            && *fingerprint == item.fingerprint
        {
            return Arc::clone(words);
        }
        let words = Arc::new(ItemWords::new(item));
        let mut held = held();
        if held.len() >= READ_ITEMS_MAX {
            held.clear();
        }
        held.insert(item.id, (item.fingerprint.clone(), Arc::clone(&words)));
        words
    }
}

impl Meaning {
    /// The nearest items and those proposed by words, with their cosines wherever they have vectors.
    async fn propose(
        self,
        reader: Reader,
        query: &Query,
        limit: u32,
        by_words: &[ItemId],
    ) -> Vec<(ItemId, Option<Cosines>)> {
        let filter = query.filter;
        let mut items = by_words.to_vec();
        let count = self.index.len();
        let search = move || -> Result<Vec<(ItemId, Option<Cosines>)>, IndexError> {
            let nearest = self.index.search(&NearestQuery {
                vector: &self.vector,
                reader,
                filter,
                limit: limit as usize,
            })?;
            items.extend(nearest.into_iter().map(|nearest| nearest.item));
            let cosines = self.index.cosines(&self.vector, &items)?;
            Ok(items.into_iter().zip(cosines).collect())
        };
        match offload(count, search).await {
            Ok(found) => found,
            Err(error) => {
                tracing::warn!(%error, "the question's vector cannot be compared");
                Vec::new()
            }
        }
    }
}

/// Runs `work` here when it is small, else on a thread for blocking work.
async fn offload<T: Send + 'static>(size: usize, work: impl FnOnce() -> T + Send + 'static) -> T {
    if size < OFFLOAD_FROM {
        return work();
    }
    match tokio::task::spawn_blocking(work).await {
        Ok(result) => result,
        Err(error) => std::panic::resume_unwind(error.into_panic()),
    }
}

#[async_trait]
impl Retriever for HybridRetriever {
    async fn retrieve(&self, reader: Reader, query: &Query) -> Result<Retrieval, StoreError> {
        let (rung, mut candidates) = self.list_candidates(reader, query).await?;
        candidates.sort_by(|a, b| a.item.key.cmp(&b.item.key));
        let evidence: Vec<Evidence> = candidates.iter().map(|found| found.evidence).collect();
        let judged = judge(&evidence, |a, b| {
            same_name(&candidates[a].item, &candidates[b].item)
        });
        let verdict = judged.first().map_or(Verdict::Unknown, |(at, score)| {
            calibration_of(&evidence[*at]).verdict(*score, &evidence[*at])
        });
        let hits = judged
            .into_iter()
            .take(query.limit.clamp(1, LIMIT_MAX) as usize)
            .map(|(at, score)| Hit {
                item: candidates[at].item.clone(),
                score,
                cosine: evidence[at].cosine,
            })
            .collect();
        Ok(Retrieval {
            hits,
            verdict,
            rung,
        })
    }

    async fn refresh(&self) -> Result<usize, StoreError> {
        Ok(self.get_fresh_index().await?.len())
    }
}

/// The first `bytes_max` bytes of `text`, cut between characters.
fn cut(text: &str, bytes_max: usize) -> &str {
    text.get(..text.floor_char_boundary(bytes_max))
        .unwrap_or(text)
}
