//! What a language model is given to do, and with which words.

use std::fmt::Write as _;

use domain::Language;
use domain::ask::{Outcome, Source, Style};
use domain::knowledge::ItemBody;
use domain::models::{ModelName, ModelTask};
use domain::retrieval::Hit;
use domain::routing::{Intent, RouteDecision};

use super::decide::{Plan, source_of};
use super::generate::{first_task, telling_in};
use super::grounding::Facts;
use super::mapping::explaining;
use super::model_drafts::Assignment;
use super::page::{self, Known, Page};
use super::recall::{Memory, Request};
use super::understand::PastedCode;

/// Known things given to a model at most.
const KNOWN_MAX: usize = 3;

/// Probability of answering the question from which something known is given to a model.
const KNOWN_SCORE_MIN: f32 = 0.1;

/// Examples of the asker's that are told at most.
const EXAMPLES_TOLD_MAX: usize = 8;

/// Words by which a request asks for more than what the code should do.
const WISHES: [&str; 19] = [
    "without",
    "must",
    "avoid",
    "instead",
    "only",
    "never",
    "don't",
    "iterative",
    "iteratively",
    "recursive",
    "recursively",
    "async",
    "class",
    "typed",
    "docstring",
    "docstrings",
    "comments",
    "generic",
    "o(",
];

/// What a model does.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Job {
    /// Write code.
    Write,
    /// Change this code.
    Change(PastedCode),
    /// Explain this code.
    ExplainCode(PastedCode),
    /// Explain an idea, or code that is known.
    Explain,
}

impl Job {
    /// What a model could do for this plan; `None` when nothing.
    pub(super) fn find(plan: &Plan, request: &Request, route: &RouteDecision) -> Option<Self> {
        match plan {
            Plan::ExplainCode => request.code.clone().map(Self::ExplainCode),
            Plan::ChangeCode => request.code.clone().map(Self::Change),
            Plan::TellConcept(_) | Plan::ExplainTask(_) => Some(Self::Explain),
            Plan::ShowTask(_) | Plan::AskToBeTaught { .. } => {
                if route.intent == Intent::Explain {
                    return Some(Self::Explain);
                }
                // “Make it iterative” is about the code of the last answer, “and in Rust?” about its task.
                let earlier = request
                    .earlier_code
                    .clone()
                    .filter(|code| request.language.is_none() || request.language == code.language);
                Some(earlier.map_or(Self::Write, Self::Change))
            }
            Plan::SayWhatIsPossible => None,
        }
    }

    /// Whose models do it.
    pub(super) fn task(&self, request: &Request) -> ModelTask {
        match self {
            Self::Write | Self::Change(_) => ModelTask::Generate,
            Self::ExplainCode(_) | Self::Explain => explaining(request),
        }
    }

    /// Whether the model goes first. Known code whose tests passed is better than what a model writes, unless the asker chose the
    /// model, or asks for more than what that code does.
    pub(super) fn is_first(&self, plan: &Plan, request: &Request, is_wish: bool) -> bool {
        match (self, plan) {
            (Self::Write, Plan::ShowTask(chosen)) => {
                is_wish
                    || chosen.outcome != Outcome::Answered
                    || chosen
                        .hits
                        .first()
                        .is_some_and(|hit| asks_for_more(&request.words, hit))
            }
            (Self::Write | Self::Change(_) | Self::ExplainCode(_) | Self::Explain, _) => true,
        }
    }

    /// Its name in receipts.
    pub(super) const fn name(&self) -> &'static str {
        match self {
            Self::Write => "write code",
            Self::Change(_) => "change code",
            Self::ExplainCode(_) => "explain code",
            Self::Explain => "explain",
        }
    }
}

/// Whether the words hold a wish that what was found does not speak of.
fn asks_for_more(words: &str, hit: &Hit) -> bool {
    let item = &hit.item;
    let told = [item.title.as_str(), item.description.as_str()]
        .into_iter()
        .chain(item.phrasings.iter().map(String::as_str))
        .collect::<Vec<_>>()
        .join(" ")
        .to_lowercase();
    let asked = words.to_lowercase();
    let has = |text: &str, wish: &str| {
        if wish == "o(" {
            return text.contains(wish);
        }
        text.split(|c: char| !(c.is_alphanumeric() || c == '\''))
            .any(|word| word == wish)
    };
    WISHES
        .iter()
        .any(|wish| has(&asked, wish) && !has(&told, wish))
}

/// What was found, as far as the plan has it.
pub(super) fn hits_of(plan: &Plan) -> &[Hit] {
    match plan {
        Plan::ShowTask(chosen) | Plan::ExplainTask(chosen) | Plan::TellConcept(chosen) => {
            &chosen.hits
        }
        Plan::AskToBeTaught { closest } => closest,
        Plan::ExplainCode | Plan::ChangeCode | Plan::SayWhatIsPossible => &[],
    }
}

/// The assignment to write new code.
pub(super) fn writing(plan: &Plan, request: &Request, memory: &Memory, style: Style) -> Assignment {
    let mut task = match request.language {
        Some(language) => format!("Write {} code for this:\n", language.title()),
        None => "Write code for this:\n".to_owned(),
    };
    task.push_str(request.own_words.trim());
    add_wishes(&mut task, request);
    let (known, sources) = gather(hits_of(plan), style);
    let mut page = Page::new(page::GENERATE, task).remembering(request, memory);
    page.known = known;
    let surely_meant = match plan {
        Plan::ShowTask(chosen) if chosen.outcome == Outcome::Answered => {
            first_task(&chosen.hits).map(|(_, task)| task.clone())
        }
        Plan::ShowTask(_)
        | Plan::ExplainTask(_)
        | Plan::TellConcept(_)
        | Plan::ExplainCode
        | Plan::ChangeCode
        | Plan::AskToBeTaught { .. }
        | Plan::SayWhatIsPossible => None,
    };
    let reason: fn(&ModelName) -> String = if sources.is_empty() {
        |model| format!("Nothing known fits, so the model `{model}` wrote this without a source.")
    } else {
        |model| format!("The model `{model}` wrote this with known code before it.")
    };
    Assignment {
        page,
        language: request.language,
        sources,
        known: surely_meant,
        reason,
    }
}

/// The assignment to change code.
pub(super) fn changing(code: &PastedCode, request: &Request) -> Assignment {
    let language = code.language.or(request.language);
    let mut task = format!(
        "{}\n\nChange this code as follows: {}",
        fenced(language, &code.text),
        request.own_words.trim()
    );
    add_wishes(&mut task, request);
    Assignment {
        page: Page::new(page::CHANGE, task),
        // “Translate this to Go” names the language of the result.
        language: request.language.or(language),
        sources: Vec::new(),
        known: None,
        reason: |model| format!("The model `{model}` changed the code."),
    }
}

/// The page to have code explained, with what was read from it.
pub(super) fn explaining_code(
    code: &PastedCode,
    request: &Request,
    facts: Option<&Facts>,
    style: Style,
) -> Page {
    let mut task = format!(
        "Explain this code:\n{}",
        fenced(code.language.or(request.language), &code.text)
    );
    // Writing to a string cannot fail.
    if let Some(facts) = facts {
        let _ = write!(task, "\n\nFacts read from it:\n{}", facts.as_told());
    }
    let words = request.own_words.trim();
    if !words.is_empty() {
        let _ = write!(task, "\n\nThe question about it: {words}");
    }
    Page::new(page::explaining_in(style), task)
}

/// The page to have an idea explained, and what is known of it.
pub(super) fn explaining_idea(
    plan: &Plan,
    request: &Request,
    memory: &Memory,
    style: Style,
) -> (Page, Vec<Source>) {
    let (known, sources) = gather(hits_of(plan), style);
    let task = format!("Answer this: {}", request.own_words.trim());
    let mut page = Page::new(page::explaining_in(style), task).remembering(request, memory);
    page.known = known;
    (page, sources)
}

/// Name and examples that are asked for.
fn add_wishes(task: &mut String, request: &Request) {
    if let Some(name) = &request.name {
        let _ = write!(task, "\nCall it `{name}`.");
    }
    let language = request.language.unwrap_or(Language::Python);
    let name = request.name.as_deref().unwrap_or("f");
    let examples = request.examples.iter().take(EXAMPLES_TOLD_MAX);
    let told: Vec<String> = examples
        .filter_map(|example| example.as_told(name, language))
        .collect();
    if !told.is_empty() {
        let _ = write!(task, "\nIt must do this:\n{}", told.join("\n"));
    }
}

fn fenced(language: Option<Language>, code: &str) -> String {
    let name = language.map_or("", Language::name);
    format!("```{name}\n{}\n```", code.trim_end())
}

/// What helps with the question, best first.
fn gather(hits: &[Hit], style: Style) -> (Vec<Known>, Vec<Source>) {
    hits.iter()
        .filter(|hit| hit.score >= KNOWN_SCORE_MIN)
        .take(KNOWN_MAX)
        .map(|hit| (as_known(hit, style), source_of(hit)))
        .unzip()
}

fn as_known(hit: &Hit, style: Style) -> Known {
    let item = &hit.item;
    match &item.body {
        ItemBody::Task(task) => Known {
            text: format!(
                "Known code, “{}”: {}\n{}",
                item.title,
                item.description.trim(),
                fenced(Some(task.language), &task.code)
            ),
            is_prose: false,
        },
        ItemBody::Concept(concept) => Known {
            text: format!(
                "A note on “{}”: {}\n\n{}",
                item.title,
                item.description.trim(),
                telling_in(concept, style).trim()
            ),
            is_prose: true,
        },
    }
}
