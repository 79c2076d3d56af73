//! `codegenie ask`: one question, one answer, nothing stored.

use std::path::Path;
use std::time::Duration;

use app::ask::Asker;
use domain::ask::{Answer, Brain, Checks, Question};
use domain::{InvalidText, Language, Text};
use serde::Serialize;

use super::source_file;
use crate::args::{AskArgs, WishArgs};
use crate::config::Config;
use crate::terminal::{self, answer};
use crate::{
    library,
    wire::{self, Proof},
};

pub(super) async fn run(args: AskArgs, config: &Config) -> anyhow::Result<()> {
    let question = read_question(&args)?;
    let wired = wire::wire(config, Proof::Recent).await?;
    wired.wake_sandbox().await;
    library::bring_up_to_date(&wired).await?;
    let asker = Asker::Local { earlier: &[] };
    if args.json {
        let answered = wired.ask.ask(asker, question, None).await?;
        terminal::print_json(&AnswerJson::new(&answered.answer))?;
    } else {
        let answered = answer::ask_and_show(&wired.ask, asker, question).await?;
        if args.receipt {
            answer::show_receipt(&answered.receipt, &mut terminal::stdout())?;
        }
    }
    wired.close().await;
    Ok(())
}

fn read_question(args: &AskArgs) -> anyhow::Result<Question> {
    let reads_message = args.message == "-";
    let reads_code = args.code.as_deref() == Some(Path::new("-"));
    if reads_message && reads_code {
        anyhow::bail!(
            "standard input cannot be both the question and the code; give one of them otherwise"
        );
    }
    let text = if reads_message {
        source_file::read_text(Path::new("-"))?
    } else {
        Text::new(&args.message)
            .map_err(|reason: InvalidText| anyhow::anyhow!("the question {reason}"))?
    };
    let mut question = new_question(text, &args.wish);
    if let Some(path) = &args.code {
        question.code = Some(source_file::read_text(path)?);
        // The extension is the better guess, and the flag is better still.
        question.language = question
            .language
            .or_else(|| source_file::language_of(path, None).ok());
    }
    Ok(question)
}

/// A question with these wishes and everything else left open.
pub(super) fn new_question(
    text: Text<{ domain::ask::QUESTION_BYTES_MAX }>,
    wish: &WishArgs,
) -> Question {
    Question {
        text,
        code: None,
        mode: wish.mode,
        language: wish.language,
        style: wish.style,
        model: wish.model.clone(),
        max_new_tokens: None,
        temperature: None,
        seed: wish.seed,
        conversation: None,
        replaces: None,
    }
}

/// The JSON of `POST /api/v1/ask`, field for field. Nothing was stored, so the three identities are null.
#[derive(Serialize)]
pub(super) struct AnswerJson<'a> {
    answer: &'a str,
    code: Option<&'a str>,
    language: Option<&'static str>,
    outcome: &'static str,
    brain: String,
    reason: &'a str,
    model: Option<String>,
    ai_confidence: f32,
    sources: Vec<SourceJson<'a>>,
    checks: ChecksJson<'a>,
    conversation_id: Option<&'static str>,
    message_id: Option<&'static str>,
    receipt_id: Option<&'static str>,
}

#[derive(Serialize)]
struct SourceJson<'a> {
    id: String,
    key: &'a str,
    title: &'a str,
    score: f32,
    language: Option<&'static str>,
}

/// What was checked, as in the API.
#[derive(Serialize)]
pub(super) struct ChecksJson<'a> {
    syntax: &'static str,
    execution: &'static str,
    notes: &'a [String],
    tests_passed: u32,
    tests_total: u32,
    attempts: u32,
    duration_ms: f64,
}

impl<'a> ChecksJson<'a> {
    pub(super) fn new(checks: &'a Checks) -> Self {
        Self {
            syntax: checks.syntax.name(),
            execution: checks.execution.name(),
            notes: &checks.notes,
            tests_passed: checks.tests_passed,
            tests_total: checks.tests_total,
            attempts: checks.attempts,
            duration_ms: terminal::milliseconds(Duration::from_micros(checks.duration_us)),
        }
    }
}

impl<'a> AnswerJson<'a> {
    pub(super) fn new(answer: &'a Answer) -> Self {
        let model = if let Brain::Model(name) = &answer.brain {
            Some(name.to_string())
        } else {
            None
        };
        let sources = answer.sources.iter().map(|source| SourceJson {
            id: source.item.to_string(),
            key: &source.key,
            title: &source.title,
            score: source.score,
            language: source.language.map(Language::name),
        });
        Self {
            answer: &answer.markdown,
            code: answer.code.as_deref(),
            language: answer.language.map(Language::name),
            outcome: answer.outcome.name(),
            brain: answer.brain.to_string(),
            reason: &answer.reason,
            model,
            ai_confidence: answer.ai_confidence,
            sources: sources.collect(),
            checks: ChecksJson::new(&answer.checks),
            conversation_id: None,
            message_id: None,
            receipt_id: None,
        }
    }
}
