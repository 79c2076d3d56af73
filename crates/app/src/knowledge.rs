//! Knowledge: filling it from the library, from files and from people, and searching it.

mod draft;
mod humaneval;
mod library;

use std::collections::HashMap;
use std::sync::Arc;

use domain::accounts::{Permission, Principal};
use domain::analysis::{CodeAnalyser, SyntaxError};
use domain::embedding::{EmbedError, Embedder};
use domain::id::{Entropy, ItemId};
use domain::knowledge::{
    EmbeddedItem, ImportReport, Item, ItemBody, ItemStatus, KnowledgeStore, Origin, Reader,
    TaskBody,
};
use domain::retrieval::{Query, Retrieval, Retriever};
use domain::{Clock, InvalidText, Language, StoreError, Text};

use crate::{Forbidden, blocking, require};
use draft::{Provenance, fingerprint};

pub use draft::Draft;
pub use humaneval::{HumanEvalError, read_humaneval};
pub use library::{LibraryError, read_library};

/// Items embedded between two reports of progress.
const CHUNK_ITEMS: u32 = 16;

/// Most bytes of a taught description.
pub const DESCRIPTION_BYTES_MAX: usize = 4 * 1024;

/// Most bytes of a taught implementation or its tests.
pub const IMPLEMENTATION_BYTES_MAX: usize = 64 * 1024;

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

/// A task taught by a person.
#[derive(Debug, Clone)]
pub struct Lesson {
    /// What the code does.
    pub description: String,
    /// The code.
    pub implementation: String,
    /// Its language.
    pub language: Language,
    /// Tests to run after the code.
    pub tests: Option<String>,
}

/// Fills and searches what CodeGenie knows.
pub struct KnowledgeService {
    store: Arc<dyn KnowledgeStore>,
    embedder: Arc<dyn Embedder>,
    retriever: Arc<dyn Retriever>,
    analyser: Arc<dyn CodeAnalyser>,
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
            clock,
            entropy,
        } = parts;
        Self {
            store,
            embedder,
            retriever,
            analyser,
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

    /// Keeps a task taught by `principal`: a draft that its author finds at once and nobody else does.
    pub async fn teach(
        &self,
        principal: &Principal,
        lesson: Lesson,
    ) -> Result<Item, KnowledgeError> {
        require(principal, Permission::Teach)?;
        let invalid = |field| move |reason| KnowledgeError::Invalid { field, reason };
        let description = Text::<DESCRIPTION_BYTES_MAX>::new(lesson.description)
            .map_err(invalid("description"))?
            .into_string();
        let code = Text::<IMPLEMENTATION_BYTES_MAX>::new(lesson.implementation)
            .map_err(invalid("implementation"))?;
        let tests = lesson.tests.filter(|tests| !tests.trim().is_empty());
        let tests = tests
            .map(|tests| Text::<IMPLEMENTATION_BYTES_MAX>::new(tests).map_err(invalid("tests")));
        let tests = tests.transpose()?.map(Text::into_string);
        let code = code.into_string();
        if let Some(error) = self
            .analyser
            .find_syntax_errors(lesson.language, &code)
            .into_iter()
            .next()
        {
            return Err(KnowledgeError::Syntax(error));
        }
        let now = self.clock.now();
        let identity = ItemId::new(now, self.entropy.as_ref());
        let draft = Draft {
            key: format!("taught/{identity}"),
            title: title_from(&description),
            fingerprint: fingerprint(&[
                "taught-1",
                &description,
                &code,
                tests.as_deref().unwrap_or_default(),
            ]),
            description,
            phrasings: Vec::new(),
            body: ItemBody::Task(TaskBody {
                language: lesson.language,
                code,
                tests,
                entry_point: None,
                verified: false,
            }),
        };
        let owner = Some(principal.account.id);
        let from = Provenance {
            origin: Origin::Taught,
            owner,
            status: ItemStatus::Draft,
        };
        let item = draft.into_item(from, self.clock.as_ref(), self.entropy.as_ref());
        let vectors = self
            .embed(std::slice::from_ref(&item))
            .await
            .unwrap_or_else(|_| vec![Vec::new()]);
        let embedded = EmbeddedItem {
            item: item.clone(),
            vectors: vectors.into_iter().next().unwrap_or_default(),
        };
        self.store
            .write_items(self.embedder.encoder(), vec![embedded], Vec::new())
            .await?;
        Ok(item)
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

/// The first sentence of a description, at most 80 characters.
fn title_from(description: &str) -> String {
    let first = description
        .split(['.', '\n'])
        .map(str::trim)
        .find(|part| !part.is_empty())
        .unwrap_or("Taught task");
    if first.chars().count() <= 80 {
        return first.to_owned();
    }
    first.chars().take(79).chain(std::iter::once('…')).collect()
}
