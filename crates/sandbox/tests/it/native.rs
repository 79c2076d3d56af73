//! The native tier: programs run with the machine's own Python behind the kernel's walls, and nothing is left of them.

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::time::Duration;

use domain::language::Language;
use domain::sandbox::{
    IoCase, Program, RunOutcome, RunStatus, Sandbox as _, Tests, Tier, TierReport, TierState,
};
use sandbox::{Launcher, LocalSandbox, SandboxConfig};

/// The launcher that cargo builds beside this test, with arguments of its own and a program before it.
pub(crate) fn launcher(before: &[&str], after: &[&str]) -> Launcher {
    let tests = std::env::current_exe().expect("a test knows where it is");
    let folder = tests
        .parent()
        .and_then(Path::parent)
        .expect("target/PROFILE/deps");
    let launcher = folder.join("examples/launcher");
    assert!(
        launcher.is_file(),
        "{} is missing; cargo builds it with the tests",
        launcher.display()
    );
    let mut words: Vec<OsString> = before.iter().map(Into::into).collect();
    words.push(launcher.into());
    words.extend(after.iter().map(Into::into));
    let program = PathBuf::from(words.remove(0));
    Launcher {
        program,
        args: words,
    }
}

/// Pythons of this machine: the one with packages where it was set up, then whichever there is.
pub(crate) fn pythons() -> Vec<PathBuf> {
    let set_up = std::env::var_os("CODEGENIE_SANDBOX_PYTHON").map(PathBuf::from);
    set_up
        .into_iter()
        .chain(["/usr/bin/python3"].map(PathBuf::from))
        .collect()
}

/// A sandbox in which the native tier is started by `launcher`, and what that tier says of itself.
pub(crate) async fn start(launcher: Launcher) -> (LocalSandbox, TierReport) {
    let sandbox = LocalSandbox::start(SandboxConfig {
        // The WebAssembly tier is not looked at here; without a folder it is not compiled again either.
        cache_dir: PathBuf::from("/dev/null/none"),
        launcher: Some(launcher),
        python: pythons(),
        parallel_max: 1,
    });
    let reports = sandbox.report(true).await;
    let report = reports
        .into_iter()
        .find(|report| report.tier == Tier::Native);
    (sandbox, report.expect("every tier reports"))
}

/// A program that only the native tier is for, because of what it imports.
fn program(code: &str) -> Program {
    Program::new(Language::Python, format!("import tempfile\n{code}"))
}

async fn run(sandbox: &LocalSandbox, code: &str) -> RunOutcome {
    sandbox.run(&program(code)).await
}

#[tokio::test(flavor = "multi_thread")]
async fn programs_run_fail_and_are_ended() {
    let (sandbox, report) = start(launcher(&[], &[])).await;
    assert_eq!(report.state, TierState::Ready, "{report:#?}");

    let mut echo = program("print(input()[::-1])");
    echo.stdin = "abc\n".to_owned();
    for _ in 0..3 {
        let outcome = sandbox.run(&echo).await;
        assert_eq!(
            (outcome.status, outcome.stdout.as_str()),
            (RunStatus::Ok, "cba\n"),
            "{outcome:?}"
        );
        assert_eq!(outcome.tier, Some(Tier::Native));
    }

    let failed = run(&sandbox, "def f():\n    return 1 / 0\nf()").await;
    assert_eq!(failed.status, RunStatus::Error);
    let place = failed.error.expect("a place");
    assert_eq!(
        (place.line, place.message.as_str()),
        (3, "ZeroDivisionError: division by zero")
    );
    assert!(
        failed.stderr.contains("File \"program.py\", line 4"),
        "{}",
        failed.stderr
    );
    assert!(!failed.stderr.contains("<string>"), "{}", failed.stderr);

    assert_eq!(
        run(&sandbox, "raise SystemExit(0)").await.status,
        RunStatus::Ok
    );
    assert_eq!(
        run(&sandbox, "raise SystemExit('no')").await.status,
        RunStatus::Error
    );
    assert_eq!(
        run(&sandbox, "x = (").await.error.map(|place| place.line),
        Some(2)
    );
    assert_eq!(
        run(&sandbox, "x = bytearray(1 << 34)").await.status,
        RunStatus::Memory
    );
    assert_eq!(
        run(&sandbox, "open('/usr/x', 'w')").await.status,
        RunStatus::Denied
    );

    let mut endless = program("print('begun')\nwhile True: pass");
    // Long enough for a process to begin on a busy machine.
    endless.limits.wall = Duration::from_secs(3);
    let outcome = sandbox.run(&endless).await;
    assert_eq!(
        (outcome.status, outcome.stdout.as_str()),
        (RunStatus::Timeout, "begun\n")
    );
    assert!(outcome.reason.is_some());

    let threads = run(
        &sandbox,
        "import asyncio, concurrent.futures as c\nprint(list(c.ThreadPoolExecutor(2).map(abs, [-1])))\nasyncio.run(asyncio.sleep(0))",
    );
    assert_eq!(threads.await.stdout, "[1]\n");
}

#[tokio::test(flavor = "multi_thread")]
async fn tests_decide_and_programs_do_not() {
    let (sandbox, _) = start(launcher(&[], &[])).await;
    let asserts = Tests::Asserts("assert f(1) == 2\nassert f(2) == 3".to_owned());
    let right = sandbox
        .judge(&program("def f(x): return x + 1"), &asserts)
        .await;
    assert!(right.passed(), "{right:?}");
    assert_eq!(right.run.tier, Some(Tier::Native));
    let wrong = sandbox
        .judge(&program("def f(x): return 2"), &asserts)
        .await;
    assert!(!wrong.passed() && wrong.is_complete, "{wrong:?}");
    assert_eq!(
        wrong
            .tests
            .iter()
            .filter(|test| test.failure.is_some())
            .count(),
        1
    );
    let gone = sandbox
        .judge(&program("import os\nos._exit(0)"), &asserts)
        .await;
    assert!(!gone.passed() && !gone.is_complete, "{gone:?}");

    let check = Tests::Check {
        code: "def check(candidate):\n    assert candidate(3) == 9".to_owned(),
        entry_point: "square".to_owned(),
    };
    assert!(
        sandbox
            .judge(&program("def square(x): return x * x"), &check)
            .await
            .passed()
    );
    let examples = program(
        "def f(x):\n    \"\"\"\n    >>> f(1)\n    said\n    2\n    \"\"\"\n    print('said')\n    return x + 1",
    );
    assert!(sandbox.judge(&examples, &Tests::Doctests).await.passed());

    let case = |stdin: &str, stdout: &str| IoCase {
        stdin: stdin.to_owned(),
        stdout: stdout.to_owned(),
    };
    let doubles = program("print(int(input()) * 2)");
    let io = |cases: &[IoCase]| Tests::Io(cases.to_vec());
    assert!(
        sandbox
            .judge(&doubles, &io(&[case("2", "4 \n"), case("5", "10")]))
            .await
            .passed()
    );
    let judged = sandbox.judge(&doubles, &io(&[case("2", "5")])).await;
    assert!(judged.tests.iter().any(|test| test.failure.is_some()));
}

#[tokio::test(flavor = "multi_thread")]
async fn libraries_of_machine_code_work_where_they_are_set_up() {
    let (sandbox, report) = start(launcher(&[], &[])).await;
    let is_plain = report
        .layers
        .iter()
        .any(|layer| layer.detail.contains("without numpy"));
    if is_plain {
        // The tier says so; that it runs plain programs is tested above.
        let outcome = run(&sandbox, "import numpy").await;
        assert_eq!(outcome.status, RunStatus::Error);
        return;
    }
    // A busy machine reads them slowly.
    let patient = |code: &str| {
        let mut program = program(code);
        program.limits.wall = Duration::from_mins(1);
        program
    };
    let arrays = sandbox
        .run(&patient(
            "import numpy as np\nprint(np.arange(6).reshape(2, 3).sum(axis=0))",
        ))
        .await;
    assert_eq!(arrays.stdout, "[3 5 7]\n", "{arrays:?}");
    let wide = sandbox
        .run(&patient(
            "import pandas as pd\nprint(pd.DataFrame({f'column_{n}': [n] for n in range(12)}))",
        ))
        .await;
    assert_eq!(wide.stdout.lines().count(), 2, "{}", wide.stdout);
    let drawn = sandbox
        .run(&patient(
            "import matplotlib.pyplot as plt\nplt.plot([1, 2])\nplt.show()\nplt.figure()\nplt.plot([2, 1])",
        ))
        .await;
    assert_eq!(
        (drawn.status, drawn.figures.len()),
        (RunStatus::Ok, 2),
        "{drawn:?}"
    );
    assert!(
        drawn
            .figures
            .iter()
            .all(|figure| figure.png.starts_with(b"\x89PNG"))
    );

    let arrays = patient("import numpy as np\ndef f(n): return np.arange(n) * 2");
    let tests = "import numpy as np\nassert np.array_equal(f(3), [0, 2, 4])\nassert f(3).dtype.kind == 'i'\nassert f(4).sum() == 12";
    let judged = sandbox
        .judge(&arrays, &Tests::Asserts(tests.to_owned()))
        .await;
    assert!(judged.passed(), "{judged:?}");
    let tables = patient("import pandas as pd\ndef f(d): return d.groupby('k').sum()");
    let tests = "import pandas as pd\nr = f(pd.DataFrame({'k': ['a', 'b', 'a'], 'v': [1, 2, 3]}))\nassert list(r['v']) == [4, 2]\nassert r.loc['a', 'v'] == 4";
    let judged = sandbox
        .judge(&tables, &Tests::Asserts(tests.to_owned()))
        .await;
    assert!(judged.passed(), "{judged:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn one_of_namespaces_and_landlock_is_enough_and_neither_is_not() {
    let holds = |report: &TierReport, name: &str| -> bool {
        report
            .layers
            .iter()
            .any(|layer| layer.name == name && layer.holds)
    };
    let (_, report) = start(launcher(&[], &["deny", "unshare"])).await;
    assert_eq!(report.state, TierState::Ready, "{report:#?}");
    assert!(!holds(&report, "Namespaces") && holds(&report, "Landlock"));
    let (_, report) = start(launcher(&[], &["deny", "landlock"])).await;
    assert_eq!(report.state, TierState::Ready, "{report:#?}");
    assert!(holds(&report, "Namespaces") && !holds(&report, "Landlock"));

    let (sandbox, report) = start(launcher(&[], &["deny", "unshare", "landlock"])).await;
    assert!(
        matches!(&report.state, TierState::Unavailable(why) if why.contains("Landlock")),
        "{report:#?}"
    );
    assert!(report.attacks.is_empty());
    let outcome = run(&sandbox, "print(1)").await;
    assert_eq!(
        (outcome.status, outcome.tier),
        (RunStatus::Unavailable, None)
    );
    assert!(outcome.stdout.is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_launcher_that_is_none_is_never_mistaken_for_one() {
    for program in ["/bin/cat", "/does/not/exist"] {
        let (_, report) = start(Launcher {
            program: program.into(),
            args: Vec::new(),
        })
        .await;
        assert!(
            matches!(report.state, TierState::Unavailable(_)),
            "{program}: {report:#?}"
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_run_that_is_given_up_leaves_nothing() {
    let (sandbox, _) = start(launcher(&[], &[])).await;
    let before = children();
    for _ in 0..5 {
        let mut endless = program("import time\ntime.sleep(60)");
        endless.limits.wall = Duration::from_mins(1);
        // Long enough to be begun, on most machines; given up in any case.
        let given_up =
            tokio::time::timeout(Duration::from_millis(150), sandbox.run(&endless)).await;
        assert!(given_up.is_err());
    }
    let cleared = async {
        while children() > before {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(Duration::from_secs(20), cleared)
        .await
        .expect("all have ended and were reaped");
}

/// How many processes have this one as their parent, zombies included.
fn children() -> usize {
    let own = std::process::id().to_string();
    let processes = std::fs::read_dir("/proc").expect("Linux");
    processes
        .flatten()
        .filter_map(|entry| std::fs::read_to_string(entry.path().join("stat")).ok())
        .filter(|stat| {
            let after_name = stat.rsplit(')').next().unwrap_or_default();
            after_name.split_whitespace().nth(1) == Some(own.as_str())
        })
        .count()
}
