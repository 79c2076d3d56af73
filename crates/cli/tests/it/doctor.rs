//! What `codegenie doctor` says of language models: tiny ones that fit in memory, and the same with too little of it.

use std::process::Stdio;

use serde_json::Value;

use crate::program::{Home, finish};

/// The rows of the doctor with this setting of memory.
fn examine(home: &Home, memory: &str) -> Vec<Value> {
    let mut command = home.command(&["doctor", "--json"]);
    command
        .env("CODEGENIE_MODEL_MEMORY", memory)
        .env("CODEGENIE_SANDBOX", "off");
    let ran = finish(command.stdin(Stdio::piped()), "");
    ran.json().as_array().unwrap().clone()
}

/// State and text of every row of this name.
fn rows<'a>(found: &'a [Value], name: &str) -> Vec<(&'a str, &'a str)> {
    let rows = found.iter().filter(|row| row["name"] == name);
    rows.map(|row| {
        (
            row["state"].as_str().unwrap(),
            row["text"].as_str().unwrap(),
        )
    })
    .collect()
}

#[test]
fn the_memory_for_models_and_who_fits_in_it_are_told() {
    let home = Home::new();
    let none = examine(&home, "auto");
    assert_eq!(rows(&none, "language models")[0].0, "without");
    assert_eq!(rows(&none, "model of a task"), []);
    let known = std::fs::read_to_string("/proc/cpuinfo").unwrap();
    let state = if known.contains("avx512_vnni") {
        "ok"
    } else {
        "without"
    };
    assert_eq!(rows(&none, "model processor")[0].0, state);
    let (state, text) = rows(&none, "model memory")[0];
    assert_eq!(state, "ok");
    assert!(text.contains("chosen: 70 % of what is free"), "{text}");

    let folder = home.path().join("no-models/language/tiny");
    std::fs::create_dir_all(&folder).unwrap();
    let family = testmodels::Family::DeepseekCoder;
    let file = folder.join("model.gguf");
    testmodels::write_random(family, testmodels::Size::Tiny, 1, &file).unwrap();
    for _ in 0..2 {
        let fitting = examine(&home, "1 GiB");
        let (state, text) = rows(&fitting, "language models")[0];
        assert!(state == "ok" && text.starts_with("tiny ("), "{text}");
        assert!(!text.contains("does not fit"), "{text}");
        assert_eq!(
            rows(&fitting, "model of a task"),
            [
                ("ok", "generate: tiny"),
                ("ok", "explain-python: tiny"),
                ("ok", "explain: tiny")
            ]
        );
        let (state, text) = rows(&fitting, "model memory")[0];
        assert_eq!(state, "ok", "{text}");
        assert!(
            text.starts_with("1.0 GB (environment CODEGENIE_MODEL_MEMORY); "),
            "{text}"
        );
    }

    let small = examine(&home, "50 kB");
    let (state, text) = rows(&small, "language models")[0];
    assert!(state == "ok" && text.contains(", does not fit)"), "{text}");
    let tasks = rows(&small, "model of a task");
    assert_eq!(tasks.len(), 3);
    for (state, text) in tasks {
        assert_eq!(state, "warning", "{text}");
        assert!(
            text.contains("`tiny` needs ") && text.contains("raise model_memory"),
            "{text}"
        );
    }
    // Everything works without it, as it does without a model.
    assert!(
        small
            .iter()
            .all(|row| row["name"] != "model of a task" || row["ok"] == true)
    );

    let beyond = examine(&home, "900 TB");
    let (state, text) = rows(&beyond, "model memory")[0];
    assert!(state == "warning" && text.contains("but only "), "{text}");
}
