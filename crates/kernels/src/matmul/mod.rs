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
use std::ops::Range;
use std::sync::Mutex;

use crate::output::Output;
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
        let targets: Vec<Target<'_>> = products.iter_mut().map(Target::new).collect();
        let groups: usize = targets
            .iter()
            .map(|target| target.weights.rows() / ROWS)
            .sum();
        team.share(groups.div_ceil(GROUPS_TAKEN), |number| {
            let first = number * GROUPS_TAKEN;
            for group in first..(first + GROUPS_TAKEN).min(groups) {
                self.multiply_group(&targets, group, columns);
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
            parts.push(Mutex::new((numbers, tile.width, blocks)));
            rest = others;
        }
        team.share(parts.len(), |number| {
            let mut part = parts[number].lock().expect("BUG: rounding does not panic");
            let (numbers, width, blocks) = &mut *part;
            #[expect(unsafe_code, reason = "the processor must have the instructions")]
            // SAFETY: `multiply` has asked whether it has them.
            unsafe {
                quantise(numbers, *width, blocks);
            }
        });
    }

    /// The sixteen rows with number `group`, counted through all outputs. As `round`, only for `multiply`.
    fn multiply_group(&self, targets: &[Target<'_>], mut group: usize, columns: usize) {
        for target in targets {
            let groups = target.weights.rows() / ROWS;
            if group < groups {
                SCRATCH.with_borrow_mut(|scratch| {
                    scratch.sums.clear();
                    scratch.sums.resize(columns, [0.0; ROWS]);
                    #[expect(unsafe_code, reason = "the processor must have the instructions")]
                    // SAFETY: `multiply` has asked whether it has them, and gives each group to one thread.
                    unsafe {
                        self.add_rows(&target.weights, group * ROWS, scratch);
                        target.set(group, &scratch.sums);
                    }
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

/// Weights, and where their products go.
struct Target<'a> {
    weights: Weights<'a>,
    output: Output<'a>,
}

impl<'a> Target<'a> {
    fn new(product: &'a mut Product<'_>) -> Self {
        Self {
            weights: product.weights,
            output: Output::new(product.output),
        }
    }

    /// Sets the sixteen rows `group` of all columns.
    ///
    /// # Safety
    /// No other thread sets these rows.
    #[expect(unsafe_code, reason = "threads write different parts of one slice")]
    unsafe fn set(&self, group: usize, sums: &[[f32; ROWS]]) {
        for (column, sums) in sums.iter().enumerate() {
            // SAFETY: as above.
            unsafe {
                self.output
                    .set(column * self.weights.rows() + group * ROWS, [*sums]);
            }
        }
    }
}
