//! Frames between the server and an engine, in both directions. What can be read can be written and is the same.
#![no_main]
#![expect(dead_code, reason = "the file is read here by path, and not all of it is used")]

#[path = "../../crates/inference/src/engine/frame.rs"]
mod frame;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    if let Ok(Some(request)) = frame::read_request(&mut &bytes[..]) {
        let texts: Vec<&str> = request.texts.iter().map(String::as_str).collect();
        let mut again = Vec::new();
        frame::write_request(&mut again, request.id, &texts).expect("what was read can be written");
        let read = frame::read_request(&mut &again[..]).expect("what was written can be read");
        assert_eq!(read, Some(request));
    }
    drop(frame::read_reply(&mut &bytes[..]));
});
