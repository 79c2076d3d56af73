//! Model files that are absent, cut short or altered.

use std::fs::{self, File};
use std::io::{self, Read as _};
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};

use domain::embedding::{EmbedError, Embedder as _};
use inference::gguf::{self, Value};
use inference::{SupervisedEmbedder, minilm};

use crate::{config, model, texts};

/// The first 2 MiB of the model, with the header but without most tensors.
fn cut_model(folder: &Path) -> PathBuf {
    let path = folder.join("cut.gguf");
    let mut begin = File::open(model()).unwrap().take(2 << 20);
    io::copy(&mut begin, &mut File::create(&path).unwrap()).unwrap();
    path
}

#[test]
fn an_absent_model_is_missing_and_says_how_to_get_it() {
    let folder = tempfile::tempdir().unwrap();
    let error = SupervisedEmbedder::new(config(&folder.path().join("absent.gguf"))).unwrap_err();
    let EmbedError::Missing(reason) = error else {
        panic!("{error}")
    };
    for part in [
        "absent.gguf",
        "scripts/fetch-embedding-model.sh",
        "codegenie doctor",
    ] {
        assert!(reason.contains(part), "{reason}");
    }
}

#[test]
fn damaged_headers_are_refused_with_a_sentence() {
    let folder = tempfile::tempdir().unwrap();
    let path = cut_model(folder.path());
    let refuse = |expected: &str| {
        let error = SupervisedEmbedder::new(config(&path)).unwrap_err();
        assert!(matches!(error, EmbedError::Failed(_)));
        assert!(error.to_string().contains(expected), "{error}");
    };
    refuse("cut short");
    let whole = fs::read(&path).unwrap();
    for (at, expected) in [
        (0, "letters GGUF"),
        (5, "version"),
        (14, "tensors"),
        (22, "metadata keys"),
        (30, "claims to be"),
    ] {
        let mut bytes = whole.clone();
        bytes[at] ^= 0xff;
        fs::write(&path, &bytes).unwrap();
        refuse(expected);
    }
    fs::write(&path, b"").unwrap();
    refuse("cut short");
}

#[tokio::test]
async fn a_model_that_vanishes_or_breaks_later_is_reported_and_may_come_back() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("linked.gguf");
    symlink(model(), &path).unwrap();
    let embedder = SupervisedEmbedder::new(config(&path)).unwrap();
    fs::remove_file(&path).unwrap();
    assert!(matches!(
        embedder.embed(&texts(&["a"])).await,
        Err(EmbedError::Missing(_))
    ));
    symlink(cut_model(folder.path()), &path).unwrap();
    let error = embedder.embed(&texts(&["a"])).await.unwrap_err();
    assert!(error.to_string().contains("cut short"), "{error}");
    fs::remove_file(&path).unwrap();
    symlink(model(), &path).unwrap();
    assert_eq!(embedder.embed(&texts(&["a"])).await.unwrap().len(), 1);
    assert_eq!(embedder.status().starts, 1);
}

#[tokio::test]
async fn a_file_that_only_the_engine_can_judge_is_refused_with_a_sentence() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("hollow.gguf");
    let text = |text: &str| Value::String(text.to_owned());
    let mut metadata = vec![("general.architecture".to_owned(), text("bert"))];
    gguf::write(&path, &metadata, &[]).unwrap();
    let error = SupervisedEmbedder::new(config(&path)).unwrap_err();
    assert!(error.to_string().contains("pooling type"), "{error}");
    metadata.push(("bert.pooling_type".to_owned(), Value::U32(1)));
    gguf::write(&path, &metadata, &[]).unwrap();
    let embedder = SupervisedEmbedder::new(config(&path)).unwrap();
    assert!(embedder.encoder().starts_with("all-minilm-l6-v2@"));
    for _ in 0..2 {
        let error = embedder.embed(&texts(&["a"])).await.unwrap_err();
        assert!(
            error.to_string().contains("hollow.gguf cannot be loaded"),
            "{error}"
        );
    }
}

#[test]
fn conversion_repeats_to_the_byte_and_heals_a_damaged_file() {
    let published = model().with_file_name(minilm::NAME);
    let folder = tempfile::tempdir().unwrap();
    symlink(&published, folder.path().join(minilm::NAME)).unwrap();
    let first = minilm::find_or_prepare_model(folder.path()).unwrap();
    let original = fs::read(model()).unwrap();
    assert!(
        fs::read(&first).unwrap() == original,
        "two conversions differ"
    );
    File::options()
        .write(true)
        .open(&first)
        .unwrap()
        .set_len(5000)
        .unwrap();
    let again = minilm::find_or_prepare_model(folder.path()).unwrap();
    assert_eq!(first, again);
    assert!(
        fs::read(&again).unwrap() == original,
        "the damaged file was not replaced"
    );
    let header = gguf::read_header(&again).unwrap();
    assert_eq!(header.tensors.len(), 101);
    assert_eq!(header.find_u32("bert.context_length"), Some(512));
}
