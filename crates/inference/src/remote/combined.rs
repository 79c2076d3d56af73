//! The models of this machine and those of other servers, as one.

use std::sync::Arc;

use async_trait::async_trait;
use domain::models::writing::{Writer, Writing, WritingError, WritingEvent, WritingRequest};
use domain::models::{AdapterName, ModelName};

use super::RemoteWriter;

/// Asks whoever has the model of a request.
pub struct CombinedWriter {
    local: Arc<dyn Writer>,
    remote: Arc<RemoteWriter>,
    fail_over: Vec<(ModelName, ModelName)>,
}

impl CombinedWriter {
    /// `fail_over` has, for models of this machine, those of servers that are asked instead when one fails before it has
    /// begun. What people write goes to other servers by this only when it is configured so.
    pub fn new(
        local: Arc<dyn Writer>,
        remote: Arc<RemoteWriter>,
        fail_over: Vec<(ModelName, ModelName)>,
    ) -> Self {
        Self {
            local,
            remote,
            fail_over,
        }
    }

    fn substitute(&self, name: &ModelName) -> Option<ModelName> {
        self.fail_over
            .iter()
            .find(|(local, _)| local == name)
            .map(|(_, remote)| remote.clone())
    }
}

/// Whether another place may do what failed.
fn may_be_mended(error: &WritingError) -> bool {
    match error {
        WritingError::UnknownModel(_)
        | WritingError::NoMemory { .. }
        | WritingError::Busy(_)
        | WritingError::Failed { .. } => true,
        WritingError::UnknownAdapter { .. }
        | WritingError::TooLong { .. }
        | WritingError::Refused(_)
        | WritingError::Closing => false,
    }
}

#[async_trait]
impl Writer for CombinedWriter {
    async fn write(&self, request: WritingRequest) -> Result<Box<dyn Writing>, WritingError> {
        if self.remote.owns(&request.model) {
            return self.remote.write(request).await;
        }
        let Some(substitute) = self
            .substitute(&request.model)
            .filter(|_| request.adapter.is_none())
        else {
            return self.local.write(request).await;
        };
        let instead = WritingRequest {
            model: substitute,
            ..request.clone()
        };
        match self.local.write(request).await {
            Ok(writing) => Ok(Box::new(Mended {
                writing,
                instead: Some((Arc::clone(&self.remote), instead)),
            })),
            Err(error) if may_be_mended(&error) => self.remote.write(instead).await,
            Err(error) => Err(error),
        }
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

/// A text that another server writes when this machine fails before it has begun.
struct Mended {
    writing: Box<dyn Writing>,
    instead: Option<(Arc<RemoteWriter>, WritingRequest)>,
}

#[async_trait]
impl Writing for Mended {
    async fn next(&mut self) -> Option<Result<WritingEvent, WritingError>> {
        let event = self.writing.next().await;
        match &event {
            Some(Ok(
                WritingEvent::Started { .. }
                | WritingEvent::Text { .. }
                | WritingEvent::Finished(_),
            )) => {
                self.instead = None;
            }
            Some(Err(error)) if may_be_mended(error) => {
                // Kept until the other has taken it: whoever waits may stop waiting and ask again.
                if let Some((remote, request)) = self.instead.clone() {
                    let begun = remote.write(request).await;
                    self.instead = None;
                    return match begun {
                        Ok(writing) => {
                            self.writing = writing;
                            self.writing.next().await
                        }
                        Err(error) => Some(Err(error)),
                    };
                }
            }
            Some(_) | None => {}
        }
        event
    }
}
