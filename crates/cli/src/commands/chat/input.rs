//! Where the messages of a chat come from: an editor on a terminal, lines otherwise.

use std::borrow::Cow;
use std::fs::OpenOptions;
use std::io::BufRead as _;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::Path;

use anyhow::Context as _;
use reedline::{
    EditCommand, Emacs, FileBackedHistory, KeyCode, KeyModifiers, Prompt, PromptEditMode,
    PromptHistorySearch, Reedline, ReedlineEvent, Signal, ValidationResult, Validator,
    default_emacs_keybindings,
};

use super::command::{self, Command, Line};
use crate::args::WishArgs;
use crate::terminal;

const HISTORY_FILE: &str = "chat-history";
/// Messages kept in the history file.
const HISTORY_MAX: usize = 1_000;

/// What came from the user.
pub(super) enum Typed {
    Message(String),
    Command(Command),
    /// No command has this name.
    Unknown(String),
    /// A command whose choice is wrong, and what is right.
    Wrong(String),
    /// An empty line, or one that was given up with Ctrl-C.
    Nothing,
    End,
}

/// A source of messages.
pub(super) enum Input {
    Editor(Box<Reedline>),
    Lines,
}

impl Input {
    pub(super) fn open(data_dir: &Path) -> anyhow::Result<Self> {
        if !terminal::is_stdin_terminal() {
            return Ok(Self::Lines);
        }
        let path = data_dir.join(HISTORY_FILE);
        // The history file is made for its owner alone before the editor can make it for everybody.
        OpenOptions::new()
            .append(true)
            .create(true)
            .mode(0o600)
            .open(&path)
            .with_context(|| format!("cannot write the history {}", path.display()))?;
        let history = FileBackedHistory::with_file(HISTORY_MAX, path.clone())
            .with_context(|| format!("cannot read the history {}", path.display()))?;
        let mut keys = default_emacs_keybindings();
        let new_line = ReedlineEvent::Edit(vec![EditCommand::InsertNewline]);
        keys.add_binding(KeyModifiers::ALT, KeyCode::Enter, new_line);
        let colours =
            anstream::AutoStream::choice(&std::io::stdout()) != anstream::ColorChoice::Never;
        let editor = Reedline::create()
            .with_history(Box::new(history))
            .with_validator(Box::new(Fences))
            .with_edit_mode(Box::new(Emacs::new(keys)))
            .with_ansi_colors(colours)
            .use_bracketed_paste(true);
        Ok(Self::Editor(Box::new(editor)))
    }

    pub(super) fn is_terminal(&self) -> bool {
        matches!(self, Self::Editor(_))
    }

    /// Waits for the next message or command.
    pub(super) fn read(&mut self, wish: &WishArgs) -> anyhow::Result<Typed> {
        let text = match self {
            Self::Editor(editor) => {
                let prompt = ChatPrompt::new(wish);
                let signal = tokio::task::block_in_place(|| editor.read_line(&prompt));
                #[expect(
                    clippy::wildcard_enum_match_arm,
                    reason = "the library may add signals; a message is only this one"
                )]
                match signal.context("cannot read from the terminal")? {
                    Signal::Success(text) => text,
                    Signal::CtrlD => return Ok(Typed::End),
                    _ => return Ok(Typed::Nothing),
                }
            }
            Self::Lines => match tokio::task::block_in_place(read_lines)? {
                Some(text) => text,
                None => return Ok(Typed::End),
            },
        };
        if text.trim().is_empty() {
            return Ok(Typed::Nothing);
        }
        Ok(match command::parse(&text) {
            Line::Command(command) => Typed::Command(command),
            Line::Unknown(word) => Typed::Unknown(word),
            Line::Wrong(reason) => Typed::Wrong(reason),
            Line::Message => Typed::Message(text),
        })
    }
}

/// The next line of standard input, with all that follows while a code fence is open; `None` at its end.
fn read_lines() -> anyhow::Result<Option<String>> {
    let mut text = String::new();
    let mut stdin = std::io::stdin().lock();
    loop {
        let read = stdin
            .read_line(&mut text)
            .context("cannot read standard input")?;
        if read == 0 {
            return Ok((!text.is_empty()).then_some(text));
        }
        if !is_fence_open(&text) {
            return Ok(Some(text));
        }
    }
}

fn is_fence_open(text: &str) -> bool {
    text.lines()
        .filter(|line| line.trim_start().starts_with("```"))
        .count()
        % 2
        == 1
}

/// Keeps a message open while a code fence is.
struct Fences;

impl Validator for Fences {
    fn validate(&self, text: &str) -> ValidationResult {
        if is_fence_open(text) {
            ValidationResult::Incomplete
        } else {
            ValidationResult::Complete
        }
    }
}

/// The prompt: what is not as usual, and a mark.
struct ChatPrompt(String);

impl ChatPrompt {
    fn new(wish: &WishArgs) -> Self {
        let usual = WishArgs::default();
        let mode = (wish.mode != usual.mode).then(|| wish.mode.name());
        let language = wish.language.map(domain::Language::name);
        let style = (wish.style != usual.style).then(|| wish.style.name());
        let model = wish.model.as_ref().map(domain::models::ModelName::as_str);
        let unusual: Vec<&str> = [mode, language, style, model]
            .into_iter()
            .flatten()
            .collect();
        Self(unusual.join(" "))
    }
}

impl Prompt for ChatPrompt {
    fn render_prompt_left(&self) -> Cow<'_, str> {
        Cow::Borrowed(&self.0)
    }

    fn render_prompt_right(&self) -> Cow<'_, str> {
        Cow::Borrowed("")
    }

    fn render_prompt_indicator(&self, _mode: PromptEditMode) -> Cow<'_, str> {
        Cow::Borrowed("› ")
    }

    fn render_prompt_multiline_indicator(&self) -> Cow<'_, str> {
        Cow::Borrowed("· ")
    }

    fn render_prompt_history_search_indicator(&self, search: PromptHistorySearch) -> Cow<'_, str> {
        Cow::Owned(format!("search {} › ", search.term))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_message_goes_on_while_a_fence_is_open() {
        assert!(is_fence_open("explain\n```python\ndef f():"));
        assert!(!is_fence_open("explain\n```python\npass\n```"));
        assert!(!is_fence_open("what is `x`?"));
    }

    #[test]
    fn the_prompt_shows_what_is_unusual() {
        assert_eq!(ChatPrompt::new(&WishArgs::default()).0, "");
        let wish = WishArgs {
            language: Some(domain::Language::Rust),
            ..WishArgs::default()
        };
        assert_eq!(ChatPrompt::new(&wish).0, "rust");
    }
}
