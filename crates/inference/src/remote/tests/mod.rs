//! Real servers on this machine that behave well and badly.

mod combined;
mod server;

use std::time::Duration;

use domain::models::writing::{
    ChatMessage, FinishReason, Finished, Prompt, Sampling, Shape, Speaker, Writer, Writing,
    WritingError, WritingEvent, WritingRequest,
};
use serde_json::{Value, json};

use super::{ApiKey, RemoteBackend, RemoteTimeouts, RemoteWriter};
use server::{Act, Server, answer, good, said, stopped, stream};

fn settings(name: &str, port: u16) -> RemoteBackend {
    RemoteBackend {
        name: name.to_owned(),
        base_url: format!("http://127.0.0.1:{port}/v1"),
        api_key: Some(ApiKey::new("secret-key".to_owned())),
        models: vec!["m".to_owned()],
        timeouts: RemoteTimeouts::default(),
        allow_private: true,
        knows_more: false,
    }
}

fn writer(backends: Vec<RemoteBackend>) -> RemoteWriter {
    RemoteWriter::new(backends).unwrap()
}

fn request(model: &str) -> WritingRequest {
    WritingRequest {
        model: model.parse().unwrap(),
        adapter: None,
        prompt: Prompt::Chat(vec![ChatMessage {
            speaker: Speaker::User,
            text: "Hi".to_owned(),
        }]),
        sampling: Sampling::default(),
        shape: Shape::Free,
        owner: "somebody".to_owned(),
        is_lookup: false,
        logprobs: None,
    }
}

/// The text, and how it ended.
async fn read(
    writing: Result<Box<dyn Writing>, WritingError>,
) -> (String, Result<Finished, WritingError>) {
    let mut text = String::new();
    let mut writing = match writing {
        Ok(writing) => writing,
        Err(error) => return (text, Err(error)),
    };
    let mut is_started = false;
    let end = loop {
        match writing
            .next()
            .await
            .expect("a text ends with `Finished` or an error")
        {
            Ok(WritingEvent::Waiting { .. }) => {}
            Ok(WritingEvent::Started { .. }) => is_started = true,
            Ok(WritingEvent::Text { text: more, .. }) => {
                assert!(is_started);
                text += &more;
            }
            Ok(WritingEvent::Finished(finished)) => break Ok(*finished),
            Err(error) => break Err(error),
        }
    };
    assert_eq!(writing.next().await, None, "nothing comes after the end");
    (text, end)
}

async fn ask(writer: &dyn Writer, model: &str) -> (String, Result<Finished, WritingError>) {
    read(writer.write(request(model)).await).await
}

#[tokio::test]
async fn a_text_is_streamed_with_its_figures() {
    let server = Server::start(good("Hello")).await;
    let writer = writer(vec![settings("gpu", server.port)]);
    for _ in 0..2 {
        let (text, end) = ask(&writer, "gpu/m").await;
        let finished = end.unwrap();
        assert_eq!(text, "Hello!");
        assert_eq!(finished.reason, FinishReason::Stop);
        assert_eq!(
            (
                finished.prompt_tokens,
                finished.new_tokens,
                finished.reused_tokens
            ),
            (7, 2, 3)
        );
    }
    let asked = server.asked();
    assert_eq!(asked.len(), 2);
    assert!(asked[0].starts_with("POST /v1/chat/completions HTTP/1.1\r\n"));
    assert!(asked[0].contains("authorization: Bearer secret-key\r\n"));
    let body: Value = serde_json::from_str(asked[0].split_once("\r\n\r\n").unwrap().1).unwrap();
    assert_eq!(body["model"], "m");
    assert_eq!(body["messages"], json!([{"role": "user", "content": "Hi"}]));
    assert_eq!(body["stream"], true);
    assert!(body.get("top_k").is_none());
}

#[tokio::test]
async fn plain_texts_and_log_probabilities_are_understood() {
    let events = [
        json!({"choices": [{"text": "a", "logprobs": {
            "tokens": ["a"], "token_logprobs": [-0.5], "top_logprobs": [{"b": -2.0, "a": -0.5}],
        }}]}),
        json!({"choices": [{"text": "", "finish_reason": "length"}]}),
    ];
    let server = Server::start(Act::Answer(stream(&events, "data: [DONE]\n\n"))).await;
    let writer = writer(vec![settings("gpu", server.port)]);
    let mut asked = request("gpu/m");
    asked.prompt = Prompt::Text("once".to_owned());
    asked.logprobs = Some(2);
    let mut writing = writer.write(asked).await.unwrap();
    assert!(matches!(
        writing.next().await,
        Some(Ok(WritingEvent::Started { .. }))
    ));
    let Some(Ok(WritingEvent::Text { text, tokens })) = writing.next().await else {
        panic!("there is text");
    };
    assert_eq!(text, "a");
    assert_eq!(tokens[0].bytes, b"a");
    assert_eq!(
        tokens[0].top,
        [(b"a".to_vec(), -0.5), (b"b".to_vec(), -2.0)]
    );
    let Some(Ok(WritingEvent::Finished(finished))) = writing.next().await else {
        panic!("it is finished");
    };
    assert_eq!(finished.reason, FinishReason::Length);
    assert!((finished.mean_probability.unwrap() - (-0.5_f32).exp()).abs() < 1e-6);
    assert!(server.asked()[0].starts_with("POST /v1/completions "));
}

#[tokio::test]
async fn bad_answers_are_told_apart() {
    let event_stream = "content-type: text/event-stream\r\n";
    let begun = stream(&[said("x")], "");
    for (answer, expected) in [
        (
            answer("500 Oops", "", "{\"error\":{\"message\":\"no memory\"}}"),
            "no memory",
        ),
        (answer("401 No", "", ""), "api_key"),
        (answer("404 No", "", "nothing"), "no such model"),
        (
            answer("200 OK", "content-type: text/html\r\n", "<html>"),
            "no event stream",
        ),
        (
            answer("200 OK", event_stream, "data: {nonsense\n\n"),
            "cannot be understood",
        ),
        (
            answer("200 OK", event_stream, "data: {\"error\":\"broken\"}\n\n"),
            "broken",
        ),
        (answer("200 OK", event_stream, ""), "early"),
        (
            answer("200 OK", event_stream, "data: [DONE]\n\n"),
            "without a reason",
        ),
        (
            answer("200 OK", event_stream, &"x".repeat(1_100_000)),
            "too long",
        ),
        (
            answer("302 Found", "location: http://127.0.0.1:1/\r\n", ""),
            "redirects",
        ),
        (stream(&[stopped("content_filter")], ""), "content_filter"),
        (begun, "early"),
        ("nonsense\r\n\r\n".to_owned(), "connection"),
    ] {
        let server = Server::start(Act::Answer(answer)).await;
        let writer = writer(vec![settings("gpu", server.port)]);
        let (_, end) = ask(&writer, "gpu/m").await;
        let error = end.unwrap_err();
        assert!(matches!(error, WritingError::Failed { .. }), "{error:?}");
        let text = error.to_string();
        assert!(text.contains(expected) && text.contains("`gpu`"), "{text}");
        assert!(!text.contains("secret-key"), "{text}");
    }
}

#[tokio::test]
async fn a_redirection_to_another_server_is_not_followed() {
    let target = Server::start(good("stolen")).await;
    let location = format!(
        "location: http://127.0.0.1:{}/v1/chat/completions\r\n",
        target.port
    );
    let server = Server::start(Act::Answer(answer("307 Moved", &location, ""))).await;
    let (_, end) = ask(&writer(vec![settings("gpu", server.port)]), "gpu/m").await;
    assert!(end.unwrap_err().to_string().contains("not followed"));
    assert!(target.requests.lock().unwrap().is_empty());
}

#[tokio::test]
async fn a_request_that_is_wrong_is_not_tried_elsewhere() {
    let first = Server::start(Act::Answer(answer(
        "400 Bad",
        "",
        "{\"error\":{\"message\":\"too hot\"}}",
    )))
    .await;
    let second = Server::start(good("x")).await;
    let writer = writer(vec![settings("a", first.port), settings("b", second.port)]);
    let (_, end) = ask(&writer, "a/m").await;
    let WritingError::Refused(reason) = end.unwrap_err() else {
        panic!("it is the request's fault");
    };
    assert!(reason.contains("too hot"));
    assert!(second.asked().is_empty());
}

#[tokio::test]
async fn another_server_is_asked_when_one_fails_before_it_begins() {
    let broken = Server::start(Act::Answer(answer("500 Oops", "", ""))).await;
    let well = Server::start(good("Hello")).await;
    let both = writer(vec![settings("a", broken.port), settings("b", well.port)]);
    for _ in 0..5 {
        assert_eq!(ask(&both, "a/m").await.0, "Hello!");
    }
    assert_eq!(
        broken.asked().len(),
        3,
        "after three failures it is left alone"
    );
    let (_, health) = &both.health()[0];
    assert!(health.is_paused && health.last_error.is_some());

    let breaking = Server::start(Act::Answer(stream(&[said("half")], ""))).await;
    let untouched = Server::start(good("x")).await;
    let both = writer(vec![
        settings("a", breaking.port),
        settings("b", untouched.port),
    ]);
    let (text, end) = ask(&both, "a/m").await;
    assert_eq!(text, "half");
    assert!(end.is_err());
    assert!(
        untouched.asked().is_empty(),
        "what was begun is not begun again"
    );
}

#[tokio::test]
async fn a_server_with_too_much_to_do_is_left_alone() {
    let server = Server::start(Act::Answer(answer("429 Busy", "retry-after: 30\r\n", ""))).await;
    let writer = writer(vec![settings("gpu", server.port)]);
    for _ in 0..3 {
        let (_, end) = ask(&writer, "gpu/m").await;
        assert!(end.is_err());
    }
    assert_eq!(server.asked().len(), 1);
}

#[tokio::test]
async fn a_server_without_a_list_of_models_is_asked_again_after_a_pause() {
    let busy = answer("429 Busy", "retry-after: 0\r\n", "");
    let well = stream(&[said("Hello"), stopped("stop")], "data: [DONE]\n\n");
    let server = Server::start(Act::in_turn([busy, well])).await;
    let writer = writer(vec![settings("gpu", server.port)]);
    assert!(ask(&writer, "gpu/m").await.1.is_err());
    let (text, end) = ask(&writer, "gpu/m").await;
    assert_eq!(text, "Hello", "{end:?}");
    let (_, health) = &writer.health()[0];
    assert!(!health.is_paused && health.last_error.is_none());
}

#[tokio::test]
async fn a_server_that_falls_silent_is_given_up() {
    let short = RemoteTimeouts {
        connect: Duration::from_secs(5),
        first_byte: Duration::from_millis(60),
        between: Duration::from_millis(60),
        total: Duration::from_secs(30),
    };
    for (sent, expected) in [
        (String::new(), "in time"),
        (stream(&[], ""), "silent"),
        (stream(&[said("x")], ""), "silent"),
    ] {
        let server = Server::start(Act::Hang(sent)).await;
        let mut settings = settings("gpu", server.port);
        settings.timeouts = short;
        let (_, end) = ask(&writer(vec![settings]), "gpu/m").await;
        let text = end.unwrap_err().to_string();
        assert!(text.contains(expected), "{text}");
    }
    let server = Server::start(Act::Hang(stream(&[said("x")], ""))).await;
    let mut settings = settings("gpu", server.port);
    settings.timeouts.total = Duration::from_millis(60);
    assert!(ask(&writer(vec![settings]), "gpu/m").await.1.is_err());
}

#[tokio::test]
async fn dropping_a_text_ends_the_connection() {
    let mut server = Server::start(Act::Hang(stream(&[said("x")], ""))).await;
    let writer = writer(vec![settings("gpu", server.port)]);
    for _ in 0..2 {
        let mut writing = writer.write(request("gpu/m")).await.unwrap();
        assert!(matches!(
            writing.next().await,
            Some(Ok(WritingEvent::Started { .. }))
        ));
        drop(writing);
        server.left.recv().await.unwrap();
    }
}

#[tokio::test]
async fn models_are_found_and_named() {
    let server = Server::start(good("x")).await;
    let mut found = settings("gpu", server.port);
    found.models = Vec::new();
    let writer = writer(vec![found, settings("fixed", 1)]);
    let names: Vec<String> = writer
        .list_names()
        .await
        .iter()
        .map(ToString::to_string)
        .collect();
    assert_eq!(names, ["fixed/m", "gpu/m", "gpu/other"]);
    assert!(writer.check("gpu").await.is_ok());
    assert!(
        writer
            .check("fixed")
            .await
            .unwrap_err()
            .to_string()
            .contains("reached")
    );
    assert!(writer.check("none").await.is_err());
    for unknown in ["gpu/unknown", "m", "none/m"] {
        let (_, end) = ask(&writer, unknown).await;
        assert_eq!(
            end.unwrap_err(),
            WritingError::UnknownModel(unknown.parse().unwrap())
        );
    }
}

#[tokio::test]
async fn what_cannot_be_asked_is_refused() {
    let writer = writer(vec![settings("gpu", 1)]);
    let refusal = async |change: fn(&mut WritingRequest)| {
        let mut asked = request("gpu/m");
        change(&mut asked);
        writer.write(asked).await.map(|_| ()).unwrap_err()
    };
    let error = refusal(|asked| asked.shape = Shape::Grammar("root ::= \"x\"".to_owned())).await;
    assert!(error.to_string().contains("JSON Schema"));
    let error = refusal(|asked| asked.shape = Shape::JsonSchema("{".to_owned())).await;
    assert!(error.to_string().contains("not JSON"));
    let error = refusal(|asked| asked.adapter = Some("x".parse().unwrap())).await;
    assert!(matches!(error, WritingError::UnknownAdapter { .. }));
    let error = refusal(|asked| {
        asked.prompt = Prompt::Chat(vec![ChatMessage {
            speaker: Speaker::Assistant,
            text: "I".to_owned(),
        }]);
    })
    .await;
    assert!(error.to_string().contains("go on"));
}

#[tokio::test]
async fn settings_that_are_unsafe_are_refused() {
    let refusal = |change: &dyn Fn(&mut RemoteBackend)| {
        let mut backend = settings("gpu", 8000);
        change(&mut backend);
        RemoteWriter::new(vec![backend]).unwrap_err().to_string()
    };
    assert!(refusal(&|backend| backend.allow_private = false).contains("unencrypted"));
    let private = refusal(&|backend| {
        backend.allow_private = false;
        backend.api_key = None;
    });
    assert!(private.contains("allow_private"), "{private}");
    for url in [
        "http://169.254.169.254/v1",
        "http://0xa9fea9fe/",
        "http://[::ffff:a9fe:a9fe]/",
        "http://0.0.0.0/",
    ] {
        let text = refusal(&|backend| url.clone_into(&mut backend.base_url));
        assert!(text.contains("is not used"), "{url}: {text}");
    }
    for url in [
        "",
        "gpu:8000",
        "ftp://gpu/",
        "http://u:p@gpu/",
        "http://gpu/?key=1",
        "file:///etc/passwd",
    ] {
        assert!(
            refusal(&|backend| url.clone_into(&mut backend.base_url)).contains("base_url"),
            "{url}"
        );
    }
    for name in ["", "a/b", "a b", &"x".repeat(33)] {
        assert!(
            refusal(&|backend| name.clone_into(&mut backend.name)).contains("name"),
            "{name}"
        );
    }
    assert!(
        refusal(&|backend| backend.api_key = Some(ApiKey::new("a\nb".to_owned())))
            .contains("api_key")
    );
    let two = RemoteWriter::new(vec![settings("gpu", 1), settings("gpu", 2)]);
    assert!(two.unwrap_err().to_string().contains("two"));
    assert!(!format!("{:?}", settings("gpu", 1)).contains("secret-key"));
    assert!(!format!("{:?}", writer(vec![settings("gpu", 1)])).contains("secret-key"));
}

#[tokio::test]
async fn a_name_that_leads_to_this_machine_is_not_followed() {
    let server = Server::start(good("x")).await;
    let mut backend = settings("gpu", server.port);
    backend.base_url = format!("http://localhost:{}/v1", server.port);
    assert_eq!(ask(&writer(vec![backend.clone()]), "gpu/m").await.0, "x!");
    backend.allow_private = false;
    backend.api_key = None;
    let (_, end) = ask(&writer(vec![backend]), "gpu/m").await;
    assert!(end.unwrap_err().to_string().contains("allow_private"));
    assert_eq!(server.asked().len(), 1);
}
