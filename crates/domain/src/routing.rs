//! Deciding by meaning what a message asks for.

use async_trait::async_trait;

use crate::ask::Topic;

/// What a message asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Intent {
    /// Code to be written.
    Generate,
    /// A concept or code to be explained.
    Explain,
    /// Neither, as far as can be told.
    None,
}

/// By which means the decision was made.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum RouteRung {
    /// By meaning: cosine similarity of sentence embeddings.
    Semantic,
    /// By words, because the embedding model is missing or failed.
    Lexical,
}

/// Where a message goes, and why.
#[derive(Debug, Clone, PartialEq)]
pub struct RouteDecision {
    /// What it asks for.
    pub intent: Intent,
    /// The field it is about.
    pub topic: Topic,
    /// Calibrated probabilities of `generate`, `explain`, `none`, in this order; they add up to 1.
    pub scores: [f32; 3],
    /// By which means.
    pub rung: RouteRung,
}

/// Routes messages. Deterministic; runs no language model.
#[async_trait]
pub trait IntentRouter: Send + Sync {
    /// Routes `message`, given the user's earlier messages of the conversation (oldest first).
    async fn route(&self, message: &str, history: &[String]) -> RouteDecision;
}
