//! The session cookie works from the server's own pages alone.

use std::collections::BTreeSet;

use api::{ApiSettings, SESSION_COOKIE};
use app::accounts::AccountSettings;
use domain::accounts::Role;
use reqwest::Method;
use serde_json::json;
use testkit::server::{TestServer, read};

#[tokio::test]
async fn a_cookie_needs_a_page_of_this_server_to_change_anything() {
    let settings = ApiSettings {
        allowed_origins: BTreeSet::from(["https://genie.example.org".to_owned()]),
        ..ApiSettings::default()
    };
    let server = TestServer::start_with(settings, AccountSettings::default()).await;
    let person = server.sign_in_as(Role::User).await;
    let own = format!("http://{}", server.address);
    let cases: [(&[(&str, &str)], u16); 10] = [
        (&[("origin", &own)], 200),
        (&[("sec-fetch-site", "same-origin")], 200),
        (
            &[
                ("origin", "https://genie.example.org"),
                ("sec-fetch-site", "cross-site"),
            ],
            200,
        ),
        (&[], 403),
        (&[("origin", "null")], 403),
        (&[("origin", "https://evil.example")], 403),
        (&[("origin", "http://127.0.0.1:1")], 403),
        (&[("origin", &own), ("sec-fetch-site", "cross-site")], 403),
        (&[("sec-fetch-site", "same-site")], 403),
        (&[("sec-fetch-site", "none")], 403),
    ];
    for (headers, expected) in cases {
        let mut request = server
            .request(Method::POST, "/api/v1/route")
            .header("cookie", format!("{SESSION_COOKIE}={}", person.token))
            .json(&json!({"message": "hello"}));
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let (status, body) = read(request).await;
        assert_eq!(status, expected, "{headers:?} gave {body}");
    }
}

#[tokio::test]
async fn reading_with_a_cookie_and_writing_with_a_token_need_no_origin() {
    let server = TestServer::start().await;
    let person = server.sign_in_as(Role::User).await;
    let cookie = format!("{SESSION_COOKIE}={}", person.token);
    let reading = server
        .request(Method::GET, "/api/v1/conversations")
        .header("cookie", &cookie);
    assert_eq!(read(reading).await.0, 200);
    let writing = server
        .request_as(&person, Method::POST, "/api/v1/route")
        .header("origin", "https://evil.example");
    assert_eq!(
        read(writing.json(&json!({"message": "hello"}))).await.0,
        200
    );
    let bad_token = server
        .request(Method::GET, "/api/v1/auth/me")
        .header("cookie", &cookie)
        .bearer_auth("rubbish");
    assert_eq!(
        read(bad_token).await.0,
        401,
        "a wrong token is not made good by a cookie"
    );
}
