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
