//! The embedder the server uses: it keeps an engine process running and its callers apart from that process's fate.
//! One thread (the worker) owns the process; callers put jobs in a queue and await the answer.

mod process;
mod queue;
mod recent;
mod worker;

use std::ffi::OsString;
use std::num::NonZeroUsize;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use domain::embedding::{EmbedError, Embedder, Encoded};

use crate::minilm;
use recent::RecentTexts;
use worker::Shared;

/// What a [`SupervisedEmbedder`] runs.
#[derive(Debug, Clone)]
pub struct EmbedderConfig {
    /// The program that becomes the engine: the server's own file.
    pub program: PathBuf,
    /// Arguments that come before those of [`crate::engine::EngineArgs`]: the name of the hidden subcommand.
    pub args: Vec<OsString>,
    /// The GGUF file.
    pub model: PathBuf,
    /// Threads of the engine. One is best unless the machine has cores to spare: with more, each step waits for the slowest
    /// core, and where other work runs a question takes ten times as long (60 ms against 6 ms on two busy cores).
    pub threads: NonZeroUsize,
    /// Bounds on waiting.
    pub limits: EmbedderLimits,
}

/// Bounds on how long and how many may wait.
#[derive(Debug, Clone, Copy)]
pub struct EmbedderLimits {
    /// For loading the model.
    pub start: Duration,
    /// For one chunk of at most 16 texts; an engine that takes longer is ended and the chunk is tried once more.
    pub answer: Duration,
    /// For a single text, from the call until it is its turn.
    pub wait: Duration,
    /// Most calls that wait at one time. A question takes some 10 ms, so this also bounds how long a person waits for search by
    /// meaning before the caller goes on by words.
    pub waiting_max: usize,
}

impl Default for EmbedderLimits {
    fn default() -> Self {
        let [start, answer, wait] = [60, 30, 30].map(Duration::from_secs);
        Self {
            start,
            answer,
            wait,
            waiting_max: 32,
        }
    }
}

/// How the engine process is doing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct EngineStatus {
    /// Its process id, unless none runs.
    pub pid: Option<u32>,
    /// Processes started so far.
    pub starts: u64,
    /// Calls that wait for their turn.
    pub waiting: usize,
    /// Whether it computes now.
    pub is_busy: bool,
}

/// An [`Embedder`] in a process of its own, which starts on first use, is started again when it ends, and ends when this is
/// dropped.
#[derive(Debug)]
pub struct SupervisedEmbedder {
    encoder: String,
    shared: Arc<Shared>,
    recent: Mutex<RecentTexts>,
}

impl SupervisedEmbedder {
    /// Reads the header of the model file to learn the encoder's name; starts nothing.
    ///
    /// # Errors
    /// [`EmbedError::Missing`] when the model file is not there, [`EmbedError::Failed`] when it is damaged or no BERT encoder.
    pub fn new(config: EmbedderConfig) -> Result<Self, EmbedError> {
        let encoder = minilm::get_encoder_name(&config.model)?;
        Ok(Self {
            encoder,
            shared: Arc::new(Shared::new(config)),
            recent: Mutex::default(),
        })
    }

    /// Starts the engine and waits until it is ready, so that the first question does not wait for it. Free when it runs.
    ///
    /// # Errors
    /// As [`Embedder::encode`].
    pub async fn start(&self) -> Result<(), EmbedError> {
        self.ask(&[]).await.map(drop)
    }

    /// How the engine is doing now.
    pub fn status(&self) -> EngineStatus {
        self.shared.status()
    }

    async fn ask(&self, texts: &[String]) -> Result<Vec<Encoded>, EmbedError> {
        let answer = worker::submit(&self.shared, texts)?;
        answer.await.unwrap_or_else(|_| {
            Err(EmbedError::Failed(
                "the embedder is shutting down".to_owned(),
            ))
        })
    }

    fn recent(&self) -> MutexGuard<'_, RecentTexts> {
        // The map is whole between calls, so a panic elsewhere does not spoil it.
        self.recent.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for SupervisedEmbedder {
    fn drop(&mut self) {
        self.shared.close();
    }
}

#[async_trait]
impl Embedder for SupervisedEmbedder {
    fn encoder(&self) -> &str {
        &self.encoder
    }

    async fn encode(&self, texts: &[String]) -> Result<Vec<Encoded>, EmbedError> {
        match texts {
            [] => Ok(Vec::new()),
            [text] => {
                if let Some(encoded) = self.recent().find(text) {
                    return Ok(vec![encoded]);
                }
                let answer = self.ask(texts).await?;
                if let [encoded] = answer.as_slice() {
                    self.recent().add(text, encoded);
                }
                Ok(answer)
            }
            _ => self.ask(texts).await,
        }
    }
}
