//! The weights of the router: over the vector and the cues of a message, and over the cues alone.

use anyhow::Result;
use domain::ask::Topic;
use domain::embedding::Embedder;
use retrieval::router::{
    FeatureWeights, ROUTE_FEATURES, ROUTE_ROWS, RouteEvidence, RouterWeights, list_examples,
};

use crate::PARTS;
use crate::support::Asked;
use crate::support::fit::{Sample, dot, fit_classes};

/// The numbers of a unit vector are small; stretched by this they are penalised less than the cues.
const STRETCH: f64 = 4.0;

const RIDGE: f64 = 1.0;

/// A message by its features (its vector last, where it counts) with what is right.
struct Message {
    features: Vec<f64>,
    intent: usize,
    is_data_science: bool,
}

/// Weights of `generate`, `explain`, `none` and data science, each with the intercept last.
type Rows = Vec<Vec<f64>>;

/// The text of `src/router/weights.csv`.
pub(crate) async fn fit(
    encoder: &dyn Embedder,
    questions: &[Asked],
    parts: &[usize],
) -> Result<String> {
    let examples = list_examples();
    let from_examples = examples.iter().map(|e| (e.text, e.intent, e.topic));
    let from_questions = questions
        .iter()
        .map(|q| (q.text.as_str(), q.intent, q.topic));
    let (mut with_vector, mut words) = (Vec::new(), Vec::new());
    for (text, intent, topic) in from_examples.chain(from_questions) {
        let vector = encoder.embed(&[text.to_owned()]).await?.concat();
        let cues = RouteEvidence::of_words(text).features();
        let cues: Vec<f64> = cues.into_iter().map(f64::from).collect();
        let stretched = vector.iter().map(|x| STRETCH * f64::from(*x));
        let message = |features| Message {
            features,
            intent: intent as usize,
            is_data_science: topic == Topic::DataScience,
        };
        with_vector.push(message(cues.iter().copied().chain(stretched).collect()));
        words.push(message(cues));
    }
    let by_vector = judge("with the encoder", &with_vector, examples.len(), parts);
    let by_words = judge("by words alone", &words, examples.len(), parts);
    let directions: [Vec<f32>; ROUTE_ROWS] = std::array::from_fn(|row| {
        let own = &by_vector[row][ROUTE_FEATURES..by_vector[row].len() - 1];
        own.iter().map(|weight| single(weight * STRETCH)).collect()
    });
    Ok(RouterWeights::write(
        encoder.encoder(),
        &keep_features(&by_vector),
        &keep_features(&by_words),
        &directions,
    ))
}

fn keep_features(rows: &Rows) -> FeatureWeights {
    std::array::from_fn(|row| {
        std::array::from_fn(|at| {
            let last = rows[row].len() - 1;
            single(rows[row][if at == ROUTE_FEATURES { last } else { at }])
        })
    })
}

#[expect(
    clippy::cast_possible_truncation,
    reason = "weights are kept in single precision"
)]
fn single(weight: f64) -> f32 {
    weight as f32
}

/// Reports what weights do on questions they were not fitted to, and returns those fitted to all.
fn judge(name: &str, messages: &[Message], examples: usize, parts: &[usize]) -> Rows {
    let mut table = [[0_usize; 3]; 3];
    let mut topics = [[0_usize; 2]; 2];
    for part in 0..PARTS {
        let is_own = |at: usize| at >= examples && parts[at - examples] == part;
        let others = (0..messages.len()).filter(|at| !is_own(*at));
        let rows = fit_rows(&others.map(|at| &messages[at]).collect::<Vec<_>>());
        for message in (0..messages.len())
            .filter(|at| is_own(*at))
            .map(|at| &messages[at])
        {
            let odds: Vec<f64> = rows.iter().map(|row| weigh(row, message)).collect();
            let best = (0..3)
                .max_by(|a, b| odds[*a].total_cmp(&odds[*b]))
                .unwrap_or(2);
            table[message.intent][best] += 1;
            topics[usize::from(message.is_data_science)][usize::from(odds[3] >= 0.0)] += 1;
        }
    }
    println!("## Routing {name}, on questions not fitted to\n");
    println!("| wanted | generate | explain | none |\n|---|---:|---:|---:|");
    for (name, row) in ["generate", "explain", "none"].iter().zip(table) {
        println!("| {name} | {} | {} | {} |", row[0], row[1], row[2]);
    }
    println!("\nData science: {topics:?} (rows: wanted no, yes; columns: said no, yes)\n");
    fit_rows(&messages.iter().collect::<Vec<_>>())
}

fn fit_rows(messages: &[&Message]) -> Rows {
    let samples = |class: &dyn Fn(&Message) -> usize| -> Vec<Sample> {
        let sample = |message: &&Message| Sample {
            features: message.features.clone(),
            class: class(message),
        };
        messages.iter().map(sample).collect()
    };
    let mut rows = fit_classes(&samples(&|message| message.intent), 3, RIDGE);
    // Two classes share one direction, and the penalty with it.
    let topic = fit_classes(
        &samples(&|m| usize::from(m.is_data_science)),
        2,
        2.0 * RIDGE,
    );
    rows.push(
        topic[1]
            .iter()
            .zip(&topic[0])
            .map(|(yes, no)| yes - no)
            .collect(),
    );
    rows
}

fn weigh(row: &[f64], message: &Message) -> f64 {
    let count = message.features.len();
    dot(&row[..count], &message.features) + row[count]
}
