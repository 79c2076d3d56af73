//! One head of some queries.

use std::arch::x86_64::{
    __m512, _MM_HINT_T0, _mm_add_ps, _mm_loadu_ps, _mm_mask_mov_ps, _mm_prefetch, _mm_set1_ps,
    _mm_storeu_ps, _mm256_add_ps, _mm256_castps256_ps128, _mm256_extractf128_ps, _mm512_add_ps,
    _mm512_castpd_ps, _mm512_castps_pd, _mm512_castps512_ps256, _mm512_extractf32x8_ps,
    _mm512_fmadd_ps, _mm512_mul_ps, _mm512_reduce_add_ps, _mm512_set1_ps, _mm512_setzero_ps,
    _mm512_unpackhi_pd, _mm512_unpackhi_ps, _mm512_unpacklo_pd, _mm512_unpacklo_ps,
};
use std::cell::RefCell;

use super::group::{Bundle, Group, TOGETHER};
use super::softmax::softmax;
use super::{Attention, Strided};
use crate::ROWS;
use crate::output::Output;
use crate::vector::{halves_of, load_floats, store_floats};

/// Cells that are fetched before they are needed.
const CELLS_AHEAD: usize = 8;
/// Numbers of the largest query.
const SIZE_MAX: usize = 256;
/// Keys and values are copied together when they are read so many times: where they lie, they fall on few places of the caches, because
/// the heads of all cells are powers of two apart.
const READS_MIN: usize = 3;
/// Most bytes of a thread's copies.
const COPY_BYTES_MAX: usize = 8 << 20;

/// What a thread works with.
struct Scratch {
    /// Queries, multiplied with the scale.
    queries: [[f32; SIZE_MAX]; TOGETHER],
    /// For each cell, the products with the queries, and their softmax.
    weights: Vec<f32>,
    keys: Vec<u16>,
    values: Vec<u16>,
}

thread_local! {
    static SCRATCH: RefCell<Scratch> = const {
        RefCell::new(Scratch {
            queries: [[0.0; SIZE_MAX]; TOGETHER],
            weights: Vec::new(),
            keys: Vec::new(),
            values: Vec::new(),
        })
    };
}

/// The rows of a bundle's cells for one head: copied one after another, or where they are.
#[derive(Clone, Copy)]
enum Rows<'a> {
    Copied(&'a [u16]),
    Apart(&'a [usize], Strided<'a, u16>, usize),
}

impl<'a> Rows<'a> {
    /// The row of the cell `place` of the bundle.
    #[inline]
    fn get<const VECTORS: usize>(&self, place: u32) -> &'a [[u16; ROWS]; VECTORS] {
        let place = place as usize;
        let row = match self {
            Rows::Copied(numbers) => &numbers[place * VECTORS * ROWS..],
            Rows::Apart(cells, from, head) => from.get(cells[place], *head, VECTORS * ROWS),
        };
        let (vectors, _) = row.as_chunks();
        vectors.first_chunk().expect("BUG: a row is as long")
    }
}

/// Computes a head of all groups of a bundle.
///
/// # Safety
/// No other thread computes this head of any of the bundle's queries at the same time.
#[expect(unsafe_code, reason = "threads write different parts of one slice")]
#[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl")]
pub(super) unsafe fn compute_head(
    attention: &Attention<'_>,
    bundle: &Bundle,
    head: usize,
    output: &Output<'_>,
) {
    match attention.size {
        64 => compute_sized::<4>(attention, bundle, head, output),
        80 => compute_sized::<5>(attention, bundle, head, output),
        96 => compute_sized::<6>(attention, bundle, head, output),
        128 => compute_sized::<8>(attention, bundle, head, output),
        _ => compute_sized::<16>(attention, bundle, head, output),
    }
}

#[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl")]
fn compute_sized<const VECTORS: usize>(
    attention: &Attention<'_>,
    bundle: &Bundle,
    head: usize,
    output: &Output<'_>,
) {
    let pair = head / (attention.heads / attention.pairs);
    let reads: usize = bundle.groups.iter().map(|group| group.places.len()).sum();
    let copy_bytes = bundle.cells.len() * attention.size * size_of::<[u16; 2]>();
    let is_copied = reads >= READS_MIN * bundle.cells.len() && copy_bytes <= COPY_BYTES_MAX;
    SCRATCH.with_borrow_mut(|scratch| {
        let Scratch {
            queries,
            weights,
            keys,
            values,
        } = scratch;
        let rows = |from: Strided<'_, u16>, to: &mut Vec<u16>| {
            to.clear();
            for cell in &bundle.cells {
                to.extend_from_slice(from.get(*cell, pair, attention.size));
            }
        };
        if is_copied {
            rows(attention.keys, keys);
            rows(attention.values, values);
        }
        let rows = |from, copied| {
            if is_copied {
                Rows::Copied(copied)
            } else {
                Rows::Apart(&bundle.cells, from, pair)
            }
        };
        let (keys, values) = (rows(attention.keys, keys), rows(attention.values, values));
        for group in &bundle.groups {
            let starts: [usize; TOGETHER] = std::array::from_fn(|place| {
                ((group.first + place) * attention.heads + head) * attention.size
            });
            for (place, scaled) in queries[..group.count].iter_mut().enumerate() {
                let numbers = attention
                    .queries
                    .get(group.first + place, head, attention.size);
                for (scaled, number) in scaled.iter_mut().zip(numbers) {
                    *scaled = number * attention.scale;
                }
            }
            let queries: &[[f32; SIZE_MAX]; TOGETHER] = queries;
            if group.count == 1 {
                weigh_one::<VECTORS>(group, keys, &queries[0], weights);
                let shares = softmax::<1>(weights).map(|sum| 1.0 / sum);
                add_values::<1, VECTORS>(group, values, weights, (shares, &starts, output));
            } else {
                weigh_together::<VECTORS>(group, keys, queries, weights);
                let shares = softmax::<TOGETHER>(weights).map(|sum| 1.0 / sum);
                add_values::<TOGETHER, VECTORS>(group, values, weights, (shares, &starts, output));
            }
        }
    });
}

/// The products of a query and the keys of its cells.
#[inline]
#[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl")]
fn weigh_one<const VECTORS: usize>(
    group: &Group,
    keys: Rows<'_>,
    query: &[f32; SIZE_MAX],
    weights: &mut Vec<f32>,
) {
    weights.clear();
    let (query, _) = query.as_chunks::<ROWS>();
    for (number, place) in group.places.iter().enumerate() {
        fetch_ahead::<VECTORS>(group, keys, number, 0..VECTORS);
        let key = keys.get::<VECTORS>(*place);
        let mut sums = [_mm512_setzero_ps(); 2];
        for part in 0..VECTORS {
            let sum = &mut sums[part % 2];
            *sum = _mm512_fmadd_ps(halves_of(&key[part]), load_floats(&query[part]), *sum);
        }
        let bias = group.biases.get(number).copied().unwrap_or(0.0);
        weights.push(bias + _mm512_reduce_add_ps(_mm512_add_ps(sums[0], sums[1])));
    }
}

/// The products of the queries of a group and the keys of their cells, those of one cell one after another.
#[inline]
#[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl")]
fn weigh_together<const VECTORS: usize>(
    group: &Group,
    keys: Rows<'_>,
    queries: &[[f32; SIZE_MAX]; TOGETHER],
    weights: &mut Vec<f32>,
) {
    weights.clear();
    weights.resize(group.places.len() * TOGETHER, 0.0);
    let (weights, _) = weights.as_chunks_mut::<TOGETHER>();
    let (biases, _) = group.biases.as_chunks::<TOGETHER>();
    let [a, b, c, d] = queries.each_ref().map(|query| query.as_chunks::<ROWS>().0);
    for (number, place) in group.places.iter().enumerate() {
        fetch_ahead::<VECTORS>(group, keys, number, 0..VECTORS);
        let key = keys.get::<VECTORS>(*place);
        let mut sums = [_mm512_setzero_ps(); TOGETHER];
        for part in 0..VECTORS {
            let key = halves_of(&key[part]);
            sums[0] = _mm512_fmadd_ps(key, load_floats(&a[part]), sums[0]);
            sums[1] = _mm512_fmadd_ps(key, load_floats(&b[part]), sums[1]);
            sums[2] = _mm512_fmadd_ps(key, load_floats(&c[part]), sums[2]);
            sums[3] = _mm512_fmadd_ps(key, load_floats(&d[part]), sums[3]);
        }
        let biases = biases.get(number).unwrap_or(&[0.0; TOGETHER]);
        add_up(sums, biases, group.hidden[number], &mut weights[number]);
    }
}

/// The sum of each of four vectors, and its bias; minus infinity for those that are hidden, whatever the sum is.
#[inline]
#[target_feature(enable = "avx512f,avx512dq,avx512vl")]
fn add_up(
    [a, b, c, d]: [__m512; TOGETHER],
    biases: &[f32; TOGETHER],
    hidden: u8,
    sums: &mut [f32; TOGETHER],
) {
    // Within each lane of 128 bits: halves of a and b, of c and d, then all four.
    let ab = _mm512_add_ps(_mm512_unpacklo_ps(a, b), _mm512_unpackhi_ps(a, b));
    let cd = _mm512_add_ps(_mm512_unpacklo_ps(c, d), _mm512_unpackhi_ps(c, d));
    let (ab, cd) = (_mm512_castps_pd(ab), _mm512_castps_pd(cd));
    let all = _mm512_add_ps(
        _mm512_castpd_ps(_mm512_unpacklo_pd(ab, cd)),
        _mm512_castpd_ps(_mm512_unpackhi_pd(ab, cd)),
    );
    let half = _mm256_add_ps(
        _mm512_castps512_ps256(all),
        _mm512_extractf32x8_ps::<1>(all),
    );
    let sum = _mm_add_ps(
        _mm256_castps256_ps128(half),
        _mm256_extractf128_ps::<1>(half),
    );
    #[expect(unsafe_code, reason = "vectors are loaded and stored by address")]
    // SAFETY: four numbers are borrowed for reading, and four for writing; neither needs alignment.
    unsafe {
        let sum = _mm_add_ps(sum, _mm_loadu_ps(biases.as_ptr()));
        let sum = _mm_mask_mov_ps(sum, hidden, _mm_set1_ps(f32::NEG_INFINITY));
        _mm_storeu_ps(sums.as_mut_ptr(), sum);
    }
}

/// Where the queries' outputs begin, and what they are multiplied with.
type Target<'a, const COUNT: usize> = ([f32; COUNT], &'a [usize; TOGETHER], &'a Output<'a>);

/// Adds up the values of the cells by their weights.
#[inline]
#[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl")]
fn add_values<const COUNT: usize, const VECTORS: usize>(
    group: &Group,
    values: Rows<'_>,
    weights: &[f32],
    target: Target<'_, COUNT>,
) {
    // As many vectors at a time as registers hold sums of.
    let most = if COUNT == 1 { 8 } else { 4 };
    let mut start = 0;
    while start < VECTORS {
        let width = match (VECTORS - start).min(most) {
            8 => add_part::<COUNT, VECTORS, 8>(group, values, start, weights, target),
            4..8 => add_part::<COUNT, VECTORS, 4>(group, values, start, weights, target),
            2 | 3 => add_part::<COUNT, VECTORS, 2>(group, values, start, weights, target),
            _ => add_part::<COUNT, VECTORS, 1>(group, values, start, weights, target),
        };
        start += width;
    }
}

/// `WIDTH` vectors of each value, from vector `start` on. Returns `WIDTH`.
#[inline]
#[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl")]
fn add_part<const COUNT: usize, const VECTORS: usize, const WIDTH: usize>(
    group: &Group,
    values: Rows<'_>,
    start: usize,
    weights: &[f32],
    (shares, starts, output): Target<'_, COUNT>,
) -> usize {
    let mut totals = [[_mm512_setzero_ps(); WIDTH]; COUNT];
    let (weights, _) = weights.as_chunks::<COUNT>();
    for (number, (place, weights)) in group.places.iter().zip(weights).enumerate() {
        fetch_ahead::<VECTORS>(group, values, number, start..start + WIDTH);
        let value = &values.get::<VECTORS>(*place)[start..];
        let value: &[[u16; ROWS]; WIDTH] = value.first_chunk().expect("BUG: a part lies within");
        let hidden = if COUNT == 1 { 0 } else { group.hidden[number] };
        for part in 0..WIDTH {
            let value = halves_of(&value[part]);
            if hidden == 0 {
                for query in 0..COUNT {
                    let weight = _mm512_set1_ps(weights[query]);
                    totals[query][part] = _mm512_fmadd_ps(value, weight, totals[query][part]);
                }
                continue;
            }
            // What is hidden may be no number, of which nought times is none either.
            for query in (0..COUNT).filter(|query| hidden & (1 << query) == 0) {
                let weight = _mm512_set1_ps(weights[query]);
                totals[query][part] = _mm512_fmadd_ps(value, weight, totals[query][part]);
            }
        }
    }
    for ((total, share), begin) in totals.iter().zip(shares).zip(starts) {
        let mut numbers = [[0.0; ROWS]; WIDTH];
        for (numbers, vector) in numbers.iter_mut().zip(total) {
            store_floats(numbers, _mm512_mul_ps(*vector, _mm512_set1_ps(share)));
        }
        #[expect(unsafe_code, reason = "threads write different parts of one slice")]
        // SAFETY: the part belongs to a query and a head that nobody else computes, as `compute_head` asks.
        unsafe {
            output.set(begin + start * ROWS, numbers);
        }
    }
    WIDTH
}

/// Makes the processor fetch the vectors that are read some cells later.
#[inline]
fn fetch_ahead<const VECTORS: usize>(
    group: &Group,
    rows: Rows<'_>,
    number: usize,
    vectors: std::ops::Range<usize>,
) {
    // What was copied lies in order, which the processor foresees.
    if let Rows::Apart(..) = rows
        && let Some(place) = group.places.get(number + CELLS_AHEAD)
    {
        // A line has two vectors.
        for vector in rows.get::<VECTORS>(*place)[vectors].iter().step_by(2) {
            #[expect(unsafe_code, reason = "memory is fetched by address")]
            // SAFETY: a hint about borrowed memory.
            unsafe {
                _mm_prefetch::<_MM_HINT_T0>(vector.as_ptr().cast());
            }
        }
    }
}
