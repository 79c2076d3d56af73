//! `/api/v1/auth/*`: registering, signing in and out, the first administrator.

use api::{ApiSettings, SESSION_COOKIE};
use app::accounts::AccountSettings;
use domain::accounts::Role;
use reqwest::Method;
use serde_json::{Value, json};
use testkit::server::{PASSWORD, TestServer, read};

const REGISTER: &str = "/api/v1/auth/register";
const LOGIN: &str = "/api/v1/auth/login";

fn ada() -> Value {
    json!({"email": "Ada@Example.org", "username": "ada", "password": PASSWORD, "role": "student"})
}

async fn post(server: &TestServer, path: &str, body: &Value) -> (u16, Value) {
    read(server.request(Method::POST, path).json(body)).await
}

#[tokio::test]
async fn a_new_account_signs_in_and_is_told_who_it_is() {
    let server = TestServer::start().await;
    let (status, body) = post(&server, REGISTER, &ada()).await;
    assert_eq!(status, 201, "{body}");
    let user = &body["user"];
    assert_eq!(
        (&user["email"], &user["username"]),
        (&json!("ada@example.org"), &json!("ada"))
    );
    assert_eq!(
        (&user["role"], &user["active"]),
        (&json!("student"), &json!(true))
    );
    assert_eq!(user["created_at"], "2026-11-20T10:00:00.000Z");
    assert_eq!(
        user.as_object().unwrap().len(),
        6,
        "nothing else is told: {user}"
    );

    let (status, session) = post(
        &server,
        LOGIN,
        &json!({"email": "ada@example.org", "password": PASSWORD}),
    )
    .await;
    assert_eq!(status, 200, "{session}");
    assert_eq!(
        (&session["token_type"], &session["expires_in"]),
        (&json!("Bearer"), &json!(7200))
    );
    assert_eq!(session["user"], *user);

    let token = session["access_token"].as_str().unwrap();
    let (status, me) = read(
        server
            .request(Method::GET, "/api/v1/auth/me")
            .bearer_auth(token),
    )
    .await;
    assert_eq!((status, &me["user"]), (200, user));
}

#[tokio::test]
async fn the_role_is_user_unless_another_is_chosen_and_never_admin() {
    let server = TestServer::start().await;
    let mut account = ada();
    account.as_object_mut().unwrap().remove("role");
    assert_eq!(
        post(&server, REGISTER, &account).await.1["user"]["role"],
        "user"
    );
    let mut account = ada();
    account["role"] = json!("admin");
    let (status, problem) = post(&server, REGISTER, &account).await;
    assert_eq!(
        (status, &problem["errors"][0]["field"]),
        (422, &json!("role"))
    );
    assert!(
        !server.accounts.has_admin().await.unwrap(),
        "being first does not make an administrator"
    );
}

#[tokio::test]
async fn a_taken_address_or_name_is_a_conflict() {
    let server = TestServer::start().await;
    assert_eq!(post(&server, REGISTER, &ada()).await.0, 201);
    let (status, problem) = post(&server, REGISTER, &ada()).await;
    assert_eq!(
        (status, &problem["type"]),
        (409, &json!("/problems/conflict"))
    );
    let same_name = json!({"email": "other@example.org", "username": "ADA", "password": PASSWORD});
    assert_eq!(post(&server, REGISTER, &same_name).await.0, 409);
}

#[tokio::test]
async fn refused_fields_are_named_with_what_to_do() {
    let server = TestServer::start().await;
    for (field, value) in [
        ("email", "ada"),
        ("username", "a"),
        ("password", "short1!"),
        ("password", "aaaaaaaaaaaa"),
    ] {
        let mut account = ada();
        account[field] = json!(value);
        let (status, problem) = post(&server, REGISTER, &account).await;
        assert_eq!(
            (status, &problem["errors"][0]["field"]),
            (422, &json!(field)),
            "{problem}"
        );
        assert!(
            !problem.to_string().contains("aaaaaaaaaaaa"),
            "a password is never echoed: {problem}"
        );
    }
}

#[tokio::test]
async fn registration_can_be_closed() {
    let settings = AccountSettings {
        registration_open: false,
        ..AccountSettings::default()
    };
    let server = TestServer::start_with(ApiSettings::default(), settings).await;
    assert_eq!(post(&server, REGISTER, &ada()).await.0, 403);
}

#[tokio::test]
async fn unknown_accounts_and_wrong_passwords_get_the_same_answer() {
    let server = TestServer::start().await;
    assert_eq!(post(&server, REGISTER, &ada()).await.0, 201);
    let wrong = post(
        &server,
        LOGIN,
        &json!({"email": "ada@example.org", "password": "Wrong horse 9"}),
    )
    .await;
    let unknown = post(
        &server,
        LOGIN,
        &json!({"email": "bob@example.org", "password": "Wrong horse 9"}),
    )
    .await;
    assert_eq!(wrong.0, 401);
    assert_eq!(wrong, unknown);
    let rubbish = post(&server, LOGIN, &json!({"email": "", "password": ""})).await;
    assert_eq!(rubbish, unknown);
}

#[tokio::test]
async fn signing_out_ends_the_token_at_once_and_no_other() {
    let server = TestServer::start().await;
    let person = server.sign_in_as(Role::User).await;
    let other = server.sign_in(&person.email).await;
    let response = server
        .request_as(&person, Method::POST, "/api/v1/auth/logout")
        .send()
        .await
        .unwrap();
    assert_eq!(response.status(), 204);
    let cookie = response.headers()["set-cookie"].to_str().unwrap();
    assert!(
        cookie.starts_with(&format!("{SESSION_COOKIE}=;")) && cookie.contains("Max-Age=0"),
        "{cookie}"
    );
    assert_eq!(server.get(&person, "/api/v1/auth/me").await.0, 401);
    assert_eq!(
        server
            .post(&person, "/api/v1/auth/logout", &json!({}))
            .await
            .0,
        401
    );
    assert_eq!(server.get(&other, "/api/v1/auth/me").await.0, 200);
}

#[tokio::test]
async fn a_token_ends_after_two_hours() {
    let server = TestServer::start().await;
    let person = server.sign_in_as(Role::User).await;
    server.clock.advance(7199);
    assert_eq!(server.get(&person, "/api/v1/auth/me").await.0, 200);
    server.clock.advance(1);
    let response = server
        .request_as(&person, Method::GET, "/api/v1/auth/me")
        .send()
        .await
        .unwrap();
    assert_eq!(response.status(), 401);
    assert!(
        response.headers()["www-authenticate"]
            .to_str()
            .unwrap()
            .starts_with("Bearer")
    );
}

#[tokio::test]
async fn tokens_that_are_not_ours_are_refused() {
    let server = TestServer::start().await;
    let person = server.sign_in_as(Role::Admin).await;
    let (head, rest) = person.token.split_once('.').unwrap();
    let (_, signature) = rest.split_once('.').unwrap();
    // {"sub":"x","role":"admin","exp":9999999999,"iat":0,"sid":"x"}
    let claims =
        "eyJzdWIiOiJ4Iiwicm9sZSI6ImFkbWluIiwiZXhwIjo5OTk5OTk5OTk5LCJpYXQiOjAsInNpZCI6IngifQ";
    for forged in [
        format!("{head}.{claims}.{signature}"),
        format!("eyJhbGciOiJub25lIn0.{rest}"),
        format!("eyJhbGciOiJub25lIn0.{claims}."),
        String::new(),
        "x".repeat(5000),
    ] {
        let request = server
            .request(Method::GET, "/api/v1/auth/me")
            .header("authorization", format!("Bearer {forged}"));
        assert_eq!(read(request).await.0, 401);
    }
    let basic = server
        .request(Method::GET, "/api/v1/auth/me")
        .header("authorization", "Basic YTpi");
    assert_eq!(read(basic).await.0, 401);
}

#[tokio::test]
async fn the_cookie_is_closed_to_scripts_and_other_sites() {
    for secure in [false, true] {
        let settings = ApiSettings {
            cookies_secure: secure,
            ..ApiSettings::default()
        };
        let server = TestServer::start_with(settings, AccountSettings::default()).await;
        let person = server.sign_in_as(Role::User).await;
        let body = json!({"email": person.email, "password": PASSWORD});
        let response = server
            .request(Method::POST, LOGIN)
            .json(&body)
            .send()
            .await
            .unwrap();
        let cookie = response.headers()["set-cookie"]
            .to_str()
            .unwrap()
            .to_owned();
        for part in ["HttpOnly", "SameSite=Strict", "Path=/", "Max-Age=7200"] {
            assert!(cookie.contains(part), "{cookie}");
        }
        assert_eq!(cookie.contains("; Secure"), secure);
        let pair = cookie.split(';').next().unwrap();
        let request = server
            .request(Method::GET, "/api/v1/auth/me")
            .header("cookie", format!("theme=dark; {pair}"));
        assert_eq!(read(request).await.0, 200);
    }
}

#[tokio::test]
async fn the_first_administrator_needs_the_one_time_token() {
    let server = TestServer::start().await;
    let setup = "/api/v1/auth/setup";
    let body = |token: &str, name: &str| json!({"token": token, "email": format!("{name}@example.org"), "username": name, "password": PASSWORD});
    assert_eq!(post(&server, setup, &body("guess", "eve")).await.0, 403);
    let token = server.accounts.issue_setup_token().await.unwrap().unwrap();
    assert_eq!(post(&server, setup, &body("guess", "eve")).await.0, 403);
    let (status, answer) = post(&server, setup, &body(&token, "grace")).await;
    assert_eq!((status, &answer["user"]["role"]), (201, &json!("admin")));
    assert_eq!(
        post(&server, setup, &body(&token, "eve")).await.0,
        403,
        "the token works once"
    );
    assert_eq!(server.accounts.issue_setup_token().await.unwrap(), None);
}

#[tokio::test]
async fn one_address_may_try_a_hundred_times_then_two_a_second() {
    let server = TestServer::start().await;
    let attempt = || async {
        let request = server
            .request(Method::POST, LOGIN)
            .body("{}")
            .header("content-type", "application/json");
        request.send().await.unwrap()
    };
    for _ in 0..100 {
        assert_eq!(attempt().await.status(), 422);
    }
    let refused = attempt().await;
    assert_eq!(refused.status(), 429);
    assert_eq!(refused.headers()["retry-after"], "1");
    assert_eq!(
        refused.headers()["content-type"],
        "application/problem+json"
    );
    assert_eq!(
        read(server.request(Method::GET, "/health/live")).await.0,
        200,
        "other routes are not limited"
    );
    server.clock.advance(1);
    assert_eq!(attempt().await.status(), 422);
    assert_eq!(attempt().await.status(), 422);
    assert_eq!(attempt().await.status(), 429);
}
