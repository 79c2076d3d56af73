//! The weights of the router. The numbers are made by `cargo run --release -p retrieval --example calibrate` from
//! `tests/data/dev.jsonl` and the example messages, each left out of its own comparison; nothing was chosen on other data.

use super::{ROUTE_FEATURES, RouteEvidence};
use crate::calibration::logistic;

/// Multinomial logistic regression over the features of a message for the intent, binary for the field.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct RouterModel {
    /// For `generate`, `explain`, `none`: the weight of each feature, then the intercept.
    pub intents: [[f32; ROUTE_FEATURES + 1]; 3],
    /// The same for data science against anything else.
    pub topic: [f32; ROUTE_FEATURES + 1],
    /// Below this probability neither wish is taken to be meant.
    pub sure: f32,
}

impl RouterModel {
    /// Probabilities of `generate`, `explain`, `none`; they add up to 1.
    pub fn intent(&self, evidence: &RouteEvidence) -> [f32; 3] {
        let features = evidence.features();
        let odds = self.intents.map(|weights| weigh(&weights, &features));
        let highest = odds.iter().copied().fold(f32::NEG_INFINITY, f32::max);
        let powers = odds.map(|odd| (odd - highest).exp());
        let whole: f32 = powers.iter().sum();
        powers.map(|power| power / whole)
    }

    /// Probability that the message is about data science.
    pub fn data_science(&self, evidence: &RouteEvidence) -> f32 {
        logistic(weigh(&self.topic, &evidence.features()))
    }
}

fn weigh(weights: &[f32; ROUTE_FEATURES + 1], features: &[f32; ROUTE_FEATURES]) -> f32 {
    let sum: f32 = weights.iter().zip(features).map(|(w, x)| w * x).sum();
    sum + weights[ROUTE_FEATURES]
}

/// By meaning and words.
pub const SEMANTIC_MODEL: RouterModel = RouterModel {
    intents: [
        [
            0.659, -3.689, 0.065, 2.428, 0.584, 0.413, 1.134, 2.015, 2.889, -0.497, -1.329, -3.416,
            0.084,
        ],
        [
            -0.729, 3.422, -0.279, -0.449, -0.23, 0.732, 0.589, -0.159, -0.492, 2.135, 3.528,
            -1.249, -1.938,
        ],
        [
            0.07, 0.267, 0.214, -1.979, -0.354, -1.145, -1.723, -1.856, -2.397, -1.638, -2.198,
            4.665, 1.854,
        ],
    ],
    topic: [
        0.306, 0.107, -0.663, -0.989, -0.344, 5.654, -0.321, 4.029, -1.257, 4.304, -1.002, -1.356,
        -3.028,
    ],
    sure: 0.45,
};

/// By words alone.
pub const WORDS_MODEL: RouterModel = RouterModel {
    intents: [
        [
            0.733, -4.074, -0.501, 3.151, 0.792, 0.672, 1.619, 0.0, 0.0, 0.0, 0.0, 0.0, -0.413,
        ],
        [
            -0.639, 4.262, -0.485, 0.06, -0.28, 0.999, 0.795, 0.0, 0.0, 0.0, 0.0, 0.0, -1.68,
        ],
        [
            -0.095, -0.188, 0.986, -3.212, -0.513, -1.671, -2.413, 0.0, 0.0, 0.0, 0.0, 0.0, 2.093,
        ],
    ],
    topic: [
        0.462, 0.377, -0.942, -0.847, -0.378, 7.07, -0.208, 0.0, 0.0, 0.0, 0.0, 0.0, -2.494,
    ],
    sure: 0.45,
};
