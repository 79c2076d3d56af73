//! The role `embed`: one encoder, asked one request at a time.

use std::os::unix::net::UnixStream;

use llama_cpp_2::llama_backend::LlamaBackend;

use super::EngineError;
use super::args::{EmbedArgs, thread_count};
use super::encoder::{Encoder, load_model};
use super::frame::{self, Reply};
use crate::{gguf, minilm};

/// Answers until the server closes the connection. A model that cannot be used is reported to the server.
pub(super) fn run(args: &EmbedArgs, socket: &mut UnixStream) -> Result<(), EngineError> {
    let result = serve(args, socket);
    if let Err(EngineError::Model(reason)) = &result {
        // The server may be gone already; the error is returned in any case.
        let _ = frame::write_reply(
            socket,
            &Reply::Broken {
                reason: reason.clone(),
            },
        );
    }
    result
}

fn serve(args: &EmbedArgs, socket: &mut UnixStream) -> Result<(), EngineError> {
    let model_error = |reason: &dyn std::fmt::Display| EngineError::Model(reason.to_string());
    // llama.cpp ends the process on some damaged files; this check answers with a sentence.
    let header = gguf::read_header(&args.model).map_err(|error| model_error(&error))?;
    minilm::check_architecture(&header)
        .map_err(|reason| model_error(&format_args!("{}: {reason}", args.model.display())))?;
    let mut backend = LlamaBackend::init().map_err(|error| model_error(&error))?;
    backend.void_logs();
    let model = load_model(&backend, &args.model)?;
    let mut encoder = Encoder::new(&backend, &model, thread_count(args.threads))?;
    let ready = Reply::Ready {
        dimensions: encoder.dimensions(),
    };
    frame::write_reply(socket, &ready).map_err(EngineError::Connection)?;
    while let Some(request) = frame::read_request(socket).map_err(EngineError::Connection)? {
        let id = request.id;
        let reply = match encoder.encode(&request.texts) {
            Ok(texts) => Reply::Vectors { id, texts },
            Err(reason) => Reply::Refused { id, reason },
        };
        frame::write_reply(socket, &reply).map_err(EngineError::Connection)?;
    }
    Ok(())
}
