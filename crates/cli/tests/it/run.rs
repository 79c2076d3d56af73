//! `run` and `sandbox`: programs in the real sandbox, without a server.

use serde_json::json;

use crate::program::{Home, Ran};

#[test]
fn a_program_prints_reads_and_runs_again() {
    let home = Home::new();
    home.write(
        "double.py",
        "import sys\nprint(int(input()) * 2)\nprint('beside', file=sys.stderr)\n",
    );
    for _ in 0..2 {
        let ran = home.run_with(&["run", "double.py"], "21\n").done();
        assert_eq!(ran.out, "42\n", "{ran:?}");
        assert!(ran.err.starts_with("beside\nran in "), "{ran:?}");
        assert!(ran.err.ends_with(" in the WASM sandbox\n"), "{ran:?}");
    }
    home.write("input.txt", "4\n");
    let ran = home
        .run_with(&["run", "double.py", "--stdin", "input.txt"], "21\n")
        .done();
    assert_eq!(ran.out, "8\n", "{ran:?}");
    let piped = home
        .run_with(&["run", "-", "--language", "python"], "print('piped')")
        .done();
    assert_eq!(piped.out, "piped\n", "{piped:?}");
}

#[test]
fn a_program_that_fails_or_is_stopped_ends_with_1() {
    let home = Home::new();
    home.write("wrong.py", "print('begin')\n1 / 0\n");
    let ran = home.run(&["run", "wrong.py"]);
    assert_eq!((ran.code, ran.out.as_str()), (1, "begin\n"), "{ran:?}");
    assert!(
        ran.err.contains("line 2") && ran.err.contains("ZeroDivisionError"),
        "{ran:?}"
    );
    home.write("endless.py", "while True:\n    pass\n");
    let ran = home.run(&["run", "endless.py", "--timeout", "0.3"]);
    assert_eq!(ran.code, 1, "{ran:?}");
    assert!(ran.err.contains("stopped: "), "{ran:?}");
    home.write("a.cpp", "int main() {}\n");
    let ran = home.run(&["run", "a.cpp"]);
    assert_eq!((ran.code, ran.out.as_str()), (1, ""), "{ran:?}");
    assert!(ran.err.contains("not run: "), "{ran:?}");
}

#[test]
fn a_program_sees_nothing_of_this_machine() {
    let home = Home::new();
    home.write("secret.txt", "swordfish");
    let code = "import os\nfor path in ('secret.txt', '/etc/passwd', os.path.expanduser('~/secret.txt')):\n    \
        try:\n        print(open(path).read())\n    except OSError as error:\n        print('kept out')\n";
    home.write("thief.py", code);
    let ran = home.run(&["run", "thief.py"]);
    assert!(
        ran.out.contains("kept out")
            && !ran.out.contains("swordfish")
            && !ran.out.contains("root:"),
        "{ran:?}"
    );
}

#[test]
fn tests_judge_a_program() {
    let home = Home::new();
    home.write("double.py", "def double(n):\n    return 2 * n\n");
    home.write("good.py", "assert double(2) == 4\nassert double(0) == 0\n");
    home.write("bad.py", "assert double(2) == 4\nassert double(1) == 3\n");
    let ran = home.run(&["run", "double.py", "--tests", "good.py"]).done();
    assert!(ran.err.contains("2 of 2 tests passed\n"), "{ran:?}");
    let ran = home.run(&["run", "double.py", "--tests", "bad.py"]);
    assert_eq!(ran.code, 1, "{ran:?}");
    assert!(
        ran.err.contains("failed  ") && ran.err.contains("1 of 2 tests passed\n"),
        "{ran:?}"
    );
    let ran = home.run(&["run", "double.py", "--tests", "bad.py", "--json"]);
    let told = ran.json();
    assert_eq!((ran.code, &told["status"]), (1, &json!("error")), "{told}");
    assert_eq!(
        (
            &told["tests"]["passed"],
            &told["tests"]["total"],
            &told["tests"]["failed"]
        ),
        (&json!(false), &json!(2), &json!(1)),
        "{told}"
    );
}

#[test]
fn what_cannot_be_run_is_refused() {
    let home = Home::new();
    home.write("x.py", "print(1)\n");
    let failed = |ran: Ran, hint: &str| assert!(ran.failed().err.contains(hint));
    failed(
        home.run_with(&["run", "x.py"], &"y".repeat(70_000)),
        "standard input is larger than 64 KiB",
    );
    failed(home.run(&["run", "none.py"]), "none.py");
    failed(
        home.run_with(
            &["run", "-", "--stdin", "-", "--language", "python"],
            "print(1)",
        ),
        "cannot be both",
    );
    home.write("empty.py", "");
    failed(home.run(&["run", "empty.py"]), "is empty");
    for timeout in ["0", "11", "soon"] {
        home.run(&["run", "x.py", "--timeout", timeout])
            .refused_as_usage();
    }
}

#[test]
fn the_sandbox_can_be_turned_off() {
    let home = Home::new();
    home.write("x.py", "print(1)\n");
    let mut command = home.command(&["run", "x.py"]);
    command.env("CODEGENIE_SANDBOX", "off");
    let output = command.output().unwrap();
    let err = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(1), "{err}");
    assert!(
        err.contains("turned off (environment CODEGENIE_SANDBOX)"),
        "{err}"
    );
}

#[test]
fn preparing_says_what_can_be_run() {
    let home = Home::new();
    for _ in 0..2 {
        let ran = home.run(&["sandbox", "prepare"]).done();
        assert!(
            ran.out
                .starts_with("the sandbox is ready: WASM runs Python"),
            "{ran:?}"
        );
        assert_eq!(ran.out.lines().count(), 1, "{ran:?}");
    }
}
