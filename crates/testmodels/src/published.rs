//! Tiny random models and adapters as they are published on the hub: safetensors, a configuration, and a tokenizer. For what converts
//! them, and for comparing with the libraries that read them.

use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::path::Path;

use serde_json::{Value as Json, json};

use crate::family::{Family, Shape};
use crate::numbers::Random;
use crate::random::{RandomTensor, plan_tensors};
use crate::vocabulary::{Kind, Vocabulary};

/// Writes a tiny model of random weights (32-bit floats) in the shape of `family` to `folder`, which must exist: `config.json`,
/// `tokenizer.json`, `tokenizer_config.json` and `model.safetensors`. The same `seed` gives the same files.
///
/// # Errors
/// When a file cannot be written.
pub fn write_published(family: Family, seed: u64, folder: &Path) -> io::Result<()> {
    let shape = family.tiny_shape();
    let vocabulary = family.vocabulary(None);
    let tensors: BTreeMap<String, Tensor> = plan_tensors(family, &shape, vocabulary.tokens.len())
        .into_iter()
        .enumerate()
        .map(|(index, tensor)| {
            let mut random = Random::new(seed ^ ((index as u64 + 1) << 32));
            let numbers = fill(family, &tensor, &mut random);
            (publish_name(family, &tensor.name), numbers)
        })
        .collect();
    let write = |name: &str, json: &Json| fs::write(folder.join(name), json.to_string());
    write("config.json", &describe(family, &shape, &vocabulary))?;
    write("tokenizer.json", &describe_tokenizer(&vocabulary))?;
    write("tokenizer_config.json", &describe_settings(family))?;
    fs::write(folder.join("model.safetensors"), pack(&tensors))
}

/// Writes a PEFT adapter of random weights for all matrices of [`write_published`]'s model to `folder`, which must exist.
///
/// # Errors
/// When a file cannot be written.
pub fn write_published_adapter(
    family: Family,
    rank: u32,
    seed: u64,
    folder: &Path,
) -> io::Result<()> {
    let shape = family.tiny_shape();
    let mut tensors = BTreeMap::new();
    let mut modules = Vec::new();
    for (index, tensor) in plan_tensors(family, &shape, 1).iter().enumerate() {
        if !tensor.name.starts_with("blk.") || tensor.shape.len() < 2 {
            continue;
        }
        let name = publish_name(family, &tensor.name);
        let name = name.trim_end_matches(".weight").to_owned();
        let module = name.rsplit('.').next().unwrap_or_default().to_owned();
        if !modules.contains(&module) {
            modules.push(module);
        }
        let mut random = Random::new(seed ^ ((index as u64 + 1) << 32));
        for (half, [columns, rows]) in [
            ("A", [tensor.shape[0], rank]),
            ("B", [rank, tensor.shape[1]]),
        ] {
            let half_tensor = Tensor::random([columns, rows].to_vec(), 0.0, 0.1, &mut random);
            tensors.insert(
                format!("base_model.model.{name}.lora_{half}.weight"),
                half_tensor,
            );
        }
    }
    let config = json!({
        "peft_type": "LORA", "task_type": "CAUSAL_LM", "r": rank, "lora_alpha": 2 * rank, "lora_dropout": 0.0, "bias": "none",
        "target_modules": modules, "inference_mode": true, "base_model_name_or_path": family.name(),
    });
    fs::write(folder.join("adapter_config.json"), config.to_string())?;
    fs::write(folder.join("adapter_model.safetensors"), pack(&tensors))
}

/// Lengths, fastest dimension first, and the numbers.
struct Tensor {
    shape: Vec<u32>,
    bytes: Vec<u8>,
}

impl Tensor {
    fn random(shape: Vec<u32>, mean: f32, deviation: f32, random: &mut Random) -> Self {
        let count: u32 = shape.iter().product();
        let numbers = (0..count).flat_map(|_| (mean + deviation * random.normal()).to_le_bytes());
        Self {
            bytes: numbers.collect(),
            shape,
        }
    }
}

fn fill(family: Family, tensor: &RandomTensor, random: &mut Random) -> Tensor {
    // Gemma stores how much more than 1 its norms multiply by.
    let is_norm = tensor.name.contains("norm") && family == Family::Gemma;
    let mean = if is_norm { 0.0 } else { tensor.mean };
    Tensor::random(tensor.shape.clone(), mean, tensor.deviation, random)
}

/// The name a tensor is published by.
fn publish_name(family: Family, name: &str) -> String {
    let phi = family == Family::Phi2;
    let (base, part) = name.rsplit_once('.').unwrap_or((name, "weight"));
    let published = match base {
        "token_embd" => "model.embed_tokens".to_owned(),
        "output" => "lm_head".to_owned(),
        "output_norm" if phi => "model.final_layernorm".to_owned(),
        "output_norm" => "model.norm".to_owned(),
        _ => {
            let mut words = base.splitn(3, '.').skip(1);
            let layer = words.next().unwrap_or_default();
            let module = match words.next().unwrap_or_default() {
                "attn_norm" => "input_layernorm",
                "ffn_norm" => "post_attention_layernorm",
                "attn_q" => "self_attn.q_proj",
                "attn_k" => "self_attn.k_proj",
                "attn_v" => "self_attn.v_proj",
                "attn_qkv" => "self_attn.qkv_proj",
                "attn_output" if phi => "self_attn.dense",
                "attn_output" => "self_attn.o_proj",
                "ffn_up" if phi => "mlp.fc1",
                "ffn_down" if phi => "mlp.fc2",
                "ffn_up" if family == Family::Phi3 => "mlp.gate_up_proj",
                "ffn_gate" => "mlp.gate_proj",
                "ffn_up" => "mlp.up_proj",
                "ffn_down" => "mlp.down_proj",
                other => panic!("BUG: the tensor {other} has no published name"),
            };
            format!("model.layers.{layer}.{module}")
        }
    };
    format!("{published}.{part}")
}

fn describe(family: Family, shape: &Shape, vocabulary: &Vocabulary) -> Json {
    let (class, kind, activation) = match family {
        Family::Gemma => ("GemmaForCausalLM", "gemma", "gelu_pytorch_tanh"),
        Family::DeepseekCoder => ("LlamaForCausalLM", "llama", "silu"),
        Family::Phi2 => ("PhiForCausalLM", "phi", "gelu_new"),
        Family::Phi3 => ("Phi3ForCausalLM", "phi3", "silu"),
        Family::Mistral => ("MistralForCausalLM", "mistral", "silu"),
    };
    let specials = &vocabulary.specials;
    let mut config = json!({
        "architectures": [class],
        "model_type": kind,
        "hidden_act": activation,
        "hidden_size": shape.width,
        "intermediate_size": shape.inner,
        "num_hidden_layers": shape.layers,
        "num_attention_heads": shape.heads,
        "num_key_value_heads": shape.kv_heads,
        "max_position_embeddings": shape.context,
        "vocab_size": vocabulary.tokens.len(),
        "rope_theta": family.rope_base(),
        "tie_word_embeddings": family == Family::Gemma,
        "bos_token_id": vocabulary.id(specials.bos),
        "eos_token_id": vocabulary.id(specials.eos),
        "pad_token_id": specials.pad.map(|pad| vocabulary.id(pad)),
        "torch_dtype": "float32",
    });
    let extra = match family {
        Family::Gemma => json!({"head_dim": shape.head_width, "hidden_activation": activation}),
        Family::DeepseekCoder => json!({"rope_scaling": {"type": "linear", "factor": 4.0}}),
        Family::Phi2 => json!({
            "partial_rotary_factor": 0.5, "qk_layernorm": false, "layer_norm_eps": family.norm_epsilon(),
        }),
        Family::Phi3 => json!({
            "original_max_position_embeddings": shape.context, "rope_scaling": null, "sliding_window": null,
        }),
        Family::Mistral => json!({"sliding_window": null}),
    };
    if family != Family::Phi2 {
        config["rms_norm_eps"] = json!(family.norm_epsilon());
    }
    for (key, value) in extra.as_object().into_iter().flatten() {
        config[key] = value.clone();
    }
    config
}

fn describe_settings(family: Family) -> Json {
    let specials = family.specials();
    let mut settings = json!({
        "tokenizer_class": "PreTrainedTokenizerFast",
        "bos_token": specials.bos,
        "eos_token": specials.eos,
        "unk_token": specials.unknown,
        "pad_token": specials.pad,
        "add_bos_token": specials.is_bos_put_first,
        "clean_up_tokenization_spaces": false,
    });
    if let Some(template) = family.template() {
        settings["chat_template"] = json!(template);
    }
    settings
}

fn describe_tokenizer(vocabulary: &Vocabulary) -> Json {
    let specials = &vocabulary.specials;
    let added: Vec<Json> = specials
        .front
        .iter()
        .chain(specials.back)
        .map(|special| {
            json!({
                "id": vocabulary.id(special), "content": special, "single_word": false, "lstrip": false, "rstrip": false,
                "normalized": false, "special": true,
            })
        })
        .collect();
    let vocab: serde_json::Map<String, Json> = vocabulary
        .tokens
        .iter()
        .zip(0..)
        .map(|(token, id): (&String, u32)| (token.clone(), json!(id)))
        .collect();
    let merges: Vec<Json> = vocabulary
        .merges
        .iter()
        .map(|(left, right)| json!([left, right]))
        .collect();
    let space = json!({"type": "Replace", "pattern": {"String": " "}, "content": "▁"});
    let (normalizer, cut, has_bytes_left) = match vocabulary.kind {
        Kind::Bytes { cut } => (Json::Null, describe_cut(cut), false),
        Kind::Pieces {
            is_space_put_first: true,
        } => {
            let first = json!({"type": "Prepend", "prepend": "▁"});
            let steps = json!({"type": "Sequence", "normalizers": [first, space]});
            (steps, Json::Null, true)
        }
        Kind::Pieces {
            is_space_put_first: false,
        } => (space, Json::Null, true),
    };
    let begin = json!({"SpecialToken": {"id": specials.bos, "type_id": 0}});
    let text = |name: &str, kind: u32| json!({"Sequence": {"id": name, "type_id": kind}});
    let frame = json!({
        "type": "TemplateProcessing",
        "single": [begin.clone(), text("A", 0)],
        "pair": [begin.clone(), text("A", 0), begin, text("B", 1)],
        "special_tokens": {
            specials.bos: {"id": specials.bos, "ids": [vocabulary.id(specials.bos)], "tokens": [specials.bos]},
        },
    });
    json!({
        "version": "1.0",
        "truncation": null,
        "padding": null,
        "added_tokens": added,
        "normalizer": normalizer,
        "pre_tokenizer": cut,
        "post_processor": if specials.is_bos_put_first { frame } else { Json::Null },
        "decoder": null,
        "model": {
            "type": "BPE", "dropout": null, "unk_token": specials.unknown, "continuing_subword_prefix": null,
            "end_of_word_suffix": null, "fuse_unk": has_bytes_left, "byte_fallback": has_bytes_left, "ignore_merges": false,
            "vocab": vocab, "merges": merges,
        },
    })
}

/// The rule that cuts text before merging, as published.
fn describe_cut(name: &str) -> Json {
    let bytes = |uses_own: bool| json!({"type": "ByteLevel", "add_prefix_space": false, "trim_offsets": true, "use_regex": uses_own});
    if name == "gpt-2" {
        return bytes(true);
    }
    let patterns = ["[\r\n]", r"\s?\p{L}+", r"\s?\p{P}+", "[一-龥ࠀ-一가-퟿]+"];
    let mut steps: Vec<Json> = patterns
        .iter()
        .map(|pattern| {
            json!({"type": "Split", "pattern": {"Regex": pattern}, "behavior": "Isolated", "invert": false})
        })
        .collect();
    steps.push(json!({"type": "Digits", "individual_digits": true}));
    steps.push(bytes(false));
    json!({"type": "Sequence", "pretokenizers": steps})
}

/// A safetensors file of 32-bit floats.
fn pack(tensors: &BTreeMap<String, Tensor>) -> Vec<u8> {
    let mut header = serde_json::Map::new();
    header.insert("__metadata__".to_owned(), json!({"format": "pt"}));
    let mut offset = 0;
    for (name, tensor) in tensors {
        let end = offset + tensor.bytes.len();
        let shape: Vec<u32> = tensor.shape.iter().rev().copied().collect();
        header.insert(
            name.clone(),
            json!({"dtype": "F32", "shape": shape, "data_offsets": [offset, end]}),
        );
        offset = end;
    }
    let mut header = Json::Object(header).to_string().into_bytes();
    header.resize(header.len().next_multiple_of(8), b' ');
    let mut file = (header.len() as u64).to_le_bytes().to_vec();
    file.extend(header);
    for tensor in tensors.values() {
        file.extend(&tensor.bytes);
    }
    file
}
