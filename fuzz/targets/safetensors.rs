//! Converting a published encoder: its weights, its configuration and its vocabulary. The first four bytes give the lengths of
//! the last two.
#![no_main]
#![expect(dead_code, reason = "the files are read here by path, and not all of them is used")]

#[path = "parts/folder.rs"]
mod folder;
#[path = "../../crates/inference/src/gguf/mod.rs"]
mod gguf;
#[path = "../../crates/inference/src/minilm/mod.rs"]
mod minilm;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    let Some((lengths, rest)) = bytes.split_first_chunk::<4>() else {
        return;
    };
    let [a, b, c, d] = lengths.map(usize::from);
    let (config, rest) = rest.split_at((a << 8 | b).min(rest.len()));
    let (words, weights) = rest.split_at((c << 8 | d).min(rest.len()));
    let folder = folder::of_this_process();
    for (name, part) in [
        ("config.json", config),
        ("vocab.txt", words),
        ("model.safetensors", weights),
    ] {
        std::fs::write(folder.join(name), part).expect("the temporary folder can be written");
    }
    let out = folder.join("model.gguf");
    match minilm::convert(folder, &out) {
        Ok(()) => drop(gguf::read_header(&out).expect("what was written can be read")),
        Err(error) => assert!(!error.to_string().is_empty()),
    }
});
