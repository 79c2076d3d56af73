//! The state of this instance on the wire.

use app::system::Status;
use domain::Language;
use domain::embedding::EmbedError;
use serde::Serialize;
use utoipa::ToSchema;

use super::names::{LanguageName, Name};

/// That the process runs, or that it can serve requests.
#[derive(Serialize, ToSchema)]
#[schema(example = json!({"status": "ok"}))]
pub(crate) struct Health {
    /// Always `ok`; anything else is a problem.
    status: &'static str,
}

impl Health {
    pub(crate) const OK: Self = Self { status: "ok" };
}

/// What this instance can do at the moment.
#[derive(Serialize, ToSchema)]
#[schema(example = json!({
    "version": "0.1.0", "encoder": {"available": true, "name": "all-minilm-l6-v2-f32@53aa5117", "detail": "search by meaning and words"},
    "knowledge": {"tasks": 320, "concepts": 130, "unembedded": 0},
    "language_model": {"available": false, "name": null, "detail": "no language model; answers come from the library and from reading code"},
    "sandbox": {"languages": ["python", "javascript", "sql"]}
}))]
pub(crate) struct StatusResponse {
    /// Version of the program.
    version: &'static str,
    /// The embedding model.
    encoder: Part,
    /// How much is known.
    knowledge: Knowledge,
    /// The language model.
    language_model: Part,
    /// The sandbox.
    sandbox: SandboxPart,
}

/// The sandbox, as far as everybody needs to know.
#[derive(Serialize, ToSchema)]
pub(crate) struct SandboxPart {
    /// Languages whose programs can be run here.
    languages: Vec<LanguageName>,
}

/// A part that may be missing.
#[derive(Serialize, ToSchema)]
pub(crate) struct Part {
    /// Whether it works.
    available: bool,
    /// Which one it is.
    #[schema(required)]
    name: Option<String>,
    /// What that means, and what to do when it is missing.
    detail: String,
}

/// How much is known.
#[derive(Serialize, ToSchema)]
pub(crate) struct Knowledge {
    /// Tasks.
    tasks: u64,
    /// Concepts.
    concepts: u64,
    /// Of these, how many have no vectors yet and are found by words alone.
    unembedded: u64,
}

impl StatusResponse {
    /// The state, with the languages whose programs can be run.
    pub(crate) fn new(status: Status, runnable: impl Iterator<Item = Language>) -> Self {
        let encoder = match status.encoder_failure {
            None => Part {
                available: true,
                name: Some(status.encoder),
                detail: "search by meaning and words".to_owned(),
            },
            // The failure itself names folders of the server; it is for its log and for `codegenie doctor`.
            Some(EmbedError::Missing(_)) => Part {
                available: false,
                name: None,
                detail: "search by words alone: the embedding model is missing; on the server, `codegenie doctor` tells how to \
                         get it"
                    .to_owned(),
            },
            Some(EmbedError::Failed(_)) => Part {
                available: false,
                name: None,
                detail: "search by words alone: the embedding engine failed; on the server, `codegenie doctor` tells why"
                    .to_owned(),
            },
        };
        Self {
            version: status.version,
            encoder,
            knowledge: Knowledge {
                tasks: status.knowledge.tasks,
                concepts: status.knowledge.concepts,
                unembedded: status.knowledge.unembedded,
            },
            language_model: match status.language_model {
                Some(name) => Part {
                    available: true,
                    name: Some(name.to_string()),
                    detail: match status.language_models {
                        1 => "it writes and explains where nothing verified fits".to_owned(),
                        several => format!(
                            "it writes code where nothing verified fits; {several} models are installed"
                        ),
                    },
                },
                None => Part {
                    available: false,
                    name: None,
                    detail:
                        "no language model; answers come from the library and from reading code"
                            .to_owned(),
                },
            },
            sandbox: SandboxPart {
                languages: runnable.map(Name).collect(),
            },
        }
    }
}
