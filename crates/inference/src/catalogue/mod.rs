//! The language models of this machine: a folder of GGUF files with what is known of each, and the ways in and out of it.
//! Loading a model to write with it is the engine's part.

mod adapter;
pub(crate) mod check;
mod folder;
mod hub;
mod import;
mod kinds;
mod manifest;
mod process;
mod receive;
mod records;
mod shrink;
mod watch;

use std::path::{Path, PathBuf};
use std::sync::Arc;

use async_trait::async_trait;
use domain::models::catalogue::{
    Arriving, CatalogueError, Model, ModelCatalogue, ModelFiles, ProgressSink, PullRequest,
    QuantiseReport,
};
use domain::models::{AdapterName, ModelName};
use domain::time::Clock;

use folder::Folder;
pub use hub::{HubConfig, HubProxy, HubToken};
pub use process::EngineCommand;
use records::{Record, Records};
use shrink::Wish;
use watch::{run_blocking, run_watched};

/// What a catalogue is made of.
pub struct CatalogueConfig {
    /// Folder of all models; language models lie in `language` in it.
    pub models_dir: PathBuf,
    /// Where models are fetched from.
    pub hub: HubConfig,
    /// How processes that look at files are started.
    pub engine: EngineCommand,
}

/// The models in a folder of this machine. Several, in one process or more, may work on one folder.
pub struct FolderCatalogue {
    records: Arc<Records>,
    hub: HubConfig,
    engine: Arc<EngineCommand>,
    clock: Arc<dyn Clock>,
}

/// What is needed to put something into the folder: what is there, and a process to try it out in.
#[derive(Clone)]
pub(crate) struct Shelf {
    pub(crate) records: Arc<Records>,
    pub(crate) engine: Arc<EngineCommand>,
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
        let CatalogueConfig {
            models_dir,
            hub,
            engine,
        } = config;
        Self {
            records: Arc::new(Records::new(Folder::new(&models_dir))),
            hub,
            engine: Arc::new(engine),
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

    fn shelf(&self) -> Shelf {
        Shelf {
            records: self.records.clone(),
            engine: self.engine.clone(),
        }
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
        if folder::check_name(&name).is_err() {
            return Err(CatalogueError::Unknown(name));
        }
        self.on_records(move |records, now| Ok(records.get(&name, now)?.files()))
            .await
    }

    async fn pull(
        &self,
        request: &PullRequest,
        progress: &dyn ProgressSink,
    ) -> Result<Model, CatalogueError> {
        let fetched = hub::fetch(&self.hub, self.records.folder(), request, progress).await?;
        let (shelf, now) = (self.shelf(), self.clock.now());
        run_watched(progress, move |reporter| {
            import::take_fetched(&shelf, fetched, now, reporter)
        })
        .await
    }

    async fn import(
        &self,
        path: PathBuf,
        name: ModelName,
        progress: &dyn ProgressSink,
    ) -> Result<Model, CatalogueError> {
        let (shelf, now) = (self.shelf(), self.clock.now());
        run_watched(progress, move |reporter| {
            import::import_model(&shelf, &path, &name, now, reporter)
        })
        .await
    }

    async fn receive(
        &self,
        pieces: &mut dyn Arriving,
        size_bytes: Option<u64>,
        name: ModelName,
    ) -> Result<Model, CatalogueError> {
        let now = self.clock.now();
        receive::receive_model(self.shelf(), pieces, size_bytes, name, now).await
    }

    async fn import_adapter(
        &self,
        path: PathBuf,
        model: &ModelName,
        name: AdapterName,
    ) -> Result<Model, CatalogueError> {
        let (model, shelf, now) = (model.clone(), self.shelf(), self.clock.now());
        run_blocking(move || import::import_adapter(&shelf, &path, &model, &name, now)).await
    }

    async fn quantise(
        &self,
        name: &ModelName,
        kind: &str,
        as_name: ModelName,
        sample: Option<String>,
        progress: &dyn ProgressSink,
    ) -> Result<QuantiseReport, CatalogueError> {
        let wish = Wish {
            name: name.clone(),
            kind: kind.parse().map_err(CatalogueError::Invalid)?,
            as_name,
            sample,
        };
        let (shelf, now) = (self.shelf(), self.clock.now());
        run_watched(progress, move |reporter| {
            shrink::quantise(&shelf, &wish, now, reporter)
        })
        .await
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
