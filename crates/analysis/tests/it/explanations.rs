//! Explanations of the samples, as snapshots to read.

use std::fmt::Write;
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

#[test]
fn a_beginner_is_not_told_too_much() {
    let words = |code: &str, language| {
        let explanation = SyntaxAnalyser::new().explain(language, code, Style::Beginner);
        (
            explanation.markdown.split_whitespace().count(),
            explanation.markdown,
        )
    };
    for (name, language, code) in samples() {
        let (count, text) = words(&code, language);
        assert!(count < 400, "{name}: {count} words\n{text}");
    }
    let mut long = "def f(x, values):\n    total = 0\n".to_owned();
    for i in 0..40 {
        writeln!(long, "    if x > {i}:\n        total += values[{i}] * {i}").unwrap();
    }
    long.push_str("    return total\n");
    let (count, text) = words(&long, Language::Python);
    assert!(count < 400, "{count} words\n{text}");
    assert!(text.contains("not told here"), "{text}");
}

#[test]
fn comments_alone_are_said_to_be_comments() {
    for style in Style::ALL {
        let told = SyntaxAnalyser::new().explain(Language::Python, "# one\n# two\n", style);
        assert!(told.markdown.contains("nothing but comments"), "{style:?}");
    }
}

#[test]
fn two_loops_in_a_row_are_added_up() {
    let code =
        "def f(xs, ys):\n    for x in xs:\n        print(x)\n    for y in ys:\n        print(y)\n";
    let told = SyntaxAnalyser::new().explain(Language::Python, code, Style::Technical);
    assert!(told.markdown.contains("O(n + m)"), "{}", told.markdown);
}

#[test]
fn a_remembered_recursion_is_not_exponential() {
    let code = "def f(n, memo={}):\n    if n in memo:\n        return memo[n]\n    memo[n] = f(n - 1) + f(n - 2)\n    return memo[n]\n";
    let told = SyntaxAnalyser::new().explain(Language::Python, code, Style::Technical);
    assert!(!told.markdown.contains("exponential"), "{}", told.markdown);
    let bare = "def f(n):\n    if n < 2:\n        return n\n    return f(n - 1) + f(n - 2)\n";
    let told = SyntaxAnalyser::new().explain(Language::Python, bare, Style::Technical);
    assert!(told.markdown.contains("exponential"), "{}", told.markdown);
}

#[test]
fn what_does_not_parse_is_not_explained() {
    let code = "def mean(values):\n    total = 0\n    for value in values\n        total += value\n    return total / len(values)\n";
    for style in Style::ALL {
        let told = SyntaxAnalyser::new().explain(Language::Python, code, style);
        assert!(!told.markdown.contains("no value"), "{}", told.markdown);
        assert!(!told.markdown.contains("O(1)"), "{}", told.markdown);
    }
}
