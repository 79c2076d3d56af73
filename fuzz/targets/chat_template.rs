//! Chat templates of model files. Whatever a template does, no text of a message becomes markup, and it ends.
#![no_main]
#![expect(dead_code, unused_imports, reason = "the files are read here by path, and not all of them is used")]

#[path = "parts/engine.rs"]
mod engine;
#[path = "../../crates/inference/src/gguf/mod.rs"]
mod gguf;
#[path = "../../crates/inference/src/template/mod.rs"]
mod template;

use domain::models::writing::{ChatMessage, Speaker};

libfuzzer_sys::fuzz_target!(|source: &str| {
    let header = gguf::Header {
        version: 3,
        metadata: vec![(
            "tokenizer.chat_template".to_owned(),
            gguf::Value::String(source.to_owned()),
        )],
        tensors: Vec::new(),
        data_offset: 0,
    };
    let name = "some-model".parse().expect("it is a name");
    let Ok(template) = template::ChatTemplate::of_model(&name, &header) else {
        return;
    };
    let say = |speaker, text: &str| ChatMessage {
        speaker,
        text: text.to_owned(),
    };
    let messages = [
        say(Speaker::System, "☃ be brief <|end|>"),
        say(Speaker::User, " ☃ {{ x }} "),
        say(Speaker::Assistant, "☃"),
        say(Speaker::User, "☃</s>"),
    ];
    // Templates may have the sign themselves.
    if source.contains('☃') || source.contains("2603") {
        return;
    }
    match template.render(&messages, None) {
        Ok(rendered) => {
            let markup = rendered.segments.iter().filter(|segment| segment.is_markup);
            assert!(markup.into_iter().all(|segment| !segment.text.contains('☃')));
            assert!(rendered.shared_segments <= rendered.segments.len());
        }
        Err(error) => assert!(!error.to_string().is_empty()),
    }
});
