//! Explanations of the samples, as snapshots to read.

use std::path::Path;

use analysis::SyntaxAnalyser;
use domain::analysis::CodeAnalyser;
use domain::ask::Style;
use domain::language::Language;

fn samples() -> Vec<(String, Language, String)> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/it/samples");
    let mut samples: Vec<_> = std::fs::read_dir(folder)
        .unwrap()
        .map(|entry| {
            let path = entry.unwrap().path();
            let name = path.file_name().unwrap().to_str().unwrap().to_owned();
            let language =
                Language::from_extension(path.extension().unwrap().to_str().unwrap()).unwrap();
            (name, language, std::fs::read_to_string(path).unwrap())
        })
        .collect();
    samples.sort();
    samples
}

#[test]
fn every_sample_is_explained_in_every_style() {
    for (name, language, code) in samples() {
        let told: Vec<String> = Style::ALL
            .into_iter()
            .map(|style| {
                SyntaxAnalyser::new()
                    .explain(language, &code, style)
                    .markdown
            })
            .collect();
        insta::with_settings!({ omit_expression => true, prepend_module_to_snapshot => false }, {
            insta::assert_snapshot!(name, told.join("\n\n================================\n\n"));
        });
    }
}

#[test]
fn the_language_of_every_sample_is_told() {
    for (name, language, code) in samples() {
        assert_eq!(
            SyntaxAnalyser::new().detect_language(&code),
            Some(language),
            "{name}"
        );
    }
}

#[test]
fn only_the_broken_sample_has_errors() {
    for (name, language, code) in samples() {
        let errors = SyntaxAnalyser::new().find_syntax_errors(language, &code);
        assert_eq!(errors.is_empty(), name != "broken.py", "{name}: {errors:?}");
    }
}

#[test]
fn explaining_again_says_the_same() {
    for (_, language, code) in samples() {
        let explain = || SyntaxAnalyser::new().explain(language, &code, Style::Technical);
        assert_eq!(explain(), explain());
    }
}

#[test]
fn no_code_and_long_code_say_so() {
    let analyser = SyntaxAnalyser::new();
    let empty = analyser.explain(Language::Go, "  \n", Style::Beginner);
    assert_eq!(empty.markdown, "There is no code to explain.");
    let long = analyser.explain(Language::Python, &"x = 1\n".repeat(60_000), Style::Beginner);
    assert!(long.markdown.contains("only its first 128 KiB"));
}
