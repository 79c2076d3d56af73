//! Files for parsers that read from a path.

use std::path::PathBuf;
use std::sync::OnceLock;

/// A folder that only this process writes to.
pub(crate) fn of_this_process() -> &'static PathBuf {
    static FOLDER: OnceLock<PathBuf> = OnceLock::new();
    FOLDER.get_or_init(|| {
        let folder = std::env::temp_dir().join(format!("codegenie-fuzz-{}", std::process::id()));
        std::fs::create_dir_all(&folder).expect("the temporary folder can be made");
        folder
    })
}
