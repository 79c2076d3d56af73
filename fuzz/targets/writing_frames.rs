//! Frames between the server and an engine that writes, in both directions. What was read can be written, and is read again as the
//! same frame.
#![no_main]
#![expect(dead_code, reason = "the files are read here by path, and not all of them is used")]

// A folder that there is, for the paths in it to start from.
#[path = "parts"]
mod engine {
    #[path = "../../../crates/inference/src/engine/frame.rs"]
    pub(crate) mod frame;
    #[path = "../../../crates/inference/src/engine/generator/frame.rs"]
    pub(crate) mod generator_frame;
}

use engine::generator_frame::{read_order, read_report, write_order, write_report};

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    if let Ok(Some(order)) = read_order(&mut &bytes[..]) {
        let mut once = Vec::new();
        write_order(&mut once, &order).expect("what was read can be written");
        // A number too large for its type is read as infinite, which JSON has no word for; only then may reading fail.
        if let Ok(Some(again)) = read_order(&mut &once[..]) {
            let mut twice = Vec::new();
            write_order(&mut twice, &again).expect("what was read can be written");
            assert_eq!(once, twice);
        }
    }
    if let Ok(Some(report)) = read_report(&mut &bytes[..]) {
        let mut once = Vec::new();
        write_report(&mut once, &report).expect("what was read can be written");
        if let Ok(Some(again)) = read_report(&mut &once[..]) {
            let mut twice = Vec::new();
            write_report(&mut twice, &again).expect("what was read can be written");
            assert_eq!(once, twice);
        }
    }
});
