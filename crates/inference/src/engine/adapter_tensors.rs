//! Where the weights of an adapter lie in llama.cpp's memory, so that another adapter can be put in its place.
//!
//! llama.cpp reserves its graphs anew when an adapter is set, which takes some milliseconds. Adapters whose weights have the same names
//! and shapes need the same graphs; between such, changing what the tensors of the adapter that is set point to is all there is to do.
//! Nobody tells where these tensors are, but the device sees them as sources of operations (see `accelerator`).

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::ffi::{CStr, c_void};

use llama_cpp_sys_2::{ggml_backend_buffer_get_type, ggml_backend_buffer_t, ggml_tensor};

/// Ends of the names that llama.cpp gives an adapter's tensors.
const ENDS: [&str; 2] = [".lora_a", ".lora_b"];

type Tensors = BTreeMap<String, Tensor>;

/// A tensor, and where its own numbers are.
#[derive(Debug, Clone, Copy)]
struct Tensor {
    address: *mut ggml_tensor,
    data: *mut c_void,
    buffer: ggml_backend_buffer_t,
}

thread_local! {
    /// What was seen since watching began; `None` while nobody watches.
    static SEEN: RefCell<Option<Tensors>> = const { RefCell::new(None) };
}

/// The tensors of an adapter. They are valid for as long as the adapter is.
#[derive(Debug)]
pub(super) struct AdapterTensors(Tensors);

/// Begins to note the tensors of adapters that this thread's graphs use.
pub(super) fn watch() {
    SEEN.set(Some(Tensors::new()));
}

/// Ends what [`watch`] began. Must follow a computation with one adapter, to whose tensors nothing was lent.
pub(super) fn seen() -> AdapterTensors {
    AdapterTensors(SEEN.take().unwrap_or_default())
}

/// Takes note of an operation's sources.
pub(super) fn note(operation: &ggml_tensor) {
    SEEN.with_borrow_mut(|seen| {
        let Some(seen) = seen else {
            return;
        };
        for source in operation.src {
            #[expect(unsafe_code, reason = "tensors are linked by address")]
            // SAFETY: a source of an operation is a tensor of the same graph, or null; its name ends with NUL.
            let found = unsafe {
                source.as_ref().map(|tensor| {
                    let name = CStr::from_ptr(tensor.name.as_ptr());
                    (name.to_string_lossy().into_owned(), tensor)
                })
            };
            if let Some((name, tensor)) = found
                && ENDS.iter().any(|end| name.ends_with(end))
            {
                let place = Tensor {
                    address: source,
                    data: tensor.data,
                    buffer: tensor.buffer,
                };
                seen.insert(name, place);
            }
        }
    });
}

impl AdapterTensors {
    /// How many they are.
    pub(super) fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether the graphs for one adapter are those for the other.
    pub(super) fn is_like(&self, other: &Self) -> bool {
        let same = |(one, other): ((&String, &Tensor), (&String, &Tensor))| {
            one.0 == other.0 && one.1.is_like(other.1)
        };
        !self.0.is_empty() && self.0.len() == other.0.len() && self.0.iter().zip(&other.0).all(same)
    }

    /// Lets the tensors of `place`, which [are like](Self::is_like) these, point to the numbers of these. To be called while nothing is
    /// computed.
    pub(super) fn lend(&self, place: &Self) {
        for (name, lender) in &self.0 {
            let Some(borrower) = place.0.get(name) else {
                continue;
            };
            #[expect(unsafe_code, reason = "tensors are changed by address")]
            // SAFETY: both adapters live, their tensors have the same shape and lie in the same kind of memory, and nothing reads them now.
            // What belongs to an adapter is freed by its buffers, which know it by themselves.
            unsafe {
                (*borrower.address).data = lender.data;
                (*borrower.address).buffer = lender.buffer;
            }
        }
    }
}

impl Tensor {
    fn is_like(&self, other: &Self) -> bool {
        #[expect(unsafe_code, reason = "tensors are read by address")]
        // SAFETY: both adapters live, and so do their buffers.
        unsafe {
            let (one, other_tensor) = (&*self.address, &*other.address);
            one.type_ == other_tensor.type_
                && one.ne == other_tensor.ne
                && one.nb == other_tensor.nb
                && !self.buffer.is_null()
                && !other.buffer.is_null()
                && ggml_backend_buffer_get_type(self.buffer)
                    == ggml_backend_buffer_get_type(other.buffer)
        }
    }
}
