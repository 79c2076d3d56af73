//! Questions and answers: what may be asked, and everything an answer says about itself.

use std::fmt;
use std::str::FromStr;

use crate::id::{ConversationId, ItemId, MessageId, ReceiptId};
use crate::models::ModelName;
use crate::models::writing::{Finished, WritingRequest};
use crate::routing::RouteDecision;
use crate::{Language, Text, Timestamp};

/// Most bytes a question may have, pasted code included.
pub const QUESTION_BYTES_MAX: usize = 64 * 1024;

/// The user's wish about routing; overrides the router.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum Mode {
    /// The router decides.
    #[default]
    Auto,
    /// Write code.
    Generate,
    /// Explain.
    Explain,
}

/// How an explanation is told.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum Style {
    /// For somebody new to it.
    #[default]
    Beginner,
    /// Exact and complete.
    Technical,
    /// In numbered steps.
    StepByStep,
}

/// The field a message or a concept belongs to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Topic {
    /// Data science and machine learning.
    DataScience,
    /// Anything else.
    Other,
}

/// The name of a choice is not known.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{found}` is not a {what}; use one of {choices}")]
pub struct UnknownChoice {
    /// The kind of choice, such as `style`.
    pub what: &'static str,
    /// What was given, cut to 40 characters.
    pub found: String,
    /// What would be right, separated by commas.
    pub choices: &'static str,
}

impl UnknownChoice {
    pub(crate) fn new(what: &'static str, found: &str, choices: &'static str) -> Self {
        Self {
            what,
            found: found.chars().take(40).collect(),
            choices,
        }
    }
}

impl FromStr for Mode {
    type Err = UnknownChoice;

    fn from_str(text: &str) -> Result<Self, UnknownChoice> {
        match text {
            "auto" => Ok(Self::Auto),
            "generate" | "code" => Ok(Self::Generate),
            "explain" => Ok(Self::Explain),
            _ => Err(UnknownChoice::new("mode", text, "auto, generate, explain")),
        }
    }
}

impl Mode {
    /// The name in the API.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Auto => "auto",
            Self::Generate => "generate",
            Self::Explain => "explain",
        }
    }
}

impl FromStr for Style {
    type Err = UnknownChoice;

    fn from_str(text: &str) -> Result<Self, UnknownChoice> {
        match text {
            "beginner" => Ok(Self::Beginner),
            "technical" => Ok(Self::Technical),
            "step-by-step" => Ok(Self::StepByStep),
            _ => Err(UnknownChoice::new(
                "style",
                text,
                "beginner, technical, step-by-step",
            )),
        }
    }
}

impl Style {
    /// Every style.
    pub const ALL: [Self; 3] = [Self::Beginner, Self::Technical, Self::StepByStep];

    /// The name in the API.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Beginner => "beginner",
            Self::Technical => "technical",
            Self::StepByStep => "step-by-step",
        }
    }
}

impl Topic {
    /// The name in the API.
    pub const fn name(self) -> &'static str {
        match self {
            Self::DataScience => "data-science",
            Self::Other => "other",
        }
    }
}

/// A question, checked.
#[derive(Debug, Clone)]
pub struct Question {
    /// What the user wrote; may hold fenced or bare code.
    pub text: Text<QUESTION_BYTES_MAX>,
    /// Code given in a field of its own.
    pub code: Option<Text<QUESTION_BYTES_MAX>>,
    /// The user's wish about routing.
    pub mode: Mode,
    /// The language wanted, or the language of the code.
    pub language: Option<Language>,
    /// How to explain.
    pub style: Style,
    /// The model wanted.
    pub model: Option<ModelName>,
    /// Tokens to generate at most, 1 to 8192; only a language model heeds it.
    pub max_new_tokens: Option<u32>,
    /// Sampling temperature, 0 to 2; only a language model heeds it.
    pub temperature: Option<f32>,
    /// Seed of the sampling; a random one when left out. Only a language model heeds it.
    pub seed: Option<u64>,
    /// The conversation to continue.
    pub conversation: Option<ConversationId>,
    /// The answer to be replaced: asked again, or asked in other words.
    pub replaces: Option<MessageId>,
}

/// Whether a question was answered.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Outcome {
    /// It was.
    Answered,
    /// The closest known thing is shown and the user is asked whether it is meant.
    Confirm,
    /// It is not known; the user is asked to teach it.
    Unknown,
}

impl Outcome {
    /// The name in the API.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Answered => "answered",
            Self::Confirm => "confirm",
            Self::Unknown => "unknown",
        }
    }
}

/// Which part of CodeGenie answered.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Brain {
    /// The code adapter of the data-science assistant.
    Code,
    /// The theory adapter of the data-science assistant.
    Theory,
    /// The data-science assistant's base model.
    Base,
    /// The guardrail: not a data-science question.
    Guarded,
    /// A language model.
    Model(ModelName),
    /// Verified code or a concept note of the library.
    Library,
    /// The syntax-tree analyser.
    Analysis,
    /// Nothing answered.
    None,
}

impl fmt::Display for Brain {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Code => f.write_str("CODE"),
            Self::Theory => f.write_str("THEORY"),
            Self::Base => f.write_str("BASE"),
            Self::Guarded => f.write_str("GUARDED"),
            Self::Model(name) => write!(f, "MODEL:{name}"),
            Self::Library => f.write_str("LIBRARY"),
            Self::Analysis => f.write_str("ANALYSIS"),
            Self::None => f.write_str("NONE"),
        }
    }
}

impl FromStr for Brain {
    type Err = UnknownChoice;

    fn from_str(text: &str) -> Result<Self, UnknownChoice> {
        match text {
            "CODE" => Ok(Self::Code),
            "THEORY" => Ok(Self::Theory),
            "BASE" => Ok(Self::Base),
            "GUARDED" => Ok(Self::Guarded),
            "LIBRARY" => Ok(Self::Library),
            "ANALYSIS" => Ok(Self::Analysis),
            "NONE" => Ok(Self::None),
            _ => match text.strip_prefix("MODEL:") {
                Some(name) => Ok(Self::Model(name.parse()?)),
                None => Err(UnknownChoice::new(
                    "brain",
                    text,
                    "CODE, THEORY, BASE, GUARDED, MODEL:<name>, LIBRARY, ANALYSIS, NONE",
                )),
            },
        }
    }
}

/// Something known that an answer was made from.
#[derive(Debug, Clone, PartialEq)]
pub struct Source {
    /// The item.
    pub item: ItemId,
    /// Its lasting name.
    pub key: String,
    /// Its title.
    pub title: String,
    /// Calibrated probability, 0 to 1, that it answers the question.
    pub score: f32,
    /// Language of its code.
    pub language: Option<Language>,
}

/// What came of one check.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum CheckResult {
    /// It was done and found nothing wrong.
    Passed,
    /// It was done and found something wrong.
    Failed,
    /// Its tests passed when the source was made or taught; not repeated for this answer.
    Verified,
    /// There was nothing to check.
    NotApplicable,
    /// It could not be done here.
    Unavailable,
}

impl CheckResult {
    /// The name in the API.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Passed => "passed",
            Self::Failed => "failed",
            Self::Verified => "verified",
            Self::NotApplicable => "not_applicable",
            Self::Unavailable => "unavailable",
        }
    }
}

impl FromStr for CheckResult {
    type Err = UnknownChoice;

    fn from_str(text: &str) -> Result<Self, UnknownChoice> {
        [
            Self::Passed,
            Self::Failed,
            Self::Verified,
            Self::NotApplicable,
            Self::Unavailable,
        ]
        .into_iter()
        .find(|result| result.name() == text)
        .ok_or_else(|| {
            UnknownChoice::new(
                "check result",
                text,
                "passed, failed, verified, not_applicable, unavailable",
            )
        })
    }
}

/// What was checked before the answer was shown.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Checks {
    /// Whether the code parses.
    pub syntax: CheckResult,
    /// Whether the code did what it should when it was run.
    pub execution: CheckResult,
    /// What happened, as sentences.
    pub notes: Vec<String>,
    /// Tests that passed when the code was run for this answer.
    pub tests_passed: u32,
    /// Tests that were reached when the code was run for this answer.
    pub tests_total: u32,
    /// Drafts that were tried, this one included; 0 when the answer has no code of ours.
    pub attempts: u32,
    /// Time the runs took together, microseconds; 0 when nothing was run.
    pub duration_us: u64,
}

impl Default for Checks {
    /// There was nothing to check.
    fn default() -> Self {
        Self {
            syntax: CheckResult::NotApplicable,
            execution: CheckResult::NotApplicable,
            notes: Vec::new(),
            tests_passed: 0,
            tests_total: 0,
            attempts: 0,
            duration_us: 0,
        }
    }
}

/// An answer, with everything it says about itself.
#[derive(Debug, Clone, PartialEq)]
pub struct Answer {
    /// The answer as Markdown.
    pub markdown: String,
    /// The code of it, alone.
    pub code: Option<String>,
    /// Language of `code`, or of the code that was explained.
    pub language: Option<Language>,
    /// Whether the question was answered.
    pub outcome: Outcome,
    /// Which part answered.
    pub brain: Brain,
    /// Why that part answered, as one sentence.
    pub reason: String,
    /// The language model's confidence, 0 to 1; 0 when no model took part.
    pub ai_confidence: f32,
    /// What it was made from, best first.
    pub sources: Vec<Source>,
    /// What was checked.
    pub checks: Checks,
}

/// One step of making an answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReceiptStep {
    /// Name of the step: `understand`, `recall`, `retrieve`, `decide`, `generate`, `clean`, `check`.
    pub name: String,
    /// Time it took, microseconds.
    pub duration_us: u64,
    /// What it found, as name and value.
    pub facts: Vec<(String, String)>,
}

/// A text that a language model wrote for an answer, with all it takes to have it written again.
#[derive(Debug, Clone, PartialEq)]
pub struct WrittenText {
    /// What was asked, word for word.
    pub request: WritingRequest,
    /// What the model wrote, before it was cleaned.
    pub text: String,
    /// What it says about itself; `None` when it was broken off.
    pub finished: Option<Finished>,
    /// Whether the answer was made of it, or of a part of it.
    pub is_shown: bool,
}

/// How an answer came about.
#[derive(Debug, Clone, PartialEq)]
pub struct Receipt {
    /// Identity.
    pub id: ReceiptId,
    /// Version of the program that answered.
    pub version: String,
    /// The embedding model that searched.
    pub encoder: String,
    /// The steps, in order.
    pub steps: Vec<ReceiptStep>,
    /// The texts that language models wrote for it, in order.
    pub writings: Vec<WrittenText>,
    /// When.
    pub created_at: Timestamp,
}

/// An answer as it was stored.
#[derive(Debug, Clone, PartialEq)]
pub struct Answered {
    /// The answer.
    pub answer: Answer,
    /// The conversation it belongs to; `None` when the asker has no account and nothing was stored.
    pub stored: Option<StoredTurn>,
    /// The receipt.
    pub receipt: Receipt,
}

/// Where a turn was stored.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct StoredTurn {
    /// The conversation.
    pub conversation: ConversationId,
    /// The answer's message.
    pub message: MessageId,
}

/// What a language model's answer is waiting for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum AskStage {
    /// Other requests come first.
    Waiting,
    /// The model is being loaded.
    Loading,
    /// The model reads the prompt.
    Reading,
    /// The model writes.
    Writing,
    /// The code it wrote is parsed and run.
    Checking,
    /// The model mends what was wrong with what it wrote.
    Repairing,
}

impl AskStage {
    /// Every stage.
    pub const ALL: [Self; 6] = [
        Self::Waiting,
        Self::Loading,
        Self::Reading,
        Self::Writing,
        Self::Checking,
        Self::Repairing,
    ];

    /// The name in the API.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Waiting => "waiting",
            Self::Loading => "loading",
            Self::Reading => "reading",
            Self::Writing => "writing",
            Self::Checking => "checking",
            Self::Repairing => "repairing",
        }
    }
}

/// How far a language model's answer has come.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AskProgress {
    /// What it is waiting for.
    pub stage: AskStage,
    /// The model.
    pub model: ModelName,
    /// Requests that come before it, while it waits.
    pub position: Option<u32>,
    /// Time until the model begins, milliseconds, where it can be told.
    pub estimate_ms: Option<u64>,
    /// Tokens of the prompt while it is read; about how many were written while the model writes.
    pub tokens: Option<u32>,
}

/// What is told while an answer is being made, in this order; `Token` and, with a language model, `Progress` come many times.
#[derive(Debug, Clone, PartialEq)]
pub enum AskEvent {
    /// Where the message goes.
    Route(RouteDecision),
    /// What was found.
    Sources(Vec<Source>),
    /// How far a language model has come.
    Progress(AskProgress),
    /// The next piece of the answer's Markdown.
    Token(String),
    /// What was checked.
    Check(Checks),
    /// The whole answer, stored.
    Done(Box<Answered>),
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_read_back() {
        for mode in [Mode::Auto, Mode::Generate, Mode::Explain] {
            assert_eq!(mode.name().parse(), Ok(mode));
        }
        for style in Style::ALL {
            assert_eq!(style.name().parse(), Ok(style));
        }
        let stages = AskStage::ALL.map(AskStage::name);
        assert_eq!(std::collections::HashSet::from(stages).len(), stages.len());
        for brain in [
            Brain::Library,
            Brain::Analysis,
            Brain::None,
            Brain::Model("phi-2".parse().unwrap()),
        ] {
            assert_eq!(brain.to_string().parse(), Ok(brain));
        }
    }

    #[test]
    fn an_unknown_style_is_refused_with_the_choices() {
        let refused = "pirate".parse::<Style>().unwrap_err();
        assert_eq!(
            refused.to_string(),
            "`pirate` is not a style; use one of beginner, technical, step-by-step"
        );
    }
}
