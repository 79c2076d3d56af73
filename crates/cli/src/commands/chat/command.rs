//! The commands inside a chat: a slash and a word, sometimes followed by a choice.

use domain::Language;
use domain::ask::{Mode, Style};
use domain::models::ModelName;

pub(super) const HELP: &str = "\
/mode auto|generate|explain           what to do with a message
/language NAME                        the language wanted; /language alone means any
/style beginner|technical|step-by-step
/model NAME                           the language model wanted; /model alone means the one of the settings
/new                                  forget what was said
/sources                              what the last answer was made from
/receipt                              how the last answer came about
/quit                                 leave, as Ctrl-D does
Enter sends, Alt-Enter begins a new line, a message with an open ``` goes on; Ctrl-C stops an answer.
";

/// A command, understood.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Command {
    Mode(Mode),
    Language(Option<Language>),
    Style(Style),
    Model(Option<ModelName>),
    New,
    Sources,
    Receipt,
    Help,
    Quit,
}

/// What a line that begins with a slash is.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Line {
    Command(Command),
    /// No command has this name.
    Unknown(String),
    /// The command's choice is wrong; the text says what is right.
    Wrong(String),
    /// Not a command at all: a message that happens to begin with a slash, such as a path.
    Message,
}

pub(super) fn parse(line: &str) -> Line {
    let line = line.trim();
    let (word, rest) = line.split_once(char::is_whitespace).unwrap_or((line, ""));
    let rest = rest.trim();
    let name = word.strip_prefix('/').unwrap_or_default();
    if name.is_empty() || !name.chars().all(|c| c.is_ascii_lowercase()) || line.contains('\n') {
        return Line::Message;
    }
    let command = match name {
        "mode" => rest
            .parse()
            .map(Command::Mode)
            .map_err(|error| error.to_string()),
        "style" => rest
            .parse()
            .map(Command::Style)
            .map_err(|error| error.to_string()),
        "model" if rest.is_empty() => Ok(Command::Model(None)),
        "model" => rest
            .parse()
            .map(|model| Command::Model(Some(model)))
            .map_err(|error: domain::ask::UnknownChoice| error.to_string()),
        "language" | "lang" if matches!(rest, "" | "any") => Ok(Command::Language(None)),
        "language" | "lang" => rest
            .parse()
            .map(|language| Command::Language(Some(language)))
            .map_err(|error: domain::language::UnknownLanguage| error.to_string()),
        "new" => Ok(Command::New),
        "sources" => Ok(Command::Sources),
        "receipt" => Ok(Command::Receipt),
        "help" => Ok(Command::Help),
        "quit" | "exit" => Ok(Command::Quit),
        _ => return Line::Unknown(word.chars().take(40).collect()),
    };
    match command {
        Ok(command) => Line::Command(command),
        Err(reason) => Line::Wrong(reason),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn commands_are_read() {
        assert_eq!(
            parse("/mode explain"),
            Line::Command(Command::Mode(Mode::Explain))
        );
        assert_eq!(
            parse(" /language  C++ "),
            Line::Command(Command::Language(Some(Language::Cpp)))
        );
        assert_eq!(parse("/language"), Line::Command(Command::Language(None)));
        assert_eq!(
            parse("/model phi-2"),
            Line::Command(Command::Model(Some("phi-2".parse().unwrap())))
        );
        assert_eq!(parse("/model"), Line::Command(Command::Model(None)));
        assert_eq!(parse("/quit"), Line::Command(Command::Quit));
    }

    #[test]
    fn wrong_choices_and_unknown_words_are_told_apart() {
        assert!(
            matches!(parse("/style pirate"), Line::Wrong(text) if text.contains("step-by-step"))
        );
        assert!(matches!(parse("/mode"), Line::Wrong(_)));
        assert!(matches!(parse("/model ../x"), Line::Wrong(_)));
        assert_eq!(parse("/models"), Line::Unknown("/models".to_owned()));
    }

    #[test]
    fn a_path_or_a_comment_is_a_message() {
        for text in [
            "/usr/bin/env python is what?",
            "/* a comment */",
            "// x",
            "/",
            "/new\nline",
        ] {
            assert_eq!(parse(text), Line::Message, "{text}");
        }
    }
}
