//! `/api/v1/conversations` and `/api/v1/receipts`: one's own, and nobody else's.

use domain::accounts::Role;
use reqwest::Method;
use serde_json::{Value, json};
use testkit::server::{Person, TestServer, read};

async fn explain(server: &TestServer, person: &Person, code: &str) -> Value {
    let (status, answer) = server
        .post(
            person,
            "/explain",
            &json!({"code": code, "language": "python"}),
        )
        .await;
    assert_eq!(status, 200, "{answer}");
    answer
}

fn path_of(answer: &Value) -> String {
    format!(
        "/api/v1/conversations/{}",
        answer["conversation_id"].as_str().unwrap()
    )
}

#[tokio::test]
async fn conversations_are_listed_searched_renamed_and_deleted() {
    let server = TestServer::start().await;
    let person = server.sign_in_as(Role::User).await;
    let first = explain(&server, &person, "def zebra():\n    return 1\n").await;
    server.clock.advance(60);
    let second = explain(&server, &person, "def giraffe():\n    return 2\n").await;

    let (status, list) = server.get(&person, "/api/v1/conversations").await;
    assert_eq!((status, &list["total"]), (200, &json!(2)));
    assert_eq!(
        list["conversations"][0]["id"], second["conversation_id"],
        "latest first"
    );
    let (_, found) = server
        .get(&person, "/api/v1/conversations?search=zebra")
        .await;
    assert_eq!(
        (&found["total"], &found["conversations"][0]["id"]),
        (&json!(1), &first["conversation_id"])
    );

    let rename = |title: &str| {
        server
            .request_as(&person, Method::PATCH, &path_of(&first))
            .json(&json!({"title": title}))
    };
    let (status, renamed) = read(rename(" Stripes ")).await;
    assert_eq!((status, &renamed["title"]), (200, &json!("Stripes")));
    for refused in ["", "  ", "a\0b", &"x".repeat(201)] {
        assert_eq!(read(rename(refused)).await.0, 422, "{refused:?}");
    }

    let remove = || read(server.request_as(&person, Method::DELETE, &path_of(&first)));
    assert_eq!(remove().await.0, 204);
    assert_eq!(remove().await.0, 404);
    assert_eq!(server.get(&person, &path_of(&first)).await.0, 404);
    let receipt = format!("/api/v1/receipts/{}", first["receipt_id"].as_str().unwrap());
    assert_eq!(
        server.get(&person, &receipt).await.0,
        404,
        "its receipts went with it"
    );
    assert_eq!(server.get(&person, &path_of(&second)).await.0, 200);
}

#[tokio::test]
async fn what_belongs_to_somebody_else_does_not_exist() {
    let server = TestServer::start().await;
    let owner = server.sign_in_as(Role::User).await;
    let answer = explain(&server, &owner, "def secret():\n    return 42\n").await;
    let conversation = path_of(&answer);
    let receipt = format!(
        "/api/v1/receipts/{}",
        answer["receipt_id"].as_str().unwrap()
    );
    for role in Role::ALL {
        let other = server.sign_in_as(role).await;
        for path in [&conversation, &format!("{conversation}/messages"), &receipt] {
            assert_eq!(server.get(&other, path).await.0, 404, "{role} {path}");
        }
        let rename = server
            .request_as(&other, Method::PATCH, &conversation)
            .json(&json!({"title": "mine"}));
        assert_eq!(read(rename).await.0, 404);
        assert_eq!(
            read(server.request_as(&other, Method::DELETE, &conversation))
                .await
                .0,
            404
        );
        let mut body =
            json!({"message": "and then?", "conversation_id": answer["conversation_id"]});
        assert_eq!(server.post(&other, "/api/v1/ask", &body).await.0, 404);
        body = json!({"message": "again", "replaces_message_id": answer["message_id"]});
        assert_eq!(server.post(&other, "/api/v1/ask", &body).await.0, 404);
        assert_eq!(
            server
                .get(&other, "/api/v1/conversations?search=secret")
                .await
                .1["total"],
            0
        );
    }
    assert_eq!(server.get(&owner, &conversation).await.0, 200);
    assert_eq!(
        server
            .get(&owner, &format!("{conversation}/messages"))
            .await
            .1["total"],
        2
    );
}

#[tokio::test]
async fn messages_come_in_pages_oldest_first() {
    let server = TestServer::start().await;
    let person = server.sign_in_as(Role::User).await;
    let answer = explain(&server, &person, "def f():\n    return 1\n").await;
    let messages = format!("{}/messages", path_of(&answer));
    let (_, first) = server.get(&person, &format!("{messages}?limit=1")).await;
    assert_eq!(
        (&first["total"], &first["messages"][0]["author"]),
        (&json!(2), &json!("user"))
    );
    assert!(
        first["messages"][0]["text"]
            .as_str()
            .unwrap()
            .contains("def f()")
    );
    assert_eq!(first["messages"][0]["answer"], Value::Null);
    let (_, second) = server
        .get(&person, &format!("{messages}?limit=1&offset=1"))
        .await;
    assert_eq!(
        (
            &second["messages"][0]["author"],
            &second["messages"][0]["text"]
        ),
        (&json!("assistant"), &Value::Null)
    );
}

#[tokio::test]
async fn an_identifier_that_is_none_names_nothing() {
    let server = TestServer::start().await;
    let person = server.sign_in_as(Role::User).await;
    for id in [
        "x",
        "..%2f..%2fetc",
        "%00",
        "%ff",
        "0198a0c4-5f5e-7c3e-9d53-0c6f3b1f2a1",
        "'%20OR%201=1",
    ] {
        let (status, problem) = server
            .get(&person, &format!("/api/v1/conversations/{id}"))
            .await;
        assert_eq!((status, &problem["status"]), (404, &json!(404)), "{id}");
    }
}
