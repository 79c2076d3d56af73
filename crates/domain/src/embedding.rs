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

/// A text as its encoder sees it.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Encoded {
    /// Its vector, of unit length.
    pub vector: Vec<f32>,
    /// Tokens that were read, with the marks of beginning and end; never more than the encoder's window.
    pub tokens: u32,
}

/// Turns texts into vectors.
#[async_trait]
pub trait Embedder: Send + Sync {
    /// Name and digest of the encoder, such as `all-minilm-l6-v2-f32@53aa5117`; vectors of different encoders do not mix.
    fn encoder(&self) -> &str;

    /// One vector per text, in the same order. An empty list gives an empty list; over-long texts are cut at the encoder's window.
    async fn encode(&self, texts: &[String]) -> Result<Vec<Encoded>, EmbedError>;

    /// The vectors alone of [`Embedder::encode`].
    async fn embed(&self, texts: &[String]) -> Result<Vec<Vec<f32>>, EmbedError> {
        let encoded = self.encode(texts).await?;
        Ok(encoded.into_iter().map(|text| text.vector).collect())
    }
}
