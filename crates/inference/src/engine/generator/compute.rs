//! The context of a model: its sequences, its adapter, and the computing of a batch. Who wants what computed is decided elsewhere.

use llama_cpp_2::DecodeError;
use llama_cpp_2::context::LlamaContext;
use llama_cpp_2::context::session::{LlamaStateSeqFlags, SeqState};
use llama_cpp_2::llama_batch::LlamaBatch;
use llama_cpp_2::token::LlamaToken;

use super::adapters::{Adapter, Adapters};

/// A context and a batch for it.
pub(super) struct Computer<'model> {
    context: LlamaContext<'model>,
    adapters: Adapters,
    batch: LlamaBatch<'static>,
    batch_tokens_max: usize,
    /// Whether tokens can be taken back. A recurrent model's state cannot.
    can_rewind: bool,
    /// How many tokens back layers with a sliding window look, where the file tells.
    window: Option<usize>,
    /// Batches that are still to fail: nothing here makes a real one fail.
    #[cfg(test)]
    pub(super) failures_left: u32,
}

/// Why a batch was not computed.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum ComputeError {
    /// The context has no room for it. Nothing has changed.
    Full,
    /// The computation failed; the sequences of the batch are lost.
    Failed(String),
}

impl<'model> Computer<'model> {
    pub(super) fn new(
        context: LlamaContext<'model>,
        adapters: Vec<Adapter>,
        can_rewind: bool,
        window: Option<usize>,
    ) -> Self {
        // A small context has a smaller batch than was asked for.
        let batch_tokens_max = context.n_batch() as usize;
        Self {
            context,
            adapters: Adapters::new(adapters),
            batch: LlamaBatch::new(batch_tokens_max, 1),
            batch_tokens_max,
            can_rewind,
            window,
            #[cfg(test)]
            failures_left: 0,
        }
    }

    /// Most tokens of a batch.
    pub(super) fn batch_tokens_max(&self) -> usize {
        self.batch_tokens_max
    }

    /// Whether tokens at the end of a sequence can be taken back, and its beginning be used again.
    pub(super) fn can_rewind(&self) -> bool {
        self.can_rewind
    }

    /// Whether a sequence holds all that tokens after its first `length` look at. Where layers have a sliding window, llama.cpp gives
    /// the places of what the sequence itself no longer looks at to others, but who goes on from an earlier place looks there.
    pub(super) fn holds(&self, sequence: usize, length: usize) -> bool {
        let needed = self
            .window
            .map_or(0, |window| length.saturating_sub(window));
        let first = self.context.kv_cache_seq_pos_min(sequence_id(sequence));
        // It is −1 when nothing is held.
        usize::try_from(first).is_ok_and(|first| first <= needed)
    }

    /// Forgets what a sequence holds from `place` on. When that cannot be done it forgets all; returns what is left.
    pub(super) fn cut(&mut self, sequence: usize, place: usize) -> usize {
        let id = sequence_id(sequence);
        let from = u32::try_from(place).unwrap_or(u32::MAX);
        if place > 0 && self.context.kv_cache_seq_rm(id, Some(from), None).is_ok() {
            return place;
        }
        // A whole sequence can always be forgotten.
        let _ = self.context.kv_cache_seq_rm(id, None, None);
        0
    }

    /// Lets a sequence that holds nothing begin with the first `length` tokens of another; they are stored once.
    pub(super) fn copy(&mut self, from: usize, to: usize, length: usize) {
        let end = u32::try_from(length).unwrap_or(u32::MAX);
        // Fails only for places beyond 2³¹, which no context has.
        let _ =
            self.context
                .kv_cache_seq_cp(sequence_id(from), sequence_id(to), Some(0), Some(end));
    }

    /// A copy of what a sequence holds; `None` when llama.cpp cannot make one.
    pub(super) fn save(&self, sequence: usize) -> Option<SeqState> {
        let flags = LlamaStateSeqFlags::empty();
        self.context
            .state_seq_get(sequence_id(sequence), flags)
            .ok()
    }

    /// Lets a sequence that holds nothing hold what was saved. When the context has no room for it, it goes on holding nothing.
    pub(super) fn restore(&mut self, saved: &SeqState, sequence: usize) -> bool {
        let restored = self.context.state_seq_set(saved, sequence_id(sequence));
        if restored.is_err() {
            self.cut(sequence, 0);
        }
        restored.is_ok()
    }

    /// Makes the next batches use an adapter, or none.
    pub(super) fn set_adapter(&mut self, adapter: Option<usize>) -> Result<(), String> {
        self.adapters.set(&mut self.context, adapter)
    }

    /// Begins a new batch.
    pub(super) fn clear(&mut self) {
        self.batch.clear();
    }

    /// Adds `tokens` of a sequence from `place` on, the last `outputs` of them with logits. Returns the row of the first of these.
    pub(super) fn add(
        &mut self,
        sequence: usize,
        place: usize,
        tokens: &[LlamaToken],
        outputs: usize,
    ) -> Result<i32, String> {
        let silent = tokens.len().saturating_sub(outputs);
        for (offset, &token) in tokens.iter().enumerate() {
            let position = i32::try_from(place + offset).map_err(|error| error.to_string())?;
            self.batch
                .add(token, position, &[sequence_id(sequence)], offset >= silent)
                .map_err(|error| error.to_string())?;
        }
        let outputs = i32::try_from(outputs).map_err(|error| error.to_string())?;
        Ok(self.batch.n_tokens() - outputs)
    }

    /// Computes the batch.
    pub(super) fn compute(&mut self) -> Result<(), ComputeError> {
        #[cfg(test)]
        if let Some(left) = self.failures_left.checked_sub(1) {
            self.failures_left = left;
            return Err(ComputeError::Failed("it was made to fail".to_owned()));
        }
        match self.context.decode(&mut self.batch) {
            Ok(()) => {
                self.adapters.note_computed();
                Ok(())
            }
            Err(DecodeError::NoKvCacheSlot) => Err(ComputeError::Full),
            Err(error @ (DecodeError::NTokensZero | DecodeError::Unknown(_))) => {
                Err(ComputeError::Failed(error.to_string()))
            }
        }
    }

    /// The logits of a row that was added with logits.
    pub(super) fn logits(&self, row: i32) -> &[f32] {
        self.context.get_logits_ith(row)
    }
}

fn sequence_id(sequence: usize) -> i32 {
    i32::try_from(sequence).expect("BUG: sequences are few")
}
