//! What the planner is compared with: requests begin in the order they came, and a model is switched whenever the next request
//! needs another one.

use std::collections::{BTreeSet, VecDeque};

use domain::models::ModelName;

use super::policy::Policy;
use crate::generation::planner::{Action, Failure, Lane, Millis, Planner, Ticket};

#[derive(Debug, Default)]
pub(super) struct FirstCome {
    queue: VecDeque<(Ticket, ModelName)>,
    running: BTreeSet<Ticket>,
    /// The model in memory, and how many requests it takes once it is loaded.
    resident: Option<(ModelName, Option<usize>)>,
    is_ending: bool,
}

impl Policy for FirstCome {
    fn submit(&mut self, _: Millis, ticket: Ticket, lane: Lane, _: u64) -> Result<(), Failure> {
        self.queue.push_back((ticket, lane.model));
        Ok(())
    }

    fn finished(&mut self, _: Millis, ticket: Ticket) {
        self.running.remove(&ticket);
    }

    fn loaded(&mut self, _: Millis, model: &ModelName, _: u64, parallel_max: usize) {
        self.resident = Some((model.clone(), Some(parallel_max)));
    }

    fn unloaded(&mut self, _: &ModelName) {
        self.resident = None;
        self.is_ending = false;
    }

    fn plan(&mut self, _: Millis) -> Vec<Action> {
        let mut actions = Vec::new();
        while let Some((ticket, model)) = self.queue.front().cloned() {
            match &self.resident {
                None => {
                    self.resident = Some((model.clone(), None));
                    actions.push(Action::Load(model));
                    break;
                }
                Some((resident, Some(parallel_max))) if *resident == model => {
                    if self.running.len() >= *parallel_max {
                        break;
                    }
                    self.queue.pop_front();
                    self.running.insert(ticket);
                    actions.push(Action::Start(ticket));
                }
                Some((resident, Some(_))) => {
                    if self.running.is_empty() && !self.is_ending {
                        self.is_ending = true;
                        actions.push(Action::Unload(resident.clone()));
                    }
                    break;
                }
                Some((_, None)) => break,
            }
        }
        actions
    }

    fn next_due(&self, _: Millis) -> Option<Millis> {
        None
    }

    fn planner(&mut self) -> &mut Planner {
        unreachable!("nothing disturbs this one")
    }
}
