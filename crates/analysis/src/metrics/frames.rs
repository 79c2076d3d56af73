//! What is counted of one function while its tree is walked.

use super::halstead::{Halstead, Unit};

/// A function, or what is outside of all functions.
#[derive(Debug, Default)]
pub(super) struct Frame<'a> {
    /// With its class.
    pub(super) name: String,
    pub(super) plain_name: &'a str,
    /// What may stand before the name in a call to itself: nothing, `self.`.
    pub(super) own_prefixes: Vec<String>,
    pub(super) start: usize,
    pub(super) line: u32,
    pub(super) lines: u32,
    pub(super) parameters: u32,
    /// Lies in another function.
    pub(super) is_inner: bool,
    pub(super) decisions: i64,
    pub(super) breaks: u32,
    pub(super) calls_itself: bool,
    /// Control flow around the present place.
    pub(super) nesting: u32,
    pub(super) nesting_max: u32,
    /// What the next structure costs more.
    pub(super) depth: u32,
    pub(super) halstead: Halstead<'a>,
}

impl Frame<'_> {
    /// Independent ways through.
    pub(super) fn cyclomatic(&self) -> u32 {
        u32::try_from(self.decisions.max(0))
            .unwrap_or(u32::MAX - 1)
            .saturating_add(1)
    }

    /// Breaks of the flow, each with its nesting, and one for recursion.
    pub(super) fn cognitive(&self) -> u32 {
        self.breaks.saturating_add(u32::from(self.calls_itself))
    }

    /// Counts a structure that costs more the deeper it lies.
    pub(super) const fn break_here(&mut self) {
        self.breaks = self.breaks.saturating_add(self.depth).saturating_add(1);
    }

    /// Counts what costs the same everywhere.
    pub(super) const fn break_flat(&mut self) {
        self.breaks = self.breaks.saturating_add(1);
    }

    pub(super) fn unit(&self) -> Unit {
        Unit {
            volume: self.halstead.volume(),
            cyclomatic: self.cyclomatic(),
            lines: self.lines,
        }
    }
}
