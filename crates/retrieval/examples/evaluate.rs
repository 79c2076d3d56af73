//! Measures search and routing on a file of questions and prints tables with 95 % Wilson intervals. Nothing is chosen here.
//!
//! `cargo run -p retrieval --example evaluate -- --engine CODEGENIE --models DIR --questions FILE [--humaneval FILE] [--cache FILE]`
//!
//! The cache serves the items alone: every question goes through the engine, so that its time is measured.
#![expect(
    clippy::print_stdout,
    reason = "the result of this program is what it prints"
)]
#![expect(
    dead_code,
    reason = "the examples share one module and none needs all of it"
)]

mod support;

use std::sync::Arc;
use std::time::Instant;

use anyhow::{Context, Result};
use domain::ask::Topic;
use domain::embedding::Embedder;
use domain::knowledge::Reader;
use domain::retrieval::{Retriever, Verdict};
use domain::routing::{Intent, IntentRouter};
use retrieval::hybrid::HybridRetriever;
use retrieval::router::SemanticRouter;
use support::encoder::Arguments;
use support::{Asked, Bench, query_of, read_questions};

const VERDICTS: [Verdict; 3] = [Verdict::Known, Verdict::Confirm, Verdict::Unknown];
const INTENTS: [Intent; 3] = [Intent::Generate, Intent::Explain, Intent::None];

/// What a search gave for a question.
struct Searched {
    verdict: Verdict,
    score: f32,
    /// Place of the first right item, 0 for the best.
    place: Option<usize>,
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<()> {
    let arguments = Arguments::read()?;
    let items_by = arguments.cached()?;
    let engine = Arc::new(arguments.engine()?);
    let asked_by = Arc::clone(&engine) as Arc<dyn Embedder>;
    let bench = support::open(&items_by, asked_by, arguments.humaneval.as_deref()).await?;
    items_by.save()?;
    let questions = arguments.questions.as_deref();
    let questions = read_questions(questions.context("name the questions: --questions FILE")?)?;
    bench.hybrid.refresh().await?;
    bench.semantic_router.warm_up().await;
    measure_time(&bench, &questions).await?;
    for (name, retriever) in [("Hybrid", &bench.hybrid), ("Lexical", &bench.lexical)] {
        println!("\n### Search, {name}\n");
        measure_search(retriever, &questions).await?;
    }
    for (name, router) in [
        ("Semantic", &bench.semantic_router),
        ("Lexical", &bench.words_router),
    ] {
        println!("\n### Routing, {name}\n");
        measure_router(router, &questions).await;
    }
    Ok(())
}

/// Routing and then searching, as the product does it: the search finds the question's vector made by the router.
async fn measure_time(bench: &Bench, questions: &[Asked]) -> Result<()> {
    let (mut routing, mut searching, mut both) = (Vec::new(), Vec::new(), Vec::new());
    for asked in questions {
        let start = Instant::now();
        bench.semantic_router.route(&asked.text, &[]).await;
        let routed = start.elapsed().as_micros();
        bench
            .hybrid
            .retrieve(Reader::Public, &query_of(asked))
            .await?;
        let all = start.elapsed().as_micros();
        routing.push(routed);
        searching.push(all - routed);
        both.push(all);
    }
    println!("\n### Time, one question after another\n");
    println!("| what | p50 | p95 |\n|---|---:|---:|");
    for (name, times) in [
        ("routing with the encoder", routing),
        ("searching with the vector at hand", searching),
        ("both", both),
    ] {
        let [half, most] = [50, 95].map(|percent| percentile_ms(&times, percent));
        println!("| {name} | {half:.1} ms | {most:.1} ms |");
    }
    Ok(())
}

#[expect(clippy::cast_precision_loss, reason = "times of seconds at most")]
fn percentile_ms(times_us: &[u128], percent: usize) -> f64 {
    let mut sorted = times_us.to_vec();
    sorted.sort_unstable();
    let at = (sorted.len() * percent / 100).min(sorted.len().saturating_sub(1));
    sorted.get(at).map_or(0.0, |time| *time as f64 / 1000.0)
}

async fn measure_search(retriever: &HybridRetriever, questions: &[Asked]) -> Result<()> {
    let mut groups: [Vec<Searched>; 3] = Default::default();
    for asked in questions {
        let found = retriever.retrieve(Reader::Public, &query_of(asked)).await?;
        let group = match (asked.expected.is_empty(), asked.intent) {
            (false, _) => 0,
            (true, Intent::Generate | Intent::Explain) => 1,
            (true, Intent::None) => 2,
        };
        groups[group].push(Searched {
            verdict: found.verdict,
            score: found.hits.first().map_or(0.0, |hit| hit.score),
            place: found
                .hits
                .iter()
                .position(|hit| asked.expected.contains(&hit.item.key)),
        });
    }
    let [known, unknown, chat] = &groups;
    let within = |limit| {
        count(known, |found| {
            found.place.is_some_and(|place| place < limit)
        })
    };
    let is_wrong = |found: &Searched| found.verdict == Verdict::Known && found.place != Some(0);
    print_share(
        "right item first, of questions with one",
        within(1),
        known.len(),
    );
    print_share("right item among the first three", within(3), known.len());
    print_share(
        "false known: unknown taken as known",
        count(unknown, is_wrong),
        unknown.len(),
    );
    print_share(
        "false known: chat taken as known",
        count(chat, is_wrong),
        chat.len(),
    );
    print_share(
        "wrong item taken as known",
        count(known, is_wrong),
        known.len(),
    );
    let lost = count(known, |found| found.verdict == Verdict::Unknown);
    print_share("false unknown: known taken as unknown", lost, known.len());
    println!("\n| questions | known | confirm | unknown |\n|---|---:|---:|---:|");
    for (name, group) in [("known", known), ("unknown", unknown), ("chat", chat)] {
        let [a, b, c] = VERDICTS.map(|verdict| count(group, |found| found.verdict == verdict));
        println!("| {name} | {a} | {b} | {c} |");
    }
    println!(
        "\nArea under the ROC curve of the best score, known against unknown: {:.3}",
        area(known, unknown)
    );
    let right: Vec<(f32, bool)> = groups
        .iter()
        .flatten()
        .map(|found| (found.score, found.place == Some(0)))
        .collect();
    println!(
        "Expected calibration error of the best score (ten bins): {:.3}",
        calibration_error(&right)
    );
    Ok(())
}

async fn measure_router(router: &SemanticRouter, questions: &[Asked]) {
    let mut table = [[0_usize; 3]; 3];
    let mut topics = [0_usize; 4];
    for asked in questions {
        let decision = router.route(&asked.text, &[]).await;
        let place = |intent: Intent| {
            INTENTS
                .iter()
                .position(|other| *other == intent)
                .unwrap_or(2)
        };
        table[place(asked.intent)][place(decision.intent)] += 1;
        let is = |topic| usize::from(topic == Topic::DataScience);
        topics[2 * is(asked.topic) + is(decision.topic)] += 1;
    }
    let right: usize = (0..3).map(|at| table[at][at]).sum();
    print_share("intent right", right, questions.len());
    let called_none: usize = table.iter().map(|row| row[2]).sum();
    print_share("precision of none", table[2][2], called_none);
    print_share("recall of none", table[2][2], table[2].iter().sum());
    print_share("topic right", topics[0] + topics[3], questions.len());
    print_share(
        "precision of data science",
        topics[3],
        topics[1] + topics[3],
    );
    print_share("recall of data science", topics[3], topics[2] + topics[3]);
    println!("\n| wanted | generate | explain | none |\n|---|---:|---:|---:|");
    for (name, row) in ["generate", "explain", "none"].iter().zip(table) {
        println!("| {name} | {} | {} | {} |", row[0], row[1], row[2]);
    }
}

fn count<T>(items: &[T], test: impl Fn(&T) -> bool) -> usize {
    items.iter().filter(|item| test(item)).count()
}

#[expect(clippy::cast_precision_loss, reason = "counts of questions are small")]
fn print_share(name: &str, part: usize, whole: usize) {
    if whole == 0 {
        println!("- {name}: none to judge");
        return;
    }
    let (n, p, z) = (whole as f64, part as f64 / whole as f64, 1.96_f64);
    let middle = (p + z * z / (2.0 * n)) / (1.0 + z * z / n);
    let spread = z / (1.0 + z * z / n) * (p * (1.0 - p) / n + z * z / (4.0 * n * n)).sqrt();
    let (low, high) = ((middle - spread).max(0.0), (middle + spread).min(1.0));
    println!(
        "- {name}: {part}/{whole} = {:.1} % ({:.1} to {:.1})",
        100.0 * p,
        100.0 * low,
        100.0 * high
    );
}

/// Chance that a known question scores higher than an unknown one; ties count half.
#[expect(clippy::cast_precision_loss, reason = "counts of questions are small")]
fn area(known: &[Searched], unknown: &[Searched]) -> f64 {
    let half_points: usize = known
        .iter()
        .flat_map(|a| unknown.iter().map(move |b| (a.score, b.score)))
        .map(|(a, b)| if a > b { 2 } else { usize::from(a >= b) })
        .sum();
    half_points as f64 / (2 * known.len() * unknown.len()).max(1) as f64
}

#[expect(clippy::cast_precision_loss, reason = "counts of questions are small")]
fn calibration_error(scores: &[(f32, bool)]) -> f32 {
    let mut error = 0.0;
    for bin in 0_u8..10 {
        let low = f32::from(bin) / 10.0;
        let inside: Vec<&(f32, bool)> = scores
            .iter()
            .filter(|(score, _)| *score >= low && (*score < low + 0.1 || bin == 9))
            .collect();
        let mean: f32 = inside.iter().map(|(score, _)| score).sum();
        let right = inside.iter().filter(|(_, right)| *right).count() as f32;
        error += (mean - right).abs();
    }
    error / scores.len().max(1) as f32
}
