//! Judgements: honest programs pass, and nothing that a program does makes wrong results pass.

use std::path::{Path, PathBuf};
use std::time::Duration;

use domain::sandbox::{IoCase, Judgement, RunStatus, Sandbox as _, Tests};
use sandbox::LocalSandbox;

use super::{python, sandbox};

const DIVIDER: &str = "\n# ---- tests\n";

/// The cases of a folder: name, program, tests.
fn cases(folder: &str) -> Vec<(String, String, Tests)> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("tests/it/cases")
        .join(folder);
    let mut paths: Vec<PathBuf> = std::fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .collect();
    paths.sort();
    let read = |path: PathBuf| {
        let text = std::fs::read_to_string(&path).unwrap();
        let (program, tests) = text.split_once(DIVIDER).unwrap();
        let tests = if tests.trim() == "# doctests" {
            Tests::Doctests
        } else {
            Tests::Asserts(tests.to_owned())
        };
        (path.display().to_string(), program.to_owned(), tests)
    };
    paths.into_iter().map(read).collect()
}

async fn judge(sandbox: &LocalSandbox, code: &str, tests: &Tests, wall: u64) -> Judgement {
    let mut program = python(code);
    program.limits.wall = Duration::from_secs(wall);
    sandbox.judge(&program, tests).await
}

#[tokio::test(flavor = "multi_thread")]
async fn honest_programs_pass() {
    let sandbox = sandbox().await;
    let cases = cases("honest");
    assert!(cases.len() > 15);
    for (name, program, tests) in cases {
        let judged = judge(&sandbox, &program, &tests, 20).await;
        assert!(judged.passed(), "{name}: {judged:#?}");
        assert_eq!(judged.failure(), None);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_wrong_program_does_not_pass_whatever_it_does() {
    let sandbox = sandbox().await;
    let cases = cases("forged");
    assert!(cases.len() > 50);
    for (name, program, tests) in cases {
        let judged = judge(&sandbox, &program, &tests, 2).await;
        assert!(!judged.passed(), "{name}: {judged:#?}");
        let why = judged.failure().unwrap();
        assert!(why.contains(' '), "{name}: {why}");
    }
}

/// Code and tests of a task of the library.
fn task(text: &str) -> Option<(String, String)> {
    let section = |title: &str| {
        let (_, rest) = text.split_once(&format!("\n## {title}\n"))?;
        let (_, rest) = rest.split_once("```python\n")?;
        Some(rest.split_once("\n```")?.0.to_owned())
    };
    Some((section("Code")?, section("Tests")?))
}

#[tokio::test(flavor = "multi_thread")]
async fn every_task_of_the_library_passes_and_fails_when_it_gives_something_else() {
    let sandbox = sandbox().await;
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../library/tasks/python");
    let mut judged_tasks = 0;
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let text = std::fs::read_to_string(&path).unwrap();
        let (code, tests) = task(&text).unwrap();
        if tests.contains("tempfile") {
            // Files exist in the native tier alone.
            continue;
        }
        let tests = Tests::Asserts(tests);
        let judged = judge(&sandbox, &code, &tests, 30).await;
        assert!(judged.passed(), "{}: {judged:#?}", path.display());
        // Every function of the program gives something else than it should.
        let mutant = format!(
            "{code}\nimport types as _types\nfor _name, _value in list(globals().items()):\n    \
             if isinstance(_value, (_types.FunctionType, type)) and _value.__module__ == 'solution':\n        \
             globals()[_name] = lambda *args, **kwargs: 'something else'\n"
        );
        let judged = judge(&sandbox, &mutant, &tests, 30).await;
        assert!(!judged.passed(), "{}: {judged:#?}", path.display());
        judged_tasks += 1;
    }
    assert!(judged_tasks > 50);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_failed_assertion_shows_both_sides_and_the_rest_is_still_tried() {
    let sandbox = sandbox().await;
    let tests = Tests::Asserts(
        "assert f(1) == 4, 'doubled twice'\nassert f(2) == 4\nassert f(3) > 9\nf('a' - 1)\nassert f(4) == 8\n"
            .to_owned(),
    );
    let judged = judge(&sandbox, "def f(n):\n    return n * 2\n", &tests, 10).await;
    let found: Vec<_> = judged
        .tests
        .iter()
        .map(|test| (test.name.as_str(), test.failure.as_deref()))
        .collect();
    assert_eq!(
        found,
        [
            (
                "assert f(1) == 4, 'doubled twice'",
                Some("expected 4, got 2: doubled twice")
            ),
            ("assert f(2) == 4", None),
            ("assert f(3) > 9", Some("it is not so that 6 > 9")),
            (
                "f('a' - 1)",
                Some("TypeError: unsupported operand type(s) for -: 'str' and 'int'")
            ),
        ]
    );
    assert!(!judged.is_complete);
    assert_eq!(judged.run.status, RunStatus::Ok);
}

#[tokio::test(flavor = "multi_thread")]
async fn check_calls_the_entry_point() {
    let sandbox = sandbox().await;
    let tests = |entry_point: &str| {
        Tests::Check {
        code: "def check(candidate):\n    assert candidate(2) == 4\n    for n in range(3):\n        assert candidate(n) == n * n\n"
            .to_owned(),
        entry_point: entry_point.to_owned(),
    }
    };
    let judged = judge(&sandbox, "def f(n): return n * n", &tests("f"), 10).await;
    assert!(judged.passed(), "{judged:#?}");
    assert_eq!(judged.tests.len(), 2);
    let judged = judge(&sandbox, "def f(n): return n + n", &tests("f"), 10).await;
    assert_eq!(
        judged.failure().unwrap(),
        "assert candidate(n) == n * n: expected 1, got 2"
    );
    let judged = judge(&sandbox, "def f(n): return n * n", &tests("g"), 10).await;
    assert!(judged.failure().unwrap().contains("does not define g"));
}

#[tokio::test(flavor = "multi_thread")]
async fn output_is_compared_for_each_input() {
    let sandbox = sandbox().await;
    let case = |stdin: &str, stdout: &str| IoCase {
        stdin: stdin.to_owned(),
        stdout: stdout.to_owned(),
    };
    let tests = Tests::Io(vec![case("1", "2"), case("5", "10\n")]);
    let judged = judge(&sandbox, "print(int(input()) * 2, '')", &tests, 10).await;
    assert!(judged.passed(), "{judged:#?}");
    let judged = judge(&sandbox, "print(2)", &tests, 10).await;
    assert_eq!(
        judged.failure().unwrap(),
        "input 2: line 1: expected \"10\", got \"2\""
    );
    let judged = judge(&sandbox, "print(1 / 0)", &tests, 10).await;
    assert!(!judged.is_complete);
    assert_eq!(judged.run.status, RunStatus::Error);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_the_program_prints_is_kept_and_proves_nothing() {
    let sandbox = sandbox().await;
    let tests = Tests::Asserts("assert f(1) == 2".to_owned());
    let judged = judge(
        &sandbox,
        "def f(n):\n    print('passed', n)\n    return n\n",
        &tests,
        10,
    )
    .await;
    assert_eq!(judged.run.stdout, "passed 1\n");
    assert_eq!(
        judged.failure().unwrap(),
        "assert f(1) == 2: expected 2, got 1"
    );
    let empty = judge(&sandbox, "x = 1", &Tests::Asserts(String::new()), 10).await;
    assert_eq!(empty.failure().unwrap(), "there was no test to run");
}
