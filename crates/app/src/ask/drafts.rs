//! Drafts of an answer with code: what is shown, how its code is tried, and where the next one comes from when it fails.

use async_trait::async_trait;
use domain::Language;
use domain::analysis::CodeAnalyser;
use domain::ask::{Answer, Brain, Outcome};
use domain::knowledge::{Item, ItemBody, Origin, TaskBody};

use super::decide::Chosen;
use super::generate::{ask_to_be_taught, blank, first_task, lead_sentence, reason_for, sources_of};
use super::recall::Request;
use super::receipt::{Facts, fact};

/// Probability of answering the question from which another draft counts as an answer; below, the asker is asked.
const FIT_MIN: f32 = 0.5;

/// Probability of answering the question from which another draft is worth a try: what has little to do with the question proves
/// nothing by passing an example.
const TRY_MIN: f32 = 0.1;

/// Drafts from what is known that are tried for one answer.
pub(super) const ATTEMPTS_MAX: u32 = 3;

/// Stands between code and tests while a name is changed in both.
const SEAM: &str = "-- tests from here --";

/// One try at an answer.
#[derive(Debug, Clone)]
pub(super) struct Draft {
    /// What would be shown, without checks.
    pub(super) answer: Answer,
    /// What is known about its code before it is tried.
    pub(super) proof: Proof,
    /// How its code is tried; `None` for code that is only shown to be explained, which is never run.
    pub(super) trial: Option<Suite>,
    /// What it is called in a sentence about it.
    pub(super) title: String,
    /// Number of the text that a language model wrote for it.
    pub(super) text: Option<usize>,
}

/// What is known about the execution of an answer's code.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Proof {
    /// There is no code of ours in the answer.
    NoCode,
    /// Its tests passed before.
    Verified {
        /// When it was taught by a person, rather than when the library was built.
        is_taught: bool,
        /// A function was renamed since.
        is_renamed: bool,
    },
    /// It has never been run here.
    NeverRun,
}

/// What a draft brings to be tried with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Suite {
    /// Its own tests, in the names of its code.
    pub(super) tests: Option<String>,
    /// The function it is about, in the name of its code.
    pub(super) entry_point: Option<String>,
    /// The task as it was before a function was renamed.
    pub(super) before: Option<Box<TaskBody>>,
}

/// Why a draft was not good enough; whoever writes the next one may learn from it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Failure {
    /// The draft's code.
    pub(super) code: String,
    /// What went wrong first, as a clause.
    pub(super) message: String,
}

/// Where drafts come from.
#[async_trait]
pub(super) trait Drafts: Send {
    /// The next draft after one that failed; `None` when there is no other.
    async fn next(&mut self, failure: &Failure) -> Option<Draft>;

    /// Drafts that are tried at most, the first included.
    fn attempts_max(&self) -> u32 {
        ATTEMPTS_MAX
    }

    /// What happened beside the drafts since this was last asked, as sentences.
    fn take_notes(&mut self) -> Vec<String> {
        Vec::new()
    }
}

impl Proof {
    pub(super) fn of(item: &Item, task: &TaskBody) -> Self {
        if task.verified {
            Self::Verified {
                is_taught: item.origin == Origin::Taught,
                is_renamed: false,
            }
        } else {
            Self::NeverRun
        }
    }
}

impl Draft {
    /// A draft whose code, if it has any, is not run.
    pub(super) fn shown(answer: Answer, proof: Proof) -> Self {
        Self {
            answer,
            proof,
            trial: None,
            title: String::new(),
            text: None,
        }
    }

    pub(super) fn facts(&self) -> Facts {
        let model = match &self.answer.brain {
            Brain::Model(name) => name.as_str(),
            Brain::Code
            | Brain::Theory
            | Brain::Base
            | Brain::Guarded
            | Brain::Library
            | Brain::Analysis
            | Brain::None => "none",
        };
        vec![
            fact("brain", &self.answer.brain),
            fact("model", model),
            fact("bytes", self.answer.markdown.len()),
        ]
    }
}

/// The rung without a language model: after the best item, the next best of the same language.
pub(super) struct LibraryDrafts<'a> {
    chosen: Chosen,
    /// The hit that is tried next.
    next_at: usize,
    request: &'a Request,
    analyser: &'a dyn CodeAnalyser,
}

impl<'a> LibraryDrafts<'a> {
    /// Nothing to draft from.
    pub(super) fn none(request: &'a Request, analyser: &'a dyn CodeAnalyser) -> Self {
        let chosen = Chosen {
            hits: Vec::new(),
            outcome: Outcome::Unknown,
            missing_language: None,
        };
        Self::after_first(chosen, request, analyser)
    }

    /// What follows the first hit.
    pub(super) fn after_first(
        chosen: Chosen,
        request: &'a Request,
        analyser: &'a dyn CodeAnalyser,
    ) -> Self {
        Self {
            chosen,
            next_at: 1,
            request,
            analyser,
        }
    }

    /// The first hit as well: what came before was none of them.
    pub(super) const fn with_first(mut self) -> Self {
        self.next_at = 0;
        self
    }

    pub(super) fn chosen(&self) -> &Chosen {
        &self.chosen
    }
}

#[async_trait]
impl Drafts for LibraryDrafts<'_> {
    async fn next(&mut self, _: &Failure) -> Option<Draft> {
        let language = first_task(&self.chosen.hits)?.1.language;
        let (at, hit) = self
            .chosen.hits.iter().enumerate().skip(self.next_at)
            .filter(|(_, hit)| hit.score >= TRY_MIN).find(
            |(_, hit)| matches!(&hit.item.body, ItemBody::Task(task) if task.language == language),
        )?;
        let outcome = if hit.score >= FIT_MIN {
            self.chosen.outcome
        } else {
            Outcome::Confirm
        };
        let mut hits = self.chosen.hits.clone();
        hits.get_mut(..=at)?.rotate_right(1);
        self.next_at = at + 1;
        let chosen = Chosen {
            hits,
            outcome,
            missing_language: self.chosen.missing_language,
        };
        Some(show_task(&chosen, self.request, self.analyser))
    }
}

/// The code of the first hit, renamed as asked.
pub(super) fn show_task(chosen: &Chosen, request: &Request, analyser: &dyn CodeAnalyser) -> Draft {
    let Some((item, task)) = first_task(&chosen.hits) else {
        return ask_to_be_taught(&chosen.hits);
    };
    let renamed = request
        .name
        .as_deref()
        .zip(task.entry_point.as_deref())
        .and_then(|(to, from)| rename(task, from, to, analyser));
    let proof = match Proof::of(item, task) {
        Proof::Verified { is_taught, .. } => Proof::Verified {
            is_taught,
            is_renamed: renamed.is_some(),
        },
        proof @ (Proof::NoCode | Proof::NeverRun) => proof,
    };
    let (code, suite) = renamed.unwrap_or_else(|| {
        let suite = Suite {
            tests: task.tests.clone(),
            entry_point: task.entry_point.clone(),
            before: None,
        };
        (task.code.clone(), suite)
    });
    let markdown = format!(
        "{}{}\n\n```{}\n{}\n```\n",
        lead_sentence(chosen, item),
        item.description,
        task.language.name(),
        code.trim_end()
    );
    let reason = reason_for(
        chosen.outcome,
        "Known code answers this; no language model took part.",
    );
    let mut answer = blank(Brain::Library, chosen.outcome, reason, markdown);
    answer.code = Some(code);
    answer.language = Some(task.language);
    answer.sources = sources_of(&chosen.hits);
    Draft {
        answer,
        proof,
        trial: Some(suite),
        title: item.title.clone(),
        text: None,
    }
}

/// Code and tests with the function `from` called `to`.
fn rename(
    task: &TaskBody,
    from: &str,
    to: &str,
    analyser: &dyn CodeAnalyser,
) -> Option<(String, Suite)> {
    let language = task.language;
    let code = analyser.rename(language, &task.code, from, to)?;
    let tests = task
        .tests
        .as_ref()
        .map(|tests| rename_in_tests(task, tests, [from, to], analyser));
    let suite = Suite {
        tests,
        entry_point: Some(to.to_owned()),
        before: Some(Box::new(task.clone())),
    };
    Some((code, suite))
}

/// The tests in the new name. They only call the function, so they are renamed behind the code that defines it; where that cannot
/// be done, because they use the new name for something else, they get the old name as another name of the function.
fn rename_in_tests(
    task: &TaskBody,
    tests: &str,
    [from, to]: [&str; 2],
    analyser: &dyn CodeAnalyser,
) -> String {
    let comment = match task.language {
        Language::Python => "#",
        Language::Sql => "--",
        Language::JavaScript
        | Language::TypeScript
        | Language::Cpp
        | Language::C
        | Language::Rust
        | Language::Java
        | Language::Go => "//",
    };
    let seam = format!("\n{comment} {SEAM}\n");
    let whole = format!("{}{seam}{tests}", task.code);
    let renamed = analyser.rename(task.language, &whole, from, to);
    if let Some((_, tests)) = renamed
        .as_deref()
        .and_then(|whole| whole.split_once(seam.as_str()))
    {
        return tests.to_owned();
    }
    match task.language {
        Language::JavaScript | Language::TypeScript => format!("const {from} = {to};\n{tests}"),
        Language::Python
        | Language::Sql
        | Language::Cpp
        | Language::C
        | Language::Rust
        | Language::Java
        | Language::Go => format!("{from} = {to}\n{tests}"),
    }
}
