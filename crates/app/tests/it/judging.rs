//! Judging files of problems: order, bounds, ends. What a sandbox makes of them is its own matter.

use std::ops::ControlFlow;

use app::judge::{Completion, JudgeError, JudgeSettings, Problem, Solutions, judge, read_problems};
use domain::sandbox::{RunStatus, Tests};
use serde_json::json;

use crate::scripted::{Scripted, failed, passed, stopped};

fn problems(count: usize) -> Vec<Problem> {
    let lines: Vec<String> = (0..count)
        .map(|number| {
            json!({
                "task_id": format!("Python/{number}"), "prompt": format!("def f{number}():\n"),
                "canonical_solution": "    return 1\n", "buggy_solution": "    return 2\n",
                "test": format!("def check(f):\n    assert f() == 1\n\ncheck(f{number})"), "entry_point": format!("f{number}")
            })
            .to_string()
        })
        .collect();
    read_problems(lines.join("\n").as_bytes()).unwrap()
}

fn sandbox() -> Scripted {
    Scripted::new(|program, tests| {
        assert!(matches!(tests, Tests::Check { entry_point, code }
            if program.code.contains(entry_point) && !code.contains("\ncheck(")));
        match () {
            () if program.code.contains("return 1") => passed(1),
            () if program.code.contains("return 3") => {
                stopped(RunStatus::Unavailable, "no tier is ready")
            }
            () => failed("2 is not 1"),
        }
    })
}

#[tokio::test]
async fn every_solution_is_judged_and_reported_in_the_order_of_the_file() {
    let problems = problems(9);
    for (solutions, passes) in [(Solutions::Canonical, 9), (Solutions::Buggy, 0)] {
        let mut told = Vec::new();
        let settings = JudgeSettings {
            parallel: 4,
            ..JudgeSettings::default()
        };
        let report = judge(
            &sandbox(),
            &problems,
            &solutions,
            settings,
            &mut |progress| {
                told.push((progress.done, progress.total));
                ControlFlow::Continue(())
            },
        )
        .await
        .unwrap();
        assert_eq!(told, (1..=9).map(|done| (done, 9)).collect::<Vec<_>>());
        assert_eq!(
            (
                report.passed,
                report.failed,
                report.not_run,
                report.is_complete
            ),
            (passes, 9 - passes, 0, true)
        );
        let order: Vec<_> = report
            .results
            .iter()
            .map(|result| result.task_id.clone())
            .collect();
        let expected: Vec<_> = problems
            .iter()
            .map(|problem| problem.task_id.clone())
            .collect();
        assert_eq!(order, expected);
    }
}

#[tokio::test]
async fn completions_are_judged_each_and_what_was_not_run_is_neither() {
    let completion = |number: usize, text: &str| Completion {
        task_id: format!("Python/{number}"),
        completion: text.to_owned(),
    };
    let given = vec![
        completion(1, "    return 1\n"),
        completion(0, "    return 2\n"),
        completion(1, "    return 3\n"),
    ];
    let settings = JudgeSettings::default();
    let report = judge(
        &sandbox(),
        &problems(2),
        &Solutions::Completions(given),
        settings,
        &mut |_| ControlFlow::Continue(()),
    )
    .await
    .unwrap();
    let seen: Vec<_> = report
        .results
        .iter()
        .map(|result| (result.task_id.as_str(), result.sample, result.passed))
        .collect();
    assert_eq!(
        seen,
        [
            ("Python/1", 0, true),
            ("Python/0", 0, false),
            ("Python/1", 1, false)
        ]
    );
    assert_eq!((report.passed, report.failed, report.not_run), (1, 1, 1));

    let stranger = Solutions::Completions(vec![completion(7, "")]);
    let refused = judge(&sandbox(), &problems(2), &stranger, settings, &mut |_| {
        ControlFlow::Continue(())
    })
    .await;
    assert!(matches!(refused, Err(JudgeError::UnknownProblem { .. })));
}

#[tokio::test]
async fn judging_ends_when_it_is_told_to() {
    let settings = JudgeSettings {
        parallel: 1,
        ..JudgeSettings::default()
    };
    let report = judge(
        &sandbox(),
        &problems(5),
        &Solutions::Canonical,
        settings,
        &mut |progress| {
            if progress.done == 2 {
                ControlFlow::Break(())
            } else {
                ControlFlow::Continue(())
            }
        },
    )
    .await
    .unwrap();
    assert_eq!((report.results.len(), report.is_complete), (2, false));
    let mut without = problems(1);
    without[0].buggy = None;
    let refused = judge(
        &sandbox(),
        &without,
        &Solutions::Buggy,
        settings,
        &mut |_| ControlFlow::Continue(()),
    )
    .await;
    assert!(matches!(refused, Err(JudgeError::NoBuggySolution { .. })));
}
