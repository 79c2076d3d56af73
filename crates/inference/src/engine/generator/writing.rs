//! One request while it is worked on: it takes logits, chooses tokens, and says what can be told. It does not know where its
//! tokens are computed.

use std::time::{Duration, Instant};

use llama_cpp_2::token::LlamaToken;

use super::costs::RowCosts;
use super::frame::{FinishedReport, TokenReport, WriteOrder};
use super::grammar::Grammar;
use super::lookup::Lookup;
use super::sampler::{Chosen, Constraint, Sampler, Scratch};
use super::text::{TextAssembly, Told};
use super::tokens::Tokeniser;

/// A request that is worked on.
pub(super) struct Writing {
    pub(super) id: u64,
    /// When it was begun, among all requests.
    pub(super) number: u64,
    pub(super) lookup: Option<Lookup>,
    /// Tokens that were guessed for the present step.
    pub(super) draft: Vec<LlamaToken>,
    sampler: Sampler,
    grammar: Option<Grammar>,
    text: TextAssembly,
    tells_tokens: bool,
    tokens_max: u32,
    /// Tokens to read before it is written on: the prompt, and after a pause what was written before it.
    read_length: usize,
    /// Whether it gave up its places in the context until another request ends.
    is_paused: bool,
    new_tokens: u32,
    drafted: u32,
    accepted: u32,
    probabilities: f64,
    begun: Instant,
    read: Option<Duration>,
}

/// What comes of one token.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Next {
    /// The text goes on with this token.
    Token(LlamaToken),
    /// The text is complete, after this token if there is one.
    End { is_cut: bool },
    /// No token may come next.
    Stuck,
}

impl Writing {
    pub(super) fn new(
        order: &WriteOrder,
        grammar: Option<Grammar>,
        prompt: &[LlamaToken],
        number: u64,
        costs: RowCosts,
    ) -> Self {
        Self {
            id: order.id,
            number,
            lookup: order
                .is_lookup
                .then(|| Lookup::new(prompt.len(), costs.break_even())),
            draft: Vec::new(),
            sampler: Sampler::new(&order.sampling, order.logprobs.unwrap_or(0), prompt),
            grammar,
            text: TextAssembly::new(&order.sampling.stop),
            tells_tokens: order.logprobs.is_some(),
            tokens_max: order.sampling.max_new_tokens,
            read_length: prompt.len(),
            is_paused: false,
            new_tokens: 0,
            drafted: 0,
            accepted: 0,
            probabilities: 0.0,
            begun: Instant::now(),
            read: None,
        }
    }

    /// Whether all is read that comes before the next token; `cached` tokens are in the context.
    pub(super) fn is_writing(&self, cached: usize) -> bool {
        cached >= self.read_length
    }

    /// Tokens to be read that are not in the context yet.
    pub(super) fn left_to_read(&self, cached: usize) -> usize {
        self.read_length.saturating_sub(cached)
    }

    pub(super) fn is_paused(&self) -> bool {
        self.is_paused
    }

    /// Stops until `resume`; all of its `tokens` have to be read again then.
    pub(super) fn pause(&mut self, tokens: usize) {
        self.is_paused = true;
        self.read_length = tokens;
        self.draft.clear();
    }

    pub(super) fn resume(&mut self) {
        self.is_paused = false;
    }

    /// Tokens it may write yet.
    pub(super) fn tokens_left(&self) -> usize {
        self.tokens_max.saturating_sub(self.new_tokens) as usize
    }

    /// Takes the logits of the next place and chooses what stands there; what can be told is added to `told`.
    pub(super) fn take(
        &mut self,
        logits: &[f32],
        tokeniser: &Tokeniser<'_>,
        scratch: &mut Scratch,
        told: &mut Told,
    ) -> Next {
        self.read.get_or_insert_with(|| self.begun.elapsed());
        let constraint = self.grammar.as_mut();
        let constraint = constraint.map(|grammar| grammar as &mut dyn Constraint);
        let Some(chosen) = self.sampler.choose(logits, constraint, scratch) else {
            return Next::Stuck;
        };
        let token = chosen.token;
        if tokeniser.ends_text(token) {
            return Next::End { is_cut: false };
        }
        self.sampler.accept(token);
        if let Some(grammar) = &mut self.grammar {
            grammar.accept(token);
        }
        self.new_tokens += 1;
        self.probabilities += f64::from(chosen.logprob).exp();
        let report = self.tells_tokens.then(|| report(chosen, tokeniser));
        let more = self.text.push(&tokeniser.piece(token), report);
        add(told, more);
        if told.is_stopped {
            Next::End { is_cut: false }
        } else if self.new_tokens >= self.tokens_max {
            Next::End { is_cut: true }
        } else {
            Next::Token(token)
        }
    }

    /// Takes note of how a draft came out.
    pub(super) fn count_draft(&mut self, drafted: usize, accepted: usize) {
        let count = |count: usize| u32::try_from(count).unwrap_or(u32::MAX);
        self.drafted = self.drafted.saturating_add(count(drafted));
        self.accepted = self.accepted.saturating_add(count(accepted));
    }

    /// What is told at the end. After a stop sequence nothing is held that may be told.
    pub(super) fn finish(&mut self, is_cut: bool, told: &mut Told) -> FinishedReport {
        if !told.is_stopped {
            add(told, self.text.finish());
        }
        let elapsed = self.begun.elapsed();
        let read = self.read.unwrap_or(elapsed);
        let micros = |duration: Duration| u64::try_from(duration.as_micros()).unwrap_or(u64::MAX);
        FinishedReport {
            id: self.id,
            is_cut,
            new_tokens: self.new_tokens,
            drafted_tokens: self.drafted,
            accepted_tokens: self.accepted,
            mean_probability: mean(self.probabilities, self.new_tokens),
            prompt_us: micros(read),
            writing_us: micros(elapsed.saturating_sub(read)),
        }
    }
}

fn add(told: &mut Told, more: Told) {
    told.text.push_str(&more.text);
    told.tokens.extend(more.tokens);
    told.is_stopped |= more.is_stopped;
}

fn report(chosen: Chosen, tokeniser: &Tokeniser<'_>) -> TokenReport {
    let top = chosen.top.into_iter();
    TokenReport {
        bytes: tokeniser.piece(chosen.token),
        logprob: chosen.logprob,
        top: top
            .map(|(token, logprob)| (tokeniser.piece(token), logprob))
            .collect(),
    }
}

fn mean(sum: f64, count: u32) -> f32 {
    #[expect(clippy::cast_possible_truncation, reason = "a mean of probabilities")]
    let mean = (sum / f64::from(count.max(1))) as f32;
    mean
}
