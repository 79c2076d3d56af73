//! Everything that is told of JavaScript code.
#![no_main]

use domain::language::Language;

#[path = "parts/analyse.rs"]
mod analyse;

libfuzzer_sys::fuzz_target!(|code: &str| analyse::analyse(Language::JavaScript, code));
