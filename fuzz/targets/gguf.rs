//! Headers of model files.
#![no_main]
#![expect(dead_code, reason = "the file is read here by path, and not all of it is used")]

#[path = "parts/folder.rs"]
mod folder;
#[path = "../../crates/inference/src/gguf/mod.rs"]
mod gguf;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    let path = folder::of_this_process().join("model.gguf");
    std::fs::write(&path, bytes).expect("the temporary folder can be written");
    if let Err(error) = gguf::read_header(&path) {
        assert!(!error.to_string().is_empty());
    }
});
