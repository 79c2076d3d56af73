//! What happens to the numbers of a tensor on their way into a GGUF file.

use std::io::{self, Write};

use super::weights::{Number, Stored};
use crate::gguf::TensorKind;

/// Bytes read at a time when rows keep their order.
const CHUNK_BYTES: u64 = 1 << 20;

/// What is changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Change {
    /// Nothing.
    None,
    /// 1 is added to every number.
    AddOne,
    /// In each of `heads` groups, the rows of the second half come between those of the first.
    Interleave {
        /// Number of groups.
        heads: u32,
    },
}

/// How a tensor of this shape is stored in the file: vectors as F32, which is what llama.cpp adds and multiplies with.
pub(super) fn stored_kind(kind: Number, shape: &[u64]) -> TensorKind {
    if shape.len() < 2 {
        return TensorKind::F32;
    }
    match kind {
        Number::F32 => TensorKind::F32,
        Number::F16 => TensorKind::F16,
        Number::Bf16 => TensorKind::BF16,
    }
}

/// Copies a tensor. Only vectors are given another kind than the one they are stored in.
pub(super) fn copy(
    stored: &Stored<'_>,
    change: Change,
    kind: TensorKind,
    out: &mut dyn Write,
) -> io::Result<()> {
    let size = stored.size_bytes();
    if stored.shape.len() < 2 || change == Change::AddOne {
        let bytes = stored.read(0, size)?;
        let mut numbers = to_f32(&bytes, stored.kind);
        if change == Change::AddOne {
            for number in &mut numbers {
                *number += 1.0;
            }
        }
        debug_assert!(kind == TensorKind::F32, "BUG: vectors are stored as F32");
        return numbers
            .iter()
            .try_for_each(|number| out.write_all(&number.to_le_bytes()));
    }
    let Change::Interleave { heads } = change else {
        let mut at = 0;
        while at < size {
            let length = CHUNK_BYTES.min(size - at);
            out.write_all(&stored.read(at, length)?)?;
            at += length;
        }
        return Ok(());
    };
    let head = size / u64::from(heads);
    let rows = usize::try_from(stored.shape[0] / u64::from(heads)).map_err(io::Error::other)?;
    for index in 0..u64::from(heads) {
        let bytes = stored.read(index * head, head)?;
        out.write_all(&interleave(&bytes, rows))?;
    }
    Ok(())
}

/// Puts the second half of `rows` equally long rows between those of the first.
pub(super) fn interleave(bytes: &[u8], rows: usize) -> Vec<u8> {
    let row = bytes.len() / rows.max(1);
    let (first, second) = bytes.split_at(row * (rows / 2));
    first
        .chunks(row.max(1))
        .zip(second.chunks(row.max(1)))
        .flat_map(|(first, second)| [first, second].concat())
        .collect()
}

/// The numbers as 32-bit floats; the bytes are whole numbers of `kind`.
pub(super) fn to_f32(bytes: &[u8], kind: Number) -> Vec<f32> {
    match kind {
        Number::F32 => {
            let chunks = bytes.as_chunks().0.iter();
            chunks.map(|chunk| f32::from_le_bytes(*chunk)).collect()
        }
        Number::F16 => {
            let chunks = bytes.as_chunks().0.iter();
            chunks
                .map(|chunk| half_to_f32(u16::from_le_bytes(*chunk)))
                .collect()
        }
        Number::Bf16 => {
            let chunks = bytes.as_chunks().0.iter();
            chunks
                .map(|chunk| f32::from_bits(u32::from(u16::from_le_bytes(*chunk)) << 16))
                .collect()
        }
    }
}

/// A half (IEEE 754 binary16) as a float, exactly.
fn half_to_f32(half: u16) -> f32 {
    let sign = u32::from(half & 0x8000) << 16;
    let exponent = u32::from(half >> 10 & 0x1f);
    let fraction = u32::from(half & 0x3ff);
    match exponent {
        // Below 2^-14, a multiple of 2^-24: what 1/2 plus it has in its last bits.
        0 => {
            let magnitude = f32::from_bits(0.5_f32.to_bits() | fraction) - 0.5;
            f32::from_bits(magnitude.to_bits() | sign)
        }
        0x1f => f32::from_bits(sign | 0x7f80_0000 | fraction << 13),
        _ => f32::from_bits(sign | (exponent + 112) << 23 | fraction << 13),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn halves_become_floats() {
        for (half, expected) in [
            (0x0000, 0.0),
            (0x3c00, 1.0),
            (0xc000, -2.0),
            (0x7bff, 65_504.0),
            (0x0001, 5.960_464_5e-8),
            (0x83ff, -6.097_555e-5),
            (0x2e66, 0.099_975_586),
            (0x7c00, f32::INFINITY),
        ] {
            assert_eq!(half_to_f32(half).to_bits(), f32::to_bits(expected));
        }
        assert!(half_to_f32(0x7e00).is_nan());
        assert_eq!(to_f32(&[0x80, 0x3f], Number::Bf16), [1.0]);
    }

    #[test]
    fn rows_of_both_halves_alternate() {
        assert_eq!(
            interleave(&[0, 0, 1, 1, 2, 2, 3, 3], 4),
            [0, 0, 2, 2, 1, 1, 3, 3]
        );
    }
}
