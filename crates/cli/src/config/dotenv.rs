//! Reads a `.env` file: `KEY=VALUE` lines, `#` comments, optional `export` and quotes. No expansion.

use std::collections::HashMap;
use std::io::ErrorKind;
use std::path::Path;

use anyhow::{Context as _, bail};

/// Most bytes of a `.env` file that is read; a larger file is not a list of settings.
const FILE_BYTES_MAX: u64 = 256 * 1024;

/// The variables of the file; none when there is no such file. Lines that are no settings are passed over, because the file
/// belongs to whatever project lies in this folder.
pub(super) fn read(path: &Path) -> anyhow::Result<HashMap<String, String>> {
    let size = match std::fs::metadata(path) {
        Ok(metadata) if metadata.is_file() => metadata.len(),
        Ok(_) => return Ok(HashMap::new()),
        Err(error)
            if matches!(
                error.kind(),
                ErrorKind::NotFound | ErrorKind::PermissionDenied
            ) =>
        {
            return Ok(HashMap::new());
        }
        Err(error) => return Err(error).with_context(|| format!("cannot read {}", path.display())),
    };
    if size > FILE_BYTES_MAX {
        bail!(
            "{} is larger than 256 KiB; settings do not need that much",
            path.display()
        );
    }
    match std::fs::read(path) {
        Ok(bytes) => Ok(parse(&String::from_utf8_lossy(&bytes))),
        Err(error) if error.kind() == ErrorKind::PermissionDenied => Ok(HashMap::new()),
        Err(error) => Err(error).with_context(|| format!("cannot read {}", path.display())),
    }
}

fn parse(text: &str) -> HashMap<String, String> {
    text.lines().filter_map(parse_line).collect()
}

fn parse_line(line: &str) -> Option<(String, String)> {
    let line = line.trim();
    let line = line.strip_prefix("export ").unwrap_or(line);
    let (key, value) = line.split_once('=')?;
    let (key, value) = (key.trim(), value.trim());
    let is_name = !key.is_empty() && key.chars().all(|c| c.is_ascii_alphanumeric() || c == '_');
    let unquoted = ['"', '\'']
        .into_iter()
        .find_map(|quote| value.strip_prefix(quote)?.strip_suffix(quote))
        .unwrap_or(value);
    is_name.then(|| (key.to_owned(), unquoted.to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn settings_are_read_and_the_rest_is_passed_over() {
        let found =
            parse("# A=1\nA=2\nexport B=\"x y\"\n C = 'z' \nnot a setting\n-D=1\nE=\nF=a=b\n");
        let mut found: Vec<_> = found.into_iter().collect();
        found.sort();
        let expected = [
            ("A", "2"),
            ("B", "x y"),
            ("C", "z"),
            ("E", ""),
            ("F", "a=b"),
        ];
        assert_eq!(
            found,
            expected.map(|(key, value)| (key.to_owned(), value.to_owned()))
        );
    }

    #[test]
    fn no_file_is_no_settings() {
        assert!(read(Path::new("/nowhere/.env")).unwrap().is_empty());
    }
}
