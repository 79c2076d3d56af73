//! Prints the explanation of each file given, in every style, and the time it took. Code of other kinds is refused.

use domain::analysis::CodeAnalyser;
use domain::ask::Style;
use domain::language::Language;

#[expect(clippy::print_stdout, reason = "a command-line example")]
fn main() -> Result<(), Box<dyn std::error::Error>> {
    let analyser = analysis::SyntaxAnalyser::new();
    for path in std::env::args().skip(1) {
        let code = std::fs::read_to_string(&path)?;
        let extension = path.rsplit('.').next().unwrap_or_default();
        let Some(language) = Language::from_extension(extension) else {
            return Err(format!("`{path}` is not a file of a known language").into());
        };
        for style in Style::ALL {
            let start = std::time::Instant::now();
            let explanation = analyser.explain(language, &code, style);
            let duration_us = start.elapsed().as_micros();
            println!(
                "===== {path} · {} · {duration_us} µs\n{}\n",
                style.name(),
                explanation.markdown
            );
        }
    }
    Ok(())
}
