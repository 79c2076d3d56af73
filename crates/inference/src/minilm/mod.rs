//! The sentence encoder all-MiniLM-L6-v2: where its one GGUF file is, what it is called, and how it is made when only the
//! published files are there. Downloading is not done here.

mod convert;

pub use convert::{ConvertError, convert};

use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};

use domain::embedding::EmbedError;
use sha2::{Digest, Sha256};

use crate::gguf::{self, GgufError};

/// Name of the encoder, of its folder in the models folder, and of the GGUF file without its ending.
pub const NAME: &str = "all-minilm-l6-v2";
/// Metadata key with the SHA-256 of the safetensors file, in hex.
pub const SOURCE_DIGEST_KEY: &str = "codegenie.source.sha256";

/// `bert.pooling_type` for the mean over all tokens.
pub(crate) const POOLING_MEAN: u32 = 1;
/// The encoder's GGUF file in `models_dir`, made from `models_dir/all-minilm-l6-v2/` when it is not there or is damaged.
/// Making it takes about a second and 200 MB of memory, so call this where blocking is allowed. Processes that do it at one
/// time wait for each other.
///
/// # Errors
/// [`EmbedError::Missing`] when neither file is there; [`EmbedError::Failed`] when the conversion fails.
pub fn find_or_prepare_model(models_dir: &Path) -> Result<PathBuf, EmbedError> {
    let model = models_dir.join(format!("{NAME}.gguf"));
    let published = models_dir.join(NAME);
    if is_usable(&model) {
        return Ok(model);
    }
    if !published.join("model.safetensors").is_file() {
        // A damaged file is returned, because opening it says what is wrong with it.
        return if model.exists() {
            Ok(model)
        } else {
            Err(missing(&model))
        };
    }
    let prepare = || {
        let lock_path = models_dir.join(format!("{NAME}.lock"));
        let io = |source| ConvertError::Io {
            path: lock_path.clone(),
            source,
        };
        let lock = File::create(&lock_path).map_err(io)?;
        lock.lock().map_err(io)?;
        if !is_usable(&model) {
            convert(&published, &model)?;
        }
        Ok(())
    };
    prepare().map_err(|error: ConvertError| EmbedError::Failed(error.to_string()))?;
    Ok(model)
}

/// What to tell the user when the file is not there.
pub(crate) fn missing(model: &Path) -> EmbedError {
    let folder = model.parent().unwrap_or(Path::new("."));
    EmbedError::Missing(format!(
        "{} does not exist; get it with `scripts/fetch-embedding-model.sh {}`, and see `codegenie doctor`",
        model.display(),
        folder.display()
    ))
}

fn is_usable(model: &Path) -> bool {
    match gguf::read_header(model) {
        Ok(_) => true,
        Err(GgufError::Io { source, .. }) if source.kind() == io::ErrorKind::NotFound => false,
        Err(error) => {
            tracing::warn!(%error, "the encoder's file cannot be used");
            false
        }
    }
}

/// Name and digest of the encoder in the file at `model`, such as `all-minilm-l6-v2@53aa5117`. Reads the header; a file that
/// another program made has no digest of its source, so it is hashed as a whole.
///
/// # Errors
/// [`EmbedError::Missing`] when there is no such file, [`EmbedError::Failed`] when it is not a BERT encoder or is damaged.
pub fn get_encoder_name(model: &Path) -> Result<String, EmbedError> {
    if !model.exists() {
        return Err(missing(model));
    }
    let failed = |reason: &dyn std::fmt::Display| EmbedError::Failed(reason.to_string());
    let header = gguf::read_header(model).map_err(|error| failed(&error))?;
    check_architecture(&header)
        .map_err(|reason| failed(&format_args!("{}: {reason}", model.display())))?;
    let digest = match header.find_text(SOURCE_DIGEST_KEY) {
        Some(digest) => digest.to_owned(),
        None => hash_file(model)
            .map_err(|error| failed(&format_args!("{}: {error}", model.display())))?,
    };
    let Some(short) = digest
        .get(..8)
        .filter(|short| short.bytes().all(|byte| byte.is_ascii_hexdigit()))
    else {
        return Err(failed(&format_args!(
            "{}: {SOURCE_DIGEST_KEY} is no SHA-256",
            model.display()
        )));
    };
    let name = header.find_text("general.name").unwrap_or(NAME);
    Ok(format!("{name}@{short}"))
}

/// Refuses a file that is not a BERT encoder with mean pooling, with the reason.
pub(crate) fn check_architecture(header: &gguf::Header) -> Result<(), String> {
    match header.find_text("general.architecture") {
        Some("bert") => {}
        other => {
            return Err(format!(
                "its architecture is {}, not bert",
                other.unwrap_or("not given")
            ));
        }
    }
    match header.find_u32("bert.pooling_type") {
        Some(POOLING_MEAN) => Ok(()),
        other => Err(format!(
            "its pooling type is {other:?}, not {POOLING_MEAN} (mean)"
        )),
    }
}

fn hash_file(path: &Path) -> io::Result<String> {
    let mut hasher = Sha256::new();
    io::copy(&mut File::open(path)?, &mut HashWriter(&mut hasher))?;
    Ok(hex(&hasher.finalize()))
}

struct HashWriter<'a>(&'a mut Sha256);

impl io::Write for HashWriter<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.update(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

fn hex(bytes: &[u8]) -> String {
    use std::fmt::Write as _;
    bytes
        .iter()
        .fold(String::with_capacity(bytes.len() * 2), |mut text, byte| {
            write!(text, "{byte:02x}").expect("BUG: writing to a string cannot fail");
            text
        })
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    #[test]
    fn an_empty_folder_is_missing_and_says_what_to_do() {
        let folder = tempfile::tempdir().unwrap();
        let error = find_or_prepare_model(folder.path()).unwrap_err();
        assert!(matches!(error, EmbedError::Missing(_)));
        assert!(
            error
                .to_string()
                .contains("scripts/fetch-embedding-model.sh"),
            "{error}"
        );
        assert!(
            error.to_string().contains("all-minilm-l6-v2.gguf"),
            "{error}"
        );
    }

    #[test]
    fn damaged_published_files_are_refused_by_name() {
        let folder = tempfile::tempdir().unwrap();
        let published = folder.path().join(NAME);
        fs::create_dir(&published).unwrap();
        fs::write(published.join("model.safetensors"), b"not a model").unwrap();
        let error = find_or_prepare_model(folder.path()).unwrap_err();
        assert!(error.to_string().contains("config.json"), "{error}");
        fs::write(published.join("config.json"), b"{}").unwrap();
        assert!(
            find_or_prepare_model(folder.path())
                .unwrap_err()
                .to_string()
                .contains("model_type")
        );
        assert!(!folder.path().join("all-minilm-l6-v2.gguf").exists());
    }
}
