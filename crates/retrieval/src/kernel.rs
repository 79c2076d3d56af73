//! Inner products: of f32 vectors, and of their 8-bit codes. SIMD by `simsimd`, which picks the instructions at run time;
//! the portable forms are what it must agree with, and what answers where it declines.

use simsimd::SpatialSimilarity;

/// Largest magnitude of a code. −128 is left out, so that every code has its negative.
const CODE_MAX: f32 = 127.0;

/// The 8-bit form of a vector: `code × scale` is close to the number it stands for.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Codes {
    /// One code per dimension, −127 to 127.
    pub(crate) row: Vec<i8>,
    /// What a code of 1 is worth.
    pub(crate) scale: f32,
    /// Euclidean length of what rounding lost.
    pub(crate) error: f32,
}

/// Rounds `vector` to codes with its own scale, so that the largest number has the code ±127.
pub(crate) fn encode(vector: &[f32]) -> Codes {
    let largest = vector.iter().fold(0.0_f32, |max, x| max.max(x.abs()));
    let scale = if largest > 0.0 {
        largest / CODE_MAX
    } else {
        1.0
    };
    let mut lost = 0.0_f32;
    let row = vector
        .iter()
        .map(|x| {
            let rounded = (x / scale).round().clamp(-CODE_MAX, CODE_MAX);
            let difference = x - rounded * scale;
            lost += difference * difference;
            #[expect(clippy::cast_possible_truncation, reason = "clamped to ±127 above")]
            {
                rounded as i8
            }
        })
        .collect();
    Codes {
        row,
        scale,
        error: lost.sqrt(),
    }
}

/// Inner product of two rows of codes of one length.
pub(crate) fn dot_codes(a: &[i8], b: &[i8]) -> f32 {
    #[expect(
        clippy::cast_possible_truncation,
        reason = "an f64 is narrowed to an f32"
    )]
    <i8 as SpatialSimilarity>::dot(a, b).map_or_else(|| dot_codes_portable(a, b), |sum| sum as f32)
}

/// Inner product of two vectors of one length.
pub(crate) fn dot(a: &[f32], b: &[f32]) -> f32 {
    #[expect(
        clippy::cast_possible_truncation,
        reason = "an f64 is narrowed to an f32"
    )]
    <f32 as SpatialSimilarity>::dot(a, b).map_or_else(|| dot_portable(a, b), |sum| sum as f32)
}

/// [`dot_codes`] in plain Rust.
fn dot_codes_portable(a: &[i8], b: &[i8]) -> f32 {
    let sum: i32 = a
        .iter()
        .zip(b)
        .map(|(x, y)| i32::from(*x) * i32::from(*y))
        .sum();
    #[expect(
        clippy::cast_precision_loss,
        reason = "exact up to 2^24, which 1000 dimensions do not reach, and near enough beyond"
    )]
    {
        sum as f32
    }
}

/// [`dot`] in plain Rust.
fn dot_portable(a: &[f32], b: &[f32]) -> f32 {
    a.iter().zip(b).map(|(x, y)| x * y).sum()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn simd_and_portable_codes_agree_exactly(pairs in prop::collection::vec((-127_i8..=127, -127_i8..=127), 1..800)) {
            let (a, b): (Vec<i8>, Vec<i8>) = pairs.into_iter().unzip();
            prop_assert!((dot_codes(&a, &b) - dot_codes_portable(&a, &b)).abs() < 0.5);
        }

        #[test]
        fn simd_and_portable_numbers_agree(pairs in prop::collection::vec((-1.0_f32..1.0, -1.0_f32..1.0), 1..800)) {
            let (a, b): (Vec<f32>, Vec<f32>) = pairs.into_iter().unzip();
            prop_assert!((dot(&a, &b) - dot_portable(&a, &b)).abs() < 1e-3);
        }

        #[test]
        fn the_stated_error_is_the_error(vector in prop::collection::vec(-1.0_f32..1.0, 1..400)) {
            let Codes { row: codes, scale, error } = encode(&vector);
            let lost: f32 = vector.iter().zip(&codes).map(|(x, code)| (x - f32::from(*code) * scale).powi(2)).sum();
            prop_assert!((lost.sqrt() - error).abs() < 1e-5);
        }
    }

    #[test]
    fn extreme_codes_do_not_overflow() {
        let (low, high) = (vec![-127_i8; 384], vec![127_i8; 384]);
        assert!((dot_codes(&low, &high) - -6_193_536.0).abs() < 0.5);
        assert!((dot_codes(&low, &low) - 6_193_536.0).abs() < 0.5);
    }

    #[test]
    fn a_zero_vector_has_codes_too() {
        assert_eq!(encode(&[0.0; 3]).row, [0, 0, 0]);
    }
}
