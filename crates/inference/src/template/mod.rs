//! Chat templates: how a model wants a conversation written out. The template comes with the weights and is foreign code, so it
//! runs in a sandbox ([`sandbox`]) and never sees what people write: marks stand for the texts ([`marks`]), and the texts are put
//! in afterwards, as pieces that cannot become markup.

mod builtin;
mod instrument;
mod json;
mod marks;
mod moment;
mod sandbox;
#[cfg(test)]
mod tests;
mod turns;
mod weight;

use domain::models::writing::{ChatMessage, PROMPT_BYTES_MAX, Speaker};
use domain::models::{Digest, ModelName};
use domain::time::Timestamp;
use sha2::{Digest as _, Sha256};

use crate::engine::generator::frame::Segment;
use crate::gguf::{Array, Header, Value};
use marks::{Edge, Marks, Part};
use sandbox::{Fault, Sandbox};
use turns::Turn;

/// Key of the template in a model's file.
const TEMPLATE_KEY: &str = "tokenizer.chat_template";
/// Most messages of a conversation; every one of them costs the template steps.
const MESSAGES_MAX: usize = 1024;
/// Most bytes of the written-out conversation: a template may repeat a text, but not without end.
const RENDERED_BYTES_MAX: usize = 4 * PROMPT_BYTES_MAX;

/// Longest token that templates get by a variable.
const TOKEN_BYTES_MAX: usize = 1024;

/// A conversation cannot be written out in a model's template.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum TemplateError {
    /// The template in the model's file cannot be used for any conversation.
    #[error(
        "the chat template of the model `{model}` cannot be used: {reason}; send plain text instead of a chat, or use another \
         file of the model"
    )]
    Unusable {
        /// The model.
        model: ModelName,
        /// What is wrong with it.
        reason: String,
    },
    /// The template does not take this conversation.
    #[error("the chat template of the model `{model}` does not take this conversation: {reason}")]
    Refused {
        /// The model.
        model: ModelName,
        /// Why not.
        reason: String,
    },
}

/// A conversation, written out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Rendered {
    /// The prompt, in order: the template's own words as markup, the messages as text. No piece is empty. Where the template
    /// writes the token that begins a text, it is part of the first piece.
    pub(crate) segments: Vec<Segment>,
    /// So many segments at the front depend on nothing but the system message before the first other message.
    pub(crate) shared_segments: usize,
    /// Texts that end the model's answer, for models that do not always say so by a token of their own.
    pub(crate) stop: Vec<String>,
    /// SHA-256 of the template's source.
    pub(crate) digest: Digest,
}

/// The template of a model, ready to be used any number of times.
#[derive(Debug)]
pub(crate) struct ChatTemplate {
    model: ModelName,
    sandbox: Sandbox,
    stop: Vec<String>,
    digest: Digest,
}

impl ChatTemplate {
    /// The template in a model's file, or the form its family was trained with when the file has none.
    ///
    /// # Errors
    /// [`TemplateError::Unusable`] when the template is no template or far too long.
    pub(crate) fn of_model(model: &ModelName, header: &Header) -> Result<Self, TemplateError> {
        let source = header
            .find_text(TEMPLATE_KEY)
            .unwrap_or_else(|| builtin::choose(model, header));
        let tokens = SpecialTokens::read(header);
        let stop = builtin::stops(source, tokens.end.as_deref());
        let sandbox = Sandbox::new(source, tokens).map_err(|fault| TemplateError::Unusable {
            model: model.clone(),
            reason: fault.reason(),
        })?;
        Ok(Self {
            model: model.clone(),
            sandbox,
            stop,
            digest: Digest(Sha256::digest(source).into()),
        })
    }

    /// Writes a conversation out. When the last message is the assistant's, the model is to go on with it; otherwise an answer is
    /// begun. Takes up to some tens of milliseconds of computing; call it where that is no harm. `now` is what the template is
    /// told when it asks for the date.
    ///
    /// A template that refuses system messages or drops them gets their text before that of the next message of the user, and
    /// one that wants the speakers to take turns gets adjacent messages of one speaker as one.
    ///
    /// # Errors
    /// [`TemplateError::Refused`] when the template does not take the conversation in any of these forms, loses a text, or does
    /// not come to an end.
    pub(crate) fn render(
        &self,
        messages: &[ChatMessage],
        now: Option<Timestamp>,
    ) -> Result<Rendered, TemplateError> {
        self.try_render(messages, now)
            .map_err(|fault| TemplateError::Refused {
                model: self.model.clone(),
                reason: fault.reason(),
            })
    }

    fn try_render(
        &self,
        messages: &[ChatMessage],
        now: Option<Timestamp>,
    ) -> Result<Rendered, Fault> {
        let messages = match messages {
            // Nothing to go on with is the same as an answer not yet begun.
            [before @ .., last] if last.speaker == Speaker::Assistant && last.text.is_empty() => {
                before
            }
            all => all,
        };
        check_size(messages)?;
        let marks = Marks::new(self.digest, messages);
        let mut fault = None;
        for turns in turns::arrangements(messages) {
            match self.render_turns(messages, &turns, &marks, now) {
                Ok(rendered) => return Ok(rendered),
                Err(Fault::Refused(reason)) => fault = Some(Fault::Refused(reason)),
                Err(exhausted @ Fault::Exhausted(_)) => return Err(exhausted),
            }
        }
        Err(fault.expect("BUG: there is always an arrangement"))
    }

    fn render_turns(
        &self,
        messages: &[ChatMessage],
        turns: &[Turn],
        marks: &Marks,
        now: Option<Timestamp>,
    ) -> Result<Rendered, Fault> {
        let prefill = messages
            .last()
            .filter(|last| last.speaker == Speaker::Assistant)
            .map(|_| messages.len() - 1);
        let marked: Vec<(Speaker, String)> = turns
            .iter()
            .map(|turn| (turn.speaker, turn.marked(messages, marks)))
            .collect();
        let written = self.sandbox.run(&marked, prefill.is_none(), now)?;
        tracing::trace!(model = %self.model, steps = written.steps, "a chat was written out");
        let mut parts = marks.split(&written.output)?;
        if let Some(prefill) = prefill {
            cut_after(&mut parts, prefill)?;
        }
        check_complete(&parts, messages)?;
        let (segments, shared_segments) = fill_in(&parts, messages)?;
        Ok(Rendered {
            segments,
            shared_segments,
            stop: self.stop.clone(),
            digest: self.digest,
        })
    }
}

fn check_size(messages: &[ChatMessage]) -> Result<(), Fault> {
    if messages.is_empty() {
        return Err(Fault::Refused(
            "it has no messages; send at least one".to_owned(),
        ));
    }
    let bytes: usize = messages.iter().map(|message| message.text.len()).sum();
    if messages.len() > MESSAGES_MAX || bytes > PROMPT_BYTES_MAX {
        return Err(Fault::Exhausted(format!(
            "it has {} messages and {bytes} bytes; at most {MESSAGES_MAX} messages and {PROMPT_BYTES_MAX} bytes are taken",
            messages.len()
        )));
    }
    Ok(())
}

/// Ends the parts with the text of message `prefill`, as it was sent.
fn cut_after(parts: &mut Vec<Part<'_>>, prefill: usize) -> Result<(), Fault> {
    let place = parts.iter().rposition(|part| match part {
        Part::Markup(_) => false,
        Part::Content { index, .. } => *index == prefill,
    });
    let Some(place) = place else {
        return Err(lost(prefill));
    };
    parts.truncate(place + 1);
    if let Some(Part::Content { right, .. }) = parts.last_mut() {
        *right = Edge::Kept;
    }
    Ok(())
}

/// A text that people wrote is never left out in silence.
fn check_complete(parts: &[Part<'_>], messages: &[ChatMessage]) -> Result<(), Fault> {
    let mut is_written = vec![false; messages.len()];
    for part in parts {
        if let Part::Content { index, .. } = part {
            *is_written
                .get_mut(*index)
                .ok_or_else(|| Fault::Refused("it changes the messages' texts".to_owned()))? = true;
        }
    }
    let missing = messages
        .iter()
        .zip(is_written)
        .position(|(message, is_written)| !is_written && !message.text.trim().is_empty());
    match missing {
        None => Ok(()),
        Some(index) => Err(lost(index)),
    }
}

fn lost(index: usize) -> Fault {
    Fault::Refused(format!("it leaves out or changes message {}", index + 1))
}

fn fill_in(parts: &[Part<'_>], messages: &[ChatMessage]) -> Result<(Vec<Segment>, usize), Fault> {
    let system_messages = turns::count_leading_system(messages);
    let mut segments: Vec<Segment> = Vec::with_capacity(parts.len());
    let mut shared_segments = None;
    let mut bytes = 0;
    for part in parts {
        let (text, is_markup) = match *part {
            Part::Markup(text) => (text, true),
            Part::Content { index, left, right } => {
                let text = messages
                    .get(index)
                    .map_or("", |message| message.text.as_str());
                if index >= system_messages {
                    shared_segments = shared_segments.or(Some(segments.len()));
                }
                (marks::trim(text, left, right), false)
            }
        };
        bytes += text.len();
        if bytes > RENDERED_BYTES_MAX {
            return Err(Fault::Exhausted(format!(
                "it would be longer than {RENDERED_BYTES_MAX} bytes when written out"
            )));
        }
        if !text.is_empty() {
            segments.push(Segment {
                text: text.to_owned(),
                is_markup,
            });
        }
    }
    let shared_segments = shared_segments.unwrap_or(segments.len());
    Ok((segments, shared_segments))
}

/// Names of tokens that templates write by variables.
#[derive(Debug, Clone, Default)]
pub(super) struct SpecialTokens {
    pub(super) begin: Option<String>,
    pub(super) end: Option<String>,
    pub(super) unknown: Option<String>,
    pub(super) padding: Option<String>,
}

impl SpecialTokens {
    fn read(header: &Header) -> Self {
        let words = match header.find("tokenizer.ggml.tokens") {
            Some(Value::Array(Array::Strings(words))) => words.as_slice(),
            _ => &[],
        };
        let find = |key: &str| {
            let id = header.find_u32(key)?;
            let word = words.get(usize::try_from(id).ok()?)?;
            (word.len() <= TOKEN_BYTES_MAX).then(|| word.clone())
        };
        Self {
            begin: find("tokenizer.ggml.bos_token_id"),
            end: find("tokenizer.ggml.eos_token_id"),
            unknown: find("tokenizer.ggml.unknown_token_id"),
            padding: find("tokenizer.ggml.padding_token_id"),
        }
    }
}
