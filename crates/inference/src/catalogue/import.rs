//! Taking files of this machine into the folder: a copy is made and checked, and only then put in its place.

use std::fs::{self, File};
use std::io;
use std::path::Path;

use domain::models::catalogue::{CatalogueError, Model};
use domain::models::{AdapterName, Digest, ModelName};
use domain::time::Timestamp;

use super::check::Description;
use super::folder::{Folder, Staged, check_name, io_error, stamp};
use super::manifest::{AdapterRecord, FileRecord, Manifest, Origin};
use super::records::{Records, copy_hashing, read_adapter, read_description};
use super::watch::Reporter;

/// Where a model came from that was a file of this machine.
const IMPORTED: &str = "import";

/// A complete file that is not in its place yet, and what it is.
pub(crate) struct Arrival {
    pub(crate) staged: Staged,
    pub(crate) digest: Digest,
    pub(crate) description: Description,
    pub(crate) origin: Origin,
}

/// Copies the GGUF file at `path`.
pub(crate) fn import_model(
    records: &Records,
    path: &Path,
    name: &ModelName,
    now: Timestamp,
    reporter: &Reporter,
) -> Result<Model, CatalogueError> {
    check_free(records.folder(), name)?;
    let metadata = fs::metadata(path).map_err(|error| io_error(path, &error))?;
    if metadata.is_dir() {
        return Err(CatalogueError::Invalid(format!(
            "{} is a folder; name the GGUF file in it",
            path.display()
        )));
    }
    // Said before the long work of copying; the copy is what counts.
    read_description(path)?;
    let (staged, digest) = copy(records.folder(), path, metadata.len(), reporter)?;
    let description = read_description(staged.path())?;
    let origin = Origin {
        source: IMPORTED.to_owned(),
        licence: None,
        added_at_ms: now.millis(),
    };
    let arrival = Arrival {
        staged,
        digest,
        description,
        origin,
    };
    settle(records, name, arrival, now)
}

/// Puts a complete file in its place.
pub(crate) fn settle(
    records: &Records,
    name: &ModelName,
    arrival: Arrival,
    now: Timestamp,
) -> Result<Model, CatalogueError> {
    let Arrival {
        staged,
        digest,
        description,
        origin,
    } = arrival;
    let path = staged.path();
    let metadata = fs::metadata(path).map_err(|error| io_error(path, &error))?;
    let weights = FileRecord::new(digest, stamp(&metadata));
    let manifest = Manifest::new(description, weights, origin);
    let folder = records.folder();
    {
        let lock = folder.lock(name)?;
        folder.place_model(name, staged, &manifest, &lock)?;
    }
    Ok(records.get(name, now)?.model())
}

/// Refuses a name that is taken or cannot be one.
pub(crate) fn check_free(folder: &Folder, name: &ModelName) -> Result<(), CatalogueError> {
    check_name(name)?;
    match folder.find_place(name)? {
        Some(_) => Err(CatalogueError::Taken(name.clone())),
        None => Ok(()),
    }
}

/// Copies the GGUF file of an adapter at `path`; one of the same name is replaced.
pub(crate) fn import_adapter(
    records: &Records,
    path: &Path,
    model: &ModelName,
    name: &AdapterName,
    now: Timestamp,
) -> Result<Model, CatalogueError> {
    let record = records.get(model, now)?;
    let metadata = fs::metadata(path).map_err(|error| io_error(path, &error))?;
    if metadata.is_dir() {
        return Err(CatalogueError::Invalid(format!(
            "{} is a folder; name the GGUF file in it",
            path.display()
        )));
    }
    read_adapter(path, &record.manifest.architecture)?;
    let folder = records.folder();
    let (staged, digest) = copy(folder, path, metadata.len(), &Reporter::silent())?;
    read_adapter(staged.path(), &record.manifest.architecture)?;
    let metadata = fs::metadata(staged.path()).map_err(|error| io_error(path, &error))?;
    let adapter = AdapterRecord {
        name: name.to_string(),
        file: FileRecord::new(digest, stamp(&metadata)),
        source: IMPORTED.to_owned(),
        added_at_ms: now.millis(),
    };
    {
        let lock = folder.lock(model)?;
        // Somebody may have changed the model meanwhile.
        let now_there = records.get_locked(model, now, &lock)?;
        if now_there.manifest.architecture != record.manifest.architecture {
            return Err(CatalogueError::Taken(model.clone()));
        }
        let mut manifest = now_there.manifest;
        manifest.adapters.retain(|known| known.name != adapter.name);
        manifest.adapters.push(adapter);
        Folder::place_adapter(&now_there.place, name, staged, &manifest, &lock)?;
    }
    Ok(records.get(model, now)?.model())
}

fn copy(
    folder: &Folder,
    path: &Path,
    size_bytes: u64,
    reporter: &Reporter,
) -> Result<(Staged, Digest), CatalogueError> {
    let mut source = File::open(path).map_err(|error| io_error(path, &error))?;
    let mut staged = folder.stage()?;
    let target = staged.path().to_owned();
    let digest = copy_hashing(
        (&mut source, path),
        (staged.file(), &target),
        Some(size_bytes),
        reporter,
    )?;
    let flushed = io::Write::flush(staged.file()).and_then(|()| staged.file().sync_all());
    flushed.map_err(|error| io_error(&target, &error))?;
    Ok((staged, digest))
}
