//! Headers that every answer carries, and that browsers of other sites get nothing.

use domain::accounts::Role;
use reqwest::Method;
use testkit::server::TestServer;

#[tokio::test]
async fn every_answer_carries_the_security_headers() {
    let server = TestServer::start().await;
    for (method, path) in [
        (Method::GET, "/"),
        (Method::GET, "/api/v1/auth/me"),
        (Method::GET, "/api/v1/nothing"),
        (Method::GET, "/health/live"),
        (Method::PUT, "/generate"),
        (Method::GET, "/openapi.json"),
    ] {
        let response = server
            .request(method, path)
            .header("accept", "text/html")
            .send()
            .await
            .unwrap();
        let header = |name: &str| {
            response
                .headers()
                .get(name)
                .map(|value| value.to_str().unwrap())
                .unwrap_or_default()
        };
        let policy = header("content-security-policy");
        for part in [
            "default-src 'self'",
            "object-src 'none'",
            "base-uri 'none'",
            "frame-ancestors 'none'",
            "form-action 'self'",
        ] {
            assert!(policy.contains(part), "{path}: {policy}");
        }
        assert!(
            !policy.contains("script-src") && !policy.contains("http"),
            "{policy}"
        );
        assert_eq!(header("x-content-type-options"), "nosniff", "{path}");
        assert_eq!(header("referrer-policy"), "no-referrer", "{path}");
        assert_eq!(
            header("cross-origin-opener-policy"),
            "same-origin",
            "{path}"
        );
        assert!(header("permissions-policy").contains("camera=()"), "{path}");
        assert_eq!(header("x-request-id").len(), 16, "{path}");
        assert!(
            !response
                .headers()
                .contains_key("access-control-allow-origin"),
            "{path}"
        );
        assert!(!response.headers().contains_key("server"), "{path}");
    }
}

#[tokio::test]
async fn answers_are_not_stored_and_are_compressed_when_asked_for() {
    let server = TestServer::start().await;
    let person = server.sign_in_as(Role::User).await;
    let response = server
        .request_as(&person, Method::GET, "/openapi.json")
        .header("accept-encoding", "gzip")
        .send()
        .await
        .unwrap();
    assert_eq!(response.headers()["content-encoding"], "gzip");
    assert_eq!(response.headers()["cache-control"], "no-store");
    assert!(response.bytes().await.unwrap().starts_with(&[0x1f, 0x8b]));
}

#[tokio::test]
async fn other_sites_get_no_permission() {
    let server = TestServer::start().await;
    let preflight = server
        .request(Method::OPTIONS, "/api/v1/ask")
        .header("origin", "https://evil.example")
        .header("access-control-request-method", "POST")
        .send()
        .await
        .unwrap();
    assert_eq!(preflight.status(), 405);
    assert!(
        preflight
            .headers()
            .keys()
            .all(|name| !name.as_str().starts_with("access-control"))
    );
}
