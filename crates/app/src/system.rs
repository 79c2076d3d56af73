//! What state this instance is in, for its users and for whoever watches it.

use std::sync::Arc;

use domain::StoreError;
use domain::embedding::{EmbedError, Embedder};
use domain::knowledge::{KnowledgeCounts, KnowledgeStore};
use domain::store::Pulse;

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
}

/// Reports the state of this instance.
pub struct SystemService {
    pulse: Arc<dyn Pulse>,
    store: Arc<dyn KnowledgeStore>,
    embedder: Arc<dyn Embedder>,
}

impl SystemService {
    /// A service over these parts.
    pub fn new(
        pulse: Arc<dyn Pulse>,
        store: Arc<dyn KnowledgeStore>,
        embedder: Arc<dyn Embedder>,
    ) -> Self {
        Self {
            pulse,
            store,
            embedder,
        }
    }

    /// Whether requests can be served: the database answers.
    pub async fn check_ready(&self) -> Result<(), StoreError> {
        self.pulse.ping().await
    }

    /// The state of this instance; asks the encoder for one vector.
    pub async fn status(&self) -> Result<Status, StoreError> {
        let encoder = self.embedder.encoder().to_owned();
        let knowledge = self.store.count_items(&encoder).await?;
        let encoder_failure = self.embedder.embed(&["status".to_owned()]).await.err();
        Ok(Status {
            version: env!("CARGO_PKG_VERSION"),
            encoder,
            encoder_failure,
            knowledge,
        })
    }
}
