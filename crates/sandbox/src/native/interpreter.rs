//! Which Python the sandbox runs, and what it needs of the file system. It is asked once, outside of the sandbox.

use std::collections::BTreeMap;
use std::io;
use std::path::{Component, Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use serde::{Deserialize, Serialize};
use tokio::process::Command;

use super::request::View;

/// How long an interpreter may take to say what it is on a machine that is busy.
const SURVEY_TIME_MAX: Duration = Duration::from_mins(1);

/// Most symbolic links on the way to one file, as in the kernel.
const LINKS_MAX: usize = 40;

const SURVEY: &str = include_str!("../../guests/native/survey.py");

/// A Python of this machine.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct Interpreter {
    /// Its path, by which it knows where its libraries are.
    pub(super) executable: PathBuf,
    /// Its version, such as `3.11.7`.
    pub(super) version: String,
    /// Where it looks for modules.
    pub(super) paths: Vec<PathBuf>,
    /// The packages of interest it has, with their versions.
    pub(super) packages: BTreeMap<String, String>,
    /// What it needs of the file system.
    pub(super) view: View,
}

/// What `survey.py` prints.
#[derive(Debug, Deserialize)]
struct Surveyed {
    executable: PathBuf,
    version: String,
    paths: Vec<PathBuf>,
    prefix: Option<PathBuf>,
    loader: Option<PathBuf>,
    libraries: Vec<PathBuf>,
    packages: BTreeMap<String, String>,
    font_list: Option<PathBuf>,
}

impl Interpreter {
    /// Asks the Python at `program`, a path or a name on `PATH`.
    pub(super) async fn find(program: &Path) -> Result<Self, String> {
        let failed = |why: String| format!("{}: {why}", program.display());
        let asked = Command::new(program)
            .args(["-I", "-B", "-c", SURVEY])
            .stdin(Stdio::null())
            .stderr(Stdio::null())
            .env("OPENBLAS_NUM_THREADS", "1")
            .current_dir("/")
            .kill_on_drop(true)
            .output();
        let output = tokio::time::timeout(SURVEY_TIME_MAX, asked)
            .await
            .map_err(|_| failed("it did not answer".to_owned()))?
            .map_err(|error| failed(error.to_string()))?;
        if !output.status.success() {
            return Err(failed(format!("it ended with {}", output.status)));
        }
        let surveyed: Surveyed = serde_json::from_slice(&output.stdout)
            .map_err(|error| failed(format!("its answer was not understood: {error}")))?;
        let view = view_of(&surveyed).map_err(|error| failed(error.to_string()))?;
        Ok(Self {
            executable: surveyed.executable,
            version: surveyed.version,
            paths: surveyed.paths,
            packages: surveyed.packages,
            view,
        })
    }
}

fn view_of(surveyed: &Surveyed) -> io::Result<View> {
    let mut view = View::default();
    let program = resolve(&surveyed.executable, &mut view.links)?;
    view.programs.push(program.clone());
    view.files.push(program);
    if let Some(loader) = &surveyed.loader {
        let loader = resolve(loader, &mut view.links)?;
        view.programs.push(loader.clone());
        view.files.push(loader);
    }
    let cache = Path::new("/etc/ld.so.cache");
    if cache.is_file() {
        view.files.push(resolve(cache, &mut view.links)?);
    }
    for folder in surveyed.paths.iter().chain(&surveyed.prefix) {
        let folder = resolve(folder, &mut view.links)?;
        if is_narrow(&folder) {
            view.folders.push(folder);
        }
    }
    for library in &surveyed.libraries {
        let library = resolve(library, &mut view.links)?;
        // Libraries bring in others by themselves; their folders in a system's own places hold nothing else.
        match library.parent() {
            Some(folder) if is_of_the_system(folder) => view.folders.push(folder.to_owned()),
            Some(_) | None => view.files.push(library),
        }
    }
    if let Some(list) = &surveyed.font_list {
        let list = resolve(list, &mut view.links)?;
        view.files.push(list.clone());
        view.font_list = Some(list);
    }
    tidy(&mut view);
    Ok(view)
}

/// A folder that is surely an interpreter's: never a root, a home, or all of a system.
fn is_narrow(folder: &Path) -> bool {
    let is_home = std::env::var_os("HOME").is_some_and(|home| Path::new(&home).starts_with(folder));
    folder.components().count() > 2 && !is_home
}

fn is_of_the_system(folder: &Path) -> bool {
    ["/usr", "/lib", "/lib64", "/opt", "/nix"]
        .iter()
        .any(|place| folder.starts_with(place))
        && (is_narrow(folder) || folder.starts_with("/lib") || folder.starts_with("/lib64"))
}

/// Takes out what lies in a folder that is there anyway.
fn tidy(view: &mut View) {
    view.folders.sort();
    view.folders.dedup();
    let all = view.folders.clone();
    let is_inside = |path: &Path, folders: &[PathBuf]| {
        folders
            .iter()
            .any(|folder| path != folder && path.starts_with(folder))
    };
    view.folders.retain(|folder| !is_inside(folder, &all));
    view.files.sort();
    view.files.dedup();
    view.files.retain(|file| !is_inside(file, &all));
    view.links.sort();
    view.links.dedup();
    view.links.retain(|(link, _)| !is_inside(link, &all));
}

/// The path without symbolic links, and the links on the way to it.
fn resolve(path: &Path, links: &mut Vec<(PathBuf, PathBuf)>) -> io::Result<PathBuf> {
    let mut todo: Vec<PathBuf> = parts(path);
    let mut done = PathBuf::from("/");
    let mut followed = 0;
    while let Some(part) = todo.pop() {
        if part == Path::new("..") {
            done.pop();
            continue;
        }
        let next = done.join(&part);
        if next.symlink_metadata()?.is_symlink() {
            followed += 1;
            if followed > LINKS_MAX {
                return Err(io::Error::other(format!(
                    "too many symbolic links at {}",
                    next.display()
                )));
            }
            let target = next.read_link()?;
            if target.is_absolute() {
                done = PathBuf::from("/");
            }
            todo.extend(parts(&target));
            links.push((next, target));
        } else {
            done = next;
        }
    }
    Ok(done)
}

/// The names on a path, last first.
fn parts(path: &Path) -> Vec<PathBuf> {
    path.components()
        .rev()
        .filter_map(|component| match component {
            Component::Normal(name) => Some(PathBuf::from(name)),
            Component::ParentDir => Some(PathBuf::from("..")),
            Component::RootDir | Component::CurDir | Component::Prefix(_) => None,
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn links_on_the_way_are_kept_and_followed() {
        let folder = tempfile::tempdir().unwrap();
        let root = folder.path().canonicalize().unwrap();
        std::fs::create_dir_all(root.join("real/lib")).unwrap();
        std::fs::write(root.join("real/lib/a.so.1"), "").unwrap();
        std::os::unix::fs::symlink("a.so.1", root.join("real/lib/a.so")).unwrap();
        std::os::unix::fs::symlink("real/../real", root.join("short")).unwrap();
        let mut links = Vec::new();
        let found = resolve(&root.join("short/lib/a.so"), &mut links).unwrap();
        assert_eq!(found, root.join("real/lib/a.so.1"));
        let of_ours: Vec<_> = links
            .iter()
            .filter(|(link, _)| link.starts_with(&root))
            .collect();
        assert_eq!(of_ours.len(), 2);

        std::os::unix::fs::symlink("round", root.join("round")).unwrap();
        assert!(resolve(&root.join("round"), &mut links).is_err());
        assert!(resolve(&root.join("absent"), &mut links).is_err());
    }

    #[test]
    fn a_view_says_nothing_twice() {
        let mut view = View {
            folders: ["/a/b/c", "/a/b", "/a/b"].map(PathBuf::from).to_vec(),
            files: ["/a/b/file", "/a/other"].map(PathBuf::from).to_vec(),
            ..View::default()
        };
        tidy(&mut view);
        assert_eq!(view.folders, [PathBuf::from("/a/b")]);
        assert_eq!(view.files, [PathBuf::from("/a/other")]);
    }

    #[test]
    fn nothing_as_wide_as_a_system_is_shown() {
        for wide in ["/", "/usr", "/root", "/home"] {
            assert!(!is_narrow(Path::new(wide)), "{wide}");
        }
        assert!(is_narrow(Path::new("/usr/lib/python3.11")));
    }
}
