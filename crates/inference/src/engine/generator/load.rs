//! Loads a model with its adapters, decides how much a graphics card takes, makes the context, and reckons what all that takes.
//!
//! When the system refuses as much memory as the context needs for all parallel requests, it is made for half as many, until one
//! request alone fits.

use std::fs;
use std::num::NonZeroU32;

use llama_cpp_2::context::LlamaContext;
use llama_cpp_2::context::params::LlamaContextParams;
use llama_cpp_2::llama_backend::LlamaBackend;
use llama_cpp_2::model::LlamaModel;
use llama_cpp_2::model::params::LlamaModelParams;
use llama_cpp_2::{LlamaBackendDeviceType, list_llama_ggml_backend_devices};
use llama_cpp_sys_2::{LLAMA_FLASH_ATTN_TYPE_AUTO, LLAMA_FLASH_ATTN_TYPE_ENABLED};

use super::adapters::Adapter;
use super::frame::ReadyReport;
use super::pool::{parking_tokens, pool_tokens};
use super::warm::Reserve;
use crate::engine::EngineError;
use crate::engine::args::{GpuLayers, WriteArgs, thread_count};
use crate::gguf::{self, Header, Value};

/// Most tokens computed in one step. More does not make prompts faster, and a step is how long an order waits.
pub(super) const BATCH_TOKENS_MAX: u32 = 512;
/// Most requests at a time.
const PARALLEL_MAX: u32 = 64;
/// Sequences for each parallel request: one that is written and one that is kept for the next turn of its conversation.
const SEQUENCES_PER_REQUEST: u32 = 2;
/// Bytes of a number in the context (`f16`).
const CONTEXT_NUMBER_BYTES: u64 = 2;
/// Share of a card's free memory that is used, in percent; drivers and fragments take some.
const GPU_SHARE_PERCENT: u64 = 90;
/// Kinds of weights that llama.cpp rewrites when it loads them, into memory of its own; it reads others where the file is mapped.
const REWRITTEN_KINDS: [&str; 3] = ["Q4_0", "Q4_K", "IQ4_NL"];

/// A model in memory.
pub(super) struct Loaded {
    pub(super) model: LlamaModel,
    pub(super) adapters: Vec<Adapter>,
    pub(super) parallel: u32,
    /// Tokens that one request may have.
    pub(super) context_tokens: u32,
    gpu_layers: u32,
    adapters_bytes: u64,
    /// How many tokens back layers with a sliding window look.
    pub(super) window: Option<usize>,
    shape: Shape,
    /// Memory for the model and its context; to be dropped when these are made.
    pub(super) reserve: Option<Reserve>,
}

/// What sizes are reckoned from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Shape {
    layers: u64,
    /// Bytes that a token takes in the context, all layers together.
    pub(crate) token_bytes: u64,
    /// Longest text that the model was trained on; 0 when the file does not tell.
    pub(crate) trained_tokens: u32,
    embedding: u64,
    feed_forward: u64,
    vocabulary: u64,
    /// Bytes of the largest layer's weights.
    layer_bytes: u64,
    /// Bytes of the weights that belong to no layer.
    other_bytes: u64,
}

/// Loads the model and its adapters.
///
/// # Errors
/// [`EngineError::Model`] with the reason, which names no path.
pub(super) fn load(backend: &LlamaBackend, args: &WriteArgs) -> Result<Loaded, EngineError> {
    let header = read_header(args)?;
    let shape = Shape::read(&header);
    let parallel = args.parallel.get().min(PARALLEL_MAX);
    let cells = pool_tokens(args.context_tokens.get(), parallel);
    let gpu_layers = choose_gpu_layers(args.gpu_layers, &shape, cells);
    // What a graphics card takes is none of the kernel's.
    let reserve = (gpu_layers == 0).then(|| {
        let cells = cells.min(pool_tokens(shape.trained_tokens, parallel));
        let context = shape.token_bytes.saturating_mul(cells);
        let bytes = rewritten_bytes(&header).saturating_add(context);
        Reserve::new(bytes, args.threads)
    });
    let params = LlamaModelParams::default().with_n_gpu_layers(gpu_layers);
    let mut model = LlamaModel::load_from_file(backend, &args.model, &params)
        .map_err(|error| EngineError::Model(format!("its file cannot be loaded: {error}")))?;
    let mut adapters_bytes = 0;
    let mut adapters = Vec::with_capacity(args.adapters.len());
    // Adapters are loaded before there is a context, because a context borrows the model.
    for path in &args.adapters {
        // The file of an adapter is called as the adapter.
        let name = path.file_stem().unwrap_or_default().display();
        let problem = |reason: &dyn std::fmt::Display| {
            EngineError::Model(format!(
                "its adapter `{name}` cannot be used with it: {reason}"
            ))
        };
        let header = gguf::read_header(path).map_err(|error| problem(&error.reason()))?;
        adapters_bytes += fs::metadata(path).map_err(|error| problem(&error))?.len();
        let lora = model
            .lora_adapter_init(path)
            .map_err(|error| problem(&error))?;
        let alpha = match header.find("adapter.lora.alpha") {
            Some(Value::F32(alpha)) => Some(*alpha),
            _ => None,
        };
        adapters.push(Adapter::new(lora, alpha, header.tensors.len()));
    }
    let trained = model.n_ctx_train();
    let context_tokens = args.context_tokens.get();
    Ok(Loaded {
        context_tokens: if trained == 0 {
            context_tokens
        } else {
            context_tokens.min(trained)
        },
        model,
        adapters,
        parallel,
        gpu_layers,
        adapters_bytes,
        window: find_window(&header),
        shape,
        reserve,
    })
}

fn rewritten_bytes(header: &Header) -> u64 {
    let tensors = header.tensors.iter();
    tensors
        .filter(|tensor| REWRITTEN_KINDS.contains(&tensor.kind.name))
        .map(|tensor| tensor.size_bytes)
        .sum()
}

/// llama.cpp ends the process on some damaged files; this answers with a sentence.
fn read_header(args: &WriteArgs) -> Result<Header, EngineError> {
    let refused = |reason: String| EngineError::Model(reason);
    let header = gguf::read_header(&args.model).map_err(|error| refused(error.reason()))?;
    let architecture = header.find_text("general.architecture").unwrap_or_default();
    let is_causal = header.find(&format!("{architecture}.attention.causal"));
    if architecture.is_empty() || is_causal == Some(&Value::Bool(false)) {
        return Err(refused(format!(
            "its file has no model that writes text; its architecture is `{architecture}`"
        )));
    }
    Ok(header)
}

impl Loaded {
    /// A context with `sequences()` sequences.
    ///
    /// # Errors
    /// [`EngineError::Model`] when there is no memory for even one request.
    pub(super) fn new_context(
        &self,
        backend: &LlamaBackend,
        args: &WriteArgs,
    ) -> Result<LlamaContext<'_>, EngineError> {
        let threads = thread_count(args.threads);
        // A card may lack the code for a model's heads, which llama.cpp finds out; the processor has it for all.
        let flash_attention = if self.uses_gpu() {
            LLAMA_FLASH_ATTN_TYPE_AUTO
        } else {
            LLAMA_FLASH_ATTN_TYPE_ENABLED
        };
        let mut requests = self.parallel;
        loop {
            let cells = pool_tokens(self.context_tokens, requests);
            let cells = u32::try_from(cells).unwrap_or(u32::MAX);
            let params = LlamaContextParams::default()
                .with_n_ctx(NonZeroU32::new(cells))
                .with_n_batch(BATCH_TOKENS_MAX)
                .with_n_ubatch(BATCH_TOKENS_MAX)
                .with_n_seq_max(self.sequences())
                .with_kv_unified(true)
                .with_n_threads(threads)
                .with_n_threads_batch(threads)
                .with_flash_attention_policy(flash_attention)
                .with_no_perf(true);
            match self.model.new_context(backend, params) {
                Ok(context) => return Ok(context),
                Err(_) if requests > 1 => requests /= 2,
                Err(error) => {
                    return Err(EngineError::Model(format!(
                        "no context of {cells} tokens could be made: {error}; a shorter context takes less memory"
                    )));
                }
            }
        }
    }

    /// Whether a graphics card computes any layer.
    pub(super) fn uses_gpu(&self) -> bool {
        self.gpu_layers > 0
    }

    /// Sequences of the context.
    pub(super) fn sequences(&self) -> u32 {
        self.parallel * SEQUENCES_PER_REQUEST
    }

    /// Most tokens that are kept beside the context.
    pub(super) fn parking_tokens(&self) -> u64 {
        parking_tokens(self.context_tokens, self.parallel)
    }

    /// What the server is told. Weights are what the model says, adapters are their files, the context is its cells and what is kept
    /// beside them times the width of keys and values; what computing takes is an estimate.
    pub(super) fn report(&self, context: &LlamaContext<'_>) -> ReadyReport {
        let cells = u64::from(context.n_ctx());
        ReadyReport {
            context_tokens: self.context_tokens,
            parallel_max: self.parallel,
            gpu_layers: self.gpu_layers,
            weights_bytes: self.model.size(),
            context_bytes: self.shape.token_bytes * (cells + self.parking_tokens()),
            adapters_bytes: self.adapters_bytes,
            compute_bytes: self.shape.compute_bytes(cells),
        }
    }
}

impl Shape {
    pub(crate) fn read(header: &Header) -> Self {
        let architecture = header.find_text("general.architecture").unwrap_or_default();
        let number = |key: &str| find_number(header, &format!("{architecture}.{key}"));
        let layers = number("block_count").unwrap_or(0);
        let embedding = number("embedding_length").unwrap_or(0);
        let heads = number("attention.head_count").unwrap_or(1).max(1);
        let pairs = number("attention.head_count_kv").unwrap_or(heads);
        let key = number("attention.key_length").unwrap_or(embedding / heads);
        let value = number("attention.value_length").unwrap_or(embedding / heads);
        let vocabulary = match header.find("tokenizer.ggml.tokens") {
            Some(Value::Array(gguf::Array::Strings(tokens))) => tokens.len() as u64,
            _ => 0,
        };
        let mut by_layer = std::collections::HashMap::<&str, u64>::new();
        let mut other_bytes = 0;
        for tensor in &header.tensors {
            match tensor
                .name
                .strip_prefix("blk.")
                .and_then(|rest| rest.split_once('.'))
            {
                Some((layer, _)) => *by_layer.entry(layer).or_default() += tensor.size_bytes,
                None => other_bytes += tensor.size_bytes,
            }
        }
        Self {
            layers,
            token_bytes: layers
                .saturating_mul(pairs)
                .saturating_mul(key.saturating_add(value))
                .saturating_mul(CONTEXT_NUMBER_BYTES),
            trained_tokens: u32::try_from(number("context_length").unwrap_or(0))
                .unwrap_or(u32::MAX),
            embedding,
            feed_forward: number("feed_forward_length").unwrap_or(embedding.saturating_mul(4)),
            vocabulary,
            layer_bytes: by_layer.into_values().max().unwrap_or(0),
            other_bytes,
        }
    }

    /// An estimate of what computing takes: for each token of a batch its logits, some rows as wide as the embedding and the
    /// feed-forward layer, and what it attends to.
    pub(crate) fn compute_bytes(&self, cells: u64) -> u64 {
        /// Rows as wide as the embedding that are alive together.
        const ROWS: u64 = 8;
        let numbers = self
            .vocabulary
            .saturating_add(self.embedding.saturating_mul(ROWS))
            .saturating_add(self.feed_forward.saturating_mul(2));
        // Of four tokens together, which places they see.
        let seen = cells.saturating_mul(5) / 4;
        let mask = cells.saturating_mul(2).saturating_add(seen);
        let token = numbers.saturating_mul(4).saturating_add(mask);
        u64::from(BATCH_TOKENS_MAX).saturating_mul(token)
    }
}

/// Tokens that layers with a sliding window look back at.
fn find_window(header: &Header) -> Option<usize> {
    let architecture = header.find_text("general.architecture")?;
    let window = find_number(header, &format!("{architecture}.attention.sliding_window"))?;
    usize::try_from(window).ok().filter(|window| *window > 0)
}

/// A number of the header, however wide it is stored; of a list, the largest, as some files give one number per layer.
fn find_number(header: &Header, key: &str) -> Option<u64> {
    match header.find(key)? {
        Value::U32(number) => Some(u64::from(*number)),
        Value::U64(number) => Some(*number),
        Value::I32(number) => u64::try_from(*number).ok(),
        Value::Array(gguf::Array::I32(numbers)) => numbers
            .iter()
            .filter_map(|number| u64::try_from(*number).ok())
            .max(),
        Value::U8(_)
        | Value::I8(_)
        | Value::U16(_)
        | Value::I16(_)
        | Value::F32(_)
        | Value::Bool(_)
        | Value::String(_)
        | Value::Array(_)
        | Value::I64(_)
        | Value::F64(_) => None,
    }
}

fn choose_gpu_layers(wanted: GpuLayers, shape: &Shape, cells: u64) -> u32 {
    let free: u64 = list_llama_ggml_backend_devices()
        .iter()
        .filter(|device| {
            matches!(
                device.device_type,
                LlamaBackendDeviceType::Gpu | LlamaBackendDeviceType::IntegratedGpu
            )
        })
        .map(|device| device.memory_free as u64)
        .sum();
    // One more than the layers is how llama.cpp counts the output.
    let all = u32::try_from(shape.layers + 1).unwrap_or(u32::MAX);
    match wanted {
        _ if free == 0 => 0,
        GpuLayers::Most(most) => most.min(all),
        GpuLayers::Auto => fitting_layers(shape, cells, free / 100 * GPU_SHARE_PERCENT).min(all),
    }
}

/// Layers whose weights and context fit in `free` bytes beside what computing takes; with the output, when that fits too.
fn fitting_layers(shape: &Shape, cells: u64, free: u64) -> u32 {
    let layers = shape.layers.max(1);
    let context = (shape.token_bytes / layers).saturating_mul(cells);
    let each = shape.layer_bytes.saturating_add(context).max(1);
    let free = free.saturating_sub(shape.compute_bytes(cells));
    let fitting = (free / each).min(shape.layers);
    let has_output = fitting == shape.layers && free - fitting * each >= shape.other_bytes;
    u32::try_from(fitting)
        .unwrap_or(u32::MAX)
        .saturating_add(u32::from(has_output))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shape() -> Shape {
        Shape {
            layers: 10,
            token_bytes: 1000,
            trained_tokens: 2048,
            embedding: 0,
            feed_forward: 0,
            vocabulary: 0,
            layer_bytes: 1 << 20,
            other_bytes: 1 << 20,
        }
    }

    #[test]
    fn a_card_gets_the_layers_that_fit_and_the_output_last() {
        let shape = shape();
        let compute = shape.compute_bytes(0);
        assert_eq!(fitting_layers(&shape, 0, 0), 0);
        assert_eq!(fitting_layers(&shape, 0, compute + (4 << 20) + 5), 4);
        assert_eq!(fitting_layers(&shape, 0, compute + (10 << 20)), 10);
        assert_eq!(fitting_layers(&shape, 0, compute + (11 << 20)), 11);
        assert_eq!(fitting_layers(&shape, 0, u64::MAX), 11);
    }

    #[test]
    fn the_context_of_a_layer_counts_with_it() {
        let shape = shape();
        let cells = 10_485;
        let free = shape.compute_bytes(cells) + (4 << 20);
        assert_eq!(fitting_layers(&shape, cells, free), 2);
    }
}
