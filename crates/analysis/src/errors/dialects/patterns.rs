//! Patterns of tokens, written as text.
//!
//! - Every pattern begins with words. `A|B` is one of two words, `_` a name with its qualifiers, `#` a number, `'` a text, `:` a
//!   parameter, `()` a pair of brackets with what is in them, `*` the rest of the line. `;` is also the end of the code.
//! - `^` stands before a pattern that begins its statement, `A<` before one that has `A` somewhere before it.
//! - `{` and `}` stand around what is left out or replaced; without them that is all of it.

use std::ops::Range;

use super::FIRST_WORDS;
use super::tokens::{Kind, Token};

/// Most tokens between a pair of brackets, and from a word to what needs it.
const DISTANCE_MAX: usize = 200;

/// What is done where a pattern fits.
#[derive(Debug, Clone, Copy)]
pub(super) enum Effect {
    /// It is left out, and what is left means the same.
    Omit,
    /// Something stands there instead, so that the rest can be read but means something else.
    Replace(&'static str),
    /// The statement cannot be read.
    Unreadable,
}

#[derive(Debug)]
pub(super) struct Pattern {
    pub(super) effect: Effect,
    words: Vec<&'static str>,
    /// Which of the words are left out or replaced.
    part: Range<usize>,
    is_first: bool,
    needs: Option<&'static str>,
}

impl Pattern {
    pub(super) fn new(text: &'static str, effect: Effect) -> Self {
        let mut words: Vec<&'static str> = text.split_whitespace().collect();
        let is_first = words.first() == Some(&"^");
        if is_first {
            words.remove(0);
        }
        let needs = words.first().and_then(|word| word.strip_suffix('<'));
        if needs.is_some() {
            words.remove(0);
        }
        let mut place = |mark: &str| {
            let place = words.iter().position(|word| *word == mark)?;
            words.remove(place);
            Some(place)
        };
        let (start, end) = (place("{"), place("}"));
        Self {
            effect,
            part: start.unwrap_or(0)..end.unwrap_or(words.len()),
            words,
            is_first,
            needs,
        }
    }

    /// The words that it can begin with.
    pub(super) fn first_words(&self) -> impl Iterator<Item = &'static str> {
        self.words
            .first()
            .into_iter()
            .flat_map(|word| word.split('|'))
    }

    /// The tokens that are left out or replaced, when the pattern fits at `at`.
    pub(super) fn find_at(&self, tokens: &[Token<'_>], at: usize) -> Option<Range<usize>> {
        if self.is_first && at > 0 {
            return None;
        }
        let mut next = at;
        let mut part = at..at;
        for (index, word) in self.words.iter().enumerate() {
            if index == self.part.start {
                part.start = next;
            }
            next += length_of(word, tokens.get(next..)?)?;
            if index + 1 == self.part.end {
                part.end = next.min(tokens.len());
            }
        }
        let is_known = match self.effect {
            Effect::Unreadable if !self.is_first => {
                let first = tokens.first()?;
                FIRST_WORDS.iter().any(|word| is_word(first, word))
            }
            Effect::Omit | Effect::Replace(_) | Effect::Unreadable => true,
        };
        let has_needed = self.needs.is_none_or(|needed| {
            let before = tokens.get(at.saturating_sub(DISTANCE_MAX)..at);
            before.is_some_and(|before| before.iter().any(|token| is_word(token, needed)))
        });
        (is_known && has_needed).then_some(part)
    }
}

/// How many tokens fit a word of a pattern.
fn length_of(word: &str, tokens: &[Token<'_>]) -> Option<usize> {
    word.split('|').find_map(|word| {
        let Some(token) = tokens.first() else {
            return match word {
                ";" => Some(1),
                "*" => Some(0),
                _ => None,
            };
        };
        let fits = match word {
            "_" => return name_length(tokens),
            "()" => return brackets_length(tokens),
            "*" => return Some(rest_of_line(tokens)),
            "#" => token.kind == Kind::Number,
            "'" => token.kind == Kind::Text,
            ":" => token.kind == Kind::Parameter,
            word => is_word(token, word),
        };
        fits.then_some(1)
    })
}

fn is_word(token: &Token<'_>, word: &str) -> bool {
    token.kind != Kind::Text && token.text.eq_ignore_ascii_case(word)
}

/// The tokens of `schema.table.column`.
fn name_length(tokens: &[Token<'_>]) -> Option<usize> {
    let is_name = |at: usize| tokens.get(at).is_some_and(|token| token.kind == Kind::Word);
    let is_dot = |at: usize| tokens.get(at).is_some_and(|token| token.text == ".");
    let mut length = usize::from(is_name(0));
    while length > 0 && length < 8 && is_dot(length) && is_name(length + 1) {
        length += 2;
    }
    (length > 0).then_some(length)
}

/// The tokens from `(` to the `)` that closes it.
fn brackets_length(tokens: &[Token<'_>]) -> Option<usize> {
    let mut depth = 0_usize;
    for (index, token) in tokens.iter().take(DISTANCE_MAX).enumerate() {
        match token.text {
            "(" => depth += 1,
            ")" => depth = depth.checked_sub(1)?,
            _ => {}
        }
        if depth == 0 {
            return (index > 0).then_some(index + 1);
        }
    }
    None
}

/// The tokens up to the semicolon or the end of the line.
fn rest_of_line(tokens: &[Token<'_>]) -> usize {
    let is_end = |token: &Token<'_>| token.text == ";" || token.starts_line;
    tokens.iter().position(is_end).unwrap_or(tokens.len())
}
