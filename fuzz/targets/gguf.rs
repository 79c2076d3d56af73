//! Headers of model files, and whether they describe a model or an adapter that can be used.
#![no_main]
#![expect(dead_code, reason = "the files are read here by path, and not all of them is used")]

#[path = "../../crates/inference/src/catalogue/adapter.rs"]
mod adapter;
#[path = "../../crates/inference/src/catalogue/check.rs"]
mod check;
#[path = "parts/folder.rs"]
mod folder;
#[path = "../../crates/inference/src/gguf/mod.rs"]
mod gguf;
#[path = "../../crates/inference/src/catalogue/kinds.rs"]
mod kinds;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    let path = folder::of_this_process().join("model.gguf");
    std::fs::write(&path, bytes).expect("the temporary folder can be written");
    match gguf::read_header(&path) {
        Ok(header) => {
            match check::describe_model(&header) {
                Ok(description) => assert!(description.context_tokens > 0),
                Err(reason) => assert!(!reason.is_empty()),
            }
            if let Err(reason) = adapter::check_adapter(&header, "llama") {
                assert!(!reason.is_empty());
            }
        }
        Err(error) => assert!(!error.to_string().is_empty()),
    }
});
