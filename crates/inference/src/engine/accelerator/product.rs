//! Products that the device takes: of quantised weights and several columns of activations.

use std::ffi::CStr;
use std::slice;

use super::tensor::{follow, number};
use kernels::{Format, Product, ROWS, Weights};
use llama_cpp_sys_2::{
    GGML_TYPE_F32, GGML_TYPE_Q4_0, GGML_TYPE_Q4_K, GGML_TYPE_Q5_0, GGML_TYPE_Q5_K, GGML_TYPE_Q6_K,
    GGML_TYPE_Q8_0, ggml_backend_buffer_get_type, ggml_backend_buft_is_host,
    ggml_backend_buft_name, ggml_tensor,
};

/// Fewest columns. For fewer, llama.cpp's own code is as fast as weights can be read from memory.
const COLUMNS_MIN: usize = 3;
/// The memory in which llama.cpp rewrites weights.
pub(super) const REWRITTEN: &CStr = c"CPU_REPACK";

/// A product of weights and columns, which llama.cpp keeps for as long as it computes.
#[derive(Clone, Copy)]
pub(super) struct Operation<'a> {
    format: Format,
    weights: &'a ggml_tensor,
    pub(super) input: &'a ggml_tensor,
    output: &'a ggml_tensor,
}

impl<'a> Operation<'a> {
    /// A product; `None` for one that the device does not compute.
    pub(super) fn read(output: &'a ggml_tensor) -> Option<Self> {
        // Its parameters are the wanted precision and a hint about the weights.
        if output.op_params[1] != 0 {
            return None;
        }
        let weights = follow(output.src[0])?;
        let input = follow(output.src[1])?;
        let format = format(weights)?;
        let is_fitting = number(input.ne[1]) >= COLUMNS_MIN
            && is_matrix(input)
            && is_matrix(output)
            && weights.ne[2] == 1
            && weights.ne[3] == 1
            && weights.ne[0] > 0
            && has_no_gaps(weights, format)
            && number(weights.ne[0]).is_multiple_of(format.group())
            && number(weights.ne[1]).is_multiple_of(ROWS);
        is_fitting.then_some(Self {
            format,
            weights,
            input,
            output,
        })
    }

    /// Columns of activations, one after another.
    #[expect(unsafe_code, reason = "tensors are read by address")]
    pub(super) fn columns(&self) -> &'a [f32] {
        let length = number(self.input.ne[0]) * number(self.input.ne[1]);
        // SAFETY: `read` has seen so many numbers one after another, which llama.cpp has computed and leaves alone while it waits.
        unsafe { slice::from_raw_parts(self.input.data.cast(), length) }
    }

    #[expect(unsafe_code, reason = "tensors are read and written by address")]
    pub(super) fn product(&self) -> Product<'a> {
        #[cfg(test)]
        super::tests::note(self.format);
        let (depth, rows) = (number(self.weights.ne[0]), number(self.weights.ne[1]));
        let bytes = rows * (depth / self.format.group()) * self.format.group_bytes();
        // SAFETY: weights of this shape and format take so many bytes, and nobody writes them.
        let bytes = unsafe { slice::from_raw_parts(self.weights.data.cast(), bytes) };
        let length = number(self.output.ne[0]) * number(self.output.ne[1]);
        // SAFETY: `read` has seen so many numbers one after another, which are this operation's alone while llama.cpp waits for it.
        let output = unsafe { slice::from_raw_parts_mut(self.output.data.cast(), length) };
        Product {
            weights: Weights::new(self.format, rows, depth, bytes)
                .expect("BUG: the shape was checked"),
            output,
        }
    }
}

/// How the device reads weights: llama.cpp's rewritten ones, or those of a file.
#[expect(unsafe_code, reason = "ggml is asked about its memory")]
fn format(weights: &ggml_tensor) -> Option<Format> {
    if weights.buffer.is_null() {
        return None;
    }
    // SAFETY: a tensor's buffer is one of ggml's, and its kind lives as long as the process.
    let (is_rewritten, is_plain) = unsafe {
        let kind = ggml_backend_buffer_get_type(weights.buffer);
        let name = CStr::from_ptr(ggml_backend_buft_name(kind));
        (name == REWRITTEN, ggml_backend_buft_is_host(kind))
    };
    match weights.type_ {
        GGML_TYPE_Q4_0 if is_rewritten => Some(Format::Q4_0x8),
        GGML_TYPE_Q4_K if is_rewritten => Some(Format::Q4Kx8),
        GGML_TYPE_Q5_0 if is_plain => Some(Format::Q5_0),
        GGML_TYPE_Q5_K if is_plain => Some(Format::Q5K),
        GGML_TYPE_Q6_K if is_plain => Some(Format::Q6K),
        GGML_TYPE_Q8_0 if is_plain => Some(Format::Q8_0),
        _ => None,
    }
}

/// Whether the groups of weights lie one after another.
fn has_no_gaps(weights: &ggml_tensor, format: Format) -> bool {
    let row = number(weights.ne[0]) / format.group() * format.group_bytes();
    weights.nb[0] == format.group_bytes() && weights.nb[1] == row
}

/// Whether a tensor is columns of `f32` without gaps.
fn is_matrix(tensor: &ggml_tensor) -> bool {
    tensor.type_ == GGML_TYPE_F32
        && tensor.ne[2] == 1
        && tensor.ne[3] == 1
        && tensor.nb[0] == size_of::<f32>()
        && tensor.nb[1] == size_of::<f32>() * number(tensor.ne[0])
}
