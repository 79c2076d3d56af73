//! The tables of functions by which ggml calls a device, as its `ggml-backend-impl.h` lays them out. The bindings leave them out; they
//! belong to the version of llama.cpp that Cargo.toml fixes.

use std::ffi::{c_char, c_int, c_void};

use llama_cpp_sys_2::{
    ggml_backend_buffer_type_t, ggml_backend_dev_props, ggml_backend_dev_t, ggml_backend_dev_type,
    ggml_backend_reg_t, ggml_backend_t, ggml_cgraph, ggml_guid_t, ggml_status, ggml_tensor,
};

/// Version of the tables (`GGML_BACKEND_API_VERSION`).
pub(super) const VERSION: c_int = 3;

/// A function of no use here, which is never set.
type Unset = Option<unsafe extern "C" fn()>;

/// `ggml_backend_reg`.
#[repr(C)]
pub(super) struct Registration {
    pub(super) version: c_int,
    pub(super) get_name: extern "C" fn(ggml_backend_reg_t) -> *const c_char,
    pub(super) get_device_count: extern "C" fn(ggml_backend_reg_t) -> usize,
    pub(super) get_device: extern "C" fn(ggml_backend_reg_t, usize) -> ggml_backend_dev_t,
    pub(super) get_proc_address:
        unsafe extern "C" fn(ggml_backend_reg_t, *const c_char) -> *mut c_void,
    pub(super) context: *mut c_void,
}

/// `ggml_backend_device`.
#[repr(C)]
pub(super) struct Device {
    pub(super) get_name: extern "C" fn(ggml_backend_dev_t) -> *const c_char,
    pub(super) get_description: extern "C" fn(ggml_backend_dev_t) -> *const c_char,
    pub(super) get_memory: unsafe extern "C" fn(ggml_backend_dev_t, *mut usize, *mut usize),
    pub(super) get_type: extern "C" fn(ggml_backend_dev_t) -> ggml_backend_dev_type,
    pub(super) get_props: unsafe extern "C" fn(ggml_backend_dev_t, *mut ggml_backend_dev_props),
    pub(super) init_backend: extern "C" fn(ggml_backend_dev_t, *const c_char) -> ggml_backend_t,
    pub(super) get_buffer_type: extern "C" fn(ggml_backend_dev_t) -> ggml_backend_buffer_type_t,
    pub(super) get_host_buffer_type: Unset,
    pub(super) buffer_from_host_ptr: Unset,
    pub(super) supports_op: unsafe extern "C" fn(ggml_backend_dev_t, *const ggml_tensor) -> bool,
    pub(super) supports_buft:
        unsafe extern "C" fn(ggml_backend_dev_t, ggml_backend_buffer_type_t) -> bool,
    pub(super) offload_op: Unset,
    pub(super) event_new: Unset,
    pub(super) event_free: Unset,
    pub(super) event_synchronize: Unset,
    pub(super) registration: *const Registration,
    pub(super) context: *mut c_void,
}

/// `ggml_backend`.
#[repr(C)]
pub(super) struct Backend {
    pub(super) guid: ggml_guid_t,
    pub(super) get_name: extern "C" fn(ggml_backend_t) -> *const c_char,
    pub(super) free: unsafe extern "C" fn(ggml_backend_t),
    pub(super) set_tensor_async: Unset,
    pub(super) get_tensor_async: Unset,
    pub(super) set_tensor_2d_async: Unset,
    pub(super) get_tensor_2d_async: Unset,
    pub(super) cpy_tensor_async: Unset,
    pub(super) synchronize: Unset,
    pub(super) graph_plan_create: Unset,
    pub(super) graph_plan_free: Unset,
    pub(super) graph_plan_update: Unset,
    pub(super) graph_plan_compute: Unset,
    pub(super) graph_compute: unsafe extern "C" fn(ggml_backend_t, *mut ggml_cgraph) -> ggml_status,
    pub(super) event_record: Unset,
    pub(super) event_wait: Unset,
    pub(super) graph_optimize: Unset,
    pub(super) device: ggml_backend_dev_t,
    pub(super) context: *mut c_void,
}
