//! The forms of chats that model families were trained with, for files that say nothing, and the texts that end an answer.

use domain::models::ModelName;

use crate::gguf::{Array, Header, Value};

/// Microsoft's phi-2: a base model that knows questions and answers.
const PHI_2: &str = "{% for m in messages %}\
    {% if m.role == 'system' %}{{ m.content + '\\n' }}\
    {% elif m.role == 'user' %}{{ 'Instruct: ' + m.content + '\\n' }}\
    {% else %}{{ 'Output: ' + m.content + '\\n' }}{% endif %}\
    {% endfor %}{% if add_generation_prompt %}{{ 'Output:' }}{% endif %}";

/// deepseek-coder's instruct models.
const DEEPSEEK_CODER: &str = "{{ bos_token }}{% for m in messages %}\
    {% if m.role == 'system' %}{{ m.content + '\\n' }}\
    {% elif m.role == 'user' %}{{ '### Instruction:\\n' + m.content + '\\n' }}\
    {% else %}{{ '### Response:\\n' + m.content + '\\n<|EOT|>\\n' }}{% endif %}\
    {% endfor %}{% if add_generation_prompt %}{{ '### Response:\\n' }}{% endif %}";

/// `ChatML`, of many families.
const CHAT_ML: &str = "{% for m in messages %}\
    {{ '<|im_start|>' + m.role + '\\n' + m.content + '<|im_end|>\\n' }}\
    {% endfor %}{% if add_generation_prompt %}{{ '<|im_start|>assistant\\n' }}{% endif %}";

/// Google's gemma, which has no system messages.
const GEMMA: &str = "{{ bos_token }}{% for m in messages %}\
    {% if m.role == 'system' %}{{ raise_exception('it has no system messages') }}{% endif %}\
    {{ '<start_of_turn>' + ('model' if m.role == 'assistant' else 'user') + '\\n' + m.content | trim + '<end_of_turn>\\n' }}\
    {% endfor %}{% if add_generation_prompt %}{{ '<start_of_turn>model\\n' }}{% endif %}";

/// Microsoft's Phi-3.
const PHI_3: &str = "{% for m in messages %}\
    {{ '<|' + m.role + '|>\\n' + m.content + '<|end|>\\n' }}\
    {% endfor %}{% if add_generation_prompt %}{{ '<|assistant|>\\n' }}{% endif %}";

/// Mistral's instruct models, which have no system messages.
const MISTRAL: &str = "{{ bos_token }}{% for m in messages %}\
    {% if m.role == 'system' %}{{ raise_exception('it has no system messages') }}\
    {% elif m.role == 'user' %}{{ '[INST] ' + m.content + ' [/INST]' }}\
    {% else %}{{ ' ' + m.content + eos_token }}{% endif %}\
    {% endfor %}";

/// For models of which nothing is known: a conversation in plain words.
const PLAIN: &str = "{% for m in messages %}\
    {% if m.role == 'system' %}{{ m.content + '\\n\\n' }}\
    {% elif m.role == 'user' %}{{ '### User:\\n' + m.content + '\\n\\n' }}\
    {% else %}{{ '### Assistant:\\n' + m.content + '\\n\\n' }}{% endif %}\
    {% endfor %}{% if add_generation_prompt %}{{ '### Assistant:\\n' }}{% endif %}";

/// Words of templates, and the text that ends an answer in them. A model that was fine-tuned, or a file that was converted
/// carelessly, often writes such a text without ending there.
const STOPS: [(&str, &str); 12] = [
    ("<|im_start|>", "<|im_end|>"),
    ("<start_of_turn>", "<end_of_turn>"),
    ("<|end|>", "<|end|>"),
    ("<|EOT|>", "<|EOT|>"),
    ("<|eot_id|>", "<|eot_id|>"),
    ("<|end_of_turn|>", "<|end_of_turn|>"),
    ("[INST]", "[INST]"),
    ("[INST]", "</s>"),
    ("### Instruction:", "### Instruction:"),
    ("### User:", "### User:"),
    ("Instruct: ", "\nInstruct:"),
    ("Instruct: ", "\nOutput:"),
];

/// The form for a model whose file has no template.
pub(super) fn choose(model: &ModelName, header: &Header) -> &'static str {
    let architecture = header.find_text("general.architecture").unwrap_or_default();
    let title = header.find_text("general.name").unwrap_or_default();
    let name = format!("{model} {title}").to_ascii_lowercase();
    let words = match header.find("tokenizer.ggml.tokens") {
        Some(Value::Array(Array::Strings(words))) => words.as_slice(),
        _ => &[],
    };
    let has_word = |word: &str| words.iter().any(|known| known == word);
    if has_word("<|im_start|>") {
        CHAT_ML
    } else if architecture == "phi2" || name.contains("phi-2") {
        PHI_2
    } else if name.contains("deepseek-coder") || name.contains("deepseek coder") {
        DEEPSEEK_CODER
    } else if has_word("<start_of_turn>") {
        GEMMA
    } else if has_word("<|end|>") && has_word("<|assistant|>") {
        PHI_3
    } else if name.contains("mistral") && name.contains("instruct") {
        MISTRAL
    } else {
        PLAIN
    }
}

/// The texts that end an answer in a template, but for the one that the model's own last token has.
pub(super) fn stops(template: &str, end: Option<&str>) -> Vec<String> {
    STOPS
        .iter()
        .filter(|(word, stop)| template.contains(word) && Some(*stop) != end)
        .map(|(_, stop)| (*stop).to_owned())
        .collect()
}
