//! LoRA adapters as PEFT writes them (`adapter_config.json`, `adapter_model.safetensors`), for a model that is GGUF already.

use std::path::Path;

use serde::Deserialize;

use super::change::{Change, interleave, stored_kind};
use super::config::{Architecture, Config};
use super::parts::list_matrices;
use super::weights::{Stored, Weights};
use super::{ConvertError, invalid, read_json};
use crate::gguf::{self, Header, TensorPlan, Value};

/// Highest rank; published adapters have up to 256.
const RANK_MAX: u64 = 4096;
/// The file that tells an adapter from a model.
pub(super) const CONFIG: &str = "adapter_config.json";

#[derive(Debug, Deserialize)]
struct Published {
    peft_type: String,
    r: u64,
    lora_alpha: f32,
    #[serde(default)]
    use_rslora: bool,
    #[serde(default)]
    use_dora: bool,
    #[serde(default)]
    fan_in_fan_out: bool,
    bias: Option<String>,
    #[serde(default)]
    rank_pattern: serde_json::Map<String, serde_json::Value>,
    #[serde(default)]
    alpha_pattern: serde_json::Map<String, serde_json::Value>,
    modules_to_save: Option<Vec<String>>,
}

/// Converts the adapter in `folder` for the model whose GGUF header is `base` to the GGUF file `out`, which appears whole or not at
/// all.
///
/// # Errors
/// [`ConvertError`] names the file that is missing or not understood, and the tensor that does not fit the model.
pub fn convert_adapter(folder: &Path, base: &Header, out: &Path) -> Result<(), ConvertError> {
    let config_path = folder.join(CONFIG);
    let published = parse(&read_json(&config_path)?).map_err(invalid(&config_path))?;
    let model = Config::from_header(base).map_err(invalid(folder))?;
    let name = "adapter_model.safetensors";
    if !folder.join(name).is_file() && folder.join("adapter_model.bin").exists() {
        return Err(invalid(folder)(
            "its weights are in a format that can run code when it is read, so they are not opened; save the adapter as safetensors"
                .to_owned(),
        ));
    }
    let weights = Weights::open_files(folder, &[name.to_owned()])?;
    let parts = list_parts(&model, base, &weights).map_err(invalid(&folder.join(name)))?;
    let text = |text: &str| Value::String(text.to_owned());
    let metadata: Vec<(String, Value)> = [
        ("general.type", text("adapter")),
        ("general.architecture", text(model.architecture.name())),
        ("adapter.type", text("lora")),
        ("adapter.lora.alpha", Value::F32(find_alpha(&published))),
    ]
    .into_iter()
    .map(|(key, value)| (key.to_owned(), value))
    .collect();
    let plans: Vec<TensorPlan> = parts
        .iter()
        .map(|part| TensorPlan {
            name: part.name.clone(),
            shape: part.stored.shape.iter().rev().copied().collect(),
            kind: stored_kind(part.stored.kind, &part.stored.shape),
        })
        .collect();
    gguf::write_streamed(out, &metadata, &plans, &mut |index, out| {
        let Part { stored, heads, .. } = &parts[index];
        let bytes = stored.read(0, stored.size_bytes())?;
        let head = bytes.len() / *heads;
        let rows = usize::try_from(stored.shape[0]).map_err(std::io::Error::other)? / *heads;
        if *heads == 1 {
            return out.write_all(&bytes);
        }
        bytes
            .chunks(head)
            .try_for_each(|bytes| out.write_all(&interleave(bytes, rows)))
    })?;
    Ok(())
}

fn parse(bytes: &[u8]) -> Result<Published, String> {
    let published: Published = serde_json::from_slice(bytes).map_err(|error| error.to_string())?;
    if published.peft_type != "LORA" {
        return Err(format!(
            "it is an adapter of type {:?}; LORA can be converted",
            published.peft_type
        ));
    }
    if published.r == 0 || published.r > RANK_MAX || !published.lora_alpha.is_finite() {
        return Err(format!(
            "its rank is {} and its alpha {}",
            published.r, published.lora_alpha
        ));
    }
    let has_biases = published.bias.as_deref().is_some_and(|bias| bias != "none");
    let is_plain = !published.use_dora
        && !published.fan_in_fan_out
        && !has_biases
        && published.rank_pattern.is_empty()
        && published.alpha_pattern.is_empty()
        && published.modules_to_save.as_ref().is_none_or(Vec::is_empty);
    if !is_plain {
        return Err(
            "use_dora, fan_in_fan_out, bias, rank_pattern, alpha_pattern and modules_to_save are not supported".to_owned(),
        );
    }
    Ok(published)
}

/// llama.cpp multiplies by alpha over the rank. Rank-stabilised adapters (Kalajdzievski 2023) mean alpha over the root of it.
#[expect(clippy::cast_precision_loss, reason = "ranks are up to 4096")]
fn find_alpha(published: &Published) -> f32 {
    if published.use_rslora {
        published.lora_alpha * (published.r as f32).sqrt()
    } else {
        published.lora_alpha
    }
}

/// Half of an adapted matrix.
struct Part<'a> {
    name: String,
    stored: Stored<'a>,
    /// Groups whose rows are interleaved; 1 for none.
    heads: usize,
}

fn list_parts<'a>(
    model: &Config,
    base: &Header,
    weights: &'a Weights,
) -> Result<Vec<Part<'a>>, String> {
    let mut parts = Vec::new();
    for layer in 0..model.layers {
        for (published, gguf, shape, change) in list_matrices(model) {
            let find = |half: &str| {
                let name =
                    format!("base_model.model.model.layers.{layer}.{published}.lora_{half}.weight");
                weights.find(&name)
            };
            let name = format!("blk.{layer}.{gguf}.weight");
            let (down, up) = match (find("A"), find("B")) {
                (None, None) => continue,
                (Some(down), Some(up)) => (down, up),
                _ => return Err(format!("one half of the adapter of {name} is missing")),
            };
            check_pair(&name, shape.map(u64::from), [&down, &up])?;
            if !base.tensors.iter().any(|tensor| tensor.name == name) {
                return Err(format!("the model has no tensor {name}"));
            }
            let heads = match change {
                Change::Interleave { heads } => heads as usize,
                Change::None | Change::AddOne => 1,
            };
            parts.push(Part {
                name: format!("{name}.lora_a"),
                stored: down,
                heads: 1,
            });
            parts.push(Part {
                name: format!("{name}.lora_b"),
                stored: up,
                heads,
            });
        }
    }
    let count = weights.names().len();
    if parts.is_empty() || parts.len() != count {
        return Err(format!(
            "of its {count} tensors {} belong to attention and feed-forward matrices of this model; only those can be converted",
            parts.len()
        ));
    }
    Ok(parts)
}

fn check_pair(name: &str, shape: [u64; 2], halves: [&Stored<'_>; 2]) -> Result<(), String> {
    let [rows, columns] = shape;
    let [down, up] = halves;
    let rank = down.shape.first().copied().unwrap_or(0);
    let fits =
        (1..=RANK_MAX).contains(&rank) && down.shape == [rank, columns] && up.shape == [rows, rank];
    if fits {
        return Ok(());
    }
    Err(format!(
        "the adapter of {name} has the shapes {:?} and {:?}; the model's matrix has {rows} rows and {columns} columns",
        down.shape, up.shape
    ))
}

impl Config {
    /// What of the configuration an adapter needs, from the header of a GGUF file.
    fn from_header(header: &Header) -> Result<Self, String> {
        let name = header.find_text("general.architecture").unwrap_or("");
        let all = [
            Architecture::Gemma,
            Architecture::Llama,
            Architecture::Phi2,
            Architecture::Phi3,
        ];
        let architecture = all
            .into_iter()
            .find(|architecture| architecture.name() == name)
            .ok_or_else(|| {
                format!("adapters for models of the architecture {name:?} are not supported")
            })?;
        let number = |key: &str| header.find_u32(&format!("{name}.{key}"));
        let get = |key: &str| {
            number(key)
                .filter(|number| (1..1 << 20).contains(number))
                .ok_or_else(|| format!("the model does not say its {key}"))
        };
        let [width, heads] = [get("embedding_length")?, get("attention.head_count")?];
        let head_width = number("attention.key_length").unwrap_or(width / heads);
        if u64::from(head_width) * u64::from(heads) > 1 << 24 {
            return Err(format!(
                "the model claims {heads} heads of {head_width} numbers"
            ));
        }
        let layers = get("block_count")?;
        let kv_heads = number("attention.head_count_kv").unwrap_or(heads);
        if layers > 512 || kv_heads == 0 || kv_heads > heads {
            return Err(format!(
                "the model claims {layers} layers and {kv_heads} heads for keys"
            ));
        }
        Ok(Self::for_adapter(
            architecture,
            [
                width,
                get("feed_forward_length")?,
                layers,
                heads,
                kv_heads,
                head_width,
            ],
        ))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn kinds_of_adapters_that_would_compute_something_else_are_refused() {
        let good = r#"{"peft_type": "LORA", "r": 4, "lora_alpha": 8, "bias": "none"}"#;
        assert_eq!(
            find_alpha(&parse(good.as_bytes()).unwrap()).to_bits(),
            8_f32.to_bits()
        );
        for (from, to) in [
            ("LORA", "IA3"),
            ("4", "0"),
            ("\"none\"", "\"all\""),
            ("\"bias\"", "\"use_dora\": true, \"bias\""),
            ("\"bias\"", "\"alpha_pattern\": {\"q\": 1}, \"bias\""),
            ("\"bias\"", "\"modules_to_save\": [\"lm_head\"], \"bias\""),
        ] {
            let bad = good.replacen(from, to, 1);
            assert!(parse(bad.as_bytes()).is_err(), "{bad}");
        }
        let stabilised = good.replace("\"bias\"", "\"use_rslora\": true, \"bias\"");
        let alpha = find_alpha(&parse(stabilised.as_bytes()).unwrap());
        assert!((alpha - 16.0).abs() < 1e-6);
    }
}
