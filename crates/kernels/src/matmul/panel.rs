//! A piece of sixteen rows of weights, unpacked to bytes.

use std::arch::x86_64::{__m512, __m512i, _mm512_mul_ps, _mm512_set1_ps};

use crate::ROWS;
use crate::matmul::BLOCK;
use crate::vector::{BYTES, store, store_floats};

/// Blocks of 32 columns that are unpacked at a time; a panel of so many stays in the nearest cache while all activations pass.
pub(crate) const BLOCKS: usize = 16;

/// 32 columns of sixteen rows: a weight is `scale * quant − minimum` with those of its row and half.
#[derive(Debug, Clone)]
#[repr(C, align(64))]
pub(crate) struct PanelBlock {
    /// Unsigned bytes: four neighbours of each row together, the rows one after another, then the next four.
    pub(crate) quants: [[u8; BYTES]; BLOCK / 4],
    /// Of the first and of the second half of the columns; formats with one scale for a block fill only the first.
    pub(crate) scales: [[f32; ROWS]; 2],
    /// As `scales`.
    pub(crate) minima: [[f32; ROWS]; 2],
}

impl PanelBlock {
    pub(crate) const EMPTY: Self = Self {
        quants: [[0; BYTES]; BLOCK / 4],
        scales: [[0.0; ROWS]; 2],
        minima: [[0.0; ROWS]; 2],
    };

    #[inline]
    #[target_feature(enable = "avx512f")]
    pub(crate) fn set_quants(&mut self, quants: &[__m512i; BLOCK / 4]) {
        for (place, vector) in self.quants.iter_mut().zip(quants) {
            store(place, *vector);
        }
    }

    #[inline]
    #[target_feature(enable = "avx512f")]
    pub(crate) fn set_scale(&mut self, half: usize, scale: __m512, minimum: __m512) {
        store_floats(&mut self.scales[half], scale);
        store_floats(&mut self.minima[half], minimum);
    }

    /// The same for numbers whose middle is nought.
    #[inline]
    #[target_feature(enable = "avx512f")]
    pub(crate) fn set_middle(&mut self, half: usize, scale: __m512, middle: f32) {
        self.set_scale(half, scale, _mm512_mul_ps(scale, _mm512_set1_ps(middle)));
    }
}
