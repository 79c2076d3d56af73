//! The device as ggml sees it.

use std::cell::RefCell;
use std::ffi::{CStr, c_char, c_int, c_void};
use std::ptr;
use std::sync::Once;

use kernels::{Product, Workspace};
use llama_cpp_sys_2::{
    GGML_BACKEND_DEVICE_TYPE_ACCEL, GGML_OP_FLASH_ATTN_EXT, GGML_OP_MUL_MAT, GGML_OP_NONE,
    GGML_OP_PERMUTE, GGML_OP_RESHAPE, GGML_OP_TRANSPOSE, GGML_OP_VIEW, GGML_STATUS_FAILED,
    GGML_STATUS_SUCCESS, GGML_TENSOR_FLAG_COMPUTE, ggml_backend_buffer_type_t,
    ggml_backend_buft_is_host, ggml_backend_buft_name, ggml_backend_cpu_buffer_type,
    ggml_backend_dev_caps, ggml_backend_dev_props, ggml_backend_dev_t, ggml_backend_dev_type,
    ggml_backend_reg_t, ggml_backend_register, ggml_backend_t, ggml_cgraph, ggml_graph_n_nodes,
    ggml_graph_node, ggml_guid, ggml_status, ggml_tensor,
};

use super::abi::{Backend, Device, Registration, VERSION};
use super::team::OpenMp;
use super::{attention, product};
use crate::engine::adapter_tensors;

const NAME: &CStr = c"KERNELS";
const DESCRIPTION: &CStr = c"products of quantised weights and attention with AVX-512 VNNI";

/// Mark of operations that are to be computed.
const COMPUTED: i32 = GGML_TENSOR_FLAG_COMPUTE.cast_signed();

/// Tables that ggml reads from any thread.
struct Table<T>(T);

#[expect(unsafe_code, reason = "the tables hold addresses")]
// SAFETY: nothing writes to the tables, and the addresses in them are of other such tables and of functions.
unsafe impl<T> Sync for Table<T> {}

static REGISTRATION: Table<Registration> = Table(Registration {
    version: VERSION,
    get_name: registration_name,
    get_device_count: device_count,
    get_device,
    get_proc_address,
    context: ptr::null_mut(),
});

static DEVICE: Table<Device> = Table(Device {
    get_name: device_name,
    get_description: device_description,
    get_memory: no_memory,
    get_type: device_type,
    get_props: device_props,
    init_backend,
    get_buffer_type: buffer_type,
    get_host_buffer_type: None,
    buffer_from_host_ptr: None,
    supports_op,
    supports_buft,
    offload_op: None,
    event_new: None,
    event_free: None,
    event_synchronize: None,
    registration: &raw const REGISTRATION.0,
    context: ptr::null_mut(),
});

static GUID: ggml_guid = *b"codegenie/kernel";

/// What a context computes with.
struct Computing {
    threads: u32,
    workspace: Workspace,
}

/// Makes the device known to ggml, once.
pub(super) fn register() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        let registration = (&raw const REGISTRATION.0).cast_mut().cast();
        #[expect(unsafe_code, reason = "ggml is told by address")]
        // SAFETY: the table lives as long as the process, and ggml only reads it.
        unsafe {
            ggml_backend_register(registration);
        }
    });
}

extern "C" fn registration_name(_: ggml_backend_reg_t) -> *const c_char {
    NAME.as_ptr()
}

extern "C" fn device_count(_: ggml_backend_reg_t) -> usize {
    1
}

extern "C" fn get_device(_: ggml_backend_reg_t, _: usize) -> ggml_backend_dev_t {
    (&raw const DEVICE.0).cast_mut().cast()
}

#[expect(unsafe_code, reason = "ggml asks for a function by its name")]
/// # Safety
/// `name` is a string of C.
unsafe extern "C" fn get_proc_address(_: ggml_backend_reg_t, name: *const c_char) -> *mut c_void {
    // SAFETY: as above.
    if unsafe { CStr::from_ptr(name) } == c"ggml_backend_set_n_threads" {
        return set_threads as unsafe extern "C" fn(ggml_backend_t, c_int) as *mut c_void;
    }
    ptr::null_mut()
}

extern "C" fn device_name(_: ggml_backend_dev_t) -> *const c_char {
    NAME.as_ptr()
}

extern "C" fn device_description(_: ggml_backend_dev_t) -> *const c_char {
    DESCRIPTION.as_ptr()
}

#[expect(unsafe_code, reason = "ggml passes addresses for what it asks")]
/// # Safety
/// Both addresses are of numbers that may be written.
unsafe extern "C" fn no_memory(_: ggml_backend_dev_t, free: *mut usize, total: *mut usize) {
    // SAFETY: as above.
    unsafe {
        *free = 0;
        *total = 0;
    }
}

extern "C" fn device_type(_: ggml_backend_dev_t) -> ggml_backend_dev_type {
    GGML_BACKEND_DEVICE_TYPE_ACCEL
}

#[expect(unsafe_code, reason = "ggml passes an address for what it asks")]
/// # Safety
/// The address is of properties that may be written.
unsafe extern "C" fn device_props(_: ggml_backend_dev_t, props: *mut ggml_backend_dev_props) {
    let known = ggml_backend_dev_props {
        name: NAME.as_ptr(),
        description: DESCRIPTION.as_ptr(),
        memory_free: 0,
        memory_total: 0,
        type_: GGML_BACKEND_DEVICE_TYPE_ACCEL,
        device_id: ptr::null(),
        caps: ggml_backend_dev_caps {
            async_: false,
            host_buffer: false,
            buffer_from_host_ptr: false,
            events: false,
            mmap_support: true,
        },
    };
    // SAFETY: as above.
    unsafe {
        props.write(known);
    }
}

/// Memory of the processor, so that nothing is copied between its device and this one.
extern "C" fn buffer_type(_: ggml_backend_dev_t) -> ggml_backend_buffer_type_t {
    #[expect(unsafe_code, reason = "ggml is asked about its memory")]
    // SAFETY: it returns the address of a table.
    unsafe {
        ggml_backend_cpu_buffer_type()
    }
}

#[expect(unsafe_code, reason = "ggml asks about an operation by its address")]
/// # Safety
/// The address is of an operation of a graph.
unsafe extern "C" fn supports_op(_: ggml_backend_dev_t, operation: *const ggml_tensor) -> bool {
    // SAFETY: as above.
    let operation = unsafe { &*operation };
    adapter_tensors::note(operation);
    Step::read(operation).is_some()
}

#[expect(unsafe_code, reason = "ggml asks about memory by its kind's address")]
/// # Safety
/// The address is of a kind of memory.
unsafe extern "C" fn supports_buft(
    _: ggml_backend_dev_t,
    kind: ggml_backend_buffer_type_t,
) -> bool {
    // SAFETY: as above.
    unsafe {
        ggml_backend_buft_is_host(kind)
            || CStr::from_ptr(ggml_backend_buft_name(kind)) == product::REWRITTEN
    }
}

extern "C" fn init_backend(device: ggml_backend_dev_t, _: *const c_char) -> ggml_backend_t {
    let computing = Box::new(RefCell::new(Computing {
        threads: 1,
        workspace: Workspace::default(),
    }));
    let backend = Box::new(Backend {
        guid: (&raw const GUID).cast_mut(),
        get_name: backend_name,
        free: free_backend,
        set_tensor_async: None,
        get_tensor_async: None,
        set_tensor_2d_async: None,
        get_tensor_2d_async: None,
        cpy_tensor_async: None,
        synchronize: None,
        graph_plan_create: None,
        graph_plan_free: None,
        graph_plan_update: None,
        graph_plan_compute: None,
        graph_compute,
        event_record: None,
        event_wait: None,
        graph_optimize: None,
        device,
        context: Box::into_raw(computing).cast(),
    });
    Box::into_raw(backend).cast()
}

extern "C" fn backend_name(_: ggml_backend_t) -> *const c_char {
    NAME.as_ptr()
}

#[expect(unsafe_code, reason = "ggml gives back what it was given")]
/// # Safety
/// The address is one that `init_backend` returned, and is not used any more.
unsafe extern "C" fn free_backend(backend: ggml_backend_t) {
    // SAFETY: as above; both were made by boxes.
    unsafe {
        let backend = Box::from_raw(backend.cast::<Backend>());
        drop(Box::from_raw(backend.context.cast::<RefCell<Computing>>()));
    }
}

#[expect(unsafe_code, reason = "ggml passes what it was given")]
/// # Safety
/// The address is one that `init_backend` returned.
unsafe fn computing<'a>(backend: ggml_backend_t) -> &'a RefCell<Computing> {
    // SAFETY: as above; one context is used by one thread at a time.
    unsafe { &*(*backend.cast::<Backend>()).context.cast() }
}

#[expect(unsafe_code, reason = "ggml passes what it was given")]
/// # Safety
/// The address is one that `init_backend` returned.
unsafe extern "C" fn set_threads(backend: ggml_backend_t, threads: c_int) {
    // SAFETY: as above.
    let computing = unsafe { computing(backend) };
    computing.borrow_mut().threads = u32::try_from(threads).unwrap_or(1).max(1);
}

#[expect(
    unsafe_code,
    reason = "ggml passes what it was given, and a graph by its address"
)]
/// # Safety
/// The first address is one that `init_backend` returned, the other of a graph of operations that the device takes.
unsafe extern "C" fn graph_compute(
    backend: ggml_backend_t,
    graph: *mut ggml_cgraph,
) -> ggml_status {
    // SAFETY: as above; the operations live as long as the graph.
    let (computing, operations) = unsafe {
        let nodes = (0..ggml_graph_n_nodes(graph)).map(|place| &*ggml_graph_node(graph, place));
        (computing(backend), nodes)
    };
    // Graphs also hold operations whose result nobody wants this time.
    let wanted = operations.filter(|node| node.flags & COMPUTED != 0);
    let Some(steps) = wanted.map(Step::read).collect::<Option<Vec<_>>>() else {
        return GGML_STATUS_FAILED;
    };
    let Computing { threads, workspace } = &mut *computing.borrow_mut();
    let team = OpenMp(*threads);
    // What reads the same activations is computed together.
    for same in steps.chunk_by(Step::shares_input) {
        match same[0] {
            Step::Idle => {}
            Step::Attention(operation) => operation.attention().compute(&team, operation.output()),
            Step::Product(operation) => {
                let products = same.iter().filter_map(Step::product);
                workspace.multiply(
                    &team,
                    operation.columns(),
                    &mut products.collect::<Vec<_>>(),
                );
            }
        }
    }
    GGML_STATUS_SUCCESS
}

/// An operation of a graph.
#[derive(Clone, Copy)]
enum Step<'a> {
    /// It computes nothing.
    Idle,
    Product(product::Operation<'a>),
    Attention(attention::Operation<'a>),
}

impl<'a> Step<'a> {
    /// `None` for what the device does not compute.
    fn read(operation: &'a ggml_tensor) -> Option<Self> {
        match operation.op {
            GGML_OP_NONE | GGML_OP_RESHAPE | GGML_OP_VIEW | GGML_OP_PERMUTE | GGML_OP_TRANSPOSE => {
                Some(Self::Idle)
            }
            GGML_OP_MUL_MAT => product::Operation::read(operation).map(Self::Product),
            GGML_OP_FLASH_ATTN_EXT => attention::Operation::read(operation).map(Self::Attention),
            _ => None,
        }
    }

    fn product(&self) -> Option<Product<'a>> {
        match self {
            Self::Product(operation) => Some(operation.product()),
            Self::Idle | Self::Attention(_) => None,
        }
    }

    /// Whether both are products with the same activations.
    fn shares_input(&self, next: &Self) -> bool {
        matches!((self, next), (Self::Product(one), Self::Product(next)) if ptr::eq(one.input, next.input))
    }
}
