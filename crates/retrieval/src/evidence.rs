//! What speaks for an item as the answer to a question, as a few numbers that a person can check. How much each of them
//! counts is in `calibration`.

use domain::knowledge::{Item, ItemBody};

use crate::terms::{Term, find_language, find_terms, identifiers};

/// Number of features of a piece of evidence, in both rungs.
pub const FEATURES: usize = 7;

/// Names of the features, in the order of [`Evidence::features`].
pub const FEATURE_NAMES: [&str; FEATURES] = [
    "similarity",
    "margin",
    "coverage",
    "overlap",
    "name",
    "language",
    "rank",
];

/// What speaks for one item.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Evidence {
    /// Cosine of the question and the nearest text of the item, −1 to 1; `None` where there are no vectors.
    pub cosine: Option<f32>,
    /// How much higher the similarity (cosine, else overlap) is than that of the best item of another name; below 0 when it
    /// is lower.
    pub margin: f32,
    /// Weight of the question's terms that the item holds anywhere, as a part of all, 0 to 1.
    pub coverage: f32,
    /// Weight of terms shared with the most similar text of the item, as a part of the terms of both (weighted Dice), 0 to 1.
    pub overlap: f32,
    /// 1 when the question names the entry point or holds every telling word of the title or of an alias, else 0.
    pub name: f32,
    /// 1 when the question names the language of the item, −1 when it names another, else 0.
    pub language: f32,
    /// 1 for the best result of the full-text search, a half for the second, a third for the next; 0 when not found by it. The
    /// same thing in two languages has one place.
    pub rank: f32,
}

impl Evidence {
    /// The numbers that are weighed. Where there is no cosine the first is 0. Another language than the one named is left to
    /// the verdict: the item may still be the right one to offer.
    pub fn features(&self) -> [f32; FEATURES] {
        [
            self.cosine.unwrap_or(0.0),
            self.margin,
            self.coverage,
            self.overlap,
            self.name,
            self.language.max(0.0),
            self.rank,
        ]
    }
}

/// A question, read once for all items.
#[derive(Debug)]
pub struct Question {
    terms: Vec<Term>,
    identifiers: Vec<String>,
    language: Option<domain::Language>,
}

/// An item with the similarity and the rank that searching gave it.
#[derive(Debug, Clone, Copy)]
pub struct Found<'a> {
    /// The item.
    pub item: &'a Item,
    /// Cosine of its nearest text.
    pub cosine: Option<f32>,
    /// Place in the full-text search, 0 for the best.
    pub rank: Option<usize>,
}

impl Question {
    /// Reads a question.
    pub fn new(text: &str) -> Self {
        Self {
            terms: find_terms(text),
            identifiers: identifiers(text).map(str::to_lowercase).collect(),
            language: find_language(text),
        }
    }

    /// The evidence for each of the items found, in their order.
    pub fn weigh(&self, found: &[Found<'_>]) -> Vec<Evidence> {
        let mut evidence: Vec<Evidence> = found.iter().map(|found| self.weigh_one(found)).collect();
        let similarities: Vec<f32> = evidence
            .iter()
            .map(|evidence| evidence.cosine.unwrap_or(evidence.overlap))
            .collect();
        for (at, evidence) in evidence.iter_mut().enumerate() {
            let comparable =
                |other: &Found<'_>| other.cosine.is_some() == found[at].cosine.is_some();
            let best_other = found
                .iter()
                .zip(&similarities)
                .filter(|(other, _)| comparable(other) && !same_name(other.item, found[at].item))
                .map(|(_, similarity)| *similarity)
                .fold(0.0, f32::max);
            evidence.margin = similarities[at] - best_other;
            // The same task in two languages shares its place; otherwise chance decides which of them comes first.
            evidence.rank = found
                .iter()
                .filter(|other| same_name(other.item, found[at].item))
                .map(|other| share_of_rank(other.rank))
                .fold(0.0, f32::max);
        }
        evidence
    }

    /// The evidence for one item, its margin and rank still open.
    fn weigh_one(&self, found: &Found<'_>) -> Evidence {
        let item = found.item;
        let texts: Vec<Vec<Term>> = item
            .embedded_texts()
            .iter()
            .map(|text| find_terms(text))
            .collect();
        let names: Vec<Term> = entry_point(item).map(find_terms).unwrap_or_default();
        let total = weigh_terms(&self.terms);
        let held = |term: &&Term| {
            texts
                .iter()
                .flatten()
                .chain(&names)
                .any(|t| t.text == term.text)
        };
        let covered: f32 = self.terms.iter().filter(held).map(|term| term.weight).sum();
        let overlap = texts
            .iter()
            .map(|text| dice(&self.terms, text))
            .fold(0.0, f32::max);
        Evidence {
            cosine: found.cosine,
            margin: 0.0,
            coverage: if total > 0.0 { covered / total } else { 0.0 },
            overlap,
            name: f32::from(u8::from(self.names(item, &texts))),
            language: self.agrees(item),
            rank: 0.0,
        }
    }

    fn names(&self, item: &Item, texts: &[Vec<Term>]) -> bool {
        let by_entry_point =
            entry_point(item).is_some_and(|name| self.identifiers.contains(&name.to_lowercase()));
        let title = texts.first().into_iter();
        by_entry_point || title.into_iter().any(|title| self.holds_all(title))
    }

    /// Whether every telling term of `name` is in the question, and there is at least one.
    fn holds_all(&self, name: &[Term]) -> bool {
        let mut telling = name.iter().filter(|term| term.weight > 0.4).peekable();
        telling.peek().is_some()
            && telling.all(|term| self.terms.iter().any(|own| own.text == term.text))
    }

    fn agrees(&self, item: &Item) -> f32 {
        match (self.language, item.language()) {
            (Some(asked), Some(has)) if asked == has => 1.0,
            (Some(_), Some(_)) => -1.0,
            (None, _) | (_, None) => 0.0,
        }
    }
}

/// 1 for the first place, a half for the second, and so on; 0 for none.
#[expect(clippy::cast_precision_loss, reason = "a rank is a small number")]
fn share_of_rank(rank: Option<usize>) -> f32 {
    rank.map_or(0.0, |rank| 1.0 / (rank as f32 + 1.0))
}

/// The function, class or table a task is about.
fn entry_point(item: &Item) -> Option<&str> {
    match &item.body {
        ItemBody::Task(task) => task.entry_point.as_deref(),
        ItemBody::Concept(_) => None,
    }
}

/// Whether two items are the same thing in two languages: they have one title or one last part of the key.
fn same_name(a: &Item, b: &Item) -> bool {
    let last = |item: &Item| item.key.rsplit('/').next().map(str::to_owned);
    a.id == b.id || a.title.eq_ignore_ascii_case(&b.title) || last(a) == last(b)
}

fn weigh_terms(terms: &[Term]) -> f32 {
    terms.iter().map(|term| term.weight).sum()
}

/// Twice the weight of the shared terms over the weight of both; 0 when neither has any.
fn dice(a: &[Term], b: &[Term]) -> f32 {
    let shared: f32 = a
        .iter()
        .filter(|term| b.iter().any(|other| other.text == term.text))
        .map(|term| term.weight)
        .sum();
    let both = weigh_terms(a) + weigh_terms(b);
    if both > 0.0 { 2.0 * shared / both } else { 0.0 }
}
