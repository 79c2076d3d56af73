//! What a language model is given to read, and how much of it fits: the task always, then what is known, then what was said before.

use domain::ask::{Answer, Style};
use domain::models::writing::{ChatMessage, Speaker};

use super::recall::{Exchange, Memory, Request};

/// Turns that are given word for word.
const TURNS_MAX: usize = 2;
/// Bytes of one earlier message that is given word for word; a longer one is only summed up.
const TURN_BYTES_MAX: usize = 2000;
/// Bytes of what is said of older turns.
const SUMMARY_BYTES_MAX: usize = 700;
/// Characters of an older question in the summary.
const QUESTION_CHARS_MAX: usize = 100;
/// Bytes of a note below which it is not worth cutting it.
const NOTE_BYTES_MIN: usize = 200;

/// The instructions, one text for each task. They are the same for everybody, so that what a model computed for them is shared.
pub(super) const GENERATE: &str = include_str!("prompts/generate.txt");
pub(super) const CHANGE: &str = include_str!("prompts/change.txt");

/// The instructions for an explanation.
pub(super) const fn explaining_in(style: Style) -> &'static str {
    match style {
        Style::Beginner => include_str!("prompts/explain-beginner.txt"),
        Style::Technical => include_str!("prompts/explain-technical.txt"),
        Style::StepByStep => include_str!("prompts/explain-step-by-step.txt"),
    }
}

/// Something known that helps with the task.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Known {
    pub(super) text: String,
    /// Whether it may end early; code may not.
    pub(super) is_prose: bool,
}

/// What a prompt is made of.
#[derive(Debug, Clone)]
pub(super) struct Page {
    system: &'static str,
    /// Older turns in a sentence each.
    summary: String,
    /// The last turns, oldest first.
    turns: Vec<[ChatMessage; 2]>,
    /// Best first.
    pub(super) known: Vec<Known>,
    /// The task.
    task: String,
    /// What was written so far and what is wrong with it.
    after: Vec<ChatMessage>,
}

impl Page {
    /// A page with the instructions and the task alone.
    pub(super) fn new(system: &'static str, task: String) -> Self {
        Self {
            system: system.trim_end(),
            summary: String::new(),
            turns: Vec::new(),
            known: Vec::new(),
            task,
            after: Vec::new(),
        }
    }

    /// With what was said before, when the request refers to it.
    pub(super) fn remembering(mut self, request: &Request, memory: &Memory) -> Self {
        if !request.follows_up {
            return self;
        }
        let turns: Vec<Option<[ChatMessage; 2]>> = memory.exchanges.iter().map(as_turn).collect();
        let mut kept = memory.exchanges.len();
        for turn in turns.into_iter().rev().take(TURNS_MAX) {
            let Some(turn) = turn else { break };
            self.turns.insert(0, turn);
            kept -= 1;
        }
        self.summary = sum_up(memory.exchanges.get(..kept).unwrap_or_default());
        self
    }

    /// With more said after the task: by the model, or about what it wrote.
    pub(super) fn followed_by(&self, after: Vec<ChatMessage>) -> Self {
        Self {
            after,
            ..self.clone()
        }
    }

    /// With a warning about what went wrong before, and the answer as far as it was right.
    pub(super) fn warned(&self, wrong: &str, begun: &str) -> Self {
        let begun = begun.trim_end();
        let after = (!begun.is_empty()).then(|| said(Speaker::Assistant, begun));
        Self {
            task: format!(
                "{}\n\nTake care, an earlier try was wrong: {wrong}.",
                self.task
            ),
            after: after.into_iter().collect(),
            ..self.clone()
        }
    }

    /// What a model may begin its answer by repeating: the task, its words alone, or its last line.
    pub(super) fn echoes(&self) -> Vec<&str> {
        let task = self.task.as_str();
        let words = task.split_once(": ").map(|(_, words)| words);
        let last = task.lines().next_back();
        [Some(task), words, last].into_iter().flatten().collect()
    }

    /// The messages, of `bytes_max` bytes at most unless instructions and task are longer: the task comes first, then what is
    /// known, best first, then the last turns, then what is said of older ones.
    pub(super) fn messages(&self, bytes_max: usize) -> Vec<ChatMessage> {
        let after: usize = self.after.iter().map(|message| message.text.len()).sum();
        let mut left = bytes_max.saturating_sub(self.system.len() + self.task.len() + after);
        let mut known = Vec::new();
        for item in &self.known {
            let text = fitting(item, left);
            left = left.saturating_sub(text.len() + 1);
            known.extend((!text.is_empty()).then_some(text));
        }
        let mut turns = Vec::new();
        for turn in self.turns.iter().rev() {
            let size: usize = turn.iter().map(|message| message.text.len()).sum();
            if size > left {
                break;
            }
            left -= size;
            turns.insert(0, turn.clone());
        }
        let summary = if self.summary.len() <= left {
            self.summary.as_str()
        } else {
            ""
        };
        // The best stands nearest to the task.
        let parts = std::iter::once(summary)
            .chain(known.iter().rev().map(String::as_str))
            .chain([self.task.as_str()]);
        let parts: Vec<&str> = parts.filter(|part| !part.is_empty()).collect();
        let mut messages = vec![said(Speaker::System, self.system)];
        messages.extend(turns.into_iter().flatten());
        messages.push(said(Speaker::User, &parts.join("\n\n")));
        messages.extend(self.after.iter().cloned());
        messages
    }
}

pub(super) fn said(speaker: Speaker, text: &str) -> ChatMessage {
    ChatMessage {
        speaker,
        text: text.to_owned(),
    }
}

/// As much of something known as fits; prose ends between two paragraphs.
fn fitting(known: &Known, left: usize) -> String {
    if known.text.len() < left {
        return known.text.clone();
    }
    let can_be_cut = known.is_prose && left > NOTE_BYTES_MIN;
    let Some(head) = can_be_cut
        .then(|| known.text.get(..known.text.floor_char_boundary(left - 1)))
        .flatten()
    else {
        return String::new();
    };
    let mut cut = head;
    while let Some((before, _)) = cut.rsplit_once("\n\n") {
        cut = before;
        if cut.matches("```").count() % 2 == 0 {
            return cut.to_owned();
        }
    }
    String::new()
}

fn as_turn(exchange: &Exchange) -> Option<[ChatMessage; 2]> {
    let answer = exchange.answer.as_ref()?;
    let is_short =
        exchange.question.len() <= TURN_BYTES_MAX && answer.markdown.len() <= TURN_BYTES_MAX;
    is_short.then(|| {
        [
            said(Speaker::User, &exchange.question),
            said(Speaker::Assistant, answer.markdown.trim_end()),
        ]
    })
}

/// What was asked and what came of it, newest kept when it is too much.
fn sum_up(exchanges: &[Exchange]) -> String {
    let mut lines: Vec<String> = Vec::new();
    let mut size = 0;
    for exchange in exchanges.iter().rev() {
        let line = format!(
            "- “{}”: {}",
            first_words(&exchange.question),
            exchange.answer.as_ref().map_or("no answer", outcome_of)
        );
        size += line.len() + 1;
        if size > SUMMARY_BYTES_MAX {
            break;
        }
        lines.insert(0, line);
    }
    if lines.is_empty() {
        return String::new();
    }
    format!("Asked earlier in this conversation:\n{}", lines.join("\n"))
}

fn outcome_of(answer: &Answer) -> &'static str {
    match (&answer.code, answer.language) {
        (Some(_), Some(language)) => match language {
            domain::Language::Python => "answered with Python code",
            domain::Language::JavaScript => "answered with JavaScript code",
            domain::Language::TypeScript => "answered with TypeScript code",
            domain::Language::Cpp => "answered with C++ code",
            domain::Language::C => "answered with C code",
            domain::Language::Sql => "answered with SQL",
            domain::Language::Rust => "answered with Rust code",
            domain::Language::Java => "answered with Java code",
            domain::Language::Go => "answered with Go code",
        },
        (Some(_), None) => "answered with code",
        (None, _) => "answered in words",
    }
}

fn first_words(question: &str) -> String {
    let line = question
        .lines()
        .map(str::trim)
        .find(|line| !line.is_empty() && !line.starts_with("```"))
        .unwrap_or("code");
    if line.chars().count() <= QUESTION_CHARS_MAX {
        return line.to_owned();
    }
    let cut: String = line.chars().take(QUESTION_CHARS_MAX - 1).collect();
    format!("{cut}…")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn exchange(question: &str, answer: &str) -> Exchange {
        let answer = super::super::generate::blank(
            domain::ask::Brain::Library,
            domain::ask::Outcome::Answered,
            "",
            answer.to_owned(),
        );
        Exchange {
            question: question.to_owned(),
            answer: Some(answer),
        }
    }

    fn request(follows_up: bool) -> Request {
        Request {
            words: String::new(),
            code: None,
            language: None,
            name: None,
            examples: Vec::new(),
            follows_up,
            own_words: String::new(),
            earlier_code: None,
        }
    }

    fn memory() -> Memory {
        Memory {
            exchanges: (0..5)
                .map(|at| exchange(&format!("question {at}"), &format!("answer {at}")))
                .collect(),
            ..Memory::default()
        }
    }

    #[test]
    fn the_last_turns_are_given_word_for_word_and_older_ones_summed_up() {
        let page =
            Page::new(GENERATE, "now in Go".to_owned()).remembering(&request(true), &memory());
        let messages = page.messages(10_000);
        let speakers: Vec<_> = messages
            .iter()
            .map(|message| message.speaker.name())
            .collect();
        assert_eq!(
            speakers,
            ["system", "user", "assistant", "user", "assistant", "user"]
        );
        assert_eq!(messages[1].text, "question 3");
        assert_eq!(messages[4].text, "answer 4");
        assert_eq!(
            messages[5].text,
            "Asked earlier in this conversation:\n- “question 0”: answered in words\n- “question 1”: answered in words\n\
             - “question 2”: answered in words\n\nnow in Go"
        );
        let fresh = Page::new(GENERATE, "sort".to_owned()).remembering(&request(false), &memory());
        assert_eq!(fresh.messages(10_000).len(), 2, "the past is left alone");
    }

    #[test]
    fn what_does_not_fit_is_left_out_and_the_task_never() {
        let code = |text: &str| Known {
            text: text.to_owned(),
            is_prose: false,
        };
        let mut page = Page::new(CHANGE, "task".to_owned()).remembering(&request(true), &memory());
        page.known = vec![code(&"best ".repeat(20)), code(&"next ".repeat(20))];
        let size = |messages: &[ChatMessage]| -> usize {
            messages.iter().map(|message| message.text.len()).sum()
        };
        for bytes_max in [0, 320, 420, 500, 700] {
            let messages = page.messages(bytes_max);
            assert!(messages.last().unwrap().text.ends_with("task"));
            let least = CHANGE.trim_end().len() + 4;
            assert!(
                size(&messages) <= bytes_max.max(least) + 8,
                "{bytes_max}: {}",
                size(&messages)
            );
        }
        let all = page.messages(10_000).pop().unwrap().text;
        assert!(all.find("next").unwrap() < all.find("best").unwrap());
    }

    #[test]
    fn a_note_ends_between_paragraphs_and_never_within_code() {
        let text = format!(
            "{}\n\n```py\na\n\nb\n```\n\nend",
            "word ".repeat(50).trim_end()
        );
        let note = Known {
            text: text.clone(),
            is_prose: true,
        };
        assert_eq!(fitting(&note, 10_000), text);
        assert!(fitting(&note, 262).ends_with("word"));
        assert_eq!(fitting(&note, 100), "");
    }
}
