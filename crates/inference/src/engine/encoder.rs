//! The encoder inside an engine process: tokens, batches, pooling and length, on one llama.cpp context.
//! No socket and no supervision here.

use std::num::NonZeroU32;
use std::path::Path;

use domain::embedding::Encoded;
use llama_cpp_2::context::LlamaContext;
use llama_cpp_2::context::params::{LlamaAttentionType, LlamaContextParams, LlamaPoolingType};
use llama_cpp_2::llama_backend::LlamaBackend;
use llama_cpp_2::llama_batch::LlamaBatch;
use llama_cpp_2::model::LlamaModel;
use llama_cpp_2::model::params::LlamaModelParams;
use llama_cpp_2::token::LlamaToken;

use super::EngineError;

/// Longest text in tokens with its two marks, as published with the model (`max_seq_length`).
const TEXT_TOKENS_MAX: usize = 256;
/// Most tokens computed together. Attention costs the square of this, whoever the tokens belong to, so it is no more than the
/// longest text alone.
const BATCH_TOKENS_MAX: u32 = 256;
/// Most texts computed together.
const BATCH_TEXTS_MAX: u32 = 16;

/// Loads the weights. They are mapped, so processes with the same file share them.
pub(super) fn load_model(backend: &LlamaBackend, path: &Path) -> Result<LlamaModel, EngineError> {
    let params = LlamaModelParams::default().with_n_gpu_layers(0);
    LlamaModel::load_from_file(backend, path, &params).map_err(|error| {
        EngineError::Model(format!("{} cannot be loaded: {error}", path.display()))
    })
}

/// Turns texts into unit vectors.
pub(super) struct Encoder<'model> {
    model: &'model LlamaModel,
    context: LlamaContext<'model>,
    batch: LlamaBatch<'static>,
    text_tokens_max: usize,
}

impl<'model> Encoder<'model> {
    /// An encoder on `threads` threads.
    pub(super) fn new(
        backend: &LlamaBackend,
        model: &'model LlamaModel,
        threads: i32,
    ) -> Result<Self, EngineError> {
        let params = LlamaContextParams::default()
            .with_n_ctx(NonZeroU32::new(BATCH_TOKENS_MAX))
            .with_n_batch(BATCH_TOKENS_MAX)
            .with_n_ubatch(BATCH_TOKENS_MAX)
            .with_n_seq_max(BATCH_TEXTS_MAX)
            .with_kv_unified(true)
            .with_n_threads(threads)
            .with_n_threads_batch(threads)
            .with_embeddings(true)
            .with_pooling_type(LlamaPoolingType::Mean)
            .with_attention_type(LlamaAttentionType::NonCausal);
        let context = model.new_context(backend, params).map_err(|error| {
            EngineError::Model(format!("no context could be made for the model: {error}"))
        })?;
        let text_tokens_max = TEXT_TOKENS_MAX.min(model.n_ctx_train() as usize);
        Ok(Self {
            model,
            context,
            batch: LlamaBatch::new(BATCH_TOKENS_MAX as usize, 1),
            text_tokens_max,
        })
    }

    /// Numbers per vector.
    pub(super) fn dimensions(&self) -> u32 {
        u32::try_from(self.model.n_embd_out()).unwrap_or(0)
    }

    /// A vector of length 1 and the count of tokens per text, in order. Texts of like length are computed together.
    ///
    /// # Errors
    /// The reason, when the computation fails or gives no finite vector.
    pub(super) fn encode(&mut self, texts: &[String]) -> Result<Vec<Encoded>, String> {
        let tokens: Vec<_> = texts.iter().map(|text| self.tokenise(text)).collect();
        let mut order: Vec<usize> = (0..tokens.len()).collect();
        order.sort_by_key(|&index| tokens[index].len());
        let mut encoded = vec![Encoded::default(); tokens.len()];
        let mut rest = order.as_slice();
        while !rest.is_empty() {
            let (group, later) = rest.split_at(group_size(rest, &tokens));
            for (&index, vector) in group.iter().zip(self.encode_group(group, &tokens)?) {
                let tokens = u32::try_from(tokens[index].len()).unwrap_or(u32::MAX);
                encoded[index] = Encoded { vector, tokens };
            }
            rest = later;
        }
        Ok(encoded)
    }

    /// Tokens with the opening and closing mark, cut so that the closing mark stays. Marks in the text are plain text.
    fn tokenise(&self, text: &str) -> Vec<LlamaToken> {
        let vocabulary = self.model.vocab();
        let mut tokens = vocabulary.tokenize(text.as_bytes(), true, false);
        if tokens.len() > self.text_tokens_max {
            tokens.truncate(self.text_tokens_max - 1);
            tokens.push(vocabulary.sep());
        }
        tokens
    }

    fn encode_group(
        &mut self,
        group: &[usize],
        tokens: &[Vec<LlamaToken>],
    ) -> Result<Vec<Vec<f32>>, String> {
        self.batch.clear();
        for (sequence, &index) in (0_i32..).zip(group) {
            for (position, &token) in (0_i32..).zip(&tokens[index]) {
                self.batch
                    .add(token, position, &[sequence], true)
                    .map_err(|error| error.to_string())?;
            }
        }
        self.context
            .encode(&mut self.batch)
            .map_err(|error| error.to_string())?;
        (0_i32..)
            .zip(group)
            .map(|(sequence, _)| {
                let pooled = self
                    .context
                    .embeddings_seq_ith(sequence)
                    .map_err(|error| error.to_string())?;
                normalise(pooled).ok_or_else(|| "the model gave a vector without length".to_owned())
            })
            .collect()
    }
}

/// How many of the texts at the front of `order`, shortest first, fit in one batch; at least one.
fn group_size(order: &[usize], tokens: &[Vec<LlamaToken>]) -> usize {
    let mut total = 0;
    let fitting = order
        .iter()
        .take(BATCH_TEXTS_MAX as usize)
        .take_while(|&&index| {
            total += tokens[index].len();
            total <= BATCH_TOKENS_MAX as usize
        });
    fitting.count().max(1)
}

/// `vector` scaled to length 1, unless its length is zero or not finite.
fn normalise(vector: &[f32]) -> Option<Vec<f32>> {
    let length = vector
        .iter()
        .map(|number| f64::from(*number).powi(2))
        .sum::<f64>()
        .sqrt();
    #[expect(
        clippy::cast_possible_truncation,
        reason = "a quotient of at most 1 in magnitude"
    )]
    let scale = |number: &f32| (f64::from(*number) / length) as f32;
    (length.is_finite() && length > 0.0).then(|| vector.iter().map(scale).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn vectors_get_length_one_or_are_refused() {
        assert_eq!(normalise(&[3.0, 4.0]), Some(vec![0.6, 0.8]));
        assert_eq!(normalise(&[0.0, 0.0]), None);
        assert_eq!(normalise(&[f32::NAN, 1.0]), None);
        assert_eq!(normalise(&[f32::INFINITY, 1.0]), None);
    }

    #[test]
    fn groups_stay_within_the_batch() {
        let tokens: Vec<_> = [100, 100, 100, 256]
            .iter()
            .map(|&length| vec![LlamaToken(1); length])
            .collect();
        assert_eq!(group_size(&[0, 1, 2, 3], &tokens), 2);
        assert_eq!(group_size(&[2, 3], &tokens), 1);
        assert_eq!(group_size(&[3], &tokens), 1);
        let short = vec![vec![LlamaToken(1); 3]; 40];
        let order: Vec<usize> = (0..40).collect();
        assert_eq!(group_size(&order, &short), 16);
    }
}
