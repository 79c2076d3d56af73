//! A model in llama.cpp, asked for its most probable text.

use std::num::NonZeroU32;
use std::path::Path;
use std::sync::OnceLock;

use llama_cpp_2::context::params::LlamaContextParams;
use llama_cpp_2::llama_backend::LlamaBackend;
use llama_cpp_2::llama_batch::LlamaBatch;
use llama_cpp_2::model::params::LlamaModelParams;
use llama_cpp_2::model::{LlamaLoraAdapter, LlamaModel};
use llama_cpp_2::token::LlamaToken;

/// Tokens that a prompt and its answer may have together.
const CONTEXT: u32 = 4096;

pub(crate) struct Session {
    pub(crate) model: LlamaModel,
    adapter: Option<LlamaLoraAdapter>,
}

/// What a model wrote.
#[derive(Debug, PartialEq)]
pub(crate) struct Text {
    pub(crate) tokens: Vec<i32>,
    pub(crate) written: String,
    /// Whether it ended by itself.
    pub(crate) is_ended: bool,
}

fn backend() -> &'static LlamaBackend {
    static BACKEND: OnceLock<LlamaBackend> = OnceLock::new();
    BACKEND.get_or_init(|| {
        let mut backend = LlamaBackend::init().unwrap();
        backend.void_logs();
        backend
    })
}

impl Session {
    pub(crate) fn open(path: &Path) -> Self {
        let params = LlamaModelParams::default().with_n_gpu_layers(0);
        Self {
            model: LlamaModel::load_from_file(backend(), path, &params).unwrap(),
            adapter: None,
        }
    }

    pub(crate) fn with_adapter(mut self, path: &Path) -> Self {
        self.adapter = Some(self.model.lora_adapter_init(path).unwrap());
        self
    }

    pub(crate) fn tokenise(&self, text: &str) -> Vec<LlamaToken> {
        self.model.vocab().tokenize(text.as_bytes(), true, true)
    }

    /// The most probable continuation, at most `count` tokens.
    pub(crate) fn write(&mut self, prompt: &str, count: usize) -> Text {
        let params = LlamaContextParams::default()
            .with_n_ctx(NonZeroU32::new(CONTEXT))
            .with_n_batch(CONTEXT)
            .with_n_threads(1)
            .with_n_threads_batch(1);
        let prompt = self.tokenise(prompt);
        let mut context = self.model.new_context(backend(), params).unwrap();
        if let Some(adapter) = &mut self.adapter {
            context.lora_adapter_set(adapter, 1.0).unwrap();
        }
        let mut batch = LlamaBatch::new(CONTEXT as usize, 1);
        batch.add_sequence(&prompt, 0, false).unwrap();
        let mut position = i32::try_from(prompt.len()).unwrap();
        let (mut tokens, mut bytes) = (Vec::new(), Vec::new());
        let mut is_ended = false;
        while tokens.len() < count {
            context.decode(&mut batch).unwrap();
            let logits = context.get_logits_ith(batch.n_tokens() - 1);
            assert!(logits.iter().all(|logit| logit.is_finite()));
            let best = (0..logits.len())
                .max_by(|&left, &right| logits[left].total_cmp(&logits[right]))
                .unwrap();
            let token = LlamaToken(i32::try_from(best).unwrap());
            is_ended = self.model.vocab().is_eog(token);
            if is_ended {
                break;
            }
            tokens.push(token.0);
            bytes.extend(self.model.vocab().token_to_piece(token, true, None));
            batch.clear();
            batch.add(token, position, &[0], true).unwrap();
            position += 1;
        }
        Text {
            tokens,
            written: String::from_utf8_lossy(&bytes).into_owned(),
            is_ended,
        }
    }
}
