//! Marks that stand for the messages' texts while a template runs. A template cannot guess them, and a mark that was changed on
//! its way is not found again, so that the text it stands for counts as lost.

use domain::models::Digest;
use domain::models::writing::ChatMessage;
use sha2::{Digest as _, Sha256};

use super::sandbox::Fault;

/// White space that templates do not write themselves; it tells whether a template trims.
const SPACE: &str = "\u{2003}";
/// More line ends than a template writes at a time; tells whether it trims line ends alone.
const LINE_ENDS: &str = "\n\n\n\n\n";
/// Letters before and after the number of a mark. What lies between them is changed by every escaping, for JSON, HTML or Python.
const KEY_LETTERS: usize = 16;

/// What a template does to an end of a text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Edge {
    /// Nothing.
    Kept,
    /// Line ends are taken away.
    LineEndsTrimmed,
    /// White space is taken away.
    Trimmed,
}

/// A piece of a template's output.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Part<'a> {
    /// The template's own words.
    Markup(&'a str),
    /// The text of message `index`.
    Content {
        index: usize,
        left: Edge,
        right: Edge,
    },
}

/// The marks of one conversation.
pub(super) struct Marks {
    key: String,
    tail: String,
}

impl Marks {
    /// Marks for a template and a conversation: always the same for the same two, so that a prompt can be made again, and known
    /// to nobody who knows only one of them.
    pub(super) fn new(template: Digest, messages: &[ChatMessage]) -> Self {
        let mut hash = Sha256::new();
        hash.update(template.0);
        for message in messages {
            hash.update(message.speaker.name());
            hash.update(message.text.len().to_le_bytes());
            hash.update(&message.text);
        }
        let mut letters = hash.finalize().into_iter().map(letter);
        let key: String = letters.by_ref().take(KEY_LETTERS).collect();
        let tail: String = letters.collect();
        Self {
            key: format!("{key}<&\"\\"),
            tail,
        }
    }

    /// What a template gets instead of the text of message `index`.
    pub(super) fn mark(&self, index: usize) -> String {
        let Self { key, tail } = self;
        format!("{LINE_ENDS}{SPACE}{key}{index}{tail}{SPACE}{LINE_ENDS}")
    }

    /// Finds the marks in a template's output.
    ///
    /// # Errors
    /// [`Fault::Refused`] when a mark was cut.
    pub(super) fn split<'a>(&self, output: &'a str) -> Result<Vec<Part<'a>>, Fault> {
        let mut parts = Vec::new();
        let mut rest = output;
        while let Some((before, after)) = rest.split_once(&self.key) {
            let cut = || Fault::Refused("it cuts the messages' texts".to_owned());
            let (number, after) = after.split_once(&self.tail).ok_or_else(cut)?;
            let index = number.parse().map_err(|_| cut())?;
            let (before, left) = match before.strip_suffix(SPACE) {
                None => (before, Edge::Trimmed),
                Some(before) => before
                    .strip_suffix(LINE_ENDS)
                    .map_or((before, Edge::LineEndsTrimmed), |before| {
                        (before, Edge::Kept)
                    }),
            };
            let (after, right) = match after.strip_prefix(SPACE) {
                None => (after, Edge::Trimmed),
                Some(after) => after
                    .strip_prefix(LINE_ENDS)
                    .map_or((after, Edge::LineEndsTrimmed), |after| (after, Edge::Kept)),
            };
            parts.push(Part::Markup(before));
            parts.push(Part::Content { index, left, right });
            rest = after;
        }
        parts.push(Part::Markup(rest));
        Ok(parts)
    }
}

/// A letter for a byte. Both cases occur, so that a change of case is noticed.
fn letter(byte: u8) -> char {
    let base = if byte & 1 == 0 { b'a' } else { b'A' };
    char::from(base + (byte >> 1) % 26)
}

/// The text as the template would have written it.
pub(super) fn trim(text: &str, left: Edge, right: Edge) -> &str {
    let text = match left {
        Edge::Kept => text,
        Edge::LineEndsTrimmed => text.trim_start_matches('\n'),
        Edge::Trimmed => text.trim_start(),
    };
    match right {
        Edge::Kept => text,
        Edge::LineEndsTrimmed => text.trim_end_matches('\n'),
        Edge::Trimmed => text.trim_end(),
    }
}
