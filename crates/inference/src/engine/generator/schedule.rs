//! The computing thread: continuous batching (Yu et al. 2022). Each step computes what every request of one adapter can use, so
//! requests begin and end independently; orders take effect between two steps.
//!
//! Requests beyond the parallel ones wait in order. When the context is full, sequences that are kept for later go first, and then
//! the request that was begun last pauses: it gives up its places, and when another ends it gets back what was parked of it or,
//! when there was no room, reads it again (preemption by swapping and by recomputation, Kwon et al. 2023). There is no sliding of the
//! context: a text that reaches its end is cut there.

mod keeping;

use std::collections::VecDeque;
use std::sync::mpsc::{Receiver, TryRecvError};
use std::time::Instant;

use llama_cpp_2::context::session::SeqState;
use llama_cpp_2::token::LlamaToken;

use super::batch::{DRAFT_TOKENS_MAX, Limits, Wish, compose};
use super::compute::{ComputeError, Computer};
use super::costs::RowCosts;
use super::frame::{Refusal, Report};
use super::orders::{Command, Job, Reports, to_u32};
use super::sampler::Scratch;
use super::slots::{Origin, Slot, place};
use super::text::Told;
use super::tokens::Tokeniser;
use super::turns::{AdapterTurn, ReadingPace};
use super::writing::{Next, Writing};
use crate::engine::EngineError;

/// Most requests that wait for their turn.
const WAITING_MAX: usize = 1024;
/// Failed steps in a row after which the engine gives up.
const FAILURES_MAX: u32 = 3;

/// What the scheduler works with.
pub(super) struct Resources<'engine, 'model> {
    pub(super) computer: Computer<'model>,
    pub(super) tokeniser: &'engine Tokeniser<'model>,
    pub(super) reports: &'engine Reports,
    /// Requests worked on at a time.
    pub(super) parallel: usize,
    /// Sequences of the context.
    pub(super) sequences: usize,
    /// Tokens that one request may have.
    pub(super) context_tokens: usize,
    /// Most tokens that are kept beside the context.
    pub(super) parking_tokens: usize,
    pub(super) costs: RowCosts,
}

/// Owns the context and decides what is computed next.
pub(super) struct Scheduler<'engine, 'model> {
    computer: Computer<'model>,
    tokeniser: &'engine Tokeniser<'model>,
    reports: &'engine Reports,
    parallel: usize,
    context_tokens: usize,
    parking_tokens: usize,
    costs: RowCosts,
    slots: Vec<Slot<Writing, SeqState>>,
    waiting: VecDeque<Job>,
    turn: AdapterTurn,
    pace: ReadingPace,
    scratch: Scratch,
    /// Counts requests that were begun; also the clock of the slots.
    begun: u64,
    failures: u32,
}

/// A request's part of a batch.
#[derive(Debug, Clone, Copy)]
struct Part {
    slot: usize,
    /// Tokens of the batch.
    count: usize,
    /// The first row with logits, when there is one.
    row: Option<i32>,
}

impl<'engine, 'model> Scheduler<'engine, 'model> {
    pub(super) fn new(resources: Resources<'engine, 'model>) -> Self {
        let batch_tokens_max = resources.computer.batch_tokens_max();
        Self {
            computer: resources.computer,
            tokeniser: resources.tokeniser,
            reports: resources.reports,
            parallel: resources.parallel,
            context_tokens: resources.context_tokens,
            parking_tokens: resources.parking_tokens,
            costs: resources.costs,
            slots: (0..resources.sequences).map(|_| Slot::empty()).collect(),
            waiting: VecDeque::new(),
            turn: AdapterTurn::default(),
            pace: ReadingPace::new(batch_tokens_max),
            scratch: Scratch::default(),
            begun: 0,
            failures: 0,
        }
    }

    /// Computes until the server goes.
    ///
    /// # Errors
    /// [`EngineError::Connection`], or [`EngineError::Model`] when steps fail again and again.
    pub(super) fn run(&mut self, commands: &Receiver<Command>) -> Result<(), EngineError> {
        loop {
            if self.active().next().is_none() && self.waiting.is_empty() {
                match commands.recv() {
                    Ok(command) => self.obey(command)?,
                    Err(_) => return Ok(()),
                }
            }
            loop {
                match commands.try_recv() {
                    Ok(command) => self.obey(command)?,
                    Err(TryRecvError::Empty) => break,
                    Err(TryRecvError::Disconnected) => return Ok(()),
                }
            }
            self.admit()?;
            self.step()?;
        }
    }

    fn obey(&mut self, command: Command) -> Result<(), EngineError> {
        match command {
            Command::Write(job) if self.waiting.len() >= WAITING_MAX => {
                let reason = format!("{WAITING_MAX} requests wait for the model; try again later");
                self.reports.refuse(job.order.id, Refusal::Failed(reason))
            }
            Command::Write(job) => {
                self.waiting.push_back(*job);
                Ok(())
            }
            Command::Cancel(id) => {
                self.waiting.retain(|job| job.order.id != id);
                let slot = self.active().find(|&slot| self.writing(slot).id == id);
                if let Some(slot) = slot {
                    self.release(slot);
                }
                Ok(())
            }
        }
    }

    /// Slots with a request.
    fn active(&self) -> impl Iterator<Item = usize> {
        let slots = self.slots.iter().enumerate();
        slots.filter_map(|(index, slot)| slot.work.as_ref().map(|_| index))
    }

    fn writing(&self, slot: usize) -> &Writing {
        self.slots[slot]
            .work
            .as_ref()
            .expect("BUG: only slots with a request are asked")
    }

    /// Requests that have paused, the one begun first in front.
    fn first_paused(&self) -> Option<usize> {
        let paused = self.active().filter(|&slot| self.writing(slot).is_paused());
        paused.min_by_key(|&slot| self.writing(slot).number)
    }

    /// Requests that have not paused.
    fn running(&self) -> impl Iterator<Item = usize> {
        self.active()
            .filter(|&slot| !self.writing(slot).is_paused())
    }

    /// Begins requests that wait while there is room beside those that are worked on. Those that have paused come first.
    fn admit(&mut self) -> Result<(), EngineError> {
        if self.running().next().is_none() {
            self.resume_one();
        }
        while self.first_paused().is_none() && self.active().count() < self.parallel {
            let Some(job) = self.waiting.pop_front() else {
                break;
            };
            self.begin(job)?;
        }
        Ok(())
    }

    fn begin(&mut self, job: Job) -> Result<(), EngineError> {
        let Job {
            order,
            prompt,
            grammar,
        } = job;
        self.begun += 1;
        let origin = Origin {
            owner: order.owner.clone(),
            adapter: order.adapter,
            shared: prompt.shared,
        };
        let placement = place(&self.slots, &prompt.tokens, &origin)
            .expect("BUG: there are more sequences than parallel requests");
        let index = placement.slot;
        let reused = self.take_over(placement);
        let slot = &mut self.slots[index];
        slot.work = Some(Writing::new(
            &order,
            grammar,
            &prompt.tokens,
            self.begun,
            self.costs,
        ));
        slot.tokens = prompt.tokens;
        slot.cached = reused;
        slot.origin = origin;
        slot.used_at = self.begun;
        self.reports.send(&Report::Started {
            id: order.id,
            prompt_tokens: to_u32(slot.tokens.len()),
            reused_tokens: to_u32(reused),
        })?;
        self.keep_little();
        Ok(())
    }

    /// Takes the request from a slot, which keeps what was computed.
    fn release(&mut self, slot: usize) -> Option<Writing> {
        self.begun += 1;
        let slot = &mut self.slots[slot];
        slot.tokens.truncate(slot.cached);
        slot.used_at = self.begun;
        let work = slot.work.take();
        self.resume_one();
        work
    }

    fn resume_one(&mut self) {
        if let Some(slot) = self.first_paused() {
            // What has no room is read again.
            self.bring_back(slot);
            let work = self.slots[slot].work.as_mut();
            work.expect("BUG: only a request pauses").resume();
        }
    }

    fn refuse(&mut self, slot: usize, reason: &str) -> Result<(), EngineError> {
        match self.release(slot) {
            Some(writing) => self
                .reports
                .refuse(writing.id, Refusal::Failed(reason.to_owned())),
            None => Ok(()),
        }
    }

    /// Computes one batch, and tells what came of it.
    fn step(&mut self) -> Result<(), EngineError> {
        let present: Vec<Option<usize>> = self
            .running()
            .map(|slot| self.slots[slot].origin.adapter)
            .collect();
        if present.is_empty() {
            return Ok(());
        }
        let adapter = self.turn.next(&present);
        let mut members: Vec<usize> = self
            .running()
            .filter(|&slot| self.slots[slot].origin.adapter == adapter)
            .collect();
        members.sort_by_key(|&slot| self.writing(slot).number);
        if let Err(reason) = self.computer.set_adapter(adapter) {
            return self.refuse_all(&members, &format!("the adapter cannot be used: {reason}"));
        }
        let parts = match self.fill(&members) {
            Ok(parts) => parts,
            Err(reason) => return self.fail(&members, &reason),
        };
        let begun = Instant::now();
        match self.computer.compute() {
            Ok(()) => {}
            Err(ComputeError::Full) => return self.make_room(),
            Err(ComputeError::Failed(reason)) => return self.fail(&members, &reason),
        }
        self.failures = 0;
        let is_read = |part: &&Part| {
            !self
                .writing(part.slot)
                .is_writing(self.slots[part.slot].cached)
        };
        let read = parts.iter().filter(is_read).map(|part| part.count).sum();
        self.pace.learn(read, begun.elapsed().as_secs_f64());
        for part in parts {
            if part.count > 0 {
                self.advance(part)?;
            }
        }
        Ok(())
    }

    /// Fills the batch with what the requests can use.
    fn fill(&mut self, members: &[usize]) -> Result<Vec<Part>, String> {
        let wishes: Vec<Wish> = members.iter().map(|&slot| self.wish(slot)).collect();
        let limits = Limits {
            tokens: self.computer.batch_tokens_max(),
            reading: self.pace.reading_tokens(),
            costs: self.costs,
        };
        let shares = compose(&wishes, limits);
        self.computer.clear();
        let mut parts = Vec::with_capacity(members.len());
        for (&index, count) in members.iter().zip(shares) {
            let slot = &mut self.slots[index];
            let writing = slot.work.as_mut().expect("BUG: a member has a request");
            let is_writing = writing.is_writing(slot.cached);
            if is_writing {
                writing.draft.truncate(count.saturating_sub(1));
            }
            let end = (slot.cached + count).min(slot.tokens.len());
            let mut tokens: Vec<LlamaToken> = slot.tokens[slot.cached..end].to_vec();
            if is_writing {
                tokens.extend(&writing.draft);
            }
            // All rows of a text have logits; of a prompt, the last.
            let outputs = match count {
                _ if is_writing => tokens.len(),
                count => usize::from(count > 0 && end == slot.tokens.len()),
            };
            let row = self.computer.add(index, slot.cached, &tokens, outputs)?;
            parts.push(Part {
                slot: index,
                count: tokens.len(),
                row: (outputs > 0).then_some(row),
            });
        }
        Ok(parts)
    }

    /// What a request can use of the next step; guesses what it may write.
    fn wish(&mut self, index: usize) -> Wish {
        let slot = &mut self.slots[index];
        let writing = slot.work.as_mut().expect("BUG: a member has a request");
        writing.draft.clear();
        if !writing.is_writing(slot.cached) {
            return Wish::Read {
                left: writing.left_to_read(slot.cached),
            };
        }
        // The token after the last guess must fit too.
        let room = self.context_tokens.saturating_sub(slot.tokens.len() + 1);
        let most = writing.tokens_left().saturating_sub(1).min(room);
        let most = most.min(DRAFT_TOKENS_MAX);
        let Some(lookup) = writing
            .lookup
            .as_mut()
            .filter(|_| self.computer.can_rewind())
        else {
            return Wish::Write {
                draft: 0,
                rate: 0.0,
            };
        };
        writing.draft.extend(lookup.guess(&slot.tokens, most));
        Wish::Write {
            draft: writing.draft.len(),
            rate: lookup.rate(),
        }
    }

    /// Takes what was computed for a request, and tells it.
    fn advance(&mut self, part: Part) -> Result<(), EngineError> {
        let slot = &mut self.slots[part.slot];
        let writing = slot.work.as_mut().expect("BUG: a part has a request");
        let Some(row) = part.row else {
            slot.cached += part.count;
            return self.reports.send(&Report::Reading {
                id: writing.id,
                done_tokens: to_u32(slot.cached),
            });
        };
        let draft = std::mem::take(&mut writing.draft);
        let mut told = Told::default();
        let mut accepted = 0;
        let next = loop {
            let row = row + i32::try_from(accepted).expect("BUG: drafts are short");
            let logits = self.computer.logits(row);
            let next = writing.take(logits, self.tokeniser, &mut self.scratch, &mut told);
            match next {
                Next::Token(token) if draft.get(accepted) == Some(&token) => accepted += 1,
                Next::Token(_) | Next::End { .. } | Next::Stuck => break next,
            }
        };
        // The batch held what was not cached before, and the draft; of that, the part that was right stays.
        let is_cut_off = accepted < draft.len();
        slot.cached += part.count - (draft.len() - accepted);
        if is_cut_off {
            slot.cached = self.computer.cut(part.slot, slot.cached);
        }
        if let (Some(lookup), Next::Token(token)) = (&mut writing.lookup, &next) {
            lookup.learn(&slot.tokens, draft.len(), accepted, *token);
        }
        writing.count_draft(draft.len(), accepted);
        slot.tokens.extend(&draft[..accepted]);
        match next {
            Next::Token(token) => {
                slot.tokens.push(token);
                if slot.tokens.len() < self.context_tokens {
                    return self.tell(part.slot, told);
                }
                self.finish(part.slot, true, told)
            }
            Next::End { is_cut } => self.finish(part.slot, is_cut, told),
            Next::Stuck => {
                self.tell(part.slot, told)?;
                self.refuse(
                    part.slot,
                    "no token may come next, or the model's numbers are none",
                )
            }
        }
    }

    fn tell(&self, slot: usize, told: Told) -> Result<(), EngineError> {
        if told.text.is_empty() && told.tokens.is_empty() {
            return Ok(());
        }
        self.reports.send(&Report::Text {
            id: self.writing(slot).id,
            text: told.text,
            tokens: told.tokens,
        })
    }

    fn finish(&mut self, slot: usize, is_cut: bool, mut told: Told) -> Result<(), EngineError> {
        let writing = self.slots[slot].work.as_mut();
        let writing = writing.expect("BUG: only a request is finished");
        let finished = writing.finish(is_cut, &mut told);
        self.tell(slot, told)?;
        self.release(slot);
        self.reports.send(&Report::Finished(finished))
    }

    /// Gives up what is kept for later, or else lets the request pause that was begun last.
    fn make_room(&mut self) -> Result<(), EngineError> {
        if self.give_up_one() {
            return Ok(());
        }
        let running = self.running();
        let Some(newest) = running.max_by_key(|&slot| self.writing(slot).number) else {
            return Ok(());
        };
        if self.running().nth(1).is_none() {
            // One alone has room, unless the context is smaller than was said.
            self.refuse(newest, "the memory for contexts is too small for it")?;
            self.forget(newest);
            return Ok(());
        }
        if !self.park(newest) {
            self.computer.cut(newest, 0);
            self.slots[newest].cached = 0;
        }
        let slot = &mut self.slots[newest];
        let work = slot.work.as_mut().expect("BUG: it runs");
        work.pause(slot.tokens.len());
        Ok(())
    }

    /// Refuses the requests of a batch that could not be computed, and forgets their sequences, whose state is unknown.
    fn fail(&mut self, members: &[usize], reason: &str) -> Result<(), EngineError> {
        self.failures += 1;
        self.refuse_all(
            members,
            &format!("computing the next tokens failed: {reason}"),
        )?;
        if self.failures < FAILURES_MAX {
            return Ok(());
        }
        Err(EngineError::Model(format!(
            "computing failed {FAILURES_MAX} times in a row, the last time with: {reason}"
        )))
    }

    fn refuse_all(&mut self, members: &[usize], reason: &str) -> Result<(), EngineError> {
        for &slot in members {
            self.refuse(slot, reason)?;
            self.forget(slot);
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::num::NonZeroU32;
    use std::os::unix::net::UnixStream;
    use std::path::{Path, PathBuf};
    use std::sync::mpsc;

    use llama_cpp_2::context::params::LlamaContextParams;
    use llama_cpp_2::llama_backend::LlamaBackend;
    use llama_cpp_2::model::LlamaModel;
    use llama_cpp_2::model::params::LlamaModelParams;
    use testmodels::{Family, Size, write_random};

    use super::*;
    use crate::engine::generator::frame::{SamplingOrder, WriteOrder, read_report};
    use crate::engine::generator::grammar::Grammar;
    use crate::engine::generator::tokens::Prompt;

    /// A request that never ends by itself.
    fn job(id: u64, model: &LlamaModel, tokeniser: &Tokeniser<'_>) -> Box<Job> {
        let sampling = SamplingOrder {
            temperature: 0.0,
            top_k: 0,
            top_p: 1.0,
            min_p: 0.0,
            repeat_penalty: 1.0,
            frequency_penalty: 0.0,
            presence_penalty: 0.0,
            seed: 0,
            stop: Vec::new(),
            max_new_tokens: 9999,
        };
        Box::new(Job {
            order: WriteOrder {
                id,
                prompt: Vec::new(),
                shared_segments: 0,
                owner: format!("owner {id}"),
                adapter: None,
                sampling,
                grammar: None,
                is_lookup: id.is_multiple_of(2),
                logprobs: None,
            },
            prompt: Prompt {
                tokens: vec![LlamaToken(40); 100],
                shared: 0,
            },
            grammar: Grammar::new(model, "root ::= [a-z]*", tokeniser.marks()).ok(),
        })
    }

    /// Requests, each with its new tokens or why it was refused.
    type Ends = Vec<(u64, Result<u32, Refusal>)>;

    /// What came of the requests 1 to 3, in the order in which they ended, and how the scheduler ended.
    fn serve(
        path: &Path,
        parallel: usize,
        failures: u32,
        parking_tokens: usize,
    ) -> (Ends, Result<(), EngineError>) {
        let mut backend = LlamaBackend::init().unwrap();
        backend.void_logs();
        let params = LlamaModelParams::default();
        let model = LlamaModel::load_from_file(&backend, path, &params).unwrap();
        // Room for one request, though three run.
        let params = LlamaContextParams::default()
            .with_n_ctx(NonZeroU32::new(512))
            .with_n_seq_max(6)
            .with_kv_unified(true);
        let context = model.new_context(&backend, params).unwrap();
        let tokeniser = Tokeniser::new(model.vocab());
        let (mut ours, theirs) = UnixStream::pair().unwrap();
        let reports = Reports::new(theirs);
        let mut scheduler = Scheduler::new(Resources {
            computer: Computer::new(context, Vec::new(), true, None),
            tokeniser: &tokeniser,
            reports: &reports,
            parallel,
            sequences: 6,
            context_tokens: 512,
            parking_tokens,
            costs: RowCosts::LLAMA_CPP,
        });
        scheduler.computer.failures_left = failures;
        let (sender, commands) = mpsc::channel();
        for id in 1..=3 {
            sender
                .send(Command::Write(job(id, &model, &tokeniser)))
                .unwrap();
        }
        std::thread::scope(|scope| {
            let reading = scope.spawn(move || {
                let mut ends = Vec::new();
                while ends.len() < 3 {
                    match read_report(&mut ours).unwrap().unwrap() {
                        Report::Finished(finished) => {
                            ends.push((finished.id, Ok(finished.new_tokens)));
                        }
                        Report::Refused { id, refusal } => ends.push((id, Err(refusal))),
                        Report::Started { .. } | Report::Reading { .. } | Report::Text { .. } => {}
                        report @ (Report::Ready(_)
                        | Report::Counted { .. }
                        | Report::Broken { .. }) => panic!("{report:?}"),
                    }
                }
                drop(sender);
                ends
            });
            let ended = scheduler.run(&commands);
            (reading.join().unwrap(), ended)
        })
    }

    fn random_model(folder: &Path) -> PathBuf {
        let path = folder.join("random.gguf");
        write_random(Family::Mistral, Size::Tiny, 1, &path).unwrap();
        path
    }

    fn reason_of(refusal: &Refusal) -> &str {
        let Refusal::Failed(reason) = refusal else {
            panic!("{refusal:?}");
        };
        reason
    }

    #[test]
    fn when_the_context_is_full_the_request_begun_last_pauses_and_all_are_finished() {
        let folder = tempfile::tempdir().unwrap();
        let path = random_model(folder.path());
        // What can be parked of a request comes back, and what cannot is read again.
        for parking in [0, 150, 1024] {
            let (ends, ended) = serve(&path, 3, 0, parking);
            ended.unwrap();
            assert_eq!(
                ends,
                [(1, Ok(412)), (2, Ok(412)), (3, Ok(412))],
                "{parking}"
            );
        }
    }

    #[test]
    fn a_step_that_fails_ends_its_requests_alone_and_three_in_a_row_end_the_engine() {
        let folder = tempfile::tempdir().unwrap();
        let path = random_model(folder.path());
        let (ends, ended) = serve(&path, 1, 2, 0);
        ended.unwrap();
        let [(1, Err(first)), (2, Err(second)), (3, Ok(412))] = ends.as_slice() else {
            panic!("{ends:?}");
        };
        for refusal in [first, second] {
            let reason = reason_of(refusal);
            assert!(
                reason.contains("computing the next tokens failed: it was made to fail"),
                "{reason}"
            );
        }
        let (ends, ended) = serve(&path, 1, 3, 0);
        assert!(ends.iter().all(|(_, end)| end.is_err()), "{ends:?}");
        let error = ended.unwrap_err().to_string();
        assert!(error.contains("3 times in a row"), "{error}");
        // All requests of a batch that failed are lost, and the failure counts once.
        let (ends, ended) = serve(&path, 3, 1, 0);
        ended.unwrap();
        assert!(ends.iter().all(|(_, end)| end.is_err()), "{ends:?}");
    }

    #[test]
    fn a_model_whose_numbers_are_none_refuses_each_request_and_goes_on() {
        let folder = tempfile::tempdir().unwrap();
        let path = random_model(folder.path());
        let header = crate::gguf::read_header(&path).unwrap();
        let mut bytes = fs::read(&path).unwrap();
        // In every kind of weights, bits that are all set are no number.
        bytes[usize::try_from(header.data_offset).unwrap()..].fill(0xff);
        fs::write(&path, bytes).unwrap();
        let (ends, ended) = serve(&path, 1, 0, 0);
        ended.unwrap();
        assert_eq!(ends.len(), 3);
        for (_, end) in &ends {
            let reason = reason_of(end.as_ref().unwrap_err());
            assert!(reason.contains("the model's numbers are none"), "{reason}");
        }
    }
}
