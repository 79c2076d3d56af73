//! The index against a plain list that is searched number by number.

use domain::Language;
use domain::id::{AccountId, ItemId};
use domain::knowledge::{ItemKind, ItemStatus, VectorEntry, VectorFacets};
use proptest::prelude::*;
use uuid::Uuid;

use super::*;

const AUTHOR: AccountId = AccountId(Uuid::from_u128(7));
const STRANGER: AccountId = AccountId(Uuid::from_u128(8));

/// A small generator (`SplitMix64`), so that every run sees the same vectors.
struct Numbers(u64);

impl Numbers {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^ (z >> 31)
    }

    /// Close to a normal distribution.
    #[expect(clippy::cast_precision_loss, reason = "24 bits fit")]
    fn normal(&mut self) -> f32 {
        (0..6)
            .map(|_| (self.next() >> 40) as f32 / (1_u32 << 24) as f32 - 0.5)
            .sum()
    }

    fn vector(&mut self, width: usize) -> Vec<f32> {
        (0..width).map(|_| self.normal()).collect()
    }

    fn near(&mut self, centre: &[f32], spread: f32) -> Vec<f32> {
        centre.iter().map(|x| x + spread * self.normal()).collect()
    }
}

fn item(number: u64) -> ItemId {
    ItemId(Uuid::from_u128(u128::from(number)))
}

fn facets(number: u64) -> VectorFacets {
    let concept = number.is_multiple_of(5);
    VectorFacets {
        item: item(number),
        kind: if concept {
            ItemKind::Concept
        } else {
            ItemKind::Task
        },
        language: (!concept).then(|| Language::ALL[usize::try_from(number % 9).unwrap()]),
        owner: number.is_multiple_of(3).then_some(AUTHOR),
        status: if number.is_multiple_of(6) {
            ItemStatus::Draft
        } else {
            ItemStatus::Published
        },
    }
}

fn entry(number: u64, vector: Vec<f32>) -> VectorEntry {
    VectorEntry {
        facets: facets(number),
        vector,
    }
}

fn everything(vector: &[f32], limit: usize) -> NearestQuery<'_> {
    NearestQuery {
        vector,
        reader: Reader::Account(AUTHOR),
        filter: ItemFilter::default(),
        limit,
    }
}

/// What the index must find, worked out in double precision without any shortcut.
fn expected(entries: &[VectorEntry], query: &NearestQuery<'_>) -> Vec<(ItemId, f64)> {
    let mut best: HashMap<ItemId, f64> = HashMap::new();
    for VectorEntry { facets, vector } in entries {
        let admitted = query.filter.kind.is_none_or(|kind| kind == facets.kind)
            && (query.filter.language.is_none() || query.filter.language == facets.language)
            && query.reader.may_see(facets.owner, facets.status);
        if admitted {
            let cosine = cosine(query.vector, vector);
            let held = best.entry(facets.item).or_insert(cosine);
            *held = held.max(cosine);
        }
    }
    let mut best: Vec<_> = best.into_iter().collect();
    best.sort_by(|a, b| b.1.total_cmp(&a.1).then(a.0.cmp(&b.0)));
    best.truncate(query.limit);
    best
}

fn cosine(a: &[f32], b: &[f32]) -> f64 {
    let product = |x: &[f32], y: &[f32]| -> f64 {
        x.iter()
            .zip(y)
            .map(|(x, y)| f64::from(*x) * f64::from(*y))
            .sum()
    };
    product(a, b) / (product(a, a) * product(b, b)).sqrt()
}

/// The scores must be those expected, and so must the items wherever the scores leave no doubt.
fn assert_same(found: &[Nearest], expected: &[(ItemId, f64)]) {
    assert_eq!(found.len(), expected.len());
    for (position, (found, (item, cosine))) in found.iter().zip(expected).enumerate() {
        assert!((f64::from(found.cosine) - cosine).abs() < 1e-5);
        let tied = expected
            .iter()
            .enumerate()
            .any(|(other, (_, score))| other != position && (score - cosine).abs() < 2e-6);
        assert!(
            tied || found.item == *item,
            "rank {position}: {found:?} is not {item}"
        );
    }
}

fn loaded(entries: &[VectorEntry]) -> VectorIndex {
    let index = VectorIndex::new();
    let refused = index.apply(VectorChanges {
        revision: Revision(1),
        removed: Vec::new(),
        added: entries.to_vec(),
    });
    assert_eq!(refused, 0);
    index
}

#[test]
fn random_vectors_are_found_exactly() {
    let mut numbers = Numbers(1);
    let entries: Vec<_> = (0..3_000)
        .map(|n| entry(n / 3, numbers.vector(384)))
        .collect();
    let index = loaded(&entries);
    for _ in 0..20 {
        let query = numbers.vector(384);
        for limit in [1, 10, 50] {
            let query = everything(&query, limit);
            assert_same(&index.search(&query).unwrap(), &expected(&entries, &query));
        }
    }
}

#[test]
fn clustered_vectors_are_found_exactly() {
    let mut numbers = Numbers(2);
    let centres: Vec<_> = (0..25).map(|_| numbers.vector(384)).collect();
    let entries: Vec<_> = (0..3_000_u64)
        .map(|n| {
            entry(
                n / 2,
                numbers.near(&centres[usize::try_from(n % 25).unwrap()], 0.15),
            )
        })
        .collect();
    let index = loaded(&entries);
    for round in 0..40 {
        let query = numbers.near(&centres[round % 25], 0.15);
        let query = everything(&query, 10);
        assert_same(&index.search(&query).unwrap(), &expected(&entries, &query));
    }
}

#[test]
fn a_scan_by_two_threads_finds_the_same() {
    let mut numbers = Numbers(3);
    let count = SPLIT_FROM as u64 + 1_000;
    let entries: Vec<_> = (0..count).map(|n| entry(n, numbers.vector(16))).collect();
    let index = loaded(&entries);
    for _ in 0..5 {
        let query = numbers.vector(16);
        let query = everything(&query, 10);
        assert_same(&index.search(&query).unwrap(), &expected(&entries, &query));
    }
}

#[test]
fn an_item_with_many_near_vectors_does_not_crowd_out_others() {
    let mut numbers = Numbers(4);
    let query = numbers.vector(32);
    let mut entries: Vec<_> = (0..500)
        .map(|_| entry(1, numbers.near(&query, 0.01)))
        .collect();
    entries.extend((2..40).map(|n| entry(n, numbers.vector(32))));
    let query = everything(&query, 20);
    assert_same(
        &loaded(&entries).search(&query).unwrap(),
        &expected(&entries, &query),
    );
}

#[test]
fn a_draft_is_found_by_its_author_alone() {
    let index = loaded(&[entry(6, vec![1.0, 0.0]), entry(1, vec![0.9, 0.1])]);
    let found = |reader| {
        let query = NearestQuery {
            reader,
            ..everything(&[1.0, 0.0], 5)
        };
        index.search(&query).unwrap().len()
    };
    assert_eq!(found(Reader::Account(AUTHOR)), 2);
    assert_eq!(found(Reader::Account(STRANGER)), 1);
    assert_eq!(found(Reader::Public), 1);
}

#[test]
fn vectors_without_direction_or_of_other_size_are_refused() {
    let index = loaded(&[entry(1, vec![1.0, 0.0])]);
    let refused = index.apply(VectorChanges {
        revision: Revision(2),
        removed: Vec::new(),
        added: vec![
            entry(2, vec![0.0, 0.0]),
            entry(3, vec![f32::NAN, 1.0]),
            entry(4, vec![1.0, 0.0, 0.0]),
            entry(5, Vec::new()),
            entry(7, vec![0.0, 2.0]),
        ],
    });
    assert_eq!(
        (refused, index.len(), index.revision()),
        (4, 2, Revision(2))
    );
    assert_eq!(
        index.search(&everything(&[1.0; 3], 1)),
        Err(IndexError::Dimensions { found: 3, held: 2 })
    );
    assert_eq!(
        index.search(&everything(&[f32::INFINITY, 0.0], 1)),
        Err(IndexError::NoDirection)
    );
}

#[test]
fn an_empty_index_finds_nothing() {
    let index = VectorIndex::new();
    assert_eq!(index.search(&everything(&[1.0], 3)), Ok(Vec::new()));
    assert_eq!(index.cosines(&[1.0], &[item(1)]), Ok(vec![None]));
}

#[test]
fn applying_the_same_changes_twice_changes_nothing() {
    let index = loaded(&[entry(1, vec![1.0, 0.0]), entry(2, vec![0.0, 1.0])]);
    let changes = VectorChanges {
        revision: Revision(5),
        removed: vec![item(1), item(9)],
        added: vec![entry(3, vec![1.0, 1.0]), entry(3, vec![1.0, -1.0])],
    };
    index.apply(changes.clone());
    let once = index.search(&everything(&[1.0, 0.2], 9));
    index.apply(changes);
    assert_eq!(index.search(&everything(&[1.0, 0.2], 9)), once);
    assert_eq!(index.len(), 3);
}

#[derive(Debug, Clone)]
enum Step {
    Write(u64, Vec<Vec<f32>>),
    Remove(u64),
    Search(Vec<f32>, u64, usize),
}

fn vector() -> impl Strategy<Value = Vec<f32>> {
    prop::collection::vec(-1.0_f32..1.0, 6).prop_filter("no direction", |vector| {
        vector.iter().map(|x| x * x).sum::<f32>() > 0.01
    })
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        3 => (0_u64..40, prop::collection::vec(vector(), 1..4)).prop_map(|(n, v)| Step::Write(n, v)),
        1 => (0_u64..40).prop_map(Step::Remove),
        2 => (vector(), 0_u64..40, 1_usize..12).prop_map(|(v, f, l)| Step::Search(v, f, l)),
    ]
}

/// Some filter or other, by number.
fn view(number: u64) -> (Reader, ItemFilter) {
    let reader = match number % 3 {
        0 => Reader::Public,
        1 => Reader::Account(AUTHOR),
        _ => Reader::Account(STRANGER),
    };
    let filter = ItemFilter {
        kind: match number % 4 {
            0 => Some(ItemKind::Task),
            1 => Some(ItemKind::Concept),
            _ => None,
        },
        language: number.is_multiple_of(5).then_some(Language::Rust),
    };
    (reader, filter)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(128))]
    #[test]
    fn it_behaves_like_a_plain_list(steps in prop::collection::vec(step(), 1..60)) {
        let index = VectorIndex::new();
        let mut model: Vec<VectorEntry> = Vec::new();
        for (revision, step) in (1..).zip(steps) {
            let mut changes = VectorChanges { revision: Revision(revision), ..VectorChanges::default() };
            match step {
                Step::Write(number, vectors) => {
                    model.retain(|held| held.facets.item != item(number));
                    changes.removed.push(item(number));
                    changes.added.extend(vectors.into_iter().map(|vector| entry(number, vector)));
                    model.extend(changes.added.iter().cloned());
                }
                Step::Remove(number) => {
                    model.retain(|held| held.facets.item != item(number));
                    changes.removed.push(item(number));
                }
                Step::Search(vector, number, limit) => {
                    let (reader, filter) = view(number);
                    let query = NearestQuery { vector: &vector, reader, filter, limit };
                    assert_same(&index.search(&query).unwrap(), &expected(&model, &query));
                    continue;
                }
            }
            index.apply(changes);
            prop_assert_eq!(index.len(), model.len());
        }
    }
}
