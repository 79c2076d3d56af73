//! One simulated world: its clock, its engines, its requests, and the checks after each step.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet, BinaryHeap};

use domain::models::ModelName;

use super::policy::Policy;
use super::{Random, name};
use crate::generation::planner::{
    ADAPTER_OVERTAKES_MAX, Action, FAILURES_MAX, Failure, Lane, Millis, PlannerLimits, Ticket,
};

/// What is true of a model, though nobody knows it beforehand.
#[derive(Debug, Clone)]
pub(super) struct Facts {
    pub(super) estimate: u64,
    pub(super) bytes: u64,
    pub(super) parallel_max: usize,
    pub(super) load_ms: u64,
    pub(super) end_ms: u64,
}

#[derive(Debug, Clone)]
pub(super) struct Arrival {
    pub(super) at: Millis,
    pub(super) lane: Lane,
    pub(super) service_ms: u64,
}

#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Disturbance {
    Death(ModelName),
    Unload(ModelName),
    Pin(ModelName, bool),
    /// Somebody who waits or is served leaves.
    Leave,
}

/// What came of a world.
#[derive(Debug, Default)]
pub(super) struct Outcome {
    pub(super) answered: usize,
    pub(super) failed: usize,
    pub(super) refused: usize,
    pub(super) retried: usize,
    pub(super) loads: usize,
    pub(super) waited_ms: u64,
    pub(super) waited_ms_max: u64,
    pub(super) excess_bytes_max: u64,
    /// The largest part of its bound that a request waited.
    pub(super) bound_used_max: f64,
}

impl Outcome {
    pub(super) fn add(&mut self, other: &Self) {
        self.answered += other.answered;
        self.loads += other.loads;
        self.waited_ms += other.waited_ms;
        self.waited_ms_max = self.waited_ms_max.max(other.waited_ms_max);
    }
}

#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
enum Happening {
    Arrives(usize),
    Disturbs(Disturbance),
    /// With the number of the engine, which may be gone by then.
    Loaded(ModelName, u64),
    Ended(ModelName, u64),
    Served(Ticket, u64),
    Wake,
}

#[derive(Debug, PartialEq, Eq)]
enum Fate {
    Waits,
    Runs,
    Over,
}

struct Request {
    arrival: Arrival,
    fate: Fate,
    is_retried: bool,
    /// Requests that waited or ran when it came.
    before: u64,
    disturbances: u64,
}

/// How far an engine is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Stage {
    Loading,
    Ready,
    Ending,
}

struct Engine {
    number: u64,
    bytes: u64,
    stage: Stage,
    is_pinned: bool,
    is_told_to_end: bool,
    running: BTreeSet<Ticket>,
}

pub(super) struct World<P> {
    pub(super) load_failures_one_in: Option<u64>,
    seed: u64,
    random: Random,
    limits: PlannerLimits,
    facts: Vec<Facts>,
    policy: P,
    now: Millis,
    agenda: BinaryHeap<Reverse<(Millis, u64, Happening)>>,
    count: u64,
    engines: BTreeMap<ModelName, Engine>,
    /// Pins outlive engines.
    pinned: BTreeSet<ModelName>,
    requests: BTreeMap<Ticket, Request>,
    disturbances: u64,
    outcome: Outcome,
}

impl<P: Policy> World<P> {
    pub(super) fn new(seed: u64, limits: PlannerLimits, facts: Vec<Facts>, policy: P) -> Self {
        Self {
            load_failures_one_in: None,
            seed,
            random: Random(!seed),
            limits,
            facts,
            policy,
            now: 0,
            agenda: BinaryHeap::new(),
            count: 0,
            engines: BTreeMap::new(),
            pinned: BTreeSet::new(),
            requests: BTreeMap::new(),
            disturbances: 0,
            outcome: Outcome::default(),
        }
    }

    /// Runs until nothing more can happen.
    pub(super) fn run(
        &mut self,
        arrivals: &[Arrival],
        disturbances: &[(Millis, Disturbance)],
    ) -> Outcome {
        for (index, arrival) in arrivals.iter().enumerate() {
            self.schedule(arrival.at, Happening::Arrives(index));
        }
        for (at, disturbance) in disturbances {
            self.schedule(*at, Happening::Disturbs(disturbance.clone()));
        }
        let mut wake = Millis::MAX;
        let mut steps = 0;
        while let Some(Reverse((at, _, happening))) = self.agenda.pop() {
            assert!(at >= self.now);
            self.now = at;
            if happening == Happening::Wake {
                wake = Millis::MAX;
            }
            self.happen(happening, arrivals);
            let actions = self.policy.plan(self.now);
            self.check_outlooks(&actions);
            for action in actions {
                self.act(action);
            }
            // In some worlds only, because it takes as long as everything else.
            if self.seed.is_multiple_of(8) {
                let again = self.policy.plan(self.now);
                assert!(again.is_empty(), "seed {}: {again:?}", self.seed);
            }
            self.check_memory();
            if let Some(due) = self.policy.next_due(self.now)
                && due < wake
            {
                wake = due;
                self.schedule(due, Happening::Wake);
            }
            steps += 1;
            assert!(steps < 20_000, "seed {}: it never ends", self.seed);
        }
        for (ticket, request) in &self.requests {
            assert_eq!(
                request.fate,
                Fate::Over,
                "seed {}: {ticket:?} is lost",
                self.seed
            );
        }
        std::mem::take(&mut self.outcome)
    }

    fn schedule(&mut self, at: Millis, happening: Happening) {
        self.count += 1;
        self.agenda.push(Reverse((at, self.count, happening)));
    }

    fn happen(&mut self, happening: Happening, arrivals: &[Arrival]) {
        match happening {
            Happening::Wake => {}
            Happening::Arrives(index) => self.arrive(index, &arrivals[index]),
            Happening::Disturbs(disturbance) => self.disturb(&disturbance),
            Happening::Loaded(model, number) => self.finish_loading(&model, number),
            Happening::Ended(model, number) => {
                if self.is_current(&model, number) {
                    self.engines.remove(&model);
                    self.policy.unloaded(&model);
                }
            }
            Happening::Served(ticket, number) => {
                let model = self.requests[&ticket].arrival.lane.model.clone();
                if self.is_current(&model, number)
                    && self
                        .engines
                        .get_mut(&model)
                        .is_some_and(|engine| engine.running.remove(&ticket))
                {
                    self.end_request(ticket);
                    self.outcome.answered += 1;
                    self.policy.finished(self.now, ticket);
                }
            }
        }
    }

    fn arrive(&mut self, index: usize, arrival: &Arrival) {
        let ticket = Ticket(index as u64);
        let pending = self
            .requests
            .values()
            .filter(|request| request.fate != Fate::Over);
        let request = Request {
            arrival: arrival.clone(),
            fate: Fate::Waits,
            is_retried: false,
            before: pending.count() as u64,
            disturbances: self.disturbances,
        };
        let estimate = self.facts(&arrival.lane.model).estimate;
        match self
            .policy
            .submit(self.now, ticket, arrival.lane.clone(), estimate)
        {
            Ok(()) => {
                self.requests.insert(ticket, request);
            }
            Err(failure) => {
                self.outcome.refused += 1;
                if let Failure::Busy(waiting) = failure {
                    assert_eq!(waiting as usize, self.limits.waiting_max);
                }
            }
        }
    }

    fn disturb(&mut self, disturbance: &Disturbance) {
        self.disturbances += 1;
        match disturbance {
            Disturbance::Death(model) => self.kill(model),
            Disturbance::Unload(model) => {
                let was_there = self.policy.planner().unload(model);
                assert_eq!(was_there, self.engines.contains_key(model));
                self.pinned.remove(model);
                if let Some(engine) = self.engines.get_mut(model) {
                    engine.is_told_to_end = true;
                    engine.is_pinned = false;
                }
            }
            Disturbance::Pin(model, is_pinned) => {
                if self.policy.planner().pin(model, *is_pinned)
                    && let Some(engine) = self.engines.get_mut(model)
                {
                    engine.is_pinned = *is_pinned;
                    if *is_pinned {
                        self.pinned.insert(model.clone());
                    }
                }
                if !is_pinned {
                    self.pinned.remove(model);
                }
            }
            Disturbance::Leave => {
                let pending: Vec<Ticket> = self
                    .requests
                    .iter()
                    .filter(|(_, request)| request.fate != Fate::Over)
                    .map(|(ticket, _)| *ticket)
                    .collect();
                if pending.is_empty() {
                    return;
                }
                let index = self.random.between(0, pending.len() as u64 - 1);
                let ticket = pending[usize::try_from(index).unwrap()];
                self.end_request(ticket);
                for engine in self.engines.values_mut() {
                    engine.running.remove(&ticket);
                }
                self.policy.planner().cancel(self.now, ticket);
            }
        }
    }

    /// An engine dies; some of its requests have not streamed anything and are tried once more.
    fn kill(&mut self, model: &ModelName) {
        let Some(engine) = self.engines.remove(model) else {
            return;
        };
        if engine.stage == Stage::Ending {
            self.policy.unloaded(model);
            return;
        }
        if engine.stage == Stage::Loading {
            self.policy
                .planner()
                .load_failed(self.now, model, "killed", false);
            return;
        }
        let mut again = BTreeSet::new();
        for ticket in engine.running {
            let may_retry = self.random.is_one_in(2);
            let request = self.requests.get_mut(&ticket).unwrap();
            request.fate = Fate::Waits;
            if may_retry && !request.is_retried {
                request.is_retried = true;
                again.insert(ticket);
                self.outcome.retried += 1;
            }
        }
        self.policy
            .planner()
            .died(self.now, model, "killed", &again);
    }

    fn finish_loading(&mut self, model: &ModelName, number: u64) {
        if !self.is_current(model, number) || self.engines[model].stage == Stage::Ending {
            return;
        }
        if self
            .load_failures_one_in
            .is_some_and(|times| self.random.is_one_in(times))
        {
            self.disturbances += 1;
            self.engines.remove(model);
            let is_final = self.random.is_one_in(8);
            self.policy
                .planner()
                .load_failed(self.now, model, "it does not start", is_final);
            return;
        }
        let facts = self.facts(model).clone();
        let engine = self.engines.get_mut(model).unwrap();
        engine.stage = Stage::Ready;
        engine.bytes = facts.bytes;
        self.policy
            .loaded(self.now, model, facts.bytes, facts.parallel_max);
    }

    fn act(&mut self, action: Action) {
        let seed = self.seed;
        match action {
            Action::Load(model) => self.load(&model),
            Action::Unload(model) => {
                let end_ms = self.facts(&model).end_ms;
                let engine = self.engines.get_mut(&model).unwrap();
                assert!(engine.running.is_empty(), "seed {seed}: work was cancelled");
                assert!(!engine.is_pinned, "seed {seed}: {model} was pinned");
                assert_ne!(
                    engine.stage,
                    Stage::Ending,
                    "seed {seed}: {model} was ended twice"
                );
                assert!(
                    engine.stage == Stage::Ready || engine.is_told_to_end,
                    "seed {seed}"
                );
                engine.stage = Stage::Ending;
                let number = engine.number;
                self.schedule(self.now + end_ms, Happening::Ended(model, number));
            }
            Action::Start(ticket) => self.start(ticket),
            Action::Fail(ticket, _) => {
                assert_eq!(self.requests[&ticket].fate, Fate::Waits, "seed {seed}");
                self.end_request(ticket);
                self.outcome.failed += 1;
            }
            Action::Tell(ticket, _) => {
                assert_eq!(self.requests[&ticket].fate, Fate::Waits, "seed {seed}");
            }
        }
    }

    fn check_outlooks(&self, actions: &[Action]) {
        let mut waiting = None;
        for action in actions {
            if let Action::Tell(_, outlook) = action {
                let waiting = waiting.get_or_insert_with(|| {
                    let requests = self.requests.values();
                    requests
                        .filter(|request| request.fate == Fate::Waits)
                        .count()
                });
                assert!((outlook.position as usize) < *waiting, "seed {}", self.seed);
            }
        }
    }

    fn load(&mut self, model: &ModelName) {
        self.count += 1;
        let number = self.count;
        let facts = self.facts(model).clone();
        let engine = Engine {
            number,
            // Real use is known only later; what counts until then is the promise: the estimate, or what the last engine took.
            bytes: facts.estimate.min(facts.bytes),
            stage: Stage::Loading,
            is_pinned: self.pinned.contains(model),
            is_told_to_end: false,
            running: BTreeSet::new(),
        };
        assert!(self.engines.insert(model.clone(), engine).is_none());
        self.outcome.loads += 1;
        self.schedule(
            self.now + facts.load_ms,
            Happening::Loaded(model.clone(), number),
        );
    }

    fn start(&mut self, ticket: Ticket) {
        let seed = self.seed;
        let request = self.requests.get_mut(&ticket).unwrap();
        assert_eq!(request.fate, Fate::Waits, "seed {seed}: {ticket:?}");
        request.fate = Fate::Runs;
        let model = request.arrival.lane.model.clone();
        let service = request.arrival.service_ms;
        let waited = self.now - request.arrival.at;
        let (before, disturbances) = (request.before, request.disturbances);
        if !request.is_retried {
            let bound = self.bound(before, self.disturbances - disturbances);
            assert!(
                waited <= bound,
                "seed {seed}: {ticket:?} waited {waited} ms, more than {bound}"
            );
            #[expect(clippy::cast_precision_loss, reason = "small numbers, for a report")]
            let used = waited as f64 / bound as f64;
            self.outcome.bound_used_max = self.outcome.bound_used_max.max(used);
        }
        self.outcome.waited_ms += waited;
        self.outcome.waited_ms_max = self.outcome.waited_ms_max.max(waited);
        let parallel_max = self.facts(&model).parallel_max;
        let engine = self.engines.get_mut(&model).unwrap();
        assert_eq!(engine.stage, Stage::Ready, "seed {seed}");
        engine.running.insert(ticket);
        assert!(engine.running.len() <= parallel_max, "seed {seed}");
        let number = engine.number;
        self.schedule(self.now + service, Happening::Served(ticket, number));
    }

    /// The bound that the head of the planner states; each disturbance may cost one more turn.
    fn bound(&self, before: u64, disturbances: u64) -> Millis {
        let load = self.facts.iter().map(|facts| facts.load_ms).max().unwrap();
        let end = self.facts.iter().map(|facts| facts.end_ms).max().unwrap();
        let retries = if self.load_failures_one_in.is_some() {
            u64::from(FAILURES_MAX)
        } else {
            0
        };
        let service = 4000 * u64::from(1 + ADAPTER_OVERTAKES_MAX);
        let turn = self.limits.wait_max + service + end + load + retries * (load + 1000);
        2 * self.limits.wait_max + (before + 1 + disturbances) * turn
    }

    fn check_memory(&mut self) {
        let used: u64 = self.engines.values().map(|engine| engine.bytes).sum();
        let excess = used.saturating_sub(self.limits.budget_bytes);
        self.outcome.excess_bytes_max = self.outcome.excess_bytes_max.max(excess);
    }

    fn end_request(&mut self, ticket: Ticket) {
        let request = self.requests.get_mut(&ticket).unwrap();
        assert_ne!(request.fate, Fate::Over, "{ticket:?} was answered twice");
        request.fate = Fate::Over;
    }

    fn is_current(&self, model: &ModelName, number: u64) -> bool {
        self.engines
            .get(model)
            .is_some_and(|engine| engine.number == number)
    }

    fn facts(&self, model: &ModelName) -> &Facts {
        let index = (0..self.facts.len()).find(|index| name(*index) == *model);
        &self.facts[index.unwrap()]
    }
}
