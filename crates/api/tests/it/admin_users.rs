//! `/api/v1/admin/users`: listing accounts, changing role and state.

use domain::accounts::Role;
use reqwest::Method;
use serde_json::{Value, json};
use testkit::server::{Person, TestServer, read};

async fn change(server: &TestServer, admin: &Person, id: &str, body: &Value) -> (u16, Value) {
    read(
        server
            .request_as(admin, Method::PATCH, &format!("/api/v1/admin/users/{id}"))
            .json(body),
    )
    .await
}

#[tokio::test]
async fn accounts_are_listed_searched_and_paged() {
    let server = TestServer::start().await;
    let admin = server.sign_in_as(Role::Admin).await;
    for _ in 0..3 {
        server.clock.advance(1);
        server.sign_in_as(Role::Student).await;
    }
    let (status, list) = server.get(&admin, "/api/v1/admin/users").await;
    assert_eq!((status, &list["total"]), (200, &json!(4)));
    assert_eq!(list["users"][0]["id"], json!(admin.id));
    let (_, found) = server
        .get(&admin, "/api/v1/admin/users?search=STUDENT-2")
        .await;
    assert_eq!(
        (&found["total"], &found["users"][0]["username"]),
        (&json!(1), &json!("student-2"))
    );
    let (_, page) = server
        .get(&admin, "/api/v1/admin/users?limit=1&offset=3")
        .await;
    assert_eq!(
        (page["users"].as_array().unwrap().len(), &page["total"]),
        (1, &json!(4))
    );
    let (_, none) = server.get(&admin, "/api/v1/admin/users?search=%25").await;
    assert_eq!(none["total"], 0, "a per cent sign is no wildcard");
}

#[tokio::test]
async fn a_new_role_holds_from_the_next_request_on_with_the_old_token() {
    let server = TestServer::start().await;
    let admin = server.sign_in_as(Role::Admin).await;
    let person = server.sign_in_as(Role::User).await;
    let task = json!({"description": "Adds one.", "implementation": "def inc(x):\n    return x + 1\n", "language": "python"});
    assert_eq!(
        server
            .post(&person, "/api/v1/knowledge/tasks", &task)
            .await
            .0,
        403
    );
    let (status, body) = change(&server, &admin, &person.id, &json!({"role": "developer"})).await;
    assert_eq!((status, &body["user"]["role"]), (200, &json!("developer")));
    assert_eq!(
        server
            .post(&person, "/api/v1/knowledge/tasks", &task)
            .await
            .0,
        201
    );
    assert_eq!(
        change(&server, &admin, &person.id, &json!({"role": "user"}))
            .await
            .0,
        200
    );
    assert_eq!(
        server
            .post(&person, "/api/v1/knowledge/tasks", &task)
            .await
            .0,
        403
    );
}

#[tokio::test]
async fn the_last_administrator_stays_and_their_number_is_limited() {
    let server = TestServer::start().await;
    let admin = server.sign_in_as(Role::Admin).await;
    for body in [json!({"role": "user"}), json!({"active": false})] {
        let (status, problem) = change(&server, &admin, &admin.id, &body).await;
        assert_eq!(
            (status, &problem["type"]),
            (409, &json!("/problems/conflict")),
            "{problem}"
        );
    }
    let second = server.sign_in_as(Role::User).await;
    let third = server.sign_in_as(Role::User).await;
    assert_eq!(
        change(&server, &admin, &second.id, &json!({"role": "admin"}))
            .await
            .0,
        200
    );
    assert_eq!(
        change(&server, &admin, &third.id, &json!({"role": "admin"}))
            .await
            .0,
        409
    );
    assert_eq!(
        change(&server, &second, &admin.id, &json!({"role": "user"}))
            .await
            .0,
        200
    );
    assert_eq!(server.get(&admin, "/api/v1/admin/users").await.0, 403);
}

#[tokio::test]
async fn changes_that_say_nothing_or_name_nobody_are_refused() {
    let server = TestServer::start().await;
    let admin = server.sign_in_as(Role::Admin).await;
    assert_eq!(change(&server, &admin, &admin.id, &json!({})).await.0, 422);
    assert_eq!(
        change(&server, &admin, &admin.id, &json!({"role": "king"}))
            .await
            .0,
        422
    );
    assert_eq!(
        change(&server, &admin, "nobody", &json!({"active": true}))
            .await
            .0,
        404
    );
    let missing = "0198a0c4-5f5e-7c3e-9d53-0c6f3b1f2a11";
    assert_eq!(
        change(&server, &admin, missing, &json!({"active": true}))
            .await
            .0,
        404
    );
}
