//! Sixth step: which rung makes the answer, and which comes after it. A language model writes where nothing verified fits; known
//! code whose tests passed goes before what a model would guess, and follows when the model fails.

use async_trait::async_trait;
use domain::analysis::CodeAnalyser;
use domain::ask::{Answer, Brain, CheckResult, Outcome, Question, WrittenText};

use super::AskError;
use super::assignments::{self, Job};
use super::decide::Plan;
use super::drafts::{ATTEMPTS_MAX, Draft, Drafts, Failure, LibraryDrafts, Proof};
use super::generate::{blank, generate};
use super::grounding::Facts;
use super::model_drafts::{Assignment, ModelDrafts, REPAIRS_MAX};
use super::prose::{self, Explained, Prose};
use super::recall::{Memory, Request};
use super::receipt::Facts as ReceiptFacts;
use super::scribe::{Scribe, ScribeError};
use super::understand::PastedCode;

/// What an answer is made from.
#[derive(Clone, Copy)]
pub(super) struct Materials<'a> {
    pub(super) request: &'a Request,
    pub(super) question: &'a Question,
    pub(super) memory: &'a Memory,
    pub(super) analyser: &'a dyn CodeAnalyser,
}

/// A language model with what it is to do, and whether it goes first.
pub(super) struct Hired<'a> {
    pub(super) scribe: Scribe<'a>,
    pub(super) job: Job,
    pub(super) is_first: bool,
}

/// The first draft, the rungs behind it, and what of its text was told already.
pub(super) struct Made<'a> {
    pub(super) draft: Draft,
    pub(super) rungs: Rungs<'a>,
    pub(super) told: String,
}

/// The rungs that a next draft may come from: the language model mends what failed, then what is known follows.
pub(super) struct Rungs<'a> {
    library: LibraryDrafts<'a>,
    model: Option<ModelDrafts<'a>>,
    /// A model that only explained.
    scribe: Option<Scribe<'a>>,
    notes: Vec<String>,
}

impl<'a> Materials<'a> {
    /// Makes the first draft of an answer to `plan`.
    pub(super) async fn make(
        self,
        plan: Plan,
        hired: Option<Hired<'a>>,
    ) -> Result<Made<'a>, AskError> {
        let Some(Hired {
            scribe,
            job,
            is_first,
        }) = hired
        else {
            return Ok(self.known(plan, None));
        };
        let style = self.question.style;
        match job {
            Job::Write => {
                let assignment = assignments::writing(&plan, self.request, self.memory, style);
                let drafts = ModelDrafts::new(scribe, assignment, self.analyser);
                if is_first {
                    self.draft(plan, drafts).await
                } else {
                    Ok(self.known(plan, Some(drafts)))
                }
            }
            Job::Change(code) => {
                let assignment: Assignment = assignments::changing(&code, self.request);
                let drafts = ModelDrafts::new(scribe, assignment, self.analyser);
                self.draft(plan, drafts).await
            }
            Job::ExplainCode(code) => self.explain_code(plan, scribe, &code).await,
            Job::Explain => self.explain_idea(plan, scribe).await,
        }
    }

    /// The rung of what is known, with a model to turn to when it fails.
    fn known(self, plan: Plan, model: Option<ModelDrafts<'a>>) -> Made<'a> {
        let (draft, library) = generate(self.request, self.question.style, plan, self.analyser);
        Made {
            draft,
            rungs: Rungs {
                library,
                model,
                scribe: None,
                notes: Vec::new(),
            },
            told: String::new(),
        }
    }

    /// Code by a model; what is known when it fails.
    async fn draft(self, plan: Plan, mut model: ModelDrafts<'a>) -> Result<Made<'a>, AskError> {
        let first = model.first().await;
        let Made {
            draft: known,
            rungs,
            told,
        } = self.known(plan, Some(model));
        match first {
            Ok(draft) => Ok(Made {
                draft,
                rungs: Rungs {
                    library: rungs.library.with_first(),
                    ..rungs
                },
                told,
            }),
            Err(ScribeError::Gone) => Err(AskError::Cancelled),
            Err(error) => {
                let mut rungs = rungs;
                if let Some(model) = &mut rungs.model {
                    model.give_up();
                }
                Ok(Made {
                    draft: excused(known, &error.to_string()),
                    rungs,
                    told,
                })
            }
        }
    }

    async fn explain_code(
        self,
        plan: Plan,
        mut scribe: Scribe<'a>,
        code: &PastedCode,
    ) -> Result<Made<'a>, AskError> {
        let style = self.question.style;
        let language = code.language.or(self.request.language);
        let facts =
            language.map(|language| Facts::read(language, &code.text, style, self.analyser));
        let page = assignments::explaining_code(code, self.request, facts.as_ref(), style);
        let explained = prose::explain(&mut scribe, &page, facts.as_ref()).await;
        let model = scribe.model().clone();
        self.finish(plan, scribe, explained, |prose| {
            let reason =
                format!("The model `{model}` explained this, held to what was read from the code.");
            let mut answer = written(&model, &reason, prose);
            answer.language = language;
            if let Some(facts) = &facts {
                let errors = facts.syntax_errors();
                answer.checks.syntax = if errors.is_empty() {
                    CheckResult::Passed
                } else {
                    CheckResult::Failed
                };
                let note = "Lines, names, language and cost that it speaks of were compared with the code.";
                answer.checks.notes.insert(0, note.to_owned());
                answer.checks.notes.extend(errors);
            }
            answer
        })
    }

    async fn explain_idea(self, plan: Plan, mut scribe: Scribe<'a>) -> Result<Made<'a>, AskError> {
        let style = self.question.style;
        let (page, sources) = assignments::explaining_idea(&plan, self.request, self.memory, style);
        let explained = prose::explain(&mut scribe, &page, None).await;
        let model = scribe.model().clone();
        self.finish(plan, scribe, explained, |prose| {
            let reason = if sources.is_empty() {
                format!(
                    "Nothing known fits, so the model `{model}` explained this without a source."
                )
            } else {
                format!("The model `{model}` explained this with what is known of it before it.")
            };
            let mut answer = written(&model, &reason, prose);
            answer.sources = sources;
            answer
        })
    }

    /// The model's explanation, or what is known behind the part of it that there is.
    fn finish(
        self,
        plan: Plan,
        scribe: Scribe<'a>,
        explained: Result<Explained, ScribeError>,
        answer: impl FnOnce(&Prose) -> Answer,
    ) -> Result<Made<'a>, AskError> {
        let (prose, why) = match explained {
            Ok(Explained::Whole(prose)) => (prose, None),
            Ok(Explained::Broken(prose, why)) => (prose, Some(why)),
            Err(_) => return Err(AskError::Cancelled),
        };
        let mut made = self.known(plan, None);
        match why {
            None => {
                made.rungs.library = LibraryDrafts::none(self.request, self.analyser);
                made.draft = Draft::shown(answer(&prose), Proof::NoCode);
            }
            Some(why) => {
                made.draft = excused(made.draft, &why);
                let known = &mut made.draft.answer;
                known.markdown = joined(&prose.markdown, &why, &known.markdown);
                known.checks.notes.extend(prose.notes);
            }
        }
        made.told = prose.markdown;
        made.rungs.scribe = Some(scribe);
        Ok(made)
    }
}

impl Rungs<'_> {
    /// What models wrote; the answer is made of the text of this number, or of those that say so themselves.
    pub(super) fn into_texts(self, shown: Option<usize>) -> Vec<WrittenText> {
        if let Some(mut model) = self.model {
            model.scribe.show_only(shown);
            return model.scribe.into_texts();
        }
        self.scribe.map_or_else(Vec::new, Scribe::into_texts)
    }

    /// What a receipt says of the texts from number `from` on.
    pub(super) fn facts(&self, from: usize) -> ReceiptFacts {
        self.scribe()
            .map_or_else(Vec::new, |scribe| scribe.facts(from))
    }

    /// Why another model wrote than the one that was chosen, as a sentence.
    pub(super) fn excuse(&self) -> Option<&str> {
        self.scribe().and_then(Scribe::excuse)
    }

    /// How many texts models wrote so far.
    pub(super) fn count_texts(&self) -> usize {
        self.scribe()
            .and_then(Scribe::last_kept)
            .map_or(0, |last| last + 1)
    }

    fn scribe(&self) -> Option<&Scribe<'_>> {
        let drafting = self.model.as_ref().map(|model| &model.scribe);
        drafting.or(self.scribe.as_ref())
    }
}

#[async_trait]
impl Drafts for Rungs<'_> {
    async fn next(&mut self, failure: &Failure) -> Option<Draft> {
        if let Some(model) = &mut self.model {
            match model.repair(failure).await {
                Ok(Some(draft)) => return Some(draft),
                // Whoever went away is noticed with the next word.
                Ok(None) | Err(ScribeError::Gone) => {}
                Err(error) => {
                    model.give_up();
                    self.notes.push(format!("It was not mended: {error}."));
                }
            }
        }
        self.library.next(failure).await
    }

    fn attempts_max(&self) -> u32 {
        match self.model {
            Some(_) => ATTEMPTS_MAX + REPAIRS_MAX,
            None => ATTEMPTS_MAX,
        }
    }

    fn take_notes(&mut self) -> Vec<String> {
        std::mem::take(&mut self.notes)
    }
}

/// An answer by a model, without its checks.
fn written(model: &domain::models::ModelName, reason: &str, prose: &Prose) -> Answer {
    let mut answer = blank(
        Brain::Model(model.clone()),
        Outcome::Answered,
        reason,
        prose.markdown.clone(),
    );
    answer.ai_confidence = prose.confidence.unwrap_or(0.0);
    answer.checks.notes.clone_from(&prose.notes);
    answer
}

/// A draft of what is known, that says why the model did not write it.
fn excused(mut draft: Draft, why: &str) -> Draft {
    draft.answer.reason = format!(
        "{} A language model was asked first, but {}.",
        draft.answer.reason,
        why.trim_end_matches('.')
    );
    draft
}

/// What was told by the model, then what is known.
fn joined(told: &str, why: &str, known: &str) -> String {
    if told.trim().is_empty() {
        return known.to_owned();
    }
    let is_open = told
        .lines()
        .filter(|line| line.trim_start().starts_with("```"))
        .count()
        % 2
        == 1;
    let end = if is_open { "\n```" } else { "" };
    format!(
        "{}{end}\n\n*From here on it is told without the language model, because {}.*\n\n{known}",
        told.trim_end_matches('\n'),
        why.trim_end_matches('.')
    )
}
