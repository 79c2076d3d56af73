//! What is kept for later turns: in the context while that is little, parked beside it, and given up when there is no room.
//!
//! Every step looks through all places of the context up to the last that is taken, whoever took them, and its threads share the places
//! evenly: with twelve kept conversations of 512 tokens in it, a model of 1.3 thousand million weights read slower by a fifth and wrote
//! slower by an eighth. Copying a token out or back costs a hundredth of reading it again.

use llama_cpp_2::context::session::SeqState;

use super::Scheduler;
use crate::engine::generator::slots::{
    Placement, find_evictable, find_oldest_parked, kept_tokens, parked_tokens,
};

/// So few tokens stay in the context for later turns when another request begins: they cost less there than copying them.
const KEPT_TOKENS_MAX: usize = 256;

impl Scheduler<'_, '_> {
    /// Lets the slot of a placement hold what was found for it; returns how many tokens it holds then.
    pub(super) fn take_over(&mut self, placement: Placement) -> usize {
        let Placement {
            slot,
            source,
            reused,
        } = placement;
        if reused == 0 || !self.computer.can_rewind() {
            self.forget(slot);
            return 0;
        }
        let is_held = match source {
            None => self.bring_back(slot),
            Some(source) => {
                self.forget(slot);
                self.copy(source, slot, reused)
            }
        };
        // Layers with a sliding window may have given a part away.
        if is_held && self.computer.holds(slot, reused) {
            return self.computer.cut(slot, reused);
        }
        self.computer.cut(slot, 0)
    }

    /// Lets `to`, which holds nothing, hold what `from` holds, at least the first `length` tokens of it.
    fn copy(&mut self, from: usize, to: usize, length: usize) -> bool {
        let Some(saved) = self.slots[from].parked.take() else {
            self.computer.copy(from, to, length);
            return true;
        };
        let is_restored = self.restore(&saved, from, to);
        self.slots[from].parked = Some(saved);
        // What made room for the copy was parked while this was in neither place.
        while parked_tokens(&self.slots) > self.parking_tokens
            && let Some(oldest) = find_oldest_parked(&self.slots)
        {
            self.forget(oldest);
        }
        is_restored
    }

    /// Brings what a slot has parked back into the context. False when there is no room: then it holds nothing.
    pub(super) fn bring_back(&mut self, slot: usize) -> bool {
        let Some(saved) = self.slots[slot].parked.take() else {
            return true;
        };
        let is_restored = self.restore(&saved, slot, slot);
        if !is_restored {
            self.slots[slot].cached = 0;
        }
        is_restored
    }

    /// Lets `to`, which holds nothing, hold what `from` had parked, and makes room for it.
    fn restore(&mut self, saved: &SeqState, from: usize, to: usize) -> bool {
        // While it is in neither place it must not look like something in the context that can be given up.
        let cached = std::mem::take(&mut self.slots[from].cached);
        let mut is_restored = self.computer.restore(saved, to);
        while !is_restored && self.give_up_one() {
            is_restored = self.computer.restore(saved, to);
        }
        self.slots[from].cached = cached;
        is_restored
    }

    /// Moves what was used longest ago out of the context, until little is left there for later turns or no more can be parked.
    pub(super) fn keep_little(&mut self) {
        while kept_tokens(&self.slots) > KEPT_TOKENS_MAX
            && let Some(slot) = find_evictable(&self.slots)
            && self.can_be_parked(slot)
            && self.park(slot)
        {}
    }

    fn can_be_parked(&self, slot: usize) -> bool {
        parked_tokens(&self.slots) + self.slots[slot].cached <= self.parking_tokens
    }

    /// Makes room in the context: parks what is kept there and was used longest ago, or else gives it up. False when
    /// nothing is kept there.
    pub(super) fn give_up_one(&mut self) -> bool {
        let Some(slot) = find_evictable(&self.slots) else {
            return false;
        };
        if !self.park(slot) {
            self.forget(slot);
        }
        true
    }

    /// Moves what a slot holds out of the context. False when there is no room, and nothing is changed; what is parked for later turns
    /// and was used longest ago makes room for it.
    pub(super) fn park(&mut self, slot: usize) -> bool {
        if self.slots[slot].cached > self.parking_tokens || !self.computer.can_rewind() {
            return false;
        }
        while !self.can_be_parked(slot) {
            match find_oldest_parked(&self.slots) {
                Some(oldest) => self.forget(oldest),
                // What is left belongs to requests that have paused.
                None => return false,
            }
        }
        let Some(saved) = self.computer.save(slot) else {
            return false;
        };
        self.computer.cut(slot, 0);
        self.slots[slot].parked = Some(saved);
        true
    }

    /// Gives up what a slot holds, wherever it lies.
    pub(super) fn forget(&mut self, slot: usize) {
        self.computer.cut(slot, 0);
        let slot = &mut self.slots[slot];
        slot.parked = None;
        slot.cached = 0;
        slot.tokens.clear();
    }
}
