//! `ask`, `chat`, `explain` and `teach`: answers in the terminal and as JSON.

use serde_json::{Value, json};

use crate::program::{Client, Home, Server};

const QUESTION: &str = "write a Python function that merges overlapping intervals";

#[test]
fn the_first_question_brings_the_library_and_is_answered() {
    let home = Home::new();
    let ran = home.run(&["ask", QUESTION]).done();
    assert!(
        ran.out.contains("```python") && ran.out.contains("def "),
        "{ran:?}"
    );
    assert!(ran.out.contains("\nLIBRARY · "), "{ran:?}");
    assert!(
        ran.out.contains("\nsource  0.") || ran.out.contains("\nsource  1."),
        "{ran:?}"
    );
    assert!(
        ran.out.contains("\ncheck   The code parses as Python."),
        "{ran:?}"
    );
    assert!(!ran.out.contains('\u{1b}'), "no colour in a pipe: {ran:?}");
    assert!(ran.err.contains("searching by words alone"), "{ran:?}");
}

#[test]
fn the_same_question_is_answered_in_the_same_way_and_the_receipt_tells_how() {
    let home = Home::without_sandbox();
    let first = home.run(&["ask", QUESTION]).done();
    let second = home.run(&["ask", QUESTION, "--receipt"]).done();
    assert!(second.out.starts_with(&first.out), "{first:?} {second:?}");
    for step in [
        "understand",
        "recall",
        "route",
        "retrieve",
        "decide",
        "generate",
        "clean",
        "check",
    ] {
        assert!(
            second.out.contains(&format!("\n  {step}")),
            "{step}: {second:?}"
        );
    }
}

#[test]
fn questions_come_from_standard_input_too() {
    let home = Home::without_sandbox();
    let piped = home
        .run_with(&["ask", "-", "--json"], QUESTION)
        .done()
        .json();
    let direct = home.run(&["ask", QUESTION, "--json"]).done().json();
    assert_eq!(piped, direct);
    let code = "def add(a, b):\n    return a + b\n";
    let about = home
        .run_with(
            &["ask", "what does this do?", "--code", "-", "--json"],
            code,
        )
        .done()
        .json();
    assert_eq!(about["brain"], "ANALYSIS", "{about}");
    let both = home.run(&["ask", "-", "--code", "-"]).failed();
    assert!(both.err.contains("cannot be both"), "{both:?}");
}

#[test]
fn wrong_questions_are_refused_with_what_to_do() {
    let home = Home::new();
    assert!(
        home.run(&["ask", "  "])
            .failed()
            .err
            .contains("the question is empty")
    );
    assert!(
        home.run(&["ask", &"x ".repeat(40_000)])
            .failed()
            .err
            .contains("shorten it")
    );
    assert!(
        home.run(&["ask", "x", "--code", "none.py"])
            .failed()
            .err
            .contains("none.py")
    );
    let style = home
        .run(&["ask", "x", "--style", "pirate"])
        .refused_as_usage();
    assert!(
        style.err.contains("beginner, technical, step-by-step"),
        "{style:?}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn beside_a_running_server_the_answer_is_the_same_as_its_own() {
    let home = Home::without_sandbox();
    home.create_user("user", "ada").done();
    let server = Server::start(&home);
    server.wait_for_err("searching by words alone");
    let client = Client::signed_in(&server, "ada").await;
    for (message, mode) in [
        (QUESTION, "auto"),
        ("what is recursion?", "explain"),
        ("zzqx vorgl", "auto"),
    ] {
        let (status, mut answer) = client
            .post("/api/v1/ask", &json!({"message": message, "mode": mode}))
            .await
            .unwrap();
        assert_eq!(status, 200, "{answer}");
        for identity in ["conversation_id", "message_id", "receipt_id"] {
            assert!(answer[identity].is_string(), "{identity}: {answer}");
            answer[identity] = Value::Null;
        }
        let local = home
            .run(&["ask", message, "--mode", mode, "--json"])
            .done()
            .json();
        assert_eq!(local, answer);
    }
}

#[test]
fn a_chat_remembers_until_it_is_told_not_to() {
    let home = Home::new();
    let input = format!(
        "{QUESTION}\nexplain it\n/sources\n/receipt\n/new\n/sources\n/style pirate\n/sing\n/quit\nnever read\n"
    );
    let ran = home.run_with(&["chat"], &input).done();
    assert!(
        ran.out.contains("LIBRARY · ") && ran.out.contains("receipt"),
        "{ran:?}"
    );
    assert!(
        ran.out.contains("used=true"),
        "the second message refers to the first: {ran:?}"
    );
    assert!(
        ran.out.contains("forgotten") && ran.out.contains("there is no answer yet"),
        "{ran:?}"
    );
    assert!(
        ran.err.contains("`pirate` is not a style") && ran.err.contains("`/sing` is not a command"),
        "{ran:?}"
    );
    assert!(!ran.out.contains("never read"), "{ran:?}");
}

#[test]
fn a_chat_takes_a_fenced_block_as_one_message() {
    let home = Home::new();
    let input = "explain this\n";
    let fenced = format!("```python\ndef twice(x):\n    return 2 * x\n```\n{input}");
    let ran = home
        .run_with(&["chat", "--mode", "explain"], &fenced)
        .done();
    assert!(
        ran.out.contains("ANALYSIS · ") && ran.out.contains("twice"),
        "{ran:?}"
    );
}

#[test]
fn a_file_is_explained_by_its_extension() {
    let home = Home::new();
    home.write("twice.py", "def twice(x):\n    return 2 * x\n");
    let ran = home
        .run(&["explain", "twice.py", "--style", "step-by-step"])
        .done();
    assert!(
        ran.out.contains("twice") && ran.out.contains("ANALYSIS · "),
        "{ran:?}"
    );
    home.write("twice", "def twice(x):\n    return 2 * x\n");
    assert!(
        home.run(&["explain", "twice"])
            .failed()
            .err
            .contains("--language")
    );
    home.run(&["explain", "twice", "--language", "python"])
        .done();
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_taught_is_found_by_its_author_alone() {
    let home = Home::new();
    home.create_user("developer", "ada").done();
    home.create_user("user", "bob").done();
    home.write(
        "inv.py",
        "def parse_zorblax_invoice(text):\n    return text.split('-')\n",
    );
    let teach = |who: &str, file: &str| {
        home.run(&[
            "teach",
            "--as",
            who,
            "--description",
            "Parse a zorblax invoice number",
            "--file",
            file,
            "--json",
        ])
    };
    let taught = teach("ada@example.org", "inv.py").done().json();
    assert_eq!(taught["status"], "draft", "{taught}");

    assert!(
        teach("bob@example.org", "inv.py")
            .failed()
            .err
            .contains("your role does not allow this")
    );
    assert!(
        teach("cyd@example.org", "inv.py")
            .failed()
            .err
            .contains("no such account")
    );
    home.write("bad.py", "def f(:\n");
    assert!(
        teach("ada@example.org", "bad.py")
            .failed()
            .err
            .contains("does not parse at line 1")
    );

    let server = Server::start(&home);
    for (name, finds) in [("ada", true), ("bob", false)] {
        let client = Client::signed_in(&server, name).await;
        let (status, found) = client
            .get("/api/v1/knowledge/search?q=parse%20zorblax%20invoice")
            .await
            .unwrap();
        assert_eq!(status, 200, "{found}");
        assert_eq!(
            found.to_string().contains(taught["id"].as_str().unwrap()),
            finds,
            "{name}: {found}"
        );
    }
}
