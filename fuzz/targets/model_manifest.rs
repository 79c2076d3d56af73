//! What is remembered of a model beside its file. What can be read can be written and is the same.
#![no_main]
#![expect(dead_code, reason = "the files are read here by path, and not all of them is used")]

#[path = "../../crates/inference/src/catalogue/check.rs"]
mod check;
#[path = "../../crates/inference/src/gguf/mod.rs"]
mod gguf;
#[path = "../../crates/inference/src/catalogue/kinds.rs"]
mod kinds;
#[path = "../../crates/inference/src/catalogue/manifest.rs"]
mod manifest;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    if let Some(read) = manifest::Manifest::parse(bytes) {
        let again = manifest::Manifest::parse(&read.render());
        assert_eq!(again.as_ref(), Some(&read));
        assert!(read.weights.digest().is_some());
    }
});
