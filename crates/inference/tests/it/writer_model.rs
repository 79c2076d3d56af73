//! A small model with random weights in the shape of Llama, whose vocabulary is the bytes and some role tags.

use std::path::{Path, PathBuf};

use inference::gguf::{self, Array, TensorData, TensorKind, Value};

/// Writes the model into `folder`.
pub(crate) fn write(folder: &Path) -> PathBuf {
    let path = folder.join("tiny.gguf");
    let width = 32_u32;
    let tokens = vocabulary();
    let count = u32::try_from(tokens.len()).unwrap();
    let mut weights = Weights {
        state: 7,
        tensors: Vec::new(),
    };
    weights.add("token_embd.weight", &[width, count]);
    weights.add("output.weight", &[width, count]);
    weights.add("output_norm.weight", &[width]);
    for layer in 0..2 {
        for name in ["attn_norm", "ffn_norm"] {
            weights.add(&format!("blk.{layer}.{name}.weight"), &[width]);
        }
        for name in ["attn_q", "attn_k", "attn_v", "attn_output"] {
            weights.add(&format!("blk.{layer}.{name}.weight"), &[width, width]);
        }
        weights.add(&format!("blk.{layer}.ffn_gate.weight"), &[width, 2 * width]);
        weights.add(&format!("blk.{layer}.ffn_up.weight"), &[width, 2 * width]);
        weights.add(&format!("blk.{layer}.ffn_down.weight"), &[2 * width, width]);
    }
    let kinds = (0..tokens.len()).map(|index| match index {
        0..3 | 259..262 => 3,
        3..259 => 6,
        _ => 1,
    });
    let metadata = [
        ("general.architecture", Value::String("llama".to_owned())),
        ("llama.context_length", Value::U32(4096)),
        ("llama.embedding_length", Value::U32(width)),
        ("llama.block_count", Value::U32(2)),
        ("llama.feed_forward_length", Value::U32(2 * width)),
        ("llama.attention.head_count", Value::U32(4)),
        ("llama.attention.layer_norm_rms_epsilon", Value::F32(1e-5)),
        ("tokenizer.ggml.model", Value::String("llama".to_owned())),
        (
            "tokenizer.ggml.token_type",
            Value::Array(Array::I32(kinds.collect())),
        ),
        (
            "tokenizer.ggml.scores",
            Value::Array(Array::F32(vec![0.0; tokens.len()])),
        ),
        (
            "tokenizer.ggml.tokens",
            Value::Array(Array::Strings(tokens)),
        ),
        ("tokenizer.ggml.bos_token_id", Value::U32(1)),
        ("tokenizer.ggml.eos_token_id", Value::U32(2)),
    ];
    let metadata = metadata.map(|(key, value)| (key.to_owned(), value));
    let tensors: Vec<TensorData<'_>> = weights
        .tensors
        .iter()
        .map(|(name, shape, bytes)| TensorData {
            name: name.clone(),
            shape: shape.clone(),
            kind: TensorKind::F32,
            bytes,
        })
        .collect();
    gguf::write(&path, &metadata, &tensors).unwrap();
    path
}

fn vocabulary() -> Vec<String> {
    let marks = ["<unk>", "<s>", "</s>"].map(str::to_owned);
    let bytes = (0..=255_u8).map(|byte| format!("<0x{byte:02X}>"));
    let tags = ["<|user|>", "<|model|>", "<|im_end|>"].map(str::to_owned);
    let letters = (' '..='~').map(|letter| match letter {
        ' ' => "\u{2581}".to_owned(),
        letter => letter.to_string(),
    });
    marks
        .into_iter()
        .chain(bytes)
        .chain(tags)
        .chain(letters)
        .collect()
}

struct Weights {
    state: u64,
    tensors: Vec<(String, Vec<u64>, Vec<u8>)>,
}

impl Weights {
    fn add(&mut self, name: &str, shape: &[u32]) {
        let count = shape.iter().product::<u32>();
        let is_norm = shape.len() == 1;
        let bytes = (0..count).flat_map(|_| {
            let weight = if is_norm { 1.0 } else { self.next() };
            weight.to_le_bytes()
        });
        let bytes = bytes.collect();
        self.tensors.push((
            name.to_owned(),
            shape.iter().map(|length| u64::from(*length)).collect(),
            bytes,
        ));
    }

    /// A number between -0.5 and 0.5.
    fn next(&mut self) -> f32 {
        self.state = self
            .state
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1);
        let top = u16::try_from(self.state >> 48).unwrap();
        f32::from(top) / f32::from(u16::MAX) - 0.5
    }
}
