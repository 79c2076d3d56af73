//! What is known of each model of the folder: from its manifest where that fits the files, else from the files themselves, once.

use std::collections::HashMap;
use std::fs::File;
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use domain::models::catalogue::{AdapterFile, CatalogueError, Model, ModelFiles};
use domain::models::{AdapterName, Digest, ModelName};
use domain::time::Timestamp;
use sha2::{Digest as _, Sha256};

use super::adapter::check_adapter;
use super::check::describe_model;
use super::folder::{Folder, Lock, Place, io_error, read_manifest, write_manifest};
use super::manifest::{AdapterRecord, FileRecord, Manifest, Origin};
use super::watch::Reporter;
use crate::gguf;

/// Bytes read at a time.
const PIECE_BYTES: usize = 1 << 20;
/// Where a model came from that somebody put into the folder.
const FOUND: &str = "folder";

/// What is known of the models of a folder.
pub(crate) struct Records {
    folder: Folder,
    /// Manifests that cannot be written, because the folder may only be read.
    unwritten: Mutex<HashMap<PathBuf, Manifest>>,
}

/// A model with where it lies.
#[derive(Debug, Clone)]
pub(crate) struct Record {
    pub(crate) name: ModelName,
    pub(crate) manifest: Manifest,
    pub(crate) place: Place,
}

impl Records {
    pub(crate) fn new(folder: Folder) -> Self {
        Self {
            folder,
            unwritten: Mutex::default(),
        }
    }

    pub(crate) fn folder(&self) -> &Folder {
        &self.folder
    }

    /// The model of this name; `None` when there is none. Reads the whole file the first time somebody put it there by hand;
    /// `now` is remembered as the moment it came then.
    ///
    /// # Errors
    /// [`CatalogueError::Invalid`] when what is there cannot be used, [`CatalogueError::Io`] when it cannot be read.
    pub(crate) fn find(
        &self,
        name: &ModelName,
        now: Timestamp,
    ) -> Result<Option<Record>, CatalogueError> {
        let Some(place) = self.folder.find_place(name)? else {
            return Ok(None);
        };
        if let Some(manifest) = self.recall(&place) {
            return Ok(Some(Record {
                name: name.clone(),
                manifest,
                place,
            }));
        }
        // Whoever else looks at it at this moment waits, and finds the manifest afterwards. A folder that may only be read has
        // no locks, and needs none.
        let _lock = self.folder.lock(name).ok();
        self.find_now(name, now)
    }

    /// The model of this name, which must be there.
    pub(crate) fn get(&self, name: &ModelName, now: Timestamp) -> Result<Record, CatalogueError> {
        self.find(name, now)?
            .ok_or_else(|| CatalogueError::Unknown(name.clone()))
    }

    /// The same, for whoever holds the model's lock already.
    pub(crate) fn get_locked(
        &self,
        name: &ModelName,
        now: Timestamp,
        _lock: &Lock,
    ) -> Result<Record, CatalogueError> {
        self.find_now(name, now)?
            .ok_or_else(|| CatalogueError::Unknown(name.clone()))
    }

    fn find_now(&self, name: &ModelName, now: Timestamp) -> Result<Option<Record>, CatalogueError> {
        let Some(place) = self.folder.find_place(name)? else {
            return Ok(None);
        };
        let manifest = match self.recall(&place) {
            Some(manifest) => manifest,
            None => self.examine(&place, now)?,
        };
        Ok(Some(Record {
            name: name.clone(),
            manifest,
            place,
        }))
    }

    /// What is remembered, when it still fits the files.
    fn recall(&self, place: &Place) -> Option<Manifest> {
        let remembered = read_manifest(&place.folder).or_else(|| {
            let unwritten = self.unwritten.lock();
            let unwritten = unwritten.unwrap_or_else(PoisonError::into_inner);
            unwritten.get(&place.folder).cloned()
        })?;
        fits(&remembered, place).then_some(remembered)
    }

    /// Reads the files and remembers what they say.
    fn examine(&self, place: &Place, now: Timestamp) -> Result<Manifest, CatalogueError> {
        let before = read_manifest(&place.folder);
        let known = before
            .clone()
            .filter(|manifest| manifest.weights.stamp == place.stamp);
        let mut manifest = match known {
            Some(manifest) => manifest,
            None => examine_weights(place, now)?,
        };
        manifest.adapters = place
            .adapters
            .iter()
            .filter_map(|(name, path, stamp)| {
                let is_it = |record: &&AdapterRecord| {
                    record.name == name.as_str() && record.file.stamp == *stamp
                };
                let known = manifest.adapters.iter().find(is_it);
                match known {
                    Some(record) => Some(record.clone()),
                    None => examine_adapter(name, path, &manifest.architecture, now),
                }
            })
            .collect();
        if before.as_ref() != Some(&manifest)
            && let Err(error) = write_manifest(&place.folder, &manifest)
        {
            tracing::warn!(%error, "what is known of a model cannot be written down");
            let unwritten = self.unwritten.lock();
            let mut unwritten = unwritten.unwrap_or_else(PoisonError::into_inner);
            unwritten.insert(place.folder.clone(), manifest.clone());
        }
        Ok(manifest)
    }
}

impl Record {
    pub(crate) fn model(&self) -> Model {
        let manifest = &self.manifest;
        Model {
            name: self.name.clone(),
            weights: weights_of(manifest),
            size_bytes: manifest.weights.stamp.size_bytes,
            architecture: manifest.architecture.clone(),
            quantisation: manifest.quantisation.clone(),
            parameters: manifest.parameters,
            context_tokens: manifest.context_tokens,
            has_template: manifest.has_template,
            licence: manifest.licence.clone(),
            source: manifest.source.clone(),
            added_at: Timestamp::from_millis(manifest.added_at_ms),
            adapters: self.adapters().map(|adapter| adapter.name).collect(),
        }
    }

    pub(crate) fn files(&self) -> ModelFiles {
        ModelFiles {
            weights_digest: weights_of(&self.manifest),
            weights: self.place.weights.clone(),
            adapters: self.adapters().collect(),
        }
    }

    /// Adapters that were checked.
    fn adapters(&self) -> impl Iterator<Item = AdapterFile> {
        let known = &self.manifest.adapters;
        self.place.adapters.iter().filter_map(|(name, path, _)| {
            let record = known.iter().find(|record| record.name == name.as_str())?;
            Some(AdapterFile {
                name: name.clone(),
                path: path.clone(),
                digest: record.file.digest()?,
            })
        })
    }
}

fn weights_of(manifest: &Manifest) -> Digest {
    manifest
        .weights
        .digest()
        .expect("BUG: a manifest has a digest that was checked")
}

fn fits(manifest: &Manifest, place: &Place) -> bool {
    let mut known: Vec<_> = manifest
        .adapters
        .iter()
        .map(|record| (record.name.as_str(), record.file.stamp))
        .collect();
    known.sort_by_key(|(name, _)| *name);
    let found = place
        .adapters
        .iter()
        .map(|(name, _, stamp)| (name.as_str(), *stamp));
    manifest.weights.stamp == place.stamp && known.into_iter().eq(found)
}

fn examine_weights(place: &Place, now: Timestamp) -> Result<Manifest, CatalogueError> {
    let description = read_description(&place.weights)?;
    tracing::info!(path = %place.weights.display(), "a model was put into the folder; its digest is computed once");
    let digest = hash_file(&place.weights, &Reporter::silent())?;
    let origin = Origin {
        source: FOUND.to_owned(),
        licence: None,
        added_at_ms: now.millis(),
    };
    let weights = FileRecord::new(digest, place.stamp);
    Ok(Manifest::new(description, weights, origin))
}

/// `None` when it cannot be used; the model does without it.
fn examine_adapter(
    name: &AdapterName,
    path: &Path,
    architecture: &str,
    now: Timestamp,
) -> Option<AdapterRecord> {
    let examine = || {
        let metadata = std::fs::metadata(path).map_err(|error| io_error(path, &error))?;
        read_adapter(path, architecture)?;
        let digest = hash_file(path, &Reporter::silent())?;
        Ok(FileRecord::new(digest, super::folder::stamp(&metadata)))
    };
    match examine() {
        Ok(file) => Some(AdapterRecord {
            name: name.to_string(),
            file,
            source: FOUND.to_owned(),
            added_at_ms: now.millis(),
        }),
        Err(error) => {
            let error: CatalogueError = error;
            tracing::debug!(%error, "an adapter cannot be used");
            None
        }
    }
}

/// What the header of a model's file says.
///
/// # Errors
/// [`CatalogueError::Invalid`] when it cannot be used; the text names the file.
pub(crate) fn read_description(path: &Path) -> Result<super::check::Description, CatalogueError> {
    let header = gguf::read_header(path).map_err(gguf_error)?;
    describe_model(&header)
        .map_err(|reason| CatalogueError::Invalid(format!("{}: {reason}", path.display())))
}

/// Checks the header of an adapter's file.
pub(crate) fn read_adapter(path: &Path, architecture: &str) -> Result<(), CatalogueError> {
    let header = gguf::read_header(path).map_err(gguf_error)?;
    check_adapter(&header, architecture)
        .map_err(|reason| CatalogueError::Invalid(format!("{}: {reason}", path.display())))
}

pub(crate) fn gguf_error(error: gguf::GgufError) -> CatalogueError {
    match error {
        gguf::GgufError::Io { path, source } => io_error(&path, &source),
        invalid @ gguf::GgufError::Invalid { .. } => CatalogueError::Invalid(invalid.to_string()),
    }
}

/// SHA-256 of a whole file.
pub(crate) fn hash_file(path: &Path, reporter: &Reporter) -> Result<Digest, CatalogueError> {
    let failed = |error: &io::Error| io_error(path, error);
    let mut file = File::open(path).map_err(|error| failed(&error))?;
    let total = file.metadata().map_err(|error| failed(&error))?.len();
    let mut hasher = Sha256::new();
    let mut piece = vec![0; PIECE_BYTES];
    let mut done = 0;
    loop {
        reporter.report("checking", done, Some(total))?;
        let count = read_piece(&mut file, &mut piece).map_err(|error| failed(&error))?;
        let Some(read) = piece.get(..count).filter(|read| !read.is_empty()) else {
            return Ok(Digest(hasher.finalize().into()));
        };
        hasher.update(read);
        done += read.len() as u64;
    }
}

/// Copies all of `source` to `out`; gives its SHA-256.
pub(crate) fn copy_hashing(
    (source, source_path): (&mut impl Read, &Path),
    (out, out_path): (&mut impl io::Write, &Path),
    total: Option<u64>,
    reporter: &Reporter,
) -> Result<Digest, CatalogueError> {
    let mut hasher = Sha256::new();
    let mut piece = vec![0; PIECE_BYTES];
    let mut done = 0;
    loop {
        reporter.report("copying", done, total)?;
        let count =
            read_piece(source, &mut piece).map_err(|error| io_error(source_path, &error))?;
        let Some(read) = piece.get(..count).filter(|read| !read.is_empty()) else {
            return Ok(Digest(hasher.finalize().into()));
        };
        hasher.update(read);
        out.write_all(read)
            .map_err(|error| io_error(out_path, &error))?;
        done += read.len() as u64;
    }
}

fn read_piece(source: &mut impl Read, piece: &mut [u8]) -> io::Result<usize> {
    loop {
        match source.read(piece) {
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            other => return other,
        }
    }
}
