//! The engine process: the same binary, started by the server with a socket as its standard input. It takes a role, serves it
//! until the other end goes, and ends. Starting and watching it is the server's part.

#[cfg(all(target_os = "linux", target_arch = "x86_64"))]
mod accelerator;
mod adapter_tensors;
mod args;
mod embed;
mod encoder;
pub(crate) mod frame;
pub(crate) mod generator;
pub(crate) mod task;

use std::io;
use std::os::fd::AsFd as _;
use std::os::unix::net::UnixStream;
use std::path::Path;

pub use args::{EmbedArgs, EngineArgs, GpuLayers, WriteArgs};
pub use task::{QuantKind, Task, TaskArgs};

/// Whether this processor has the instructions for computations of our own, which are faster than those of llama.cpp.
pub fn has_kernels() -> bool {
    #[cfg(all(target_os = "linux", target_arch = "x86_64"))]
    return kernels::is_supported();
    #[cfg(not(all(target_os = "linux", target_arch = "x86_64")))]
    return false;
}

/// Offers llama.cpp these computations; whether it could.
fn offer_accelerator() -> bool {
    #[cfg(all(target_os = "linux", target_arch = "x86_64"))]
    if has_kernels() {
        accelerator::offer();
    }
    has_kernels()
}

/// An engine process ends early.
#[derive(Debug, thiserror::Error)]
pub enum EngineError {
    /// Wrong arguments.
    #[error("wrong arguments: {0}")]
    Usage(String),
    /// Standard input is not a socket.
    #[error(
        "standard input is not an engine connection; the server starts this command itself: {0}"
    )]
    NotConnected(io::Error),
    /// The model cannot be used. What is reported of it to the server names no path, because users read it.
    #[error("{0}")]
    Model(String),
    /// The connection broke or carried nonsense.
    #[error("the connection to the server failed: {0}")]
    Connection(io::Error),
}

impl EngineError {
    /// The same for the log, which names the file.
    fn of_file(self, path: &Path) -> Self {
        match self {
            Self::Model(reason) => Self::Model(format!("{}: {reason}", path.display())),
            other @ (Self::Usage(_) | Self::NotConnected(_) | Self::Connection(_)) => other,
        }
    }
}

/// Runs an engine process until the server closes the connection.
///
/// # Errors
/// [`EngineError`]; a model that cannot be used is also reported to the server before this returns.
pub fn main(args: &EngineArgs) -> Result<(), EngineError> {
    let mut socket = take_connection().map_err(EngineError::NotConnected)?;
    match args {
        EngineArgs::Embed(args) => embed::run(args, &mut socket),
        EngineArgs::Write(args) => generator::run(args, &socket),
        EngineArgs::Task(args) => task::run(args, &mut socket),
    }
}

fn take_connection() -> io::Result<UnixStream> {
    let socket = UnixStream::from(io::stdin().as_fd().try_clone_to_owned()?);
    // Fails on a terminal, a file or a pipe.
    socket.peer_addr()?;
    Ok(socket)
}
