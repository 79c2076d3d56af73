//! `Q8_0`: 32 columns with one scale of 16 bits, and signed bytes.

use std::arch::x86_64::{_mm256_set1_epi8, _mm256_xor_si256};

use super::{Groups, part};
use crate::ROWS;
use crate::matmul::panel::PanelBlock;
use crate::vector::{halves_to_floats, load_32, transpose_fours};

pub(super) const BYTES: usize = 34;
const QUANTS: usize = 2;
/// What is subtracted from bytes whose sign was turned.
const MIDDLE: f32 = 128.0;

#[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl,avx512vnni")]
pub(super) fn unpack(groups: Groups<'_, BYTES>, panel: &mut [PanelBlock]) {
    let sign = _mm256_set1_epi8(i8::MIN);
    for (place, block) in panel.iter_mut().enumerate() {
        let mut scales = [[0; 2]; ROWS];
        let mut quants = [sign; ROWS];
        for row in 0..ROWS {
            let group = groups.get(row, place);
            scales[row] = *part(group, 0);
            quants[row] = _mm256_xor_si256(load_32(part(group, QUANTS)), sign);
        }
        let scale = halves_to_floats(&scales);
        block.set_middle(0, scale, MIDDLE);
        block.set_quants(&transpose_fours(&quants));
    }
}
