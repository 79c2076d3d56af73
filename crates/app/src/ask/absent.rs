//! Stands in for language models where there is none.

use async_trait::async_trait;
use domain::models::ModelName;
use domain::models::writing::{Writer, Writing, WritingError, WritingRequest};

/// A writer that knows no model.
#[derive(Debug, Clone, Copy, Default)]
pub struct NoWriter;

#[async_trait]
impl Writer for NoWriter {
    async fn write(&self, request: WritingRequest) -> Result<Box<dyn Writing>, WritingError> {
        Err(WritingError::UnknownModel(request.model))
    }

    async fn list_names(&self) -> Vec<ModelName> {
        Vec::new()
    }

    async fn count_tokens(&self, _: &ModelName, _: &str) -> Option<u32> {
        None
    }
}
