//! Measures `analyse` on about a thousand lines of each language, made of this crate's own samples, repeated. Prints the
//! fastest of several runs, which other work on the machine disturbs least, in milliseconds for 1,000 lines. Run it optimised: `cargo run --release -p analysis --example speed`.

use std::fmt::Write;
use std::path::Path;
use std::time::Instant;

use domain::analysis::CodeAnalyser;
use domain::ask::Style;
use domain::language::Language;

/// Lines that a piece of code has at least.
const LINES: usize = 1_000;

/// Runs of which the fastest counts.
const RUNS: usize = 40;

/// Names that differ in every copy, so that no function is defined twice.
const RENAMED: &[&str] = &[
    "average",
    "binary_search",
    "bubble_sort",
    "fibonacci",
    "count_words",
    "two_sum",
    "total",
    "summarise",
    "groupBy",
    "loadOrders",
    "push",
    "describe",
    "max_subarray",
    "parse_config",
    "largest",
    "tally",
    "read_numbers",
    "worker",
    "ReadLines",
    "Cache",
    "Account",
    "Factorial",
    "Sales",
    "Tree",
    "Texture",
    "Shape",
    "Stack",
    "Inventory",
];

fn compose(language: Language, folder: &Path) -> std::io::Result<String> {
    let mut paths = Vec::new();
    for entry in std::fs::read_dir(folder)? {
        let path = entry?.path();
        let extension = path.extension().and_then(|end| end.to_str());
        let is_broken = path.file_stem().is_some_and(|stem| stem == "broken");
        if !is_broken && extension.and_then(Language::from_extension) == Some(language) {
            paths.push(path);
        }
    }
    paths.sort();
    let mut code = String::new();
    let mut lines = 0;
    let mut copy = 0;
    while lines < LINES && !paths.is_empty() {
        for path in &paths {
            let mut text = std::fs::read_to_string(path)?;
            for name in RENAMED {
                text = text.replace(name, &format!("{name}{copy}"));
            }
            // One package and one set of imports a file.
            if copy > 0 {
                text = text.replace("package main", "");
            }
            lines += text.lines().count() + 1;
            code.push_str(&text);
            code.push('\n');
        }
        copy += 1;
    }
    Ok(code)
}

#[expect(clippy::print_stdout, reason = "a command-line example")]
fn main() -> Result<(), Box<dyn std::error::Error>> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/it/samples");
    let analyser = analysis::SyntaxAnalyser::new();
    let mut out = String::new();
    for language in Language::ALL {
        let code = compose(language, &folder)?;
        let lines = u32::try_from(code.lines().count())?;
        let mut runs_ms = Vec::new();
        let mut told = 0;
        for _ in 0..RUNS {
            let start = Instant::now();
            let analysis = analyser.analyse(language, &code, Style::Technical);
            runs_ms.push(start.elapsed().as_secs_f64() * 1e3 * 1e3 / f64::from(lines));
            told = analysis.metrics.functions.len() + analysis.findings.len();
        }
        runs_ms.sort_by(f64::total_cmp);
        let fastest = runs_ms.first().copied().unwrap_or_default();
        writeln!(
            out,
            "{language}: {fastest:.1} ms for 1,000 lines ({lines} lines; {told} functions and findings)"
        )?;
    }
    print!("{out}");
    Ok(())
}
