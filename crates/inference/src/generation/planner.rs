//! Decides which models are in memory and which request begins when. No clock, no I/O, no randomness: the caller tells what
//! happened and what time it is, and does what [`Planner::plan`] says.
//!
//! The rules. A request of a model in memory begins when the model has a free place, even if requests of other models came
//! earlier. A model out of memory takes the place of idle ones at once, and of busy ones when its oldest request has waited for
//! [`Planner::hold`] and they have been there for theirs; they then finish what they began and take nothing new. Both waits are
//! a few load times, so two models that share the memory of one spend most of their time working, and at most `wait_max`.
//!
//! So a request begins after at most `2 * wait_max + (n + 1) * turn`, where `n` is the number of requests that wait when it
//! comes, and `turn` is `wait_max`, the longest service times `1 + ADAPTER_OVERTAKES_MAX`, an unloading and a loading (with its
//! retries). The simulation beside this file proves it for thousands of random worlds.

mod outlook;
mod pins;
mod room;

#[cfg(test)]
mod simulation;

use std::collections::{BTreeMap, BTreeSet};

use domain::models::{AdapterName, ModelName};

use crate::supervision::pause_after;
pub(super) use outlook::Outlook;

/// Milliseconds since some moment; never goes back.
pub(super) type Millis = u64;

/// A place in memory is held for so many times what loading takes: at most a fifth of the time is spent on switching.
const HOLD_LOADS: u64 = 4;
/// A place is held at least so long, milliseconds.
const HOLD_MIN: Millis = 200;
/// Failures in a row (engines that could not start, or ended before a text was finished) after which all requests of a model fail.
const FAILURES_MAX: u32 = 4;
/// A request is overtaken so often by requests of its model that need the adapter already in use.
const ADAPTER_OVERTAKES_MAX: u32 = 8;

/// A request. Later requests have larger numbers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(super) struct Ticket(pub(super) u64);

/// Requests that can be computed together without changing anything.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Lane {
    pub(super) model: ModelName,
    pub(super) adapter: Option<AdapterName>,
}

/// Bounds of a planner.
#[derive(Debug, Clone, Copy)]
pub(super) struct PlannerLimits {
    /// Bytes that models may take together.
    pub(super) budget_bytes: u64,
    /// How long busy models keep others waiting at most.
    pub(super) wait_max: Millis,
    /// How long an idle model stays.
    pub(super) keep_alive: Millis,
    /// Most requests that wait.
    pub(super) waiting_max: usize,
}

/// What is to be done. Each request gets either a `Start` or a `Fail`, unless it was cancelled.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Action {
    /// Start the engine; answered by [`Planner::loaded`] or [`Planner::load_failed`].
    Load(ModelName),
    /// End the engine, which has nothing to do; answered by [`Planner::unloaded`].
    Unload(ModelName),
    /// Give the request to the engine of its model; answered by [`Planner::finished`], [`Planner::cancel`] or [`Planner::died`].
    Start(Ticket),
    /// Answer the request with a failure.
    Fail(Ticket, Failure),
    /// Tell who waits how things stand.
    Tell(Ticket, Outlook),
}

/// Why a request does not begin.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Failure {
    /// Its engine cannot be started, or ended.
    Engine(String),
    /// It does not fit beside the pinned models.
    NoMemory {
        needed_bytes: u64,
        budget_bytes: u64,
    },
    /// So many wait already.
    Busy(u32),
    /// Its files are no longer there.
    Removed,
}

/// Where a model in memory is between start and end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Phase {
    /// Its engine was started.
    Loading,
    /// It takes requests.
    Ready,
    /// It finishes its requests and takes no more.
    Draining,
    /// Its engine is being ended; its memory is not free yet.
    Ending,
}

/// A model in memory.
#[derive(Debug)]
pub(super) struct Place {
    pub(super) phase: Phase,
    pub(super) bytes: u64,
    pub(super) parallel_max: usize,
    running: BTreeMap<Ticket, Running>,
    /// The adapter of the request begun last.
    adapter: Option<AdapterName>,
    /// When loading began, then when it became ready.
    since: Millis,
    used_at: Millis,
}

#[derive(Debug)]
struct Running {
    waiting: Waiting,
    began: Millis,
}

#[derive(Debug)]
struct Waiting {
    lane: Lane,
    since: Millis,
    overtaken: u32,
    told: Option<(Outlook, Millis)>,
}

/// What is remembered of a model that was asked for.
#[derive(Debug, Default)]
struct History {
    /// Bytes it takes, or will by estimate.
    bytes: u64,
    /// Mean time to load, where it was loaded before.
    load_ms: Option<u64>,
    /// Mean time of a request, where one was finished.
    service_ms: Option<u64>,
    failures: u32,
    /// The end of the pause after a failure, and its reason.
    pause: Option<(Millis, String)>,
}

/// See the head of this file.
#[derive(Debug)]
pub(super) struct Planner {
    limits: PlannerLimits,
    places: BTreeMap<ModelName, Place>,
    waiting: BTreeMap<Ticket, Waiting>,
    /// Models that stay whenever they are in memory. A pin outlives the engine.
    pinned: BTreeSet<ModelName>,
    history: BTreeMap<ModelName, History>,
    /// The model that room is being made for; it comes before all others.
    promised: Option<ModelName>,
    /// Answers that are already certain.
    verdicts: Vec<Action>,
}

impl Planner {
    pub(super) fn new(limits: PlannerLimits) -> Self {
        Self {
            limits,
            places: BTreeMap::new(),
            waiting: BTreeMap::new(),
            pinned: BTreeSet::new(),
            history: BTreeMap::new(),
            promised: None,
            verdicts: Vec::new(),
        }
    }

    /// A request comes whose model takes `bytes`. When it is refused at once it gets no action.
    pub(super) fn submit(
        &mut self,
        now: Millis,
        ticket: Ticket,
        lane: Lane,
        bytes: u64,
    ) -> Result<(), Failure> {
        if self.waiting.len() >= self.limits.waiting_max {
            return Err(Failure::Busy(
                u32::try_from(self.waiting.len()).unwrap_or(u32::MAX),
            ));
        }
        let history = self.history.entry(lane.model.clone()).or_default();
        history.bytes = bytes;
        if let Some((until, reason)) = &history.pause
            && history.failures >= FAILURES_MAX
            && *until > now
        {
            let seconds = (until - now).div_ceil(1000);
            return Err(Failure::Engine(format!(
                "{reason}; the next attempt is in {seconds} s"
            )));
        }
        if !self.places.contains_key(&lane.model) {
            self.check_fits(&lane.model)?;
        }
        let waiting = Waiting {
            lane,
            since: now,
            overtaken: 0,
            told: None,
        };
        self.waiting.insert(ticket, waiting);
        Ok(())
    }

    /// A request was done, or was refused by its engine.
    pub(super) fn finished(&mut self, now: Millis, ticket: Ticket) {
        let Some((model, running)) = self.take_running(now, ticket) else {
            return;
        };
        let history = self.history.entry(model).or_default();
        history.failures = 0;
        history.pause = None;
        let service = now.saturating_sub(running.began);
        history.service_ms = Some(blend(history.service_ms, service));
    }

    /// Whoever asked has gone; what is computed for the request is stopped by the caller.
    pub(super) fn cancel(&mut self, now: Millis, ticket: Ticket) {
        if self.waiting.remove(&ticket).is_none() {
            self.take_running(now, ticket);
        }
    }

    /// The engine of a model answers; it takes `bytes` and works on `parallel_max` requests at a time.
    pub(super) fn loaded(
        &mut self,
        now: Millis,
        model: &ModelName,
        bytes: u64,
        parallel_max: usize,
    ) {
        let Some(place) = self.places.get_mut(model) else {
            return;
        };
        place.bytes = bytes;
        place.parallel_max = parallel_max.max(1);
        if place.phase != Phase::Loading {
            return;
        }
        let load = now.saturating_sub(place.since);
        place.phase = Phase::Ready;
        place.since = now;
        place.used_at = now;
        let history = self.history.entry(model.clone()).or_default();
        history.bytes = bytes;
        history.load_ms = Some(blend(history.load_ms, load));
        self.settle_excess(model);
    }

    /// The engine of a model could not be started and has gone. `is_final` when another attempt would fail in the same way.
    pub(super) fn load_failed(
        &mut self,
        now: Millis,
        model: &ModelName,
        reason: &str,
        is_final: bool,
    ) {
        self.places.remove(model);
        self.add_failure(now, model, reason, is_final);
    }

    /// A model cannot be loaded because it was removed; another may get its name.
    pub(super) fn removed(&mut self, model: &ModelName) {
        self.places.remove(model);
        self.history.remove(model);
        self.pinned.remove(model);
        self.fail_waiting(model, &Failure::Removed);
    }

    /// The engine of a model has gone without being told to. Its requests in `again` wait once more, at the place their age gives
    /// them; the others fail.
    pub(super) fn died(
        &mut self,
        now: Millis,
        model: &ModelName,
        reason: &str,
        again: &BTreeSet<Ticket>,
    ) {
        let Some(place) = self.places.remove(model) else {
            return;
        };
        for (ticket, running) in place.running {
            if again.contains(&ticket) {
                self.waiting.insert(ticket, running.waiting);
            } else {
                let failure = Failure::Engine(reason.to_owned());
                self.verdicts.push(Action::Fail(ticket, failure));
            }
        }
        self.add_failure(now, model, reason, false);
    }

    /// The engine of a model has ended as it was told to, and its memory is free.
    pub(super) fn unloaded(&mut self, model: &ModelName) {
        self.places.remove(model);
    }

    /// Somebody is about to use a model in memory: the time that it stays begins anew.
    pub(super) fn renew(&mut self, now: Millis, model: &ModelName) {
        if let Some(place) = self.places.get_mut(model)
            && place.phase == Phase::Ready
        {
            place.used_at = place.used_at.max(now);
        }
    }

    /// What is to be done now. Deciding again without news decides nothing.
    pub(super) fn plan(&mut self, now: Millis) -> Vec<Action> {
        let mut actions = std::mem::take(&mut self.verdicts);
        self.refuse_hopeless(&mut actions);
        // What is pinned leaves less for others from the moment that it is loaded.
        while self.make_room(now, &mut actions) {
            self.refuse_hopeless(&mut actions);
        }
        self.end_unneeded(now, &mut actions);
        self.start_waiting(now, &mut actions);
        self.tell(now, &mut actions);
        actions
    }

    /// When [`Planner::plan`] may decide something new although nothing happens.
    pub(super) fn next_due(&self, now: Millis) -> Option<Millis> {
        let pauses = self.history.values().filter_map(|history| {
            let (until, _) = history.pause.as_ref()?;
            Some(*until)
        });
        let dues = self
            .waiting
            .values()
            .map(|waiting| waiting.since.saturating_add(self.hold(&waiting.lane.model)));
        let holds = self
            .places
            .iter()
            .map(|(model, place)| place.since.saturating_add(self.hold(model)));
        let ends = self
            .places
            .iter()
            .filter(|(model, place)| self.is_idle(model, place) && !self.is_pinned(model))
            .map(|(_, place)| place.used_at.saturating_add(self.limits.keep_alive));
        let switching = dues.chain(holds).chain(pauses);
        let switching = switching.filter(|_| !self.waiting.is_empty());
        switching.chain(ends).filter(|due| *due > now).min()
    }

    /// The models in memory.
    pub(super) fn places(&self) -> &BTreeMap<ModelName, Place> {
        &self.places
    }

    /// How many requests wait for each model.
    pub(super) fn count_waiting(&self) -> BTreeMap<ModelName, u32> {
        let mut counts = BTreeMap::new();
        for waiting in self.waiting.values() {
            *counts.entry(waiting.lane.model.clone()).or_insert(0) += 1;
        }
        counts
    }

    /// When an idle model will be unloaded.
    pub(super) fn find_unload_at(&self, model: &ModelName) -> Option<Millis> {
        let place = self.places.get(model)?;
        let will_end = self.is_idle(model, place) && !self.is_pinned(model);
        will_end.then(|| place.used_at.saturating_add(self.limits.keep_alive))
    }

    /// Bytes that a model may take at most: what pinned models leave.
    pub(super) fn room_for(&self, model: &ModelName) -> u64 {
        let pinned = self
            .places
            .iter()
            .filter(|(name, place)| *name != model && self.is_pinned(name) && !place.is_leaving());
        let pinned: u64 = pinned.map(|(_, place)| place.bytes).sum();
        self.limits.budget_bytes.saturating_sub(pinned)
    }

    /// Bytes that models may take together.
    pub(super) fn budget_bytes(&self) -> u64 {
        self.limits.budget_bytes
    }

    /// A model that waits will take `bytes`, other than thought.
    pub(super) fn resize(&mut self, model: &ModelName, bytes: u64) {
        self.history.entry(model.clone()).or_default().bytes = bytes;
    }

    /// Bytes used or promised.
    pub(super) fn used_bytes(&self) -> u64 {
        self.places.values().map(|place| place.bytes).sum()
    }

    fn start_waiting(&mut self, now: Millis, actions: &mut Vec<Action>) {
        for (model, place) in &mut self.places {
            if place.phase != Phase::Ready {
                continue;
            }
            while place.running.len() < place.parallel_max
                && let Some(ticket) = choose_next(&mut self.waiting, model, place)
                && let Some(waiting) = self.waiting.remove(&ticket)
            {
                place.adapter.clone_from(&waiting.lane.adapter);
                place.used_at = now;
                let running = Running {
                    waiting,
                    began: now,
                };
                place.running.insert(ticket, running);
                actions.push(Action::Start(ticket));
            }
        }
    }

    fn take_running(&mut self, now: Millis, ticket: Ticket) -> Option<(ModelName, Running)> {
        self.places.iter_mut().find_map(|(model, place)| {
            let running = place.running.remove(&ticket)?;
            place.used_at = now;
            Some((model.clone(), running))
        })
    }

    fn add_failure(&mut self, now: Millis, model: &ModelName, reason: &str, is_final: bool) {
        let history = self.history.entry(model.clone()).or_default();
        history.failures = history.failures.saturating_add(1);
        if is_final {
            history.failures = history.failures.max(FAILURES_MAX);
        }
        let pause = pause_after(history.failures).as_millis();
        let until = now.saturating_add(u64::try_from(pause).unwrap_or(Millis::MAX));
        history.pause = Some((until, reason.to_owned()));
        if history.failures >= FAILURES_MAX {
            self.fail_waiting(model, &Failure::Engine(reason.to_owned()));
        }
    }

    fn fail_waiting(&mut self, model: &ModelName, failure: &Failure) {
        let failed = self
            .waiting
            .extract_if(.., |_, waiting| waiting.lane.model == *model);
        let failed = failed.map(|(ticket, _)| Action::Fail(ticket, failure.clone()));
        self.verdicts.extend(failed);
    }
}

impl Place {
    /// Requests that are worked on.
    pub(super) fn count_running(&self) -> usize {
        self.running.len()
    }
}

/// The request of `model` that begins next: the oldest, or within a bound a later one of the adapter in use.
fn choose_next(
    waiting: &mut BTreeMap<Ticket, Waiting>,
    model: &ModelName,
    place: &Place,
) -> Option<Ticket> {
    let of_model = |waiting: &Waiting| waiting.lane.model == *model;
    let kindred = waiting
        .iter()
        .find(|(_, waiting)| of_model(waiting) && waiting.lane.adapter == place.adapter)
        .map(|(ticket, _)| *ticket);
    let (oldest, first) = waiting.iter_mut().find(|(_, waiting)| of_model(waiting))?;
    match kindred {
        Some(kindred)
            if kindred != *oldest
                && !place.running.is_empty()
                && first.overtaken < ADAPTER_OVERTAKES_MAX =>
        {
            first.overtaken += 1;
            Some(kindred)
        }
        Some(_) | None => Some(*oldest),
    }
}

/// A mean that follows the last few values.
fn blend(mean: Option<u64>, value: u64) -> u64 {
    mean.map_or(value, |mean| (mean.saturating_mul(3) + value) / 4)
}

#[cfg(test)]
mod tests {
    use super::*;

    const LIMITS: PlannerLimits = PlannerLimits {
        budget_bytes: 100,
        wait_max: 20_000,
        keep_alive: 600_000,
        waiting_max: 8,
    };

    fn model(name: &str) -> ModelName {
        name.parse().unwrap()
    }

    fn submit(planner: &mut Planner, now: Millis, ticket: u64, name: &str, adapter: Option<&str>) {
        let lane = Lane {
            model: model(name),
            adapter: adapter.map(|adapter| adapter.parse().unwrap()),
        };
        planner.submit(now, Ticket(ticket), lane, 60).unwrap();
    }

    /// What is decided, without what is told to those who wait.
    fn decide(planner: &mut Planner, now: Millis) -> Vec<Action> {
        let mut actions = planner.plan(now);
        actions.retain(|action| !matches!(action, Action::Tell(..)));
        actions
    }

    /// A planner with model `a` in memory, which works on two requests at a time.
    fn with_a() -> Planner {
        let mut planner = Planner::new(LIMITS);
        submit(&mut planner, 0, 0, "a", None);
        assert_eq!(decide(&mut planner, 0), [Action::Load(model("a"))]);
        planner.loaded(1000, &model("a"), 60, 2);
        assert_eq!(decide(&mut planner, 1000), [Action::Start(Ticket(0))]);
        planner.finished(1500, Ticket(0));
        planner
    }

    fn told(planner: &mut Planner, now: Millis) -> Vec<(u64, Outlook)> {
        let told = planner
            .plan(now)
            .into_iter()
            .filter_map(|action| match action {
                Action::Tell(ticket, outlook) => Some((ticket.0, outlook)),
                Action::Load(_) | Action::Unload(_) | Action::Start(_) | Action::Fail(..) => None,
            });
        told.collect()
    }

    #[test]
    fn an_idle_model_makes_room_at_once_and_a_busy_one_after_its_hold() {
        let mut planner = with_a();
        submit(&mut planner, 2000, 1, "b", None);
        assert_eq!(decide(&mut planner, 2000), [Action::Unload(model("a"))]);

        let mut planner = with_a();
        submit(&mut planner, 2000, 1, "a", None);
        submit(&mut planner, 2000, 2, "b", None);
        assert_eq!(decide(&mut planner, 2000), [Action::Start(Ticket(1))]);
        // Loading `a` took a second, so it holds its place for four; `b` was never loaded, so it waits for the least.
        assert_eq!(planner.next_due(2000), Some(2800));
        assert_eq!(decide(&mut planner, 2800), []);
        submit(&mut planner, 4000, 3, "a", None);
        assert_eq!(decide(&mut planner, 4000), [Action::Start(Ticket(3))]);
        assert_eq!(planner.next_due(4000), Some(5000));
        submit(&mut planner, 5000, 4, "a", None);
        assert_eq!(decide(&mut planner, 5000), [], "it drains");
        planner.finished(6000, Ticket(1));
        assert_eq!(decide(&mut planner, 6000), [], "and finishes what it began");
        planner.finished(7000, Ticket(3));
        assert_eq!(decide(&mut planner, 7000), [Action::Unload(model("a"))]);
        assert_eq!(decide(&mut planner, 7050), [], "its memory is not free yet");
        planner.unloaded(&model("a"));
        assert_eq!(decide(&mut planner, 7100), [Action::Load(model("b"))]);
    }

    #[test]
    fn the_adapter_in_use_goes_first_within_a_bound() {
        let mut planner = with_a();
        for ticket in 1..3 {
            submit(&mut planner, 2000, ticket, "a", Some("one"));
        }
        decide(&mut planner, 2000);
        submit(&mut planner, 2000, 3, "a", Some("two"));
        let mut order = Vec::new();
        let mut running = 1;
        for ticket in 4..20 {
            submit(&mut planner, 2000, ticket, "a", Some("one"));
            planner.finished(2000, Ticket(running));
            for action in decide(&mut planner, 2000) {
                let Action::Start(Ticket(started)) = action else {
                    panic!("{action:?}");
                };
                order.push(started);
                running = started;
            }
        }
        let place = order.iter().position(|started| *started == 3);
        assert_eq!(place, Some(ADAPTER_OVERTAKES_MAX as usize), "{order:?}");
    }

    #[test]
    fn what_was_not_begun_waits_again_where_it_was_when_an_engine_dies() {
        let mut planner = with_a();
        for ticket in 1..5 {
            submit(&mut planner, 2000, ticket, "a", None);
        }
        decide(&mut planner, 2000);
        let again = BTreeSet::from([Ticket(1)]);
        planner.died(2500, &model("a"), "it was killed", &again);
        let failure = Failure::Engine("it was killed".to_owned());
        assert_eq!(
            decide(&mut planner, 2500),
            [Action::Fail(Ticket(2), failure), Action::Load(model("a"))]
        );
        planner.loaded(3000, &model("a"), 60, 2);
        assert_eq!(
            decide(&mut planner, 3000),
            [Action::Start(Ticket(1)), Action::Start(Ticket(3))]
        );
    }

    #[test]
    fn starts_that_fail_are_spaced_out_and_end() {
        let mut planner = Planner::new(LIMITS);
        submit(&mut planner, 0, 0, "a", None);
        let mut now = 0;
        let mut loads = Vec::new();
        let failure = loop {
            match decide(&mut planner, now).as_slice() {
                [Action::Load(_)] => {
                    loads.push(now);
                    planner.load_failed(now, &model("a"), "no such program", false);
                }
                [] => now = planner.next_due(now).unwrap(),
                [Action::Fail(Ticket(0), failure)] => break failure.clone(),
                other => panic!("{other:?}"),
            }
        };
        assert_eq!(loads, [0, 0, 100, 300]);
        assert_eq!(failure, Failure::Engine("no such program".to_owned()));
        let lane = Lane {
            model: model("a"),
            adapter: None,
        };
        let refused = planner.submit(now, Ticket(1), lane.clone(), 60);
        assert!(
            matches!(&refused, Err(Failure::Engine(reason)) if reason.contains("the next attempt is in 1 s")),
            "{refused:?}"
        );
        assert!(planner.submit(now + 400, Ticket(2), lane, 60).is_ok());
        assert_eq!(decide(&mut planner, now + 400), [Action::Load(model("a"))]);
    }

    #[test]
    fn a_final_failure_fails_all_of_the_model_and_nobody_else() {
        let mut planner = Planner::new(LIMITS);
        submit(&mut planner, 0, 0, "a", None);
        submit(&mut planner, 0, 1, "b", None);
        decide(&mut planner, 0);
        planner.load_failed(100, &model("a"), "it is damaged", true);
        let failure = Failure::Engine("it is damaged".to_owned());
        assert_eq!(
            decide(&mut planner, 100),
            [Action::Fail(Ticket(0), failure), Action::Load(model("b"))]
        );
    }

    #[test]
    fn pins_leave_the_rest_and_what_does_not_fit_there_is_refused() {
        let mut planner = with_a();
        submit(&mut planner, 2000, 1, "a", None);
        submit(&mut planner, 2000, 2, "b", None);
        decide(&mut planner, 2000);
        assert!(planner.pin(&model("a"), true));
        assert!(!planner.pin(&model("b"), true), "it is not in memory");
        let failure = Failure::NoMemory {
            needed_bytes: 60,
            budget_bytes: 40,
        };
        assert_eq!(
            decide(&mut planner, 2000),
            [Action::Fail(Ticket(2), failure.clone())]
        );
        let lane = Lane {
            model: model("b"),
            adapter: None,
        };
        assert_eq!(
            planner.submit(2000, Ticket(3), lane.clone(), 60),
            Err(failure)
        );
        assert!(planner.submit(2000, Ticket(4), lane, 40).is_ok());
        assert_eq!(decide(&mut planner, 2000), [Action::Load(model("b"))]);
        assert_eq!(planner.used_bytes(), 100);
    }

    #[test]
    fn a_pin_outlives_the_engine_and_ends_with_unloading() {
        let mut planner = with_a();
        let die_and_load = |planner: &mut Planner, now, ticket| {
            planner.died(now, &model("a"), "killed", &BTreeSet::new());
            submit(planner, now, ticket, "a", None);
            let later = now + 60_000;
            assert_eq!(decide(planner, later), [Action::Load(model("a"))]);
            planner.loaded(later, &model("a"), 60, 2);
            assert_eq!(decide(planner, later), [Action::Start(Ticket(ticket))]);
            planner.finished(later, Ticket(ticket));
            planner.is_pinned(&model("a"))
        };
        assert!(planner.pin(&model("a"), true));
        assert!(die_and_load(&mut planner, 2000, 1));
        // Its next engine is another, too.
        assert!(planner.replace(&model("a")));
        planner.unloaded(&model("a"));
        submit(&mut planner, 70_000, 2, "a", None);
        decide(&mut planner, 70_000);
        assert!(planner.is_pinned(&model("a")));
        planner.died(70_001, &model("a"), "killed", &BTreeSet::new());
        assert!(!planner.pin(&model("a"), false), "it is not in memory");
        decide(&mut planner, 140_000);
        assert!(!planner.is_pinned(&model("a")));
        assert!(planner.pin(&model("a"), true));
        assert!(planner.unload(&model("a")));
        planner.unloaded(&model("a"));
        decide(&mut planner, 200_000);
        assert!(!planner.is_pinned(&model("a")));
    }

    #[test]
    fn who_waits_for_a_model_that_was_removed_is_told_and_its_name_is_free() {
        let mut planner = Planner::new(LIMITS);
        submit(&mut planner, 0, 0, "a", None);
        decide(&mut planner, 0);
        planner.removed(&model("a"));
        assert_eq!(
            decide(&mut planner, 0),
            [Action::Fail(Ticket(0), Failure::Removed)]
        );
        submit(&mut planner, 0, 1, "a", None);
        assert_eq!(decide(&mut planner, 0), [Action::Load(model("a"))]);
    }

    #[test]
    fn an_engine_that_takes_more_than_was_thought_displaces_others() {
        let mut planner = with_a();
        let lane = Lane {
            model: model("b"),
            adapter: None,
        };
        planner.submit(2000, Ticket(1), lane, 30).unwrap();
        assert_eq!(decide(&mut planner, 2000), [Action::Load(model("b"))]);
        planner.loaded(2500, &model("b"), 50, 1);
        assert_eq!(
            decide(&mut planner, 2500),
            [Action::Unload(model("a")), Action::Start(Ticket(1))]
        );
    }

    #[test]
    fn who_waits_is_told_the_place_and_the_time_when_they_change() {
        let mut planner = with_a();
        for ticket in 1..5 {
            submit(&mut planner, 2000, ticket, "a", None);
        }
        let outlook = |position, is_loading, estimate_ms| Outlook {
            position,
            is_loading,
            estimate_ms,
        };
        // One request took half a second, and two are worked on at a time.
        assert_eq!(
            told(&mut planner, 2000),
            [
                (3, outlook(0, false, Some(250))),
                (4, outlook(1, false, Some(500)))
            ]
        );
        assert_eq!(told(&mut planner, 2100), [], "nothing new");
        planner.finished(2500, Ticket(1));
        assert_eq!(
            told(&mut planner, 2500),
            [(4, outlook(0, false, Some(250)))]
        );
        submit(&mut planner, 2600, 5, "b", None);
        // `a` holds its place, then drains; a model that was never loaded takes a fifth of a second.
        assert_eq!(
            told(&mut planner, 2600),
            [(5, outlook(0, false, Some(800 + 500 + 200)))]
        );
        planner.cancel(2600, Ticket(4));
        for ticket in [2, 3] {
            planner.finished(2600, Ticket(ticket));
        }
        assert_eq!(decide(&mut planner, 2600), [Action::Unload(model("a"))]);
        planner.unloaded(&model("a"));
        assert_eq!(told(&mut planner, 2700), [(5, outlook(0, true, Some(200)))]);
    }

    #[test]
    fn whoever_counts_tokens_keeps_the_model_until_it_writes() {
        let mut planner = with_a();
        let end = 1500 + LIMITS.keep_alive;
        assert_eq!(planner.find_unload_at(&model("a")), Some(end));
        planner.renew(end - 1, &model("a"));
        assert_eq!(decide(&mut planner, end), [], "it was counted with");
        let end = end - 1 + LIMITS.keep_alive;
        assert_eq!(planner.next_due(end - 1), Some(end));
        planner.renew(2000, &model("a"));
        assert_eq!(planner.find_unload_at(&model("a")), Some(end), "never back");
        planner.renew(2000, &model("b"));
        assert_eq!(planner.find_unload_at(&model("b")), None, "it is not there");
        assert_eq!(decide(&mut planner, end), [Action::Unload(model("a"))]);
        planner.renew(end, &model("a"));
        assert_eq!(planner.find_unload_at(&model("a")), None, "it ends already");

        // Others that need its place do not wait for it.
        let mut planner = with_a();
        planner.renew(2000, &model("a"));
        submit(&mut planner, 2000, 1, "b", None);
        assert_eq!(decide(&mut planner, 2000), [Action::Unload(model("a"))]);
    }

    #[test]
    fn a_model_that_is_unloaded_while_it_loads_is_ended() {
        let mut planner = Planner::new(LIMITS);
        submit(&mut planner, 0, 0, "a", None);
        decide(&mut planner, 0);
        assert!(planner.unload(&model("a")));
        assert_eq!(decide(&mut planner, 10), [Action::Unload(model("a"))]);
        planner.unloaded(&model("a"));
        assert!(!planner.unload(&model("a")));
        assert_eq!(decide(&mut planner, 20), [Action::Load(model("a"))]);
    }
}
