//! Loads, stores and transpositions of vectors of 512 bits.

use std::arch::x86_64::{
    __m128i, __m256i, __m512, __m512i, _mm_loadu_si128, _mm_unpackhi_epi8, _mm_unpacklo_epi8,
    _mm256_loadu_si256, _mm512_castsi128_si512, _mm512_castsi256_si512, _mm512_cvtepi8_epi32,
    _mm512_cvtepi32_ps, _mm512_cvtepu8_epi32, _mm512_cvtph_ps, _mm512_cvtss_f32,
    _mm512_inserti32x4, _mm512_inserti64x4, _mm512_loadu_ps, _mm512_loadu_si512,
    _mm512_setzero_si512, _mm512_shuffle_i32x4, _mm512_storeu_ps, _mm512_storeu_si512,
    _mm512_unpackhi_epi32, _mm512_unpackhi_epi64, _mm512_unpacklo_epi32, _mm512_unpacklo_epi64,
};

use crate::ROWS;

/// Bytes of a vector.
pub(crate) const BYTES: usize = 64;

#[inline]
#[target_feature(enable = "avx512f")]
pub(crate) fn load(bytes: &[u8; BYTES]) -> __m512i {
    #[expect(unsafe_code, reason = "vectors are loaded by address")]
    // SAFETY: 64 bytes are borrowed, and the load needs no alignment.
    unsafe {
        _mm512_loadu_si512(bytes.as_ptr().cast())
    }
}

#[inline]
#[target_feature(enable = "avx512f")]
pub(crate) fn store(bytes: &mut [u8; BYTES], vector: __m512i) {
    #[expect(unsafe_code, reason = "vectors are stored by address")]
    // SAFETY: 64 bytes are borrowed for writing, and the store needs no alignment.
    unsafe {
        _mm512_storeu_si512(bytes.as_mut_ptr().cast(), vector);
    }
}

#[inline]
#[target_feature(enable = "avx512f")]
pub(crate) fn load_floats(floats: &[f32; ROWS]) -> __m512 {
    #[expect(unsafe_code, reason = "vectors are loaded by address")]
    // SAFETY: 16 numbers of 4 bytes are borrowed, and the load needs no alignment.
    unsafe {
        _mm512_loadu_ps(floats.as_ptr())
    }
}

#[inline]
#[target_feature(enable = "avx512f")]
pub(crate) fn store_floats(floats: &mut [f32; ROWS], vector: __m512) {
    #[expect(unsafe_code, reason = "vectors are stored by address")]
    // SAFETY: 16 numbers of 4 bytes are borrowed for writing, and the store needs no alignment.
    unsafe {
        _mm512_storeu_ps(floats.as_mut_ptr(), vector);
    }
}

#[inline]
#[target_feature(enable = "avx2")]
pub(crate) fn load_32(bytes: &[u8; 32]) -> __m256i {
    #[expect(unsafe_code, reason = "vectors are loaded by address")]
    // SAFETY: 32 bytes are borrowed, and the load needs no alignment.
    unsafe {
        _mm256_loadu_si256(bytes.as_ptr().cast())
    }
}

#[inline]
#[target_feature(enable = "sse2")]
pub(crate) fn load_16(bytes: &[u8; 16]) -> __m128i {
    #[expect(unsafe_code, reason = "vectors are loaded by address")]
    // SAFETY: 16 bytes are borrowed, and the load needs no alignment.
    unsafe {
        _mm_loadu_si128(bytes.as_ptr().cast())
    }
}

/// Sixteen numbers of 16 bits (IEEE 754 binary16), as little-endian bytes.
#[inline]
#[target_feature(enable = "avx512f")]
pub(crate) fn halves_to_floats(halves: &[[u8; 2]; ROWS]) -> __m512 {
    _mm512_cvtph_ps(load_32(
        halves.as_flattened().try_into().expect("BUG: 32 bytes"),
    ))
}

/// Sixteen numbers of 16 bits (IEEE 754 binary16).
#[inline]
#[target_feature(enable = "avx512f")]
pub(crate) fn halves_of(halves: &[u16; ROWS]) -> __m512 {
    #[expect(unsafe_code, reason = "vectors are loaded by address")]
    // SAFETY: 16 numbers of 2 bytes are borrowed, and the load needs no alignment.
    let bytes = unsafe { _mm256_loadu_si256(halves.as_ptr().cast()) };
    _mm512_cvtph_ps(bytes)
}

/// One of them.
#[inline]
#[target_feature(enable = "avx512f")]
pub(crate) fn half_to_float(half: u16) -> f32 {
    _mm512_cvtss_f32(halves_of(&[half; ROWS]))
}

#[inline]
#[target_feature(enable = "avx512f")]
pub(crate) fn load_words(words: &[u16; 32]) -> __m512i {
    #[expect(unsafe_code, reason = "vectors are loaded by address")]
    // SAFETY: 32 numbers of 2 bytes are borrowed, and the load needs no alignment.
    unsafe {
        _mm512_loadu_si512(words.as_ptr().cast())
    }
}

#[inline]
#[target_feature(enable = "avx512f")]
pub(crate) fn unsigned_to_floats(bytes: __m128i) -> __m512 {
    _mm512_cvtepi32_ps(_mm512_cvtepu8_epi32(bytes))
}

#[inline]
#[target_feature(enable = "avx512f")]
pub(crate) fn signed_to_floats(bytes: __m128i) -> __m512 {
    _mm512_cvtepi32_ps(_mm512_cvtepi8_epi32(bytes))
}

/// Transposes sixteen rows of sixteen bytes.
#[inline]
#[target_feature(enable = "sse2")]
pub(crate) fn transpose_bytes(mut rows: [__m128i; ROWS]) -> [__m128i; ROWS] {
    // Each pass interleaves the first half with the second, which turns the eight bits of a byte's place by one.
    for _ in 0..4 {
        let before = rows;
        for place in 0..8 {
            rows[2 * place] = _mm_unpacklo_epi8(before[place], before[place + 8]);
            rows[2 * place + 1] = _mm_unpackhi_epi8(before[place], before[place + 8]);
        }
    }
    rows
}

/// Transposes sixteen rows of four numbers of 32 bits.
#[inline]
#[target_feature(enable = "avx512f")]
pub(crate) fn transpose_words(rows: &[__m128i; ROWS]) -> [__m512i; 4] {
    let a = four_lanes(rows, 0);
    let b = four_lanes(rows, 1);
    let c = four_lanes(rows, 2);
    let d = four_lanes(rows, 3);
    transpose_lanes(a, b, c, d)
}

/// The rows `first`, and four, eight and twelve further.
#[inline]
#[target_feature(enable = "avx512f")]
fn four_lanes(rows: &[__m128i; ROWS], first: usize) -> __m512i {
    let lanes = _mm512_castsi128_si512(rows[first]);
    let lanes = _mm512_inserti32x4::<1>(lanes, rows[first + 4]);
    let lanes = _mm512_inserti32x4::<2>(lanes, rows[first + 8]);
    _mm512_inserti32x4::<3>(lanes, rows[first + 12])
}

/// Transposes sixteen rows of eight numbers of 32 bits: the first vector has the first number of all rows.
#[inline]
#[target_feature(enable = "avx512f")]
pub(crate) fn transpose_fours(rows: &[__m256i; ROWS]) -> [__m512i; 8] {
    let first = transpose_half([0, 1, 2, 3], rows);
    let second = transpose_half([8, 9, 10, 11], rows);
    let mut columns = [first[0]; 8];
    for place in 0..4 {
        // Lanes 0 and 2 have the numbers 0 to 3, lanes 1 and 3 the others.
        columns[place] = _mm512_shuffle_i32x4::<0b10_00_10_00>(first[place], second[place]);
        columns[place + 4] = _mm512_shuffle_i32x4::<0b11_01_11_01>(first[place], second[place]);
    }
    columns
}

/// The rows `numbers` and those four further, transposed within lanes of 128 bits.
#[inline]
#[target_feature(enable = "avx512f")]
fn transpose_half(numbers: [usize; 4], rows: &[__m256i; ROWS]) -> [__m512i; 4] {
    let mut pairs = [_mm512_setzero_si512(); 4];
    for (pair, row) in pairs.iter_mut().zip(numbers) {
        *pair = _mm512_inserti64x4::<1>(_mm512_castsi256_si512(rows[row]), rows[row + 4]);
    }
    let [a, b, c, d] = pairs;
    transpose_lanes(a, b, c, d)
}

/// Transposes the four numbers of each lane of 128 bits among four vectors.
#[inline]
#[target_feature(enable = "avx512f")]
fn transpose_lanes(a: __m512i, b: __m512i, c: __m512i, d: __m512i) -> [__m512i; 4] {
    let (ab_low, ab_high) = (_mm512_unpacklo_epi32(a, b), _mm512_unpackhi_epi32(a, b));
    let (cd_low, cd_high) = (_mm512_unpacklo_epi32(c, d), _mm512_unpackhi_epi32(c, d));
    [
        _mm512_unpacklo_epi64(ab_low, cd_low),
        _mm512_unpackhi_epi64(ab_low, cd_low),
        _mm512_unpacklo_epi64(ab_high, cd_high),
        _mm512_unpackhi_epi64(ab_high, cd_high),
    ]
}
