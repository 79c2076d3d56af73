//! The computing thread: one request after another.

use std::sync::mpsc::Receiver;
use std::time::Instant;

use llama_cpp_2::context::LlamaContext;
use llama_cpp_2::llama_batch::LlamaBatch;
use llama_cpp_2::model::LlamaLoraAdapter;
use llama_cpp_2::token::LlamaToken;

use super::frame::{FinishedReport, Refusal, Report};
use super::grammar::Grammar;
use super::load::Loaded;
use super::orders::{Command, Job, Reports, to_u32};
use super::text::{TextAssembly, Told};
use super::tokens::Tokeniser;
use crate::engine::EngineError;

/// Owns the context and computes.
pub(super) struct Scheduler<'engine, 'model> {
    context: LlamaContext<'model>,
    _adapters: Vec<LlamaLoraAdapter>,
    tokeniser: &'engine Tokeniser<'model>,
    reports: &'engine Reports,
    context_tokens: usize,
    batch: LlamaBatch<'static>,
}

impl<'engine, 'model> Scheduler<'engine, 'model> {
    pub(super) fn new(
        context: LlamaContext<'model>,
        adapters: Vec<LlamaLoraAdapter>,
        tokeniser: &'engine Tokeniser<'model>,
        reports: &'engine Reports,
        loaded: &Loaded,
    ) -> Self {
        let batch = LlamaBatch::new(context.n_batch() as usize, 1);
        Self {
            context,
            _adapters: adapters,
            tokeniser,
            reports,
            context_tokens: loaded.context_tokens as usize,
            batch,
        }
    }

    /// Computes until the server goes.
    pub(super) fn run(&mut self, commands: &Receiver<Command>) -> Result<(), EngineError> {
        while let Ok(command) = commands.recv() {
            if let Command::Write(mut job) = command {
                let id = job.order.id;
                if let Err(reason) = self.write(&mut job, commands)? {
                    self.reports.refuse(id, Refusal::Failed(reason))?;
                }
            }
        }
        Ok(())
    }

    fn write(
        &mut self,
        job: &mut Job,
        commands: &Receiver<Command>,
    ) -> Result<Result<(), String>, EngineError> {
        let id = job.order.id;
        let prompt = &job.prompt.tokens;
        let grammar = &mut job.grammar;
        self.reports.send(&Report::Started {
            id,
            prompt_tokens: to_u32(prompt.len()),
            reused_tokens: 0,
        })?;
        let begin = Instant::now();
        self.context.clear_kv_cache();
        let mut next = None;
        let mut position = 0;
        for chunk in prompt.chunks(self.context.n_batch() as usize) {
            match self.decode(chunk, position, grammar.as_mut()) {
                Ok(token) => next = Some(token),
                Err(reason) => return Ok(Err(reason)),
            }
            position += chunk.len();
        }
        let read = begin.elapsed();
        let mut text = TextAssembly::new(&job.order.sampling.stop);
        let mut new_tokens = 0;
        let mut is_cut = false;
        while let Some(token) = next.filter(|token| !self.tokeniser.ends_text(*token)) {
            let told = text.push(&self.tokeniser.piece(token), None);
            new_tokens += 1;
            let is_stopped = told.is_stopped;
            self.tell(id, told)?;
            if is_stopped || is_cancelled(id, commands) {
                break;
            }
            is_cut = new_tokens >= job.order.sampling.max_new_tokens
                || position + 1 >= self.context_tokens;
            if is_cut {
                break;
            }
            match self.decode(&[token], position, grammar.as_mut()) {
                Ok(token) => next = Some(token),
                Err(reason) => return Ok(Err(reason)),
            }
            position += 1;
        }
        let told = text.finish();
        self.tell(id, told)?;
        let micros =
            |duration: std::time::Duration| u64::try_from(duration.as_micros()).unwrap_or(u64::MAX);
        self.reports.send(&Report::Finished(FinishedReport {
            id,
            is_cut,
            new_tokens,
            drafted_tokens: 0,
            accepted_tokens: 0,
            mean_probability: 0.0,
            prompt_us: micros(read),
            writing_us: micros(begin.elapsed().saturating_sub(read)),
        }))?;
        Ok(Ok(()))
    }

    fn tell(&self, id: u64, told: Told) -> Result<(), EngineError> {
        if told.text.is_empty() && told.tokens.is_empty() {
            return Ok(());
        }
        self.reports.send(&Report::Text {
            id,
            text: told.text,
            tokens: told.tokens,
        })
    }

    fn decode(
        &mut self,
        tokens: &[LlamaToken],
        position: usize,
        grammar: Option<&mut Grammar>,
    ) -> Result<LlamaToken, String> {
        self.batch.clear();
        let last = tokens.len() - 1;
        for (offset, &token) in tokens.iter().enumerate() {
            let position = i32::try_from(position + offset).map_err(|error| error.to_string())?;
            self.batch
                .add(token, position, &[0], offset == last)
                .map_err(|error| error.to_string())?;
        }
        self.context
            .decode(&mut self.batch)
            .map_err(|error| error.to_string())?;
        let mut logits = self
            .context
            .get_logits_ith(self.batch.n_tokens() - 1)
            .to_vec();
        let mut best = most_probable(&logits);
        if let Some(grammar) = grammar {
            let is_refused = |grammar: &mut Grammar, token| {
                let is_mark = self.tokeniser.is_mark(token) && !self.tokeniser.ends_text(token);
                is_mark || !grammar.allows(token)
            };
            if best.is_some_and(|token| is_refused(grammar, token)) {
                grammar.filter(&mut logits);
                best = most_probable(&logits);
            }
            if let Some(token) = best.filter(|token| !self.tokeniser.ends_text(*token)) {
                grammar.accept(token);
            }
        }
        best.ok_or_else(|| "the model knows no token that may come next".to_owned())
    }
}

fn most_probable(logits: &[f32]) -> Option<LlamaToken> {
    let tokens = (0_i32..).zip(logits);
    tokens
        .filter(|(_, logit)| logit.is_finite())
        .max_by(|(_, left), (_, right)| left.total_cmp(right))
        .map(|(id, _)| LlamaToken(id))
}

fn is_cancelled(id: u64, commands: &Receiver<Command>) -> bool {
    commands
        .try_iter()
        .any(|command| matches!(command, Command::Cancel(cancelled) if cancelled == id))
}
