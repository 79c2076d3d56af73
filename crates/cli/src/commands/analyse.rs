//! `codegenie analyse`: syntax errors and structure of a file. Needs neither database nor model.

use std::io::Write as _;

use analysis::SyntaxAnalyser;
use domain::analysis::{CodeAnalyser as _, Explanation};
use serde_json::{Value, json};

use super::source_file;
use crate::args::AnalyseArgs;
use crate::terminal::markdown::Markdown;
use crate::terminal::{self, WRONG, printable};

pub(super) fn run(args: &AnalyseArgs) -> anyhow::Result<()> {
    let language = source_file::language_of(&args.file, args.language)?;
    let code = source_file::read(&args.file)?;
    let explanation = SyntaxAnalyser::new().explain(language, &code, args.style);
    if args.json {
        return terminal::print_json(&to_json(&explanation));
    }
    let mut out = terminal::stdout();
    let file = args.file.display();
    if explanation.syntax_errors.is_empty() {
        writeln!(out, "{file} parses as {}\n", language.title())?;
    }
    for error in &explanation.syntax_errors {
        let message = printable(&error.message);
        writeln!(
            out,
            "{file}:{}:{}: {WRONG}syntax{WRONG:#}: {message}",
            error.line, error.column
        )?;
    }
    if !explanation.syntax_errors.is_empty() {
        writeln!(out)?;
    }
    if terminal::is_stdout_terminal() {
        let mut markdown = Markdown::new(terminal::columns());
        markdown.push(&explanation.markdown, &mut out)?;
        markdown.finish(&mut out)?;
    } else {
        writeln!(out, "{}", explanation.markdown.trim_end())?;
    }
    Ok(())
}

/// The JSON of `POST /api/v1/analysis`.
fn to_json(explanation: &Explanation) -> Value {
    let errors = explanation
        .syntax_errors
        .iter()
        .map(|error| json!({"line": error.line, "column": error.column, "message": error.message}));
    json!({
        "language": explanation.language.name(),
        "syntax_errors": errors.collect::<Vec<_>>(),
        "explanation": explanation.markdown,
    })
}
