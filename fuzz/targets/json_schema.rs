//! JSON Schemas that become grammars. What is refused is refused with words; what is not is the same every time.
#![no_main]

#[path = "../../crates/inference/src/grammar/mod.rs"]
mod grammar;

libfuzzer_sys::fuzz_target!(|schema: &str| {
    match grammar::json_schema(schema) {
        Ok(text) => {
            assert!(text.contains("root ::= "));
            assert_eq!(grammar::json_schema(schema), Ok(text));
        }
        Err(error) => assert!(!error.to_string().is_empty()),
    }
    assert!(!grammar::json_object().is_empty());
});
