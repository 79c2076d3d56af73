//! From evidence to an order, a probability and a verdict. Two linear models for each rung: one orders the items found, the
//! other says how likely the first of them is right. Their numbers are in `weights`.

mod weights;

use domain::retrieval::{SearchRung, Verdict};

use crate::evidence::{Evidence, FEATURES};

pub use weights::{HYBRID, LEXICAL};

/// A lead over the next item counts up to here, either way.
const LEAD_MAX: f32 = 6.0;

/// What agreeing with the language named is worth in the order. The questions for development are searched in the language that
/// they name, so it cannot be learned from them.
const LANGUAGE_STRENGTH: f32 = 1.0;

/// Weights and thresholds of one rung.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Calibration {
    /// Weight of each feature in the order of the items, in the order of [`crate::evidence::FEATURE_NAMES`].
    pub order: [f32; FEATURES],
    /// Log-odds that an item is right when every feature and its lead are 0.
    pub intercept: f32,
    /// Log-odds for each unit of a feature.
    pub weights: [f32; FEATURES],
    /// Log-odds for each unit of lead over the best item of another name.
    pub lead: f32,
    /// From this score on the best item is taken as the answer.
    pub known: f32,
    /// From this score on the user is asked whether the best item is meant.
    pub confirm: f32,
}

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
    /// How well an item with this evidence suits, to be compared within one question and rung only.
    pub fn strength(&self, evidence: &Evidence) -> f32 {
        sum_up(&self.order, evidence) + LANGUAGE_STRENGTH * evidence.language
    }

    /// Probability that an item with this evidence and [lead](find_leads) answers the question, 0 to 1.
    pub fn score(&self, evidence: &Evidence, lead: f32) -> f32 {
        logistic(self.intercept + self.lead * lead + sum_up(&self.weights, evidence))
    }

    /// The verdict for the best item. An item in another language than the one the question names is never taken as the
    /// answer unasked, and one found by words that holds no telling word of the question is no answer at all.
    pub fn verdict(&self, score: f32, evidence: &Evidence) -> Verdict {
        let is_other_language = evidence.language < 0.0;
        if evidence.cosine.is_none() && evidence.is_bare {
            Verdict::Unknown
        } else if score >= self.known && !is_other_language {
            Verdict::Known
        } else if score >= self.confirm {
            Verdict::Confirm
        } else {
            Verdict::Unknown
        }
    }
}

fn sum_up(weights: &[f32; FEATURES], evidence: &Evidence) -> f32 {
    let features = evidence.features();
    weights.iter().zip(features).map(|(w, x)| w * x).sum()
}

/// How much stronger each item is than the strongest of another name, −6 to 6; 6 when there is no other.
pub fn find_leads(strengths: &[f32], is_same: impl Fn(usize, usize) -> bool) -> Vec<f32> {
    let lead = |at: usize| {
        let others = strengths.iter().enumerate();
        let best = others
            .filter(|(other, _)| !is_same(at, *other))
            .map(|(_, strength)| *strength)
            .fold(f32::NEG_INFINITY, f32::max);
        (strengths[at] - best).clamp(-LEAD_MAX, LEAD_MAX)
    };
    (0..strengths.len()).map(lead).collect()
}

/// The items in order, each with its score, best first. Equal ones keep the order in which they came.
pub fn judge(
    evidence: &[Evidence],
    is_same: impl Fn(usize, usize) -> bool + Copy,
) -> Vec<(usize, f32)> {
    let mut judged = Vec::with_capacity(evidence.len());
    // Items with and without vectors are measured by different rules, so each kind is ordered by itself.
    for has_vectors in [true, false] {
        let own: Vec<usize> = (0..evidence.len())
            .filter(|at| evidence[*at].cosine.is_some() == has_vectors)
            .collect();
        let strengths: Vec<f32> = own
            .iter()
            .map(|at| calibration_of(&evidence[*at]).strength(&evidence[*at]))
            .collect();
        let leads = find_leads(&strengths, |a, b| is_same(own[a], own[b]));
        let mut order: Vec<usize> = (0..own.len()).collect();
        order.sort_by(|a, b| strengths[*b].total_cmp(&strengths[*a]));
        let mut ceiling = 1.0_f32;
        for place in order {
            let found = &evidence[own[place]];
            ceiling = ceiling.min(calibration_of(found).score(found, leads[place]));
            judged.push((own[place], ceiling));
        }
    }
    judged.sort_by(|a, b| b.1.total_cmp(&a.1));
    judged
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
        mean: 0.8,
        margin: 0.3,
        coverage: 1.0,
        depth: 1.0,
        overlap: 1.0,
        recall: 1.0,
        name: 1.0,
        language: 0.0,
        rank: 1.0,
        length: 4.0,
        uncovered: 0.0,
        alien: 0.0,
        specialist: 0.0,
        is_bare: false,
    };
    const WEAK: Evidence = Evidence {
        cosine: Some(0.1),
        mean: 0.05,
        margin: -0.2,
        coverage: 0.0,
        depth: 0.0,
        overlap: 0.0,
        recall: 0.0,
        name: 0.0,
        language: 0.0,
        rank: 0.0,
        length: 4.0,
        uncovered: 4.0,
        alien: 1.0,
        specialist: 0.0,
        is_bare: true,
    };

    #[test]
    fn clear_cases_are_judged_so_in_both_rungs() {
        for cosine in [true, false] {
            let with = |evidence: Evidence| Evidence {
                cosine: evidence.cosine.filter(|_| cosine),
                mean: if cosine { evidence.mean } else { 0.0 },
                ..evidence
            };
            let found = [with(WEAK), with(STRONG)];
            let verdicts: Vec<(usize, Verdict)> = judge(&found, |a, b| a == b)
                .into_iter()
                .map(|(at, score)| {
                    let calibration = calibration_of(&found[at]);
                    (at, calibration.verdict(score, &found[at]))
                })
                .collect();
            assert_eq!(verdicts, [(1, Verdict::Known), (0, Verdict::Unknown)]);
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
    fn words_in_common_that_tell_nothing_find_nothing() {
        let bare = Evidence {
            cosine: None,
            is_bare: true,
            ..STRONG
        };
        assert_eq!(LEXICAL.verdict(1.0, &bare), Verdict::Unknown);
        let paraphrased = Evidence {
            is_bare: true,
            ..STRONG
        };
        assert_eq!(HYBRID.verdict(1.0, &paraphrased), Verdict::Known);
    }

    #[test]
    fn the_same_thing_in_another_language_takes_no_lead_away() {
        let leads = find_leads(&[3.0, 2.5, 1.0], |a, b| a == b || a + b == 1);
        assert_eq!(leads, [2.0, 1.5, -2.0]);
        assert_eq!(find_leads(&[3.0], |_, _| true), [LEAD_MAX]);
    }

    #[test]
    fn scores_are_probabilities_for_any_evidence() {
        for value in [-1e9, -1.0, 0.0, 1.0, 1e9] {
            let evidence = Evidence {
                cosine: Some(value),
                margin: value,
                ..WEAK
            };
            for lead in [-1e9, 0.0, 1e9] {
                assert!((0.0..=1.0).contains(&HYBRID.score(&evidence, lead)));
            }
        }
    }
}
