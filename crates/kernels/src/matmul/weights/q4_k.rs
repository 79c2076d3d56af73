//! `Q4_K` of eight rows interleaved: for each row its scale and minimum of 16 bits, for each 32 columns twelve bytes with the eight
//! rows' scales and minima of 6 bits, and nibbles, eight bytes of each row in turn. A row's byte has columns 32 apart.

use std::arch::x86_64::{
    __m512i, _mm_unpackhi_epi64, _mm_unpacklo_epi64, _mm512_and_si512, _mm512_mul_ps,
    _mm512_permutex2var_epi32, _mm512_set1_epi8, _mm512_setr_epi32, _mm512_srli_epi16,
};

use super::{Groups, k_scales, part};
use crate::ROWS;
use crate::matmul::panel::PanelBlock;
use crate::vector::{halves_to_floats, load, load_16, unsigned_to_floats};

/// Bytes of 256 columns of eight rows.
const BYTES: usize = 1152;
const MINIMA: usize = 16;
const SCALES: usize = 32;
const QUANTS: usize = 128;

#[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl,avx512vnni")]
pub(super) fn unpack(groups: Groups<'_, BYTES>, panel: &mut [PanelBlock]) {
    let (panel, _) = panel.as_chunks_mut::<8>();
    for (place, blocks) in panel.iter_mut().enumerate() {
        let (first, second) = (groups.get(0, place), groups.get(1, place));
        unpack_scales(first, second, blocks);
        for (pair, blocks) in blocks.as_chunks_mut::<2>().0.iter_mut().enumerate() {
            unpack_quants(first, second, QUANTS + pair * 256, blocks);
        }
    }
}

#[inline]
#[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl,avx512vnni")]
fn unpack_scales(first: &[u8; BYTES], second: &[u8; BYTES], blocks: &mut [PanelBlock; 8]) {
    let scale = halves_to_floats(&both_halves(first, second, 0));
    let minimum = halves_to_floats(&both_halves(first, second, MINIMA));
    let first = k_scales::unpack_eight(part(first, SCALES));
    let second = k_scales::unpack_eight(part(second, SCALES));
    for (place, block) in blocks.iter_mut().enumerate() {
        let (first, second) = (load_16(&first[place]), load_16(&second[place]));
        let scales = unsigned_to_floats(_mm_unpacklo_epi64(first, second));
        let minima = unsigned_to_floats(_mm_unpackhi_epi64(first, second));
        block.set_scale(
            0,
            _mm512_mul_ps(scale, scales),
            _mm512_mul_ps(minimum, minima),
        );
    }
}

#[inline]
pub(super) fn both_halves(first: &[u8], second: &[u8], start: usize) -> [[u8; 2]; ROWS] {
    let mut halves = [[0; 2]; ROWS];
    halves.as_flattened_mut()[..16].copy_from_slice(part::<16>(first, start));
    halves.as_flattened_mut()[16..].copy_from_slice(part::<16>(second, start));
    halves
}

/// 64 columns: the low nibbles are the first 32.
#[inline]
#[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl,avx512vnni")]
fn unpack_quants(
    first: &[u8; BYTES],
    second: &[u8; BYTES],
    start: usize,
    blocks: &mut [PanelBlock; 2],
) {
    let mut low = [load(part(first, start)); 8];
    let mut high = low;
    for quarter in 0..4 {
        let [even, odd] = interleave(
            load(part(first, start + quarter * 64)),
            load(part(second, start + quarter * 64)),
        );
        [low[2 * quarter], high[2 * quarter]] = nibbles(even);
        [low[2 * quarter + 1], high[2 * quarter + 1]] = nibbles(odd);
    }
    let [block, next] = blocks;
    block.set_quants(&low);
    next.set_quants(&high);
}

/// Of two times eight rows with eight bytes each, the first four bytes of all sixteen and the last four.
#[inline]
#[target_feature(enable = "avx512f")]
pub(super) fn interleave(first: __m512i, second: __m512i) -> [__m512i; 2] {
    let even = _mm512_setr_epi32(0, 2, 4, 6, 8, 10, 12, 14, 16, 18, 20, 22, 24, 26, 28, 30);
    let odd = _mm512_setr_epi32(1, 3, 5, 7, 9, 11, 13, 15, 17, 19, 21, 23, 25, 27, 29, 31);
    [
        _mm512_permutex2var_epi32(first, even, second),
        _mm512_permutex2var_epi32(first, odd, second),
    ]
}

/// The low and the high nibbles of bytes.
#[inline]
#[target_feature(enable = "avx512f,avx512bw")]
pub(super) fn nibbles(bytes: __m512i) -> [__m512i; 2] {
    let low = _mm512_set1_epi8(0x0f);
    [
        _mm512_and_si512(bytes, low),
        _mm512_and_si512(_mm512_srli_epi16::<4>(bytes), low),
    ]
}
