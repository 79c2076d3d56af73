//! `/api/v1/tokens`: made, used, revoked.

use domain::accounts::Role;
use reqwest::Method;
use serde_json::{Value, json};
use testkit::server::{PASSWORD, Person, TestServer, read};

const TOKENS: &str = "/api/v1/tokens";
const CONVERSATIONS: &str = "/api/v1/conversations";

async fn revoke(server: &TestServer, person: &Person, id: &Value) -> u16 {
    let path = format!("{TOKENS}/{}", id.as_str().unwrap());
    read(server.request_as(person, Method::DELETE, &path))
        .await
        .0
}

fn with_secret(person: &Person, secret: &Value) -> Person {
    Person {
        token: secret.as_str().unwrap().to_owned(),
        ..person.clone()
    }
}

#[tokio::test]
async fn a_token_is_told_once_works_and_stops_when_it_is_revoked() {
    let server = TestServer::start().await;
    let person = server.sign_in_as(Role::User).await;
    let (status, made) = server
        .post(&person, TOKENS, &json!({"name": "laptop"}))
        .await;
    assert_eq!(status, 201, "{made}");
    assert_eq!(
        (&made["name"], &made["created_at"], &made["expires_at"]),
        (
            &json!("laptop"),
            &json!("2026-11-20T10:00:00.000Z"),
            &Value::Null
        )
    );
    let secret = made["token"].as_str().unwrap();
    assert_eq!((secret.split_at(3).0, secret.len()), ("cg_", 46));

    let program = with_secret(&person, &made["token"]);
    for _ in 0..2 {
        assert_eq!(server.get(&program, CONVERSATIONS).await.0, 200);
    }
    let (status, listed) = server.get(&person, TOKENS).await;
    assert_eq!(status, 200);
    assert_eq!(
        listed,
        json!({"tokens": [{
            "id": made["id"], "name": "laptop", "created_at": "2026-11-20T10:00:00.000Z", "expires_at": null,
            "last_used_at": "2026-11-20T10:00:00.000Z"
        }]})
    );
    assert_eq!(revoke(&server, &person, &made["id"]).await, 204);
    assert_eq!(server.get(&program, CONVERSATIONS).await.0, 401);
    assert_eq!(revoke(&server, &person, &made["id"]).await, 404);
    assert_eq!(server.get(&person, TOKENS).await.1, json!({"tokens": []}));
}

#[tokio::test]
async fn a_token_acts_as_its_account_and_sees_nobody_elses() {
    let server = TestServer::start().await;
    let (ada, bob) = (
        server.sign_in_as(Role::User).await,
        server.sign_in_as(Role::User).await,
    );
    let program = server.token_of(&ada).await;
    let asked = server
        .post(
            &program,
            "/api/v1/ask",
            &json!({"message": "what is a list?"}),
        )
        .await;
    assert_eq!(asked.0, 200, "{}", asked.1);
    assert_eq!(server.get(&ada, CONVERSATIONS).await.1["total"], 1);
    assert_eq!(server.get(&bob, CONVERSATIONS).await.1["total"], 0);
    let (_, listed) = server.get(&ada, TOKENS).await;
    assert_eq!(
        revoke(&server, &bob, &listed["tokens"][0]["id"]).await,
        404,
        "not his"
    );
    assert_eq!(server.get(&program, CONVERSATIONS).await.0, 200);
}

#[tokio::test]
async fn a_token_ends_on_its_day_and_its_role_is_the_present_one() {
    let server = TestServer::start().await;
    let admin = server.sign_in_as(Role::Admin).await;
    let person = server.sign_in_as(Role::Student).await;
    let body = json!({"name": "day", "expires_in_days": 1});
    let (_, made) = server.post(&person, TOKENS, &body).await;
    assert_eq!(made["expires_at"], "2026-11-21T10:00:00.000Z");
    let program = with_secret(&person, &made["token"]);
    let nothing = json!({});
    let teach = || server.post(&program, "/api/v1/knowledge/tasks", &nothing);
    assert_eq!(teach().await.0, 422, "a student may teach");
    let change = server
        .request_as(
            &admin,
            Method::PATCH,
            &format!("/api/v1/admin/users/{}", person.id),
        )
        .json(&json!({"role": "user"}));
    assert_eq!(read(change).await.0, 200);
    assert_eq!(teach().await.0, 403, "a user may not");
    server.clock.advance(86_399);
    assert_eq!(server.get(&program, CONVERSATIONS).await.0, 200);
    server.clock.advance(1);
    assert_eq!(server.get(&program, CONVERSATIONS).await.0, 401);
}

#[tokio::test]
async fn tokens_need_a_session_a_name_and_room() {
    let server = TestServer::start().await;
    let person = server.sign_in_as(Role::User).await;
    let program = server.token_of(&person).await;
    let (status, problem) = server.post(&program, TOKENS, &json!({"name": "x"})).await;
    assert_eq!(status, 403);
    assert!(
        problem["detail"].as_str().unwrap().contains("sign in"),
        "{problem}"
    );
    for (body, field) in [
        (json!({"name": "\t"}), "name"),
        (json!({"name": "x".repeat(65)}), "name"),
        (
            json!({"name": "x", "expires_in_days": 0}),
            "expires_in_days",
        ),
        (
            json!({"name": "x", "expires_in_days": 3651}),
            "expires_in_days",
        ),
    ] {
        let (status, problem) = server.post(&person, TOKENS, &body).await;
        assert_eq!(
            (status, &problem["errors"][0]["field"]),
            (422, &json!(field))
        );
    }
    for _ in 1..20 {
        server.token_of(&person).await;
    }
    let (status, problem) = server.post(&person, TOKENS, &json!({"name": "x"})).await;
    assert_eq!(status, 409);
    assert!(
        problem["detail"].as_str().unwrap().contains("revoke one"),
        "{problem}"
    );
}

#[tokio::test]
async fn a_token_is_no_cookie_and_no_password() {
    let server = TestServer::start().await;
    let person = server.sign_in_as(Role::User).await;
    let program = server.token_of(&person).await;
    let as_cookie = server.request(Method::GET, CONVERSATIONS).header(
        "cookie",
        format!("{}={}", api::SESSION_COOKIE, program.token),
    );
    assert_eq!(read(as_cookie).await.0, 401);
    for forged in [
        format!("{}x", program.token),
        program.token.to_uppercase(),
        program.token.replace("cg_", "CG_"),
        format!("cg_{}", "A".repeat(43)),
        "cg_".to_owned(),
    ] {
        let request = server
            .request(Method::GET, CONVERSATIONS)
            .bearer_auth(forged);
        assert_eq!(read(request).await.0, 401);
    }
    // A new password at the machine takes the tokens along with the sessions.
    server
        .accounts
        .reset_password_locally(&person.email, &format!("{PASSWORD} two"))
        .await
        .unwrap();
    assert_eq!(server.get(&program, CONVERSATIONS).await.0, 401);
}
