//! Attention: each query looks at the cells of the context that its mask shows.
//!
//! A query's products with the keys of all cells that it sees, their softmax, and the sum of the cells' values by these weights, all in
//! `f32`. What nobody sees is not read, and what will be read is fetched ahead, because the cells of one head lie far apart. Neighbours
//! that see nearly the same cells, as those of one text do, are computed together, so that keys and values are read once for them.

mod group;
mod head;
mod softmax;

use crate::output::Output;
use crate::{Team, is_supported};
use head::compute_head;

/// Rows of numbers for each head, somewhere in a slice.
#[derive(Debug, Clone, Copy)]
pub struct Strided<'a, T> {
    pub numbers: &'a [T],
    /// Numbers from a row to the next of the same head.
    pub row: usize,
    /// Numbers from a head to the next.
    pub head: usize,
}

impl<'a, T> Strided<'a, T> {
    #[inline]
    fn get(&self, row: usize, head: usize, size: usize) -> &'a [T] {
        &self.numbers[row * self.row + head * self.head..][..size]
    }
}

/// Queries, and what they attend to.
#[derive(Debug, Clone, Copy)]
pub struct Attention<'a> {
    /// Numbers of a query, key and value; see [`Attention::is_size`].
    pub size: usize,
    /// Heads of a query, a multiple of `pairs`.
    pub heads: usize,
    /// Heads of keys and values.
    pub pairs: usize,
    /// What products of queries and keys are multiplied with.
    pub scale: f32,
    pub queries: Strided<'a, f32>,
    /// Numbers of 16 bits (IEEE 754 binary16), a row for each cell.
    pub keys: Strided<'a, u16>,
    /// As `keys`.
    pub values: Strided<'a, u16>,
    /// Of each query, a number of 16 bits for each cell, which is added to its product: nought, or minus infinity for what it does not
    /// see.
    pub mask: &'a [u16],
    /// Cells, and numbers of a row of `mask`.
    pub cells: usize,
}

impl Attention<'_> {
    /// Whether there is code for queries of so many numbers.
    pub fn is_size(size: usize) -> bool {
        matches!(size, 64 | 80 | 96 | 128 | 256)
    }

    /// Fills `output`: for each query, of which there are as many as `mask` has rows, `size` numbers of each head. A query that sees nothing gets noughts.
    ///
    /// # Panics
    /// When `size` is none of those there is code for, there are no cells or no heads, rows lie outside of their slices, the mask is no
    /// whole number of rows, `output` has another length, or the processor lacks the instructions.
    pub fn compute(&self, team: &impl Team, output: &mut [f32]) {
        assert!(is_supported(), "this processor has no AVX-512 VNNI");
        assert!(Self::is_size(self.size) && self.heads.is_multiple_of(self.pairs));
        let count = self.mask.len() / self.cells;
        assert_eq!(count * self.cells, self.mask.len());
        assert_eq!(output.len(), count * self.heads * self.size);
        output.fill(0.0);
        let bundles = group::find(team, self.mask, self.cells);
        let output = Output::new(output);
        team.share(bundles.len() * self.heads, |number| {
            let (bundle, head) = (&bundles[number / self.heads], number % self.heads);
            #[expect(unsafe_code, reason = "the processor must have the instructions")]
            // SAFETY: it was asked above; each number comes once, and no other has these queries and this head.
            unsafe {
                compute_head(self, bundle, head, &output);
            }
        });
    }
}
