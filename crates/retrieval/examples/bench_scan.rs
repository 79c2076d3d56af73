//! Times the vector index: searches among 100 000 clustered unit vectors of 384 dimensions, changes, and a full load.
//!
//! `cargo run --release -p retrieval --example bench_scan`
#![expect(
    clippy::print_stdout,
    reason = "the result of this program is what it prints"
)]
#![expect(
    clippy::cast_precision_loss,
    reason = "small numbers made for a measurement"
)]

use std::time::{Duration, Instant};

use domain::Language;
use domain::id::ItemId;
use domain::knowledge::{
    ItemFilter, ItemKind, ItemStatus, Reader, Revision, VectorChanges, VectorEntry, VectorFacets,
};
use retrieval::index::{NearestQuery, VectorIndex};
use uuid::Uuid;

const COUNT: usize = 100_000;
const WIDTH: usize = 384;
const CENTRES: usize = COUNT / 50;
const VECTORS_PER_ITEM: usize = 5;
const SEARCHES: usize = 1_000;

/// `SplitMix64`.
struct Numbers(u64);

impl Numbers {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^ (z >> 31)
    }

    fn normal(&mut self) -> f32 {
        let bits = self.next();
        (0..4)
            .map(|part| ((bits >> (16 * part)) & 0xFFFF) as f32 / 65_536.0 - 0.5)
            .sum()
    }

    fn near(&mut self, centre: &[f32]) -> Vec<f32> {
        let vector: Vec<f32> = centre.iter().map(|x| x + 0.6 * self.normal()).collect();
        let length = vector.iter().map(|x| x * x).sum::<f32>().sqrt();
        vector.iter().map(|x| x / length).collect()
    }
}

fn facets(item: usize) -> VectorFacets {
    VectorFacets {
        item: ItemId(Uuid::from_u128(item as u128)),
        kind: ItemKind::Task,
        language: Some(if item.is_multiple_of(10) {
            Language::Rust
        } else {
            Language::Python
        }),
        owner: None,
        status: ItemStatus::Published,
    }
}

fn main() {
    let mut numbers = Numbers(1);
    let centres: Vec<Vec<f32>> = (0..CENTRES)
        .map(|_| (0..WIDTH).map(|_| numbers.normal()).collect())
        .collect();
    let added: Vec<VectorEntry> = (0..COUNT)
        .map(|n| VectorEntry {
            facets: facets(n / VECTORS_PER_ITEM),
            vector: numbers.near(&centres[n % CENTRES]),
        })
        .collect();
    let index = VectorIndex::new();
    let start = Instant::now();
    index.apply(VectorChanges {
        revision: Revision(1),
        removed: Vec::new(),
        added: added.clone(),
    });
    println!("load of {COUNT} vectors: {:.0?}", start.elapsed());

    let queries: Vec<Vec<f32>> = (0..SEARCHES)
        .map(|n| numbers.near(&centres[n % CENTRES]))
        .collect();
    for (name, language) in [
        ("any language", None),
        ("one of ten items", Some(Language::Rust)),
    ] {
        let filter = ItemFilter {
            kind: None,
            language,
        };
        let mut times: Vec<Duration> = queries
            .iter()
            .map(|vector| {
                let start = Instant::now();
                let found = index.search(&NearestQuery {
                    vector,
                    reader: Reader::Public,
                    filter,
                    limit: 20,
                });
                assert_eq!(found.map(|found| found.len()), Ok(20));
                start.elapsed()
            })
            .collect();
        print_times(&format!("search, {name}, 20 items"), &mut times);
    }
    print_recall(&index, &added, &queries);

    let mut times: Vec<Duration> = (0..500)
        .map(|n| {
            let vector = numbers.near(&centres[n]);
            change(
                &index,
                Vec::new(),
                vec![VectorEntry {
                    facets: facets(COUNT + n),
                    vector,
                }],
            )
        })
        .collect();
    print_times("insert of an item", &mut times);
    let mut times: Vec<Duration> = (0..500)
        .map(|n| change(&index, vec![facets(n * 7).item], Vec::new()))
        .collect();
    print_times("delete of an item with 5 vectors", &mut times);
}

fn change(index: &VectorIndex, removed: Vec<ItemId>, added: Vec<VectorEntry>) -> Duration {
    let revision = Revision(index.revision().0 + 1);
    let start = Instant::now();
    index.apply(VectorChanges {
        revision,
        removed,
        added,
    });
    start.elapsed()
}

/// Compares with every vector in full precision.
fn print_recall(index: &VectorIndex, entries: &[VectorEntry], queries: &[Vec<f32>]) {
    let (mut found_in_both, mut wanted) = (0, 0);
    for vector in queries.iter().take(30) {
        let mut scores: Vec<(f32, ItemId)> = entries
            .iter()
            .map(|entry| {
                (
                    entry.vector.iter().zip(vector).map(|(a, b)| a * b).sum(),
                    entry.facets.item,
                )
            })
            .collect();
        scores.sort_by(|a, b| b.0.total_cmp(&a.0));
        let mut exact: Vec<ItemId> = Vec::new();
        for (_, item) in scores {
            if !exact.contains(&item) {
                exact.push(item);
            }
            if exact.len() == 10 {
                break;
            }
        }
        let query = NearestQuery {
            vector,
            reader: Reader::Public,
            filter: ItemFilter::default(),
            limit: 10,
        };
        let found = index.search(&query).unwrap_or_default();
        wanted += exact.len();
        found_in_both += found
            .iter()
            .filter(|found| exact.contains(&found.item))
            .count();
    }
    println!("recall of the best 10 against full precision: {found_in_both}/{wanted}");
}

fn print_times(name: &str, times: &mut [Duration]) {
    times.sort_unstable();
    let at = |percent: usize| times[times.len() * percent / 100];
    println!(
        "{name}: p50 {:.1?}, p95 {:.1?}, p99 {:.1?}",
        at(50),
        at(95),
        at(99)
    );
}
