//! The part of the planner that tells who waits how things stand: how many come before, and when it will begin. Times are
//! forecasts from measured means; they are left out where nothing was measured yet.

use std::collections::BTreeMap;

use domain::models::ModelName;

use super::{Action, Millis, Phase, Place, Planner, Waiting};

/// A forecast that is off by less than this is not told again, milliseconds.
const CHANGE_MS_MIN: u64 = 1000;
/// Nor one that is off by less than this part of itself.
const CHANGE_PART: u64 = 4;

/// What a waiting request is told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::generation) struct Outlook {
    /// Waiting requests that come before it.
    pub(in crate::generation) position: u32,
    /// Whether its model is being loaded.
    pub(in crate::generation) is_loading: bool,
    /// Time until it begins, milliseconds.
    pub(in crate::generation) estimate_ms: Option<u64>,
}

impl Planner {
    /// Tells each waiting request what changed for it.
    pub(super) fn tell(&mut self, now: Millis, actions: &mut Vec<Action>) {
        let absent = self.list_absent();
        let mut before = BTreeMap::<&ModelName, usize>::new();
        let mut outlooks = Vec::with_capacity(self.waiting.len());
        for (ticket, waiting) in &self.waiting {
            let model = &waiting.lane.model;
            let ahead = before.get(model).copied().unwrap_or(0);
            let others = absent.iter().filter(|other| *other != model);
            let others = others.map(|other| before.get(other).copied().unwrap_or(0));
            let outlook = self.foresee(now, waiting, &absent, (ahead, others.sum()));
            outlooks.push((*ticket, outlook));
            *before.entry(model).or_default() += 1;
        }
        for (ticket, outlook) in outlooks {
            let Some(waiting) = self.waiting.get_mut(&ticket) else {
                continue;
            };
            if waiting
                .told
                .is_none_or(|(told, at)| is_news(told, now.saturating_sub(at), outlook))
            {
                waiting.told = Some((outlook, now));
                actions.push(Action::Tell(ticket, outlook));
            }
        }
    }

    /// `ahead` earlier requests wait for the same model, and `others` for models that are not in memory either.
    fn foresee(
        &self,
        now: Millis,
        waiting: &Waiting,
        absent: &[ModelName],
        (ahead, others): (usize, usize),
    ) -> Outlook {
        let model = &waiting.lane.model;
        let place = self.places.get(model);
        let (others, estimate_ms) = match place {
            Some(place) if place.phase == Phase::Ready => {
                let queue = self.expected_queue(model, place, ahead + place.parallel_max);
                (0, queue)
            }
            Some(place) if place.phase == Phase::Loading => {
                let spent = now.saturating_sub(place.since);
                let load = self.expected_load(model).saturating_sub(spent);
                (0, add(self.expected_queue(model, place, ahead), Some(load)))
            }
            Some(_) | None => (others, self.expected_switch(now, waiting, absent, ahead)),
        };
        Outlook {
            position: u32::try_from(ahead + others).unwrap_or(u32::MAX),
            is_loading: place.is_some_and(|place| place.phase == Phase::Loading),
            estimate_ms,
        }
    }

    /// Time until a place is free when `ahead` requests have or want one.
    fn expected_queue(&self, model: &ModelName, place: &Place, ahead: usize) -> Option<u64> {
        let places = place.parallel_max.max(1);
        if ahead < places {
            return Some(0);
        }
        let service = self.history.get(model)?.service_ms?;
        let turns = u64::try_from(ahead + 1 - places).ok()?;
        Some(service.saturating_mul(turns) / u64::try_from(places).ok()?)
    }

    /// Time until a model out of memory answers and has a place: the turns of those before it, the wait for busy models, their
    /// draining, the loading, and the queue.
    fn expected_switch(
        &self,
        now: Millis,
        waiting: &Waiting,
        absent: &[ModelName],
        ahead: usize,
    ) -> Option<u64> {
        let model = &waiting.lane.model;
        let before = absent.iter().take_while(|other| *other != model);
        let turns: u64 = before
            .map(|other| self.expected_load(other).saturating_add(self.hold(other)))
            .fold(0, u64::saturating_add);
        let busy = self
            .places
            .iter()
            .filter(|(model, place)| !self.is_pinned(model) && !place.running.is_empty());
        let mut drain = Some(0);
        for (name, _) in busy {
            let service = self
                .history
                .get(name)
                .and_then(|history| history.service_ms);
            drain = drain
                .zip(service)
                .map(|(longest, service)| service.max(longest));
        }
        let patience = if drain == Some(0) {
            0
        } else {
            waiting
                .since
                .saturating_add(self.hold(model))
                .saturating_sub(now)
        };
        let places = self.places.get(model).map_or(1, |place| place.parallel_max);
        let history = self.history.get(model);
        let queue = match (
            ahead < places,
            history.and_then(|history| history.service_ms),
        ) {
            (true, _) => Some(0),
            (false, service) => service.map(|service| service.saturating_mul(ahead as u64)),
        };
        let load = self.expected_load(model);
        let known = Some(turns.saturating_add(patience).saturating_add(load));
        add(add(known, drain), queue)
    }
}

fn add(left: Option<u64>, right: Option<u64>) -> Option<u64> {
    Some(left?.saturating_add(right?))
}

/// Whether `outlook` differs from what `told` became after `passed` milliseconds.
fn is_news(told: Outlook, passed: u64, outlook: Outlook) -> bool {
    if (told.position, told.is_loading) != (outlook.position, outlook.is_loading) {
        return true;
    }
    match (told.estimate_ms, outlook.estimate_ms) {
        (Some(told), Some(estimate)) => {
            let off = told.saturating_sub(passed).abs_diff(estimate);
            off > CHANGE_MS_MIN.max(estimate / CHANGE_PART)
        }
        (None, None) => false,
        (Some(_), None) | (None, Some(_)) => true,
    }
}
