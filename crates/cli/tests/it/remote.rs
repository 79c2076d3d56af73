//! A second CodeGenie as the model server of the first: answers come from its copying model, and when it has gone, from the second
//! choice or from what is known, and it is said so.

use serde_json::{Value, json};

use crate::program::{Client, Home, Server};

const QUESTION: &str =
    "What does this do?\n```python\ndef total(prices):\n    return sum(prices)\n```";

/// One thread, because several servers share this machine; no sandbox, because nothing is run here and its attacks take seconds.
const SETTINGS: &str = "model_threads = 1\nsandbox = \"off\"\n";

/// A home with the copying model under this name.
fn home(model: &str) -> Home {
    let home = Home::new();
    let folder = home.path().join("no-models/language").join(model);
    std::fs::create_dir_all(&folder).unwrap();
    testmodels::write_copy_model(&folder.join("model.gguf")).unwrap();
    std::fs::create_dir_all(home.data()).unwrap();
    std::fs::write(home.data().join("codegenie.toml"), SETTINGS).unwrap();
    home.create_user("developer", "ada").done();
    home
}

/// Has a home ask the server `lab` for explanations.
fn employ(home: &Home, lab: &Server, token: &str, second: &str) {
    let settings = format!(
        "{SETTINGS}explain_python_models = \"lab/copy\"\nexplain_python_temperature = 0\n{second}\
         remote_lab_url = \"{}\"\nremote_lab_models = \"copy\"\nremote_lab_private = \"yes\"\n",
        lab.url("/v1")
    );
    std::fs::write(home.data().join("codegenie.toml"), settings).unwrap();
    home.write(".env", format!("CODEGENIE_REMOTE_LAB_KEY={token}\n"));
}

async fn ask(client: &Client) -> Value {
    let body = json!({"message": QUESTION, "mode": "explain"});
    let (status, answer) = client.post("/api/v1/ask", &body).await.unwrap();
    assert_eq!(status, 200, "{answer}");
    answer
}

#[tokio::test]
async fn another_servers_model_answers_and_when_it_has_gone_the_second_choice_does() {
    let lab_home = home("copy");
    let lab = Server::start(&lab_home);
    let owner = Client::signed_in(&lab, "ada").await;
    let body = json!({"name": "program"});
    let (status, token) = owner.post("/api/v1/tokens", &body).await.unwrap();
    assert_eq!(status, 201, "{token}");
    let token = token["token"].as_str().unwrap();

    let (first_home, plain_home) = (home("own"), home("unused"));
    std::fs::remove_dir_all(plain_home.path().join("no-models/language")).unwrap();
    employ(
        &first_home,
        &lab,
        token,
        "explain_python_fail_over = \"own\"\n",
    );
    employ(&plain_home, &lab, token, "");
    let (first, plain) = (Server::start(&first_home), Server::start(&plain_home));
    let with_second = Client::signed_in(&first, "ada").await;
    let without = Client::signed_in(&plain, "ada").await;

    for client in [&with_second, &without] {
        let answer = ask(client).await;
        assert_eq!(answer["brain"], "MODEL:lab/copy", "{answer}");
        let id = answer["receipt_id"].as_str().unwrap();
        let (_, receipt) = client.get(&format!("/api/v1/receipts/{id}")).await.unwrap();
        assert_eq!(receipt["writings"][0]["model"], "lab/copy", "{receipt}");
    }

    lab.terminate();
    assert_eq!(lab.wait(), Some(0));
    let answer = ask(&with_second).await;
    assert_eq!(answer["brain"], "MODEL:own", "{answer}");
    let reason = answer["reason"].as_str().unwrap();
    assert!(reason.contains("`own` was asked instead"), "{answer}");
    let answer = ask(&without).await;
    assert_eq!(answer["brain"], "ANALYSIS", "{answer}");
    let reason = answer["reason"].as_str().unwrap();
    assert!(reason.contains("`lab/copy` failed"), "{answer}");
    first.terminate();
    plain.terminate();
}
