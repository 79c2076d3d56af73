//! When a draft fails: the next one is tried, a few times and for a few seconds, and the best is shown with what became of all.

use std::time::{Duration, Instant};

use domain::ask::{Answer, Brain, Checks, Outcome};

use super::check::{Checker, Rank, Trial, checks_of};
use super::clean::clean;
use super::drafts::{Draft, Drafts};
use super::receipt::{Facts, fact};

/// Time for all tries of one answer; what a language model needs to write is not in it.
const TIME_MAX: Duration = Duration::from_secs(8);

/// Less time than this is not worth another try.
const TIME_MIN: Duration = Duration::from_millis(200);

/// The answer to be shown.
pub(super) struct Settled {
    /// With its checks.
    pub(super) answer: Answer,
    /// Number of the text that a language model wrote for it.
    pub(super) text: Option<usize>,
    pub(super) facts: Facts,
}

/// Tries `first` and, as long as there is something against it, what `drafts` has next; gives the best.
pub(super) async fn settle(
    first: Draft,
    drafts: &mut dyn Drafts,
    checker: &Checker<'_>,
) -> Settled {
    let began = Instant::now();
    let trial = checker.attempt(&first, TIME_MAX).await;
    let mut tried_for = began.elapsed();
    let mut attempts = 1;
    let mut spent = trial.duration();
    let mut story = Vec::new();
    let (mut best, mut best_trial) = (first, trial);
    let mut failure = failure_of(&best, &best_trial);
    while let Some(failed) = failure {
        let left = TIME_MAX.saturating_sub(tried_for);
        if attempts >= drafts.attempts_max() || left < TIME_MIN {
            break;
        }
        let next = drafts.next(&failed).await;
        story.extend(drafts.take_notes());
        let Some(mut next) = next else {
            break;
        };
        next.answer = clean(next.answer);
        let began = Instant::now();
        let trial = checker.attempt(&next, left).await;
        tried_for += began.elapsed();
        attempts += 1;
        spent += trial.duration();
        failure = failure_of(&next, &trial);
        // One that comes later fits the question less, so it must have shown that it does something.
        let is_better = trial.rank() > best_trial.rank()
            && (trial.rank() >= Rank::Other || best_trial.rank() == Rank::Broken);
        let (loser, loser_trial) = if is_better {
            let loser = std::mem::replace(&mut best, next);
            (loser, std::mem::replace(&mut best_trial, trial))
        } else {
            (next, trial)
        };
        story.extend(set_aside(&loser, &loser_trial));
    }
    let can_run = best
        .answer
        .language
        .is_some_and(|language| checker.sandbox.can_run(language));
    let mut checks = checks_of(&best, &best_trial, can_run);
    if checks.attempts > 0 {
        checks.attempts = attempts;
        checks.duration_us = u64::try_from(spent.as_micros()).unwrap_or(u64::MAX);
    }
    let mut facts = best_trial.facts(&checks);
    facts.extend(story.iter().map(|told| fact("set aside", told)));
    checks.notes.extend(story);
    Settled {
        text: best.text,
        answer: present(best, &best_trial, checks),
        facts,
    }
}

fn failure_of(draft: &Draft, trial: &Trial) -> Option<super::drafts::Failure> {
    let code = draft.answer.code.as_deref().unwrap_or_default();
    trial.failure(code).filter(|_| draft.trial.is_some())
}

/// A sentence about a draft that is not shown.
fn set_aside(draft: &Draft, trial: &Trial) -> Option<String> {
    let title = &draft.title;
    let why = trial.failure("").map_or_else(
        || "it could not be tried".to_owned(),
        |failure| failure.message,
    );
    (!title.is_empty()).then(|| format!("Another try, “{title}”, was set aside: {why}."))
}

/// The answer with its checks; one that failed says so before anything else, and asks instead of claiming.
fn present(draft: Draft, trial: &Trial, checks: Checks) -> Answer {
    let failure = failure_of(&draft, trial);
    let mut answer = Answer {
        checks,
        ..draft.answer
    };
    let Some(failure) = failure else {
        return answer;
    };
    let message = sentence(&failure.message);
    if let Brain::Model(model) = &answer.brain {
        answer.markdown = format!(
            "**{message}** The model `{model}` wrote this and could not mend it, so use it with care.\n\n{}",
            answer.markdown
        );
        answer.outcome = Outcome::Confirm;
        answer.reason = format!("{} What is wrong with it is said above it.", answer.reason);
        return answer;
    }
    let is_doubt = trial.rank() == Rank::Other && answer.outcome == Outcome::Answered;
    // A draft that is shown in doubt asks already.
    let asked = if is_doubt {
        " It is the closest thing I know. Is it what you mean? If not, you can teach me."
    } else {
        ""
    };
    answer.markdown = format!("**{message}**{asked}\n\n{}", answer.markdown);
    if is_doubt {
        answer.outcome = Outcome::Confirm;
        "The closest thing known is shown, because your example fails with it; no language model took part."
            .clone_into(&mut answer.reason);
    }
    answer
}

/// A clause as a sentence, with nothing in it that Markdown would read.
fn sentence(clause: &str) -> String {
    let mut letters = clause.chars();
    let first = letters
        .next()
        .map(|letter| letter.to_uppercase().collect::<String>())
        .unwrap_or_default();
    let mut text = first;
    for letter in letters {
        match letter {
            '\n' | '\r' => text.push(' '),
            '*' | '_' | '`' | '[' | ']' | '<' | '>' | '#' | '\\' | '|' | '~' | '&' => {
                text.push('\\');
                text.push(letter);
            }
            other => text.push(other),
        }
    }
    text.push('.');
    text
}
