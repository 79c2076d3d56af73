//! Renderings against Jinja2's own, hostile templates, and the rule that no text of a message becomes markup.

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
fn hostile_templates_are_refused() {
    let add = "{% set ns = namespace(x=[1]) %}{% for i in range(64) %}{% set ns.x = ";
    let doubled = [
        "ns.x + ns.x",
        "[ns.x, ns.x] | sum(start=[])",
        "ns.x | chain(ns.x)",
        "(ns.x + (1, 2)) + (ns.x + (1, 2))",
        "[ns.x, ns.x]",
        "(ns.x, ns.x)",
        "{'a': ns.x, 'b': ns.x}",
        "ns.x | zip(ns.x) | list",
    ]
    .map(|sum| format!("{add}{sum} %}}{{% endfor %}}{{{{ ns.x | length }}}}{{{{ ns.x }}}}"));
    for source in doubled {
        let text = refusal(&source, &[user("hello")]);
        assert!(text.starts_with("the chat template"), "{source}: {text}");
    }
    let endless = "{% macro f(x) %}{{ f(x) }}{% endmacro %}{{ f(1) }}";
    let nested = "{% if true %}".repeat(5000);
    let deep_expression = format!("{{{{ {}1{} }}}}", "(".repeat(5000), ")".repeat(5000));
    for source in [
        "{% for i in range(100000) %}{% for j in range(100000) %}{% endfor %}{% endfor %}",
        "{% for i in range(999999999999) %}x{% endfor %}",
        "{{ 'x' * 99999999999 }}",
        "{{ '%0999999999d' | format(1) }}",
        "{% set ns = namespace(x='xxxxxxxx') %}{% for i in range(64) %}{% set ns.x = ns.x ~ ns.x %}{% endfor %}{{ ns.x }}",
        "{% set ns = namespace(x=[]) %}{% for i in range(99000) %}{% set ns.x = [ns.x] %}{% endfor %}{{ ns.x }}",
        "{% set ns = namespace(x=[]) %}{% for i in range(20000) %}{% set ns.x = [ns.x] %}{% endfor %}{{ ns.x }}",
        "{% set ns = namespace(x={}) %}{% for i in range(20000) %}{% set ns.x = {'a': ns.x} %}{% endfor %}{{ ns.x | tojson }}",
        "{% set ns = namespace(x=[]) %}{% for i in range(20000) %}{% set ns.x = [ns.x] %}{% endfor %}{{ ns.x == ns.x | list }}",
        "{% for i in range(3000) %}{{ messages[0].content * 99 }}{% endfor %}",
        endless,
        "{% for m in messages recursive %}{{ loop(messages) }}{% endfor %}",
        nested.as_str(),
        deep_expression.as_str(),
        "{{ open('/etc/passwd') }}",
        "{{ debug() }}",
        "{% include 'other' %}",
        "{{ ''.__class__.__mro__ }}{{ cycler.__init__.__globals__.os.popen('id') }}",
        "{{ strftime_now('%Y') }}",
        "{{ raise_exception('no\u{7}t\nthis') }}",
        "{% if",
        "{{ messages[0].content.nonsense() }}",
    ] {
        let text = refusal(source, &[user("hello")]);
        let start: String = source.chars().take(60).collect();
        assert!(
            text.starts_with("the chat template of the model `some-model`"),
            "{start}: {text}"
        );
        assert!(!text.contains(char::is_control), "{start}: {text}");
    }
    let long = " ".repeat(300 * 1024);
    assert!(refusal(&long, &[user("hello")]).contains("bytes"));
}

/// Runs a template alone; the output's length and the steps it took.
fn run(source: &str) -> Result<(usize, u64), String> {
    let sandbox = Sandbox::new(source, SpecialTokens::default()).map_err(Fault::reason)?;
    let messages = [(Speaker::User, "hello".to_owned())];
    let written = sandbox.run(&messages, true, None).map_err(Fault::reason)?;
    Ok((written.output.len(), written.steps))
}

/// What multiplies a size or walks a value: each ends with an error, or with little written in few steps.
const HOSTILE: [&str; 62] = [
    // Widths and precisions.
    "{{ '{:>999999999}'.format(1) }}",
    "{{ '{0:>4000}{0:>4000}{0:>99999}'.format(1) }}",
    "{{ '{:0>18446744073709551616}'.format(1) }}",
    "{{ '{:.999999999f}'.format(1.5) }}",
    "{{ '{:{}}'.format(1, 999999999) }}",
    "{{ ('{:>4000}' * 20000).format(1) }}",
    "{{ ('{0}' * 60000).format('x' * 100000) }}",
    "{{ '%999999999d' % 1 }}",
    "{{ '%999999999d' | format(1) }}",
    "{{ '%.999999999f' | format(1.5) }}",
    "{{ '%-999999999s' | format('x') }}",
    "{{ '%(a)999999999s' | format(a='x') }}",
    "{{ '%*d' | format(999999999, 1) }}",
    "{{ ('%4000d' * 20000) | format(1) }}",
    "{{ ['%999999999d'] | map('format', 1) | list }}",
    // Texts.
    "{{ 'x' * 999999999 }}",
    "{{ 999999999 * 'x' }}",
    "{{ 'x'.center(999999999) }}",
    "{{ 'x'.ljust(999999999) }}{{ 'x'.rjust(999999999) }}{{ 'x'.zfill(999999999) }}",
    "{{ 'x' | center(999999999) }}",
    "{{ 'x\nx' | indent(999999999) }}",
    "{{ 'x\nx' | indent(width=999999999, first=true) }}",
    "{{ 'x' | wordwrap(1, wrapstring='x' * 100000) }}",
    "{{ ('x' * 100000) | replace('', 'y' * 100000) }}",
    "{{ ('x' * 100000).replace('x', 'y' * 100000) }}",
    "{{ range(20000) | join('x' * 100000) }}",
    "{{ ('x' * 100000).join(range(20000) | map('string')) }}",
    "{% set ns = namespace(x='xxxxxxxx') %}{% for i in range(64) %}{% set ns.x = ns.x ~ ns.x %}{% endfor %}",
    "{% set ns = namespace(x='xxxxxxxx') %}{% for i in range(64) %}{% set ns.x = ns.x + ns.x %}{% endfor %}",
    "{% set ns = namespace(x='<') %}{% for i in range(64) %}{% set ns.x = ns.x | e %}{% endfor %}{{ ns.x | length > 9999999 }}",
    "{% set x = 'x' * 900000 %}{% for i in range(90000) %}{{ x.strip(x) | length }}{% endfor %}",
    "{% set x = 'x' * 900000 %}{% for i in range(90000) %}{{ (x | trim(x)) | length }}{% endfor %}",
    "{% set x = 'x' * 900000 %}{% for i in range(90000) %}{{ x is upper }}{% endfor %}",
    "{% set x = 'x' * 900000 %}{% set y = 'x' * 900000 %}{% for i in range(90000) %}{% if x == y %}{% endif %}{% endfor %}",
    "{% set x = 'x' * 900000 %}{% for i in range(90000) %}{% set y = x.split('') %}{% endfor %}",
    "{% set x = 'x' * 900000 %}{% for i in range(90000) %}{% set y = strftime_now(x) %}{% endfor %}",
    // Lists and maps.
    "{{ [1] * 999999999 }}",
    "{% set x = [1] %}{{ (x * 999999999) | length }}",
    "{% if [[1] * 99999999] == [[1] * 99999999] %}{% endif %}",
    "{{ (1, 2) * 999999999 }}",
    "{% for i in range(0, 999999999) %}{% endfor %}",
    "{{ range(99999) | batch(999999999, 'x') | list }}",
    "{{ [1] | batch(999999999, 'x') | list }}",
    "{{ [1] | slice(999999999, 'x') | list }}",
    "{{ [1] | tojson(indent=999999999) }}{{ ([['x' * 900000] ] | tojson) | length }}{{ 9 // 0 }}",
    "{% set ns = namespace(x=['x' * 900000]) %}{% for i in range(99) %}{% set ns.x = ns.x + ns.x %}{% endfor %}",
    "{% set s = 'x' * 100000 %}{{ [s, s, s, s, s, s, s, s, s, s, s, s] }}",
    "{% set ns = namespace(x=1) %}{% for i in range(99) %}{% set ns.x = dict(a=ns.x, b=ns.x) %}{% endfor %}{{ ns.x }}",
    "{% set ns = namespace(x=1) %}{% for i in range(99) %}{% set ns.x = dict({'a': ns.x}, b=ns.x) %}{% endfor %}{{ ns.x | tojson }}",
    "{% set ns = namespace(x=1) %}{% for i in range(99) %}{% set ns.x = namespace(a=ns.x, b=ns.x) %}{% endfor %}{{ ns.x }}",
    "{% set ns = namespace(x=1) %}{% for i in range(99) %}{% set ns.x = ([ns.x] | batch(2, ns.x) | list) %}{% endfor %}{{ ns.x }}",
    "{% set ns = namespace(x=[1]) %}{% for i in range(99000) %}{% set ns.x = dict(a=ns.x) %}{% endfor %}{{ ns.x }}",
    "{% set ns = namespace(x=[1]) %}{% for i in range(9000) %}{% set ns.x = ns.x[0:] %}{{ ns.x | length }}{% endfor %}{% for i in range(99999) %}{{ ns.x }}{% endfor %}",
    "{% set ns = namespace() %}{% set ns.x = ns %}{{ ns }}",
    "{% set ns = namespace() %}{% set ns.x = [{'a': ns}] %}{{ ns | tojson }}",
    "{% set ns = namespace() %}{% set ns.x = ns.items() %}{{ ns }}",
    "{% set ns = namespace() %}{% for i in [ns] %}{% set ns.x = loop %}{% endfor %}{{ ns }}",
    "{% set x = range(19000) | list %}{% set y = range(19000) | list %}{% for i in range(90000) %}{% if [x] == [y] %}{% endif %}{% endfor %}",
    "{% set x = range(9000) | list %}{% set y = range(9000) | list %}{% for i in range(90000) %}{% if 1 < 2 == ([x] == [y]) %}{% endif %}{% endfor %}",
    "{% set x = (range(19000) | list, 1) %}{% set m = {'a': 1, 'b': 2} %}{% for i in range(90000) %}{{ m[x] }}{% endfor %}",
    "{% set x = (range(9000) | list, 1) %}{% set m = [{'a': 1, 'b': 2}] * 9000 %}{{ m | map(attribute=x) | list }}",
    "{% for i in range(90000) %}{% if loop.changed(messages) %}{% endif %}{% endfor %}",
];

#[test]
fn what_multiplies_a_size_ends_with_an_error_or_little() {
    for source in HOSTILE {
        match run(source) {
            Err(reason) => assert!(!reason.is_empty(), "{source}"),
            Ok((bytes, steps)) => {
                assert!(bytes <= 64 * 1024, "{source}: {bytes} bytes");
                assert!(steps <= FUEL / 2, "{source}: {steps} steps");
            }
        }
    }
    // What takes long to compile.
    let sum = format!("{{{{ x{} }}}}", "+1".repeat(100_000));
    assert!(run(&sum).unwrap_err().contains("too long"));
    let merged = format!("{{{{ dict({}) }}}}", "**m, ".repeat(2000));
    assert!(run(&format!("{{% set m = {{'a': 1}} %}}{merged}")).is_err());
    assert!(run("{% set m = [1] %}{{ range(*m) | list }}").is_err());
}

#[test]
fn what_is_refused_says_why() {
    for (source, expected) in [
        (HOSTILE[0], "pads a text to 999999999 letters"),
        (
            "{% set ns = namespace() %}{% set ns.x = ns %}",
            "into a namespace",
        ),
        ("{{ loop.changed(1) }}", "`changed` is not available"),
        ("{{ [1] * 9 }}", "that has a list"),
        (
            "{% set x = 'x' * 600000 %}{{ [x, x] | length }}",
            "texts of more than",
        ),
        (
            "{% set x = range(15000) | list %}{{ [x, x] | length }}",
            "lists of too many",
        ),
    ] {
        let reason = run(source).unwrap_err();
        assert!(reason.contains(expected), "{source}: {reason}");
    }
}

#[test]
fn what_honest_templates_do_costs_little() {
    for (source, expected) in [
        ("{{ '{:>4}|{:.2f}|{}'.format(1, 2.5, 'x') }}", "   1|2.50|x"),
        ("{{ '%03d|%s' | format(7, 'x') }}", "007|x"),
        (
            "{{ 'ab' * 3 }}{{ messages[0]['content'][1:3] }}",
            "abababel",
        ),
        (
            "{{ messages[1:] | length }}{{ messages[::-1][0].role }}",
            "0user",
        ),
        (
            "{% set ns = namespace(a=1, b=[]) %}{% set ns.b = ns.b + [2] %}{{ ns.a }}{{ ns.b }}",
            "1[2]",
        ),
        ("{{ dict(a=1, b=[2]) | tojson }}", r#"{"a": 1, "b": [2]}"#),
        (
            "{{ 1 < 2 < 3 }}{{ 'a' in ['a', 'b'] }}{{ 'b' not in 'abc' }}",
            "TrueTrueFalse",
        ),
        (
            "{{ messages | map(attribute='role') | join(', ') }}",
            "user",
        ),
        (
            "{{ messages | selectattr('role', 'equalto', 'user') | list | length }}",
            "1",
        ),
        (
            "{% macro m(a, b='x') %}{{ a }}{{ b }}{% endmacro %}{{ m(1) }}{{ m(b=2, a=3) }}",
            "1x32",
        ),
        (
            "{{ ('a' if messages else 'b') == 'a' and 'x' ~ 1 == 'x1' }}",
            "True",
        ),
        (
            "{{ '  x '.strip() | replace('x', 'yy') | trim('y') | upper }}.",
            ".",
        ),
        (
            "{{ {'a': 1}.get('b', 2) }}{% for k, v in {'a': 1}.items() %}{{ k }}{{ v }}{% endfor %}",
            "2a1",
        ),
        (
            "{% for i in range(3) if i is odd %}{{ loop.index }}{{ i }}{% else %}none{% endfor %}",
            "11",
        ),
    ] {
        let sandbox = Sandbox::new(source, SpecialTokens::default()).unwrap();
        let messages = [(Speaker::User, "hello".to_owned())];
        let written = sandbox.run(&messages, true, None).unwrap();
        assert_eq!(written.output, expected, "{source}");
        assert!(written.steps < 200, "{source}: {} steps", written.steps);
    }
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
