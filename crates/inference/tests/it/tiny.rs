//! A language model of a few thousand random weights that llama.cpp really loads, and an adapter for it.

use std::path::Path;

use inference::gguf::{Array, TensorData, TensorKind, Value, write};

const WIDTH: u64 = 32;
const INNER: u64 = 64;
const LAYERS: u32 = 2;
/// Three marks and every byte.
pub(crate) const TOKENS: u64 = 3 + 256;

fn text(text: &str) -> Value {
    Value::String(text.to_owned())
}

/// The metadata of the model; tests change it.
pub(crate) fn metadata() -> Vec<(String, Value)> {
    let marks = ["<unk>", "<s>", "</s>"].map(str::to_owned);
    let bytes = (0..=255_u8).map(|byte| format!("<0x{byte:02X}>"));
    let tokens: Vec<String> = marks.into_iter().chain(bytes).collect();
    let kinds = [2, 3, 3].into_iter().chain([6; 256]).collect();
    let scores = vec![0.0; tokens.len()];
    [
        ("general.architecture", text("llama")),
        ("general.license", text("mit")),
        ("llama.block_count", Value::U32(LAYERS)),
        ("llama.context_length", Value::U32(128)),
        ("llama.embedding_length", Value::U32(32)),
        ("llama.feed_forward_length", Value::U32(64)),
        ("llama.attention.head_count", Value::U32(2)),
        ("llama.attention.head_count_kv", Value::U32(2)),
        ("llama.attention.layer_norm_rms_epsilon", Value::F32(1e-5)),
        ("llama.rope.dimension_count", Value::U32(16)),
        ("tokenizer.ggml.model", text("llama")),
        (
            "tokenizer.ggml.tokens",
            Value::Array(Array::Strings(tokens)),
        ),
        ("tokenizer.ggml.scores", Value::Array(Array::F32(scores))),
        ("tokenizer.ggml.token_type", Value::Array(Array::I32(kinds))),
        ("tokenizer.ggml.bos_token_id", Value::U32(1)),
        ("tokenizer.ggml.eos_token_id", Value::U32(2)),
        ("tokenizer.ggml.unknown_token_id", Value::U32(0)),
    ]
    .map(|(key, value)| (key.to_owned(), value))
    .to_vec()
}

/// Writes the model to `path`; another `seed` is another model.
pub(crate) fn write_model(path: &Path, seed: u64) {
    write_model_with(path, &metadata(), seed);
}

/// Writes the model with this metadata.
pub(crate) fn write_model_with(path: &Path, metadata: &[(String, Value)], seed: u64) {
    write_tensors(path, metadata, list_shapes(), seed);
}

fn list_shapes() -> Vec<(String, Vec<u64>)> {
    let mut shapes = vec![
        ("token_embd.weight".to_owned(), vec![WIDTH, TOKENS]),
        ("output_norm.weight".to_owned(), vec![WIDTH]),
    ];
    for layer in 0..LAYERS {
        let named = |name: &str| format!("blk.{layer}.{name}.weight");
        shapes.extend([
            (named("attn_norm"), vec![WIDTH]),
            (named("attn_q"), vec![WIDTH, WIDTH]),
            (named("attn_k"), vec![WIDTH, WIDTH]),
            (named("attn_v"), vec![WIDTH, WIDTH]),
            (named("attn_output"), vec![WIDTH, WIDTH]),
            (named("ffn_norm"), vec![WIDTH]),
            (named("ffn_gate"), vec![WIDTH, INNER]),
            (named("ffn_up"), vec![WIDTH, INNER]),
            (named("ffn_down"), vec![INNER, WIDTH]),
        ]);
    }
    shapes
}

/// Writes an adapter for the model's queries to `path`, named as made for `architecture`.
pub(crate) fn write_adapter(path: &Path, architecture: &str) {
    write_adapter_with(path, architecture, 1);
}

/// The same with other numbers for another `seed`.
pub(crate) fn write_adapter_with(path: &Path, architecture: &str, seed: u64) {
    let metadata = [
        ("general.type", text("adapter")),
        ("general.architecture", text(architecture)),
        ("adapter.type", text("lora")),
        ("adapter.lora.alpha", Value::F32(4.0)),
    ]
    .map(|(key, value)| (key.to_owned(), value));
    let shapes = vec![
        ("blk.0.attn_q.weight.lora_a".to_owned(), vec![WIDTH, 2]),
        ("blk.0.attn_q.weight.lora_b".to_owned(), vec![2, WIDTH]),
    ];
    write_tensors(path, &metadata, shapes, seed);
}

/// Writes a model in every other layer of which a token looks back at `window` tokens, itself counted: the architecture is Gemma 2.
pub(crate) fn write_sliding_model(path: &Path, window: u32) {
    let mut metadata: Vec<(String, Value)> = metadata()
        .into_iter()
        .map(|(key, value)| (key.replace("llama.", "gemma2."), value))
        .collect();
    metadata[0].1 = text("gemma2");
    let key = "gemma2.context_length";
    metadata.retain(|(known, _)| known != key);
    metadata.push((key.to_owned(), Value::U32(2048)));
    let key = "gemma2.attention.sliding_window".to_owned();
    metadata.push((key, Value::U32(window)));
    let mut shapes = list_shapes();
    for layer in 0..LAYERS {
        for name in ["post_attention_norm", "post_ffw_norm"] {
            shapes.push((format!("blk.{layer}.{name}.weight"), vec![WIDTH]));
        }
    }
    write_tensors(path, &metadata, shapes, 3);
}

fn write_tensors(
    path: &Path,
    metadata: &[(String, Value)],
    shapes: Vec<(String, Vec<u64>)>,
    seed: u64,
) {
    let mut state = seed.wrapping_mul(2).wrapping_add(1);
    let numbers: Vec<Vec<u8>> = shapes
        .iter()
        .map(|(_, shape)| {
            (0..shape.iter().product())
                .flat_map(|_| next(&mut state).to_le_bytes())
                .collect()
        })
        .collect();
    let tensors: Vec<TensorData<'_>> = shapes
        .into_iter()
        .zip(&numbers)
        .map(|((name, shape), bytes)| TensorData {
            name,
            shape,
            kind: TensorKind::F32,
            bytes,
        })
        .collect();
    write(path, metadata, &tensors).unwrap();
}

/// A number between -0.5 and 0.5 (Knuth's linear congruential generator).
fn next(state: &mut u64) -> f32 {
    *state = state
        .wrapping_mul(6_364_136_223_846_793_005)
        .wrapping_add(1_442_695_040_888_963_407);
    let top = u16::try_from(*state >> 48).unwrap();
    f32::from(top) / 65536.0 - 0.5
}
