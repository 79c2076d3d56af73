//! Everything that is told of Go code.
#![no_main]

use domain::language::Language;

#[path = "parts/analyse.rs"]
mod analyse;

libfuzzer_sys::fuzz_target!(|code: &str| analyse::analyse(Language::Go, code));
