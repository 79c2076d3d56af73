//! Exact nearest neighbours in memory: every vector is compared by its 8-bit codes, and those that could be among the best
//! are compared again in full. Nothing is stored here; the index is made from the store and can be thrown away.

mod slots;

use std::cmp::Reverse;
use std::collections::{BinaryHeap, HashMap};
use std::sync::{Mutex, RwLock, RwLockReadGuard, RwLockWriteGuard};

use domain::id::ItemId;
use domain::knowledge::{ItemFilter, Reader, Revision, VectorChanges};

use crate::kernel::{Codes, dot, dot_codes, encode};
use slots::{Prepared, Sieve, Slots, prepare, to_unit_length};

/// From this many vectors a scan is shared between two threads.
const SPLIT_FROM: usize = 50_000;

/// Candidates rescored per item wanted in the first round: an item has its title, its description and a few phrasings.
const CANDIDATES_PER_ITEM: usize = 8;

/// Vectors of items, searched exactly. Readers run side by side; a change holds them up only while rows are moved.
#[derive(Debug, Default)]
pub struct VectorIndex {
    state: RwLock<State>,
    /// Held during a change, so that changes happen one after the other.
    changing: Mutex<()>,
}

#[derive(Debug, Default)]
struct State {
    revision: Revision,
    slots: Slots,
}

/// What to look for.
#[derive(Debug, Clone, Copy)]
pub struct NearestQuery<'a> {
    /// The vector to be near to, of the same encoder as those held; any length but zero.
    pub vector: &'a [f32],
    /// Who is looking.
    pub reader: Reader,
    /// Narrows the search.
    pub filter: ItemFilter,
    /// Items wanted at most.
    pub limit: usize,
}

/// How like an item's vectors are to another, −1 to 1.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Cosines {
    /// Of the nearest vector.
    pub nearest: f32,
    /// Mean of all vectors of the item.
    pub mean: f32,
}

/// An item and how near its nearest vector is.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Nearest {
    /// The item.
    pub item: ItemId,
    /// Cosine similarity, −1 to 1.
    pub cosine: f32,
}

/// A query vector cannot be compared with what is held.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum IndexError {
    /// The vector is of another encoder.
    #[error(
        "the vector has {found} dimensions where the index has {held}; embed it with the encoder of the index"
    )]
    Dimensions {
        /// Numbers in the query vector.
        found: usize,
        /// Numbers in every held vector.
        held: usize,
    },
    /// The vector is empty, zero, or has a number that is not finite.
    #[error("the vector has no direction; every number must be finite and one of them not zero")]
    NoDirection,
}

impl VectorIndex {
    /// An empty index at revision 0.
    pub fn new() -> Self {
        Self::default()
    }

    /// Number of vectors held.
    pub fn len(&self) -> usize {
        self.read().slots.len()
    }

    /// Whether nothing is held.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The revision of the store that the index reflects.
    pub fn revision(&self) -> Revision {
        self.read().revision
    }

    /// Applies what changed since [`VectorIndex::revision`]. Vectors without direction or of other dimensions than those
    /// held are left out; the number left out is returned.
    pub fn apply(&self, changes: VectorChanges) -> usize {
        let _turn = self
            .changing
            .lock()
            .expect("BUG: a change of the index panicked");
        let offered = changes.added.len();
        let rows: Vec<Prepared> = changes.added.into_iter().filter_map(prepare).collect();
        let mut refused = offered - rows.len();
        let mut fresh = Slots::default();
        let mut state = if self.is_empty() {
            // The first load: built beside the index, so that readers wait for nothing.
            refused += add_rows(&mut fresh, rows);
            let mut state = self.write();
            state.slots = fresh;
            state
        } else {
            let mut state = self.write();
            for item in changes.removed {
                state.slots.remove(item);
            }
            // An entry replaces what was there, even where the caller has not said so.
            for item in distinct_items(&rows) {
                state.slots.remove(item);
            }
            refused += add_rows(&mut state.slots, rows);
            state
        };
        state.revision = changes.revision;
        refused
    }

    /// The items nearest to `query`, best first, each by its nearest vector; equal ones in the order of their identity.
    pub fn search(&self, query: &NearestQuery<'_>) -> Result<Vec<Nearest>, IndexError> {
        let vector = to_unit_length(query.vector.to_vec()).ok_or(IndexError::NoDirection)?;
        let state = self.read();
        let slots = &state.slots;
        if slots.len() == 0 || query.limit == 0 {
            return Ok(Vec::new());
        }
        check_dimensions(&vector, slots)?;
        let probe = Probe {
            codes: encode(&vector),
            vector,
            sieve: Sieve::new(query.reader, query.filter),
        };
        Ok(probe.nearest(slots, query.limit))
    }

    /// Cosine similarity of each of `items` to `vector`; `None` where the item has no vectors.
    pub fn cosines(
        &self,
        vector: &[f32],
        items: &[ItemId],
    ) -> Result<Vec<Option<Cosines>>, IndexError> {
        let vector = to_unit_length(vector.to_vec()).ok_or(IndexError::NoDirection)?;
        let state = self.read();
        let slots = &state.slots;
        if slots.len() > 0 {
            check_dimensions(&vector, slots)?;
        }
        let compare = |item: &ItemId| {
            let of_item = slots.slots_of(*item);
            let cosines = of_item
                .iter()
                .map(|slot| dot(&vector, slots.vector(*slot as usize)).clamp(-1.0, 1.0));
            #[expect(
                clippy::cast_precision_loss,
                reason = "an item has a handful of vectors"
            )]
            let count = of_item.len() as f32;
            let nearest = cosines.clone().reduce(f32::max)?;
            Some(Cosines {
                nearest,
                mean: cosines.sum::<f32>() / count,
            })
        };
        Ok(items.iter().map(compare).collect())
    }

    fn read(&self) -> RwLockReadGuard<'_, State> {
        self.state
            .read()
            .expect("BUG: a change of the index panicked")
    }

    fn write(&self) -> RwLockWriteGuard<'_, State> {
        self.state
            .write()
            .expect("BUG: a change of the index panicked")
    }
}

fn check_dimensions(vector: &[f32], slots: &Slots) -> Result<(), IndexError> {
    if vector.len() == slots.dimensions() {
        return Ok(());
    }
    Err(IndexError::Dimensions {
        found: vector.len(),
        held: slots.dimensions(),
    })
}

fn distinct_items(rows: &[Prepared]) -> Vec<ItemId> {
    let mut items: Vec<ItemId> = rows.iter().map(Prepared::item).collect();
    items.sort_unstable();
    items.dedup();
    items
}

/// Adds `rows` and returns how many were refused.
fn add_rows(slots: &mut Slots, rows: Vec<Prepared>) -> usize {
    if let Some(first) = rows.first() {
        slots.reserve(rows.len(), first.dimensions());
    }
    rows.into_iter()
        .map(|row| usize::from(!slots.push(&row)))
        .sum()
}

/// One search under way.
struct Probe {
    vector: Vec<f32>,
    codes: Codes,
    sieve: Sieve,
}

impl Probe {
    fn nearest(&self, slots: &Slots, limit: usize) -> Vec<Nearest> {
        let mut scores = vec![f32::NAN; slots.len()];
        let keep = (limit.saturating_mul(CANDIDATES_PER_ITEM)).min(slots.len());
        let mut best = self.scan(slots, &mut scores, keep);
        best.sort_unstable_by(|a, b| b.0.total_cmp(&a.0));
        best.truncate(keep);

        let mut items = HashMap::with_capacity(best.len());
        for (_, slot) in &best {
            self.rescore(slots, *slot as usize, &mut items);
        }
        // Rounding moves a score by at most `slack` (Cauchy–Schwarz), so whatever scores lower than the last item wanted by
        // more than that cannot displace it, and what is left out is provably not among the best.
        let slack = self.codes.error + (1.0 + self.codes.error) * slots.error_max() + 1e-4;
        let floor = limit_th(&items, limit).map_or(f32::NEG_INFINITY, |score| score - slack);
        let floor = if best.len() < keep {
            f32::INFINITY // everything admitted has been rescored
        } else {
            floor
        };
        for (slot, score) in scores.iter().enumerate() {
            if *score >= floor {
                self.rescore(slots, slot, &mut items);
            }
        }
        sorted(items, limit)
    }

    /// Fills `scores` (NaN stays where the sieve says no) and returns at least the `keep` best of them, or all there are.
    fn scan(&self, slots: &Slots, scores: &mut [f32], keep: usize) -> Vec<(f32, u32)> {
        if scores.len() < SPLIT_FROM {
            return self.scan_stretch(slots, 0, scores, keep);
        }
        let middle = scores.len() / 2;
        let (front, back) = scores.split_at_mut(middle);
        std::thread::scope(|scope| {
            let other = scope.spawn(|| self.scan_stretch(slots, middle, back, keep));
            let mut best = self.scan_stretch(slots, 0, front, keep);
            let other = other.join().expect("BUG: a scan panicked");
            best.extend(other);
            best
        })
    }

    fn scan_stretch(
        &self,
        slots: &Slots,
        start: usize,
        scores: &mut [f32],
        keep: usize,
    ) -> Vec<(f32, u32)> {
        let mut heap: BinaryHeap<Reverse<Scored>> = BinaryHeap::with_capacity(keep + 1);
        let mut floor = f32::NEG_INFINITY;
        for (offset, score) in scores.iter_mut().enumerate() {
            let slot = start + offset;
            if !slots.admits(slot, self.sieve) {
                continue;
            }
            *score = dot_codes(&self.codes.row, slots.codes(slot))
                * slots.scale(slot)
                * self.codes.scale;
            if *score <= floor {
                continue;
            }
            let number = u32::try_from(slot).expect("BUG: more than 2^32 vectors in memory");
            heap.push(Reverse(Scored(*score, number)));
            if heap.len() > keep {
                heap.pop();
                floor = heap.peek().map_or(floor, |worst| worst.0.0);
            }
        }
        heap.into_iter()
            .map(|Reverse(Scored(score, slot))| (score, slot))
            .collect()
    }

    fn rescore(&self, slots: &Slots, slot: usize, items: &mut HashMap<ItemId, f32>) {
        let score = dot(&self.vector, slots.vector(slot));
        let best = items.entry(slots.item(slot)).or_insert(score);
        *best = best.max(score);
    }
}

/// A score and its slot, ordered by the score.
#[derive(Debug, Clone, Copy)]
struct Scored(f32, u32);

impl Ord for Scored {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        self.0.total_cmp(&other.0).then(other.1.cmp(&self.1))
    }
}

impl PartialOrd for Scored {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl PartialEq for Scored {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other).is_eq()
    }
}

impl Eq for Scored {}

/// The score of the `limit`-th best item; `None` when there are fewer.
fn limit_th(items: &HashMap<ItemId, f32>, limit: usize) -> Option<f32> {
    let mut scores: Vec<f32> = items.values().copied().collect();
    if scores.len() < limit {
        return None;
    }
    let (_, score, _) = scores.select_nth_unstable_by(limit - 1, |a, b| b.total_cmp(a));
    Some(*score)
}

fn sorted(items: HashMap<ItemId, f32>, limit: usize) -> Vec<Nearest> {
    let mut nearest: Vec<Nearest> = items
        .into_iter()
        .map(|(item, cosine)| Nearest {
            item,
            cosine: cosine.clamp(-1.0, 1.0),
        })
        .collect();
    nearest.sort_unstable_by(|a, b| b.cosine.total_cmp(&a.cosine).then(a.item.cmp(&b.item)));
    nearest.truncate(limit);
    nearest
}

#[cfg(test)]
mod tests;
