//! Rows of conversations, messages and receipts to and from the domain. What is only ever read whole is JSON.

use sea_orm::ActiveValue::{NotSet, Set};
use serde::{Deserialize, Serialize};

use domain::ask::{Answer, CheckResult, Checks, Outcome, Receipt, ReceiptStep, Source};
use domain::conversations::{Conversation, Message, MessageBody, Turn};
use domain::id::{AccountId, ConversationId, MessageId, ReceiptId};
use domain::{StoreError, Timestamp};

use super::writings::{read_writings, write_writings};
use crate::entities::{conversation, message, receipt};
use crate::error::corrupt;
use crate::words::storable;

/// `messages.kind` of what a user wrote.
pub(super) const QUESTION: &str = "question";
/// `messages.kind` of what CodeGenie answered.
pub(super) const ANSWER: &str = "answer";

/// The part of an answer that no query looks at.
#[derive(Serialize, Deserialize)]
struct AnswerDetails {
    code: Option<String>,
    reason: String,
    ai_confidence: f32,
    sources: Vec<SourceRow>,
    syntax: String,
    execution: String,
    notes: Vec<String>,
    // Older rows have none of these.
    #[serde(default)]
    tests_passed: u32,
    #[serde(default)]
    tests_total: u32,
    #[serde(default)]
    attempts: u32,
    #[serde(default)]
    duration_us: u64,
}

#[derive(Serialize, Deserialize)]
struct SourceRow {
    item: String,
    key: String,
    title: String,
    score: f32,
    language: Option<String>,
}

#[derive(Serialize, Deserialize)]
struct StepRow {
    name: String,
    duration_us: u64,
    facts: Vec<(String, String)>,
}

pub(super) fn read_conversation(row: conversation::Model) -> Conversation {
    Conversation {
        id: ConversationId(row.id),
        owner: AccountId(row.owner_id),
        title: row.title,
        created_at: Timestamp::from_millis(row.created_at),
        updated_at: Timestamp::from_millis(row.updated_at),
    }
}

pub(super) fn question_row(conversation_number: i64, turn: &Turn) -> message::ActiveModel {
    message::ActiveModel {
        number: NotSet,
        id: Set(turn.question_id.0),
        conversation_number: Set(conversation_number),
        kind: Set(QUESTION.to_owned()),
        text: Set(storable(&turn.question)),
        question_id: Set(None),
        receipt_id: Set(None),
        outcome: Set(None),
        brain: Set(None),
        language: Set(None),
        details: Set(None),
        syntax: Set(None),
        execution: Set(None),
        attempts: Set(None),
        created_at: Set(turn.at.millis()),
    }
}

pub(super) fn answer_row(
    conversation_number: i64,
    turn: &Turn,
) -> Result<message::ActiveModel, StoreError> {
    let answer = &turn.answer;
    let details = AnswerDetails {
        code: answer.code.clone(),
        reason: answer.reason.clone(),
        ai_confidence: finite(answer.ai_confidence),
        sources: answer.sources.iter().map(write_source).collect(),
        syntax: answer.checks.syntax.name().to_owned(),
        execution: answer.checks.execution.name().to_owned(),
        notes: answer.checks.notes.clone(),
        tests_passed: answer.checks.tests_passed,
        tests_total: answer.checks.tests_total,
        attempts: answer.checks.attempts,
        duration_us: answer.checks.duration_us,
    };
    // Only the checks of code of ours are counted: an explanation's `syntax` is about the asker's code.
    let counted = answer.code.as_ref().map(|_| &answer.checks);
    let details = serde_json::to_string(&details)
        .map_err(|error| corrupt("message", turn.answer_id, error))?;
    Ok(message::ActiveModel {
        number: NotSet,
        id: Set(turn.answer_id.0),
        conversation_number: Set(conversation_number),
        kind: Set(ANSWER.to_owned()),
        text: Set(storable(&answer.markdown)),
        question_id: Set(Some(turn.question_id.0)),
        receipt_id: Set(Some(turn.receipt.id.0)),
        outcome: Set(Some(answer.outcome.name().to_owned())),
        brain: Set(Some(answer.brain.to_string())),
        language: Set(answer.language.map(|language| language.name().to_owned())),
        details: Set(Some(details)),
        syntax: Set(counted.map(|checks| checks.syntax.name().to_owned())),
        execution: Set(counted.map(|checks| checks.execution.name().to_owned())),
        attempts: Set(counted.map(|checks| i64::from(checks.attempts))),
        created_at: Set(turn.at.millis()),
    })
}

pub(super) fn read_message(
    conversation: ConversationId,
    row: message::Model,
) -> Result<Message, StoreError> {
    let id = row.id;
    let created_at = Timestamp::from_millis(row.created_at);
    let receipt = row.receipt_id.map(ReceiptId);
    let body = match row.kind.as_str() {
        QUESTION => Ok(MessageBody::Question { text: row.text }),
        ANSWER => read_answer(row).map(|answer| MessageBody::Answer(Box::new(answer))),
        other => Err(format!("`{other}` is not a kind of message")),
    };
    Ok(Message {
        id: MessageId(id),
        conversation,
        body: body.map_err(|reason| corrupt("message", id, reason))?,
        receipt,
        created_at,
    })
}

fn read_answer(row: message::Model) -> Result<Answer, String> {
    let details = row.details.ok_or("an answer without details")?;
    let details: AnswerDetails = serde_json::from_str(&details).map_err(text)?;
    let outcome = row.outcome.unwrap_or_default();
    let check = |name: &str| name.parse::<CheckResult>().map_err(text);
    Ok(Answer {
        markdown: row.text,
        code: details.code,
        language: read_language(row.language)?,
        outcome: [Outcome::Answered, Outcome::Confirm, Outcome::Unknown]
            .into_iter()
            .find(|known| known.name() == outcome)
            .ok_or_else(|| format!("`{outcome}` is not an outcome"))?,
        brain: row.brain.unwrap_or_default().parse().map_err(text)?,
        reason: details.reason,
        ai_confidence: details.ai_confidence,
        sources: details
            .sources
            .into_iter()
            .map(read_source)
            .collect::<Result<_, _>>()?,
        checks: Checks {
            syntax: check(&details.syntax)?,
            execution: check(&details.execution)?,
            notes: details.notes,
            tests_passed: details.tests_passed,
            tests_total: details.tests_total,
            attempts: details.attempts,
            duration_us: details.duration_us,
        },
    })
}

fn write_source(source: &Source) -> SourceRow {
    SourceRow {
        item: source.item.to_string(),
        key: source.key.clone(),
        title: source.title.clone(),
        score: finite(source.score),
        language: source.language.map(|language| language.name().to_owned()),
    }
}

fn read_source(row: SourceRow) -> Result<Source, String> {
    Ok(Source {
        item: row.item.parse().map_err(text)?,
        key: row.key,
        title: row.title,
        score: row.score,
        language: read_language(row.language)?,
    })
}

fn read_language(name: Option<String>) -> Result<Option<domain::Language>, String> {
    name.map(|name| name.parse().map_err(text)).transpose()
}

pub(super) fn receipt_row(
    conversation_number: i64,
    receipt: &Receipt,
) -> Result<receipt::ActiveModel, StoreError> {
    let steps: Vec<StepRow> = receipt
        .steps
        .iter()
        .map(|step| StepRow {
            name: step.name.clone(),
            duration_us: step.duration_us,
            facts: step.facts.clone(),
        })
        .collect();
    Ok(receipt::ActiveModel {
        id: Set(receipt.id.0),
        conversation_number: Set(conversation_number),
        version: Set(storable(&receipt.version)),
        encoder: Set(storable(&receipt.encoder)),
        steps: Set(
            serde_json::to_string(&steps).map_err(|error| corrupt("receipt", receipt.id, error))?
        ),
        writings: Set(write_writings(receipt)?),
        created_at: Set(receipt.created_at.millis()),
    })
}

pub(super) fn read_receipt(row: receipt::Model) -> Result<Receipt, StoreError> {
    let steps: Vec<StepRow> =
        serde_json::from_str(&row.steps).map_err(|error| corrupt("receipt", row.id, error))?;
    Ok(Receipt {
        id: ReceiptId(row.id),
        version: row.version,
        encoder: row.encoder,
        steps: steps
            .into_iter()
            .map(|step| ReceiptStep {
                name: step.name,
                duration_us: step.duration_us,
                facts: step.facts,
            })
            .collect(),
        writings: read_writings(row.writings.as_deref())
            .map_err(|reason| corrupt("receipt", row.id, reason))?,
        created_at: Timestamp::from_millis(row.created_at),
    })
}

/// JSON has no NaN and no infinity; a score that is not a number is no evidence.
fn finite(number: f32) -> f32 {
    if number.is_finite() { number } else { 0.0 }
}

fn text(error: impl std::fmt::Display) -> String {
    error.to_string()
}
