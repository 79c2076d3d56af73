//! What follows when the code of an answer passes or fails: whether it is shown, what is said, and what is tried next.

use std::sync::Arc;

use app::ask::Asker;
use app::knowledge::{KnowledgeError, Lesson};
use app::quality::QualityError;
use domain::Language;
use domain::accounts::{Principal, Role};
use domain::ask::{Answer, AskEvent, CheckResult, Outcome};
use domain::sandbox::{Judgement, RunStatus, Tests};
use tokio::sync::mpsc;

use crate::instance::{Instance, question};
use crate::scripted::{Scripted, failed, passed, stopped, text_of};

const ASKED: &str = "write a python function that merges overlapping intervals";

async fn instance(
    verdict: impl Fn(&str, &Tests) -> Judgement + Send + Sync + 'static,
) -> (Instance, Principal, Arc<Scripted>) {
    let sandbox = Arc::new(Scripted::new(move |program, tests| {
        verdict(&program.code, tests)
    }));
    let instance = Instance::with_sandbox(sandbox.clone()).await;
    let ada = instance.sign_in("ada", Role::Developer).await;
    (instance, ada, sandbox)
}

fn notes(answer: &Answer) -> String {
    answer.checks.notes.join(" ")
}

fn lesson(implementation: &str, tests: Option<&str>) -> Lesson {
    Lesson {
        description: "Compute the flux capacitance of a gizmo manifold.".into(),
        implementation: implementation.into(),
        language: Language::Python,
        tests: tests.map(str::to_owned),
    }
}

#[tokio::test]
async fn code_that_passes_is_shown_with_what_was_run() {
    let (instance, ada, sandbox) = instance(|_, _| passed(7)).await;
    let answered = instance.answer(&ada, question(ASKED)).await;
    let checks = &answered.answer.checks;
    assert_eq!(
        (answered.answer.outcome, checks.execution),
        (Outcome::Answered, CheckResult::Passed)
    );
    assert_eq!(
        (
            checks.tests_passed,
            checks.tests_total,
            checks.attempts,
            checks.duration_us
        ),
        (7, 7, 1, 3000)
    );
    assert!(notes(&answered.answer).contains("Its 7 tests pass"));
    let step = answered.receipt.steps.last().unwrap();
    for (name, value) in [
        ("tier", "wasm"),
        ("tests", "7 of 7 passed"),
        ("attempts", "1"),
    ] {
        assert!(
            step.facts.contains(&(name.to_owned(), value.to_owned())),
            "{:?}",
            step.facts
        );
    }
    let asked = sandbox.asked.lock().unwrap();
    assert_eq!(asked.len(), 1);
    assert!(text_of(&asked[0].1).contains("merge_intervals([(1, 4)"));
}

#[tokio::test]
async fn a_renamed_function_is_run_under_its_new_name() {
    let (instance, ada, sandbox) = instance(|_, _| passed(7)).await;
    let asked =
        question("write a python function called join_ranges that merges overlapping intervals");
    let answer = instance.answer(&ada, asked).await.answer;
    assert!(notes(&answer).contains("renamed"), "{}", notes(&answer));
    let asked = sandbox.asked.lock().unwrap();
    let (program, tests) = &asked[0];
    for text in [program.code.as_str(), text_of(tests)] {
        assert!(
            text.contains("join_ranges(") && !text.contains("merge_intervals("),
            "{text}"
        );
    }
}

#[tokio::test]
async fn the_askers_example_is_run_and_a_failure_asks_instead_of_claiming() {
    let asked = format!("{ASKED}\nmerge([(1, 4), (3, 6)]) == [(1, 6)]");
    let (agreeing, ada, sandbox) = instance(|_, _| passed(1)).await;
    let answer = agreeing.answer(&ada, question(&asked)).await.answer;
    assert_eq!(answer.outcome, Outcome::Answered);
    assert!(notes(&answer).contains("Your example passes."));
    assert_eq!(
        (answer.checks.tests_passed, answer.checks.tests_total),
        (2, 2)
    );
    assert_eq!(
        text_of(&sandbox.asked.lock().unwrap()[1].1),
        "assert merge_intervals([(1, 4), (3, 6)]) == [(1, 6)]\n"
    );

    let (disagreeing, ada, _) = instance(|_, tests| {
        if text_of(tests).lines().count() == 1 {
            failed("[(1, 6)] is not [(1, 7)]")
        } else {
            passed(5)
        }
    })
    .await;
    let (sender, mut receiver) = mpsc::channel(1000);
    let answered = disagreeing
        .ask
        .ask(Asker::Account(&ada), question(&asked), Some(&sender))
        .await
        .unwrap();
    drop(sender);
    let answer = &answered.answer;
    assert_eq!(
        (answer.outcome, answer.checks.execution),
        (Outcome::Confirm, CheckResult::Failed)
    );
    assert!(
        answer
            .markdown
            .starts_with("**Your example fails with it: "),
        "{}",
        answer.markdown
    );
    assert!(
        answer
            .code
            .as_ref()
            .unwrap()
            .contains("def merge_intervals"),
        "the best is shown"
    );
    let mut streamed = String::new();
    let mut kinds = Vec::new();
    while let Some(event) = receiver.recv().await {
        let kind = match event {
            AskEvent::Route(_) => "route",
            AskEvent::Sources(_) => "sources",
            AskEvent::Token(text) => {
                streamed.push_str(&text);
                "token"
            }
            AskEvent::Check(checks) => {
                assert_eq!(checks, answer.checks);
                "check"
            }
            AskEvent::Done(_) => "done",
        };
        if kinds.last() != Some(&kind) {
            kinds.push(kind);
        }
    }
    assert_eq!(kinds, ["route", "sources", "token", "check", "done"]);
    assert_eq!(streamed, answer.markdown, "no failed draft is ever sent");
}

#[tokio::test]
async fn when_the_first_fails_the_next_is_tried_and_the_story_told() {
    let (instance, ada, sandbox) = instance(|code, _| {
        if code.contains("def merge_intervals") {
            failed("1 is not 2")
        } else {
            passed(3)
        }
    })
    .await;
    let answer = instance.answer(&ada, question(ASKED)).await.answer;
    let tries = sandbox.asked.lock().unwrap().len();
    assert!((2..=3).contains(&tries), "{tries}");
    assert_eq!(
        (answer.checks.execution, answer.checks.attempts),
        (CheckResult::Passed, 2)
    );
    assert!(
        !answer
            .code
            .as_ref()
            .unwrap()
            .contains("def merge_intervals")
    );
    assert!(
        notes(&answer).contains("“Merge overlapping intervals”, was set aside: it fails its tests"),
        "{}",
        notes(&answer)
    );
    assert_ne!(answer.sources[0].key, "library/python/merge-intervals");
    let again = instance.answer(&ada, question(ASKED)).await.answer;
    assert_eq!(again.code, answer.code, "the same again");
}

#[tokio::test]
async fn when_none_passes_the_first_is_shown_and_said_to_fail() {
    let (instance, ada, sandbox) =
        instance(|_, _| stopped(RunStatus::Timeout, "it ran longer than 5 seconds.")).await;
    let answer = instance.answer(&ada, question(ASKED)).await.answer;
    assert!(sandbox.asked.lock().unwrap().len() <= 3, "bounded");
    assert_eq!(answer.checks.execution, CheckResult::Failed);
    assert!(
        answer
            .code
            .as_ref()
            .unwrap()
            .contains("def merge_intervals")
    );
    assert!(
        notes(&answer).contains("longer than 5 seconds"),
        "{}",
        notes(&answer)
    );
    assert!(answer.markdown.starts_with("**It fails its tests: "));
}

#[tokio::test]
async fn what_the_sandbox_does_not_allow_is_no_failure_of_verified_code() {
    let (instance, ada, _) =
        instance(|_, _| failed("ModuleNotFoundError: No module named 'threading'")).await;
    let answer = instance.answer(&ada, question(ASKED)).await.answer;
    assert_eq!(
        (answer.outcome, answer.checks.execution),
        (Outcome::Answered, CheckResult::Verified)
    );
    assert!(notes(&answer).contains("cannot be run here"));
}

#[tokio::test]
async fn pasted_code_and_explanations_are_never_run() {
    let (instance, ada, sandbox) = instance(|_, _| panic!("nothing may be run")).await;
    for text in [
        "what does this do?\n```python\nimport os\nos.remove('x')\n```",
        "explain how to merge overlapping intervals",
    ] {
        instance.answer(&ada, question(text)).await;
    }
    assert!(sandbox.asked.lock().unwrap().is_empty());
}

#[tokio::test]
async fn a_lesson_is_kept_when_its_tests_pass_and_refused_when_they_fail() {
    let code = "def flux(gizmo):\n    return gizmo * 88\n";
    let tests = "def check(candidate):\n    assert candidate(1) == 88\n";
    let (passing, ada, sandbox) = instance(|_, _| passed(1)).await;
    let taught = passing
        .knowledge
        .teach(&ada, lesson(code, Some(tests)))
        .await
        .unwrap();
    assert_eq!(
        (taught.checks.execution, taught.checks.tests_passed),
        (CheckResult::Passed, 1)
    );
    assert!(matches!(
        &sandbox.asked.lock().unwrap()[0].1,
        Tests::Check { entry_point, .. } if entry_point == "flux"
    ));
    let untested = passing.knowledge.teach(&ada, lesson(code, None)).await;
    let untested = untested.unwrap().checks;
    assert_eq!(untested.execution, CheckResult::NotApplicable);
    assert!(untested.notes.join(" ").contains("has not been run"));

    let (failing, ada, _) = instance(|_, _| failed("87 is not 88")).await;
    let refused = failing
        .knowledge
        .teach(&ada, lesson(code, Some(tests)))
        .await;
    assert!(
        matches!(&refused, Err(KnowledgeError::Tests(why)) if why.contains("87 is not 88")),
        "{refused:?}"
    );
    let ask =
        question("write a python function that computes the flux capacitance of a gizmo manifold");
    assert_eq!(
        failing.answer(&ada, ask).await.answer.outcome,
        Outcome::Unknown,
        "nothing was kept"
    );
}

#[tokio::test]
async fn a_lesson_whose_tests_cannot_be_run_is_kept_and_says_so() {
    let instance = Instance::new().await;
    let ada = instance.sign_in("ada", Role::Developer).await;
    let code = "def flux(gizmo):\n    return gizmo * 88\n";
    let taught = instance
        .knowledge
        .teach(&ada, lesson(code, Some("assert flux(1) == 88\n")))
        .await
        .unwrap();
    assert_eq!(taught.checks.execution, CheckResult::Unavailable);
    let ask =
        question("write a python function that computes the flux capacitance of a gizmo manifold");
    let answer = instance.answer(&ada, ask).await.answer;
    assert_eq!(answer.checks.execution, CheckResult::Unavailable);
}

#[tokio::test]
async fn administrators_see_how_answers_did() {
    let (instance, ada, _) = instance(|_, _| passed(2)).await;
    let admin = instance.sign_in("root", Role::Admin).await;
    instance.answer(&ada, question(ASKED)).await;
    instance.answer(&ada, question("explain recursion")).await;
    let counts = instance.quality.report(&admin, 7).await.unwrap();
    assert_eq!(counts.len(), 1, "{counts:?}");
    assert_eq!(
        (
            counts[0].answers,
            counts[0].syntax.passed,
            counts[0].execution.passed,
            counts[0].attempts
        ),
        (1, 1, 1, 1)
    );
    assert_eq!(instance.quality.report(&admin, 0).await.unwrap(), counts);
    let refused = instance.quality.report(&ada, 7).await;
    assert!(matches!(refused, Err(QualityError::Forbidden(_))));
}
