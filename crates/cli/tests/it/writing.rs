//! A real language model behind the program: a tiny one that copies the last block of code of its prompt, in a real engine process.

use serde_json::{Value, json};

use crate::program::{Client, Home, Server};

const KNOWN: &str = "write a Python function that merges overlapping intervals";

const BLEND: &str = "Blend two colours by averaging their channels.";

/// A home with the copying model, which takes the most probable token and so always writes the same.
fn home() -> Home {
    let home = Home::new();
    let folder = home.path().join("no-models/language/copy");
    std::fs::create_dir_all(&folder).unwrap();
    testmodels::write_copy_model(&folder.join("model.gguf")).unwrap();
    std::fs::create_dir_all(home.data()).unwrap();
    std::fs::write(
        home.data().join("codegenie.toml"),
        "generate_temperature = 0.0\nexplain_temperature = 0\nexplain_python_temperature = 0\nmodel_threads = 1\n",
    )
    .unwrap();
    home
}

#[test]
fn known_code_goes_first_and_a_missing_model_is_told() {
    let home = home();
    let asked = ["ask", KNOWN, "--json"];
    let known = home.run(&asked).done().json();
    assert_eq!(known["brain"], "LIBRARY", "{known}");

    let missing = home.run(&["ask", KNOWN, "--model", "phi-2"]).done();
    assert!(missing.out.contains("`phi-2` was asked for"), "{missing:?}");
}

#[test]
fn an_explanation_comes_from_the_model_and_an_echo_is_no_answer() {
    let home = home();
    let script = home.write("total.py", "def total(prices):\n    return sum(prices)\n");
    let explained = home
        .run(&["explain", script.to_str().unwrap(), "--json"])
        .done()
        .json();
    assert_eq!(explained["brain"], "MODEL:copy", "{explained}");
    assert_eq!(
        explained["answer"],
        "```python\ndef total(prices):\n    return sum(prices)\n```\n"
    );
    // Nothing with code is known of this, so the model repeats the question, and that is dropped.
    let asked = [
        "ask",
        "frobnitzing zorbled quuxes",
        "--mode",
        "explain",
        "--json",
    ];
    let unknown = home.run(&asked).done().json();
    assert_ne!(unknown["brain"], "MODEL:copy", "{unknown}");
}

#[tokio::test]
async fn an_answer_over_http_can_be_written_again() {
    let home = home();
    home.create_user("developer", "ada").done();
    home.create_user("developer", "eve").done();
    let server = Server::start(&home);
    let ada = Client::signed_in(&server, "ada").await;
    let (_, state) = ada.get("/api/v1/system/status").await.unwrap();
    assert_eq!(
        (
            &state["language_model"]["available"],
            &state["language_model"]["name"]
        ),
        (&json!(true), &json!("copy"))
    );
    let code = "def blend_colours(first, second):\n    return [(a + b) // 2 for a, b in zip(first, second)]\n";
    let lesson = json!({"description": BLEND, "implementation": code, "language": "python"});
    let (status, taught) = ada.post("/api/v1/knowledge/tasks", &lesson).await.unwrap();
    assert_eq!(status, 201, "{taught}");
    let body = json!({"prompt": BLEND, "language": "python", "model": "copy", "seed": 11});
    let (status, answer) = ada.post("/generate", &body).await.unwrap();
    assert_eq!(
        (status, &answer["brain"]),
        (200, &json!("MODEL:copy")),
        "{answer}"
    );

    // What it was given to read was the known code, and the code that it copied parses.
    assert_eq!(
        (&answer["code"], &answer["checks"]["syntax"]),
        (&json!(code), &json!("passed"))
    );
    assert!(answer["ai_confidence"].as_f64().unwrap() > 0.5, "{answer}");
    let id = answer["receipt_id"].as_str().unwrap();
    let (_, receipt) = ada.get(&format!("/api/v1/receipts/{id}")).await.unwrap();
    let writing = &receipt["writings"][0];
    assert_eq!(
        (&writing["model"], &writing["seed"], &writing["is_shown"]),
        (&json!("copy"), &json!(11), &json!(true)),
        "{receipt}"
    );
    let path = format!("/api/v1/receipts/{id}/replay");
    let (status, replay) = ada.post(&path, &json!({})).await.unwrap();
    assert_eq!(
        (status, &replay["same"], &replay["text"]),
        (200, &json!(true), &writing["text"]),
        "{replay}"
    );
    let eve = Client::signed_in(&server, "eve").await;
    assert_eq!(eve.post(&path, &json!({})).await.unwrap().0, 404);

    let (_, known) = ada
        .post("/generate", &json!({"prompt": KNOWN}))
        .await
        .unwrap();
    let id = known["receipt_id"].as_str().unwrap();
    let path = format!("/api/v1/receipts/{id}/replay");
    let (status, problem) = ada.post(&path, &json!({})).await.unwrap();
    assert_eq!(
        (status, &problem["type"]),
        (409, &json!("/problems/conflict"))
    );

    let body = json!({"message": BLEND, "mode": "generate", "language": "python", "model": "copy", "stream": true});
    let (status, events) = ada.post("/api/v1/ask", &body).await.unwrap();
    let Value::String(events) = events else {
        panic!("{events}");
    };
    assert_eq!(status, 200);
    assert!(events.contains("event: progress"), "{events}");
    assert!(
        events.contains(r#""stage":"checking","model":"copy""#),
        "{events}"
    );
    server.terminate();
}
