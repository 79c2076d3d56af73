//! Tensors of ggml.

use llama_cpp_sys_2::ggml_tensor;

/// A source of an operation.
#[expect(unsafe_code, reason = "tensors are linked by address")]
pub(super) fn follow<'a>(source: *mut ggml_tensor) -> Option<&'a ggml_tensor> {
    // SAFETY: sources of an operation are tensors of the same graph, or null.
    unsafe { source.as_ref() }
}

pub(super) fn number(dimension: i64) -> usize {
    usize::try_from(dimension).unwrap_or(0)
}
