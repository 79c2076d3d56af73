//! How many places the context of a model has. All sequences share them, so a long text borrows what short ones leave.

/// llama.cpp makes contexts in steps of so many places.
const STEP: u64 = 256;
/// Each request beside the first gets this part of a full context: few are long at the same time, and the memory, which has to
/// be filled with noughts whenever the model is loaded, is what makes a switch of models slow.
const SHARE: u64 = 4;

/// Places for one request of `context_tokens`, and a share for each of the others. When they do not suffice, the request begun last
/// pauses.
pub(crate) fn pool_tokens(context_tokens: u32, parallel: u32) -> u64 {
    let full = u64::from(context_tokens);
    let others = u64::from(parallel.saturating_sub(1));
    (full + others * full.div_ceil(SHARE)).next_multiple_of(STEP)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_request_has_a_full_context_and_the_others_shares() {
        assert_eq!(pool_tokens(4096, 1), 4096);
        assert_eq!(pool_tokens(4096, 4), 7168);
        assert_eq!(pool_tokens(300, 1), 512);
        assert_eq!(pool_tokens(512, 3), 768);
        assert_eq!(pool_tokens(u32::MAX, u32::MAX) % STEP, 0);
    }
}
