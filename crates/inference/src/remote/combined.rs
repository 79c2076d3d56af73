//! The models of this machine and those of other servers, as one.

use std::sync::Arc;

use async_trait::async_trait;
use domain::models::writing::{Writer, Writing, WritingError, WritingRequest};
use domain::models::{AdapterName, ModelName};

use super::RemoteWriter;

/// Asks whoever has the model of a request.
pub struct CombinedWriter {
    local: Arc<dyn Writer>,
    remote: Arc<RemoteWriter>,
}

impl CombinedWriter {
    /// A writer over both. None of the servers takes the place of a model of this machine by itself: what people write leaves the
    /// machine only for a server that is named.
    pub fn new(local: Arc<dyn Writer>, remote: Arc<RemoteWriter>) -> Self {
        Self { local, remote }
    }
}

#[async_trait]
impl Writer for CombinedWriter {
    async fn write(&self, request: WritingRequest) -> Result<Box<dyn Writing>, WritingError> {
        if self.remote.owns(&request.model) {
            return self.remote.write(request).await;
        }
        self.local.write(request).await
    }

    async fn list_names(&self) -> Vec<ModelName> {
        let (mut names, remote) = futures::join!(self.local.list_names(), self.remote.list_names());
        names.extend(remote);
        names.sort();
        names.dedup();
        names
    }

    async fn list_adapters(&self) -> Vec<(ModelName, AdapterName)> {
        self.local.list_adapters().await
    }

    async fn count_tokens(&self, model: &ModelName, text: &str) -> Option<u32> {
        if self.remote.owns(model) {
            self.remote.count_tokens(model, text).await
        } else {
            self.local.count_tokens(model, text).await
        }
    }
}
