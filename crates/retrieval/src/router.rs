//! Routing by meaning: a linear model over the vector of a message and over cues in its words gives the probability of each
//! intent and field. It is learned beforehand; no language model runs, and nothing here is random.

mod calibration;
mod cues;
mod utterances;

use std::borrow::Cow;
use std::sync::Arc;

use async_trait::async_trait;
use domain::ask::Topic;
use domain::embedding::Embedder;
use domain::routing::{Intent, IntentRouter, RouteDecision, RouteRung};

use calibration::{SHIPPED, SURE};
use cues::{Cues, is_follow_up, read_cues};
use utterances::GROUPS;

pub use calibration::{FeatureWeights, ROUTE_ROWS, RouterWeights};

/// Bytes of a message that are looked at.
const MESSAGE_BYTES_MAX: usize = 4 * 1024;

/// Earlier messages that are looked through for the one a follow-up leans on.
const HISTORY_MAX: usize = 8;

/// Share of the earlier message in the decision about a follow-up that has no clear wish of its own.
const HISTORY_SHARE: f32 = 0.8;

/// From this strength on the words of a follow-up say themselves what is wanted.
const CLEAR_CUE: f32 = 0.8;

/// Number of features of a message.
pub const ROUTE_FEATURES: usize = 7;

/// What a message shows about where it should go.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct RouteEvidence {
    cues: Cues,
    /// How far its vector goes along each row of the weights; `None` without an encoder that these understand.
    along: Option<[f32; ROUTE_ROWS]>,
}

impl RouteEvidence {
    /// What the words of `message` show.
    pub fn of_words(message: &str) -> Self {
        Self {
            cues: read_cues(message),
            along: None,
        }
    }

    /// What the words show, as the numbers that are weighed: words that ask for code, for an explanation, that chat; words of
    /// programming, notation, words of data science; length. Each 0 to 1.
    pub fn features(&self) -> [f32; ROUTE_FEATURES] {
        let cues = self.cues;
        [
            cues.generate,
            cues.explain,
            cues.chat,
            cues.programming,
            cues.notation,
            cues.data_science,
            cues.length,
        ]
    }
}

/// An example message with what it is an example of.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct RouteExample {
    /// The message.
    pub text: &'static str,
    /// What it asks for.
    pub intent: Intent,
    /// Its field.
    pub topic: Topic,
}

/// The messages that the weights are learned from, beside the questions for development.
pub fn list_examples() -> Vec<RouteExample> {
    let examples = GROUPS.iter().flat_map(|(texts, intent, topic)| {
        texts.iter().map(|text| RouteExample {
            text,
            intent: *intent,
            topic: *topic,
        })
    });
    examples.collect()
}

/// Routes messages by meaning, or by words alone when there is no encoder or one that the weights were not made for.
pub struct SemanticRouter {
    embedder: Arc<dyn Embedder>,
    weights: Cow<'static, RouterWeights>,
}

impl SemanticRouter {
    /// A router with the weights that CodeGenie comes with.
    pub fn new(embedder: Arc<dyn Embedder>) -> Self {
        Self {
            embedder,
            weights: Cow::Borrowed(&SHIPPED),
        }
    }

    /// A router with other weights.
    pub const fn with_weights(embedder: Arc<dyn Embedder>, weights: RouterWeights) -> Self {
        Self {
            embedder,
            weights: Cow::Owned(weights),
        }
    }

    /// Starts the encoder, so that the first message need not wait for it; run it beside the start of the server.
    /// Returns whether the router can now decide by meaning.
    pub async fn warm_up(&self) -> bool {
        let evidence = self.read_all(&["hello"]).await;
        evidence.iter().all(|evidence| evidence.along.is_some())
    }

    /// The evidence of each message, embedded together; by words alone when that fails.
    async fn read_all(&self, messages: &[&str]) -> Vec<RouteEvidence> {
        let messages: Vec<String> = messages
            .iter()
            .map(|message| without_code(message))
            .collect();
        let encoder = self.embedder.encoder();
        let vectors = if self.weights.understands(encoder) {
            self.embedder
                .embed(&messages)
                .await
                .unwrap_or_else(|error| {
                    tracing::debug!(%error, "routing by words alone");
                    Vec::new()
                })
        } else {
            Vec::new()
        };
        let evidence = messages.iter().enumerate().map(|(at, message)| {
            let vector = vectors.get(at);
            RouteEvidence {
                along: vector.and_then(|vector| self.weights.project(encoder, vector)),
                ..RouteEvidence::of_words(message)
            }
        });
        evidence.collect()
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
        let own = evidence.next();
        let own = own.unwrap_or_else(|| RouteEvidence::of_words(message));
        decide(&self.weights, &own, evidence.next().as_ref())
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

fn decide(
    model: &RouterWeights,
    own: &RouteEvidence,
    leaned_on: Option<&RouteEvidence>,
) -> RouteDecision {
    let mut scores = model.intent(own);
    let mut data_science = model.data_science(own);
    if let Some(earlier) = leaned_on {
        let is_clear = own.cues.explain.max(own.cues.generate) >= CLEAR_CUE;
        let before = model.intent(earlier);
        scores = if is_clear {
            by_own_cue(own.cues)
        } else {
            mix(scores, before)
        };
        data_science = data_science.max(model.data_science(earlier));
    }
    RouteDecision {
        intent: choose(scores),
        topic: if data_science >= 0.5 {
            Topic::DataScience
        } else {
            Topic::Other
        },
        scores,
        rung: match own.along {
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
fn choose([generate, explain, none]: [f32; 3]) -> Intent {
    let (best, intent) = if generate >= explain {
        (generate, Intent::Generate)
    } else {
        (explain, Intent::Explain)
    };
    if best >= SURE && best >= none {
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
