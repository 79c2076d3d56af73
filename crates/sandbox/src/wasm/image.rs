//! The guests' images: embedded, compiled once per machine, and kept as machine code in a folder only we can write to.

use std::fs::{self, File};
use std::hash::{Hash, Hasher};
use std::io::Read as _;
use std::path::{Path, PathBuf};
use std::time::Instant;

use flate2::read::GzDecoder;
use rust_embed::RustEmbed;
use sha2::{Digest as _, Sha256};
use wasmtime::component::Component;
use wasmtime::{Engine, Module};

use crate::private_folder::{Stamp, hex, in_file, make_private_folder, write_whole};

/// Most bytes of an image once unpacked.
const IMAGE_BYTES_MAX: u64 = 256 * 1024 * 1024;

/// Why an image cannot be used.
#[derive(Debug, Clone, thiserror::Error)]
pub(crate) enum ImageError {
    /// It was not there when this program was built.
    #[error("the {0} image was not built in; run `make guests` and build again")]
    Missing(&'static str),
    /// It cannot be unpacked, compiled or loaded.
    #[error("the {image} image cannot be used: {why}")]
    Broken {
        /// Which.
        image: &'static str,
        /// What went wrong.
        why: String,
    },
}

#[derive(RustEmbed)]
#[folder = "guests/built"]
struct Built;

/// SHA-256 of each image that was built in, in the order of their names.
pub(crate) fn digests() -> Vec<String> {
    let mut names: Vec<_> = Built::iter().collect();
    names.sort();
    names
        .iter()
        .filter_map(|name| Built::get(name))
        .map(|file| hex(&file.metadata.sha256_hash()))
        .collect()
}

/// A compiled image, of a core module or a component.
pub(crate) trait Compiled: Sized {
    /// Compiles `wasm` to machine code.
    fn compile(engine: &Engine, wasm: &[u8]) -> wasmtime::Result<Vec<u8>>;

    /// Maps a file of machine code.
    fn open(engine: &Engine, path: &VerifiedPath) -> wasmtime::Result<Self>;
}

/// A file of ours whose bytes were seen to be those we wrote.
pub(crate) struct VerifiedPath(PathBuf);

impl Compiled for Module {
    fn compile(engine: &Engine, wasm: &[u8]) -> wasmtime::Result<Vec<u8>> {
        engine.precompile_module(wasm)
    }

    #[expect(unsafe_code, reason = "machine code is loaded from our own cache")]
    fn open(engine: &Engine, path: &VerifiedPath) -> wasmtime::Result<Self> {
        // SAFETY: the file is in a folder that only our user can write to, was written by `ImageCache::write`, and its SHA-256
        // was seen to be that of what was written, now or when this very file was looked at before, so it is what this engine compiled.
        unsafe { Self::deserialize_file(engine, &path.0) }
    }
}

impl Compiled for Component {
    fn compile(engine: &Engine, wasm: &[u8]) -> wasmtime::Result<Vec<u8>> {
        engine.precompile_component(wasm)
    }

    #[expect(unsafe_code, reason = "machine code is loaded from our own cache")]
    fn open(engine: &Engine, path: &VerifiedPath) -> wasmtime::Result<Self> {
        // SAFETY: as for modules, above.
        unsafe { Self::deserialize_file(engine, &path.0) }
    }
}

/// The folder of compiled images.
#[derive(Debug, Clone)]
pub(crate) struct ImageCache {
    folder: PathBuf,
}

impl ImageCache {
    pub(crate) fn new(folder: PathBuf) -> Self {
        Self { folder }
    }

    /// Loads `image`, compiling it first when no compiled form of it is there or it was damaged.
    pub(crate) fn load<C: Compiled>(
        &self,
        engine: &Engine,
        image: &'static str,
    ) -> Result<C, ImageError> {
        let packed = Built::get(&file_name(image)).ok_or(ImageError::Missing(image))?;
        let key = key(engine, &packed.metadata.sha256_hash());
        self.load_packed(engine, image, &packed.data, &key)
            .map_err(|why| ImageError::Broken { image, why })
    }

    fn load_packed<C: Compiled>(
        &self,
        engine: &Engine,
        image: &str,
        packed: &[u8],
        key: &str,
    ) -> Result<C, String> {
        make_private_folder(&self.folder)?;
        let path = self.folder.join(format!("{image}-{key}.cwasm"));
        // One process compiles, the others wait and find the file.
        let lock_path = self.folder.join(format!("{image}.lock"));
        let lock = File::create(&lock_path).map_err(|error| in_file(&lock_path, &error))?;
        lock.lock().map_err(|error| in_file(&lock_path, &error))?;
        if let Some(verified) = verify(&path) {
            match C::open(engine, &verified) {
                Ok(compiled) => return Ok(compiled),
                Err(error) => tracing::warn!(image, %error, "compiling an image again"),
            }
        }
        let started = Instant::now();
        let code = C::compile(engine, &unpack(packed)?).map_err(|error| format!("{error:#}"))?;
        self.write(image, &path, &code)?;
        tracing::info!(image, seconds = started.elapsed().as_secs_f64(), "compiled");
        let verified = verify(&path).ok_or("what was written cannot be read back")?;
        C::open(engine, &verified).map_err(|error| format!("{error:#}"))
    }

    /// Writes `code` and its checksum, each whole or not at all, and removes what other versions left.
    fn write(&self, image: &str, path: &Path, code: &[u8]) -> Result<(), String> {
        write_whole(&self.folder, path, code)?;
        let sum = hex(&Sha256::digest(code));
        write_whole(&self.folder, &sum_path(path), sum.as_bytes())?;
        let entries = fs::read_dir(&self.folder).map_err(|error| in_file(&self.folder, &error))?;
        for entry in entries.flatten() {
            let name = entry.file_name();
            let name = name.to_string_lossy();
            let is_older = name.strip_prefix(image).is_some_and(|rest| {
                rest.starts_with('-')
                    && [".cwasm", ".sum", ".seen"]
                        .iter()
                        .any(|end| rest.ends_with(end))
            }) && entry.path().file_stem() != path.file_stem();
            if is_older && let Err(error) = fs::remove_file(entry.path()) {
                tracing::warn!(%name, %error, "an old image stays");
            }
        }
        Ok(())
    }
}

fn file_name(image: &str) -> String {
    format!("{image}.wasm.gz")
}

fn sum_path(path: &Path) -> PathBuf {
    path.with_extension("sum")
}

/// `path`, when its bytes are those the checksum beside it was made of. They are not read again while the file is the one that was
/// seen to be right: 50 MB take longer than a program does.
fn verify(path: &Path) -> Option<VerifiedPath> {
    let seen_path = path.with_extension("seen");
    let stamp = Stamp::of(path);
    let seen = fs::read(&seen_path)
        .ok()
        .and_then(|bytes| serde_json::from_slice::<Stamp>(&bytes).ok());
    if stamp.is_some() && stamp == seen {
        return Some(VerifiedPath(path.to_owned()));
    }
    let sum = fs::read_to_string(sum_path(path)).ok()?;
    let code = fs::read(path).ok()?;
    if hex(&Sha256::digest(&code)) != sum {
        return None;
    }
    if let (Some(stamp), Some(folder)) = (stamp, path.parent())
        && let Ok(bytes) = serde_json::to_vec(&stamp)
        && let Err(why) = write_whole(folder, &seen_path, &bytes)
    {
        tracing::debug!(%why, "an image will be read again next time");
    }
    Some(VerifiedPath(path.to_owned()))
}

fn unpack(packed: &[u8]) -> Result<Vec<u8>, String> {
    let mut wasm = Vec::new();
    GzDecoder::new(packed)
        .take(IMAGE_BYTES_MAX)
        .read_to_end(&mut wasm)
        .map_err(|error| format!("it cannot be unpacked: {error}"))?;
    Ok(wasm)
}

/// Names the image by its digest, wasmtime's version, its settings, and the processor's features.
fn key(engine: &Engine, packed_digest: &[u8]) -> String {
    let mut hash = ShaHasher(Sha256::new());
    hash.write(packed_digest);
    engine.precompile_compatibility_hash().hash(&mut hash);
    let digest = hash.0.finalize();
    hex(digest.get(..16).unwrap_or(&digest))
}

/// Lets [`Hash`] write into SHA-256, whose value is the same in every process.
struct ShaHasher(Sha256);

impl Hasher for ShaHasher {
    fn write(&mut self, bytes: &[u8]) {
        self.0.update(bytes);
    }

    fn finish(&self) -> u64 {
        0
    }
}
