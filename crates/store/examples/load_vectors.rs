//! Measures what a start needs of the database: 100,000 vectors of 384 numbers read through
//! `list_vector_changes`, as 100,000 items of one vector and as 25,000 items of four.
#![expect(
    clippy::print_stdout,
    clippy::unwrap_used,
    reason = "a measuring program prints, and stops at the first error"
)]

use std::time::Instant;

use domain::id::ItemId;
use domain::knowledge::{
    EmbeddedItem, Item, ItemBody, ItemStatus, KnowledgeStore, Origin, Revision, TaskBody,
};
use domain::{Language, Timestamp};
use store::Store;
use uuid::Uuid;

const VECTORS: u32 = 100_000;
const DIMENSIONS: usize = 384;
const ENCODER: &str = "all-minilm-l6-v2-f32@53aa5117";
const WORDS: [&str; 16] = [
    "list", "reverse", "sort", "number", "string", "tree", "graph", "merge", "parse", "count",
    "matrix", "search", "binary", "cache", "queue", "stack",
];

#[tokio::main]
async fn main() {
    for vectors_per_item in [1, 4] {
        measure(vectors_per_item).await;
    }
}

async fn measure(vectors_per_item: u32) {
    let items = VECTORS / vectors_per_item;
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("store.db");
    let store = Store::open_sqlite(&path).await.unwrap();
    let began = Instant::now();
    for batch in (0..items).collect::<Vec<_>>().chunks(5_000) {
        let batch = batch.iter().map(|n| item(*n, vectors_per_item)).collect();
        store.write_items(ENCODER, batch, vec![]).await.unwrap();
    }
    println!(
        "{items} items of {vectors_per_item} vectors: written in {:.1?}",
        began.elapsed()
    );
    store.close().await;

    for _ in 0..5 {
        let began = Instant::now();
        let store = Store::open_sqlite(&path).await.unwrap();
        let opened = began.elapsed();
        let changes = store
            .list_vector_changes(ENCODER, Revision(0))
            .await
            .unwrap();
        println!(
            "  opened in {opened:.1?}, {} vectors loaded in {:.1?}",
            changes.added.len(),
            began.elapsed().saturating_sub(opened)
        );
        store.close().await;
    }
}

fn item(number: u32, vectors: u32) -> EmbeddedItem {
    let word =
        |shift: u32| WORDS[(number.rotate_left(shift).wrapping_mul(2_654_435_761) >> 28) as usize];
    let title = format!("{} {} {}", word(0), word(5), word(11));
    EmbeddedItem {
        item: Item {
            id: ItemId(Uuid::from_u128(u128::from(number) << 64 | 7)),
            key: format!("library/python/{number}"),
            origin: Origin::Library,
            description: format!("Takes a {} and gives its {} rare{number}", word(3), word(7)),
            phrasings: vec![format!("please {} my {}", word(13), word(17))],
            title,
            body: ItemBody::Task(TaskBody {
                language: Language::Python,
                code: "def solve(values):\n    return sorted(values)\n".repeat(20),
                tests: None,
                entry_point: None,
                verified: true,
            }),
            owner: None,
            status: ItemStatus::Published,
            fingerprint: format!("{number:064x}"),
            updated_at: Timestamp::from_millis(0),
        },
        vectors: (0..vectors).map(|n| vector(number * vectors + n)).collect(),
    }
}

fn vector(seed: u32) -> Vec<f32> {
    let mut state = seed | 1;
    (0..DIMENSIONS)
        .map(|_| {
            state ^= state << 13;
            state ^= state >> 17;
            state ^= state << 5;
            f32::from(state.to_le_bytes()[0]) / 256.0 - 0.5
        })
        .collect()
}
