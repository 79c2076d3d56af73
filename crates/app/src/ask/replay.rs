//! Has the model of an earlier answer write it again from the same words with the same seed, and compares.

use std::time::Duration;

use domain::StoreError;
use domain::accounts::Principal;
use domain::ask::WrittenText;
use domain::id::ReceiptId;
use domain::models::ModelName;
use domain::models::writing::{Finished, Writer, WritingError, WritingEvent, WritingRequest};

use super::AskService;

/// Time for writing a text again, waiting for the model included.
const TIME_MAX: Duration = Duration::from_mins(8);

/// Characters that are shown from where two texts part.
const SHOWN_CHARS: usize = 60;

/// Why an answer was not written again.
#[derive(Debug, thiserror::Error)]
pub enum ReplayError {
    /// There is no such receipt for this account.
    #[error("you have no such receipt")]
    NotFound,
    /// No language model took part.
    #[error(
        "no language model took part in this answer, so there is nothing to write again; asking again gives the same"
    )]
    NotWritten,
    /// The model cannot write it.
    #[error("it cannot be written again: {0}")]
    Writing(#[from] WritingError),
    /// It took too long.
    #[error("the model `{0}` took too long; try again when it has less to do")]
    Slow(ModelName),
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// A text that was written again.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Replay {
    /// The model.
    pub model: ModelName,
    /// The seed.
    pub seed: u64,
    /// The text it wrote now; as far as the first one went, when that was broken off.
    pub text: String,
    /// Where it parts from the first one; `None` when it is the same.
    pub difference: Option<Difference>,
}

/// Where two texts part, and why that may be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Difference {
    /// Characters that are the same in both.
    pub same_chars: usize,
    /// How the first one went on, cut short.
    pub was: String,
    /// How the new one goes on, cut short.
    pub is: String,
    /// What changed since, as a sentence.
    pub reason: String,
}

impl AskService {
    /// Writes the text that an answer of the caller's was made of again. Nothing is stored.
    pub async fn replay(
        &self,
        principal: &Principal,
        id: ReceiptId,
    ) -> Result<Replay, ReplayError> {
        let owner = principal.account.id;
        let receipt = self.parts.conversations.find_receipt(owner, id).await?;
        let texts = receipt.ok_or(ReplayError::NotFound)?.writings;
        let shown = texts.iter().rev().find(|text| text.is_shown);
        let first = shown.or(texts.last()).ok_or(ReplayError::NotWritten)?;
        let request = WritingRequest {
            owner: owner.to_string(),
            ..first.request.clone()
        };
        let writing = write(self.parts.writer.as_ref(), request, first);
        let (text, finished) = tokio::time::timeout(TIME_MAX, writing)
            .await
            .map_err(|_| ReplayError::Slow(first.request.model.clone()))??;
        Ok(Replay {
            model: first.request.model.clone(),
            seed: first.request.sampling.seed,
            difference: compare(first, &text, finished.as_ref()),
            text,
        })
    }
}

/// Writes it again; what was broken off is broken off at the same place.
async fn write(
    writer: &dyn Writer,
    request: WritingRequest,
    first: &WrittenText,
) -> Result<(String, Option<Finished>), WritingError> {
    let mut writing = writer.write(request).await?;
    let mut text = String::new();
    while let Some(event) = writing.next().await {
        match event? {
            WritingEvent::Text { text: piece, .. } => text.push_str(&piece),
            WritingEvent::Finished(finished) => return Ok((text, Some(*finished))),
            WritingEvent::Waiting { .. } | WritingEvent::Started { .. } => {}
        }
        if first.finished.is_none() && text.len() >= first.text.len() {
            text.truncate(text.floor_char_boundary(first.text.len()));
            break;
        }
    }
    Ok((text, None))
}

fn compare(first: &WrittenText, text: &str, finished: Option<&Finished>) -> Option<Difference> {
    if first.text == text {
        return None;
    }
    let same_chars = first
        .text
        .chars()
        .zip(text.chars())
        .take_while(|(was, is)| was == is)
        .count();
    let tail = |text: &str| text.chars().skip(same_chars).take(SHOWN_CHARS).collect();
    let digests = |finished: &Finished| (finished.weights, finished.template);
    let reason = match (first.finished.as_ref().map(digests), finished.map(digests)) {
        (Some((was, _)), Some((is, _))) if was != is => {
            "The weights of the model are others than they were."
        }
        (Some((_, was)), Some((_, is))) if was != is => {
            "The chat template of the model is another than it was."
        }
        _ => {
            "The model is the same; another build, other hardware, or what was computed beside it rounds differently."
        }
    };
    Some(Difference {
        same_chars,
        was: tail(&first.text),
        is: tail(text),
        reason: reason.to_owned(),
    })
}
