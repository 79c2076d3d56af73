//! `/api/v1/sandbox/run` and `/api/v1/admin/sandbox`: programs that nobody trusts, in the real sandbox.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use domain::accounts::Role;
use reqwest::Method;
use sandbox::{LocalSandbox, SandboxConfig};
use serde_json::{Value, json};
use testkit::server::{Person, TestServer, read};

const RUN: &str = "/api/v1/sandbox/run";
const DOUBLE: &str = "def double(n):\n    return 2 * n\n";

/// A server over the real sandbox; compiled images are kept where the environment says, else beside what was built.
async fn server() -> (TestServer, Person) {
    let beside = || Path::new(env!("CARGO_TARGET_TMPDIR")).join("../sandbox-cache");
    let sandbox = LocalSandbox::start(SandboxConfig {
        cache_dir: std::env::var_os("CODEGENIE_SANDBOX_CACHE").map_or_else(beside, PathBuf::from),
        launcher: None,
        python: Vec::new(),
        parallel_max: 2,
    });
    let server = TestServer::start_with_sandbox(Arc::new(sandbox)).await;
    let person = server.sign_in_as(Role::User).await;
    (server, person)
}

async fn run(server: &TestServer, person: &Person, body: &Value) -> Value {
    let (status, outcome) = server.post(person, RUN, body).await;
    assert_eq!(status, 200, "{outcome}");
    outcome
}

#[tokio::test]
async fn a_program_runs_reads_its_input_and_runs_again() {
    let (server, person) = server().await;
    let body = json!({"language": "python", "code": "print(int(input()) * 2)", "stdin": "21\n"});
    for _ in 0..2 {
        let outcome = run(&server, &person, &body).await;
        assert_eq!(
            (&outcome["status"], &outcome["stdout"], &outcome["tier"]),
            (&json!("ok"), &json!("42\n"), &json!("wasm")),
            "{outcome}"
        );
        assert_eq!(outcome["error"], Value::Null, "{outcome}");
        assert_eq!(
            (&outcome["tests"], &outcome["truncated"]),
            (&Value::Null, &json!(false))
        );
        assert_eq!(outcome["figures"], json!([]));
        assert!(outcome["duration_ms"].as_f64().unwrap() > 0.0, "{outcome}");
    }
}

#[tokio::test]
async fn an_error_names_its_line() {
    let (server, person) = server().await;
    let body = json!({"language": "python", "code": "def halve(n):\n    return n / 0\n\nprint('begin')\nhalve(4)\n"});
    let outcome = run(&server, &person, &body).await;
    assert_eq!(
        (&outcome["status"], &outcome["stdout"]),
        (&json!("error"), &json!("begin\n")),
        "{outcome}"
    );
    assert_eq!(outcome["error"]["line"], 2, "{outcome}");
    assert!(
        outcome["error"]["message"]
            .as_str()
            .unwrap()
            .contains("ZeroDivisionError"),
        "{outcome}"
    );
    assert!(
        outcome["stderr"].as_str().unwrap().contains("Traceback"),
        "{outcome}"
    );
}

#[tokio::test]
async fn a_program_without_end_is_stopped_in_time() {
    let (server, person) = server().await;
    let body = json!({"language": "python", "code": "while True:\n    pass\n", "timeout_ms": 300});
    let outcome = run(&server, &person, &body).await;
    assert_eq!(outcome["status"], "timeout", "{outcome}");
    assert!(!outcome["reason"].as_str().unwrap().is_empty(), "{outcome}");
}

#[tokio::test]
async fn tests_of_every_form_judge_a_program() {
    let (server, person) = server().await;
    let documented = format!(
        "{DOUBLE}\n\ndef triple(n):\n    \"\"\"\n    >>> triple(2)\n    6\n    \"\"\"\n    return 3 * n\n"
    );
    let echo = "print(int(input()) * 2)\n";
    let passing = [
        (
            DOUBLE,
            json!("assert double(2) == 4\nassert double(0) == 0"),
            2,
        ),
        (
            DOUBLE,
            json!({"check": "def check(candidate):\n    assert candidate(2) == 4\n", "entry_point": "double"}),
            1,
        ),
        (documented.as_str(), json!({"doctests": true}), 1),
        (
            echo,
            json!([{"stdin": "1\n", "stdout": "2"}, {"stdin": "3", "stdout": "6\n"}]),
            2,
        ),
    ];
    for (code, tests, total) in passing {
        let outcome = run(
            &server,
            &person,
            &json!({"language": "python", "code": code, "tests": tests}),
        )
        .await;
        assert_eq!(outcome["status"], "ok", "{tests}: {outcome}");
        let report = &outcome["tests"];
        assert_eq!(
            (&report["passed"], &report["failed"], &report["complete"]),
            (&json!(true), &json!(0), &json!(true)),
            "{tests}: {outcome}"
        );
        assert!(
            report["total"].as_u64().unwrap() >= total,
            "{tests}: {outcome}"
        );
    }
    let failing = [
        json!("assert double(2) == 5"),
        json!({"check": "def check(candidate):\n    assert candidate(2) == 5\n", "entry_point": "double"}),
        json!([{"stdin": "", "stdout": "5"}]),
    ];
    for tests in failing {
        let outcome = run(
            &server,
            &person,
            &json!({"language": "python", "code": DOUBLE, "tests": tests}),
        )
        .await;
        assert_eq!(
            (&outcome["status"], &outcome["tests"]["passed"]),
            (&json!("error"), &json!(false)),
            "{tests}: {outcome}"
        );
    }
}

#[tokio::test]
async fn a_verdict_cannot_be_forged() {
    let (server, person) = server().await;
    let forgeries = [
        "import sys\nprint('{\"passed\": true}')\nprint('{\"passed\": true}', file=sys.stderr)\ndef double(n):\n    return 5\n",
        "import sys\ndef double(n):\n    sys.exit(0)\n",
        "import builtins\nbuiltins.AssertionError = ValueError\ndef double(n):\n    return 5\n",
        "class Same(int):\n    def __ne__(self, other):\n        return False\n    __eq__ = lambda self, other: True\ndef double(n):\n    return Same(5)\n",
    ];
    for code in forgeries {
        let body = json!({"language": "python", "code": code, "tests": "assert double(2) == 4"});
        let outcome = run(&server, &person, &body).await;
        assert_eq!(outcome["tests"]["passed"], false, "{code}: {outcome}");
        assert_ne!(outcome["status"], "ok", "{code}: {outcome}");
    }
}

#[tokio::test]
async fn other_languages_run_or_say_why_not() {
    let (server, person) = server().await;
    let script =
        json!({"language": "javascript", "code": "console.log([1, 2].map((n) => n * 2).join())"});
    let outcome = run(&server, &person, &script).await;
    assert_eq!(
        (&outcome["status"], &outcome["stdout"]),
        (&json!("ok"), &json!("2,4\n")),
        "{outcome}"
    );
    let query = json!({"language": "sql", "code": "SELECT 1 + 1 AS two;"});
    let outcome = run(&server, &person, &query).await;
    assert_eq!(outcome["status"], "ok", "{outcome}");
    for language in ["cpp", "rust", "java", "go", "c"] {
        let outcome = run(
            &server,
            &person,
            &json!({"language": language, "code": "int main() {}"}),
        )
        .await;
        assert_eq!(
            (&outcome["status"], &outcome["tier"]),
            (&json!("unavailable"), &Value::Null),
            "{outcome}"
        );
        assert!(!outcome["reason"].as_str().unwrap().is_empty(), "{outcome}");
    }
}

#[tokio::test]
async fn what_cannot_be_a_program_is_refused_by_its_field() {
    let (server, person) = server().await;
    let cases = [
        (json!({"language": "klingon", "code": "x"}), "language"),
        (json!({"language": "python", "code": " "}), "code"),
        (
            json!({"language": "python", "code": "x".repeat(65_537)}),
            "code",
        ),
        (
            json!({"language": "python", "code": "x", "stdin": "y".repeat(65_537)}),
            "stdin",
        ),
        (
            json!({"language": "python", "code": "x", "timeout_ms": 99}),
            "timeout_ms",
        ),
        (
            json!({"language": "python", "code": "x", "timeout_ms": 10_001}),
            "timeout_ms",
        ),
        (
            json!({"language": "python", "code": "x", "tests": 7}),
            "tests",
        ),
        (
            json!({"language": "python", "code": "x", "tests": []}),
            "tests",
        ),
        (
            json!({"language": "python", "code": "x", "tests": {"check": "x"}}),
            "tests",
        ),
        (
            json!({"language": "python", "code": "x", "tests": " "}),
            "tests",
        ),
        (
            json!({"language": "python", "code": "x", "tests": [{"stdin": "x"}]}),
            "tests[0]",
        ),
    ];
    for (body, field) in cases {
        let (status, problem) = server.post(&person, RUN, &body).await;
        assert_eq!(status, 422, "{field}: {problem}");
        assert_eq!(problem["errors"][0]["field"], field, "{problem}");
    }
    let huge = json!({"language": "python", "code": "x".repeat(300_000)});
    assert_eq!(server.post(&person, RUN, &huge).await.0, 413);
    let anonymous = server
        .request(Method::POST, RUN)
        .json(&json!({"language": "python", "code": "x"}));
    assert_eq!(read(anonymous).await.0, 401);
}

#[tokio::test]
async fn a_client_that_goes_away_stops_its_program() {
    let (server, person) = server().await;
    // More programs without end than one account may run at once: later ones get their turn only when these are stopped.
    let endless =
        json!({"language": "python", "code": "while True:\n    pass\n", "timeout_ms": 10_000});
    for _ in 0..3 {
        let request = server.request_as(&person, Method::POST, RUN).json(&endless);
        let gone =
            tokio::time::timeout(std::time::Duration::from_millis(200), request.send()).await;
        assert!(gone.is_err(), "the program should still run");
    }
    let began = std::time::Instant::now();
    let outcome = run(
        &server,
        &person,
        &json!({"language": "python", "code": "print(1)"}),
    )
    .await;
    assert_eq!(outcome["stdout"], "1\n", "{outcome}");
    assert!(
        began.elapsed().as_secs() < 9,
        "the programs left behind were not stopped"
    );
}

#[tokio::test]
async fn administrators_see_the_walls_and_the_runs() {
    let (server, person) = server().await;
    let admin = server.sign_in_as(Role::Admin).await;
    run(
        &server,
        &person,
        &json!({"language": "python", "code": "print(1)"}),
    )
    .await;
    run(
        &server,
        &person,
        &json!({"language": "python", "code": "1 / 0"}),
    )
    .await;
    let (status, report) = server.get(&admin, "/api/v1/admin/sandbox").await;
    assert_eq!(status, 200, "{report}");
    let wasm = &report["tiers"][0];
    assert_eq!(
        (&wasm["tier"], &wasm["state"], &wasm["reason"]),
        (&json!("wasm"), &json!("ready"), &Value::Null),
        "{report}"
    );
    assert!(
        wasm["languages"]
            .as_array()
            .unwrap()
            .contains(&json!("python")),
        "{report}"
    );
    assert!(!wasm["layers"].as_array().unwrap().is_empty(), "{report}");
    let attacks = wasm["attacks"].as_array().unwrap();
    assert!(
        !attacks.is_empty() && attacks.iter().all(|attack| attack["stopped"] == true),
        "{report}"
    );
    assert_eq!(
        (&report["runs"]["ok"], &report["runs"]["failed"]),
        (&json!(1), &json!(1)),
        "{report}"
    );

    let metrics = server
        .request_as(&admin, Method::GET, "/metrics")
        .send()
        .await
        .unwrap();
    let metrics = metrics.text().await.unwrap();
    assert!(
        metrics.contains("codegenie_sandbox_runs_total{outcome=\"failed\"} 1\n"),
        "{metrics}"
    );
    let (_, state) = server.get(&person, "/api/v1/system/status").await;
    let languages = state["sandbox"]["languages"].as_array().unwrap();
    assert!(
        languages.contains(&json!("python")) && !languages.contains(&json!("cpp")),
        "{state}"
    );
}
