//! Which language some text is in.
#![no_main]

use analysis::SyntaxAnalyser;
use domain::analysis::CodeAnalyser;

libfuzzer_sys::fuzz_target!(|text: &str| {
    let analyser = SyntaxAnalyser::new();
    assert_eq!(
        analyser.detect_language(text),
        analyser.detect_language(text)
    );
});
