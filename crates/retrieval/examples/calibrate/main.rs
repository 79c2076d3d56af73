//! Fits the numbers of search and of the router to `tests/data/dev.jsonl` and reports what they do on questions they were not
//! fitted to: ten parts in turn, all questions about one entry in one part. Deterministic: the same input gives the same numbers.
//!
//! `cargo run -p retrieval --example calibrate -- --engine CODEGENIE --models DIR [--humaneval FILE] [--cache FILE] [--write]`
#![expect(
    clippy::print_stdout,
    reason = "the result of this program is what it prints"
)]
#![expect(
    dead_code,
    reason = "the examples share one module and none needs all of it"
)]

mod routing;
mod search;
#[path = "../support/mod.rs"]
mod support;

use std::collections::BTreeSet;
use std::path::Path;
use std::sync::Arc;

use anyhow::Result;
use domain::embedding::Embedder;
use domain::retrieval::SearchRung;
use support::encoder::Arguments;
use support::{Asked, read_questions};

const SOURCE: &str = env!("CARGO_MANIFEST_DIR");

/// Parts of the questions; each is judged by weights fitted to the others.
pub(crate) const PARTS: usize = 10;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<()> {
    let arguments = Arguments::read()?;
    let encoder = Arc::new(arguments.cached()?);
    let asked_by = Arc::clone(&encoder) as Arc<dyn Embedder>;
    let humaneval = arguments.humaneval.as_deref();
    let bench = support::open(encoder.as_ref(), asked_by, humaneval).await?;
    let source = Path::new(SOURCE);
    let questions = read_questions(&source.join("tests/data/dev.jsonl"))?;
    let parts = part(&questions);

    let hybrid = search::fit(&bench, &questions, &parts, SearchRung::Hybrid).await?;
    let lexical = search::fit(&bench, &questions, &parts, SearchRung::Lexical).await?;
    let weights = routing::fit(encoder.as_ref(), &questions, &parts).await?;
    encoder.save()?;
    if arguments.write {
        let text = search::write(&hybrid, &lexical);
        std::fs::write(source.join("src/calibration/weights.rs"), text)?;
        std::fs::write(source.join("src/router/weights.csv"), weights)?;
    }
    Ok(())
}

/// The part of each question.
fn part(questions: &[Asked]) -> Vec<usize> {
    let subjects: BTreeSet<&str> = questions.iter().map(|asked| asked.about.as_str()).collect();
    let subjects: Vec<&str> = subjects.into_iter().collect();
    let place = |asked: &Asked| subjects.binary_search(&asked.about.as_str());
    questions
        .iter()
        .map(|asked| place(asked).unwrap_or_default() % PARTS)
        .collect()
}
