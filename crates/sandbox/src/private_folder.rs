//! Files that only our account can write: machine code and proofs are believed because of it.

use std::fs;
use std::io::Write as _;
use std::path::Path;

use serde::{Deserialize, Serialize};

/// Tells whether a file is the one it was: writing to it or putting another in its place changes this.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Stamp {
    device: u64,
    inode: u64,
    bytes: u64,
    modified: (i64, i64),
    changed: (i64, i64),
}

impl Stamp {
    /// That of what `path` leads to; `None` when it leads nowhere, or where systems cannot tell.
    #[cfg(unix)]
    pub(crate) fn of(path: &Path) -> Option<Self> {
        use std::os::unix::fs::MetadataExt as _;
        let metadata = fs::metadata(path).ok()?;
        Some(Self {
            device: metadata.dev(),
            inode: metadata.ino(),
            bytes: metadata.size(),
            modified: (metadata.mtime(), metadata.mtime_nsec()),
            changed: (metadata.ctime(), metadata.ctime_nsec()),
        })
    }

    #[cfg(not(unix))]
    pub(crate) fn of(_path: &Path) -> Option<Self> {
        None
    }
}

/// Makes the folder, for our user alone.
pub(crate) fn make_private_folder(folder: &Path) -> Result<(), String> {
    fs::create_dir_all(folder).map_err(|error| in_file(folder, &error))?;
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        fs::set_permissions(folder, fs::Permissions::from_mode(0o700))
            .map_err(|error| in_file(folder, &error))?;
    }
    Ok(())
}

/// Writes a file whole or not at all, with mode 0600.
pub(crate) fn write_whole(folder: &Path, path: &Path, bytes: &[u8]) -> Result<(), String> {
    // A temporary file has that mode.
    let mut file =
        tempfile::NamedTempFile::new_in(folder).map_err(|error| in_file(folder, &error))?;
    file.write_all(bytes)
        .map_err(|error| in_file(path, &error))?;
    file.persist(path)
        .map_err(|error| in_file(path, &error.error))?;
    Ok(())
}

/// `error` with the file it is about.
pub(crate) fn in_file(path: &Path, error: &std::io::Error) -> String {
    format!("{}: {error}", path.display())
}

/// Hexadecimal digits, lower case.
pub(crate) fn hex(bytes: &[u8]) -> String {
    use std::fmt::Write as _;
    bytes.iter().fold(String::new(), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}
