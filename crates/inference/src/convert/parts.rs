//! The tensors of each architecture: their names in both worlds, their shapes, and what must be changed on the way.

use super::change::Change;
use super::config::{Architecture, Config};

/// A tensor to convert.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Part {
    pub(super) published: String,
    pub(super) gguf: String,
    /// Slowest dimension first.
    pub(super) shape: Vec<u64>,
    pub(super) change: Change,
    /// Whether it may be absent.
    pub(super) is_optional: bool,
}

/// Every tensor of a model, in the order of the GGUF file.
pub(super) fn list_parts(config: &Config) -> Vec<Part> {
    let mut parts = vec![matrix(
        "model.embed_tokens",
        "token_embd",
        [config.tokens, config.width],
        Change::None,
    )];
    for layer in 0..config.layers {
        add_layer(config, layer, &mut parts);
    }
    let norm = match config.architecture {
        Architecture::Phi2 => "model.final_layernorm",
        Architecture::Gemma | Architecture::Llama | Architecture::Phi3 => "model.norm",
    };
    add_norm(config, norm, "output_norm", &mut parts);
    if config.architecture != Architecture::Gemma {
        let mut output = matrix(
            "lm_head",
            "output",
            [config.tokens, config.width],
            Change::None,
        );
        // Models that use the embedding for it do not store it.
        output.is_optional = config.architecture != Architecture::Phi2;
        parts.push(output);
    }
    if config.architecture == Architecture::Phi2 {
        parts.push(bias("lm_head", "output", config.tokens, Change::None));
    }
    parts
}

/// The matrices of a layer: name in both worlds, rows and columns, and how they change. Also those of its adapters.
pub(super) fn list_matrices(
    config: &Config,
) -> Vec<(&'static str, &'static str, [u32; 2], Change)> {
    let (width, inner) = (config.width, config.inner);
    let [queries, keys] = [config.heads, config.kv_heads].map(|heads| heads * config.head_width);
    // The rotation of `llama` turns neighbours, the published one turns numbers half a head apart.
    let interleave = |heads: u32| match config.architecture {
        Architecture::Llama => Change::Interleave { heads },
        Architecture::Gemma | Architecture::Phi2 | Architecture::Phi3 => Change::None,
    };
    let none = Change::None;
    let mut list = match config.architecture {
        Architecture::Phi3 => vec![(
            "self_attn.qkv_proj",
            "attn_qkv",
            [queries + 2 * keys, width],
            none,
        )],
        Architecture::Gemma | Architecture::Llama | Architecture::Phi2 => vec![
            (
                "self_attn.q_proj",
                "attn_q",
                [queries, width],
                interleave(config.heads),
            ),
            (
                "self_attn.k_proj",
                "attn_k",
                [keys, width],
                interleave(config.kv_heads),
            ),
            ("self_attn.v_proj", "attn_v", [keys, width], none),
        ],
    };
    list.extend(match config.architecture {
        Architecture::Phi2 => vec![
            ("self_attn.dense", "attn_output", [width, queries], none),
            ("mlp.fc1", "ffn_up", [inner, width], none),
            ("mlp.fc2", "ffn_down", [width, inner], none),
        ],
        Architecture::Phi3 => vec![
            ("self_attn.o_proj", "attn_output", [width, queries], none),
            ("mlp.gate_up_proj", "ffn_up", [2 * inner, width], none),
            ("mlp.down_proj", "ffn_down", [width, inner], none),
        ],
        Architecture::Gemma | Architecture::Llama => vec![
            ("self_attn.o_proj", "attn_output", [width, queries], none),
            ("mlp.gate_proj", "ffn_gate", [inner, width], none),
            ("mlp.up_proj", "ffn_up", [inner, width], none),
            ("mlp.down_proj", "ffn_down", [width, inner], none),
        ],
    });
    list
}

fn add_layer(config: &Config, layer: u32, parts: &mut Vec<Part>) {
    let from = |name: &str| format!("model.layers.{layer}.{name}");
    let to = |name: &str| format!("blk.{layer}.{name}");
    add_norm(config, &from("input_layernorm"), &to("attn_norm"), parts);
    if config.architecture != Architecture::Phi2 {
        let name = from("post_attention_layernorm");
        add_norm(config, &name, &to("ffn_norm"), parts);
    }
    for (published, gguf, shape, change) in list_matrices(config) {
        parts.push(matrix(&from(published), &to(gguf), shape, change));
        if config.architecture == Architecture::Phi2 {
            parts.push(bias(&from(published), &to(gguf), shape[0], change));
        }
    }
}

fn add_norm(config: &Config, published: &str, gguf: &str, parts: &mut Vec<Part>) {
    // Gemma stores how much more than 1 it multiplies by.
    let change = match config.architecture {
        Architecture::Gemma => Change::AddOne,
        Architecture::Llama | Architecture::Phi2 | Architecture::Phi3 => Change::None,
    };
    parts.push(Part {
        published: format!("{published}.weight"),
        gguf: format!("{gguf}.weight"),
        shape: vec![u64::from(config.width)],
        change,
        is_optional: false,
    });
    if config.architecture == Architecture::Phi2 {
        parts.push(bias(published, gguf, config.width, Change::None));
    }
}

fn matrix(published: &str, gguf: &str, shape: [u32; 2], change: Change) -> Part {
    Part {
        published: format!("{published}.weight"),
        gguf: format!("{gguf}.weight"),
        shape: shape.map(u64::from).to_vec(),
        change,
        is_optional: false,
    }
}

fn bias(published: &str, gguf: &str, length: u32, change: Change) -> Part {
    Part {
        published: format!("{published}.bias"),
        gguf: format!("{gguf}.bias"),
        shape: vec![u64::from(length)],
        change,
        is_optional: false,
    }
}
