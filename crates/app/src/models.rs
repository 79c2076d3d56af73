//! The language models of this instance: which there are, which are in memory, and the long works that fetch and shrink them.
//! Writing with them is part of asking.

mod absent;
mod jobs;

use std::sync::Arc;

use domain::Clock;
use domain::accounts::{Permission, Principal};
use domain::models::catalogue::{Arriving, CatalogueError, Model, ModelCatalogue, PullRequest};
use domain::models::residence::{Ledger, Residence, Resident};
use domain::models::writing::{Writer, WritingError};
use domain::models::{ModelName, ModelTask, TaskSettings};

use crate::ask::ModelMapping;
use crate::{Forbidden, require};
use jobs::Jobs;

pub use absent::NoModels;
pub use jobs::{JOBS_KEPT_MAX, JOBS_RUNNING_MAX, Job, JobId, JobKind, JobState, Quantised};

/// Longest text that perplexity is measured with, bytes.
pub const SAMPLE_BYTES_MAX: usize = 1024 * 1024;

/// Why something was not done with a model.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ModelError {
    /// A part of the request was refused.
    #[error("{field} {reason}")]
    Invalid {
        /// Name of the part in the API.
        field: &'static str,
        /// Why, and what to do.
        reason: String,
    },
    /// There is no such job, or its result is no longer kept.
    #[error("there is no such job; only the last {JOBS_KEPT_MAX} are kept")]
    UnknownJob,
    /// As many jobs run as may.
    #[error("{JOBS_RUNNING_MAX} jobs run already; wait for one of them to end, or cancel it")]
    TooManyJobs,
    /// A job for the same model runs already.
    #[error("a job for `{0}` runs already; wait for it to end, or cancel it")]
    JobRuns(String),
    /// It is pinned in memory.
    #[error("the model `{0}` is pinned in memory; unpin it first")]
    Pinned(ModelName),
    /// It is not in memory.
    #[error("the model `{0}` is not in memory; load it first")]
    NotLoaded(ModelName),
    /// The catalogue refuses or fails.
    #[error(transparent)]
    Catalogue(#[from] CatalogueError),
    /// Loading or unloading fails.
    #[error(transparent)]
    Residence(#[from] WritingError),
    /// The caller may not.
    #[error(transparent)]
    Forbidden(#[from] Forbidden),
}

/// A model that can be asked.
#[derive(Debug, Clone, PartialEq)]
pub struct ModelCard {
    /// Its name.
    pub name: ModelName,
    /// What is known of its file; `None` when it is on another machine.
    pub local: Option<Model>,
    /// Tasks it is used for.
    pub tasks: Vec<ModelTask>,
    /// What it does in memory; `None` when it is not there.
    pub resident: Option<Resident>,
}

/// A task with the model that serves it.
#[derive(Debug, Clone, PartialEq)]
pub struct TaskCard {
    /// The task.
    pub task: ModelTask,
    /// The one that is used unless a question names another.
    pub model: Option<ModelName>,
    /// Its settings.
    pub settings: TaskSettings,
}

/// Every model and every task.
#[derive(Debug, Clone, PartialEq)]
pub struct Overview {
    /// Models by name.
    pub models: Vec<ModelCard>,
    /// Tasks, in their order.
    pub tasks: Vec<TaskCard>,
}

/// What the service is made of.
pub struct ModelParts {
    /// The files of this machine.
    pub catalogue: Arc<dyn ModelCatalogue>,
    /// The models in memory.
    pub residence: Arc<dyn Residence>,
    /// Everything that can be asked.
    pub writer: Arc<dyn Writer>,
    /// Which models serve which task.
    pub mapping: ModelMapping,
    /// Tells the time.
    pub clock: Arc<dyn Clock>,
}

/// Looks after the language models.
pub struct ModelService {
    parts: ModelParts,
    jobs: Jobs,
}

impl ModelService {
    /// A service over these parts.
    pub fn new(parts: ModelParts) -> Self {
        let jobs = Jobs::new(parts.clock.clone());
        Self { parts, jobs }
    }

    /// Every model with what it is used for, and every task with its model.
    pub async fn list(&self, principal: &Principal) -> Result<Overview, ModelError> {
        require(principal, Permission::Ask)?;
        let local = self.parts.catalogue.list_models().await?;
        let residents = self.parts.residence.ledger().await.residents;
        let mut names = self.parts.writer.list_names().await;
        names.extend(local.iter().map(|model| model.name.clone()));
        names.sort();
        names.dedup();
        let mapping = &self.parts.mapping;
        let tasks = ModelTask::ALL.map(|task| TaskCard {
            task,
            model: mapping.find_model(task, &names),
            settings: mapping.settings(task).clone(),
        });
        let card = |name: ModelName| ModelCard {
            local: local.iter().find(|model| model.name == name).cloned(),
            tasks: tasks
                .iter()
                .filter(|card| card.model.as_ref() == Some(&name))
                .map(|card| card.task)
                .collect(),
            resident: residents
                .iter()
                .find(|resident| resident.model == name)
                .cloned(),
            name,
        };
        Ok(Overview {
            models: names.into_iter().map(card).collect(),
            tasks: tasks.into(),
        })
    }

    /// What is in memory.
    pub async fn ledger(&self, principal: &Principal) -> Result<Ledger, ModelError> {
        require(principal, Permission::Ask)?;
        Ok(self.parts.residence.ledger().await)
    }

    /// Begins to fetch a model.
    pub fn pull(&self, principal: &Principal, request: PullRequest) -> Result<Job, ModelError> {
        require(principal, Permission::ManageModels)?;
        let catalogue = self.parts.catalogue.clone();
        let subject = match &request.file {
            Some(file) => format!("{}/{file}", request.repository),
            None => request.repository.clone(),
        };
        self.jobs.begin(JobKind::Pull, subject, move |sink| {
            Box::pin(async move {
                let model = catalogue.pull(&request, &*sink).await?;
                Ok((model.name, None))
            })
        })
    }

    /// Begins to make a smaller copy. Without a name it gets that of the model with the kind behind it.
    pub fn quantise(&self, principal: &Principal, wish: QuantiseWish) -> Result<Job, ModelError> {
        require(principal, Permission::ManageModels)?;
        if wish
            .sample
            .as_ref()
            .is_some_and(|text| text.len() > SAMPLE_BYTES_MAX)
        {
            return Err(ModelError::Invalid {
                field: "sample",
                reason: format!("is too long; send at most {SAMPLE_BYTES_MAX} bytes"),
            });
        }
        let as_name = match wish.as_name {
            Some(name) => name,
            None => format!("{}.{}", wish.model, wish.kind.to_lowercase())
                .parse()
                .map_err(|_| ModelError::Invalid {
                    field: "as_name",
                    reason: "is needed, because the model's own name is too long to be extended"
                        .to_owned(),
                })?,
        };
        let catalogue = self.parts.catalogue.clone();
        let subject = wish.model.to_string();
        let QuantiseWish {
            model,
            kind,
            sample,
            ..
        } = wish;
        self.jobs.begin(JobKind::Quantise, subject, move |sink| {
            Box::pin(async move {
                let report = catalogue
                    .quantise(&model, &kind, as_name, sample, &*sink)
                    .await?;
                let quantised = Quantised {
                    size_before_bytes: report.size_before_bytes,
                    size_after_bytes: report.model.size_bytes,
                    perplexity: report.perplexity,
                };
                Ok((report.model.name, Some(quantised)))
            })
        })
    }

    /// Takes a model's file while it arrives.
    pub async fn receive(
        &self,
        principal: &Principal,
        name: ModelName,
        size_bytes: Option<u64>,
        pieces: &mut dyn Arriving,
    ) -> Result<ModelCard, ModelError> {
        require(principal, Permission::ManageModels)?;
        let model = self
            .parts
            .catalogue
            .receive(pieces, size_bytes, name)
            .await?;
        Ok(ModelCard {
            name: model.name.clone(),
            local: Some(model),
            tasks: Vec::new(),
            resident: None,
        })
    }

    /// The jobs that run and the last that ended, latest first.
    pub fn list_jobs(&self, principal: &Principal) -> Result<Vec<Job>, ModelError> {
        require(principal, Permission::ManageModels)?;
        Ok(self.jobs.list())
    }

    /// One job.
    pub fn get_job(&self, principal: &Principal, id: JobId) -> Result<Job, ModelError> {
        require(principal, Permission::ManageModels)?;
        self.jobs.find(id).ok_or(ModelError::UnknownJob)
    }

    /// Cancels a job; one that ended stays as it is.
    pub fn cancel_job(&self, principal: &Principal, id: JobId) -> Result<Job, ModelError> {
        require(principal, Permission::ManageModels)?;
        self.jobs.cancel(id).ok_or(ModelError::UnknownJob)
    }

    /// Loads a model ahead of the first question.
    pub async fn load(&self, principal: &Principal, name: &ModelName) -> Result<(), ModelError> {
        require(principal, Permission::ManageModels)?;
        Ok(self.parts.residence.load(name).await?)
    }

    /// Lets a model finish what it began and unloads it.
    pub async fn unload(&self, principal: &Principal, name: &ModelName) -> Result<(), ModelError> {
        require(principal, Permission::ManageModels)?;
        if self.parts.residence.unload(name).await? {
            Ok(())
        } else {
            Err(ModelError::NotLoaded(name.clone()))
        }
    }

    /// Keeps a model in memory, or no longer.
    pub async fn pin(
        &self,
        principal: &Principal,
        name: &ModelName,
        is_pinned: bool,
    ) -> Result<(), ModelError> {
        require(principal, Permission::ManageModels)?;
        if self.parts.residence.pin(name, is_pinned).await? {
            Ok(())
        } else {
            Err(ModelError::NotLoaded(name.clone()))
        }
    }

    /// Deletes the files of a model and unloads it.
    pub async fn remove(&self, principal: &Principal, name: &ModelName) -> Result<(), ModelError> {
        require(principal, Permission::ManageModels)?;
        // An unknown name is told before anything is unloaded.
        self.parts.catalogue.find_files(name).await?;
        let residents = self.parts.residence.ledger().await.residents;
        let resident = residents.iter().find(|resident| resident.model == *name);
        if resident.is_some_and(|resident| resident.is_pinned) {
            return Err(ModelError::Pinned(name.clone()));
        }
        // In this order, or requests that wait for it would load it again in between. What was begun goes on: its file is open.
        self.parts.catalogue.remove(name).await?;
        self.parts.residence.unload(name).await?;
        Ok(())
    }
}

/// What is to be made smaller, and how.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct QuantiseWish {
    /// The model.
    pub model: ModelName,
    /// Kind of the new weights, such as `Q4_K_M`.
    pub kind: String,
    /// Name of the new model.
    pub as_name: Option<ModelName>,
    /// A text to measure perplexity with, before and after.
    pub sample: Option<String>,
}
