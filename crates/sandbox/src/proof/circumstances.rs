//! What a proof holds for: this build, this kernel since it started, this account, this confinement, these programs.

use std::fs::{self, File};
use std::io::Read as _;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};

use domain::sandbox::Tier;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use sha2::{Digest as _, Sha256};

use crate::native::Launcher;
use crate::private_folder::{Stamp, hex, make_private_folder, write_whole};
use crate::wasm;

/// The program that runs, even when its file was replaced since.
const OWN_PROGRAM: &str = "/proc/self/exe";

/// Bytes read at once.
const CHUNK_BYTES: usize = 1 << 20;

/// Most bytes of the file that remembers the digest of this program.
const BUILD_BYTES_MAX: u64 = 4096;

/// What must be there to be read.
const KERNEL: [&str; 3] = [
    "/proc/sys/kernel/osrelease",
    "/proc/sys/kernel/version",
    "/proc/sys/kernel/random/boot_id",
];

/// What some kernels have, and what walls depend on.
const SETTINGS: [&str; 5] = [
    "/proc/sys/user/max_user_namespaces",
    "/proc/sys/kernel/unprivileged_userns_clone",
    "/proc/sys/kernel/apparmor_restrict_unprivileged_userns",
    "/proc/sys/kernel/yama/ptrace_scope",
    "/proc/self/attr/current",
];

/// The account and its rights in `/proc/self/status`.
const ACCOUNT: [&str; 9] = [
    "Uid:",
    "Gid:",
    "Groups:",
    "CapInh:",
    "CapPrm:",
    "CapEff:",
    "CapBnd:",
    "NoNewPrivs:",
    "Seccomp",
];

/// The namespaces that this process is in: another container is another machine.
const NAMESPACES: [&str; 5] = ["user", "mnt", "pid", "net", "cgroup"];

/// The digest of a program that had this stamp.
#[derive(Debug, Serialize, Deserialize)]
struct Build {
    stamp: Stamp,
    digest: String,
}

/// SHA-256 over the circumstances; `None` when one of them cannot be found out. `known` is what the tier found out: each path in it
/// that leads to something must lead to the same later.
pub(super) fn digest(
    folder: &Path,
    tier: Tier,
    native: Option<(&Launcher, &[PathBuf])>,
    known: &Value,
) -> Option<String> {
    let mut told = vec![tier.name().to_owned(), digest_of_build(folder)?];
    told.extend(wasm::digests());
    for path in KERNEL {
        told.push(fs::read_to_string(path).ok()?);
    }
    for path in SETTINGS {
        told.push(fs::read_to_string(path).unwrap_or_default());
    }
    let status = fs::read_to_string("/proc/self/status").ok()?;
    told.extend(
        status
            .lines()
            .filter(|line| ACCOUNT.iter().any(|field| line.starts_with(field)))
            .map(str::to_owned),
    );
    for namespace in NAMESPACES {
        let link = fs::read_link(Path::new("/proc/self/ns").join(namespace)).ok()?;
        told.push(link.to_string_lossy().into_owned());
    }
    if let Some((launcher, pythons)) = native {
        told.push(format!("{launcher:?}"));
        told.push(format!("{:?}", Stamp::of(&launcher.program)?));
        for python in pythons {
            let found = find_program(python);
            told.push(format!("{} {found:?}", python.display()));
        }
    }
    told.push(known.to_string());
    for path in paths_in(known) {
        told.push(format!("{:?}", Stamp::of(path)));
    }
    let mut hash = Sha256::new();
    for part in told {
        // With its length, so that no two lists read alike.
        hash.update(part.len().to_le_bytes());
        hash.update(part);
    }
    Some(hex(&hash.finalize()))
}

/// Every text in `known` that is an absolute path.
fn paths_in(known: &Value) -> Vec<&Path> {
    match known {
        Value::String(text) if text.starts_with('/') => vec![Path::new(text)],
        Value::Array(values) => values.iter().flat_map(paths_in).collect(),
        Value::Object(values) => values.values().flat_map(paths_in).collect(),
        Value::String(_) | Value::Null | Value::Bool(_) | Value::Number(_) => Vec::new(),
    }
}

/// A program by its path, or by its name as the system looks for it.
fn find_program(program: &Path) -> Option<(PathBuf, Stamp)> {
    if program.components().count() > 1 {
        return Some((program.to_owned(), Stamp::of(program)?));
    }
    let path = std::env::var_os("PATH")?;
    std::env::split_paths(&path)
        .map(|folder| folder.join(program))
        .find_map(|candidate| Stamp::of(&candidate).map(|stamp| (candidate, stamp)))
}

/// SHA-256 of this program, computed once for each file that it is.
fn digest_of_build(folder: &Path) -> Option<String> {
    let own = Path::new(OWN_PROGRAM);
    let stamp = Stamp::of(own)?;
    let path = folder.join("build.json");
    let kept = read_own(&path, BUILD_BYTES_MAX)
        .and_then(|bytes| serde_json::from_slice::<Build>(&bytes).ok())
        .filter(|build| build.stamp == stamp);
    if let Some(build) = kept {
        return Some(build.digest);
    }
    let mut hash = Sha256::new();
    let mut file = File::open(own).ok()?;
    let mut chunk = vec![0; CHUNK_BYTES];
    loop {
        match file.read(&mut chunk).ok()? {
            0 => break,
            count => hash.update(chunk.get(..count)?),
        }
    }
    let build = Build {
        stamp,
        digest: hex(&hash.finalize()),
    };
    // Without it the digest is computed again next time.
    if let Ok(bytes) = serde_json::to_vec(&build)
        && let Err(why) =
            make_private_folder(folder).and_then(|()| write_whole(folder, &path, &bytes))
    {
        tracing::debug!(%why, "the digest of this program could not be kept");
    }
    Some(build.digest)
}

/// A file that only our account can have written, of at most `bytes_max`.
pub(super) fn read_own(path: &Path, bytes_max: u64) -> Option<Vec<u8>> {
    let file = File::open(path).ok()?;
    let metadata = file.metadata().ok()?;
    let is_ours = metadata.uid() == rustix::process::geteuid().as_raw();
    if !is_ours || metadata.mode() & 0o022 != 0 || metadata.size() > bytes_max {
        return None;
    }
    let mut bytes = Vec::new();
    file.take(bytes_max).read_to_end(&mut bytes).ok()?;
    Some(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_of_the_tiers_knowledge_must_lead_to_the_same() {
        let folder = tempfile::tempdir().unwrap();
        let library = folder.path().join("packages");
        fs::create_dir(&library).unwrap();
        let known = serde_json::json!({ "view": { "folders": [library], "version": "3.11" } });
        let now = || digest(folder.path(), Tier::Wasm, None, &known).unwrap();
        let before = now();
        assert_eq!(before, now());
        fs::write(library.join("new.py"), "").unwrap();
        assert_ne!(before, now());
        let other = serde_json::json!({ "view": { "folders": [library], "version": "3.12" } });
        assert_ne!(
            now(),
            digest(folder.path(), Tier::Wasm, None, &other).unwrap()
        );
    }

    #[test]
    fn a_program_is_found_by_name_and_by_path() {
        assert!(find_program(Path::new("sh")).is_some());
        assert!(find_program(Path::new("/bin/sh")).is_some());
        assert!(find_program(Path::new("/bin/no such program")).is_none());
        assert!(find_program(Path::new("no such program")).is_none());
    }
}
