//! The formats of weights, each with how sixteen of its rows are unpacked.

mod k_scales;
mod q4_0;
mod q4_k;
mod q5_0;
mod q5_k;
mod q6_k;
mod q8_0;

use std::arch::x86_64::{_MM_HINT_T0, _mm_prefetch};
use std::ops::Range;

use crate::ROWS;
use crate::matmul::BLOCK;
use crate::matmul::panel::{BLOCKS, PanelBlock};

/// Bytes that a processor fetches at once.
const LINE: usize = 64;

/// How weights are stored. The names are those of ggml.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// `Q4_0`, eight rows interleaved by eight bytes, as llama.cpp rewrites it for x86-64 (`block_q4_0x8`).
    Q4_0x8,
    /// `Q4_K`, rewritten likewise (`block_q4_Kx8`).
    Q4Kx8,
    /// `Q5_0`, as in a file.
    Q5_0,
    /// `Q5_K`, as in a file.
    Q5K,
    /// `Q6_K`, as in a file.
    Q6K,
    /// `Q8_0`, as in a file.
    Q8_0,
}

impl Format {
    /// Every format.
    pub const ALL: [Self; 6] = [
        Self::Q4_0x8,
        Self::Q4Kx8,
        Self::Q5_0,
        Self::Q5K,
        Self::Q6K,
        Self::Q8_0,
    ];

    /// Numbers of a row that are stored together.
    pub const fn group(self) -> usize {
        match self {
            Self::Q4_0x8 | Self::Q5_0 | Self::Q8_0 => 32,
            Self::Q4Kx8 | Self::Q5K | Self::Q6K => 256,
        }
    }

    /// Bytes of a group of one row.
    pub const fn group_bytes(self) -> usize {
        match self {
            Self::Q4_0x8 => 18,
            Self::Q4Kx8 => 144,
            Self::Q5_0 => q5_0::BYTES,
            Self::Q5K => q5_k::BYTES,
            Self::Q6K => q6_k::BYTES,
            Self::Q8_0 => q8_0::BYTES,
        }
    }

    /// How many rows lie interleaved.
    const fn interleaved(self) -> usize {
        match self {
            Self::Q4_0x8 | Self::Q4Kx8 => 8,
            Self::Q5_0 | Self::Q5K | Self::Q6K | Self::Q8_0 => 1,
        }
    }

    /// How many scales a block of 32 weights has.
    pub(crate) const fn halves(self) -> usize {
        match self {
            Self::Q6K => 2,
            Self::Q4_0x8 | Self::Q4Kx8 | Self::Q5_0 | Self::Q5K | Self::Q8_0 => 1,
        }
    }
}

/// A matrix of weights: `rows` outputs of `depth` inputs each.
#[derive(Debug, Clone, Copy)]
pub struct Weights<'a> {
    format: Format,
    rows: usize,
    depth: usize,
    bytes: &'a [u8],
}

impl<'a> Weights<'a> {
    /// `None` when `rows` is no multiple of 16, `depth` none of what the format stores together, or `bytes` has another length than
    /// such a matrix.
    pub fn new(format: Format, rows: usize, depth: usize, bytes: &'a [u8]) -> Option<Self> {
        let length = rows
            .checked_mul(depth / format.group())?
            .checked_mul(format.group_bytes())?;
        let is_whole = rows.is_multiple_of(ROWS) && depth.is_multiple_of(format.group());
        (is_whole && depth > 0 && bytes.len() == length).then_some(Self {
            format,
            rows,
            depth,
            bytes,
        })
    }

    pub(crate) fn format(&self) -> Format {
        self.format
    }

    /// Outputs.
    pub fn rows(&self) -> usize {
        self.rows
    }

    /// Inputs.
    pub fn depth(&self) -> usize {
        self.depth
    }

    /// Unpacks `blocks` (of 32 columns each) of the sixteen rows from `row` on.
    #[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl,avx512vnni")]
    pub(crate) fn unpack(&self, row: usize, blocks: Range<usize>, panel: &mut [PanelBlock]) {
        match self.format {
            Format::Q4_0x8 => q4_0::unpack(self.groups(row / 8, blocks), panel),
            Format::Q4Kx8 => q4_k::unpack(self.groups(row / 8, blocks), panel),
            Format::Q5_0 => q5_0::unpack(self.groups(row, blocks), panel),
            Format::Q5K => q5_k::unpack(self.groups(row, blocks), panel),
            Format::Q6K => q6_k::unpack(self.groups(row, blocks), panel),
            Format::Q8_0 => q8_0::unpack(self.groups(row, blocks), panel),
        }
    }

    /// The groups of a row, or of eight that are interleaved, and of the following ones.
    fn groups<const BYTES: usize>(&self, row: usize, blocks: Range<usize>) -> Groups<'a, BYTES> {
        let (groups, _) = self.bytes.as_chunks::<BYTES>();
        let of_row = self.depth / self.format.group();
        Groups {
            groups: &groups[row * of_row + blocks.start * BLOCK / self.format.group()..],
            of_row,
        }
    }

    /// What [`Weights::unpack`] will read for `blocks` of the sixteen rows from `row` on.
    pub(crate) fn ahead(&self, row: usize, blocks: Range<usize>) -> Ahead {
        let of_row = self.depth / self.format.group() * self.format.group_bytes();
        let together = self.format.interleaved();
        let bytes =
            |blocks: usize| blocks * BLOCK / self.format.group() * self.format.group_bytes();
        Ahead {
            start: self
                .bytes
                .as_ptr()
                .wrapping_add(row * of_row + bytes(blocks.start) * together),
            stride: of_row * together,
            parts: BLOCKS * together / ROWS,
            part_bytes: bytes(blocks.len()) * ROWS / BLOCKS,
        }
    }
}

/// Groups of neighbouring rows.
#[derive(Clone, Copy)]
struct Groups<'a, const BYTES: usize> {
    groups: &'a [[u8; BYTES]],
    of_row: usize,
}

impl<'a, const BYTES: usize> Groups<'a, BYTES> {
    #[inline]
    fn get(&self, row: usize, place: usize) -> &'a [u8; BYTES] {
        &self.groups[row * self.of_row + place]
    }
}

/// Memory that will be read soon, in as many parts as a panel has blocks.
pub(crate) struct Ahead {
    start: *const u8,
    /// Bytes from one row, or eight that are interleaved, to the next.
    stride: usize,
    /// Parts of a row.
    parts: usize,
    part_bytes: usize,
}

impl Ahead {
    /// Makes the processor fetch part `number`.
    #[inline]
    pub(crate) fn fetch(&self, number: usize) {
        let offset = number / self.parts * self.stride + number % self.parts * self.part_bytes;
        for line in (0..self.part_bytes).step_by(LINE) {
            let address = self.start.wrapping_add(offset + line);
            #[expect(unsafe_code, reason = "memory that may not exist is told by address")]
            // SAFETY: a hint, which reads nothing and is ignored for addresses that are no memory.
            unsafe {
                _mm_prefetch::<_MM_HINT_T0>(address.cast());
            }
        }
    }
}

/// The `N` bytes from `start` on.
#[inline]
pub(crate) fn part<const N: usize>(bytes: &[u8], start: usize) -> &[u8; N] {
    bytes[start..]
        .first_chunk()
        .expect("BUG: a part lies in its group")
}
