//! Folders as they are published, safetensors models and PEFT adapters, from their import to the text that is written with them.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use domain::models::ModelName;
use domain::models::catalogue::{CatalogueError, Model, ModelCatalogue as _};
use domain::models::writing::Writer as _;
use inference::{FolderCatalogue, LocalWriter};
use serde_json::{Map, Value as Json, json};
use testmodels::{Family, write_published, write_published_adapter};

use crate::catalogue::{Noon, Patience, adapter, catalogue, name};
use crate::local_writer::{config, read, request};

const ADAPTER_RANK: u32 = 8;
const SECOND_PART: &str = "model-00002-of-00002.safetensors";

/// Cuts the weights in `folder` into two parts with an index. The parts are links, as in a cache of the hub.
fn split_weights(folder: &Path) {
    let path = folder.join("model.safetensors");
    let whole = fs::read(&path).unwrap();
    let (length, rest) = whole.split_first_chunk().unwrap();
    let length = usize::try_from(u64::from_le_bytes(*length)).unwrap();
    let (header, numbers) = rest.split_at(length);
    let mut header: Map<String, Json> = serde_json::from_slice(header).unwrap();
    header.remove("__metadata__");
    let tensors: Vec<_> = header.into_iter().collect();
    let mut places = Map::new();
    fs::create_dir(folder.join("blobs")).unwrap();
    for (part, tensors) in (1..).zip(tensors.chunks(tensors.len().div_ceil(2))) {
        let file = format!("model-0000{part}-of-00002.safetensors");
        let (mut header, mut bytes) = (Map::new(), Vec::new());
        for (name, entry) in tensors {
            let offset =
                |at: usize| usize::try_from(entry["data_offsets"][at].as_u64().unwrap()).unwrap();
            let start = bytes.len();
            bytes.extend_from_slice(&numbers[offset(0)..offset(1)]);
            let mut entry = entry.clone();
            entry["data_offsets"] = json!([start, bytes.len()]);
            header.insert(name.clone(), entry);
            places.insert(name.clone(), json!(file));
        }
        let header = Json::Object(header).to_string();
        let length = (header.len() as u64).to_le_bytes();
        let blob = folder.join("blobs").join(&file);
        fs::write(&blob, [&length, header.as_bytes(), &bytes].concat()).unwrap();
        std::os::unix::fs::symlink(blob, folder.join(file)).unwrap();
    }
    let index = json!({"metadata": {"total_size": numbers.len()}, "weight_map": places});
    fs::write(
        folder.join("model.safetensors.index.json"),
        index.to_string(),
    )
    .unwrap();
    fs::remove_file(path).unwrap();
}

/// Makes the second half of a file's numbers none.
fn spoil(path: &Path) {
    let mut bytes = fs::read(path).unwrap();
    let middle = bytes.len() / 2;
    bytes[middle..].fill(0xff);
    fs::write(path, bytes).unwrap();
}

/// Every file below `folder` except locks.
fn list_files(folder: &Path) -> BTreeSet<PathBuf> {
    let (mut files, mut folders) = (BTreeSet::new(), vec![folder.to_owned()]);
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            let name = path.file_name().unwrap();
            if path.is_dir() && name != ".locks" {
                folders.push(path);
            } else if path.is_file() && name != ".lock" {
                files.insert(path);
            }
        }
    }
    files
}

async fn import(
    catalogue: &FolderCatalogue,
    folder: &Path,
    model: &str,
) -> Result<Model, CatalogueError> {
    catalogue
        .import(folder.to_owned(), name(model), &Patience::endless())
        .await
}

/// A folder with a published model in it.
fn published(family: Family) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    write_published(family, 1, folder.path()).unwrap();
    folder
}

/// A folder with a published adapter in it.
fn published_adapter(family: Family) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    write_published_adapter(family, ADAPTER_RANK, 2, folder.path()).unwrap();
    folder
}

/// What a model goes on with, taking the most probable tokens.
async fn write(writer: &LocalWriter, model: &ModelName, adapter_name: Option<&str>) -> String {
    let mut request = request(model.as_str(), "def merge(left, right):", 24);
    request.adapter = adapter_name.map(adapter);
    let writing = writer.write(request).await.unwrap();
    let (finished, text) = read(writing).await.unwrap();
    assert!(finished.new_tokens > 0, "{model}");
    text
}

#[tokio::test]
async fn published_models_of_every_family_write_and_write_otherwise_with_a_published_adapter() {
    let models = tempfile::tempdir().unwrap();
    let catalogue = Arc::new(catalogue(models.path()));
    for (number, family) in (0..).zip(Family::ALL) {
        let folder = published(family);
        if number % 2 == 1 {
            split_weights(folder.path());
        }
        let given = format!("family-{number}");
        let model = import(&catalogue, folder.path(), &given).await.unwrap();
        assert_eq!(
            (model.architecture.as_str(), model.quantisation.as_str()),
            (family.architecture(), "F32")
        );
        assert_eq!(model.has_template, family.template().is_some());
        assert_eq!(model.source, "import");
        let folder = published_adapter(family);
        let adapted = catalogue
            .import_adapter(folder.path().to_owned(), &model.name, adapter("house"))
            .await
            .unwrap();
        assert_eq!(adapted.adapters, [adapter("house")]);
    }
    let listed = catalogue.list_models().await.unwrap();
    assert_eq!(listed.len(), Family::ALL.len());

    let writer = LocalWriter::new(config(), catalogue, Arc::new(Noon));
    for model in &listed {
        let plain = write(&writer, &model.name, None).await;
        let adapted = write(&writer, &model.name, Some("house")).await;
        assert_ne!(plain, adapted, "{}", model.architecture);
        assert_eq!(write(&writer, &model.name, None).await, plain);
        assert_eq!(write(&writer, &model.name, Some("house")).await, adapted);
    }
}

#[tokio::test]
async fn a_published_model_that_cannot_be_used_is_refused_and_leaves_nothing() {
    let models = tempfile::tempdir().unwrap();
    let catalogue = catalogue(models.path());
    let refuse = async |folder: &Path, expected: &str| {
        let refused = import(&catalogue, folder, "own").await.unwrap_err();
        assert!(matches!(refused, CatalogueError::Invalid(_)), "{refused:?}");
        let refused = refused.to_string();
        assert!(refused.contains(expected), "{refused}");
        assert!(refused.contains(folder.to_str().unwrap()), "{refused}");
        assert_eq!(list_files(models.path()), BTreeSet::new());
    };

    let folder = published(Family::Mistral);
    let config = fs::read_to_string(folder.path().join("config.json")).unwrap();
    let other = config.replace("MistralForCausalLM", "BertForMaskedLM");
    fs::write(folder.path().join("config.json"), other).unwrap();
    let expected = "the architecture \"BertForMaskedLM\" is not known; GemmaForCausalLM";
    refuse(folder.path(), expected).await;

    // Found by trying it out.
    let folder = published(Family::Mistral);
    spoil(&folder.path().join("model.safetensors"));
    refuse(folder.path(), "not finite").await;

    let folder = published_adapter(Family::Mistral);
    refuse(folder.path(), "`codegenie models adapter`").await;

    let folder = published(Family::Mistral);
    split_weights(folder.path());
    let part = folder.path().join("blobs").join(SECOND_PART);
    let bytes = fs::read(&part).unwrap();
    fs::remove_file(&part).unwrap();
    let expected = format!("1 of its 2 parts are missing, such as {SECOND_PART}");
    refuse(folder.path(), &expected).await;
    fs::write(&part, &bytes[..bytes.len() - 1]).unwrap();
    refuse(folder.path(), "cannot lie at").await;
    fs::write(part, bytes).unwrap();
    let cancelled = catalogue
        .import(folder.path().to_owned(), name("own"), &Patience::of(0))
        .await;
    assert_eq!(cancelled, Err(CatalogueError::Cancelled));
    assert_eq!(list_files(models.path()), BTreeSet::new());
    import(&catalogue, folder.path(), "own").await.unwrap();
}

#[tokio::test]
async fn a_published_adapter_that_does_not_fit_is_refused_and_leaves_nothing() {
    let models = tempfile::tempdir().unwrap();
    let catalogue = catalogue(models.path());
    let folder = published(Family::DeepseekCoder);
    let model = import(&catalogue, folder.path(), "own").await.unwrap();
    let before = list_files(models.path());
    let refuse = async |folder: &Path, expected: &str| {
        let refused = catalogue
            .import_adapter(folder.to_owned(), &model.name, adapter("house"))
            .await
            .unwrap_err()
            .to_string();
        assert!(refused.contains(expected), "{refused}");
        assert!(refused.contains(folder.to_str().unwrap()), "{refused}");
        assert_eq!(list_files(models.path()), before);
    };

    // The same architecture with fewer heads for keys.
    let other = published_adapter(Family::Mistral);
    refuse(other.path(), "the model's matrix has 64 rows").await;
    let other = published_adapter(Family::Phi3);
    refuse(other.path(), "of this model; only those can be converted").await;
    refuse(folder.path(), "adapter_config.json does not exist").await;
    let spoilt = published_adapter(Family::DeepseekCoder);
    spoil(&spoilt.path().join("adapter_model.safetensors"));
    refuse(spoilt.path(), "not finite").await;
    let listed = catalogue.list_models().await.unwrap();
    assert_eq!(listed, std::slice::from_ref(&model));

    let fitting = published_adapter(Family::DeepseekCoder);
    for _ in 0..2 {
        let adapted = catalogue
            .import_adapter(fitting.path().to_owned(), &model.name, adapter("house"))
            .await
            .unwrap();
        assert_eq!(adapted.adapters, [adapter("house")]);
    }
}
