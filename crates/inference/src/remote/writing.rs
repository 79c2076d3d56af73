//! One text from a back end, and from the next one when the first fails before it has said anything.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use domain::models::ModelName;
use domain::models::writing::{
    FinishReason, Finished, TokenInfo, Writing, WritingError, WritingEvent,
};
use reqwest::Response;
use tokio::sync::mpsc;
use tokio::task::JoinHandle;
use tokio::time::{Instant, timeout_at};

use super::backend::{Backend, Failure, plain};
use super::sse::EventReader;
use super::wire::{self, Piece, Question, Usage};

/// Events that wait for their reader at most; the connection waits with them.
const EVENTS_MAX: usize = 32;
/// Longest text, bytes; far more than the most tokens have.
const TEXT_BYTES_MAX: usize = 4 * 1024 * 1024;
/// What a stream ends with.
const DONE: &str = "[DONE]";

/// A back end with the question that it is to be asked.
pub(super) struct Plan {
    pub(super) backend: Arc<Backend>,
    pub(super) model: ModelName,
    pub(super) question: Question,
}

/// The text being written. Dropping it ends the task, and with it the connection.
pub(super) struct RemoteWriting {
    events: mpsc::Receiver<Result<WritingEvent, WritingError>>,
    task: JoinHandle<()>,
}

impl RemoteWriting {
    /// Asks the plans' back ends, one after the other, until one has begun.
    pub(super) fn start(plans: Vec<Plan>) -> Self {
        let (sender, events) = mpsc::channel(EVENTS_MAX);
        let task = tokio::spawn(async move {
            let mut last = None;
            for plan in plans {
                match write(&plan, &sender).await {
                    Ok(()) => return,
                    Err((failure, is_begun)) => {
                        let is_final = is_begun || !failure.is_of_back_end;
                        last = Some(failure.error);
                        if is_final {
                            break;
                        }
                    }
                }
            }
            if let Some(error) = last {
                // The reader may have gone; there is nobody left to tell.
                drop(sender.send(Err(error)).await);
            }
        });
        Self { events, task }
    }
}

impl Drop for RemoteWriting {
    fn drop(&mut self) {
        self.task.abort();
    }
}

#[async_trait]
impl Writing for RemoteWriting {
    async fn next(&mut self) -> Option<Result<WritingEvent, WritingError>> {
        self.events.recv().await
    }
}

type Sender = mpsc::Sender<Result<WritingEvent, WritingError>>;

/// Writes all of a text. An error comes with whether anything was told before.
async fn write(plan: &Plan, sender: &Sender) -> Result<(), (Failure, bool)> {
    let asked_at = Instant::now();
    let timeouts = plan.backend.settings.timeouts;
    let end = asked_at + timeouts.total;
    let mut response = plan
        .backend
        .ask(&plan.model, &plan.question)
        .await
        .map_err(|failure| (failure, false))?;
    let mut progress = Progress::new(asked_at);
    let mut reader = EventReader::default();
    let mut events = Vec::new();
    loop {
        let patience = if progress.begun_at.is_some() {
            timeouts.between
        } else {
            timeouts.first_byte
        };
        let limit = end.min(Instant::now() + patience);
        let fail = |reason: &str, progress: &Progress| {
            (
                plan.backend.failed(&plan.model, reason),
                progress.begun_at.is_some(),
            )
        };
        let piece = match next_piece(&mut response, limit).await {
            Ok(Some(piece)) => piece,
            // Some servers end without saying so, when all is said.
            Ok(None) if progress.reason.is_some() => break,
            Ok(None) => return Err(fail("it ended its answer early", &progress)),
            Err(reason) => return Err(fail(&reason, &progress)),
        };
        reader
            .push(&piece, &mut events)
            .map_err(|error| fail(&error.to_string(), &progress))?;
        let mut is_done = false;
        for data in events.drain(..) {
            if data.trim() == DONE {
                is_done = true;
                break;
            }
            let piece = wire::piece(&data).map_err(|reason| fail(&reason, &progress))?;
            let news = progress
                .take(piece)
                .map_err(|reason| fail(&reason, &progress))?;
            for event in news {
                if sender.send(Ok(event)).await.is_err() {
                    return Ok(());
                }
            }
        }
        if is_done {
            if progress.reason.is_none() {
                return Err(fail("it ended its answer without a reason", &progress));
            }
            break;
        }
    }
    plan.backend.health.succeeded();
    let finished = WritingEvent::Finished(Box::new(progress.finish()));
    drop(sender.send(Ok(finished)).await);
    Ok(())
}

/// The next piece of an answer, unless it does not come until `limit`.
async fn next_piece(response: &mut Response, limit: Instant) -> Result<Option<Bytes>, String> {
    match timeout_at(limit, response.chunk()).await {
        Ok(Ok(piece)) => Ok(piece),
        Ok(Err(error)) => Err(plain(&error)),
        Err(_) => Err("it fell silent in the middle of its answer".to_owned()),
    }
}

/// What has come of a text so far.
struct Progress {
    asked_at: Instant,
    begun_at: Option<Instant>,
    reason: Option<FinishReason>,
    usage: Option<Usage>,
    text_bytes: usize,
    pieces: u32,
    tokens: u32,
    probabilities: f64,
}

impl Progress {
    fn new(asked_at: Instant) -> Self {
        Self {
            asked_at,
            begun_at: None,
            reason: None,
            usage: None,
            text_bytes: 0,
            pieces: 0,
            tokens: 0,
            probabilities: 0.0,
        }
    }

    /// Takes a piece, and tells what is to be told of it.
    fn take(&mut self, piece: Piece) -> Result<Vec<WritingEvent>, String> {
        let Piece {
            text,
            tokens,
            reason,
            usage,
        } = piece;
        self.usage = usage.or(self.usage);
        self.reason = reason.or(self.reason);
        self.text_bytes += text.len();
        if self.text_bytes > TEXT_BYTES_MAX {
            return Err(format!("it writes more than {TEXT_BYTES_MAX} bytes"));
        }
        let mut news = Vec::new();
        if self.begun_at.is_none() {
            self.begun_at = Some(Instant::now());
            let usage = self.usage.unwrap_or_default();
            news.push(WritingEvent::Started {
                prompt_tokens: usage.prompt_tokens,
                reused_tokens: usage.reused_tokens(),
            });
        }
        if !text.is_empty() || !tokens.is_empty() {
            self.pieces = self.pieces.saturating_add(1);
            self.count(&tokens);
            news.push(WritingEvent::Text { text, tokens });
        }
        Ok(news)
    }

    fn count(&mut self, tokens: &[TokenInfo]) {
        for token in tokens {
            self.tokens = self.tokens.saturating_add(1);
            self.probabilities += f64::from(token.logprob).exp();
        }
    }

    fn finish(self) -> Finished {
        let usage = self.usage.unwrap_or_default();
        let counted = if self.tokens > 0 {
            self.tokens
        } else {
            self.pieces
        };
        let begun_at = self.begun_at.unwrap_or(self.asked_at);
        Finished {
            reason: self.reason.unwrap_or(FinishReason::Stop),
            prompt_tokens: usage.prompt_tokens,
            reused_tokens: usage.reused_tokens(),
            new_tokens: if self.usage.is_some() {
                usage.completion_tokens
            } else {
                counted
            },
            drafted_tokens: 0,
            accepted_tokens: 0,
            mean_probability: self.mean_probability(),
            weights: None,
            template: None,
            waiting_us: 0,
            prompt_us: micros(begun_at.duration_since(self.asked_at)),
            writing_us: micros(begun_at.elapsed()),
        }
    }

    #[expect(clippy::cast_possible_truncation, reason = "a probability fits")]
    fn mean_probability(&self) -> Option<f32> {
        (self.tokens > 0).then(|| (self.probabilities / f64::from(self.tokens)) as f32)
    }
}

fn micros(duration: Duration) -> u64 {
    u64::try_from(duration.as_micros()).unwrap_or(u64::MAX)
}
