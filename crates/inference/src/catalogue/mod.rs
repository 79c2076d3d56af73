//! The language models of this machine: a folder of GGUF files with what is known of each, and the ways in and out of it.
//! Loading a model to write with it is the engine's part.

pub(crate) mod check;
mod folder;
mod import;
mod manifest;
mod records;
mod watch;

use std::path::{Path, PathBuf};
use std::sync::Arc;

use async_trait::async_trait;
use domain::models::catalogue::{
    CatalogueError, Model, ModelCatalogue, ModelFiles, ProgressSink, PullRequest, QuantiseReport,
};
use domain::models::{AdapterName, ModelName};
use domain::time::Clock;

use folder::Folder;
use records::{Record, Records};
use watch::{run_blocking, run_watched};

/// What a catalogue is made of.
pub struct CatalogueConfig {
    /// Folder of all models; language models lie in `language` in it.
    pub models_dir: PathBuf,
}

/// The models in a folder of this machine. Several, in one process or more, may work on one folder.
pub struct FolderCatalogue {
    records: Arc<Records>,
    clock: Arc<dyn Clock>,
}

/// What is in the folder.
#[derive(Debug, Clone)]
pub struct Survey {
    /// Models that can be used, by name.
    pub models: Vec<Model>,
    /// What cannot be used, and why.
    pub faults: Vec<(ModelName, CatalogueError)>,
}

impl FolderCatalogue {
    /// A catalogue over a folder that need not exist yet.
    pub fn new(config: CatalogueConfig, clock: Arc<dyn Clock>) -> Self {
        let CatalogueConfig { models_dir } = config;
        Self {
            records: Arc::new(Records::new(Folder::new(&models_dir))),
            clock,
        }
    }

    /// The folder of the language models.
    pub fn root(&self) -> &Path {
        self.records.folder().root()
    }

    /// Every model, and every folder that cannot be used as one.
    ///
    /// # Errors
    /// [`CatalogueError::Io`] when the folder cannot be read.
    pub async fn survey(&self) -> Result<Survey, CatalogueError> {
        self.on_records(|records, now| {
            let mut survey = Survey {
                models: Vec::new(),
                faults: Vec::new(),
            };
            for name in records.folder().list_names()? {
                match records.find(&name, now) {
                    Ok(found) => survey.models.extend(found.as_ref().map(Record::model)),
                    Err(error) => survey.faults.push((name, error)),
                }
            }
            Ok(survey)
        })
        .await
    }

    async fn on_records<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Records, domain::Timestamp) -> Result<T, CatalogueError> + Send + 'static,
    ) -> Result<T, CatalogueError> {
        let (records, now) = (self.records.clone(), self.clock.now());
        run_blocking(move || work(&records, now)).await
    }
}

#[async_trait]
impl ModelCatalogue for FolderCatalogue {
    async fn list_models(&self) -> Result<Vec<Model>, CatalogueError> {
        let survey = self.survey().await?;
        for (name, error) in &survey.faults {
            tracing::debug!(%name, %error, "a model cannot be used");
        }
        Ok(survey.models)
    }

    async fn find_files(&self, name: &ModelName) -> Result<ModelFiles, CatalogueError> {
        let name = name.clone();
        self.on_records(move |records, now| Ok(records.get(&name, now)?.files()))
            .await
    }

    async fn pull(&self, _: &PullRequest, _: &dyn ProgressSink) -> Result<Model, CatalogueError> {
        Err(CatalogueError::Hub(
            "this version cannot fetch models yet; import a GGUF file with `codegenie models import`".to_owned(),
        ))
    }

    async fn import(
        &self,
        path: PathBuf,
        name: ModelName,
        progress: &dyn ProgressSink,
    ) -> Result<Model, CatalogueError> {
        let (records, now) = (self.records.clone(), self.clock.now());
        run_watched(progress, move |reporter| {
            import::import_model(&records, &path, &name, now, reporter)
        })
        .await
    }

    async fn import_adapter(
        &self,
        path: PathBuf,
        model: &ModelName,
        name: AdapterName,
    ) -> Result<Model, CatalogueError> {
        let model = model.clone();
        self.on_records(move |records, now| {
            import::import_adapter(records, &path, &model, &name, now)
        })
        .await
    }

    async fn quantise(
        &self,
        _: &ModelName,
        _: &str,
        _: ModelName,
        _: Option<String>,
        _: &dyn ProgressSink,
    ) -> Result<QuantiseReport, CatalogueError> {
        Err(CatalogueError::Invalid(
            "this version cannot quantise models yet; import a smaller file".to_owned(),
        ))
    }

    async fn remove(&self, name: &ModelName) -> Result<(), CatalogueError> {
        let name = name.clone();
        self.on_records(move |records, _| {
            let folder = records.folder();
            let lock = folder.lock(&name)?;
            match folder.find_place(&name)? {
                Some(place) => folder.remove_model(&place, &lock),
                None => Err(CatalogueError::Unknown(name)),
            }
        })
        .await
    }
}
