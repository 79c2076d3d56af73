use std::collections::HashMap;
use std::fmt;
use std::num::ParseIntError;

#[derive(Debug)]
pub enum ConfigError {
    MissingEquals(usize),
    BadNumber { line: usize, source: ParseIntError },
}

impl fmt::Display for ConfigError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::MissingEquals(line) => write!(f, "line {line}: no `=`"),
            Self::BadNumber { line, source } => write!(f, "line {line}: {source}"),
        }
    }
}

/// Parses `key = number` lines.
pub fn parse_config(text: &str) -> Result<HashMap<String, i64>, ConfigError> {
    let mut settings = HashMap::new();
    for (index, line) in text.lines().enumerate() {
        let line = line.trim();
        if line.is_empty() || line.starts_with('#') {
            continue;
        }
        let (key, value) = line
            .split_once('=')
            .ok_or(ConfigError::MissingEquals(index + 1))?;
        let number = value
            .trim()
            .parse()
            .map_err(|source| ConfigError::BadNumber { line: index + 1, source })?;
        *settings.entry(key.trim().to_owned()).or_insert(0) += number;
    }
    Ok(settings)
}

fn largest(settings: &HashMap<String, i64>) -> Option<(&str, i64)> {
    settings
        .iter()
        .max_by_key(|(_, value)| **value)
        .map(|(key, value)| (key.as_str(), *value))
}
