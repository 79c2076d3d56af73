//! A language model that says what a test wants it to say, for what a real one cannot be made to do: write wrong code first and right
//! code after, contradict the code, speak for the user, fail.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use domain::models::writing::{
    FinishReason, Finished, Prompt, Speaker, Writer, Writing, WritingError, WritingEvent,
    WritingRequest,
};
use domain::models::{Digest, ModelName};

/// What is said to one request.
pub(crate) enum Line {
    /// This text, in pieces of three characters.
    Says(String),
    /// This text, and then it fails.
    Fails(&'static str, WritingError),
    /// It never begins.
    Hangs,
}

type Play = dyn Fn(&WritingRequest, usize) -> Line + Send + Sync;

/// Says what its function gives for the request of this number, and remembers what it was asked.
pub(crate) struct ScriptedWriter {
    play: Box<Play>,
    names: Vec<ModelName>,
    pub(crate) asked: Mutex<Vec<WritingRequest>>,
    /// Texts that are being written.
    pub(crate) open: Arc<AtomicUsize>,
}

impl ScriptedWriter {
    pub(crate) fn new(
        names: &[&str],
        play: impl Fn(&WritingRequest, usize) -> Line + Send + Sync + 'static,
    ) -> Self {
        Self {
            play: Box::new(play),
            names: names.iter().map(|name| name.parse().unwrap()).collect(),
            asked: Mutex::new(Vec::new()),
            open: Arc::default(),
        }
    }

    /// The words of the user in the request of this number.
    pub(crate) fn prompt(&self, number: usize) -> String {
        let asked = self.asked.lock().unwrap();
        let Prompt::Chat(messages) = &asked[number].prompt else {
            panic!("a chat");
        };
        messages
            .iter()
            .filter(|message| message.speaker != Speaker::System)
            .map(|message| format!("{}: {}\n", message.speaker.name(), message.text))
            .collect::<Vec<_>>()
            .concat()
    }
}

#[async_trait]
impl Writer for ScriptedWriter {
    async fn write(&self, request: WritingRequest) -> Result<Box<dyn Writing>, WritingError> {
        if !self.names.contains(&request.model) {
            return Err(WritingError::UnknownModel(request.model));
        }
        let number = {
            let mut asked = self.asked.lock().unwrap();
            asked.push(request.clone());
            asked.len() - 1
        };
        let line = (self.play)(&request, number);
        self.open.fetch_add(1, Ordering::SeqCst);
        Ok(Box::new(Spoken {
            events: events(&line),
            hangs: matches!(line, Line::Hangs),
            open: self.open.clone(),
        }))
    }

    async fn list_names(&self) -> Vec<ModelName> {
        self.names.clone()
    }

    async fn count_tokens(&self, _: &ModelName, text: &str) -> Option<u32> {
        u32::try_from(text.len() / 4).ok()
    }
}

struct Spoken {
    events: VecDeque<Result<WritingEvent, WritingError>>,
    hangs: bool,
    open: Arc<AtomicUsize>,
}

fn events(line: &Line) -> VecDeque<Result<WritingEvent, WritingError>> {
    let text = match line {
        Line::Says(text) => text.as_str(),
        Line::Fails(text, _) => text,
        Line::Hangs => "",
    };
    let waiting = WritingEvent::Waiting {
        position: 0,
        is_loading: true,
        estimate_ms: Some(900),
    };
    let started = WritingEvent::Started {
        prompt_tokens: 40,
        reused_tokens: 8,
    };
    let letters: Vec<char> = text.chars().collect();
    let pieces = letters.chunks(3).map(|piece| WritingEvent::Text {
        text: piece.iter().collect(),
        tokens: Vec::new(),
    });
    let mut events: VecDeque<_> = [waiting, started]
        .into_iter()
        .chain(pieces)
        .map(Ok)
        .collect();
    match line {
        Line::Says(text) => events.push_back(Ok(WritingEvent::Finished(Box::new(finished(text))))),
        Line::Fails(_, error) => events.push_back(Err(error.clone())),
        Line::Hangs => events.truncate(1),
    }
    events
}

fn finished(text: &str) -> Finished {
    Finished {
        reason: FinishReason::Stop,
        prompt_tokens: 40,
        reused_tokens: 8,
        new_tokens: u32::try_from(text.len().div_ceil(3)).unwrap(),
        drafted_tokens: 4,
        accepted_tokens: 2,
        mean_probability: Some(0.75),
        weights: Some(Digest([1; 32])),
        template: Some(Digest([2; 32])),
        waiting_us: 10,
        prompt_us: 20,
        writing_us: 30,
    }
}

#[async_trait]
impl Writing for Spoken {
    async fn next(&mut self) -> Option<Result<WritingEvent, WritingError>> {
        match self.events.pop_front() {
            Some(event) => Some(event),
            None if self.hangs => std::future::pending().await,
            None => None,
        }
    }
}

impl Drop for Spoken {
    fn drop(&mut self) {
        self.open.fetch_sub(1, Ordering::SeqCst);
    }
}
