//! Search over many vectors through the product's own parts: rows of its store, the in-memory index, hybrid search.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::Context as _;
use async_trait::async_trait;
use domain::embedding::{EmbedError, Embedder, Encoded};
use domain::id::AccountId;
use domain::knowledge::{
    EmbeddedItem, ItemFilter, ItemKind, ItemStatus, KnowledgeStore, Reader, Revision,
    VectorChanges, VectorEntry, VectorFacets,
};
use domain::language::Language;
use domain::retrieval::{Query, Retriever, SearchRung};
use retrieval::hybrid::HybridRetriever;
use retrieval::index::{NearestQuery, VectorIndex};
use store::Store;
use uuid::Uuid;

use super::Bench;
use super::chroma::Peer;
use super::corpus::{Corpus, item_id, item_number};
use super::report::Row;
use super::sample::{Sample, millis, seconds};
use super::vectors::Clustered;

/// Nearest items asked for.
pub(crate) const WANTED: usize = 10;
const BUDGET: Duration = Duration::from_millis(20);
const BATCH: usize = 1000;
/// Items inserted and deleted one by one.
const SINGLE: usize = 20;
const WARM_UP: usize = 20;
/// Somebody who has written nothing, so that every row is looked at for whether it is visible.
const READER: Reader = Reader::Account(AccountId(Uuid::from_u128(7)));

/// Adds the vectors to what `folder` holds, and measures.
pub(crate) fn measure(
    bench: &Bench,
    folder: &Path,
    encoder: &str,
    corpus: &Corpus,
    vectors: &Clustered,
    peer: Option<&Peer>,
) -> anyhow::Result<Vec<Row>> {
    let database = find_database(folder)?;
    let same_size = peer.filter(|peer| peer.count == vectors.len());
    bench.runtime.block_on(async {
        let spent = write_all(&database, encoder, corpus, vectors).await?;
        let mut rows =
            measure_index(&database, encoder, corpus, vectors, (spent, same_size)).await?;
        if let Some(peer) = peer.filter(|peer| peer.count != vectors.len()) {
            rows.extend(measure_fewer(vectors, peer)?);
        }
        rows.extend(measure_hybrid(&database, encoder, corpus, vectors).await?);
        Ok(rows)
    })
}

/// The one SQLite file of a data folder.
fn find_database(folder: &Path) -> anyhow::Result<PathBuf> {
    for entry in
        std::fs::read_dir(folder).with_context(|| format!("cannot read {}", folder.display()))?
    {
        let path = entry?.path();
        if path.is_file() && std::fs::read(&path)?.starts_with(b"SQLite format 3\0") {
            return Ok(path);
        }
    }
    anyhow::bail!("there is no database in {}", folder.display())
}

/// Writes all items; gives the time that took, without that of making them.
async fn write_all(
    database: &Path,
    encoder: &str,
    corpus: &Corpus,
    vectors: &Clustered,
) -> anyhow::Result<Duration> {
    let store = Store::open_sqlite(database).await?;
    let mut spent = Duration::ZERO;
    for start in (0..vectors.len()).step_by(BATCH) {
        let end = (start + BATCH).min(vectors.len());
        let items = (start..end)
            .map(|at| embedded(corpus, vectors, at))
            .collect();
        let began = Instant::now();
        store.write_items(encoder, items, Vec::new()).await?;
        spent += began.elapsed();
    }
    store.close().await;
    Ok(spent)
}

fn embedded(corpus: &Corpus, vectors: &Clustered, at: usize) -> EmbeddedItem {
    EmbeddedItem {
        item: corpus.item(at),
        vectors: vec![vectors.held(at % vectors.len()).to_vec()],
    }
}

/// The index alone, loaded from the store.
async fn measure_index(
    database: &Path,
    encoder: &str,
    corpus: &Corpus,
    vectors: &Clustered,
    (writing, peer): (Duration, Option<&Peer>),
) -> anyhow::Result<Vec<Row>> {
    let began = Instant::now();
    let store = Store::open_sqlite(database).await?;
    let index = VectorIndex::new();
    index.apply(store.list_vector_changes(encoder, Revision(0)).await?);
    let first = vectors.queries().next().context("there are no queries")?;
    nearest(&index, first, ItemFilter::default())?;
    let reopen = began.elapsed();
    let held = index.len();
    anyhow::ensure!(held >= vectors.len(), "only {held} vectors were loaded");

    let count = f64::from(u32::try_from(vectors.len())?);
    let per_second = count / (writing + reopen).as_secs_f64();
    let mut rows = vec![
        Row::new(
            "insert of 100k items, until the first search",
            format!("{per_second:.0} a second, with full text"),
        )
        .peer(peer.map(|peer| format!("{:.0} a second, no texts", peer.inserts_per_second))),
    ];
    rows.extend(index_rows(&index, vectors, vectors.len(), peer, "100k")?);
    rows.push(
        Row::new(
            "… open the database, load all vectors, first search",
            seconds(reopen),
        )
        .peer(peer.map(|peer| format!("{} (import not counted)", seconds(peer.reopen)))),
    );
    rows.extend(measure_changes(&store, &index, encoder, corpus, vectors, peer).await?);
    store.close().await;
    Ok(rows)
}

/// The index over as many vectors as the peer could take in time.
fn measure_fewer(vectors: &Clustered, peer: &Peer) -> anyhow::Result<Vec<Row>> {
    let index = VectorIndex::new();
    let added = (0..peer.count).map(|at| VectorEntry {
        facets: VectorFacets {
            item: item_id(at),
            kind: ItemKind::Task,
            language: (at % 4 == 0).then_some(Language::Python),
            owner: None,
            status: ItemStatus::Published,
        },
        vector: vectors.held(at).to_vec(),
    });
    index.apply(VectorChanges {
        revision: Revision(1),
        removed: Vec::new(),
        added: added.collect(),
    });
    let size = format!(
        "{}k, because the peer takes over 3 min to insert 100k",
        peer.count / 1000
    );
    index_rows(&index, vectors, peer.count, Some(peer), &size)
}

fn index_rows(
    index: &VectorIndex,
    vectors: &Clustered,
    count: usize,
    peer: Option<&Peer>,
    size: &str,
) -> anyhow::Result<Vec<Row>> {
    let python = ItemFilter {
        language: Some(Language::Python),
        ..ItemFilter::default()
    };
    let (any, found) = search_all(index, vectors, ItemFilter::default())?;
    let (filtered, _) = search_all(index, vectors, python)?;
    let recall = vectors.recall(count, WANTED, &found);
    Ok(vec![
        Row::new(
            format!("vector search, {size} ({} queries)", any.len()),
            any.percentiles(),
        )
        .peer(peer.map(|peer| peer.queries.percentiles())),
        Row::new("… recall of the ten nearest", format!("{recall:.4}"))
            .peer(peer.map(|peer| format!("{:.4}", peer.recall))),
        Row::new("… one language of four only", filtered.percentiles())
            .peer(peer.map(|peer| peer.filtered.percentiles())),
    ])
}

fn search_all(
    index: &VectorIndex,
    vectors: &Clustered,
    filter: ItemFilter,
) -> anyhow::Result<(Sample, Vec<Vec<usize>>)> {
    for query in vectors.queries().take(WARM_UP) {
        nearest(index, query, filter)?;
    }
    let (mut times, mut all) = (Vec::new(), Vec::new());
    for query in vectors.queries() {
        let began = Instant::now();
        let found = nearest(index, query, filter)?;
        times.push(began.elapsed());
        all.push(found);
    }
    Ok((Sample::new(times)?, all))
}

/// The numbers of the nearest items; items of the library are far from all queries and have none.
fn nearest(index: &VectorIndex, vector: &[f32], filter: ItemFilter) -> anyhow::Result<Vec<usize>> {
    let found = index.search(&NearestQuery {
        vector,
        reader: READER,
        filter,
        limit: WANTED,
    })?;
    anyhow::ensure!(
        found.len() == WANTED,
        "a search found {} items",
        found.len()
    );
    Ok(found
        .into_iter()
        .filter_map(|nearest| item_number(nearest.item))
        .collect())
}

/// The whole of a search.
async fn measure_hybrid(
    database: &Path,
    encoder: &str,
    corpus: &Corpus,
    vectors: &Clustered,
) -> anyhow::Result<Vec<Row>> {
    let store = Arc::new(Store::open_sqlite(database).await?);
    let given: HashMap<String, Vec<f32>> = vectors
        .queries()
        .enumerate()
        .map(|(at, vector)| (corpus.question(at), vector.to_vec()))
        .collect();
    let embedder = Arc::new(GivenVectors {
        encoder: encoder.to_owned(),
        vectors: given,
    });
    let retriever = HybridRetriever::new(Arc::clone(&store) as Arc<dyn KnowledgeStore>, embedder);
    retriever.refresh().await?;

    let count = vectors.queries().count();
    for at in 0..WARM_UP {
        retrieve(&retriever, &corpus.question(at)).await?;
    }
    let (mut times, mut words) = (Vec::new(), Vec::new());
    for at in 0..count {
        let question = corpus.question(at);
        let began = Instant::now();
        retrieve(&retriever, &question).await?;
        times.push(began.elapsed());
        let began = Instant::now();
        store
            .search_text(
                READER,
                &retrieval::terms::search_words(&question),
                ItemFilter::default(),
                20,
            )
            .await?;
        words.push(began.elapsed());
    }
    let times = Sample::new(times)?;
    Ok(vec![
        Row::new(
            format!("hybrid search, 100k items ({count} questions)"),
            times.percentiles(),
        )
        .budget("p99 < 20 ms", times.p99() < BUDGET),
        Row::new(
            "… of which full text, measured alone",
            Sample::new(words)?.percentiles(),
        ),
    ])
}

async fn retrieve(retriever: &HybridRetriever, question: &str) -> anyhow::Result<()> {
    let query = Query {
        text: question.to_owned(),
        filter: ItemFilter::default(),
        limit: 10,
    };
    let found = retriever.retrieve(READER, &query).await?;
    anyhow::ensure!(
        found.rung == SearchRung::Hybrid,
        "the search used words alone"
    );
    Ok(())
}

/// One item at a time: committed, taken into the index the way the retriever does it, and looked for.
async fn measure_changes(
    store: &Store,
    index: &VectorIndex,
    encoder: &str,
    corpus: &Corpus,
    vectors: &Clustered,
    peer: Option<&Peer>,
) -> anyhow::Result<Vec<Row>> {
    let before = index.len();
    let (mut inserts, mut deletes) = (Vec::new(), Vec::new());
    for (at, vector) in (vectors.len()..).zip(vectors.queries().take(SINGLE)) {
        let item = EmbeddedItem {
            item: corpus.item(at),
            vectors: vec![vector.to_vec()],
        };
        let began = Instant::now();
        store.write_items(encoder, vec![item], Vec::new()).await?;
        index.apply(store.list_vector_changes(encoder, index.revision()).await?);
        let found = nearest(index, vector, ItemFilter::default())?;
        inserts.push(began.elapsed());
        anyhow::ensure!(found.first() == Some(&at), "an inserted item is not found");
    }
    for (at, vector) in (vectors.len()..).zip(vectors.queries().take(SINGLE)) {
        let key = corpus.item(at).key;
        let began = Instant::now();
        store.write_items(encoder, Vec::new(), vec![key]).await?;
        index.apply(store.list_vector_changes(encoder, index.revision()).await?);
        let found = nearest(index, vector, ItemFilter::default())?;
        deletes.push(began.elapsed());
        anyhow::ensure!(!found.contains(&at), "a deleted item is still found");
    }
    let after = index.len();
    anyhow::ensure!(
        after == before,
        "{before} vectors became {after} by inserting and deleting the same items"
    );
    let text = |sample: &Sample| {
        format!(
            "p50 {} · max {} ms",
            millis(sample.median()),
            millis(sample.max())
        )
    };
    let (inserts, deletes) = (Sample::new(inserts)?, Sample::new(deletes)?);
    Ok(vec![
        Row::new(
            "insert of one item, committed, and the search that finds it",
            text(&inserts),
        )
        .peer(peer.map(|peer| text(&peer.insert_one))),
        Row::new(
            "delete of one item, committed, and the search without it",
            text(&deletes),
        )
        .peer(peer.map(|peer| text(&peer.delete_one))),
    ])
}

/// An encoder that knows the vectors of the questions beforehand.
struct GivenVectors {
    encoder: String,
    vectors: HashMap<String, Vec<f32>>,
}

#[async_trait]
impl Embedder for GivenVectors {
    fn encoder(&self) -> &str {
        &self.encoder
    }

    async fn encode(&self, texts: &[String]) -> Result<Vec<Encoded>, EmbedError> {
        let encode = |text: &String| match self.vectors.get(text).cloned() {
            Some(vector) => Ok(Encoded { vector, tokens: 0 }),
            None => Err(EmbedError::Failed(format!(
                "no vector was given for `{text}`"
            ))),
        };
        texts.iter().map(encode).collect()
    }
}
