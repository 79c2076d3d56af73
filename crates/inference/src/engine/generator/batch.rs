//! What one step computes: a token and its drafts of every text that is written, and a piece of every prompt that is read.
//! Pure functions; nothing here knows llama.cpp.

use super::costs::RowCosts;

/// Lengths of drafts that are tried. With the token before them they make 4, 8 or 16 rows, whole groups of those that are computed
/// together.
const DRAFT_LENGTHS: [usize; 3] = [3, 7, 15];
/// Most drafted tokens of a text in one step.
pub(super) const DRAFT_TOKENS_MAX: usize = 15;

/// What a request could use of a step.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Wish {
    /// It writes: one token and at most `draft` guessed ones, each right with the probability `rate` when those before it were.
    Write { draft: usize, rate: f64 },
    /// It reads its prompt: at most `left` tokens.
    Read { left: usize },
}

/// What a step may hold.
#[derive(Debug, Clone, Copy)]
pub(super) struct Limits {
    /// Tokens in all.
    pub(super) tokens: usize,
    /// Tokens of prompts while somebody writes, so that texts do not halt.
    pub(super) reading: usize,
    pub(super) costs: RowCosts,
}

/// How many tokens of each request the next step computes, in the order of `wishes`. Texts come first; prompts share what is left
/// evenly, and what one does not need goes to the others, the earliest first.
pub(super) fn compose(wishes: &[Wish], limits: Limits) -> Vec<usize> {
    let draft_length = choose_draft_length(wishes, limits.costs);
    let mut shares: Vec<usize> = wishes
        .iter()
        .map(|wish| match wish {
            Wish::Write { draft, .. } => 1 + draft_length.min(*draft),
            Wish::Read { .. } => 0,
        })
        .collect();
    let rows: usize = shares.iter().sum();
    if rows > limits.tokens {
        // Only when there are more texts than a step has rows.
        for share in &mut shares {
            *share = (*share).min(1);
        }
    }
    let rows: usize = shares.iter().sum();
    let mut room = limits.tokens.saturating_sub(rows);
    if rows > 0 {
        room = room.min(limits.reading);
    }
    share_out(wishes, room, &mut shares);
    shares
}

fn share_out(wishes: &[Wish], mut room: usize, shares: &mut [usize]) {
    let needs = |index: usize, shares: &[usize]| match wishes[index] {
        Wish::Read { left } => left.saturating_sub(shares[index]),
        Wish::Write { .. } => 0,
    };
    loop {
        let hungry: Vec<usize> = (0..wishes.len())
            .filter(|&index| needs(index, shares) > 0)
            .collect();
        if hungry.is_empty() || room == 0 {
            return;
        }
        let each = (room / hungry.len()).max(1);
        for index in hungry {
            let taken = each.min(needs(index, shares)).min(room);
            shares[index] += taken;
            room -= taken;
        }
    }
}

/// The length of draft for which a step is expected to write most for its cost; 0 when none is worth it.
fn choose_draft_length(wishes: &[Wish], costs: RowCosts) -> usize {
    let gain = |length: usize| {
        let mut rows = 0;
        let mut tokens = 0.0;
        for wish in wishes {
            if let Wish::Write { draft, rate } = wish {
                rows += 1 + length.min(*draft);
                tokens += 1.0 + expected(length.min(*draft), *rate);
            }
        }
        tokens / costs.of(rows)
    };
    if !wishes
        .iter()
        .any(|wish| matches!(wish, Wish::Write { draft, .. } if *draft > 0))
    {
        return 0;
    }
    let mut best = (0, gain(0));
    for length in DRAFT_LENGTHS {
        let gained = gain(length);
        if gained > best.1 {
            best = (length, gained);
        }
    }
    best.0
}

/// Tokens of a draft that will be right: the first, and each after it only if those before it were.
pub(super) fn expected(length: usize, rate: f64) -> f64 {
    let mut chance = 1.0;
    (0..length)
        .map(|_| {
            chance *= rate;
            chance
        })
        .sum()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const LIMITS: Limits = Limits {
        tokens: 512,
        reading: 64,
        costs: RowCosts::LLAMA_CPP,
    };

    fn write(draft: usize, rate: f64) -> Wish {
        Wish::Write { draft, rate }
    }

    #[test]
    fn a_prompt_alone_fills_the_step() {
        assert_eq!(compose(&[Wish::Read { left: 2000 }], LIMITS), [512]);
        assert_eq!(compose(&[Wish::Read { left: 20 }], LIMITS), [20]);
        assert_eq!(compose(&[], LIMITS), [0; 0]);
    }

    #[test]
    fn a_prompt_takes_little_of_a_step_in_which_others_write() {
        let wishes = [write(0, 0.0), Wish::Read { left: 2000 }, write(0, 0.0)];
        assert_eq!(compose(&wishes, LIMITS), [1, 64, 1]);
    }

    #[test]
    fn prompts_share_evenly_and_short_ones_leave_the_rest() {
        let wishes = [
            Wish::Read { left: 2000 },
            Wish::Read { left: 30 },
            Wish::Read { left: 2000 },
        ];
        assert_eq!(compose(&wishes, LIMITS), [241, 30, 241]);
        let wishes = [Wish::Read { left: 9 }; 3];
        let limits = Limits {
            tokens: 2,
            reading: 2,
            ..LIMITS
        };
        assert_eq!(compose(&wishes, limits), [1, 1, 0]);
    }

    #[test]
    fn drafts_are_as_long_as_they_pay() {
        assert_eq!(compose(&[write(15, 0.05)], LIMITS), [1]);
        assert_eq!(compose(&[write(15, 0.5)], LIMITS), [4]);
        assert_eq!(compose(&[write(15, 0.9)], LIMITS), [4]);
        assert_eq!(compose(&[write(7, 0.97)], LIMITS), [8]);
        assert_eq!(compose(&[write(15, 0.99)], LIMITS), [16]);
        assert_eq!(compose(&[write(2, 0.99)], LIMITS), [3]);
        let accelerated = Limits {
            costs: RowCosts::ACCELERATED,
            ..LIMITS
        };
        assert_eq!(compose(&[write(15, 0.3)], accelerated), [1]);
        assert_eq!(compose(&[write(15, 0.85)], accelerated), [8]);
        assert_eq!(compose(&[write(15, 0.97)], accelerated), [16]);
        // Beside seven others a draft costs more than it brings.
        let mut wishes = vec![write(0, 0.0); 7];
        wishes.push(write(15, 0.3));
        assert_eq!(compose(&wishes, LIMITS), [1; 8]);
    }

    fn any_wish() -> impl Strategy<Value = Wish> {
        prop_oneof![
            (0_usize..20, 0.0..1.0).prop_map(|(draft, rate)| Wish::Write { draft, rate }),
            (1_usize..3000).prop_map(|left| Wish::Read { left }),
        ]
    }

    proptest! {
        #[test]
        fn a_step_is_full_but_never_over(wishes in proptest::collection::vec(any_wish(), 1..64), reading in 1_usize..512) {
            let limits = Limits { reading, ..LIMITS };
            let shares = compose(&wishes, limits);
            prop_assert!(shares.iter().sum::<usize>() <= limits.tokens);
            let mut read = 0;
            let mut wanted = 0;
            for (wish, &share) in wishes.iter().zip(&shares) {
                match wish {
                    Wish::Write { draft, .. } => prop_assert!((1..=1 + draft).contains(&share)),
                    Wish::Read { left } => {
                        prop_assert!(share <= *left);
                        read += share;
                        wanted += left;
                    }
                }
            }
            let writes = wishes.iter().any(|wish| matches!(wish, Wish::Write { .. }));
            let rows: usize = shares.iter().sum::<usize>() - read;
            let room = if writes { reading.min(512 - rows) } else { 512 };
            prop_assert_eq!(read, wanted.min(room));
        }
    }
}
