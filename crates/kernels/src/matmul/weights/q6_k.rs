//! `Q6_K`: 256 columns with one scale of 16 bits, for each 16 columns a scale of 8 bits, nibbles, and the upper two bits. Of 128 columns
//! a byte of nibbles has two that are 64 apart, and a byte of upper bits four that are 32 apart.

use std::arch::x86_64::{
    __m256i, _mm_setzero_si128, _mm256_and_si256, _mm256_or_si256, _mm256_set1_epi8,
    _mm256_setzero_si256, _mm256_slli_epi16, _mm256_srli_epi16, _mm512_mul_ps,
};

use super::{Groups, part};
use crate::ROWS;
use crate::matmul::panel::PanelBlock;
use crate::vector::{
    halves_to_floats, load_16, load_32, signed_to_floats, transpose_bytes, transpose_fours,
};

pub(super) const BYTES: usize = 210;
const UPPER_BITS: usize = 128;
const SCALES: usize = 192;
const SCALE: usize = 208;
/// What is subtracted from unsigned numbers.
const MIDDLE: f32 = 32.0;

#[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl,avx512vnni")]
pub(super) fn unpack(groups: Groups<'_, BYTES>, panel: &mut [PanelBlock]) {
    let (panel, _) = panel.as_chunks_mut::<8>();
    for (place, blocks) in panel.iter_mut().enumerate() {
        unpack_scales(groups, place, blocks);
        for (half, blocks) in blocks.as_chunks_mut::<4>().0.iter_mut().enumerate() {
            let mut quants = [[_mm256_setzero_si256(); ROWS]; 4];
            for row in 0..ROWS {
                let of_row = unpack_quants(groups.get(row, place), half);
                for (block, numbers) in quants.iter_mut().zip(of_row) {
                    block[row] = numbers;
                }
            }
            for (block, quants) in blocks.iter_mut().zip(&quants) {
                block.set_quants(&transpose_fours(quants));
            }
        }
    }
}

#[inline]
#[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl,avx512vnni")]
fn unpack_scales(groups: Groups<'_, BYTES>, place: usize, blocks: &mut [PanelBlock; 8]) {
    let mut scales = [[0; 2]; ROWS];
    let mut numbers = [_mm_setzero_si128(); ROWS];
    for row in 0..ROWS {
        let group = groups.get(row, place);
        scales[row] = *part(group, SCALE);
        numbers[row] = load_16(part(group, SCALES));
    }
    let scale = halves_to_floats(&scales);
    for (place, numbers) in transpose_bytes(numbers).into_iter().enumerate() {
        let scale = _mm512_mul_ps(scale, signed_to_floats(numbers));
        blocks[place / 2].set_middle(place % 2, scale, MIDDLE);
    }
}

/// Four blocks of 32 columns of one row.
#[inline]
#[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl,avx512vnni")]
fn unpack_quants(group: &[u8; BYTES], half: usize) -> [__m256i; 4] {
    let first = load_32(part(group, half * 64));
    let second = load_32(part(group, half * 64 + 32));
    let upper = load_32(part(group, UPPER_BITS + half * 32));
    [
        join(first, _mm256_slli_epi16::<4>(upper)),
        join(second, _mm256_slli_epi16::<2>(upper)),
        join(_mm256_srli_epi16::<4>(first), upper),
        join(
            _mm256_srli_epi16::<4>(second),
            _mm256_srli_epi16::<2>(upper),
        ),
    ]
}

/// The low nibbles of `low` with the two bits above them of `upper`.
#[inline]
#[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl,avx512vnni")]
fn join(low: __m256i, upper: __m256i) -> __m256i {
    _mm256_or_si256(
        _mm256_and_si256(low, _mm256_set1_epi8(0x0f)),
        _mm256_and_si256(upper, _mm256_set1_epi8(0x30)),
    )
}
