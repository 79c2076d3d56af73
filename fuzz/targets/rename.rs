//! Renaming a definition. The first byte says which language; the first two words of the first line are the names.
#![no_main]

use analysis::SyntaxAnalyser;
use domain::analysis::CodeAnalyser;
use domain::language::Language;

libfuzzer_sys::fuzz_target!(|text: &str| {
    let Some((names, code)) = text.split_once('\n') else {
        return;
    };
    let mut letters = names.chars();
    let Some(choice) = letters.next() else { return };
    let Some((from, to)) = letters.as_str().split_once(' ') else {
        return;
    };
    let language = Language::ALL[choice as usize % Language::ALL.len()];
    let analyser = SyntaxAnalyser::new();
    if let Some(renamed) = analyser.rename(language, code, from, to) {
        assert!(renamed.contains(to));
    }
});
