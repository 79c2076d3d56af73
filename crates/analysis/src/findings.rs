//! What looks wrong in code that parses. One file per language holds its rules; this one holds what they share.
//!
//! High precision first: a rule that cannot be sure stays silent.

mod bounds;
mod c_family;
mod conditions;
mod flow;
mod go;
mod java;
mod javascript;
mod loops;
mod names;
mod nodes;
mod operands;
mod python;
mod queries;
mod returns;
mod rust;
mod sql;
mod unused;
mod words;

use std::ops::Range;

use domain::analysis::{Finding, Severity};
use domain::language::Language;
use tree_sitter::{Node, Tree};

/// Most findings that are told of one piece of code.
pub(crate) const FINDINGS_MAX: usize = 100;

/// A kind of mistake.
#[derive(Debug)]
pub(crate) struct Rule {
    /// Its lasting name, lower case with hyphens.
    pub(crate) name: &'static str,
    pub(crate) severity: Severity,
    /// Why it is a mistake, as a sentence.
    pub(crate) why: &'static str,
}

/// A piece of code with its tree.
#[derive(Clone, Copy)]
pub(crate) struct Source<'a> {
    pub(crate) language: Language,
    pub(crate) code: &'a str,
    pub(crate) tree: &'a Tree,
    /// Bytes of the code, in order, in which nothing is found.
    unsure: &'a [Range<usize>],
}

impl<'a> Source<'a> {
    /// The text of a node.
    pub(crate) fn text(&self, node: Node<'_>) -> &'a str {
        crate::parse::text(self.code, node)
    }

    fn is_unsure(&self, byte: usize) -> bool {
        let before = self.unsure.partition_point(|bytes| bytes.end <= byte);
        let next = self.unsure.get(before);
        next.is_some_and(|bytes| bytes.start <= byte)
    }
}

/// Collects findings.
#[derive(Debug, Default)]
pub(crate) struct Report {
    findings: Vec<Finding>,
}

impl Report {
    /// Notes that `rule` found something at `node`.
    pub(crate) fn add(
        &mut self,
        source: &Source<'_>,
        rule: &'static Rule,
        node: Node<'_>,
        message: String,
        fix: impl Into<String>,
    ) {
        if source.is_unsure(node.start_byte()) {
            return;
        }
        let at = node.start_position();
        let line_start = node.start_byte().saturating_sub(at.column);
        let before = source.code.get(line_start..node.start_byte());
        self.findings.push(Finding {
            rule: rule.name,
            severity: rule.severity,
            line: number(at.row),
            column: number(before.map_or(at.column, |text| text.chars().count())),
            message,
            why: rule.why,
            fix: fix.into(),
        });
    }

    /// The findings in order of lines; where there are more than [`FINDINGS_MAX`], those that matter most.
    fn finish(mut self) -> Vec<Finding> {
        let place = |finding: &Finding| (finding.line, finding.column, finding.rule);
        self.findings.sort_by_key(place);
        self.findings.dedup();
        if self.findings.len() > FINDINGS_MAX {
            self.findings
                .sort_by_key(|finding| std::cmp::Reverse(finding.severity));
            self.findings.truncate(FINDINGS_MAX);
            self.findings.sort_by_key(place);
        }
        self.findings
    }
}

/// From 0 to from 1.
fn number(index: usize) -> u32 {
    u32::try_from(index.saturating_add(1)).unwrap_or(u32::MAX)
}

/// What looks wrong in `code`, which parses as `language`, outside of the bytes that are `unsure`.
pub(crate) fn find(
    language: Language,
    code: &str,
    tree: &Tree,
    unsure: &[Range<usize>],
) -> Vec<Finding> {
    let source = Source {
        language,
        code,
        tree,
        unsure,
    };
    let mut report = Report::default();
    match language {
        Language::Python => python::find(&source, &mut report),
        Language::JavaScript | Language::TypeScript => javascript::find(&source, &mut report),
        Language::C | Language::Cpp => c_family::find(&source, &mut report),
        Language::Java => java::find(&source, &mut report),
        Language::Go => go::find(&source, &mut report),
        Language::Rust => rust::find(&source, &mut report),
        Language::Sql => sql::find(&source, &mut report),
    }
    report.finish()
}
