//! A model server on this machine with one behaviour.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex};

use serde_json::{Value, json};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::mpsc;

/// What a server does with a request after it has read it.
#[derive(Clone)]
pub(super) enum Act {
    /// Sends this and closes the connection.
    Answer(String),
    /// Sends this and says nothing more.
    Hang(String),
    /// Answers one question after the other so, and knows no list of models.
    InTurn(Arc<Mutex<VecDeque<String>>>),
}

impl Act {
    pub(super) fn in_turn(answers: impl IntoIterator<Item = String>) -> Self {
        Self::InTurn(Arc::new(Mutex::new(answers.into_iter().collect())))
    }
}

/// A server with one behaviour.
pub(super) struct Server {
    pub(super) port: u16,
    pub(super) requests: Arc<Mutex<Vec<String>>>,
    /// Told when a connection that hangs is closed by the other side.
    pub(super) left: mpsc::UnboundedReceiver<()>,
}

impl Server {
    pub(super) async fn start(act: Act) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let requests = Arc::new(Mutex::new(Vec::new()));
        let (sender, left) = mpsc::unbounded_channel();
        let seen = Arc::clone(&requests);
        tokio::spawn(async move {
            loop {
                let (mut stream, _) = listener.accept().await.unwrap();
                let (act, seen, sender) = (act.clone(), Arc::clone(&seen), sender.clone());
                tokio::spawn(async move {
                    let Some(request) = read_request(&mut stream).await else {
                        return;
                    };
                    let is_list = request.starts_with("GET ");
                    seen.lock().unwrap().push(request);
                    let (text, hangs) = match act {
                        Act::InTurn(_) if is_list => (answer("404 Not Found", "", ""), false),
                        Act::InTurn(answers) => {
                            let next = answers.lock().unwrap().pop_front();
                            (next.unwrap(), false)
                        }
                        _ if is_list => (list(&["m", "other"]), false),
                        Act::Answer(text) => (text, false),
                        Act::Hang(text) => (text, true),
                    };
                    drop(stream.write_all(text.as_bytes()).await);
                    if hangs {
                        let mut rest = [0; 1];
                        drop(stream.read(&mut rest).await);
                        // The test may have ended already.
                        let _ = sender.send(());
                    }
                });
            }
        });
        Self {
            port,
            requests,
            left,
        }
    }

    pub(super) fn asked(&self) -> Vec<String> {
        let requests = self.requests.lock().unwrap();
        requests
            .iter()
            .filter(|request| request.starts_with("POST "))
            .cloned()
            .collect()
    }
}

async fn read_request(stream: &mut TcpStream) -> Option<String> {
    let mut bytes = Vec::new();
    loop {
        let mut piece = [0; 4096];
        let count = stream
            .read(&mut piece)
            .await
            .ok()
            .filter(|count| *count > 0)?;
        bytes.extend_from_slice(&piece[..count]);
        let text = String::from_utf8(bytes.clone()).ok()?;
        if let Some((head, body)) = text.split_once("\r\n\r\n") {
            let length = head
                .lines()
                .find_map(|line| {
                    line.to_ascii_lowercase()
                        .strip_prefix("content-length: ")?
                        .parse()
                        .ok()
                })
                .unwrap_or(0);
            if body.len() >= length {
                return Some(text);
            }
        }
    }
}

pub(super) fn answer(status: &str, headers: &str, body: &str) -> String {
    format!("HTTP/1.1 {status}\r\nconnection: close\r\n{headers}\r\n{body}")
}

pub(super) fn list(models: &[&str]) -> String {
    let data: Vec<Value> = models.iter().map(|id| json!({"id": id})).collect();
    answer(
        "200 OK",
        "content-type: application/json\r\n",
        &json!({"data": data}).to_string(),
    )
}

pub(super) fn stream(events: &[Value], end: &str) -> String {
    let mut body = String::new();
    for event in events {
        body.push_str("data: ");
        body.push_str(&event.to_string());
        body.push_str("\n\n");
    }
    answer(
        "200 OK",
        "content-type: text/event-stream\r\n",
        &(body + end),
    )
}

pub(super) fn said(text: &str) -> Value {
    json!({"choices": [{"delta": {"content": text}}]})
}

pub(super) fn stopped(reason: &str) -> Value {
    json!({"choices": [{"delta": {}, "finish_reason": reason}]})
}

pub(super) fn good(text: &str) -> Act {
    let usage = json!({"choices": [], "usage": {
        "prompt_tokens": 7, "completion_tokens": 2, "prompt_tokens_details": {"cached_tokens": 3},
    }});
    Act::Answer(stream(
        &[said(text), said("!"), stopped("stop"), usage],
        "data: [DONE]\n\n",
    ))
}
