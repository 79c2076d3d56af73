//! The folder of language models: what is put in by hand, imported, given adapters and removed, by one process or several.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use domain::models::catalogue::{
    Arriving, CatalogueError, ModelCatalogue as _, Progress, ProgressSink,
};
use domain::models::{AdapterName, ModelName};
use domain::{Clock, Timestamp};
use inference::gguf::Value;
use inference::{CatalogueConfig, EngineCommand, FolderCatalogue, HubConfig};
use sha2::{Digest as _, Sha256};

use crate::tiny;

pub(crate) struct Noon;

impl Clock for Noon {
    fn now(&self) -> Timestamp {
        Timestamp::from_millis(1_700_000_000_000)
    }
}

/// Lets so many reports pass, then cancels.
pub(crate) struct Patience(AtomicU64);

impl Patience {
    pub(crate) fn of(reports: u64) -> Self {
        Self(AtomicU64::new(reports))
    }

    pub(crate) fn endless() -> Self {
        Self::of(u64::MAX)
    }
}

impl ProgressSink for Patience {
    fn report(&self, _: Progress) -> bool {
        let left = self.0.load(Ordering::Relaxed);
        self.0.store(left.saturating_sub(1), Ordering::Relaxed);
        left > 0
    }
}

/// Starts the engine of these tests.
pub(crate) fn engine() -> EngineCommand {
    EngineCommand {
        program: crate::ENGINE.into(),
        args: Vec::new(),
        threads: std::num::NonZeroUsize::MIN,
    }
}

pub(crate) fn catalogue(models_dir: &Path) -> FolderCatalogue {
    let config = CatalogueConfig {
        models_dir: models_dir.to_owned(),
        hub: HubConfig::default(),
        engine: engine(),
    };
    FolderCatalogue::new(config, Arc::new(Noon))
}

pub(crate) fn name(text: &str) -> ModelName {
    text.parse().unwrap()
}

pub(crate) fn adapter(text: &str) -> AdapterName {
    text.parse().unwrap()
}

/// A file of a model outside the folder.
fn file(folder: &Path, seed: u64) -> PathBuf {
    let path = folder.join(format!("tiny-{seed}.gguf"));
    tiny::write_model(&path, seed);
    path
}

fn sha256(path: &Path) -> String {
    let digest = Sha256::digest(fs::read(path).unwrap());
    domain::models::Digest(digest.into()).to_string()
}

/// Files in the folder's own folders, such as those that are not complete.
fn leftovers(models: &Path) -> Vec<String> {
    let entries = fs::read_dir(models.join("language/.partial")).unwrap();
    let names = entries.map(|entry| entry.unwrap().file_name().to_string_lossy().into_owned());
    names.filter(|name| name != ".lock").collect()
}

#[tokio::test]
async fn an_imported_model_is_listed_found_and_removed() {
    let models = tempfile::tempdir().unwrap();
    let outside = tempfile::tempdir().unwrap();
    let catalogue = catalogue(models.path());
    assert_eq!(catalogue.list_models().await.unwrap(), Vec::new());
    let path = file(outside.path(), 1);
    let model = catalogue
        .import(path.clone(), name("own"), &Patience::endless())
        .await
        .unwrap();
    assert_eq!(model.weights.to_string(), sha256(&path));
    assert_eq!(model.size_bytes, fs::metadata(&path).unwrap().len());
    assert_eq!(
        (model.architecture.as_str(), model.quantisation.as_str()),
        ("llama", "F32")
    );
    assert_eq!((model.context_tokens, model.has_template), (128, false));
    assert_eq!(model.licence.as_deref(), Some("mit"));
    assert_eq!(
        (model.source.as_str(), model.added_at),
        ("import", Noon.now())
    );
    assert_eq!(
        catalogue.list_models().await.unwrap(),
        std::slice::from_ref(&model)
    );
    let files = catalogue.find_files(&name("own")).await.unwrap();
    assert_eq!(files.weights_digest, model.weights);
    assert_eq!(sha256(&files.weights), sha256(&path));

    // A name is given once.
    let taken = catalogue
        .import(path, name("own"), &Patience::endless())
        .await;
    assert_eq!(taken, Err(CatalogueError::Taken(name("own"))));

    catalogue.remove(&name("own")).await.unwrap();
    assert_eq!(catalogue.list_models().await.unwrap(), Vec::new());
    let unknown = CatalogueError::Unknown(name("own"));
    assert_eq!(catalogue.remove(&name("own")).await, Err(unknown.clone()));
    assert_eq!(catalogue.find_files(&name("own")).await, Err(unknown));
    assert_eq!(leftovers(models.path()), Vec::<String>::new());
}

#[tokio::test]
async fn what_cannot_be_used_is_refused_and_leaves_nothing() {
    let models = tempfile::tempdir().unwrap();
    let outside = tempfile::tempdir().unwrap();
    let catalogue = catalogue(models.path());
    let whole = fs::read(file(outside.path(), 1)).unwrap();
    let path = outside.path().join("bad.gguf");
    let mut absurd = whole.clone();
    absurd[8..16].copy_from_slice(&u64::MAX.to_le_bytes());
    let cut = &whole[..whole.len() / 2];
    for (bytes, expected) in [
        (cut, "cut short or damaged"),
        (&absurd, "more than the file can hold"),
        (b"not a model".as_slice(), "letters GGUF"),
        (b"".as_slice(), "cut short"),
    ] {
        fs::write(&path, bytes).unwrap();
        let refused = catalogue
            .import(path.clone(), name("bad"), &Patience::endless())
            .await
            .unwrap_err();
        assert!(matches!(refused, CatalogueError::Invalid(_)), "{refused:?}");
        assert!(refused.to_string().contains(expected), "{refused}");
        assert!(refused.to_string().contains("bad.gguf"), "{refused}");
    }
    let mut contradicting = tiny::metadata();
    for (key, value) in &mut contradicting {
        if key == "llama.block_count" {
            *value = Value::U32(9);
        }
    }
    tiny::write_model_with(&path, &contradicting, 1);
    let refused = catalogue
        .import(path, name("bad"), &Patience::endless())
        .await
        .unwrap_err();
    assert!(refused.to_string().contains("layer 2 of 9"), "{refused}");
    let absent = catalogue
        .import(
            outside.path().join("absent"),
            name("bad"),
            &Patience::endless(),
        )
        .await;
    assert!(matches!(absent, Err(CatalogueError::Io(_))), "{absent:?}");
    let wrong_name = catalogue
        .import(file(outside.path(), 1), name("A/b"), &Patience::endless())
        .await;
    assert!(matches!(wrong_name, Err(CatalogueError::Invalid(_))));
    assert_eq!(catalogue.list_models().await.unwrap(), Vec::new());
}

#[tokio::test]
async fn a_cancelled_import_leaves_nothing() {
    let models = tempfile::tempdir().unwrap();
    let outside = tempfile::tempdir().unwrap();
    let catalogue = catalogue(models.path());
    // Large enough for several reports: the tail of a GGUF file may be anything.
    let path = file(outside.path(), 1);
    let mut bytes = fs::read(&path).unwrap();
    bytes.resize(64 << 20, 0);
    fs::write(&path, bytes).unwrap();
    let cancelled = catalogue.import(path, name("own"), &Patience::of(0)).await;
    assert_eq!(cancelled, Err(CatalogueError::Cancelled));
    assert_eq!(catalogue.list_models().await.unwrap(), Vec::new());
    assert_eq!(leftovers(models.path()), Vec::<String>::new());
}

#[tokio::test]
async fn a_file_put_there_by_hand_is_listed_and_read_anew_when_it_changes() {
    let models = tempfile::tempdir().unwrap();
    let folder = models.path().join("language/by-hand");
    fs::create_dir_all(&folder).unwrap();
    let weights = folder.join("model.gguf");
    tiny::write_model(&weights, 1);
    let catalogue = catalogue(models.path());
    let first = catalogue.list_models().await.unwrap();
    assert_eq!(first.len(), 1);
    assert_eq!(first[0].weights.to_string(), sha256(&weights));
    assert_eq!(first[0].source, "folder");
    assert!(
        folder.join("model.json").is_file(),
        "its digest is remembered"
    );
    assert_eq!(catalogue.list_models().await.unwrap(), first);

    tiny::write_model(&weights, 2);
    let second = catalogue.list_models().await.unwrap();
    assert_eq!(second[0].weights.to_string(), sha256(&weights));
    assert_ne!(second[0].weights, first[0].weights);

    fs::write(folder.join("model.json"), b"{ damaged").unwrap();
    assert_eq!(
        catalogue.list_models().await.unwrap()[0].weights,
        second[0].weights
    );

    fs::write(&weights, b"GGUF").unwrap();
    let survey = catalogue.survey().await.unwrap();
    assert!(survey.models.is_empty());
    let (broken, reason) = &survey.faults[0];
    assert_eq!(broken, &name("by-hand"));
    assert!(reason.to_string().contains("cut short"), "{reason}");
}

#[tokio::test]
async fn an_adapter_fits_its_model_and_goes_with_it() {
    let models = tempfile::tempdir().unwrap();
    let outside = tempfile::tempdir().unwrap();
    let catalogue = catalogue(models.path());
    let endless = Patience::endless();
    catalogue
        .import(file(outside.path(), 1), name("own"), &endless)
        .await
        .unwrap();
    let path = outside.path().join("adapter.gguf");
    tiny::write_adapter(&path, "gemma");
    let refused = catalogue
        .import_adapter(path.clone(), &name("own"), adapter("style"))
        .await
        .unwrap_err();
    assert!(
        refused.to_string().contains("the model is of llama"),
        "{refused}"
    );
    tiny::write_adapter(&path, "llama");
    let unknown = catalogue
        .import_adapter(path.clone(), &name("other"), adapter("style"))
        .await;
    assert_eq!(unknown, Err(CatalogueError::Unknown(name("other"))));
    for _ in 0..2 {
        let model = catalogue
            .import_adapter(path.clone(), &name("own"), adapter("style"))
            .await
            .unwrap();
        assert_eq!(model.adapters, [adapter("style")]);
    }
    let files = catalogue.find_files(&name("own")).await.unwrap();
    assert_eq!(files.adapters[0].name, adapter("style"));
    assert_eq!(sha256(&files.adapters[0].path), sha256(&path));

    // One put there by hand is taken when it fits, and left out when it does not.
    let by_hand = models.path().join("language/own/adapters");
    fs::copy(&path, by_hand.join("more.gguf")).unwrap();
    fs::write(by_hand.join("broken.gguf"), b"GGUF").unwrap();
    let listed = catalogue.list_models().await.unwrap();
    assert_eq!(listed[0].adapters, [adapter("more"), adapter("style")]);
    catalogue.remove(&name("own")).await.unwrap();
    assert!(!models.path().join("language/own").exists());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_two_at_once_one_gets_the_name_and_both_see_it() {
    let models = tempfile::tempdir().unwrap();
    let outside = tempfile::tempdir().unwrap();
    // Two catalogues, as the server and the command line are two processes.
    let catalogues = [catalogue(models.path()), catalogue(models.path())];
    let paths = [file(outside.path(), 1), file(outside.path(), 2)];
    for round in 0..8 {
        let name = name(&format!("round-{round}"));
        let endless = Patience::endless();
        let (left, right) = tokio::join!(
            catalogues[0].import(paths[0].clone(), name.clone(), &endless),
            catalogues[1].import(paths[1].clone(), name.clone(), &endless),
        );
        let (won, lost) = if left.is_ok() {
            (left, right)
        } else {
            (right, left)
        };
        assert_eq!(lost, Err(CatalogueError::Taken(name.clone())));
        let won = won.unwrap();
        for catalogue in &catalogues {
            let files = catalogue.find_files(&name).await.unwrap();
            assert_eq!(files.weights_digest, won.weights);
            assert_eq!(sha256(&files.weights), won.weights.to_string());
        }
    }
    assert_eq!(leftovers(models.path()), Vec::<String>::new());
}

/// The pieces of a file, and why the rest does not come.
struct Pieces(std::vec::IntoIter<Result<Vec<u8>, String>>);

#[async_trait::async_trait]
impl Arriving for Pieces {
    async fn next(&mut self) -> Option<Result<Vec<u8>, String>> {
        self.0.next()
    }
}

#[tokio::test]
async fn a_file_that_arrives_is_taken_whole_or_not_at_all() {
    let models = tempfile::tempdir().unwrap();
    let outside = tempfile::tempdir().unwrap();
    let catalogue = catalogue(models.path());
    let path = file(outside.path(), 1);
    let bytes = fs::read(&path).unwrap();
    let pieces = || -> Vec<Result<Vec<u8>, String>> {
        bytes.chunks(1000).map(|piece| Ok(piece.to_vec())).collect()
    };
    let size_bytes = Some(bytes.len() as u64);
    let receive = async |pieces: Vec<_>, size_bytes| {
        let mut pieces = Pieces(pieces.into_iter());
        catalogue
            .receive(&mut pieces, size_bytes, name("own"))
            .await
    };
    let mut cut = pieces();
    cut.truncate(3);
    let short = receive(cut.clone(), size_bytes)
        .await
        .unwrap_err()
        .to_string();
    assert!(
        short.starts_with("the file is not a usable GGUF"),
        "{short}"
    );
    cut.push(Err("the connection was closed".to_owned()));
    let broken = receive(cut, size_bytes).await.unwrap_err().to_string();
    assert!(broken.contains("the connection was closed"), "{broken}");
    let large = receive(pieces(), Some(u64::MAX / 2))
        .await
        .unwrap_err()
        .to_string();
    assert!(large.contains("the disk is too full"), "{large}");
    assert_eq!(catalogue.list_models().await.unwrap(), Vec::new());
    assert_eq!(leftovers(models.path()), Vec::<String>::new());

    let model = receive(pieces(), None).await.unwrap();
    assert_eq!(model.weights.to_string(), sha256(&path));
    assert_eq!(model.source, "upload");
    let again = receive(pieces(), size_bytes).await;
    assert_eq!(again, Err(CatalogueError::Taken(name("own"))));
}

#[tokio::test]
async fn what_ends_llama_cpp_ends_neither_this_program_nor_the_folder() {
    let models = tempfile::tempdir().unwrap();
    let outside = tempfile::tempdir().unwrap();
    let catalogue = catalogue(models.path());
    let path = outside.path().join("odd.gguf");
    // Sound as far as the header goes, but a layer lacks most of its tensors.
    let mut metadata = tiny::metadata();
    for (_, value) in metadata
        .iter_mut()
        .filter(|(key, _)| key == "llama.feed_forward_length")
    {
        *value = Value::U32(63);
    }
    tiny::write_model_with(&path, &metadata, 1);
    let refused = catalogue
        .import(path.clone(), name("odd"), &Patience::endless())
        .await
        .unwrap_err();
    assert!(matches!(refused, CatalogueError::Invalid(_)), "{refused:?}");
    assert!(
        refused.to_string().contains("odd.gguf: llama.cpp"),
        "{refused}"
    );
    assert_eq!(catalogue.list_models().await.unwrap(), Vec::new());
    assert_eq!(leftovers(models.path()), Vec::<String>::new());

    // Weights that are no numbers.
    let whole = file(outside.path(), 1);
    let mut bytes = fs::read(&whole).unwrap();
    let middle = bytes.len() / 2;
    bytes[middle..].fill(0xff);
    fs::write(&path, bytes).unwrap();
    let refused = catalogue
        .import(path, name("odd"), &Patience::endless())
        .await;
    let refused = refused.unwrap_err().to_string();
    assert!(refused.contains("not finite"), "{refused}");
}

#[tokio::test]
async fn a_smaller_copy_is_made_measured_and_listed() {
    let models = tempfile::tempdir().unwrap();
    let outside = tempfile::tempdir().unwrap();
    let catalogue = catalogue(models.path());
    let endless = Patience::endless();
    catalogue
        .import(file(outside.path(), 1), name("own"), &endless)
        .await
        .unwrap();
    let sample = "the quick brown fox jumps over the lazy dog ".repeat(8);
    let report = catalogue
        .quantise(&name("own"), "q8_0", name("small"), Some(sample), &endless)
        .await
        .unwrap();
    assert_eq!(report.model.quantisation, "Q8_0");
    assert_eq!(report.model.source, "quantised:own");
    assert_eq!(report.model.licence.as_deref(), Some("mit"));
    assert!(report.model.size_bytes < report.size_before_bytes / 2);
    let (before, after) = report.perplexity.unwrap();
    // Random weights foretell nothing: about as many choices as tokens.
    let tokens = 259.0;
    for perplexity in [before, after] {
        assert!(
            perplexity > tokens / 2.0 && perplexity < tokens * 2.0,
            "{perplexity}"
        );
    }
    assert!((before / after - 1.0).abs() < 0.02, "{before} {after}");
    let names: Vec<_> = catalogue.list_models().await.unwrap();
    assert_eq!(names.len(), 2);

    let quantise = async |of: &str, kind: &str, as_name: &str| {
        let (of, as_name) = (name(of), name(as_name));
        let report = catalogue.quantise(&of, kind, as_name, None, &endless).await;
        report.map(|report| report.model.quantisation)
    };
    assert_eq!(
        quantise("own", "Q4_K_M", "smaller").await.unwrap(),
        "Q4_K_M"
    );
    let again = quantise("smaller", "Q4_0", "smallest")
        .await
        .unwrap_err()
        .to_string();
    assert!(again.contains("stored as Q4_K_M already"), "{again}");
    let unknown = quantise("own", "Q9", "x").await.unwrap_err().to_string();
    assert!(unknown.contains("use one of Q4_K_M"), "{unknown}");
    let taken = quantise("own", "Q4_0", "small").await;
    assert_eq!(taken, Err(CatalogueError::Taken(name("small"))));
    let absent = quantise("absent", "Q4_0", "x").await;
    assert_eq!(absent, Err(CatalogueError::Unknown(name("absent"))));
    let short = catalogue
        .quantise(&name("own"), "Q4_0", name("x"), Some("a".into()), &endless)
        .await
        .unwrap_err()
        .to_string();
    assert!(short.contains("too few to measure"), "{short}");
    let cancelled = catalogue
        .quantise(&name("own"), "Q4_0", name("x"), None, &Patience::of(0))
        .await;
    assert_eq!(
        cancelled.map(|report| report.model.name),
        Err(CatalogueError::Cancelled)
    );
    assert_eq!(leftovers(models.path()), Vec::<String>::new());
}

#[tokio::test]
async fn every_family_of_the_product_is_taken_with_an_adapter() {
    let models = tempfile::tempdir().unwrap();
    let outside = tempfile::tempdir().unwrap();
    let catalogue = catalogue(models.path());
    let path = outside.path().join("model.gguf");
    let adapter_path = outside.path().join("adapter.gguf");
    for (number, family) in (0..).zip(testmodels::Family::ALL) {
        testmodels::write_random(family, testmodels::Size::Tiny, 1, &path).unwrap();
        testmodels::write_adapter(&path, 4, 1, &adapter_path).unwrap();
        let name = name(&format!("family-{number}"));
        let model = catalogue
            .import(path.clone(), name.clone(), &Patience::endless())
            .await
            .unwrap();
        let adapted = catalogue
            .import_adapter(adapter_path.clone(), &name, adapter("own"))
            .await
            .unwrap();
        assert_eq!(adapted.adapters, [adapter("own")], "{}", model.architecture);
    }
    assert_eq!(catalogue.list_models().await.unwrap().len(), 5);
}
