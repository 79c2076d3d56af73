//! What state this instance is in, for its users and for whoever watches it.

use std::sync::Arc;

use domain::StoreError;
use domain::embedding::{EmbedError, Embedder};
use domain::knowledge::{KnowledgeCounts, KnowledgeStore};
use domain::models::writing::Writer;
use domain::models::{ModelName, ModelTask};
use domain::store::Pulse;

use crate::ask::ModelMapping;

/// The state of this instance.
#[derive(Debug, Clone)]
pub struct Status {
    /// Version of the program.
    pub version: &'static str,
    /// The encoder's name.
    pub encoder: String,
    /// Why there is no encoder, when there is none.
    pub encoder_failure: Option<EmbedError>,
    /// How much is known.
    pub knowledge: KnowledgeCounts,
    /// The language model that writes code unless another is asked for; `None` when there is none.
    pub language_model: Option<ModelName>,
    /// How many language models there are to choose from.
    pub language_models: usize,
}

/// Reports the state of this instance.
pub struct SystemService {
    pulse: Arc<dyn Pulse>,
    store: Arc<dyn KnowledgeStore>,
    embedder: Arc<dyn Embedder>,
    writer: Arc<dyn Writer>,
    models: ModelMapping,
}

impl SystemService {
    /// A service over these parts.
    pub fn new(
        pulse: Arc<dyn Pulse>,
        store: Arc<dyn KnowledgeStore>,
        embedder: Arc<dyn Embedder>,
        writer: Arc<dyn Writer>,
        models: ModelMapping,
    ) -> Self {
        Self {
            pulse,
            store,
            embedder,
            writer,
            models,
        }
    }

    /// Whether requests can be served: the database answers.
    pub async fn check_ready(&self) -> Result<(), StoreError> {
        self.pulse.ping().await
    }

    /// The state of this instance; asks the encoder for one vector, and loads no language model.
    pub async fn status(&self) -> Result<Status, StoreError> {
        let encoder = self.embedder.encoder().to_owned();
        let knowledge = self.store.count_items(&encoder).await?;
        let encoder_failure = self.embedder.embed(&["status".to_owned()]).await.err();
        let present = self.writer.list_names().await;
        Ok(Status {
            version: env!("CARGO_PKG_VERSION"),
            encoder,
            encoder_failure,
            knowledge,
            language_model: self.models.find_model(ModelTask::Generate, &present),
            language_models: present.len(),
        })
    }
}
