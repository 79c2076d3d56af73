//! Chooses the next token from the logits: penalties, grammar, top-k, temperature, top-p, min-p, and a draw by a generator of our
//! own, so that a seed gives the same text wherever the logits are the same. Nothing sorts a whole vocabulary.

use std::cmp::Ordering;
use std::collections::VecDeque;

use llama_cpp_2::token::LlamaToken;

use super::frame::SamplingOrder;

/// So many of the last tokens are penalised.
const PENALISED_TOKENS: usize = 64;
/// Terms this much smaller than the largest, as powers of e, do not count in a sum of probabilities: a vocabulary of them is less
/// than a hundred-thousandth.
const NEGLIGIBLE: f32 = -25.0;
/// Candidates looked at first when only top-p bounds their number; eight times as many each time that is not enough.
const NUCLEUS_FIRST: usize = 256;

/// What tokens may come next, beside how probable they are.
pub(super) trait Constraint {
    /// Whether the text may go on with `token`.
    fn allows(&mut self, token: LlamaToken) -> bool;
    /// Makes the logits of all tokens that may not come next minus infinity.
    fn filter(&mut self, logits: &mut [f32]);
}

/// A token that was chosen.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Chosen {
    pub(super) token: LlamaToken,
    /// Natural logarithm of its probability before anything changed the distribution.
    pub(super) logprob: f32,
    /// The most probable tokens before anything changed the distribution, most probable first.
    pub(super) top: Vec<(LlamaToken, f32)>,
}

/// Chooses the tokens of one text.
pub(super) struct Sampler {
    order: SamplingOrder,
    random: SplitMix64,
    /// The last tokens of prompt and text, with whether they were written.
    recent: VecDeque<(LlamaToken, bool)>,
    alternatives: usize,
}

/// Memory that texts share while one of their tokens is chosen.
#[derive(Debug, Default)]
pub(super) struct Scratch {
    logits: Vec<f32>,
    candidates: Vec<Candidate>,
}

#[derive(Debug, Clone, Copy, PartialEq)]
struct Candidate {
    logit: f32,
    token: i32,
}

impl Sampler {
    /// A sampler for a text after `prompt` that tells `alternatives` other tokens.
    pub(super) fn new(order: &SamplingOrder, alternatives: u32, prompt: &[LlamaToken]) -> Self {
        let tail = &prompt[prompt.len().saturating_sub(PENALISED_TOKENS)..];
        Self {
            random: SplitMix64(order.seed),
            recent: tail.iter().map(|&token| (token, false)).collect(),
            alternatives: alternatives as usize,
            order: order.clone(),
        }
    }

    /// The next token; `None` when no token may come next or the logits are no numbers. Draws one random number, or two when the
    /// first draw breaks the constraint.
    pub(super) fn choose(
        &mut self,
        logits: &[f32],
        constraint: Option<&mut dyn Constraint>,
        scratch: &mut Scratch,
    ) -> Option<Chosen> {
        let Scratch {
            logits: changed,
            candidates,
        } = scratch;
        let is_changed = self.penalise(logits, changed);
        let first = if is_changed {
            changed.as_slice()
        } else {
            logits
        };
        let mut token = self.pick(first, candidates)?;
        if let Some(constraint) = constraint
            && !constraint.allows(token)
        {
            if !is_changed {
                changed.clear();
                changed.extend(logits);
            }
            constraint.filter(changed);
            token = self.pick(changed, candidates)?;
        }
        let total = log_sum(logits);
        if !total.is_finite() {
            return None;
        }
        select_top(logits, self.alternatives, candidates);
        let top = candidates
            .iter()
            .take(self.alternatives)
            .map(|candidate| (LlamaToken(candidate.token), candidate.logit - total));
        Some(Chosen {
            token,
            logprob: logits[index(token)] - total,
            top: top.collect(),
        })
    }

    /// Takes note that `token` was written.
    pub(super) fn accept(&mut self, token: LlamaToken) {
        if self.recent.len() == PENALISED_TOKENS {
            self.recent.pop_front();
        }
        self.recent.push_back((token, true));
    }

    /// Writes penalised logits to `changed`, unless there are no penalties. Repetition counts in prompt and text (Keskar et al.
    /// 2019, as llama.cpp does it), frequency and presence in the text alone.
    fn penalise(&self, logits: &[f32], changed: &mut Vec<f32>) -> bool {
        let order = &self.order;
        let changes_nothing = |penalty: f32, neutral: f32| (penalty - neutral).abs() < f32::EPSILON;
        if changes_nothing(order.repeat_penalty, 1.0)
            && changes_nothing(order.frequency_penalty, 0.0)
            && changes_nothing(order.presence_penalty, 0.0)
        {
            return false;
        }
        changed.clear();
        changed.extend(logits);
        let mut recent: Vec<(LlamaToken, bool)> = self.recent.iter().copied().collect();
        recent.sort_unstable();
        for same in recent.chunk_by(|left, right| left.0 == right.0) {
            let Some(logit) = changed.get_mut(index(same[0].0)) else {
                continue;
            };
            if *logit > 0.0 {
                *logit /= order.repeat_penalty;
            } else {
                *logit *= order.repeat_penalty;
            }
            let written = same.iter().filter(|(_, is_written)| *is_written).count();
            if written > 0 {
                // At most 64, so exact.
                let written = f32::from(u8::try_from(written).unwrap_or(u8::MAX));
                *logit -= order.frequency_penalty * written + order.presence_penalty;
            }
        }
        true
    }

    fn pick(&mut self, logits: &[f32], candidates: &mut Vec<Candidate>) -> Option<LlamaToken> {
        let best = most_probable(logits)?;
        let temperature = self.order.temperature;
        let is_drawn = temperature > 0.0;
        if !is_drawn {
            return Some(LlamaToken(best.token));
        }
        let weigh = |logit: f32| f64::from((logit - best.logit) / temperature).exp();
        self.select(logits, candidates, weigh);
        let kept: f64 = candidates.iter().map(|one| weigh(one.logit)).sum();
        let mut left = self.random.next_fraction() * kept;
        for candidate in &*candidates {
            left -= weigh(candidate.logit);
            if left < 0.0 {
                return Some(LlamaToken(candidate.token));
            }
        }
        // Only rounding leads here.
        candidates.last().map(|last| LlamaToken(last.token))
    }

    /// Fills `candidates` with what top-k, top-p and min-p leave. Top-p is of the probability that top-k left.
    fn select(&self, logits: &[f32], candidates: &mut Vec<Candidate>, weigh: impl Fn(f32) -> f64) {
        let order = &self.order;
        let top_k = match order.top_k as usize {
            0 => logits.len(),
            k => k.min(logits.len()),
        };
        let has_top_p = order.top_p < 1.0;
        if top_k < logits.len() {
            select_top(logits, top_k, candidates);
            let total = candidates.iter().map(|one| weigh(one.logit)).sum::<f64>();
            if has_top_p {
                let count = nucleus(candidates, f64::from(order.top_p) * total, &weigh);
                candidates.truncate(count.unwrap_or(candidates.len()));
            }
        } else if has_top_p {
            let total = logits.iter().filter(|logit| !logit.is_nan());
            let wanted = f64::from(order.top_p) * total.map(|&logit| weigh(logit)).sum::<f64>();
            let mut looked_at = NUCLEUS_FIRST;
            loop {
                select_top(logits, looked_at, candidates);
                if let Some(count) = nucleus(candidates, wanted, &weigh) {
                    candidates.truncate(count);
                    break;
                }
                if looked_at >= logits.len() {
                    break;
                }
                looked_at = looked_at.saturating_mul(8);
            }
        } else {
            candidates.clear();
            candidates.extend(all(logits));
        }
        let least = f64::from(order.min_p).min(1.0);
        candidates.retain(|one| weigh(one.logit) >= least);
    }
}

/// How many of `candidates`, most probable first, together weigh at least `wanted`.
fn nucleus(candidates: &[Candidate], wanted: f64, weigh: &impl Fn(f32) -> f64) -> Option<usize> {
    let mut sum = 0.0;
    candidates
        .iter()
        .position(|one| {
            sum += weigh(one.logit);
            sum >= wanted
        })
        .map(|position| position + 1)
}

fn index(token: LlamaToken) -> usize {
    usize::try_from(token.0).unwrap_or(usize::MAX)
}

fn all(logits: &[f32]) -> impl Iterator<Item = Candidate> {
    let numbered = (0_i32..).zip(logits);
    numbered
        .map(|(token, &logit)| Candidate { logit, token })
        .filter(|candidate| candidate.logit > f32::NEG_INFINITY)
}

fn most_probable(logits: &[f32]) -> Option<Candidate> {
    all(logits).reduce(|best, one| if one.logit > best.logit { one } else { best })
}

/// The `count` largest logits, largest first, equal ones by their token. One pass that keeps at most twice as many.
fn select_top(logits: &[f32], count: usize, candidates: &mut Vec<Candidate>) {
    candidates.clear();
    if count == 0 {
        return;
    }
    let mut threshold = f32::NEG_INFINITY;
    for one in all(logits) {
        // An equal logit has the larger token here, so it would not stay.
        if one.logit <= threshold {
            continue;
        }
        candidates.push(one);
        if candidates.len() == count.saturating_mul(2) {
            candidates.select_nth_unstable_by(count - 1, by_rank);
            candidates.truncate(count);
            threshold = candidates[count - 1].logit;
        }
    }
    candidates.sort_unstable_by(by_rank);
    candidates.truncate(count);
}

#[expect(
    clippy::trivially_copy_pass_by_ref,
    reason = "what sorts wants references"
)]
fn by_rank(left: &Candidate, right: &Candidate) -> Ordering {
    right
        .logit
        .total_cmp(&left.logit)
        .then(left.token.cmp(&right.token))
}

/// Logarithm of the sum of the exponentials.
fn log_sum(logits: &[f32]) -> f32 {
    let Some(best) = most_probable(logits) else {
        return f32::NEG_INFINITY;
    };
    let sum: f32 = logits
        .chunks(1024)
        .map(|chunk| {
            let differences = chunk.iter().map(|logit| logit - best.logit);
            let counted = differences.filter(|difference| *difference > NEGLIGIBLE);
            counted.map(f32::exp).sum::<f32>()
        })
        .sum();
    best.logit + sum.ln()
}

/// The generator `SplitMix64` (Steele, Lea and Flood 2014).
#[derive(Debug, Clone)]
struct SplitMix64(u64);

impl SplitMix64 {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// From 0 up to, but not including, 1, in steps of 2⁻⁵³.
    fn next_fraction(&mut self) -> f64 {
        /// 2⁻⁵³.
        const STEP: f64 = 1.0 / 9_007_199_254_740_992.0;
        #[expect(clippy::cast_precision_loss, reason = "53 bits are exact in an f64")]
        let high = (self.next() >> 11) as f64;
        high * STEP
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// Takes the most probable token.
    fn greedy() -> SamplingOrder {
        SamplingOrder {
            temperature: 0.0,
            top_k: 0,
            top_p: 1.0,
            min_p: 0.0,
            repeat_penalty: 1.0,
            frequency_penalty: 0.0,
            presence_penalty: 0.0,
            seed: 1,
            stop: Vec::new(),
            max_new_tokens: 1,
        }
    }

    fn warm() -> SamplingOrder {
        SamplingOrder {
            temperature: 1.0,
            ..greedy()
        }
    }

    fn choose(order: &SamplingOrder, logits: &[f32]) -> Option<i32> {
        Sampler::new(order, 0, &[])
            .choose(logits, None, &mut Scratch::default())
            .map(|chosen| chosen.token.0)
    }

    /// How often each token is chosen in `count` draws.
    fn count(order: &SamplingOrder, logits: &[f32], count: u32) -> Vec<u32> {
        let mut sampler = Sampler::new(order, 0, &[]);
        let mut scratch = Scratch::default();
        let mut counts = vec![0; logits.len()];
        for _ in 0..count {
            let chosen = sampler.choose(logits, None, &mut scratch).unwrap();
            counts[index(chosen.token)] += 1;
        }
        counts
    }

    /// Allows some tokens only.
    struct Only(Vec<i32>);

    impl Constraint for Only {
        fn allows(&mut self, token: LlamaToken) -> bool {
            self.0.contains(&token.0)
        }

        fn filter(&mut self, logits: &mut [f32]) {
            for (token, logit) in (0..).zip(logits) {
                if !self.0.contains(&token) {
                    *logit = f32::NEG_INFINITY;
                }
            }
        }
    }

    #[test]
    fn greedy_takes_the_first_of_the_most_probable() {
        assert_eq!(choose(&greedy(), &[1.0, 3.0, 3.0, 2.0]), Some(1));
        assert_eq!(
            choose(&greedy(), &[f32::NAN, 1.0, f32::NEG_INFINITY]),
            Some(1)
        );
        assert_eq!(choose(&greedy(), &[f32::NAN, f32::NEG_INFINITY]), None);
        assert_eq!(choose(&greedy(), &[1.0, f32::INFINITY]), None);
        assert_eq!(choose(&greedy(), &[]), None);
    }

    #[test]
    fn a_draw_follows_the_distribution() {
        // Probabilities 0.1, 0.2, 0.7.
        let logits = [0.1_f32.ln(), 0.2_f32.ln(), 0.7_f32.ln()];
        let counts = count(&warm(), &logits, 100_000);
        // Four standard deviations are at most 580.
        for (count, expected) in counts.iter().zip([10_000_u32, 20_000, 70_000]) {
            assert!(count.abs_diff(expected) < 600, "{counts:?}");
        }
        // At temperature 2 the probabilities are as their square roots: 0.1976, 0.2795, 0.5229.
        let order = SamplingOrder {
            temperature: 2.0,
            ..warm()
        };
        let counts = count(&order, &logits, 100_000);
        for (count, expected) in counts.iter().zip([19_760_u32, 27_950, 52_290]) {
            assert!(count.abs_diff(expected) < 700, "{counts:?}");
        }
    }

    #[test]
    fn the_same_seed_draws_the_same() {
        let logits: Vec<f32> = (0..50_u8).map(|n| f32::from(n) / 50.0).collect();
        let draw = |seed| {
            let order = SamplingOrder { seed, ..warm() };
            let mut sampler = Sampler::new(&order, 0, &[]);
            let mut scratch = Scratch::default();
            (0..20)
                .map(|_| sampler.choose(&logits, None, &mut scratch).unwrap().token.0)
                .collect::<Vec<_>>()
        };
        assert_eq!(draw(7), draw(7));
        assert_ne!(draw(7), draw(8));
    }

    #[test]
    fn the_generator_is_the_published_one() {
        let mut random = SplitMix64(1_234_567);
        let numbers: Vec<u64> = (0..3).map(|_| random.next()).collect();
        assert_eq!(
            numbers,
            [
                6_457_827_717_110_365_317,
                3_203_168_211_198_807_973,
                9_817_491_932_198_370_423
            ]
        );
    }

    #[test]
    fn limits_leave_the_most_probable() {
        let logits: Vec<f32> = [0.05_f32, 0.3, 0.15, 0.5].iter().map(|p| p.ln()).collect();
        let used = |order: &SamplingOrder| {
            let counts = count(order, &logits, 2000);
            counts.iter().map(|&count| count > 0).collect::<Vec<_>>()
        };
        assert_eq!(used(&warm()), [true, true, true, true]);
        assert_eq!(
            used(&SamplingOrder { top_k: 2, ..warm() }),
            [false, true, false, true]
        );
        assert_eq!(
            used(&SamplingOrder { top_k: 9, ..warm() }),
            [true, true, true, true]
        );
        assert_eq!(
            used(&SamplingOrder {
                top_p: 0.79,
                ..warm()
            }),
            [false, true, false, true]
        );
        assert_eq!(
            used(&SamplingOrder {
                top_p: 0.9,
                ..warm()
            }),
            [false, true, true, true]
        );
        assert_eq!(
            used(&SamplingOrder {
                top_p: 0.0,
                ..warm()
            }),
            [false, false, false, true]
        );
        assert_eq!(
            used(&SamplingOrder {
                min_p: 0.25,
                ..warm()
            }),
            [false, true, true, true]
        );
        // Of the two that top-k leaves, the first has 0.625.
        let order = SamplingOrder {
            top_k: 2,
            top_p: 0.6,
            ..warm()
        };
        assert_eq!(used(&order), [false, false, false, true]);
    }

    #[test]
    fn penalties_count_what_was_written() {
        let logits = [2.0, 1.9, -1.0];
        let scratch = &mut Scratch::default();
        let order = SamplingOrder {
            repeat_penalty: 1.5,
            ..greedy()
        };
        let mut sampler = Sampler::new(&order, 0, &[LlamaToken(0)]);
        assert_eq!(sampler.choose(&logits, None, scratch).unwrap().token.0, 1);
        let order = SamplingOrder {
            presence_penalty: 0.2,
            ..greedy()
        };
        let mut sampler = Sampler::new(&order, 0, &[LlamaToken(0)]);
        assert_eq!(sampler.choose(&logits, None, scratch).unwrap().token.0, 0);
        sampler.accept(LlamaToken(0));
        assert_eq!(sampler.choose(&logits, None, scratch).unwrap().token.0, 1);
        let order = SamplingOrder {
            frequency_penalty: 0.06,
            ..greedy()
        };
        let mut sampler = Sampler::new(&order, 0, &[]);
        sampler.accept(LlamaToken(0));
        assert_eq!(sampler.choose(&logits, None, scratch).unwrap().token.0, 0);
        sampler.accept(LlamaToken(0));
        assert_eq!(sampler.choose(&logits, None, scratch).unwrap().token.0, 1);
        // What was written long ago counts no more.
        for _ in 0..PENALISED_TOKENS {
            sampler.accept(LlamaToken(2));
        }
        assert_eq!(sampler.choose(&logits, None, scratch).unwrap().token.0, 0);
    }

    #[test]
    fn a_constraint_is_kept_and_log_probabilities_do_not_know_it() {
        let logits = [0.5_f32.ln(), 0.3_f32.ln(), 0.2_f32.ln()];
        let mut sampler = Sampler::new(&greedy(), 2, &[]);
        let scratch = &mut Scratch::default();
        let chosen = sampler
            .choose(&logits, Some(&mut Only(vec![2])), scratch)
            .unwrap();
        assert_eq!(chosen.token.0, 2);
        assert!((chosen.logprob.exp() - 0.2).abs() < 1e-5);
        let top: Vec<i32> = chosen.top.iter().map(|(token, _)| token.0).collect();
        assert_eq!(top, [0, 1]);
        assert!((chosen.top[1].1.exp() - 0.3).abs() < 1e-5);
        assert_eq!(
            sampler.choose(&logits, Some(&mut Only(Vec::new())), scratch),
            None
        );
    }

    #[test]
    fn a_constraint_keeps_the_proportions() {
        let logits = [0.6_f32.ln(), 0.3_f32.ln(), 0.1_f32.ln()];
        let mut sampler = Sampler::new(&warm(), 0, &[]);
        let scratch = &mut Scratch::default();
        let mut firsts = 0_u32;
        for _ in 0..40_000 {
            let only = &mut Only(vec![1, 2]);
            let chosen = sampler.choose(&logits, Some(only), scratch).unwrap();
            firsts += u32::from(chosen.token.0 == 1);
        }
        // 3 of 4; four standard deviations are 350.
        assert!(firsts.abs_diff(30_000) < 350, "{firsts}");
    }

    proptest! {
        #[test]
        fn the_top_is_what_sorting_gives(numbers in proptest::collection::vec(-3_i8..3, 0..200), count in 0_usize..40) {
            let logits: Vec<f32> = numbers.into_iter().map(f32::from).collect();
            let mut sorted: Vec<Candidate> = all(&logits).collect();
            sorted.sort_by(by_rank);
            sorted.truncate(count);
            let mut candidates = Vec::new();
            select_top(&logits, count, &mut candidates);
            prop_assert_eq!(candidates, sorted);
        }

        #[test]
        fn no_order_panics(
            logits in proptest::collection::vec(any::<f32>(), 0..40),
            floats in any::<[f32; 6]>(),
            top_k: u32,
        ) {
            let [temperature, top_p, min_p, repeat_penalty, frequency_penalty, presence_penalty] = floats;
            let order = SamplingOrder {
                temperature, top_k, top_p, min_p, repeat_penalty, frequency_penalty, presence_penalty, ..greedy()
            };
            let mut sampler = Sampler::new(&order, 3, &[LlamaToken(0), LlamaToken(99)]);
            sampler.choose(&logits, None, &mut Scratch::default());
        }
    }
}
