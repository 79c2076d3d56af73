//! Prints what is measured and found in code, as JSON lines: of the code files given, or of JSON-lines files whose names end in
//! `-LANGUAGE.jsonl` and whose rows have the field FIELD with a body. `numbers FIELD FILE…`; to compare with other tools.

use std::path::Path;

use domain::analysis::CodeAnalyser;
use domain::ask::Style;
use domain::language::Language;
use serde_json::{Value, json};

#[expect(clippy::print_stdout, reason = "a command-line example")]
fn show(of: &str, language: Language, code: &str) {
    let analysis = analysis::SyntaxAnalyser::new().analyse(language, code, Style::Technical);
    let functions: Vec<Value> = analysis
        .metrics
        .functions
        .iter()
        .map(|function| {
            json!({
                "name": function.name, "line": function.line, "lines": function.lines, "parameters": function.parameters,
                "cyclomatic": function.cyclomatic, "cognitive": function.cognitive, "nesting": function.nesting,
                "time": function.time, "space": function.space, "reason": function.reason,
            })
        })
        .collect();
    let findings: Vec<Value> = analysis
        .findings
        .iter()
        .map(|finding| {
            json!({
                "rule": finding.rule, "severity": finding.severity.name(), "line": finding.line, "message": finding.message,
            })
        })
        .collect();
    println!(
        "{}",
        json!({
            "of": of, "maintainability": analysis.metrics.maintainability, "functions": functions, "findings": findings,
            "errors": analysis.syntax_errors.len(),
        })
    );
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut args = std::env::args().skip(1);
    let field = args.next().ok_or("usage: numbers FIELD FILE…")?;
    for path in args {
        let text = std::fs::read_to_string(&path)?;
        if let Some(stem) = path.strip_suffix(".jsonl") {
            let language: Language = stem.rsplit('-').next().unwrap_or_default().parse()?;
            for line in text.lines() {
                let row: Value = serde_json::from_str(line)?;
                let get = |name: &str| row.get(name).and_then(Value::as_str).unwrap_or_default();
                let code = format!("{}{}", get("declaration"), get(&field));
                show(get("task_id"), language, &code);
            }
        } else {
            let extension = Path::new(&path).extension().and_then(|end| end.to_str());
            let language = extension
                .and_then(Language::from_extension)
                .ok_or_else(|| format!("`{path}` is not a file of a known language"))?;
            show(&path, language, &text);
        }
    }
    Ok(())
}
