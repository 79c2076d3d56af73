//! Offers llama.cpp the computations of crate `kernels`: a device that works where weights and context lie, in memory that it shares
//! with the processor's own device, and leaves everything else to that.
//!
//! llama.cpp asks every such device (it calls them accelerators) before it takes its own code; [`product`] and [`attention`] tell what
//! this one takes. Where the processor has not the instructions, or elsewhere than on Linux, nothing is offered.

mod abi;
mod attention;
mod device;
mod product;
mod team;
mod tensor;
#[cfg(test)]
mod tests;

/// Offers the computations to every context that this process makes from now on. To be called after llama.cpp was set up, on a processor
/// that has the instructions.
pub(super) fn offer() {
    device::register();
}
