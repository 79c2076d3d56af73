//! `/api/v1/knowledge`: searching and teaching.

use domain::accounts::Role;
use serde_json::{Value, json};
use testkit::server::TestServer;

fn task() -> Value {
    json!({
        "description": "Rotate the tiles of a hexagonal board clockwise.",
        "implementation": "def rotate_tiles(board):\n    return board[-1:] + board[:-1]\n",
        "language": "py",
        "tests": "assert rotate_tiles([1, 2, 3]) == [3, 1, 2]"
    })
}

#[tokio::test]
async fn a_taught_task_is_a_draft_that_its_author_alone_finds() {
    let server = TestServer::start().await;
    let author = server.sign_in_as(Role::Student).await;
    let other = server.sign_in_as(Role::Admin).await;
    let (status, taught) = server
        .post(&author, "/api/v1/knowledge/tasks", &task())
        .await;
    assert_eq!(
        (status, &taught["status"]),
        (201, &json!("draft")),
        "{taught}"
    );
    assert_eq!(
        (&taught["checks"]["syntax"], &taught["checks"]["execution"]),
        (&json!("passed"), &json!("unavailable"))
    );

    let search = "/api/v1/knowledge/search?q=rotate+hexagonal+board+tiles&language=python&limit=5";
    let (status, found) = server.get(&author, search).await;
    assert_eq!(
        (status, &found["rung"]),
        (200, &json!("lexical")),
        "{found}"
    );
    assert_eq!(found["results"][0]["id"], taught["id"]);
    assert_eq!(found["results"][0]["language"], "python");
    assert!(["known", "confirm", "unknown"].contains(&found["outcome"].as_str().unwrap()));
    assert_eq!(server.get(&other, search).await.1["results"], json!([]));
    let elsewhere = search.replace("python", "rust");
    assert_eq!(
        server.get(&author, &elsewhere).await.1["results"],
        json!([])
    );
}

#[tokio::test]
async fn code_that_does_not_parse_is_refused_with_the_place() {
    let server = TestServer::start().await;
    let author = server.sign_in_as(Role::Developer).await;
    let mut broken = task();
    broken["implementation"] = json!("def f(:\n    pass\n");
    let (status, problem) = server
        .post(&author, "/api/v1/knowledge/tasks", &broken)
        .await;
    assert_eq!(
        (status, &problem["errors"][0]["field"]),
        (422, &json!("implementation"))
    );
    assert!(
        problem["detail"].as_str().unwrap().contains("line 1"),
        "{problem}"
    );
}

#[tokio::test]
async fn a_search_needs_words_and_nothing_in_it_is_syntax() {
    let server = TestServer::start().await;
    let person = server.sign_in_as(Role::User).await;
    for refused in [
        "",
        "?q=",
        "?q=%20",
        "?q=%00",
        "?q=a&limit=0",
        "?q=a&limit=51",
        "?q=a&limit=-1",
        "?q=a&limit=x",
        "?q=a&language=klingon",
        "?q=a&colour=red",
        "?q=a&q=b",
    ] {
        let (status, problem) = server
            .get(&person, &format!("/api/v1/knowledge/search{refused}"))
            .await;
        assert_eq!(status, 422, "{refused} gave {problem}");
        assert!(!problem["detail"].as_str().unwrap().is_empty());
    }
    assert_eq!(
        server
            .get(&person, "/api/v1/knowledge/search?q=%ff%fe")
            .await
            .0,
        400
    );
    for odd in [
        "%22",
        "a%22+OR+%22b",
        "NEAR(a+b)",
        "*",
        "title:x",
        "%27%3B--",
        "(((",
        "%F0%9F%A6%80",
    ] {
        let (status, found) = server
            .get(&person, &format!("/api/v1/knowledge/search?q={odd}"))
            .await;
        assert_eq!(status, 200, "{odd} gave {found}");
    }
}
