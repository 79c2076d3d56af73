//! Long work on a thread for blocking work, watched and cancelled from where it was asked for.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use domain::models::catalogue::{CatalogueError, Progress, ProgressSink};
use tokio::sync::watch;

/// Tells how far long work has come, and learns whether it is to stop.
#[derive(Clone)]
pub(crate) struct Reporter {
    progress: Option<watch::Sender<Option<Progress>>>,
    is_cancelled: Arc<AtomicBool>,
}

impl Reporter {
    /// One that nobody listens to.
    pub(crate) fn silent() -> Self {
        Self {
            progress: None,
            is_cancelled: Arc::default(),
        }
    }

    /// Takes note.
    ///
    /// # Errors
    /// [`CatalogueError::Cancelled`] when the work is to stop.
    pub(crate) fn report(
        &self,
        stage: &str,
        done: u64,
        total: Option<u64>,
    ) -> Result<(), CatalogueError> {
        if self.is_cancelled() {
            return Err(CatalogueError::Cancelled);
        }
        if let Some(progress) = &self.progress {
            progress.send_replace(Some(Progress {
                stage: stage.to_owned(),
                done,
                total,
            }));
        }
        Ok(())
    }

    /// Whether the work is to stop.
    pub(crate) fn is_cancelled(&self) -> bool {
        self.is_cancelled.load(Ordering::Relaxed)
    }
}

/// Cancels the work when whoever waits for it goes away.
struct CancelOnDrop(Arc<AtomicBool>);

impl Drop for CancelOnDrop {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

/// Runs `work` where blocking is allowed and passes on what it reports. The work ends soon after this future is dropped.
pub(crate) async fn run_watched<T: Send + 'static>(
    sink: &dyn ProgressSink,
    work: impl FnOnce(&Reporter) -> Result<T, CatalogueError> + Send + 'static,
) -> Result<T, CatalogueError> {
    let (sender, mut receiver) = watch::channel(None);
    let is_cancelled = Arc::new(AtomicBool::new(false));
    let reporter = Reporter {
        progress: Some(sender),
        is_cancelled: is_cancelled.clone(),
    };
    let _guard = CancelOnDrop(is_cancelled.clone());
    let span = tracing::Span::current();
    let task = tokio::task::spawn_blocking(move || span.in_scope(|| work(&reporter)));
    // Ends when the work does, because the sender goes with it.
    while receiver.changed().await.is_ok() {
        let progress = receiver.borrow_and_update().clone();
        if let Some(progress) = progress
            && !sink.report(progress)
        {
            is_cancelled.store(true, Ordering::Relaxed);
        }
    }
    finish(task).await
}

/// Runs short `work` where blocking is allowed.
pub(crate) async fn run_blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, CatalogueError> + Send + 'static,
) -> Result<T, CatalogueError> {
    let span = tracing::Span::current();
    finish(tokio::task::spawn_blocking(move || span.in_scope(work))).await
}

async fn finish<T>(
    task: tokio::task::JoinHandle<Result<T, CatalogueError>>,
) -> Result<T, CatalogueError> {
    match task.await {
        Ok(result) => result,
        Err(failure) => match failure.try_into_panic() {
            Ok(panic) => std::panic::resume_unwind(panic),
            // The program is ending.
            Err(_) => Err(CatalogueError::Cancelled),
        },
    }
}
