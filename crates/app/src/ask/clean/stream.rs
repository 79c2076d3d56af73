//! Cleans a model's text while it comes: no repetition of the question, no role tags, tidy prose, closed fences. It gives whole lines
//! of code and whole sentences of prose, so that each can be looked at before it is shown, and never takes back what it gave.

use super::echo::Echo;
use super::tags::{self, Place};

/// Bytes of prose without an end that are held back before they are given up to the last space.
const HELD_BYTES_MAX: usize = 240;

/// A line of code, or a sentence or line of prose.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::ask) struct Piece {
    pub(in crate::ask) text: String,
    pub(in crate::ask) is_code: bool,
}

/// Where the text stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
enum Line {
    /// At the beginning of a line of prose.
    #[default]
    Start,
    /// Within a line of prose, of which a part was given.
    Within,
    /// At the beginning of a line of code.
    Code,
}

/// Cleans one text.
#[derive(Debug, Default)]
pub(in crate::ask) struct Cleaner {
    echo: Echo,
    /// The end of the text, as far as it was not given.
    held: String,
    line: Line,
    /// Whether blank lines stand before what comes next.
    has_gap: bool,
    has_text: bool,
    is_over: bool,
}

impl Cleaner {
    /// A cleaner of an answer; a model may begin it by repeating one of `asked`.
    pub(in crate::ask) fn new(asked: &[&str]) -> Self {
        Self {
            echo: Echo::new(asked),
            ..Self::default()
        }
    }

    /// A cleaner of what follows on `text`, which ends within prose.
    pub(in crate::ask) fn following(text: &str) -> Self {
        Self {
            has_text: !text.is_empty(),
            line: if text.is_empty() || text.ends_with('\n') {
                Line::Start
            } else {
                Line::Within
            },
            ..Self::default()
        }
    }

    /// Whether the model began to speak for somebody else: nothing comes after that.
    pub(in crate::ask) const fn is_over(&self) -> bool {
        self.is_over
    }

    /// Takes the next piece, and gives what is whole.
    pub(in crate::ask) fn push(&mut self, text: &str) -> Vec<Piece> {
        let text = self.echo.push(text);
        self.take(&text)
    }

    /// Gives what is left when nothing more comes; an open block of code is closed.
    pub(in crate::ask) fn finish(&mut self) -> Vec<Piece> {
        let rest = self.echo.finish();
        let mut given = self.take(&rest);
        let line = std::mem::take(&mut self.held);
        if !self.is_over && !line.trim().is_empty() {
            self.give_line(&line, &mut given);
        } else if self.line == Line::Within {
            self.line = Line::Start;
            given.push(prose("\n"));
        }
        if std::mem::take(&mut self.line) == Line::Code {
            given.push(code("```\n"));
        }
        self.is_over = true;
        given
    }

    fn take(&mut self, text: &str) -> Vec<Piece> {
        let mut given = Vec::new();
        if self.is_over {
            return given;
        }
        self.held.push_str(text);
        while let Some((line, rest)) = self.held.split_once('\n') {
            let (line, rest) = (line.trim_end_matches('\r').to_owned(), rest.to_owned());
            self.held = rest;
            self.give_line(&line, &mut given);
            if self.is_over {
                self.held.clear();
                return given;
            }
        }
        if let Some(end) = self.sentence_end() {
            let rest = self.held.split_off(end);
            let sentence = std::mem::replace(&mut self.held, rest);
            self.give_prose(&sentence, &mut given);
            if self.is_over {
                self.held.clear();
            }
        }
        given
    }

    /// Where the last whole sentence of the present line ends, its white space left out; never between two back-ticks.
    fn sentence_end(&self) -> Option<usize> {
        let held = self.held.as_str();
        let is_code = match self.line {
            Line::Code => true,
            Line::Start => held.trim_start().starts_with('`'),
            Line::Within => false,
        };
        if is_code {
            return None;
        }
        let is_outside = |end: &usize| {
            held.get(..*end)
                .is_some_and(|before| before.matches('`').count() % 2 == 0)
        };
        let last = |mark: &str, kept: usize| {
            held.rmatch_indices(mark)
                .map(|(at, _)| at + kept)
                .find(is_outside)
        };
        let end = [". ", "! ", "? "]
            .into_iter()
            .filter_map(|mark| last(mark, 1));
        end.max().or_else(|| {
            let space = last(" ", 0).filter(|_| held.len() > HELD_BYTES_MAX)?;
            held.get(..space)
                .map(|before| before.trim_end().len())
                .filter(|end| *end > 0)
        })
    }

    /// A whole line.
    fn give_line(&mut self, line: &str, given: &mut Vec<Piece>) {
        let is_fence = self.line != Line::Within && line.trim_start().starts_with("```");
        if self.line == Line::Code {
            if is_fence {
                self.line = Line::Start;
            }
            let line = if is_fence { line.trim_end() } else { line };
            given.push(code(&format!("{line}\n")));
            return;
        }
        if is_fence {
            self.line = Line::Code;
            let line = if self.has_text {
                line
            } else {
                line.trim_start()
            };
            let gap = self.take_gap();
            given.push(code(&format!("{gap}{line}\n")));
            self.has_text = true;
            return;
        }
        if line.trim().is_empty() && self.line == Line::Start {
            self.has_gap = true;
            return;
        }
        self.give_prose(line, given);
        if self.line == Line::Within {
            self.line = Line::Start;
            given.push(prose("\n"));
        }
    }

    /// A part of a line of prose, up to its end or to that of a sentence.
    fn give_prose(&mut self, part: &str, given: &mut Vec<Piece>) {
        let place = match (self.line, self.has_text) {
            (Line::Within, _) => Place::Within,
            (Line::Start | Line::Code, true) => Place::LineStart,
            (Line::Start | Line::Code, false) => Place::Start,
        };
        let (text, is_over) = tags::strip(part, place);
        self.is_over = is_over;
        let text = text.trim_end();
        let text = if place == Place::Start {
            text.trim_start()
        } else {
            text
        };
        // Without its tag a line may have become blank, or the beginning of code.
        if text.trim().is_empty() {
            self.has_gap |= self.line == Line::Start;
            return;
        }
        if text.trim_start().starts_with("```") && self.line == Line::Start {
            self.give_line(text, given);
            return;
        }
        let gap = self.take_gap();
        given.push(prose(&format!("{gap}{text}")));
        self.has_text = true;
        self.line = Line::Within;
    }

    /// The blank line before what comes next.
    fn take_gap(&mut self) -> &'static str {
        let has_gap = std::mem::take(&mut self.has_gap);
        if has_gap && self.has_text { "\n" } else { "" }
    }
}

fn prose(text: &str) -> Piece {
    Piece {
        text: text.to_owned(),
        is_code: false,
    }
}

fn code(text: &str) -> Piece {
    Piece {
        text: text.to_owned(),
        is_code: true,
    }
}

#[cfg(test)]
mod tests {
    use super::super::clean_markdown;
    use super::*;
    use proptest::prelude::*;

    fn cleaned(text: &str) -> String {
        cleaned_in(&[text])
    }

    fn join(pieces: Vec<Piece>) -> String {
        pieces.into_iter().map(|piece| piece.text).collect()
    }

    fn cleaned_in(pieces: &[&str]) -> String {
        let mut cleaner = Cleaner::new(&["write a function that adds"]);
        let mut text = String::new();
        for piece in pieces {
            text.push_str(&join(cleaner.push(piece)));
        }
        text.push_str(&join(cleaner.finish()));
        text
    }

    #[test]
    fn noise_goes_and_code_stays_as_it_is() {
        let text = "<|assistant|>\nwrite a function that adds\n\n\n\nHere it is. Look:\n```html\n<s>[INST]</s>\n\n\n\n```\nDone.</s>\nUser: more";
        assert_eq!(
            cleaned(text),
            "write a function that adds\n\nHere it is. Look:\n```html\n<s>[INST]</s>\n\n\n\n```\nDone.\n"
        );
        assert_eq!(cleaned("write a function that adds:\nYes.  \n"), "Yes.\n");
        assert_eq!(cleaned("A.\n### Instruction: B"), "A.\n");
        assert_eq!(cleaned("```py\nx = 1"), "```py\nx = 1\n```\n");
        assert_eq!(cleaned("\n \n"), "");
    }

    #[test]
    fn sentences_are_given_as_they_end() {
        let mut cleaner = Cleaner::new(&[]);
        assert_eq!(cleaner.push("It adds. Then it"), [prose("It adds.")]);
        assert_eq!(
            cleaner.push(" returns\n"),
            [prose(" Then it returns"), prose("\n")]
        );
        assert_eq!(
            cleaner.push("```\nx = 1. \n"),
            [code("```\n"), code("x = 1. \n")]
        );
    }

    #[test]
    fn what_follows_on_a_text_joins_it() {
        let mut cleaner = Cleaner::following("It adds.");
        let mut text = "It adds.".to_owned();
        text.push_str(&join(cleaner.push(" It returns.\n\nDone.")));
        text.push_str(&join(cleaner.finish()));
        assert_eq!(text, "It adds. It returns.\n\nDone.\n");
    }

    proptest! {
        #[test]
        fn pieces_do_not_matter_and_cleaning_again_changes_nothing(
            pieces in prop::collection::vec("[aB`. \n<|s>/\\[\\]INST#:]{0,12}", 0..12)
        ) {
            let pieces: Vec<&str> = pieces.iter().map(String::as_str).collect();
            let whole = pieces.concat();
            let once = cleaned(&whole);
            prop_assert_eq!(clean_markdown(&once), once.clone());
            // However it comes, the words are the same.
            let words = |text: &str| text.split_whitespace().collect::<String>();
            prop_assert_eq!(words(&cleaned_in(&pieces)), words(&once));
        }
    }
}
