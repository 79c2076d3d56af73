//! The role `write` through its process and frames, on small models of five families and one that copies.

mod adapters;
mod requests;
mod reuse;

use std::collections::HashMap;
use std::io::{Read as _, Write as _};
use std::os::fd::OwnedFd;
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use serde_json::{Value, json};
use tempfile::TempDir;
use testmodels::{Family, Size, write_copy_model, write_random};

use crate::{ENGINE, PATIENCE};

/// An engine that writes, and the server's end of its connection.
struct Engine {
    child: Child,
    socket: UnixStream,
    ready: Value,
}

/// Everything that was said about a request.
#[derive(Debug, Default)]
struct Told {
    started: Value,
    text: String,
    tokens: Vec<Value>,
    reading: usize,
    /// The last report: `finished` or `refused`.
    end: Value,
}

impl Engine {
    fn start(model: &Path, more: &[&str]) -> Self {
        let (mut ours, theirs) = UnixStream::pair().unwrap();
        ours.set_read_timeout(Some(PATIENCE)).unwrap();
        let child = Command::new(ENGINE)
            .arg("write")
            .arg("--model")
            .arg(model)
            .args(["--threads", "1", "--gpu-layers", "auto"])
            .args(more)
            .env("GOMP_SPINCOUNT", "0")
            .env("GGML_NO_BACKTRACE", "1")
            .stdin(Stdio::from(OwnedFd::from(theirs)))
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let ready = receive(&mut ours);
        Self {
            child,
            socket: ours,
            ready,
        }
    }

    fn send(&mut self, order: &Value) {
        let body = serde_json::to_vec(order).unwrap();
        let length = u32::try_from(body.len()).unwrap();
        self.socket.write_all(&length.to_le_bytes()).unwrap();
        self.socket.write_all(&body).unwrap();
    }

    fn receive(&mut self) -> Value {
        receive(&mut self.socket)
    }

    /// Sends requests together and waits for the end of all.
    fn write_all(&mut self, orders: &[Order]) -> Vec<Told> {
        for order in orders {
            self.send(&order.0);
        }
        let ids: Vec<u64> = orders.iter().map(Order::id).collect();
        let mut told: HashMap<u64, Told> = HashMap::new();
        while told.values().filter(|told| !told.end.is_null()).count() < ids.len() {
            let report = self.receive();
            let (kind, fields) = report.as_object().unwrap().iter().next().unwrap();
            let told = told.entry(fields["id"].as_u64().unwrap()).or_default();
            assert!(told.end.is_null(), "something came after the end: {report}");
            match kind.as_str() {
                "started" => told.started = fields.clone(),
                "reading" => told.reading += 1,
                "text" => {
                    told.text += fields["text"].as_str().unwrap();
                    told.tokens
                        .extend(fields["tokens"].as_array().unwrap().clone());
                }
                "finished" | "refused" => told.end = fields.clone(),
                _ => panic!("an unexpected report: {report}"),
            }
        }
        ids.iter().map(|id| told.remove(id).unwrap()).collect()
    }

    fn write(&mut self, order: Order) -> Told {
        self.write_all(&[order]).remove(0)
    }
}

impl Drop for Engine {
    fn drop(&mut self) {
        // Fails when it has ended already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn receive(socket: &mut UnixStream) -> Value {
    let mut length = [0; 4];
    socket.read_exact(&mut length).unwrap();
    let mut body = vec![0; u32::from_le_bytes(length) as usize];
    socket.read_exact(&mut body).unwrap();
    serde_json::from_slice(&body).unwrap()
}

/// An order to write; greedy, 24 tokens, for the owner `a`.
#[derive(Debug, Clone)]
struct Order(Value);

impl Order {
    fn new(id: u64, prompt: &str) -> Self {
        Self(json!({"write": {
            "id": id,
            "prompt": [{"text": prompt, "is_markup": false}],
            "shared_segments": 0,
            "owner": "a",
            "adapter": null,
            "sampling": {
                "temperature": 0.0, "top_k": 0, "top_p": 1.0, "min_p": 0.0, "repeat_penalty": 1.0,
                "frequency_penalty": 0.0, "presence_penalty": 0.0, "seed": 1, "stop": [], "max_new_tokens": 24,
            },
            "grammar": null,
            "is_lookup": false,
            "logprobs": null,
        }}))
    }

    /// A chat in the copying model's template; the first part is the system's and shared.
    fn chat(id: u64, system: &str, rest: &str) -> Self {
        let prompt = json!([
            {"text": "<|system|>", "is_markup": true},
            {"text": system, "is_markup": false},
            {"text": "<|end|><|user|>", "is_markup": true},
            {"text": rest, "is_markup": false},
            {"text": "<|end|><|assistant|>", "is_markup": true},
        ]);
        Self::new(id, "")
            .with("prompt", prompt)
            .with("shared_segments", 3)
    }

    fn id(&self) -> u64 {
        self.0["write"]["id"].as_u64().unwrap()
    }

    fn with(mut self, field: &str, value: impl Into<Value>) -> Self {
        self.0["write"][field] = value.into();
        self
    }

    fn sampled(mut self, field: &str, value: impl Into<Value>) -> Self {
        self.0["write"]["sampling"][field] = value.into();
        self
    }
}

/// A folder with a model of random weights.
fn random_model(family: Family) -> (TempDir, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("random.gguf");
    write_random(family, Size::Tiny, 7, &path).unwrap();
    (folder, path)
}

/// A folder with the model that copies.
fn copy_model() -> (TempDir, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("copy.gguf");
    write_copy_model(&path).unwrap();
    (folder, path)
}

fn number(value: &Value) -> u64 {
    value.as_u64().unwrap()
}

#[test]
fn it_tells_what_it_takes_and_ends_when_the_server_goes() {
    let (_folder, model) = random_model(Family::Mistral);
    let mut engine = Engine::start(&model, &["--context-tokens", "512", "--parallel", "3"]);
    let ready = engine.ready["ready"].clone();
    assert_eq!(ready["context_tokens"], 512);
    assert_eq!(ready["parallel_max"], 3);
    assert_eq!(ready["gpu_layers"], 0);
    // Two layers, two heads of keys and of values, 16 numbers of two bytes, 768 places, and 256 tokens kept beside them.
    assert_eq!(
        number(&ready["context_bytes"]),
        2 * 2 * 2 * 16 * 2 * (768 + 256)
    );
    let file = std::fs::metadata(&model).unwrap().len();
    assert!(
        (file / 2..=file).contains(&number(&ready["weights_bytes"])),
        "{ready}"
    );
    assert_eq!(ready["adapters_bytes"], 0);
    engine.socket.shutdown(std::net::Shutdown::Both).unwrap();
    assert!(engine.child.wait().unwrap().success());
}

#[test]
fn it_says_why_it_cannot_use_a_file_and_ends() {
    let (folder, model) = random_model(Family::Mistral);
    let broken = folder.path().join("no-model.gguf");
    std::fs::write(&broken, b"GGUF is how it begins, but not how it goes on").unwrap();
    let encoder = crate::model();
    let limits = ["--context-tokens", "256", "--parallel", "1"];
    let adapter = ["--adapter", broken.to_str().unwrap()];
    for (model, more, reason) in [
        (&broken, &[][..], "its file is not a usable GGUF file"),
        (&encoder, &[], "its file has no model that writes text"),
        (&model, &adapter, "its adapter `no-model` cannot be used"),
    ] {
        let mut engine = Engine::start(model, &[&limits, more].concat());
        let said = engine.ready["broken"]["reason"]
            .as_str()
            .unwrap()
            .to_owned();
        assert!(said.contains(reason), "{said}");
        // Users may read it, and need not know where files are.
        assert!(!said.contains(folder.path().to_str().unwrap()), "{said}");
        assert!(!engine.child.wait().unwrap().success());
    }
}

#[test]
fn it_refuses_nonsense_on_the_connection() {
    let (_folder, model) = random_model(Family::Mistral);
    for nonsense in [&b"\xff\xff\xff\xff"[..], b"\x02\x00\x00\x00{}"] {
        let mut engine = Engine::start(&model, &["--context-tokens", "256", "--parallel", "1"]);
        engine.socket.write_all(nonsense).unwrap();
        assert!(!engine.child.wait().unwrap().success());
    }
}
