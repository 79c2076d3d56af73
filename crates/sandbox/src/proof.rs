//! What was proved of a tier, kept in the cache folder so that a command which runs one program need not prove it again.
//!
//! Why that is sound. The hostile programs test what this build does on this kernel, and neither changes between two commands: a
//! kept proof is taken only when the executable and the images (SHA-256), the kernel, its boot, the account with its groups and
//! capabilities, the namespaces and confinement of the process, the settings that limit user namespaces, the launcher, and the
//! interpreter with its folders are those it was made with; anything that cannot be read means that there is no proof. A proof
//! does not put up walls, nor does a lack of one take them down: each run still puts up every wall that the tier requires,
//! and is not begun when one cannot be had. What is kept is believed as the compiled images beside it are: the folder and the files
//! are for our account alone, and whoever can write there can replace machine code of this program as well.

#[cfg(target_os = "linux")]
mod circumstances;

use std::path::{Path, PathBuf};

use domain::sandbox::{AttackResult, Tier};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::attacks;
use crate::native::Launcher;
use crate::private_folder::{make_private_folder, write_whole};
use crate::self_test::CONTROL;

/// Most bytes of a kept proof.
#[cfg(target_os = "linux")]
const PROOF_BYTES_MAX: u64 = 4 << 20;

/// Whether the tiers are tried with hostile programs when a sandbox starts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Proof {
    /// Always; what is found out is kept. For servers, and for those who ask.
    Anew,
    /// Only a tier that was not proved in the same circumstances before, and the native one only once a program needs it. For
    /// commands that run a program and end.
    Recent,
}

/// A tier that was proved before.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Kept {
    /// SHA-256 of the circumstances.
    circumstances: String,
    /// The attacks, all of them stopped, with how each ended.
    attacks: Vec<(String, String)>,
    /// What the tier had found out about this machine, in its own words.
    pub(crate) known: Value,
}

impl Kept {
    /// What came of the attacks; `None` when they are not those of this build.
    pub(crate) fn results(&self) -> Option<Vec<AttackResult>> {
        let name_of = |name: &str| {
            attacks::all()
                .map(|attack| attack.name)
                .chain([CONTROL])
                .find(|known| *known == name)
        };
        let results: Option<Vec<_>> = self
            .attacks
            .iter()
            .map(|(name, detail)| {
                Some(AttackResult {
                    name: name_of(name)?,
                    is_stopped: true,
                    detail: detail.clone(),
                })
            })
            .collect();
        results.filter(|results| !results.is_empty())
    }
}

/// The proofs of a folder, for one way of starting native programs.
#[derive(Debug, Clone)]
pub(crate) struct Proofs {
    folder: PathBuf,
    launcher: Option<Launcher>,
    python: Vec<PathBuf>,
}

impl Proofs {
    pub(crate) fn new(folder: &Path, launcher: Option<&Launcher>, python: &[PathBuf]) -> Self {
        Self {
            folder: folder.to_owned(),
            launcher: launcher.cloned(),
            python: python.to_vec(),
        }
    }

    /// What was proved of `tier` in circumstances like now's. Reads files, and perhaps all of this program.
    pub(crate) fn find(&self, tier: Tier) -> Option<Kept> {
        let kept: Kept = serde_json::from_slice(&self.read(tier)?).ok()?;
        let now = self.circumstances(tier, &kept.known)?;
        (kept.circumstances == now).then_some(kept)
    }

    /// Keeps that all of `attacks` on `tier` were stopped.
    pub(crate) fn keep(&self, tier: Tier, attacks: &[AttackResult], known: Value) {
        let Some(circumstances) = self.circumstances(tier, &known) else {
            return;
        };
        let kept = Kept {
            circumstances,
            attacks: attacks
                .iter()
                .map(|attack| (attack.name.to_owned(), attack.detail.clone()))
                .collect(),
            known,
        };
        let written = serde_json::to_vec(&kept)
            .map_err(|error| error.to_string())
            .and_then(|bytes| {
                make_private_folder(&self.folder)?;
                write_whole(&self.folder, &self.path(tier), &bytes)
            });
        if let Err(why) = written {
            tracing::warn!(tier = tier.name(), %why, "the proof of a tier could not be kept");
        }
    }

    /// Forgets what was proved of `tier`.
    pub(crate) fn remove(&self, tier: Tier) {
        let path = self.path(tier);
        if let Err(error) = std::fs::remove_file(&path)
            && !matches!(
                error.kind(),
                std::io::ErrorKind::NotFound | std::io::ErrorKind::NotADirectory
            )
        {
            tracing::warn!(path = %path.display(), %error, "an old proof stays");
        }
    }

    fn path(&self, tier: Tier) -> PathBuf {
        self.folder.join(format!("proof-{}.json", tier.name()))
    }

    #[cfg(target_os = "linux")]
    fn read(&self, tier: Tier) -> Option<Vec<u8>> {
        circumstances::read_own(&self.path(tier), PROOF_BYTES_MAX)
    }

    #[cfg(not(target_os = "linux"))]
    fn read(&self, _tier: Tier) -> Option<Vec<u8>> {
        None
    }

    #[cfg(target_os = "linux")]
    fn circumstances(&self, tier: Tier, known: &Value) -> Option<String> {
        let native = match tier {
            Tier::Wasm => None,
            Tier::Native => Some((self.launcher.as_ref()?, self.python.as_slice())),
        };
        circumstances::digest(&self.folder, tier, native, known)
    }

    /// Elsewhere nothing says that the machine was not started anew.
    #[cfg(not(target_os = "linux"))]
    fn circumstances(&self, _tier: Tier, _known: &Value) -> Option<String> {
        None
    }
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use super::*;

    fn stopped() -> Vec<AttackResult> {
        vec![AttackResult {
            name: CONTROL,
            is_stopped: true,
            detail: "it runs".to_owned(),
        }]
    }

    #[test]
    fn a_proof_is_found_in_the_same_circumstances_and_gone_when_removed() {
        let folder = tempfile::tempdir().unwrap();
        let proofs = Proofs::new(folder.path(), None, &[]);
        assert!(proofs.find(Tier::Wasm).is_none());
        proofs.keep(Tier::Wasm, &stopped(), Value::Null);
        for _ in 0..2 {
            let kept = proofs.find(Tier::Wasm).unwrap();
            assert_eq!(kept.results(), Some(stopped()));
        }
        assert!(proofs.find(Tier::Native).is_none());
        proofs.remove(Tier::Wasm);
        proofs.remove(Tier::Wasm);
        assert!(proofs.find(Tier::Wasm).is_none());
    }

    #[test]
    fn a_proof_that_was_changed_is_none() {
        use std::os::unix::fs::PermissionsExt as _;
        let folder = tempfile::tempdir().unwrap();
        let proofs = Proofs::new(folder.path(), None, &[]);
        let path = proofs.path(Tier::Wasm);
        let keep = || {
            proofs.keep(Tier::Wasm, &stopped(), Value::Null);
            std::fs::read_to_string(&path).unwrap()
        };
        let text = keep();
        let mut kept: Kept = serde_json::from_str(&text).unwrap();
        kept.circumstances = "0".repeat(64);
        for other in [
            serde_json::to_string(&kept).unwrap(),
            String::new(),
            "{}".to_owned(),
        ] {
            std::fs::write(&path, other).unwrap();
            assert!(proofs.find(Tier::Wasm).is_none());
        }
        kept.attacks = vec![("an attack of another build".to_owned(), String::new())];
        assert_eq!(kept.results(), None);
        kept.attacks.clear();
        assert_eq!(kept.results(), None);
        // Somebody else might have written it.
        keep();
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o666)).unwrap();
        assert!(proofs.find(Tier::Wasm).is_none());
    }

    #[test]
    fn another_interpreter_or_launcher_needs_another_proof() {
        let folder = tempfile::tempdir().unwrap();
        let python = folder.path().join("python3");
        std::fs::write(&python, "one").unwrap();
        let launcher = |words: &[&str]| Launcher {
            program: std::env::current_exe().unwrap(),
            args: words.iter().map(Into::into).collect(),
        };
        let proofs = |launcher| {
            Proofs::new(
                folder.path(),
                Some(&launcher),
                std::slice::from_ref(&python),
            )
        };
        proofs(launcher(&["a"])).keep(Tier::Native, &stopped(), Value::Null);
        assert!(proofs(launcher(&["a"])).find(Tier::Native).is_some());
        assert!(proofs(launcher(&["b"])).find(Tier::Native).is_none());
        std::fs::remove_file(&python).unwrap();
        std::fs::write(&python, "another").unwrap();
        assert!(proofs(launcher(&["a"])).find(Tier::Native).is_none());
    }
}
