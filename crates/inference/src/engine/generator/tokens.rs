//! Text to tokens and back. Only a template's own words may become special tokens: what people write stays text, however much
//! it looks like a model's role tags.

use std::ops::Range;
use std::sync::Arc;

use llama_cpp_2::token::LlamaToken;
use llama_cpp_2::token_type::LlamaTokenAttr;
use llama_cpp_2::vocab::LlamaVocab;

use super::frame::Segment;

/// The white space that C's `isspace` knows, which is what llama.cpp strips beside some special tokens.
const SPACES: [u8; 6] = *b" \t\n\x0b\x0c\r";

/// Turns prompts into tokens of one vocabulary.
pub(super) struct Tokeniser<'model> {
    vocab: LlamaVocab<'model>,
    /// Longest first, as llama.cpp looks for them.
    specials: Vec<Special>,
    /// The token that begins every prompt, where the model wants one.
    first: Option<LlamaToken>,
    piece_bytes_max: usize,
    marks: Arc<[LlamaToken]>,
}

/// A token that is found in the text before the rest of it is tokenised.
#[derive(Debug, Clone)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "they are the vocabulary's own attributes, each independent of the others"
)]
struct Special {
    token: LlamaToken,
    text: String,
    /// Whether it takes the white space before it along.
    strips_left: bool,
    /// Whether it takes the white space after it along.
    strips_right: bool,
    /// Whether llama.cpp finds it in plain text too.
    is_user_defined: bool,
    ends_text: bool,
}

/// A prompt in tokens.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Prompt {
    pub(super) tokens: Vec<LlamaToken>,
    /// So many tokens at the front depend on nothing but the shared segments.
    pub(super) shared: usize,
}

/// A piece of a prompt between special tokens, or such a token.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Fragment {
    Text(Range<usize>),
    Token(LlamaToken),
}

impl<'model> Tokeniser<'model> {
    pub(super) fn new(vocab: LlamaVocab<'model>) -> Self {
        let mut specials: Vec<Special> = vocab
            .tokens()
            .filter_map(|token| read_special(&vocab, token))
            .collect();
        specials.sort_by_key(|special| std::cmp::Reverse(special.text.len()));
        let piece_bytes_max = vocab
            .tokens()
            .map(|token| vocab.token_to_piece(token, true, None).len())
            .max();
        let is_mark = |token: &LlamaToken| vocab.is_control(*token) && !vocab.is_eog(*token);
        let marks = vocab.tokens().filter(is_mark).collect();
        let first = vocab
            .should_add_bos()
            .then(|| vocab.bos())
            .filter(|token| token.0 >= 0);
        Self {
            vocab,
            specials,
            first,
            piece_bytes_max: piece_bytes_max.unwrap_or(1).max(1),
            marks,
        }
    }

    /// No text of `bytes` bytes has fewer tokens than this, white space beside tags aside. The mark that stands for a space in some
    /// vocabularies has three bytes when somebody writes it.
    pub(super) fn count_at_least(&self, bytes: usize) -> usize {
        bytes / self.piece_bytes_max.saturating_mul(3)
    }

    /// How many tokens a text has, without any mark.
    pub(super) fn count(&self, text: &str) -> usize {
        self.vocab.tokenize(text.as_bytes(), false, false).len()
    }

    /// The tokens of a prompt whose first `shared_segments` segments are the same for everybody.
    pub(super) fn tokenise(&self, segments: &[Segment], shared_segments: usize) -> Prompt {
        let tokens = self.tokenise_all(segments);
        let shared_only = segments.get(..shared_segments).unwrap_or(segments);
        let shared = if shared_only.is_empty() {
            0
        } else {
            // A token at the border may hold text of both sides; it is where the two tokenisations part.
            common_prefix(&tokens, &self.tokenise_all(shared_only))
        };
        Prompt { tokens, shared }
    }

    fn tokenise_all(&self, segments: &[Segment]) -> Vec<LlamaToken> {
        let (text, markup) = join(segments);
        let specials: Vec<&Special> = self
            .specials
            .iter()
            .filter(|special| {
                markup
                    .iter()
                    .any(|range| slice(&text, range).contains(&special.text))
            })
            .collect();
        let mut fragments = vec![Fragment::Text(0..text.len())];
        for special in specials.iter().filter(|special| special.is_cut()) {
            fragments = cut_out(special, &text, &markup, fragments);
        }
        let mut tokens: Vec<LlamaToken> = self.first.into_iter().collect();
        if fragments.first() == self.first.map(Fragment::Token).as_ref() {
            tokens.clear();
        }
        for fragment in fragments {
            match fragment {
                Fragment::Token(token) => tokens.push(token),
                Fragment::Text(range) => {
                    for part in self.disarm(slice(&text, &range), &specials) {
                        tokens.extend(self.vocab.tokenize(part.as_bytes(), false, false));
                    }
                }
            }
        }
        tokens
    }

    /// `text` in parts that are tokenised apart, so that no part holds a role tag. llama.cpp finds user-defined tokens in plain
    /// text too, and some files declare their role tags so; the tags of this prompt's own markup were cut out before.
    fn disarm<'text>(&self, text: &'text str, in_markup: &[&Special]) -> Vec<&'text str> {
        let tags = self.specials.iter().filter(|special| {
            special.is_user_defined
                && special.is_cut()
                && (special.ends_text || in_markup.iter().any(|tag| tag.token == special.token))
        });
        let mut borders: Vec<usize> = tags
            .flat_map(|tag| {
                let first = tag.text.chars().next().map_or(0, char::len_utf8);
                text.match_indices(&tag.text)
                    .map(move |(start, _)| start + first)
            })
            .collect();
        borders.sort_unstable();
        borders.dedup();
        borders.push(text.len());
        let mut begin = 0;
        let parts = borders.into_iter().map(|end| {
            let part = slice(text, &(begin..end));
            begin = end;
            part
        });
        parts.filter(|part| !part.is_empty()).collect()
    }

    /// The bytes a token adds to the text; none for role tags and marks.
    pub(super) fn piece(&self, token: LlamaToken) -> Vec<u8> {
        self.vocab.token_to_piece(token, false, None)
    }

    /// Whether the model ends its text with this token.
    pub(super) fn ends_text(&self, token: LlamaToken) -> bool {
        self.vocab.is_eog(token)
    }

    /// The tokens that add nothing to the text and do not end it, in order.
    pub(super) fn marks(&self) -> Arc<[LlamaToken]> {
        Arc::clone(&self.marks)
    }
}

impl Special {
    /// Whether it is looked for here. Runs of white space and the like are left to llama.cpp, because they may begin in markup and
    /// end in somebody's text.
    fn is_cut(&self) -> bool {
        !self.is_user_defined || !self.text.trim().is_empty()
    }
}

fn read_special(vocab: &LlamaVocab<'_>, token: LlamaToken) -> Option<Special> {
    let attributes = vocab.attr(token);
    let is_user_defined = attributes.contains(LlamaTokenAttr::UserDefined);
    let is_special = is_user_defined
        || attributes.contains(LlamaTokenAttr::Control)
        || attributes.contains(LlamaTokenAttr::Unknown);
    let text = vocab.text(token)?.to_str().ok()?;
    (is_special && !text.is_empty()).then(|| Special {
        token,
        text: text.to_owned(),
        strips_left: attributes.contains(LlamaTokenAttr::LStrip),
        strips_right: attributes.contains(LlamaTokenAttr::RStrip),
        is_user_defined,
        ends_text: vocab.is_eog(token),
    })
}

/// The whole text, and where its markup is; neighbouring segments of markup are one.
fn join(segments: &[Segment]) -> (String, Vec<Range<usize>>) {
    let mut text = String::new();
    let mut markup: Vec<Range<usize>> = Vec::new();
    for segment in segments {
        let begin = text.len();
        text.push_str(&segment.text);
        match markup.last_mut() {
            _ if !segment.is_markup => {}
            Some(last) if last.end == begin => last.end = text.len(),
            _ => markup.push(begin..text.len()),
        }
    }
    (text, markup)
}

/// Takes the occurrences of `special` within `markup` out of the texts among `fragments`.
fn cut_out(
    special: &Special,
    text: &str,
    markup: &[Range<usize>],
    fragments: Vec<Fragment>,
) -> Vec<Fragment> {
    let mut cut = Vec::with_capacity(fragments.len());
    for fragment in fragments {
        let Fragment::Text(range) = fragment else {
            cut.push(fragment);
            continue;
        };
        let mut begin = range.start;
        for (offset, _) in slice(text, &range).match_indices(&special.text) {
            let found = range.start + offset..range.start + offset + special.text.len();
            let is_within = |markup: &Range<usize>| {
                markup.start <= found.start && found.end <= markup.end && begin <= found.start
            };
            if !markup.iter().any(is_within) {
                continue;
            }
            let left = begin..found.start;
            let left = if special.strips_left {
                trim_end(text, left)
            } else {
                left
            };
            if !left.is_empty() {
                cut.push(Fragment::Text(left));
            }
            cut.push(Fragment::Token(special.token));
            begin = if special.strips_right {
                trim_start(text, found.end..range.end)
            } else {
                found.end
            };
        }
        if begin < range.end {
            cut.push(Fragment::Text(begin..range.end));
        }
    }
    cut
}

fn trim_end(text: &str, mut range: Range<usize>) -> Range<usize> {
    while range.end > range.start && SPACES.contains(&text.as_bytes()[range.end - 1]) {
        range.end -= 1;
    }
    range
}

fn trim_start(text: &str, mut range: Range<usize>) -> usize {
    while range.end > range.start && SPACES.contains(&text.as_bytes()[range.start]) {
        range.start += 1;
    }
    range.start
}

fn slice<'text>(text: &'text str, range: &Range<usize>) -> &'text str {
    text.get(range.clone())
        .expect("BUG: a range of text ends between characters")
}

/// How many elements at the front are the same.
pub(super) fn common_prefix(left: &[LlamaToken], right: &[LlamaToken]) -> usize {
    left.iter()
        .zip(right)
        .take_while(|(left, right)| left == right)
        .count()
}

#[cfg(test)]
mod tests {
    use std::sync::OnceLock;

    use llama_cpp_2::llama_backend::LlamaBackend;
    use llama_cpp_2::model::LlamaModel;
    use llama_cpp_2::model::params::LlamaModelParams;
    use proptest::prelude::*;
    use testmodels::{Family, Size, write_random};

    use super::*;

    /// The vocabulary of a family; a process has one backend.
    fn load(family: Family) -> LlamaModel {
        static BACKEND: OnceLock<LlamaBackend> = OnceLock::new();
        let backend = BACKEND.get_or_init(|| {
            let mut backend = LlamaBackend::init().unwrap();
            backend.void_logs();
            backend
        });
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("vocabulary.gguf");
        write_random(family, Size::Tiny, 1, &path).unwrap();
        let params = LlamaModelParams::default().with_vocab_only(true);
        LlamaModel::load_from_file(backend, path, &params).unwrap()
    }

    fn segment(text: &str, is_markup: bool) -> Segment {
        Segment {
            text: text.to_owned(),
            is_markup,
        }
    }

    /// What llama.cpp makes of the whole text when all its tags are tokens, with the first token once.
    fn whole(tokeniser: &Tokeniser<'_>, segments: &[Segment]) -> Vec<LlamaToken> {
        let text: String = segments
            .iter()
            .map(|segment| segment.text.as_str())
            .collect();
        let mut tokens = tokeniser.vocab.tokenize(text.as_bytes(), false, true);
        if tokeniser.first.is_some() && tokens.first() != tokeniser.first.as_ref() {
            tokens.splice(..0, tokeniser.first);
        }
        tokens
    }

    /// Text of people without any tag of a family, with much white space and words that are merged.
    fn harmless() -> impl Strategy<Value = String> {
        let words = prop_oneof![
            Just("the return".to_owned()),
            Just("  ".to_owned()),
            Just("\n\n".to_owned()),
            "[a-zé ]{0,6}".prop_map(String::from),
        ];
        proptest::collection::vec(words, 0..5).prop_map(|words| words.concat())
    }

    #[test]
    fn tokens_are_those_of_the_whole_text_when_nobody_writes_tags() {
        for family in Family::ALL {
            let model = load(family);
            let tokeniser = Tokeniser::new(model.vocab());
            let tags: Vec<String> = tokeniser
                .specials
                .iter()
                .map(|special| special.text.clone())
                .collect();
            assert!(!tags.is_empty(), "{family:?}");
            let tag = || proptest::sample::select(tags.clone());
            let markup = prop_oneof![
                tag(),
                tag().prop_map(|tag| format!("{tag} user\n")),
                Just(" [INST] ".to_owned()),
                Just("\n".to_owned()),
                (tag(), tag()).prop_map(|(left, right)| format!("{left}\n{right}")),
            ];
            let piece = prop_oneof![
                markup.prop_map(|text| segment(&text, true)),
                harmless().prop_map(|text| segment(&text, false)),
            ];
            let segments = proptest::collection::vec(piece, 0..8);
            let mut runner = proptest::test_runner::TestRunner::default();
            let result = runner.run(&segments, |segments| {
                let prompt = tokeniser.tokenise(&segments, segments.len() / 2);
                prop_assert_eq!(&prompt.tokens, &whole(&tokeniser, &segments));
                prop_assert!(prompt.shared <= prompt.tokens.len());
                let bytes: usize = segments.iter().map(|segment| segment.text.len()).sum();
                let spaces = segments.iter().flat_map(|segment| segment.text.bytes());
                let spaces = spaces.filter(u8::is_ascii_whitespace).count();
                prop_assert!(tokeniser.count_at_least(bytes - spaces) <= prompt.tokens.len());
                Ok(())
            });
            result.unwrap_or_else(|error| panic!("{family:?}: {error}"));
        }
    }

    #[test]
    fn tags_in_plain_text_are_text() {
        for family in Family::ALL {
            let model = load(family);
            let mut tokeniser = Tokeniser::new(model.vocab());
            // Some files declare their tags so that llama.cpp finds them in plain text too.
            for is_user_defined in [false, true] {
                for special in &mut tokeniser.specials {
                    special.is_user_defined = is_user_defined;
                }
                for special in &tokeniser.specials {
                    let tag = special.text.as_str();
                    let plain = segment(&format!("say {tag}now"), false);
                    let segments = [segment(tag, true), plain, segment(tag, true)];
                    let tokens = tokeniser.tokenise(&segments, 0).tokens;
                    let count = tokens
                        .iter()
                        .filter(|token| **token == special.token)
                        .count();
                    let marks = 2 + usize::from(
                        tokeniser.first == Some(special.token) && tokens[0] != tokens[1],
                    );
                    assert!(count <= marks && count >= 2, "{family:?} {tag}: {tokens:?}");
                }
            }
        }
    }

    #[test]
    fn a_tag_is_not_made_of_markup_and_text() {
        let model = load(Family::Phi3);
        let tokeniser = Tokeniser::new(model.vocab());
        let tag = "<|end|>";
        let token = whole(&tokeniser, &[segment(tag, true)]).pop().unwrap();
        for cut in 1..tag.len() {
            let (left, right) = tag.split_at(cut);
            for is_left in [true, false] {
                let segments = [segment(left, is_left), segment(right, !is_left)];
                assert!(!tokeniser.tokenise(&segments, 0).tokens.contains(&token));
            }
            let segments = [segment(left, true), segment(right, true)];
            assert!(tokeniser.tokenise(&segments, 0).tokens.contains(&token));
        }
    }

    #[test]
    fn what_is_shared_depends_on_nothing_after_it() {
        let model = load(Family::DeepseekCoder);
        let tokeniser = Tokeniser::new(model.vocab());
        let system = segment("You write code.\n", false);
        let long = tokeniser.tokenise(&[system.clone(), segment("the end", false)], 1);
        let other = tokeniser.tokenise(&[system.clone(), segment("\n\n", false)], 1);
        let shared = long.shared.min(other.shared);
        assert!(shared > 4);
        assert_eq!(long.tokens[..shared], other.tokens[..shared]);
        assert_eq!(
            tokeniser.tokenise(std::slice::from_ref(&system), 0).shared,
            0
        );
        let all = tokeniser.tokenise(&[system], 9);
        assert_eq!(all.shared, all.tokens.len());
    }
}
