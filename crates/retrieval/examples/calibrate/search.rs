//! The numbers of search: an order of the items found, then how likely the first of them is right, then two thresholds.

use std::fmt::Write as _;

use anyhow::Result;
use domain::retrieval::SearchRung;
use domain::routing::Intent;
use retrieval::calibration::{Calibration, find_leads};
use retrieval::evidence::{Evidence, FEATURE_NAMES, FEATURES};

use crate::PARTS;
use crate::support::fit::{Choice, Sample, fit_classes, fit_order};
use crate::support::{Asked, Bench};

/// Share of unknown questions, and of chat, that may be taken as known.
const FALSE_KNOWN_MAX: f32 = 0.03;

/// Share of known questions that may be taken as unknown.
const FALSE_UNKNOWN_MAX: f32 = 0.08;

/// Penalty on the squares of the weights of features brought to a spread of 1.
const RIDGE: f64 = 5.0;

/// What each feature, then the lead, may speak for: 1 for an item, −1 against it, 0 either. A few hundred questions with the
/// habits of their writers must not teach that an exact match is a bad sign.
const SIGNS: [f64; FEATURES + 1] = [
    1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 0.0, -1.0, -1.0, 1.0, 1.0,
];

/// A question with the items found for it, which of them are right, and which are the same thing in two languages.
struct Judged {
    has_answer: bool,
    is_chat: bool,
    found: Vec<(Evidence, bool, String)>,
}

/// Score of the best item, and whether it is right; (0, false) when nothing was found.
type Best = (f32, bool);

pub(crate) async fn fit(
    bench: &Bench,
    questions: &[Asked],
    parts: &[usize],
    rung: SearchRung,
) -> Result<Calibration> {
    let mut judged = Vec::new();
    for asked in questions {
        let mut found = bench.list_candidates(rung, asked).await?;
        found.sort_by(|a, b| a.item.key.cmp(&b.item.key));
        let found = found.into_iter().map(|found| {
            let is_right = asked.expected.contains(&found.item.key);
            (found.evidence, is_right, found.item.title.to_lowercase())
        });
        judged.push(Judged {
            has_answer: !asked.expected.is_empty(),
            is_chat: asked.intent == Intent::None,
            found: found.collect(),
        });
    }
    let mut unseen: Vec<Best> = vec![(0.0, false); judged.len()];
    for part in 0..PARTS {
        let of_part =
            |is_own: bool| (0..judged.len()).filter(move |n| (parts[*n] == part) == is_own);
        let others: Vec<&Judged> = of_part(false).map(|n| &judged[n]).collect();
        let fitted = fit_questions(&others);
        for n in of_part(true) {
            unseen[n] = find_best(&judged[n], &fitted).map_or((0.0, false), |(_, _, best)| best);
        }
    }
    let mut calibration = fit_questions(&judged.iter().collect::<Vec<_>>());
    (calibration.known, calibration.confirm) = choose_thresholds(&judged, &unseen);
    println!("## {rung:?}, on questions not fitted to\n");
    report(&judged, &unseen, &calibration);
    Ok(calibration)
}

fn fit_questions(questions: &[&Judged]) -> Calibration {
    let all = || questions.iter().flat_map(|question| &question.found);
    let spread = measure_spread(all().map(|(evidence, _, _)| evidence.features()));
    let scaled = |evidence: &Evidence| -> Vec<f64> {
        let features = evidence.features().map(f64::from);
        features.iter().zip(spread).map(|(x, s)| x / s).collect()
    };
    let choices: Vec<Choice> = questions
        .iter()
        .filter(|question| question.found.iter().any(|(_, right, _)| *right))
        .map(|question| Choice {
            items: question.found.iter().map(|(e, _, _)| scaled(e)).collect(),
            right: question.found.iter().map(|(_, right, _)| *right).collect(),
        })
        .collect();
    let order = fit_signed(|used| {
        let items = |choice: &Choice| choice.items.iter().map(|item| mask(item, used)).collect();
        let masked = choices.iter().map(|choice| Choice {
            items: items(choice),
            right: choice.right.clone(),
        });
        fit_order(&masked.collect::<Vec<_>>(), RIDGE)
    });
    let mut fitted = Calibration {
        order: std::array::from_fn(|at| single(order[at] / spread[at])),
        intercept: 0.0,
        weights: [0.0; FEATURES],
        lead: 0.0,
        known: 1.0,
        confirm: 0.0,
    };
    let samples: Vec<Sample> = questions
        .iter()
        .filter_map(|question| find_best(question, &fitted))
        .map(|(evidence, lead, (_, is_right))| {
            let mut features = scaled(evidence);
            features.push(f64::from(lead) / 3.0);
            let class = usize::from(is_right);
            Sample { features, class }
        })
        .collect();
    let row = fit_signed(|used| {
        let masked = samples.iter().map(|sample| Sample {
            features: mask(&sample.features, used),
            class: sample.class,
        });
        // Two classes share one direction, and the penalty with it.
        let rows = fit_classes(&masked.collect::<Vec<_>>(), 2, 2.0 * RIDGE);
        rows[1].iter().zip(&rows[0]).map(|(a, b)| a - b).collect()
    });
    let of = |at: usize| row[at];
    fitted.weights = std::array::from_fn(|at| single(of(at) / spread[at]));
    fitted.lead = single(of(FEATURES) / 3.0);
    fitted.intercept = single(of(FEATURES + 1));
    fitted
}

/// Fits again without the features whose weights came out with the wrong sign, until none does.
fn fit_signed(fit: impl Fn(&[bool]) -> Vec<f64>) -> Vec<f64> {
    let mut used = [true; FEATURES + 1];
    loop {
        let weights = fit(&used);
        let wrong: Vec<usize> = (0..weights.len().min(SIGNS.len()))
            .filter(|at| weights[*at] * SIGNS[*at] < -1e-6)
            .collect();
        if wrong.is_empty() {
            return weights;
        }
        for at in wrong {
            used[at] = false;
        }
    }
}

fn mask(features: &[f64], used: &[bool]) -> Vec<f64> {
    let masked = features.iter().zip(used);
    masked
        .map(|(x, used)| if *used { *x } else { 0.0 })
        .collect()
}

/// Standard deviation of each feature, at least a twentieth.
#[expect(clippy::cast_precision_loss, reason = "some ten thousand items")]
fn measure_spread(rows: impl Iterator<Item = [f32; FEATURES]>) -> [f64; FEATURES] {
    let rows: Vec<[f64; FEATURES]> = rows.map(|row| row.map(f64::from)).collect();
    let count = rows.len().max(1) as f64;
    std::array::from_fn(|at| {
        let mean = rows.iter().map(|row| row[at]).sum::<f64>() / count;
        let squares = rows.iter().map(|row| (row[at] - mean).powi(2)).sum::<f64>();
        (squares / count).sqrt().max(0.05)
    })
}

#[expect(
    clippy::cast_possible_truncation,
    reason = "weights are kept in single precision"
)]
fn single(weight: f64) -> f32 {
    (weight * 1000.0).round() as f32 / 1000.0
}

/// The strongest item with its lead and score.
fn find_best<'a>(question: &'a Judged, fitted: &Calibration) -> Option<(&'a Evidence, f32, Best)> {
    let found = &question.found;
    let strengths: Vec<f32> = found.iter().map(|(e, _, _)| fitted.strength(e)).collect();
    let leads = find_leads(&strengths, |a, b| found[a].2 == found[b].2);
    let best =
        (0..found.len()).max_by(|a, b| strengths[*a].total_cmp(&strengths[*b]).then(b.cmp(a)))?;
    let (evidence, is_right, _) = &found[best];
    let score = fitted.score(evidence, leads[best]);
    Some((evidence, leads[best], (score, *is_right)))
}

/// The lowest score that takes few enough unknown questions as known, and the highest that loses few enough known ones.
fn choose_thresholds(judged: &[Judged], unseen: &[Best]) -> (f32, f32) {
    let sorted = |test: &dyn Fn(&Judged) -> bool| {
        let own = judged
            .iter()
            .zip(unseen)
            .filter(|(question, _)| test(question));
        let mut scores: Vec<f32> = own.map(|(_, best)| best.0).collect();
        scores.sort_by(f32::total_cmp);
        scores
    };
    let floor_of =
        |scores: &[f32]| scores[scores.len() - 1 - allowed(scores.len(), FALSE_KNOWN_MAX)];
    let unknown = sorted(&|q| !q.has_answer && !q.is_chat);
    let chat = sorted(&|q| q.is_chat);
    let known = sorted(&|q| q.has_answer);
    let lowest = floor_of(&unknown).max(floor_of(&chat)) + 0.0005;
    (lowest, known[allowed(known.len(), FALSE_UNKNOWN_MAX)])
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

#[expect(clippy::cast_precision_loss, reason = "counts of questions are small")]
fn report(judged: &[Judged], unseen: &[Best], fitted: &Calibration) {
    println!(
        "| questions | all | best one right | known | of these wrong | confirm | unknown |\n|---|---:|---:|---:|---:|---:|---:|"
    );
    let group = |has_answer: bool, is_chat: bool| -> Vec<Best> {
        let all = judged.iter().zip(unseen);
        all.filter(|(q, _)| q.has_answer == has_answer && q.is_chat == is_chat)
            .map(|(_, best)| *best)
            .collect()
    };
    let (known, unknown, chat) = (group(true, false), group(false, false), group(false, true));
    for (name, scores) in [("known", &known), ("unknown", &unknown), ("chat", &chat)] {
        let count = |test: &dyn Fn(&Best) -> bool| scores.iter().filter(|s| test(s)).count();
        println!(
            "| {name} | {} | {} | {} | {} | {} | {} |",
            scores.len(),
            count(&|s| s.1),
            count(&|s| s.0 >= fitted.known),
            count(&|s| s.0 >= fitted.known && !s.1),
            count(&|s| s.0 < fitted.known && s.0 >= fitted.confirm),
            count(&|s| s.0 < fitted.confirm),
        );
    }
    let pairs = known
        .iter()
        .flat_map(|a| unknown.iter().map(move |b| (a.0, b.0)));
    let halves: usize = pairs
        .map(|(a, b)| usize::from(a > b) + usize::from(a >= b))
        .sum();
    let area = halves as f64 / (2 * known.len() * unknown.len()) as f64;
    println!("\nArea under the ROC curve, known against unknown: {area:.3}\n");
    for (at, name) in FEATURE_NAMES.iter().enumerate() {
        println!(
            "{name:>12} {:8.3} {:8.3}",
            fitted.order[at], fitted.weights[at]
        );
    }
    println!("{:>12} {:17.3}\n", "lead", fitted.lead);
}

/// The text of `src/calibration/weights.rs`.
pub(crate) fn write(hybrid: &Calibration, lexical: &Calibration) -> String {
    let mut text = String::from(
        "//! The numbers of search. Written by `--example calibrate -- --write` from `tests/data/dev.jsonl`; not to be edited by hand.\n\n\
         use super::Calibration;\n",
    );
    for (doc, name, c) in [
        ("Vectors and words.", "HYBRID", hybrid),
        ("Words alone.", "LEXICAL", lexical),
    ] {
        write!(
            text,
            "\n/// {doc}\npub const {name}: Calibration = Calibration {{\n    order: {:?},\n    intercept: {:?},\n    weights: {:?},\n    \
             lead: {:?},\n    known: {:.4},\n    confirm: {:.4},\n}};\n",
            c.order, c.intercept, c.weights, c.lead, c.known, c.confirm
        )
        .expect("BUG: writing to a string cannot fail");
    }
    text
}
