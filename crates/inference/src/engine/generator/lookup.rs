//! Guesses the tokens that come next from those that followed the same words before (prompt lookup, Saxena 2023): an answer that
//! repeats its sources is written several tokens a step. Whether a guess is right is not decided here.

use std::collections::HashMap;

use llama_cpp_2::token::LlamaToken;

use super::batch::expected;

/// So many tokens at the end are looked up, longest first.
const NGRAMS: [usize; 2] = [3, 2];
/// How fast old guesses are forgotten, each step.
const MEMORY: f64 = 0.8;
/// Steps without guesses after guessing did not pay; twice as many each time, up to the most.
const PAUSE_FIRST: u32 = 8;
const PAUSE_MAX: u32 = 128;

/// After a pause a draft of three is expected to bring so many times what it must: it is tried, and a wrong one pauses guessing again.
const GAIN_AFTER_PAUSE: f64 = 1.1;

/// Guesses the tokens of one text.
pub(super) struct Lookup {
    /// Where each sequence of tokens was last followed by something: the place after it.
    places: HashMap<[i32; 3], usize>,
    /// So many tokens were entered.
    entered: usize,
    prompt_length: usize,
    /// Where the copied text goes on.
    cursor: Option<usize>,
    /// Weight of right and wrong guesses.
    right: f64,
    wrong: f64,
    pause: u32,
    pause_next: u32,
    /// Tokens that a draft of three must bring a step to be worth its cost.
    break_even: f64,
}

impl Lookup {
    pub(super) fn new(prompt_length: usize, break_even: f64) -> Self {
        Self {
            places: HashMap::new(),
            entered: 0,
            prompt_length,
            cursor: None,
            right: 0.0,
            wrong: 0.0,
            pause: 0,
            pause_next: PAUSE_FIRST,
            break_even,
        }
    }

    /// How likely a guess is right when those before it in its draft were. It begins with even chances.
    pub(super) fn rate(&self) -> f64 {
        (self.right + 1.0) / (self.right + self.wrong + 2.0)
    }

    /// At most `most` tokens that may follow `tokens`; none while guessing does not pay.
    pub(super) fn guess<'tokens>(
        &mut self,
        tokens: &'tokens [LlamaToken],
        most: usize,
    ) -> &'tokens [LlamaToken] {
        self.enter(tokens);
        if self.pause > 0 {
            self.pause -= 1;
            return &[];
        }
        let place = self.cursor.or_else(|| self.find(tokens));
        self.cursor = place;
        let end = |place: usize| place.saturating_add(most).min(tokens.len());
        place.map_or(&[], |place| tokens.get(place..end(place)).unwrap_or(&[]))
    }

    /// Takes note of how a guess came out: `right` of `guessed` tokens were right, and `next` was written after them.
    pub(super) fn learn(
        &mut self,
        tokens: &[LlamaToken],
        guessed: usize,
        right: usize,
        next: LlamaToken,
    ) {
        let goes_on = |place: usize| {
            let place = place + right;
            (tokens.get(place) == Some(&next)).then_some(place + 1)
        };
        self.cursor = self.cursor.filter(|_| right == guessed).and_then(goes_on);
        if guessed == 0 {
            return;
        }
        let count = |count: usize| f64::from(u32::try_from(count).unwrap_or(u32::MAX));
        self.right = self.right * MEMORY + count(right);
        self.wrong = self.wrong * MEMORY + f64::from(u8::from(right < guessed));
        if expected(3, self.rate()) < self.break_even {
            self.pause = self.pause_next;
            self.pause_next = (self.pause_next * 2).min(PAUSE_MAX);
            (self.right, self.wrong) = (0.0, wrong_after_pause(self.break_even));
        } else if right > 1 {
            self.pause_next = PAUSE_FIRST;
        }
    }

    /// Enters what comes before the last token, which nothing follows yet. A place in the prompt is not replaced by one in the text.
    fn enter(&mut self, tokens: &[LlamaToken]) {
        let end = tokens.len().saturating_sub(1);
        for place in self.entered.max(1)..=end {
            for length in NGRAMS {
                let Some(begin) = place.checked_sub(length) else {
                    continue;
                };
                let key = key(&tokens[begin..place]);
                if place <= self.prompt_length {
                    self.places.insert(key, place);
                } else {
                    let known = self.places.entry(key).or_insert(place);
                    if *known > self.prompt_length {
                        *known = place;
                    }
                }
            }
        }
        self.entered = self.entered.max(end + 1);
    }

    fn find(&self, tokens: &[LlamaToken]) -> Option<usize> {
        NGRAMS.into_iter().find_map(|length| {
            let begin = tokens.len().checked_sub(length)?;
            self.places.get(&key(&tokens[begin..])).copied()
        })
    }
}

/// Weight of wrong guesses with which guessing begins again.
fn wrong_after_pause(break_even: f64) -> f64 {
    let mut rate = 0.5;
    while rate > 0.0 && expected(3, rate) > break_even * GAIN_AFTER_PAUSE {
        rate -= 0.001;
    }
    // What `rate` reckons, turned around.
    1.0 / rate - 2.0
}

/// Two or three tokens as a key; no token is negative.
fn key(tokens: &[LlamaToken]) -> [i32; 3] {
    let mut key = [-1; 3];
    for (place, token) in key.iter_mut().zip(tokens) {
        *place = token.0;
    }
    key
}

#[cfg(test)]
mod tests {
    use super::super::batch::{Limits, Wish, compose};
    use super::super::costs::RowCosts;
    use super::*;

    fn tokens(numbers: &[i32]) -> Vec<LlamaToken> {
        numbers.iter().copied().map(LlamaToken).collect()
    }

    fn lookup(prompt_length: usize) -> Lookup {
        Lookup::new(prompt_length, 0.34)
    }

    fn guess(lookup: &mut Lookup, text: &[LlamaToken], most: usize) -> Vec<i32> {
        lookup
            .guess(text, most)
            .iter()
            .map(|token| token.0)
            .collect()
    }

    #[test]
    fn what_followed_the_same_words_is_guessed() {
        let text = tokens(&[1, 2, 3, 4, 5, 6, 9, 1, 2, 3]);
        assert_eq!(guess(&mut lookup(10), &text, 3), [4, 5, 6]);
        assert_eq!(guess(&mut lookup(10), &text, 99), [4, 5, 6, 9, 1, 2, 3]);
        // Two words are enough.
        assert_eq!(guess(&mut lookup(6), &tokens(&[1, 2, 3, 4, 2, 3]), 1), [4]);
        assert_eq!(guess(&mut lookup(4), &tokens(&[1, 2, 3, 4]), 3), [0; 0]);
        assert_eq!(guess(&mut lookup(0), &[], 3), [0; 0]);
        assert_eq!(guess(&mut lookup(1), &tokens(&[1]), 3), [0; 0]);
    }

    #[test]
    fn three_words_count_more_than_two_and_the_prompt_more_than_the_text() {
        let text = tokens(&[7, 2, 3, 4, 8, 2, 3, 5, 7, 2, 3]);
        assert_eq!(guess(&mut lookup(11), &text, 1), [4]);
        let text = tokens(&[7, 2, 3, 4, 0, 7, 2, 3, 5, 7, 2, 3]);
        assert_eq!(guess(&mut lookup(5), &text, 1), [4]);
        assert_eq!(guess(&mut lookup(12), &text, 1), [5]);
        assert_eq!(guess(&mut lookup(0), &text, 1), [5]);
    }

    #[test]
    fn a_copy_goes_on_where_it_was_though_its_words_occur_elsewhere() {
        let mut text = tokens(&[1, 2, 3, 4, 5, 3, 4, 9, 0, 1, 2]);
        let mut lookup = lookup(text.len());
        assert_eq!(guess(&mut lookup, &text, 1), [3]);
        // 3 was right, and 4 was written after it: the copy is at 5, though "3 4" was last followed by 9.
        let next = LlamaToken(4);
        lookup.learn(&text, 1, 1, next);
        text.extend([LlamaToken(3), next]);
        assert_eq!(guess(&mut lookup, &text, 2), [5, 3]);
        lookup.learn(&text, 2, 0, LlamaToken(6));
        text.push(LlamaToken(6));
        assert_eq!(guess(&mut lookup, &text, 2), [0; 0]);
    }

    #[test]
    fn after_a_rest_it_guesses_again_whatever_rows_cost() {
        for costs in [RowCosts::LLAMA_CPP, RowCosts::ACCELERATED] {
            let text = tokens(&[1, 2, 3, 4, 5, 1, 2]);
            let mut lookup = Lookup::new(text.len(), costs.break_even());
            let limits = Limits {
                tokens: 512,
                reading: 64,
                costs,
            };
            let guess = |lookup: &mut Lookup| {
                let draft = lookup.guess(&text, 15).len();
                let rate = lookup.rate();
                compose(&[Wish::Write { draft, rate }], limits)[0] - 1
            };
            while guess(&mut lookup) > 0 {
                lookup.learn(&text, 3, 0, LlamaToken(0));
            }
            let rests = (1..99).take_while(|_| guess(&mut lookup) == 0).count();
            assert_eq!(rests, PAUSE_FIRST as usize - 1);
            // One more wrong guess, and it rests; right ones, and it goes on.
            lookup.learn(&text, 3, 0, LlamaToken(0));
            assert_eq!(guess(&mut lookup), 0);
            while guess(&mut lookup) == 0 {}
            for _ in 0..3 {
                lookup.learn(&text, 3, 3, LlamaToken(0));
                assert!(guess(&mut lookup) >= 3);
            }
        }
    }

    #[test]
    fn guessing_rests_while_it_does_not_pay() {
        let text = tokens(&[1, 2, 3, 4, 5, 1, 2]);
        let mut lookup = lookup(text.len());
        let mut wrong = 0;
        while !lookup.guess(&text, 3).is_empty() {
            lookup.learn(&text, 3, 0, LlamaToken(0));
            wrong += 1;
            assert!(wrong < 10, "it never rests");
        }
        let rest = (0..99)
            .take_while(|_| lookup.guess(&text, 3).is_empty())
            .count();
        assert_eq!(rest, PAUSE_FIRST as usize - 1);
        // One more wrong guess, and it rests twice as long.
        lookup.learn(&text, 3, 0, LlamaToken(0));
        let rest = (0..99)
            .take_while(|_| lookup.guess(&text, 3).is_empty())
            .count();
        assert_eq!(rest, 2 * PAUSE_FIRST as usize);
        for _ in 0..20 {
            lookup.learn(&text, 3, 3, LlamaToken(0));
        }
        assert!(lookup.rate() > 0.9);
    }
}
