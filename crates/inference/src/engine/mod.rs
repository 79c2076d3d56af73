//! The engine process: the same binary, started by the server with a socket as its standard input. It loads one model, answers
//! requests until the other end goes, and ends. Starting and watching it is the embedder's part.

mod encoder;
pub(crate) mod frame;
pub(crate) mod generator;

use std::ffi::OsString;
use std::io;
use std::num::NonZeroUsize;
use std::os::fd::AsFd as _;
use std::os::unix::net::UnixStream;
use std::path::PathBuf;

use llama_cpp_2::llama_backend::LlamaBackend;

use crate::{gguf, minilm};
use encoder::{Encoder, load_model};
use frame::Reply;

/// Most threads one engine may use.
const THREADS_MAX: usize = 512;

/// What an engine process is started with: `--model FILE --threads N`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EngineArgs {
    /// The GGUF file.
    pub model: PathBuf,
    /// Threads for the computation; more than 512 count as 512.
    pub threads: NonZeroUsize,
}

impl EngineArgs {
    /// Reads `--model FILE --threads N` in either order.
    ///
    /// # Errors
    /// [`EngineError::Usage`] when an argument is missing, unknown or no number.
    pub fn parse(args: impl IntoIterator<Item = OsString>) -> Result<Self, EngineError> {
        let mut args = args.into_iter();
        let (mut model, mut threads) = (None, None);
        while let Some(name) = args.next() {
            let value = args
                .next()
                .ok_or_else(|| EngineError::Usage(format!("{} needs a value", name.display())))?;
            match name.to_str() {
                Some("--model") => model = Some(PathBuf::from(value)),
                Some("--threads") => threads = value.to_str().and_then(|text| text.parse().ok()),
                _ => return Err(EngineError::Usage(format!("{} is unknown", name.display()))),
            }
        }
        match (model, threads) {
            (Some(model), Some(threads)) => Ok(Self { model, threads }),
            _ => Err(EngineError::Usage(
                "--model FILE and --threads N (at least 1) are needed".to_owned(),
            )),
        }
    }

    /// The arguments that [`EngineArgs::parse`] reads.
    pub fn to_args(&self) -> [OsString; 4] {
        [
            "--model".into(),
            self.model.clone().into(),
            "--threads".into(),
            self.threads.to_string().into(),
        ]
    }
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
    /// The model cannot be used.
    #[error("{0}")]
    Model(String),
    /// The connection broke or carried nonsense.
    #[error("the connection to the server failed: {0}")]
    Connection(io::Error),
}

/// Runs an engine process until the server closes the connection.
///
/// # Errors
/// [`EngineError`]; a model that cannot be used is also reported to the server before this returns.
pub fn main(args: &EngineArgs) -> Result<(), EngineError> {
    let mut socket = take_connection().map_err(EngineError::NotConnected)?;
    let result = serve(args, &mut socket);
    if let Err(EngineError::Model(reason)) = &result {
        // The server may be gone already; the error is returned in any case.
        let _ = frame::write_reply(
            &mut socket,
            &Reply::Broken {
                reason: reason.clone(),
            },
        );
    }
    result
}

fn take_connection() -> io::Result<UnixStream> {
    let socket = UnixStream::from(io::stdin().as_fd().try_clone_to_owned()?);
    // Fails on a terminal, a file or a pipe.
    socket.peer_addr()?;
    Ok(socket)
}

fn serve(args: &EngineArgs, socket: &mut UnixStream) -> Result<(), EngineError> {
    let model_error = |reason: &dyn std::fmt::Display| EngineError::Model(reason.to_string());
    // llama.cpp ends the process on some damaged files; this check answers with a sentence.
    let header = gguf::read_header(&args.model).map_err(|error| model_error(&error))?;
    minilm::check_architecture(&header)
        .map_err(|reason| model_error(&format_args!("{}: {reason}", args.model.display())))?;
    let mut backend = LlamaBackend::init().map_err(|error| model_error(&error))?;
    backend.void_logs();
    let model = load_model(&backend, &args.model)?;
    let threads = i32::try_from(args.threads.get().min(THREADS_MAX)).expect("BUG: 512 fits");
    let mut encoder = Encoder::new(&backend, &model, threads)?;
    let ready = Reply::Ready {
        dimensions: encoder.dimensions(),
    };
    frame::write_reply(socket, &ready).map_err(EngineError::Connection)?;
    while let Some(request) = frame::read_request(socket).map_err(EngineError::Connection)? {
        let id = request.id;
        let reply = match encoder.encode(&request.texts) {
            Ok(vectors) => Reply::Vectors { id, vectors },
            Err(reason) => Reply::Refused { id, reason },
        };
        frame::write_reply(socket, &reply).map_err(EngineError::Connection)?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(args: &[&str]) -> Result<EngineArgs, EngineError> {
        EngineArgs::parse(args.iter().map(OsString::from))
    }

    #[test]
    fn arguments_come_back() {
        let args = EngineArgs {
            model: "a b.gguf".into(),
            threads: NonZeroUsize::new(3).unwrap(),
        };
        assert_eq!(EngineArgs::parse(args.to_args()).unwrap(), args);
    }

    #[test]
    fn wrong_arguments_are_refused() {
        for wrong in [
            &[][..],
            &["--model", "m"],
            &["--threads", "2"],
            &["--model", "m", "--threads", "0"],
            &["--model", "m", "--threads"],
            &["--port", "1"],
        ] {
            assert!(
                matches!(parse(wrong), Err(EngineError::Usage(_))),
                "{wrong:?}"
            );
        }
    }
}
