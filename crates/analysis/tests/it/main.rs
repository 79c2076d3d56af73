//! The analyser from outside: explanations of sample code, numbers, findings, hostile text, renaming.

#![expect(
    clippy::unwrap_used,
    reason = "a test that cannot be set up should fail"
)]

use analysis::SyntaxAnalyser;
use domain::analysis::CodeAnalyser;
use domain::ask::Style;
use domain::language::Language;

mod explanations;
mod hostile;
mod metrics;
mod renaming;
mod rules_c_family;
mod rules_go;
mod rules_java;
mod rules_javascript;
mod rules_python;
mod rules_rust;
mod rules_sql;
mod truth;

/// The rules that find something in code that parses, in order of lines. Code of Go is put into a package.
#[track_caller]
fn rules(language: Language, code: &str) -> Vec<&'static str> {
    let in_package = format!("package sample\n\n{code}\n");
    let code = if language == Language::Go {
        &in_package
    } else {
        code
    };
    let analysis = SyntaxAnalyser::new().analyse(language, code, Style::Technical);
    assert_eq!(analysis.syntax_errors, [], "does not parse: {code}");
    analysis
        .findings
        .iter()
        .map(|finding| finding.rule)
        .collect()
}

/// Cases of code and the rules that find something in it.
#[track_caller]
fn check(language: Language, cases: &[(&str, &[&str])]) {
    for (code, expected) in cases {
        assert_eq!(rules(language, code), *expected, "{code}");
    }
}
