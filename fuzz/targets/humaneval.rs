//! Files of tasks in the HumanEval format, plain or packed.
#![no_main]

use analysis::SyntaxAnalyser;
use app::knowledge::read_humaneval;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    if let Err(error) = read_humaneval(bytes, &SyntaxAnalyser::new()) {
        assert!(!error.to_string().is_empty());
    }
});
