//! Activations in 8 bits: each column in blocks of 32 numbers, a block with its own scale.

use std::arch::x86_64::{
    _CMP_UNORD_Q, _mm_storeu_si128, _mm512_abs_ps, _mm512_cmp_ps_mask, _mm512_cvtps_epi32,
    _mm512_cvtsepi32_epi8, _mm512_max_ps, _mm512_mul_ps, _mm512_reduce_add_epi32,
    _mm512_reduce_max_ps, _mm512_set1_ps,
};

use crate::matmul::{BLOCK, COLUMNS_MAX};
use crate::vector::load_floats;

/// 32 numbers of a column: `scale * quants[i]`.
#[derive(Debug, Clone, Copy, Default)]
#[repr(C)]
pub(crate) struct ColumnBlock {
    /// Signed bytes, four to a word, in order.
    pub(crate) quants: [i32; BLOCK / 4],
    pub(crate) scale: f32,
    /// Sums of the numbers: of all, of the first and of the second half.
    pub(crate) sums: [f32; 3],
}

/// Up to eight neighbouring columns, whose blocks lie in turns: the first of each, then the second of each.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Tile {
    /// The first column.
    pub(crate) column: usize,
    /// How many columns.
    pub(crate) width: usize,
}

/// The tiles of `columns` columns.
pub(crate) fn tiles(columns: usize) -> impl Iterator<Item = Tile> {
    (0..columns).step_by(COLUMNS_MAX).map(move |column| Tile {
        column,
        width: (columns - column).min(COLUMNS_MAX),
    })
}

/// Fills the blocks of a tile from its columns, which lie one after another.
#[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl,avx512vnni")]
pub(crate) fn quantise(columns: &[f32], width: usize, blocks: &mut [ColumnBlock]) {
    let depth = columns.len() / width;
    for (column, numbers) in columns.chunks_exact(depth).enumerate() {
        let (numbers, _) = numbers.as_chunks::<BLOCK>();
        let places = blocks.iter_mut().skip(column).step_by(width);
        for (numbers, block) in numbers.iter().zip(places) {
            quantise_block(numbers, block);
        }
    }
}

#[inline]
#[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl,avx512vnni")]
fn quantise_block(numbers: &[f32; BLOCK], block: &mut ColumnBlock) {
    /// Largest byte; −128 is not used, so that the range is symmetric.
    const LARGEST: f32 = 127.0;
    let (halves, _) = numbers.as_chunks::<{ BLOCK / 2 }>();
    let first = load_floats(&halves[0]);
    let second = load_floats(&halves[1]);
    let largest = _mm512_reduce_max_ps(_mm512_max_ps(_mm512_abs_ps(first), _mm512_abs_ps(second)));
    // Comparing numbers passes over what is none, and it must not vanish.
    let has_nan = _mm512_cmp_ps_mask::<_CMP_UNORD_Q>(first, second) != 0;
    let scale = if has_nan { f32::NAN } else { largest / LARGEST };
    let inverse = if largest > 0.0 {
        LARGEST / largest
    } else {
        0.0
    };
    // The inverse of a tiny number may be infinite; such a block counts as nought.
    let inverse = _mm512_set1_ps(if inverse.is_finite() { inverse } else { 0.0 });
    let first = _mm512_cvtps_epi32(_mm512_mul_ps(first, inverse));
    let second = _mm512_cvtps_epi32(_mm512_mul_ps(second, inverse));
    #[expect(clippy::cast_precision_loss, reason = "sums of 16 bytes are small")]
    let [low, high] = [first, second].map(|half| scale * _mm512_reduce_add_epi32(half) as f32);
    *block = ColumnBlock {
        quants: [0; BLOCK / 4],
        scale,
        sums: [low + high, low, high],
    };
    #[expect(unsafe_code, reason = "vectors are stored by address")]
    // SAFETY: the two stores of 16 bytes fill the 32 bytes of the array, and need no alignment.
    unsafe {
        let bytes = block.quants.as_mut_ptr().cast::<u8>();
        _mm_storeu_si128(bytes.cast(), _mm512_cvtsepi32_epi8(first));
        _mm_storeu_si128(bytes.add(BLOCK / 2).cast(), _mm512_cvtsepi32_epi8(second));
    }
}
