//! Code run for real: the sandbox of this machine below the ask pipeline, teaching and judging.

use std::ops::ControlFlow;
use std::path::PathBuf;
use std::sync::Arc;

use app::ask::Asker;
use app::judge::{JudgeSettings, Solutions, judge, read_problems};
use app::knowledge::{KnowledgeError, Lesson, read_library};
use app::sandbox::read_tests;
use domain::Language;
use domain::accounts::{Principal, Role};
use domain::ask::{Answer, CheckResult, Outcome};
use domain::knowledge::ItemBody;
use domain::sandbox::{Program, Sandbox, Tests, TierState};
use futures::StreamExt;
use sandbox::{LocalSandbox, SandboxConfig};
use serde_json::json;

use crate::instance::{Instance, question};

const GIZMO: &str =
    "write a python function that computes the flux capacitance of a gizmo manifold";

/// The sandbox of this machine, ready; compiled images are kept between runs.
async fn sandbox() -> Arc<LocalSandbox> {
    let cache_dir = std::env::var_os("CODEGENIE_SANDBOX_CACHE").map_or_else(
        || std::env::temp_dir().join("codegenie-sandbox-tests"),
        PathBuf::from,
    );
    let sandbox = LocalSandbox::start(SandboxConfig {
        cache_dir,
        launcher: None,
        python: Vec::new(),
        parallel_max: 2,
    });
    let reports = sandbox.report(true).await;
    assert!(
        reports.iter().any(|tier| tier.state == TierState::Ready),
        "no tier is ready; build the guests first: {reports:#?}"
    );
    Arc::new(sandbox)
}

async fn instance(sandbox: Arc<LocalSandbox>) -> (Instance, Principal) {
    let instance = Instance::with_sandbox(sandbox).await;
    let ada = instance.sign_in("ada", Role::Developer).await;
    (instance, ada)
}

/// One test for all: the sandbox proves itself once, which takes longer than the rest.
#[tokio::test(flavor = "multi_thread")]
async fn code_is_run_for_real() {
    let sandbox = sandbox().await;
    println!("known_code_is_run_before_it_is_shown_under_its_own_and_under_another_name");
    known_code_is_run_before_it_is_shown_under_its_own_and_under_another_name(sandbox.clone())
        .await;
    println!("the_askers_own_example_decides");
    the_askers_own_example_decides(sandbox.clone()).await;
    println!("of_two_lessons_the_one_that_does_what_the_example_says_is_shown");
    of_two_lessons_the_one_that_does_what_the_example_says_is_shown(sandbox.clone()).await;
    println!("a_lesson_is_refused_with_its_first_failure_and_kept_when_it_passes");
    a_lesson_is_refused_with_its_first_failure_and_kept_when_it_passes(sandbox.clone()).await;
    println!("code_of_the_library_is_not_said_to_fail_for_what_the_sandbox_lacks");
    code_of_the_library_is_not_said_to_fail_for_what_the_sandbox_lacks(sandbox.clone()).await;
    println!("code_that_does_not_end_is_said_to_fail_in_time");
    code_that_does_not_end_is_said_to_fail_in_time(sandbox.clone()).await;
    println!("problems_are_judged_by_what_their_solutions_do");
    problems_are_judged_by_what_their_solutions_do(sandbox.clone()).await;
    println!("the_library_passes_its_tests_in_the_sandbox");
    the_library_passes_its_tests_in_the_sandbox(sandbox.clone()).await;
}

fn lesson(description: &str, code: &str, tests: Option<&str>) -> Lesson {
    Lesson {
        description: description.to_owned(),
        implementation: code.to_owned(),
        language: Language::Python,
        tests: tests.map(str::to_owned),
    }
}

fn notes(answer: &Answer) -> String {
    answer.checks.notes.join(" ")
}

async fn known_code_is_run_before_it_is_shown_under_its_own_and_under_another_name(
    sandbox: Arc<LocalSandbox>,
) {
    let (instance, ada) = instance(sandbox).await;
    for (asked, name) in [
        (
            "write a python function that merges overlapping intervals",
            "merge_intervals",
        ),
        (
            "write a python function called join_ranges that merges overlapping intervals",
            "join_ranges",
        ),
    ] {
        let answer = instance.answer(&ada, question(asked)).await.answer;
        assert_eq!(
            (answer.outcome, answer.checks.execution),
            (Outcome::Answered, CheckResult::Passed),
            "{:?}",
            answer.checks
        );
        assert!(answer.checks.tests_total >= 5, "{:?}", answer.checks);
        assert_eq!(answer.checks.tests_passed, answer.checks.tests_total);
        assert!(answer.code.unwrap().contains(&format!("def {name}(")));
    }
}

async fn the_askers_own_example_decides(sandbox: Arc<LocalSandbox>) {
    let (instance, ada) = instance(sandbox).await;
    let ask =
        "write a python function that merges overlapping intervals\n>>> join([(1, 4), (3, 6)])\n";
    let right = instance
        .answer(&ada, question(&format!("{ask}[(1, 6)]")))
        .await
        .answer;
    assert_eq!(
        (right.outcome, right.checks.execution),
        (Outcome::Answered, CheckResult::Passed),
        "{:?}",
        right.checks
    );
    assert!(notes(&right).contains("Your example passes."));
    let wrong = instance
        .answer(&ada, question(&format!("{ask}[(1, 7)]")))
        .await
        .answer;
    assert_eq!(
        (wrong.outcome, wrong.checks.execution),
        (Outcome::Confirm, CheckResult::Failed),
        "{:?}",
        wrong.checks
    );
    assert!(wrong.markdown.contains("Your example fails with it"));
    assert!(wrong.code.unwrap().contains("def merge_intervals("));
}

async fn of_two_lessons_the_one_that_does_what_the_example_says_is_shown(
    sandbox: Arc<LocalSandbox>,
) {
    let (instance, ada) = instance(sandbox).await;
    for factor in [87, 88] {
        let code = format!("def flux(gizmo):\n    return gizmo * {factor}\n");
        let lesson = lesson(
            "Compute the flux capacitance of a gizmo manifold.",
            &code,
            None,
        );
        instance.knowledge.teach(&ada, lesson).await.unwrap();
    }
    for factor in [88, 87] {
        let asked = format!("{GIZMO}, flux_of(2) == {}", 2 * factor);
        let answer = instance.answer(&ada, question(&asked)).await.answer;
        assert_eq!(
            answer.checks.execution,
            CheckResult::Passed,
            "{:?}",
            answer.checks
        );
        assert!(answer.code.unwrap().contains(&factor.to_string()));
    }
}

async fn a_lesson_is_refused_with_its_first_failure_and_kept_when_it_passes(
    sandbox: Arc<LocalSandbox>,
) {
    let (instance, ada) = instance(sandbox).await;
    let description = "Compute the flux capacitance of a gizmo manifold.";
    let code = "def flux(gizmo):\n    return gizmo * 88\n";
    for (tests, is_right) in [
        ("assert flux(1) == 88\nassert flux(0) == 1\n", false),
        (
            "def check(candidate):\n    assert candidate(2) == 175\n",
            false,
        ),
        (">>> flux(1)\n89\n", false),
        (">>> flux(1)\n88\n", true),
        (
            "def check(candidate):\n    assert candidate(2) == 176\n",
            true,
        ),
        ("assert flux(1) == 88\n", true),
    ] {
        let taught = instance
            .knowledge
            .teach(&ada, lesson(description, code, Some(tests)))
            .await;
        match taught {
            Ok(taught) => {
                assert!(is_right, "{tests}");
                assert_eq!(taught.checks.execution, CheckResult::Passed, "{tests}");
            }
            Err(KnowledgeError::Tests(why)) => assert!(!is_right, "{tests}: {why}"),
            Err(other) => panic!("{tests}: {other}"),
        }
    }
    let answer = instance.answer(&ada, question(GIZMO)).await.answer;
    assert_eq!(answer.checks.execution, CheckResult::Passed);
}

async fn code_of_the_library_is_not_said_to_fail_for_what_the_sandbox_lacks(
    sandbox: Arc<LocalSandbox>,
) {
    let (instance, ada) = instance(sandbox).await;
    for asked in [
        "write a python function that reads a json lines file",
        "write a python function called load_rows that reads a json lines file",
    ] {
        let answer = instance.answer(&ada, question(asked)).await.answer;
        assert_eq!(answer.sources[0].key, "library/python/read-json-lines");
        assert_eq!(
            (answer.outcome, answer.checks.execution),
            (Outcome::Answered, CheckResult::Verified),
            "{:?}",
            answer.checks
        );
        assert!(
            notes(&answer).contains("which allows less"),
            "{}",
            notes(&answer)
        );
    }
}

async fn code_that_does_not_end_is_said_to_fail_in_time(sandbox: Arc<LocalSandbox>) {
    let (instance, ada) = instance(sandbox).await;
    let code = "def flux(gizmo):\n    while True:\n        pass\n";
    let lesson = lesson(
        "Compute the flux capacitance of a gizmo manifold.",
        code,
        None,
    );
    instance.knowledge.teach(&ada, lesson).await.unwrap();
    let asked = question(&format!("{GIZMO}\nflux(2) == 3"));
    let answered = instance
        .ask
        .ask(Asker::Account(&ada), asked, None)
        .await
        .unwrap();
    let answer = answered.answer;
    assert_eq!(
        (answer.outcome, answer.checks.execution),
        (Outcome::Confirm, CheckResult::Failed),
        "{:?}",
        answer.checks
    );
    assert!(
        notes(&answer).contains("time of 5 s was up"),
        "{}",
        notes(&answer)
    );
}

async fn problems_are_judged_by_what_their_solutions_do(sandbox: Arc<LocalSandbox>) {
    let line = |number: usize, right: &str, wrong: &str| {
        json!({
            "task_id": format!("Python/{number}"), "prompt": "def area(side):\n    \"\"\" Area of a square. \"\"\"\n",
            "canonical_solution": right, "buggy_solution": wrong, "entry_point": "area",
            "test": "def check(area):\n    assert area(2) == 4\n    assert area(3) == 9\n\ncheck(area)"
        })
        .to_string()
    };
    let lines = [
        line(0, "    return side * side\n", "    return side + side\n"),
        line(1, "    return side ** 2\n", "    raise SystemExit(0)\n"),
        line(2, "    return sum([side] * side)\n", "    return None\n"),
    ];
    let problems = read_problems(lines.join("\n").as_bytes()).unwrap();
    for (solutions, passes) in [(Solutions::Canonical, 3), (Solutions::Buggy, 0)] {
        let report = judge(
            sandbox.as_ref(),
            &problems,
            &solutions,
            JudgeSettings::default(),
            &mut |_| ControlFlow::Continue(()),
        )
        .await
        .unwrap();
        assert_eq!(
            (report.passed, report.not_run),
            (passes, 0),
            "{:#?}",
            report.results
        );
    }
}

/// Tasks that need files, or whose tests watch a function of theirs being called by the code, which the sandbox keeps apart.
const NEEDS_MORE: [&str; 3] = [
    "library/python/memoize",
    "library/python/read-json-lines",
    "library/python/read-text-file-lines",
];

/// Every other task of the library in a language that can be run here passes its tests in the sandbox, too.
async fn the_library_passes_its_tests_in_the_sandbox(sandbox: Arc<LocalSandbox>) {
    let tasks = read_library().unwrap().into_iter().filter_map(|draft| {
        let ItemBody::Task(task) = draft.body else {
            return None;
        };
        sandbox.can_run(task.language).then_some((draft.key, task))
    });
    let judged: Vec<(String, Option<String>)> = futures::stream::iter(tasks)
        .map(async |(key, task)| {
            let text = task.tests.unwrap();
            let tests = read_tests(
                task.language,
                &task.code,
                &text,
                task.entry_point.as_deref(),
            );
            let tests: Tests = tests.unwrap();
            let program = Program::new(task.language, task.code);
            (key, sandbox.judge(&program, &tests).await.failure())
        })
        .buffer_unordered(2)
        .collect()
        .await;
    let failures: Vec<_> = judged
        .iter()
        .filter(|(key, _)| !NEEDS_MORE.contains(&key.as_str()))
        .filter_map(|(key, failure)| failure.as_ref().map(|why| format!("{key}: {why}")))
        .collect();
    assert!(
        failures.is_empty(),
        "{} of {} fail:\n{}",
        failures.len(),
        judged.len(),
        failures.join("\n")
    );
    assert!(judged.len() >= 60, "{} tasks", judged.len());
}
