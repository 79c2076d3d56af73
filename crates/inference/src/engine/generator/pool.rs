//! How many tokens a model holds: in its context, where all sequences share the places, so that a long text borrows what short ones
//! leave; and parked beside it, where texts that are kept for a later turn do not slow down what is computed.

/// llama.cpp makes contexts in steps of so many places.
const STEP: u64 = 256;
/// Each request beside the first gets this part of a full context: few are long at the same time, and the memory, which has to be
/// filled with noughts whenever the model is loaded, is what makes a switch of models slow.
const SHARE: u64 = 16;
/// So many times these parts can be parked, which takes memory only when it is done. While one conversation takes the place of
/// another, both are outside of the context for a moment.
const PARKING_SHARES: u64 = 4;

/// Places for one request of `context_tokens`, and a share for each of the others. When they do not suffice, the request begun last
/// pauses.
pub(crate) fn pool_tokens(context_tokens: u32, parallel: u32) -> u64 {
    (u64::from(context_tokens) + shares(context_tokens, parallel)).next_multiple_of(STEP)
}

/// Most tokens that are parked.
pub(crate) fn parking_tokens(context_tokens: u32, parallel: u32) -> u64 {
    PARKING_SHARES * shares(context_tokens, parallel)
}

fn shares(context_tokens: u32, parallel: u32) -> u64 {
    let others = u64::from(parallel.saturating_sub(1));
    others * u64::from(context_tokens).div_ceil(SHARE)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_request_has_a_full_context_and_the_others_shares() {
        assert_eq!(pool_tokens(4096, 1), 4096);
        assert_eq!(pool_tokens(4096, 4), 4864);
        assert_eq!(pool_tokens(300, 1), 512);
        assert_eq!(pool_tokens(512, 3), 768);
        assert_eq!(pool_tokens(u32::MAX, u32::MAX) % STEP, 0);
    }

    #[test]
    fn four_shares_for_each_can_be_parked() {
        assert_eq!(parking_tokens(4096, 1), 0);
        assert_eq!(parking_tokens(4096, 4), 3072);
        assert_eq!(parking_tokens(300, 2), 76);
        assert!(parking_tokens(u32::MAX, u32::MAX) > u64::from(u32::MAX));
    }
}
