//! The threads of the GNU OpenMP library, which llama.cpp computes with, too: threads of its own would take the processors from those,
//! which spin for a while after each step.

use std::ffi::{c_uint, c_void};

use kernels::Team;

#[expect(unsafe_code, reason = "a library of C is declared")]
#[link(name = "gomp")]
unsafe extern "C" {
    /// Calls a function on so many threads, of which the caller is one (ABI of libgomp, `GOMP_4.0`).
    fn GOMP_parallel(
        function: extern "C" fn(*mut c_void),
        data: *mut c_void,
        threads: c_uint,
        flags: c_uint,
    );
}

/// So many threads.
pub(super) struct OpenMp(pub(super) u32);

type Work<'a> = &'a (dyn Fn() + Sync);

impl Team for OpenMp {
    fn run(&self, work: Work<'_>) {
        let data = (&raw const work).cast_mut().cast();
        #[expect(unsafe_code, reason = "the library is called by its own conventions")]
        // SAFETY: `data` points to what `call` reads, which lives until the call returns, when all threads are done.
        unsafe {
            GOMP_parallel(call, data, self.0, 0);
        }
    }
}

extern "C" fn call(data: *mut c_void) {
    #[expect(unsafe_code, reason = "the library hands work over by address")]
    // SAFETY: `data` is what `run` gave, which waits for this; the work may be done by several threads.
    let work = unsafe { *data.cast::<Work<'_>>() };
    work();
}
