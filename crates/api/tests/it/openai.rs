//! `/v1`: the OpenAI-compatible API as its clients see it. The official clients run their own session with a real model.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use domain::accounts::Role;
use domain::embedding::{EmbedError, Embedder, Encoded};
use domain::models::AdapterName;
use domain::models::writing::{Prompt, Shape, Speaker};
use reqwest::Method;
use serde_json::{Value, json};
use testkit::server::{Person, TestServer, read};

use crate::parrot::{CONTEXT, Parrot};

const CHAT: &str = "/v1/chat/completions";
const TEXT: &str = "/v1/completions";
const EMBEDDINGS: &str = "/v1/embeddings";

/// Vectors whose first number is the length of the text; a token a byte, and two marks.
struct Lengths;

#[async_trait]
impl Embedder for Lengths {
    fn encoder(&self) -> &'static str {
        "lengths@1234"
    }

    async fn encode(&self, texts: &[String]) -> Result<Vec<Encoded>, EmbedError> {
        let encode = |text: &String| {
            let length = u8::try_from(text.len()).unwrap();
            Encoded {
                vector: vec![f32::from(length), 0.5],
                tokens: u32::from(length) + 2,
            }
        };
        Ok(texts.iter().map(encode).collect())
    }
}

/// Gives no vectors.
struct Broken(EmbedError);

#[async_trait]
impl Embedder for Broken {
    fn encoder(&self) -> &'static str {
        "broken@1234"
    }

    async fn encode(&self, _: &[String]) -> Result<Vec<Encoded>, EmbedError> {
        Err(self.0.clone())
    }
}

/// A server with a parrot, and a program of somebody there.
async fn server() -> (TestServer, Person, Parrot) {
    let parrot = Parrot::default();
    let server =
        TestServer::start_with_writer_and_encoder(Arc::new(parrot.clone()), Arc::new(Lengths))
            .await;
    let person = server.sign_in_as(Role::User).await;
    let program = server.token_of(&person).await;
    (server, program, parrot)
}

fn chat(text: &str, more: &Value) -> Value {
    let mut body = json!({"model": "cockatoo", "messages": [{"role": "user", "content": text}]});
    for (field, value) in more.as_object().unwrap() {
        body[field] = value.clone();
    }
    body
}

async fn answer(server: &TestServer, program: &Person, path: &str, body: &Value) -> Value {
    let (status, answer) = server.post(program, path, body).await;
    assert_eq!(status, 200, "{answer}");
    answer
}

/// Asserts a refusal in OpenAI's shape.
async fn refused(
    server: &TestServer,
    program: &Person,
    path: &str,
    body: &Value,
    (status, param, code): (u16, Value, Value),
) -> String {
    let (found, answer) = server.post(program, path, body).await;
    let error = &answer["error"];
    assert_eq!(
        (found, &error["param"], &error["code"]),
        (status, &param, &code),
        "{body} gave {answer}"
    );
    assert!(error["type"].is_string(), "{answer}");
    let message = error["message"].as_str().unwrap();
    assert!(message.len() > 10, "{answer}");
    message.to_owned()
}

/// The data of every event of a stream.
async fn events(server: &TestServer, program: &Person, path: &str, body: &Value) -> Vec<String> {
    let request = server.request_as(program, Method::POST, path).json(body);
    let response = request.send().await.unwrap();
    assert_eq!(response.status(), 200);
    assert_eq!(response.headers()["content-type"], "text/event-stream");
    let body = response.text().await.unwrap();
    body.lines()
        .filter_map(|line| line.strip_prefix("data: "))
        .map(str::to_owned)
        .collect()
}

fn parse(events: &[String]) -> Vec<Value> {
    let (last, pieces) = events.split_last().unwrap();
    assert_eq!(last, "[DONE]");
    pieces
        .iter()
        .map(|piece| serde_json::from_str(piece).unwrap())
        .collect()
}

#[tokio::test]
async fn models_are_listed_and_found_by_name() {
    let (server, program, _) = server().await;
    let (status, list) = server.get(&program, "/v1/models").await;
    assert_eq!((status, &list["object"]), (200, &json!("list")));
    let names: Vec<_> = list["data"]
        .as_array()
        .unwrap()
        .iter()
        .map(|model| model["id"].as_str().unwrap())
        .collect();
    assert_eq!(
        names,
        [
            "birds/parrot",
            "cockatoo",
            "cockatoo:grey",
            "cockatoo:white",
            "lengths"
        ]
    );
    for path in [
        "cockatoo",
        "cockatoo:white",
        "birds/parrot",
        "birds%2Fparrot",
        "lengths",
    ] {
        let (status, model) = server.get(&program, &format!("/v1/models/{path}")).await;
        assert_eq!(status, 200, "{path}: {model}");
        assert_eq!(model["owned_by"], "codegenie");
    }
    let (status, unknown) = server.get(&program, "/v1/models/gpt-4o").await;
    assert_eq!(
        (status, &unknown["error"]["code"]),
        (404, &json!("model_not_found"))
    );
}

#[tokio::test]
async fn an_adapter_is_asked_by_the_name_behind_the_models() {
    let (server, program, parrot) = server().await;
    for _ in 0..2 {
        let body = chat("a", &json!({"model": "cockatoo:grey"}));
        let told = answer(&server, &program, CHAT, &body).await;
        assert_eq!(told["model"], "cockatoo:grey");
        let asked = parrot.last_asked();
        let adapter = asked.adapter.as_ref().map(AdapterName::as_str);
        assert_eq!((asked.model.as_str(), adapter), ("cockatoo", Some("grey")));
    }
    let body = json!({"model": "cockatoo:white", "prompt": "a"});
    answer(&server, &program, TEXT, &body).await;
    let adapter = parrot.last_asked().adapter;
    assert_eq!(adapter.unwrap().as_str(), "white");
    answer(&server, &program, CHAT, &chat("a", &json!({}))).await;
    assert_eq!(parrot.last_asked().adapter, None);

    let before = parrot.count_asked();
    for (model, words) in [
        ("cockatoo:green", "are grey, white"),
        ("cockatoo:", "are grey, white"),
        ("birds/parrot:grey", "has no adapters"),
        ("nobody:grey", "use one of birds/parrot, cockatoo"),
        ("cockatoo:grey:white", "use one of"),
    ] {
        for (path, body) in [
            (CHAT, chat("a", &json!({ "model": model }))),
            (TEXT, json!({"model": model, "prompt": "a"})),
        ] {
            let expected = (404, json!("model"), json!("model_not_found"));
            let message = refused(&server, &program, path, &body, expected).await;
            assert!(message.contains(words), "{message}");
        }
    }
    assert_eq!(parrot.count_asked(), before);
}

#[tokio::test]
async fn what_an_encoder_says_of_the_servers_folders_is_not_passed_on() {
    for (error, status) in [
        (EmbedError::Missing("/srv/models/x.gguf".to_owned()), 404),
        (EmbedError::Failed("/srv/models/x.gguf".to_owned()), 503),
    ] {
        let parrot = Arc::new(Parrot::default());
        let server = TestServer::start_with_writer_and_encoder(parrot, Arc::new(Broken(error)));
        let server = server.await;
        let person = server.sign_in_as(Role::User).await;
        let body = json!({"model": "broken", "input": "a"});
        let (found, answer) = server.post(&person, EMBEDDINGS, &body).await;
        assert_eq!(found, status, "{answer}");
        let message = answer["error"]["message"].as_str().unwrap();
        assert!(
            message.contains("codegenie doctor") && !message.contains("/srv"),
            "{answer}"
        );
    }
}

#[tokio::test]
async fn a_chat_is_answered_whole() {
    let (server, program, parrot) = server().await;
    let told = answer(&server, &program, CHAT, &chat("one two three", &json!({}))).await;
    assert!(told["id"].as_str().unwrap().starts_with("chatcmpl-"));
    assert_eq!(told["object"], "chat.completion");
    assert_eq!(told["created"], 1_795_168_800);
    assert_eq!(told["model"], "cockatoo");
    assert_eq!(told["system_fingerprint"], "fp_abababababab");
    assert_eq!(
        told["choices"],
        json!([{
            "index": 0, "message": {"role": "assistant", "content": "one two three", "refusal": null}, "logprobs": null,
            "finish_reason": "stop"
        }])
    );
    assert_eq!(
        told["usage"],
        json!({
            "prompt_tokens": 3, "completion_tokens": 3, "total_tokens": 6, "prompt_tokens_details": {"cached_tokens": 1},
            "completion_tokens_details": {"accepted_prediction_tokens": 2, "rejected_prediction_tokens": 1}
        })
    );
    let asked = parrot.last_asked();
    assert_eq!(asked.owner, program.id);
    assert_eq!(
        (asked.shape, asked.logprobs, asked.is_lookup),
        (Shape::Free, None, false)
    );
    let other = answer(&server, &program, CHAT, &chat("one two three", &json!({}))).await;
    assert_ne!(told["id"], other["id"]);
}

#[tokio::test]
#[expect(clippy::float_cmp, reason = "the numbers must arrive as they are")]
async fn what_is_asked_reaches_the_model() {
    let (server, program, parrot) = server().await;
    let body = json!({
        "model": "cockatoo",
        "messages": [
            {"role": "developer", "content": "Be brief."},
            {"role": "user", "content": [{"type": "text", "text": "a "}, {"type": "text", "text": "b"}], "name": "ada"},
            {"role": "assistant", "content": "c"},
            {"role": "user", "content": "d e"},
        ],
        "temperature": 0.5, "top_p": 0.9, "top_k": 7, "min_p": 0.1, "repeat_penalty": 1.1, "frequency_penalty": -1,
        "presence_penalty": 1.5, "seed": -1, "stop": "e", "max_tokens": 9, "max_completion_tokens": 5,
        "prediction": {"type": "content", "content": "d"}, "user": "someone", "store": false, "metadata": {"a": "b"},
        "n": 1, "tools": [], "tool_choice": "auto", "logit_bias": {}, "modalities": ["text"], "service_tier": null,
    });
    let told = answer(&server, &program, CHAT, &body).await;
    assert_eq!(told["choices"][0]["message"]["content"], "d ");
    let asked = parrot.last_asked();
    let Prompt::Chat(messages) = asked.prompt else {
        panic!("{:?}", asked.prompt)
    };
    let messages: Vec<_> = messages
        .iter()
        .map(|message| (message.speaker, message.text.as_str()))
        .collect();
    assert_eq!(
        messages,
        [
            (Speaker::System, "Be brief."),
            (Speaker::User, "a b"),
            (Speaker::Assistant, "c"),
            (Speaker::User, "d e")
        ]
    );
    let sampling = asked.sampling;
    let numbers = [
        sampling.temperature,
        sampling.top_p,
        sampling.min_p,
        sampling.repeat_penalty,
        sampling.frequency_penalty,
        sampling.presence_penalty,
    ];
    assert_eq!(numbers, [0.5, 0.9, 0.1, 1.1, -1.0, 1.5]);
    assert_eq!(
        (
            sampling.top_k,
            sampling.seed,
            sampling.max_new_tokens,
            sampling.stop
        ),
        (7, u64::MAX, 5, vec!["e".to_owned()])
    );
    assert!(asked.is_lookup);
}

#[tokio::test]
async fn seeds_differ_unless_they_are_given() {
    let (server, program, parrot) = server().await;
    let mut seeds = Vec::new();
    for more in [json!({}), json!({}), json!({"seed": 5}), json!({"seed": 5})] {
        answer(&server, &program, CHAT, &chat("a", &more)).await;
        seeds.push(parrot.last_asked().sampling.seed);
    }
    assert_ne!(seeds[0], seeds[1]);
    assert_eq!(seeds[2..], [5, 5]);
}

#[tokio::test]
async fn a_chat_streams_in_pieces_that_make_the_whole() {
    let (server, program, _) = server().await;
    let more = json!({"stream": true, "stream_options": {"include_usage": true}, "max_tokens": 2});
    let pieces = parse(&events(&server, &program, CHAT, &chat("one two three", &more)).await);
    let deltas: Vec<_> = pieces
        .iter()
        .filter_map(|piece| piece["choices"].get(0))
        .map(|choice| (choice["delta"].clone(), choice["finish_reason"].clone()))
        .collect();
    assert_eq!(
        deltas,
        [
            (json!({"role": "assistant", "content": ""}), Value::Null),
            (json!({"content": "one "}), Value::Null),
            (json!({"content": "two "}), Value::Null),
            (json!({}), json!("length")),
        ]
    );
    for piece in &pieces {
        assert_eq!(piece["object"], "chat.completion.chunk");
        assert_eq!(piece["id"], pieces[0]["id"]);
    }
    let (last, before) = pieces.split_last().unwrap();
    assert_eq!(
        (&last["choices"], &last["usage"]["completion_tokens"]),
        (&json!([]), &json!(2))
    );
    assert!(
        before
            .iter()
            .all(|piece| piece.get("usage") == Some(&Value::Null))
    );

    let plain = json!({"stream": true});
    let pieces = parse(&events(&server, &program, CHAT, &chat("one", &plain)).await);
    assert!(pieces.iter().all(|piece| piece.get("usage").is_none()));
}

#[tokio::test]
async fn a_text_is_continued_whole_and_in_pieces() {
    let (server, program, parrot) = server().await;
    let body = json!({"model": "birds/parrot", "prompt": ["one two three"], "logprobs": 1});
    let told = answer(&server, &program, TEXT, &body).await;
    assert!(told["id"].as_str().unwrap().starts_with("cmpl-"));
    assert_eq!(told["object"], "text_completion");
    assert_eq!(
        told["choices"],
        json!([{
            "index": 0, "text": "one two three", "finish_reason": "stop",
            "logprobs": {
                "tokens": ["one ", "two ", "three"], "token_logprobs": [-0.25, -0.25, -0.25], "text_offset": [0, 4, 8],
                "top_logprobs": [{"one ": -0.25}, {"two ": -0.25}, {"three": -0.25}]
            }
        }])
    );
    assert_eq!(told["usage"]["total_tokens"], 6);
    assert_eq!(parrot.last_asked().sampling.max_new_tokens, 16);

    let mut streamed = body;
    streamed["stream"] = json!(true);
    let pieces = parse(&events(&server, &program, TEXT, &streamed).await);
    let text: String = pieces
        .iter()
        .map(|piece| piece["choices"][0]["text"].as_str().unwrap())
        .collect();
    assert_eq!(text, "one two three");
    let offsets: Vec<_> = pieces
        .iter()
        .filter_map(|piece| piece["choices"][0]["logprobs"]["text_offset"].get(0))
        .collect();
    assert_eq!(offsets, [&json!(0), &json!(4), &json!(8)]);
}

#[tokio::test]
async fn log_probabilities_are_told_when_they_are_asked_for() {
    let (server, program, parrot) = server().await;
    let more = json!({"logprobs": true, "top_logprobs": 2});
    let told = answer(&server, &program, CHAT, &chat("hé", &more)).await;
    assert_eq!(
        told["choices"][0]["logprobs"],
        json!({"content": [{
            "token": "hé", "logprob": -0.25, "bytes": [104, 195, 169], "top_logprobs": [
                {"token": "hé", "logprob": -0.25, "bytes": [104, 195, 169]},
                {"token": "\u{fffd}", "logprob": -9999.0, "bytes": [255]}
            ]
        }], "refusal": null})
    );
    answer(
        &server,
        &program,
        CHAT,
        &chat("a", &json!({"logprobs": true})),
    )
    .await;
    assert_eq!(parrot.last_asked().logprobs, Some(0));
    for (more, param) in [
        (json!({"top_logprobs": 2}), "top_logprobs"),
        (
            json!({"logprobs": true, "top_logprobs": 21}),
            "top_logprobs",
        ),
    ] {
        let expected = (400, json!(param), Value::Null);
        refused(&server, &program, CHAT, &chat("a", &more), expected).await;
    }
}

#[tokio::test]
async fn the_form_of_an_answer_reaches_the_model() {
    let (server, program, parrot) = server().await;
    let schema = json!({"type": "object"});
    for (form, shape) in [
        (json!({"type": "text"}), Shape::Free),
        (json!({"type": "json_object"}), Shape::Json),
        (
            json!({"type": "json_schema", "json_schema": {"name": "x", "strict": true, "schema": schema}}),
            Shape::JsonSchema(schema.to_string()),
        ),
    ] {
        answer(
            &server,
            &program,
            CHAT,
            &chat("a", &json!({"response_format": form})),
        )
        .await;
        assert_eq!(parrot.last_asked().shape, shape);
    }
    for (form, param) in [
        (json!({"type": "xml"}), "response_format.type"),
        (
            json!({"type": "json_schema"}),
            "response_format.json_schema",
        ),
    ] {
        let body = chat("a", &json!({"response_format": form}));
        refused(
            &server,
            &program,
            CHAT,
            &body,
            (400, json!(param), Value::Null),
        )
        .await;
    }
}

#[tokio::test]
async fn what_cannot_be_heeded_is_refused_and_named() {
    let (server, program, parrot) = server().await;
    let tool = json!([{"type": "function", "function": {"name": "f"}}]);
    let image = json!([{"role": "user", "content": [{"type": "image_url", "image_url": {"url": "data:"}}]}]);
    let result = json!([{"role": "tool", "content": "4", "tool_call_id": "1"}]);
    let called = json!([{"role": "assistant", "content": null, "tool_calls": tool}]);
    let parameter = json!("unsupported_parameter");
    let value = json!("unsupported_value");
    for (field, wrong, param, code) in [
        ("tools", &tool, "tools", &parameter),
        ("functions", &tool, "functions", &parameter),
        ("tool_choice", &json!("required"), "tool_choice", &parameter),
        ("logit_bias", &json!({"5": 1}), "logit_bias", &parameter),
        ("audio", &json!({"voice": "x"}), "audio", &parameter),
        ("modalities", &json!(["audio"]), "modalities", &parameter),
        ("n", &json!(2), "n", &value),
        ("messages", &image, "messages[0].content[0]", &value),
        ("messages", &result, "messages[0].role", &value),
        ("messages", &called, "messages[0].tool_calls", &parameter),
    ] {
        let body = chat("a", &json!({ field: wrong }));
        let expected = (400, json!(param), code.clone());
        refused(&server, &program, CHAT, &body, expected).await;
    }
    for (field, wrong, code) in [
        ("echo", json!(true), &parameter),
        ("suffix", json!("x"), &parameter),
        ("best_of", json!(3), &value),
        ("n", json!(0), &value),
    ] {
        let mut body = json!({"model": "cockatoo", "prompt": "a", "suffix": "", "echo": false});
        body[field] = wrong;
        let expected = (400, json!(field), code.clone());
        refused(&server, &program, TEXT, &body, expected).await;
    }
    assert_eq!(parrot.count_asked(), 0);
}

#[tokio::test]
async fn wrong_fields_are_named_before_the_model_is_asked() {
    let (server, program, parrot) = server().await;
    for (field, wrong, param) in [
        ("temperature", json!(2.5), "temperature"),
        ("temperature", json!("hot"), "temperature"),
        ("top_p", json!(-0.1), "top_p"),
        ("min_p", json!(2), "min_p"),
        ("repeat_penalty", json!(0), "repeat_penalty"),
        ("frequency_penalty", json!(3), "frequency_penalty"),
        ("presence_penalty", json!(-3), "presence_penalty"),
        ("max_tokens", json!(0), "max_tokens"),
        ("max_completion_tokens", json!(9000), "max_tokens"),
        ("stop", json!([""]), "stop"),
        ("stop", json!(vec!["x"; 17]), "stop"),
        ("stop", json!(5), "stop"),
        ("messages", json!([]), "messages"),
        ("messages", json!("hello"), "messages"),
        (
            "messages",
            json!([{"role": "system", "content": "a"}]),
            "messages",
        ),
        (
            "messages",
            json!([{"role": "bird", "content": "a"}]),
            "messages[0].role",
        ),
        ("messages", json!([{"role": "user"}]), "messages[0].content"),
        (
            "messages",
            json!([{"role": "user", "content": "a\u{0}"}]),
            "messages",
        ),
    ] {
        let body = chat("a", &json!({ field: wrong }));
        refused(
            &server,
            &program,
            CHAT,
            &body,
            (400, json!(param), Value::Null),
        )
        .await;
    }
    for prompt in [
        json!([1, 2]),
        json!([[1]]),
        json!(["a", "b"]),
        json!([]),
        json!(""),
    ] {
        let body = json!({"model": "cockatoo", "prompt": prompt});
        refused(
            &server,
            &program,
            TEXT,
            &body,
            (400, json!("prompt"), Value::Null),
        )
        .await;
    }
    assert_eq!(parrot.count_asked(), 0);
}

#[tokio::test]
async fn an_unknown_model_and_one_for_something_else_are_told() {
    let (server, program, _) = server().await;
    let unknown = || (404, json!("model"), json!("model_not_found"));
    for (path, body) in [
        (CHAT, chat("a", &json!({"model": "gpt-4o"}))),
        (CHAT, chat("a", &json!({"model": "../etc"}))),
        (CHAT, chat("a", &json!({"model": "lengths"}))),
        (TEXT, json!({"model": "gpt-4o", "prompt": "a"})),
        (EMBEDDINGS, json!({"model": "cockatoo", "input": "a"})),
    ] {
        let message = refused(&server, &program, path, &body, unknown()).await;
        assert!(message.contains('`'), "{message}");
    }
    let none = TestServer::start().await;
    let person = none.sign_in_as(Role::User).await;
    let message = refused(&none, &person, CHAT, &chat("a", &json!({})), unknown()).await;
    assert!(message.contains("no language model"), "{message}");
    assert_eq!(none.get(&person, "/v1/models").await.1["data"], json!([]));
}

#[tokio::test]
async fn a_prompt_that_is_too_long_is_told_but_an_unbounded_answer_fits_in() {
    let (server, program, parrot) = server().await;
    let long = || (400, Value::Null, json!("context_length_exceeded"));
    let text = "word ".repeat(CONTEXT as usize + 1);
    for streams in [false, true] {
        let body = chat(&text, &json!({"stream": streams}));
        refused(&server, &program, CHAT, &body, long()).await;
    }
    let fits = "word ".repeat(1500);
    let bounded = chat(&fits, &json!({"max_tokens": 501}));
    refused(&server, &program, CHAT, &bounded, long()).await;
    let before = parrot.count_asked();
    let told = answer(&server, &program, CHAT, &chat(&fits, &json!({}))).await;
    assert_eq!(told["usage"]["completion_tokens"], 500);
    assert_eq!(told["choices"][0]["finish_reason"], "length");
    assert_eq!(
        parrot.count_asked() - before,
        2,
        "asked again with what fits"
    );
}

#[tokio::test]
async fn a_busy_server_says_when_to_try_again() {
    let (server, program, _) = server().await;
    for streams in [false, true] {
        let request = server
            .request_as(&program, Method::POST, CHAT)
            .json(&chat("busy", &json!({"stream": streams})));
        let response = request.send().await.unwrap();
        assert_eq!(response.status(), 429);
        assert!(response.headers().contains_key("retry-after"));
        assert_eq!(response.headers()["content-type"], "application/json");
        let error: Value = response.json().await.unwrap();
        assert_eq!(error["error"]["code"], "rate_limit_exceeded");
    }
}

#[tokio::test]
async fn a_client_that_leaves_stops_the_model() {
    let (server, program, parrot) = server().await;
    for streams in [true, false] {
        let body = chat("for ever and a day", &json!({"stream": streams}));
        let request = server.request_as(&program, Method::POST, CHAT).json(&body);
        if streams {
            let mut response = request.send().await.unwrap();
            assert!(response.chunk().await.unwrap().is_some());
            drop(response);
        } else {
            let asked = parrot.count_asked();
            let sending = tokio::spawn(request.send());
            while parrot.count_asked() == asked {
                tokio::task::yield_now().await;
            }
            sending.abort();
        }
        let dropped = tokio::time::timeout(Duration::from_secs(30), parrot.dropped.notified());
        dropped.await.unwrap();
    }
}

#[tokio::test]
async fn texts_become_vectors() {
    let (server, program, _) = server().await;
    let body = json!({"model": "lengths", "input": ["a", "bcd"]});
    let told = answer(&server, &program, EMBEDDINGS, &body).await;
    assert_eq!(
        told,
        json!({
            "object": "list", "model": "lengths", "usage": {"prompt_tokens": 8, "total_tokens": 8},
            "data": [
                {"object": "embedding", "index": 0, "embedding": [1.0, 0.5]},
                {"object": "embedding", "index": 1, "embedding": [3.0, 0.5]}
            ]
        })
    );
    let body = json!({"model": "lengths@1234", "input": "ab", "encoding_format": "base64", "dimensions": 2});
    let told = answer(&server, &program, EMBEDDINGS, &body).await;
    assert_eq!(told["data"][0]["embedding"], "AAAAQAAAAD8=");
    for (field, wrong, code) in [
        ("input", json!([]), Value::Null),
        ("input", json!(["a", ""]), Value::Null),
        ("input", json!([1, 2]), Value::Null),
        ("input", json!(vec!["a"; 257]), Value::Null),
        ("encoding_format", json!("hex"), Value::Null),
        ("dimensions", json!(3), json!("unsupported_value")),
    ] {
        let mut body = json!({"model": "lengths", "input": "a"});
        body[field] = wrong;
        refused(
            &server,
            &program,
            EMBEDDINGS,
            &body,
            (400, json!(field), code),
        )
        .await;
    }
}

#[tokio::test]
async fn every_refusal_has_the_shape_that_clients_read() {
    let (server, program, _) = server().await;
    let shaped = |status: u16, answer: &(u16, Value), code: Value| {
        assert_eq!(answer.0, status, "{answer:?}");
        assert_eq!(answer.1["error"]["code"], code, "{answer:?}");
        assert!(answer.1["error"]["message"].is_string(), "{answer:?}");
        assert!(answer.1["error"]["type"].is_string(), "{answer:?}");
    };
    let key = json!("invalid_api_key");
    let nobody = server
        .request(Method::POST, CHAT)
        .json(&chat("a", &json!({})));
    shaped(401, &read(nobody).await, key.clone());
    let forged = server
        .request(Method::GET, "/v1/models")
        .bearer_auth("sk-x");
    shaped(401, &read(forged).await, key);
    let post = || server.request_as(&program, Method::POST, CHAT);
    let broken = post()
        .header("content-type", "application/json")
        .body("{\"model\": ");
    shaped(400, &read(broken).await, Value::Null);
    shaped(400, &read(post().json(&json!([]))).await, Value::Null);
    shaped(415, &read(post().body("{}")).await, Value::Null);
    let large = chat(&"x".repeat(1024 * 1024), &json!({}));
    shaped(413, &read(post().json(&large)).await, Value::Null);
    let wrong_method = server.request_as(&program, Method::GET, CHAT);
    shaped(405, &read(wrong_method).await, Value::Null);
    let nowhere = server.request_as(&program, Method::POST, "/v1/audio/speech");
    shaped(
        404,
        &read(nowhere.json(&json!({}))).await,
        json!("unknown_url"),
    );
    let long = chat(&"x".repeat(300 * 1024), &json!({}));
    assert_eq!(read(post().json(&long)).await.0, 200, "prompts may be long");
    let elsewhere = server.request_as(&program, Method::GET, "/api/v1/nothing");
    assert!(read(elsewhere).await.1["type"].is_string());
}

#[tokio::test]
async fn a_session_may_ask_as_well_as_a_token() {
    let (server, program, _) = server().await;
    let person = server.sign_in(&program.email).await;
    let told = answer(&server, &person, CHAT, &chat("a", &json!({}))).await;
    assert_eq!(told["choices"][0]["message"]["content"], "a");
}
