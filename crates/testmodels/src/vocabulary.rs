//! Small vocabularies with working tokenizers: byte-level BPE as of GPT-2, and the `SentencePiece` kind of Llama. A few words are
//! merged, one letter at a time, so that both merging and single bytes happen in ordinary text.

use inference::gguf::{Array, Value};

/// A token of ordinary text.
const NORMAL: i32 = 1;
/// Stands for what cannot be written.
const UNKNOWN: i32 = 2;
/// Means something to the model and is never part of a text.
const CONTROL: i32 = 3;
/// A byte that no other token covers.
const BYTE: i32 = 6;

/// What is merged, from the first letter to the last; earlier words win. A space stands at the front of most words.
const WORDS: [&str; 30] = [
    "  ", "    ", " the", " a", " is", " of", " to", " in", " for", " and", " return", " def",
    " if", " self", " class", " import", " not", " while", " else", " print", "def", "return",
    "the", "for", "ing", "er", "on", "==", "()", "):",
];

/// Marks a space in the `SentencePiece` kind.
const SPACE_MARK: char = '▁';

/// Which kind of tokenizer a vocabulary is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    /// Byte-level BPE, with the name of the rule that cuts text before merging.
    Bytes {
        /// `tokenizer.ggml.pre`.
        cut: &'static str,
    },
    /// As of Llama; with or without a space put before a text.
    Pieces {
        /// `tokenizer.ggml.add_space_prefix`.
        is_space_put_first: bool,
    },
}

/// Special tokens: which there are, and which of them begin and end.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Specials {
    /// In the order of their ids; in front of the ordinary tokens with `Pieces`, behind them with `Bytes`.
    pub(crate) front: &'static [&'static str],
    /// Behind the ordinary tokens.
    pub(crate) back: &'static [&'static str],
    pub(crate) bos: &'static str,
    pub(crate) eos: &'static str,
    pub(crate) unknown: Option<&'static str>,
    pub(crate) pad: Option<&'static str>,
    pub(crate) is_bos_put_first: bool,
}

/// The tokens of a model.
#[derive(Debug, Clone)]
pub(crate) struct Vocabulary {
    pub(crate) kind: Kind,
    pub(crate) specials: Specials,
    pub(crate) tokens: Vec<String>,
    pub(crate) types: Vec<i32>,
    pub(crate) scores: Vec<f32>,
    pub(crate) merges: Vec<(String, String)>,
}

impl Vocabulary {
    /// A vocabulary with all bytes, some words and the special tokens, filled up to `count` tokens with ones that no text has.
    pub(crate) fn new(kind: Kind, specials: Specials, count: Option<usize>) -> Self {
        let mut new = Self::with_words(kind, specials, &WORDS);
        let filled = count.unwrap_or(0).saturating_sub(specials.back.len());
        for number in new.tokens.len()..filled {
            new.add(format!("zq{number:06}"), NORMAL);
        }
        new.add_back();
        new
    }

    /// A vocabulary with all bytes, `words`, and `rare` texts that no text becomes although they are tokens.
    pub(crate) fn with_rare(specials: Specials, words: &[&str], rare: &[&str]) -> Self {
        let mut new = Self::with_words(Kind::Bytes { cut: "gpt-2" }, specials, words);
        for text in rare {
            new.add(spell(text), NORMAL);
        }
        new.add_back();
        new
    }

    fn with_words(kind: Kind, specials: Specials, words: &[&str]) -> Self {
        let mut new = Self {
            kind,
            specials,
            tokens: Vec::new(),
            types: Vec::new(),
            scores: Vec::new(),
            merges: Vec::new(),
        };
        for special in specials.front {
            new.add_special(special);
        }
        match kind {
            Kind::Bytes { .. } => new.add_byte_alphabet(words),
            Kind::Pieces { .. } => new.add_pieces(words),
        }
        new
    }

    fn add_back(&mut self) {
        for special in self.specials.back {
            self.add_special(special);
        }
    }

    fn add(&mut self, token: String, kind: i32) {
        // Later tokens are merged later.
        #[expect(
            clippy::cast_precision_loss,
            reason = "no vocabulary has 16 million tokens"
        )]
        self.scores.push(-(self.tokens.len() as f32));
        self.tokens.push(token);
        self.types.push(kind);
    }

    fn add_special(&mut self, token: &str) {
        let kind = if self.specials.unknown == Some(token) {
            UNKNOWN
        } else {
            CONTROL
        };
        self.add(token.to_owned(), kind);
    }

    fn add_byte_alphabet(&mut self, words: &[&str]) {
        for byte in 0..=u8::MAX {
            self.add(spell_byte(byte).to_string(), NORMAL);
        }
        self.add_merges(words, |byte| spell_byte(byte).to_string());
    }

    fn add_pieces(&mut self, words: &[&str]) {
        for byte in 0..=u8::MAX {
            self.add(format!("<0x{byte:02X}>"), BYTE);
        }
        self.add_merges(words, spell_piece);
        let printable = (b'!'..=b'~').chain([b' ', b'\n']);
        for byte in printable {
            self.add(spell_piece(byte), NORMAL);
        }
        self.merges = self.list_all_merges();
    }

    /// Words are ASCII, so a byte is a letter.
    fn add_merges(&mut self, words: &[&str], spell: impl Fn(u8) -> String) {
        for word in words {
            let mut letters = word.bytes().map(&spell);
            let mut left = letters.next().unwrap_or_default();
            for right in letters {
                let merged = format!("{left}{right}");
                if !self.tokens.contains(&merged) {
                    self.merges.push((left, right));
                    self.add(merged.clone(), NORMAL);
                }
                left = merged;
            }
        }
    }

    /// Every way to put a merged token together, in the order of the tokens: pieces are merged whenever the result is a token.
    fn list_all_merges(&self) -> Vec<(String, String)> {
        let merged = self.merges.iter();
        let merged = merged.map(|(left, right)| format!("{left}{right}"));
        let has = |text: &str| self.tokens.iter().any(|token| token == text);
        merged
            .flat_map(|token| {
                let cuts: Vec<usize> = token.char_indices().skip(1).map(|(at, _)| at).collect();
                let ways = cuts.into_iter().map(|at| token.split_at(at));
                let ways = ways.filter(|(left, right)| has(left) && has(right));
                ways.map(|(left, right)| (left.to_owned(), right.to_owned()))
                    .collect::<Vec<_>>()
            })
            .collect()
    }

    /// The id of a token.
    ///
    /// # Panics
    /// When there is no such token.
    pub(crate) fn id(&self, token: &str) -> u32 {
        self.tokens
            .iter()
            .position(|candidate| candidate == token)
            .and_then(|index| u32::try_from(index).ok())
            .unwrap_or_else(|| panic!("BUG: the vocabulary has no token {token:?}"))
    }

    /// Whether a random model should hardly ever write this token: it ends texts, or is no letter on its own.
    pub(crate) fn is_quiet(&self, id: usize) -> bool {
        match (self.types[id], self.kind) {
            (NORMAL, Kind::Bytes { .. }) => {
                self.tokens[id].chars().count() == 1 && !(33..=127).contains(&(id % 256))
            }
            (NORMAL, Kind::Pieces { .. }) => false,
            _ => true,
        }
    }

    /// The metadata of the tokenizer.
    pub(crate) fn metadata(&self) -> Vec<(String, Value)> {
        let mut settings = Vec::new();
        let mut set = |key: &str, value: Value| {
            settings.push((format!("tokenizer.ggml.{key}"), value));
        };
        let text = |text: &str| Value::String(text.to_owned());
        match self.kind {
            Kind::Bytes { cut } => {
                set("model", text("gpt2"));
                set("pre", text(cut));
                let merges = self.merges.iter();
                let merges = merges.map(|(left, right)| format!("{left} {right}"));
                set("merges", Value::Array(Array::Strings(merges.collect())));
            }
            Kind::Pieces { is_space_put_first } => {
                set("model", text("llama"));
                set("pre", text("default"));
                set("scores", Value::Array(Array::F32(self.scores.clone())));
                set("add_space_prefix", Value::Bool(is_space_put_first));
            }
        }
        set("tokens", Value::Array(Array::Strings(self.tokens.clone())));
        set("token_type", Value::Array(Array::I32(self.types.clone())));
        set("bos_token_id", Value::U32(self.id(self.specials.bos)));
        set("eos_token_id", Value::U32(self.id(self.specials.eos)));
        if let Some(unknown) = self.specials.unknown {
            set("unknown_token_id", Value::U32(self.id(unknown)));
        }
        if let Some(pad) = self.specials.pad {
            set("padding_token_id", Value::U32(self.id(pad)));
        }
        set("add_bos_token", Value::Bool(self.specials.is_bos_put_first));
        set("add_eos_token", Value::Bool(false));
        settings
    }
}

/// How byte-level BPE writes a text.
pub(crate) fn spell(text: &str) -> String {
    text.bytes().map(spell_byte).collect()
}

/// How byte-level BPE writes a byte: printable ones of Latin-1 as they are, the others as letters from 256 on, in order.
fn spell_byte(byte: u8) -> char {
    let is_printable = |byte: u8| matches!(byte, b'!'..=b'~' | 0xa1..=0xac | 0xae..=0xff);
    if is_printable(byte) {
        char::from(byte)
    } else {
        let before = (0..byte).filter(|&other| !is_printable(other)).count();
        u32::try_from(256 + before)
            .ok()
            .and_then(char::from_u32)
            .expect("BUG: at most 68 bytes are not printable")
    }
}

fn spell_piece(byte: u8) -> String {
    if byte == b' ' {
        SPACE_MARK.to_string()
    } else {
        char::from(byte).to_string()
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;
    use crate::Family;

    #[test]
    fn bytes_are_spelled_as_gpt_2_spells_them() {
        assert_eq!(spell_byte(b' '), 'Ġ');
        assert_eq!(spell_byte(b'\n'), 'Ċ');
        assert_eq!(spell_byte(b'a'), 'a');
        assert_eq!(spell_byte(0xad), '\u{143}');
        let spelled: HashSet<char> = (0..=255).map(spell_byte).collect();
        assert_eq!(spelled.len(), 256);
    }

    #[test]
    fn no_vocabulary_has_a_token_twice() {
        for family in Family::ALL {
            let vocabulary = family.vocabulary(None);
            let distinct: HashSet<&String> = vocabulary.tokens.iter().collect();
            assert_eq!(distinct.len(), vocabulary.tokens.len(), "{family:?}");
            assert!(vocabulary.tokens.len() < 500, "{family:?}");
            assert_eq!(family.vocabulary(Some(4000)).tokens.len(), 4000);
        }
    }
}
