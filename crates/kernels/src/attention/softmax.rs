//! The softmax of several lists at a time, whose numbers lie in turns.

use std::arch::x86_64::{
    __m512, _mm512_add_ps, _mm512_fmadd_ps, _mm512_fnmadd_ps, _mm512_max_ps, _mm512_mul_ps,
    _mm512_roundscale_ps, _mm512_scalef_ps, _mm512_set1_ps, _mm512_setzero_ps, _mm512_sub_ps,
};

use crate::ROWS;
use crate::vector::{load_floats, store_floats};

/// Makes of each number the exponential of its distance from the largest of its list; returns the sums of these. Number `n` belongs to
/// list `n % COUNT`.
#[inline]
#[target_feature(enable = "avx512f")]
pub(super) fn softmax<const COUNT: usize>(weights: &mut Vec<f32>) -> [f32; COUNT] {
    let length = weights.len();
    // What is added counts nothing.
    weights.resize(length.next_multiple_of(ROWS), f32::NEG_INFINITY);
    let (vectors, _) = weights.as_chunks_mut::<ROWS>();
    let mut largest = _mm512_set1_ps(f32::NEG_INFINITY);
    for vector in &*vectors {
        largest = _mm512_max_ps(largest, load_floats(vector));
    }
    let largest = fold::<COUNT>(largest, f32::max);
    let largest = load_floats(&std::array::from_fn(|place| largest[place % COUNT]));
    let mut sum = _mm512_setzero_ps();
    for vector in vectors {
        let power = exponential(_mm512_sub_ps(load_floats(vector), largest));
        store_floats(vector, power);
        sum = _mm512_add_ps(sum, power);
    }
    weights.truncate(length);
    fold::<COUNT>(sum, |one, other| one + other)
}

/// Joins the numbers of each list.
#[inline]
#[target_feature(enable = "avx512f")]
fn fold<const COUNT: usize>(vector: __m512, join: fn(f32, f32) -> f32) -> [f32; COUNT] {
    let mut numbers = [0.0; ROWS];
    store_floats(&mut numbers, vector);
    let (lists, _) = numbers.as_chunks::<COUNT>();
    let mut folded = lists[0];
    for list in &lists[1..] {
        for (one, other) in folded.iter_mut().zip(list) {
            *one = join(*one, *other);
        }
    }
    folded
}

/// The exponential of numbers that are not positive: the power of two next to it, times a polynomial of what is left (its Taylor
/// series, which after the seventh power is less than 2⁻²⁶ off for half of ln 2).
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
    let scaled = _mm512_mul_ps(x, _mm512_set1_ps(std::f32::consts::LOG2_E));
    let power = _mm512_roundscale_ps::<0>(scaled);
    let rest = _mm512_fnmadd_ps(power, _mm512_set1_ps(LN_2[0]), x);
    let rest = _mm512_fnmadd_ps(power, _mm512_set1_ps(LN_2[1]), rest);
    let mut sum = _mm512_set1_ps(SERIES[0]);
    for factor in &SERIES[1..] {
        sum = _mm512_fmadd_ps(sum, rest, _mm512_set1_ps(*factor));
    }
    _mm512_scalef_ps(sum, power)
}
