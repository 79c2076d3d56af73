//! The data folder: made for its owner alone, with the key that signs access tokens.

use std::fmt::Write as _;
use std::fs::{DirBuilder, File, OpenOptions};
use std::io::{ErrorKind, Read as _, Write as _};
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};

use anyhow::{Context as _, bail};
use domain::id::Entropy;

const KEY_FILE: &str = "token.key";
/// Random bytes of a new key.
const KEY_BYTES: usize = 64;
/// Fewest bytes of a key that is accepted.
const KEY_BYTES_MIN: usize = 32;
/// Most bytes of a key file that are read.
const KEY_FILE_BYTES_MAX: u64 = 4096;
/// Permission bits of group and others.
const OTHERS: u32 = 0o077;

/// Makes the data folder, mode 0700, with the folders above it.
pub(crate) fn make(path: &Path) -> anyhow::Result<()> {
    DirBuilder::new()
        .recursive(true)
        .mode(0o700)
        .create(path)
        .with_context(|| format!("cannot make the data folder {}", path.display()))
}

/// Whether anybody but the owner may enter the folder or read the file.
pub(crate) fn is_open_to_others(path: &Path) -> std::io::Result<bool> {
    Ok(std::fs::metadata(path)?.permissions().mode() & OTHERS != 0)
}

/// Where the key lies.
pub(crate) fn key_path(data_dir: &Path) -> PathBuf {
    data_dir.join(KEY_FILE)
}

/// The key that signs access tokens; made at the first start.
pub(crate) fn find_or_make_key(data_dir: &Path, entropy: &dyn Entropy) -> anyhow::Result<Vec<u8>> {
    let path = key_path(data_dir);
    if !path
        .try_exists()
        .with_context(|| format!("cannot look for {}", path.display()))?
    {
        make_key(&path, entropy)
            .with_context(|| format!("cannot make the token key {}", path.display()))?;
    }
    read_key(&path)
}

/// Reads the key, and refuses one that others may have read or that can be guessed.
pub(crate) fn read_key(path: &Path) -> anyhow::Result<Vec<u8>> {
    let shown = path.display();
    let file = File::open(path).with_context(|| format!("cannot read the token key {shown}"))?;
    let metadata = file
        .metadata()
        .with_context(|| format!("cannot read the token key {shown}"))?;
    if metadata.permissions().mode() & OTHERS != 0 {
        bail!(
            "the token key {shown} can be read by others, who could sign in as anybody; delete it (everybody has to \
             sign in again) or, if nobody has read it, run: chmod 600 {shown}"
        );
    }
    let mut bytes = Vec::new();
    file.take(KEY_FILE_BYTES_MAX)
        .read_to_end(&mut bytes)
        .with_context(|| format!("cannot read the token key {shown}"))?;
    let text = bytes.trim_ascii();
    let key = from_hex(text).unwrap_or_else(|| text.to_vec());
    if key.len() < KEY_BYTES_MIN {
        bail!(
            "the token key {shown} has {} bytes and could be guessed; delete it, and the next start makes a new one",
            key.len()
        );
    }
    Ok(key)
}

/// The bytes that `text` writes in hexadecimal; `None` when it is something else, such as a secret of another form.
fn from_hex(text: &[u8]) -> Option<Vec<u8>> {
    let digit = |byte: u8| {
        char::from(byte)
            .to_digit(16)
            .and_then(|digit| u8::try_from(digit).ok())
    };
    let pairs = text.chunks(2).map(|pair| match pair {
        [high, low] => Some(digit(*high)? << 4 | digit(*low)?),
        _ => None,
    });
    pairs.collect()
}

/// Writes a new key. It appears under its name only when it is whole, so that neither a crash nor a second process that
/// starts at the same moment can meet half a key; whoever is second keeps the key of the first.
fn make_key(path: &Path, entropy: &dyn Entropy) -> std::io::Result<()> {
    let mut random = [0_u8; KEY_BYTES];
    entropy.fill(&mut random);
    let mut text = String::with_capacity(2 * KEY_BYTES + 1);
    for byte in random {
        // Writing to a string cannot fail.
        let _ = write!(text, "{byte:02x}");
    }
    text.push('\n');

    let draft = path.with_extension(format!("key.{}", std::process::id()));
    match std::fs::remove_file(&draft) {
        Err(error) if error.kind() != ErrorKind::NotFound => return Err(error),
        Ok(()) | Err(_) => {}
    }
    let mut file = OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(&draft)?;
    file.write_all(text.as_bytes())?;
    file.sync_all()?;
    let linked = std::fs::hard_link(&draft, path);
    std::fs::remove_file(&draft)?;
    match linked {
        Err(error) if error.kind() != ErrorKind::AlreadyExists => Err(error),
        Ok(()) | Err(_) => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ports::SystemEntropy;

    fn mode(path: &Path) -> u32 {
        std::fs::metadata(path).unwrap().permissions().mode() & 0o777
    }

    #[test]
    fn a_key_is_made_once_and_for_its_owner() {
        let base = tempfile::tempdir().unwrap();
        let folder = base.path().join("a/b");
        make(&folder).unwrap();
        assert_eq!(mode(&folder), 0o700);
        let key = find_or_make_key(&folder, &SystemEntropy).unwrap();
        assert_eq!(key.len(), KEY_BYTES);
        assert_eq!(mode(&key_path(&folder)), 0o600);
        assert_eq!(find_or_make_key(&folder, &SystemEntropy).unwrap(), key);
        assert_eq!(std::fs::read_dir(&folder).unwrap().count(), 1);
    }

    #[test]
    fn of_many_who_make_a_key_at_once_all_get_the_same() {
        let folder = tempfile::tempdir().unwrap();
        // Threads share a process id, so each makes its key under the name it finally has.
        let first = find_or_make_key(folder.path(), &SystemEntropy).unwrap();
        make_key(&key_path(folder.path()), &SystemEntropy).unwrap();
        assert_eq!(read_key(&key_path(folder.path())).unwrap(), first);
    }

    #[test]
    fn an_open_or_short_key_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let path = key_path(folder.path());
        std::fs::write(&path, "00".repeat(64)).unwrap();
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o644)).unwrap();
        let error = find_or_make_key(folder.path(), &SystemEntropy)
            .unwrap_err()
            .to_string();
        assert!(
            error.contains("can be read by others") && error.contains("chmod 600"),
            "{error}"
        );
        std::fs::write(&path, "short\n").unwrap();
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o600)).unwrap();
        let error = find_or_make_key(folder.path(), &SystemEntropy)
            .unwrap_err()
            .to_string();
        assert!(error.contains("has 5 bytes"), "{error}");
    }
}
