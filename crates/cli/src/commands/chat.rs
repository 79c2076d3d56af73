//! `codegenie chat`: a conversation in the terminal, remembered until it ends. Piped input works too, a line a message.

mod command;
mod input;

use std::io::Write as _;

use app::ask::Asker;
use domain::ask::{Answered, QUESTION_BYTES_MAX};
use domain::conversations::{Message, MessageBody};
use domain::id::{ConversationId, MessageId};
use domain::{InvalidText, Text};

use super::ask::new_question;
use crate::args::{ChatArgs, WishArgs};
use crate::config::Config;
use crate::terminal::{self, BOLD, DIM, answer, note};
use crate::wire::{self, Proof, Wired};
use crate::{folder, library};
use command::Command;
use input::{Input, Typed};

/// Messages remembered, questions and answers together.
const MESSAGES_MAX: usize = 24;

pub(super) async fn run(args: ChatArgs, config: &Config) -> anyhow::Result<()> {
    folder::make(&config.data_dir.value)?;
    let wired = wire::wire(config, Proof::Recent).await?;
    wired.wake_sandbox().await;
    library::bring_up_to_date(&wired).await?;
    let mut input = Input::open(&config.data_dir.value)?;
    let mut chat = Chat {
        conversation: ConversationId::new(wired.clock.now(), wired.entropy.as_ref()),
        wish: args.wish,
        earlier: Vec::new(),
        last: None,
        wired,
    };
    if input.is_terminal() {
        writeln!(
            terminal::stdout(),
            "{BOLD}CodeGenie{BOLD:#} {DIM}· /help lists the commands, Ctrl-D leaves{DIM:#}"
        )?;
    }
    loop {
        match input.read(&chat.wish)? {
            Typed::Nothing => {}
            Typed::End | Typed::Command(Command::Quit) => break,
            Typed::Command(command) => chat.obey(command)?,
            Typed::Unknown(word) => note(&format!("`{word}` is not a command; /help lists them")),
            Typed::Wrong(reason) => note(&reason),
            Typed::Message(text) => chat.answer(text, input.is_terminal()).await?,
        }
    }
    chat.wired.close().await;
    Ok(())
}

/// A conversation that lasts as long as this program.
struct Chat {
    wired: Wired,
    conversation: ConversationId,
    wish: WishArgs,
    /// Oldest first, at most [`MESSAGES_MAX`].
    earlier: Vec<Message>,
    last: Option<Answered>,
}

impl Chat {
    fn obey(&mut self, command: Command) -> anyhow::Result<()> {
        let mut out = terminal::stdout();
        match command {
            Command::Mode(mode) => {
                self.wish.mode = mode;
                writeln!(out, "mode: {}", mode.name())?;
            }
            Command::Language(language) => {
                self.wish.language = language;
                writeln!(
                    out,
                    "language: {}",
                    language.map_or("any", domain::Language::name)
                )?;
            }
            Command::Style(style) => {
                self.wish.style = style;
                writeln!(out, "style: {}", style.name())?;
            }
            Command::Model(model) => {
                let name = model.as_ref().map_or("as set", |model| model.as_str());
                writeln!(out, "model: {name}")?;
                self.wish.model = model;
            }
            Command::New => {
                self.earlier.clear();
                self.last = None;
                writeln!(out, "a new conversation; what was said before is forgotten")?;
            }
            Command::Sources => match &self.last {
                Some(last) if last.answer.sources.is_empty() => {
                    writeln!(out, "the last answer has no sources")?;
                }
                Some(last) => answer::show_sources(&last.answer, &mut out)?,
                None => writeln!(out, "there is no answer yet")?,
            },
            Command::Receipt => match &self.last {
                Some(last) => answer::show_receipt(&last.receipt, &mut out)?,
                None => writeln!(out, "there is no answer yet")?,
            },
            Command::Help => write!(out, "{}", command::HELP)?,
            Command::Quit => {}
        }
        Ok(())
    }

    /// Answers; Ctrl-C on a terminal stops it, and then neither the question nor the answer is remembered.
    async fn answer(&mut self, text: String, is_terminal: bool) -> anyhow::Result<()> {
        let text = match Text::<QUESTION_BYTES_MAX>::new(text) {
            Ok(text) => text,
            Err(reason) => {
                let reason: InvalidText = reason;
                note(&format!("the message {reason}"));
                return Ok(());
            }
        };
        let question = new_question(text.clone(), &self.wish);
        let asker = Asker::Local {
            earlier: &self.earlier,
        };
        let asking = answer::ask_and_show(&self.wired.ask, asker, question);
        let answered = if is_terminal {
            tokio::select! {
                answered = asking => answered,
                _ = tokio::signal::ctrl_c() => {
                    let mut out = terminal::stdout();
                    writeln!(out, "{}\n{DIM}stopped{DIM:#}\n", anstyle::Reset)?;
                    return Ok(());
                }
            }
        } else {
            asking.await
        };
        match answered {
            Ok(answered) => self.remember(text.into_string(), answered),
            Err(error) if crate::is_closed_pipe(&error) => return Err(error),
            Err(error) => note(&format!("error: {}", crate::sentence(&error))),
        }
        writeln!(terminal::stdout())?;
        Ok(())
    }

    fn remember(&mut self, text: String, answered: Answered) {
        let receipt = answered.receipt.id;
        let answer = MessageBody::Answer(Box::new(answered.answer.clone()));
        for (body, receipt) in [
            (MessageBody::Question { text }, None),
            (answer, Some(receipt)),
        ] {
            let now = self.wired.clock.now();
            let id = MessageId::new(now, self.wired.entropy.as_ref());
            let conversation = self.conversation;
            self.earlier.push(Message {
                id,
                conversation,
                body,
                receipt,
                created_at: now,
            });
        }
        let over = self.earlier.len().saturating_sub(MESSAGES_MAX);
        self.earlier.drain(..over);
        self.last = Some(answered);
    }
}
