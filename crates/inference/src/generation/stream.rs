//! The way of a text from its engine to whoever asked. A slow reader holds nobody up: what he has not read yet is put together,
//! so a request keeps at most one piece of news of each kind and its own text, which `max_new_tokens` bounds.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use async_trait::async_trait;
use domain::models::writing::{Finished, TokenInfo, Writing, WritingError, WritingEvent};
use tokio::sync::{Notify, mpsc};

use super::message::Message;
use super::planner::{Outlook, Ticket};

/// Where a request's events wait for their reader.
#[derive(Debug)]
pub(super) struct Stream {
    state: Mutex<State>,
    changed: Notify,
    submitted: Instant,
}

#[derive(Debug, Default)]
struct State {
    events: VecDeque<Result<WritingEvent, WritingError>>,
    /// How long the request waited for its start.
    waited: Option<Duration>,
    has_text: bool,
    is_over: bool,
}

impl Stream {
    pub(super) fn new() -> Arc<Self> {
        Arc::new(Self {
            state: Mutex::default(),
            changed: Notify::new(),
            submitted: Instant::now(),
        })
    }

    /// Whether anything of the text was passed on, so that it cannot be begun anew.
    pub(super) fn has_text(&self) -> bool {
        self.lock().has_text
    }

    pub(super) fn wait(&self, outlook: Outlook) {
        let mut state = self.lock();
        // A request that is tried once more has said already that it began.
        if state.is_over || state.waited.is_some() {
            return;
        }
        if let Some(Ok(WritingEvent::Waiting { .. })) = state.events.back() {
            state.events.pop_back();
        }
        state.add(Ok(WritingEvent::Waiting {
            position: outlook.position,
            is_loading: outlook.is_loading,
            estimate_ms: outlook.estimate_ms,
        }));
        self.changed.notify_one();
    }

    pub(super) fn start(&self, prompt_tokens: u32, reused_tokens: u32) {
        let mut state = self.lock();
        if state.is_over || state.waited.is_some() {
            return;
        }
        state.waited = Some(self.submitted.elapsed());
        state.add(Ok(WritingEvent::Started {
            prompt_tokens,
            reused_tokens,
        }));
        self.changed.notify_one();
    }

    pub(super) fn write(&self, text: &str, mut tokens: Vec<TokenInfo>) {
        let mut state = self.lock();
        if state.is_over {
            return;
        }
        state.has_text = true;
        if let Some(Ok(WritingEvent::Text {
            text: unread,
            tokens: unread_tokens,
        })) = state.events.back_mut()
        {
            unread.push_str(text);
            unread_tokens.append(&mut tokens);
        } else {
            let text = text.to_owned();
            state.add(Ok(WritingEvent::Text { text, tokens }));
        }
        self.changed.notify_one();
    }

    /// Ends the text; `waiting_us` is filled in here.
    pub(super) fn finish(&self, mut finished: Finished) {
        let waited = self.lock().waited.unwrap_or_default();
        finished.waiting_us = u64::try_from(waited.as_micros()).unwrap_or(u64::MAX);
        self.end(Ok(WritingEvent::Finished(Box::new(finished))));
    }

    pub(super) fn fail(&self, error: WritingError) {
        self.end(Err(error));
    }

    /// Time until the request began, where it did.
    pub(super) fn waited(&self) -> Option<Duration> {
        self.lock().waited
    }

    fn end(&self, last: Result<WritingEvent, WritingError>) {
        let mut state = self.lock();
        if !state.is_over {
            state.add(last);
            state.is_over = true;
            self.changed.notify_one();
        }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        // Every change is complete within one lock, so a panic elsewhere does not spoil it.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn add(&mut self, event: Result<WritingEvent, WritingError>) {
        self.events.push_back(event);
    }
}

/// The reader's end; dropping it cancels the request.
pub(super) struct LocalWriting {
    stream: Arc<Stream>,
    ticket: Ticket,
    mailbox: mpsc::UnboundedSender<Message>,
    is_over: bool,
}

impl LocalWriting {
    pub(super) fn new(
        stream: Arc<Stream>,
        ticket: Ticket,
        mailbox: mpsc::UnboundedSender<Message>,
    ) -> Self {
        Self {
            stream,
            ticket,
            mailbox,
            is_over: false,
        }
    }
}

#[async_trait]
impl Writing for LocalWriting {
    async fn next(&mut self) -> Option<Result<WritingEvent, WritingError>> {
        if self.is_over {
            return None;
        }
        loop {
            let event = self.stream.lock().events.pop_front();
            if let Some(event) = event {
                self.is_over = matches!(event, Err(_) | Ok(WritingEvent::Finished(_)));
                return Some(event);
            }
            tokio::select! {
                () = self.stream.changed.notified() => {}
                () = self.mailbox.closed() => {
                    // Nobody is left who could end the text, unless it just ended.
                    self.stream.fail(WritingError::Closing);
                }
            }
        }
    }
}

impl Drop for LocalWriting {
    fn drop(&mut self) {
        if !self.is_over {
            // Fails only when everything is over.
            let _ = self.mailbox.send(Message::Left(self.ticket));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn outlook(position: u32) -> Outlook {
        Outlook {
            position,
            is_loading: false,
            estimate_ms: None,
        }
    }

    fn finished() -> Finished {
        Finished {
            reason: domain::models::writing::FinishReason::Stop,
            prompt_tokens: 1,
            reused_tokens: 0,
            new_tokens: 2,
            drafted_tokens: 0,
            accepted_tokens: 0,
            mean_probability: None,
            weights: None,
            template: None,
            waiting_us: 0,
            prompt_us: 0,
            writing_us: 0,
        }
    }

    async fn read_all(stream: &Arc<Stream>) -> Vec<Result<WritingEvent, WritingError>> {
        let (mailbox, _messages) = mpsc::unbounded_channel();
        let mut writing = LocalWriting::new(Arc::clone(stream), Ticket(1), mailbox);
        let mut events = Vec::new();
        while let Some(event) = writing.next().await {
            events.push(event);
        }
        events
    }

    #[tokio::test]
    async fn what_nobody_read_yet_is_put_together() {
        let stream = Stream::new();
        for position in (0..100).rev() {
            stream.wait(outlook(position));
        }
        stream.start(5, 3);
        for _ in 0..1000 {
            stream.write("ab", Vec::new());
        }
        stream.finish(finished());
        let events = read_all(&stream).await;
        assert_eq!(events.len(), 4, "{events:?}");
        assert!(matches!(
            events[0],
            Ok(WritingEvent::Waiting { position: 0, .. })
        ));
        assert!(matches!(&events[2], Ok(WritingEvent::Text { text, .. }) if text.len() == 2000));
    }

    #[tokio::test]
    async fn a_second_try_begins_unnoticed_and_nothing_follows_the_end() {
        let stream = Stream::new();
        stream.start(5, 3);
        stream.wait(outlook(1));
        stream.start(5, 0);
        stream.fail(WritingError::Closing);
        stream.write("late", Vec::new());
        stream.finish(finished());
        let events = read_all(&stream).await;
        assert_eq!(events.len(), 2, "{events:?}");
        assert_eq!(events[1], Err(WritingError::Closing));
    }

    #[tokio::test]
    async fn a_reader_who_leaves_early_is_reported_and_one_who_read_all_is_not() {
        let (mailbox, mut messages) = mpsc::unbounded_channel();
        drop(LocalWriting::new(Stream::new(), Ticket(7), mailbox.clone()));
        assert!(matches!(messages.try_recv(), Ok(Message::Left(Ticket(7)))));
        let stream = Stream::new();
        stream.finish(finished());
        let mut writing = LocalWriting::new(stream, Ticket(8), mailbox);
        assert!(writing.next().await.is_some());
        assert!(writing.next().await.is_none());
        drop(writing);
        assert!(messages.try_recv().is_err());
    }

    #[tokio::test]
    async fn a_text_whose_writer_has_gone_ends_with_an_error() {
        let (mailbox, messages) = mpsc::unbounded_channel();
        let mut writing = LocalWriting::new(Stream::new(), Ticket(1), mailbox);
        drop(messages);
        assert_eq!(writing.next().await, Some(Err(WritingError::Closing)));
        assert_eq!(writing.next().await, None);
    }
}
