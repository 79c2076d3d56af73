//! `codegenie index humaneval`: whole files or nothing, and nothing twice.

use serde_json::{Value, json};

use crate::program::Home;

/// Three tasks in HumanEval's format, written for these tests.
fn tasks() -> Vec<Value> {
    let task = |id: &str, name: &str, about: &str, body: &str, test: &str| {
        json!({
            "task_id": format!("Fixture/{id}"),
            "prompt": format!("def {name}(values):\n    \"\"\" {about}\n    >>> {name}([])\n    0\n    \"\"\"\n"),
            "entry_point": name,
            "canonical_solution": format!("    return {body}\n"),
            "test": format!("def check(candidate):\n    assert candidate({test}\n"),
        })
    };
    vec![
        task(
            "0",
            "count_gaps",
            "Count the holes between the sorted numbers.",
            "max(len(values) - 1, 0)",
            "[1, 5]) == 1",
        ),
        task(
            "1",
            "sum_of_odd_places",
            "Add the numbers that stand at odd places.",
            "sum(values[1::2])",
            "[1, 2]) == 2",
        ),
        task(
            "2",
            "widest_step",
            "Find the widest step between neighbours.",
            "max((b - a for a, b in zip(values, values[1:])), default=0)",
            "[1, 4]) == 3",
        ),
    ]
}

fn lines(tasks: &[Value]) -> String {
    tasks
        .iter()
        .fold(String::new(), |text, task| format!("{text}{task}\n"))
}

#[test]
fn a_file_is_indexed_once() {
    let home = Home::new();
    let file = home.write("tasks.jsonl", lines(&tasks()));
    let file = file.to_str().unwrap();
    let first = home.run(&["index", "humaneval", file]).done();
    assert_eq!(first.out, "indexed 3 tasks\n");
    assert!(
        first
            .err
            .contains("searching by words alone: no embedding model"),
        "{first:?}"
    );
    let second = home.run(&["index", "humaneval", file]).done();
    assert_eq!(second.out, "nothing changed: 3 tasks are indexed already\n");

    let found = home
        .run(&[
            "ask",
            "--json",
            "--mode",
            "generate",
            "widest step between neighbours",
        ])
        .done()
        .json();
    let keys: Vec<&str> = found["sources"]
        .as_array()
        .unwrap()
        .iter()
        .filter_map(|s| s["key"].as_str())
        .collect();
    assert!(keys.contains(&"humaneval/Fixture/2"), "{found}");
}

#[test]
fn a_changed_task_replaces_the_old_one() {
    let home = Home::new();
    let mut all = tasks();
    let file = home.write("tasks.jsonl", lines(&all));
    home.run(&["index", "humaneval", file.to_str().unwrap()])
        .done();
    all[1]["test"] = json!("def check(candidate):\n    assert candidate([]) == 0\n");
    home.write("tasks.jsonl", lines(&all));
    let ran = home
        .run(&["index", "humaneval", "--json", "tasks.jsonl"])
        .done();
    assert_eq!(
        ran.json(),
        json!([{"file": "tasks.jsonl", "added": 0, "changed": 1, "unchanged": 2}])
    );
}

#[test]
fn a_broken_file_is_refused_whole_with_the_line() {
    let home = Home::new();
    let good = lines(&tasks());
    let broken = [
        format!("{good}{{\"task_id\": \n"),
        format!("{good}{}\n", json!({"task_id": "Fixture/3"})),
        good.replace("return max(len", "return max((len"),
    ];
    for (text, line) in broken.iter().zip([4, 4, 1]) {
        home.write("broken.jsonl", text);
        let ran = home.run(&["index", "humaneval", "broken.jsonl"]).failed();
        let start = format!("error: broken.jsonl: line {line}: ");
        assert!(
            ran.err.lines().last().unwrap().starts_with(&start),
            "{ran:?}"
        );
        assert!(
            ran.err.trim_end().ends_with("; nothing was indexed"),
            "{ran:?}"
        );
    }
    home.write("good.jsonl", &good);
    assert_eq!(
        home.run(&["index", "humaneval", "good.jsonl"]).done().out,
        "indexed 3 tasks\n"
    );
}

#[test]
fn a_missing_an_empty_and_a_cut_off_file_are_refused() {
    let home = Home::new();
    home.write("empty.jsonl", "");
    home.write("cut.jsonl.gz", [0x1f, 0x8b, 8, 0, 0]);
    for (file, reason) in [
        ("none.jsonl", "No such file"),
        ("empty.jsonl", "no task"),
        ("cut.jsonl.gz", "gzip"),
    ] {
        let ran = home.run(&["index", "humaneval", file]).failed();
        assert!(
            ran.err.contains(file) && ran.err.contains(reason) && ran.err.contains("indexed"),
            "{ran:?}"
        );
    }
    home.run(&["index", "humaneval"]).refused_as_usage();
}

#[test]
fn of_several_files_those_before_the_broken_one_stay() {
    let home = Home::new();
    home.write("a.jsonl", lines(&tasks()[..1]));
    home.write("b.jsonl", "{}\n");
    home.write("c.jsonl", lines(&tasks()[1..]));
    let ran = home
        .run(&["index", "humaneval", "a.jsonl", "b.jsonl", "c.jsonl"])
        .failed();
    assert_eq!(ran.out, "a.jsonl: indexed 1 task\n");
    assert!(
        ran.err
            .contains("stopped at file 2 of 3: 1 indexed, 1 not looked at"),
        "{ran:?}"
    );
    let again = home
        .run(&["index", "humaneval", "a.jsonl", "c.jsonl"])
        .done();
    assert_eq!(
        again.out,
        "a.jsonl: nothing changed: 1 task is indexed already\nc.jsonl: indexed 2 tasks\n"
    );
}
