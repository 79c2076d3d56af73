//! Headers that are described, and headers that are refused.

use super::*;
use crate::gguf::{TensorInfo, TensorKind};

/// The header of a model of two layers and five tokens.
pub(crate) fn sample() -> Header {
    let text = |text: &str| Value::String(text.to_owned());
    let tokens = ["<unk>", "<s>", "</s>", "a", "b"].map(str::to_owned);
    let metadata = [
        ("general.architecture", text("llama")),
        ("general.file_type", Value::U32(15)),
        ("general.license", text("mit")),
        ("llama.block_count", Value::U32(2)),
        ("llama.context_length", Value::U32(64)),
        ("llama.embedding_length", Value::U32(8)),
        ("llama.attention.head_count", Value::U32(2)),
        ("llama.attention.head_count_kv", Value::U32(1)),
        ("llama.rope.dimension_count", Value::U32(4)),
        ("tokenizer.ggml.model", text("llama")),
        (
            "tokenizer.ggml.tokens",
            Value::Array(Array::Strings(tokens.to_vec())),
        ),
        (
            "tokenizer.ggml.scores",
            Value::Array(Array::F32(vec![0.0; 5])),
        ),
        (
            "tokenizer.ggml.token_type",
            Value::Array(Array::I32(vec![2, 3, 3, 1, 1])),
        ),
        ("tokenizer.chat_template", text("{{ messages }}")),
    ];
    let metadata = metadata
        .map(|(key, value)| (key.to_owned(), value))
        .to_vec();
    let tensors = [
        tensor("token_embd.weight", &[8, 5]),
        tensor("blk.0.attn_norm.weight", &[8]),
        tensor("blk.1.attn_norm.weight", &[8]),
    ];
    Header {
        version: 3,
        metadata,
        tensors: tensors.to_vec(),
        data_offset: 0,
    }
}

pub(crate) fn tensor(name: &str, shape: &[u64]) -> TensorInfo {
    TensorInfo {
        name: name.to_owned(),
        shape: shape.to_vec(),
        kind: TensorKind::F32,
        offset: 0,
        size_bytes: shape.iter().product::<u64>() * 4,
    }
}

pub(crate) fn set(header: &mut Header, key: &str, value: Value) {
    header.metadata.retain(|(name, _)| name != key);
    header.metadata.push((key.to_owned(), value));
}

fn refusal(change: impl FnOnce(&mut Header)) -> String {
    let mut header = sample();
    change(&mut header);
    describe_model(&header).unwrap_err()
}

#[test]
fn a_sound_header_is_described() {
    let description = describe_model(&sample()).unwrap();
    assert_eq!(
        description,
        Description {
            architecture: "llama".to_owned(),
            quantisation: "Q4_K_M".to_owned(),
            parameters: 56,
            context_tokens: 64,
            has_template: true,
            licence: Some("mit".to_owned()),
        }
    );
    let mut unnamed = sample();
    unnamed
        .metadata
        .retain(|(key, _)| key != "general.file_type");
    assert_eq!(describe_model(&unnamed).unwrap().quantisation, "F32");
}

#[test]
fn what_is_no_language_model_is_refused_by_what_it_is() {
    let text = |text: &str| Value::String(text.to_owned());
    let encoder = refusal(|header| set(header, "general.architecture", text("bert")));
    assert!(encoder.contains("\"bert\""), "{encoder}");
    let adapter = refusal(|header| set(header, TYPE_KEY, text("adapter")));
    assert!(adapter.contains("codegenie models adapter"), "{adapter}");
    let tower = refusal(|header| set(header, TYPE_KEY, text("mmproj")));
    assert!(tower.contains("mmproj"), "{tower}");
    let part = refusal(|header| set(header, "split.count", Value::U16(3)));
    assert!(part.contains("one of 3 parts"), "{part}");
    let mute = refusal(|header| set(header, "tokenizer.ggml.model", text("none")));
    assert!(mute.contains("no vocabulary"), "{mute}");
}

#[test]
fn contradictions_that_end_llama_cpp_are_refused() {
    let number = Value::U32;
    let cases: [(&str, Value, &str); 12] = [
        ("llama.block_count", number(0), "not a number from 1 to 512"),
        (
            "llama.block_count",
            number(513),
            "not a number from 1 to 512",
        ),
        ("llama.block_count", number(3), "layer 2 of 3"),
        ("llama.block_count", number(1), "none of its 1 layers"),
        ("llama.embedding_length", number(9), "cannot be shared by 2"),
        ("llama.attention.head_count", number(9), "9 attention heads"),
        ("llama.attention.head_count_kv", number(3), "cannot share 3"),
        (
            "llama.rope.dimension_count",
            number(2),
            "2 of them would be rotated",
        ),
        (
            "llama.rope.scaling.type",
            Value::String("x".into()),
            "unknown",
        ),
        ("llama.expert_used_count", number(2), "2 of 0 experts"),
        (
            "llama.expert_count",
            number(2000),
            "not a number from 0 to 1024",
        ),
        (
            "llama.context_length",
            Value::F32(1.0),
            "not a number from 1",
        ),
    ];
    for (key, value, expected) in cases {
        let found = refusal(|header| set(header, key, value.clone()));
        assert!(found.contains(expected), "{key} {value:?}: {found}");
    }
}

#[test]
fn a_vocabulary_that_does_not_fit_is_refused() {
    let strings =
        |words: &[&str]| Value::Array(Array::Strings(words.iter().map(|&w| w.into()).collect()));
    let tokens = "tokenizer.ggml.tokens";
    let twice = refusal(|header| set(header, tokens, strings(&["a", "b", "a", "c", "d"])));
    assert!(twice.contains("twice"), "{twice}");
    let longer = refusal(|header| set(header, tokens, strings(&["a", "b", "c", "d", "e", "f"])));
    assert!(longer.contains("entries for 6 tokens"), "{longer}");
    let shorter = refusal(|header| set(header, tokens, strings(&["a", "b", "c"])));
    assert!(shorter.contains("need [8, 3]"), "{shorter}");
    let none = refusal(|header| set(header, tokens, strings(&[])));
    assert!(none.contains("0 tokens"), "{none}");
    let wrong = refusal(|header| set(header, tokens, Value::U32(1)));
    assert!(wrong.contains("not a list"), "{wrong}");
}
