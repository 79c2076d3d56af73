//! Runs code that nobody trusts, behind walls that were seen to hold. Implements [`domain::sandbox::Sandbox`].
//!
//! `wasm` is the tier for ordinary programs, `native` the one for libraries of machine code; `attacks` are the hostile
//! programs each tier must keep in before it is used.

mod attacks;
mod local;
#[cfg(target_os = "linux")]
mod native;
#[cfg(not(target_os = "linux"))]
#[path = "native/elsewhere.rs"]
mod native;
mod private_folder;
mod proof;
mod self_test;
mod tier;
mod wasm;

pub use local::{LocalSandbox, SandboxConfig};
pub use native::{Launcher, launch_main};
pub use proof::Proof;
pub use self_test::{Siege, besiege};
