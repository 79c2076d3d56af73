//! Reads the files a user names: code, tests, questions.

use std::io::Read as _;
use std::path::Path;

use anyhow::{Context as _, bail};
use domain::Language;
use domain::ask::QUESTION_BYTES_MAX;
use domain::{InvalidText, Text};

/// Most bytes of a file of code that are read at all.
const FILE_BYTES_MAX: u64 = 4 * 1024 * 1024;

/// Most bytes of a file of problems that are read.
const LARGE_FILE_BYTES_MAX: u64 = 64 * 1024 * 1024;

/// The text of a file, or of standard input for `-`. An over-long or binary file is refused.
pub(super) fn read(path: &Path) -> anyhow::Result<String> {
    let name = shown(path);
    let read = if path.as_os_str() == "-" {
        read_bounded(std::io::stdin().lock())
    } else {
        std::fs::File::open(path).and_then(read_bounded)
    };
    let bytes = read.with_context(|| format!("cannot read {name}"))?;
    if u64::try_from(bytes.len()).is_ok_and(|size| size > FILE_BYTES_MAX) {
        bail!("{name} is larger than 4 MiB; give a part of it");
    }
    String::from_utf8(bytes).map_err(|_| anyhow::anyhow!("{name} is not text in UTF-8"))
}

/// A file as it is named in messages.
pub(super) fn shown(path: &Path) -> String {
    if path.as_os_str() == "-" {
        "standard input".to_owned()
    } else {
        path.display().to_string()
    }
}

/// The text of [`read`], checked as a question or as the code of one.
pub(super) fn read_text(path: &Path) -> anyhow::Result<Text<QUESTION_BYTES_MAX>> {
    let name = shown(path);
    Text::new(read(path)?).map_err(|reason: InvalidText| anyhow::anyhow!("{name} {reason}"))
}

/// The bytes of a file of at most 64 MiB, packed or not; what it unpacks to is bounded where it is unpacked.
pub(super) fn read_large(path: &Path) -> anyhow::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    std::fs::File::open(path)?
        .take(LARGE_FILE_BYTES_MAX + 1)
        .read_to_end(&mut bytes)?;
    if u64::try_from(bytes.len()).is_ok_and(|size| size > LARGE_FILE_BYTES_MAX) {
        bail!("it is larger than 64 MiB");
    }
    Ok(bytes)
}

/// The language of a file: the one that was named, or the one its extension tells.
pub(super) fn language_of(path: &Path, named: Option<Language>) -> anyhow::Result<Language> {
    let told = path
        .extension()
        .and_then(|extension| Language::from_extension(extension.to_str()?));
    let Some(language) = named.or(told) else {
        bail!(
            "cannot tell the language of {} by its name; give it with --language",
            path.display()
        );
    };
    Ok(language)
}

fn read_bounded(source: impl std::io::Read) -> std::io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    source.take(FILE_BYTES_MAX + 1).read_to_end(&mut bytes)?;
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_language_follows_the_flag_then_the_extension() {
        let file = Path::new("a.py");
        assert_eq!(language_of(file, None).unwrap(), Language::Python);
        assert_eq!(language_of(file, Some(Language::Go)).unwrap(), Language::Go);
        let error = language_of(Path::new("README"), None)
            .unwrap_err()
            .to_string();
        assert!(
            error.contains("README") && error.contains("--language"),
            "{error}"
        );
    }

    #[test]
    fn binary_and_missing_files_are_refused_by_name() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("x.bin");
        assert!(read(&path).unwrap_err().to_string().contains("x.bin"));
        std::fs::write(&path, [0xff, 0xfe]).unwrap();
        assert!(read(&path).unwrap_err().to_string().contains("not text"));
        std::fs::write(&path, "a\0b").unwrap();
        assert!(read_text(&path).unwrap_err().to_string().contains("NUL"));
    }
}
