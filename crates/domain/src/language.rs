//! Programming languages CodeGenie reads and writes.

use std::fmt;
use std::str::FromStr;

/// A programming language.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[expect(missing_docs, reason = "the variants are the names of languages")]
pub enum Language {
    Python,
    JavaScript,
    TypeScript,
    Cpp,
    C,
    Sql,
    Rust,
    Java,
    Go,
}

/// The text names no known language.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "`{0}` is not a known language; use one of python, javascript, typescript, cpp, c, sql, rust, java, go"
)]
pub struct UnknownLanguage(pub String);

impl Language {
    /// Every language, in the order they are offered.
    pub const ALL: [Self; 9] = [
        Self::Python,
        Self::JavaScript,
        Self::TypeScript,
        Self::Cpp,
        Self::C,
        Self::Sql,
        Self::Rust,
        Self::Java,
        Self::Go,
    ];

    /// The name used in the API, in files and after a code fence: lower case, letters only.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Python => "python",
            Self::JavaScript => "javascript",
            Self::TypeScript => "typescript",
            Self::Cpp => "cpp",
            Self::C => "c",
            Self::Sql => "sql",
            Self::Rust => "rust",
            Self::Java => "java",
            Self::Go => "go",
        }
    }

    /// The name as people write it.
    pub const fn title(self) -> &'static str {
        match self {
            Self::Python => "Python",
            Self::JavaScript => "JavaScript",
            Self::TypeScript => "TypeScript",
            Self::Cpp => "C++",
            Self::C => "C",
            Self::Sql => "SQL",
            Self::Rust => "Rust",
            Self::Java => "Java",
            Self::Go => "Go",
        }
    }

    /// The language a file of this extension (without the dot, any case) holds.
    pub fn from_extension(extension: &str) -> Option<Self> {
        match extension.to_ascii_lowercase().as_str() {
            "py" | "pyi" => Some(Self::Python),
            "js" | "mjs" | "cjs" | "jsx" => Some(Self::JavaScript),
            "ts" | "mts" | "cts" | "tsx" => Some(Self::TypeScript),
            "cpp" | "cc" | "cxx" | "hpp" | "hh" | "hxx" => Some(Self::Cpp),
            "c" | "h" => Some(Self::C),
            "sql" => Some(Self::Sql),
            "rs" => Some(Self::Rust),
            "java" => Some(Self::Java),
            "go" => Some(Self::Go),
            _ => None,
        }
    }
}

impl fmt::Display for Language {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl FromStr for Language {
    type Err = UnknownLanguage;

    /// Reads a name or a usual abbreviation, in any case: `py`, `JS`, `c++`, `golang`.
    fn from_str(text: &str) -> Result<Self, UnknownLanguage> {
        match text.trim().to_ascii_lowercase().as_str() {
            "python" | "py" | "python3" => Ok(Self::Python),
            "javascript" | "js" | "node" => Ok(Self::JavaScript),
            "typescript" | "ts" => Ok(Self::TypeScript),
            "cpp" | "c++" | "cxx" => Ok(Self::Cpp),
            "c" => Ok(Self::C),
            "sql" | "sqlite" | "postgresql" => Ok(Self::Sql),
            "rust" | "rs" => Ok(Self::Rust),
            "java" => Ok(Self::Java),
            "go" | "golang" => Ok(Self::Go),
            _ => Err(UnknownLanguage(text.chars().take(40).collect())),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_name_and_title_reads_back() {
        for language in Language::ALL {
            assert_eq!(language.name().parse(), Ok(language));
            assert_eq!(language.title().parse(), Ok(language));
        }
    }

    #[test]
    fn an_unknown_name_is_refused_with_the_choices() {
        let refused = "klingon".parse::<Language>().unwrap_err();
        assert!(
            refused.to_string().contains("`klingon`") && refused.to_string().contains("python")
        );
    }
}
