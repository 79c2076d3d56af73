//! The way back of one request: what its engine reports becomes what its reader is told, and is counted.

use std::sync::{Arc, Mutex};

use domain::models::writing::{FinishReason, Finished, TokenInfo, WritingError};
use domain::models::{Digest, ModelName};

use super::counters::{Counters, Meter, lock};
use super::stream::Stream;
use crate::engine::generator::frame::{FinishedReport, Refusal, TokenReport};

/// See the head of this file.
#[derive(Debug, Clone)]
pub(super) struct Route {
    pub(super) model: ModelName,
    pub(super) weights: Digest,
    pub(super) template: Option<Digest>,
    pub(super) stream: Arc<Stream>,
    pub(super) meter: Arc<Meter>,
    pub(super) counters: Arc<Mutex<Counters>>,
    /// Tokens of the prompt, and those that were computed before.
    pub(super) prompt: (u32, u32),
}

impl Route {
    pub(super) fn start(&mut self, prompt_tokens: u32, reused_tokens: u32) {
        self.prompt = (prompt_tokens, reused_tokens);
        self.stream.start(prompt_tokens, reused_tokens);
    }

    pub(super) fn write(&self, text: &str, tokens: Vec<TokenReport>) {
        // A piece is a token, except where tokens are told one by one.
        self.meter.add(tokens.len().max(1));
        let tokens = tokens.into_iter().map(|token| TokenInfo {
            bytes: token.bytes,
            logprob: token.logprob,
            top: token.top,
        });
        self.stream.write(text, tokens.collect());
    }

    pub(super) fn finish(&self, report: &FinishedReport) {
        let (prompt_tokens, reused_tokens) = self.prompt;
        lock(&self.counters).add_finished(
            &self.model,
            report,
            prompt_tokens,
            self.stream.waited().unwrap_or_default(),
        );
        self.stream.finish(Finished {
            reason: if report.is_cut {
                FinishReason::Length
            } else {
                FinishReason::Stop
            },
            prompt_tokens,
            reused_tokens,
            new_tokens: report.new_tokens,
            drafted_tokens: report.drafted_tokens,
            accepted_tokens: report.accepted_tokens,
            mean_probability: Some(report.mean_probability),
            weights: Some(self.weights),
            template: self.template,
            waiting_us: 0,
            prompt_us: report.prompt_us,
            writing_us: report.writing_us,
        });
    }

    pub(super) fn refuse_by_engine(&self, refusal: Refusal) {
        let model = self.model.clone();
        self.fail(match refusal {
            Refusal::TooLong {
                prompt_tokens,
                context_tokens,
            } => WritingError::TooLong {
                model,
                prompt_tokens,
                context_tokens,
            },
            Refusal::Invalid(reason) => WritingError::Refused(reason),
            Refusal::Failed(reason) => WritingError::Failed { model, reason },
        });
    }

    pub(super) fn refuse(&self, reason: String) {
        self.fail(WritingError::Refused(reason));
    }

    fn fail(&self, error: WritingError) {
        lock(&self.counters).failed += 1;
        self.stream.fail(error);
    }
}
