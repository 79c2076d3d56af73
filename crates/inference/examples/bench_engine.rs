//! How fast the writing engine is on a GGUF file, through its real process and frames: `bench_engine ENGINE MODEL [ADAPTER]`, where
//! ENGINE is the binary `engine`. Prints one JSON object. Prompts are made of the model's own tokens as far as text allows.

#![expect(
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "a measurement prints its result, and stops where it cannot go on"
)]

use std::collections::HashSet;
use std::io::{Read as _, Write as _};
use std::os::fd::OwnedFd;
use std::os::unix::net::UnixStream;
use std::process::{Command, Stdio};
use std::time::Instant;

use serde_json::{Value, json};

/// Something to read that has no structure to speak of.
const WORDS: [&str; 12] = [
    "list", "value", "index", "return", "sorted", "while", "key", "number", "string", "open",
    "file", "merge",
];

struct Engine(UnixStream);

/// One request that was watched.
struct Seen {
    started: Value,
    finished: Value,
    /// From the order to the first text, seconds.
    first_text: f64,
}

impl Engine {
    fn send(&mut self, order: &Value) {
        let body = serde_json::to_vec(order).unwrap();
        let length = u32::try_from(body.len()).unwrap();
        self.0.write_all(&length.to_le_bytes()).unwrap();
        self.0.write_all(&body).unwrap();
    }

    fn receive(&mut self) -> Value {
        let mut length = [0; 4];
        self.0.read_exact(&mut length).unwrap();
        let mut body = vec![0; u32::from_le_bytes(length) as usize];
        self.0.read_exact(&mut body).unwrap();
        serde_json::from_slice(&body).unwrap()
    }

    fn watch(&mut self, order: &Value) -> Seen {
        let begun = Instant::now();
        self.send(order);
        let (mut started, mut first_text) = (Value::Null, None);
        loop {
            let report = self.receive();
            if report.get("text").is_some() {
                first_text.get_or_insert_with(|| begun.elapsed().as_secs_f64());
            } else if let Some(fields) = report.get("started") {
                started = fields.clone();
            } else if let Some(fields) = report.get("finished") {
                let total = begun.elapsed().as_secs_f64();
                return Seen {
                    started,
                    finished: fields.clone(),
                    first_text: first_text.unwrap_or(total),
                };
            } else {
                assert!(report.get("reading").is_some(), "{report}");
            }
        }
    }
}

/// An order for a greedy text of at most `tokens` tokens.
fn order(id: u64, owner: &str, prompt: &str, tokens: u32) -> Value {
    json!({"write": {
        "id": id, "prompt": [{"text": prompt, "is_markup": false}], "shared_segments": 0, "owner": owner, "adapter": null,
        "sampling": {"temperature": 0.0, "top_k": 0, "top_p": 1.0, "min_p": 0.0, "repeat_penalty": 1.0,
            "frequency_penalty": 0.0, "presence_penalty": 0.0, "seed": 1, "stop": [], "max_new_tokens": tokens},
        "grammar": null, "is_lookup": false, "logprobs": null,
    }})
}

/// A text of about `tokens` tokens that differs for each `seed`.
fn text(engine: &mut Engine, seed: usize, tokens: u64) -> String {
    let mut text = format!("{seed} ");
    let mut state = seed;
    loop {
        for _ in 0..8 {
            state = (state * 1_103_515_245 + 12_345) % (1 << 31);
            text += WORDS[(state >> 16) % WORDS.len()];
            text.push(' ');
        }
        engine.send(&json!({"count": {"id": 0, "text": text}}));
        if engine.receive()["counted"]["tokens"].as_u64().unwrap() >= tokens {
            return text;
        }
    }
}

fn field(value: &Value, name: &str) -> f64 {
    value[name].as_f64().unwrap()
}

/// Tokens a second of a part whose time is told in microseconds.
fn rate(tokens: f64, micros: f64) -> f64 {
    tokens / (micros / 1e6)
}

fn start(program: &str, model: &str, adapter: Option<&str>) -> (Engine, Value, f64) {
    let (ours, theirs) = UnixStream::pair().unwrap();
    let threads = std::thread::available_parallelism().unwrap().to_string();
    let begun = Instant::now();
    let mut command = Command::new(program);
    command
        .args(["write", "--model", model, "--threads", &threads])
        .args([
            "--context-tokens",
            "2560",
            "--parallel",
            "8",
            "--gpu-layers",
            "auto",
        ])
        .env("GOMP_SPINCOUNT", "10000")
        .env("OMP_NUM_THREADS", &threads)
        .stdin(Stdio::from(OwnedFd::from(theirs)));
    if let Some(adapter) = adapter {
        command.args(["--adapter", adapter]);
    }
    drop(command.spawn().unwrap());
    let mut engine = Engine(ours);
    let ready = engine.receive();
    (engine, ready, begun.elapsed().as_secs_f64())
}

fn main() {
    let args: Vec<String> = std::env::args().collect();
    let [_, program, model, rest @ ..] = args.as_slice() else {
        println!("give the engine's binary and a GGUF file, and perhaps an adapter");
        return;
    };
    let adapter = rest.first().map(String::as_str);
    let (mut engine, ready, load_seconds) = start(program, model, adapter);
    let warm = text(&mut engine, 1, 16);
    engine.watch(&order(1, "warm", &warm, 2));

    let prompt = text(&mut engine, 2, 512);
    let seen = engine.watch(&order(2, "one", &prompt, 128));
    let read = field(&seen.started, "prompt_tokens");
    let prefill = rate(read, field(&seen.finished, "prompt_us"));
    let decode = rate(
        field(&seen.finished, "new_tokens") - 1.0,
        field(&seen.finished, "writing_us"),
    );

    let streams = measure_streams(&mut engine);
    let lookup = measure_lookup(&mut engine);
    let turns: Vec<Value> = [(5, 512), (6, 2048)]
        .into_iter()
        .map(|(seed, tokens)| measure_second_turn(&mut engine, seed, tokens))
        .collect();
    let cancel = measure_cancel(&mut engine);
    let adapters = adapter.map(|_| measure_adapters(&mut engine));
    let result = json!({
        "ready": ready["ready"], "load_seconds": load_seconds,
        "prefill_tokens_per_second": prefill, "decode_tokens_per_second": decode,
        "eight_streams_tokens_per_second": streams, "eight_streams_times_one": streams / decode,
        "lookup": lookup, "second_turn": turns, "cancel": cancel, "adapters": adapters,
    });
    println!("{}", serde_json::to_string_pretty(&result).unwrap());
}

/// Tokens a second of eight texts together, once all are being written.
fn measure_streams(engine: &mut Engine) -> f64 {
    let prompts: Vec<String> = (0..8).map(|seed| text(engine, 100 + seed, 128)).collect();
    for (number, prompt) in prompts.iter().enumerate() {
        let mut order = order(10 + number as u64, &format!("stream {number}"), prompt, 96);
        // Then every token is told, also those that are no whole character.
        order["write"]["logprobs"] = json!(0);
        engine.send(&order);
    }
    let (mut begun, mut tokens, mut finished) = (None, 0, 0);
    let mut writing = HashSet::new();
    loop {
        let report = engine.receive();
        if let Some(fields) = report.get("text") {
            writing.insert(fields["id"].as_u64());
            if writing.len() == 8 {
                begun.get_or_insert_with(Instant::now);
                tokens += fields["tokens"].as_array().map_or(0, Vec::len);
            }
        } else if report.get("finished").is_some() {
            finished += 1;
            // From here on there are fewer than eight.
            if finished == 1 {
                let seconds =
                    begun.map_or(f64::NAN, |begun: Instant| begun.elapsed().as_secs_f64());
                let rate = f64::from(u32::try_from(tokens).unwrap()) / seconds;
                while finished < 8 {
                    finished += usize::from(engine.receive().get("finished").is_some());
                }
                return rate;
            }
        }
    }
}

/// An answer that repeats its prompt, with drafts and without.
fn measure_lookup(engine: &mut Engine) -> Value {
    let prompt = text(engine, 3, 64).repeat(6);
    let plain = order(30, "plain", &prompt, 128);
    let mut drafted = order(31, "drafted", &prompt, 128);
    drafted["write"]["is_lookup"] = json!(true);
    let plain = engine.watch(&plain).finished;
    let drafted = engine.watch(&drafted).finished;
    let speed =
        |finished: &Value| rate(field(finished, "new_tokens"), field(finished, "writing_us"));
    json!({
        "times": speed(&drafted) / speed(&plain),
        "new_tokens": drafted["new_tokens"], "drafted_tokens": drafted["drafted_tokens"],
        "accepted_tokens": drafted["accepted_tokens"],
    })
}

fn measure_second_turn(engine: &mut Engine, seed: usize, tokens: u64) -> Value {
    let history = text(engine, seed, tokens);
    let owner = format!("turn {seed}");
    let first = engine.watch(&order(40, &owner, &history, 4));
    let second = engine.watch(&order(41, &owner, &format!("{history} and then what?"), 4));
    json!({
        "history_tokens": first.started["prompt_tokens"], "first_seconds": first.first_text,
        "second_seconds": second.first_text, "reused_tokens": second.started["reused_tokens"],
    })
}

/// How long after a cancellation the next request's text comes, against how long it takes alone; and the time of a step.
fn measure_cancel(engine: &mut Engine) -> Value {
    let prompt = text(engine, 7, 32);
    for number in 0..8 {
        engine.send(&order(
            50 + number,
            &format!("cancel {number}"),
            &prompt,
            2000,
        ));
    }
    engine.send(&order(60, "next", &prompt, 1));
    let mut texts = 0;
    while texts < 80 {
        texts += u32::from(engine.receive().get("text").is_some());
    }
    let begun = Instant::now();
    for number in 0..8 {
        engine.send(&json!({"cancel": {"id": 50 + number}}));
    }
    let mut late = 0_u32;
    loop {
        let report = engine.receive();
        if report["started"]["id"] == 60 {
            break;
        }
        late += u32::from(report["text"]["id"] == 50);
    }
    let seconds = begun.elapsed().as_secs_f64();
    while engine.receive().get("finished").is_none() {}
    json!({"seconds": seconds, "steps": late})
}

/// What changing the adapter at every request adds to short requests.
fn measure_adapters(engine: &mut Engine) -> Value {
    let prompt = text(engine, 8, 16);
    let mut write = |adapters: [Value; 2]| {
        let begun = Instant::now();
        for number in 0..20 {
            let mut order = order(70, "adapters", &prompt, 2);
            order["write"]["adapter"] = adapters[number % 2].clone();
            engine.watch(&order);
        }
        begun.elapsed().as_secs_f64() / 20.0
    };
    let _ = write([json!(null), json!(0)]);
    let plain = write([json!(null), json!(null)]);
    let adapted = write([json!(0), json!(0)]);
    let switched = write([json!(null), json!(0)]);
    json!({
        "plain_seconds": plain, "adapted_seconds": adapted, "switched_seconds": switched,
        "switch_seconds": switched - f64::midpoint(plain, adapted),
    })
}
