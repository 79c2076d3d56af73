//! Whether the header of a GGUF file describes a language model that llama.cpp can write with, and what the header says of it.
//!
//! llama.cpp ends its process on some contradictions; whatever passes here is still loaded for trial in a process of its own,
//! but what is refused here is refused with a sentence that says what is wrong.

use std::collections::HashSet;

use super::kinds::find_quantisation;
use crate::gguf::{Array, Header, Value};

/// Most layers llama.cpp has room for.
const LAYERS_MAX: u32 = 512;
/// Most experts of a layer llama.cpp has room for.
const EXPERTS_MAX: u32 = 1024;
/// Longest context that makes sense; the longest published ones have ten million tokens.
const CONTEXT_TOKENS_MAX: u32 = 1 << 28;
/// Most tokens of a vocabulary; the largest published ones have about 262,000.
const VOCABULARY_MAX: usize = 1 << 22;
/// Key of the kind of file; absent means a model.
pub(crate) const TYPE_KEY: &str = "general.type";

/// Architectures whose models llama.cpp (as pinned) can write with: decoders of text. Encoders, translators, speech, vision
/// towers, diffusion and the helpers of other models are left out.
const ARCHITECTURES: [&str; 66] = [
    "apertus",
    "arcee",
    "arctic",
    "baichuan",
    "bitnet",
    "bloom",
    "chatglm",
    "codeshell",
    "cohere2",
    "command-r",
    "dbrx",
    "deci",
    "deepseek",
    "deepseek2",
    "ernie4_5",
    "ernie4_5-moe",
    "exaone",
    "exaone4",
    "falcon",
    "falcon-h1",
    "gemma",
    "gemma2",
    "gemma3",
    "gemma3n",
    "gemma4",
    "glm4",
    "glm4moe",
    "gpt-oss",
    "gpt2",
    "gptneox",
    "granite",
    "granitehybrid",
    "granitemoe",
    "hunyuan-dense",
    "hunyuan-moe",
    "internlm2",
    "jamba",
    "jais",
    "lfm2",
    "llama",
    "llama4",
    "maincoder",
    "mamba",
    "mamba2",
    "minicpm",
    "minicpm3",
    "mistral3",
    "mistral4",
    "mpt",
    "nemotron",
    "nemotron_h",
    "olmo",
    "olmo2",
    "olmoe",
    "openelm",
    "orion",
    "phi2",
    "phi3",
    "phimoe",
    "qwen",
    "qwen2",
    "qwen2moe",
    "qwen3",
    "qwen3moe",
    "smollm3",
    "starcoder2",
];
/// More of them, by a common beginning: generations of one family.
const FAMILIES: [&str; 3] = ["qwen35", "qwen3next", "rwkv"];

/// What a header says of its model.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Description {
    /// Such as `llama`.
    pub(crate) architecture: String,
    /// How most numbers are stored, such as `Q4_K_M`.
    pub(crate) quantisation: String,
    /// Number of weights.
    pub(crate) parameters: u64,
    /// Tokens it was trained to read at most.
    pub(crate) context_tokens: u32,
    /// Whether it has a chat template.
    pub(crate) has_template: bool,
    /// Licence, where the file names it.
    pub(crate) licence: Option<String>,
}

/// What the header says, unless it does not describe a language model that can be used.
///
/// # Errors
/// The reason, without the name of the file.
pub(crate) fn describe_model(header: &Header) -> Result<Description, String> {
    let architecture = find_architecture(header)?;
    check_whole(header)?;
    let model = Hyper {
        header,
        architecture,
    };
    let layers = check_sizes(&model)?;
    check_experts(&model)?;
    check_rope(&model)?;
    let vocabulary = check_vocabulary(header)?;
    check_embedding(&model, vocabulary)?;
    check_layers(header, layers)?;
    Ok(Description {
        architecture: architecture.to_owned(),
        quantisation: find_quantisation(header),
        parameters: count_parameters(header),
        context_tokens: model.number("context_length", 1, CONTEXT_TOKENS_MAX)?,
        has_template: header
            .find_text("tokenizer.chat_template")
            .is_some_and(|text| !text.trim().is_empty()),
        licence: header.find_text("general.license").map(str::to_owned),
    })
}

fn find_architecture(header: &Header) -> Result<&str, String> {
    if let Some(kind) = header.find_text(TYPE_KEY)
        && kind != "model"
    {
        return Err(if kind == "adapter" {
            "it is an adapter; add it to its model with `codegenie models adapter`".to_owned()
        } else {
            format!("it is a file of type {kind:?}, not a language model")
        });
    }
    let architecture = header
        .find_text("general.architecture")
        .ok_or("it does not say which architecture it has")?;
    let is_family = FAMILIES
        .iter()
        .any(|family| architecture.starts_with(family));
    if is_family || ARCHITECTURES.contains(&architecture) {
        Ok(architecture)
    } else {
        Err(format!(
            "its architecture is {architecture:?}, which cannot write text here"
        ))
    }
}

/// Refuses one part of a model that was split over several files.
fn check_whole(header: &Header) -> Result<(), String> {
    match header.find("split.count").and_then(as_u64) {
        Some(parts) if parts > 1 => Err(format!(
            "it is one of {parts} parts of a model; join them with llama-gguf-split --merge, or choose a file that is whole"
        )),
        _ => Ok(()),
    }
}

/// The hyper-parameters of a model: metadata under the name of its architecture.
struct Hyper<'a> {
    header: &'a Header,
    architecture: &'a str,
}

impl Hyper<'_> {
    fn find(&self, key: &str) -> Option<&Value> {
        self.header.find(&format!("{}.{key}", self.architecture))
    }

    /// A number that must be there.
    fn number(&self, key: &str, least: u32, most: u32) -> Result<u32, String> {
        self.find_number(key, least, most)?
            .ok_or_else(|| format!("{}.{key} is missing", self.architecture))
    }

    /// A number that may be absent.
    fn find_number(&self, key: &str, least: u32, most: u32) -> Result<Option<u32>, String> {
        let Some(value) = self.find(key) else {
            return Ok(None);
        };
        let number = as_u64(value)
            .and_then(|number| u32::try_from(number).ok())
            .filter(|number| (least..=most).contains(number));
        number.map(Some).ok_or_else(|| {
            format!(
                "{}.{key} is {}, not a number from {least} to {most}",
                self.architecture,
                show(value)
            )
        })
    }

    /// A number for all layers, or one for each. Of several, those of the first layers count.
    fn find_per_layer(&self, key: &str, layers: u32) -> Result<Option<Vec<u32>>, String> {
        let Some(Value::Array(array)) = self.find(key) else {
            return Ok(self
                .find_number(key, 0, u32::MAX)?
                .map(|number| vec![number]));
        };
        let numbers: Vec<u32> = match array {
            Array::I32(numbers) => numbers
                .iter()
                .filter_map(|&number| number.try_into().ok())
                .collect(),
            Array::Other { kind: 4, bytes } => bytes
                .as_chunks()
                .0
                .iter()
                .map(|chunk| u32::from_le_bytes(*chunk))
                .collect(),
            Array::Strings(_) | Array::F32(_) | Array::Other { .. } => Vec::new(),
        };
        if numbers.len() < layers as usize {
            return Err(format!(
                "{}.{key} has {} usable entries for {layers} layers",
                self.architecture,
                numbers.len()
            ));
        }
        Ok(Some(numbers))
    }
}

/// Checks the sizes that everything else is computed from; gives the number of layers.
fn check_sizes(model: &Hyper<'_>) -> Result<u32, String> {
    let layers = model.number("block_count", 1, LAYERS_MAX)?;
    let width = model.number("embedding_length", 1, 1 << 20)?;
    let Some(heads) = model.find_per_layer("attention.head_count", layers)? else {
        // Some architectures have no attention.
        return Ok(layers);
    };
    let own_size = model.find_number("attention.key_length", 1, 1 << 20)?;
    for &count in heads.iter().filter(|count| **count > 0) {
        if count > width || (own_size.is_none() && !width.is_multiple_of(count)) {
            return Err(format!(
                "an embedding of {width} numbers cannot be shared by {count} attention heads"
            ));
        }
    }
    if let Some(groups) = model.find_per_layer("attention.head_count_kv", layers)? {
        let pairs = heads.iter().cycle().zip(&groups);
        for (&count, &group) in pairs {
            if group > 0 && (group > count || !count.is_multiple_of(group)) {
                return Err(format!(
                    "{count} attention heads cannot share {group} heads of keys and values"
                ));
            }
        }
    }
    Ok(layers)
}

fn check_experts(model: &Hyper<'_>) -> Result<(), String> {
    let experts = model
        .find_number("expert_count", 0, EXPERTS_MAX)?
        .unwrap_or(0);
    let used = match model.find("expert_used_count") {
        Some(Value::Array(_)) => return Ok(()),
        Some(_) => model
            .find_number("expert_used_count", 0, EXPERTS_MAX)?
            .unwrap_or(0),
        None => 0,
    };
    let is_hunyuan = model.architecture.starts_with("hunyuan");
    if used > experts || (experts > 0 && used == 0 && !is_hunyuan) {
        return Err(format!("{used} of {experts} experts cannot be used"));
    }
    Ok(())
}

fn check_rope(model: &Hyper<'_>) -> Result<(), String> {
    if let Some(value) = model.find("rope.scaling.type") {
        let is_known = matches!(value, Value::String(kind) if ["none", "linear", "yarn", "longrope"].contains(&kind.as_str()));
        if !is_known {
            return Err(format!(
                "{}.rope.scaling.type is {}, which is unknown",
                model.architecture,
                show(value)
            ));
        }
    }
    // llama.cpp rotates whole heads in this architecture and ends the process when it is told otherwise.
    if model.architecture == "llama"
        && let (Some(rotated), Some(heads)) = (
            model.find_number("rope.dimension_count", 0, 1 << 20)?,
            model.find("attention.head_count").and_then(as_u64),
        )
    {
        let width = u64::from(model.number("embedding_length", 1, 1 << 20)?);
        let own_size = model.find_number("attention.key_length", 1, 1 << 20)?;
        let head = own_size.map_or(width / heads.max(1), u64::from);
        if head != u64::from(rotated) {
            return Err(format!(
                "its heads have {head} numbers, and {rotated} of them would be rotated"
            ));
        }
    }
    Ok(())
}

/// Checks the vocabulary; gives its size.
fn check_vocabulary(header: &Header) -> Result<u64, String> {
    match header.find_text("tokenizer.ggml.model") {
        None | Some("none" | "no_vocab") => {
            return Err("it has no vocabulary, so it cannot read text".to_owned());
        }
        Some(_) => {}
    }
    let Some(Value::Array(Array::Strings(tokens))) = header.find("tokenizer.ggml.tokens") else {
        return Err("tokenizer.ggml.tokens is not a list of texts".to_owned());
    };
    if tokens.is_empty() || tokens.len() > VOCABULARY_MAX {
        return Err(format!(
            "its vocabulary has {} tokens, not 1 to {VOCABULARY_MAX}",
            tokens.len()
        ));
    }
    let mut seen = HashSet::with_capacity(tokens.len());
    // llama.cpp gives every empty token a name of its own.
    if let Some(twice) = tokens
        .iter()
        .find(|token| !token.is_empty() && !seen.insert(token.as_str()))
    {
        return Err(format!("the token {twice:?} is in its vocabulary twice"));
    }
    for key in ["tokenizer.ggml.scores", "tokenizer.ggml.token_type"] {
        let length = match header.find(key) {
            None => continue,
            Some(Value::Array(Array::I32(numbers))) => numbers.len(),
            Some(Value::Array(Array::F32(numbers))) if key.ends_with("scores") => numbers.len(),
            Some(_) => return Err(format!("{key} is not a list of numbers")),
        };
        if length < tokens.len() {
            return Err(format!(
                "{key} has {length} entries for {} tokens",
                tokens.len()
            ));
        }
    }
    Ok(tokens.len() as u64)
}

/// The table of embeddings has a row for each token.
fn check_embedding(model: &Hyper<'_>, vocabulary: u64) -> Result<(), String> {
    let width = u64::from(model.number("embedding_length", 1, 1 << 20)?);
    let tensors = &model.header.tensors;
    let Some(table) = tensors
        .iter()
        .find(|tensor| tensor.name == "token_embd.weight")
    else {
        return Err("the tensor token_embd.weight is missing".to_owned());
    };
    if table.shape != [width, vocabulary] {
        return Err(format!(
            "token_embd.weight has the shape {:?}, but {vocabulary} tokens of {width} numbers need [{width}, {vocabulary}]",
            table.shape
        ));
    }
    Ok(())
}

/// Every layer that was promised is there, and none beyond.
fn check_layers(header: &Header, layers: u32) -> Result<(), String> {
    let mut seen = vec![false; layers as usize];
    for tensor in &header.tensors {
        let Some(rest) = tensor.name.strip_prefix("blk.") else {
            continue;
        };
        let number = rest
            .split('.')
            .next()
            .and_then(|text| text.parse::<usize>().ok());
        match number.and_then(|number| seen.get_mut(number)) {
            Some(entry) => *entry = true,
            None => {
                return Err(format!(
                    "the tensor {:?} belongs to none of its {layers} layers",
                    tensor.name
                ));
            }
        }
    }
    match seen.iter().position(|is_there| !is_there) {
        Some(absent) => Err(format!("layer {absent} of {layers} has no tensors")),
        None => Ok(()),
    }
}

fn count_parameters(header: &Header) -> u64 {
    let sizes = header
        .tensors
        .iter()
        .map(|tensor| tensor.shape.iter().product::<u64>());
    sizes.fold(0, u64::saturating_add)
}

/// A whole number that is not negative, whatever its type.
pub(crate) fn as_u64(value: &Value) -> Option<u64> {
    match value {
        Value::U8(number) => Some(u64::from(*number)),
        Value::U16(number) => Some(u64::from(*number)),
        Value::U32(number) => Some(u64::from(*number)),
        Value::U64(number) => Some(*number),
        Value::I8(number) => u64::try_from(*number).ok(),
        Value::I16(number) => u64::try_from(*number).ok(),
        Value::I32(number) => u64::try_from(*number).ok(),
        Value::I64(number) => u64::try_from(*number).ok(),
        Value::F32(_) | Value::F64(_) | Value::Bool(_) | Value::String(_) | Value::Array(_) => None,
    }
}

/// A value as it is shown in an error: short, whatever it is.
fn show(value: &Value) -> String {
    if let Value::String(text) = value {
        return format!("{:?}", text.chars().take(40).collect::<String>());
    }
    if matches!(value, Value::Array(_)) {
        return "a list".to_owned();
    }
    as_u64(value).map_or_else(|| format!("{value:?}"), |number| number.to_string())
}

#[cfg(test)]
pub(crate) mod tests;
