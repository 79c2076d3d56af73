//! The sequences of a context, and where a new request finds tokens that need not be computed again. What was computed for one
//! owner is used for another only where both prompts begin with the same shared segments, and never under another adapter.
//! Nothing here knows llama.cpp.

use llama_cpp_2::token::LlamaToken;

use super::tokens::common_prefix;

/// A sequence of the context, with the request it works on, if any.
#[derive(Debug)]
pub(super) struct Slot<Work, State> {
    /// Prompt and text, as far as they are known.
    pub(super) tokens: Vec<LlamaToken>,
    /// So many of them are computed.
    pub(super) cached: usize,
    /// What was computed, when it is parked: kept beside the context instead of in it.
    pub(super) parked: Option<State>,
    pub(super) origin: Origin,
    /// When it was last used; larger is later.
    pub(super) used_at: u64,
    pub(super) work: Option<Work>,
}

/// For whom and under what tokens were computed.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct Origin {
    pub(super) owner: String,
    pub(super) adapter: Option<usize>,
    /// So many tokens at the front are the same for every owner.
    pub(super) shared: usize,
}

/// Where a request goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Placement {
    pub(super) slot: usize,
    /// The slot whose tokens are taken over, if not `slot` itself.
    pub(super) source: Option<usize>,
    /// How many tokens are.
    pub(super) reused: usize,
}

impl<Work, State> Slot<Work, State> {
    pub(super) fn empty() -> Self {
        Self {
            tokens: Vec::new(),
            cached: 0,
            parked: None,
            origin: Origin::default(),
            used_at: 0,
            work: None,
        }
    }

    /// How many tokens at the front of a prompt are here and may be used for it.
    fn usable(&self, prompt: &[LlamaToken], origin: &Origin) -> usize {
        if self.origin.adapter != origin.adapter {
            return 0;
        }
        let most = if self.origin.owner == origin.owner {
            self.cached
        } else {
            self.cached.min(self.origin.shared).min(origin.shared)
        };
        common_prefix(&self.tokens[..most], prompt)
    }
}

/// The best place for a prompt: the idle slot that holds most of it, when little else is lost by that; else the slot that was idle
/// longest, to which the best beginning is copied. `None` when no slot is idle.
pub(super) fn place<Work, State>(
    slots: &[Slot<Work, State>],
    prompt: &[LlamaToken],
    origin: &Origin,
) -> Option<Placement> {
    let oldest = find_oldest(slots)?;
    // The last token of a prompt is computed in any case, since its logits are wanted.
    let most = prompt.len().saturating_sub(1);
    let best = slots
        .iter()
        .enumerate()
        .map(|(index, slot)| (slot.usable(prompt, origin).min(most), index))
        .max_by_key(|&(usable, index)| (usable, slots[index].work.is_none()));
    let (reused, source) = best
        .filter(|(usable, _)| *usable > 0)
        .unwrap_or((0, oldest));
    let slot = &slots[source];
    // A conversation that goes on, or an answer that is written anew, stays where it is.
    let loses_little = slot.cached <= reused.saturating_mul(2);
    let is_own = slot.origin.owner == origin.owner;
    if source == oldest || (slot.work.is_none() && is_own && loses_little) {
        return Some(Placement {
            slot: source,
            source: None,
            reused,
        });
    }
    Some(Placement {
        slot: oldest,
        source: Some(source),
        reused,
    })
}

/// The slot without work that was used longest ago, an empty one first.
fn find_oldest<Work, State>(slots: &[Slot<Work, State>]) -> Option<usize> {
    let idle = slots
        .iter()
        .enumerate()
        .filter(|(_, slot)| slot.work.is_none());
    idle.min_by_key(|(_, slot)| (slot.cached > 0, slot.used_at))
        .map(|(index, _)| index)
}

/// Slots that keep tokens for a later turn, with their numbers: in the context, or else parked.
fn kept<Work, State>(
    slots: &[Slot<Work, State>],
    is_parked: bool,
) -> impl Iterator<Item = (usize, &Slot<Work, State>)> {
    slots.iter().enumerate().filter(move |(_, slot)| {
        slot.work.is_none() && slot.cached > 0 && slot.parked.is_some() == is_parked
    })
}

/// The slot that keeps tokens in the context and was used longest ago: what is given up first when the context is full.
pub(super) fn find_evictable<Work, State>(slots: &[Slot<Work, State>]) -> Option<usize> {
    find_oldest_kept(slots, false)
}

/// The slot whose tokens are parked and that was used longest ago.
pub(super) fn find_oldest_parked<Work, State>(slots: &[Slot<Work, State>]) -> Option<usize> {
    find_oldest_kept(slots, true)
}

fn find_oldest_kept<Work, State>(slots: &[Slot<Work, State>], is_parked: bool) -> Option<usize> {
    kept(slots, is_parked)
        .min_by_key(|(_, slot)| slot.used_at)
        .map(|(index, _)| index)
}

/// Tokens that are kept in the context for later turns.
pub(super) fn kept_tokens<Work, State>(slots: &[Slot<Work, State>]) -> usize {
    kept(slots, false).map(|(_, slot)| slot.cached).sum()
}

/// Tokens that are parked, those of requests that have paused with them.
pub(super) fn parked_tokens<Work, State>(slots: &[Slot<Work, State>]) -> usize {
    let parked = slots.iter().filter(|slot| slot.parked.is_some());
    parked.map(|slot| slot.cached).sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tokens(numbers: impl IntoIterator<Item = i32>) -> Vec<LlamaToken> {
        numbers.into_iter().map(LlamaToken).collect()
    }

    fn origin(owner: &str, adapter: Option<usize>, shared: usize) -> Origin {
        Origin {
            owner: owner.to_owned(),
            adapter,
            shared,
        }
    }

    fn slot(owner: &str, held: Vec<LlamaToken>, used_at: u64) -> Slot<(), ()> {
        Slot {
            cached: held.len(),
            parked: None,
            tokens: held,
            origin: origin(owner, None, 10),
            used_at,
            work: None,
        }
    }

    fn find(
        slots: &[Slot<(), ()>],
        prompt: &[LlamaToken],
        origin: &Origin,
    ) -> (usize, Option<usize>, usize) {
        let placement = place(slots, prompt, origin).unwrap();
        (placement.slot, placement.source, placement.reused)
    }

    #[test]
    fn a_conversation_goes_on_where_it_is() {
        let slots = [
            slot("a", tokens(0..100), 1),
            slot("a", tokens((0..10).chain(200..300)), 2),
            Slot::empty(),
        ];
        assert_eq!(
            find(&slots, &tokens(0..150), &origin("a", None, 10)),
            (0, None, 100)
        );
        // The same prompt again: its last token is computed for its logits.
        assert_eq!(
            find(&slots, &tokens(0..100), &origin("a", None, 10)),
            (0, None, 99)
        );
    }

    #[test]
    fn another_conversation_of_the_owner_is_not_destroyed() {
        let slots = [slot("a", tokens(0..100), 1), Slot::empty()];
        let prompt = tokens((0..10).chain(500..600));
        assert_eq!(
            find(&slots, &prompt, &origin("a", None, 10)),
            (1, Some(0), 10)
        );
        // With nowhere else to go the oldest is given up.
        assert_eq!(
            find(&slots[..1], &prompt, &origin("a", None, 10)),
            (0, None, 10)
        );
    }

    #[test]
    fn another_owner_gets_no_more_than_both_share() {
        let slots = [slot("a", tokens(0..100), 1), Slot::empty()];
        assert_eq!(
            find(&slots, &tokens(0..100), &origin("b", None, 10)),
            (1, Some(0), 10)
        );
        assert_eq!(
            find(&slots, &tokens(0..100), &origin("b", None, 4)),
            (1, Some(0), 4)
        );
        assert_eq!(
            find(&slots, &tokens(0..100), &origin("b", None, 50)),
            (1, Some(0), 10)
        );
        assert_eq!(
            find(&slots, &tokens(0..100), &origin("b", None, 0)),
            (1, None, 0)
        );
    }

    #[test]
    fn nothing_is_used_under_another_adapter() {
        let slots = [slot("a", tokens(0..100), 1), Slot::empty()];
        assert_eq!(
            find(&slots, &tokens(0..100), &origin("a", Some(0), 10)),
            (1, None, 0)
        );
    }

    #[test]
    fn a_slot_at_work_is_copied_from_and_never_taken() {
        let mut slots = [slot("a", tokens(0..100), 1), slot("b", tokens(300..400), 2)];
        slots[0].work = Some(());
        // What is not computed yet cannot be used.
        slots[0].cached = 40;
        assert_eq!(
            find(&slots, &tokens(0..100), &origin("a", None, 10)),
            (1, Some(0), 40)
        );
        slots[1].work = Some(());
        assert_eq!(place(&slots, &tokens(0..100), &origin("a", None, 10)), None);
    }

    #[test]
    fn the_slot_idle_longest_goes_first() {
        let mut slots = [
            slot("a", tokens(0..9), 5),
            slot("a", tokens(50..59), 3),
            slot("a", tokens(90..99), 4),
        ];
        assert_eq!(
            find(&slots, &tokens(700..710), &origin("a", None, 0)),
            (1, None, 0)
        );
        assert_eq!(find_evictable(&slots), Some(1));
        slots[1].work = Some(());
        assert_eq!(find_evictable(&slots), Some(2));
        slots[2].cached = 0;
        assert_eq!(find_evictable(&slots), Some(0));
        // Parked it takes no place in the context, and is as good a place to go on from.
        slots[0].parked = Some(());
        assert_eq!(find_evictable(&slots), None);
        assert_eq!(find_oldest_parked(&slots), Some(0));
        assert_eq!((kept_tokens(&slots), parked_tokens(&slots)), (0, 9));
        assert_eq!(
            find(&slots, &tokens(0..20), &origin("a", None, 0)),
            (0, None, 9)
        );
        assert_eq!(
            find(&slots, &tokens(700..710), &origin("a", None, 0)),
            (2, None, 0)
        );
    }
}
