//! Routing by meaning: a message is compared with example messages of every intent and field, its words are read for cues,
//! and a small calibrated model turns both into probabilities. No language model runs, and nothing here is random.

mod calibration;
mod cues;
mod prototypes;
mod utterances;

use std::sync::Arc;

use async_trait::async_trait;
use domain::ask::Topic;
use domain::embedding::Embedder;
use domain::routing::{Intent, IntentRouter, RouteDecision, RouteRung};

use cues::{Cues, is_follow_up, read_cues};
use prototypes::{Prototypes, SIMILARITIES, Similarities};

pub use calibration::{RouterModel, SEMANTIC_MODEL, WORDS_MODEL};

/// Bytes of a message that are looked at.
const MESSAGE_BYTES_MAX: usize = 4 * 1024;

/// Earlier messages that are looked through for the one a follow-up leans on.
const HISTORY_MAX: usize = 8;

/// Share of the earlier message in the decision about a follow-up that has no clear wish of its own.
const HISTORY_SHARE: f32 = 0.8;

/// From this strength on the words of a follow-up say themselves what is wanted.
const CLEAR_CUE: f32 = 0.8;

/// Number of features of a message.
pub const ROUTE_FEATURES: usize = 7 + SIMILARITIES;

/// Names of the features, in the order of [`RouteEvidence::features`]; without an encoder the similarities are 0.
pub const ROUTE_FEATURE_NAMES: [&str; ROUTE_FEATURES] = [
    "generate words",
    "explain words",
    "chat words",
    "programming words",
    "notation",
    "data-science words",
    "length",
    "like generate, data science",
    "like generate, other",
    "like explain, data science",
    "like explain, other",
    "like none",
];

/// What a message shows about where it should go.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct RouteEvidence {
    cues: Cues,
    similarities: Option<Similarities>,
}

impl RouteEvidence {
    /// The numbers that are weighed, in the order of [`ROUTE_FEATURE_NAMES`].
    pub fn features(&self) -> [f32; ROUTE_FEATURES] {
        let cues = self.cues;
        let [like_1, like_2, like_3, like_4, like_5] = self.similarities.unwrap_or_default();
        [
            cues.generate,
            cues.explain,
            cues.chat,
            cues.programming,
            cues.notation,
            cues.data_science,
            cues.length,
            like_1,
            like_2,
            like_3,
            like_4,
            like_5,
        ]
    }

    const fn model(&self) -> &'static RouterModel {
        match self.similarities {
            Some(_) => &SEMANTIC_MODEL,
            None => &WORDS_MODEL,
        }
    }
}

/// An example message with what it is an example of, and its evidence when it is itself left out of the comparison.
#[derive(Debug, Clone, Copy)]
pub struct RouteExample {
    /// What it shows.
    pub evidence: RouteEvidence,
    /// What it asks for.
    pub intent: Intent,
    /// Its field.
    pub topic: Topic,
}

/// Routes messages by meaning, or by words alone when there is no encoder.
pub struct SemanticRouter {
    embedder: Arc<dyn Embedder>,
    prototypes: tokio::sync::Mutex<Option<Arc<Prototypes>>>,
}

impl SemanticRouter {
    /// A router that has embedded nothing yet.
    pub fn new(embedder: Arc<dyn Embedder>) -> Self {
        Self {
            embedder,
            prototypes: tokio::sync::Mutex::new(None),
        }
    }

    /// Embeds the example messages, so that the first message need not wait for it; run it beside the start of the server.
    /// Returns whether the router can now decide by meaning.
    pub async fn warm_up(&self) -> bool {
        self.find_prototypes().await.is_some()
    }

    /// What `message` shows, taken alone.
    pub async fn read_evidence(&self, message: &str) -> RouteEvidence {
        let evidence = self.read_all(&[message]).await;
        evidence
            .into_iter()
            .next()
            .unwrap_or_else(|| words_alone(message))
    }

    /// The example messages, each compared with all others; empty without an encoder. Calibration is fitted to these too.
    pub async fn list_examples(&self) -> Vec<RouteExample> {
        self.find_prototypes()
            .await
            .map_or_else(Vec::new, |prototypes| {
                prototypes
                    .list_left_out()
                    .into_iter()
                    .map(|(text, similarities, intent, topic)| RouteExample {
                        evidence: RouteEvidence {
                            cues: read_cues(text),
                            similarities: Some(similarities),
                        },
                        intent,
                        topic,
                    })
                    .collect()
            })
    }

    /// The evidence of each message, embedded together; by words alone when that fails.
    async fn read_all(&self, messages: &[&str]) -> Vec<RouteEvidence> {
        let messages: Vec<String> = messages
            .iter()
            .map(|message| without_code(message))
            .collect();
        let vectors = self.embedder.embed(&messages).await.unwrap_or_default();
        let prototypes = if vectors.len() == messages.len() {
            self.find_prototypes().await
        } else {
            None
        };
        messages
            .iter()
            .enumerate()
            .map(|(at, message)| RouteEvidence {
                cues: read_cues(message),
                similarities: prototypes
                    .as_ref()
                    .and_then(|prototypes| prototypes.compare(vectors.get(at)?)),
            })
            .collect()
    }

    /// The embedded examples, made now when they are missing or of another encoder.
    async fn find_prototypes(&self) -> Option<Arc<Prototypes>> {
        let mut held = self.prototypes.lock().await;
        if let Some(prototypes) = held.as_ref()
            && prototypes.encoder() == self.embedder.encoder()
        {
            return Some(Arc::clone(prototypes));
        }
        match Prototypes::embed(self.embedder.as_ref()).await {
            Ok(made) => {
                let made = Arc::new(made);
                *held = Some(Arc::clone(&made));
                Some(made)
            }
            Err(error) => {
                tracing::debug!(%error, "routing by words alone");
                None
            }
        }
    }
}

fn words_alone(message: &str) -> RouteEvidence {
    RouteEvidence {
        cues: read_cues(message),
        similarities: None,
    }
}

#[async_trait]
impl IntentRouter for SemanticRouter {
    async fn route(&self, message: &str, history: &[String]) -> RouteDecision {
        if without_code(message).trim().is_empty() && !message.trim().is_empty() {
            return only_code();
        }
        let leaned_on = find_leaned_on(message, history);
        let asked: Vec<&str> = std::iter::once(message).chain(leaned_on).collect();
        let mut evidence = self.read_all(&asked).await.into_iter();
        let own = evidence.next().unwrap_or_else(|| words_alone(message));
        decide(&own, evidence.next().as_ref())
    }
}

/// Code with no word beside it: nothing can be meant but to explain it.
const fn only_code() -> RouteDecision {
    RouteDecision {
        intent: Intent::Explain,
        topic: Topic::Other,
        scores: [0.1, 0.8, 0.1],
        rung: RouteRung::Lexical,
    }
}

/// The earlier message that a follow-up leans on: the last one that stands on its own, else the last one.
fn find_leaned_on<'a>(message: &str, history: &'a [String]) -> Option<&'a str> {
    if !is_follow_up(message) {
        return None;
    }
    let recent = || history.iter().rev().take(HISTORY_MAX);
    recent()
        .find(|earlier| !is_follow_up(earlier))
        .or_else(|| recent().next())
        .map(String::as_str)
}

fn decide(own: &RouteEvidence, leaned_on: Option<&RouteEvidence>) -> RouteDecision {
    let model = own.model();
    let mut scores = model.intent(own);
    let mut data_science = model.data_science(own);
    if let Some(earlier) = leaned_on {
        let is_clear = own.cues.explain.max(own.cues.generate) >= CLEAR_CUE;
        let before = earlier.model().intent(earlier);
        scores = if is_clear {
            by_own_cue(own.cues)
        } else {
            mix(scores, before)
        };
        data_science = data_science.max(earlier.model().data_science(earlier));
    }
    RouteDecision {
        intent: choose(scores, model.sure),
        topic: if data_science >= 0.5 {
            Topic::DataScience
        } else {
            Topic::Other
        },
        scores,
        rung: match own.similarities {
            Some(_) => RouteRung::Semantic,
            None => RouteRung::Lexical,
        },
    }
}

/// A follow-up such as `why?` or `write it in rust`: its own wish, about what was said before.
fn by_own_cue(cues: Cues) -> [f32; 3] {
    if cues.explain > cues.generate {
        [0.08, 0.9, 0.02]
    } else {
        [0.9, 0.08, 0.02]
    }
}

fn mix(own: [f32; 3], before: [f32; 3]) -> [f32; 3] {
    std::array::from_fn(|at| (1.0 - HISTORY_SHARE) * own[at] + HISTORY_SHARE * before[at])
}

/// The likelier wish when it is likely enough, else none.
fn choose([generate, explain, none]: [f32; 3], sure: f32) -> Intent {
    let (best, intent) = if generate >= explain {
        (generate, Intent::Generate)
    } else {
        (explain, Intent::Explain)
    };
    if best >= sure && best >= none {
        intent
    } else {
        Intent::None
    }
}

/// The message without fenced code, cut to what is looked at.
fn without_code(message: &str) -> String {
    let prose: Vec<&str> = message.split("```").step_by(2).collect();
    let prose = prose.join("\n");
    let end = prose.floor_char_boundary(MESSAGE_BYTES_MAX);
    prose.get(..end).unwrap_or_default().to_owned()
}

#[cfg(test)]
mod tests;
