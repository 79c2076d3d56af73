//! What speaks for and against an item as the answer to a question, as a few numbers that a person can check. How much each of
//! them counts is in `calibration`.

use std::collections::HashSet;
use std::sync::Arc;

use domain::Language;
use domain::knowledge::{Item, ItemBody};

use crate::terms::{
    Term, find_language, find_terms, identifiers, list_forms, names_foreign_language,
};

/// Number of features of a piece of evidence, in both rungs.
pub const FEATURES: usize = 14;

/// Names of the features, in the order of [`Evidence::features`].
pub const FEATURE_NAMES: [&str; FEATURES] = [
    "similarity",
    "mean",
    "margin",
    "coverage",
    "depth",
    "overlap",
    "recall",
    "name",
    "language",
    "rank",
    "length",
    "uncovered",
    "alien",
    "specialist",
];

/// Bytes of an item's body whose words are looked at.
const BODY_BYTES_MAX: usize = 64 * 1024;

/// Words of the field that an item lacks, counted up to here.
const ALIEN_MAX: f32 = 2.0;

/// What speaks for and against one item.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Evidence {
    /// Cosine of the question and the nearest text of the item, −1 to 1; `None` where there are no vectors.
    pub cosine: Option<f32>,
    /// Mean cosine of the question and all texts of the item, −1 to 1; 0 where there are no vectors.
    pub mean: f32,
    /// How much higher the similarity (cosine, else overlap) is than that of the best item of another name; below 0 when it
    /// is lower.
    pub margin: f32,
    /// Weight of the question's terms that title, description, phrasings or entry point hold, as a part of all, 0 to 1.
    pub coverage: f32,
    /// The same, with the code of a task or the text of a concept.
    pub depth: f32,
    /// Weight of terms shared with the most similar text of the item, as a part of the terms of both (weighted Dice), 0 to 1.
    pub overlap: f32,
    /// Weight of the terms of one of its texts that the question holds, as a part of all of that text, 0 to 1; the best text.
    pub recall: f32,
    /// 1 when the question names the entry point or holds every telling word of the title or of an alias, else 0.
    pub name: f32,
    /// 1 when the question names the language of the item, −1 when it names another, else 0.
    pub language: f32,
    /// 1 for the best result of the full-text search, a half for the second, a third for the next; 0 when not found by it. The
    /// same thing in two languages has one place.
    pub rank: f32,
    /// Number of terms of the question; the same for every item.
    pub length: f32,
    /// Weight of the question's terms that the item holds nowhere, body included.
    pub uncovered: f32,
    /// Terms of the question that name something particular of the field and that the item holds nowhere, 2 at most.
    pub alien: f32,
    /// 1 when the item holds such a term of the question in its short texts, else 0.
    pub specialist: f32,
    /// Whether the question has telling terms and the item holds none of them: what they share, any two questions share. No
    /// feature, for a paraphrase may do without them; words alone must not.
    pub is_bare: bool,
}

impl Evidence {
    /// The numbers that are weighed. Where there is no cosine the first two are 0. Another language than the one named is left
    /// to the verdict: the item may still be the right one to offer.
    pub fn features(&self) -> [f32; FEATURES] {
        [
            self.cosine.unwrap_or(0.0),
            self.mean,
            self.margin,
            self.coverage,
            self.depth,
            self.overlap,
            self.recall,
            self.name,
            self.language.max(0.0),
            self.rank,
            self.length,
            self.uncovered,
            self.alien,
            self.specialist,
        ]
    }
}

/// The words of an item, read once.
#[derive(Debug)]
pub struct ItemWords {
    /// Terms of the title, the description and each phrasing.
    texts: Vec<Vec<Term>>,
    /// Plain forms in all of these and in the entry point.
    short: HashSet<String>,
    /// Plain forms in the code of a task or the text of a concept.
    body: HashSet<String>,
}

impl ItemWords {
    /// Reads an item.
    pub fn new(item: &Item) -> Self {
        let texts: Vec<Vec<Term>> = item
            .embedded_texts()
            .iter()
            .map(|text| find_terms(text))
            .collect();
        let names = entry_point(item).map(find_terms).unwrap_or_default();
        let short = texts.iter().flatten().chain(&names);
        let short = short.map(|term| term.text.clone()).collect();
        let body = match &item.body {
            ItemBody::Task(task) => list_forms(&task.code, BODY_BYTES_MAX),
            ItemBody::Concept(concept) => {
                let told = [&concept.beginner, &concept.technical, &concept.step_by_step];
                let forms = told.map(|text| list_forms(text, BODY_BYTES_MAX));
                forms.into_iter().flatten().collect()
            }
        };
        Self { texts, short, body }
    }
}

/// A question, read once for all items.
#[derive(Debug)]
pub struct Question {
    terms: Vec<Term>,
    identifiers: Vec<String>,
    language: Option<Language>,
    is_foreign: bool,
}

/// An item with the similarity and the rank that searching gave it.
#[derive(Debug, Clone)]
pub struct Found<'a> {
    /// The item.
    pub item: &'a Item,
    /// Its words.
    pub words: Arc<ItemWords>,
    /// Cosine of its nearest text, and the mean of all.
    pub cosines: Option<(f32, f32)>,
    /// Place in the full-text search, 0 for the best.
    pub rank: Option<usize>,
}

impl Question {
    /// Reads a question.
    pub fn new(text: &str) -> Self {
        let language = find_language(text);
        Self {
            terms: find_terms(text),
            identifiers: identifiers(text).map(str::to_lowercase).collect(),
            is_foreign: language.is_none() && names_foreign_language(text),
            language,
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
                |other: &Found<'_>| other.cosines.is_some() == found[at].cosines.is_some();
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
    #[expect(
        clippy::cast_precision_loss,
        reason = "a question has 64 terms at most"
    )]
    fn weigh_one(&self, found: &Found<'_>) -> Evidence {
        let words = found.words.as_ref();
        let in_short = |term: &Term| words.short.contains(&term.text);
        let in_any = |term: &Term| in_short(term) || words.body.contains(&term.text);
        let total = weigh_terms(&self.terms);
        let share = |part: f32| if total > 0.0 { part / total } else { 0.0 };
        let covered = weigh_where(&self.terms, in_short);
        let held = weigh_where(&self.terms, in_any);
        let special = || self.terms.iter().filter(|term| term.is_specialist);
        let telling = || self.terms.iter().filter(|term| term.weight >= 1.0);
        let best = |measure: fn(&[Term], &[Term]) -> f32| {
            let measures = words.texts.iter().map(|text| measure(&self.terms, text));
            measures.fold(0.0, f32::max)
        };
        Evidence {
            cosine: found.cosines.map(|(nearest, _)| nearest),
            mean: found.cosines.map_or(0.0, |(_, mean)| mean),
            margin: 0.0,
            coverage: share(covered),
            depth: share(held),
            overlap: best(dice),
            recall: best(recall),
            name: f32::from(u8::from(self.names(found.item, &words.texts))),
            language: self.agrees(found.item),
            rank: 0.0,
            length: self.terms.len() as f32,
            uncovered: total - held,
            alien: (special().filter(|term| !in_any(term)).count() as f32).min(ALIEN_MAX),
            specialist: f32::from(u8::from(special().any(in_short))),
            is_bare: telling().next().is_some() && !telling().any(in_any),
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
            (None, Some(_)) if self.is_foreign => -1.0,
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
pub(crate) fn same_name(a: &Item, b: &Item) -> bool {
    fn last(key: &str) -> Option<&str> {
        key.rsplit('/').next()
    }
    a.id == b.id || a.title.eq_ignore_ascii_case(&b.title) || last(&a.key) == last(&b.key)
}

fn weigh_terms(terms: &[Term]) -> f32 {
    weigh_where(terms, |_| true)
}

fn weigh_where(terms: &[Term], test: impl Fn(&Term) -> bool) -> f32 {
    let counted = terms.iter().filter(|term| test(term));
    counted.map(|term| term.weight).sum()
}

/// Twice the weight of the shared terms over the weight of both; 0 when neither has any.
fn dice(question: &[Term], text: &[Term]) -> f32 {
    let both = weigh_terms(question) + weigh_terms(text);
    let shared = weigh_where(question, |term| holds(text, term));
    if both > 0.0 { 2.0 * shared / both } else { 0.0 }
}

/// Weight of the terms of `text` that the question holds over that of all of them; 0 when it has none.
fn recall(question: &[Term], text: &[Term]) -> f32 {
    let all = weigh_terms(text);
    let shared = weigh_where(text, |term| holds(question, term));
    if all > 0.0 { shared / all } else { 0.0 }
}

fn holds(terms: &[Term], wanted: &Term) -> bool {
    terms.iter().any(|term| term.text == wanted.text)
}
