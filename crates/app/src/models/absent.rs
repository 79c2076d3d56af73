//! The language models of a place that has none.

use std::path::PathBuf;

use async_trait::async_trait;
use domain::models::catalogue::{
    Arriving, CatalogueError, Model, ModelCatalogue, ModelFiles, ProgressSink, PullRequest,
    QuantiseReport,
};
use domain::models::residence::{Ledger, Residence};
use domain::models::writing::WritingError;
use domain::models::{AdapterName, ModelName};

/// Knows no model and takes none.
#[derive(Debug, Clone, Copy, Default)]
pub struct NoModels;

fn refused<T>() -> Result<T, CatalogueError> {
    Err(CatalogueError::Invalid(
        "language models are left out here".to_owned(),
    ))
}

#[async_trait]
impl ModelCatalogue for NoModels {
    async fn list_models(&self) -> Result<Vec<Model>, CatalogueError> {
        Ok(Vec::new())
    }

    async fn find_files(&self, name: &ModelName) -> Result<ModelFiles, CatalogueError> {
        Err(CatalogueError::Unknown(name.clone()))
    }

    async fn pull(&self, _: &PullRequest, _: &dyn ProgressSink) -> Result<Model, CatalogueError> {
        refused()
    }

    async fn import(
        &self,
        _: PathBuf,
        _: ModelName,
        _: &dyn ProgressSink,
    ) -> Result<Model, CatalogueError> {
        refused()
    }

    async fn receive(
        &self,
        _: &mut dyn Arriving,
        _: Option<u64>,
        _: ModelName,
    ) -> Result<Model, CatalogueError> {
        refused()
    }

    async fn import_adapter(
        &self,
        _: PathBuf,
        model: &ModelName,
        _: AdapterName,
    ) -> Result<Model, CatalogueError> {
        Err(CatalogueError::Unknown(model.clone()))
    }

    async fn quantise(
        &self,
        name: &ModelName,
        _: &str,
        _: ModelName,
        _: Option<String>,
        _: &dyn ProgressSink,
    ) -> Result<QuantiseReport, CatalogueError> {
        Err(CatalogueError::Unknown(name.clone()))
    }

    async fn remove(&self, name: &ModelName) -> Result<(), CatalogueError> {
        Err(CatalogueError::Unknown(name.clone()))
    }
}

#[async_trait]
impl Residence for NoModels {
    async fn ledger(&self) -> Ledger {
        Ledger::default()
    }

    async fn load(&self, name: &ModelName) -> Result<(), WritingError> {
        Err(WritingError::UnknownModel(name.clone()))
    }

    async fn unload(&self, _: &ModelName) -> Result<bool, WritingError> {
        Ok(false)
    }

    async fn pin(&self, _: &ModelName, _: bool) -> Result<bool, WritingError> {
        Ok(false)
    }
}
