//! An answer as server-sent events (WHATWG HTML §9.2): `route`, `sources`, `token`…, `check`, then `done` or `error`; `progress` in
//! between when a language model takes part.

use std::convert::Infallible;
use std::time::Duration;

use app::ask::{AskError, Asker};
use axum::http::{HeaderValue, header};
use axum::response::sse::{Event, KeepAlive, Sse};
use axum::response::{IntoResponse, Response};
use domain::accounts::Principal;
use domain::ask::{Answered, AskEvent, Question};
use futures::stream::{self, Stream};
use serde::Serialize;
use tokio::sync::mpsc::{Receiver, channel};
use tokio::task::JoinHandle;

use crate::problem::Problem;
use crate::state::Shared;
use crate::wire::ask::{AnswerResponse, RouteResponse, Source};
use crate::wire::checks::Checks;
use crate::wire::events::{ProgressEvent, SourcesEvent, TokenEvent};

/// Events that may wait for a slow client before the work waits too.
const EVENTS_WAITING_MAX: usize = 32;

/// A comment is sent this often, so that proxies keep the connection open and a client that went away is noticed.
const KEEP_ALIVE: Duration = Duration::from_secs(10);

/// Answers `question` as events. What fails before the first event is an ordinary problem with its own status.
pub(crate) async fn stream_answer(
    shared: Shared,
    principal: Principal,
    question: Question,
) -> Result<Response, Problem> {
    let (sender, mut events) = channel(EVENTS_WAITING_MAX);
    let work = tokio::spawn(async move {
        shared
            .api
            .ask
            .ask(Asker::Account(&principal), question, Some(&sender))
            .await
    });
    let mut answering = Answering {
        work: Work(work),
        first: events.recv().await,
        events,
        is_over: false,
    };
    if answering.first.is_none() {
        return Err(answering.work.failure().await);
    }
    let keep_alive = KeepAlive::new().interval(KEEP_ALIVE).text("keep-alive");
    let mut response = Sse::new(answering.into_stream())
        .keep_alive(keep_alive)
        .into_response();
    // Asks nginx and its kin not to collect the events before passing them on.
    response
        .headers_mut()
        .insert("x-accel-buffering", HeaderValue::from_static("no"));
    response
        .headers_mut()
        .insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    Ok(response)
}

struct Answering {
    work: Work,
    first: Option<AskEvent>,
    events: Receiver<AskEvent>,
    is_over: bool,
}

impl Answering {
    fn into_stream(self) -> impl Stream<Item = Result<Event, Infallible>> {
        stream::unfold(self, async |mut answering| {
            let event = answering.next().await?;
            Some((Ok(event), answering))
        })
    }

    async fn next(&mut self) -> Option<Event> {
        if self.is_over {
            return None;
        }
        let told = match self.first.take() {
            Some(event) => Some(event),
            None => self.events.recv().await,
        };
        if let Some(event) = told {
            self.is_over = matches!(event, AskEvent::Done(_));
            Some(encode(event))
        } else {
            self.is_over = true;
            Some(named("error", &self.work.failure().await))
        }
    }
}

/// The work behind a stream; it stops when the client is gone and the stream is dropped.
struct Work(JoinHandle<Result<Answered, AskError>>);

impl Work {
    /// Why the work ended without a last event.
    async fn failure(&mut self) -> Problem {
        match (&mut self.0).await {
            Ok(Err(error)) => error.into(),
            Ok(Ok(_)) => {
                tracing::error!("an answer ended without its last event");
                Problem::internal()
            }
            Err(failure) => {
                tracing::error!(%failure, "answering panicked");
                Problem::internal()
            }
        }
    }
}

impl Drop for Work {
    fn drop(&mut self) {
        self.0.abort();
    }
}

fn encode(event: AskEvent) -> Event {
    match event {
        AskEvent::Route(route) => named("route", &RouteResponse::from(route)),
        AskEvent::Sources(sources) => named(
            "sources",
            &SourcesEvent {
                sources: sources.into_iter().map(Source::from).collect(),
            },
        ),
        AskEvent::Progress(progress) => named("progress", &ProgressEvent::from(progress)),
        AskEvent::Token(text) => named("token", &TokenEvent { text }),
        AskEvent::Check(checks) => named("check", &Checks::from(checks)),
        AskEvent::Done(answered) => named("done", &AnswerResponse::from(*answered)),
    }
}

fn named(name: &str, payload: &impl Serialize) -> Event {
    let event = Event::default().event(name);
    event
        .json_data(payload)
        .expect("BUG: wire types of strings and numbers always serialise")
}

#[cfg(test)]
mod tests {
    use super::*;
    use tokio::sync::oneshot;

    #[tokio::test]
    async fn the_work_stops_when_its_stream_is_dropped() {
        let (held, stopped) = oneshot::channel::<()>();
        let (sender, events) = channel(1);
        let work = tokio::spawn(async move {
            let _held = held;
            sender
                .send(AskEvent::Token("first".to_owned()))
                .await
                .unwrap();
            std::future::pending::<Result<Answered, AskError>>().await
        });
        let mut answering = Answering {
            work: Work(work),
            first: None,
            events,
            is_over: false,
        };
        assert!(answering.next().await.is_some());
        drop(answering.into_stream());
        assert!(stopped.await.is_err(), "what the work held was dropped");
    }

    #[tokio::test]
    async fn work_that_fails_or_panics_ends_the_stream_with_one_error() {
        for panics in [false, true] {
            let (sender, events) = channel(1);
            let work = tokio::spawn(async move {
                drop(sender);
                assert!(!panics, "a fault while answering");
                Err(AskError::UnknownConversation)
            });
            let mut answering = Answering {
                work: Work(work),
                first: None,
                events,
                is_over: false,
            };
            assert!(answering.next().await.is_some());
            assert!(answering.next().await.is_none());
        }
    }
}
