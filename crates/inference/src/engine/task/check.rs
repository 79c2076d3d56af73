//! Tries a model out: loads it with its adapter, makes a small context, and computes one step. Where llama.cpp cannot use a file it
//! may end this process; the server then knows that as well.

use std::num::NonZeroU32;
use std::os::unix::net::UnixStream;
use std::path::Path;

use llama_cpp_2::context::params::LlamaContextParams;
use llama_cpp_2::llama_batch::LlamaBatch;

use super::frame::TaskReport;
use super::{TaskArgs, load, start_backend};
use crate::engine::args::thread_count;

/// Tokens of the context; one step needs a few.
const CONTEXT_TOKENS: u32 = 64;
/// What is read in the one step.
const TEXT: &str = "def f(x):";

pub(super) fn run(
    args: &TaskArgs,
    adapter: Option<&Path>,
    socket: &UnixStream,
) -> Result<TaskReport, String> {
    let backend = start_backend()?;
    let mut model = load(&backend, &args.model, socket)?;
    let mut adapter = match adapter {
        Some(path) => Some(
            model
                .lora_adapter_init(path)
                .map_err(|_| "llama.cpp cannot use it with this model".to_owned())?,
        ),
        None => None,
    };
    let threads = thread_count(args.threads);
    let params = LlamaContextParams::default()
        .with_n_ctx(NonZeroU32::new(CONTEXT_TOKENS))
        .with_n_batch(CONTEXT_TOKENS)
        .with_n_ubatch(CONTEXT_TOKENS)
        .with_n_threads(threads)
        .with_n_threads_batch(threads);
    let mut context = model
        .new_context(&backend, params)
        .map_err(|error| format!("llama.cpp makes no context for it: {error}"))?;
    if let Some(adapter) = &mut adapter {
        context
            .lora_adapter_set(adapter, 1.0)
            .map_err(|error| format!("llama.cpp cannot apply it: {error}"))?;
    }
    let mut tokens = model.vocab().tokenize(TEXT.as_bytes(), true, false);
    tokens.truncate(CONTEXT_TOKENS as usize);
    if tokens.is_empty() {
        return Err("its vocabulary makes no token of a text".to_owned());
    }
    let mut batch = LlamaBatch::new(tokens.len(), 1);
    batch
        .add_sequence(&tokens, 0, false)
        .map_err(|error| error.to_string())?;
    context
        .decode(&mut batch)
        .map_err(|error| format!("llama.cpp cannot compute with it: {error}"))?;
    let last = i32::try_from(tokens.len() - 1).map_err(|error| error.to_string())?;
    if context
        .get_logits_ith(last)
        .iter()
        .all(|logit| logit.is_finite())
    {
        Ok(TaskReport::Done)
    } else {
        Err("its weights give numbers that are not finite".to_owned())
    }
}
