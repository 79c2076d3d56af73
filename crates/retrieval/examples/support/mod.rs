//! What the examples share: the questions, the items to be found, the real store in memory and the real encoder.

pub(crate) mod encoder;
pub(crate) mod fit;

use std::path::Path;
use std::sync::Arc;

use anyhow::{Context, Result};
use domain::Language;
use domain::analysis::{Analysis, CodeAnalyser, Explanation, SyntaxError};
use domain::ask::{Style, Topic};
use domain::embedding::Embedder;
use domain::id::ItemId;
use domain::knowledge::{
    EmbeddedItem, Item, ItemFilter, ItemKind, ItemStatus, KnowledgeStore, Origin, Reader,
};
use domain::retrieval::{Query, SearchRung};
use domain::routing::Intent;
use domain::time::Timestamp;
use retrieval::hybrid::{Candidate, HybridRetriever};
use retrieval::router::SemanticRouter;
use retrieval::terms::find_language;
use serde::Deserialize;
use uuid::Uuid;

use encoder::NoEncoder;

/// A question with the right answer; the format is told in `tests/data/README.md`.
#[derive(Debug, Clone)]
pub(crate) struct Asked {
    pub(crate) text: String,
    pub(crate) intent: Intent,
    pub(crate) topic: Topic,
    /// Keys any of which is right; empty when nothing known answers it.
    pub(crate) expected: Vec<String>,
    /// What it is about: the right or nearly right entry, whatever the language. Questions about one thing stay together
    /// when questions are parted.
    pub(crate) about: String,
}

#[derive(Deserialize)]
struct Line {
    text: String,
    intent: String,
    topic: String,
    expected: Option<Keys>,
    note: Option<String>,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum Keys {
    One(String),
    Any(Vec<String>),
}

pub(crate) fn read_questions(path: &Path) -> Result<Vec<Asked>> {
    let text =
        std::fs::read_to_string(path).with_context(|| format!("reading {}", path.display()))?;
    text.lines().map(read_line).collect()
}

fn read_line(line: &str) -> Result<Asked> {
    let line: Line = serde_json::from_str(line).with_context(|| format!("in line {line}"))?;
    let expected = match line.expected {
        None => Vec::new(),
        Some(Keys::One(key)) => vec![key],
        Some(Keys::Any(keys)) => keys,
    };
    let note = line.note.unwrap_or_default();
    let near = note
        .strip_prefix("near miss of ")
        .and_then(|rest| rest.split(';').next());
    let about = expected.first().map(String::as_str).or(near);
    let about = about.unwrap_or(&line.text);
    let about = about
        .strip_prefix("library/")
        .map_or(about, |key| key.rsplit('/').next().unwrap_or(key));
    Ok(Asked {
        about: about.to_owned(),
        intent: match line.intent.as_str() {
            "generate" => Intent::Generate,
            "explain" => Intent::Explain,
            _ => Intent::None,
        },
        topic: if line.topic == "data-science" {
            Topic::DataScience
        } else {
            Topic::Other
        },
        expected,
        text: line.text,
    })
}

/// The search that the product makes for a question of this intent: tasks in the language named, or concepts.
pub(crate) fn query_of(asked: &Asked) -> Query {
    let kind = match asked.intent {
        Intent::Generate => Some(ItemKind::Task),
        Intent::Explain => Some(ItemKind::Concept),
        Intent::None => None,
    };
    Query {
        text: asked.text.clone(),
        filter: ItemFilter {
            kind,
            language: find_language(&asked.text).filter(|_| kind == Some(ItemKind::Task)),
        },
        limit: 5,
    }
}

/// Everything a run needs.
pub(crate) struct Bench {
    pub(crate) hybrid: HybridRetriever,
    pub(crate) lexical: HybridRetriever,
    pub(crate) semantic_router: SemanticRouter,
    pub(crate) words_router: SemanticRouter,
}

/// Opens an in-memory store holding the library and, where given, a HumanEval file. Items are embedded by `items_by`,
/// questions by `asked_by`.
pub(crate) async fn open(
    items_by: &dyn Embedder,
    asked_by: Arc<dyn Embedder>,
    humaneval: Option<&Path>,
) -> Result<Bench> {
    let mut items = Vec::new();
    for draft in list_drafts(humaneval)? {
        let id = ItemId(Uuid::from_u128(items.len() as u128 + 1));
        items.push(Item {
            id,
            origin: if draft.key.starts_with("humaneval/") {
                Origin::HumanEval
            } else {
                Origin::Library
            },
            key: draft.key,
            title: draft.title,
            description: draft.description,
            phrasings: draft.phrasings,
            body: draft.body,
            owner: None,
            status: ItemStatus::Published,
            fingerprint: draft.fingerprint,
            updated_at: Timestamp::from_millis(0),
        });
    }
    let mut embedded = Vec::new();
    for item in items {
        let vectors = items_by.embed(&item.embedded_texts()).await;
        let vectors = vectors.with_context(|| format!("embedding {}", item.key))?;
        embedded.push(EmbeddedItem { item, vectors });
    }
    let store: Arc<dyn KnowledgeStore> = Arc::new(store::Store::open_in_memory().await?);
    store
        .write_items(items_by.encoder(), embedded, Vec::new())
        .await?;
    Ok(Bench {
        hybrid: HybridRetriever::new(Arc::clone(&store), Arc::clone(&asked_by)),
        lexical: HybridRetriever::new(store, Arc::new(NoEncoder)),
        semantic_router: SemanticRouter::new(asked_by),
        words_router: SemanticRouter::new(Arc::new(NoEncoder)),
    })
}

fn list_drafts(humaneval: Option<&Path>) -> Result<Vec<app::knowledge::Draft>> {
    let mut drafts = app::knowledge::read_library()?;
    if let Some(path) = humaneval {
        let bytes = std::fs::read(path).with_context(|| format!("reading {}", path.display()))?;
        drafts.extend(app::knowledge::read_humaneval(&bytes, &AllParses)?);
    }
    Ok(drafts)
}

impl Bench {
    pub(crate) async fn list_candidates(
        &self,
        rung: SearchRung,
        asked: &Asked,
    ) -> Result<Vec<Candidate>> {
        let retriever = match rung {
            SearchRung::Hybrid => &self.hybrid,
            SearchRung::Lexical => &self.lexical,
        };
        let (used, candidates) = retriever
            .list_candidates(Reader::Public, &query_of(asked))
            .await?;
        anyhow::ensure!(used == rung, "no vector for `{}`", asked.text);
        Ok(candidates)
    }
}

/// HumanEval is known to parse; no parser is needed to read it here.
struct AllParses;

impl CodeAnalyser for AllParses {
    fn detect_language(&self, _: &str) -> Option<Language> {
        None
    }

    fn find_syntax_errors(&self, _: Language, _: &str) -> Vec<SyntaxError> {
        Vec::new()
    }

    fn explain(&self, _: Language, _: &str, _: Style) -> Explanation {
        unreachable!("reading a file explains nothing")
    }

    fn analyse(&self, _: Language, _: &str, _: Style) -> Analysis {
        unreachable!("reading a file analyses nothing")
    }

    fn rename(&self, _: Language, _: &str, _: &str, _: &str) -> Option<String> {
        None
    }
}
