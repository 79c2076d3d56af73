//! What keeps requests from halting one another: whose adapter a step is for, and how much of a prompt it may read beside texts.

use super::orders::to_u32;

/// Steps that one adapter's requests have before another's turn comes.
const ADAPTER_STEPS: u32 = 8;

/// Whose turn it is: requests of one adapter at a time, each adapter for some steps.
#[derive(Debug, Default)]
pub(super) struct AdapterTurn {
    adapter: Option<usize>,
    steps: u32,
}

impl AdapterTurn {
    /// The adapter of the next step, of those that requests want; the last one when none want any.
    pub(super) fn next(&mut self, present: &[Option<usize>]) -> Option<usize> {
        if self.steps > 0 && present.contains(&self.adapter) {
            self.steps -= 1;
            return self.adapter;
        }
        let later = present.iter().filter(|adapter| **adapter > self.adapter);
        let next = later.min().or_else(|| present.iter().min());
        self.adapter = next.copied().unwrap_or(self.adapter);
        self.steps = ADAPTER_STEPS - 1;
        self.adapter
    }
}

/// How many tokens of prompts a step may hold while others write, so that their texts halt only for a moment.
#[derive(Debug)]
pub(super) struct ReadingPace {
    seconds_per_token: Option<f64>,
    tokens_max: usize,
}

impl ReadingPace {
    /// So long may a piece of a prompt hold up the texts beside it, seconds.
    const HALT: f64 = 0.5;
    /// Fewer tokens are read too inefficiently, and steps with fewer tell little about the pace.
    const TOKENS_MIN: usize = 32;

    pub(super) fn new(tokens_max: usize) -> Self {
        Self {
            seconds_per_token: None,
            tokens_max,
        }
    }

    pub(super) fn learn(&mut self, tokens: usize, seconds: f64) {
        if tokens < Self::TOKENS_MIN {
            return;
        }
        let each = seconds / f64::from(to_u32(tokens));
        let known = self.seconds_per_token.unwrap_or(each);
        self.seconds_per_token = Some(known.midpoint(each));
    }

    pub(super) fn reading_tokens(&self) -> usize {
        let most = self.tokens_max.max(Self::TOKENS_MIN);
        let fits = |tokens: &usize| {
            let each = self.seconds_per_token.unwrap_or(f64::INFINITY);
            f64::from(to_u32(*tokens)) * each <= Self::HALT
        };
        let steps = (Self::TOKENS_MIN..=most).step_by(Self::TOKENS_MIN);
        steps.take_while(fits).last().unwrap_or(Self::TOKENS_MIN)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn adapters_take_turns() {
        let mut turn = AdapterTurn::default();
        let present = [Some(1), None, Some(0), None];
        let steps = ADAPTER_STEPS as usize;
        let mut seen = Vec::new();
        for _ in 0..4 * steps {
            seen.push(turn.next(&present));
        }
        seen.dedup();
        assert_eq!(seen, [Some(0), Some(1), None, Some(0)]);
        // Alone there is no waiting, and a turn ends with its requests.
        assert_eq!(turn.next(&[None]), None);
        assert_eq!(turn.next(&[Some(5)]), Some(5));
    }

    #[test]
    fn prompts_are_read_in_pieces_that_take_half_a_second() {
        let mut pace = ReadingPace::new(512);
        assert_eq!(pace.reading_tokens(), 32);
        pace.learn(512, 1.0);
        assert_eq!(pace.reading_tokens(), 256);
        pace.learn(31, 100.0);
        assert_eq!(pace.reading_tokens(), 256);
        for _ in 0..9 {
            pace.learn(512, 0.001);
        }
        assert_eq!(pace.reading_tokens(), 512);
        for _ in 0..9 {
            pace.learn(32, 100.0);
        }
        assert_eq!(pace.reading_tokens(), 32);
        assert_eq!(ReadingPace::new(16).reading_tokens(), 32);
    }
}
