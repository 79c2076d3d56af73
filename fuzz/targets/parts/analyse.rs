//! What every language's target does, and what must hold of it.

use std::collections::HashSet;

use analysis::SyntaxAnalyser;
use domain::analysis::CodeAnalyser;
use domain::ask::Style;
use domain::language::Language;

/// Analyses `code` in every style.
pub(crate) fn analyse(language: Language, code: &str) {
    let analyser = SyntaxAnalyser::new();
    let lines = u32::try_from(code.lines().count()).unwrap_or(u32::MAX);
    let mut told = HashSet::new();
    for style in Style::ALL {
        let analysis = analyser.analyse(language, code, style);
        let metrics = &analysis.metrics;
        assert!(metrics.lines <= lines);
        assert_eq!(
            metrics.lines,
            metrics.code_lines + metrics.comment_lines + metrics.blank_lines
        );
        if let Some(index) = metrics.maintainability {
            assert!((0.0..=100.0).contains(&index), "{index}");
        }
        for error in &analysis.syntax_errors {
            assert!(error.line >= 1 && error.column >= 1);
        }
        for finding in &analysis.findings {
            assert!(finding.line >= 1 && finding.line <= lines.max(1));
            assert!(finding.column >= 1);
        }
        assert!(analysis.syntax_errors.is_empty() || analysis.findings.is_empty());
        told.insert(format!("{metrics:?}{:?}", analysis.findings));
    }
    assert_eq!(told.len(), 1, "the style changes the numbers");
}
