//! What a simulated world asks of whoever decides.

use domain::models::ModelName;

use crate::generation::planner::{Action, Failure, Lane, Millis, Planner, Ticket};

/// What is simulated: the planner, or what it is compared with.
pub(super) trait Policy {
    fn submit(
        &mut self,
        now: Millis,
        ticket: Ticket,
        lane: Lane,
        bytes: u64,
    ) -> Result<(), Failure>;
    fn finished(&mut self, now: Millis, ticket: Ticket);
    fn loaded(&mut self, now: Millis, model: &ModelName, bytes: u64, parallel_max: usize);
    fn unloaded(&mut self, model: &ModelName);
    fn plan(&mut self, now: Millis) -> Vec<Action>;
    fn next_due(&self, now: Millis) -> Option<Millis>;
    /// The planner itself, to which everything can happen.
    fn planner(&mut self) -> &mut Planner;
}

impl Policy for Planner {
    fn submit(
        &mut self,
        now: Millis,
        ticket: Ticket,
        lane: Lane,
        bytes: u64,
    ) -> Result<(), Failure> {
        Planner::submit(self, now, ticket, lane, bytes)
    }
    fn finished(&mut self, now: Millis, ticket: Ticket) {
        Planner::finished(self, now, ticket);
    }
    fn loaded(&mut self, now: Millis, model: &ModelName, bytes: u64, parallel_max: usize) {
        Planner::loaded(self, now, model, bytes, parallel_max);
    }
    fn unloaded(&mut self, model: &ModelName) {
        Planner::unloaded(self, model);
    }
    fn plan(&mut self, now: Millis) -> Vec<Action> {
        Planner::plan(self, now)
    }
    fn next_due(&self, now: Millis) -> Option<Millis> {
        Planner::next_due(self, now)
    }
    fn planner(&mut self) -> &mut Planner {
        self
    }
}
