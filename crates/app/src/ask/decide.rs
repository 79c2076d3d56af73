//! Third to fifth step: where the message goes, what is known about it, and what the answer will be made of.

use domain::Language;
use domain::StoreError;
use domain::ask::{Mode, Outcome, Question, Source, Topic};
use domain::knowledge::{ItemBody, ItemFilter, ItemKind, Reader};
use domain::retrieval::{Hit, Query, Retrieval, Retriever, SearchRung, Verdict};
use domain::routing::{Intent, IntentRouter, RouteDecision, RouteRung};

use super::recall::{Memory, Request};
use super::receipt::{Facts, fact};
use super::rungs::Hired;

/// Sources shown with an answer at most.
const SOURCES_MAX: u32 = 5;

/// Probability of "explain" from which a request for code may have been meant as a question about an idea.
const EXPLAIN_SCORE_IN_DOUBT: f32 = 0.1;

/// What people say to have code changed.
const CHANGES: [&str; 18] = [
    "make",
    "change",
    "rewrite",
    "refactor",
    "shorten",
    "simplify",
    "fix",
    "add",
    "remove",
    "convert",
    "translate",
    "port",
    "optimise",
    "optimize",
    "rename",
    "extend",
    "improve",
    "turn",
];

/// Hits less likely to answer than this are not shown, unless it is the best one.
const SHOWN_SCORE_MIN: f32 = 0.02;

/// A hit this much better than the best code of the asked language is worth offering instead of it.
const OTHER_LANGUAGE_SCORE_MIN: f32 = 0.5;

/// Where the message goes. The user's mode overrides the router; code without words is there to be explained.
pub(super) async fn route(
    request: &Request,
    question: &Question,
    memory: &Memory,
    router: &dyn IntentRouter,
) -> RouteDecision {
    let words = if request.words.trim().is_empty() {
        "explain this code"
    } else {
        &request.words
    };
    let mut route = router.route(words, memory.questions()).await;
    route.intent = match (question.mode, request.code.is_some(), route.intent) {
        (Mode::Generate, _, _) => Intent::Generate,
        (Mode::Auto, true, Intent::None | Intent::Explain) if asks_for_change(&request.words) => {
            Intent::Generate
        }
        (Mode::Explain, _, _) | (Mode::Auto, true, Intent::None) => Intent::Explain,
        (Mode::Auto, true, Intent::Generate) if request.words.trim().is_empty() => Intent::Explain,
        (Mode::Auto, _, intent) => intent,
    };
    route
}

/// Whether the words begin by telling what to do with code that came with them.
fn asks_for_change(words: &str) -> bool {
    let mut words = words
        .split(|c: char| !c.is_alphanumeric())
        .filter(|word| !word.is_empty());
    let polite = ["please", "now", "can", "could", "you"];
    let first = words
        .by_ref()
        .map(str::to_lowercase)
        .find(|word| !polite.contains(&word.as_str()));
    first.is_some_and(|first| CHANGES.contains(&first.as_str()))
}

pub(super) fn route_facts(route: &RouteDecision) -> Facts {
    let [generate, explain, none] = route.scores;
    let intent = match route.intent {
        Intent::Generate => "generate",
        Intent::Explain => "explain",
        Intent::None => "none",
    };
    let rung = match route.rung {
        RouteRung::Semantic => "semantic",
        RouteRung::Lexical => "lexical",
    };
    vec![
        fact("intent", intent),
        fact(
            "topic",
            match route.topic {
                Topic::DataScience => "data-science",
                Topic::Other => "other",
            },
        ),
        fact(
            "scores",
            format!("generate {generate:.3}, explain {explain:.3}, none {none:.3}"),
        ),
        fact("rung", rung),
    ]
}

/// What was found; nothing when there was nothing to search for.
#[derive(Debug)]
pub(super) struct Found {
    retrieval: Option<Retrieval>,
}

impl Found {
    pub(super) fn sources(&self) -> Vec<Source> {
        let hits = self
            .retrieval
            .as_ref()
            .map_or(&[][..], |retrieval| &retrieval.hits);
        hits.iter().map(source_of).collect()
    }

    pub(super) fn facts(&self) -> Facts {
        let Some(retrieval) = &self.retrieval else {
            return vec![fact("searched", false)];
        };
        let verdict = match retrieval.verdict {
            Verdict::Known => "known",
            Verdict::Confirm => "confirm",
            Verdict::Unknown => "unknown",
        };
        let rung = match retrieval.rung {
            SearchRung::Hybrid => "hybrid",
            SearchRung::Lexical => "lexical",
        };
        let mut facts = vec![fact("verdict", verdict), fact("rung", rung)];
        facts.extend(retrieval.hits.iter().map(|hit| {
            let cosine = hit
                .cosine
                .map_or_else(|| "-".to_owned(), |cosine| format!("{cosine:.3}"));
            fact(
                &hit.item.key,
                format!("score {:.3}, cosine {cosine}", hit.score),
            )
        }));
        facts
    }
}

/// A hit as it is shown.
pub(super) fn source_of(hit: &Hit) -> Source {
    Source {
        item: hit.item.id,
        key: hit.item.key.clone(),
        title: hit.item.title.clone(),
        score: hit.score,
        language: hit.item.language(),
    }
}

/// Searches what the reader may see. Code of the user's own needs no search.
pub(super) async fn retrieve(
    request: &Request,
    route: &RouteDecision,
    mode: Mode,
    reader: Reader,
    retriever: &dyn Retriever,
    memory: &Memory,
) -> Result<Found, StoreError> {
    let is_own_code = request.code.is_some() && route.intent == Intent::Explain;
    if is_own_code || request.words.trim().is_empty() {
        return Ok(Found { retrieval: None });
    }
    let search = async |kind: Option<ItemKind>, language: Option<Language>| {
        let query = Query {
            text: request.words.clone(),
            filter: ItemFilter { kind, language },
            limit: SOURCES_MAX,
        };
        let found = retriever.retrieve(reader, &query).await?;
        Ok::<_, StoreError>(worth_showing(without(found, &memory.rejected)))
    };
    let (kind, other_kind) = kinds_for(route, mode);
    let wanted = request.language.filter(|_| kind == Some(ItemKind::Task));
    let mut best = search(kind, wanted).await?;
    if let Some(other_kind) = other_kind.filter(|_| best.verdict != Verdict::Known) {
        let language = request.language.filter(|_| other_kind == ItemKind::Task);
        let other = search(Some(other_kind), language).await?;
        if other.verdict == Verdict::Known {
            best = other;
        }
    }
    if wanted.is_some() && best.verdict != Verdict::Known {
        let elsewhere = search(kind, None).await?;
        let score = |found: &Retrieval| found.hits.first().map_or(0.0, |hit| hit.score);
        if score(&elsewhere) >= OTHER_LANGUAGE_SCORE_MIN && score(&elsewhere) > score(&best) {
            best = elsewhere;
        }
    }
    Ok(Found {
        retrieval: Some(best),
    })
}

/// The kind of item wanted, and the kind to fall back on. An idea without a note may still be a task whose code can be
/// explained. A request for code falls back on an idea only when the router was in doubt: whoever clearly asks for code is not
/// answered with prose.
fn kinds_for(route: &RouteDecision, mode: Mode) -> (Option<ItemKind>, Option<ItemKind>) {
    let [_, explain_score, _] = route.scores;
    match route.intent {
        Intent::Generate => {
            let is_in_doubt = mode == Mode::Auto && explain_score >= EXPLAIN_SCORE_IN_DOUBT;
            (
                Some(ItemKind::Task),
                is_in_doubt.then_some(ItemKind::Concept),
            )
        }
        Intent::Explain => (Some(ItemKind::Concept), Some(ItemKind::Task)),
        Intent::None => (None, None),
    }
}

/// Leaves out what hardly fits, but never the best hit.
fn worth_showing(mut found: Retrieval) -> Retrieval {
    let mut is_best = true;
    found
        .hits
        .retain(|hit| std::mem::take(&mut is_best) || hit.score >= SHOWN_SCORE_MIN);
    found
}

/// Leaves out what the user asked to be replaced, as long as something else is left.
fn without(mut found: Retrieval, rejected: &[domain::id::ItemId]) -> Retrieval {
    let rest: Vec<Hit> = found
        .hits
        .iter()
        .filter(|hit| !rejected.contains(&hit.item.id))
        .cloned()
        .collect();
    let is_worth_it = rest
        .first()
        .is_some_and(|hit| hit.score >= OTHER_LANGUAGE_SCORE_MIN);
    if is_worth_it && rest.len() < found.hits.len() {
        found.hits = rest;
    }
    found
}

/// What the answer is made of.
#[derive(Debug)]
pub(super) enum Plan {
    /// Explain the user's own code.
    ExplainCode,
    /// The user wants their code changed, which takes a language model.
    ChangeCode,
    /// Show verified code.
    ShowTask(Chosen),
    /// Explain the code of a task.
    ExplainTask(Chosen),
    /// Tell a concept.
    TellConcept(Chosen),
    /// Ask to be taught; the closest things known are named.
    AskToBeTaught {
        /// The closest things known.
        closest: Vec<Hit>,
    },
    /// Not a question about code.
    SayWhatIsPossible,
}

/// The item an answer is made from.
#[derive(Debug)]
pub(super) struct Chosen {
    /// The item and what else was found.
    pub(super) hits: Vec<Hit>,
    /// Whether the user is asked if this is what was meant.
    pub(super) outcome: Outcome,
    /// The language asked for, when the item is in another.
    pub(super) missing_language: Option<Language>,
}

impl Plan {
    /// What is planned, and what a language model is to do for it.
    pub(super) fn facts(&self, hired: Option<&Hired<'_>>) -> Facts {
        let name = match self {
            Self::ExplainCode => "explain the pasted code",
            Self::ChangeCode => "change code (needs a language model)",
            Self::ShowTask(_) => "show a task's code",
            Self::ExplainTask(_) => "explain a task's code",
            Self::TellConcept(_) => "tell a concept",
            Self::AskToBeTaught { .. } => "ask to be taught",
            Self::SayWhatIsPossible => "say what is possible",
        };
        let mut facts = vec![fact("plan", name)];
        if let Some(hired) = hired {
            let when = if hired.is_first {
                "first"
            } else {
                "when it fails"
            };
            facts.push(fact("model", hired.scribe.model()));
            facts.push(fact("its job", format!("{}, {when}", hired.job.name())));
        }
        facts
    }
}

pub(super) fn decide(
    request: &Request,
    route: &RouteDecision,
    question: &Question,
    found: Found,
) -> Plan {
    if request.code.is_some() {
        let wants_change = route.intent == Intent::Generate && question.mode != Mode::Explain;
        return if wants_change {
            Plan::ChangeCode
        } else {
            Plan::ExplainCode
        };
    }
    let Some(retrieval) = found.retrieval else {
        return Plan::SayWhatIsPossible;
    };
    let found_language = retrieval.hits.first().and_then(|hit| hit.item.language());
    let missing_language = request
        .language
        .filter(|wanted| found_language.is_some_and(|found| found != *wanted));
    let outcome = match (retrieval.verdict, missing_language) {
        (Verdict::Known, None) => Outcome::Answered,
        (Verdict::Known, Some(_)) | (Verdict::Confirm, _) => Outcome::Confirm,
        (Verdict::Unknown, _) => Outcome::Unknown,
    };
    // A message that asks for neither is answered only when what it names is known beyond doubt, which words alone never show.
    let is_beyond_doubt = outcome == Outcome::Answered && retrieval.rung == SearchRung::Hybrid;
    if route.intent == Intent::None && !is_beyond_doubt {
        return Plan::SayWhatIsPossible;
    }
    if outcome == Outcome::Unknown || retrieval.hits.is_empty() {
        return Plan::AskToBeTaught {
            closest: retrieval.hits,
        };
    }
    let is_concept = matches!(
        retrieval.hits.first().map(|hit| &hit.item.body),
        Some(ItemBody::Concept(_))
    );
    let chosen = Chosen {
        hits: retrieval.hits,
        outcome,
        missing_language,
    };
    match (is_concept, route.intent) {
        (true, _) => Plan::TellConcept(chosen),
        (false, Intent::Explain) => Plan::ExplainTask(chosen),
        (false, Intent::Generate | Intent::None) => Plan::ShowTask(chosen),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_to_be_done_with_code_is_told_by_the_first_word() {
        for words in [
            "make this shorter",
            "Please fix it",
            "can you add type hints?",
        ] {
            assert!(asks_for_change(words), "{words}");
        }
        for words in ["what does this add?", "explain how to make it", ""] {
            assert!(!asks_for_change(words), "{words}");
        }
    }
}
