//! `codegenie explain`: the explanation of a file, by the same way as any answer.

use app::ask::Asker;
use domain::ask::Mode;

use super::ask::{AnswerJson, new_question};
use super::source_file;
use crate::args::{ExplainArgs, WishArgs};
use crate::config::Config;
use crate::terminal::{self, answer};
use crate::wire::{self, Proof};

pub(super) async fn run(args: ExplainArgs, config: &Config) -> anyhow::Result<()> {
    let language = source_file::language_of(&args.file, args.language)?;
    let code = source_file::read_text(&args.file)?;
    let wish = WishArgs {
        mode: Mode::Explain,
        language: Some(language),
        style: args.style,
        ..WishArgs::default()
    };
    // As in the API: code without words is its own question.
    let mut question = new_question(code.clone(), &wish);
    question.code = Some(code);

    let wired = wire::wire(config, Proof::Recent).await?;
    let asker = Asker::Local { earlier: &[] };
    if args.json {
        let answered = wired.ask.ask(asker, question, None).await?;
        terminal::print_json(&AnswerJson::new(&answered.answer))?;
    } else {
        answer::ask_and_show(&wired.ask, asker, question).await?;
    }
    wired.store.close().await;
    Ok(())
}
