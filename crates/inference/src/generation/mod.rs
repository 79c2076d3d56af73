//! Language models on this machine: one engine process for each model in memory, a planner that decides which those are, and the
//! ports to both. A request waits for memory and for others, is written by its model's engine, and ends with the text or a reason.
//!
//! One task ([`actor`]) owns the planner ([`planner`], which does no I/O) and the engines ([`process`], one task each). Callers
//! prepare their requests themselves ([`prepare`]) and read from a buffer of their own ([`stream`]).

mod actor;
mod available;
mod counters;
mod footprint;
mod ledger;
mod message;
mod planner;
mod prepare;
mod process;
mod resident;
mod route;
mod stream;

use std::ffi::OsString;
use std::num::{NonZeroU32, NonZeroUsize};
use std::path::PathBuf;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use domain::models::catalogue::{Model, ModelCatalogue};
use domain::models::residence::{Ledger, Residence};
use domain::models::writing::{Writer, Writing, WritingError, WritingRequest};
use domain::models::{AdapterName, ModelName};
use domain::time::Clock;
use tokio::sync::{mpsc, oneshot};

use crate::engine::GpuLayers;
use actor::Actor;
pub use available::{BUDGET_PERCENT, default_budget_bytes, free_memory_bytes};
use counters::lock;
pub use counters::{Counters, ModelCounters};
pub use footprint::{MemoryEstimate, estimate_memory};
use message::{Message, Submission, Work};
use planner::Ticket;
use prepare::{Shelf, prepare_order};
use stream::{LocalWriting, Stream};

/// What a [`LocalWriter`] runs, and with how much.
#[derive(Debug, Clone)]
pub struct LocalWriterConfig {
    /// The program that becomes an engine: the server's own file.
    pub program: PathBuf,
    /// Arguments that come before those of [`crate::engine::EngineArgs`]: the name of the hidden subcommand.
    pub args: Vec<OsString>,
    /// Bytes that all models together may take; see [`default_budget_bytes`].
    pub budget_bytes: u64,
    /// Tokens that a request may have, prompt and text together. A model that was trained on fewer, or does not fit in memory
    /// with so many, has fewer.
    pub context_tokens: NonZeroU32,
    /// Requests that a model works on at a time; fewer when it does not fit in memory with so many.
    pub parallel_max: NonZeroU32,
    /// Threads of an engine.
    pub threads: NonZeroUsize,
    /// Layers that a graphics card computes.
    pub gpu_layers: GpuLayers,
    /// Bounds on waiting.
    pub limits: WriterLimits,
}

/// Bounds on how long and how many may wait.
#[derive(Debug, Clone, Copy)]
pub struct WriterLimits {
    /// For loading a model.
    pub start: Duration,
    /// Without any news from an engine that has work; it is then ended. The longest step is a batch of a prompt, which a large
    /// model may take minutes for on a busy machine.
    pub silence: Duration,
    /// How long models in memory keep another one waiting at most, before they finish what they began and make room.
    pub wait: Duration,
    /// How long an idle model stays in memory.
    pub keep_alive: Duration,
    /// Most requests that wait.
    pub waiting_max: usize,
}

impl Default for WriterLimits {
    fn default() -> Self {
        Self {
            start: Duration::from_mins(5),
            silence: Duration::from_mins(5),
            wait: Duration::from_secs(20),
            keep_alive: Duration::from_mins(10),
            waiting_max: 256,
        }
    }
}

/// Writes with the models of this machine, and looks after those in memory. Starts nothing before it is asked.
pub struct LocalWriter {
    catalogue: Arc<dyn ModelCatalogue>,
    clock: Arc<dyn Clock>,
    shelf: Shelf,
    mailbox: mpsc::UnboundedSender<Message>,
    next_ticket: AtomicU64,
    counters: Arc<Mutex<Counters>>,
}

impl LocalWriter {
    /// Makes a writer over the models of `catalogue`.
    ///
    /// # Panics
    /// Outside a Tokio runtime.
    pub fn new(
        config: LocalWriterConfig,
        catalogue: Arc<dyn ModelCatalogue>,
        clock: Arc<dyn Clock>,
    ) -> Self {
        let (mailbox, messages) = mpsc::unbounded_channel();
        let counters = Arc::new(Mutex::new(Counters::default()));
        let actor = Actor::new(
            Arc::new(config),
            Arc::clone(&clock),
            mailbox.downgrade(),
            Arc::clone(&counters),
        );
        tokio::spawn(actor.run(messages));
        Self {
            catalogue,
            clock,
            shelf: Shelf::default(),
            mailbox,
            next_ticket: AtomicU64::new(0),
            counters,
        }
    }

    /// What was done since the start.
    pub fn counters(&self) -> Counters {
        lock(&self.counters).clone()
    }

    /// Ends all engines and fails what is not answered yet; nothing can be asked afterwards. Returns when no process is left.
    pub async fn close(&self) {
        // `None` when it is closed already.
        let _ = self.ask(Message::Close).await;
    }

    /// Sends a message and waits for its answer; `None` when nobody is left to give one, or it is not known.
    async fn ask<T>(&self, message: impl FnOnce(oneshot::Sender<T>) -> Message) -> Option<T> {
        let (reply, answer) = oneshot::channel();
        self.mailbox.send(message(reply)).ok()?;
        answer.await.ok()
    }

    async fn submit(&self, submission: Submission) -> Result<(), WritingError> {
        let submission = Box::new(submission);
        let answer = self.ask(|reply| Message::Submit(submission, reply));
        answer.await.unwrap_or(Err(WritingError::Closing))
    }

    /// The models of this machine; none where that cannot be told.
    async fn list_models(&self) -> Vec<Model> {
        match self.catalogue.list_models().await {
            Ok(models) => models,
            Err(error) => {
                tracing::warn!(%error, "the models of this machine cannot be listed");
                Vec::new()
            }
        }
    }

    fn take_ticket(&self) -> Ticket {
        Ticket(self.next_ticket.fetch_add(1, Ordering::Relaxed))
    }
}

#[async_trait]
impl Writer for LocalWriter {
    async fn write(&self, request: WritingRequest) -> Result<Box<dyn Writing>, WritingError> {
        let model = self.shelf.get(&*self.catalogue, &request.model).await?;
        let adapter = request.adapter.clone();
        let (order, template) = prepare_order(&model, request, self.clock.now()).await?;
        let stream = Stream::new();
        let ticket = self.take_ticket();
        // Made first, so that a caller who leaves during the next wait cancels the request.
        let writing = LocalWriting::new(Arc::clone(&stream), ticket, self.mailbox.clone());
        let work = Work::Write {
            order: Box::new(order),
            template,
            stream,
        };
        self.submit(Submission {
            ticket,
            model,
            adapter,
            work,
        })
        .await?;
        Ok(Box::new(writing))
    }

    async fn list_names(&self) -> Vec<ModelName> {
        let models = self.list_models().await.into_iter();
        models.map(|model| model.name).collect()
    }

    async fn list_adapters(&self) -> Vec<(ModelName, AdapterName)> {
        let models = self.list_models().await.into_iter();
        let named = models.flat_map(|Model { name, adapters, .. }| {
            let adapters = adapters.into_iter();
            adapters.map(move |adapter| (name.clone(), adapter))
        });
        named.collect()
    }

    async fn count_tokens(&self, model: &ModelName, text: &str) -> Option<u32> {
        let (model, text) = (model.clone(), text.to_owned());
        self.ask(|reply| Message::Count(model, text, reply)).await
    }
}

#[async_trait]
impl Residence for LocalWriter {
    async fn ledger(&self) -> Ledger {
        self.ask(Message::Ledger).await.unwrap_or_default()
    }

    async fn load(&self, name: &ModelName) -> Result<(), WritingError> {
        let model = self.shelf.get(&*self.catalogue, name).await?;
        let (reply, loaded) = oneshot::channel();
        self.submit(Submission {
            ticket: self.take_ticket(),
            model,
            adapter: None,
            work: Work::Load(reply),
        })
        .await?;
        loaded.await.unwrap_or(Err(WritingError::Closing))
    }

    async fn unload(&self, name: &ModelName) -> Result<bool, WritingError> {
        let name = name.clone();
        let answer = self.ask(|reply| Message::Unload(name, reply));
        answer.await.ok_or(WritingError::Closing)
    }

    async fn pin(&self, name: &ModelName, is_pinned: bool) -> Result<bool, WritingError> {
        let name = name.clone();
        let answer = self.ask(|reply| Message::Pin(name, is_pinned, reply));
        answer.await.ok_or(WritingError::Closing)
    }
}
