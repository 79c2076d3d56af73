//! What follows when the code of an answer passes or fails: whether it is shown, what is said, and what is tried next.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};

use app::ask::Asker;
use app::knowledge::{KnowledgeError, Lesson};
use app::quality::QualityError;
use domain::Language;
use domain::accounts::{Principal, Role};
use domain::ask::{Answer, AskEvent, CheckResult, Outcome};
use domain::sandbox::{Judgement, RunStatus, Tests, TierState};
use tokio::sync::mpsc;

use crate::instance::{Instance, question};
use crate::scripted::{Scripted, failed, passed, stopped, text_of};

const ASKED: &str = "write a python function that merges overlapping intervals";

const GIZMO: &str =
    "write a python function that computes the flux capacitance of a gizmo manifold";

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
            AskEvent::Route(_) | AskEvent::Progress(_) => "route",
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

/// Two lessons for one question, both with tests that passed when they were taught.
async fn teach_twice(instance: &Instance, ada: &Principal) {
    for factor in [87, 88] {
        let code = format!("def flux(gizmo):\n    return gizmo * {factor}\n");
        let tests = Some("assert flux(0) == 0\n");
        instance
            .knowledge
            .teach(ada, lesson(&code, tests))
            .await
            .unwrap();
    }
}

#[tokio::test]
async fn when_the_first_fails_the_next_is_tried_and_the_story_told() {
    // Everything passes while it is taught; then the first that is tried fails, again and again.
    let rejected: Arc<Mutex<Option<String>>> = Arc::default();
    let is_taught = Arc::new(AtomicBool::new(false));
    let (instance, ada, sandbox) = instance({
        let (rejected, is_taught) = (rejected.clone(), is_taught.clone());
        move |code, _| {
            if !is_taught.load(Ordering::SeqCst) {
                return passed(1);
            }
            let mut rejected = rejected.lock().unwrap();
            if rejected.get_or_insert_with(|| code.to_owned()) == code {
                failed("1 is not 2")
            } else {
                passed(3)
            }
        }
    })
    .await;
    teach_twice(&instance, &ada).await;
    is_taught.store(true, Ordering::SeqCst);
    sandbox.asked.lock().unwrap().clear();

    let answer = instance.answer(&ada, question(GIZMO)).await.answer;
    assert_eq!(sandbox.asked.lock().unwrap().len(), 2);
    assert_eq!(
        (
            answer.checks.execution,
            answer.checks.attempts,
            answer.checks.tests_passed
        ),
        (CheckResult::Passed, 2, 3)
    );
    let rejected = rejected.lock().unwrap().clone();
    assert_ne!(answer.code, rejected);
    assert!(
        notes(&answer).contains("was set aside: it fails its tests: test 0: 1 is not 2."),
        "{}",
        notes(&answer)
    );
    let again = instance.answer(&ada, question(GIZMO)).await.answer;
    assert_eq!(again.code, answer.code, "the same again");
}

#[tokio::test]
async fn when_none_passes_the_first_is_shown_and_said_to_fail() {
    let is_taught = Arc::new(AtomicBool::new(false));
    let (instance, ada, sandbox) = instance({
        let is_taught = is_taught.clone();
        move |_, _| {
            if is_taught.load(Ordering::SeqCst) {
                stopped(RunStatus::Timeout, "it ran longer than 5 seconds.")
            } else {
                passed(1)
            }
        }
    })
    .await;
    teach_twice(&instance, &ada).await;
    is_taught.store(true, Ordering::SeqCst);
    sandbox.asked.lock().unwrap().clear();

    let answer = instance.answer(&ada, question(GIZMO)).await.answer;
    let asked = sandbox.asked.lock().unwrap();
    assert!((2..=3).contains(&asked.len()), "bounded");
    assert_eq!(
        (answer.checks.execution, answer.checks.attempts as usize),
        (CheckResult::Failed, asked.len())
    );
    assert_eq!(answer.code.as_ref(), Some(&asked[0].0.code));
    assert!(
        notes(&answer).contains("It fails its own tests: it ran longer than 5 seconds."),
        "{}",
        notes(&answer)
    );
    assert!(answer.markdown.starts_with("**It fails its tests: "));
}

#[tokio::test]
async fn what_passed_when_the_library_was_built_is_not_said_to_be_wrong() {
    let (instance, ada, sandbox) =
        instance(|_, _| failed("ModuleNotFoundError: No module named 'threading'")).await;
    let answer = instance.answer(&ada, question(ASKED)).await.answer;
    assert_eq!(sandbox.asked.lock().unwrap().len(), 1);
    assert_eq!(
        (answer.outcome, answer.checks.execution),
        (Outcome::Answered, CheckResult::Verified)
    );
    assert!(notes(&answer).contains("which allows less"));
}

#[tokio::test]
async fn an_example_that_passes_does_not_hide_that_its_own_tests_fail_here() {
    for (theirs, execution) in [
        (passed(1), CheckResult::Verified),
        (failed("(1, 7) is not (1, 6)"), CheckResult::Failed),
    ] {
        let (instance, ada, _) = instance(move |_, tests| {
            if text_of(tests).contains("(1, 4), (3, 6)") && text_of(tests).lines().count() == 1 {
                theirs.clone()
            } else {
                failed("no files here")
            }
        })
        .await;
        let asked = format!("{ASKED}\n>>> join([(1, 4), (3, 6)])\n[(1, 6)]");
        let answer = instance.answer(&ada, question(&asked)).await.answer;
        assert_eq!(answer.checks.execution, execution, "{}", notes(&answer));
        let said = notes(&answer);
        assert!(said.contains("which allows less"), "{said}");
        assert_eq!(
            said.contains("Your example passes."),
            execution == CheckResult::Verified
        );
    }
}

#[tokio::test]
async fn a_renaming_that_breaks_the_code_is_a_failure() {
    let asked =
        || question("write a python function called join_ranges that merges overlapping intervals");
    let (breaking, ada, _) = instance(|code, _| {
        if code.contains("join_ranges") {
            failed("NameError")
        } else {
            passed(5)
        }
    })
    .await;
    let answer = breaking.answer(&ada, asked()).await.answer;
    assert_eq!(answer.checks.execution, CheckResult::Failed);
    let (lacking, ada, _) = instance(|_, _| failed("no files here")).await;
    let answer = lacking.answer(&ada, asked()).await.answer;
    assert_eq!(answer.checks.execution, CheckResult::Verified);
}

#[tokio::test]
async fn an_answer_does_not_wait_for_a_sandbox_that_is_being_made_ready() {
    for (state, execution) in [
        (TierState::Preparing, CheckResult::Verified),
        (TierState::Ready, CheckResult::Passed),
    ] {
        let mut sandbox = Scripted::new(|_, _| passed(1));
        sandbox.state = Some(state);
        let instance = Instance::with_sandbox(Arc::new(sandbox)).await;
        let ada = instance.sign_in("ada", Role::Developer).await;
        let answer = instance.answer(&ada, question(ASKED)).await.answer;
        assert_eq!(answer.checks.execution, execution, "{}", notes(&answer));
    }
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
    let ask = question(GIZMO);
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
    let ask = question(GIZMO);
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
