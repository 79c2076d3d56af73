//! The folder of language models on the disk: which names it may hold, where the files of a model are, and how they are put there
//! and taken away. Several processes may work on it at once.
//!
//! `<models>/language/<name>/` holds `model.gguf`, `model.json` and `adapters/<name>.gguf`. A model is there when its `model.gguf`
//! is, and that file only ever arrives whole, by renaming. Names that begin with a dot belong to this file: `.partial` for files
//! that are not complete, `.locks` for the locks.

use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::UNIX_EPOCH;

use domain::models::catalogue::CatalogueError;
use domain::models::{AdapterName, ModelName};

use super::manifest::{MANIFEST_BYTES_MAX, Manifest, Stamp};

/// Folder of all language models, in the models folder.
const ROOT: &str = "language";
const WEIGHTS: &str = "model.gguf";
const MANIFEST: &str = "model.json";
const ADAPTERS: &str = "adapters";
const PARTIAL: &str = ".partial";
const LOCKS: &str = ".locks";
/// Beginning of the names of files that are being made.
const STAGED: &str = "stage-";
/// Longest name of a model on this machine.
const NAME_BYTES_MAX: usize = 64;

/// The folder of language models.
#[derive(Debug, Clone)]
pub(crate) struct Folder {
    root: PathBuf,
}

/// Where a model lies.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Place {
    pub(crate) folder: PathBuf,
    pub(crate) weights: PathBuf,
    pub(crate) stamp: Stamp,
    /// Files in the folder of adapters, by name.
    pub(crate) adapters: Vec<(AdapterName, PathBuf, Stamp)>,
}

/// Keeps others from changing a model, until it is dropped.
pub(crate) struct Lock(#[expect(dead_code, reason = "the file is locked while it is open")] File);

/// A file that is being made. It is deleted when this is dropped, unless it was put in its place.
pub(crate) struct Staged {
    path: PathBuf,
    /// Locked while it is open, so that nobody takes the file for a leftover.
    file: File,
    is_placed: bool,
}

impl Staged {
    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    pub(crate) fn file(&mut self) -> &mut File {
        &mut self.file
    }
}

impl Staged {
    /// A name for a file that another part of this program makes; it counts as work on this one.
    pub(crate) fn path_beside(&self) -> PathBuf {
        let mut name = self.path.clone().into_os_string();
        name.push(".made");
        name.into()
    }

    /// Takes the file at `path` in place of this one.
    pub(crate) fn replace(&mut self, path: &Path) -> Result<(), CatalogueError> {
        let take = || {
            let file = File::options().read(true).write(true).open(path)?;
            // Locked before it has the name by which it may be taken for a leftover.
            file.lock()?;
            fs::rename(path, &self.path)?;
            Ok(file)
        };
        self.file = take().map_err(|error| io_error(path, &error))?;
        Ok(())
    }
}

impl Drop for Staged {
    fn drop(&mut self) {
        if !self.is_placed {
            // What stays is deleted by the next process that makes a file.
            let _ = fs::remove_file(&self.path);
            let _ = fs::remove_file(self.path_beside());
        }
    }
}

/// Refuses names that no model of this machine may have.
pub(crate) fn check_name(name: &ModelName) -> Result<&str, CatalogueError> {
    let text = name.as_str();
    let is_small = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit();
    let is_sound = text.bytes().next().is_some_and(is_small)
        && text
            .bytes()
            .all(|byte| is_small(byte) || b"._-".contains(&byte))
        && text.len() <= NAME_BYTES_MAX;
    if is_sound {
        return Ok(text);
    }
    Err(CatalogueError::Invalid(format!(
        "`{text}` cannot be the name of a model of this machine; use small letters, digits and . _ - (at most {NAME_BYTES_MAX}), \
         beginning with a letter or digit"
    )))
}

/// What the system said about a file, with what to do where that is known.
pub(crate) fn io_error(path: &Path, error: &io::Error) -> CatalogueError {
    let path = path.display();
    let is = |kind| error.kind() == kind;
    CatalogueError::Io(
        if is(io::ErrorKind::StorageFull) || is(io::ErrorKind::QuotaExceeded) {
            format!("{path}: the disk is full; free some space and try again")
        } else if is(io::ErrorKind::PermissionDenied) {
            format!(
                "{path}: this program may not read or write it; check who owns the models folder"
            )
        } else if is(io::ErrorKind::NotFound) {
            format!("{path} does not exist")
        } else {
            format!("{path}: {error}")
        },
    )
}

/// What tells that a file is still the same.
pub(crate) fn stamp(metadata: &fs::Metadata) -> Stamp {
    let modified = metadata
        .modified()
        .ok()
        .and_then(|moment| moment.duration_since(UNIX_EPOCH).ok());
    Stamp {
        size_bytes: metadata.len(),
        modified_ns: modified
            .and_then(|age| u64::try_from(age.as_nanos()).ok())
            .unwrap_or_default(),
    }
}

/// Bytes that are free on the disk of a folder.
pub(crate) fn free_bytes(folder: &Path) -> Result<u64, CatalogueError> {
    let about = rustix::fs::statvfs(folder).map_err(|error| io_error(folder, &error.into()))?;
    Ok(about.f_bavail.saturating_mul(about.f_frsize))
}

impl Folder {
    /// The folder in `models_dir`; it need not exist.
    pub(crate) fn new(models_dir: &Path) -> Self {
        let root = models_dir.join(ROOT);
        Self { root }
    }

    pub(crate) fn root(&self) -> &Path {
        &self.root
    }

    /// Names of the folders that may hold a model, in order.
    pub(crate) fn list_names(&self) -> Result<Vec<ModelName>, CatalogueError> {
        let entries = match fs::read_dir(&self.root) {
            Ok(entries) => entries,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
            Err(error) => return Err(io_error(&self.root, &error)),
        };
        let mut names = Vec::new();
        for entry in entries {
            let entry = entry.map_err(|error| io_error(&self.root, &error))?;
            let name = entry.file_name();
            let name = name
                .to_str()
                .and_then(|text| text.parse::<ModelName>().ok());
            names.extend(name.filter(|name| check_name(name).is_ok()));
        }
        names.sort();
        Ok(names)
    }

    /// Where the model is; `None` when it is not there. Links are not followed, so that a name never leads out of the folder.
    pub(crate) fn find_place(&self, name: &ModelName) -> Result<Option<Place>, CatalogueError> {
        let folder = self.root.join(check_name(name)?);
        let Some(metadata) = look(&folder)? else {
            return Ok(None);
        };
        if !metadata.is_dir() {
            let kind = if metadata.is_symlink() {
                "a link"
            } else {
                "a file"
            };
            return Err(CatalogueError::Invalid(format!(
                "{} is {kind}, not a folder; put the model itself into the models folder",
                folder.display()
            )));
        }
        let weights = folder.join(WEIGHTS);
        let Some(metadata) = look(&weights)? else {
            return Ok(None);
        };
        if !metadata.is_file() {
            return Err(CatalogueError::Invalid(format!(
                "{} is not a regular file; put the model itself there, or import it with `codegenie models import`",
                weights.display()
            )));
        }
        Ok(Some(Place {
            stamp: stamp(&metadata),
            adapters: list_adapters(&folder.join(ADAPTERS))?,
            folder,
            weights,
        }))
    }

    /// Waits until nobody else changes the model. Make no long work of what is done with it.
    pub(crate) fn lock(&self, name: &ModelName) -> Result<Lock, CatalogueError> {
        let path = self
            .make_locks()?
            .join(format!("{}.lock", check_name(name)?));
        lock(&path)
    }

    /// The folder of locks, made when it is not there.
    pub(crate) fn make_locks(&self) -> Result<PathBuf, CatalogueError> {
        let folder = self.root.join(LOCKS);
        make_folder(&folder)?;
        Ok(folder)
    }

    /// The folder of files that are not complete, made when it is not there.
    pub(crate) fn make_partial(&self) -> Result<PathBuf, CatalogueError> {
        let folder = self.root.join(PARTIAL);
        make_folder(&folder)?;
        Ok(folder)
    }

    /// A new empty file, on the same disk as the models. Files that processes left behind when they died are deleted.
    pub(crate) fn stage(&self) -> Result<Staged, CatalogueError> {
        static NEXT: AtomicU64 = AtomicU64::new(0);
        let folder = self.make_partial()?;
        let _lock = lock(&folder.join(".lock"))?;
        sweep(&folder)?;
        let number = NEXT.fetch_add(1, Ordering::Relaxed);
        let path = folder.join(format!("{STAGED}{}-{number}.gguf", std::process::id()));
        let failed = |error: &io::Error| io_error(&path, error);
        let mut options = File::options();
        let file = options.read(true).write(true).create_new(true).open(&path);
        let file = file.map_err(|error| failed(&error))?;
        file.lock().map_err(|error| failed(&error))?;
        Ok(Staged {
            path,
            file,
            is_placed: false,
        })
    }

    /// Takes over a file in the folder of files that are not complete. From now on it is deleted unless it is put in its place.
    pub(crate) fn adopt(path: &Path) -> Result<Staged, CatalogueError> {
        let failed = |error: &io::Error| io_error(path, error);
        let mut options = File::options();
        let file = options.read(true).write(true).open(path);
        let file = file.map_err(|error| failed(&error))?;
        file.lock().map_err(|error| failed(&error))?;
        Ok(Staged {
            path: path.to_owned(),
            file,
            is_placed: false,
        })
    }

    /// Puts a complete file in its place as the weights of a new model. The caller holds the model's lock.
    pub(crate) fn place_model(
        &self,
        name: &ModelName,
        mut staged: Staged,
        manifest: &Manifest,
        _lock: &Lock,
    ) -> Result<(), CatalogueError> {
        if self.find_place(name)?.is_some() {
            return Err(CatalogueError::Taken(name.clone()));
        }
        let folder = self.root.join(check_name(name)?);
        make_folder(&folder)?;
        // First what is known of it: without its weights a model is not there.
        write_manifest(&folder, manifest)?;
        put(&mut staged, &folder.join(WEIGHTS))?;
        sync_folder(&self.root)
    }

    /// Puts a complete file in its place as an adapter. The caller holds the model's lock.
    pub(crate) fn place_adapter(
        place: &Place,
        name: &AdapterName,
        mut staged: Staged,
        manifest: &Manifest,
        _lock: &Lock,
    ) -> Result<(), CatalogueError> {
        let folder = place.folder.join(ADAPTERS);
        make_folder(&folder)?;
        put(&mut staged, &folder.join(format!("{name}.gguf")))?;
        write_manifest(&place.folder, manifest)
    }

    /// Takes a model away. The caller holds the model's lock.
    pub(crate) fn remove_model(&self, place: &Place, _lock: &Lock) -> Result<(), CatalogueError> {
        let partial = self.make_partial()?;
        let _sweeping = lock(&partial.join(".lock"))?;
        let name = place.folder.file_name().unwrap_or_default();
        let gone = partial.join(format!("{STAGED}removed-{}", name.display()));
        if look(&gone)?.is_some() {
            fs::remove_dir_all(&gone).map_err(|error| io_error(&gone, &error))?;
        }
        // From here on it is not there, whatever happens.
        fs::rename(&place.folder, &gone).map_err(|error| io_error(&place.folder, &error))?;
        sync_folder(&self.root)?;
        fs::remove_dir_all(&gone).map_err(|error| io_error(&gone, &error))
    }
}

/// What is remembered of the model in `folder`, unless there is nothing usable.
pub(crate) fn read_manifest(folder: &Path) -> Option<Manifest> {
    let path = folder.join(MANIFEST);
    let metadata = fs::symlink_metadata(&path).ok()?;
    if !metadata.is_file() || metadata.len() > MANIFEST_BYTES_MAX as u64 {
        return None;
    }
    Manifest::parse(&fs::read(&path).ok()?)
}

/// Writes what is to be remembered of the model in `folder`, whole or not at all.
pub(crate) fn write_manifest(folder: &Path, manifest: &Manifest) -> Result<(), CatalogueError> {
    let path = folder.join(MANIFEST);
    let partial = folder.join(format!(".{MANIFEST}.partial"));
    let write = || {
        fs::write(&partial, manifest.render())?;
        File::open(&partial)?.sync_all()?;
        fs::rename(&partial, &path)
    };
    write().map_err(|error| io_error(&path, &error))?;
    sync_folder(folder)
}

/// Renames a file that is complete, and makes that last through a power cut.
fn put(staged: &mut Staged, path: &Path) -> Result<(), CatalogueError> {
    let rename = || {
        staged.file.sync_all()?;
        fs::rename(&staged.path, path)
    };
    rename().map_err(|error| io_error(path, &error))?;
    staged.is_placed = true;
    path.parent().map_or(Ok(()), sync_folder)
}

fn list_adapters(folder: &Path) -> Result<Vec<(AdapterName, PathBuf, Stamp)>, CatalogueError> {
    if !look(folder)?.is_some_and(|metadata| metadata.is_dir()) {
        return Ok(Vec::new());
    }
    let entries = fs::read_dir(folder).map_err(|error| io_error(folder, &error))?;
    let mut adapters = Vec::new();
    for entry in entries {
        let path = entry.map_err(|error| io_error(folder, &error))?.path();
        let is_gguf = path.extension().is_some_and(|ending| ending == "gguf");
        let name = path.file_stem().and_then(|stem| stem.to_str());
        let name = name.and_then(|stem| stem.parse::<AdapterName>().ok());
        let metadata = look(&path)?.filter(fs::Metadata::is_file);
        if let (true, Some(name), Some(metadata)) = (is_gguf, name, metadata) {
            adapters.push((name, path, stamp(&metadata)));
        }
    }
    adapters.sort_by(|(left, ..), (right, ..)| left.cmp(right));
    Ok(adapters)
}

/// What is at `path`, links not followed; `None` when nothing is.
fn look(path: &Path) -> Result<Option<fs::Metadata>, CatalogueError> {
    match fs::symlink_metadata(path) {
        Ok(metadata) => Ok(Some(metadata)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(io_error(path, &error)),
    }
}

fn make_folder(folder: &Path) -> Result<(), CatalogueError> {
    fs::create_dir_all(folder).map_err(|error| io_error(folder, &error))?;
    if look(folder)?.is_some_and(|metadata| metadata.is_dir()) {
        return Ok(());
    }
    Err(CatalogueError::Invalid(format!(
        "{} is a link, not a folder; remove it",
        folder.display()
    )))
}

pub(crate) fn lock(path: &Path) -> Result<Lock, CatalogueError> {
    let mut options = File::options();
    let file = options.create(true).write(true).truncate(false).open(path);
    let locked = file.and_then(|file| file.lock().map(|()| file));
    locked.map(Lock).map_err(|error| io_error(path, &error))
}

fn sync_folder(folder: &Path) -> Result<(), CatalogueError> {
    let sync = || File::open(folder)?.sync_all();
    sync().map_err(|error| io_error(folder, &error))
}

/// Deletes what processes that died left unfinished. The caller holds the folder's lock, so no file is just being made.
fn sweep(folder: &Path) -> Result<(), CatalogueError> {
    let entries = fs::read_dir(folder).map_err(|error| io_error(folder, &error))?;
    for entry in entries.flatten() {
        let path = entry.path();
        let is_staged = entry.file_name().to_string_lossy().starts_with(STAGED);
        let Some(metadata) = look(&path)?.filter(|_| is_staged) else {
            continue;
        };
        let deleted = if metadata.is_dir() {
            fs::remove_dir_all(&path)
        } else {
            // What is made beside a file belongs to whoever has that one locked.
            let name = entry.file_name().to_string_lossy().into_owned();
            let owner = name.split_once(".gguf").map_or("", |(stem, _)| stem);
            let owner = File::open(folder.join(format!("{owner}.gguf")));
            if owner.is_ok_and(|file| file.try_lock().is_err()) {
                continue;
            }
            fs::remove_file(&path)
        };
        if let Err(error) = deleted {
            tracing::warn!(path = %path.display(), %error, "an unfinished file cannot be deleted");
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn name(text: &str) -> ModelName {
        text.parse().unwrap()
    }

    #[test]
    fn only_names_of_the_closed_grammar_are_folders() {
        for text in ["phi-2", "a", "7b.q4_k_m", &"x".repeat(64)] {
            assert!(check_name(&name(text)).is_ok(), "{text}");
        }
        for text in ["Phi-2", "a/b", "a:b", "-a", "_a", &"x".repeat(65)] {
            let refused = check_name(&name(text)).unwrap_err().to_string();
            assert!(refused.contains("small letters"), "{text}: {refused}");
        }
    }

    #[test]
    fn a_link_in_place_of_a_folder_or_file_is_refused() {
        let models = tempfile::tempdir().unwrap();
        let elsewhere = tempfile::tempdir().unwrap();
        fs::write(elsewhere.path().join(WEIGHTS), b"x").unwrap();
        let folder = Folder::new(models.path());
        fs::create_dir_all(folder.root().join("own")).unwrap();
        std::os::unix::fs::symlink(elsewhere.path(), folder.root().join("link")).unwrap();
        std::os::unix::fs::symlink(
            elsewhere.path().join(WEIGHTS),
            folder.root().join("own").join(WEIGHTS),
        )
        .unwrap();
        for (text, expected) in [("link", "is a link"), ("own", "not a regular file")] {
            let refused = folder.find_place(&name(text)).unwrap_err().to_string();
            assert!(refused.contains(expected), "{refused}");
        }
        assert_eq!(folder.find_place(&name("absent")).unwrap(), None);
    }

    #[test]
    fn what_a_dead_process_left_is_deleted_and_what_is_in_work_stays() {
        let models = tempfile::tempdir().unwrap();
        let folder = Folder::new(models.path());
        let in_work = folder.stage().unwrap();
        let left = folder.make_partial().unwrap().join("stage-1-0.gguf");
        fs::write(&left, b"half").unwrap();
        let download = folder.make_partial().unwrap().join("download.part");
        fs::write(&download, b"half").unwrap();
        let next = folder.stage().unwrap();
        assert!(!left.exists());
        assert!(in_work.path().exists() && next.path().exists() && download.exists());
        let path = next.path().to_owned();
        drop(next);
        assert!(!path.exists(), "a file that came to nothing goes");
    }

    #[test]
    fn an_absent_folder_holds_nothing() {
        let models = tempfile::tempdir().unwrap();
        let folder = Folder::new(&models.path().join("not/there"));
        assert_eq!(folder.list_names().unwrap(), Vec::new());
    }
}
