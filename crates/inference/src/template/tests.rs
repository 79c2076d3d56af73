//! Renderings against Jinja2's own, hostile templates, and the rule that no text of a message becomes markup.

mod hostile;

use domain::models::writing::{ChatMessage, Speaker};
use domain::time::Timestamp;
use proptest::prelude::*;
use serde::Deserialize;

use super::sandbox::{FUEL, Fault, Sandbox};
use super::{ChatTemplate, Rendered, SpecialTokens, TemplateError};
use crate::gguf::{Array, Header, Value};

#[derive(Deserialize)]
struct Golden {
    family: String,
    case: String,
    tokens: (String, String),
    messages: Vec<(String, String)>,
    text: String,
}

fn golden() -> Vec<Golden> {
    serde_json::from_str(include_str!("../../tests/templates/golden.json")).unwrap()
}

fn published(family: &str) -> Option<&'static str> {
    Some(match family {
        "gemma-2b-it" => include_str!("../../tests/templates/gemma-2b-it.jinja"),
        "deepseek-coder-1.3b-instruct" => {
            include_str!("../../tests/templates/deepseek-coder-1.3b-instruct.jinja")
        }
        "phi-3-mini-4k-instruct" => {
            include_str!("../../tests/templates/phi-3-mini-4k-instruct.jinja")
        }
        "phi-3-mini-4k-instruct-gguf" => {
            include_str!("../../tests/templates/phi-3-mini-4k-instruct-gguf.jinja")
        }
        "mistral-7b-instruct-v0.2" => {
            include_str!("../../tests/templates/mistral-7b-instruct-v0.2.jinja")
        }
        "mistral-7b-instruct-v0.3" => {
            include_str!("../../tests/templates/mistral-7b-instruct-v0.3.jinja")
        }
        _ => return None,
    })
}

fn header(template: Option<&str>, begin: &str, end: &str) -> Header {
    let text = |text: &str| Value::String(text.to_owned());
    let words = vec!["<unk>".to_owned(), begin.to_owned(), end.to_owned()];
    let mut metadata = vec![
        ("general.architecture".to_owned(), text("llama")),
        (
            "tokenizer.ggml.tokens".to_owned(),
            Value::Array(Array::Strings(words)),
        ),
        ("tokenizer.ggml.bos_token_id".to_owned(), Value::U32(1)),
        ("tokenizer.ggml.eos_token_id".to_owned(), Value::U32(2)),
    ];
    metadata
        .extend(template.map(|template| ("tokenizer.chat_template".to_owned(), text(template))));
    Header {
        version: 3,
        metadata,
        tensors: Vec::new(),
        data_offset: 0,
    }
}

fn template_of(name: &str, header: &Header) -> Result<ChatTemplate, TemplateError> {
    ChatTemplate::of_model(&name.parse().unwrap(), header)
}

fn template(source: &str) -> ChatTemplate {
    template_of("some-model", &header(Some(source), "<s>", "</s>")).unwrap()
}

fn say(speaker: Speaker, text: &str) -> ChatMessage {
    ChatMessage {
        speaker,
        text: text.to_owned(),
    }
}

fn user(text: &str) -> ChatMessage {
    say(Speaker::User, text)
}

fn joined(rendered: &Rendered) -> String {
    rendered
        .segments
        .iter()
        .map(|segment| segment.text.as_str())
        .collect()
}

fn refusal(source: &str, messages: &[ChatMessage]) -> String {
    match template_of("some-model", &header(Some(source), "<s>", "</s>")) {
        Ok(template) => template.render(messages, None).unwrap_err().to_string(),
        Err(error) => error.to_string(),
    }
}

#[test]
fn published_templates_are_rendered_as_jinja2_renders_them() {
    let golden = golden();
    assert_eq!(golden.len(), 70);
    for row in golden {
        let (begin, end) = &row.tokens;
        let header = header(published(&row.family), begin, end);
        let template = template_of(&row.family, &header).unwrap();
        let messages: Vec<ChatMessage> = row
            .messages
            .iter()
            .map(|(role, text)| {
                let speaker = match role.as_str() {
                    "system" => Speaker::System,
                    "user" => Speaker::User,
                    "assistant" => Speaker::Assistant,
                    other => panic!("there is no role {other}"),
                };
                say(speaker, text)
            })
            .collect();
        let rendered = template.render(&messages, None);
        let rendered =
            rendered.unwrap_or_else(|error| panic!("{} {}: {error}", row.family, row.case));
        assert_eq!(joined(&rendered), row.text, "{} {}", row.family, row.case);
        assert_eq!(
            template.render(&messages, None).as_ref(),
            Ok(&rendered),
            "a second time"
        );
    }
}

#[test]
fn answers_end_where_the_family_ends_them() {
    for (family, begin, end, stop) in [
        ("gemma-2b-it", "<bos>", "<eos>", &["<end_of_turn>"][..]),
        (
            "deepseek-coder-1.3b-instruct",
            "<b>",
            "<|EOT|>",
            &["### Instruction:"],
        ),
        (
            "phi-3-mini-4k-instruct",
            "<s>",
            "<|endoftext|>",
            &["<|end|>"],
        ),
        ("mistral-7b-instruct-v0.2", "<s>", "</s>", &["[INST]"]),
        (
            "phi-2",
            "<|endoftext|>",
            "<|endoftext|>",
            &["\nInstruct:", "\nOutput:"],
        ),
    ] {
        let template = template_of(family, &header(published(family), begin, end)).unwrap();
        let rendered = template.render(&[user("x")], None).unwrap();
        assert_eq!(rendered.stop, stop, "{family}");
    }
}

#[test]
fn a_file_without_a_template_gets_the_form_of_its_family() {
    let written = |name: &str, words: &[&str]| {
        let mut header = header(None, "<s>", "</s>");
        for (key, value) in &mut header.metadata {
            if key == "tokenizer.ggml.tokens" {
                let more = words.iter().map(|word| (*word).to_owned());
                let first = ["<unk>", "<s>", "</s>"].map(str::to_owned);
                *value = Value::Array(Array::Strings(first.into_iter().chain(more).collect()));
            }
        }
        joined(
            &template_of(name, &header)
                .unwrap()
                .render(&[user("Hi")], None)
                .unwrap(),
        )
    };
    for (name, words, expected) in [
        ("phi-2", &[][..], "Instruct: Hi\nOutput:"),
        (
            "deepseek-coder-1.3b-instruct",
            &[],
            "<s>### Instruction:\nHi\n### Response:\n",
        ),
        (
            "any",
            &["<|im_start|>"],
            "<|im_start|>user\nHi<|im_end|>\n<|im_start|>assistant\n",
        ),
        (
            "any",
            &["<start_of_turn>"],
            "<s><start_of_turn>user\nHi<end_of_turn>\n<start_of_turn>model\n",
        ),
        (
            "any",
            &["<|end|>", "<|assistant|>"],
            "<|user|>\nHi<|end|>\n<|assistant|>\n",
        ),
        ("mistral-7b-instruct", &[], "<s>[INST] Hi [/INST]"),
        ("any", &[], "### User:\nHi\n\n### Assistant:\n"),
    ] {
        assert_eq!(written(name, words), expected, "{name} {words:?}");
    }
}

#[test]
fn adjacent_messages_of_one_speaker_are_one_where_speakers_take_turns() {
    let source = published("gemma-2b-it").unwrap();
    let messages = [
        say(Speaker::System, "S"),
        user("a"),
        user("b"),
        say(Speaker::Assistant, "c"),
        say(Speaker::System, "T"),
        user("d"),
    ];
    assert_eq!(
        joined(&template(source).render(&messages, None).unwrap()),
        "<s><start_of_turn>user\nS\n\na\n\nb<end_of_turn>\n<start_of_turn>model\nc<end_of_turn>\n\
         <start_of_turn>user\nT\n\nd<end_of_turn>\n<start_of_turn>model\n"
    );
    let answer_first = [say(Speaker::Assistant, "c"), user("d")];
    assert!(refusal(source, &answer_first).contains("must alternate"));
}

#[test]
fn only_what_the_system_message_decides_is_shared() {
    let chat_ml =
        "{% for m in messages %}<|im_start|>{{ m.role }}\n{{ m.content }}<|im_end|>\n{% endfor %}";
    let shared = |messages: &[ChatMessage]| {
        let rendered = template(chat_ml).render(messages, None).unwrap();
        rendered.segments[..rendered.shared_segments]
            .iter()
            .map(|segment| segment.text.clone())
            .collect::<String>()
    };
    assert_eq!(
        shared(&[say(Speaker::System, "S"), user("a")]),
        "<|im_start|>system\nS<|im_end|>\n<|im_start|>user\n"
    );
    assert_eq!(shared(&[user("a")]), "<|im_start|>user\n");
    assert_eq!(
        shared(&[user("a"), say(Speaker::System, "S")]),
        "<|im_start|>user\n",
        "a later system message follows a user's text"
    );
    let gemma = template(published("gemma-2b-it").unwrap());
    let rendered = gemma
        .render(&[say(Speaker::System, "S"), user("a")], None)
        .unwrap();
    assert_eq!(rendered.shared_segments, 3);
    assert_eq!(rendered.segments[2].text, "\n\n");
}

#[test]
fn templates_that_lose_or_change_a_text_are_refused() {
    let messages = [
        user("first"),
        say(Speaker::Assistant, "second"),
        user("third"),
    ];
    for source in [
        "{{ messages[-1].content }}",
        "{% for m in messages %}{{ m.content | upper }}{% endfor %}",
        "{% for m in messages %}{{ m.content[:20] }}{% endfor %}",
        "{% for m in messages %}{{ m | tojson }}{% endfor %}",
        "{% for m in messages %}{{ m.content | e }}{% endfor %}",
        "{{ messages }}",
        "always the same",
    ] {
        let text = refusal(source, &messages);
        assert!(text.contains("`some-model`"), "{source}: {text}");
        assert!(
            text.contains("leaves out") || text.contains("cuts"),
            "{source}: {text}"
        );
    }
}

#[test]
fn templates_trim_as_they_say() {
    let written =
        |source: &str, text: &str| joined(&template(source).render(&[user(text)], None).unwrap());
    let text = "\n\n a \n";
    assert_eq!(written("<{{ messages[0].content }}>", text), "<\n\n a \n>");
    assert_eq!(written("<{{ messages[0].content | trim }}>", text), "<a>");
    assert_eq!(written("<{{ messages[0].content.strip() }}>", text), "<a>");
    assert_eq!(
        written("<{{ messages[0].content.lstrip() }}>", text),
        "<a \n>"
    );
    assert_eq!(
        written("<{{ messages[0].content.rstrip('\\n') + '\\n' }}>", text),
        "<\n\n a \n>"
    );
    assert_eq!(
        written("<{{ messages[0].content.strip('\\n') + '\\n' }}>", text),
        "< a \n>"
    );
    assert_eq!(
        written("<{{ messages[0].content | trim }}>", " \n "),
        "<>",
        "nothing is lost"
    );
}

#[test]
fn conversations_beyond_the_bounds_are_refused() {
    let source = "{% for m in messages %}{{ m.content }}{% endfor %}";
    assert!(refusal(source, &[]).contains("no messages"));
    assert!(refusal(source, &vec![user("x"); 1025]).contains("1024 messages"));
    let long = "x".repeat(1024 * 1024 + 1);
    assert!(refusal(source, &[user(&long)]).contains("bytes"));
    let repeating = "{% for i in range(5) %}{{ messages[0].content }}{% endfor %}";
    let long = "x".repeat(1024 * 1024);
    assert!(refusal(repeating, &[user(&long)]).contains("written out"));
    assert!(
        template(published("mistral-7b-instruct-v0.3").unwrap())
            .render(&vec![user("x"); 1024], None)
            .is_ok(),
        "the steps suffice for the longest conversation"
    );
}

#[test]
fn the_time_is_told_when_it_is_given() {
    let source = "{{ strftime_now('%d %b %Y') }} {{ messages[0].content }}";
    let now = Timestamp::from_millis(1_721_900_000_000);
    let rendered = template(source).render(&[user("x")], Some(now)).unwrap();
    assert_eq!(joined(&rendered), "25 Jul 2024 x");
}

#[test]
fn sums_are_those_of_jinja2() {
    let written = |value: &str| {
        let source = format!("{{{{ messages[0].content }}}}{{{{ {value} }}}}");
        joined(&template(&source).render(&[user("")], None).unwrap())
    };
    for (sum, expected) in [
        ("messages[0].role + 'b'", "userb"),
        ("loop_count|default(1) + 2", "3"),
        ("1.5 + loop_count|default(1)", "2.5"),
        ("(messages + [1])|length + messages|length", "3"),
        ("'a' + 'b' ~ 1", "ab1"),
    ] {
        assert_eq!(written(sum), expected, "{sum}");
    }
    for sum in [
        "messages + 1",
        "messages[0].role + 1",
        "none + messages[0].role",
        "9223372036854775807 + messages|length",
    ] {
        let text = refusal(
            &format!("{{{{ messages[0].content }}}}{{{{ {sum} }}}}"),
            &[user("x")],
        );
        assert!(
            text.contains("cannot be added") || text.contains("too large"),
            "{sum}: {text}"
        );
    }
}

#[test]
fn json_is_written_as_python_writes_it() {
    let written = |value: &str| {
        let source = format!("{{{{ messages[0].content }}}}{{{{ {value} }}}}");
        joined(&template(&source).render(&[user("")], None).unwrap())
    };
    assert_eq!(
        written("{'a': [1, 'ä<'], 'b': none} | tojson"),
        r#"{"a": [1, "ä<"], "b": null}"#
    );
    assert_eq!(written("[1] | tojson(indent=2)"), "[\n  1\n]");
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(64) })]

    #[test]
    fn no_text_of_a_message_is_ever_markup(
        family in 0..6_usize,
        texts in proptest::collection::vec("[☃☄ \n]{0,3}(☃|<\\|im_end\\|>☃|☄\\{\\{ x \\}\\}|</s>☄|\\[INST\\]☃|\"☄){1,4}[☃☄ \n]{0,3}", 1..6),
        has_system in any::<bool>(),
    ) {
        let family = [
            "gemma-2b-it", "deepseek-coder-1.3b-instruct", "phi-3-mini-4k-instruct",
            "phi-3-mini-4k-instruct-gguf", "mistral-7b-instruct-v0.2", "mistral-7b-instruct-v0.3",
        ][family];
        let messages: Vec<ChatMessage> = texts
            .iter()
            .enumerate()
            .map(|(place, text)| {
                let speaker = match (has_system, place) {
                    (true, 0) => Speaker::System,
                    (has_system, place) if (place + usize::from(has_system)).is_multiple_of(2) => Speaker::User,
                    _ => Speaker::Assistant,
                };
                say(speaker, text)
            })
            .collect();
        // A lone system message is the user's where there are none; the rest is never refused.
        let rendered = template(published(family).unwrap()).render(&messages, None).unwrap();
        let (mut markup, mut content) = (String::new(), String::new());
        for segment in &rendered.segments {
            prop_assert!(!segment.text.is_empty());
            if segment.is_markup { &mut markup } else { &mut content }.push_str(&segment.text);
        }
        prop_assert!(!markup.contains(['☃', '☄']));
        for text in &texts {
            prop_assert!(content.contains(text.trim()));
        }
        prop_assert!(rendered.shared_segments <= rendered.segments.len());
        let shared: String = rendered.segments[..rendered.shared_segments]
            .iter().filter(|segment| !segment.is_markup).map(|segment| segment.text.as_str()).collect();
        let is_of_system = if has_system { texts[0].contains(&shared) } else { shared.is_empty() };
        prop_assert!(is_of_system);
    }
}
