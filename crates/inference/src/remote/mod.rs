//! Language models on other servers: any that speaks as `OpenAI`'s does, such as vLLM, Ollama or llama.cpp's own. A model is named
//! `server/model`; when its server fails before it has begun to answer, another server with a model of that name is asked.

mod backend;
mod combined;
mod health;
mod sse;
#[cfg(test)]
mod tests;
mod wire;
mod writing;

use std::sync::Arc;
use std::time::Instant;

use async_trait::async_trait;
use domain::models::ModelName;
use domain::models::writing::{Writer, Writing, WritingError, WritingRequest};

pub use backend::{ApiKey, RemoteBackend, RemoteConfigError, RemoteTimeouts};
pub use combined::CombinedWriter;
pub use health::BackendHealth;

use backend::Backend;
use writing::{Plan, RemoteWriting};

/// Writes with the models of other servers.
#[derive(Debug)]
pub struct RemoteWriter {
    backends: Vec<Arc<Backend>>,
}

impl RemoteWriter {
    /// Prepares the servers; none is asked for anything yet.
    ///
    /// # Errors
    /// [`RemoteConfigError`] when one's settings cannot be used, or two have one name.
    pub fn new(backends: Vec<RemoteBackend>) -> Result<Self, RemoteConfigError> {
        let mut prepared: Vec<Arc<Backend>> = Vec::with_capacity(backends.len());
        for settings in backends {
            if prepared
                .iter()
                .any(|backend| backend.settings.name == settings.name)
            {
                return Err(RemoteConfigError {
                    name: settings.name,
                    reason: "there are two of that name; give each its own".to_owned(),
                });
            }
            prepared.push(Backend::new(settings)?);
        }
        Ok(Self { backends: prepared })
    }

    /// What is known of each server, without asking them.
    pub fn health(&self) -> Vec<(String, BackendHealth)> {
        self.backends
            .iter()
            .map(|backend| {
                (
                    backend.settings.name.clone(),
                    backend.health.report(Instant::now()),
                )
            })
            .collect()
    }

    /// Asks a server for its list of models.
    ///
    /// # Errors
    /// What is wrong with it, or that there is no such server.
    pub async fn check(&self, name: &str) -> Result<(), RemoteConfigError> {
        let refused = |reason: String| RemoteConfigError {
            name: name.to_owned(),
            reason,
        };
        let backend = self
            .backends
            .iter()
            .find(|backend| backend.settings.name == name)
            .ok_or_else(|| refused("there is no server of that name in the settings".to_owned()))?;
        backend.check().await.map_err(refused)
    }

    /// Whether a name is one of a server here, whether or not the server has such a model.
    fn owns(&self, name: &ModelName) -> bool {
        self.split(name).is_some()
    }

    /// The server of a name and what the server calls the model.
    fn split<'a>(&self, name: &'a ModelName) -> Option<(&Arc<Backend>, &'a str)> {
        let (server, model) = name.as_str().split_once('/')?;
        let backend = self
            .backends
            .iter()
            .find(|backend| backend.settings.name == server)?;
        Some((backend, model))
    }

    /// The server of a name, and then the others that have a model of that name.
    async fn candidates(
        &self,
        name: &ModelName,
    ) -> Result<Vec<(Arc<Backend>, String)>, WritingError> {
        let unknown = || WritingError::UnknownModel(name.clone());
        let (first, model) = self.split(name).ok_or_else(unknown)?;
        let has = |models: &[String]| models.iter().any(|known| known == model);
        let mut candidates = Vec::new();
        // One that has never told its models may have this one; one that has is asked again before it is believed not to.
        let may_have = match first.known_models() {
            Some(models) if has(&models) => true,
            Some(_) => has(&first.models().await),
            None => true,
        };
        if may_have {
            candidates.push((Arc::clone(first), model.to_owned()));
        }
        for backend in &self.backends {
            let is_other = backend.settings.name != first.settings.name;
            if is_other && backend.known_models().is_some_and(|models| has(&models)) {
                candidates.push((Arc::clone(backend), model.to_owned()));
            }
        }
        if candidates.is_empty() {
            return Err(unknown());
        }
        Ok(candidates)
    }
}

#[async_trait]
impl Writer for RemoteWriter {
    async fn write(&self, request: WritingRequest) -> Result<Box<dyn Writing>, WritingError> {
        let mut plans = Vec::new();
        let mut refusal = None;
        for (backend, model) in self.candidates(&request.model).await? {
            match wire::question(&request, &model, backend.settings.knows_more) {
                Ok(question) => plans.push(Plan {
                    backend,
                    model: request.model.clone(),
                    question,
                }),
                Err(error) => refusal = refusal.or(Some(error)),
            }
        }
        match refusal {
            Some(error) if plans.is_empty() => Err(error),
            _ => Ok(Box::new(RemoteWriting::start(plans))),
        }
    }

    async fn list_names(&self) -> Vec<ModelName> {
        let lists = self.backends.iter().map(|backend| async move {
            let models = backend.models().await;
            models
                .iter()
                .filter_map(|model| backend.local_name(model))
                .collect::<Vec<_>>()
        });
        let mut names: Vec<ModelName> = futures::future::join_all(lists)
            .await
            .into_iter()
            .flatten()
            .collect();
        names.sort();
        names.dedup();
        names
    }

    async fn count_tokens(&self, _model: &ModelName, _text: &str) -> Option<u32> {
        None
    }
}
