//! `analyse`: numbers, findings and structure of a file, with nothing run and nothing stored.

use crate::program::Home;

const GOOD: &str = "def f(x):\n    if x:\n        return 1\n    return 2\n";

#[test]
fn a_file_is_measured_and_described() {
    let home = Home::new();
    home.write("good.py", GOOD);
    let ran = home.run(&["analyse", "good.py"]).done();
    assert!(
        ran.out
            .starts_with("good.py · Python · 4 lines (4 code, 0 comment, 0 blank)\n"),
        "{ran:?}"
    );
    let row = ran.out.lines().find(|line| line.starts_with("f ")).unwrap();
    let cells: Vec<&str> = row.split_whitespace().collect();
    assert_eq!(
        cells.get(..5),
        Some(&["f", "1", "4", "1", "2"][..]),
        "{ran:?}"
    );
    let brief = home.run(&["analyse", "good.py", "--no-explain"]).done();
    assert!(
        ran.out.starts_with(&brief.out) && ran.out.len() > brief.out.len(),
        "{brief:?}"
    );
    assert_eq!(home.run(&["analyse", "good.py"]).done().out, ran.out);
    assert!(!home.data().exists());
}

#[test]
fn what_does_not_parse_is_told_with_its_place_and_fails() {
    let home = Home::new();
    home.write("bad.py", "def f(x:\n    return x\n");
    let ran = home.run(&["analyse", "bad.py"]);
    assert_eq!(ran.code, 1, "{ran:?}");
    assert!(
        ran.out.contains("\nbad.py:1:") && ran.out.contains("syntax — "),
        "{ran:?}"
    );
    let json = home.run(&["analyse", "bad.py", "--json"]).json();
    assert_eq!(
        (&json["language"], &json["syntax_errors"][0]["line"]),
        (&"python".into(), &1.into()),
        "{json}"
    );
    assert!(
        json["explanation"].is_string() && json["findings"].as_array().unwrap().is_empty(),
        "{json}"
    );
    assert!(
        home.run(&["analyse", "none.py"])
            .failed()
            .err
            .contains("none.py")
    );
}

#[test]
fn findings_are_told_with_what_to_do() {
    let home = Home::new();
    home.write(
        "shared.py",
        "def collect(x, seen=[]):\n    seen.append(x)\n    return seen\n",
    );
    let ran = home.run(&["analyse", "shared.py", "--no-explain"]);
    assert!(
        ran.out.contains("\nshared.py:1:") && ran.out.contains("mutable-default — "),
        "{ran:?}"
    );
    assert!(ran.out.contains("\n    fix: "), "{ran:?}");
    let json = home.run(&["analyse", "shared.py", "--json"]).json();
    let finding = &json["findings"][0];
    assert_eq!(
        (&finding["rule"], &finding["line"]),
        (&"mutable-default".into(), &1.into()),
        "{json}"
    );
    assert_eq!(json["metrics"]["functions"][0]["name"], "collect", "{json}");
    let is_error = finding["severity"] == "error";
    assert_eq!(ran.code, i32::from(is_error), "{ran:?}");
}

#[test]
fn code_is_read_from_standard_input_and_its_language_told() {
    let home = Home::new();
    let ran = home
        .run_with(
            &["analyse", "-"],
            "def double(xs):\n    return [2 * x for x in xs]\n",
        )
        .done();
    assert!(ran.out.starts_with("standard input · Python · "), "{ran:?}");
    let ran = home.run_with(&["analyse", "-"], "~ ~ ~").failed();
    assert!(ran.err.contains("--language"), "{ran:?}");
    home.run(&["analyse"]).refused_as_usage();
    home.run(&["analyse", "x.py", "--json", "--no-explain"])
        .refused_as_usage();
}
