//! Which cells queries see, and which queries are computed together.

use std::arch::x86_64::{_mm512_cmpneq_epi16_mask, _mm512_set1_epi16};
use std::ops::Range;
use std::sync::Mutex;

use crate::Team;
use crate::vector::{half_to_float, load_words};

/// Queries that are computed together.
pub(super) const TOGETHER: usize = 4;
/// Minus infinity in 16 bits: a cell that is not seen.
const HIDDEN: u16 = 0xfc00;
/// So many cells for four that each sees three of: more would be read in vain.
const SHARED_MIN: (usize, usize) = (4, 3);

/// Groups that are computed one after another.
const GROUPS: usize = 32;

/// Neighbouring queries that are computed together.
#[derive(Debug)]
pub(super) struct Group {
    /// The first query.
    pub(super) first: usize,
    /// Queries: one or [`TOGETHER`].
    pub(super) count: usize,
    /// The cells that any of them sees, as places in the bundle's cells.
    pub(super) places: Vec<u32>,
    /// For each cell, a bit for each query that does not see it, the first query's lowest.
    pub(super) hidden: Vec<u8>,
    /// For each cell, what is added to its product with each query; empty when that is nought for all.
    pub(super) biases: Vec<f32>,
}

/// Neighbouring groups, and the cells that any of them sees.
#[derive(Debug, Default)]
pub(super) struct Bundle {
    pub(super) groups: Vec<Group>,
    pub(super) cells: Vec<usize>,
}

/// Some of the queries and a bit for each cell that any of them sees.
struct Seen {
    queries: Range<usize>,
    cells: Vec<u32>,
}

/// All queries that see anything, whose `mask`s have `cells` numbers each. The processor must have AVX-512.
pub(super) fn find(team: &impl Team, mask: &[u16], cells: usize) -> Vec<Bundle> {
    let masks: Vec<&[u16]> = mask.chunks_exact(cells).collect();
    let parts = masks.len().div_ceil(TOGETHER * GROUPS);
    let found: Vec<Mutex<Bundle>> = (0..parts).map(|_| Mutex::default()).collect();
    team.share(parts, |number| {
        let first = number * TOGETHER * GROUPS;
        let queries = first..(first + TOGETHER * GROUPS).min(masks.len());
        #[expect(unsafe_code, reason = "the processor must have the instructions")]
        // SAFETY: whoever calls `find` has asked whether it has them.
        let bundle = unsafe { bundle(&masks, queries) };
        *found[number].lock().expect("BUG: bundling does not panic") = bundle;
    });
    let bundles = found
        .into_iter()
        .map(|bundle| bundle.into_inner().expect("BUG: bundling does not panic"));
    bundles.collect()
}

#[target_feature(enable = "avx512f,avx512bw")]
fn bundle(masks: &[&[u16]], queries: Range<usize>) -> Bundle {
    let mut seen = Vec::new();
    for first in queries.clone().step_by(TOGETHER) {
        divide(masks, first..(first + TOGETHER).min(queries.end), &mut seen);
    }
    let mut all = Vec::new();
    for seen in &seen {
        unite(&mut all, &seen.cells);
    }
    // For each 32 cells, how many come before them.
    let mut before = Vec::with_capacity(all.len());
    let mut count = 0_u32;
    for word in &all {
        before.push(count);
        count += word.count_ones();
    }
    let place = |cell: usize| {
        let lower = all[cell / 32] & ((1 << (cell % 32)) - 1);
        before[cell / 32] + lower.count_ones()
    };
    let mut groups = Vec::with_capacity(seen.len());
    for seen in &seen {
        groups.push(collect(seen, &masks[seen.queries.clone()], place));
    }
    Bundle {
        groups,
        cells: bits(&all).collect(),
    }
}

/// Adds the neighbours `queries` to `all`: together when they see nearly the same, or each for itself.
#[target_feature(enable = "avx512f,avx512bw")]
fn divide(masks: &[&[u16]], queries: Range<usize>, all: &mut Vec<Seen>) {
    let mut apart = Vec::with_capacity(TOGETHER);
    let mut together = Vec::new();
    for query in queries.clone() {
        let cells = find_seen(masks[query]);
        unite(&mut together, &cells);
        apart.push(Seen {
            queries: query..query + 1,
            cells,
        });
    }
    let count = |cells: &[u32]| cells.iter().map(|word| word.count_ones() as usize).sum();
    let counts: Vec<usize> = apart.iter().map(|seen| count(&seen.cells)).collect();
    let fewest = counts.iter().min().copied().unwrap_or(0);
    let all_cells: usize = count(&together);
    if apart.len() == TOGETHER && fewest > 0 && all_cells * SHARED_MIN.1 <= fewest * SHARED_MIN.0 {
        all.push(Seen {
            queries,
            cells: together,
        });
    } else {
        let seeing = apart
            .into_iter()
            .zip(counts)
            .filter(|(_, count)| *count > 0);
        all.extend(seeing.map(|(seen, _)| seen));
    }
}

/// A bit for each cell that a query sees.
#[target_feature(enable = "avx512f,avx512bw")]
fn find_seen(mask: &[u16]) -> Vec<u32> {
    let hidden = _mm512_set1_epi16(HIDDEN.cast_signed());
    let (words, rest) = mask.as_chunks::<32>();
    let mut seen: Vec<u32> = Vec::with_capacity(words.len() + 1);
    for words in words {
        seen.push(_mm512_cmpneq_epi16_mask(load_words(words), hidden));
    }
    let mut shown = 0;
    for (place, word) in rest.iter().enumerate() {
        shown |= u32::from(*word != HIDDEN) << place;
    }
    seen.push(shown);
    seen
}

/// Adds the bits of `more` to `all`.
fn unite(all: &mut Vec<u32>, more: &[u32]) {
    all.resize(more.len(), 0);
    for (word, more) in all.iter_mut().zip(more) {
        *word |= more;
    }
}

/// The numbers of the bits that are set.
fn bits(words: &[u32]) -> impl Iterator<Item = usize> {
    let of_word = |(place, word): (usize, &u32)| {
        let mut word = *word;
        std::iter::from_fn(move || {
            let bit = (word != 0).then(|| word.trailing_zeros() as usize)?;
            word &= word - 1;
            Some(place * 32 + bit)
        })
    };
    words.iter().enumerate().flat_map(of_word)
}

#[target_feature(enable = "avx512f")]
fn collect(seen: &Seen, masks: &[&[u16]], place: impl Fn(usize) -> u32) -> Group {
    let mut places = Vec::new();
    let mut hidden = Vec::new();
    let mut is_biased = false;
    for cell in bits(&seen.cells) {
        places.push(place(cell));
        let mut of_cell = 0;
        for (query, mask) in masks.iter().enumerate() {
            of_cell |= u8::from(mask[cell] == HIDDEN) << query;
            is_biased |= !matches!(mask[cell], 0 | HIDDEN);
        }
        hidden.push(of_cell);
    }
    let mut biases = Vec::new();
    if is_biased {
        for cell in bits(&seen.cells) {
            for mask in masks {
                biases.push(half_to_float(mask[cell]));
            }
        }
    }
    Group {
        first: seen.queries.start,
        count: masks.len(),
        places,
        hidden,
        biases,
    }
}
