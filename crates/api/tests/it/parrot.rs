//! A stand-in for language models where only their HTTP side is looked at: it says the prompt's last text again, a word a token,
//! and keeps what it was asked. The models themselves are tested where their engine runs.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use domain::models::writing::{
    FinishReason, Finished, Prompt, TokenInfo, Writer, Writing, WritingError, WritingEvent,
    WritingRequest,
};
use domain::models::{AdapterName, Digest, ModelName};
use tokio::sync::Notify;

/// Tokens that a prompt and its answer may have together.
pub(crate) const CONTEXT: u32 = 2000;

/// Says everything again; clones share what they were asked.
#[derive(Clone, Default)]
pub(crate) struct Parrot {
    asked: Arc<Mutex<Vec<WritingRequest>>>,
    /// Told when a text is dropped before its end.
    pub(crate) dropped: Arc<Notify>,
}

impl Parrot {
    /// What was asked last.
    pub(crate) fn last_asked(&self) -> WritingRequest {
        self.asked.lock().unwrap().last().unwrap().clone()
    }

    /// How often something was asked.
    pub(crate) fn count_asked(&self) -> usize {
        self.asked.lock().unwrap().len()
    }
}

fn words_of(text: &str) -> impl Iterator<Item = &str> {
    text.split_inclusive(' ')
}

fn count(text: &str) -> u32 {
    u32::try_from(words_of(text).count()).unwrap()
}

#[async_trait]
impl Writer for Parrot {
    async fn write(&self, request: WritingRequest) -> Result<Box<dyn Writing>, WritingError> {
        self.asked.lock().unwrap().push(request.clone());
        let text = match &request.prompt {
            Prompt::Text(text) => text.clone(),
            Prompt::Chat(messages) => messages.last().unwrap().text.clone(),
        };
        if text == "busy" {
            return Err(WritingError::Busy(64));
        }
        let waiting = WritingEvent::Waiting {
            position: 1,
            is_loading: true,
            estimate_ms: Some(20),
        };
        let mut events = VecDeque::from([Ok(waiting)]);
        let prompt_tokens = count(&text);
        if prompt_tokens + request.sampling.max_new_tokens > CONTEXT {
            events.push_back(Err(WritingError::TooLong {
                model: request.model,
                prompt_tokens,
                context_tokens: CONTEXT,
            }));
        } else {
            say(&text, &request, &mut events);
        }
        Ok(Box::new(Saying {
            events,
            is_endless: text.starts_with("for ever"),
            dropped: self.dropped.clone(),
        }))
    }

    async fn list_names(&self) -> Vec<ModelName> {
        vec!["birds/parrot".parse().unwrap(), "cockatoo".parse().unwrap()]
    }

    async fn list_adapters(&self) -> Vec<(ModelName, AdapterName)> {
        let adapters = [("cockatoo", "grey"), ("cockatoo", "white")];
        let parsed = adapters.map(|(model, adapter)| (model.parse(), adapter.parse()));
        parsed
            .into_iter()
            .map(|(model, adapter)| (model.unwrap(), adapter.unwrap()))
            .collect()
    }

    async fn count_tokens(&self, _: &ModelName, text: &str) -> Option<u32> {
        Some(count(text))
    }
}

fn say(
    text: &str,
    request: &WritingRequest,
    events: &mut VecDeque<Result<WritingEvent, WritingError>>,
) {
    let prompt_tokens = count(text);
    events.push_back(Ok(WritingEvent::Started {
        prompt_tokens,
        reused_tokens: 1,
    }));
    let stop = request.sampling.stop.iter();
    let end = stop.filter_map(|stop| text.find(stop.as_str())).min();
    let said = end.map_or(text, |end| text.split_at(end).0);
    let mut new_tokens = 0;
    for word in words_of(said).take(request.sampling.max_new_tokens as usize) {
        new_tokens += 1;
        let top = vec![
            (word.as_bytes().to_vec(), -0.25),
            (b"\xff".to_vec(), f32::NEG_INFINITY),
        ];
        let tokens = request.logprobs.map(|alternatives| TokenInfo {
            bytes: word.as_bytes().to_vec(),
            logprob: -0.25,
            top: top.into_iter().take(alternatives as usize).collect(),
        });
        events.push_back(Ok(WritingEvent::Text {
            text: word.to_owned(),
            tokens: tokens.into_iter().collect(),
        }));
    }
    let reason = if new_tokens < count(said) {
        FinishReason::Length
    } else {
        FinishReason::Stop
    };
    events.push_back(Ok(WritingEvent::Finished(Box::new(Finished {
        reason,
        prompt_tokens,
        reused_tokens: 1,
        new_tokens,
        drafted_tokens: 3,
        accepted_tokens: 2,
        mean_probability: Some(0.5),
        weights: Some(Digest([0xab; 32])),
        template: None,
        waiting_us: 1,
        prompt_us: 2,
        writing_us: 3,
    }))));
}

struct Saying {
    events: VecDeque<Result<WritingEvent, WritingError>>,
    is_endless: bool,
    dropped: Arc<Notify>,
}

#[async_trait]
impl Writing for Saying {
    async fn next(&mut self) -> Option<Result<WritingEvent, WritingError>> {
        if self.is_endless && self.events.len() == 1 {
            return std::future::pending().await;
        }
        self.events.pop_front()
    }
}

impl Drop for Saying {
    fn drop(&mut self) {
        if !self.events.is_empty() {
            self.dropped.notify_one();
        }
    }
}
