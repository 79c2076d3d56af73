//! Products of quantised weights and activations.
//!
//! Sixteen rows of weights at a time are unpacked to bytes, a piece that fits in the nearest cache, and multiplied with all columns of
//! activations, which are rounded to 8 bits in blocks of 32 numbers. Products of bytes are added as integers, and blocks as `f32`. So
//! unpacking is paid once for all columns, and memory is read once.

mod activations;
mod panel;
mod tile;
mod weights;

use std::cell::RefCell;
use std::marker::PhantomData;
use std::ops::Range;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use crate::{ROWS, Team, is_supported};
use activations::{ColumnBlock, Tile, quantise, tiles};
use panel::{BLOCKS, PanelBlock};
pub use weights::{Format, Weights};

/// Numbers with one scale.
const BLOCK: usize = 32;
/// Most columns of activations that are multiplied together: their sums stay in registers.
const COLUMNS_MAX: usize = 8;
/// Times sixteen rows that a thread takes at once.
const GROUPS_TAKEN: usize = 4;

/// Weights, and where their products with the activations go.
#[derive(Debug)]
pub struct Product<'a> {
    pub weights: Weights<'a>,
    /// A column of `rows` numbers for each column of activations.
    pub output: &'a mut [f32],
}

/// Memory that is used again by the next product.
#[derive(Debug, Default)]
pub struct Workspace {
    blocks: Vec<ColumnBlock>,
}

/// What a thread works with.
struct Scratch {
    panel: [PanelBlock; BLOCKS],
    /// The sums of sixteen rows for all columns.
    sums: Vec<[f32; ROWS]>,
}

thread_local! {
    static SCRATCH: RefCell<Scratch> = const {
        RefCell::new(Scratch {
            panel: [const { PanelBlock::EMPTY }; BLOCKS],
            sums: Vec::new(),
        })
    };
}

impl Workspace {
    /// Multiplies every weights with the columns of `input`, which lie one after another. What is no number stays none; with numbers
    /// beyond 10³⁵ or infinite scales no number may come out where a product would be infinite, and blocks of 32 numbers below 10⁻³⁷
    /// count as nought.
    ///
    /// # Panics
    /// When the weights differ in their depth, `input` is no whole number of columns, an output has another length than so many columns
    /// of its weights' rows, or the processor lacks the instructions.
    pub fn multiply(&mut self, team: &impl Team, input: &[f32], products: &mut [Product<'_>]) {
        assert!(is_supported(), "this processor has no AVX-512 VNNI");
        let Some(depth) = products.first().map(|product| product.weights.depth()) else {
            return;
        };
        let columns = input.len() / depth;
        assert_eq!(
            columns * depth,
            input.len(),
            "the input ends within a column"
        );
        for product in &*products {
            assert_eq!(product.weights.depth(), depth, "depths differ");
            assert_eq!(product.weights.rows() * columns, product.output.len());
        }
        self.round(team, input, columns, depth);
        let outputs: Vec<Output<'_>> = products.iter_mut().map(Output::new).collect();
        let groups: usize = outputs
            .iter()
            .map(|output| output.weights.rows() / ROWS)
            .sum();
        let next = AtomicUsize::new(0);
        team.run(&|| {
            loop {
                let first = next.fetch_add(GROUPS_TAKEN, Ordering::Relaxed);
                if first >= groups {
                    break;
                }
                for group in first..(first + GROUPS_TAKEN).min(groups) {
                    self.multiply_group(&outputs, group, columns);
                }
            }
        });
    }

    /// Rounds the activations to 8 bits. Only for `multiply`, which has asked whether the processor has the instructions.
    fn round(&mut self, team: &impl Team, input: &[f32], columns: usize, depth: usize) {
        let of_column = depth / BLOCK;
        self.blocks
            .resize(columns * of_column, ColumnBlock::default());
        let mut rest = self.blocks.as_mut_slice();
        let mut parts = Vec::new();
        for tile in tiles(columns) {
            let (blocks, others) = rest.split_at_mut(tile.width * of_column);
            let numbers = &input[tile.column * depth..][..tile.width * depth];
            parts.push((numbers, tile.width, blocks));
            rest = others;
        }
        let is_single = parts.len() == 1;
        let parts = Mutex::new(parts);
        let work = || {
            loop {
                let part = parts.lock().expect("BUG: rounding does not panic").pop();
                let Some((numbers, width, blocks)) = part else {
                    break;
                };
                #[expect(unsafe_code, reason = "the processor must have the instructions")]
                // SAFETY: `multiply` has asked whether it has them.
                unsafe {
                    quantise(numbers, width, blocks);
                }
            }
        };
        if is_single { work() } else { team.run(&work) }
    }

    /// The sixteen rows with number `group`, counted through all outputs. As `round`, only for `multiply`.
    fn multiply_group(&self, outputs: &[Output<'_>], mut group: usize, columns: usize) {
        for output in outputs {
            let groups = output.weights.rows() / ROWS;
            if group < groups {
                SCRATCH.with_borrow_mut(|scratch| {
                    scratch.sums.clear();
                    scratch.sums.resize(columns, [0.0; ROWS]);
                    #[expect(unsafe_code, reason = "the processor must have the instructions")]
                    // SAFETY: `multiply` has asked whether it has them.
                    unsafe {
                        self.add_rows(&output.weights, group * ROWS, scratch);
                    }
                    output.set(group, &scratch.sums);
                });
                return;
            }
            group -= groups;
        }
    }

    #[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl,avx512vnni")]
    fn add_rows(&self, weights: &Weights<'_>, row: usize, scratch: &mut Scratch) {
        let of_column = weights.depth() / BLOCK;
        for start in (0..of_column).step_by(BLOCKS) {
            let blocks = start..(start + BLOCKS).min(of_column);
            let panel = &mut scratch.panel[..blocks.len()];
            weights.unpack(row, blocks.clone(), panel);
            // What comes next: these rows' following blocks, or the following rows.
            let ahead = match blocks.end {
                end if end == of_column => weights.ahead(row + ROWS, 0..BLOCKS.min(of_column)),
                end => weights.ahead(row, end..(end + BLOCKS).min(of_column)),
            };
            for tile in tiles(scratch.sums.len()) {
                let ahead = (tile.column == 0).then_some(&ahead);
                let of_tile = self.blocks_of(tile, blocks.clone(), of_column);
                let sums = &mut scratch.sums[tile.column..][..tile.width];
                match weights.format().halves() {
                    1 => tile::add::<1>(panel, of_tile, ahead, sums),
                    _ => tile::add::<2>(panel, of_tile, ahead, sums),
                }
            }
        }
    }

    /// Some blocks of all columns of a tile.
    fn blocks_of(&self, tile: Tile, blocks: Range<usize>, of_column: usize) -> &[ColumnBlock] {
        let first = tile.column * of_column;
        &self.blocks[first + blocks.start * tile.width..first + blocks.end * tile.width]
    }
}

/// Where the products of a matrix go: threads write different rows of it at the same time.
struct Output<'a> {
    weights: Weights<'a>,
    numbers: *mut [f32],
    borrowed: PhantomData<&'a mut [f32]>,
}

#[expect(unsafe_code, reason = "threads write different parts of one slice")]
// SAFETY: the numbers are borrowed for as long as this lives, and each group of rows is written by the one thread that took it.
unsafe impl Sync for Output<'_> {}

impl<'a> Output<'a> {
    fn new(product: &'a mut Product<'_>) -> Self {
        Self {
            weights: product.weights,
            numbers: &raw mut *product.output,
            borrowed: PhantomData,
        }
    }

    /// Sets the sixteen rows `group` of all columns.
    fn set(&self, group: usize, sums: &[[f32; ROWS]]) {
        let rows = self.weights.rows();
        for (column, sums) in sums.iter().enumerate() {
            let start = column * rows + group * ROWS;
            assert!(start + ROWS <= self.numbers.len());
            #[expect(unsafe_code, reason = "threads write different parts of one slice")]
            // SAFETY: the place lies in the slice, and nobody else reads or writes the rows of this group.
            unsafe {
                self.numbers
                    .cast::<f32>()
                    .add(start)
                    .cast::<[f32; ROWS]>()
                    .write_unaligned(*sums);
            }
        }
    }
}
