//! Reads `codegenie.toml`. A key it does not know is refused, so that a misspelt setting is never silently ignored.

use std::collections::{BTreeMap, HashMap};
use std::io::ErrorKind;
use std::path::Path;

use anyhow::{Context as _, bail};

/// The keys of the file beside those of [`super::hub`] and [`super::models`]. Numbers may be written with or without quotes.
const KEYS: [&str; 12] = [
    "listen",
    "database_url",
    "models_dir",
    "log",
    "log_format",
    "registration",
    "admin_limit",
    "secure_cookies",
    "origins",
    "sandbox",
    "sandbox_cache",
    "sandbox_python",
];

/// The settings of a file, as text.
#[derive(Debug, Default)]
pub(super) struct Settings {
    values: HashMap<&'static str, String>,
    /// Those of [`super::remote`], whose keys hold a name.
    remotes: BTreeMap<String, String>,
}

impl Settings {
    pub(super) fn find(&self, key: &str) -> Option<String> {
        self.values.get(key).cloned()
    }

    /// Keys and values of model servers.
    pub(super) fn remotes(&self) -> &BTreeMap<String, String> {
        &self.remotes
    }
}

/// Reads the file; no settings when there is none.
pub(super) fn read(path: &Path) -> anyhow::Result<Settings> {
    match std::fs::read_to_string(path) {
        Ok(text) => parse(&text).with_context(|| format!("cannot use {}", path.display())),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(Settings::default()),
        Err(error) => Err(error).with_context(|| format!("cannot read {}", path.display())),
    }
}

fn parse(text: &str) -> anyhow::Result<Settings> {
    let table = toml::de::DeTable::parse(text).map_err(|error| {
        let line = line_of(text, error.span().map_or(0, |span| span.start));
        anyhow::anyhow!("line {line}: {}", error.message())
    })?;
    let mut settings = Settings::default();
    for (key, value) in table.get_ref() {
        let line = line_of(text, key.span().start);
        let name = key.get_ref().as_ref();
        if super::remote::is_secret(name) {
            bail!(
                "line {line}: `{name}` is a secret, which does not belong in this file; set CODEGENIE_{} in the environment",
                name.to_ascii_uppercase()
            );
        }
        let mut keys = list_keys();
        let known = keys.find(|known| *known == name);
        if known.is_none() && super::remote::split_key(name).is_none() {
            bail!(
                "line {line}: `{name}` is not a setting; use one of {}, remote_NAME_url",
                all_keys()
            );
        }
        let text = if let Some(text) = value.get_ref().as_str() {
            text.to_owned()
        } else if let Some(number) = value.get_ref().as_integer() {
            number.to_string()
        } else if let Some(number) = value.get_ref().as_float() {
            number.to_string()
        } else {
            bail!("line {line}: `{name}` must be a text in quotes or a number");
        };
        match known {
            Some(known) => settings.values.insert(known, text),
            None => settings.remotes.insert(name.to_owned(), text),
        };
    }
    Ok(settings)
}

fn list_keys() -> impl Iterator<Item = &'static str> {
    let more = super::hub::KEYS.into_iter().chain(super::models::KEYS);
    KEYS.into_iter().chain(more)
}

fn all_keys() -> String {
    let keys: Vec<&str> = list_keys().collect();
    keys.join(", ")
}

fn line_of(text: &str, offset: usize) -> usize {
    text.get(..offset).unwrap_or(text).matches('\n').count() + 1
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_and_numbers_are_read() {
        let settings = parse("# ours\nlisten = \"127.0.0.1:1\"\nadmin_limit = 3\n").unwrap();
        assert_eq!(settings.find("listen").unwrap(), "127.0.0.1:1");
        assert_eq!(settings.find("admin_limit").unwrap(), "3");
        assert_eq!(settings.find("log"), None);
    }

    #[test]
    fn an_unknown_key_is_refused_with_its_name_and_line() {
        let error = parse("listen = \"127.0.0.1:1\"\n\nlissten = 1\n")
            .unwrap_err()
            .to_string();
        assert!(
            error.starts_with("line 3: `lissten` is not a setting"),
            "{error}"
        );
    }

    #[test]
    fn a_broken_file_and_a_wrong_type_are_refused_with_the_line() {
        assert!(
            parse("\nlisten = \n")
                .unwrap_err()
                .to_string()
                .starts_with("line 2: ")
        );
        assert!(
            parse("listen = []")
                .unwrap_err()
                .to_string()
                .starts_with("line 1: `listen` must be")
        );
    }
}
