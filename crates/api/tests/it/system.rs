//! `/health/*`, `/metrics`, `/api/v1/system/status`.

use domain::accounts::Role;
use reqwest::Method;
use serde_json::{Value, json};
use testkit::server::{TestServer, read};

#[tokio::test]
async fn the_state_says_what_is_missing() {
    let server = TestServer::start().await;
    let person = server.sign_in_as(Role::User).await;
    let (status, state) = server.get(&person, "/api/v1/system/status").await;
    assert_eq!(status, 200);
    assert_eq!(
        (
            &state["encoder"]["available"],
            &state["language_model"]["available"]
        ),
        (&json!(false), &json!(false))
    );
    assert!(
        state["encoder"]["detail"]
            .as_str()
            .unwrap()
            .contains("words alone"),
        "{state}"
    );
    assert_eq!(
        (&state["knowledge"]["tasks"], &state["version"]),
        (&json!(0), &json!(env!("CARGO_PKG_VERSION")))
    );
}

#[tokio::test]
async fn readiness_follows_the_database_and_liveness_does_not() {
    let server = TestServer::start().await;
    let ok = (200, json!({"status": "ok"}));
    assert_eq!(read(server.request(Method::GET, "/health/live")).await, ok);
    assert_eq!(read(server.request(Method::GET, "/health/ready")).await, ok);
    assert_eq!(
        read(server.request(Method::HEAD, "/health/ready")).await,
        (200, Value::Null)
    );
    server.store.clone().close().await;
    assert_eq!(read(server.request(Method::GET, "/health/live")).await, ok);
    let (status, problem) = read(server.request(Method::GET, "/health/ready")).await;
    assert_eq!(
        (status, &problem["type"]),
        (503, &json!("/problems/unavailable"))
    );
}

#[tokio::test]
async fn requests_are_counted_by_route_without_what_was_asked() {
    let server = TestServer::start().await;
    let admin = server.sign_in_as(Role::Admin).await;
    for secret in ["hunter2", "swordfish"] {
        assert_eq!(
            server
                .get(
                    &admin,
                    &format!("/api/v1/conversations/{secret}?x={secret}")
                )
                .await
                .0,
            404
        );
    }
    let response = server
        .request_as(&admin, Method::GET, "/metrics")
        .send()
        .await
        .unwrap();
    assert!(
        response.headers()["content-type"]
            .to_str()
            .unwrap()
            .starts_with("text/plain; version=0.0.4")
    );
    let text = response.text().await.unwrap();
    let line = "codegenie_http_request_duration_seconds_count{method=\"GET\",route=\"/api/v1/conversations/{id}\",status=\"404\"} 2";
    assert!(text.contains(line), "{text}");
    assert!(!text.contains("hunter2"));
}
