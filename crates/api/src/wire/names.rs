//! Closed choices on the wire: each is its name in the API, reads as that name, and is an enumeration in the document.

use std::borrow::Cow;
use std::fmt::{Display, Write as _};
use std::str::FromStr;

use app::models::{JobKind, JobState};
use domain::Language;
use domain::accounts::Role;
use domain::analysis::Severity;
use domain::ask::{AskStage, CheckResult, Mode, Outcome, Style, Topic};
use domain::knowledge::ItemStatus;
use domain::models::ModelTask;
use domain::models::residence::ResidentState;
use domain::retrieval::{SearchRung, Verdict};
use domain::routing::{Intent, RouteRung};
use domain::sandbox::{RunStatus, Tier};
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use utoipa::openapi::schema::{ObjectBuilder, Schema};
use utoipa::openapi::{RefOr, Type};
use utoipa::{PartialSchema, ToSchema};

use super::fields::parsed;

/// A closed choice with names.
pub(crate) trait Choice: Copy + 'static {
    /// Name of its schema.
    const SCHEMA: &'static str;
    /// What it decides, for the document.
    const ABOUT: &'static str;
    /// Every value.
    const ALL: &'static [Self];
    /// The name of a value.
    fn name(self) -> &'static str;
}

/// A choice by its name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Name<T>(pub(crate) T);

impl<T: Choice> Serialize for Name<T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.0.name())
    }
}

impl<'de, T: FromStr<Err: Display>> Deserialize<'de> for Name<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        parsed(deserializer).map(Self)
    }
}

impl<T: Choice> PartialSchema for Name<T> {
    fn schema() -> RefOr<Schema> {
        let names = T::ALL.iter().map(|value| value.name());
        ObjectBuilder::new()
            .schema_type(Type::String)
            .description(Some(T::ABOUT))
            .enum_values(Some(names))
            .into()
    }
}

impl<T: Choice> ToSchema for Name<T> {
    fn name() -> Cow<'static, str> {
        T::SCHEMA.into()
    }
}

macro_rules! choices {
    ($($alias:ident = $type:ty, $schema:literal, $about:literal, $all:expr, $name:expr;)+) => {$(
        impl Choice for $type {
            const SCHEMA: &'static str = $schema;
            const ABOUT: &'static str = $about;
            const ALL: &'static [Self] = &$all;

            fn name(self) -> &'static str {
                let name: fn(Self) -> &'static str = $name;
                name(self)
            }
        }

        pub(crate) type $alias = Name<$type>;
    )+};
}

choices! {
    LanguageName = Language, "Language", "A programming language; usual abbreviations such as `py` are read as well.",
        Language::ALL, Language::name;
    RoleName = Role, "Role", "What an account may do, from the most to the least.", Role::ALL, Role::name;
    OwnRoleName = OwnRole, "OwnRole", "A role that anybody may register with.",
        [OwnRole(Role::Developer), OwnRole(Role::Student), OwnRole(Role::User)], |role| role.0.name();
    ModeName = Mode, "Mode", "What to do with a message; `auto` decides by its meaning.",
        [Mode::Auto, Mode::Generate, Mode::Explain], Mode::name;
    StyleName = Style, "Style", "How an explanation is told.", Style::ALL, Style::name;
    TopicName = Topic, "Topic", "The field a message is about.", [Topic::DataScience, Topic::Other], Topic::name;
    OutcomeName = Outcome, "Outcome",
        "`answered`; `confirm`: the closest known thing is shown, ask whether it is meant; `unknown`: it is not known.",
        [Outcome::Answered, Outcome::Confirm, Outcome::Unknown], Outcome::name;
    CheckName = CheckResult, "CheckResult",
        "`verified`: its tests passed when the source was made, they were not repeated for this answer.",
        [
            CheckResult::Passed, CheckResult::Failed, CheckResult::Verified, CheckResult::NotApplicable,
            CheckResult::Unavailable,
        ],
        CheckResult::name;
    StageName = AskStage, "AskStage", "What a language model's answer is waiting for.", AskStage::ALL, AskStage::name;
    IntentName = Intent, "Intent", "What a message asks for.", [Intent::Generate, Intent::Explain, Intent::None],
        |intent| match intent {
            Intent::Generate => "generate",
            Intent::Explain => "explain",
            Intent::None => "none",
        };
    RouteRungName = RouteRung, "RouteRung", "Whether a message was routed by meaning or, without an embedding model, by words.",
        [RouteRung::Semantic, RouteRung::Lexical],
        |rung| match rung {
            RouteRung::Semantic => "semantic",
            RouteRung::Lexical => "lexical",
        };
    SearchRungName = SearchRung, "SearchRung", "Whether the search used meaning and words or, without an embedding model, words.",
        [SearchRung::Hybrid, SearchRung::Lexical],
        |rung| match rung {
            SearchRung::Hybrid => "hybrid",
            SearchRung::Lexical => "lexical",
        };
    VerdictName = Verdict, "Verdict", "Whether the best result answers the search.",
        [Verdict::Known, Verdict::Confirm, Verdict::Unknown],
        |verdict| match verdict {
            Verdict::Known => "known",
            Verdict::Confirm => "confirm",
            Verdict::Unknown => "unknown",
        };
    StatusName = ItemStatus, "ItemStatus", "Whether only its author finds an item, or everybody.",
        [ItemStatus::Draft, ItemStatus::Published],
        |status| match status {
            ItemStatus::Draft => "draft",
            ItemStatus::Published => "published",
        };
    SeverityName = Severity, "Severity",
        "`hint`: works, but could be better; `warning`: likely to go wrong for some input; `error`: wrong, or a hole.",
        [Severity::Hint, Severity::Warning, Severity::Error], Severity::name;
    TierName = Tier, "Tier",
        "How a program is kept in: `wasm`, a WebAssembly instance; `native`, a process behind the kernel's walls.",
        Tier::ALL, Tier::name;
    RunStatusName = RunStatus, "RunStatus",
        "How a run ended: `ok`; `error` of the program, or a test that failed; `timeout`, `memory` and `denied` when it was \
         stopped; `unavailable` when it was not run.",
        [
            RunStatus::Ok, RunStatus::Error, RunStatus::Timeout, RunStatus::Memory, RunStatus::Denied,
            RunStatus::Unavailable,
        ],
        RunStatus::name;
    TierStateName = StateOfTier, "TierState",
        "`preparing`: being made ready and tested, runs wait for it; `ready`: every wall was seen to hold; `unavailable`: not used.",
        [StateOfTier::Preparing, StateOfTier::Ready, StateOfTier::Unavailable],
        |state| match state {
            StateOfTier::Preparing => "preparing",
            StateOfTier::Ready => "ready",
            StateOfTier::Unavailable => "unavailable",
        };
    ModelTaskName = ModelTask, "ModelTask",
        "What a language model is used for: `generate` code, explain Python (`explain-python`), `explain` anything else.",
        ModelTask::ALL, ModelTask::name;
    ModelPlaceName = ModelPlace, "ModelPlace", "Whether a model's file is on this machine, or the model on another.",
        [ModelPlace::Local, ModelPlace::Remote],
        |place| match place {
            ModelPlace::Local => "local",
            ModelPlace::Remote => "remote",
        };
    ResidentStateName = ResidentState, "ResidentState",
        "`loading`: its weights are read; `ready`: it answers; `draining`: it finishes what it began and makes room.",
        [ResidentState::Loading, ResidentState::Ready, ResidentState::Draining], ResidentState::name;
    JobKindName = JobKind, "JobKind", "Whether a model is fetched or a smaller copy of it is made.",
        [JobKind::Pull, JobKind::Quantise], JobKind::name;
    JobStateName = JobState, "JobState", "How a job is.",
        [JobState::Running, JobState::Done, JobState::Failed, JobState::Cancelled], JobState::name;
    AuthorName = Author, "Author", "Who wrote a message.", [Author::User, Author::Assistant],
        |author| match author {
            Author::User => "user",
            Author::Assistant => "assistant",
        };
}

/// A role that anybody may register with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct OwnRole(pub(crate) Role);

impl FromStr for OwnRole {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let mut refusal = String::new();
        let found = Self::ALL.iter().find(|role| role.0.name() == text).copied();
        if found.is_none() {
            let found: String = text.chars().take(40).collect();
            let _ = write!(
                refusal,
                "`{found}` is not a role to register with; use one of developer, student, user"
            );
        }
        found.ok_or(refusal)
    }
}

/// Who wrote a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Author {
    /// The person.
    User,
    /// `CodeGenie`.
    Assistant,
}

/// Where a model is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum ModelPlace {
    /// Its file is on this machine.
    Local,
    /// It is asked over the network.
    Remote,
}

/// Whether a tier is used; the reason of the third has a field of its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum StateOfTier {
    /// It is being made ready and tested.
    Preparing,
    /// It is used.
    Ready,
    /// It is not used.
    Unavailable,
}
