//! Being taught by a person: the code must parse, and pass its tests where they can be run.

use domain::Language;
use domain::accounts::{Permission, Principal};
use domain::ask::{CheckResult, Checks};
use domain::id::ItemId;
use domain::knowledge::{EmbeddedItem, Item, ItemBody, ItemStatus, Origin, TaskBody};
use domain::sandbox::{Judgement, Program, RunStatus, Tests};
use domain::{InvalidText, Text};

use super::draft::{Draft, Provenance, fingerprint};
use super::{KnowledgeError, KnowledgeService};
use crate::require;
use crate::sandbox::outline::list_functions;
use crate::sandbox::{Runner, SandboxError, read_tests};

/// Most bytes of a taught description.
pub const DESCRIPTION_BYTES_MAX: usize = 4 * 1024;

/// Most bytes of a taught implementation or its tests.
pub const IMPLEMENTATION_BYTES_MAX: usize = 64 * 1024;

/// A task taught by a person.
#[derive(Debug, Clone)]
pub struct Lesson {
    /// What the code does.
    pub description: String,
    /// The code.
    pub implementation: String,
    /// Its language.
    pub language: Language,
    /// Tests to run after the code: statements, a function `check(candidate)`, or examples with `>>>`.
    pub tests: Option<String>,
}

/// What became of a lesson.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Taught {
    /// The task as it was stored.
    pub item: Item,
    /// What was checked before.
    pub checks: Checks,
}

/// The parts of a lesson, each within its bounds.
struct Parts {
    description: String,
    code: String,
    language: Language,
    tests: Option<String>,
}

impl KnowledgeService {
    /// Keeps a task taught by `principal`: a draft that its author finds at once and nobody else does. Code that does not parse,
    /// or fails its tests, is refused; code whose tests cannot be run here is kept, and its checks say so.
    pub async fn teach(
        &self,
        principal: &Principal,
        lesson: Lesson,
    ) -> Result<Taught, KnowledgeError> {
        require(principal, Permission::Teach)?;
        let parts = parts_of(lesson)?;
        let errors = self
            .analyser
            .find_syntax_errors(parts.language, &parts.code);
        if let Some(error) = errors.into_iter().next() {
            return Err(KnowledgeError::Syntax(error));
        }
        let checks = self.check(principal, &parts).await?;
        let item = self.store_taught(principal, parts, &checks).await?;
        Ok(Taught { item, checks })
    }

    async fn check(&self, principal: &Principal, parts: &Parts) -> Result<Checks, KnowledgeError> {
        let language = parts.language;
        let mut checks = Checks {
            syntax: CheckResult::Passed,
            notes: vec![format!(
                "The implementation parses as {}.",
                language.title()
            )],
            attempts: 1,
            ..Checks::default()
        };
        let unavailable = "It has not been run: execution is unavailable here.";
        let (result, note) = match &parts.tests {
            _ if !self.sandbox.can_run(language) => {
                (CheckResult::Unavailable, unavailable.to_owned())
            }
            None => (
                CheckResult::NotApplicable,
                "It has not been run, because it came without tests.".to_owned(),
            ),
            Some(tests) => {
                let judgement = self.judge(principal, parts, tests).await?;
                checks.duration_us = micros(&judgement);
                checks.tests_total = count(judgement.tests.len());
                let failure = judgement.failure();
                match (judgement.run.status, failure) {
                    (RunStatus::Unavailable, reason) => (
                        CheckResult::Unavailable,
                        format!(
                            "Its tests were not run: {}.",
                            reason
                                .as_deref()
                                .map_or("execution is unavailable here", clause)
                        ),
                    ),
                    (_, Some(failure)) => return Err(KnowledgeError::Tests(failure)),
                    (_, None) => (CheckResult::Passed, passed_note(judgement.tests.len())),
                }
            }
        };
        checks.execution = result;
        checks.notes.push(note);
        if result == CheckResult::Passed {
            checks.tests_passed = checks.tests_total;
        }
        Ok(checks)
    }

    async fn judge(
        &self,
        principal: &Principal,
        parts: &Parts,
        tests: &str,
    ) -> Result<Judgement, SandboxError> {
        let tests = read_tests(parts.language, &parts.code, tests, None)?;
        let program = Program::new(parts.language, parts.code.as_str());
        self.sandbox
            .judge(Runner::Account(principal), program, tests)
            .await
    }

    async fn store_taught(
        &self,
        principal: &Principal,
        parts: Parts,
        checks: &Checks,
    ) -> Result<Item, KnowledgeError> {
        let entry_point = entry_point_of(&parts);
        let Parts {
            description,
            code,
            language,
            tests,
        } = parts;
        let identity = ItemId::new(self.clock.now(), self.entropy.as_ref());
        let draft = Draft {
            key: format!("taught/{identity}"),
            title: title_from(&description),
            fingerprint: fingerprint(&[
                "taught-1",
                &description,
                &code,
                tests.as_deref().unwrap_or_default(),
            ]),
            description,
            phrasings: Vec::new(),
            body: ItemBody::Task(TaskBody {
                language,
                code,
                tests,
                entry_point,
                verified: checks.execution == CheckResult::Passed,
            }),
        };
        let from = Provenance {
            origin: Origin::Taught,
            owner: Some(principal.account.id),
            status: ItemStatus::Draft,
        };
        let item = draft.into_item(from, self.clock.as_ref(), self.entropy.as_ref());
        let vectors = self
            .embed(std::slice::from_ref(&item))
            .await
            .unwrap_or_else(|_| vec![Vec::new()]);
        let embedded = EmbeddedItem {
            item: item.clone(),
            vectors: vectors.into_iter().next().unwrap_or_default(),
        };
        self.store
            .write_items(self.embedder.encoder(), vec![embedded], Vec::new())
            .await?;
        Ok(item)
    }
}

fn parts_of(lesson: Lesson) -> Result<Parts, KnowledgeError> {
    let invalid = |field| move |reason: InvalidText| KnowledgeError::Invalid { field, reason };
    let description = Text::<DESCRIPTION_BYTES_MAX>::new(lesson.description)
        .map_err(invalid("description"))?
        .into_string();
    let code = Text::<IMPLEMENTATION_BYTES_MAX>::new(lesson.implementation)
        .map_err(invalid("implementation"))?
        .into_string();
    let tests = lesson
        .tests
        .filter(|tests| !tests.trim().is_empty())
        .map(|tests| Text::<IMPLEMENTATION_BYTES_MAX>::new(tests).map_err(invalid("tests")))
        .transpose()?
        .map(Text::into_string);
    Ok(Parts {
        description,
        code,
        language: lesson.language,
        tests,
    })
}

/// The function that the tests are about, else the last one.
fn entry_point_of(parts: &Parts) -> Option<String> {
    let tests = parts.tests.as_deref().unwrap_or_default();
    match read_tests(parts.language, &parts.code, tests, None) {
        Ok(Tests::Check { entry_point, .. }) => Some(entry_point),
        Ok(Tests::Asserts(_) | Tests::Doctests | Tests::Io(_)) | Err(_) => {
            list_functions(parts.language, &parts.code).pop()
        }
    }
}

fn passed_note(tests: usize) -> String {
    match tests {
        1 => "Its test passed in the sandbox.".to_owned(),
        count => format!("Its {count} tests passed in the sandbox."),
    }
}

/// A sentence without its full stop.
fn clause(sentence: &str) -> &str {
    sentence.trim_end_matches('.')
}

fn count(tests: usize) -> u32 {
    u32::try_from(tests).unwrap_or(u32::MAX)
}

fn micros(judgement: &Judgement) -> u64 {
    u64::try_from(judgement.run.duration.as_micros()).unwrap_or(u64::MAX)
}

/// The first sentence of a description, at most 80 characters.
fn title_from(description: &str) -> String {
    let first = description
        .split(['.', '\n'])
        .map(str::trim)
        .find(|part| !part.is_empty())
        .unwrap_or("Taught task");
    if first.chars().count() <= 80 {
        return first.to_owned();
    }
    first.chars().take(79).chain(std::iter::once('…')).collect()
}
