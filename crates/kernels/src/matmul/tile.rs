//! The innermost loop: a panel of weights times a tile of activations.

use std::arch::x86_64::{
    _mm512_cvtepi32_ps, _mm512_dpbusd_epi32, _mm512_fmadd_ps, _mm512_fnmadd_ps, _mm512_mul_ps,
    _mm512_set1_epi32, _mm512_set1_ps, _mm512_setzero_ps, _mm512_setzero_si512,
};

use crate::ROWS;
use crate::matmul::BLOCK;
use crate::matmul::activations::ColumnBlock;
use crate::matmul::panel::PanelBlock;
use crate::matmul::weights::Ahead;
use crate::vector::{load, load_floats, store_floats};

/// Adds the products of the rows of `panel` and the columns of a tile to `sums`, of which each column has one for each row.
///
/// What lies `ahead` is fetched meanwhile. `HALVES` tells how many scales a block of weights has.
#[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl,avx512vnni")]
pub(crate) fn add<const HALVES: usize>(
    panel: &[PanelBlock],
    blocks: &[ColumnBlock],
    ahead: Option<&Ahead>,
    sums: &mut [[f32; ROWS]],
) {
    match sums.len() {
        1 => add_columns::<HALVES, 1>(panel, blocks, ahead, sums),
        2 => add_columns::<HALVES, 2>(panel, blocks, ahead, sums),
        3 => add_columns::<HALVES, 3>(panel, blocks, ahead, sums),
        4 => add_columns::<HALVES, 4>(panel, blocks, ahead, sums),
        5 => add_columns::<HALVES, 5>(panel, blocks, ahead, sums),
        6 => add_columns::<HALVES, 6>(panel, blocks, ahead, sums),
        7 => add_columns::<HALVES, 7>(panel, blocks, ahead, sums),
        8 => add_columns::<HALVES, 8>(panel, blocks, ahead, sums),
        wide => unreachable!("BUG: a tile of {wide} columns"),
    }
}

#[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl,avx512vnni")]
fn add_columns<const HALVES: usize, const WIDTH: usize>(
    panel: &[PanelBlock],
    blocks: &[ColumnBlock],
    ahead: Option<&Ahead>,
    sums: &mut [[f32; ROWS]],
) {
    let (blocks, _) = blocks.as_chunks::<WIDTH>();
    let sums: &mut [[f32; ROWS]; WIDTH] = sums.try_into().expect("BUG: a tile is as wide");
    let mut totals = [_mm512_setzero_ps(); WIDTH];
    for (total, sum) in totals.iter_mut().zip(&*sums) {
        *total = load_floats(sum);
    }
    for (place, (weights, columns)) in panel.iter().zip(blocks).enumerate() {
        if let Some(ahead) = ahead {
            ahead.fetch(place);
        }
        for half in 0..HALVES {
            let words = BLOCK / 4 / HALVES;
            let mut products = [_mm512_setzero_si512(); WIDTH];
            for word in half * words..(half + 1) * words {
                for column in 0..WIDTH {
                    products[column] = _mm512_dpbusd_epi32(
                        products[column],
                        load(&weights.quants[word]),
                        _mm512_set1_epi32(columns[column].quants[word]),
                    );
                }
            }
            let scale = load_floats(&weights.scales[half]);
            let minimum = load_floats(&weights.minima[half]);
            for column in 0..WIDTH {
                let block = &columns[column];
                let both = _mm512_mul_ps(scale, _mm512_set1_ps(block.scale));
                let sum = block.sums[if HALVES == 1 { 0 } else { 1 + half }];
                let total =
                    _mm512_fmadd_ps(_mm512_cvtepi32_ps(products[column]), both, totals[column]);
                totals[column] = _mm512_fnmadd_ps(minimum, _mm512_set1_ps(sum), total);
            }
        }
    }
    for (sum, total) in sums.iter_mut().zip(totals) {
        store_floats(sum, total);
    }
}
