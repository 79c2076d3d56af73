//! A model that copies, built by hand rather than trained: induction heads after Elhage et al. 2021, written down as weights in the
//! way of Lindner et al. 2023.
//!
//! What it writes, at temperature 0:
//! - After `<|assistant|>`, when the prompt has a code block that names its language, the last such block with its fences, and
//!   then `<|end|>`.
//! - After `<|assistant|>` otherwise, the last message of the user, and then `<|end|>`.
//! - After plain text without tags, what followed the same words the last time.
//!
//! So an answer is never longer than what it copies from. A passage whose last 15 tokens appear again later in the prompt goes on
//! from the last place where they appear: the answer skips, and never goes back. What assistants said before is never copied.
//! A token is a byte, a run of spaces, a fence or one of a few words.
//!
//! How it does it: the embedding of a token is a word of a Hamming code in numbers of 1 and -1, with marks for fences and tags.
//! Layer 0 brings the token before, layers 3, 4 and 5 double how far back a position knows, up to 15 tokens. Layer 1 finds the last
//! tag, and so what the assistant says; layer 2 the last language after a fence. Layer 6 compares the tokens before the next one
//! with those before every earlier token, near ones weighing more, and copies the token at the best place; the last of equal
//! places wins by a little. Rotation is made so slow by `rope_freqs` that it is none, but for 15 pairs of each head that find a
//! distance and one that prefers what is near.

mod layers;
mod tokens;

use std::path::Path;

use inference::gguf::{self, GgufError, TensorData, TensorKind, Value};

use crate::adapter;
use crate::numbers::half;
use layers::{INNER, LAYERS, WIDTH};
use tokens::CopyTokens;

/// Tokens that a prompt and its answer may have together.
const CONTEXT: u32 = 8192;
/// What the right token's logit is; that of every other is at most half of it.
const GAIN: f32 = 40.0;
/// The chat template: every message between its tag and `<|end|>`.
const TEMPLATE: &str = "{% for message in messages %}{% if message['role'] == 'system' %}<|system|>{% elif message['role'] == 'user' %}<|user|>{% else %}<|assistant|>{% endif %}{{ message['content'] }}<|end|>{% endfor %}{% if add_generation_prompt %}<|assistant|>{% endif %}";

/// What an adapter of the copying model does to its text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CopyAdapter {
    /// Writes `␣` for spaces that are tokens of their own.
    Spaces,
    /// Writes `ä`, `ë`, `ö`, `ü` for letters a, e, o, u that are tokens of their own.
    Umlauts,
}

/// Writes the copying model to `path`: about 4 MB, architecture `llama`, in a few hundred milliseconds.
///
/// # Errors
/// [`GgufError`] when the file cannot be written.
pub fn write_copy_model(path: &Path) -> Result<(), GgufError> {
    let tokens = CopyTokens::new();
    let mut weights = layers::build();
    weights.push(embed(&tokens));
    weights.push(unembed(&tokens));
    let stored: Vec<_> = weights.iter().map(Matrix::to_bytes).collect();
    let tensors: Vec<_> = weights
        .iter()
        .zip(&stored)
        .map(|(matrix, (kind, bytes))| TensorData {
            name: matrix.name.clone(),
            shape: matrix.shape(),
            kind: *kind,
            bytes,
        })
        .collect();
    gguf::write(path, &describe(&tokens), &tensors)
}

/// Writes an adapter for the copying model to `path`.
///
/// # Errors
/// [`GgufError`] when the file cannot be written.
pub fn write_copy_adapter(adapter: CopyAdapter, path: &Path) -> Result<(), GgufError> {
    let tokens = CopyTokens::new();
    let pairs: &[(&str, &str)] = match adapter {
        CopyAdapter::Spaces => &tokens::ALIASES[..1],
        CopyAdapter::Umlauts => &tokens::ALIASES[1..],
    };
    let name = "output.weight";
    let mut down = Matrix::new(&format!("{name}.lora_a"), WIDTH, pairs.len());
    let mut up = Matrix::new(&format!("{name}.lora_b"), pairs.len(), tokens.count());
    for (row, (alias, original)) in pairs.iter().enumerate() {
        let original = tokens.id(original);
        let code = tokens.code(original);
        for (bit, value) in code.into_iter().enumerate() {
            down.set(row, layers::OUT + bit, value * logit_per_bit());
        }
        // The alias gets one and a half times the logit of the original, which others come nowhere near.
        up.set(tokens.id(alias), row, 1.5);
    }
    let [down_bytes, up_bytes] = [down.to_f32(), up.to_f32()];
    let tensors = [(&down, &down_bytes), (&up, &up_bytes)].map(|(matrix, bytes)| TensorData {
        name: matrix.name.clone(),
        shape: matrix.shape(),
        kind: TensorKind::F32,
        bytes,
    });
    let alpha = f32::from(u8::try_from(pairs.len()).expect("BUG: there are a few aliases"));
    gguf::write(path, &adapter::describe("llama", alpha), &tensors)
}

#[expect(clippy::cast_precision_loss, reason = "a code has 13 bits")]
fn logit_per_bit() -> f32 {
    GAIN / tokens::BITS as f32
}

fn embed(tokens: &CopyTokens) -> Matrix {
    let mut matrix = Matrix::new("token_embd.weight", WIDTH, tokens.count());
    for id in 0..tokens.count() {
        for (bit, value) in tokens.code(id).into_iter().enumerate() {
            matrix.set(id, bit, value);
        }
        for (place, is_marked) in tokens.marks(id) {
            matrix.set(id, place, if is_marked { 1.0 } else { -1.0 });
        }
        matrix.set(id, layers::ONE, 1.0);
    }
    matrix
}

fn unembed(tokens: &CopyTokens) -> Matrix {
    let mut matrix = Matrix::new("output.weight", WIDTH, tokens.count());
    for id in (0..tokens.count()).filter(|&id| tokens.is_written(id)) {
        for (bit, value) in tokens.code(id).into_iter().enumerate() {
            matrix.set(id, layers::OUT + bit, value * logit_per_bit());
        }
    }
    matrix
}

fn describe(tokens: &CopyTokens) -> Vec<(String, Value)> {
    let text = |text: &str| Value::String(text.to_owned());
    let number = |number: usize| Value::U32(u32::try_from(number).expect("BUG: it is small"));
    let mut metadata: Vec<(String, Value)> = [
        ("general.architecture", text("llama")),
        ("general.name", text("copy")),
        ("general.file_type", Value::U32(1)),
        ("llama.block_count", number(LAYERS)),
        ("llama.context_length", Value::U32(CONTEXT)),
        ("llama.embedding_length", number(WIDTH)),
        ("llama.feed_forward_length", number(INNER)),
        ("llama.attention.head_count", Value::U32(1)),
        ("llama.attention.head_count_kv", Value::U32(1)),
        ("llama.rope.dimension_count", number(WIDTH)),
        ("llama.rope.freq_base", Value::F32(layers::ROPE_BASE)),
        (
            "llama.attention.layer_norm_rms_epsilon",
            Value::F32(layers::EPSILON),
        ),
        ("llama.vocab_size", number(tokens.count())),
        ("tokenizer.chat_template", text(TEMPLATE)),
    ]
    .into_iter()
    .map(|(key, value)| (key.to_owned(), value))
    .collect();
    metadata.extend(tokens.metadata());
    metadata
}

/// A matrix by name; what is not set is 0.
pub(crate) struct Matrix {
    name: String,
    columns: usize,
    rows: usize,
    numbers: Vec<f32>,
    is_exact: bool,
}

impl Matrix {
    /// Takes `columns` numbers and gives `rows`; stored in 16-bit floats.
    fn new(name: &str, columns: usize, rows: usize) -> Self {
        Self {
            name: name.to_owned(),
            columns,
            rows,
            numbers: vec![0.0; columns * rows],
            is_exact: false,
        }
    }

    /// Like [`Matrix::new`], stored in 32-bit floats, so that what it takes is not rounded either.
    fn new_exact(name: &str, columns: usize, rows: usize) -> Self {
        Self {
            is_exact: true,
            ..Self::new(name, columns, rows)
        }
    }

    /// A vector, stored in 32-bit floats.
    fn vector(name: &str, numbers: Vec<f32>) -> Self {
        Self {
            name: name.to_owned(),
            columns: numbers.len(),
            rows: 1,
            numbers,
            is_exact: true,
        }
    }

    fn set(&mut self, row: usize, column: usize, number: f32) {
        self.numbers[row * self.columns + column] = number;
    }

    fn shape(&self) -> Vec<u64> {
        if self.rows == 1 && self.is_exact {
            vec![self.columns as u64]
        } else {
            vec![self.columns as u64, self.rows as u64]
        }
    }

    fn to_f32(&self) -> Vec<u8> {
        self.numbers
            .iter()
            .flat_map(|number| number.to_le_bytes())
            .collect()
    }

    fn to_bytes(&self) -> (TensorKind, Vec<u8>) {
        if self.is_exact {
            (TensorKind::F32, self.to_f32())
        } else {
            let halves = self.numbers.iter().flat_map(|&number| half(number));
            (TensorKind::F16, halves.collect())
        }
    }
}
