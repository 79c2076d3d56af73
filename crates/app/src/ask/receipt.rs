//! Writes down how an answer comes about, step by step.

use std::fmt::Display;
use std::time::Instant;

use domain::Clock;
use domain::ask::{Receipt, ReceiptStep, WrittenText};
use domain::id::{Entropy, ReceiptId};

/// What a step found, as name and value.
pub(super) type Facts = Vec<(String, String)>;

/// A fact.
pub(super) fn fact(name: &str, value: impl Display) -> (String, String) {
    (name.to_owned(), format!("{value}"))
}

/// Collects the steps of one answer.
pub(super) struct ReceiptWriter {
    steps: Vec<ReceiptStep>,
    writings: Vec<WrittenText>,
    step_began: Instant,
}

impl ReceiptWriter {
    pub(super) fn begin() -> Self {
        Self {
            steps: Vec::with_capacity(8),
            writings: Vec::new(),
            step_began: Instant::now(),
        }
    }

    /// Ends the present step and begins the next.
    pub(super) fn step(&mut self, name: &str, facts: Facts) {
        let duration_us = u64::try_from(self.step_began.elapsed().as_micros()).unwrap_or(u64::MAX);
        self.steps.push(ReceiptStep {
            name: name.to_owned(),
            duration_us,
            facts,
        });
        self.step_began = Instant::now();
    }

    /// Keeps what language models wrote.
    pub(super) fn keep(&mut self, writings: Vec<WrittenText>) {
        self.writings = writings;
    }

    pub(super) fn finish(self, encoder: &str, clock: &dyn Clock, entropy: &dyn Entropy) -> Receipt {
        let now = clock.now();
        Receipt {
            id: ReceiptId::new(now, entropy),
            version: env!("CARGO_PKG_VERSION").to_owned(),
            encoder: encoder.to_owned(),
            steps: self.steps,
            writings: self.writings,
            created_at: now,
        }
    }
}
