//! Second step: use the conversation, but only when the message refers to it.

use domain::Language;
use domain::ask::Answer;
use domain::conversations::{Message, MessageBody};
use domain::id::{ItemId, MessageId};

use super::examples::{Example, take_examples};
use super::receipt::{Facts, fact};
use super::understand::{PastedCode, Understood};

/// Messages read back, questions and answers together.
pub(super) const MESSAGES_RECALLED: u32 = 24;

/// Earlier questions that a message is routed with.
const QUESTIONS_ROUTED_MAX: usize = 6;

/// Words of a message up to which it may be a mere follow-up.
const FOLLOW_UP_WORDS_MAX: usize = 8;

/// Characters of a title made from a question.
const TITLE_CHARS_MAX: usize = 60;

/// A question with what was answered.
#[derive(Debug, Clone)]
pub(super) struct Exchange {
    pub(super) question: String,
    pub(super) answer: Option<Answer>,
}

/// The recent past of a conversation.
#[derive(Debug, Clone, Default)]
pub(super) struct Memory {
    pub(super) questions: Vec<String>,
    /// Oldest first.
    pub(super) exchanges: Vec<Exchange>,
    /// Items whose answer the user asked to be replaced by another.
    pub(super) rejected: Vec<ItemId>,
}

impl Memory {
    /// From messages, oldest first; the turn that is to be replaced does not count as past.
    pub(super) fn new(mut messages: Vec<Message>, replaces: Option<MessageId>) -> Self {
        let mut rejected = Vec::new();
        if let Some(at) =
            replaces.and_then(|id| messages.iter().position(|message| message.id == id))
        {
            if let Some(MessageBody::Answer(answer)) = messages.get(at).map(|message| &message.body)
            {
                rejected = answer
                    .sources
                    .first()
                    .map(|source| source.item)
                    .into_iter()
                    .collect();
            }
            messages.truncate(at.saturating_sub(1));
        }
        let mut memory = Self {
            rejected,
            ..Self::default()
        };
        for message in messages {
            match message.body {
                MessageBody::Question { text } => {
                    memory.questions.push(text.clone());
                    memory.exchanges.push(Exchange {
                        question: text,
                        answer: None,
                    });
                }
                MessageBody::Answer(answer) => {
                    if let Some(last) = memory.exchanges.last_mut() {
                        last.answer = Some(*answer);
                    }
                }
            }
        }
        memory
    }

    /// The user's last messages, oldest first.
    pub(super) fn questions(&self) -> &[String] {
        let over = self.questions.len().saturating_sub(QUESTIONS_ROUTED_MAX);
        self.questions.get(over..).unwrap_or_default()
    }

    fn last_answer(&self) -> Option<&Answer> {
        let mut latest = self.exchanges.iter().rev();
        latest.find_map(|exchange| exchange.answer.as_ref())
    }
}

/// A message with what it refers to filled in.
#[derive(Debug, Clone)]
pub(super) struct Request {
    /// The words to search by.
    pub(super) words: String,
    /// Code to be explained.
    pub(super) code: Option<PastedCode>,
    /// Language asked for.
    pub(super) language: Option<Language>,
    /// Name wanted for the function.
    pub(super) name: Option<String>,
    /// Examples of what the code should do.
    pub(super) examples: Vec<Example>,
    /// Whether the past was used.
    pub(super) follows_up: bool,
    /// The asker's own words, without those of the question they follow on.
    pub(super) own_words: String,
    /// Code of the answer they follow on; a language model may change it.
    pub(super) earlier_code: Option<PastedCode>,
}

impl Request {
    pub(super) fn facts(&self, memory: &Memory) -> Facts {
        vec![
            fact("messages", memory.exchanges.len()),
            fact("used", self.follows_up),
        ]
    }
}

pub(super) fn resolve(understood: Understood, memory: &Memory) -> Request {
    let Understood {
        words,
        code,
        language,
        name,
        examples,
    } = understood;
    let is_follow_up = code.is_none() && refers_back(&words);
    let request = Request {
        own_words: words.clone(),
        words,
        code,
        language,
        name,
        examples,
        follows_up: false,
        earlier_code: None,
    };
    let Some(last_question) = memory.questions.last().filter(|_| is_follow_up) else {
        return request;
    };
    let last_code = memory.last_answer().and_then(|answer| {
        answer.code.clone().map(|text| PastedCode {
            text,
            language: answer.language,
        })
    });
    if last_code.is_some() && asks_about_code(&request.words) {
        return Request {
            code: last_code,
            follows_up: true,
            ..request
        };
    }
    let (last_words, last_examples) = take_examples(last_question);
    let words = format!("{last_words}\n{}", request.words);
    let examples = if request.examples.is_empty() {
        last_examples
    } else {
        request.examples
    };
    Request {
        words,
        examples,
        follows_up: true,
        earlier_code: last_code,
        ..request
    }
}

/// Whether a message makes sense only after another: it is short and points back, or begins as a continuation.
fn refers_back(words: &str) -> bool {
    let lower = words.to_lowercase();
    let tokens: Vec<&str> = lower
        .split(|c: char| !c.is_alphanumeric() && c != '+')
        .filter(|t| !t.is_empty())
        .collect();
    let is_short = !tokens.is_empty() && tokens.len() <= FOLLOW_UP_WORDS_MAX;
    let continues = matches!(
        tokens.first(),
        Some(&("and" | "now" | "also" | "but" | "then" | "same" | "again" | "why" | "shorter"))
    ) || lower.starts_with("what about")
        || lower.starts_with("how about");
    let points_back = tokens.iter().any(|token| {
        matches!(
            *token,
            "it" | "that" | "this" | "above" | "previous" | "them"
        )
    });
    let only_names_language =
        tokens.len() <= 2 && matches!(tokens.first(), Some(&("in" | "using" | "with")));
    is_short && (continues || points_back || only_names_language)
}

fn asks_about_code(words: &str) -> bool {
    let lower = words.to_lowercase();
    [
        "explain",
        "how does",
        "what does",
        "why",
        "line by line",
        "walk",
        "complexity",
        "understand",
    ]
    .iter()
    .any(|cue| lower.contains(cue))
}

/// A title from the first line of a question.
pub(super) fn title_from(question: &str) -> String {
    let line = question
        .lines()
        .map(str::trim)
        .find(|line| !line.is_empty() && !line.starts_with("```"))
        .unwrap_or("Conversation");
    if line.chars().count() <= TITLE_CHARS_MAX {
        return line.to_owned();
    }
    let cut: String = line.chars().take(TITLE_CHARS_MAX - 1).collect();
    let whole_words = cut
        .rsplit_once(' ')
        .map_or(cut.as_str(), |(before, _)| before);
    format!("{whole_words}…")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_short_messages_that_point_back_are_follow_ups() {
        for text in [
            "and in rust?",
            "explain it",
            "what about javascript",
            "why?",
            "in C++",
            "explain this code line by line",
        ] {
            assert!(refers_back(text), "{text}");
        }
        for text in [
            "explain recursion",
            "write a function that rotates a list to the right by k places",
            "",
        ] {
            assert!(!refers_back(text), "{text}");
        }
    }

    #[test]
    fn titles_are_short_and_whole() {
        assert_eq!(title_from("explain recursion\nplease"), "explain recursion");
        let long = title_from(
            "write a python function to check if two numbers in a list are closer than a threshold",
        );
        assert_eq!(
            long,
            "write a python function to check if two numbers in a list…"
        );
        assert_eq!(title_from("```\n```"), "Conversation");
    }
}
