//! The GGUF container (version 3): its header as values, a strict reader of the header and a writer.
//! Nothing here knows an architecture; tensor data is bytes. Files come from users, so every count, length and offset is
//! checked before it is believed.

mod read;
mod write;

pub use read::read_header;
pub use write::{TensorData, TensorPlan, write, write_streamed};

use std::io;
use std::path::PathBuf;

/// The first four bytes of a file.
pub(crate) const MAGIC: [u8; 4] = *b"GGUF";
/// The version that is written. Version 2 differs in nothing that is read here.
pub(crate) const VERSION: u32 = 3;
/// Boundary of tensor data in bytes, unless `general.alignment` says otherwise.
pub(crate) const ALIGNMENT_DEFAULT: u64 = 32;
/// Key of the boundary.
pub(crate) const ALIGNMENT_KEY: &str = "general.alignment";
/// Most dimensions a tensor may have.
pub(crate) const DIMENSIONS_MAX: u32 = 4;
/// Longest tensor name in bytes (`GGML_MAX_NAME` less its terminator).
pub(crate) const TENSOR_NAME_BYTES_MAX: u64 = 63;

/// A file is not a GGUF file that can be used, or cannot be read or written.
#[derive(Debug, thiserror::Error)]
pub enum GgufError {
    /// The operating system refused.
    #[error("{path}: {source}", path = path.display())]
    Io {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// The contents break the format; the text says where.
    #[error("{path} is not a usable GGUF file: {reason}", path = path.display())]
    Invalid {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        reason: String,
    },
}

impl GgufError {
    /// What is wrong, without the path: for those who ask a server, and are not told where its files lie.
    pub fn reason(&self) -> String {
        match self {
            Self::Io { source, .. } => format!("its file cannot be read: {source}"),
            Self::Invalid { reason, .. } => {
                format!("its file is not a usable GGUF file: {reason}")
            }
        }
    }
}

/// One value of the metadata.
#[derive(Debug, Clone, PartialEq)]
pub enum Value {
    /// 8 bits without sign.
    U8(u8),
    /// 8 bits with sign.
    I8(i8),
    /// 16 bits without sign.
    U16(u16),
    /// 16 bits with sign.
    I16(i16),
    /// 32 bits without sign.
    U32(u32),
    /// 32 bits with sign.
    I32(i32),
    /// 32-bit float.
    F32(f32),
    /// One byte, 0 or 1.
    Bool(bool),
    /// UTF-8.
    String(String),
    /// Scalars or strings of one type; arrays of arrays are refused.
    Array(Array),
    /// 64 bits without sign.
    U64(u64),
    /// 64 bits with sign.
    I64(i64),
    /// 64-bit float.
    F64(f64),
}

/// A list of values of one type.
#[derive(Debug, Clone, PartialEq)]
pub enum Array {
    /// Strings, such as a vocabulary.
    Strings(Vec<String>),
    /// 32-bit integers, such as token types.
    I32(Vec<i32>),
    /// 32-bit floats, such as token scores.
    F32(Vec<f32>),
    /// Any other scalar type, as its number in the format and its little-endian bytes.
    Other {
        /// Number of the element type.
        kind: u32,
        /// The elements, back to back.
        bytes: Vec<u8>,
    },
}

/// How the numbers of a tensor are stored.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TensorKind {
    /// Number of the type in the format (`ggml_type`).
    pub id: u32,
    /// Its usual name.
    pub name: &'static str,
    /// Numbers per block.
    pub block_elements: u64,
    /// Bytes per block.
    pub block_bytes: u64,
}

impl TensorKind {
    /// 32-bit floats.
    pub const F32: Self = Self::new(0, "F32", 1, 4);
    /// 16-bit floats of IEEE 754.
    pub const F16: Self = Self::new(1, "F16", 1, 2);
    /// The upper 16 bits of 32-bit floats.
    pub const BF16: Self = Self::new(30, "BF16", 1, 2);
    /// Blocks of 32: a 16-bit scale and 32 numbers of 4 bits, each less 8.
    pub const Q4_0: Self = Self::new(2, "Q4_0", 32, 18);

    const ALL: [Self; 35] = [
        Self::F32,
        Self::F16,
        Self::Q4_0,
        Self::new(3, "Q4_1", 32, 20),
        Self::new(6, "Q5_0", 32, 22),
        Self::new(7, "Q5_1", 32, 24),
        Self::new(8, "Q8_0", 32, 34),
        Self::new(9, "Q8_1", 32, 36),
        Self::new(10, "Q2_K", 256, 84),
        Self::new(11, "Q3_K", 256, 110),
        Self::new(12, "Q4_K", 256, 144),
        Self::new(13, "Q5_K", 256, 176),
        Self::new(14, "Q6_K", 256, 210),
        Self::new(15, "Q8_K", 256, 292),
        Self::new(16, "IQ2_XXS", 256, 66),
        Self::new(17, "IQ2_XS", 256, 74),
        Self::new(18, "IQ3_XXS", 256, 98),
        Self::new(19, "IQ1_S", 256, 50),
        Self::new(20, "IQ4_NL", 32, 18),
        Self::new(21, "IQ3_S", 256, 110),
        Self::new(22, "IQ2_S", 256, 82),
        Self::new(23, "IQ4_XS", 256, 136),
        Self::new(24, "I8", 1, 1),
        Self::new(25, "I16", 1, 2),
        Self::new(26, "I32", 1, 4),
        Self::new(27, "I64", 1, 8),
        Self::new(28, "F64", 1, 8),
        Self::new(29, "IQ1_M", 256, 56),
        Self::BF16,
        Self::new(34, "TQ1_0", 256, 54),
        Self::new(35, "TQ2_0", 256, 66),
        Self::new(39, "MXFP4", 32, 17),
        Self::new(40, "NVFP4", 64, 36),
        Self::new(41, "Q1_0", 128, 18),
        Self::new(42, "Q2_0", 64, 18),
    ];

    const fn new(id: u32, name: &'static str, block_elements: u64, block_bytes: u64) -> Self {
        Self {
            id,
            name,
            block_elements,
            block_bytes,
        }
    }

    /// The type with this number, unless it is unknown or was withdrawn.
    pub fn find(id: u32) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.id == id)
    }

    /// Bytes of a tensor of this shape (fastest dimension first), unless a row is no whole number of blocks or the size
    /// overflows.
    pub fn find_size_bytes(self, shape: &[u64]) -> Option<u64> {
        let row = shape.first().copied().unwrap_or(1);
        if !row.is_multiple_of(self.block_elements) {
            return None;
        }
        shape
            .iter()
            .skip(1)
            .try_fold(row / self.block_elements, |blocks, &length| {
                blocks.checked_mul(length)
            })?
            .checked_mul(self.block_bytes)
    }
}

/// Where one tensor lies.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TensorInfo {
    /// Such as `blk.0.attn_q.weight`.
    pub name: String,
    /// Lengths, fastest dimension first: a matrix of `out` rows by `in` columns is `[in, out]`.
    pub shape: Vec<u64>,
    /// How its numbers are stored.
    pub kind: TensorKind,
    /// First byte, counted from [`Header::data_offset`].
    pub offset: u64,
    /// Length in bytes.
    pub size_bytes: u64,
}

/// Everything of a file but its tensor data.
#[derive(Debug, Clone, PartialEq)]
pub struct Header {
    /// 2 or 3.
    pub version: u32,
    /// Keys and values in file order; keys are unique.
    pub metadata: Vec<(String, Value)>,
    /// Tensors in file order; names are unique.
    pub tensors: Vec<TensorInfo>,
    /// First byte of tensor data in the file.
    pub data_offset: u64,
}

impl Header {
    /// The value under `key`.
    pub fn find(&self, key: &str) -> Option<&Value> {
        self.metadata
            .iter()
            .find(|(name, _)| name == key)
            .map(|(_, value)| value)
    }

    /// The text under `key`; a value of another type counts as absent.
    pub fn find_text(&self, key: &str) -> Option<&str> {
        match self.find(key) {
            Some(Value::String(text)) => Some(text),
            _ => None,
        }
    }

    /// The number under `key`; a value of another type counts as absent.
    pub fn find_u32(&self, key: &str) -> Option<u32> {
        match self.find(key) {
            Some(Value::U32(number)) => Some(*number),
            _ => None,
        }
    }
}

/// `offset` moved up to the next multiple of `alignment`; `None` when that overflows.
fn align(offset: u64, alignment: u64) -> Option<u64> {
    offset.checked_next_multiple_of(alignment)
}
