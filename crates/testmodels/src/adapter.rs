//! LoRA adapters with random weights (Hu et al. 2021).

use std::path::Path;

use inference::gguf::{self, GgufError, TensorKind, TensorPlan, Value};

use crate::numbers::Random;

/// Writes an adapter of `rank` for all attention and feed-forward matrices of the model at `model` to `path`, strong enough that
/// the model writes other text; the same `seed` gives the same file.
///
/// # Errors
/// [`GgufError`] when the model cannot be read or the file cannot be written.
pub fn write_adapter(model: &Path, rank: u32, seed: u64, path: &Path) -> Result<(), GgufError> {
    let header = gguf::read_header(model)?;
    let plans: Vec<TensorPlan> = header
        .tensors
        .iter()
        .filter(|tensor| is_adapted(&tensor.name))
        .flat_map(|tensor| plan_pair(&tensor.name, &tensor.shape, rank))
        .collect();
    let alpha = f32::from(u16::try_from(rank).unwrap_or(u16::MAX));
    let architecture = header.find_text("general.architecture").unwrap_or_default();
    let metadata = describe(architecture, alpha);
    gguf::write_streamed(path, &metadata, &plans, &mut |index, out| {
        let mut random = Random::new(seed ^ ((index as u64 + 1) << 32));
        let plan = &plans[index];
        // B after A gives numbers of the size of its input.
        let fan_in = u16::try_from(plan.shape[0]).unwrap_or(u16::MAX);
        let deviation = f32::from(fan_in).sqrt().recip();
        let count = plan.shape[0] * plan.shape[1];
        (0..count).try_for_each(|_| out.write_all(&(random.normal() * deviation).to_le_bytes()))
    })
}

fn is_adapted(name: &str) -> bool {
    name.starts_with("blk.") && name.ends_with(".weight") && !name.contains("norm")
}

fn plan_pair(name: &str, shape: &[u64], rank: u32) -> [TensorPlan; 2] {
    let plan = |part: &str, shape: Vec<u64>| TensorPlan {
        name: format!("{name}.{part}"),
        shape,
        kind: TensorKind::F32,
    };
    let [from, to] = [0, 1].map(|index| shape.get(index).copied().unwrap_or(1));
    let rank = u64::from(rank);
    [
        plan("lora_a", vec![from, rank]),
        plan("lora_b", vec![rank, to]),
    ]
}

/// The metadata of an adapter; its effect is multiplied by `alpha` over its rank.
pub(crate) fn describe(architecture: &str, alpha: f32) -> Vec<(String, Value)> {
    let text = |text: &str| Value::String(text.to_owned());
    [
        ("general.type", text("adapter")),
        ("general.architecture", text(architecture)),
        ("adapter.type", text("lora")),
        ("adapter.lora.alpha", Value::F32(alpha)),
    ]
    .into_iter()
    .map(|(key, value)| (key.to_owned(), value))
    .collect()
}
