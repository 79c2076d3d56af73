//! Seventh step: tidy the text without altering what any code means.

mod echo;
mod stream;
mod tags;

use domain::ask::Answer;

pub(super) use stream::{Cleaner, Piece};

/// Bytes of Markdown sent at once while an answer streams.
const PIECE_BYTES: usize = 48;

/// Closes an open code fence, trims the ends, and limits blank lines outside code to one.
pub(super) fn clean(mut answer: Answer) -> Answer {
    answer.markdown = clean_markdown(&answer.markdown);
    answer
}

fn clean_markdown(text: &str) -> String {
    let mut cleaned = String::with_capacity(text.len());
    let mut is_code = false;
    let mut blank_lines = 0;
    for line in text.trim().lines() {
        if line.trim_start().starts_with("```") {
            is_code = !is_code;
        }
        blank_lines = if line.trim().is_empty() && !is_code {
            blank_lines + 1
        } else {
            0
        };
        if blank_lines < 2 {
            // Inside code, white space at the end of a line may belong to a string.
            cleaned.push_str(if is_code { line } else { line.trim_end() });
            cleaned.push('\n');
        }
    }
    if is_code {
        cleaned.push_str("```\n");
    }
    cleaned
}

/// A model's whole answer without what does not belong in it; it may begin by repeating one of `asked`.
pub(super) fn clean_written(text: &str, asked: &[&str]) -> String {
    let mut cleaner = Cleaner::new(asked);
    let mut pieces = cleaner.push(text);
    pieces.extend(cleaner.finish());
    pieces.into_iter().map(|piece| piece.text).collect()
}

/// The text in pieces that end between words, so that it can be shown while it comes.
pub(super) fn pieces(text: &str) -> impl Iterator<Item = &str> {
    let mut rest = text;
    std::iter::from_fn(move || {
        if rest.is_empty() {
            return None;
        }
        let end = rest
            .char_indices()
            .map(|(at, c)| at + c.len_utf8())
            .find(|end| {
                *end >= PIECE_BYTES
                    && rest
                        .get(..*end)
                        .is_some_and(|piece| piece.ends_with(char::is_whitespace))
            })
            .unwrap_or(rest.len());
        let (piece, tail) = rest.split_at(end);
        rest = tail;
        Some(piece)
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn blank_lines_shrink_outside_code_only() {
        assert_eq!(
            clean_markdown("a  \n\n\n\nb\n```\nx\n\n\ny  \n```\n"),
            "a\n\nb\n```\nx\n\n\ny  \n```\n"
        );
    }

    #[test]
    fn an_open_fence_is_closed() {
        assert_eq!(clean_markdown("```py\nx = 1"), "```py\nx = 1\n```\n");
    }

    proptest! {
        #[test]
        fn pieces_join_to_the_text(text in "\\PC{0,300}") {
            prop_assert_eq!(pieces(&text).collect::<String>(), text);
        }

        #[test]
        fn cleaning_twice_is_cleaning_once(text in "[a` \n]{0,80}") {
            let once = clean_markdown(&text);
            prop_assert_eq!(clean_markdown(&once), once);
        }
    }
}
