//! `/api/v1/analysis`: reading code without running it.

use domain::accounts::Role;
use serde_json::json;
use testkit::server::TestServer;

#[tokio::test]
async fn code_is_explained_and_its_language_guessed() {
    let server = TestServer::start().await;
    let person = server.sign_in_as(Role::User).await;
    let code = "def double(xs):\n    \"\"\"Doubles.\"\"\"\n    return [2 * x for x in xs]\n";
    let (status, read) = server
        .post(&person, "/api/v1/analysis", &json!({"code": code}))
        .await;
    assert_eq!(
        (status, &read["language"], &read["syntax_errors"]),
        (200, &json!("python"), &json!([])),
        "{read}"
    );
    assert!(read["explanation"].as_str().unwrap().contains("double"));
}

#[tokio::test]
async fn code_is_measured_and_looked_through() {
    let server = TestServer::start().await;
    let person = server.sign_in_as(Role::User).await;
    let code = "# a list that all calls share\ndef collect(x, seen=[]):\n    if x:\n        seen.append(x)\n    return seen\n";
    let body = json!({"code": code, "language": "python", "style": "beginner"});
    let (status, read) = server.post(&person, "/api/v1/analysis", &body).await;
    assert_eq!(status, 200, "{read}");
    let metrics = &read["metrics"];
    assert_eq!(
        (
            &metrics["lines"],
            &metrics["code_lines"],
            &metrics["comment_lines"]
        ),
        (&json!(5), &json!(4), &json!(1)),
        "{read}"
    );
    let function = &metrics["functions"][0];
    assert_eq!(
        (
            &function["name"],
            &function["line"],
            &function["parameters"],
            &function["cyclomatic"]
        ),
        (&json!("collect"), &json!(2), &json!(2), &json!(2)),
        "{read}"
    );
    assert!(metrics["maintainability"].as_f64().unwrap() > 0.0, "{read}");
    let finding = &read["findings"][0];
    assert_eq!(
        (&finding["line"], &finding["rule"]),
        (&json!(2), &json!("mutable-default")),
        "{read}"
    );
    for field in ["message", "why", "fix"] {
        assert!(!finding[field].as_str().unwrap().is_empty(), "{read}");
    }
    assert!(
        ["hint", "warning", "error"].contains(&finding["severity"].as_str().unwrap()),
        "{read}"
    );
}

#[tokio::test]
async fn what_does_not_parse_is_told_with_its_place() {
    let server = TestServer::start().await;
    let person = server.sign_in_as(Role::User).await;
    let body = json!({"code": "def f(x:\n    return x\n", "language": "python"});
    let (status, read) = server.post(&person, "/api/v1/analysis", &body).await;
    assert_eq!(status, 200);
    let error = &read["syntax_errors"][0];
    assert!(
        error["line"].as_u64().unwrap() >= 1 && error["column"].as_u64().unwrap() >= 1,
        "{read}"
    );
    assert!(!error["message"].as_str().unwrap().is_empty());
}

#[tokio::test]
async fn prose_in_no_language_is_refused_with_what_to_do() {
    let server = TestServer::start().await;
    let person = server.sign_in_as(Role::User).await;
    let (status, problem) = server
        .post(&person, "/api/v1/analysis", &json!({"code": "~ ~ ~"}))
        .await;
    assert_eq!(
        (status, &problem["errors"][0]["field"]),
        (422, &json!("language")),
        "{problem}"
    );
}
