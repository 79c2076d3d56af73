//! The forms in which a conversation is offered to a template, the plainest first.

use domain::models::writing::{ChatMessage, Speaker};

use super::marks::Marks;

/// Between texts that are put into one message.
const BETWEEN: &str = "\n\n";

/// A message as a template gets it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Turn {
    pub(super) speaker: Speaker,
    /// Numbers of the messages whose texts it has, in order.
    pub(super) messages: Vec<usize>,
}

impl Turn {
    /// The text with a mark for each message's. Empty messages have none: there is nothing to protect, and templates treat an
    /// empty text specially.
    pub(super) fn marked(&self, messages: &[ChatMessage], marks: &Marks) -> String {
        let texts: Vec<String> = self
            .messages
            .iter()
            .filter(|index| {
                messages
                    .get(**index)
                    .is_some_and(|message| !message.text.is_empty())
            })
            .map(|index| marks.mark(*index))
            .collect();
        texts.join(BETWEEN)
    }
}

/// The conversation as it is; without system messages; without them and with the speakers taking turns. Forms that do not differ
/// are left out.
pub(super) fn arrangements(messages: &[ChatMessage]) -> Vec<Vec<Turn>> {
    let plain: Vec<Turn> = messages
        .iter()
        .enumerate()
        .map(|(index, message)| Turn {
            speaker: message.speaker,
            messages: vec![index],
        })
        .collect();
    let folded = fold_system(&plain);
    let alternating = take_turns(&folded);
    let mut forms = vec![plain, folded, alternating];
    forms.dedup();
    forms
}

/// How many messages at the front are of the system.
pub(super) fn count_leading_system(messages: &[ChatMessage]) -> usize {
    messages
        .iter()
        .take_while(|message| message.speaker == Speaker::System)
        .count()
}

/// Puts system messages before the next message of the user, or after the last one when none follows.
fn fold_system(turns: &[Turn]) -> Vec<Turn> {
    let mut folded: Vec<Turn> = Vec::with_capacity(turns.len());
    let mut waiting: Vec<usize> = Vec::new();
    for turn in turns {
        match turn.speaker {
            Speaker::System => waiting.extend(&turn.messages),
            Speaker::User => {
                let mut messages = std::mem::take(&mut waiting);
                messages.extend(&turn.messages);
                folded.push(Turn {
                    speaker: Speaker::User,
                    messages,
                });
            }
            Speaker::Assistant => folded.push(turn.clone()),
        }
    }
    if waiting.is_empty() {
        return folded;
    }
    match folded
        .iter_mut()
        .rfind(|turn| turn.speaker == Speaker::User)
    {
        Some(last) => last.messages.extend(waiting),
        None => folded.insert(
            0,
            Turn {
                speaker: Speaker::User,
                messages: waiting,
            },
        ),
    }
    folded
}

/// Joins adjacent turns of one speaker.
fn take_turns(turns: &[Turn]) -> Vec<Turn> {
    let mut joined: Vec<Turn> = Vec::with_capacity(turns.len());
    for turn in turns {
        match joined.last_mut() {
            Some(last) if last.speaker == turn.speaker => last.messages.extend(&turn.messages),
            _ => joined.push(turn.clone()),
        }
    }
    joined
}
