//! Knowledge: filling it from the library, from files and from people, and searching it.

mod draft;
mod humaneval;
mod library;
mod teach;

use std::collections::HashMap;
use std::sync::Arc;

use domain::analysis::{CodeAnalyser, SyntaxError};
use domain::embedding::{EmbedError, Embedder};
use domain::id::Entropy;
use domain::knowledge::{
    EmbeddedItem, ImportReport, Item, ItemStatus, KnowledgeStore, Origin, Reader,
};
use domain::retrieval::{Query, Retrieval, Retriever};
use domain::{Clock, InvalidText, StoreError};

use crate::sandbox::{SandboxError, SandboxService};
use crate::{Forbidden, blocking};
use draft::Provenance;

pub use draft::Draft;
pub use humaneval::{HumanEvalError, read_humaneval};
pub use library::{LibraryError, read_library};
pub use teach::{DESCRIPTION_BYTES_MAX, IMPLEMENTATION_BYTES_MAX, Lesson, Taught};

pub(crate) use humaneval::read_json_lines;

/// Items embedded between two reports of progress.
const CHUNK_ITEMS: u32 = 16;

/// Why knowledge was not added or searched.
#[derive(Debug, thiserror::Error)]
pub enum KnowledgeError {
    /// An imported file was refused.
    #[error(transparent)]
    HumanEval(#[from] HumanEvalError),
    /// The embedded library is damaged.
    #[error(transparent)]
    Library(#[from] LibraryError),
    /// A field of a taught task was refused.
    #[error("{field} {reason}")]
    Invalid {
        /// Name of the field in the API.
        field: &'static str,
        /// Why.
        reason: InvalidText,
    },
    /// A taught implementation does not parse.
    #[error("the implementation does not parse at line {}, column {}: {}; correct it and send it again", .0.line, .0.column, .0.clause())]
    Syntax(SyntaxError),
    /// A taught implementation fails its tests.
    #[error("the implementation fails its tests: {0}; correct it or them and send both again")]
    Tests(String),
    /// The tests of a taught implementation could not be run now, or were refused.
    #[error(transparent)]
    Sandbox(#[from] SandboxError),
    /// The caller may not.
    #[error(transparent)]
    Forbidden(#[from] Forbidden),
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// How far a long act has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Progress {
    /// Items done.
    pub done: usize,
    /// Items in all.
    pub total: usize,
}

/// What an import did.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Imported {
    /// Items added, changed, unchanged, removed.
    pub report: ImportReport,
    /// Why the items have no vectors yet, when they have none.
    pub unembedded: Option<EmbedError>,
}

/// What [`KnowledgeService::embed_missing`] did.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Embedded {
    /// Items that have vectors now.
    pub items: usize,
    /// Why it stopped before all had, if it did.
    pub failure: Option<EmbedError>,
}

/// Fills and searches what CodeGenie knows.
pub struct KnowledgeService {
    store: Arc<dyn KnowledgeStore>,
    embedder: Arc<dyn Embedder>,
    retriever: Arc<dyn Retriever>,
    analyser: Arc<dyn CodeAnalyser>,
    sandbox: Arc<SandboxService>,
    clock: Arc<dyn Clock>,
    entropy: Arc<dyn Entropy>,
}

/// What [`KnowledgeService`] is made of.
pub struct KnowledgeParts {
    /// Where items are kept.
    pub store: Arc<dyn KnowledgeStore>,
    /// Makes their vectors.
    pub embedder: Arc<dyn Embedder>,
    /// Searches them.
    pub retriever: Arc<dyn Retriever>,
    /// Checks code.
    pub analyser: Arc<dyn CodeAnalyser>,
    /// Runs the tests of what is taught.
    pub sandbox: Arc<SandboxService>,
    /// Tells the time.
    pub clock: Arc<dyn Clock>,
    /// Makes identities.
    pub entropy: Arc<dyn Entropy>,
}

impl KnowledgeService {
    /// A service made of `parts`.
    pub fn new(parts: KnowledgeParts) -> Self {
        let KnowledgeParts {
            store,
            embedder,
            retriever,
            analyser,
            sandbox,
            clock,
            entropy,
        } = parts;
        Self {
            store,
            embedder,
            retriever,
            analyser,
            sandbox,
            clock,
            entropy,
        }
    }

    /// Brings the stored library in line with the embedded one.
    pub async fn import_library(
        &self,
        progress: &mut (dyn FnMut(Progress) + Send),
    ) -> Result<Imported, KnowledgeError> {
        let drafts = blocking::run(read_library).await?;
        self.import(Origin::Library, drafts, progress).await
    }

    /// Imports a HumanEval file, plain or gzip; a second import of the same file changes nothing.
    pub async fn import_humaneval(
        &self,
        bytes: Vec<u8>,
        progress: &mut (dyn FnMut(Progress) + Send),
    ) -> Result<Imported, KnowledgeError> {
        let analyser = self.analyser.clone();
        let drafts = blocking::run(move || read_humaneval(&bytes, analyser.as_ref())).await?;
        self.import(Origin::HumanEval, drafts, progress).await
    }

    /// Makes the vectors that are missing, because items are new or no encoder was at hand.
    pub async fn embed_missing(
        &self,
        progress: &mut (dyn FnMut(Progress) + Send),
    ) -> Result<Embedded, KnowledgeError> {
        let encoder = self.embedder.encoder().to_owned();
        let missing = self.store.count_items(&encoder).await?.unembedded;
        let total = usize::try_from(missing).unwrap_or(usize::MAX);
        let mut done = 0;
        loop {
            let items = self.store.list_unembedded(&encoder, CHUNK_ITEMS).await?;
            if items.is_empty() {
                return Ok(Embedded {
                    items: done,
                    failure: None,
                });
            }
            let vectors = match self.embed(&items).await {
                Ok(vectors) => vectors,
                Err(failure) => {
                    return Ok(Embedded {
                        items: done,
                        failure: Some(failure),
                    });
                }
            };
            let embedded: Vec<EmbeddedItem> = items
                .into_iter()
                .zip(vectors)
                .map(|(item, vectors)| EmbeddedItem { item, vectors })
                .collect();
            done += embedded.len();
            self.store.add_vectors(&encoder, embedded).await?;
            progress(Progress {
                done,
                total: total.max(done),
            });
        }
    }

    /// Searches what `reader` may see.
    pub async fn search(&self, reader: Reader, query: &Query) -> Result<Retrieval, KnowledgeError> {
        Ok(self.retriever.retrieve(reader, query).await?)
    }

    /// Writes what is new or different in one act, then makes the vectors. Whatever stops the second part, the items are
    /// whole, found by their words, and [`Self::embed_missing`] goes on from there.
    async fn import(
        &self,
        origin: Origin,
        drafts: Vec<Draft>,
        progress: &mut (dyn FnMut(Progress) + Send),
    ) -> Result<Imported, KnowledgeError> {
        let known: HashMap<_, _> = self
            .store
            .list_fingerprints(origin)
            .await?
            .into_iter()
            .collect();
        let (report, fresh, gone) = compare(origin, drafts, known);
        if !fresh.is_empty() || !gone.is_empty() {
            let from = Provenance {
                origin,
                owner: None,
                status: ItemStatus::Published,
            };
            let (clock, entropy) = (self.clock.as_ref(), self.entropy.as_ref());
            let items = fresh
                .into_iter()
                .map(|draft| EmbeddedItem {
                    item: draft.into_item(from, clock, entropy),
                    vectors: Vec::new(),
                })
                .collect();
            self.store
                .write_items(self.embedder.encoder(), items, gone)
                .await?;
        }
        let embedded = self.embed_missing(progress).await?;
        Ok(Imported {
            report,
            unembedded: embedded.failure,
        })
    }

    /// The vectors of each item's texts.
    async fn embed(&self, items: &[Item]) -> Result<Vec<Vec<Vec<f32>>>, EmbedError> {
        let texts: Vec<Vec<String>> = items.iter().map(Item::embedded_texts).collect();
        let flat: Vec<String> = texts.iter().flatten().cloned().collect();
        let mut vectors = self.embedder.embed(&flat).await?.into_iter();
        Ok(texts
            .iter()
            .map(|texts| vectors.by_ref().take(texts.len()).collect())
            .collect())
    }
}

/// What an import changes: the report, the drafts to write, the keys to remove.
fn compare(
    origin: Origin,
    drafts: Vec<Draft>,
    mut known: HashMap<String, String>,
) -> (ImportReport, Vec<Draft>, Vec<String>) {
    let mut report = ImportReport::default();
    let mut fresh = Vec::new();
    for draft in drafts {
        match known.remove(&draft.key) {
            Some(fingerprint) if fingerprint == draft.fingerprint => {
                report.unchanged += 1;
                continue;
            }
            Some(_) => report.changed += 1,
            None => report.added += 1,
        }
        fresh.push(draft);
    }
    // Only the library is whole: another file may hold other tasks of the same origin.
    let gone: Vec<String> = if origin == Origin::Library {
        known.into_keys().collect()
    } else {
        Vec::new()
    };
    report.removed = u32::try_from(gone.len()).unwrap_or(u32::MAX);
    (report, fresh, gone)
}
