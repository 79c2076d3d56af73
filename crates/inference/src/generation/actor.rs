//! The task that owns the planner and the engines: it tells the planner what happens and does what the planner decides.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use domain::models::writing::WritingError;
use domain::models::{AdapterName, ModelName};
use domain::time::Clock;
use tokio::sync::{mpsc, oneshot};
use tokio::time::Instant;

use super::LocalWriterConfig;
use super::counters::{Counters, lock};
use super::footprint::choose_footprint;
use super::message::{Message, Submission, Work, explain};
use super::planner::{Action, Failure, Lane, Millis, Phase, Planner, PlannerLimits, Ticket};
use super::prepare::Prepared;
use super::process::{Herald, Instruction, News};
use super::resident::{Engine, Wanted};
use super::route::Route;

/// Messages that are taken together before the planner decides.
const MESSAGES_TOGETHER_MAX: usize = 64;
/// Most bytes of prompts that are kept, so that the bound on requests is one on memory, too.
const PROMPTS_BYTES_MAX: usize = 64 << 20;

/// See the head of this file.
pub(super) struct Actor {
    config: Arc<LocalWriterConfig>,
    clock: Arc<dyn Clock>,
    mailbox: mpsc::WeakUnboundedSender<Message>,
    begin: Instant,
    planner: Planner,
    engines: BTreeMap<ModelName, Engine>,
    requests: HashMap<Ticket, Request>,
    /// With what models are loaded next.
    wanted: BTreeMap<ModelName, Wanted>,
    counters: Arc<Mutex<Counters>>,
    next_number: u64,
    /// Who waits for the end, once it was asked for.
    closing: Option<Vec<oneshot::Sender<()>>>,
}

struct Request {
    model: ModelName,
    adapter: Option<AdapterName>,
    work: Work,
    is_started: bool,
    is_retried: bool,
}

impl Actor {
    pub(super) fn new(
        config: Arc<LocalWriterConfig>,
        clock: Arc<dyn Clock>,
        mailbox: mpsc::WeakUnboundedSender<Message>,
        counters: Arc<Mutex<Counters>>,
    ) -> Self {
        let millis = |duration: Duration| u64::try_from(duration.as_millis()).unwrap_or(u64::MAX);
        let limits = PlannerLimits {
            budget_bytes: config.budget_bytes,
            wait_max: millis(config.limits.wait),
            keep_alive: millis(config.limits.keep_alive),
            waiting_max: config.limits.waiting_max,
        };
        Self {
            config,
            clock,
            mailbox,
            begin: Instant::now(),
            planner: Planner::new(limits),
            engines: BTreeMap::new(),
            requests: HashMap::new(),
            wanted: BTreeMap::new(),
            counters,
            next_number: 0,
            closing: None,
        }
    }

    /// Works until it is told to close, or nobody is left who could ask.
    pub(super) async fn run(mut self, mut mailbox: mpsc::UnboundedReceiver<Message>) {
        loop {
            let due = self.planner.next_due(self.now());
            let due = due.and_then(|due| self.begin.checked_add(Duration::from_millis(due)));
            let message = tokio::select! {
                message = mailbox.recv() => match message {
                    Some(message) => Some(message),
                    None => break,
                },
                () = sleep_until(due) => None,
            };
            if let Some(message) = message {
                self.receive(message);
            }
            for _ in 0..MESSAGES_TOGETHER_MAX {
                let Ok(message) = mailbox.try_recv() else {
                    break;
                };
                self.receive(message);
            }
            if let Some(closing) = &mut self.closing {
                if self.engines.is_empty() {
                    for reply in closing.drain(..) {
                        // Whoever asked may have gone.
                        let _ = reply.send(());
                    }
                    break;
                }
            } else {
                self.carry_out();
            }
        }
    }

    fn now(&self) -> Millis {
        u64::try_from(self.begin.elapsed().as_millis()).unwrap_or(Millis::MAX)
    }

    fn receive(&mut self, message: Message) {
        match message {
            Message::Submit(submission, reply) => {
                // A caller who has gone drops what he would read from, which is told by a message of its own.
                let _ = reply.send(self.submit(*submission));
            }
            Message::Left(ticket) => self.forget(ticket),
            Message::News(number, news) => self.hear(number, news),
            Message::Ledger(reply) => {
                let ledger =
                    super::ledger::tell(&self.planner, &self.engines, &*self.clock, self.now());
                let _ = reply.send(ledger);
            }
            Message::Pin(model, is_pinned, reply) => {
                let is_done = self.planner.pin(&model, is_pinned);
                self.fit_waiting();
                let _ = reply.send(is_done);
            }
            Message::Unload(model, reply) => {
                let is_there = self.planner.unload(&model);
                match self.engines.get_mut(&model) {
                    Some(engine) if is_there => engine.unloading.push(reply),
                    Some(_) | None => {
                        let _ = reply.send(false);
                    }
                }
            }
            Message::Count(model, text, reply) => {
                if let Some(engine) = self.engines.get(&model)
                    && engine.report.is_some()
                {
                    engine.instruct(Instruction::Count(text, reply));
                    // A text is measured before it is written; its model is not to go in between.
                    self.planner.renew(self.now(), &model);
                }
            }
            Message::Close(reply) => self.close(reply),
        }
    }

    fn submit(&mut self, submission: Submission) -> Result<(), WritingError> {
        let Submission {
            ticket,
            model,
            adapter,
            work,
        } = submission;
        if self.closing.is_some() {
            return Err(WritingError::Closing);
        }
        let kept = self.requests.values().map(|request| &request.work);
        let kept: usize = kept.chain([&work]).map(Work::prompt_bytes).sum();
        if kept > PROMPTS_BYTES_MAX {
            let waiting = self.planner.count_waiting().into_values().sum();
            return Err(WritingError::Busy(waiting));
        }
        let name = model.name.clone();
        if let Some(engine) = self.engines.get(&name)
            && !engine.model.is_same(&model)
        {
            // Its files were replaced; what it began is finished, and the next engine reads the new ones.
            self.planner.replace(&name);
        }
        let wanted = self.want(&model)?;
        let lane = Lane {
            model: name.clone(),
            adapter: adapter.clone(),
        };
        self.planner
            .submit(self.now(), ticket, lane, wanted.bytes)
            .map_err(|failure| explain(&name, failure))?;
        self.wanted.insert(name.clone(), wanted);
        lock(&self.counters).requests += u64::from(work.is_text());
        let request = Request {
            model: name,
            adapter,
            work,
            is_started: false,
            is_retried: false,
        };
        self.requests.insert(ticket, request);
        Ok(())
    }

    /// With what a model is loaded in the room that pinned ones leave.
    fn want(&self, model: &Arc<Prepared>) -> Result<Wanted, WritingError> {
        let room = self.planner.room_for(&model.name);
        let (context, parallel) = (self.config.context_tokens, self.config.parallel_max);
        let footprint = choose_footprint(model, context, parallel, room).map_err(|smallest| {
            WritingError::NoMemory {
                model: model.name.clone(),
                needed_bytes: smallest.memory.total(),
                budget_bytes: room,
            }
        })?;
        let known = self.wanted.get(&model.name);
        let bytes = known
            .filter(|known| known.footprint == footprint && known.model.is_same(model))
            .map_or(footprint.memory.total(), |known| known.bytes);
        Ok(Wanted {
            model: Arc::clone(model),
            footprint,
            bytes,
        })
    }

    /// After a change of pins, what waits may have to do with less.
    fn fit_waiting(&mut self) {
        for name in self.planner.count_waiting().into_keys() {
            if self.engines.contains_key(&name) {
                continue;
            }
            let Some(model) = self
                .wanted
                .get(&name)
                .map(|wanted| Arc::clone(&wanted.model))
            else {
                continue;
            };
            // What no longer fits at all is refused by the planner.
            if let Ok(wanted) = self.want(&model) {
                self.planner.resize(&name, wanted.bytes);
                self.wanted.insert(name, wanted);
            }
        }
    }

    /// Does what the planner decides, until it has nothing more to say.
    fn carry_out(&mut self) {
        loop {
            let actions = self.planner.plan(self.now());
            if actions.is_empty() {
                return;
            }
            for action in actions {
                match action {
                    Action::Load(model) => self.load(&model),
                    Action::Unload(model) => {
                        lock(&self.counters).unloads += 1;
                        if let Some(engine) = self.engines.get_mut(&model) {
                            engine.end();
                        }
                    }
                    Action::Start(ticket) => self.start(ticket),
                    Action::Fail(ticket, failure) => self.fail(ticket, failure),
                    Action::Tell(ticket, outlook) => {
                        if let Some(Request {
                            work: Work::Write { stream, .. },
                            ..
                        }) = self.requests.get(&ticket)
                        {
                            stream.wait(outlook);
                        }
                    }
                }
            }
        }
    }

    fn load(&mut self, name: &ModelName) {
        let wanted = self.wanted.get(name).cloned();
        let wanted = wanted.expect("BUG: only models that were asked for are loaded");
        self.next_number += 1;
        let herald = Herald {
            number: self.next_number,
            mailbox: self.mailbox.clone(),
        };
        if !wanted.model.weights.exists() {
            self.planner.removed(name);
            return;
        }
        lock(&self.counters).loads += 1;
        match Engine::start(&self.config, wanted, herald, self.clock.now()) {
            Ok(engine) => {
                self.engines.insert(name.clone(), engine);
            }
            Err(reason) => {
                tracing::warn!(model = %name, %reason, "a language model was not loaded");
                lock(&self.counters).engine_deaths += 1;
                self.planner.load_failed(self.now(), name, &reason, false);
            }
        }
    }

    fn start(&mut self, ticket: Ticket) {
        let now = self.now();
        let Some(request) = self.requests.get_mut(&ticket) else {
            self.planner.cancel(now, ticket);
            return;
        };
        request.is_started = true;
        let engine = self.engines.get(&request.model);
        let engine = engine.expect("BUG: requests begin with a loaded model");
        let Work::Write {
            order,
            template,
            stream,
        } = &request.work
        else {
            self.planner.cancel(now, ticket);
            if let Some(Request {
                work: Work::Load(reply),
                ..
            }) = self.requests.remove(&ticket)
            {
                // Whoever asked may have gone.
                let _ = reply.send(Ok(()));
            }
            return;
        };
        let mut order = order.clone();
        order.id = ticket.0;
        if let Some(adapter) = &request.adapter {
            order.adapter = engine.model.find_adapter(adapter);
            if order.adapter.is_none() {
                lock(&self.counters).failed += 1;
                stream.fail(WritingError::UnknownAdapter {
                    model: request.model.clone(),
                    adapter: adapter.clone(),
                });
                self.requests.remove(&ticket);
                self.planner.cancel(now, ticket);
                return;
            }
        }
        let route = Route {
            model: request.model.clone(),
            weights: engine.model.digest,
            template: *template,
            stream: Arc::clone(stream),
            meter: Arc::clone(&engine.meter),
            counters: Arc::clone(&self.counters),
            prompt: (0, 0),
        };
        engine.instruct(Instruction::Write(order, route));
    }

    fn fail(&mut self, ticket: Ticket, failure: Failure) {
        if let Some(request) = self.requests.remove(&ticket) {
            lock(&self.counters).failed += u64::from(request.work.is_text());
            let error = explain(&request.model, failure);
            request.work.fail(error);
        }
    }

    fn forget(&mut self, ticket: Ticket) {
        let Some(request) = self.requests.remove(&ticket) else {
            return;
        };
        lock(&self.counters).left += 1;
        self.planner.cancel(self.now(), ticket);
        if let Some(engine) = self.engines.get(&request.model)
            && request.is_started
        {
            engine.instruct(Instruction::Cancel(ticket));
        }
    }

    fn hear(&mut self, number: u64, news: News) {
        let engine = self
            .engines
            .iter_mut()
            .find(|(_, engine)| engine.number == number);
        let Some((name, engine)) = engine else {
            return;
        };
        let name = name.clone();
        match news {
            News::Ready(report) => {
                let bytes = super::ledger::reported(&report).total();
                let parallel = usize::try_from(report.parallel_max).unwrap_or(usize::MAX);
                if let Some(wanted) = self.wanted.get_mut(&name)
                    && wanted.footprint == engine.footprint
                    && wanted.model.is_same(&engine.model)
                {
                    wanted.bytes = bytes;
                }
                engine.report = Some(report);
                self.planner.loaded(self.now(), &name, bytes, parallel);
            }
            News::Ended(ticket) => {
                self.requests.remove(&ticket);
                self.planner.finished(self.now(), ticket);
            }
            News::Failed { reason, is_final } => self.lose(&name, Some((reason, is_final))),
            News::Gone(reason) => self.lose(&name, reason.map(|reason| (reason, false))),
        }
    }

    /// A process has gone: as it was told to, or for a reason.
    fn lose(&mut self, name: &ModelName, reason: Option<(String, bool)>) {
        let now = self.now();
        if let Some(engine) = self.engines.remove(name) {
            for reply in engine.unloading {
                let _ = reply.send(true);
            }
        }
        let phase = self.planner.places().get(name).map(|place| place.phase);
        match (phase, reason) {
            (None | Some(Phase::Ending), _) | (Some(_), None) => self.planner.unloaded(name),
            (Some(Phase::Loading), Some((reason, is_final))) => {
                tracing::warn!(model = %name, %reason, "a language model was not loaded");
                lock(&self.counters).engine_deaths += 1;
                self.planner.load_failed(now, name, &reason, is_final);
            }
            (Some(Phase::Ready | Phase::Draining), Some((reason, _))) => {
                tracing::warn!(model = %name, %reason, "a language model's engine died");
                let again = self.choose_again(name);
                let mut counters = lock(&self.counters);
                counters.engine_deaths += 1;
                counters.retried += again.len() as u64;
                drop(counters);
                self.planner.died(now, name, &reason, &again);
            }
        }
    }

    /// The requests of a dead engine that nobody has read anything of, and that have not been tried twice.
    fn choose_again(&mut self, name: &ModelName) -> BTreeSet<Ticket> {
        let mut again = BTreeSet::new();
        for (ticket, request) in &mut self.requests {
            if request.model != *name || !request.is_started {
                continue;
            }
            request.is_started = false;
            if let Work::Write { stream, .. } = &request.work
                && !stream.has_text()
                && !request.is_retried
            {
                request.is_retried = true;
                again.insert(*ticket);
            }
        }
        again
    }

    fn close(&mut self, reply: oneshot::Sender<()>) {
        self.closing.get_or_insert_default().push(reply);
        for (_, request) in self.requests.drain() {
            request.work.fail(WritingError::Closing);
        }
        for engine in self.engines.values_mut() {
            engine.end();
        }
    }
}

async fn sleep_until(due: Option<Instant>) {
    match due {
        Some(due) => tokio::time::sleep_until(due).await,
        None => std::future::pending().await,
    }
}
