//! Adapters by name over the OpenAI-compatible API: a tiny model of random weights with a random adapter, in a real engine.

use serde_json::{Value, json};

use crate::program::{Client, Home, Server};

/// A home with the model `tiny`, which has the adapter `house`.
fn home() -> Home {
    let home = Home::new();
    let folder = home.path().join("no-models/language/tiny");
    std::fs::create_dir_all(folder.join("adapters")).unwrap();
    let family = testmodels::Family::DeepseekCoder;
    let model = folder.join("model.gguf");
    testmodels::write_random(family, testmodels::Size::Tiny, 1, &model).unwrap();
    let adapter = folder.join("adapters/house.gguf");
    testmodels::write_adapter(&model, 4, 2, &adapter).unwrap();
    home.create_user("developer", "ada").done();
    home
}

/// What a model goes on with, taking the most probable tokens.
async fn continue_text(client: &Client, model: &str) -> String {
    let body = json!({"model": model, "prompt": "def f(x):", "temperature": 0, "max_tokens": 24});
    let (status, answer) = client.post("/v1/completions", &body).await.unwrap();
    assert_eq!((status, &answer["model"]), (200, &json!(model)), "{answer}");
    answer["choices"][0]["text"].as_str().unwrap().to_owned()
}

#[tokio::test(flavor = "multi_thread")]
async fn an_adapter_writes_otherwise_than_its_model() {
    let home = home();
    let server = Server::start(&home);
    let client = Client::signed_in(&server, "ada").await;
    let (_, list) = client.get("/v1/models").await.unwrap();
    let names: Vec<&Value> = list["data"]
        .as_array()
        .unwrap()
        .iter()
        .map(|model| &model["id"])
        .collect();
    assert_eq!(names, ["tiny", "tiny:house"]);
    assert_eq!(client.get("/v1/models/tiny:house").await.unwrap().0, 200);

    let plain = continue_text(&client, "tiny").await;
    let adapted = continue_text(&client, "tiny:house").await;
    assert_ne!(plain, adapted);
    assert_eq!(continue_text(&client, "tiny").await, plain);
    assert_eq!(continue_text(&client, "tiny:house").await, adapted);
    let messages = json!([{"role": "user", "content": "sort a list"}]);
    let body = json!({"model": "tiny:house", "messages": messages, "max_tokens": 4});
    let (status, told) = client.post("/v1/chat/completions", &body).await.unwrap();
    assert_eq!(status, 200, "{told}");

    for model in ["tiny:nobody", "nobody:house", "tiny:"] {
        let body = json!({"model": model, "prompt": "a"});
        let (status, told) = client.post("/v1/completions", &body).await.unwrap();
        let error = &told["error"];
        assert_eq!(
            (status, &error["code"], &error["param"]),
            (404, &json!("model_not_found"), &json!("model")),
            "{told}"
        );
        let path = format!("/v1/models/{model}");
        assert_eq!(client.get(&path).await.unwrap().0, 404, "{model}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_model_that_fails_is_told_by_its_name_and_not_by_its_path() {
    let home = home();
    let folder = home.path().join("no-models/language/tiny");
    let server = Server::start(&home);
    let client = Client::signed_in(&server, "ada").await;
    let whole = std::fs::read(folder.join("model.gguf")).unwrap();
    continue_text(&client, "tiny").await;
    std::fs::write(folder.join("model.gguf"), &whole[..whole.len() / 2]).unwrap();
    let body = json!({"model": "tiny", "prompt": "a"});
    let (status, told) = client.post("/v1/completions", &body).await.unwrap();
    assert!(status >= 400, "{told}");
    let told = told.to_string();
    assert!(
        told.contains("tiny") && !told.contains(home.path().to_str().unwrap()),
        "{told}"
    );
}
