//! Language models: their names, the tasks they serve, and the ports to them. What they are asked and what they say while they
//! write is in [`writing`], the files on this machine in [`catalogue`], what is in memory in [`residence`].

pub mod catalogue;
pub mod residence;
pub mod writing;

use std::fmt;
use std::str::FromStr;

use crate::ask::UnknownChoice;

/// Name of a language model: 1 to 96 letters, digits, `.`, `_`, `-`, `:` or `/`. Never a path of this machine.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ModelName(String);

impl ModelName {
    /// The name as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for ModelName {
    type Err = UnknownChoice;

    fn from_str(text: &str) -> Result<Self, UnknownChoice> {
        let letters_are_valid = text
            .chars()
            .all(|c| c.is_ascii_alphanumeric() || "._-:/".contains(c));
        let is_path = text.starts_with(['/', '.']) || text.contains("..") || text.contains("//");
        if letters_are_valid && !is_path && (1..=96).contains(&text.len()) {
            Ok(Self(text.to_owned()))
        } else {
            Err(UnknownChoice::new(
                "model name",
                text,
                "letters, digits and . _ - : / (at most 96)",
            ))
        }
    }
}

impl fmt::Display for ModelName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Name of a LoRA adapter of a model: 1 to 64 letters, digits, `_` or `-`.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct AdapterName(String);

impl AdapterName {
    /// The name as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for AdapterName {
    type Err = UnknownChoice;

    fn from_str(text: &str) -> Result<Self, UnknownChoice> {
        let letters_are_valid = text
            .chars()
            .all(|c| c.is_ascii_alphanumeric() || "_-".contains(c));
        if letters_are_valid && (1..=64).contains(&text.len()) {
            Ok(Self(text.to_owned()))
        } else {
            Err(UnknownChoice::new(
                "adapter name",
                text,
                "letters, digits and _ - (at most 64)",
            ))
        }
    }
}

impl fmt::Display for AdapterName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// SHA-256 of a file.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Digest(pub [u8; 32]);

/// The text is not a SHA-256.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is not a SHA-256; expected 64 digits and letters a to f")]
pub struct InvalidDigest(pub String);

impl Digest {
    /// The first twelve hexadecimal digits, for people.
    pub fn short(&self) -> String {
        self.to_string().chars().take(12).collect()
    }
}

impl fmt::Display for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl fmt::Debug for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Digest({self})")
    }
}

impl FromStr for Digest {
    type Err = InvalidDigest;

    fn from_str(text: &str) -> Result<Self, InvalidDigest> {
        let refused = || InvalidDigest(text.chars().take(80).collect());
        let is_lower_hex = |byte: &u8| matches!(byte, b'0'..=b'9' | b'a'..=b'f');
        if text.len() != 64 || !text.as_bytes().iter().all(is_lower_hex) {
            return Err(refused());
        }
        let mut digest = [0; 32];
        for (byte, pair) in digest.iter_mut().zip(text.as_bytes().chunks(2)) {
            let pair = std::str::from_utf8(pair).map_err(|_| refused())?;
            *byte = u8::from_str_radix(pair, 16).map_err(|_| refused())?;
        }
        Ok(Self(digest))
    }
}

/// What a model is needed for; each has models and settings of its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum ModelTask {
    /// Write code.
    Generate,
    /// Explain Python code or an idea of Python.
    ExplainPython,
    /// Explain anything else.
    Explain,
}

impl ModelTask {
    /// Every task.
    pub const ALL: [Self; 3] = [Self::Generate, Self::ExplainPython, Self::Explain];

    /// The name in settings and the API.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Generate => "generate",
            Self::ExplainPython => "explain-python",
            Self::Explain => "explain",
        }
    }
}

/// Which models serve a task, and how they are sampled.
#[derive(Debug, Clone, PartialEq)]
pub struct TaskSettings {
    /// Models, best first; the first that is installed is used.
    pub models: Vec<ModelName>,
    /// Asked when none of them can be reached, or the one that was asked fails before it has said anything.
    pub fail_over: Option<ModelName>,
    /// Sampling temperature, 0 to 2.
    pub temperature: f32,
    /// Tokens to generate at most, 1 to 8192.
    pub max_new_tokens: u32,
}

/// Temperature at which code is written.
const TEMPERATURE_GENERATE: f32 = 0.2;
/// Temperature at which explanations are written.
const TEMPERATURE_EXPLAIN: f32 = 0.7;
/// Tokens of an answer at most, unless a setting or a question says otherwise.
const NEW_TOKENS_MAX: u32 = 768;

impl TaskSettings {
    /// The defaults of a task.
    ///
    /// # Panics
    /// Never: the names are constants, checked by a test.
    pub fn usual(task: ModelTask) -> Self {
        let (names, temperature): (&[&str], f32) = match task {
            ModelTask::Generate => (
                &[
                    "deepseek-coder-1.3b-instruct",
                    "phi-2",
                    "phi-3-mini-4k-instruct",
                ],
                TEMPERATURE_GENERATE,
            ),
            ModelTask::ExplainPython => (
                &[
                    "gemma-2b-it",
                    "phi-3-mini-4k-instruct",
                    "deepseek-coder-1.3b-instruct",
                ],
                TEMPERATURE_EXPLAIN,
            ),
            ModelTask::Explain => (
                &[
                    "deepseek-coder-1.3b-instruct",
                    "phi-3-mini-4k-instruct",
                    "gemma-2b-it",
                ],
                TEMPERATURE_EXPLAIN,
            ),
        };
        Self {
            models: names.iter().filter_map(|name| name.parse().ok()).collect(),
            fail_over: None,
            temperature,
            max_new_tokens: NEW_TOKENS_MAX,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_model_name_is_never_a_path() {
        assert!("google/gemma-2b-it:Q4_K_M".parse::<ModelName>().is_ok());
        for text in [
            "",
            "/etc/passwd",
            "../x",
            "a//b",
            "a\\b",
            "a b",
            &"x".repeat(97),
        ] {
            assert!(text.parse::<ModelName>().is_err(), "{text:?}");
        }
    }

    #[test]
    fn an_adapter_name_has_no_separators() {
        assert!("ds-code_1".parse::<AdapterName>().is_ok());
        for text in ["", "a/b", "a.b", "a=b", &"x".repeat(65)] {
            assert!(text.parse::<AdapterName>().is_err(), "{text:?}");
        }
    }

    #[test]
    fn a_digest_is_64_lower_case_hexadecimal_digits() {
        let text = "00ff".repeat(16);
        assert_eq!(text.parse::<Digest>().unwrap().to_string(), text);
        assert_eq!(text.parse::<Digest>().unwrap().short(), "00ff00ff00ff");
        for text in [
            "",
            "00",
            &"0g".repeat(32),
            &"00FF".repeat(16),
            &"é0".repeat(21),
        ] {
            assert!(text.parse::<Digest>().is_err(), "{text:?}");
        }
    }

    #[test]
    fn every_task_has_models() {
        for task in ModelTask::ALL {
            assert_eq!(TaskSettings::usual(task).models.len(), 3, "{task:?}");
        }
    }
}
