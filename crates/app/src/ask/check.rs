//! Last step before the answer: check its code, and say what was checked.

use domain::analysis::CodeAnalyser;
use domain::ask::{Answer, CheckResult, Checks};

use super::generate::Proof;
use super::receipt::{Facts, fact};

pub(super) fn check(answer: &Answer, proof: Proof, analyser: &dyn CodeAnalyser) -> Checks {
    let (Some(code), Some(language)) = (&answer.code, answer.language) else {
        return answer.checks.clone();
    };
    let errors = analyser.find_syntax_errors(language, code);
    let mut notes = vec![match errors.first() {
        None => format!("The code parses as {}.", language.title()),
        Some(error) => {
            format!(
                "The code does not parse: line {}, column {}: {}.",
                error.line,
                error.column,
                error.clause()
            )
        }
    }];
    let (execution, note) = match proof {
        Proof::NoCode => (CheckResult::NotApplicable, None),
        Proof::Verified => (
            CheckResult::Verified,
            Some("Its tests passed when the library was built; they were not run again."),
        ),
        Proof::VerifiedThenRenamed => (
            CheckResult::Verified,
            Some(
                "Its tests passed when the library was built; the function was renamed since, and they were not run again.",
            ),
        ),
        Proof::NeverRun => (
            CheckResult::Unavailable,
            Some("It has not been run: execution is unavailable here."),
        ),
    };
    notes.extend(note.map(str::to_owned));
    let syntax = if errors.is_empty() {
        CheckResult::Passed
    } else {
        CheckResult::Failed
    };
    Checks {
        syntax,
        execution,
        notes,
    }
}

pub(super) fn facts(checks: &Checks) -> Facts {
    vec![
        fact("syntax", checks.syntax.name()),
        fact("execution", checks.execution.name()),
    ]
}
