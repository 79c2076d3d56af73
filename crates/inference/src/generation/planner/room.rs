//! The part of the planner that makes room: what is unloaded for what, and what does not fit at all.

use domain::models::ModelName;

use super::{Action, Failure, HOLD_LOADS, HOLD_MIN, History, Millis, Phase, Place, Planner};

/// Bytes read in a millisecond while a model is loaded that was never loaded before; a slow disk.
const LOAD_BYTES_PER_MS: u64 = 500_000;
/// Time to load the smallest model that was never loaded before, milliseconds.
const LOAD_MS_MIN: Millis = 200;

impl Planner {
    /// How long a request of a model waits for busy models, and how long the model then stays although others wait.
    pub(super) fn hold(&self, model: &ModelName) -> Millis {
        self.expected_load(model)
            .saturating_mul(HOLD_LOADS)
            .max(HOLD_MIN)
            .min(self.limits.wait_max)
    }

    /// Time to load a model: measured, or guessed from its size.
    pub(super) fn expected_load(&self, model: &ModelName) -> Millis {
        let history = self.history.get(model);
        history
            .and_then(|history| history.load_ms)
            .unwrap_or_else(|| {
                LOAD_MS_MIN + history.map_or(0, |history| history.bytes / LOAD_BYTES_PER_MS)
            })
    }

    /// Whether a model can be in memory at all beside the pinned ones.
    pub(super) fn check_fits(&self, model: &ModelName) -> Result<(), Failure> {
        let (needed_bytes, budget_bytes) = (self.needed_bytes(model), self.room_for(model));
        if needed_bytes > budget_bytes {
            return Err(Failure::NoMemory {
                needed_bytes,
                budget_bytes,
            });
        }
        Ok(())
    }

    /// Fails what waits for a model that no longer fits, because another was pinned or it takes more than was thought.
    pub(super) fn refuse_hopeless(&mut self, actions: &mut Vec<Action>) {
        for model in self.list_absent() {
            if let Err(failure) = self.check_fits(&model) {
                self.fail_waiting(&model, &failure);
            }
        }
        actions.append(&mut self.verdicts);
    }

    /// Loads what fits, and begins to drain what must go for the model whose turn it is. Stops with true after a pinned model.
    pub(super) fn make_room(&mut self, now: Millis, actions: &mut Vec<Action>) -> bool {
        for model in self.list_candidates(now) {
            let needed = self.needed_bytes(&model);
            let free = self.limits.budget_bytes.saturating_sub(self.used_bytes());
            if needed <= free {
                self.promised.take_if(|promised| *promised == model);
                let is_pinned = self.is_pinned(&model);
                self.places
                    .insert(model.clone(), Place::loading(now, needed));
                actions.push(Action::Load(model));
                if is_pinned {
                    return true;
                }
                continue;
            }
            let leaving = self.places.values().filter(|place| place.is_leaving());
            let coming: u64 = leaving.map(|place| place.bytes).sum();
            let is_due = self.is_due(&model, now);
            if needed <= free + coming {
                self.promised = Some(model);
                return false;
            }
            if let Some(victims) = self.choose_victims(needed - free - coming, |name, place| {
                self.is_idle(name, place)
                    || (is_due && now >= place.since.saturating_add(self.hold(name)))
            }) {
                self.drain(&victims);
                self.promised = Some(model);
                return false;
            }
            if is_due {
                // Who comes later must not take what is left, or this one would never have enough.
                return false;
            }
        }
        false
    }

    /// Ends engines that have finished, and those that were idle for long.
    pub(super) fn end_unneeded(&mut self, now: Millis, actions: &mut Vec<Action>) {
        let expired: Vec<ModelName> = self
            .places
            .iter()
            .filter(|(model, place)| {
                self.is_idle(model, place)
                    && !self.is_pinned(model)
                    && now >= place.used_at.saturating_add(self.limits.keep_alive)
            })
            .map(|(model, _)| model.clone())
            .collect();
        self.drain(&expired);
        for (model, place) in &mut self.places {
            if place.phase == Phase::Draining && place.running.is_empty() {
                place.phase = Phase::Ending;
                actions.push(Action::Unload(model.clone()));
            }
        }
    }

    /// A model turned out to take more than was promised: others make room for the excess.
    pub(super) fn settle_excess(&mut self, model: &ModelName) {
        if let Err(failure) = self.check_fits(model) {
            self.fail_waiting(model, &failure);
            self.drain(std::slice::from_ref(model));
            return;
        }
        let leaving = self.places.values().filter(|place| place.is_leaving());
        let leaving: u64 = leaving.map(|place| place.bytes).sum();
        let excess = (self.used_bytes() - leaving).saturating_sub(self.limits.budget_bytes);
        if excess == 0 {
            return;
        }
        // Pinned models leave room for this one, so the others suffice unless they are being loaded; those settle it themselves.
        if let Some(victims) = self.choose_victims(excess, |name, _| name != model) {
            self.drain(&victims);
        }
    }

    /// Whether a model has nothing to do and nothing to wait for.
    pub(super) fn is_idle(&self, model: &ModelName, place: &Place) -> bool {
        place.phase == Phase::Ready
            && place.running.is_empty()
            && !self
                .waiting
                .values()
                .any(|waiting| waiting.lane.model == *model)
    }

    /// Models that are asked for and not in memory, the one with the oldest request first.
    pub(super) fn list_absent(&self) -> Vec<ModelName> {
        let mut models: Vec<ModelName> = Vec::new();
        for waiting in self.waiting.values() {
            let model = &waiting.lane.model;
            if !self.places.contains_key(model) && !models.contains(model) {
                models.push(model.clone());
            }
        }
        models
    }

    /// Models to load, in order: the one that room is made for, then by age.
    fn list_candidates(&mut self, now: Millis) -> Vec<ModelName> {
        let mut models = self.list_absent();
        models.retain(|model| !self.is_paused(model, now));
        let promised = self.promised.take();
        if let Some(index) = models
            .iter()
            .position(|model| Some(model) == promised.as_ref())
        {
            let model = models.remove(index);
            models.insert(0, model);
            self.promised = promised;
        }
        models
    }

    pub(super) fn is_paused(&self, model: &ModelName, now: Millis) -> bool {
        self.history
            .get(model)
            .and_then(|history| history.pause.as_ref())
            .is_some_and(|(until, _)| *until > now)
    }

    /// Whether the oldest request of a model has waited long enough for busy models to make room.
    fn is_due(&self, model: &ModelName, now: Millis) -> bool {
        self.waiting
            .values()
            .find(|waiting| waiting.lane.model == *model)
            .is_some_and(|waiting| now >= waiting.since.saturating_add(self.hold(model)))
    }

    /// The models to unload for `missing` bytes, of those that `may_go`: idle ones first, then those without waiting requests,
    /// the longest unused first. `None` when they do not suffice.
    fn choose_victims(
        &self,
        missing: u64,
        may_go: impl Fn(&ModelName, &Place) -> bool,
    ) -> Option<Vec<ModelName>> {
        let mut victims: Vec<(&ModelName, &Place)> = self
            .places
            .iter()
            .filter(|(model, place)| {
                place.phase == Phase::Ready && !self.is_pinned(model) && may_go(model, place)
            })
            .collect();
        victims.sort_by_key(|(model, place)| {
            let is_waited_for = self
                .waiting
                .values()
                .any(|waiting| waiting.lane.model == **model);
            (!place.running.is_empty(), is_waited_for, place.used_at)
        });
        let mut sum = 0;
        let needed = victims.iter().position(|(_, place)| {
            sum += place.bytes;
            sum >= missing
        })?;
        victims.truncate(needed + 1);
        // The last may be so large that earlier ones need not go.
        victims.retain(|(_, place)| {
            let is_spare = sum - place.bytes >= missing;
            if is_spare {
                sum -= place.bytes;
            }
            !is_spare
        });
        Some(
            victims
                .into_iter()
                .map(|(model, _)| model.clone())
                .collect(),
        )
    }

    fn drain(&mut self, models: &[ModelName]) {
        for model in models {
            if let Some(place) = self.places.get_mut(model) {
                place.phase = Phase::Draining;
            }
        }
    }

    fn needed_bytes(&self, model: &ModelName) -> u64 {
        self.history
            .get(model)
            .map_or(0, |History { bytes, .. }| *bytes)
    }
}

impl Place {
    fn loading(now: Millis, bytes: u64) -> Self {
        Self {
            phase: Phase::Loading,
            bytes,
            parallel_max: 1,
            running: std::collections::BTreeMap::new(),
            adapter: None,
            since: now,
            used_at: now,
        }
    }

    /// Whether its memory will be free without anybody asking.
    pub(super) fn is_leaving(&self) -> bool {
        matches!(self.phase, Phase::Draining | Phase::Ending)
    }
}
