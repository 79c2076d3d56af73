//! The port to the model that turns text into vectors.

use async_trait::async_trait;

/// No vectors could be made. Search goes on by words alone.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum EmbedError {
    /// There is no encoder; the text says which file is missing and how to get it.
    #[error("no embedding model: {0}")]
    Missing(String),
    /// The encoder failed on this request; a later one may work.
    #[error("the embedding engine failed: {0}")]
    Failed(String),
}

/// Turns texts into vectors.
#[async_trait]
pub trait Embedder: Send + Sync {
    /// Name and digest of the encoder, such as `all-minilm-l6-v2-f32@53aa5117`; vectors of different encoders do not mix.
    fn encoder(&self) -> &str;

    /// One unit-length vector per text, in the same order. An empty list gives an empty list; over-long texts are cut at the
    /// encoder's window.
    async fn embed(&self, texts: &[String]) -> Result<Vec<Vec<f32>>, EmbedError>;
}
