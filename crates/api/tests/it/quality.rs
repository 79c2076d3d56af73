//! `/api/v1/admin/quality`: how well answers with code did.

use domain::accounts::Role;
use serde_json::{Value, json};
use testkit::server::TestServer;

const PATH: &str = "/api/v1/admin/quality";

#[tokio::test]
async fn answers_with_code_are_counted_by_day_and_brain() {
    let server = TestServer::start().await;
    let admin = server.sign_in_as(Role::Admin).await;
    let (status, empty) = server.get(&admin, PATH).await;
    assert_eq!((status, &empty["rows"]), (200, &json!([])), "{empty}");
    assert_eq!(
        (&empty["totals"]["answers"], &empty["totals"]["syntax_rate"]),
        (&json!(0), &Value::Null)
    );

    let task = json!({
        "description": "Blend two colours by averaging their channels.", "language": "python",
        "implementation": "def blend_colours(first, second):\n    return [(a + b) // 2 for a, b in zip(first, second)]\n"
    });
    assert_eq!(
        server
            .post(&admin, "/api/v1/knowledge/tasks", &task)
            .await
            .0,
        201
    );
    let prompt =
        json!({"prompt": "blend two colours by averaging their channels", "language": "python"});
    let (status, answer) = server.post(&admin, "/generate", &prompt).await;
    assert_eq!(
        (status, &answer["checks"]["syntax"]),
        (200, &json!("passed")),
        "{answer}"
    );
    // A question without code in its answer does not count.
    server
        .post(
            &admin,
            "/generate",
            &json!({"prompt": "simulate a warp drive plasma conduit"}),
        )
        .await;

    let (_, counted) = server.get(&admin, &format!("{PATH}?days=1")).await;
    let row = &counted["rows"][0];
    assert_eq!(
        (
            &row["day"],
            &row["brain"],
            &row["answers"],
            &row["syntax_passed"]
        ),
        (&json!("2026-11-20"), &answer["brain"], &json!(1), &json!(1)),
        "{counted}"
    );
    assert_eq!(counted["rows"].as_array().unwrap().len(), 1, "{counted}");
    assert_eq!(
        (
            &counted["totals"]["answers"],
            &counted["totals"]["syntax_rate"]
        ),
        (&json!(1), &json!(1.0)),
        "{counted}"
    );
    server.clock.advance(3 * 24 * 60 * 60);
    let admin = server.sign_in(&admin.email).await;
    assert_eq!(
        server.get(&admin, &format!("{PATH}?days=2")).await.1["rows"],
        json!([])
    );
    assert_ne!(server.get(&admin, PATH).await.1["rows"], json!([]));
}

#[tokio::test]
async fn days_keep_to_their_range() {
    let server = TestServer::start().await;
    let admin = server.sign_in_as(Role::Admin).await;
    for days in ["0", "367", "-1", "x", ""] {
        let (status, problem) = server.get(&admin, &format!("{PATH}?days={days}")).await;
        assert_eq!(
            (status, &problem["errors"][0]["field"]),
            (422, &json!("days")),
            "{problem}"
        );
    }
    assert_eq!(server.get(&admin, &format!("{PATH}?days=366")).await.0, 200);
}
