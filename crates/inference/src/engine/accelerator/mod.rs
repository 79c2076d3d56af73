//! Offers llama.cpp the computations of crate `kernels`: a device that works where weights and context lie, in memory that it shares
//! with the processor's own device, and leaves everything else to that.
//!
//! llama.cpp asks every such device (it calls them accelerators) before it takes its own code; [`product`] and [`attention`] tell what
//! this one takes. Without a processor that has the instructions, or elsewhere than on Linux, nothing is offered.

mod abi;
mod attention;
mod device;
mod product;
mod team;
mod tensor;
#[cfg(test)]
mod tests;

/// Offers the computations to every context that this process makes from now on; whether the processor has the instructions. To be
/// called after llama.cpp was set up.
pub(super) fn offer() -> bool {
    let is_supported = kernels::is_supported();
    if is_supported {
        device::register();
    }
    is_supported
}
