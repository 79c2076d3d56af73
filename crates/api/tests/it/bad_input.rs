//! Whatever is sent, the answer is a 4xx with a sentence that says what to do: never a panic, never a 500.

use std::time::Duration;

use api::ApiSettings;
use app::accounts::AccountSettings;
use domain::accounts::Role;
use reqwest::Method;
use serde_json::{Value, json};
use testkit::server::{Person, TestServer, read};

/// Routes with a body, with one that would be accepted.
fn routes() -> Vec<(Method, &'static str, Value)> {
    let id = "/api/v1/conversations/0198a0c4-5f5e-7c3e-9d53-0c6f3b1f2a11";
    vec![
        (
            Method::POST,
            "/api/v1/auth/register",
            json!({"email": "a@b.org", "username": "abc", "password": "Correct horse 9"}),
        ),
        (
            Method::POST,
            "/api/v1/auth/login",
            json!({"email": "a@b.org", "password": "x"}),
        ),
        (
            Method::POST,
            "/api/v1/auth/setup",
            json!({"token": "t", "email": "a@b.org", "username": "abc", "password": "Correct horse 9"}),
        ),
        (
            Method::POST,
            "/api/v1/tokens",
            json!({"name": "t", "expires_in_days": 7}),
        ),
        (Method::POST, "/generate", json!({"prompt": "sort a list"})),
        (
            Method::POST,
            "/explain",
            json!({"question": "what is a list?"}),
        ),
        (
            Method::POST,
            "/api/v1/ask",
            json!({"message": "what is a list?"}),
        ),
        (
            Method::POST,
            "/api/v1/route",
            json!({"message": "what is a list?"}),
        ),
        (
            Method::POST,
            "/api/v1/analysis",
            json!({"code": "x = 1", "language": "python"}),
        ),
        (
            Method::POST,
            "/api/v1/sandbox/run",
            json!({"code": "x = 1", "language": "python"}),
        ),
        (
            Method::POST,
            "/api/v1/knowledge/tasks",
            json!({"description": "d", "implementation": "x = 1", "language": "python"}),
        ),
        (Method::PATCH, id, json!({"title": "t"})),
        (
            Method::PATCH,
            "/api/v1/admin/users/0198a0c4-5f5e-7c3e-9d53-0c6f3b1f2a11",
            json!({"active": true}),
        ),
    ]
}

async fn server() -> (TestServer, Person) {
    // Enough attempts for every case of every test.
    let settings = ApiSettings {
        sign_in_burst: 10_000,
        ..ApiSettings::default()
    };
    let server = TestServer::start_with(settings, AccountSettings::default()).await;
    let admin = server.sign_in_as(Role::Admin).await;
    (server, admin)
}

async fn send(
    server: &TestServer,
    admin: &Person,
    method: &Method,
    path: &str,
    body: impl Into<reqwest::Body>,
) -> (u16, Value) {
    let request = server
        .request_as(admin, method.clone(), path)
        .header("content-type", "application/json");
    read(request.body(body)).await
}

/// Asserts a problem of one of `statuses` with all its members.
fn assert_problem((status, problem): &(u16, Value), statuses: &[u16], about: &str) {
    assert!(statuses.contains(status), "{about} gave {status} {problem}");
    assert_eq!(problem["status"], json!(status), "{about}");
    assert!(
        problem["type"].as_str().unwrap().starts_with("/problems/"),
        "{about}"
    );
    assert!(
        problem["detail"].as_str().unwrap().len() > 10,
        "{about} says too little: {problem}"
    );
    assert!(!problem["title"].as_str().unwrap().is_empty());
}

#[tokio::test]
async fn bodies_that_are_not_json_objects_are_refused_everywhere() {
    let (server, admin) = server().await;
    let cases: [(&str, Vec<u8>, &[u16]); 12] = [
        ("nothing", Vec::new(), &[400]),
        ("broken JSON", b"{\"message\": ".to_vec(), &[400]),
        ("NaN", b"{\"temperature\": NaN}".to_vec(), &[400]),
        ("two objects", b"{} {}".to_vec(), &[400]),
        (
            "text that is not UTF-8",
            b"{\"message\": \"\xff\xfe\"}".to_vec(),
            &[400],
        ),
        (
            "half a surrogate",
            br#"{"message": "\ud800"}"#.to_vec(),
            &[400, 422],
        ),
        (
            "deep nesting",
            [b"[".repeat(20_000), b"]".repeat(20_000)].concat(),
            &[400, 422],
        ),
        ("an array", b"[\"a\", \"b\"]".to_vec(), &[422]),
        ("null", b"null".to_vec(), &[422]),
        ("a string", b"\"hello\"".to_vec(), &[422]),
        ("an unknown field", br#"{"colour": "red"}"#.to_vec(), &[422]),
        (
            "a field twice",
            br#"{"title": "a", "title": "b", "message": "a", "message": "b"}"#.to_vec(),
            &[422],
        ),
    ];
    for (method, path, _) in routes() {
        for (about, body, statuses) in &cases {
            let answer = send(&server, &admin, &method, path, body.clone()).await;
            assert_problem(&answer, statuses, &format!("{about} to {method} {path}"));
        }
    }
}

#[tokio::test]
async fn a_megabyte_is_too_large_and_the_refusal_arrives() {
    let (server, admin) = server().await;
    let large = json!({"message": "x".repeat(1024 * 1024)}).to_string();
    for (method, path, _) in routes() {
        let answer = send(&server, &admin, &method, path, large.clone()).await;
        assert_problem(&answer, &[413], path);
    }
    let text = json!({"message": "ä".repeat(40_000)}).to_string();
    assert_problem(
        &send(&server, &admin, &Method::POST, "/api/v1/ask", text).await,
        &[422],
        "80 kB of text",
    );
}

#[tokio::test]
async fn other_media_types_are_refused() {
    let (server, admin) = server().await;
    for (method, path, body) in routes() {
        for kind in [
            "text/plain",
            "application/x-www-form-urlencoded",
            "application/jsonp",
            "",
        ] {
            let request = server
                .request_as(&admin, method.clone(), path)
                .header("content-type", kind);
            let answer = read(request.body(body.to_string())).await;
            assert_problem(&answer, &[415], &format!("{kind} to {path}"));
        }
    }
    let charset = server
        .request_as(&admin, Method::POST, "/api/v1/route")
        .header("content-type", "Application/JSON; charset=utf-8");
    assert_eq!(read(charset.body(r#"{"message": "hi"}"#)).await.0, 200);
}

#[tokio::test]
async fn every_field_refuses_every_wrong_type() {
    let (server, admin) = server().await;
    let wrong = [
        json!({"a": 1}),
        json!([[]]),
        json!(-1),
        json!(1e300),
        json!(true),
        json!("\u{0}"),
        json!(""),
        json!(" "),
    ];
    for (method, path, good) in routes() {
        for field in good.as_object().unwrap().keys() {
            for value in &wrong {
                if good[field].is_boolean() && value.is_boolean() {
                    continue;
                }
                let mut body = good.clone();
                body[field] = value.clone();
                let answer = send(&server, &admin, &method, path, body.to_string()).await;
                // An empty password or address is a wrong one, and an empty token is no token.
                let about = format!("{field} = {value} to {path}");
                assert_problem(&answer, &[401, 403, 422], &about);
            }
        }
    }
}

#[tokio::test]
async fn choices_and_numbers_out_of_range_say_what_would_be_right() {
    let (server, admin) = server().await;
    let cases = [
        ("language", json!("klingon"), "python, javascript"),
        ("language", json!(""), "python, javascript"),
        (
            "style",
            json!("pirate"),
            "beginner, technical, step-by-step",
        ),
        ("mode", json!("guess"), "auto, generate, explain"),
        ("model", json!("../../etc/passwd"), "letters, digits"),
        ("max_new_tokens", json!(0), "1 to 8192"),
        ("max_new_tokens", json!(8193), "1 to 8192"),
        ("max_new_tokens", json!(-5), "whole number"),
        ("max_new_tokens", json!(1.5), "whole number"),
        ("temperature", json!(-0.1), "0 to 2"),
        ("temperature", json!(2.1), "0 to 2"),
        ("temperature", json!("hot"), "use a number"),
        ("conversation_id", json!("7"), "UUID"),
        ("replaces_message_id", json!("x"), "UUID"),
        ("stream", json!("yes"), "use true or false"),
        ("code", json!("a\u{0}b"), "NUL"),
        ("message", json!("  "), "write something"),
    ];
    for (field, value, hint) in cases {
        let mut body = json!({"message": "what is a list?"});
        body[field] = value.clone();
        let answer = send(
            &server,
            &admin,
            &Method::POST,
            "/api/v1/ask",
            body.to_string(),
        )
        .await;
        assert_problem(&answer, &[422], field);
        assert_eq!(answer.1["errors"][0]["field"], json!(field), "{}", answer.1);
        assert!(
            answer.1["detail"].as_str().unwrap().contains(hint),
            "{field} = {value}: {}",
            answer.1
        );
    }
}

#[tokio::test]
async fn query_strings_are_checked_like_bodies() {
    let (server, admin) = server().await;
    for path in ["/api/v1/conversations", "/api/v1/admin/users"] {
        for query in [
            "limit=0",
            "limit=201",
            "limit=-1",
            "limit=1e3",
            "limit=",
            "offset=-1",
            "offset=4294967296",
            "page=2",
            "search=%00",
            "limit=1&limit=2",
        ] {
            let answer = server.get(&admin, &format!("{path}?{query}")).await;
            assert_problem(&answer, &[422], &format!("{path}?{query}"));
        }
        assert_problem(
            &server.get(&admin, &format!("{path}?search=%c3%28")).await,
            &[400],
            path,
        );
        let long = format!("{path}?search={}", "x".repeat(401));
        assert_problem(&server.get(&admin, &long).await, &[422], "a long search");
        assert_eq!(
            server
                .get(
                    &admin,
                    &format!("{path}?offset=4294967295&limit=200&search=%25_%5C'\"")
                )
                .await
                .0,
            200
        );
    }
}

#[tokio::test]
async fn unknown_addresses_and_methods_are_problems_too() {
    let (server, admin) = server().await;
    for path in [
        "/api/v1/nothing",
        "/api",
        "/api/v1/conversations/x/y/z",
        "/v2/models",
        "/health/nothing",
    ] {
        assert_problem(&server.get(&admin, path).await, &[404], path);
    }
    assert_problem(
        &read(server.request(Method::POST, "/nowhere")).await,
        &[404],
        "POST to a page",
    );
    for (method, path, allowed) in [
        (Method::GET, "/generate", "POST"),
        (Method::DELETE, "/api/v1/conversations", "GET,HEAD"),
        (Method::PUT, "/api/v1/conversations/x", "PATCH"),
        (Method::OPTIONS, "/api/v1/ask", "POST"),
    ] {
        let response = server.request(method, path).send().await.unwrap();
        assert_eq!(response.status(), 405);
        assert!(
            response.headers()["allow"]
                .to_str()
                .unwrap()
                .contains(allowed),
            "{path}"
        );
        let body: Value = response.json().await.unwrap();
        assert_eq!(body["type"], "/problems/method-not-allowed");
    }
}

#[tokio::test]
async fn a_request_that_takes_too_long_is_stopped() {
    let settings = ApiSettings {
        request_timeout: Duration::ZERO,
        ..ApiSettings::default()
    };
    let server = TestServer::start_with(settings, AccountSettings::default()).await;
    let answer = read(
        server
            .request(Method::POST, "/api/v1/auth/login")
            .json(&json!({"email": "a@b.c", "password": "x"})),
    )
    .await;
    assert_problem(&answer, &[503], "no time at all");
    assert_eq!(answer.1["type"], "/problems/timed-out");
}

#[tokio::test]
async fn without_a_database_the_answer_is_503_with_when_to_try_again() {
    let (server, admin) = server().await;
    server.store.clone().close().await;
    for (method, path, body) in routes() {
        let response = server
            .request_as(&admin, method, path)
            .json(&body)
            .send()
            .await
            .unwrap();
        // The set-up token is checked before the database is asked.
        if path != "/api/v1/auth/setup" {
            assert_eq!(response.status(), 503, "{path}");
            assert_eq!(response.headers()["retry-after"], "2", "{path}");
            assert_eq!(
                response.headers()["content-type"],
                "application/problem+json"
            );
        }
    }
}
