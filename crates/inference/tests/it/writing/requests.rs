//! What one request asks for, alone and beside others.

use serde_json::{Value, json};
use testmodels::Family;

use super::{Engine, Order, Told, copy_model, number, random_model};

const LIMITS: [&str; 4] = ["--context-tokens", "1024", "--parallel", "4"];
/// The copying model writes this again.
const CODE: &str = "def add_all(numbers):\n    total = 0\n    for number in numbers:\n        total = total + number\n    return total\n";

fn code_chat(id: u64) -> Order {
    let question = format!("Again, please:\n```python\n{CODE}```\n");
    Order::chat(id, "You write code.", &question).sampled("max_new_tokens", 400)
}

#[test]
fn every_family_writes_and_drafts_do_not_change_the_text() {
    for family in Family::ALL {
        let (_folder, model) = random_model(family);
        let mut engine = Engine::start(&model, &LIMITS);
        let prompt = "if self is not the end of the end of the end: return the end of";
        let order = Order::new(1, prompt).sampled("max_new_tokens", 64);
        let plain = engine.write(order.clone());
        let drafted = engine.write(order.with("id", 2).with("is_lookup", true));
        assert_eq!(plain.end["drafted_tokens"], 0);
        assert_eq!(plain.text, drafted.text, "{family:?}");
        assert_eq!(
            plain.end["new_tokens"], drafted.end["new_tokens"],
            "{family:?}"
        );
        assert!(
            number(&plain.end["new_tokens"]) > 0,
            "{family:?}: {plain:?}"
        );
    }
}

#[test]
fn drafts_come_true_when_the_answer_repeats_the_prompt() {
    let (_folder, model) = copy_model();
    let mut engine = Engine::start(&model, &LIMITS);
    let plain = engine.write(code_chat(1));
    assert!(plain.text.contains(CODE), "{:?}", plain.text);
    let drafted = engine.write(code_chat(2).with("is_lookup", true));
    assert_eq!(plain.text, drafted.text);
    let (new, accepted) = (
        number(&drafted.end["new_tokens"]),
        number(&drafted.end["accepted_tokens"]),
    );
    assert!(accepted * 2 > new, "{:?}", drafted.end);
    assert!(accepted <= number(&drafted.end["drafted_tokens"]));
    // Drawn at random the text is the same with and without drafts too.
    let warm = |order: Order| order.sampled("temperature", 4.0).sampled("seed", 5);
    let plain = engine.write(warm(code_chat(3)));
    let drafted = engine.write(warm(code_chat(4)).with("is_lookup", true));
    assert_eq!(plain.text, drafted.text);
}

#[test]
fn a_seed_decides_the_text() {
    let (_folder, model) = random_model(Family::DeepseekCoder);
    let mut engine = Engine::start(&model, &LIMITS);
    let mut write = |id: u64, seed: u64| {
        let order = Order::new(id, "def ").sampled("temperature", 1.0);
        engine.write(order.sampled("seed", seed)).text
    };
    let first = write(1, 3);
    assert_eq!(write(2, 3), first);
    assert_ne!(write(3, 4), first);
}

#[test]
fn texts_written_together_are_those_written_alone() {
    let (_folder, model) = copy_model();
    let mut engine = Engine::start(&model, &LIMITS);
    let orders: Vec<Order> = (0..9_u64)
        .map(|id| {
            let text = format!("{id} is not the number of {} or of {}", id * 7, id + 100).repeat(3);
            Order::chat(id, "Say it again.", &text)
                .sampled("max_new_tokens", 60)
                .with("is_lookup", id % 2 == 0)
                .with("owner", format!("owner {id}"))
        })
        .collect();
    let together = engine.write_all(&orders);
    let mut alone = Engine::start(&model, &LIMITS);
    for (order, together) in orders.into_iter().zip(together) {
        let alone = alone.write(order);
        assert_eq!(together.text, alone.text);
        assert_eq!(together.end["new_tokens"], alone.end["new_tokens"]);
    }
}

#[test]
fn a_request_is_cut_at_its_most_tokens_and_at_the_context() {
    let (_folder, model) = random_model(Family::Phi2);
    let mut engine = Engine::start(&model, &["--context-tokens", "256", "--parallel", "1"]);
    let cut = engine.write(Order::new(1, "the ").sampled("max_new_tokens", 5));
    assert_eq!(
        (number(&cut.end["new_tokens"]), &cut.end["is_cut"]),
        (5, &json!(true))
    );
    let order = Order::new(2, "the ").sampled("max_new_tokens", 4000);
    let cut = engine.write(order);
    let tokens = number(&cut.started["prompt_tokens"]) + number(&cut.end["new_tokens"]);
    assert_eq!((tokens, &cut.end["is_cut"]), (256, &json!(true)));
}

#[test]
fn a_prompt_that_does_not_fit_is_refused_and_the_next_is_not() {
    let (_folder, model) = random_model(Family::Gemma);
    let mut engine = Engine::start(&model, &["--context-tokens", "256", "--parallel", "1"]);
    for text in ["x ".repeat(200), "x ".repeat(100_000)] {
        let refused = engine.write(Order::new(1, &text));
        let reason = &refused.end["refusal"]["too_long"];
        assert_eq!(reason["context_tokens"], 256, "{:?}", refused.end);
        assert!(number(&reason["prompt_tokens"]) > 240);
    }
    assert!(number(&engine.write(Order::new(2, "x")).end["new_tokens"]) > 0);
}

#[test]
fn a_request_that_cannot_be_done_is_refused_with_the_reason() {
    let (_folder, model) = random_model(Family::Gemma);
    let mut engine = Engine::start(&model, &LIMITS);
    let nested = format!("root ::= {}\"a\"{}", "(".repeat(70), ")".repeat(70));
    let order = Order::new(1, "x");
    for (order, reason) in [
        (
            order.clone().with("adapter", 0),
            "there is none with the number 0",
        ),
        (
            order.clone().with("grammar", "root ::= <<<"),
            "the grammar cannot be used",
        ),
        (
            order.clone().with("grammar", "start ::= \"a\""),
            "begin with a rule named root",
        ),
        (
            order.clone().with("grammar", nested),
            "nests brackets more than",
        ),
    ] {
        let refused = engine.write(order);
        let said = refused.end["refusal"]["invalid"].as_str().unwrap();
        assert!(said.contains(reason), "{said}");
    }
    assert!(number(&engine.write(order).end["new_tokens"]) > 0);
}

#[test]
fn a_grammar_is_kept_with_drafts_and_without() {
    for family in [Family::Gemma, Family::Phi2] {
        let (_folder, model) = random_model(family);
        let mut engine = Engine::start(&model, &LIMITS);
        let grammar = "root ::= \"[\" number (\",\" number)* \"]\"\nnumber ::= [0-9]{1,3}\n";
        for (id, temperature, is_lookup) in [(1, 0.0, false), (2, 1.0, false), (3, 1.0, true)] {
            let order = Order::new(id, "[17,42,17,42,17,")
                .with("grammar", grammar)
                .with("is_lookup", is_lookup)
                .sampled("temperature", temperature)
                .sampled("max_new_tokens", 200);
            let told = engine.write(order);
            if told.end["is_cut"] == json!(false) {
                let numbers: Vec<u16> = serde_json::from_str(&unpad(&told.text)).unwrap();
                assert!(numbers.iter().all(|number| *number < 1000));
            } else {
                let is_known = |letter: char| letter.is_ascii_digit() || "[,]".contains(letter);
                assert!(
                    told.text.starts_with('[') && told.text.chars().all(is_known),
                    "{:?}",
                    told.text
                );
            }
        }
    }
}

/// JSON knows no numbers with zeros in front, the grammar does.
fn unpad(text: &str) -> String {
    let numbers = text.trim_matches(['[', ']']).split(',');
    let numbers: Vec<String> = numbers
        .map(|number| number.parse::<u16>().unwrap().to_string())
        .collect();
    format!("[{}]", numbers.join(","))
}

#[test]
fn a_stop_sequence_ends_the_text_and_is_not_part_of_it() {
    let (_folder, model) = copy_model();
    let mut engine = Engine::start(&model, &LIMITS);
    let order = code_chat(1).sampled("stop", json!(["never", "for number in"]));
    for order in [order.clone(), order.with("id", 2).with("is_lookup", true)] {
        let told = engine.write(order);
        assert!(told.text.ends_with("total = 0\n    "), "{:?}", told.text);
        assert_eq!(told.end["is_cut"], false);
    }
}

#[test]
fn tokens_are_told_with_their_log_probabilities() {
    let (_folder, model) = random_model(Family::Phi3);
    let mut engine = Engine::start(&model, &LIMITS);
    let told = engine.write(Order::new(1, "class ").with("logprobs", 3));
    let as_text = |token: &Value| {
        let bytes = token["bytes"].as_array().unwrap().iter();
        let bytes = bytes.map(|byte| u8::try_from(byte.as_u64().unwrap()).unwrap());
        bytes.collect::<Vec<u8>>()
    };
    let bytes: Vec<u8> = told.tokens.iter().flat_map(as_text).collect();
    assert!(bytes.starts_with(told.text.trim_end_matches('\u{fffd}').as_bytes()));
    assert_eq!(told.tokens.len() as u64, number(&told.end["new_tokens"]));
    let mut sum = 0.0;
    for token in &told.tokens {
        let logprob = token["logprob"].as_f64().unwrap();
        let top: Vec<f64> = token["top"]
            .as_array()
            .unwrap()
            .iter()
            .map(|one| one[1].as_f64().unwrap())
            .collect();
        assert_eq!(top.len(), 3);
        assert!(top.is_sorted_by(|left, right| left >= right));
        // Greedy takes the first, and no probability is above 1.
        assert!((logprob - top[0]).abs() < 1e-6 && logprob <= 0.0, "{token}");
        sum += logprob.exp();
    }
    let mean = told.end["mean_probability"].as_f64().unwrap();
    assert!((mean - sum / told.end["new_tokens"].as_f64().unwrap()).abs() < 1e-5);
}

#[test]
fn a_cancelled_request_says_nothing_more_and_makes_room() {
    let (_folder, model) = random_model(Family::Mistral);
    let mut engine = Engine::start(&model, &["--context-tokens", "4096", "--parallel", "1"]);
    let endless = |id| {
        Order::new(id, "the ")
            .sampled("max_new_tokens", 4000)
            .with("grammar", "root ::= [a-z]*")
    };
    engine.send(&endless(1).0);
    engine.send(&endless(2).0);
    while engine.receive().get("text").is_none() {}
    // One that waits and one that writes.
    engine.send(&json!({"cancel": {"id": 2}}));
    engine.send(&json!({"cancel": {"id": 1}}));
    engine.send(&json!({"cancel": {"id": 99}}));
    engine.send(&Order::new(3, "a").0);
    let mut report = engine.receive();
    while report.get("text").is_some_and(|text| text["id"] == 1) {
        report = engine.receive();
    }
    assert_eq!(report["started"]["id"], 3, "{report}");
    while report.get("finished").is_none() {
        report = engine.receive();
        let about = report.as_object().unwrap().values().next().unwrap();
        assert_eq!(about["id"], 3, "{report}");
    }
}

#[test]
fn a_long_prompt_tells_how_far_it_is_and_halts_nobody() {
    let (_folder, model) = random_model(Family::Mistral);
    let mut engine = Engine::start(&model, &["--context-tokens", "4096", "--parallel", "2"]);
    let long: Told = engine.write(Order::new(1, &"ab ".repeat(1000)));
    assert!(long.reading > 1, "{}", long.reading);
    // Beside a text that is written, a prompt is read in more steps, and text comes between them.
    let endless = Order::new(2, "x")
        .sampled("max_new_tokens", 4000)
        .with("grammar", "root ::= [a-z]*");
    engine.send(&endless.0);
    while engine.receive().get("text").is_none() {}
    engine.send(&Order::new(3, &"cd ".repeat(1000)).0);
    let mut between = 0;
    let mut report = engine.receive();
    while report.get("finished").is_none() {
        between += usize::from(report.get("text").is_some_and(|text| text["id"] == 2));
        report = engine.receive();
    }
    assert_eq!(report["finished"]["id"], 3);
    assert!(between > long.reading, "{between}");
}

#[test]
fn tokens_of_a_text_are_counted() {
    let (_folder, model) = random_model(Family::DeepseekCoder);
    let mut engine = Engine::start(&model, &LIMITS);
    engine.send(&json!({"count": {"id": 4, "text": "def f():"}}));
    let counted = engine.receive();
    assert_eq!(counted["counted"]["id"], 4);
    assert!(
        (1..=8).contains(&number(&counted["counted"]["tokens"])),
        "{counted}"
    );
}
