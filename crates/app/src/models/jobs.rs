//! Long works with models: they go on when whoever asked for them leaves, tell how far they are, and can be cancelled.

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::str::FromStr;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use domain::models::ModelName;
use domain::models::catalogue::{CatalogueError, Progress, ProgressSink};
use domain::{Clock, Timestamp};

use super::ModelError;

/// Jobs that run at once.
pub const JOBS_RUNNING_MAX: usize = 2;
/// Jobs that are remembered after they ended.
pub const JOBS_KEPT_MAX: usize = 50;

/// Identity of a job: a number that counts up from the start of the program.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct JobId(pub u64);

impl fmt::Display for JobId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl FromStr for JobId {
    type Err = std::num::ParseIntError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        text.parse().map(Self)
    }
}

/// What a job does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum JobKind {
    /// Fetches a model.
    Pull,
    /// Makes a smaller copy of a model.
    Quantise,
}

impl JobKind {
    /// The name in the API.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Pull => "pull",
            Self::Quantise => "quantise",
        }
    }
}

/// How a job is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum JobState {
    /// It works.
    Running,
    /// It is done.
    Done,
    /// It failed; the error says why.
    Failed,
    /// It was cancelled.
    Cancelled,
}

impl JobState {
    /// The name in the API.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Running => "running",
            Self::Done => "done",
            Self::Failed => "failed",
            Self::Cancelled => "cancelled",
        }
    }
}

/// What quantising did.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Quantised {
    /// Size before, bytes.
    pub size_before_bytes: u64,
    /// Size after, bytes.
    pub size_after_bytes: u64,
    /// Perplexity before and after, where a text was given.
    pub perplexity: Option<(f64, f64)>,
}

/// A job as it is now.
#[derive(Debug, Clone, PartialEq)]
pub struct Job {
    /// Its identity.
    pub id: JobId,
    /// What it does.
    pub kind: JobKind,
    /// What it works on: a repository with its file, or a model.
    pub subject: String,
    /// How it is.
    pub state: JobState,
    /// How far it is, or was.
    pub progress: Option<Progress>,
    /// The model that came of it.
    pub model: Option<ModelName>,
    /// What quantising did.
    pub quantised: Option<Quantised>,
    /// Why it failed.
    pub error: Option<String>,
    /// When it began.
    pub began_at: Timestamp,
    /// When it ended.
    pub ended_at: Option<Timestamp>,
}

/// What comes of a job.
pub(super) type JobOutcome = Result<(ModelName, Option<Quantised>), CatalogueError>;
type Work = Pin<Box<dyn Future<Output = JobOutcome> + Send>>;

/// The jobs of this program.
pub(super) struct Jobs {
    entries: Arc<Mutex<Vec<Entry>>>,
    clock: Arc<dyn Clock>,
}

struct Entry {
    job: Job,
    is_cancelled: Arc<AtomicBool>,
}

/// Notes the progress of one job.
pub(super) struct Sink {
    id: JobId,
    entries: Arc<Mutex<Vec<Entry>>>,
    is_cancelled: Arc<AtomicBool>,
}

impl ProgressSink for Sink {
    fn report(&self, progress: Progress) -> bool {
        change(&self.entries, self.id, |job| job.progress = Some(progress));
        !self.is_cancelled.load(Ordering::Relaxed)
    }
}

impl Jobs {
    pub(super) fn new(clock: Arc<dyn Clock>) -> Self {
        Self {
            entries: Arc::default(),
            clock,
        }
    }

    /// Begins a job, unless too many run, or one on the same subject.
    pub(super) fn begin(
        &self,
        kind: JobKind,
        subject: String,
        work: impl FnOnce(Arc<Sink>) -> Work,
    ) -> Result<Job, ModelError> {
        let is_cancelled = Arc::new(AtomicBool::new(false));
        let job = {
            let mut entries = lock(&self.entries);
            let running = || entries.iter().filter(|entry| is_running(&entry.job));
            if running().any(|entry| entry.job.subject == subject) {
                return Err(ModelError::JobRuns(subject));
            }
            if running().count() >= JOBS_RUNNING_MAX {
                return Err(ModelError::TooManyJobs);
            }
            let ended = entries.len() - running().count();
            if ended >= JOBS_KEPT_MAX
                && let Some(oldest) = entries.iter().position(|entry| !is_running(&entry.job))
            {
                entries.remove(oldest);
            }
            let id = JobId(entries.last().map_or(1, |entry| entry.job.id.0 + 1));
            let job = Job {
                id,
                kind,
                subject,
                state: JobState::Running,
                progress: None,
                model: None,
                quantised: None,
                error: None,
                began_at: self.clock.now(),
                ended_at: None,
            };
            entries.push(Entry {
                job: job.clone(),
                is_cancelled: is_cancelled.clone(),
            });
            job
        };
        let sink = Sink {
            id: job.id,
            entries: self.entries.clone(),
            is_cancelled,
        };
        let work = work(Arc::new(sink));
        let (entries, clock, id) = (self.entries.clone(), self.clock.clone(), job.id);
        tokio::spawn(async move {
            let outcome = work.await;
            change(&entries, id, |job| end(job, outcome, clock.now()));
        });
        Ok(job)
    }

    /// Latest first.
    pub(super) fn list(&self) -> Vec<Job> {
        let entries = lock(&self.entries);
        entries
            .iter()
            .rev()
            .map(|entry| entry.job.clone())
            .collect()
    }

    pub(super) fn find(&self, id: JobId) -> Option<Job> {
        let entries = lock(&self.entries);
        let entry = entries.iter().find(|entry| entry.job.id == id);
        entry.map(|entry| entry.job.clone())
    }

    /// Tells a job to stop; it does so at its next report.
    pub(super) fn cancel(&self, id: JobId) -> Option<Job> {
        let entries = lock(&self.entries);
        let entry = entries.iter().find(|entry| entry.job.id == id)?;
        entry.is_cancelled.store(true, Ordering::Relaxed);
        Some(entry.job.clone())
    }
}

fn is_running(job: &Job) -> bool {
    job.state == JobState::Running
}

fn end(job: &mut Job, outcome: JobOutcome, now: Timestamp) {
    job.ended_at = Some(now);
    match outcome {
        Ok((model, quantised)) => {
            job.state = JobState::Done;
            job.model = Some(model);
            job.quantised = quantised;
        }
        Err(CatalogueError::Cancelled) => job.state = JobState::Cancelled,
        Err(error) => {
            tracing::warn!(%error, kind = job.kind.name(), "a job with a model failed");
            job.state = JobState::Failed;
            job.error = Some(error.to_string());
        }
    }
}

fn change(entries: &Mutex<Vec<Entry>>, id: JobId, change: impl FnOnce(&mut Job)) {
    let mut entries = lock(entries);
    if let Some(entry) = entries.iter_mut().find(|entry| entry.job.id == id) {
        change(&mut entry.job);
    }
}

/// A job that panicked while it held the lock left whole entries.
fn lock(entries: &Mutex<Vec<Entry>>) -> MutexGuard<'_, Vec<Entry>> {
    entries.lock().unwrap_or_else(PoisonError::into_inner)
}
