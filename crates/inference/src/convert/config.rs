//! `config.json`: which architecture, how large, and how positions are told. What is not understood is refused, because a model
//! that computes something else writes nonsense without an error.

use serde::Deserialize;
use serde_json::Value as Json;

use crate::gguf::Value;

/// Most layers; the largest published models have under 130.
const LAYERS_MAX: u32 = 512;
/// Most numbers in a row of any matrix, and most tokens.
const LENGTH_MAX: u32 = 1 << 21;

/// An architecture that can be converted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Architecture {
    Gemma,
    /// Llama and Mistral.
    Llama,
    Phi2,
    Phi3,
}

impl Architecture {
    fn find(class: &str) -> Option<Self> {
        match class {
            "GemmaForCausalLM" => Some(Self::Gemma),
            "LlamaForCausalLM" | "MistralForCausalLM" => Some(Self::Llama),
            "PhiForCausalLM" => Some(Self::Phi2),
            "Phi3ForCausalLM" => Some(Self::Phi3),
            _ => None,
        }
    }

    /// Its name in GGUF.
    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::Gemma => "gemma",
            Self::Llama => "llama",
            Self::Phi2 => "phi2",
            Self::Phi3 => "phi3",
        }
    }
}

#[derive(Debug, Deserialize)]
struct Published {
    architectures: Vec<String>,
    hidden_size: u32,
    intermediate_size: u32,
    num_hidden_layers: u32,
    num_attention_heads: u32,
    num_key_value_heads: Option<u32>,
    head_dim: Option<u32>,
    max_position_embeddings: u32,
    vocab_size: u32,
    rms_norm_eps: Option<f32>,
    layer_norm_eps: Option<f32>,
    hidden_act: Option<String>,
    hidden_activation: Option<String>,
    partial_rotary_factor: Option<f32>,
    rope_theta: Option<f32>,
    rope_scaling: Option<Json>,
    rope_parameters: Option<Json>,
    #[serde(default)]
    attention_bias: bool,
    #[serde(default)]
    mlp_bias: bool,
    #[serde(default)]
    qk_layernorm: bool,
}

/// The part of the configuration that matters here, checked.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Config {
    pub(super) architecture: Architecture,
    pub(super) width: u32,
    pub(super) inner: u32,
    pub(super) layers: u32,
    pub(super) heads: u32,
    pub(super) kv_heads: u32,
    pub(super) head_width: u32,
    pub(super) tokens: u32,
    context: u32,
    rotated: u32,
    epsilon: f32,
    rope: Rope,
}

/// How positions are told.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Rope {
    base: f32,
    /// What positions are divided by.
    factor: Option<f32>,
}

impl Config {
    /// Reads and checks `config.json`.
    pub(super) fn parse(bytes: &[u8]) -> Result<Self, String> {
        let published: Published =
            serde_json::from_slice(bytes).map_err(|error| error.to_string())?;
        let class = published.architectures.first().map_or("", String::as_str);
        let Some(architecture) = Architecture::find(class) else {
            return Err(format!(
                "the architecture {class:?} is not known; GemmaForCausalLM, LlamaForCausalLM, MistralForCausalLM, \
                 PhiForCausalLM and Phi3ForCausalLM are"
            ));
        };
        check_sizes(&published)?;
        check_kind(&published, architecture)?;
        let heads = published.num_attention_heads;
        let head_width = published.head_dim.unwrap_or(published.hidden_size / heads);
        let rope = read_rope(&published)?;
        let epsilon = published.rms_norm_eps.or(published.layer_norm_eps);
        let epsilon = epsilon.ok_or("it names neither rms_norm_eps nor layer_norm_eps")?;
        Ok(Self {
            architecture,
            width: published.hidden_size,
            inner: published.intermediate_size,
            layers: published.num_hidden_layers,
            heads,
            kv_heads: published.num_key_value_heads.unwrap_or(heads),
            head_width,
            tokens: published.vocab_size,
            context: published.max_position_embeddings,
            rotated: find_rotated(&published, head_width)?,
            epsilon,
            rope,
        })
    }

    /// The shape alone, for adapters: width, inner width, layers, heads, heads for keys, width of a head.
    pub(super) const fn for_adapter(architecture: Architecture, shape: [u32; 6]) -> Self {
        let [width, inner, layers, heads, kv_heads, head_width] = shape;
        Self {
            architecture,
            width,
            inner,
            layers,
            heads,
            kv_heads,
            head_width,
            tokens: 0,
            context: 0,
            rotated: head_width,
            epsilon: 0.0,
            rope: Rope {
                base: 0.0,
                factor: None,
            },
        }
    }

    /// The keys of the file that describe the network.
    pub(super) fn metadata(&self) -> Vec<(String, Value)> {
        let name = self.architecture.name();
        let mut metadata = vec![(
            "general.architecture".to_owned(),
            Value::String(name.to_owned()),
        )];
        let epsilon = match self.architecture {
            Architecture::Phi2 => "attention.layer_norm_epsilon",
            Architecture::Gemma | Architecture::Llama | Architecture::Phi3 => {
                "attention.layer_norm_rms_epsilon"
            }
        };
        let mut set = |key: &str, value: Value| metadata.push((format!("{name}.{key}"), value));
        set("block_count", Value::U32(self.layers));
        set("context_length", Value::U32(self.context));
        set("embedding_length", Value::U32(self.width));
        set("feed_forward_length", Value::U32(self.inner));
        set("attention.head_count", Value::U32(self.heads));
        set("attention.head_count_kv", Value::U32(self.kv_heads));
        set("attention.key_length", Value::U32(self.head_width));
        set("attention.value_length", Value::U32(self.head_width));
        set(epsilon, Value::F32(self.epsilon));
        set("rope.dimension_count", Value::U32(self.rotated));
        set("rope.freq_base", Value::F32(self.rope.base));
        if let Some(factor) = self.rope.factor {
            set("rope.scaling.type", Value::String("linear".to_owned()));
            set("rope.scaling.factor", Value::F32(factor));
        }
        set("vocab_size", Value::U32(self.tokens));
        metadata
    }
}

fn check_sizes(published: &Published) -> Result<(), String> {
    let heads = published.num_attention_heads;
    for (key, number, most) in [
        ("hidden_size", published.hidden_size, LENGTH_MAX),
        ("intermediate_size", published.intermediate_size, LENGTH_MAX),
        ("num_hidden_layers", published.num_hidden_layers, LAYERS_MAX),
        ("num_attention_heads", heads, LENGTH_MAX),
        (
            "num_key_value_heads",
            published.num_key_value_heads.unwrap_or(heads),
            LENGTH_MAX,
        ),
        ("head_dim", published.head_dim.unwrap_or(2), LENGTH_MAX),
        ("vocab_size", published.vocab_size, LENGTH_MAX),
        (
            "max_position_embeddings",
            published.max_position_embeddings,
            u32::MAX,
        ),
    ] {
        if number == 0 || number > most {
            return Err(format!("{key} is {number}, not between 1 and {most}"));
        }
    }
    let kv_heads = published.num_key_value_heads.unwrap_or(heads);
    if !heads.is_multiple_of(kv_heads) {
        return Err(format!(
            "num_attention_heads {heads} is no multiple of num_key_value_heads {kv_heads}"
        ));
    }
    let head_width = match published.head_dim {
        Some(width) => width,
        None if published.hidden_size.is_multiple_of(heads) => published.hidden_size / heads,
        None => {
            return Err(format!(
                "hidden_size {} is no multiple of num_attention_heads {heads}",
                published.hidden_size
            ));
        }
    };
    if !head_width.is_multiple_of(2) || u64::from(head_width) * u64::from(heads) > 1 << 24 {
        return Err(format!(
            "heads of {head_width} numbers cannot be converted; the number must be even, and all heads together have at most 16 million"
        ));
    }
    Ok(())
}

/// Refuses what the architecture in llama.cpp would compute in another way.
fn check_kind(published: &Published, architecture: Architecture) -> Result<(), String> {
    let activation = published
        .hidden_activation
        .as_deref()
        .or(published.hidden_act.as_deref());
    let known: &[&str] = match architecture {
        Architecture::Gemma => &["gelu", "gelu_pytorch_tanh", "gelu_new"],
        Architecture::Llama | Architecture::Phi3 => &["silu"],
        Architecture::Phi2 => &["gelu_new", "gelu_pytorch_tanh"],
    };
    if let Some(activation) = activation.filter(|activation| !known.contains(activation)) {
        return Err(format!(
            "the activation {activation:?} is not known for {}; {} is",
            architecture.name(),
            known.join(" or ")
        ));
    }
    if published.attention_bias || published.mlp_bias || published.qk_layernorm {
        return Err("attention_bias, mlp_bias and qk_layernorm are not supported".to_owned());
    }
    let heads_width = published
        .head_dim
        .and_then(|width| width.checked_mul(published.num_attention_heads));
    let is_phi = matches!(architecture, Architecture::Phi2 | Architecture::Phi3);
    if is_phi && heads_width.is_some_and(|width| width != published.hidden_size) {
        return Err("head_dim times num_attention_heads is not hidden_size".to_owned());
    }
    Ok(())
}

fn find_rotated(published: &Published, head_width: u32) -> Result<u32, String> {
    let named = published.rope_parameters.as_ref();
    let factor = named
        .and_then(|parameters| parameters.get("partial_rotary_factor"))
        .and_then(Json::as_f64)
        .or(published.partial_rotary_factor.map(f64::from))
        .unwrap_or(1.0);
    // A factor such as 0.4 is a 32-bit float here and there, so the product is rounded to what was meant.
    let rotated = (f64::from(head_width) * factor + 1e-4).floor();
    if !(2.0..=f64::from(head_width)).contains(&rotated) {
        return Err(format!("partial_rotary_factor is {factor}"));
    }
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "between 2 and the width"
    )]
    Ok(rotated as u32)
}

fn read_rope(published: &Published) -> Result<Rope, String> {
    let scaling = published
        .rope_parameters
        .as_ref()
        .or(published.rope_scaling.as_ref())
        .filter(|scaling| !scaling.is_null());
    let find = |key: &str| scaling.and_then(|scaling| scaling.get(key));
    #[expect(clippy::cast_possible_truncation, reason = "the format stores 32 bits")]
    let number = |value: &Json| value.as_f64().map(|number| number as f32);
    let base = find("rope_theta")
        .and_then(number)
        .or(published.rope_theta)
        .unwrap_or(10_000.0);
    let kind = find("rope_type").or_else(|| find("type"));
    let factor = match kind.and_then(Json::as_str).unwrap_or("default") {
        "default" => None,
        "linear" => Some(
            find("factor")
                .and_then(number)
                .ok_or("the linear rope scaling names no factor")?,
        ),
        other => {
            return Err(format!(
                "the rope scaling {other:?} is not supported; default and linear are"
            ));
        }
    };
    let is_positive = |number: f32| number.is_finite() && number > 0.0;
    if !is_positive(base) || !factor.is_none_or(is_positive) {
        return Err(format!(
            "the rope has the base {base} and the factor {factor:?}"
        ));
    }
    Ok(Rope { base, factor })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(change: &str) -> Result<Config, String> {
        let mut config: Json = serde_json::from_str(
            r#"{"architectures": ["LlamaForCausalLM"], "hidden_size": 64, "intermediate_size": 128, "num_hidden_layers": 2,
                "num_attention_heads": 4, "max_position_embeddings": 512, "vocab_size": 300, "rms_norm_eps": 1e-6,
                "hidden_act": "silu", "rope_theta": 100000}"#,
        )
        .unwrap();
        let change: serde_json::Map<String, Json> = serde_json::from_str(change).unwrap();
        for (key, value) in change {
            config[key] = value;
        }
        Config::parse(config.to_string().as_bytes())
    }

    #[test]
    fn linear_scaling_is_read_as_it_was_and_is_written() {
        for change in [
            r#"{"rope_scaling": {"type": "linear", "factor": 4.0}}"#,
            r#"{"rope_parameters": {"rope_type": "linear", "factor": 4.0, "rope_theta": 100000.0}}"#,
        ] {
            let config = parse(change).unwrap();
            assert_eq!(
                config.rope,
                Rope {
                    base: 100_000.0,
                    factor: Some(4.0)
                }
            );
        }
        assert_eq!(parse("{}").unwrap().rope.factor, None);
    }

    #[test]
    fn what_is_not_understood_is_refused() {
        for (change, reason) in [
            (r#"{"architectures": ["T5Model"]}"#, "T5Model"),
            (r#"{"architectures": []}"#, "architecture"),
            (r#"{"num_attention_heads": 0}"#, "num_attention_heads"),
            (r#"{"num_attention_heads": 5}"#, "hidden_size"),
            (r#"{"num_key_value_heads": 3}"#, "multiple"),
            (r#"{"num_hidden_layers": 4000000}"#, "num_hidden_layers"),
            (r#"{"head_dim": 15}"#, "even"),
            (r#"{"hidden_act": "relu"}"#, "relu"),
            (r#"{"attention_bias": true}"#, "attention_bias"),
            (r#"{"partial_rotary_factor": 9.0}"#, "partial_rotary_factor"),
            (
                r#"{"rope_scaling": {"type": "yarn", "factor": 4.0}}"#,
                "yarn",
            ),
            (r#"{"rope_scaling": {"type": "linear"}}"#, "factor"),
            (r#"{"rope_theta": -1}"#, "base"),
            (r#"{"rms_norm_eps": null}"#, "rms_norm_eps"),
        ] {
            let error = parse(change).unwrap_err();
            assert!(error.contains(reason), "{change}: {error}");
        }
        assert!(Config::parse(b"{").is_err());
    }
}
