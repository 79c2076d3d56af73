//! Putting text together.

use std::fmt;

/// Adds formatted text at the end.
pub(crate) trait Put {
    /// Adds `text`, as `format_args!` made it.
    fn put(&mut self, text: fmt::Arguments<'_>);
}

impl Put for String {
    fn put(&mut self, text: fmt::Arguments<'_>) {
        fmt::Write::write_fmt(self, text).expect("BUG: a string takes any text");
    }
}

/// The words of a text: names and numbers.
pub(crate) fn words(text: &str) -> impl Iterator<Item = &str> {
    text.split(|c: char| !c.is_alphanumeric() && c != '_')
        .filter(|word| !word.is_empty())
}

/// Whether `word` stands in a text as a whole.
pub(crate) fn has_word(text: &str, word: &str) -> bool {
    words(text).any(|known| known == word)
}

/// Whether `name` is in a list that has spaces between its names.
pub(crate) fn is_listed(list: &str, name: &str) -> bool {
    list.split_ascii_whitespace().any(|known| known == name)
}
