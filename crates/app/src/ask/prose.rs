//! An explanation by a language model. It is told sentence by sentence while it is written, each held to the code first; a sentence that
//! the code contradicts is not told, and the model is asked to go on from what was right, once.

use domain::ask::{AskEvent, AskStage};
use domain::models::writing::FinishReason;

use super::clean::{Cleaner, Piece};
use super::grounding::Facts;
use super::page::Page;
use super::scribe::{Manuscript, Scribe, ScribeError};

/// Times a model is asked for one explanation.
const TRIES_MAX: u32 = 2;

/// An explanation, or what there is of it.
#[derive(Debug, Default)]
pub(super) struct Prose {
    /// What was told: clean Markdown.
    pub(super) markdown: String,
    /// What happened, as sentences.
    pub(super) notes: Vec<String>,
    /// Mean probability of the tokens of the last text, where it is known.
    pub(super) confidence: Option<f32>,
}

/// What came of an explanation.
pub(super) enum Explained {
    /// It is whole.
    Whole(Prose),
    /// It ends early for this reason, as a clause; what there is of it was told already.
    Broken(Prose, String),
}

/// How one text ended.
enum Ended {
    Whole,
    Contradicted(String),
}

/// Has the model of `scribe` explain what `page` asks, held to `facts`.
pub(super) async fn explain(
    scribe: &mut Scribe<'_>,
    page: &Page,
    facts: Option<&Facts>,
) -> Result<Explained, ScribeError> {
    let mut prose = Prose::default();
    let mut wrong: Option<String> = None;
    for _ in 0..TRIES_MAX {
        let (page, stage) = match &wrong {
            None => (page.clone(), AskStage::Writing),
            Some(wrong) => (page.warned(wrong, &prose.markdown), AskStage::Repairing),
        };
        let ended = match write(scribe, &page, stage, facts, &mut prose).await {
            Ok(ended) => ended,
            Err(ScribeError::Gone) => return Err(ScribeError::Gone),
            Err(error) => return Ok(Explained::Broken(prose, error.to_string())),
        };
        match ended {
            Ended::Whole if prose.markdown.trim().is_empty() => {
                let empty = ScribeError::Empty(scribe.model().clone());
                return Ok(Explained::Broken(prose, empty.to_string()));
            }
            Ended::Whole => {
                scribe.show_last();
                return Ok(Explained::Whole(prose));
            }
            Ended::Contradicted(clause) => {
                if !prose.markdown.is_empty() {
                    scribe.show_last();
                }
                prose.notes.push(format!(
                    "A sentence of the model `{}` was left out, because the code contradicts it: {clause}.",
                    scribe.model()
                ));
                wrong = Some(clause);
            }
        }
    }
    let clause = wrong.unwrap_or_default();
    let why = format!(
        "the model `{}` contradicted the code again: {clause}",
        scribe.model()
    );
    Ok(Explained::Broken(prose, why))
}

/// Writes one text and tells what is right of it, up to the first contradiction.
async fn write(
    scribe: &mut Scribe<'_>,
    page: &Page,
    stage: AskStage,
    facts: Option<&Facts>,
    prose: &mut Prose,
) -> Result<Ended, ScribeError> {
    if !scribe.has_time() {
        return Err(ScribeError::Slow(scribe.model().clone()));
    }
    let mut manuscript = scribe.begin(page, stage).await?;
    let mut cleaner = if prose.markdown.is_empty() {
        let mut echoes = page.echoes();
        echoes.push(manuscript.asked());
        Cleaner::new(&echoes)
    } else {
        Cleaner::following(&prose.markdown)
    };
    let read = read(&mut manuscript, &mut cleaner, scribe, facts, prose).await;
    scribe.keep(manuscript);
    let ended = read?;
    if let Some(finished) = scribe.last_finished() {
        prose.confidence = finished.mean_probability;
        if finished.reason == FinishReason::Length {
            prose.notes.push(format!(
                "The model wrote as much as it may, {} tokens, so the answer may end early.",
                finished.new_tokens
            ));
        }
    }
    Ok(ended)
}

async fn read(
    manuscript: &mut Manuscript<'_>,
    cleaner: &mut Cleaner,
    scribe: &Scribe<'_>,
    facts: Option<&Facts>,
    prose: &mut Prose,
) -> Result<Ended, ScribeError> {
    while let Some(text) = manuscript.next().await? {
        if let Some(clause) = tell(cleaner.push(&text), scribe, facts, prose).await? {
            return Ok(Ended::Contradicted(clause));
        }
        if cleaner.is_over() {
            break;
        }
    }
    match tell(cleaner.finish(), scribe, facts, prose).await? {
        Some(clause) => Ok(Ended::Contradicted(clause)),
        None => Ok(Ended::Whole),
    }
}

/// Tells the pieces up to the first that the code contradicts, and gives what it contradicts.
async fn tell(
    pieces: Vec<Piece>,
    scribe: &Scribe<'_>,
    facts: Option<&Facts>,
    prose: &mut Prose,
) -> Result<Option<String>, ScribeError> {
    for piece in pieces {
        let wrong = facts
            .filter(|_| !piece.is_code)
            .and_then(|facts| facts.find_contradiction(&piece.text));
        if wrong.is_some() {
            return Ok(wrong);
        }
        prose.markdown.push_str(&piece.text);
        if let Some(events) = scribe.events() {
            let sent = events.send(AskEvent::Token(piece.text)).await;
            sent.map_err(|_| ScribeError::Gone)?;
        }
    }
    Ok(None)
}
