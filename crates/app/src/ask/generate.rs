//! Sixth step, without a language model: the answer comes from verified code, concept notes, or the syntax tree. Whether it is this
//! rung's turn, [`super::rungs`] decides.
//!
//! What is written first is a draft: when it fails its checks, the next comes from [`super::drafts`].

use domain::Language;
use domain::analysis::CodeAnalyser;
use domain::ask::{Answer, Brain, CheckResult, Checks, Outcome, Source, Style};
use domain::knowledge::{ConceptBody, Item, ItemBody, TaskBody};
use domain::retrieval::Hit;

use super::advice::worth_a_look;
use super::decide::{Chosen, Plan, source_of};
use super::drafts::{Draft, LibraryDrafts, Proof, show_task};
use super::recall::Request;

/// The first draft of an answer, and where the next ones come from.
pub(super) fn generate<'a>(
    request: &'a Request,
    style: Style,
    plan: Plan,
    analyser: &'a dyn CodeAnalyser,
) -> (Draft, LibraryDrafts<'a>) {
    let mut drafts = LibraryDrafts::none(request, analyser);
    let drafted = match plan {
        Plan::ExplainCode => explain_code(request, style, analyser),
        Plan::ChangeCode => decline_change(request, style, analyser),
        Plan::ShowTask(chosen) => {
            drafts = LibraryDrafts::after_first(chosen, request, analyser);
            show_task(drafts.chosen(), request, analyser)
        }
        Plan::ExplainTask(chosen) => explain_task(&chosen, style, analyser),
        Plan::TellConcept(chosen) => tell_concept(&chosen, style),
        Plan::AskToBeTaught { closest } => ask_to_be_taught(&closest),
        Plan::SayWhatIsPossible => say_what_is_possible(),
    };
    (drafted, drafts)
}

pub(super) fn blank(brain: Brain, outcome: Outcome, reason: &str, markdown: String) -> Answer {
    Answer {
        markdown,
        code: None,
        language: None,
        outcome,
        brain,
        reason: reason.to_owned(),
        ai_confidence: 0.0,
        sources: Vec::new(),
        checks: Checks::default(),
    }
}

fn explain_code(request: &Request, style: Style, analyser: &dyn CodeAnalyser) -> Draft {
    let Some(code) = &request.code else {
        return say_what_is_possible();
    };
    let Some(language) = code.language.or(request.language) else {
        let markdown = "I cannot tell which language this code is in, so I have not guessed at what it does. Choose the language and send it again."
            .to_owned();
        let answer = blank(
            Brain::None,
            Outcome::Unknown,
            "The language of the code could not be told.",
            markdown,
        );
        return Draft::shown(answer, Proof::NoCode);
    };
    let analysis = analyser.analyse(language, &code.text, style);
    let reason = "Explained from the syntax tree, without a language model.";
    let mut markdown = analysis.explanation;
    markdown.push_str(&worth_a_look(&analysis.findings));
    let mut answer = blank(Brain::Analysis, Outcome::Answered, reason, markdown);
    answer.language = Some(language);
    answer.checks.syntax = if analysis.syntax_errors.is_empty() {
        CheckResult::Passed
    } else {
        CheckResult::Failed
    };
    answer.checks.notes = analysis
        .syntax_errors
        .iter()
        .map(|error| {
            format!(
                "Line {}, column {}: {}",
                error.line, error.column, error.message
            )
        })
        .collect();
    Draft::shown(answer, Proof::NoCode)
}

fn decline_change(request: &Request, style: Style, analyser: &dyn CodeAnalyser) -> Draft {
    let mut drafted = explain_code(request, style, analyser);
    drafted.answer.markdown = format!(
        "Changing your code takes a language model, and none took part here. What I can do without one is tell you what it does:\n\n{}",
        drafted.answer.markdown
    );
    drafted
}

/// Why this part answered: as told when the answer is certain, and that it is not when it is not.
pub(super) const fn reason_for(outcome: Outcome, when_answered: &'static str) -> &'static str {
    match outcome {
        Outcome::Answered => when_answered,
        Outcome::Confirm | Outcome::Unknown => {
            "The closest thing known is shown, because nothing known fits for certain; no language model took part."
        }
    }
}

/// A probability for people: never all and never nothing.
fn percent(score: f32) -> String {
    if score >= 0.995 {
        return "over 99 %".to_owned();
    }
    if score < 0.01 {
        return "under 1 %".to_owned();
    }
    format!("{:.0} %", score * 100.0)
}

/// What is said before an item whose fit is not certain.
pub(super) fn lead_sentence(chosen: &Chosen, item: &Item) -> String {
    let score = percent(chosen.hits.first().map_or(0.0, |hit| hit.score));
    match (chosen.outcome, chosen.missing_language) {
        (Outcome::Answered, _) => String::new(),
        (Outcome::Confirm | Outcome::Unknown, None) => format!(
            "The closest thing I know is **{}** ({score} sure). Is that what you mean? If not, you can teach me.\n\n",
            item.title
        ),
        (Outcome::Confirm | Outcome::Unknown, Some(wanted)) => format!(
            "I do not know this in {}, but I know **{}** in {} ({score} sure). Is that of use? If not, you can teach me.\n\n",
            wanted.title(),
            item.title,
            item.language().map_or("another language", Language::title)
        ),
    }
}

fn explain_task(chosen: &Chosen, style: Style, analyser: &dyn CodeAnalyser) -> Draft {
    let sources = sources_of(&chosen.hits);
    let Some((item, task)) = first_task(&chosen.hits) else {
        return ask_to_be_taught(&chosen.hits);
    };
    let explanation = analyser.explain(task.language, &task.code, style);
    let proof = Proof::of(item, task);
    let markdown = format!(
        "{}{}\n\n```{}\n{}\n```\n\n{}",
        lead_sentence(chosen, item),
        item.description,
        task.language.name(),
        task.code.trim_end(),
        explanation.markdown
    );
    let reason =
        "There is no note on this, so known code for it was explained from its syntax tree.";
    let mut answer = blank(Brain::Analysis, chosen.outcome, reason, markdown);
    answer.code = Some(task.code.clone());
    answer.language = Some(task.language);
    answer.sources = sources;
    Draft::shown(answer, proof)
}

fn tell_concept(chosen: &Chosen, style: Style) -> Draft {
    let sources = sources_of(&chosen.hits);
    let Some((item, concept)) = first_concept(&chosen.hits) else {
        return ask_to_be_taught(&chosen.hits);
    };
    let telling = telling_in(concept, style);
    let markdown = format!(
        "{}**{}.** {}\n\n{telling}\n",
        lead_sentence(chosen, item),
        item.title,
        item.description
    );
    let mut answer = blank(
        Brain::Library,
        chosen.outcome,
        reason_for(
            chosen.outcome,
            "A concept note of the library answers this; no language model took part.",
        ),
        markdown,
    );
    answer.sources = sources;
    Draft::shown(answer, Proof::NoCode)
}

/// A concept in one of its three tellings.
pub(super) fn telling_in(concept: &ConceptBody, style: Style) -> &str {
    match style {
        Style::Beginner => &concept.beginner,
        Style::Technical => &concept.technical,
        Style::StepByStep => &concept.step_by_step,
    }
}

pub(super) fn ask_to_be_taught(closest: &[Hit]) -> Draft {
    let near = closest
        .iter()
        .take(3)
        .filter(|hit| hit.score >= 0.05)
        .map(|hit| format!("\n- {} ({})", hit.item.title, percent(hit.score)))
        .collect::<Vec<_>>()
        .concat();
    let near = if near.is_empty() {
        String::new()
    } else {
        format!("\n\nThe closest things I know, with how sure I am that they fit:\n{near}")
    };
    let markdown = format!(
        "I do not know this yet, and I will not make something up.{near}\n\nYou can teach me: give a description and an implementation that works, \
         and I will know it from then on."
    );
    let reason = "Nothing known is close enough to the question.";
    let mut answer = blank(Brain::None, Outcome::Unknown, reason, markdown);
    answer.sources = sources_of(closest);
    Draft::shown(answer, Proof::NoCode)
}

fn say_what_is_possible() -> Draft {
    let markdown = "I could not tell whether you want code or an explanation. You can:\n\n\
        - ask for code: *write a python function that merges overlapping intervals*\n\
        - ask about an idea: *explain recursion*\n\
        - paste code and ask what it does\n\n\
        Or choose Code or Explain, and I will take your words as they are."
        .to_owned();
    let answer = blank(
        Brain::None,
        Outcome::Unknown,
        "The message asks for neither code nor an explanation.",
        markdown,
    );
    Draft::shown(answer, Proof::NoCode)
}

pub(super) fn sources_of(hits: &[Hit]) -> Vec<Source> {
    hits.iter().map(source_of).collect()
}

pub(super) fn first_task(hits: &[Hit]) -> Option<(&Item, &TaskBody)> {
    let item = &hits.first()?.item;
    match &item.body {
        ItemBody::Task(task) => Some((item, task)),
        ItemBody::Concept(_) => None,
    }
}

pub(super) fn first_concept(hits: &[Hit]) -> Option<(&Item, &ConceptBody)> {
    let item = &hits.first()?.item;
    match &item.body {
        ItemBody::Concept(concept) => Some((item, concept)),
        ItemBody::Task(_) => None,
    }
}
