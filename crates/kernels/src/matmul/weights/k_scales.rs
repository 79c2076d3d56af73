//! The eight scales and eight minima of 6 bits that `Q4_K` and `Q5_K` keep in twelve bytes.

use std::arch::x86_64::{
    _mm512_and_si512, _mm512_or_si512, _mm512_permutex2var_epi32, _mm512_set1_epi32,
    _mm512_setr_epi32, _mm512_slli_epi32, _mm512_srli_epi32, _mm512_srlv_epi32,
};

use super::part;
use crate::vector::{load, store};

const LOW_SIX: u32 = 0x3f3f_3f3f;
const LOW_FOUR: u32 = 0x0f0f_0f0f;
const LOW_TWO: u32 = 0x0303_0303;

/// The scales in the first eight bytes, the minima in the others.
#[inline]
pub(super) fn unpack(packed: &[u8; 12]) -> [u8; 16] {
    let (words, _) = packed.as_chunks::<4>();
    let scales = u32::from_le_bytes(words[0]);
    let minima = u32::from_le_bytes(words[1]);
    let both = u32::from_le_bytes(words[2]);
    let unpacked = [
        scales & LOW_SIX,
        (both & LOW_FOUR) | (((scales >> 6) & LOW_TWO) << 4),
        minima & LOW_SIX,
        ((both >> 4) & LOW_FOUR) | (((minima >> 6) & LOW_TWO) << 4),
    ];
    let mut bytes = [0; 16];
    for (place, word) in bytes.as_chunks_mut::<4>().0.iter_mut().zip(unpacked) {
        *place = word.to_le_bytes();
    }
    bytes
}

/// The same of eight times twelve bytes.
#[inline]
#[target_feature(enable = "avx512f")]
pub(super) fn unpack_eight(packed: &[u8; 96]) -> [[u8; 16]; 8] {
    // Words 0 to 15 and 8 to 23; the permutations below take word 16 + n from place 24 + n of both together.
    let start = load(part(packed, 0));
    let end = load(part(packed, 32));
    let scales_minima = _mm512_permutex2var_epi32(
        start,
        _mm512_setr_epi32(0, 3, 6, 9, 12, 15, 26, 29, 1, 4, 7, 10, 13, 24, 27, 30),
        end,
    );
    let both = _mm512_permutex2var_epi32(
        start,
        _mm512_setr_epi32(2, 5, 8, 11, 14, 25, 28, 31, 2, 5, 8, 11, 14, 25, 28, 31),
        end,
    );
    let low = _mm512_and_si512(scales_minima, _mm512_set1_epi32(LOW_SIX.cast_signed()));
    let nibbles = _mm512_setr_epi32(0, 0, 0, 0, 0, 0, 0, 0, 4, 4, 4, 4, 4, 4, 4, 4);
    let high = _mm512_or_si512(
        _mm512_and_si512(
            _mm512_srlv_epi32(both, nibbles),
            _mm512_set1_epi32(LOW_FOUR.cast_signed()),
        ),
        _mm512_slli_epi32::<4>(_mm512_and_si512(
            _mm512_srli_epi32::<6>(scales_minima),
            _mm512_set1_epi32(LOW_TWO.cast_signed()),
        )),
    );
    let first = _mm512_setr_epi32(0, 16, 8, 24, 1, 17, 9, 25, 2, 18, 10, 26, 3, 19, 11, 27);
    let second = _mm512_setr_epi32(4, 20, 12, 28, 5, 21, 13, 29, 6, 22, 14, 30, 7, 23, 15, 31);
    let mut unpacked = [[0; 16]; 8];
    let (halves, _) = unpacked.as_flattened_mut().as_chunks_mut();
    store(&mut halves[0], _mm512_permutex2var_epi32(low, first, high));
    store(&mut halves[1], _mm512_permutex2var_epi32(low, second, high));
    unpacked
}
