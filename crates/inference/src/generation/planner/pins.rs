//! Models that are to stay in memory, and those that are to leave it.

use domain::models::ModelName;

use super::{Action, Phase, Planner};

impl Planner {
    /// Whether a model stays when it is in memory.
    pub(in crate::generation) fn is_pinned(&self, model: &ModelName) -> bool {
        self.pinned.contains(model)
    }

    /// Keeps a model in memory, or no longer; false when it is not in memory or on its way out. What is not in memory can lose a pin,
    /// whose engine has died, but get none.
    pub(in crate::generation) fn pin(&mut self, model: &ModelName, is_pinned: bool) -> bool {
        let place = self.places.get(model);
        let stays = place.is_some_and(|place| matches!(place.phase, Phase::Loading | Phase::Ready));
        if !is_pinned {
            self.pinned.remove(model);
        } else if stays {
            self.pinned.insert(model.clone());
        }
        stays
    }

    /// Lets a model finish what it began, and unloads it; false when it is not in memory. It is no longer pinned.
    pub(in crate::generation) fn unload(&mut self, model: &ModelName) -> bool {
        self.pinned.remove(model);
        self.replace(model)
    }

    /// The same for a model whose next engine is to be another: a pin stays.
    pub(in crate::generation) fn replace(&mut self, model: &ModelName) -> bool {
        let Some(place) = self.places.get_mut(model) else {
            return false;
        };
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
}
