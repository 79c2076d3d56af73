//! Log-probabilities in both forms of OpenAI's API. Their byte lists hold what text cannot: a character may be spread over tokens.

use std::collections::BTreeMap;

use domain::models::writing::TokenInfo;
use serde::Serialize;
use utoipa::ToSchema;

/// What stands for the logarithm of 0, which JSON cannot write.
const LOGPROB_MIN: f32 = -9999.0;

/// Log-probabilities of a chat's answer.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub(crate) struct ChatLogprobs {
    /// The tokens of the text.
    content: Vec<TokenLogprob>,
    /// Always null.
    #[schema(required)]
    refusal: Option<Vec<TokenLogprob>>,
}

/// A token with its log-probability.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub(crate) struct TokenLogprob {
    /// Its text; bytes that are no whole character are shown as U+FFFD.
    token: String,
    /// Natural logarithm of its probability.
    logprob: f32,
    /// Its bytes.
    bytes: Vec<u8>,
    /// The most probable tokens at its place.
    top_logprobs: Vec<TopLogprob>,
}

/// An alternative to a token.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub(crate) struct TopLogprob {
    /// Its text.
    token: String,
    /// Natural logarithm of its probability.
    logprob: f32,
    /// Its bytes.
    bytes: Vec<u8>,
}

impl ChatLogprobs {
    pub(crate) fn new(tokens: Vec<TokenInfo>) -> Self {
        let content = tokens.into_iter().map(|token| TokenLogprob {
            token: lossy(&token.bytes),
            logprob: finite(token.logprob),
            bytes: token.bytes,
            top_logprobs: token
                .top
                .into_iter()
                .map(|(bytes, logprob)| TopLogprob {
                    token: lossy(&bytes),
                    logprob: finite(logprob),
                    bytes,
                })
                .collect(),
        });
        Self {
            content: content.collect(),
            refusal: None,
        }
    }
}

/// Log-probabilities of a continued text: lists of the same length.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub(crate) struct TextLogprobs {
    /// The tokens.
    tokens: Vec<String>,
    /// Natural logarithms of their probabilities.
    token_logprobs: Vec<f32>,
    /// The most probable tokens at each place, by text.
    top_logprobs: Vec<BTreeMap<String, f32>>,
    /// Where each token begins in the text, in characters.
    text_offset: Vec<usize>,
}

impl TextLogprobs {
    /// `offset` is where the first token begins; it is moved on behind the last.
    pub(crate) fn new(tokens: Vec<TokenInfo>, offset: &mut usize) -> Self {
        let mut lists = Self {
            tokens: Vec::new(),
            token_logprobs: Vec::new(),
            top_logprobs: Vec::new(),
            text_offset: Vec::new(),
        };
        for token in tokens {
            let text = lossy(&token.bytes);
            lists.text_offset.push(*offset);
            // A character that is spread over tokens counts where it begins.
            *offset += token
                .bytes
                .iter()
                .filter(|byte| !is_continuation(**byte))
                .count();
            lists.tokens.push(text);
            lists.token_logprobs.push(finite(token.logprob));
            let top = token.top.iter();
            lists.top_logprobs.push(
                top.map(|(bytes, logprob)| (lossy(bytes), finite(*logprob)))
                    .collect(),
            );
        }
        lists
    }
}

/// Whether a byte of UTF-8 goes on with a character (RFC 3629 §3).
const fn is_continuation(byte: u8) -> bool {
    byte & 0b1100_0000 == 0b1000_0000
}

fn lossy(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

fn finite(logprob: f32) -> f32 {
    if logprob.is_nan() {
        LOGPROB_MIN
    } else {
        logprob.clamp(LOGPROB_MIN, 0.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn token(bytes: &[u8], logprob: f32) -> TokenInfo {
        TokenInfo {
            bytes: bytes.to_vec(),
            logprob,
            top: vec![
                (bytes.to_vec(), logprob),
                (b"x".to_vec(), f32::NEG_INFINITY),
            ],
        }
    }

    #[test]
    fn offsets_count_characters_even_those_spread_over_tokens() {
        let mut offset = 3;
        let [first, second] = ["é".as_bytes()[0], "é".as_bytes()[1]];
        let tokens = vec![
            token(b"ab", -0.5),
            token(&[first], -1.0),
            token(&[second], -1.5),
            token(b"c", 0.0),
        ];
        let lists = TextLogprobs::new(tokens, &mut offset);
        assert_eq!(lists.text_offset, [3, 5, 6, 6]);
        assert_eq!(offset, 7);
        assert_eq!(lists.tokens, ["ab", "\u{fffd}", "\u{fffd}", "c"]);
        assert_eq!(lists.top_logprobs[0]["x"].to_string(), "-9999");
    }

    #[test]
    fn no_number_is_one_that_json_cannot_write() {
        let told = ChatLogprobs::new(vec![token(&[0xff], f32::NAN), token(b"a", -0.25)]);
        let json = serde_json::to_value(&told).unwrap();
        assert_eq!(json["content"][0]["logprob"], -9999.0);
        assert_eq!(json["content"][0]["bytes"], serde_json::json!([255]));
        assert_eq!(json["content"][1]["logprob"], -0.25);
        assert_eq!(json["content"][1]["top_logprobs"][1]["token"], "x");
    }
}
