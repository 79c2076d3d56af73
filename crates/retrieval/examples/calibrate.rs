//! Fits the numbers of `calibration.rs` and `router/calibration.rs` to `tests/data/dev.jsonl` by gradient descent and prints
//! them as Rust. Deterministic: the same input gives the same numbers.
//!
//! `cargo run --release -p retrieval --example calibrate -- VECTORS.json [HUMANEVAL]`
#![expect(
    clippy::print_stdout,
    reason = "the result of this program is what it prints"
)]
#![expect(
    dead_code,
    reason = "the examples share one module and none needs all of it"
)]

mod support;

use std::path::Path;

use anyhow::Result;
use domain::ask::Topic;
use domain::retrieval::SearchRung;
use domain::routing::Intent;
use retrieval::calibration::logistic;
use retrieval::evidence::{Evidence, FEATURE_NAMES, FEATURES};
use retrieval::router::ROUTE_FEATURES;
use support::{Asked, Bench, read_questions};

const DEV: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/data/dev.jsonl");

/// Parts of the questions; each is judged by weights fitted to the others.
const FOLDS: usize = 5;

/// Candidates of a question that are learned from.
const CANDIDATES: usize = 8;

/// Share of unknown questions that may be taken as known.
const FALSE_KNOWN_MAX: f32 = 0.02;

/// Share of known questions that may be taken as unknown.
const FALSE_UNKNOWN_MAX: f32 = 0.08;

/// Weight of an example message of the router against a question of the file.
const EXAMPLE_WEIGHT: f32 = 0.3;

/// Penalty on the squares of the weights; small, against a few hundred samples.
const RIDGE: f32 = 0.3;

struct Sample<const N: usize> {
    features: [f32; N],
    label: f32,
    weight: f32,
}

/// Intercept and weights.
type Weights<const N: usize> = (f32, [f32; N]);

/// A question with its candidates and which of them are right.
struct Judged {
    has_answer: bool,
    is_chat: bool,
    candidates: Vec<(Evidence, bool)>,
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<()> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [vectors, rest @ ..] = arguments.as_slice() else {
        anyhow::bail!("name the file of vectors");
    };
    let bench = support::open(Path::new(vectors), rest.first().map(Path::new)).await?;
    let questions = read_questions(Path::new(DEV))?;
    for rung in [SearchRung::Hybrid, SearchRung::Lexical] {
        fit_search(&bench, &questions, rung).await?;
    }
    fit_router(&bench, &questions).await;
    Ok(())
}

async fn fit_search(bench: &Bench, questions: &[Asked], rung: SearchRung) -> Result<()> {
    let mut judged = Vec::new();
    for asked in questions {
        let mut candidates: Vec<(Evidence, bool)> = bench
            .list_candidates(rung, asked)
            .await?
            .into_iter()
            .map(|found| (found.evidence, asked.expected.contains(&found.item.key)))
            .collect();
        let similarity = |e: &Evidence| e.cosine.unwrap_or(e.overlap + e.coverage);
        candidates.sort_by(|a, b| similarity(&b.0).total_cmp(&similarity(&a.0)));
        judged.push(Judged {
            has_answer: !asked.expected.is_empty(),
            is_chat: asked.intent == Intent::None,
            candidates,
        });
    }
    let mut unseen = Vec::new();
    for fold in 0..FOLDS {
        let parts = || judged.iter().enumerate();
        let others: Vec<&Judged> = parts()
            .filter(|(n, _)| n % FOLDS != fold)
            .map(|(_, q)| q)
            .collect();
        let weights = fit_questions(&others);
        let own = parts().filter(|(n, _)| n % FOLDS == fold);
        unseen.extend(own.map(|(_, q)| (q, best(q, &weights))));
    }
    let (known, confirm) = choose_thresholds(&unseen);
    let all: Vec<&Judged> = judged.iter().collect();
    let (intercept, weights) = fit_questions(&all);
    println!("// {rung:?}: {FEATURE_NAMES:?}\nintercept: {intercept:.3},\nweights: {weights:.3?},");
    println!("known: {known:.3},\nconfirm: {confirm:.3},");
    report(&unseen, known, confirm);
    Ok(())
}

/// Weights fitted to the likeliest candidates, then stretched so that the scores of the best ones are probabilities.
fn fit_questions(questions: &[&Judged]) -> Weights<FEATURES> {
    let samples: Vec<Sample<FEATURES>> = questions
        .iter()
        .flat_map(|question| question.candidates.iter().take(CANDIDATES))
        .map(|(evidence, right)| Sample {
            features: evidence.features(),
            label: f32::from(u8::from(*right)),
            weight: 1.0,
        })
        .collect();
    // No evidence for an item may count against it, whatever the few questions at hand suggest.
    let (intercept, weights) = descend(&samples, RIDGE, 0.0);
    let best: Vec<Sample<1>> = questions
        .iter()
        .filter_map(|question| best(question, &(intercept, weights)))
        .map(|(score, right)| Sample {
            features: [(score / (1.0 - score)).ln().clamp(-8.0, 8.0) / 4.0],
            label: f32::from(u8::from(right)),
            weight: 1.0,
        })
        .collect();
    let (shift, [stretch]) = descend(&best, RIDGE, 0.0);
    let stretch = stretch / 4.0;
    (intercept * stretch + shift, weights.map(|w| w * stretch))
}

/// Score of the best candidate and whether it is right.
fn best(question: &Judged, (intercept, weights): &Weights<FEATURES>) -> Option<(f32, bool)> {
    let score = |evidence: &Evidence| {
        let features = evidence.features();
        logistic(
            intercept
                + weights
                    .iter()
                    .zip(features)
                    .map(|(w, x)| w * x)
                    .sum::<f32>(),
        )
    };
    let scored = question
        .candidates
        .iter()
        .map(|(e, right)| (score(e), *right));
    scored.max_by(|a, b| a.0.total_cmp(&b.0))
}

/// The lowest score that takes few enough unknown questions as known, and the highest that loses few enough known ones.
fn choose_thresholds(unseen: &[(&Judged, Option<(f32, bool)>)]) -> (f32, f32) {
    let mut wrong: Vec<f32> = unseen
        .iter()
        .filter(|(question, _)| !question.has_answer && !question.is_chat)
        .map(|(_, best)| best.map_or(0.0, |(score, _)| score))
        .collect();
    wrong.sort_by(|a, b| b.total_cmp(a));
    let known = wrong[allowed(wrong.len(), FALSE_KNOWN_MAX)] + 0.005;
    let mut right: Vec<f32> = unseen
        .iter()
        .filter(|(question, _)| question.has_answer)
        .map(|(_, best)| best.map_or(0.0, |(score, _)| score))
        .collect();
    right.sort_by(f32::total_cmp);
    (known, right[allowed(right.len(), FALSE_UNKNOWN_MAX)])
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    clippy::cast_precision_loss,
    reason = "a share of a few hundred questions"
)]
fn allowed(count: usize, share: f32) -> usize {
    (count as f32 * share).floor() as usize
}

fn report(unseen: &[(&Judged, Option<(f32, bool)>)], known: f32, confirm: f32) {
    for (name, has_answer, is_chat) in [
        ("known", true, false),
        ("unknown", false, false),
        ("chat", false, true),
    ] {
        let group = unseen
            .iter()
            .filter(|(q, _)| q.has_answer == has_answer && q.is_chat == is_chat);
        let scores: Vec<(f32, bool)> = group
            .map(|(_, best)| best.unwrap_or((0.0, false)))
            .collect();
        let count = |test: &dyn Fn(&(f32, bool)) -> bool| scores.iter().filter(|s| test(s)).count();
        println!(
            "// {name}: {} of them, best one right {}, Known {} (of these wrong {}), Confirm {}, Unknown {}",
            scores.len(),
            count(&|s| s.1),
            count(&|s| s.0 >= known),
            count(&|s| s.0 >= known && !s.1),
            count(&|s| s.0 < known && s.0 >= confirm),
            count(&|s| s.0 < confirm),
        );
    }
}

async fn fit_router(bench: &Bench, questions: &[Asked]) {
    let mut samples: Vec<([f32; ROUTE_FEATURES], Intent, Topic, f32)> = Vec::new();
    for example in bench.semantic_router.list_examples().await {
        let features = example.evidence.features();
        samples.push((features, example.intent, example.topic, EXAMPLE_WEIGHT));
    }
    for asked in questions {
        let evidence = bench.semantic_router.read_evidence(&asked.text).await;
        samples.push((evidence.features(), asked.intent, asked.topic, 1.0));
    }
    for (name, similarities) in [("SEMANTIC", true), ("WORDS", false)] {
        let seen = |mut features: [f32; ROUTE_FEATURES]| {
            if !similarities {
                features[ROUTE_FEATURES - 5..].fill(0.0);
            }
            features
        };
        let with = |label: &dyn Fn(Intent, Topic) -> bool| -> Vec<Sample<ROUTE_FEATURES>> {
            let sample = |(features, intent, topic, weight): &(
                [f32; ROUTE_FEATURES],
                Intent,
                Topic,
                f32,
            )| Sample {
                features: seen(*features),
                label: f32::from(u8::from(label(*intent, *topic))),
                weight: *weight,
            };
            samples.iter().map(sample).collect()
        };
        println!("// {name}\nintents: [");
        for row in descend_softmax(&samples, seen) {
            println!("    {row:.3?},");
        }
        let (intercept, weights) = descend(
            &with(&|_, topic| topic == Topic::DataScience),
            RIDGE,
            f32::NEG_INFINITY,
        );
        println!("],\ntopic: {weights:.3?} then {intercept:.3},");
    }
}

/// Multinomial logistic regression by gradient descent: for each intent the weights, then the intercept.
fn descend_softmax(
    samples: &[([f32; ROUTE_FEATURES], Intent, Topic, f32)],
    seen: impl Fn([f32; ROUTE_FEATURES]) -> [f32; ROUTE_FEATURES],
) -> [[f32; ROUTE_FEATURES + 1]; 3] {
    let rows: Vec<([f32; ROUTE_FEATURES + 1], usize, f32)> = samples
        .iter()
        .map(|(features, intent, _, weight)| {
            let seen = seen(*features);
            let class = match intent {
                Intent::Generate => 0,
                Intent::Explain => 1,
                Intent::None => 2,
            };
            let row = std::array::from_fn(|at| seen.get(at).copied().unwrap_or(1.0));
            (row, class, *weight)
        })
        .collect();
    let whole: f32 = rows.iter().map(|(_, _, weight)| weight).sum();
    let mut weights = [[0.0_f32; ROUTE_FEATURES + 1]; 3];
    let mut speed = [[0.0_f32; ROUTE_FEATURES + 1]; 3];
    for _ in 0..3_000 {
        let mut slope = [[0.0_f32; ROUTE_FEATURES + 1]; 3];
        for (row, class, weight) in &rows {
            let odds = weights.map(|w| w.iter().zip(row).map(|(w, x)| w * x).sum::<f32>().exp());
            let sum: f32 = odds.iter().sum();
            for (at, slope) in slope.iter_mut().enumerate() {
                let error = odds[at] / sum - f32::from(u8::from(at == *class));
                slope
                    .iter_mut()
                    .zip(row)
                    .for_each(|(s, x)| *s += weight * error * x);
            }
        }
        for class in 0..3 {
            for at in 0..=ROUTE_FEATURES {
                let ridge = if at < ROUTE_FEATURES {
                    RIDGE * weights[class][at]
                } else {
                    0.0
                };
                speed[class][at] =
                    0.9 * speed[class][at] - 0.1 * (slope[class][at] + ridge) / whole;
                weights[class][at] += speed[class][at];
            }
        }
    }
    weights
}

/// Logistic regression with a ridge penalty by gradient descent with momentum; no weight falls below `lowest`.
fn descend<const N: usize>(samples: &[Sample<N>], ridge: f32, lowest: f32) -> Weights<N> {
    let whole: f32 = samples.iter().map(|sample| sample.weight).sum();
    let (mut intercept, mut weights) = (0.0_f32, [0.0_f32; N]);
    let (mut speed_0, mut speed) = (0.0_f32, [0.0_f32; N]);
    for _ in 0..4_000 {
        let (mut slope_0, mut slope) = (0.0_f32, [0.0_f32; N]);
        for sample in samples {
            let odds: f32 = weights
                .iter()
                .zip(sample.features)
                .map(|(w, x)| w * x)
                .sum();
            let error = sample.weight * (logistic(intercept + odds) - sample.label);
            slope_0 += error;
            slope
                .iter_mut()
                .zip(sample.features)
                .for_each(|(s, x)| *s += error * x);
        }
        speed_0 = 0.9 * speed_0 - 0.3 * slope_0 / whole;
        intercept += speed_0;
        for at in 0..N {
            speed[at] = 0.9 * speed[at] - 0.3 * (slope[at] + ridge * weights[at]) / whole;
            weights[at] = (weights[at] + speed[at]).max(lowest);
        }
    }
    (intercept, weights)
}
