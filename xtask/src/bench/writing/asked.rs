//! One request to a language model as its client sees it, and prompts of a wanted length.

use std::time::{Duration, Instant};

use anyhow::Context as _;
use domain::models::writing::{
    Finished, Prompt, Sampling, Shape, Writer, Writing, WritingEvent, WritingRequest,
};
use domain::models::{AdapterName, ModelName};

use crate::bench::vectors::Random;

/// Attempts to come to the wanted number of tokens by adding letters.
const LETTERS_MAX: usize = 64;

/// What came of a request.
pub(crate) struct Told {
    /// From asking to the last event.
    pub(crate) done: Duration,
    pub(crate) text: String,
    pub(crate) finished: Finished,
}

/// A request for the most probable tokens after `text`.
pub(crate) fn request(model: &ModelName, text: &str, new_tokens: u32) -> WritingRequest {
    WritingRequest {
        model: model.clone(),
        adapter: None,
        prompt: Prompt::Text(text.to_owned()),
        sampling: Sampling {
            max_new_tokens: new_tokens,
            ..Sampling::default()
        },
        shape: Shape::Free,
        owner: "bench".to_owned(),
        is_lookup: false,
        logprobs: None,
    }
}

/// The same with an adapter.
pub(crate) fn with_adapter(mut request: WritingRequest, adapter: &AdapterName) -> WritingRequest {
    request.adapter = Some(adapter.clone());
    request
}

/// Asks and listens to the end.
pub(crate) async fn ask(writer: &dyn Writer, request: WritingRequest) -> anyhow::Result<Told> {
    let began = Instant::now();
    let mut writing = writer.write(request).await?;
    let mut whole = String::new();
    loop {
        let event = writing.next().await.context("it ended without an end")??;
        match event {
            WritingEvent::Text { text, .. } => whole.push_str(&text),
            WritingEvent::Finished(finished) => {
                let done = began.elapsed();
                return Ok(Told {
                    done,
                    text: whole,
                    finished: *finished,
                });
            }
            WritingEvent::Waiting { .. } | WritingEvent::Started { .. } => {}
        }
    }
}

/// Asks and listens until `pieces` of the text have come.
pub(crate) async fn ask_for_a_beginning(
    writer: &dyn Writer,
    request: WritingRequest,
    pieces: usize,
) -> anyhow::Result<Box<dyn Writing>> {
    let mut writing = writer.write(request).await?;
    let mut heard = 0;
    while heard < pieces {
        let event = writing.next().await.context("it ended without an end")??;
        match event {
            WritingEvent::Text { .. } => heard += 1,
            WritingEvent::Finished(_) => anyhow::bail!("it was finished after {heard} pieces"),
            WritingEvent::Waiting { .. } | WritingEvent::Started { .. } => {}
        }
    }
    Ok(writing)
}

/// Tokens in a second.
pub(crate) fn per_second(tokens: u32, time: Duration) -> f64 {
    f64::from(tokens) / time.as_secs_f64()
}

/// Makes texts of the words of the library.
pub(crate) struct Texts {
    words: Vec<String>,
    random: Random,
}

impl Texts {
    pub(crate) fn new(words: Vec<String>) -> Self {
        Self {
            words,
            random: Random::new(40_417),
        }
    }

    /// A text of `tokens` tokens for `model`, or one fewer where no text comes closer. It begins differently each time, so that
    /// nothing that was computed before serves it. The model must be loaded.
    pub(crate) async fn text(
        &mut self,
        writer: &dyn Writer,
        model: &ModelName,
        tokens: u32,
    ) -> anyhow::Result<String> {
        let count = async |text: &str| {
            let counted = writer.count_tokens(model, text).await;
            counted.with_context(|| format!("{model} does not count tokens"))
        };
        let words: Vec<&str> = (0..tokens)
            .map(|_| self.words[self.random.below(self.words.len())].as_str())
            .collect();
        // No word is less than a token, so some beginning of them has just as many as wanted, or nearly.
        let (mut fits, mut most) = (0, words.len());
        while fits < most {
            let middle = (fits + most).div_ceil(2);
            if count(&words[..middle].join(" ")).await? <= tokens {
                fits = middle;
            } else {
                most = middle - 1;
            }
        }
        let mut text = words[..fits].join(" ");
        for _ in 0..LETTERS_MAX {
            if count(&text).await? == tokens {
                break;
            }
            let longer = format!("{text} a");
            if count(&longer).await? > tokens {
                break;
            }
            text = longer;
        }
        let counted = count(&text).await?;
        anyhow::ensure!(
            counted + 1 >= tokens,
            "no text of {tokens} tokens could be made for {model}, only one of {counted}"
        );
        Ok(text)
    }
}
