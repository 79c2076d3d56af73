//! From evidence to a probability, and from the probability to a verdict. The numbers are made by
//! `cargo run --release -p retrieval --example calibrate` from `tests/data/dev.jsonl`; nothing here was chosen on other data.
//!
//! `known` is the lowest score at which, in five-fold cross-validation, at most 2 % of the unknown questions are taken as known;
//! `confirm` the highest at which at most 8 % of the known ones are taken as unknown. No weight may be negative. The probability is a logistic function of the features (Platt 1999)
//! with one set of weights for each rung.

use domain::retrieval::{SearchRung, Verdict};

use crate::evidence::{Evidence, FEATURES};

/// Weights and thresholds of one rung.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Calibration {
    /// Log-odds when every feature is 0.
    pub intercept: f32,
    /// Log-odds for each unit of a feature, in the order of [`crate::evidence::FEATURE_NAMES`].
    pub weights: [f32; FEATURES],
    /// From this score on the best item is taken as the answer.
    pub known: f32,
    /// From this score on the user is asked whether the best item is meant.
    pub confirm: f32,
}

//                             similarity  margin  coverage  overlap    name  language    rank
/// Vectors and words.
pub const HYBRID: Calibration = Calibration {
    intercept: -6.456,
    weights: [5.894, 8.932, 2.065, 0.0, 0.0, 0.712, 2.579],
    known: 0.939,
    confirm: 0.171,
};

/// Words alone.
pub const LEXICAL: Calibration = Calibration {
    intercept: -6.386,
    weights: [0.0, 3.699, 2.067, 4.051, 0.277, 0.533, 4.163],
    known: 0.918,
    confirm: 0.171,
};

/// The calibration that judges a piece of evidence: an item without vectors is judged by its words, whatever the rung.
pub const fn calibration_of(evidence: &Evidence) -> &'static Calibration {
    if evidence.cosine.is_some() {
        &HYBRID
    } else {
        &LEXICAL
    }
}

/// The calibration of a rung.
pub const fn calibration_of_rung(rung: SearchRung) -> &'static Calibration {
    match rung {
        SearchRung::Hybrid => &HYBRID,
        SearchRung::Lexical => &LEXICAL,
    }
}

impl Calibration {
    /// Probability that an item with this evidence answers the question, 0 to 1.
    pub fn score(&self, evidence: &Evidence) -> f32 {
        let log_odds: f32 = self
            .weights
            .iter()
            .zip(evidence.features())
            .map(|(weight, feature)| weight * feature)
            .sum();
        logistic(self.intercept + log_odds)
    }

    /// The verdict for the best item. An item in another language than the one the question names is never taken as the
    /// answer unasked.
    pub fn verdict(&self, score: f32, evidence: &Evidence) -> Verdict {
        let is_other_language = evidence.language < 0.0;
        if score >= self.known && !is_other_language {
            Verdict::Known
        } else if score >= self.confirm {
            Verdict::Confirm
        } else {
            Verdict::Unknown
        }
    }
}

/// `1 / (1 + e^-x)`.
pub fn logistic(x: f32) -> f32 {
    1.0 / (1.0 + (-x).exp())
}

#[cfg(test)]
mod tests {
    use super::*;

    const STRONG: Evidence = Evidence {
        cosine: Some(0.95),
        margin: 0.3,
        coverage: 1.0,
        overlap: 1.0,
        name: 1.0,
        language: 0.0,
        rank: 1.0,
    };
    const WEAK: Evidence = Evidence {
        cosine: Some(0.1),
        margin: -0.2,
        coverage: 0.0,
        overlap: 0.0,
        name: 0.0,
        language: 0.0,
        rank: 0.0,
    };

    #[test]
    fn clear_cases_are_judged_so_in_both_rungs() {
        for cosine in [true, false] {
            let with = |evidence: Evidence| Evidence {
                cosine: evidence.cosine.filter(|_| cosine),
                ..evidence
            };
            let calibration = calibration_of(&with(STRONG));
            let verdict = |evidence| calibration.verdict(calibration.score(&evidence), &evidence);
            assert_eq!(verdict(with(STRONG)), Verdict::Known);
            assert_eq!(verdict(with(WEAK)), Verdict::Unknown);
        }
    }

    #[test]
    fn code_in_another_language_is_never_taken_unasked() {
        let other = Evidence {
            language: -1.0,
            ..STRONG
        };
        assert_ne!(HYBRID.verdict(1.0, &other), Verdict::Known);
    }

    #[test]
    fn scores_are_probabilities_for_any_evidence() {
        for value in [-1e9, -1.0, 0.0, 1.0, 1e9] {
            let evidence = Evidence {
                cosine: Some(value),
                margin: value,
                ..WEAK
            };
            assert!((0.0..=1.0).contains(&HYBRID.score(&evidence)));
        }
    }
}
