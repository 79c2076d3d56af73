//! Text made to break a parser, and real code broken at random.

use analysis::SyntaxAnalyser;
use domain::analysis::CodeAnalyser;
use domain::ask::Style;
use domain::language::Language;
use proptest::prelude::*;

const REAL: &[(Language, &str)] = &[
    (Language::Python, include_str!("samples/read_config.py")),
    (Language::Python, include_str!("samples/generators.py")),
    (Language::JavaScript, include_str!("samples/load_users.js")),
    (Language::TypeScript, include_str!("samples/cache.ts")),
    (Language::Cpp, include_str!("samples/tree.cpp")),
    (Language::C, include_str!("samples/list.c")),
    (Language::Sql, include_str!("samples/totals.sql")),
    (Language::Rust, include_str!("samples/shape.rs")),
    (Language::Java, include_str!("samples/Account.java")),
    (Language::Go, include_str!("samples/workers.go")),
];

fn try_everything(language: Language, code: &str) {
    let analyser = SyntaxAnalyser::new();
    analyser.detect_language(code);
    analyser.find_syntax_errors(language, code);
    for style in Style::ALL {
        analyser.explain(language, code, style);
    }
    analyser.rename(language, code, "value", "renamed");
}

#[test]
fn deep_nesting_is_read_in_every_language() {
    for language in Language::ALL {
        for unit in ["(", "[", "{", "not ", "a.b(", "-", "if x {", "x = "] {
            let code = unit.repeat(200_000 / unit.len());
            let analyser = SyntaxAnalyser::new();
            analyser.find_syntax_errors(language, &code);
            analyser.explain(language, &code, Style::StepByStep);
        }
    }
}

#[test]
fn a_megabyte_of_brackets_is_read() {
    let code = "(".repeat(1 << 20);
    try_everything(Language::Python, &code);
    try_everything(Language::Rust, &code);
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_text_is_read(text in "\\PC{0,200}", index in 0..Language::ALL.len()) {
        try_everything(Language::ALL[index], &text);
    }

    #[test]
    fn any_marks_are_read(text in "[a-c(){}\\[\\]:;,.=<>'\"`\n #&*!?|+-]{0,120}", index in 0..Language::ALL.len()) {
        try_everything(Language::ALL[index], &text);
    }

    #[test]
    fn broken_code_is_read(sample in 0..REAL.len(), cut in 0.0..1.0_f64, insert in "[\\PC\n]{0,6}", drop in 0..12_usize) {
        let (language, code) = REAL[sample];
        let letters: Vec<char> = code.chars().collect();
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, clippy::cast_precision_loss, reason = "a share of a short text")]
        let at = (letters.len() as f64 * cut) as usize;
        let rest = letters.get(at + drop..).unwrap_or_default();
        let changed: String = letters[..at].iter().copied().chain(insert.chars()).chain(rest.iter().copied()).collect();
        try_everything(language, &changed);
        let truncated: String = letters[..at].iter().collect();
        try_everything(language, &truncated);
    }
}
