//! A text of a language model as OpenAI's clients read it: whole, or as server-sent events that hold a piece each, then `[DONE]`.

use std::collections::VecDeque;
use std::convert::Infallible;
use std::time::Duration;

use axum::http::{HeaderValue, header};
use axum::response::sse::{Event, KeepAlive, Sse};
use axum::response::{IntoResponse, Response};
use domain::models::writing::{Finished, TokenInfo, Writing, WritingError, WritingEvent};
use futures::stream::{self, Stream};
use serde::Serialize;
use tokio::sync::mpsc::{Receiver, channel};
use tokio::task::JoinHandle;
use tokio::time::{Instant, timeout_at};

use crate::problem::Problem;
use crate::wire::openai::Heading;
use crate::wire::openai::chat::{ChatCompletionChunk, ChatForm};
use crate::wire::openai::completions::{TextCompletion, TextForm};
use crate::wire::openai::error::OpenAiError;
use crate::wire::openai::logprobs::TextLogprobs;

/// The answer begins when the prompt is being read, so that what fails before has a status of its own; but no later than
/// this, since clients and proxies give up on servers that are silent.
const SILENCE_MAX: Duration = Duration::from_secs(10);

/// Events that may wait for a slow client before the text waits too.
const EVENTS_WAITING_MAX: usize = 32;

/// A comment is sent this often, so that proxies keep the connection open and a client that went away is noticed.
const KEEP_ALIVE: Duration = Duration::from_secs(10);

/// In which form a text is told, and whether its tokens are.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Form {
    /// As the answer to a chat.
    Chat(ChatForm, bool),
    /// As the continuation of a text.
    Text(TextForm, bool),
}

/// A text from its beginning to its end.
pub(crate) struct Whole {
    pub(crate) text: String,
    pub(crate) tokens: Vec<TokenInfo>,
    pub(crate) finished: Finished,
}

/// Reads a text to its end.
pub(crate) async fn read_whole(mut writing: Box<dyn Writing>) -> Result<Whole, Problem> {
    let (mut text, mut tokens) = (String::new(), Vec::new());
    while let Some(event) = writing.next().await {
        match event? {
            WritingEvent::Waiting { .. } | WritingEvent::Started { .. } => {}
            WritingEvent::Text {
                text: piece,
                tokens: pieces,
            } => {
                text.push_str(&piece);
                tokens.extend(pieces);
            }
            WritingEvent::Finished(finished) => {
                return Ok(Whole {
                    text,
                    tokens,
                    finished: *finished,
                });
            }
        }
    }
    Err(unfinished())
}

/// Tells a text while it is written. What fails before its prompt is read is an ordinary refusal with its own status.
pub(crate) async fn stream_writing(
    writing: Box<dyn Writing>,
    form: Form,
    heading: Heading,
) -> Result<Response, Problem> {
    let mut relay = Relay::start(writing);
    let first = relay.wait_for_start(SILENCE_MAX).await?;
    let mut telling = Telling {
        relay,
        form,
        heading,
        offset: 0,
        ready: VecDeque::new(),
        is_over: false,
    };
    telling.begin();
    if let Some(event) = first {
        telling.tell(Ok(event));
    }
    let keep_alive = KeepAlive::new().interval(KEEP_ALIVE).text("keep-alive");
    let mut response = Sse::new(telling.into_stream())
        .keep_alive(keep_alive)
        .into_response();
    let headers = response.headers_mut();
    // Asks nginx and its kin not to collect the events before passing them on.
    headers.insert("x-accel-buffering", HeaderValue::from_static("no"));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    Ok(response)
}

type Told = Result<WritingEvent, WritingError>;

/// Reads a text in a task of its own, so that waiting for its next event can be given up without losing one. Dropping it drops
/// the text.
struct Relay {
    events: Receiver<Told>,
    work: JoinHandle<()>,
}

impl Relay {
    fn start(mut writing: Box<dyn Writing>) -> Self {
        let (sender, events) = channel(EVENTS_WAITING_MAX);
        let work = tokio::spawn(async move {
            while let Some(event) = writing.next().await {
                if sender.send(event).await.is_err() {
                    break;
                }
            }
        });
        Self { events, work }
    }

    /// Waits until the prompt is being read, but not longer than `silence`; the event that ended the waiting.
    async fn wait_for_start(&mut self, silence: Duration) -> Result<Option<WritingEvent>, Problem> {
        let deadline = Instant::now() + silence;
        loop {
            match timeout_at(deadline, self.events.recv()).await {
                Ok(Some(Ok(WritingEvent::Waiting { .. }))) => {}
                Ok(Some(event)) => return Ok(Some(event?)),
                Ok(None) => return Err(unfinished()),
                Err(_) => return Ok(None),
            }
        }
    }
}

impl Drop for Relay {
    fn drop(&mut self) {
        self.work.abort();
    }
}

struct Telling {
    relay: Relay,
    form: Form,
    heading: Heading,
    /// Where the next token begins, for log-probabilities of continued texts.
    offset: usize,
    /// Events to be sent before the text is asked again.
    ready: VecDeque<Event>,
    is_over: bool,
}

impl Telling {
    fn into_stream(self) -> impl Stream<Item = Result<Event, Infallible>> {
        stream::unfold(self, async |mut telling| {
            let event = telling.next().await?;
            Some((Ok(event), telling))
        })
    }

    async fn next(&mut self) -> Option<Event> {
        while self.ready.is_empty() && !self.is_over {
            match self.relay.events.recv().await {
                Some(told) => self.tell(told),
                None => self.fail(&unfinished()),
            }
        }
        self.ready.pop_front()
    }

    /// A chat begins with who speaks.
    fn begin(&mut self) {
        match self.form {
            Form::Chat(form, _) => {
                self.push(&ChatCompletionChunk::first(&self.heading, form));
            }
            Form::Text(..) => {}
        }
    }

    fn tell(&mut self, told: Told) {
        match told {
            Ok(WritingEvent::Waiting {
                position,
                is_loading,
                estimate_ms: _,
            }) => {
                let state = if is_loading {
                    "the model is being loaded".to_owned()
                } else {
                    format!("requests before this one: {position}")
                };
                self.ready.push_back(Event::default().comment(state));
            }
            Ok(WritingEvent::Started { .. }) => {}
            Ok(WritingEvent::Text { text, tokens }) => self.tell_text(text, tokens),
            Ok(WritingEvent::Finished(finished)) => self.finish(&finished),
            Err(error) => self.fail(&error.into()),
        }
    }

    fn tell_text(&mut self, text: String, tokens: Vec<TokenInfo>) {
        match self.form {
            Form::Chat(form, tells_tokens) => {
                let tokens = tells_tokens.then_some(tokens);
                self.push(&ChatCompletionChunk::next(
                    &self.heading,
                    form,
                    text,
                    tokens,
                ));
            }
            Form::Text(form, tells_tokens) => {
                let logprobs = tells_tokens.then(|| TextLogprobs::new(tokens, &mut self.offset));
                self.push(&TextCompletion::next(&self.heading, form, text, logprobs));
            }
        }
    }

    fn finish(&mut self, finished: &Finished) {
        self.is_over = true;
        match self.form {
            Form::Chat(form, _) => {
                self.push(&ChatCompletionChunk::last(&self.heading, form, finished));
                if form.includes_usage {
                    self.push(&ChatCompletionChunk::usage(&self.heading, form, finished));
                }
            }
            Form::Text(form, _) => {
                self.push(&TextCompletion::last(&self.heading, form, finished));
                if form.includes_usage {
                    self.push(&TextCompletion::usage(&self.heading, finished));
                }
            }
        }
        self.ready.push_back(Event::default().data("[DONE]"));
    }

    /// An error is the last event; there is no `[DONE]`, since the text is not.
    fn fail(&mut self, problem: &Problem) {
        self.is_over = true;
        self.push(&OpenAiError::from(problem));
    }

    fn push(&mut self, piece: &impl Serialize) {
        let event = Event::default().json_data(piece);
        let event = event.expect("BUG: wire types of strings and numbers always serialise");
        self.ready.push_back(event);
    }
}

fn unfinished() -> Problem {
    tracing::error!("a text ended without its last event");
    Problem::internal()
}

#[cfg(test)]
mod tests {
    use super::*;
    use async_trait::async_trait;
    use domain::models::writing::FinishReason;
    use tokio::sync::oneshot;

    /// Tells these events, then stays silent for ever; holds something whose end can be seen.
    struct Scripted {
        events: VecDeque<Told>,
        ends: bool,
        _held: Option<oneshot::Sender<()>>,
    }

    #[async_trait]
    impl Writing for Scripted {
        async fn next(&mut self) -> Option<Told> {
            match self.events.pop_front() {
                Some(event) => Some(event),
                None if self.ends => None,
                None => std::future::pending().await,
            }
        }
    }

    fn script(events: Vec<Told>, ends: bool) -> Box<dyn Writing> {
        Box::new(Scripted {
            events: events.into(),
            ends,
            _held: None,
        })
    }

    fn waiting() -> WritingEvent {
        WritingEvent::Waiting {
            position: 1,
            is_loading: false,
            estimate_ms: None,
        }
    }

    fn heading() -> Heading {
        Heading {
            id: "chatcmpl-1".to_owned(),
            created: 7,
            model: "tiny".to_owned(),
        }
    }

    fn chat() -> Form {
        let form = ChatForm {
            streams: true,
            includes_usage: true,
        };
        Form::Chat(form, false)
    }

    async fn body_of(response: Response) -> String {
        use http_body_util::BodyExt as _;
        let body = response.into_body().collect().await.unwrap().to_bytes();
        String::from_utf8(body.to_vec()).unwrap()
    }

    fn text(text: &str) -> WritingEvent {
        WritingEvent::Text {
            text: text.to_owned(),
            tokens: Vec::new(),
        }
    }

    fn finished() -> WritingEvent {
        WritingEvent::Finished(Box::new(Finished {
            reason: FinishReason::Stop,
            prompt_tokens: 5,
            reused_tokens: 2,
            new_tokens: 1,
            drafted_tokens: 0,
            accepted_tokens: 0,
            mean_probability: None,
            weights: None,
            template: None,
            waiting_us: 0,
            prompt_us: 0,
            writing_us: 0,
        }))
    }

    #[tokio::test]
    async fn a_text_that_fails_on_its_way_ends_with_an_error_and_is_not_done() {
        let failed = WritingError::Failed {
            model: "tiny".parse().unwrap(),
            reason: "it died".to_owned(),
        };
        for (ending, says) in [
            (Some(Err(failed)), "it died"),
            (None, "fault of the server"),
        ] {
            let events = [Some(Ok(text("Hi"))), ending];
            let events = events.into_iter().flatten().collect();
            let response = stream_writing(script(events, true), chat(), heading()).await;
            let body = body_of(response.unwrap()).await;
            assert!(body.contains("\"content\":\"Hi\""), "{body}");
            let last = body.trim_end().rsplit("\n\n").next().unwrap();
            assert!(last.starts_with("data: {\"error\":{\"message\":"), "{body}");
            assert!(last.contains(says) && !body.contains("[DONE]"), "{body}");
        }
    }

    #[tokio::test]
    async fn what_fails_while_waiting_is_a_refusal() {
        let busy = WritingError::Busy(9);
        let events = vec![Ok(waiting()), Err(busy)];
        let refused = stream_writing(script(events, true), chat(), heading()).await;
        assert_eq!(refused.unwrap_err().into_response().status(), 429);
        let nothing = stream_writing(script(vec![], true), chat(), heading()).await;
        assert_eq!(nothing.unwrap_err().into_response().status(), 500);
    }

    #[tokio::test]
    async fn a_long_wait_begins_the_stream_and_loses_no_event() {
        let (sender, events) = channel(8);
        let relay = Relay {
            events,
            work: tokio::spawn(std::future::pending()),
        };
        sender.send(Ok(waiting())).await.unwrap();
        let mut telling = Telling {
            relay,
            form: chat(),
            heading: heading(),
            offset: 0,
            ready: VecDeque::new(),
            is_over: false,
        };
        assert_eq!(telling.relay.wait_for_start(Duration::ZERO).await, Ok(None));
        for event in [waiting(), text("Hi"), finished()] {
            sender.send(Ok(event)).await.unwrap();
        }
        let mut count = 0;
        while telling.next().await.is_some() {
            count += 1;
        }
        assert_eq!(count, 5, "a comment, the text, the end, the usage, [DONE]");
    }

    #[tokio::test]
    async fn a_client_that_leaves_drops_the_text() {
        let (held, dropped) = oneshot::channel::<()>();
        let writing = Scripted {
            events: vec![Ok(text("Hi"))].into(),
            ends: false,
            _held: Some(held),
        };
        let response = stream_writing(Box::new(writing), chat(), heading()).await;
        drop(response.unwrap());
        assert!(dropped.await.is_err(), "what the text held was dropped");
    }
}
