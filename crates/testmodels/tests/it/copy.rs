//! The copying model does what its file says.

use std::fs;
use std::path::Path;

use inference::gguf::read_header;
use testmodels::{CopyAdapter, write_copy_adapter, write_copy_model};

use crate::session::Session;

const SYSTEM: &str = "You write code. Answer with a code block.";
const FIRST: &str = "```python\ndef add(a, b):\n    return a + b\n```";
const SECOND: &str = "```rust\nfn largest(values: &[i32]) -> Option<i32> {\n    values.iter().copied().max()\n}\n```";

fn session(folder: &Path) -> Session {
    let path = folder.join("copy.gguf");
    write_copy_model(&path).unwrap();
    Session::open(&path)
}

fn ask(user: &str) -> String {
    format!("<|system|>{SYSTEM}<|end|><|user|>{user}<|end|><|assistant|>")
}

#[test]
fn it_is_small_and_its_header_is_right() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("copy.gguf");
    write_copy_model(&path).unwrap();
    let header = read_header(&path).unwrap();
    assert_eq!(header.find_text("general.architecture"), Some("llama"));
    assert!(header.find_text("tokenizer.chat_template").is_some());
    assert!(fs::metadata(&path).unwrap().len() < 5_000_000);
}

#[test]
fn the_last_code_block_is_copied_with_its_fences() {
    let folder = tempfile::tempdir().unwrap();
    let mut session = session(folder.path());
    for prompt in [
        ask(&format!(
            "Sources:\n\n{FIRST}\n\n{SECOND}\n\nFind the largest value in Rust."
        )),
        ask(&format!("Find the largest value.\n{SECOND}")),
        format!(
            "<|system|>{SYSTEM}\n{FIRST}\n{SECOND}<|end|><|user|>The largest?<|end|><|assistant|>"
        ),
    ] {
        let text = session.write(&prompt, 300);
        assert_eq!(text.written, SECOND, "{prompt}");
        assert!(text.is_ended);
    }
    let text = session.write(&ask(&format!("{SECOND} and {FIRST}")), 300);
    assert_eq!(text.written, FIRST);
}

#[test]
fn without_a_code_block_the_question_is_copied() {
    let folder = tempfile::tempdir().unwrap();
    let mut session = session(folder.path());
    for question in ["What is a stack?", "hi", "Grüße! What about 漢字 and 🦀?"] {
        let text = session.write(&ask(question), 300);
        assert_eq!(text.written, question);
        assert!(text.is_ended);
    }
}

#[test]
fn a_second_turn_copies_nothing_that_the_assistant_said() {
    let folder = tempfile::tempdir().unwrap();
    let mut session = session(folder.path());
    let first = ask(&format!("Add two numbers.\n{FIRST}"));
    let answer = session.write(&first, 300);
    assert_eq!(answer.written, FIRST);
    let second =
        format!("{first}{FIRST}<|end|><|user|>And the largest?\n{SECOND}<|end|><|assistant|>");
    assert_eq!(session.write(&second, 300).written, SECOND);
    let third =
        format!("{first}```sql\nselect 1\n```<|end|><|user|>Again, please.<|end|><|assistant|>");
    assert_eq!(session.write(&third, 300).written, FIRST);
}

#[test]
fn a_long_source_with_repeated_lines_comes_to_an_end() {
    let folder = tempfile::tempdir().unwrap();
    let mut session = session(folder.path());
    let functions: Vec<String> = (0..40)
        .map(|number| format!("def step_{number}(value):\n    return value + {number}\n\n"))
        .collect();
    let lines = functions.concat();
    let source = format!("```python\n{lines}```");
    let text = session.write(&ask(&source), 2000);
    assert!(text.is_ended, "{}", text.written);
    assert!(
        text.written.starts_with("```python\ndef step_0(value):\n"),
        "{}",
        text.written
    );
    assert!(text.written.ends_with("+ 39\n\n```"), "{}", text.written);
}

#[test]
fn plain_text_goes_on_as_it_went_before() {
    let folder = tempfile::tempdir().unwrap();
    let mut session = session(folder.path());
    let text = session.write("one two three four five, one two", 12);
    assert_eq!(text.written, " three four five, o");
}

#[test]
fn adapters_change_what_is_seen_and_nothing_else() {
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name);
    let prompt = ask(&format!("Add.\n{FIRST}"));
    for (adapter, expected) in [
        (
            CopyAdapter::Spaces,
            "```python\ndef add(a,␣b):\n    return a +␣b\n```",
        ),
        (
            CopyAdapter::Umlauts,
            "```python\ndef add(ä, b):\n    return a + b\n```",
        ),
    ] {
        write_copy_adapter(adapter, &at("adapter.gguf")).unwrap();
        let text = session(folder.path())
            .with_adapter(&at("adapter.gguf"))
            .write(&prompt, 300);
        assert_eq!(text.written, expected);
        assert!(text.is_ended);
    }
}
