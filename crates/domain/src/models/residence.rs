//! Models in memory: which there are, what they take, and the port that changes it.

use async_trait::async_trait;

use super::writing::WritingError;
use super::{AdapterName, ModelName};
use crate::time::Timestamp;

/// What a resident model is doing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ResidentState {
    /// Its engine process starts and reads the weights.
    Loading,
    /// It answers.
    Ready,
    /// It finishes what it began and takes nothing new, because its memory is needed.
    Draining,
}

impl ResidentState {
    /// The name in the API.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Loading => "loading",
            Self::Ready => "ready",
            Self::Draining => "draining",
        }
    }
}

/// Memory of one resident model, bytes. Estimates until it is ready, then what its engine reports.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct MemoryUse {
    /// The weights.
    pub weights: u64,
    /// Keys and values of the context.
    pub context: u64,
    /// The adapters.
    pub adapters: u64,
    /// What computing needs.
    pub compute: u64,
}

impl MemoryUse {
    /// All together.
    pub const fn total(&self) -> u64 {
        self.weights
            .saturating_add(self.context)
            .saturating_add(self.adapters)
            .saturating_add(self.compute)
    }
}

/// A model in memory.
#[derive(Debug, Clone, PartialEq)]
pub struct Resident {
    /// Its name.
    pub model: ModelName,
    /// What it is doing.
    pub state: ResidentState,
    /// What it takes.
    pub memory: MemoryUse,
    /// Its adapters.
    pub adapters: Vec<AdapterName>,
    /// Whether it is never unloaded to make room, nor when idle.
    pub is_pinned: bool,
    /// Tokens its context holds.
    pub context_tokens: u32,
    /// Requests it can work on at a time.
    pub parallel_max: u32,
    /// Layers that are computed on a graphics card.
    pub gpu_layers: u32,
    /// Requests it works on.
    pub running: u32,
    /// Tokens written each second, all requests together, over the last seconds; 0 when idle.
    pub tokens_per_second: f32,
    /// Process of its engine.
    pub pid: Option<u32>,
    /// When its engine was started.
    pub started_at: Timestamp,
    /// When it will be unloaded unless it is asked again.
    pub unload_at: Option<Timestamp>,
}

/// Memory for models: what may be used, what is used, and who waits.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Ledger {
    /// Bytes that may be used.
    pub budget_bytes: u64,
    /// Bytes that are used or promised.
    pub used_bytes: u64,
    /// The models in memory, by name.
    pub residents: Vec<Resident>,
    /// Requests that wait, by model.
    pub waiting: Vec<(ModelName, u32)>,
}

/// Looks after the models in memory.
#[async_trait]
pub trait Residence: Send + Sync {
    /// The present state.
    async fn ledger(&self) -> Ledger;

    /// Loads a model ahead of the first request and waits until it answers.
    async fn load(&self, name: &ModelName) -> Result<(), WritingError>;

    /// Lets a model finish what it began, and unloads it; false when it is not in memory.
    async fn unload(&self, name: &ModelName) -> Result<bool, WritingError>;

    /// Keeps a model in memory, or no longer; false when it is not in memory.
    async fn pin(&self, name: &ModelName, is_pinned: bool) -> Result<bool, WritingError>;
}
