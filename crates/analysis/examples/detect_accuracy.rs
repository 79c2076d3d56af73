//! Measures language detection on JSON-lines files with `prompt` or `declaration` and `canonical_solution`, whose names end in
//! `-LANGUAGE.jsonl`. Prints how many are told right, with their head and without.

use std::path::Path;

use domain::analysis::CodeAnalyser;
use domain::language::Language;

#[expect(clippy::print_stdout, reason = "a command-line example")]
fn main() -> Result<(), Box<dyn std::error::Error>> {
    let analyser = analysis::SyntaxAnalyser::new();
    for path in std::env::args().skip(1) {
        let stem = Path::new(&path)
            .file_stem()
            .and_then(|stem| stem.to_str())
            .unwrap_or_default();
        let language: Language = stem.rsplit('-').next().unwrap_or_default().parse()?;
        let (mut whole, mut bare, mut valid, mut count) = (0, 0, 0, 0);
        for line in std::fs::read_to_string(&path)?.lines() {
            let row: serde_json::Value = serde_json::from_str(line)?;
            let get = |name: &str| {
                row.get(name)
                    .and_then(serde_json::Value::as_str)
                    .unwrap_or_default()
            };
            let code = format!("{}{}", get("declaration"), get("canonical_solution"));
            count += 1;
            let found = analyser.detect_language(&code);
            whole += usize::from(found == Some(language));
            if found != Some(language) {
                println!("  {} taken for {found:?}", get("task_id"));
            }
            bare +=
                usize::from(analyser.detect_language(get("canonical_solution")) == Some(language));
            valid += usize::from(analyser.find_syntax_errors(language, &code).is_empty());
        }
        println!(
            "{language}: {whole} of {count} whole, {bare} of {count} bodies alone; {valid} parse without errors"
        );
    }
    Ok(())
}
