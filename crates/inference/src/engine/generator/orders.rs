//! The two directions of the connection: a thread reads orders and makes them ready, so that tokenising a long prompt holds up
//! nobody's text; reports of both threads go out whole.

use std::os::unix::net::UnixStream;
use std::sync::mpsc::SyncSender;
use std::sync::{Mutex, PoisonError};

use llama_cpp_2::model::LlamaModel;

use super::frame::{self, Order, Refusal, Report, WriteOrder};
use super::grammar::Grammar;
use super::tokens::{Prompt, Tokeniser};
use crate::engine::EngineError;

/// A prompt must leave room for so many tokens of text, or for the most that are asked for, if that is less.
const ROOM_TOKENS_MIN: usize = 16;

/// Where reports go.
pub(super) struct Reports(Mutex<UnixStream>);

impl Reports {
    pub(super) fn new(socket: UnixStream) -> Self {
        Self(Mutex::new(socket))
    }

    /// Sends a report; waits while the server is slow to read.
    pub(super) fn send(&self, report: &Report) -> Result<(), EngineError> {
        let mut socket = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        frame::write_report(&mut *socket, report).map_err(EngineError::Connection)
    }

    pub(super) fn refuse(&self, id: u64, refusal: Refusal) -> Result<(), EngineError> {
        self.send(&Report::Refused { id, refusal })
    }
}

/// What the computing thread is told.
pub(super) enum Command {
    Write(Box<Job>),
    Cancel(u64),
}

/// A request that is ready to be computed.
pub(super) struct Job {
    pub(super) order: WriteOrder,
    pub(super) prompt: Prompt,
    pub(super) grammar: Option<Grammar>,
}

/// Reads orders and makes them ready until the server or the computing thread goes.
pub(super) struct OrderReader<'engine, 'model> {
    pub(super) model: &'model LlamaModel,
    pub(super) tokeniser: &'engine Tokeniser<'model>,
    pub(super) reports: &'engine Reports,
    pub(super) context_tokens: u32,
    pub(super) adapter_count: usize,
}

impl OrderReader<'_, '_> {
    pub(super) fn run(
        &self,
        mut socket: &UnixStream,
        commands: &SyncSender<Command>,
    ) -> Result<(), EngineError> {
        while let Some(order) = frame::read_order(&mut socket).map_err(EngineError::Connection)? {
            let command = match order {
                Order::Write(order) => {
                    let id = order.id;
                    match self.prepare(*order) {
                        Ok(job) => Command::Write(Box::new(job)),
                        Err(refusal) => {
                            self.reports.refuse(id, refusal)?;
                            continue;
                        }
                    }
                }
                Order::Cancel { id } => Command::Cancel(id),
                Order::Count { id, text } => {
                    let tokens = to_u32(self.tokeniser.count(&text));
                    self.reports.send(&Report::Counted { id, tokens })?;
                    continue;
                }
            };
            if commands.send(command).is_err() {
                break;
            }
        }
        Ok(())
    }

    fn prepare(&self, mut order: WriteOrder) -> Result<Job, Refusal> {
        if let Some(adapter) = order.adapter.filter(|number| *number >= self.adapter_count) {
            return Err(Refusal::Invalid(format!(
                "the model was loaded with {} adapters, and there is none with the number {adapter}",
                self.adapter_count
            )));
        }
        let segments = std::mem::take(&mut order.prompt);
        let bytes = segments.iter().map(|segment| segment.text.len()).sum();
        self.check_length(self.tokeniser.count_at_least(bytes), &order)?;
        let prompt = self.tokeniser.tokenise(&segments, order.shared_segments);
        self.check_length(prompt.tokens.len(), &order)?;
        if prompt.tokens.is_empty() {
            return Err(Refusal::Invalid(
                "the prompt is empty; give the model something to continue".to_owned(),
            ));
        }
        let grammar = order.grammar.take();
        let grammar = grammar
            .map(|text| Grammar::new(self.model, &text, self.tokeniser.marks()))
            .transpose()
            .map_err(Refusal::Invalid)?;
        Ok(Job {
            order,
            prompt,
            grammar,
        })
    }

    fn check_length(&self, tokens: usize, order: &WriteOrder) -> Result<(), Refusal> {
        let room = ROOM_TOKENS_MIN.min(order.sampling.max_new_tokens as usize);
        if tokens + room <= self.context_tokens as usize {
            return Ok(());
        }
        Err(Refusal::TooLong {
            prompt_tokens: to_u32(tokens),
            context_tokens: self.context_tokens,
        })
    }
}

/// `count` as it goes over the connection.
pub(super) fn to_u32(count: usize) -> u32 {
    u32::try_from(count).unwrap_or(u32::MAX)
}
