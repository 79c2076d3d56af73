//! Attention of few queries: each looks at the cells of the context that its mask shows.
//!
//! A query's products with the keys of all cells that it sees, their softmax, and the sum of the cells' values by these weights, all in
//! `f32`. What it does not see is not read, and what it will read is fetched ahead, because the cells of one head lie far apart.

use std::arch::x86_64::{
    __m512, _MM_HINT_T0, _mm_prefetch, _mm512_add_ps, _mm512_cmpneq_epi16_mask, _mm512_fmadd_ps,
    _mm512_fnmadd_ps, _mm512_max_ps, _mm512_mul_ps, _mm512_reduce_add_ps, _mm512_reduce_max_ps,
    _mm512_roundscale_ps, _mm512_scalef_ps, _mm512_set1_epi16, _mm512_set1_ps, _mm512_setzero_ps,
    _mm512_sub_ps,
};
use std::cell::RefCell;
use std::sync::atomic::{AtomicUsize, Ordering};

use crate::vector::{half_to_float, halves_of, load_floats, load_words, store_floats};
use crate::{ROWS, Team, is_supported};

/// Cells that are fetched before they are needed.
const CELLS_AHEAD: usize = 8;
/// Minus infinity in 16 bits: a cell that is not seen.
const HIDDEN: u16 = 0xfc00;

/// Rows of `size` numbers for each head, somewhere in a slice.
#[derive(Debug, Clone, Copy)]
pub struct Strided<'a, T> {
    pub numbers: &'a [T],
    /// Numbers from a row to the next of the same head.
    pub row: usize,
    /// Numbers from a head to the next.
    pub head: usize,
}

impl<'a, T> Strided<'a, T> {
    #[inline]
    fn get(&self, row: usize, head: usize, size: usize) -> &'a [T] {
        &self.numbers[row * self.row + head * self.head..][..size]
    }
}

/// Queries, and what they attend to.
#[derive(Debug, Clone, Copy)]
pub struct Attention<'a> {
    /// Numbers of a query, key and value; see [`Attention::is_size`].
    pub size: usize,
    /// Heads of a query, a multiple of `pairs`.
    pub heads: usize,
    /// Heads of keys and values.
    pub pairs: usize,
    /// What products of queries and keys are multiplied with.
    pub scale: f32,
    pub queries: Strided<'a, f32>,
    /// Numbers of 16 bits (IEEE 754 binary16), a row for each cell.
    pub keys: Strided<'a, u16>,
    /// As `keys`.
    pub values: Strided<'a, u16>,
    /// Of each query, a number of 16 bits for each cell, which is added to its product: nought, or minus infinity for what it does not
    /// see.
    pub mask: &'a [u16],
    /// Cells, and numbers of a row of `mask`.
    pub cells: usize,
}

/// A cell that a query sees, and what is added to their product.
type Seen = (usize, f32);

thread_local! {
    /// The products of a query and the keys of the cells that it sees, and their softmax.
    static WEIGHTS: RefCell<Vec<f32>> = const { RefCell::new(Vec::new()) };
}

impl Attention<'_> {
    /// Whether there is code for queries of so many numbers.
    pub fn is_size(size: usize) -> bool {
        matches!(size, 64 | 80 | 96 | 128 | 256)
    }

    /// Fills `output`: for each query, `size` numbers of each head. A query that sees nothing gets noughts.
    ///
    /// # Panics
    /// When `size` is none of those there is code for, rows lie outside of their slices, the mask is no whole number of rows, `output` has
    /// another length, or the processor lacks the instructions.
    pub fn compute(&self, team: &impl Team, output: &mut [f32]) {
        assert!(is_supported(), "this processor has no AVX-512 VNNI");
        assert!(Self::is_size(self.size) && self.heads.is_multiple_of(self.pairs));
        let count = self.mask.len() / self.cells;
        assert_eq!(count * self.cells, self.mask.len());
        assert_eq!(output.len(), count * self.heads * self.size);
        #[expect(unsafe_code, reason = "the processor must have the instructions")]
        // SAFETY: it was asked above.
        let seen = unsafe { self.find_seen() };
        let parts: Vec<Part<'_>> = output
            .chunks_exact_mut(self.size)
            .map(|numbers| Part(numbers.as_mut_ptr(), std::marker::PhantomData))
            .collect();
        let next = AtomicUsize::new(0);
        team.run(&|| {
            loop {
                let number = next.fetch_add(1, Ordering::Relaxed);
                let Some(part) = parts.get(number) else {
                    break;
                };
                // Threads take the heads of a query in turn; those that share keys find them in the cache.
                let (query, head) = (number / self.heads, number % self.heads);
                #[expect(unsafe_code, reason = "threads write different parts of one slice")]
                // SAFETY: the part has `size` numbers, which only the thread that took its number writes; instructions as above.
                unsafe {
                    let numbers = std::slice::from_raw_parts_mut(part.0, self.size);
                    self.compute_head(query, head, &seen[query], numbers);
                }
            }
        });
    }

    /// The cells that each query sees.
    #[target_feature(enable = "avx512f,avx512bw")]
    fn find_seen(&self) -> Vec<Vec<Seen>> {
        let hidden = _mm512_set1_epi16(HIDDEN.cast_signed());
        let mut all = Vec::new();
        for mask in self.mask.chunks_exact(self.cells) {
            let mut seen = Vec::new();
            let (words, rest) = mask.as_chunks::<32>();
            for (place, words) in words.iter().enumerate() {
                let mut shown = _mm512_cmpneq_epi16_mask(load_words(words), hidden);
                while shown != 0 {
                    let bit = shown.trailing_zeros() as usize;
                    seen.push((place * 32 + bit, half_to_float(words[bit])));
                    shown &= shown - 1;
                }
            }
            let start = mask.len() - rest.len();
            let shown = rest.iter().enumerate().filter(|(_, word)| **word != HIDDEN);
            for (place, word) in shown {
                seen.push((start + place, half_to_float(*word)));
            }
            all.push(seen);
        }
        all
    }

    #[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl")]
    fn compute_head(&self, query: usize, head: usize, seen: &[Seen], output: &mut [f32]) {
        match self.size {
            64 => self.compute_sized::<4>(query, head, seen, output),
            80 => self.compute_sized::<5>(query, head, seen, output),
            96 => self.compute_sized::<6>(query, head, seen, output),
            128 => self.compute_sized::<8>(query, head, seen, output),
            _ => self.compute_sized::<16>(query, head, seen, output),
        }
    }

    #[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl")]
    fn compute_sized<const VECTORS: usize>(
        &self,
        query: usize,
        head: usize,
        seen: &[Seen],
        output: &mut [f32],
    ) {
        let pair = head / (self.heads / self.pairs);
        let numbers = self.queries.get(query, head, self.size);
        let mut scaled = [_mm512_setzero_ps(); VECTORS];
        for (vector, numbers) in scaled.iter_mut().zip(numbers.as_chunks::<ROWS>().0) {
            *vector = _mm512_mul_ps(load_floats(numbers), _mm512_set1_ps(self.scale));
        }
        WEIGHTS.with_borrow_mut(|weights| {
            weights.clear();
            for (place, (cell, bias)) in seen.iter().enumerate() {
                fetch(&self.keys, seen, place, pair, self.size);
                let key = self.keys.get(*cell, pair, self.size);
                weights.push(bias + product(&scaled, key));
            }
            let sum = softmax(weights);
            let mut totals = [_mm512_setzero_ps(); VECTORS];
            for (place, ((cell, _), weight)) in seen.iter().zip(&*weights).enumerate() {
                fetch(&self.values, seen, place, pair, self.size);
                let value = self.values.get(*cell, pair, self.size);
                let weight = _mm512_set1_ps(*weight);
                for (total, halves) in totals.iter_mut().zip(value.as_chunks::<ROWS>().0) {
                    *total = _mm512_fmadd_ps(weight, halves_of(halves), *total);
                }
            }
            let share = _mm512_set1_ps(if seen.is_empty() { 0.0 } else { 1.0 / sum });
            for (numbers, total) in output.as_chunks_mut::<ROWS>().0.iter_mut().zip(totals) {
                store_floats(numbers, _mm512_mul_ps(total, share));
            }
        });
    }
}

/// Makes the processor fetch what is read for a cell some places later.
#[inline]
fn fetch(from: &Strided<'_, u16>, seen: &[Seen], place: usize, head: usize, size: usize) {
    if let Some((cell, _)) = seen.get(place + CELLS_AHEAD) {
        for numbers in from.get(*cell, head, size).chunks(32) {
            #[expect(unsafe_code, reason = "memory is fetched by address")]
            // SAFETY: a hint about borrowed memory.
            unsafe {
                _mm_prefetch::<_MM_HINT_T0>(numbers.as_ptr().cast());
            }
        }
    }
}

#[inline]
#[target_feature(enable = "avx512f")]
fn product<const VECTORS: usize>(query: &[__m512; VECTORS], key: &[u16]) -> f32 {
    let mut sums = [_mm512_setzero_ps(); 2];
    for (place, (vector, halves)) in query.iter().zip(key.as_chunks::<ROWS>().0).enumerate() {
        let sum = &mut sums[place % 2];
        *sum = _mm512_fmadd_ps(*vector, halves_of(halves), *sum);
    }
    _mm512_reduce_add_ps(_mm512_add_ps(sums[0], sums[1]))
}

/// Makes of each number the exponential of its distance from the largest; returns the sum of these.
#[inline]
#[target_feature(enable = "avx512f")]
fn softmax(weights: &mut Vec<f32>) -> f32 {
    let length = weights.len();
    // What is added counts nothing.
    weights.resize(length.next_multiple_of(ROWS), f32::NEG_INFINITY);
    let (vectors, _) = weights.as_chunks_mut::<ROWS>();
    let mut largest = _mm512_set1_ps(f32::NEG_INFINITY);
    for vector in &*vectors {
        largest = _mm512_max_ps(largest, load_floats(vector));
    }
    let largest = _mm512_set1_ps(_mm512_reduce_max_ps(largest));
    let mut sum = _mm512_setzero_ps();
    for vector in vectors {
        let power = exponential(_mm512_sub_ps(load_floats(vector), largest));
        store_floats(vector, power);
        sum = _mm512_add_ps(sum, power);
    }
    weights.truncate(length);
    _mm512_reduce_add_ps(sum)
}

/// The exponential of numbers that are not positive, to within 2 units in the last place: the power of two next to it, times a polynomial of what is
/// left (its Taylor series, which after the seventh power is less than 2⁻²⁶ off for half of ln 2).
#[inline]
#[target_feature(enable = "avx512f")]
fn exponential(x: __m512) -> __m512 {
    /// ln 2 in two parts, the first with so few digits that whole multiples of it are exact.
    const LN_2: [f32; 2] = [0.693_359_4, -2.121_944_4e-4];
    /// 1/7!, 1/6!, …, 1/1!, 1/0!.
    const SERIES: [f32; 8] = [
        1.0 / 5040.0,
        1.0 / 720.0,
        1.0 / 120.0,
        1.0 / 24.0,
        1.0 / 6.0,
        0.5,
        1.0,
        1.0,
    ];
    // Below this all is nought, and minus infinity would make no number of the rest. What is no number stays so.
    let x = _mm512_max_ps(_mm512_set1_ps(-126.0), x);
    let power =
        _mm512_roundscale_ps::<0>(_mm512_mul_ps(x, _mm512_set1_ps(std::f32::consts::LOG2_E)));
    let rest = _mm512_fnmadd_ps(power, _mm512_set1_ps(LN_2[0]), x);
    let rest = _mm512_fnmadd_ps(power, _mm512_set1_ps(LN_2[1]), rest);
    let mut sum = _mm512_set1_ps(SERIES[0]);
    for factor in &SERIES[1..] {
        sum = _mm512_fmadd_ps(sum, rest, _mm512_set1_ps(*factor));
    }
    _mm512_scalef_ps(sum, power)
}

/// One head's part of an output, which threads hand to each other.
struct Part<'a>(*mut f32, std::marker::PhantomData<&'a mut [f32]>);

#[expect(unsafe_code, reason = "threads write different parts of one slice")]
// SAFETY: the numbers are borrowed for as long as this lives, and only the thread that took the part writes them.
unsafe impl Sync for Part<'_> {}
