//! What a question is searched by: words, terms, identifiers, language.
#![no_main]

use retrieval::{evidence, terms};

libfuzzer_sys::fuzz_target!(|text: &str| {
    drop(evidence::Question::new(text));
    drop(terms::search_words(text));
    drop(terms::list_forms(text, 4096));
    for term in terms::find_terms(text) {
        assert!(term.weight > 0.0 && term.weight <= 1.0);
    }
});
