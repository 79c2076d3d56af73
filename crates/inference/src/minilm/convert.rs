//! Turns the published safetensors folder of a BERT sentence encoder into a GGUF file. Tensor names and keys are those that
//! llama.cpp's `bert` architecture looks for.

use std::collections::HashSet;
use std::path::{Path, PathBuf};
use std::{fs, io};

use safetensors::{Dtype, SafeTensors};
use serde::Deserialize;
use sha2::{Digest, Sha256};

use super::{NAME, POOLING_MEAN, SOURCE_DIGEST_KEY, hex};
use crate::gguf::{self, Array, GgufError, TensorData, TensorKind, Value};

/// `general.file_type` of files whose tensors are all F32.
const FILE_TYPE_F32: u32 = 0;
/// Token types of the format.
const TOKEN_NORMAL: i32 = 1;
const TOKEN_UNKNOWN: i32 = 2;
const TOKEN_CONTROL: i32 = 3;
/// Marks the start of a word, where WordPiece marks the continuation.
const WORD_START: char = '▁';

/// The published files could not be converted.
#[derive(Debug, thiserror::Error)]
pub enum ConvertError {
    /// A file cannot be read.
    #[error("{path}: {source}", path = path.display())]
    Io {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// A file is not what a BERT encoder of this family consists of.
    #[error("{path} cannot be converted: {reason}", path = path.display())]
    Invalid {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        reason: String,
    },
    /// The GGUF file cannot be written.
    #[error(transparent)]
    Write(#[from] GgufError),
}

/// The part of `config.json` that matters here.
#[derive(Debug, Deserialize)]
struct Config {
    model_type: String,
    hidden_act: String,
    hidden_size: u32,
    intermediate_size: u32,
    layer_norm_eps: f32,
    max_position_embeddings: u32,
    num_attention_heads: u32,
    num_hidden_layers: u32,
    type_vocab_size: u32,
    vocab_size: u32,
    #[serde(default = "absolute")]
    position_embedding_type: String,
}

fn absolute() -> String {
    "absolute".to_owned()
}

/// Converts the folder `published` (`model.safetensors`, `config.json`, `vocab.txt`) to the GGUF file `out`, all tensors F32.
/// `out` appears whole or not at all.
///
/// # Errors
/// [`ConvertError`] names the file that is missing or does not fit.
pub fn convert(published: &Path, out: &Path) -> Result<(), ConvertError> {
    let config_path = published.join("config.json");
    let config: Config = serde_json::from_slice(&read(&config_path)?)
        .map_err(|error| invalid(&config_path, &error))?;
    check_config(&config).map_err(|reason| invalid(&config_path, &reason))?;
    let vocabulary_path = published.join("vocab.txt");
    let vocabulary = read_vocabulary(&read(&vocabulary_path)?, config.vocab_size)
        .map_err(|reason| invalid(&vocabulary_path, &reason))?;
    let weights_path = published.join("model.safetensors");
    let weights_bytes = read(&weights_path)?;
    let weights =
        SafeTensors::deserialize(&weights_bytes).map_err(|error| invalid(&weights_path, &error))?;
    let tensors = tensor_names(&config)
        .iter()
        .map(|name| find_tensor(&weights, name))
        .collect::<Result<Vec<_>, _>>()
        .map_err(|reason| invalid(&weights_path, &reason))?;
    let mut metadata = describe(&config, vocabulary);
    metadata.push((
        SOURCE_DIGEST_KEY.to_owned(),
        Value::String(hex(&Sha256::digest(&weights_bytes))),
    ));
    gguf::write(out, &metadata, &tensors)?;
    Ok(())
}

fn read(path: &Path) -> Result<Vec<u8>, ConvertError> {
    fs::read(path).map_err(|source| ConvertError::Io {
        path: path.to_owned(),
        source,
    })
}

fn invalid(path: &Path, reason: &dyn ToString) -> ConvertError {
    ConvertError::Invalid {
        path: path.to_owned(),
        reason: reason.to_string(),
    }
}

fn check_config(config: &Config) -> Result<(), String> {
    let expected = [
        ("model_type", config.model_type.as_str(), "bert"),
        ("hidden_act", &config.hidden_act, "gelu"),
        (
            "position_embedding_type",
            &config.position_embedding_type,
            "absolute",
        ),
    ];
    for (key, found, wanted) in expected {
        if found != wanted {
            return Err(format!("{key} is {found:?}, only {wanted:?} is supported"));
        }
    }
    let heads = config.num_attention_heads;
    if heads == 0 || !config.hidden_size.is_multiple_of(heads) {
        return Err(format!(
            "hidden_size {} is not a multiple of num_attention_heads {heads}",
            config.hidden_size
        ));
    }
    if config.num_hidden_layers > 128 {
        return Err(format!(
            "{} layers are more than 128",
            config.num_hidden_layers
        ));
    }
    Ok(())
}

/// A WordPiece vocabulary in llama.cpp's spelling, and the ids it needs to know.
struct Vocabulary {
    tokens: Vec<String>,
    kinds: Vec<i32>,
    unknown: u32,
    classify: u32,
    separate: u32,
    pad: u32,
    mask: u32,
}

fn read_vocabulary(bytes: &[u8], count: u32) -> Result<Vocabulary, String> {
    let text = std::str::from_utf8(bytes).map_err(|error| error.to_string())?;
    let words: Vec<&str> = text.lines().collect();
    if words.len() != count as usize {
        return Err(format!(
            "it has {} entries, config.json says {count}",
            words.len()
        ));
    }
    let find = |word: &str| {
        words
            .iter()
            .position(|candidate| *candidate == word)
            .and_then(|index| u32::try_from(index).ok())
            .ok_or_else(|| format!("the token {word} is not in it"))
    };
    let [unknown, classify, separate, pad, mask] = [
        find("[UNK]")?,
        find("[CLS]")?,
        find("[SEP]")?,
        find("[PAD]")?,
        find("[MASK]")?,
    ];
    let tokens: Vec<String> = words.iter().map(|word| respell(word)).collect();
    let mut seen = HashSet::new();
    // llama.cpp ends the process on a vocabulary that names a token twice.
    if let Some(twice) = tokens.iter().find(|token| !seen.insert(token.as_str())) {
        return Err(format!("the token {twice:?} is in it twice"));
    }
    let kinds = (0..count)
        .map(|id| match id {
            _ if id == unknown => TOKEN_UNKNOWN,
            _ if [classify, separate, pad, mask].contains(&id) => TOKEN_CONTROL,
            _ => TOKEN_NORMAL,
        })
        .collect();
    Ok(Vocabulary {
        tokens,
        kinds,
        unknown,
        classify,
        separate,
        pad,
        mask,
    })
}

/// `##ing` continues a word and becomes `ing`; `the` begins one and becomes `▁the`; `[CLS]` and its like stay.
fn respell(word: &str) -> String {
    if word.starts_with('[') && word.ends_with(']') {
        word.to_owned()
    } else if let Some(rest) = word.strip_prefix("##") {
        rest.to_owned()
    } else {
        format!("{WORD_START}{word}")
    }
}

fn describe(config: &Config, vocabulary: Vocabulary) -> Vec<(String, Value)> {
    let text = |text: &str| Value::String(text.to_owned());
    [
        ("general.architecture", text("bert")),
        ("general.name", text(NAME)),
        ("general.file_type", Value::U32(FILE_TYPE_F32)),
        ("bert.block_count", Value::U32(config.num_hidden_layers)),
        (
            "bert.context_length",
            Value::U32(config.max_position_embeddings),
        ),
        ("bert.embedding_length", Value::U32(config.hidden_size)),
        (
            "bert.feed_forward_length",
            Value::U32(config.intermediate_size),
        ),
        (
            "bert.attention.head_count",
            Value::U32(config.num_attention_heads),
        ),
        (
            "bert.attention.layer_norm_epsilon",
            Value::F32(config.layer_norm_eps),
        ),
        ("bert.attention.causal", Value::Bool(false)),
        ("bert.pooling_type", Value::U32(POOLING_MEAN)),
        ("tokenizer.ggml.model", text("bert")),
        ("tokenizer.ggml.pre", text("default")),
        (
            "tokenizer.ggml.token_type_count",
            Value::U32(config.type_vocab_size),
        ),
        (
            "tokenizer.ggml.tokens",
            Value::Array(Array::Strings(vocabulary.tokens)),
        ),
        (
            "tokenizer.ggml.token_type",
            Value::Array(Array::I32(vocabulary.kinds)),
        ),
        (
            "tokenizer.ggml.bos_token_id",
            Value::U32(vocabulary.classify),
        ),
        (
            "tokenizer.ggml.cls_token_id",
            Value::U32(vocabulary.classify),
        ),
        // The format spells it this way.
        (
            "tokenizer.ggml.seperator_token_id",
            Value::U32(vocabulary.separate),
        ),
        (
            "tokenizer.ggml.unknown_token_id",
            Value::U32(vocabulary.unknown),
        ),
        (
            "tokenizer.ggml.padding_token_id",
            Value::U32(vocabulary.pad),
        ),
        ("tokenizer.ggml.mask_token_id", Value::U32(vocabulary.mask)),
    ]
    .into_iter()
    .map(|(key, value)| (key.to_owned(), value))
    .collect()
}

/// A tensor's name in both worlds and its shape, slowest dimension first.
struct TensorName {
    published: String,
    gguf: String,
    shape: Vec<usize>,
}

fn tensor_names(config: &Config) -> Vec<TensorName> {
    let [hidden, inner] = [
        config.hidden_size as usize,
        config.intermediate_size as usize,
    ];
    let name = |published: String, gguf: String, shape: &[usize]| TensorName {
        published,
        gguf,
        shape: shape.to_vec(),
    };
    let mut names = Vec::new();
    for (published, gguf, rows) in [
        ("word_embeddings", "token_embd", config.vocab_size),
        (
            "position_embeddings",
            "position_embd",
            config.max_position_embeddings,
        ),
        (
            "token_type_embeddings",
            "token_types",
            config.type_vocab_size,
        ),
    ] {
        let shape = [rows as usize, hidden];
        names.push(name(
            format!("embeddings.{published}.weight"),
            format!("{gguf}.weight"),
            &shape,
        ));
    }
    for part in ["weight", "bias"] {
        names.push(name(
            format!("embeddings.LayerNorm.{part}"),
            format!("token_embd_norm.{part}"),
            &[hidden],
        ));
    }
    for layer in 0..config.num_hidden_layers {
        for (published, gguf, rows, columns) in [
            ("attention.self.query", "attn_q", hidden, hidden),
            ("attention.self.key", "attn_k", hidden, hidden),
            ("attention.self.value", "attn_v", hidden, hidden),
            ("attention.output.dense", "attn_output", hidden, hidden),
            ("intermediate.dense", "ffn_up", inner, hidden),
            ("output.dense", "ffn_down", hidden, inner),
        ] {
            let from = format!("encoder.layer.{layer}.{published}");
            let to = format!("blk.{layer}.{gguf}");
            names.push(name(
                format!("{from}.weight"),
                format!("{to}.weight"),
                &[rows, columns],
            ));
            names.push(name(format!("{from}.bias"), format!("{to}.bias"), &[rows]));
        }
        for (published, gguf) in [
            ("attention.output", "attn_output_norm"),
            ("output", "layer_output_norm"),
        ] {
            for part in ["weight", "bias"] {
                let from = format!("encoder.layer.{layer}.{published}.LayerNorm.{part}");
                names.push(name(from, format!("blk.{layer}.{gguf}.{part}"), &[hidden]));
            }
        }
    }
    names
}

fn find_tensor<'a>(weights: &SafeTensors<'a>, name: &TensorName) -> Result<TensorData<'a>, String> {
    let tensor = weights
        .tensor(&name.published)
        .map_err(|error| format!("tensor {}: {error}", name.published))?;
    if tensor.dtype() != Dtype::F32 {
        return Err(format!(
            "tensor {} is {:?}, only F32 is supported",
            name.published,
            tensor.dtype()
        ));
    }
    if tensor.shape() != name.shape {
        return Err(format!(
            "tensor {} has the shape {:?}, not {:?}",
            name.published,
            tensor.shape(),
            name.shape
        ));
    }
    Ok(TensorData {
        name: name.gguf.clone(),
        shape: name
            .shape
            .iter()
            .rev()
            .map(|length| *length as u64)
            .collect(),
        kind: TensorKind::F32,
        bytes: tensor.data(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_respelled_for_the_engine() {
        assert_eq!(respell("the"), "▁the");
        assert_eq!(respell("##ing"), "ing");
        assert_eq!(respell("[CLS]"), "[CLS]");
        assert_eq!(respell("["), "▁[");
        assert_eq!(respell("#"), "▁#");
    }

    #[test]
    fn a_vocabulary_without_special_tokens_or_with_repeats_is_refused() {
        assert!(
            read_vocabulary(b"a\nb\n", 2)
                .err()
                .unwrap()
                .contains("[UNK]")
        );
        assert!(
            read_vocabulary(b"a\nb\n", 3)
                .err()
                .unwrap()
                .contains("2 entries")
        );
        let twice = b"[PAD]\n[UNK]\n[CLS]\n[SEP]\n[MASK]\n##a\n##a\n";
        assert!(read_vocabulary(twice, 7).err().unwrap().contains("twice"));
        assert!(read_vocabulary(b"\xff\n", 1).is_err());
    }
}
