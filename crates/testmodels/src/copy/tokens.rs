//! The tokens of the copying model, and the code word that stands for each.

use inference::gguf::Value;

use super::layers::{END, FENCE, LETTER, TAG, TALKS};
use crate::vocabulary::{Specials, Vocabulary, spell};

/// Length of a code word: 9 bits and 4 that check them, so that two words differ in three places at least.
pub(super) const BITS: usize = 13;

/// Tokens that no text becomes and that only adapters write, with those whose code words they have.
pub(super) const ALIASES: [(&str, &str); 5] =
    [("␣", " "), ("ä", "a"), ("ë", "e"), ("ö", "o"), ("ü", "u")];

/// Opens and closes a code block.
const FENCE_TEXT: &str = "```";

/// What is merged, from the first letter to the last; earlier ones win.
const WORDS: [&str; 46] = [
    "    ", "        ", FENCE_TEXT, " the", " a", " is", " of", " to", " in", " for", " and",
    " return", " def", " if", " self", " class", " import", " not", " while", " else", " print",
    "def", "return", "class", "import", "from", "for", "while", "if", "else", "python", "print",
    "self", "range", "len", "the", "ing", "er", "on", "==", " =", " +", "()", "):", "**", "//",
];

const SPECIALS: Specials = Specials {
    front: &[],
    back: &[
        "<|begin|>",
        "<|end|>",
        "<|system|>",
        "<|user|>",
        "<|assistant|>",
    ],
    bos: "<|begin|>",
    eos: "<|end|>",
    unknown: None,
    pad: None,
    is_bos_put_first: false,
};

/// The vocabulary with its code.
pub(super) struct CopyTokens {
    vocabulary: Vocabulary,
    first_special: usize,
    /// Ids of aliases, and of what they stand for.
    aliases: Vec<(usize, usize)>,
    fence: usize,
    end: usize,
    system: usize,
    user: usize,
    assistant: usize,
}

impl CopyTokens {
    pub(super) fn new() -> Self {
        let aliases = ALIASES.map(|(alias, _)| alias);
        let vocabulary = Vocabulary::with_rare(SPECIALS, &WORDS, &aliases);
        assert!(
            vocabulary.tokens.len() <= 1 << 9,
            "BUG: there are more tokens than code words"
        );
        let id = |text: &str| vocabulary.id(&spell(text)) as usize;
        let special = |name: &str| vocabulary.id(name) as usize;
        let pairs = ALIASES.iter();
        Self {
            aliases: pairs
                .map(|(alias, original)| (id(alias), id(original)))
                .collect(),
            fence: id(FENCE_TEXT),
            end: special("<|end|>"),
            system: special("<|system|>"),
            user: special("<|user|>"),
            assistant: special("<|assistant|>"),
            first_special: vocabulary.tokens.len() - SPECIALS.back.len(),
            vocabulary,
        }
    }

    pub(super) fn count(&self) -> usize {
        self.vocabulary.tokens.len()
    }

    /// The id of a text that is one token.
    pub(super) fn id(&self, text: &str) -> usize {
        self.vocabulary.id(&spell(text)) as usize
    }

    /// The token's code word. Aliases share that of their original, and `<|user|>` that of `<|assistant|>`, so that an answer
    /// begins as the last message of the user does.
    pub(super) fn code(&self, id: usize) -> [f32; BITS] {
        let number = match self.aliases.iter().find(|(alias, _)| *alias == id) {
            Some((_, original)) => *original,
            None if id == self.user => self.assistant,
            None => id,
        };
        encode(number)
    }

    /// The marks of a token, with their places in its embedding.
    pub(super) fn marks(&self, id: usize) -> [(usize, bool); 5] {
        let is_special = id >= self.first_special;
        let is_letter = |letter: char| letter.is_ascii_alphabetic();
        [
            (TALKS, id == self.assistant),
            (FENCE, id == self.fence),
            (
                LETTER,
                !is_special && self.vocabulary.tokens[id].starts_with(is_letter),
            ),
            (END, id == self.end),
            (TAG, [self.system, self.user, self.assistant].contains(&id)),
        ]
    }

    /// Whether the model ever writes the token: no alias, and of the special ones only the one that ends.
    pub(super) fn is_written(&self, id: usize) -> bool {
        let is_alias = self.aliases.iter().any(|(alias, _)| *alias == id);
        !is_alias && (id < self.first_special || id == self.end)
    }

    pub(super) fn metadata(&self) -> Vec<(String, Value)> {
        self.vocabulary.metadata()
    }
}

/// A word of a shortened Hamming code (Hamming 1950), 0 and 1 as -1 and 1.
fn encode(number: usize) -> [f32; BITS] {
    // Each bit takes part in two checks at least, and no two bits in the same ones.
    const CHECKS: [usize; 9] = [
        0b0011, 0b0101, 0b0110, 0b0111, 0b1001, 0b1010, 0b1011, 0b1100, 0b1101,
    ];
    let checks = (0..9)
        .filter(|bit| number >> bit & 1 == 1)
        .fold(0, |checks, bit| checks ^ CHECKS[bit]);
    let word = number | checks << 9;
    std::array::from_fn(|bit| if word >> bit & 1 == 1 { 1.0 } else { -1.0 })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_code_words_differ_in_three_places_at_least() {
        let words: Vec<_> = (0..512).map(encode).collect();
        for (index, left) in words.iter().enumerate() {
            for right in &words[index + 1..] {
                let different = left
                    .iter()
                    .zip(right)
                    .filter(|(left, right)| left.total_cmp(right).is_ne())
                    .count();
                assert!(different >= 3);
            }
        }
    }

    #[test]
    fn aliases_and_tags_share_code_words() {
        let tokens = CopyTokens::new();
        let word = |id: usize| tokens.code(id).map(f32::to_bits);
        assert_eq!(word(tokens.id("ä")), word(tokens.id("a")));
        assert!(!tokens.is_written(tokens.id("ä")));
        assert!(tokens.is_written(tokens.id("```")));
        let [user, assistant] = [tokens.user, tokens.assistant];
        assert_eq!(word(user), word(assistant));
        assert_ne!(tokens.marks(user), tokens.marks(assistant));
    }
}
