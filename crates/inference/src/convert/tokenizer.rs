//! `tokenizer.json` (or `tokenizer.model`) and `tokenizer_config.json`: a vocabulary as llama.cpp reads it. Two kinds of BPE are understood: over bytes, as of
//! GPT-2, and over characters with bytes for the rest, as of Llama. How text is cut before merging must be a rule that llama.cpp
//! has too; any other would give other tokens without an error.

use std::collections::HashMap;

use serde::Deserialize;
use serde_json::Value as Json;

use super::config::{Architecture, Config};
use super::pieces;
use super::slots::{Slots, Tokens};
use crate::gguf::{Array, Value};

/// Token types of the format.
const NORMAL: i32 = 1;
const UNKNOWN: i32 = 2;
const CONTROL: i32 = 3;
const USER_DEFINED: i32 = 4;
const BYTE: i32 = 6;

/// The score of a piece that no merge gives.
const SCORE_ALONE: f32 = -1e6;

/// The files, as bytes.
pub(super) struct Files {
    /// `tokenizer.json`.
    pub(super) tokenizer: Option<Vec<u8>>,
    /// `tokenizer.model`, which is read when there is no `tokenizer.json`.
    pub(super) pieces: Option<Vec<u8>>,
    /// `tokenizer_config.json`.
    pub(super) settings: Option<Vec<u8>>,
    /// `chat_template.jinja`.
    pub(super) template: Option<Vec<u8>>,
}

#[derive(Debug, Deserialize)]
struct Tokenizer {
    model: Model,
    #[serde(default)]
    added_tokens: Vec<Added>,
    #[serde(default)]
    normalizer: Json,
    #[serde(default, rename = "pre_tokenizer")]
    cut: Json,
    #[serde(default)]
    post_processor: Json,
}

#[derive(Debug, Deserialize)]
struct Model {
    #[serde(rename = "type")]
    kind: Option<String>,
    #[serde(default)]
    vocab: Json,
    #[serde(default)]
    merges: Vec<Merge>,
    #[serde(default)]
    byte_fallback: bool,
    #[serde(default)]
    ignore_merges: bool,
    unk_token: Option<String>,
}

#[derive(Debug, Deserialize)]
#[serde(untagged)]
enum Merge {
    Pair(String, String),
    Text(String),
}

impl Merge {
    fn pair(&self) -> Result<(&str, &str), String> {
        match self {
            Self::Pair(left, right) => Ok((left, right)),
            Self::Text(text) => text
                .split_once(' ')
                .ok_or_else(|| format!("the merge {text:?} has no two parts")),
        }
    }
}

#[derive(Debug, Deserialize)]
struct Added {
    id: u32,
    content: String,
    #[serde(default)]
    special: bool,
}

/// The keys of the tokenizer and of the chat template.
pub(super) fn convert(files: &Files, config: &Config) -> Result<Vec<(String, Value)>, String> {
    let settings = match &files.settings {
        Some(bytes) => serde_json::from_slice(bytes)
            .map_err(|error| format!("tokenizer_config.json: {error}"))?,
        None => Json::Null,
    };
    let found = match (&files.tokenizer, &files.pieces) {
        (Some(bytes), _) => convert_tokenizer(bytes, config)?,
        (None, Some(bytes)) => convert_pieces(bytes, &settings, config)?,
        (None, None) => {
            return Err("there is neither tokenizer.json nor tokenizer.model".to_owned());
        }
    };
    let mut metadata = found.metadata;
    metadata.extend(describe_tokens(&settings, &found.tokens, &found.frame)?);
    if let Some(template) = find_template(files, &settings)? {
        metadata.push((
            "tokenizer.chat_template".to_owned(),
            Value::String(template),
        ));
    }
    // Gemma's fast tokenizer says nothing of it; its texts begin with <bos> in any case.
    if config.architecture == Architecture::Gemma {
        set(&mut metadata, "add_bos_token", Value::Bool(true));
    }
    Ok(metadata)
}

/// What a file says of the tokens.
struct Found {
    metadata: Vec<(String, Value)>,
    tokens: Tokens,
    frame: Frame,
}

/// What comes before a text when `tokenizer_config.json` does not say.
enum Frame {
    /// What the post-processor of `tokenizer.json` puts there.
    Published(Json),
    /// The token that begins texts.
    Begin,
}

fn convert_tokenizer(bytes: &[u8], config: &Config) -> Result<Found, String> {
    let tokenizer: Tokenizer = serde_json::from_slice(bytes).map_err(|error| error.to_string())?;
    let kind = tokenizer.model.kind.as_deref().unwrap_or("BPE");
    if kind != "BPE" {
        return Err(format!(
            "the tokenizer model {kind:?} is not supported; BPE is"
        ));
    }
    let is_over_bytes = find_type(&tokenizer.cut, "ByteLevel").is_some();
    if is_over_bytes == tokenizer.model.byte_fallback {
        return Err(
            "it is neither BPE over bytes nor BPE with bytes for what has no token".to_owned(),
        );
    }
    let tokens = read_tokens(&tokenizer, config.tokens)?;
    Ok(if is_over_bytes {
        Found {
            metadata: describe_bytes(&tokenizer)?,
            tokens,
            frame: Frame::Published(tokenizer.post_processor),
        }
    } else {
        Found {
            metadata: describe_pieces(&tokenizer, &tokens)?,
            tokens,
            frame: Frame::Begin,
        }
    })
}

/// The pieces with the tokens that `tokenizer_config.json` adds.
fn convert_pieces(bytes: &[u8], settings: &Json, config: &Config) -> Result<Found, String> {
    let pieces = pieces::parse(bytes)?;
    let mut slots = Slots::new(config.tokens);
    for (id, (text, kind)) in (0..).zip(pieces.texts.iter().zip(&pieces.types)) {
        slots.place(id, text, *kind)?;
    }
    let added = settings.get("added_tokens_decoder");
    for (id, token) in added.and_then(Json::as_object).into_iter().flatten() {
        let read = |key: &str| token.get(key);
        let (Ok(id), Some(text)) = (id.parse(), read("content").and_then(Json::as_str)) else {
            return Err(format!("the added token {id:?} has no number or no text"));
        };
        // Those of the model itself are named here again.
        if id >= pieces.texts.len() as u64 {
            let is_special = read("special").and_then(Json::as_bool) == Some(true);
            slots.place(id, text, if is_special { CONTROL } else { USER_DEFINED })?;
        }
    }
    let mut scores = pieces.scores;
    scores.resize(config.tokens as usize, SCORE_ALONE);
    Ok(Found {
        metadata: describe_scores(scores, pieces.is_space_put_first),
        tokens: slots.finish()?,
        frame: Frame::Begin,
    })
}

fn read_tokens(tokenizer: &Tokenizer, count: u32) -> Result<Tokens, String> {
    let mut slots = Slots::new(count);
    let vocabulary = tokenizer
        .model
        .vocab
        .as_object()
        .ok_or("its vocabulary is no object")?;
    let unknown = tokenizer.model.unk_token.as_deref();
    for (text, id) in vocabulary {
        let id = id
            .as_u64()
            .ok_or_else(|| format!("the token {text:?} has no id"))?;
        let is_byte = tokenizer.model.byte_fallback && is_byte(text);
        slots.place(id, text, if is_byte { BYTE } else { NORMAL })?;
    }
    for added in &tokenizer.added_tokens {
        let kind = if unknown == Some(&added.content) {
            UNKNOWN
        } else if added.special {
            CONTROL
        } else {
            USER_DEFINED
        };
        slots.place(u64::from(added.id), &added.content, kind)?;
    }
    slots.finish()
}

fn set(metadata: &mut Vec<(String, Value)>, key: &str, value: Value) {
    let key = format!("tokenizer.ggml.{key}");
    metadata.retain(|(other, _)| *other != key);
    metadata.push((key, value));
}

/// Such as `<0x0A>`.
fn is_byte(text: &str) -> bool {
    text.strip_prefix("<0x")
        .and_then(|rest| rest.strip_suffix('>'))
        .is_some_and(|digits| digits.len() == 2 && digits.bytes().all(|b| b.is_ascii_hexdigit()))
}

fn describe_bytes(tokenizer: &Tokenizer) -> Result<Vec<(String, Value)>, String> {
    if !tokenizer.normalizer.is_null() && find_type(&tokenizer.normalizer, "Sequence").is_none() {
        return Err("it changes text before cutting it, which is not supported".to_owned());
    }
    let merges = tokenizer
        .model
        .merges
        .iter()
        .map(|merge| {
            let (left, right) = merge.pair()?;
            // The format puts a space between the two, and byte-level BPE has none in a token.
            if left.contains(' ') || right.contains(' ') {
                return Err(format!("the merge of {left:?} and {right:?} has a space"));
            }
            Ok(format!("{left} {right}"))
        })
        .collect::<Result<Vec<_>, String>>()?;
    let mut metadata = Vec::new();
    set(&mut metadata, "model", Value::String("gpt2".to_owned()));
    let rule = find_rule(tokenizer)?;
    set(&mut metadata, "pre", Value::String(rule.to_owned()));
    let merges = Value::Array(Array::Strings(merges));
    set(&mut metadata, "merges", merges);
    Ok(metadata)
}

/// The name llama.cpp has for the rule that cuts text before merging.
fn find_rule(tokenizer: &Tokenizer) -> Result<&'static str, String> {
    let rules = list_steps(&tokenizer.cut);
    let patterns: Vec<&str> = rules
        .iter()
        .filter_map(|rule| rule.get("pattern")?.get("Regex")?.as_str())
        .collect();
    let has_digits = find_type(&tokenizer.cut, "Digits").is_some();
    let uses_own = rules.iter().any(|rule| {
        rule.get("type").and_then(Json::as_str) == Some("ByteLevel")
            && rule
                .get("use_regex")
                .and_then(Json::as_bool)
                .unwrap_or(true)
    });
    let is_spaced = rules
        .iter()
        .any(|rule| rule.get("add_prefix_space").and_then(Json::as_bool) == Some(true));
    let rule = match (patterns.as_slice(), has_digits, uses_own) {
        ([], false, true) => Some("gpt-2"),
        (["[\r\n]", r"\s?\p{L}+", r"\s?\p{P}+", "[一-龥ࠀ-一가-퟿]+"], true, false) => {
            Some("deepseek-coder")
        }
        ([pattern], false, false)
            if tokenizer.model.ignore_merges && pattern.contains(r"\p{N}{1,3}") =>
        {
            Some("llama-bpe")
        }
        _ => None,
    };
    rule.filter(|_| !is_spaced).ok_or_else(|| {
        format!("how it cuts text is not known: {}", tokenizer.cut)
            .chars()
            .take(600)
            .collect()
    })
}

fn describe_pieces(tokenizer: &Tokenizer, tokens: &Tokens) -> Result<Vec<(String, Value)>, String> {
    let mut ranks = HashMap::new();
    for (rank, merge) in tokenizer.model.merges.iter().enumerate() {
        let (left, right) = merge.pair()?;
        ranks.entry(format!("{left}{right}")).or_insert(rank);
    }
    #[expect(
        clippy::cast_precision_loss,
        reason = "a file of 64 MiB has less than 16 million merges"
    )]
    let score = |text: &String| ranks.get(text).map_or(SCORE_ALONE, |rank| -(*rank as f32));
    let scores = tokens.texts.iter().map(score).collect();
    Ok(describe_scores(scores, is_space_put_first(tokenizer)?))
}

fn describe_scores(scores: Vec<f32>, is_space_put_first: bool) -> Vec<(String, Value)> {
    let mut metadata = Vec::new();
    set(&mut metadata, "model", Value::String("llama".to_owned()));
    set(&mut metadata, "pre", Value::String("default".to_owned()));
    set(&mut metadata, "scores", Value::Array(Array::F32(scores)));
    let is_space_put_first = Value::Bool(is_space_put_first);
    set(&mut metadata, "add_space_prefix", is_space_put_first);
    metadata
}

/// Whether a space comes before every text; refused unless spaces become `▁`.
fn is_space_put_first(tokenizer: &Tokenizer) -> Result<bool, String> {
    let steps = list_steps(&tokenizer.normalizer);
    let has = |name: &str| {
        steps
            .iter()
            .any(|step| step.get("type").and_then(Json::as_str) == Some(name))
    };
    if let Some(spaces) = find_type(&tokenizer.cut, "Metaspace") {
        let scheme = spaces.get("prepend_scheme").and_then(Json::as_str);
        let older = spaces.get("add_prefix_space").and_then(Json::as_bool);
        return Ok(match scheme {
            Some(scheme) => scheme != "never",
            None => older.unwrap_or(true),
        });
    }
    if has("Replace") {
        Ok(has("Prepend"))
    } else {
        Err("it does not say how spaces are written".to_owned())
    }
}

fn describe_tokens(
    settings: &Json,
    tokens: &Tokens,
    frame: &Frame,
) -> Result<Vec<(String, Value)>, String> {
    let mut metadata = Vec::new();
    let texts = Value::Array(Array::Strings(tokens.texts.clone()));
    set(&mut metadata, "tokens", texts);
    let types = Value::Array(Array::I32(tokens.types.clone()));
    set(&mut metadata, "token_type", types);
    let mut begin = None;
    for (setting, key) in [
        ("bos_token", "bos_token_id"),
        ("eos_token", "eos_token_id"),
        ("unk_token", "unknown_token_id"),
        ("pad_token", "padding_token_id"),
    ] {
        let Some(text) = find_special(settings, setting) else {
            continue;
        };
        let id = tokens
            .find(text)
            .ok_or_else(|| format!("{setting} is {text:?}, which is no token"))?;
        if key == "bos_token_id" {
            begin = Some(text);
        }
        set(&mut metadata, key, Value::U32(id));
    }
    if find_special(settings, "eos_token").is_none() {
        return Err("tokenizer_config.json names no eos_token".to_owned());
    }
    let is_bos_put_first = begin.is_some_and(|begin| {
        let stated = settings.get("add_bos_token").and_then(Json::as_bool);
        stated.unwrap_or_else(|| match frame {
            Frame::Published(post_processor) => is_in_frame(post_processor, begin),
            Frame::Begin => true,
        })
    });
    set(
        &mut metadata,
        "add_bos_token",
        Value::Bool(is_bos_put_first),
    );
    set(&mut metadata, "add_eos_token", Value::Bool(false));
    Ok(metadata)
}

/// A special token, written as its text or as an object that has it.
fn find_special<'a>(settings: &'a Json, key: &str) -> Option<&'a str> {
    let value = settings.get(key)?;
    value.as_str().or_else(|| value.get("content")?.as_str())
}

/// Whether a text on its own gets this token.
fn is_in_frame(post_processor: &Json, token: &str) -> bool {
    find_type(post_processor, "TemplateProcessing")
        .and_then(|frame| frame.get("single")?.as_array())
        .is_some_and(|pieces| {
            pieces.iter().any(|piece| {
                piece
                    .get("SpecialToken")
                    .and_then(|special| special.get("id"))
                    == Some(&Json::String(token.to_owned()))
            })
        })
}

fn find_template(files: &Files, settings: &Json) -> Result<Option<String>, String> {
    if let Some(bytes) = &files.template {
        let text = String::from_utf8(bytes.clone());
        return text
            .map(Some)
            .map_err(|_| "chat_template.jinja is not UTF-8".to_owned());
    }
    Ok(match settings.get("chat_template") {
        Some(Json::String(template)) => Some(template.clone()),
        Some(Json::Array(named)) => named
            .iter()
            .find(|entry| entry.get("name").and_then(Json::as_str) == Some("default"))
            .and_then(|entry| entry.get("template")?.as_str())
            .map(str::to_owned),
        _ => None,
    })
}

/// The steps of a normaliser or of a cutting rule, which is one step or a list of them.
fn list_steps(step: &Json) -> Vec<&Json> {
    ["normalizers", "pretokenizers", "processors"]
        .iter()
        .find_map(|key| step.get(key)?.as_array())
        .map_or_else(|| vec![step], |steps| steps.iter().collect())
}

fn find_type<'a>(step: &'a Json, name: &str) -> Option<&'a Json> {
    let is_it = |step: &&Json| step.get("type").and_then(Json::as_str) == Some(name);
    if is_it(&step) {
        return Some(step);
    }
    list_steps(step).into_iter().find(is_it)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tokenizer(json: &str) -> Tokenizer {
        serde_json::from_str(json).unwrap()
    }

    #[test]
    fn rules_that_cut_text_are_known_or_refused() {
        let rule = |cut: &str| {
            find_rule(&tokenizer(&format!(
                r#"{{"model": {{"type": "BPE"}}, "pre_tokenizer": {cut}}}"#
            )))
        };
        assert_eq!(
            rule(r#"{"type": "ByteLevel", "add_prefix_space": false}"#),
            Ok("gpt-2")
        );
        for unknown in [
            r#"{"type": "ByteLevel", "add_prefix_space": true}"#,
            r#"{"type": "Sequence", "pretokenizers": [{"type": "Split", "pattern": {"Regex": "x"}}, {"type": "ByteLevel", "use_regex": false}]}"#,
            "null",
        ] {
            assert!(
                rule(unknown).unwrap_err().contains("cuts text"),
                "{unknown}"
            );
        }
    }

    #[test]
    fn ids_outside_and_repeats_are_refused() {
        let read = |vocab: &str, added: &str| {
            let json = format!(
                r#"{{"model": {{"type": "BPE", "vocab": {vocab}}}, "added_tokens": {added}}}"#
            );
            read_tokens(&tokenizer(&json), 3).map(|tokens| tokens.texts)
        };
        let special = r#"[{"id": 2, "content": "</s>", "special": true}]"#;
        assert_eq!(
            read(r#"{"a": 0, "b": 1}"#, special).unwrap(),
            ["a", "b", "</s>"]
        );
        assert_eq!(read(r#"{"a": 0}"#, special).unwrap()[1], "[PAD1]");
        assert!(read(r#"{"a": 3}"#, "[]").unwrap_err().contains("id 3"));
        assert!(read(r#"{"a": -1}"#, "[]").unwrap_err().contains("no id"));
        assert!(read("[]", "[]").unwrap_err().contains("no object"));
        assert!(
            read(r#"{"</s>": 0}"#, special)
                .unwrap_err()
                .contains("twice")
        );
    }

    #[test]
    fn bytes_are_told_from_words() {
        assert!(is_byte("<0x0A>"));
        for word in ["<0xG0>", "<0x0>", "<0x+1>", "0A", "<0x00"] {
            assert!(!is_byte(word), "{word}");
        }
    }
}
