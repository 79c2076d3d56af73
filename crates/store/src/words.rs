//! Words of a text or a query, the same for both databases. None of them is ever query syntax.

/// Bytes of one text that are indexed at most; a PostgreSQL `tsvector` holds one megabyte.
const INDEXED_BYTES_MAX: usize = 64 * 1024;
/// Characters of one word of a query that are looked at.
const WORD_CHARS_MAX: usize = 64;

/// Words so frequent in questions that they say nothing of what is asked; looking them up would read most of the index.
const FREQUENT: [&str; 44] = [
    "a", "about", "an", "and", "are", "as", "at", "be", "by", "can", "do", "does", "for", "from",
    "give", "how", "i", "in", "is", "it", "its", "me", "my", "of", "on", "or", "please", "show",
    "should", "so", "that", "the", "this", "to", "want", "what", "when", "which", "why", "will",
    "with", "would", "you", "your",
];

/// The different words of `query`, lower-cased, in order, `count_max` at most.
pub(crate) fn query_words(query: &str, count_max: usize) -> Vec<String> {
    let mut words: Vec<String> = Vec::new();
    for word in split(query) {
        let word: String = word.to_lowercase().chars().take(WORD_CHARS_MAX).collect();
        if !words.contains(&word) {
            words.push(word);
            if words.len() == count_max {
                break;
            }
        }
    }
    words
}

/// The words of `query` that say something; all of them when none does.
pub(crate) fn telling_words(query: &str, count_max: usize) -> Vec<String> {
    // Looked through before the cut, so that a long preamble does not push out what is asked.
    let words = query_words(query, count_max.saturating_mul(8));
    let telling: Vec<String> = words
        .iter()
        .filter(|word| !FREQUENT.contains(&word.as_str()))
        .take(count_max)
        .cloned()
        .collect();
    if telling.is_empty() {
        words.into_iter().take(count_max).collect()
    } else {
        telling
    }
}

/// `text` as lower-case words with single spaces, cut to what is indexed.
pub(crate) fn indexed_words(text: &str) -> String {
    let mut words = String::new();
    for word in split(text) {
        let word = word.to_lowercase();
        if words.len() + word.len() >= INDEXED_BYTES_MAX {
            break;
        }
        if !words.is_empty() {
            words.push(' ');
        }
        words.push_str(&word);
    }
    words
}

/// Text as it can be stored: U+0000, which PostgreSQL cannot hold, becomes U+FFFD.
pub(crate) fn storable(text: &str) -> String {
    text.replace('\0', "\u{fffd}")
}

fn split(text: &str) -> impl Iterator<Item = &str> {
    text.split(|c: char| !c.is_alphanumeric())
        .filter(|word| !word.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn syntax_of_either_database_disappears() {
        assert_eq!(
            query_words("\"borrow C++ foo-bar", 9),
            ["borrow", "c", "foo", "bar"]
        );
        assert!(query_words("\" ' * ( ) & | ! :* \0 --", 9).is_empty());
    }

    #[test]
    fn frequent_words_are_left_out_unless_there_is_nothing_else() {
        assert_eq!(
            telling_words("how do I reverse a list", 9),
            ["reverse", "list"]
        );
        assert_eq!(telling_words("how do I", 9), ["how", "do", "i"]);
    }

    #[test]
    fn words_are_counted_once_and_cut() {
        assert_eq!(query_words("Go go GO up down", 2), ["go", "up"]);
        assert_eq!(query_words(&"x".repeat(500), 1), ["x".repeat(64)]);
    }

    #[test]
    fn the_indexed_part_of_a_text_is_bounded() {
        let words = indexed_words(&"Ab! ".repeat(100_000));
        assert!(words.len() < INDEXED_BYTES_MAX && words.starts_with("ab ab"));
    }
}
