//! The role `write` through its process and frames.

use std::io::{Read as _, Write as _};
use std::os::fd::OwnedFd;
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::process::{Child, Command, Stdio};

use serde_json::{Value, json};

use crate::{ENGINE, PATIENCE, writer_model};

/// An engine that writes, and the server's end of its connection.
struct Engine {
    child: Child,
    socket: UnixStream,
    ready: Value,
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
        let ready = receive(&mut ours).unwrap();
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
        receive(&mut self.socket).unwrap()
    }
}

fn receive(socket: &mut UnixStream) -> std::io::Result<Value> {
    let mut length = [0; 4];
    socket.read_exact(&mut length)?;
    let mut body = vec![0; u32::from_le_bytes(length) as usize];
    socket.read_exact(&mut body)?;
    Ok(serde_json::from_slice(&body).unwrap())
}

fn order(id: u64, prompt: &str) -> Value {
    json!({"write": {
        "id": id,
        "prompt": [{"text": prompt, "is_markup": false}],
        "shared_segments": 0,
        "owner": "a",
        "adapter": null,
        "sampling": {
            "temperature": 0.0, "top_k": 40, "top_p": 1.0, "min_p": 0.0, "repeat_penalty": 1.0,
            "frequency_penalty": 0.0, "presence_penalty": 0.0, "seed": 1, "stop": [], "max_new_tokens": 24,
        },
        "grammar": null,
        "is_lookup": false,
        "logprobs": null,
    }})
}

#[test]
fn it_writes_and_ends_when_the_server_goes() {
    let folder = tempfile::tempdir().unwrap();
    let model = writer_model::write(folder.path());
    let mut engine = Engine::start(&model, &["--context-tokens", "256", "--parallel", "2"]);
    assert_eq!(engine.ready["ready"]["context_tokens"], 256);
    engine.send(&order(7, "hello"));
    assert_eq!(engine.receive()["started"]["prompt_tokens"], 7);
    let mut finished = engine.receive();
    while finished.get("text").is_some() {
        finished = engine.receive();
    }
    assert_eq!(finished["finished"]["id"], 7, "{finished}");
    drop(engine.socket);
    assert!(engine.child.wait().unwrap().success());
}
