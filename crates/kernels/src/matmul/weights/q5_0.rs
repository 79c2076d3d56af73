//! `Q5_0`: 32 columns with one scale of 16 bits, the fifth bits, and nibbles; a byte has columns 16 apart.

use std::arch::x86_64::{
    __m512i, _mm_setzero_si128, _mm512_add_epi8, _mm512_mask_add_epi8, _mm512_set1_epi8,
    _mm512_set1_epi32, _mm512_set4_epi32, _mm512_shuffle_epi8, _mm512_test_epi8_mask,
};

use super::q4_k::nibbles;
use super::{Groups, part};
use crate::ROWS;
use crate::matmul::panel::PanelBlock;
use crate::vector::{halves_to_floats, load, load_16, transpose_words};

pub(super) const BYTES: usize = 22;
const FIFTH_BITS: usize = 2;
const QUANTS: usize = 6;
/// What is subtracted from unsigned numbers.
const MIDDLE: f32 = 16.0;

#[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl,avx512vnni")]
pub(super) fn unpack(groups: Groups<'_, BYTES>, panel: &mut [PanelBlock]) {
    for (place, block) in panel.iter_mut().enumerate() {
        let mut scales = [[0; 2]; ROWS];
        let mut fifth = [[0; 4]; ROWS];
        let mut bytes = [_mm_setzero_si128(); ROWS];
        for row in 0..ROWS {
            let group = groups.get(row, place);
            scales[row] = *part(group, 0);
            fifth[row] = *part(group, FIFTH_BITS);
            bytes[row] = load_16(part(group, QUANTS));
        }
        let scale = halves_to_floats(&scales);
        block.set_middle(0, scale, MIDDLE);
        let fifth = load(part(fifth.as_flattened(), 0));
        let mut quants = [fifth; 8];
        for (word, bytes) in transpose_words(&bytes).into_iter().enumerate() {
            let [low, high] = nibbles(bytes);
            quants[word] = with_fifth(low, fifth, word);
            quants[word + 4] = with_fifth(high, fifth, word + 4);
        }
        block.set_quants(&quants);
    }
}

/// The nibbles of four neighbours with their fifth bits, of which each row has 32.
#[inline]
#[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl,avx512vnni")]
fn with_fifth(low: __m512i, fifth: __m512i, word: usize) -> __m512i {
    // The byte that has the bits of this word, four times for each row.
    const BYTES: [i32; 4] = [0, 0x0101_0101, 0x0202_0202, 0x0303_0303];
    let places = _mm512_add_epi8(
        _mm512_set4_epi32(0x0c0c_0c0c, 0x0808_0808, 0x0404_0404, 0),
        _mm512_set1_epi32(BYTES[word / 2]),
    );
    let bits = _mm512_set1_epi32(0x0804_0201 << (word % 2 * 4));
    let has_fifth = _mm512_test_epi8_mask(_mm512_shuffle_epi8(fifth, places), bits);
    _mm512_mask_add_epi8(low, has_fifth, low, _mm512_set1_epi8(0x10))
}
