//! Tries the code of a draft: it is parsed, then run by its own tests and by the asker's examples. Code that is only explained is
//! never run.

use std::time::{Duration, Instant};

use domain::Language;
use domain::analysis::CodeAnalyser;
use domain::ask::{CheckResult, Checks};
use domain::sandbox::{Judgement, Limits, Program, RunStatus, Tests, Tier};

use super::drafts::{Draft, Failure, Proof, Suite};
use super::examples::{Example, write_tests};
use super::receipt::{Facts, fact};
use crate::sandbox::{Runner, SandboxService, read_tests};

/// Characters of a failure that a receipt keeps.
const FAILURE_CHARS_MAX: usize = 200;

/// Time a run may wait for its turn, in addition to the time it may take.
const WAIT_MAX: Duration = Duration::from_secs(2);

/// What drafts are tried with.
pub(super) struct Checker<'a> {
    pub(super) analyser: &'a dyn CodeAnalyser,
    pub(super) sandbox: &'a SandboxService,
    pub(super) runner: Runner<'a>,
    pub(super) examples: &'a [Example],
}

/// What came of one set of tests.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Tried {
    /// There was none.
    Nothing,
    /// All passed.
    Passed,
    /// This went wrong first.
    Failed(String),
    /// This went wrong first, but they passed elsewhere: the sandbox allows less, or stands between the tests and the code.
    FailedHere(String),
    /// They were not run, for this reason.
    NotRun(String),
}

/// What came of trying one draft.
#[derive(Debug, Clone)]
pub(super) struct Trial {
    /// Where its code does not parse, as a clause.
    syntax: Option<String>,
    /// Whether the parser complained and it ran all the same, tests and all: of SQL the parser does not know everything.
    is_unknown_syntax: bool,
    /// What came of its own tests.
    pub(super) own: Tried,
    /// Whether those are the examples of its docstrings.
    own_are_doctests: bool,
    /// How many of its own were reached.
    own_tests: u32,
    /// What came of the asker's examples.
    pub(super) theirs: Tried,
    /// Examples of the asker's that were run, and that could not be.
    examples: usize,
    examples_left_out: usize,
    tests_passed: u32,
    tests_total: u32,
    tier: Option<Tier>,
    duration: Duration,
}

/// How good a draft is, worst first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Rank {
    /// It does not parse.
    Broken,
    /// It fails its own tests.
    Wrong,
    /// Nothing could be run.
    Untried,
    /// It does what it says, but not what the asker's example says.
    Other,
    /// Everything that was run passed, but for tests of its own that are known to pass elsewhere.
    Good,
}

impl Trial {
    fn new() -> Self {
        Self {
            syntax: None,
            is_unknown_syntax: false,
            own: Tried::Nothing,
            own_are_doctests: false,
            own_tests: 0,
            theirs: Tried::Nothing,
            examples: 0,
            examples_left_out: 0,
            tests_passed: 0,
            tests_total: 0,
            tier: None,
            duration: Duration::ZERO,
        }
    }

    pub(super) fn rank(&self) -> Rank {
        match (&self.syntax, &self.own, &self.theirs) {
            (Some(_), _, _) => Rank::Broken,
            (None, Tried::Failed(_), _) => Rank::Wrong,
            (None, _, Tried::Failed(_)) => Rank::Other,
            (None, Tried::Passed, _) | (None, _, Tried::Passed) => Rank::Good,
            (
                None,
                Tried::Nothing | Tried::FailedHere(_) | Tried::NotRun(_),
                Tried::Nothing | Tried::FailedHere(_) | Tried::NotRun(_),
            ) => Rank::Untried,
        }
    }

    /// Why the draft of this code is not good enough; `None` when nothing speaks against it.
    pub(super) fn failure(&self, code: &str) -> Option<Failure> {
        let message = match (&self.syntax, &self.own, &self.theirs) {
            (Some(error), _, _) => format!("it does not parse: {error}"),
            (None, Tried::Failed(why), _) => format!("it fails its tests: {why}"),
            (None, _, Tried::Failed(why)) => format!("your example fails with it: {why}"),
            (None, _, _) => return None,
        };
        Some(Failure {
            code: code.to_owned(),
            message,
        })
    }

    /// Time its runs took.
    pub(super) const fn duration(&self) -> Duration {
        self.duration
    }

    fn add(&mut self, judgement: &Judgement) {
        let count = |tests: usize| u32::try_from(tests).unwrap_or(u32::MAX);
        let passed = judgement
            .tests
            .iter()
            .filter(|test| test.failure.is_none())
            .count();
        self.tests_passed = self.tests_passed.saturating_add(count(passed));
        self.tests_total = self
            .tests_total
            .saturating_add(count(judgement.tests.len()));
        self.duration += judgement.run.duration;
        self.tier = judgement.run.tier.or(self.tier);
    }

    pub(super) fn facts(&self, checks: &Checks) -> Facts {
        let mut facts = vec![
            fact("syntax", checks.syntax.name()),
            fact("execution", checks.execution.name()),
        ];
        if let Some(tier) = self.tier {
            facts.push(fact("tier", tier.name()));
            let (passed, total) = (self.tests_passed, self.tests_total);
            facts.push(fact("tests", format!("{passed} of {total} passed")));
            facts.push(fact("run_us", self.duration.as_micros()));
        }
        if checks.attempts > 0 {
            facts.push(fact("attempts", checks.attempts));
        }
        if let Some(failure) = self.failure("") {
            let message: String = failure.message.chars().take(FAILURE_CHARS_MAX).collect();
            facts.push(fact("failure", message));
        }
        facts
    }
}

impl Checker<'_> {
    /// Tries a draft, all runs together within about `time`.
    pub(super) async fn attempt(&self, draft: &Draft, time: Duration) -> Trial {
        let mut trial = Trial::new();
        let (Some(code), Some(language)) = (&draft.answer.code, draft.answer.language) else {
            return trial;
        };
        let errors = self.analyser.find_syntax_errors(language, code);
        if let Some(error) = errors.first() {
            let clause = error.clause();
            trial.syntax = Some(format!(
                "line {}, column {}: {clause}",
                error.line, error.column
            ));
            if !self.can_outrun_parser(draft, language) {
                return trial;
            }
        }
        if let Some(suite) = &draft.trial
            && self.sandbox.can_run(language)
        {
            if self.sandbox.is_preparing().await {
                let reason = "the sandbox is still being made ready; ask again in a minute";
                trial.own = Tried::NotRun(reason.to_owned());
                return trial;
            }
            let began = Instant::now();
            let program = within(Program::new(language, code.as_str()), time);
            self.run_own(&mut trial, draft, suite, &program).await;
            if trial.syntax.is_some() && self.outruns_parser(&trial, &program).await {
                trial.syntax = None;
                trial.is_unknown_syntax = true;
            }
            let left = time.saturating_sub(began.elapsed());
            let is_wrong = trial.syntax.is_some() || matches!(trial.own, Tried::Failed(_));
            if !is_wrong && !left.is_zero() {
                let program = within(program, left);
                self.run_theirs(&mut trial, suite, &program).await;
            }
        }
        trial
    }

    /// Whether a run can show that code is right which the parser complains of.
    fn can_outrun_parser(&self, draft: &Draft, language: Language) -> bool {
        language == Language::Sql && draft.trial.is_some() && self.sandbox.can_run(language)
    }

    /// Whether code that the parser complains of is right: it passed its own tests, or runs where there are none.
    async fn outruns_parser(&self, trial: &Trial, program: &Program) -> bool {
        match trial.own {
            Tried::Passed => true,
            Tried::Nothing => {
                let time = program.limits.wall + WAIT_MAX;
                let running = self.sandbox.run(self.runner, program.clone());
                let ran = tokio::time::timeout(time, running).await;
                matches!(ran, Ok(Ok(outcome)) if outcome.status == RunStatus::Ok)
            }
            Tried::Failed(_) | Tried::FailedHere(_) | Tried::NotRun(_) => false,
        }
    }

    async fn run_own(&self, trial: &mut Trial, draft: &Draft, suite: &Suite, program: &Program) {
        let tests = match &suite.tests {
            Some(text) => read_tests(
                program.language,
                &program.code,
                text,
                suite.entry_point.as_deref(),
            ),
            None if has_doctests(program) => {
                trial.own_are_doctests = true;
                Ok(Tests::Doctests)
            }
            None => return,
        };
        trial.own = match tests {
            Ok(tests) => self.run(trial, program, tests).await,
            Err(refused) => Tried::NotRun(refused.to_string()),
        };
        trial.own_tests = trial.tests_total;
        if let Tried::Failed(why) = &trial.own
            && self.passed_elsewhere(draft, suite, program).await
        {
            trial.own = Tried::FailedHere(why.clone());
        }
    }

    /// Whether the tests of code that fails are known to pass outside of the sandbox: the library's are, as it was built. Code that
    /// was renamed since must fail as it was before, too, or the renaming broke it.
    async fn passed_elsewhere(&self, draft: &Draft, suite: &Suite, program: &Program) -> bool {
        let is_library = matches!(
            draft.proof,
            Proof::Verified {
                is_taught: false,
                ..
            }
        );
        let Some(before) = suite.before.as_deref().filter(|_| is_library) else {
            return is_library;
        };
        let text = before.tests.as_deref().unwrap_or_default();
        let entry_point = before.entry_point.as_deref();
        let Ok(tests) = read_tests(before.language, &before.code, text, entry_point) else {
            return false;
        };
        let program = Program {
            code: before.code.clone(),
            ..program.clone()
        };
        let tried = self.run(&mut Trial::new(), &program, tests).await;
        matches!(tried, Tried::Failed(_))
    }

    async fn run_theirs(&self, trial: &mut Trial, suite: &Suite, program: &Program) {
        if self.examples.is_empty() {
            return;
        }
        let entry_point = suite.entry_point.as_deref();
        let written = write_tests(self.examples, program.language, &program.code, entry_point);
        trial.examples = written.count;
        trial.examples_left_out = written.left_out;
        if written.count > 0 {
            trial.theirs = self.run(trial, program, Tests::Asserts(written.code)).await;
        }
    }

    async fn run(&self, trial: &mut Trial, program: &Program, tests: Tests) -> Tried {
        let time = program.limits.wall + WAIT_MAX;
        let judging = self.sandbox.judge(self.runner, program.clone(), tests);
        let judgement = match tokio::time::timeout(time, judging).await {
            Ok(Ok(judgement)) => judgement,
            Ok(Err(refused)) => return Tried::NotRun(refused.to_string()),
            Err(_) => return Tried::NotRun("the sandbox had no room in time".to_owned()),
        };
        trial.add(&judgement);
        let had_none = judgement.run.status == RunStatus::Ok
            && judgement.is_complete
            && judgement.tests.is_empty();
        match (judgement.run.status, judgement.failure()) {
            (_, None) => Tried::Passed,
            (_, Some(_)) if had_none => Tried::Nothing,
            (RunStatus::Unavailable, Some(reason)) => Tried::NotRun(reason),
            (_, Some(why)) => Tried::Failed(clause(&why).to_owned()),
        }
    }
}

/// The program with no more than `time` to run.
fn within(program: Program, time: Duration) -> Program {
    let limits = Limits::default();
    Program {
        limits: Limits {
            wall: limits.wall.min(time),
            ..limits
        },
        ..program
    }
}

fn has_doctests(program: &Program) -> bool {
    program.language == Language::Python
        && program
            .code
            .lines()
            .any(|line| line.trim_start().starts_with(">>>"))
}

/// A sentence without its full stop.
fn clause(sentence: &str) -> &str {
    sentence.trim_end().trim_end_matches('.')
}

/// What the checks of a draft say, without the story of earlier ones.
pub(super) fn checks_of(draft: &Draft, trial: &Trial, can_run: bool) -> Checks {
    let (Some(_), Some(language)) = (&draft.answer.code, draft.answer.language) else {
        return draft.answer.checks.clone();
    };
    let mut notes = Vec::new();
    let syntax = match &trial.syntax {
        None if trial.is_unknown_syntax => {
            notes.push(format!(
                "The code runs in the sandbox as {}.",
                language.title()
            ));
            CheckResult::Passed
        }
        None => {
            notes.push(format!("The code parses as {}.", language.title()));
            CheckResult::Passed
        }
        Some(error) => {
            notes.push(format!("The code does not parse: {error}."));
            CheckResult::Failed
        }
    };
    add_run_notes(&mut notes, trial);
    let failed_here = matches!(trial.own, Tried::FailedHere(_));
    let execution = match trial.rank() {
        Rank::Good if !failed_here => CheckResult::Passed,
        Rank::Other if failed_here => {
            add_proof_note(&mut notes, draft, trial, can_run);
            CheckResult::Failed
        }
        Rank::Other | Rank::Wrong => CheckResult::Failed,
        Rank::Good | Rank::Untried | Rank::Broken => {
            add_proof_note(&mut notes, draft, trial, can_run)
        }
    };
    if trial.own == Tried::Passed
        && let Proof::Verified {
            is_renamed: true, ..
        } = draft.proof
    {
        notes.push("The function was renamed as asked, and its tests with it.".to_owned());
    }
    Checks {
        syntax,
        execution,
        notes,
        tests_passed: trial.tests_passed,
        tests_total: trial.tests_total,
        attempts: 1,
        duration_us: u64::try_from(trial.duration.as_micros()).unwrap_or(u64::MAX),
    }
}

fn add_run_notes(notes: &mut Vec<String>, trial: &Trial) {
    match (&trial.own, trial.own_are_doctests) {
        (Tried::Passed, true) => {
            notes.push("The examples in its docstrings pass in the sandbox.".to_owned());
        }
        (Tried::Passed, false) if trial.own_tests == 1 => {
            notes.push("Its test passes in the sandbox.".to_owned());
        }
        (Tried::Passed, false) => notes.push(format!(
            "Its {} tests pass in the sandbox.",
            trial.own_tests
        )),
        (Tried::Failed(why), _) => notes.push(format!("It fails its own tests: {why}.")),
        (Tried::Nothing | Tried::FailedHere(_) | Tried::NotRun(_), _) => {}
    }
    match &trial.theirs {
        Tried::Passed if trial.examples == 1 => notes.push("Your example passes.".to_owned()),
        Tried::Passed => notes.push(format!("Your {} examples pass.", trial.examples)),
        Tried::Failed(why) => notes.push(format!("Your example fails with it: {why}.")),
        Tried::NotRun(reason) => {
            notes.push(format!("Your example was not run: {}.", clause(reason)));
        }
        Tried::Nothing | Tried::FailedHere(_) => {}
    }
    let which = match trial.examples_left_out {
        0 => return,
        1 => "Your example was".to_owned(),
        several => format!("{several} of your examples were"),
    };
    notes.push(format!(
        "{which} not tried, because the code has no function they can be meant for."
    ));
}

/// What is known of code that was not run now.
fn add_proof_note(
    notes: &mut Vec<String>,
    draft: &Draft,
    trial: &Trial,
    can_run: bool,
) -> CheckResult {
    let reason = match &trial.own {
        Tried::NotRun(reason) => Some(clause(reason)),
        Tried::Nothing | Tried::Passed | Tried::Failed(_) | Tried::FailedHere(_) => None,
    };
    match draft.proof {
        Proof::NoCode => CheckResult::NotApplicable,
        Proof::Verified {
            is_taught,
            is_renamed,
        } => {
            let when = if is_taught {
                "it was taught"
            } else {
                "the library was built"
            };
            let since = if is_renamed {
                " the function was renamed since, and"
            } else {
                ""
            };
            let now = match (&trial.own, reason) {
                (Tried::FailedHere(why), _) => {
                    format!("in the sandbox, which allows less, one fails: {why}")
                }
                (_, Some(reason)) => format!("they were not run again: {reason}"),
                (_, None) => "they were not run again".to_owned(),
            };
            notes.push(format!("Its tests passed when {when};{since} {now}."));
            CheckResult::Verified
        }
        Proof::NeverRun if trial.syntax.is_some() => CheckResult::NotApplicable,
        Proof::NeverRun if can_run && reason.is_none() => {
            let why = match draft.trial {
                Some(_) => "because it has no tests",
                None => "because it is only explained",
            };
            notes.push(format!("It has not been run, {why}."));
            CheckResult::NotApplicable
        }
        Proof::NeverRun => {
            let reason = reason.unwrap_or("execution is unavailable here");
            notes.push(format!("It has not been run: {reason}."));
            CheckResult::Unavailable
        }
    }
}
