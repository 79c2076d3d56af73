//! `Q5_K`: 256 columns with a scale and a minimum of 16 bits, for each 32 columns a scale and a minimum of 6 bits, the fifth bits, and
//! nibbles; a byte has columns 32 apart.

use std::arch::x86_64::{
    __m256i, _mm_setzero_si128, _mm256_and_si256, _mm256_maskz_set1_epi8, _mm256_or_si256,
    _mm256_set1_epi8, _mm256_setzero_si256, _mm256_srli_epi16, _mm256_test_epi8_mask,
    _mm512_mul_ps,
};

use super::{Groups, k_scales, part};
use crate::ROWS;
use crate::matmul::panel::PanelBlock;
use crate::vector::{
    halves_to_floats, load_16, load_32, transpose_bytes, transpose_fours, unsigned_to_floats,
};

pub(super) const BYTES: usize = 176;
const MINIMUM: usize = 2;
const SCALES: usize = 4;
const FIFTH_BITS: usize = 16;
const QUANTS: usize = 48;

#[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl,avx512vnni")]
pub(super) fn unpack(groups: Groups<'_, BYTES>, panel: &mut [PanelBlock]) {
    let (panel, _) = panel.as_chunks_mut::<8>();
    for (place, blocks) in panel.iter_mut().enumerate() {
        unpack_scales(groups, place, blocks);
        for (pair, blocks) in blocks.as_chunks_mut::<2>().0.iter_mut().enumerate() {
            unpack_pair(groups, place, pair, blocks);
        }
    }
}

#[inline]
#[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl,avx512vnni")]
fn unpack_scales(groups: Groups<'_, BYTES>, place: usize, blocks: &mut [PanelBlock; 8]) {
    let mut scales = [[0; 2]; ROWS];
    let mut minima = [[0; 2]; ROWS];
    let mut numbers = [_mm_setzero_si128(); ROWS];
    for row in 0..ROWS {
        let group = groups.get(row, place);
        scales[row] = *part(group, 0);
        minima[row] = *part(group, MINIMUM);
        numbers[row] = load_16(&k_scales::unpack(part(group, SCALES)));
    }
    let scale = halves_to_floats(&scales);
    let minimum = halves_to_floats(&minima);
    let numbers = transpose_bytes(numbers);
    for (place, block) in blocks.iter_mut().enumerate() {
        block.set_scale(
            0,
            _mm512_mul_ps(scale, unsigned_to_floats(numbers[place])),
            _mm512_mul_ps(minimum, unsigned_to_floats(numbers[place + 8])),
        );
    }
}

/// 64 columns: the low nibbles are the first 32.
#[inline]
#[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl,avx512vnni")]
fn unpack_pair(groups: Groups<'_, BYTES>, place: usize, pair: usize, blocks: &mut [PanelBlock; 2]) {
    let mut low = [_mm256_setzero_si256(); ROWS];
    let mut high = low;
    for row in 0..ROWS {
        let group = groups.get(row, place);
        let bytes = load_32(part(group, QUANTS + pair * 32));
        let fifth = load_32(part(group, FIFTH_BITS));
        low[row] = join(bytes, fifth, 2 * pair);
        high[row] = join(_mm256_srli_epi16::<4>(bytes), fifth, 2 * pair + 1);
    }
    blocks[0].set_quants(&transpose_fours(&low));
    blocks[1].set_quants(&transpose_fours(&high));
}

/// The low nibbles of `low` with bit `bit` of `fifth` above them.
#[inline]
#[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl,avx512vnni")]
fn join(low: __m256i, fifth: __m256i, bit: usize) -> __m256i {
    let bit = _mm256_set1_epi8((1_u8 << bit).cast_signed());
    let has_fifth = _mm256_test_epi8_mask(fifth, bit);
    let low = _mm256_and_si256(low, _mm256_set1_epi8(0x0f));
    _mm256_or_si256(low, _mm256_maskz_set1_epi8(has_fifth, 0x10))
}
