//! The last single texts with their vectors, because people ask the same thing twice and pages ask while one types.

use std::collections::HashMap;

use domain::embedding::Encoded;

/// Most texts that are kept; 256 vectors of 384 numbers are 400 KB.
const TEXTS_MAX: usize = 256;
/// Longest text that is kept, in bytes.
const TEXT_BYTES_MAX: usize = 1024;

/// What was made of each text; the one that was used longest ago goes first.
#[derive(Debug, Default)]
pub(super) struct RecentTexts {
    entries: HashMap<String, Entry>,
    uses: u64,
}

#[derive(Debug)]
struct Entry {
    encoded: Encoded,
    used: u64,
}

impl RecentTexts {
    pub(super) fn find(&mut self, text: &str) -> Option<Encoded> {
        self.uses += 1;
        let entry = self.entries.get_mut(text)?;
        entry.used = self.uses;
        Some(entry.encoded.clone())
    }

    pub(super) fn add(&mut self, text: &str, encoded: &Encoded) {
        if text.len() > TEXT_BYTES_MAX {
            return;
        }
        self.uses += 1;
        if self.entries.len() >= TEXTS_MAX && !self.entries.contains_key(text) {
            let oldest = self
                .entries
                .iter()
                .min_by_key(|(_, entry)| entry.used)
                .map(|(text, _)| text.clone());
            oldest.and_then(|oldest| self.entries.remove(&oldest));
        }
        self.entries.insert(
            text.to_owned(),
            Entry {
                encoded: encoded.clone(),
                used: self.uses,
            },
        );
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn encoded(number: f32) -> Encoded {
        Encoded {
            vector: vec![number],
            tokens: 3,
        }
    }

    #[test]
    fn the_text_used_longest_ago_goes_first() {
        let mut recent = RecentTexts::default();
        for number in 0..TEXTS_MAX {
            recent.add(&number.to_string(), &encoded(1.0));
        }
        assert!(recent.find("0").is_some());
        recent.add("new", &encoded(2.0));
        assert_eq!(recent.entries.len(), TEXTS_MAX);
        assert!(recent.find("0").is_some());
        assert!(recent.find("1").is_none());
        assert_eq!(recent.find("new"), Some(encoded(2.0)));
    }

    #[test]
    fn long_texts_are_not_kept() {
        let mut recent = RecentTexts::default();
        let long = "x".repeat(TEXT_BYTES_MAX + 1);
        recent.add(&long, &encoded(1.0));
        assert!(recent.find(&long).is_none());
    }
}
