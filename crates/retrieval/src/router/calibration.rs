//! The weights of the router, read from `weights.csv`. That file is written by `--example calibrate -- --write` from
//! `tests/data/dev.jsonl` and the example messages; nothing was chosen on other data.

use std::sync::LazyLock;

use super::{ROUTE_FEATURES, RouteEvidence};
use crate::calibration::logistic;

/// Rows of a model: `generate`, `explain`, `none`, then data science against anything else.
pub const ROUTE_ROWS: usize = 4;

/// Below this probability neither wish is taken to be meant.
pub(super) const SURE: f32 = 0.45;

/// For each row the weight of each feature, then the intercept.
pub type FeatureWeights = [[f32; ROUTE_FEATURES + 1]; ROUTE_ROWS];

/// Multinomial logistic regression for the intent and binary for the field: over the features of a message and, where the
/// encoder is the one it was made for, over every number of the message's vector.
#[derive(Debug, Clone, PartialEq)]
pub struct RouterWeights {
    /// The encoder whose vectors are understood.
    encoder: String,
    /// For each row a weight for every dimension of a vector.
    directions: [Vec<f32>; ROUTE_ROWS],
    /// Beside a vector.
    with_vector: FeatureWeights,
    /// By words alone.
    words: FeatureWeights,
}

/// The weights that CodeGenie comes with.
pub(super) static SHIPPED: LazyLock<RouterWeights> = LazyLock::new(|| {
    RouterWeights::parse(include_str!("weights.csv"))
        .expect("BUG: the router's own weights cannot be read")
});

impl RouterWeights {
    /// Reads what [`RouterWeights::write`] wrote: the name of the encoder, then a line for each row of weights. `None` when a
    /// line is missing or has another count of numbers.
    pub fn parse(text: &str) -> Option<Self> {
        let mut lines = text.lines();
        let encoder = lines.next()?.to_owned();
        let mut rows = Vec::new();
        for line in lines {
            let numbers: Result<Vec<f32>, _> = line.split(',').map(str::parse).collect();
            rows.push(numbers.ok()?);
        }
        let features = |rows: &[Vec<f32>]| -> Option<FeatureWeights> {
            let rows: Vec<_> = rows
                .iter()
                .map(|row| row.as_slice().try_into().ok())
                .collect::<Option<_>>()?;
            rows.try_into().ok()
        };
        let directions: [Vec<f32>; ROUTE_ROWS] =
            rows.get(2 * ROUTE_ROWS..)?.to_vec().try_into().ok()?;
        let is_even = directions
            .iter()
            .all(|row| row.len() == directions[0].len());
        is_even.then_some(Self {
            encoder,
            with_vector: features(rows.get(..ROUTE_ROWS)?)?,
            words: features(rows.get(ROUTE_ROWS..2 * ROUTE_ROWS)?)?,
            directions,
        })
    }

    /// The text that [`RouterWeights::parse`] reads.
    pub fn write(
        encoder: &str,
        with_vector: &FeatureWeights,
        words: &FeatureWeights,
        directions: &[Vec<f32>; ROUTE_ROWS],
    ) -> String {
        let features = with_vector
            .iter()
            .chain(words)
            .map(<[f32; ROUTE_FEATURES + 1]>::as_slice);
        let rows = features.chain(directions.iter().map(Vec::as_slice));
        let mut text = format!("{encoder}\n");
        for row in rows {
            let numbers: Vec<String> = row.iter().map(|number| format!("{number:.3}")).collect();
            text.push_str(&numbers.join(","));
            text.push('\n');
        }
        text
    }

    /// How far `vector` goes along each row; `None` when it is not of the encoder the weights were made for.
    pub(super) fn project(&self, encoder: &str, vector: &[f32]) -> Option<[f32; ROUTE_ROWS]> {
        let fits = encoder == self.encoder && vector.len() == self.directions[0].len();
        let along = |row: &Vec<f32>| row.iter().zip(vector).map(|(w, x)| w * x).sum();
        fits.then(|| std::array::from_fn(|row| along(&self.directions[row])))
    }

    pub(super) fn understands(&self, encoder: &str) -> bool {
        encoder == self.encoder
    }

    fn odds(&self, evidence: &RouteEvidence) -> [f32; ROUTE_ROWS] {
        let features = evidence.features();
        let weights = match evidence.along {
            Some(_) => &self.with_vector,
            None => &self.words,
        };
        let along = evidence.along.unwrap_or_default();
        std::array::from_fn(|row| along[row] + weigh(&weights[row], &features))
    }

    /// Probabilities of `generate`, `explain`, `none`; they add up to 1.
    pub(super) fn intent(&self, evidence: &RouteEvidence) -> [f32; 3] {
        let [generate, explain, none, _] = self.odds(evidence);
        let odds = [generate, explain, none];
        let highest = odds.iter().copied().fold(f32::NEG_INFINITY, f32::max);
        let powers = odds.map(|odd| (odd - highest).exp());
        let whole: f32 = powers.iter().sum();
        powers.map(|power| power / whole)
    }

    /// Probability that the message is about data science.
    pub(super) fn data_science(&self, evidence: &RouteEvidence) -> f32 {
        logistic(self.odds(evidence)[ROUTE_ROWS - 1])
    }
}

fn weigh(weights: &[f32; ROUTE_FEATURES + 1], features: &[f32; ROUTE_FEATURES]) -> f32 {
    let sum: f32 = weights.iter().zip(features).map(|(w, x)| w * x).sum();
    sum + weights[ROUTE_FEATURES]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_shipped_weights_are_those_of_one_encoder() {
        assert_eq!(SHIPPED.directions[0].len(), 384);
        assert!(SHIPPED.encoder.starts_with("all-minilm-l6-v2@"));
        assert!(!SHIPPED.understands("all-minilm-l6-v2"));
        assert_eq!(SHIPPED.project("another", &[0.0; 384]), None);
        assert_eq!(SHIPPED.project(&SHIPPED.encoder, &[0.0; 256]), None);
    }

    #[test]
    fn weights_are_read_as_they_were_written_and_refused_when_cut() {
        let features = [[0.5; ROUTE_FEATURES + 1]; ROUTE_ROWS];
        let directions: [Vec<f32>; ROUTE_ROWS] = std::array::from_fn(|_| vec![0.25, -1.0]);
        let text = RouterWeights::write("letters", &features, &features, &directions);
        let read = RouterWeights::parse(&text).unwrap();
        assert_eq!((&read.words, &read.directions), (&features, &directions));
        assert_eq!(
            RouterWeights::parse(text.trim_end().strip_suffix("-1.000").unwrap()),
            None
        );
        assert_eq!(RouterWeights::parse(""), None);
        assert_eq!(RouterWeights::parse(&text.replace("0.25", "x")), None);
    }
}
