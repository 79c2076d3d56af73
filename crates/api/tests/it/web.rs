//! The embedded web app, or the page that says how to build it.

use reqwest::Method;
use testkit::server::{TestServer, read};

#[tokio::test]
async fn every_page_address_gets_the_app_and_a_second_visit_is_not_sent_again() {
    let server = TestServer::start().await;
    for path in ["/", "/ask", "/admin", "/learn/deep/link"] {
        let page = || {
            server
                .request(Method::GET, path)
                .header("accept", "text/html,application/xhtml+xml")
        };
        let response = page().send().await.unwrap();
        assert_eq!(response.status(), 200, "{path}");
        assert_eq!(
            response.headers()["content-type"],
            "text/html; charset=utf-8"
        );
        assert_eq!(response.headers()["cache-control"], "no-cache");
        let etag = response.headers()["etag"].clone();
        assert!(response.text().await.unwrap().contains("<title>"));
        let again = page().header("if-none-match", etag).send().await.unwrap();
        assert_eq!(again.status(), 304);
        assert!(again.text().await.unwrap().is_empty());
    }
}

#[tokio::test]
async fn the_pages_are_given_to_programs_too() {
    let server = TestServer::start().await;
    for path in ["/", "/ask", "/docs", "/setup"] {
        let response = server.request(Method::GET, path).send().await.unwrap();
        assert_eq!(response.status(), 200, "{path}");
        assert!(response.text().await.unwrap().contains("<title>"), "{path}");
    }
}

#[tokio::test]
async fn what_is_not_a_page_is_not_answered_with_one() {
    let server = TestServer::start().await;
    for (path, accept) in [
        ("/nothing.js", "*/*"),
        ("/_app/immutable/nothing.js", "text/html"),
        ("/api/nothing", "text/html"),
    ] {
        let (status, problem) =
            read(server.request(Method::GET, path).header("accept", accept)).await;
        assert_eq!(
            (status, problem["status"].as_u64()),
            (404, Some(404)),
            "{path}"
        );
    }
}

#[tokio::test]
async fn addresses_cannot_leave_the_folder() {
    let server = TestServer::start().await;
    for path in [
        "/..%2f..%2fCargo.toml",
        "/%2e%2e/%2e%2e/Cargo.toml",
        "/..%5c..%5cCargo.toml",
        "//etc/passwd",
        "/%00",
    ] {
        let response = server.request(Method::GET, path).send().await.unwrap();
        assert_eq!(response.status(), 404, "{path}");
        assert!(!response.text().await.unwrap().contains("[package]"));
    }
}
