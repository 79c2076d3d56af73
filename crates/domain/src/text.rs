//! Text from outside, checked once at the edge and trusted afterwards.

/// Text that is not blank, has no NUL character, and is at most `MAX` bytes of UTF-8.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct Text<const MAX: usize>(String);

/// Why a text was refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum InvalidText {
    /// Nothing but white space.
    #[error("is empty; write something")]
    Blank,
    /// Longer than allowed.
    #[error("is {size_bytes} bytes long; shorten it to at most {max_bytes} bytes")]
    TooLong {
        /// Length found, bytes of UTF-8.
        size_bytes: usize,
        /// Length allowed, bytes of UTF-8.
        max_bytes: usize,
    },
    /// Holds U+0000, which neither databases nor models can carry.
    #[error("contains a NUL character; remove it")]
    Nul,
}

impl<const MAX: usize> Text<MAX> {
    /// Checks `text`; it is kept as it came, without trimming.
    pub fn new(text: impl Into<String>) -> Result<Self, InvalidText> {
        let text = text.into();
        if text.trim().is_empty() {
            return Err(InvalidText::Blank);
        }
        if text.len() > MAX {
            return Err(InvalidText::TooLong {
                size_bytes: text.len(),
                max_bytes: MAX,
            });
        }
        if text.contains('\0') {
            return Err(InvalidText::Nul);
        }
        Ok(Self(text))
    }

    /// The text.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The text, owned.
    pub fn into_string(self) -> String {
        self.0
    }
}

impl<const MAX: usize> std::fmt::Debug for Text<MAX> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.0.fmt(f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ordinary_text_is_kept_as_it_is() {
        assert_eq!(Text::<10>::new(" a\nb ").unwrap().as_str(), " a\nb ");
    }

    #[test]
    fn blank_long_and_nul_are_refused_with_the_reason() {
        assert_eq!(Text::<4>::new(" \n"), Err(InvalidText::Blank));
        assert_eq!(
            Text::<4>::new("äää"),
            Err(InvalidText::TooLong {
                size_bytes: 6,
                max_bytes: 4
            })
        );
        assert_eq!(Text::<4>::new("a\0"), Err(InvalidText::Nul));
    }
}
