//! The sentences about time.

use super::{Cost, Estimate, Measure, Size};
use crate::render::wording::{code, join};
use crate::scope::Nature;
use crate::text::Put;

/// What sizes are called, in the order they are met.
const LETTERS: [&str; 6] = ["n", "m", "k", "p", "q", "r"];

impl Estimate<'_, '_> {
    /// The sentences about time.
    pub(super) fn time(&self) -> String {
        let calls: Vec<String> = self
            .unknown_calls
            .iter()
            .take(4)
            .map(|name| code(name))
            .collect();
        let more = if self.unknown_calls.len() > 4 {
            " and others"
        } else {
            ""
        };
        if !self.unknown_loops.is_empty() {
            let lines: Vec<String> = self.unknown_loops.iter().map(ToString::to_string).collect();
            return format!(
                "not known: how often the loop{} at line {} go{} round cannot be told from the code.",
                if lines.len() == 1 { "" } else { "s" },
                join(&lines, "and"),
                if lines.len() == 1 { "es" } else { "" },
            );
        }
        if self.terms.is_empty() && !calls.is_empty() {
            return format!(
                "the cost of {}{more}, which cannot be told from the code. Nothing else depends on the size of the input.",
                if more.is_empty() {
                    join(&calls, "and")
                } else {
                    calls.join(", ")
                }
            );
        }
        let mut text = self.formula();
        if !calls.is_empty() {
            text.put(format_args!(
                " The cost of {}{more} is not counted, because the code does not tell it.",
                if more.is_empty() {
                    join(&calls, "and")
                } else {
                    calls.join(", ")
                }
            ));
        }
        if !self.linear_calls.is_empty() {
            let names: Vec<String> = self
                .linear_calls
                .iter()
                .take(4)
                .map(|name| {
                    if name == "a slice" {
                        name.clone()
                    } else {
                        code(name)
                    }
                })
                .collect();
            text.put(format_args!(
                " Each {} inside the loop counts as one step, and takes longer the more it goes through.",
                join(&names, "or")
            ));
        }
        if self.assumes_hashing {
            text.push_str(" A look-up by key is taken to need constant time.");
        }
        if self.has_callback {
            text.push_str(" Each call of a function that is handed on counts as one step.");
        }
        text
    }

    fn formula(&self) -> String {
        let [first, ..] = self.terms.as_slice() else {
            return "O(1): nothing here is repeated.".to_owned();
        };
        let products: Vec<String> = self.terms.iter().map(|term| self.product(term)).collect();
        let legend: Vec<String> = self
            .distinct()
            .iter()
            .map(|size| format!("{} is {}", self.letter(size), self.phrase(size)))
            .collect();
        if legend.is_empty() {
            return format!(
                "O(log n), where n is the size of the range at the start: the loop at line {} halves it in every round.",
                first.line
            );
        }
        let why = match (self.terms.len(), first.sizes.len(), first.line) {
            (1, _, 0) => String::new(),
            (1, 1, line) if first.logs == 0 => {
                format!(" The loop at line {line} goes round at most n times.")
            }
            (1, 1, line) => format!(" The loop at line {line} decides it."),
            (1, depth, line) => format!(
                " {} loops lie inside each other, starting at line {line}.",
                number_word(depth)
            ),
            (parts, ..) => format!(" {} parts come one after the other.", number_word(parts)),
        };
        format!(
            "O({}), where {}.{why}",
            products.join(" + "),
            join(&legend, "and")
        )
    }

    /// The sizes in use, each once.
    fn distinct(&self) -> Vec<&Size> {
        let mut distinct: Vec<&Size> = Vec::new();
        for size in self.terms.iter().flat_map(|term| &term.sizes) {
            if !distinct.iter().any(|known| known.name == size.name) {
                distinct.push(size);
            }
        }
        distinct
    }

    /// What a size is called in the formulas.
    pub(super) fn letter(&self, size: &Size) -> &'static str {
        let at = self
            .distinct()
            .iter()
            .position(|known| known.name == size.name);
        at.and_then(|at| LETTERS.get(at)).copied().unwrap_or("n")
    }

    pub(super) fn product(&self, term: &Cost) -> String {
        let mut factors: Vec<String> = Vec::new();
        let mut done: Vec<&str> = Vec::new();
        for size in &term.sizes {
            if done.contains(&size.name.as_str()) {
                continue;
            }
            done.push(&size.name);
            let power = term
                .sizes
                .iter()
                .filter(|other| other.name == size.name)
                .count();
            let letter = self.letter(size);
            factors.push(match power {
                1 => letter.to_owned(),
                2 => format!("{letter}²"),
                3 => format!("{letter}³"),
                more => format!("{letter}^{more}"),
            });
        }
        let mut text = factors.join(" · ");
        if term.logs > 0 {
            let of = term.sizes.first().map_or("n", |size| self.letter(size));
            text.put(format_args!(
                "{}log {of}",
                if text.is_empty() { "" } else { " " }
            ));
        }
        text
    }

    /// What a size is.
    pub(super) fn phrase(&self, size: &Size) -> String {
        let name = &size.name;
        match size.measure {
            Measure::Items if self.scope.nature_of(name.trim_matches('`')) == Nature::Text => {
                format!("the length of {name}")
            }
            Measure::Items => format!("the number of items in {name}"),
            Measure::Value => format!("the value of {name}"),
            Measure::Either => format!("the size (or value) of {name}"),
            Measure::Received => format!("the number of values received from {name}"),
            Measure::Phrase => name.clone(),
        }
    }
}

/// A small number at the start of a sentence.
fn number_word(number: usize) -> String {
    match number {
        2 => "Two".to_owned(),
        3 => "Three".to_owned(),
        4 => "Four".to_owned(),
        more => more.to_string(),
    }
}
