//! How much memory a model takes, reckoned before it is loaded, and what is given up when that is too much: first parallel
//! requests, then length of the context.

use std::num::NonZeroU32;

use domain::models::ModelName;
use domain::models::catalogue::ModelFiles;
use domain::models::residence::MemoryUse;
use domain::models::writing::WritingError;

use super::prepare::Prepared;
use crate::engine::generator::{parking_tokens, pool_tokens};

/// A shorter context is of no use with sources in the prompt.
const CONTEXT_TOKENS_MIN: u32 = 2048;

/// What a model is loaded with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Footprint {
    /// Tokens a request may have.
    pub(super) context_tokens: NonZeroU32,
    pub(super) parallel: NonZeroU32,
    pub(super) memory: MemoryUse,
}

/// What a model would take, reckoned from its files without loading it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct MemoryEstimate {
    /// Bytes with as much context and as many requests at a time as fit; when nothing fits, the fewest it can do with.
    pub memory: MemoryUse,
    /// Whether that is within the budget.
    pub fits: bool,
}

/// Reckons what a model takes when it is loaded into an empty budget. Reads the headers of its files, so call this where blocking
/// is allowed.
///
/// # Errors
/// [`WritingError::Failed`] when its files cannot be read.
pub fn estimate_memory(
    name: ModelName,
    files: ModelFiles,
    context_tokens: NonZeroU32,
    parallel_max: NonZeroU32,
    budget_bytes: u64,
) -> Result<MemoryEstimate, WritingError> {
    let model = Prepared::read(name, files)?;
    let chosen = choose_footprint(&model, context_tokens, parallel_max, budget_bytes);
    let fits = chosen.is_ok();
    let (Ok(footprint) | Err(footprint)) = chosen;
    Ok(MemoryEstimate {
        memory: footprint.memory,
        fits,
    })
}

/// The largest footprint within the wishes that takes at most `room_bytes`; the smallest there is as the error when none does.
pub(super) fn choose_footprint(
    model: &Prepared,
    context_tokens: NonZeroU32,
    parallel_max: NonZeroU32,
    room_bytes: u64,
) -> Result<Footprint, Footprint> {
    let trained = NonZeroU32::new(model.shape.trained_tokens).unwrap_or(NonZeroU32::MAX);
    let mut context = context_tokens.min(trained);
    let mut parallel = parallel_max;
    loop {
        let footprint = reckon(model, context, parallel);
        if footprint.memory.total() <= room_bytes {
            return Ok(footprint);
        }
        let half = |number: NonZeroU32| NonZeroU32::new(number.get() / 2);
        if let Some(fewer) = half(parallel) {
            parallel = fewer;
        } else if let Some(shorter) = half(context)
            && context.get() > CONTEXT_TOKENS_MIN
        {
            context = NonZeroU32::new(shorter.get().max(CONTEXT_TOKENS_MIN)).unwrap_or(shorter);
        } else {
            return Err(footprint);
        }
    }
}

fn reckon(model: &Prepared, context_tokens: NonZeroU32, parallel: NonZeroU32) -> Footprint {
    let cells = pool_tokens(context_tokens.get(), parallel.get());
    let kept = parking_tokens(context_tokens.get(), parallel.get());
    Footprint {
        context_tokens,
        parallel,
        memory: MemoryUse {
            weights: model.weights_bytes,
            context: model.shape.token_bytes.saturating_mul(cells + kept),
            adapters: model.adapters_bytes,
            compute: model.shape.compute_bytes(cells),
        },
    }
}
