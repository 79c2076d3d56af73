//! Whether the header of a GGUF file describes a LoRA adapter for models of an architecture.

use std::collections::HashMap;

use super::check::TYPE_KEY;
use crate::gguf::{Header, TensorInfo};

/// Refuses a header that does not describe a LoRA adapter for models of `architecture`.
///
/// # Errors
/// The reason, without the name of the file.
pub(crate) fn check_adapter(header: &Header, architecture: &str) -> Result<(), String> {
    match header.find_text(TYPE_KEY) {
        Some("adapter") => {}
        other => {
            return Err(format!(
                "it is {}, not an adapter",
                other.map_or("a model".to_owned(), |kind| format!(
                    "a file of type {kind:?}"
                ))
            ));
        }
    }
    match header.find_text("adapter.type") {
        Some("lora") => {}
        other => {
            return Err(format!(
                "its adapter type is {}, not lora",
                other.unwrap_or("not given")
            ));
        }
    }
    match header.find_text("general.architecture") {
        Some(found) if found == architecture => {}
        other => {
            return Err(format!(
                "it was made for the architecture {}, and the model is of {architecture}",
                other.unwrap_or("that it does not name")
            ));
        }
    }
    check_pairs(&header.tensors)
}

/// Every `.lora_a` has its `.lora_b`, and their inner lengths agree.
fn check_pairs(tensors: &[TensorInfo]) -> Result<(), String> {
    let by_name: HashMap<&str, &TensorInfo> = tensors
        .iter()
        .map(|tensor| (tensor.name.as_str(), tensor))
        .collect();
    let find = |name: &str| by_name.get(name);
    let mut pairs = 0_u32;
    for tensor in tensors {
        let name = tensor.name.as_str();
        if let Some(base) = name.strip_suffix(".lora_a") {
            let Some(other) = find(&format!("{base}.lora_b")) else {
                return Err(format!("the tensor {name:?} has no counterpart .lora_b"));
            };
            // The embedding's factors lie the other way round.
            let is_embedding = base.ends_with("token_embd.weight");
            if !is_embedding && tensor.shape.get(1) != other.shape.first() {
                return Err(format!(
                    "the tensors of {base:?} do not fit together: {:?} and {:?}",
                    tensor.shape, other.shape
                ));
            }
            pairs += 1;
        } else if let Some(base) = name.strip_suffix(".lora_b") {
            if find(&format!("{base}.lora_a")).is_none() {
                return Err(format!("the tensor {name:?} has no counterpart .lora_a"));
            }
        } else if !name.ends_with("_norm.weight") {
            return Err(format!("the tensor {name:?} belongs to no adapter"));
        }
    }
    if pairs == 0 {
        return Err("there is no pair of LoRA tensors in it".to_owned());
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::catalogue::check::tests::{sample, set, tensor};
    use crate::gguf::Value;

    #[test]
    fn an_adapter_fits_its_architecture_and_is_in_pairs() {
        let text = |text: &str| Value::String(text.to_owned());
        let mut header = sample();
        set(&mut header, TYPE_KEY, text("adapter"));
        set(&mut header, "adapter.type", text("lora"));
        header.tensors = vec![
            tensor("blk.0.attn_q.weight.lora_a", &[8, 2]),
            tensor("blk.0.attn_q.weight.lora_b", &[2, 8]),
        ];
        check_adapter(&header, "llama").unwrap();
        let other = check_adapter(&header, "gemma").unwrap_err();
        assert!(other.contains("the model is of gemma"), "{other}");
        let model = check_adapter(&sample(), "llama").unwrap_err();
        assert!(model.contains("a model, not an adapter"), "{model}");
        let mut torn = header.clone();
        torn.tensors.pop();
        assert!(
            check_adapter(&torn, "llama")
                .unwrap_err()
                .contains("counterpart")
        );
        let mut empty = header.clone();
        empty.tensors.clear();
        assert!(
            check_adapter(&empty, "llama")
                .unwrap_err()
                .contains("no pair")
        );
        header.tensors[1].shape = vec![3, 8];
        let misfit = check_adapter(&header, "llama").unwrap_err();
        assert!(misfit.contains("do not fit together"), "{misfit}");
    }
}
