//! `codegenie analyse`: numbers, findings and structure of a file. Needs neither database nor model, and runs nothing.

use std::io::{self, Write};
use std::path::Path;
use std::process::ExitCode;

use analysis::SyntaxAnalyser;
use anyhow::bail;
use domain::Language;
use domain::analysis::{Analysis, CodeAnalyser, Finding, FunctionMetrics, Metrics, Severity};
use serde_json::{Value, json};

use super::source_file;
use crate::args::AnalyseArgs;
use crate::terminal::markdown::Markdown;
use crate::terminal::table::{Align, Table};
use crate::terminal::{self, BOLD, DIM, WRONG, printable};

pub(super) fn run(args: &AnalyseArgs) -> anyhow::Result<ExitCode> {
    let code = source_file::read(&args.file)?;
    let analyser = SyntaxAnalyser::new();
    let language = told_language(&args.file, args.language, &code, &analyser)?;
    let analysis = analyser.analyse(language, &code, args.style);
    if args.json {
        terminal::print_json(&to_json(&analysis))?;
    } else {
        show(args, &analysis, &mut terminal::stdout())?;
    }
    let is_wrong = !analysis.syntax_errors.is_empty()
        || analysis
            .findings
            .iter()
            .any(|finding| finding.severity == Severity::Error);
    Ok(ExitCode::from(u8::from(is_wrong)))
}

/// The language that was named, that the extension tells, or that the code looks like.
pub(super) fn told_language(
    path: &Path,
    named: Option<Language>,
    code: &str,
    analyser: &dyn CodeAnalyser,
) -> anyhow::Result<Language> {
    let by_name = source_file::language_of(path, named);
    let Some(language) = by_name.ok().or_else(|| analyser.detect_language(code)) else {
        bail!(
            "cannot tell the language of {} by its name or its code; give it with --language",
            source_file::shown(path)
        );
    };
    Ok(language)
}

fn show(args: &AnalyseArgs, analysis: &Analysis, out: &mut dyn Write) -> anyhow::Result<()> {
    let file = source_file::shown(&args.file);
    show_header(&file, analysis, out)?;
    if !analysis.metrics.functions.is_empty() {
        writeln!(out)?;
        table_of(&analysis.metrics.functions).show(out)?;
    }
    if !analysis.syntax_errors.is_empty() || !analysis.findings.is_empty() {
        writeln!(out)?;
    }
    for error in &analysis.syntax_errors {
        let place = format!("{file}:{}:{}", error.line, error.column);
        let message = printable(&error.message);
        writeln!(out, "{place}: {WRONG}syntax{WRONG:#} — {message}")?;
    }
    for finding in &analysis.findings {
        show_finding(&file, finding, out)?;
    }
    if args.no_explain {
        return Ok(());
    }
    writeln!(out)?;
    if terminal::is_stdout_terminal() {
        let mut markdown = Markdown::new(terminal::columns());
        markdown.push(&analysis.explanation, out)?;
        markdown.finish(out)?;
    } else {
        writeln!(out, "{}", analysis.explanation.trim_end())?;
    }
    Ok(())
}

fn show_header(file: &str, analysis: &Analysis, out: &mut dyn Write) -> io::Result<()> {
    let Metrics {
        lines,
        code_lines,
        comment_lines,
        blank_lines,
        cyclomatic,
        cognitive,
        maintainability,
        ..
    } = &analysis.metrics;
    let maintainability =
        maintainability.map_or_else(|| "none".to_owned(), |index| format!("{index:.0} of 100"));
    let title = analysis.language.title();
    writeln!(
        out,
        "{BOLD}{file}{BOLD:#} · {title} · {lines} lines {DIM}({code_lines} code, {comment_lines} comment, {blank_lines} blank){DIM:#}"
    )?;
    writeln!(
        out,
        "maintainability {maintainability} · cyclomatic complexity {cyclomatic} · cognitive complexity {cognitive}"
    )
}

/// A row for each function.
fn table_of(functions: &[FunctionMetrics]) -> Table {
    let mut table = Table::new(&[
        ("function", Align::Left),
        ("line", Align::Right),
        ("lines", Align::Right),
        ("parameters", Align::Right),
        ("cyclomatic", Align::Right),
        ("cognitive", Align::Right),
        ("nesting", Align::Right),
        ("time", Align::Left),
        ("space", Align::Left),
    ]);
    let unknown = || "?".to_owned();
    for function in functions {
        table.add(vec![
            printable(&function.name),
            function.line.to_string(),
            function.lines.to_string(),
            function.parameters.to_string(),
            function.cyclomatic.to_string(),
            function.cognitive.to_string(),
            function.nesting.to_string(),
            function.time.clone().unwrap_or_else(unknown),
            function.space.clone().unwrap_or_else(unknown),
        ]);
    }
    table
}

fn show_finding(file: &str, finding: &Finding, out: &mut dyn Write) -> io::Result<()> {
    let style = match finding.severity {
        Severity::Error => WRONG,
        Severity::Warning => BOLD,
        Severity::Hint => DIM,
    };
    let severity = finding.severity.name();
    let message = printable(&finding.message);
    writeln!(
        out,
        "{file}:{}:{}: {style}{severity}{style:#} {} — {message}",
        finding.line, finding.column, finding.rule
    )?;
    writeln!(out, "    {DIM}fix:{DIM:#} {}", printable(&finding.fix))
}

/// The JSON of `POST /api/v1/analysis`.
fn to_json(analysis: &Analysis) -> Value {
    let errors = analysis
        .syntax_errors
        .iter()
        .map(|error| json!({"line": error.line, "column": error.column, "message": error.message}));
    let findings = analysis.findings.iter().map(|finding| {
        json!({
            "rule": finding.rule,
            "severity": finding.severity.name(),
            "line": finding.line,
            "column": finding.column,
            "message": finding.message,
            "why": finding.why,
            "fix": finding.fix,
        })
    });
    json!({
        "language": analysis.language.name(),
        "syntax_errors": errors.collect::<Vec<_>>(),
        "metrics": metrics_to_json(&analysis.metrics),
        "findings": findings.collect::<Vec<_>>(),
        "explanation": analysis.explanation,
    })
}

fn metrics_to_json(metrics: &Metrics) -> Value {
    let functions = metrics.functions.iter().map(|function| {
        json!({
            "name": function.name,
            "line": function.line,
            "lines": function.lines,
            "parameters": function.parameters,
            "cyclomatic": function.cyclomatic,
            "cognitive": function.cognitive,
            "nesting": function.nesting,
            "time": function.time,
            "space": function.space,
            "reason": function.reason,
        })
    });
    json!({
        "lines": metrics.lines,
        "code_lines": metrics.code_lines,
        "comment_lines": metrics.comment_lines,
        "blank_lines": metrics.blank_lines,
        "cyclomatic": metrics.cyclomatic,
        "cognitive": metrics.cognitive,
        "nesting": metrics.nesting,
        "maintainability": metrics.maintainability,
        "functions": functions.collect::<Vec<_>>(),
    })
}
