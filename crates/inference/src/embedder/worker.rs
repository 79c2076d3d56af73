//! The thread that owns the engine process: takes jobs, starts the process when there is none, tries once more when it dies.

use std::net::Shutdown;
use std::os::unix::net::UnixStream;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use domain::embedding::{EmbedError, Encoded};
use tokio::sync::oneshot;

use super::process::{AskError, Engine, StartingEngine};
use super::queue::{Answer, Job, Queue};
use super::{EmbedderConfig, EngineStatus};
use crate::supervision::pause_after;
use crate::{gguf, minilm};

/// A pause up to this long is waited for; during a longer one questions fail at once, because search can go on by words.
const PAUSE_WAITED_MAX: Duration = Duration::from_millis(500);

/// What callers and the worker share.
#[derive(Debug)]
pub(super) struct Shared {
    config: EmbedderConfig,
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Debug, Default)]
struct State {
    queue: Queue,
    is_closing: bool,
    is_busy: bool,
    starts: u64,
    running: Option<Running>,
    worker: Option<JoinHandle<()>>,
}

/// The process as others than the worker know it.
#[derive(Debug)]
struct Running {
    pid: u32,
    socket: UnixStream,
}

/// Queues `texts` and gives the place where the answer will come; the first call starts the worker.
pub(super) fn submit(
    shared: &Arc<Shared>,
    texts: &[String],
) -> Result<oneshot::Receiver<Answer>, EmbedError> {
    let (reply, answer) = oneshot::channel();
    let job = Job::new(texts, reply, Instant::now());
    let mut state = shared.lock();
    if state.is_closing {
        return Err(EmbedError::Failed(
            "the embedder is shutting down".to_owned(),
        ));
    }
    let waiting_max = shared.config.limits.waiting_max;
    if state.queue.len() >= waiting_max {
        return Err(EmbedError::Failed(format!(
            "{waiting_max} requests are waiting already; try again later"
        )));
    }
    if state.worker.as_ref().is_none_or(JoinHandle::is_finished) {
        let theirs = Arc::clone(shared);
        let worker = thread::Builder::new()
            .name("embedder".to_owned())
            .spawn(move || Worker::new(&theirs).run())
            .map_err(|error| EmbedError::Failed(format!("no thread could be started: {error}")))?;
        state.worker = Some(worker);
    }
    state.queue.add(job);
    shared.changed.notify_all();
    Ok(answer)
}

impl Shared {
    pub(super) fn new(config: EmbedderConfig) -> Self {
        Self {
            config,
            state: Mutex::default(),
            changed: Condvar::new(),
        }
    }

    pub(super) fn status(&self) -> EngineStatus {
        let state = self.lock();
        EngineStatus {
            pid: state.running.as_ref().map(|running| running.pid),
            starts: state.starts,
            waiting: state.queue.len(),
            is_busy: state.is_busy,
        }
    }

    /// Ends the process, whatever it does, and the worker.
    pub(super) fn close(&self) {
        let mut state = self.lock();
        state.is_closing = true;
        if let Some(running) = &state.running {
            // Fails only when the process has gone.
            let _ = running.socket.shutdown(Shutdown::Both);
        }
        let worker = state.worker.take();
        drop(state);
        self.changed.notify_all();
        if worker.is_some_and(|worker| worker.join().is_err()) {
            tracing::error!("the embedder's thread panicked");
        }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        // Every change of the state is complete within one lock, so a panic elsewhere does not spoil it.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Waits for the next job; `None` when closing.
    fn next_job(&self) -> Option<Job> {
        let mut state = self.lock();
        state.is_busy = false;
        loop {
            if state.is_closing {
                return None;
            }
            if let Some(job) = state.queue.take() {
                state.is_busy = true;
                return Some(job);
            }
            state = self
                .changed
                .wait(state)
                .unwrap_or_else(PoisonError::into_inner);
        }
    }

    /// Waits until `until`; false when closing.
    fn pause(&self, until: Instant) -> bool {
        let mut state = self.lock();
        loop {
            let left = until.saturating_duration_since(Instant::now());
            if state.is_closing || left.is_zero() {
                return !state.is_closing;
            }
            (state, _) = self
                .changed
                .wait_timeout(state, left)
                .unwrap_or_else(PoisonError::into_inner);
        }
    }
}

/// The worker's own state.
struct Worker<'a> {
    shared: &'a Shared,
    engine: Option<Engine>,
    failures: Failures,
}

impl<'a> Worker<'a> {
    fn new(shared: &'a Shared) -> Self {
        Self {
            shared,
            engine: None,
            failures: Failures::default(),
        }
    }

    fn run(mut self) {
        while let Some(job) = self.shared.next_job() {
            let limit = self.shared.config.limits.wait;
            if job.is_single() && job.submitted.elapsed() > limit {
                job.fail(EmbedError::Failed(format!(
                    "the engine was busy for more than {limit:?}; try again later"
                )));
                continue;
            }
            match self.answer(&job.chunk()) {
                Ok(chunk) => {
                    if let Some(unfinished) = job.advance(chunk) {
                        self.shared.lock().queue.add(unfinished);
                    }
                }
                Err(error) => job.fail(error),
            }
        }
        self.end_engine();
    }

    /// Vectors for one chunk; a process that dies over it is replaced once.
    fn answer(&mut self, texts: &[&str]) -> Answer {
        match self.try_answer(texts) {
            Err(Attempt::Died(reason)) if !self.shared.lock().is_closing => {
                tracing::warn!(%reason, "the embedding engine died; it is started again");
                self.try_answer(texts).map_err(Attempt::into_error)
            }
            other => other.map_err(Attempt::into_error),
        }
    }

    fn try_answer(&mut self, texts: &[&str]) -> Result<Vec<Encoded>, Attempt> {
        if self
            .engine
            .as_mut()
            .is_some_and(|engine| !engine.is_alive())
        {
            tracing::warn!("the embedding engine had ended; it is started again");
            self.end_engine();
        }
        let limits = self.shared.config.limits;
        let engine = if let Some(engine) = &mut self.engine {
            engine
        } else {
            let engine = self.start().map_err(Attempt::Failed)?;
            self.engine.insert(engine)
        };
        if texts.is_empty() {
            return Ok(Vec::new());
        }
        match engine.ask(texts, limits.answer) {
            Ok(encoded) => {
                self.failures = Failures::default();
                Ok(encoded)
            }
            Err(AskError::Refused(reason)) => Err(Attempt::Failed(EmbedError::Failed(reason))),
            Err(AskError::Dead(reason)) => {
                self.end_engine();
                self.failures.add(&reason);
                Err(Attempt::Died(reason))
            }
        }
    }

    fn start(&mut self) -> Result<Engine, EmbedError> {
        self.wait_for_pause()?;
        let config = &self.shared.config;
        if !config.model.exists() {
            return Err(minilm::missing(&config.model));
        }
        let started = gguf::read_header(&config.model)
            .map_err(|error| error.to_string())
            .and_then(|_| {
                let program = config.program.display();
                StartingEngine::spawn(config)
                    .map_err(|error| format!("{program} could not be started: {error}"))
            })
            .and_then(|starting| {
                self.register(&starting)?;
                starting.finish(config.limits.start, config.limits.answer)
            });
        started.map_err(|reason| {
            self.end_engine();
            self.failures.add(&reason);
            EmbedError::Failed(reason)
        })
    }

    /// Makes the process known to [`Shared::close`], which may have come first.
    fn register(&self, starting: &StartingEngine) -> Result<(), String> {
        let socket = starting
            .try_clone_socket()
            .map_err(|error| error.to_string())?;
        let mut state = self.shared.lock();
        if state.is_closing {
            return Err("the embedder is shutting down".to_owned());
        }
        state.starts += 1;
        state.running = Some(Running {
            pid: starting.pid(),
            socket,
        });
        Ok(())
    }

    fn wait_for_pause(&self) -> Result<(), EmbedError> {
        let Some((until, reason)) = &self.failures.pause else {
            return Ok(());
        };
        let left = until.saturating_duration_since(Instant::now());
        if left > PAUSE_WAITED_MAX {
            return Err(EmbedError::Failed(format!(
                "{reason}; the next attempt is in {left:.0?}"
            )));
        }
        if self.shared.pause(*until) {
            Ok(())
        } else {
            Err(EmbedError::Failed(reason.clone()))
        }
    }

    fn end_engine(&mut self) {
        self.shared.lock().running = None;
        self.engine = None;
    }
}

/// How one attempt went wrong.
enum Attempt {
    /// Trying again will not help.
    Failed(EmbedError),
    /// The process died over the question.
    Died(String),
}

impl Attempt {
    fn into_error(self) -> EmbedError {
        match self {
            Self::Failed(error) => error,
            Self::Died(reason) => EmbedError::Failed(reason),
        }
    }
}

/// Failures since the last answer.
#[derive(Debug, Default)]
struct Failures {
    count: u32,
    /// When the next start may be, and why not before.
    pause: Option<(Instant, String)>,
}

impl Failures {
    fn add(&mut self, reason: &str) {
        self.count = self.count.saturating_add(1);
        self.pause = Some((Instant::now() + pause_after(self.count), reason.to_owned()));
    }
}
