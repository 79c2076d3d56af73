//! Models that are to stay in memory, and those that are to leave it.

use domain::models::ModelName;

use super::{Action, Phase, Planner};

impl Planner {
    /// Keeps a model in memory, or no longer; false when it is not in memory or on its way out.
    pub(in crate::generation) fn pin(&mut self, model: &ModelName, is_pinned: bool) -> bool {
        match self.places.get_mut(model) {
            Some(place) if matches!(place.phase, Phase::Loading | Phase::Ready) => {
                place.is_pinned = is_pinned;
                self.remember_pin(model, is_pinned);
                true
            }
            Some(_) | None => {
                // Its engine may have died after it was pinned.
                if !is_pinned {
                    self.remember_pin(model, false);
                }
                false
            }
        }
    }

    /// Lets a model finish what it began, and unloads it; false when it is not in memory. It is no longer pinned.
    pub(in crate::generation) fn unload(&mut self, model: &ModelName) -> bool {
        self.remember_pin(model, false);
        self.replace(model)
    }

    /// The same for a model whose next engine is to be another: a pin stays.
    pub(in crate::generation) fn replace(&mut self, model: &ModelName) -> bool {
        let Some(place) = self.places.get_mut(model) else {
            return false;
        };
        place.is_pinned = false;
        match place.phase {
            Phase::Ready => place.phase = Phase::Draining,
            Phase::Loading => {
                place.phase = Phase::Ending;
                self.verdicts.push(Action::Unload(model.clone()));
            }
            Phase::Draining | Phase::Ending => {}
        }
        true
    }

    fn remember_pin(&mut self, model: &ModelName, is_pinned: bool) {
        if let Some(history) = self.history.get_mut(model) {
            history.is_pinned = is_pinned;
        }
    }
}
