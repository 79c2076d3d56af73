//! Attention against its definition (Vaswani et al. 2017), computed with `f64`.

use kernels::{Attention, Strided};

use crate::Threads;
use crate::reference::{Random, value};

const HIDDEN: u16 = 0xfc00;
const SCALE: f32 = 0.75;

/// Queries, keys and values of a small context, and which cells each query sees.
#[derive(Clone)]
struct Case {
    size: usize,
    heads: usize,
    pairs: usize,
    cells: usize,
    queries: Vec<f32>,
    keys: Vec<u16>,
    values: Vec<u16>,
    mask: Vec<u16>,
}

impl Case {
    /// Every other cell is hidden at random.
    fn new(size: usize, [heads, pairs]: [usize; 2], [count, cells]: [usize; 2], seed: u64) -> Self {
        let mut random = Random(seed);
        let mut halves = |length: usize| -> Vec<u16> {
            (0..length)
                .map(|_| u16::from_le_bytes(random.half()))
                .collect()
        };
        let keys = halves(cells * pairs * size);
        let values = halves(cells * pairs * size);
        let queries = halves(count * heads * size);
        let mask =
            (0..count * cells).map(|_| [0, HIDDEN][usize::from(random.next().is_multiple_of(2))]);
        Self {
            size,
            heads,
            pairs,
            cells,
            // Large enough for weights that differ much.
            queries: queries
                .into_iter()
                .map(|half| 512.0 * number(half))
                .collect(),
            keys,
            values,
            mask: mask.collect(),
        }
    }

    /// Rows of a cell hold all heads, as in llama.cpp's context; the queries of a head lie together.
    fn attention(&self) -> Attention<'_> {
        let count = self.mask.len() / self.cells;
        let cells = |numbers| Strided {
            numbers,
            row: self.pairs * self.size,
            head: self.size,
        };
        Attention {
            size: self.size,
            heads: self.heads,
            pairs: self.pairs,
            scale: SCALE,
            queries: Strided {
                numbers: &self.queries,
                row: self.size,
                head: self.size * count,
            },
            keys: cells(&self.keys),
            values: cells(&self.values),
            mask: &self.mask,
            cells: self.cells,
        }
    }

    fn compute(&self, threads: usize) -> Vec<f32> {
        let count = self.mask.len() / self.cells;
        let mut output = vec![f32::NAN; count * self.heads * self.size];
        self.attention().compute(&Threads(threads), &mut output);
        output
    }

    /// What [`Case::compute`] should give.
    fn expect(&self) -> Vec<f64> {
        let count = self.mask.len() / self.cells;
        let mut output = Vec::new();
        for query in 0..count {
            for head in 0..self.heads {
                output.extend(self.expect_head(query, head));
            }
        }
        output
    }

    fn expect_head(&self, query: usize, head: usize) -> Vec<f64> {
        let count = self.mask.len() / self.cells;
        let pair = head / (self.heads / self.pairs);
        let row = |cell: usize| (cell * self.pairs + pair) * self.size;
        let numbers = &self.queries[(head * count + query) * self.size..][..self.size];
        let mask = &self.mask[query * self.cells..][..self.cells];
        let seen = || (0..self.cells).filter(|cell| mask[*cell] != HIDDEN);
        let products: Vec<f64> = seen()
            .map(|cell| {
                let key = &self.keys[row(cell)..][..self.size];
                let parts = numbers.iter().zip(key);
                let sum: f64 = parts
                    .map(|(query, key)| f64::from(*query) * f64::from(number(*key)))
                    .sum();
                f64::from(SCALE) * sum + f64::from(number(mask[cell]))
            })
            .collect();
        let largest = products.iter().copied().fold(f64::NEG_INFINITY, f64::max);
        let weights: Vec<f64> = products
            .iter()
            .map(|product| (product - largest).exp())
            .collect();
        let sum: f64 = weights.iter().sum();
        (0..self.size)
            .map(|place| {
                let parts = seen().zip(&weights);
                let total: f64 = parts
                    .map(|(cell, weight)| {
                        weight * f64::from(number(self.values[row(cell) + place]))
                    })
                    .sum();
                if weights.is_empty() { 0.0 } else { total / sum }
            })
            .collect()
    }

    fn check(&self) {
        for (got, expected) in self.compute(2).iter().zip(self.expect()) {
            let error = (f64::from(*got) - expected).abs();
            assert!(error < 1e-6, "{got}, not {expected}");
        }
    }
}

/// The value of 16 bits, nought included.
fn number(half: u16) -> f32 {
    if half == 0 {
        return 0.0;
    }
    #[expect(clippy::cast_possible_truncation, reason = "16 bits fit in 32")]
    let number = value(&half.to_le_bytes()) as f32;
    number
}

#[test]
fn every_size_gives_what_the_definition_gives() {
    for size in [64, 80, 96, 128, 256] {
        for (heads, counts) in [
            ([1, 1], [1, 1]),
            ([4, 4], [3, 50]),
            ([8, 2], [2, 32]),
            ([6, 1], [16, 97]),
        ] {
            Case::new(size, heads, counts, 1).check();
        }
    }
}

#[test]
fn queries_of_one_text_are_computed_together() {
    for size in [64, 80, 96, 128, 256] {
        for (count, cells) in [(4, 40), (17, 64), (32, 45), (6, 6), (300, 310)] {
            let mut case = Case::new(size, [4, 2], [count, cells], 8);
            // Each sees what comes before it, and itself.
            for (query, mask) in case.mask.chunks_exact_mut(cells).enumerate() {
                let end = cells - count + query + 1;
                mask[..end].fill(0);
                mask[end..].fill(HIDDEN);
            }
            case.check();
        }
    }
}

#[test]
fn weights_far_apart_and_biases_count() {
    let mut case = Case::new(64, [2, 2], [2, 40], 2);
    case.queries.iter_mut().for_each(|number| *number *= 1e3);
    case.check();
    for count in [2, 4] {
        let mut case = Case::new(64, [2, 2], [count, 42], 3);
        for (place, bias) in case.mask.iter_mut().enumerate() {
            // 1.0, −2.0 and hidden.
            *bias = [0x3c00, 0xc000, HIDDEN][place % 3];
        }
        case.check();
    }
}

#[test]
fn hidden_cells_are_not_read() {
    let case = Case::new(128, [2, 1], [2, 70], 4);
    let mut changed = case.clone();
    for cell in 0..case.cells {
        if case
            .mask
            .chunks_exact(case.cells)
            .all(|mask| mask[cell] == HIDDEN)
        {
            let row = cell * 128..(cell + 1) * 128;
            // No number at all.
            changed.keys[row.clone()].fill(0x7e00);
            changed.values[row].fill(0x7e00);
        }
    }
    assert_ne!(case.keys, changed.keys);
    assert_eq!(case.compute(1), changed.compute(1));
}

#[test]
fn what_one_sees_does_not_reach_its_neighbours() {
    // Four with a shared beginning, and two cells of their own each: they are computed together.
    let mut case = Case::new(64, [2, 2], [4, 40], 9);
    for (query, mask) in case.mask.chunks_exact_mut(40).enumerate() {
        mask.fill(HIDDEN);
        mask[..32].fill(0);
        mask[32 + 2 * query..34 + 2 * query].fill(0);
    }
    case.check();
    let all = case.compute(2);
    // The first one's own become no numbers: infinite, and none.
    let of_cell = |cell: usize| cell * 128..(cell + 1) * 128;
    case.values[of_cell(32)].fill(0x7c00);
    case.keys[of_cell(33)].fill(0x7e00);
    let changed = case.compute(2);
    assert!(changed[..128].iter().all(|number| !number.is_finite()));
    assert_eq!(changed[128..], all[128..]);
}

#[test]
fn a_query_that_sees_nothing_gets_noughts() {
    let mut case = Case::new(64, [2, 2], [2, 33], 5);
    case.mask[..33].fill(HIDDEN);
    assert_eq!(case.compute(1)[..2 * 64], [0.0; 2 * 64]);
    case.check();
}

#[test]
fn any_number_of_threads_gives_the_same() {
    let case = Case::new(96, [8, 4], [5, 200], 6);
    let one = case.compute(1);
    assert_eq!(case.compute(2), one);
    assert_eq!(case.compute(7), one);
}

#[test]
fn what_is_no_number_stays_none() {
    let mut case = Case::new(64, [1, 1], [1, 20], 7);
    case.mask.fill(0);
    case.queries[3] = f32::NAN;
    assert!(case.compute(1).iter().all(|number| number.is_nan()));
    let mut case = Case::new(64, [1, 1], [4, 20], 7);
    case.mask.fill(0);
    case.queries[3] = f32::NAN;
    let output = case.compute(1);
    assert!(output[..64].iter().all(|number| number.is_nan()));
    assert!(output[64..].iter().all(|number| number.is_finite()));
}

#[test]
fn other_sizes_have_no_code() {
    for size in [0, 16, 32, 72, 112, 192, 512] {
        assert!(!Attention::is_size(size), "{size}");
    }
}
