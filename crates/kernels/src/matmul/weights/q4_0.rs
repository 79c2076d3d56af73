//! `Q4_0` of eight rows interleaved: for each row its scale of 16 bits, then nibbles, eight bytes of each row in turn. A row's byte has
//! columns 16 apart. The nibbles are signed.

use std::arch::x86_64::{_mm512_set1_epi8, _mm512_xor_si512};

use super::q4_k::{both_halves, interleave, nibbles};
use super::{Groups, part};
use crate::matmul::panel::PanelBlock;
use crate::vector::{halves_to_floats, load};

/// Bytes of 32 columns of eight rows.
const BYTES: usize = 144;
const QUANTS: usize = 16;
/// What is subtracted from unsigned nibbles.
const MIDDLE: f32 = 8.0;

#[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl,avx512vnni")]
pub(super) fn unpack(groups: Groups<'_, BYTES>, panel: &mut [PanelBlock]) {
    // Eight in both nibbles makes signed ones unsigned.
    let sign = _mm512_set1_epi8(0x88_u8.cast_signed());
    for (place, block) in panel.iter_mut().enumerate() {
        let (first, second) = (groups.get(0, place), groups.get(1, place));
        let scale = halves_to_floats(&both_halves(first, second, 0));
        block.set_middle(0, scale, MIDDLE);
        let mut quants = [sign; 8];
        for half in 0..2 {
            let first = _mm512_xor_si512(load(part(first, QUANTS + half * 64)), sign);
            let second = _mm512_xor_si512(load(part(second, QUANTS + half * 64)), sign);
            let [even, odd] = interleave(first, second);
            [quants[2 * half], quants[2 * half + 4]] = nibbles(even);
            [quants[2 * half + 1], quants[2 * half + 5]] = nibbles(odd);
        }
        block.set_quants(&quants);
    }
}
