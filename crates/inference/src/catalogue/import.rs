//! Taking files of this machine into the folder: a copy is made and checked, and only then put in its place.

use std::fs::{self, File};
use std::io;
use std::ops::ControlFlow;
use std::path::Path;

use domain::models::catalogue::{CatalogueError, Model};
use domain::models::{AdapterName, Digest, ModelName};
use domain::time::Timestamp;

use super::Shelf;
use super::check::Description;
use super::folder::{Folder, Staged, check_name, io_error, stamp};
use super::hub::Fetched;
use super::hub::check_space;
use super::manifest::{AdapterRecord, FileRecord, Manifest, Origin};
use super::records::{
    Records, copy_hashing, gguf_error, hash_file, read_adapter, read_description,
};
use super::watch::Reporter;
use crate::convert::{ConvertError, convert_adapter, convert_folder};
use crate::gguf;

/// Where a model came from that was a file of this machine.
const IMPORTED: &str = "import";
/// The stage of making a GGUF file of published files.
const CONVERTING: &str = "converting";

/// A complete file that is not in its place yet, and what it is.
pub(crate) struct Arrival {
    pub(crate) staged: Staged,
    pub(crate) digest: Digest,
    pub(crate) description: Description,
    pub(crate) origin: Origin,
}

/// Copies the GGUF file at `path`, or makes one of the folder there.
pub(crate) fn import_model(
    Shelf { records, engine }: &Shelf,
    path: &Path,
    name: &ModelName,
    now: Timestamp,
    reporter: &Reporter,
) -> Result<Model, CatalogueError> {
    check_free(records.folder(), name)?;
    let metadata = fs::metadata(path).map_err(|error| io_error(path, &error))?;
    let (staged, digest) = if metadata.is_dir() {
        convert(records.folder(), path, reporter, |path, out| {
            let mut watch = |done, total| match reporter.report(CONVERTING, done, Some(total)) {
                Ok(()) => ControlFlow::Continue(()),
                Err(_) => ControlFlow::Break(()),
            };
            convert_folder(path, out, &mut watch)
        })?
    } else {
        // Said before the long work of copying; the copy is what counts.
        read_description(path)?;
        copy(records.folder(), path, metadata.len(), reporter)?
    };
    let checked = read_description(staged.path()).and_then(|description| {
        engine.check(staged.path(), None, reporter)?;
        Ok(description)
    });
    let description = checked.map_err(|error| name_source(error, staged.path(), path))?;
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

/// Takes a file that was fetched. What cannot be used is deleted; what only failed to be put in its place is kept for the next
/// attempt.
pub(crate) fn take_fetched(
    Shelf { records, engine }: &Shelf,
    fetched: Fetched,
    now: Timestamp,
    reporter: &Reporter,
) -> Result<Model, CatalogueError> {
    reporter.report("checking", 0, None)?;
    let Fetched {
        part,
        digest,
        name,
        licence,
        source,
    } = fetched;
    let checked = read_description(part.path()).and_then(|description| {
        engine.check(part.path(), None, reporter)?;
        Ok(description)
    });
    let description = match checked {
        Ok(description) => description,
        Err(error) => {
            if matches!(error, CatalogueError::Invalid(_)) {
                part.discard()?;
            }
            return Err(error);
        }
    };
    check_free(records.folder(), &name)?;
    let arrival = Arrival {
        staged: Folder::adopt(part.path())?,
        digest,
        description,
        origin: Origin {
            source,
            licence,
            added_at_ms: now.millis(),
        },
    };
    settle(records, &name, arrival, now)
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

/// Copies the GGUF file of an adapter at `path`, or makes one of the folder there; one of the same name is replaced.
pub(crate) fn import_adapter(
    Shelf { records, engine }: &Shelf,
    path: &Path,
    model: &ModelName,
    name: &AdapterName,
    now: Timestamp,
) -> Result<Model, CatalogueError> {
    let record = records.get(model, now)?;
    let metadata = fs::metadata(path).map_err(|error| io_error(path, &error))?;
    let folder = records.folder();
    let silent = Reporter::silent();
    let (staged, digest) = if metadata.is_dir() {
        let base = gguf::read_header(&record.place.weights).map_err(gguf_error)?;
        convert(folder, path, &silent, |path, out| {
            convert_adapter(path, &base, out)
        })?
    } else {
        read_adapter(path, &record.manifest.architecture)?;
        copy(folder, path, metadata.len(), &silent)?
    };
    read_adapter(staged.path(), &record.manifest.architecture)
        .and_then(|()| engine.check(&record.place.weights, Some(staged.path()), &silent))
        .map_err(|error| name_source(error, staged.path(), path))?;
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

/// Names the file that somebody gave instead of the copy of it that was looked at.
fn name_source(error: CatalogueError, copy: &Path, source: &Path) -> CatalogueError {
    if let CatalogueError::Invalid(text) = error {
        let (copy, source) = (copy.display().to_string(), source.display().to_string());
        CatalogueError::Invalid(text.replace(&copy, &source))
    } else {
        error
    }
}

/// Makes a GGUF file of a folder of published files.
fn convert(
    folder: &Folder,
    path: &Path,
    reporter: &Reporter,
    convert: impl FnOnce(&Path, &Path) -> Result<(), ConvertError>,
) -> Result<(Staged, Digest), CatalogueError> {
    reporter.report(CONVERTING, 0, None)?;
    let mut staged = folder.stage()?;
    check_space(staged.path(), folder_bytes(path)?)?;
    let made = staged.path_beside();
    convert(path, &made).map_err(|error| match error {
        ConvertError::Io { path, source } => io_error(&path, &source),
        ConvertError::Write(error) => gguf_error(error),
        invalid @ ConvertError::Invalid { .. } => CatalogueError::Invalid(invalid.to_string()),
        ConvertError::Cancelled => CatalogueError::Cancelled,
    })?;
    staged.replace(&made)?;
    let digest = hash_file(staged.path(), reporter)?;
    Ok((staged, digest))
}

/// Bytes of the files in a folder, and of those that its links lead to: caches of the hub are made of links.
fn folder_bytes(path: &Path) -> Result<u64, CatalogueError> {
    let failed = |error: &io::Error| io_error(path, error);
    let mut sum = 0_u64;
    for entry in fs::read_dir(path).map_err(|error| failed(&error))? {
        let entry = entry.map_err(|error| failed(&error))?;
        // A link that leads nowhere is missed, if at all, by what reads the file.
        let bytes = fs::metadata(entry.path()).map_or(0, |metadata| metadata.len());
        sum = sum.saturating_add(bytes);
    }
    Ok(sum)
}

fn copy(
    folder: &Folder,
    path: &Path,
    size_bytes: u64,
    reporter: &Reporter,
) -> Result<(Staged, Digest), CatalogueError> {
    let mut source = File::open(path).map_err(|error| io_error(path, &error))?;
    let mut staged = folder.stage()?;
    check_space(staged.path(), size_bytes)?;
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
