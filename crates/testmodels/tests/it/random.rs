//! Random models and adapters of every family.

use std::collections::HashSet;
use std::fs;

use inference::gguf::read_header;
use testmodels::{Family, Size, write_adapter, write_random};

use crate::session::Session;

const PROMPT: &str = "def add(a, b):\n    return the sum of a and b";

#[test]
fn every_family_loads_and_writes_text_that_varies() {
    let folder = tempfile::tempdir().unwrap();
    for family in Family::ALL {
        let path = folder.path().join(format!("{}.gguf", family.name()));
        write_random(family, Size::Tiny, 7, &path).unwrap();
        let header = read_header(&path).unwrap();
        assert_eq!(
            header.find_text("general.architecture"),
            Some(family.architecture())
        );
        assert_eq!(
            header.find_text("tokenizer.chat_template"),
            family.template()
        );
        let size = fs::metadata(&path).unwrap().len();
        assert!(size < 700_000, "{family:?} has {size} bytes");
        let mut session = Session::open(&path);
        let text = session.write(PROMPT, 40);
        let distinct: HashSet<i32> = text.tokens.iter().copied().collect();
        assert!(distinct.len() > 8, "{family:?} wrote {text:?}");
        assert_eq!(session.write(PROMPT, 40), text, "{family:?}");
        let other = session.write("class Stack:", 40);
        assert_ne!(other, text, "{family:?} does not read its prompt");
    }
}

#[test]
fn text_becomes_tokens_and_comes_back() {
    let folder = tempfile::tempdir().unwrap();
    for family in Family::ALL {
        let path = folder.path().join("model.gguf");
        write_random(family, Size::Tiny, 7, &path).unwrap();
        let session = Session::open(&path);
        for text in [PROMPT, "naïve 漢字 🦀\t\r\n", "x"] {
            let tokens = session.tokenise(text);
            let has_begin = tokens[0] == session.model.vocab().bos();
            assert_eq!(has_begin, family != Family::Phi2, "{family:?}");
            let bytes: Vec<u8> = tokens
                .iter()
                .skip(usize::from(has_begin))
                .flat_map(|&token| session.model.vocab().token_to_piece(token, false, None))
                .collect();
            let written = String::from_utf8(bytes).unwrap();
            let is_space_put_first = matches!(family, Family::Phi3 | Family::Mistral);
            let expected = if is_space_put_first {
                format!(" {text}")
            } else {
                text.to_owned()
            };
            assert_eq!(written, expected, "{family:?}");
        }
        let words = session.tokenise(PROMPT).len();
        assert!(words < PROMPT.len(), "{family:?} merges nothing");
    }
}

#[test]
fn special_tokens_are_one_token_each() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("model.gguf");
    for (family, specials) in [
        (Family::Gemma, &["<start_of_turn>", "<end_of_turn>"][..]),
        (Family::DeepseekCoder, &["<|EOT|>"]),
        (Family::Phi2, &["<|endoftext|>"]),
        (Family::Phi3, &["<|user|>", "<|end|>", "<|assistant|>"]),
        (Family::Mistral, &["[INST]", "[/INST]", "</s>"]),
    ] {
        write_random(family, Size::Tiny, 7, &path).unwrap();
        let session = Session::open(&path);
        for special in specials {
            let count = session
                .model
                .vocab()
                .tokenize(special.as_bytes(), false, true)
                .len();
            assert_eq!(count, 1, "{family:?} {special}");
            let as_text = session
                .model
                .vocab()
                .tokenize(special.as_bytes(), false, false)
                .len();
            assert!(as_text > 3, "{family:?} {special}");
        }
    }
}

#[test]
fn an_adapter_changes_the_text_and_the_seed_changes_the_adapter() {
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name);
    for family in Family::ALL {
        write_random(family, Size::Tiny, 7, &at("model.gguf")).unwrap();
        write_adapter(&at("model.gguf"), 4, 1, &at("one.gguf")).unwrap();
        write_adapter(&at("model.gguf"), 4, 2, &at("two.gguf")).unwrap();
        read_header(&at("one.gguf")).unwrap();
        let plain = Session::open(&at("model.gguf")).write(PROMPT, 20);
        let [one, two] = ["one.gguf", "two.gguf"].map(|name| {
            Session::open(&at("model.gguf"))
                .with_adapter(&at(name))
                .write(PROMPT, 20)
        });
        assert_ne!(plain, one, "{family:?}");
        assert_ne!(plain, two, "{family:?}");
        assert_ne!(one, two, "{family:?}");
    }
}

#[test]
fn the_same_seed_gives_the_same_file() {
    let folder = tempfile::tempdir().unwrap();
    let write = |seed: u64| {
        let path = folder.path().join("model.gguf");
        write_random(Family::Gemma, Size::Tiny, seed, &path).unwrap();
        fs::read(path).unwrap()
    };
    assert_eq!(write(1), write(1));
    assert_ne!(write(1), write(2));
}
