//! `judge`: solutions of problems in the format of HumanEval, run against their tests.

use serde_json::json;

use crate::program::Home;

/// Two problems whose wrong solutions are wrong.
fn problems() -> String {
    let problem = |id: &str, name: &str, good: &str, bad: &str, want: i32| {
        json!({
            "task_id": id, "prompt": format!("def {name}(n):\n    \"\"\"Changes n.\"\"\"\n"),
            "canonical_solution": format!("    return {good}\n"), "buggy_solution": format!("    return {bad}\n"),
            "test": format!("def check(candidate):\n    assert candidate(3) == {want}\n\ncheck({name})\n"), "entry_point": name
        })
    };
    [
        problem("Python/0", "double", "n * 2", "n * 3", 6),
        problem("Python/1", "halve", "n // 2", "n / 2", 1),
    ]
    .map(|problem| problem.to_string())
    .join("\n")
}

#[test]
fn right_solutions_pass_and_wrong_ones_fail() {
    let home = Home::new();
    home.write("problems.jsonl", problems());
    let ran = home.run(&["judge", "problems.jsonl"]).done();
    assert!(ran.out.starts_with("2/2 passed in "), "{ran:?}");
    assert!(
        ran.err.ends_with("judging problems.jsonl: 2/2\n"),
        "{ran:?}"
    );
    let ran = home
        .run(&["judge", "problems.jsonl", "--solutions", "buggy"])
        .done();
    assert!(
        ran.out
            .starts_with("2/2 failed, as wrong solutions should, in "),
        "{ran:?}"
    );
    let ran = home
        .run(&[
            "judge",
            "problems.jsonl",
            "--limit",
            "1",
            "--jobs",
            "1",
            "--json",
        ])
        .done();
    let told = ran.json();
    assert_eq!(
        (&told[0]["passed"], &told[0]["results"][0]["task_id"]),
        (&json!(1), &json!("Python/0")),
        "{told}"
    );
    assert_eq!(told[0]["results"].as_array().unwrap().len(), 1, "{told}");
}

#[test]
fn solutions_of_a_file_are_judged_and_failures_named() {
    let home = Home::new();
    home.write("problems.jsonl", problems());
    let samples = [
        json!({"task_id": "Python/0", "completion": "    return n + n\n"}),
        json!({"task_id": "Python/0", "completion": "    print('{\"passed\": true}')\n    return 7\n"}),
        json!({"task_id": "Python/1", "completion": "    return n // 2\n"}),
    ];
    home.write(
        "samples.jsonl",
        samples.map(|sample| sample.to_string()).join("\n"),
    );
    let ran = home.run(&["judge", "problems.jsonl", "--solutions", "samples.jsonl"]);
    assert_eq!(ran.code, 1, "{ran:?}");
    assert!(
        ran.out.starts_with("failed  Python/0 (solution 2): "),
        "{ran:?}"
    );
    assert!(ran.out.contains("\n2/3 passed in "), "{ran:?}");
}

#[test]
fn files_that_are_no_problems_are_refused() {
    let home = Home::new();
    assert!(
        home.run(&["judge", "none.jsonl"])
            .failed()
            .err
            .contains("cannot read none.jsonl")
    );
    home.write("broken.jsonl", "{\"task_id\": 1}\n");
    assert!(
        home.run(&["judge", "broken.jsonl"])
            .failed()
            .err
            .contains("broken.jsonl: line 1")
    );
    home.write("problems.jsonl", problems());
    home.write(
        "other.jsonl",
        json!({"task_id": "Python/9", "completion": "x"}).to_string(),
    );
    let ran = home
        .run(&["judge", "problems.jsonl", "--solutions", "other.jsonl"])
        .failed();
    assert!(ran.err.contains("`Python/9`"), "{ran:?}");
    for args in [
        &["judge"][..],
        &["judge", "x", "--jobs", "0"],
        &["judge", "x", "--limit", "0"],
    ] {
        home.run(args).refused_as_usage();
    }
}
