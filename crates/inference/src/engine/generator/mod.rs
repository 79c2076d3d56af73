//! The role `write`: one language model, many requests at a time.

mod adapters;
mod batch;
mod compute;
mod costs;
pub(crate) mod frame;
mod grammar;
mod load;
mod lookup;
mod orders;
mod pool;
mod sampler;
mod schedule;
mod slots;
mod text;
mod tokens;
mod turns;
mod warm;
mod writing;

use std::net::Shutdown;
use std::os::unix::net::UnixStream;
use std::sync::mpsc;
use std::thread;

use llama_cpp_2::llama_backend::LlamaBackend;

use super::args::WriteArgs;
use super::{EngineError, offer_accelerator};
use compute::Computer;
use costs::RowCosts;
use frame::Report;
pub(crate) use load::Shape;
use load::load;
use orders::{OrderReader, Reports};
pub(crate) use pool::{parking_tokens, pool_tokens};
use schedule::{Resources, Scheduler};
use tokens::Tokeniser;

/// Orders that are made ready before the computing thread takes them.
const ORDERS_AHEAD_MAX: usize = 64;

/// Answers until the server closes the connection. A model that cannot be used is reported to the server.
pub(super) fn run(args: &WriteArgs, socket: &UnixStream) -> Result<(), EngineError> {
    let reports = Reports::new(socket.try_clone().map_err(EngineError::Connection)?);
    let result = serve(args, socket, &reports);
    if let Err(EngineError::Model(reason)) = &result {
        // The server may be gone already; the error is returned in any case.
        let _ = reports.send(&Report::Broken {
            reason: reason.clone(),
        });
    }
    result.map_err(|error| error.of_file(&args.model))
}

fn serve(args: &WriteArgs, socket: &UnixStream, reports: &Reports) -> Result<(), EngineError> {
    #[cfg(feature = "dynamic-backends")]
    llama_cpp_2::llama_backend::load_backends();
    let mut backend =
        LlamaBackend::init().map_err(|error| EngineError::Model(error.to_string()))?;
    backend.void_logs();
    let mut loaded = load(&backend, args)?;
    // With layers on a graphics card llama.cpp gives up its fast attention when another device takes that of the other layers.
    let is_accelerated = !loaded.uses_gpu() && offer_accelerator();
    let adapters = std::mem::take(&mut loaded.adapters);
    let reserve = loaded.reserve.take();
    let context = loaded.new_context(&backend, args)?;
    drop(reserve);
    let tokeniser = Tokeniser::new(loaded.model.vocab());
    reports.send(&Report::Ready(loaded.report(&context)))?;
    let reader = OrderReader {
        model: &loaded.model,
        tokeniser: &tokeniser,
        reports,
        context_tokens: loaded.context_tokens,
        adapter_count: adapters.len(),
    };
    let can_rewind = !loaded.model.is_recurrent() && !loaded.model.is_hybrid();
    let mut scheduler = Scheduler::new(Resources {
        computer: Computer::new(context, adapters, can_rewind, loaded.window),
        tokeniser: &tokeniser,
        reports,
        parallel: loaded.parallel as usize,
        sequences: loaded.sequences() as usize,
        parking_tokens: usize::try_from(loaded.parking_tokens()).unwrap_or(usize::MAX),
        context_tokens: loaded.context_tokens as usize,
        costs: if is_accelerated {
            RowCosts::ACCELERATED
        } else {
            RowCosts::LLAMA_CPP
        },
    });
    let (sender, commands) = mpsc::sync_channel(ORDERS_AHEAD_MAX);
    thread::scope(|scope| {
        let reading = scope.spawn(move || reader.run(socket, &sender));
        let computed = scheduler.run(&commands);
        drop(commands);
        if computed.is_err() {
            // Wakes the reader, whose orders nobody takes any more; fails only when the connection is gone.
            let _ = socket.shutdown(Shutdown::Read);
        }
        let read = reading.join().expect("BUG: reading orders does not panic");
        computed.and(read)
    })
}
