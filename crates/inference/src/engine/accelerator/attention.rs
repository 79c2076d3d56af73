//! Attention that the device takes: with keys and values of 16 bits, and nothing that bends its products.

use std::slice;

use kernels::{Attention, Strided};
use llama_cpp_sys_2::{GGML_TYPE_F16, GGML_TYPE_F32, ggml_tensor};

use super::tensor::{follow, number};

/// An operation of attention, which llama.cpp keeps for as long as it computes.
#[derive(Clone, Copy)]
pub(super) struct Operation<'a> {
    queries: &'a ggml_tensor,
    keys: &'a ggml_tensor,
    values: &'a ggml_tensor,
    mask: &'a ggml_tensor,
    output: &'a ggml_tensor,
}

impl<'a> Operation<'a> {
    /// An attention; `None` for one that the device does not compute.
    pub(super) fn read(output: &'a ggml_tensor) -> Option<Self> {
        let [queries, keys, values, mask, sinks] =
            [0, 1, 2, 3, 4].map(|source| follow(output.src[source]));
        let (queries, keys, values, mask) = (queries?, keys?, values?, mask?);
        // Parameters: what products are multiplied with, the slope of a bias by distance, and a bound of products.
        let is_plain = sinks.is_none() && output.op_params[1] == 0 && output.op_params[2] == 0;
        let size = number(keys.ne[0]);
        let (heads, pairs) = (number(queries.ne[2]), number(keys.ne[2]));
        let cells = number(keys.ne[1]);
        let is_fitting = Attention::is_size(size)
            && queries.ne[0] == keys.ne[0]
            && values.ne == keys.ne
            && queries.ne[1] > 0
            && cells > 0
            && pairs > 0
            && heads.is_multiple_of(pairs)
            && [queries, keys, values]
                .iter()
                .all(|tensor| tensor.ne[3] == 1)
            && mask.ne[2] == 1
            && mask.ne[3] == 1
            && number(mask.ne[0]) == cells
            && mask.ne[1] >= queries.ne[1];
        let is_laid_out = queries.type_ == GGML_TYPE_F32
            && [keys, values, mask]
                .iter()
                .all(|tensor| tensor.type_ == GGML_TYPE_F16)
            && [queries, keys, values, mask, output]
                .iter()
                .all(|tensor| has_whole_rows(tensor))
            && mask.nb[1] == cells * size_of::<u16>()
            && output.type_ == GGML_TYPE_F32
            && output.nb[1] == size * size_of::<f32>()
            && output.nb[2] == heads * size * size_of::<f32>();
        (is_plain && is_fitting && is_laid_out).then_some(Self {
            queries,
            keys,
            values,
            mask,
            output,
        })
    }

    #[expect(unsafe_code, reason = "tensors are read by address")]
    pub(super) fn attention(&self) -> Attention<'a> {
        let cells = number(self.keys.ne[1]);
        let count = number(self.queries.ne[1]);
        // SAFETY: `read` has seen numbers of these types, which llama.cpp leaves alone while it waits; the mask has at least `count` rows
        // without gaps.
        let (queries, keys, values, mask) = unsafe {
            (
                strided(self.queries),
                strided(self.keys),
                strided(self.values),
                slice::from_raw_parts(self.mask.data.cast::<u16>(), cells * count),
            )
        };
        Attention {
            size: number(self.keys.ne[0]),
            heads: number(self.queries.ne[2]),
            pairs: number(self.keys.ne[2]),
            scale: f32::from_bits(self.output.op_params[0].cast_unsigned()),
            queries,
            keys,
            values,
            mask,
            cells,
        }
    }

    #[expect(unsafe_code, reason = "tensors are written by address")]
    pub(super) fn output(&self) -> &'a mut [f32] {
        let length = self
            .output
            .ne
            .iter()
            .map(|dimension| number(*dimension))
            .product();
        // SAFETY: `read` has seen so many numbers without gaps, which are this operation's alone while llama.cpp waits for it.
        unsafe { slice::from_raw_parts_mut(self.output.data.cast(), length) }
    }
}

/// Whether the numbers of a row lie one after another, and rows and heads are whole numbers apart.
fn has_whole_rows(tensor: &ggml_tensor) -> bool {
    let size = if tensor.type_ == GGML_TYPE_F32 { 4 } else { 2 };
    tensor.nb[0] == size && tensor.nb[1].is_multiple_of(size) && tensor.nb[2].is_multiple_of(size)
}

/// # Safety
/// The tensor has numbers of type `T` in rows and heads, and nobody writes them while the result is used.
#[expect(unsafe_code, reason = "tensors are read by address")]
unsafe fn strided<'a, T>(tensor: &ggml_tensor) -> Strided<'a, T> {
    let row = tensor.nb[1] / size_of::<T>();
    let head = tensor.nb[2] / size_of::<T>();
    let last = number(tensor.ne[1] - 1) * row + number(tensor.ne[2] - 1) * head;
    Strided {
        // SAFETY: as above; the last number is that of the last row of the last head.
        numbers: unsafe { slice::from_raw_parts(tensor.data.cast(), last + number(tensor.ne[0])) },
        row,
        head,
    }
}
