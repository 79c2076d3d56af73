//! Drafts by a language model: it writes or changes code, and when that fails it is told what went wrong, a few times.

use domain::Language;
use domain::analysis::CodeAnalyser;
use domain::ask::{AskStage, Brain, Outcome, Source};
use domain::knowledge::TaskBody;
use domain::models::ModelName;
use domain::models::writing::{FinishReason, Speaker};

use super::blocks::{FoundCode, find_code};
use super::clean::clean_written;
use super::drafts::{Draft, Failure, Proof, Suite};
use super::generate::blank;
use super::page::{Page, said};
use super::scribe::{Scribe, ScribeError};
use crate::sandbox::outline::list_functions;

/// Times a model is told what is wrong with its code.
pub(super) const REPAIRS_MAX: u32 = 2;

/// Bytes of an answer without code that the model is shown again.
const REPEATED_BYTES_MAX: usize = 1000;

/// What a model is to write.
pub(super) struct Assignment {
    pub(super) page: Page,
    /// Language of the code.
    pub(super) language: Option<Language>,
    /// What was given to the model.
    pub(super) sources: Vec<Source>,
    /// The known task that is surely meant, whose tests the code must pass.
    pub(super) known: Option<TaskBody>,
    /// Why a model writes, as a sentence.
    pub(super) reason: fn(&ModelName) -> String,
}

/// Has a model write drafts.
pub(super) struct ModelDrafts<'a> {
    pub(super) scribe: Scribe<'a>,
    assignment: Assignment,
    analyser: &'a dyn CodeAnalyser,
    repairs_left: u32,
}

impl<'a> ModelDrafts<'a> {
    pub(super) fn new(
        scribe: Scribe<'a>,
        assignment: Assignment,
        analyser: &'a dyn CodeAnalyser,
    ) -> Self {
        Self {
            scribe,
            assignment,
            analyser,
            repairs_left: REPAIRS_MAX,
        }
    }

    /// The first draft.
    pub(super) async fn first(&mut self) -> Result<Draft, ScribeError> {
        let page = self.assignment.page.clone();
        match self.write(&page, AskStage::Writing).await? {
            Ok(draft) => Ok(draft),
            Err(text) => self.ask_for_code(&text).await,
        }
    }

    /// The next draft after code that failed; `None` when the model was told often enough.
    pub(super) async fn repair(&mut self, failure: &Failure) -> Result<Option<Draft>, ScribeError> {
        if self.repairs_left == 0 || !self.scribe.has_time() {
            return Ok(None);
        }
        self.repairs_left -= 1;
        let fence = self.assignment.language.map_or("", Language::name);
        let code = format!("```{fence}\n{}\n```", failure.code.trim_end());
        let wrong = format!(
            "This code is wrong: {}. Write the corrected code, whole, in one fenced code block.",
            failure.message
        );
        let page = self.assignment.page.followed_by(vec![
            said(Speaker::Assistant, &code),
            said(Speaker::User, &wrong),
        ]);
        self.scribe.tell(AskStage::Repairing).await?;
        let written = self.write(&page, AskStage::Repairing).await?;
        written
            .map(Some)
            .map_err(|_| ScribeError::Empty(self.scribe.model().clone()))
    }

    /// The model is not asked again.
    pub(super) const fn give_up(&mut self) {
        self.repairs_left = 0;
    }

    /// Asks once more when the answer had no code.
    async fn ask_for_code(&mut self, text: &str) -> Result<Draft, ScribeError> {
        let empty = || ScribeError::Empty(self.scribe.model().clone());
        if self.repairs_left == 0 || !self.scribe.has_time() || text.trim().is_empty() {
            return Err(empty());
        }
        self.repairs_left -= 1;
        let begin = text.get(..text.floor_char_boundary(REPEATED_BYTES_MAX));
        let page = self.assignment.page.followed_by(vec![
            said(Speaker::Assistant, begin.unwrap_or_default().trim_end()),
            said(
                Speaker::User,
                "There is no code in this. Write the code in one fenced code block.",
            ),
        ]);
        let written = self.write(&page, AskStage::Repairing).await?;
        written.map_err(|_| ScribeError::Empty(self.scribe.model().clone()))
    }

    /// One draft; the cleaned text when it has no code.
    async fn write(
        &mut self,
        page: &Page,
        stage: AskStage,
    ) -> Result<Result<Draft, String>, ScribeError> {
        let mut manuscript = self.scribe.begin(page, stage).await?;
        let read = manuscript.read_on().await;
        let mut echoes = page.echoes();
        echoes.push(manuscript.asked());
        let markdown = clean_written(manuscript.text(), &echoes);
        self.scribe.keep(manuscript);
        read?;
        let found = find_code(&markdown, self.assignment.language, self.analyser);
        let Some(found) = found else {
            return Ok(Err(markdown));
        };
        self.scribe.tell(AskStage::Checking).await?;
        Ok(Ok(self.draft(markdown, found)))
    }

    fn draft(&self, markdown: String, found: FoundCode) -> Draft {
        let model = self.scribe.model();
        let FoundCode {
            code,
            language,
            is_bare,
        } = found;
        let mut markdown = if is_bare {
            format!("```{}\n{}\n```\n", language.name(), code.trim_end())
        } else {
            markdown
        };
        let finished = self.scribe.last_finished();
        if finished.is_some_and(|finished| finished.reason == FinishReason::Length) {
            markdown.push_str("\nThe model wrote as much as it may, so this may end early.\n");
        }
        let suite = self.suite(language, &code);
        let mut answer = blank(
            Brain::Model(model.clone()),
            Outcome::Answered,
            &(self.assignment.reason)(model),
            markdown,
        );
        answer.code = Some(code);
        answer.language = Some(language);
        answer.sources.clone_from(&self.assignment.sources);
        answer.ai_confidence = finished
            .and_then(|finished| finished.mean_probability)
            .unwrap_or(0.0);
        let number = self.scribe.last_kept().map_or(1, |at| at + 1);
        Draft {
            answer,
            proof: Proof::NeverRun,
            trial: Some(suite),
            title: format!("text {number} of {model}"),
            text: self.scribe.last_kept(),
        }
    }

    /// The tests of the known task, when the code has the function they call.
    fn suite(&self, language: Language, code: &str) -> Suite {
        let functions = list_functions(language, code);
        let known = self.assignment.known.as_ref().filter(|task| {
            let entry = task.entry_point.as_ref();
            task.language == language && entry.is_some_and(|entry| functions.contains(entry))
        });
        Suite {
            tests: known.and_then(|task| task.tests.clone()),
            entry_point: known.and_then(|task| task.entry_point.clone()),
            before: None,
        }
    }
}
