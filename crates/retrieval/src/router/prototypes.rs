//! The example messages as vectors, and how like each group of them a message is.

use domain::ask::Topic;
use domain::embedding::{EmbedError, Embedder};
use domain::routing::Intent;

use super::utterances::{
    EXPLAIN_DATA_SCIENCE, EXPLAIN_OTHER, GENERATE_DATA_SCIENCE, GENERATE_OTHER, NONE,
};
use crate::kernel::dot;

/// Groups of examples.
pub(super) const SIMILARITIES: usize = 5;

/// Likeness to each group in the order of [`GROUPS`]: the mean cosine of its three nearest examples.
pub(super) type Similarities = [f32; SIMILARITIES];

/// Nearest examples that count.
const NEAREST: usize = 3;

/// Texts embedded in one request, so that a question in between does not wait for all of them.
const CHUNK_TEXTS: usize = 16;

const GROUPS: [(&[&str], Intent, Topic); SIMILARITIES] = [
    (GENERATE_DATA_SCIENCE, Intent::Generate, Topic::DataScience),
    (GENERATE_OTHER, Intent::Generate, Topic::Other),
    (EXPLAIN_DATA_SCIENCE, Intent::Explain, Topic::DataScience),
    (EXPLAIN_OTHER, Intent::Explain, Topic::Other),
    (NONE, Intent::None, Topic::Other),
];

/// The vectors of every example.
#[derive(Debug)]
pub(super) struct Prototypes {
    encoder: String,
    groups: [Vec<Vec<f32>>; SIMILARITIES],
}

impl Prototypes {
    /// Embeds every example.
    pub(super) async fn embed(embedder: &dyn Embedder) -> Result<Self, EmbedError> {
        let encoder = embedder.encoder().to_owned();
        let mut groups: [Vec<Vec<f32>>; SIMILARITIES] = Default::default();
        for ((texts, _, _), vectors) in GROUPS.iter().zip(&mut groups) {
            for chunk in texts.chunks(CHUNK_TEXTS) {
                let chunk: Vec<String> = chunk.iter().map(|text| (*text).to_owned()).collect();
                vectors.extend(embedder.embed(&chunk).await?);
            }
            if vectors.len() != texts.len() {
                return Err(EmbedError::Failed(format!(
                    "{} vectors came back for {} texts",
                    vectors.len(),
                    texts.len()
                )));
            }
        }
        Ok(Self { encoder, groups })
    }

    pub(super) fn encoder(&self) -> &str {
        &self.encoder
    }

    /// How like each group `vector` is; `None` when it is of another encoder.
    pub(super) fn compare(&self, vector: &[f32]) -> Option<Similarities> {
        let fits = |held: &Vec<f32>| held.len() == vector.len();
        self.groups
            .iter()
            .all(|group| group.iter().all(fits))
            .then(|| std::array::from_fn(|group| nearest(&self.groups[group], vector, None)))
    }

    /// Every example with its likeness to the groups when it is itself left out, its intent and its field.
    pub(super) fn list_left_out(&self) -> Vec<(&'static str, Similarities, Intent, Topic)> {
        let mut examples = Vec::new();
        for (own, (texts, intent, topic)) in GROUPS.iter().enumerate() {
            for (at, (text, vector)) in texts.iter().zip(&self.groups[own]).enumerate() {
                let similarities = std::array::from_fn(|group| {
                    let left_out = (group == own).then_some(at);
                    nearest(&self.groups[group], vector, left_out)
                });
                examples.push((*text, similarities, *intent, *topic));
            }
        }
        examples
    }
}

/// Mean cosine of the nearest examples; `left_out` is not compared with.
fn nearest(group: &[Vec<f32>], vector: &[f32], left_out: Option<usize>) -> f32 {
    let mut best = [-1.0_f32; NEAREST];
    for (at, held) in group.iter().enumerate() {
        if left_out == Some(at) {
            continue;
        }
        let mut cosine = dot(held, vector);
        for place in &mut best {
            if cosine > *place {
                std::mem::swap(&mut cosine, place);
            }
        }
    }
    best.iter().sum::<f32>() / 3.0
}
