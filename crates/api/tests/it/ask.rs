//! `/generate`, `/explain`, `/api/v1/ask`, `/api/v1/route`: as JSON and as events.

use domain::accounts::Role;
use reqwest::Method;
use serde_json::{Value, json};
use testkit::server::{Person, TestServer, read};

const CODE: &str =
    "def blend_colours(first, second):\n    return [(a + b) // 2 for a, b in zip(first, second)]\n";

async fn taught() -> (TestServer, Person) {
    let server = TestServer::start().await;
    let person = server.sign_in_as(Role::Developer).await;
    let task = json!({
        "description": "Blend two colours by averaging their channels.", "implementation": CODE, "language": "python"
    });
    assert_eq!(
        server
            .post(&person, "/api/v1/knowledge/tasks", &task)
            .await
            .0,
        201
    );
    (server, person)
}

/// The events of a stream, with their data as JSON.
async fn events(request: reqwest::RequestBuilder) -> Vec<(String, Value)> {
    let response = request.send().await.unwrap();
    assert_eq!(response.status(), 200);
    assert_eq!(response.headers()["content-type"], "text/event-stream");
    assert!(!response.headers().contains_key("content-encoding"));
    let text = response.text().await.unwrap();
    let told = text
        .split("\n\n")
        .filter(|event| event.contains("event:"))
        .map(|event| {
            let line = |name: &str| {
                event
                    .lines()
                    .find_map(|line| line.strip_prefix(name))
                    .unwrap()
                    .trim()
                    .to_owned()
            };
            (
                line("event:"),
                serde_json::from_str(&line("data:")).unwrap(),
            )
        });
    told.collect()
}

#[tokio::test]
async fn an_answer_says_everything_about_itself_and_is_stored() {
    let (server, person) = taught().await;
    let prompt =
        json!({"prompt": "blend two colours by averaging their channels", "language": "python"});
    let (status, answer) = server.post(&person, "/generate", &prompt).await;
    assert_eq!(status, 200, "{answer}");
    let mut names: Vec<_> = answer
        .as_object()
        .unwrap()
        .keys()
        .map(String::as_str)
        .collect();
    names.sort_unstable();
    let expected = [
        "ai_confidence",
        "answer",
        "brain",
        "checks",
        "code",
        "conversation_id",
        "language",
        "message_id",
        "model",
        "outcome",
        "reason",
        "receipt_id",
        "sources",
    ];
    assert_eq!(names, expected);
    assert_eq!(
        (&answer["model"], &answer["ai_confidence"]),
        (&Value::Null, &json!(0.0))
    );
    assert!(
        ["answered", "confirm"].contains(&answer["outcome"].as_str().unwrap()),
        "{answer}"
    );
    assert!(
        answer["code"].as_str().unwrap().contains("(a + b) // 2"),
        "{answer}"
    );
    assert_eq!(
        (&answer["language"], &answer["checks"]["syntax"]),
        (&json!("python"), &json!("passed"))
    );
    assert_eq!(answer["sources"][0]["language"], "python");

    let conversation = answer["conversation_id"].as_str().unwrap();
    let (status, list) = server
        .get(
            &person,
            &format!("/api/v1/conversations/{conversation}/messages"),
        )
        .await;
    assert_eq!((status, &list["total"]), (200, &json!(2)));
    assert_eq!(
        list["messages"][1]["answer"], answer,
        "what was stored is what was told"
    );
    let receipt = answer["receipt_id"].as_str().unwrap();
    let (status, receipt) = server
        .get(&person, &format!("/api/v1/receipts/{receipt}"))
        .await;
    assert_eq!(
        (status, &receipt["steps"][0]["name"]),
        (200, &json!("understand"))
    );
}

#[tokio::test]
async fn events_come_in_order_and_end_with_the_whole_answer() {
    let (server, person) = taught().await;
    let body = json!({"message": "blend two colours by averaging their channels in Python", "stream": true});
    let told = events(
        server
            .request_as(&person, Method::POST, "/api/v1/ask")
            .json(&body),
    )
    .await;
    let mut names: Vec<_> = told.iter().map(|(name, _)| name.as_str()).collect();
    names.dedup();
    assert_eq!(names, ["route", "sources", "token", "check", "done"]);
    let text: String = told
        .iter()
        .filter(|(name, _)| name == "token")
        .map(|(_, data)| data["text"].as_str().unwrap())
        .collect();
    let (_, done) = told.last().unwrap();
    assert_eq!(done["answer"], json!(text));
    assert_eq!(done["checks"], told[told.len() - 2].1);
    assert_eq!(told[1].1["sources"][0]["id"], done["sources"][0]["id"]);
    let scores = told[0].1["scores"].as_object().unwrap();
    assert!(
        (scores
            .values()
            .map(|score| score.as_f64().unwrap())
            .sum::<f64>()
            - 1.0)
            .abs()
            < 0.01,
        "{scores:?}"
    );
    let path = format!(
        "/api/v1/conversations/{}",
        done["conversation_id"].as_str().unwrap()
    );
    assert_eq!(server.get(&person, &path).await.0, 200);
}

#[tokio::test]
async fn the_accept_header_asks_for_events_and_the_body_overrides_it() {
    let (server, person) = taught().await;
    let ask = |body: Value| {
        server
            .request_as(&person, Method::POST, "/explain")
            .header("accept", "text/event-stream")
            .json(&body)
    };
    let told = events(ask(json!({"code": CODE}))).await;
    assert_eq!(told.last().unwrap().0, "done");
    assert_eq!(told.last().unwrap().1["brain"], "ANALYSIS");
    let (status, answer) = read(ask(json!({"code": CODE, "stream": false}))).await;
    assert_eq!((status, &answer["brain"]), (200, &json!("ANALYSIS")));
}

#[tokio::test]
async fn a_stream_that_cannot_begin_is_refused_with_its_own_status() {
    let (server, person) = taught().await;
    let body = json!({"message": "hello", "stream": true, "conversation_id": "0198a0c4-5f5e-7c3e-9d53-0c6f3b1f2a11"});
    let (status, problem) = server.post(&person, "/api/v1/ask", &body).await;
    assert_eq!(
        (status, &problem["type"]),
        (404, &json!("/problems/not-found"))
    );
    let body = json!({"message": "", "stream": true});
    assert_eq!(server.post(&person, "/api/v1/ask", &body).await.0, 422);
}

#[tokio::test]
async fn a_client_that_goes_away_disturbs_nobody() {
    let (server, person) = taught().await;
    let long = "What is a list? ".repeat(3000);
    let body = json!({"code": long, "question": "explain", "stream": true});
    let mut response = server
        .request_as(&person, Method::POST, "/explain")
        .json(&body)
        .send()
        .await
        .unwrap();
    assert!(response.chunk().await.unwrap().is_some());
    drop(response);
    // Another request on the same server is served as ever.
    let (status, answer) = server
        .post(&person, "/explain", &json!({"code": CODE}))
        .await;
    assert_eq!(status, 200, "{answer}");
}

#[tokio::test]
async fn a_conversation_continues_and_an_answer_can_be_replaced() {
    let (server, person) = taught().await;
    let (_, first) = server
        .post(&person, "/explain", &json!({"code": CODE}))
        .await;
    let conversation = &first["conversation_id"];
    let body = json!({"code": CODE, "style": "technical", "conversation_id": conversation, "replaces_message_id": first["message_id"]});
    let (status, second) = server.post(&person, "/explain", &body).await;
    assert_eq!(
        (status, &second["conversation_id"]),
        (200, conversation),
        "{second}"
    );
    let path = format!(
        "/api/v1/conversations/{}/messages",
        conversation.as_str().unwrap()
    );
    let (_, list) = server.get(&person, &path).await;
    assert_eq!(list["total"], 2, "the replaced turn is gone");
    assert_eq!(list["messages"][1]["id"], second["message_id"]);
}

#[tokio::test]
async fn an_unknown_wish_is_said_to_be_unknown() {
    let (server, person) = taught().await;
    let (status, answer) = server
        .post(
            &person,
            "/generate",
            &json!({"prompt": "simulate a warp drive plasma conduit"}),
        )
        .await;
    assert_eq!(
        (status, &answer["outcome"], &answer["code"]),
        (200, &json!("unknown"), &Value::Null),
        "{answer}"
    );
}

#[tokio::test]
async fn null_is_as_good_as_left_out() {
    let (server, person) = taught().await;
    let body = json!({
        "code": CODE, "question": null, "language": null, "style": null, "model": null, "max_new_tokens": null,
        "temperature": null, "conversation_id": null, "replaces_message_id": null, "stream": null
    });
    assert_eq!(server.post(&person, "/explain", &body).await.0, 200);
}

#[tokio::test]
async fn an_explanation_needs_code_or_a_question() {
    let (server, person) = taught().await;
    let (status, problem) = server
        .post(&person, "/explain", &json!({"language": "python"}))
        .await;
    assert_eq!(
        (status, &problem["detail"]),
        (422, &json!("code: give `code`, `question`, or both"))
    );
}

#[tokio::test]
async fn a_message_is_routed_without_being_answered() {
    let (server, person) = taught().await;
    let body = json!({"message": "explain how recursion works", "history": ["write a function"]});
    let (status, route) = server.post(&person, "/api/v1/route", &body).await;
    assert_eq!(
        (status, &route["rung"]),
        (200, &json!("lexical")),
        "{route}"
    );
    assert_eq!(
        (&route["intent"], &route["mode"]),
        (&json!("explain"), &json!("explain")),
        "{route}"
    );
    assert_eq!(
        server.get(&person, "/api/v1/conversations").await.1["total"],
        0
    );
    let too_many = json!({"message": "x", "history": vec!["y"; 51]});
    assert_eq!(
        server.post(&person, "/api/v1/route", &too_many).await.0,
        422
    );
}
