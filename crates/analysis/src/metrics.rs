//! Numbers about code: lines, complexity, nesting, maintainability.

use domain::analysis::Metrics;
use domain::language::Language;
use tree_sitter::Tree;

pub(crate) fn measure(_language: Language, _code: &str, _tree: &Tree) -> Metrics {
    Metrics {
        lines: 0,
        code_lines: 0,
        comment_lines: 0,
        blank_lines: 0,
        cyclomatic: 0,
        cognitive: 0,
        nesting: 0,
        maintainability: None,
        functions: Vec::new(),
    }
}
